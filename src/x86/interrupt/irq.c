/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/interrupt/irq.h"

#include "core/assert.h"
#include "core/console/console.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/event/pirq.h"
#include "x86/interrupt/apic.h"
#include "x86/io.h"
#include "x86/interrupt/ioapic.h"

#include <xen/errno.h>

#define APIC_LAST 254u /* of messages and IO-APICs: 8 bits, the last means all */

static void (*system_handlers[256])(struct regs *regs);
/* irq + 1 behind each vector of each CPU; 0: none.  Read without the lock, on the CPU itself. */
static uint16_t vector_irq[CPUS_MAX][256];

static struct line {
    struct lock lock; /* RANK_IRQ; guards: all of this */
    const struct irq_chip *chip;
    struct domain *domain;       /* whose it is; NULL: closed, or Zeroth's own */
    void (*own)(void *argument); /* Zeroth's own handler, or NULL */
    void *argument;
    unsigned int pirq, cpu;
    uint8_t vector;
    unsigned int old_cpu; /* where it came before its last move */
    uint8_t old_vector;   /* 0: known to come there no more */
    bool level, waits;    /* waits: masked until its holder says eoi */
} lines[ARCH_IRQS];
static struct lock vector_lock = LOCK(RANK_DEVICE); /* guards: changes of vector_irq */

void irq_bind_vector(unsigned int vector, void (*handler)(struct regs *regs))
{
    ASSERT(vector >= VECTOR_FIRST && vector < 256 && !system_handlers[vector]);
    system_handlers[vector] = handler;
}

static void mask_8259(void)
{
    io_out8(0x20, 0x11); /* initialise: vectors out of the way of exceptions */
    io_out8(0xa0, 0x11);
    io_out8(0x21, VECTOR_FIRST);
    io_out8(0xa1, VECTOR_FIRST + 8);
    io_out8(0x21, 4);
    io_out8(0xa1, 2);
    io_out8(0x21, 1);
    io_out8(0xa1, 1);
    io_out8(0x21, 0xff);
    io_out8(0xa1, 0xff);
}

void irq_init(void)
{
    for (unsigned int i = 0; i < ARCH_IRQS; i++)
        lock_init(&lines[i].lock, RANK_IRQ);
    mask_8259();
    ioapic_init();
}

static bool is_open(const struct line *l)
{
    return l->domain || l->own;
}

void irq_set_chip(unsigned int irq, const struct irq_chip *chip, bool level)
{
    struct line *l = &lines[irq];
    bool on = lock_take_irq(&l->lock);

    ASSERT(irq < ARCH_IRQS);
    l->chip = chip;
    if (!is_open(l))
        l->level = level;
    lock_release_irq(&l->lock, on);
}

uint8_t irq_vector_alloc(unsigned int cpu, unsigned int irq)
{
    bool on = lock_take_irq(&vector_lock);
    uint8_t found = 0;

    ASSERT(cpu < CPUS_MAX && irq < ARCH_IRQS);
    for (unsigned int v = VECTOR_DEVICES; v < VECTOR_KICK && !found; v++)
        if (v != VECTOR_INT80 && !vector_irq[cpu][v]) {
            found = (uint8_t)v;
            vector_irq[cpu][v] = (uint16_t)(irq + 1);
        }
    lock_release_irq(&vector_lock, on);
    return found;
}

static void vector_free(unsigned int cpu, uint8_t vector)
{
    vector_irq[cpu][vector] = 0;
}

/* One may be on its way to the CPU that a line was moved from: its vector there is kept until the
 * first came at the new place, or an edge would be lost. */
static void forget_old(struct line *l)
{
    if (l->old_vector)
        vector_free(l->old_cpu, l->old_vector);
    l->old_vector = 0;
}

/* A CPU whose number fits where interrupts are sent to (x2APIC's may not): that one, else the first. */
static unsigned int within_reach(unsigned int cpu)
{
    return percpu_of[cpu]->apic_id <= APIC_LAST ? cpu : 0;
}

/* A line of a domain's comes to another CPU; it stays where there is no vector, which is right if slower,
 * and while it is still on its last move. */
static void move_locked(struct line *l, unsigned int cpu)
{
    unsigned int irq = (unsigned int)(l - lines);
    uint8_t vector;

    cpu = within_reach(cpu);
    if (!l->domain || l->old_vector || l->cpu == cpu)
        return;
    vector = irq_vector_alloc(cpu, irq);
    if (!vector)
        return;
    l->chip->aim(irq, vector, percpu_of[cpu]->apic_id);
    if (l->waits)
        l->chip->mask(irq);
    l->old_cpu = l->cpu;
    l->old_vector = l->vector;
    l->cpu = cpu;
    l->vector = vector;
}

/* One of Zeroth's own, which is never closed or moved: its handler takes away the cause, so that a
 * level line may come again at once. */
static void own_line_came(unsigned int irq, const struct line *l)
{
    apic_eoi();
    l->own(l->argument);
    if (l->level)
        arch_pirq_unmask(irq);
}

/* The scheduler has moved the vCPU: its interrupt goes with it. */
static inline void follow(struct line *l, unsigned int cpu)
{
    if (__builtin_expect(cpu != cpu_id(), false))
        move_locked(l, cpu);
}

/* A level line stays masked from here to its holder's eoi, so that the APIC can be told at once.  The
 * domain is told with the lock held: once a line is closed nobody is on the way to its holder. */
static void line_came(unsigned int irq, unsigned int vector)
{
    struct line *l = &lines[irq];
    struct domain *d;
    bool own;

    lock_take(&l->lock);
    d = l->domain;
    own = l->own != NULL;
    if (d && l->cpu == cpu_id() && l->vector == vector)
        forget_old(l);
    if (l->level && l->chip) {
        l->chip->mask(irq);
        l->waits = is_open(l);
    }
    if (d)
        follow(l, pirq_raise(d, l->pirq));
    lock_release(&l->lock);
    if (own)
        own_line_came(irq, l);
    else
        apic_eoi();
}

void irq_dispatch(struct regs *regs)
{
    unsigned int vector = regs->vector & 0xff, irq = vector_irq[cpu_id()][vector];

    ASSERT(vector >= VECTOR_FIRST);
    if (vector == VECTOR_SPURIOUS)
        return; /* takes no eoi */
    if (system_handlers[vector]) {
        apic_eoi();
        system_handlers[vector](regs);
    } else if (irq) {
        line_came(irq - 1, vector);
    } else {
        apic_eoi(); /* late, of a line just closed or moved */
    }
}

/* Who a line is opened for. */
struct holder {
    struct domain *domain;
    unsigned int pirq;
    void (*own)(void *argument);
    void *argument;
};

static void open_locked(struct line *l, const struct holder *h, unsigned int cpu, uint8_t vector)
{
    l->domain = h->domain;
    l->pirq = h->pirq;
    l->own = h->own;
    l->argument = h->argument;
    l->cpu = cpu;
    l->vector = vector;
    l->waits = false;
    l->chip->aim((unsigned int)(l - lines), vector, percpu_of[cpu]->apic_id);
}

static int open_line(unsigned int irq, const struct holder *h, unsigned int cpu)
{
    struct line *l = &lines[irq];
    uint8_t vector;
    bool on, busy;

    if (irq >= ARCH_IRQS || !l->chip)
        return -XEN_EINVAL;
    cpu = within_reach(cpu);
    vector = irq_vector_alloc(cpu, irq);
    if (!vector)
        return -XEN_ENOSPC;
    on = lock_take_irq(&l->lock);
    busy = is_open(l);
    if (!busy)
        open_locked(l, h, cpu, vector);
    lock_release_irq(&l->lock, on);
    if (busy)
        vector_free(cpu, vector);
    return busy ? -XEN_EBUSY : 0;
}

int arch_irq_open(unsigned int irq, struct domain *d, unsigned int pirq, unsigned int cpu)
{
    return open_line(irq, &(struct holder){ .domain = d, .pirq = pirq }, cpu);
}

int irq_open_own(unsigned int irq, void (*handler)(void *argument), void *argument)
{
    return open_line(irq, &(struct holder){ .own = handler, .argument = argument }, cpu_id());
}

void arch_irq_close(unsigned int irq)
{
    struct line *l = &lines[irq];
    bool on = lock_take_irq(&l->lock);

    ASSERT(l->domain != NULL);
    l->chip->mask(irq);
    l->domain = NULL;
    forget_old(l);
    vector_free(l->cpu, l->vector);
    lock_release_irq(&l->lock, on);
}

bool arch_irq_is_level(unsigned int irq)
{
    return irq < ARCH_IRQS && lines[irq].level;
}

void arch_pirq_unmask(unsigned int irq)
{
    struct line *l = &lines[irq];
    bool on;

    if (irq >= ARCH_IRQS) /* unmapped meanwhile */
        return;
    on = lock_take_irq(&l->lock);
    if (is_open(l) && l->waits) {
        l->waits = false;
        l->chip->unmask(irq);
    }
    lock_release_irq(&l->lock, on);
}

void arch_pirq_affinity(unsigned int irq, unsigned int cpu)
{
    bool on;

    if (irq >= ARCH_IRQS)
        return;
    on = lock_take_irq(&lines[irq].lock);
    move_locked(&lines[irq], cpu);
    lock_release_irq(&lines[irq].lock, on);
}

unsigned int arch_node_of_cpu(unsigned int cpu)
{
    ASSERT(cpu < CPUS_MAX);
    return percpu_of[cpu] ? percpu_of[cpu]->node : 0;
}

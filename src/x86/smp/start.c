/* SPDX-License-Identifier: Apache-2.0 */
/* Starting other CPUs by INIT and two start-up messages (Intel SDM 3, 8.4.4). */
#include "core/assert.h"
#include "core/console/console.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/sched/sched.h"
#include "core/timer.h"
#include "drivers/acpi.h"
#include "lib/memory.h"
#include "x86/interrupt/apic.h"
#include "x86/cpu.h"
#include "x86/features.h"
#include "x86/memory/map.h"
#include "x86/msr_index.h"
#include "x86/pv/entry.h"
#include "x86/smp/smp.h"
#include "x86/time.h"

#define MILLISECOND  1000000ll
#define INIT_TIME    (10 * MILLISECOND)
#define STARTUP_TIME 200000ll /* ns from one start-up message to the next */
#define PATIENCE     (500 * MILLISECOND)
#define XAPIC_LAST   254u  /* identifiers above need x2APIC */
#define LOW_PAGES    0xa0u /* frames a start-up message can name, in RAM */

#define TABLES    4u /* levels 4 to 1 of the map that the trampoline runs on */
#define LOW_ORDER 3  /* frames for them, and one for what was in the page */
#define ENTRIES   512u
#define PRESENT   1ul
#define WRITABLE  2ul

/* trampoline.S: what is copied, and the fields in it. */
extern const char trampoline[], trampoline_32[], trampoline_64[], trampoline_gdt[],
    trampoline_gdt_base[], trampoline_to_32[], trampoline_to_64[], trampoline_cr3[],
    trampoline_efer[], trampoline_entry[], trampoline_end[];
extern const char ap_entry[];

struct percpu *smp_ticket; /* taken by the CPU that is being started */
_Noreturn void smp_run_cpu(struct percpu *p);

static uint32_t arrived; /* number of the CPU that came last */

/* While CPUs are started. */
static struct {
    mfn_t page;          /* the trampoline's, below 1 MiB */
    mfn_t tables, saved; /* its map, first of TABLES frames; what was in the page */
} low;

static void wait(ns_t time)
{
    ns_t until = arch_now() + time;

    while (arch_now() < until)
        cpu_relax();
}

/* ---- on the CPU that starts ---- */

/* It runs no guest and answers no flush before it is counted. */
_Noreturn void smp_run_cpu(struct percpu *p)
{
    cpu_start(p);
    apic_start();
    time_start_cpu();
    __atomic_store_n(&arrived, p->cpu, __ATOMIC_RELEASE);
    while (__atomic_load_n(&cpu_count, __ATOMIC_ACQUIRE) <= p->cpu)
        cpu_relax();
    exit_to_guest();
}

/* ---- the trampoline ---- */

/* Bytes from the beginning. */
static uint64_t offset(const char *field)
{
    return (uint64_t)field - (uint64_t)trampoline;
}

static void set_field(char *copy, const char *field, uint64_t value, size_t size)
{
    memcpy(copy + offset(field), &value, size);
}

/* Zeroth's own map, and the trampoline's page where it is. */
static void fill_tables(void)
{
    uint64_t *l4 = frame_map(low.tables), at = low.page << PAGE_SHIFT;

    memset(l4, 0, TABLES * PAGE_SIZE);
    memcpy(l4, hypervisor_l4, PAGE_SIZE);
    for (unsigned int i = 0; i < TABLES - 1; i++)
        l4[i * ENTRIES] = (low.tables + i + 1) << PAGE_SHIFT | PRESENT | WRITABLE;
    l4[(TABLES - 1) * ENTRIES + low.page] = at | PRESENT;
}

static void fill_page(void)
{
    uint64_t at = low.page << PAGE_SHIFT;
    char *copy = frame_map(low.page);

    ASSERT(offset(trampoline_end) <= PAGE_SIZE);
    memcpy(frame_map(low.saved), copy, PAGE_SIZE);
    memcpy(copy, trampoline, offset(trampoline_end));
    set_field(copy, trampoline_gdt_base, at + offset(trampoline_gdt), 4);
    set_field(copy, trampoline_to_32, at + offset(trampoline_32), 4);
    set_field(copy, trampoline_to_64, at + offset(trampoline_64), 4);
    set_field(copy, trampoline_cr3, low.tables << PAGE_SHIFT, 4);
    set_field(copy, trampoline_efer, EFER_LME | (cpu.nx ? EFER_NXE : 0), 4);
    set_field(copy, trampoline_entry, (uint64_t)ap_entry, 8);
}

/* False, and said why: no place for it. */
static bool trampoline_place(void)
{
    for (low.page = LOW_PAGES - 1; low.page > 0 && !frame_of(low.page); low.page--)
        ;
    low.tables = page_alloc(LOW_ORDER, NODE_ANY, 32);
    low.saved = low.tables + TABLES;
    if (low.page == 0 || low.tables == MFN_NONE) {
        console_log(LOG_ERROR, "CPUs: no page below 1 MiB or 4 GiB to start others by");
        if (low.tables != MFN_NONE)
            page_free(low.tables, LOW_ORDER);
        return false;
    }
    fill_tables();
    fill_page();
    return true;
}

static void trampoline_remove(void)
{
    memcpy(frame_map(low.page), frame_map(low.saved), PAGE_SIZE);
    page_free(low.tables, LOW_ORDER);
}

/* ---- on the boot CPU ---- */

static bool is_wanted(const struct acpi_cpu *c)
{
    return c->enabled && c->apic_id != percpu()->apic_id;
}

static bool can_be_named(const struct acpi_cpu *c)
{
    return cpu.x2apic || c->apic_id <= XAPIC_LAST;
}

/* The structs of the next CPU; those of one that did not come are used for the one after it. */
static struct percpu *prepare(unsigned int nr, const struct acpi_cpu *c)
{
    struct percpu *p = percpu_of[nr];

    if (!p) {
        p = cpu_create(nr);
        if (!p || timer_cpu_create(nr) || sched_cpu_create(nr))
            return NULL;
    }
    p->apic_id = c->apic_id;
    p->acpi_id = c->acpi_id;
    p->node = c->node;
    return p;
}

static bool wait_for(unsigned int nr, ns_t time)
{
    ns_t until = arch_now() + time;

    do {
        if (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) == nr)
            return true;
        cpu_relax();
    } while (arch_now() < until);
    return false;
}

static bool start(struct percpu *p)
{
    __atomic_store_n(&smp_ticket, p, __ATOMIC_RELEASE);
    apic_send_startup(p->apic_id, (uint8_t)low.page);
    if (!wait_for(p->cpu, STARTUP_TIME))
        apic_send_startup(p->apic_id, (uint8_t)low.page);
    return wait_for(p->cpu, PATIENCE);
}

/* False: the CPU has begun and stands somewhere, with the structs that the next one was to use. */
static bool give_up(const struct percpu *p)
{
    if (!__atomic_exchange_n(&smp_ticket, NULL, __ATOMIC_ACQ_REL))
        return false;
    apic_send_init(p->apic_id); /* waits for a start-up message, which will not come */
    return true;
}

static void init_all(void)
{
    for (unsigned int i = 0; i < acpi.cpu_count; i++)
        if (is_wanted(&acpi.cpus[i]) && can_be_named(&acpi.cpus[i]))
            apic_send_init(acpi.cpus[i].apic_id);
    wait(INIT_TIME);
}

/* False: it is of no use to go on. */
static bool start_one(const struct acpi_cpu *c)
{
    unsigned int nr = cpu_count;
    struct percpu *p;

    if (!can_be_named(c)) {
        console_log(LOG_WARNING, "CPUs: APIC %u cannot be named without x2APIC; left out",
                    c->apic_id);
        return true;
    }
    p = prepare(nr, c);
    if (!p) {
        console_log(LOG_ERROR, "CPUs: no memory for CPU %u and those after it", nr);
        return false;
    }
    if (start(p)) {
        __atomic_store_n(&cpu_count, nr + 1, __ATOMIC_RELEASE);
        return true;
    }
    console_log(LOG_ERROR, "CPUs: APIC %u does not start; left out", c->apic_id);
    return give_up(p);
}

void smp_start(unsigned int max)
{
    unsigned int wanted = 1;

    ASSERT(cpu_count == 1 && cpu_id() == 0);
    max = max == 0 || max > CPUS_MAX ? CPUS_MAX : max;
    for (unsigned int i = 0; i < acpi.cpu_count; i++)
        wanted += is_wanted(&acpi.cpus[i]);
    if (max > 1 && wanted > 1 && trampoline_place()) {
        init_all();
        for (unsigned int i = 0; i < acpi.cpu_count && cpu_count < max; i++)
            if (is_wanted(&acpi.cpus[i]) && !start_one(&acpi.cpus[i]))
                break;
        trampoline_remove();
    }
    console_log(LOG_INFO, "CPUs: %u of %u run", cpu_count, wanted);
}

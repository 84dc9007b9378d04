/* SPDX-License-Identifier: Apache-2.0 */
/* Physical interrupts of a domain: mapped, bound, raised, ended, and given back. */
#include "cmocka_all.h"

#include "../workbench/machine.h"
#include "core/domain.h"
#include "core/event/event.h"
#include "core/event/pirq.h"
#include "core/machine.h"
#include "core/memory/frame.h"
#include "core/memory/page_alloc.h"
#include "core/vcpu.h"

#include <string.h>
#include <xen/errno.h>
#include <xen/physdev.h>

#define FIRST  256
#define FRAMES 1024
#define PIRQS  80
#define GSIS   24u
#define LEVEL  11u /* the line that is one */
#define MSG    30u /* a message */
#define EDGE   6u

static struct domain d = { .id = 0, .pages_first = ~0u, .pages_max = 100 }, other = { .id = 1 };
static struct vcpu v = { .domain = &d, .cpu = 3 };
static struct {
    struct domain *holder;
    unsigned int pirq, cpu, unmasks;
} lines[ARCH_IRQS];
static unsigned int messages_destroyed;
static port_t sent;
static int open_result;

static const struct guest_kind kind = { .name = "test" };

/* ---- the machine ---- */

unsigned int arch_gsi_count(void)
{
    return GSIS;
}

int arch_irq_open(unsigned int irq, struct domain *of, unsigned int pirq, unsigned int cpu)
{
    if (open_result)
        return open_result;
    if (lines[irq].holder)
        return -XEN_EBUSY;
    lines[irq].holder = of;
    lines[irq].pirq = pirq;
    lines[irq].cpu = cpu;
    return 0;
}

void arch_irq_close(unsigned int irq)
{
    assert_non_null(lines[irq].holder);
    lines[irq].holder = NULL;
}

bool arch_irq_is_level(unsigned int irq)
{
    assert_true(irq < ARCH_IRQS);
    return irq == LEVEL;
}

void arch_pirq_unmask(unsigned int irq)
{
    lines[irq].unmasks++;
}

void arch_pirq_affinity(unsigned int irq, unsigned int cpu)
{
    lines[irq].cpu = cpu;
}

void arch_msi_destroy(unsigned int irq)
{
    assert_true(irq >= GSIS);
    assert_null(lines[irq].holder);
    messages_destroyed++;
}

unsigned int event_send_pirq(struct domain *to, port_t port)
{
    assert_ptr_equal(to, &d);
    sent = port;
    return v.cpu;
}

static int begin(void **state)
{
    static bool booted;

    (void)state;
    if (!booted) {
        workbench_memory(FIRST, FRAMES);
        lock_init(&d.page_lock, RANK_PAGE_LIST);
        d.kind = other.kind = &kind;
    }
    booted = true;
    memset(lines, 0, sizeof(lines));
    messages_destroyed = sent = 0;
    open_result = 0;
    assert_int_equal(pirq_domain_create(&d, PIRQS), 0);
    assert_int_equal(pirq_domain_create(&other, PIRQS), 0);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    pirq_domain_destroy(&d);
    pirq_domain_destroy(&other);
    assert_null(d.pirq);
    for (unsigned int i = 0; i < ARCH_IRQS; i++)
        assert_null(lines[i].holder);
    return 0;
}

/* ---- mapping ---- */

static void map_and_unmap(void **state)
{
    (void)state;
    assert_int_equal(pirq_map(&d, 5, ARCH_IRQS), -XEN_EINVAL);
    assert_int_equal(pirq_map(&d, PIRQS, EDGE), -XEN_EINVAL);
    assert_int_equal(pirq_map(&d, 5, EDGE), 5);
    assert_int_equal(pirq_map(&d, 5, EDGE), 5);
    assert_int_equal(pirq_map(&d, 5, LEVEL), -XEN_EEXIST);
    assert_int_equal(pirq_unmap(&d, PIRQS), -XEN_EINVAL);
    assert_int_equal(pirq_unmap(&d, 6), -XEN_EINVAL);
    assert_int_equal(pirq_unmap(&d, 5), 0);
    assert_int_equal(pirq_unmap(&d, 5), -XEN_EINVAL);
    assert_int_equal(messages_destroyed, 0);
    /* A message gets a number above the lines', and its end is the message's. */
    assert_int_equal(pirq_map(&d, -1, MSG), PIRQS - 1);
    assert_int_equal(pirq_unmap(&d, PIRQS - 1), 0);
    assert_int_equal(messages_destroyed, 1);
}

static void free_numbers_run_out(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < PIRQS - GSIS; i++)
        assert_int_equal(pirq_free(&d, true), PIRQS - 1 - i);
    assert_int_equal(pirq_free(&d, true), -XEN_ENOSPC);
    assert_int_equal(pirq_map(&d, -1, MSG), -XEN_ENOSPC);
    assert_int_equal(pirq_free(&d, false), GSIS - 1);
    assert_int_equal(pirq_map(&d, PIRQS - 1, MSG), PIRQS - 1); /* what it was reserved for */
}

/* ---- binding ---- */

static void bind_errors(void **state)
{
    (void)state;
    assert_int_equal(pirq_bind(&d, PIRQS, 9, false, &v), -XEN_EINVAL);
    assert_int_equal(pirq_bind(&d, 7, 9, false, &v), -XEN_EPERM);
    assert_int_equal(pirq_map(&d, 7, EDGE), 7);
    open_result = -XEN_ENOSPC;
    assert_int_equal(pirq_bind(&d, 7, 9, false, &v), -XEN_ENOSPC);
    open_result = 0;
    pirq_raise(&d, 7);
    assert_int_equal(sent, 0);
    assert_int_equal(pirq_bind(&d, 7, 9, false, &v), 0);
    assert_int_equal(pirq_bind(&d, 7, 10, false, &v), -XEN_EEXIST);
    /* One domain holds a line at a time. */
    assert_int_equal(pirq_map(&other, 7, EDGE), 7);
    assert_int_equal(pirq_bind(&other, 7, 9, true, &v), -XEN_EBUSY);
    assert_ptr_equal(lines[EDGE].holder, &d);
}

/* The interrupt goes where its vCPU was twice in a row, and is told once that it goes. */
static void follows_the_vcpu(void **state)
{
    unsigned int here = cpu_id();

    (void)state;
    v.cpu = here;
    assert_int_equal(pirq_map(&d, 7, EDGE), 7);
    assert_int_equal(pirq_raise(&d, 7), here); /* not bound */
    assert_int_equal(pirq_bind(&d, 7, 9, false, &v), 0);
    assert_int_equal(pirq_raise(&d, 7), here);
    v.cpu = 2;
    assert_int_equal(pirq_raise(&d, 7), here);
    v.cpu = 3;
    assert_int_equal(pirq_raise(&d, 7), here);
    assert_int_equal(pirq_raise(&d, 7), 3);
    v.cpu = here;
    assert_int_equal(pirq_raise(&d, 7), here);
    assert_int_equal(pirq_raise(&d, 7), here);
    v.cpu = 3;
    assert_int_equal(pirq_unmap(&d, 7), 0);
}

static void raise_move_unbind(void **state)
{
    struct vcpu second = { .domain = &d, .cpu = 1 };

    (void)state;
    assert_int_equal(pirq_map(&d, 7, EDGE), 7);
    assert_int_equal(pirq_bind(&d, 7, 9, false, &v), 0);
    assert_int_equal(lines[EDGE].cpu, 3);
    pirq_raise(&d, 7);
    assert_int_equal(sent, 9);
    pirq_move(&d, 7, &second);
    assert_int_equal(lines[EDGE].cpu, 1);
    pirq_unbind(&d, 7, 8); /* another port's */
    assert_non_null(lines[EDGE].holder);
    pirq_unbind(&d, PIRQS, 9);
    pirq_unbind(&d, 7, 9);
    assert_null(lines[EDGE].holder);
    sent = 0;
    pirq_raise(&d, 7);
    pirq_raise(&d, PIRQS);
    assert_int_equal(sent, 0);
    pirq_move(&d, 7, &v);
    assert_int_equal(lines[EDGE].cpu, 1);
    /* Unmapping unbinds, too. */
    assert_int_equal(pirq_bind(&d, 7, 9, false, &v), 0);
    assert_int_equal(pirq_unmap(&d, 7), 0);
    assert_null(lines[EDGE].holder);
}

static void level_wants_eoi(void **state)
{
    uint32_t flags = ~0u;

    (void)state;
    assert_int_equal(pirq_status(&d, PIRQS, &flags), -XEN_EINVAL);
    assert_int_equal(pirq_status(&d, LEVEL, &flags), 0);
    assert_int_equal(flags, 0); /* not mapped */
    assert_int_equal(pirq_map(&d, LEVEL, LEVEL), (int)LEVEL);
    assert_int_equal(pirq_status(&d, LEVEL, &flags), 0);
    assert_int_equal(flags, XENIRQSTAT_needs_eoi);
    assert_int_equal(pirq_eoi(&d, LEVEL), -XEN_EINVAL); /* not bound */
    assert_int_equal(pirq_eoi(&d, PIRQS), -XEN_EINVAL);
    assert_int_equal(pirq_bind(&d, LEVEL, 4, false, &v), 0);
    assert_int_equal(pirq_eoi(&d, LEVEL), 0);
    assert_int_equal(lines[LEVEL].unmasks, 1);
}

static void eoi_page(void **state)
{
    mfn_t mfn = page_alloc(0, NODE_ANY, ADDRESS_ANY);
    struct frame *f = frame_of(mfn);
    uint64_t *bits = frame_map(mfn);

    (void)state;
    assert_int_equal(pirq_set_eoi_page(&d, mfn, true), -XEN_EINVAL); /* not its own */
    assert_int_equal(frame_assign(f, &d), 0);
    memset(bits, 0, PAGE_SIZE);
    assert_int_equal(pirq_map(&d, 2, LEVEL), 2);
    assert_int_equal(pirq_map(&d, 3, EDGE), 3);
    assert_int_equal(pirq_map(&d, 70, LEVEL), 70);
    assert_int_equal(pirq_set_eoi_page(&d, mfn, true), 0);
    assert_int_equal(bits[0], 1ul << 2);
    assert_int_equal(bits[1], 1ul << (70 - 64));
    assert_int_equal(frame_type_count(f), 1); /* no page table while Zeroth writes there */
    assert_int_equal(pirq_set_eoi_page(&d, mfn, false), -XEN_EBUSY);
    assert_int_equal(frame_type_count(f), 1);
    assert_int_equal(frame_refs(f), 2);
    bits[0] = 0;
    assert_int_equal(pirq_bind(&d, 2, 4, false, &v), 0);
    assert_int_equal(bits[0], 1ul << 2);
    pirq_unbind(&d, 2, 4);
    pirq_domain_destroy(&d);
    assert_int_equal(frame_refs(f), 1);
    assert_int_equal(frame_type_count(f), 0);
    assert_true(frame_release(f, &d));
}

static void permission_to_another(void **state)
{
    struct domain without = { .id = 2 };

    (void)state;
    assert_int_equal(pirq_permit(&d, &other, PIRQS, true), -XEN_EINVAL);
    assert_int_equal(pirq_permit(&d, &without, EDGE, true), -XEN_EINVAL);
    assert_int_equal(pirq_permit(&d, &other, 0, true), -XEN_EPERM); /* the timer's */
    assert_int_equal(pirq_permit(&d, &other, MSG, true), -XEN_EPERM);
    assert_int_equal(pirq_permit(&d, &other, EDGE, true), 0);
    assert_int_equal(pirq_permit(&d, &other, EDGE, false), 0);
    assert_int_equal(pirq_map(&d, MSG, MSG), (int)MSG);
    assert_int_equal(pirq_permit(&d, &other, MSG, true), 0);
}

static void no_interrupts_at_all(void **state)
{
    struct domain without = { .id = 2 };
    uint32_t flags;

    (void)state;
    assert_int_equal(pirq_map(&without, 1, EDGE), -XEN_EINVAL);
    assert_int_equal(pirq_unmap(&without, 1), -XEN_EINVAL);
    assert_int_equal(pirq_bind(&without, 1, 4, false, &v), -XEN_EINVAL);
    assert_int_equal(pirq_free(&without, true), -XEN_ENOSPC);
    assert_int_equal(pirq_eoi(&without, 1), -XEN_EINVAL);
    assert_int_equal(pirq_status(&without, 1, &flags), -XEN_EINVAL);
    assert_int_equal(pirq_set_eoi_page(&without, 300, false), -XEN_EINVAL);
    pirq_domain_destroy(&without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(map_and_unmap, begin, finish),
        cmocka_unit_test_setup_teardown(free_numbers_run_out, begin, finish),
        cmocka_unit_test_setup_teardown(bind_errors, begin, finish),
        cmocka_unit_test_setup_teardown(follows_the_vcpu, begin, finish),
        cmocka_unit_test_setup_teardown(raise_move_unbind, begin, finish),
        cmocka_unit_test_setup_teardown(level_wants_eoi, begin, finish),
        cmocka_unit_test_setup_teardown(eoi_page, begin, finish),
        cmocka_unit_test_setup_teardown(permission_to_another, begin, finish),
        cmocka_unit_test_setup_teardown(no_interrupts_at_all, begin, finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A hardware guest's memory as Zeroth reaches it: by its tables, with its rights, and no longer than its map
 * says so. */
#include "cmocka_all.h"
#include "machine.h"
#include "vendor.h"

#include "core/domain.h"
#include "core/machine.h"
#include "core/memory/frame.h"
#include "core/memory/page_alloc.h"
#include "x86/control.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/memory.h"
#include "x86/hvm/p2m.h"
#include "x86/memory/tlb.h"
#include "x86/msr_index.h"

#include <signal.h>
#include <string.h>
#include <xen/errno.h>

#define FRAMES 1024u
#define FIRST  16u
#define POOL   16u

/* Frame numbers: tables of four levels, and what they lead to. */
enum { L4 = 1, L3, L2, L1, KERNEL, USER, PAGES };

static struct x86_domain domain;
static struct domain *const d = &domain.core;
static struct hvm_domain hvm;
static struct x86_vcpu vcpu;
static struct hvm_vcpu hardware;
static struct p2m *const p = &hvm.p2m;
static struct hvm_segment *const segments = kept[0].segments;
static uint64_t fault_address;
static uint32_t fault_error;
static unsigned int faults, skipped;

static const uint64_t access_bits[P2M_TYPES] = { [P2M_RAM] = 0x67, [P2M_TABLE] = 0x67 };

/* ---- what the code under test calls ---- */

void hvm_fault_page(struct x86_vcpu *v, uint64_t address, uint32_t error)
{
    (void)v;
    fault_address = address;
    fault_error = error;
    faults++;
}

void hvm_fault_ud(struct x86_vcpu *v)
{
    (void)v;
}

bool hvm_decode(struct x86_vcpu *v, struct instruction *i)
{
    (void)v, (void)i;
    return false;
}

void hvm_skip(struct x86_vcpu *v, unsigned int length)
{
    v->regs.rip += length;
    skipped++;
}

bool hvm_lapic_read(struct x86_vcpu *v, unsigned int offset, bool x2, uint64_t *value)
{
    (void)v, (void)offset, (void)x2, (void)value;
    return false;
}

bool hvm_lapic_write(struct x86_vcpu *v, unsigned int offset, bool x2, uint64_t value)
{
    (void)v, (void)offset, (void)x2, (void)value;
    return false;
}

void domain_orphan(domid_t id)
{
    (void)id;
}

void domain_orphan_gone(domid_t id)
{
    (void)id;
}

static struct cpu_set told; /* by the last flush */

void tlb_flush_cpus(const struct cpu_set *set, uint64_t address)
{
    told = *set;
    assert_int_equal(address, 0);
}

/* ---- a guest ---- */

static void set(gfn_t gfn, mfn_t mfn, enum p2m_type type)
{
    lock_take(&d->pagetable_lock);
    assert_int_equal(p2m_set(p, gfn, mfn, 0, type), 0);
    lock_release(&d->pagetable_lock);
}

static void *page(gfn_t gfn)
{
    return frame_map(p2m_get(p, gfn).mfn);
}

static void map(unsigned int table, unsigned int index, unsigned int to, uint64_t bits)
{
    ((uint64_t *)page(table))[index] = (uint64_t)to << PAGE_SHIFT | bits;
}

/* Linear addresses are physical ones. */
static void make_tables(void)
{
    map(L4, 0, L3, 7);
    map(L3, 0, L2, 7);
    map(L2, 0, L1, 7);
    map(L1, KERNEL, KERNEL, 3);
    map(L1, USER, USER, 7);
    kept[0].control = (struct hvm_control){ .cr0 = CR0_PE | CR0_PG | CR0_WP,
                                            .cr3 = L4 << PAGE_SHIFT,
                                            .cr4 = CR4_PAE,
                                            .efer = EFER_LME | EFER_LMA };
}

static int begin(void **state)
{
    (void)state;
    memset(&domain, 0, sizeof(domain));
    memset(&hvm, 0, sizeof(hvm));
    memset(&vcpu, 0, sizeof(vcpu));
    memset(&hardware, 0, sizeof(hardware));
    domain.hvm = &hvm;
    hvm.flushes = 1;
    vcpu.core.domain = d;
    vcpu.hvm = &hardware;
    workbench_current = &vcpu.core;
    workbench_irq = false;
    d->pages_first = FRAME_LIST_END;
    lock_init(&d->pagetable_lock, RANK_PAGETABLES);
    assert_int_equal(p2m_create(p, d, access_bits, hvm_flush), 0);
    assert_int_equal(p2m_set_pool(p, POOL), 0);
    for (gfn_t gfn = L4; gfn < PAGES; gfn++)
        set(gfn, page_alloc(0, NODE_ANY, ADDRESS_ANY), P2M_RAM);
    for (gfn_t gfn = L4; gfn < PAGES; gfn++)
        memset(page(gfn), 0, PAGE_SIZE);
    make_tables();
    memset(segments, 0, sizeof(kept[0].segments));
    segments[SEGMENT_CS].attributes = SEGMENT_LONG;
    faults = skipped = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (gfn_t gfn = L4; gfn < PAGES; gfn++)
        if (p2m_get(p, gfn).type != P2M_NONE)
            page_free(p2m_get(p, gfn).mfn, 0);
    assert_true(p2m_destroy(p, ~0u));
    return 0;
}

/* ---- what was found lately ---- */

static bool can_read(uint64_t linear)
{
    uint64_t value;

    return hvm_copy_from(&vcpu, &value, linear, sizeof(value));
}

static void take_away(gfn_t gfn)
{
    mfn_t mfn = p2m_get(p, gfn).mfn;

    set(gfn, 0, P2M_NONE);
    p2m_flush(p);
    page_free(mfn, 0);
}

static void what_is_taken_away_is_not_reached(void **state)
{
    (void)state;
    assert_true(can_read(USER << PAGE_SHIFT));
    take_away(USER);
    assert_false(can_read(USER << PAGE_SHIFT));
}

/* It has no owner who could hold it, and reads of it may do something. */
static void a_device_is_no_memory(void **state)
{
    mfn_t mfn = p2m_get(p, USER).mfn;

    (void)state;
    set(USER, mfn, P2M_DEVICE);
    p2m_flush(p);
    assert_false(can_read(USER << PAGE_SHIFT));
    assert_null(hvm_frame_get(d, USER, false));
}

/* A guest asks for flushes as often as it likes: their number must not come round to that of a frame that it
 * had. */
static void however_often_is_flushed(void **state)
{
    const uint64_t round = 1ul << 32;

    (void)state;
    assert_true(can_read(USER << PAGE_SHIFT));
    take_away(USER);
    hvm.flushes += round - 1;
    assert_false(can_read(USER << PAGE_SHIFT));
}

/* ---- a CPU that comes to the domain while translations are flushed ---- */

#define OTHER 1

static volatile unsigned int steps, comes_at;
static uint64_t seen;

/* Each instruction's end: as the other CPU does (x86/hvm/kind.c, load; svm/svm.c, prepare). */
static void step(int signal)
{
    (void)signal;
    if (steps++ != comes_at)
        return;
    cpu_set_add(&domain.dirty, OTHER);
    seen = hvm.flushes;
}

/* Past the red zone. */
#define FLAGS(change) \
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; " change \
                     " (%%rsp); popfq; lea 128(%%rsp), %%rsp" \
                     : \
                     : \
                     : "memory", "cc")

static void it_is_told_or_sees(void **state)
{
    (void)state;
    signal(SIGTRAP, step);
    do {
        memset(&domain.dirty, 0, sizeof(domain.dirty));
        hvm.flushes = 5;
        seen = 0;
        steps = 0;
        FLAGS("orq $0x100,");
        hvm_flush(d);
        FLAGS("andq $~0x100,");
        assert_true(!seen || seen == 6 || cpu_set_has(&told, OTHER));
        comes_at++;
    } while (seen);
    assert_true(comes_at > 20);
    signal(SIGTRAP, SIG_DFL);
}

/* ---- INS ---- */

static void ins(uint64_t to, bool repeat, uint8_t address)
{
    const struct hvm_io io = { .port = 0x80,
                               .size = 4,
                               .length = 2,
                               .in = true,
                               .string = true,
                               .repeat = repeat,
                               .address = address };

    vcpu.regs.rdi = to;
    hvm_exit_io(&vcpu, &io);
}

static void ins_writes_ones(void **state)
{
    (void)state;
    vcpu.regs.rcx = 2;
    ins(USER << PAGE_SHIFT, true, 8);
    assert_int_equal(((uint32_t *)page(USER))[0], ~0u);
    assert_int_equal(((uint32_t *)page(USER))[1], 0);
    assert_int_equal(vcpu.regs.rcx, 1);
    assert_int_equal(vcpu.regs.rdi, (USER << PAGE_SHIFT) + 4);
    assert_int_equal(skipped, 0);
    ins(vcpu.regs.rdi, true, 8);
    assert_int_equal(skipped, 1);
    assert_int_equal(faults, 0);
}

/* A process that may use ports may not write for that to its kernel's memory. */
static void ins_has_the_rights_of_its_ring(void **state)
{
    (void)state;
    segments[SEGMENT_SS].attributes = 3 << 5;
    ins(KERNEL << PAGE_SHIFT, false, 8);
    assert_int_equal(faults, 1);
    assert_int_equal(fault_address, KERNEL << PAGE_SHIFT);
    assert_int_equal(fault_error, FAULT_PRESENT | FAULT_WRITE | FAULT_USER);
    assert_int_equal(((uint32_t *)page(KERNEL))[0], 0);
    assert_int_equal(skipped, 0);
    segments[SEGMENT_SS].attributes = 0;
    ins(KERNEL << PAGE_SHIFT, false, 8);
    assert_int_equal(faults, 1);
    assert_int_equal(((uint32_t *)page(KERNEL))[0], ~0u);
}

/* The fault is the page's that is not there, not the page's in which the element begins. */
static void ins_faults_where_it_ends(void **state)
{
    (void)state;
    ins((PAGES << PAGE_SHIFT) - 2, false, 8);
    assert_int_equal(faults, 1);
    assert_int_equal(fault_address, PAGES << PAGE_SHIFT);
    assert_int_equal(fault_error, FAULT_WRITE);
}

/* Behind the guest's tables there may be nothing: what is written there is lost. */
static void ins_into_nothing(void **state)
{
    (void)state;
    map(L1, USER, 300, 7);
    ins(USER << PAGE_SHIFT, false, 8);
    assert_int_equal(faults, 0);
    assert_int_equal(skipped, 1);
}

/* ES has a base in 32-bit code only, and addresses of 32 bits wrap there. */
static void ins_by_the_size_of_addresses(void **state)
{
    (void)state;
    segments[SEGMENT_ES].base = 1 << PAGE_SHIFT;
    ins(USER << PAGE_SHIFT, false, 8);
    assert_int_equal(((uint32_t *)page(USER))[0], ~0u);
    segments[SEGMENT_CS].attributes = 0;
    vcpu.regs.rcx = 1ul << 32 | 1;
    ins(1ul << 32 | KERNEL << PAGE_SHIFT, true, 4);
    assert_int_equal(((uint32_t *)page(USER))[0], ~0u);
    assert_int_equal(vcpu.regs.rdi, (KERNEL << PAGE_SHIFT) + 4);
    assert_int_equal(vcpu.regs.rcx, 0);
    assert_int_equal(skipped, 2);
    assert_int_equal(faults, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_taken_away_is_not_reached),
        TEST(a_device_is_no_memory),
        TEST(however_often_is_flushed),
        TEST(it_is_told_or_sees),
        TEST(ins_writes_ones),
        TEST(ins_has_the_rights_of_its_ring),
        TEST(ins_faults_where_it_ends),
        TEST(ins_into_nothing),
        TEST(ins_by_the_size_of_addresses),
    };

    workbench_memory(FIRST, FRAMES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables of a PV guest: updates by each road, pins, flushes. */
#include "measure.h"
#include "rows.h"

#include <pv/boot.h>
#include <pv-xen/guest.h>
#include <pv-xen/hypercall.h>

#define MANY 256

uint8_t bench_pool[POOL][PAGE] __attribute__((aligned(4096)));

static uint64_t *const table = (uint64_t *)bench_pool[0];
static struct mmu_update updates[MANY];
static struct multicall_entry calls[16];

uint64_t bench_entry(const void *page, uint64_t flags)
{
    return xen_frame_of(page) * PAGE | flags;
}

uint64_t bench_entry_address(const void *page)
{
    uint64_t frame = xen_frame_of((const void *)xen_start_info->pt_base);

    for (unsigned int level = 4;; level--) {
        uint64_t at = (uint64_t)page >> (3 + 9 * level) & 511;
        const uint64_t *entries = pv_virt(machine_to_phys_mapping[frame] << 12);

        if (level == 1)
            return frame * PAGE + 8 * at;
        frame = (entries[at] & 0xffffffffff000ul) >> 12;
    }
}

void bench_remap(const void *page, uint64_t entry)
{
    hypercall3(__HYPERVISOR_update_va_mapping, page, entry, UVMF_INVLPG);
}

long bench_extended(unsigned int command, uint64_t argument)
{
    struct mmuext_op op = { .cmd = command, .arg1.linear_addr = argument };

    return hypercall4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF);
}

static inline void op_same(unsigned int i)
{
    (void)i;
    hypercall3(__HYPERVISOR_update_va_mapping, bench_pool[1],
               bench_entry(bench_pool[1], PRESENT_WRITABLE), UVMF_NONE);
}

static void fill_updates(unsigned int turn)
{
    for (unsigned int i = 0; i < MANY; i++)
        updates[i] = (struct mmu_update){ xen_frame_of(table) * PAGE + 8ul * i,
                                          bench_entry(bench_pool[2 + (turn & 1)], PRESENT) };
}

static inline void update_batch(unsigned int count)
{
    hypercall4(__HYPERVISOR_mmu_update, updates, count, 0, DOMID_SELF);
}

/* The least cost of one update in batches of a size, each writing another value than the last. */
static uint64_t measure_batch(unsigned int count)
{
    uint64_t least = ~0ul;

    for (unsigned int r = 0; r < ROUNDS; r++) {
        uint64_t start;

        fill_updates(r);
        start = pv_ticks();
        update_batch(count);
        least = pv_ticks() - start < least ? pv_ticks() - start : least;
    }
    return least / count;
}

static inline void op_direct(unsigned int i)
{
    *(volatile uint64_t *)&table[i] = bench_entry(bench_pool[2 + (i & 1)], PRESENT);
}

static inline void op_multicall(unsigned int i)
{
    for (unsigned int n = 0; n < 16; n++)
        calls[n] = (struct multicall_entry){
            .op = __HYPERVISOR_update_va_mapping,
            .args = { (uint64_t)bench_pool[10 + n],
                      bench_entry(bench_pool[10 + n], i & 1 ? PRESENT : PRESENT_WRITABLE), 0 },
        };
    hypercall2(__HYPERVISOR_multicall, calls, 16);
}

static inline void op_pin(unsigned int i)
{
    (void)i;
    bench_extended(MMUEXT_PIN_L1_TABLE, xen_frame_of(table));
    bench_extended(MMUEXT_UNPIN_TABLE, xen_frame_of(table));
}

static inline void op_invlpg(unsigned int i)
{
    (void)i;
    bench_extended(MMUEXT_INVLPG_LOCAL, (uint64_t)bench_pool[1]);
}

static inline void op_flush_all(unsigned int i)
{
    (void)i;
    bench_extended(MMUEXT_TLB_FLUSH_ALL, 0);
}

/* A table whose first entries are present, the rest empty. */
static void table_of(unsigned int present)
{
    bench_remap(table, bench_entry(table, PRESENT_WRITABLE));
    for (unsigned int i = 0; i < 512; i++)
        table[i] = i < present ? bench_entry(bench_pool[2], PRESENT) : 0;
    bench_remap(table, bench_entry(table, PRESENT));
}

/* Four levels, the lowest full: pinned and unpinned as a process' page tables are. */
static inline void op_tree(unsigned int i)
{
    (void)i;
    bench_extended(MMUEXT_PIN_L4_TABLE, xen_frame_of(bench_pool[7]));
    bench_extended(MMUEXT_UNPIN_TABLE, xen_frame_of(bench_pool[7]));
}

static void tree(bool build)
{
    for (unsigned int level = 2; level <= 4; level++) {
        uint64_t *upper = (uint64_t *)bench_pool[3 + level];

        if (build)
            upper[0] = bench_entry(level == 2 ? (void *)table : bench_pool[2 + level],
                                   PRESENT_WRITABLE);
        bench_remap(upper, bench_entry(upper, build ? PRESENT : PRESENT_WRITABLE));
    }
}

void bench_page_tables(void)
{
    row("update_va_mapping, same value, no flush", MEASURE(op_same));
    table_of(0);
    bench_extended(MMUEXT_PIN_L1_TABLE, xen_frame_of(table));
    row("mmu_update, one entry", measure_batch(1));
    row("mmu_update, 16 entries in a call, each", measure_batch(16));
    row("mmu_update, 256 entries in a call, each", measure_batch(256));
    hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
    row("page-table entry written directly (emulated)", MEASURE(op_direct));
    bench_extended(MMUEXT_UNPIN_TABLE, xen_frame_of(table));
    row("multicall of 16 update_va_mapping, each", MEASURE(op_multicall) / 16);
    table_of(0);
    row("pin and unpin an empty level 1 table", MEASURE(op_pin));
    table_of(512);
    row("pin and unpin a full level 1 table", MEASURE(op_pin));
    tree(true);
    row("pin and unpin four levels, the lowest full", MEASURE(op_tree));
    tree(false);
    row("mmuext INVLPG local", MEASURE(op_invlpg));
    row("mmuext TLB flush all, one vCPU", MEASURE(op_flush_all));
}

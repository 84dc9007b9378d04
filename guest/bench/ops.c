/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations three ways, natively: no paravirt at all (pv/bare.h, compiled in), through pv_ops as
 * the image is loaded, and patched.  Elsewhere the last two.  The same source is compiled for each.
 * Natively "patched" costs what "no paravirt" does, on every row (test/system/test_guest_kit.py).
 * halt has no row, for it does not come back: that its site becomes the same two instructions is
 * read out of the image (tools/guest-check).
 */
#include "measure.h"
#include "rows.h"

#include <pv/bare.h>
#include <pv/trap.h>

#define MSR_FS_BASE 0xc0000100
#define SWITCHES    1000

static uint64_t scratch[512] __attribute__((aligned(4096)));
static uint8_t table_pages[2][PAGE] __attribute__((aligned(4096)));

/* Operations of a round, one behind the other: a loop would be another one with each compiler. */
#define STRAIGHT         32
#define TWICE(text)      text text
#define STRAIGHT_OPS(op) TWICE(TWICE(TWICE(TWICE(op(0); op(1);))))

/* Instructions of an operation: the least of the rounds, the reading of the clock taken off. */
#define MEASURE_STRAIGHT(op) \
    ({ \
        uint64_t least = ~0ul, empty = ~0ul; \
        for (unsigned int r = 0; r < ROUNDS; r++) { \
            uint64_t t0 = pv_ticks(); \
            STRAIGHT_OPS(op) \
            uint64_t t1 = pv_ticks(); \
            uint64_t t2 = pv_ticks(); \
            least = t1 - t0 < least ? t1 - t0 : least; \
            empty = t2 - t1 < empty ? t2 - t1 : empty; \
        } \
        (least - empty + STRAIGHT / 2) / STRAIGHT; \
    })

/* One function for each operation and way: its loop is the same but for the operation. */
#define WAY(way) \
    static inline void way##_op_irq_off_on(unsigned int i) \
    { \
        (void)i; \
        way##_irq_disable(); \
        way##_irq_disable(); \
    } \
    static inline void way##_op_irq_enable(unsigned int i) \
    { \
        (void)i; \
        way##_irq_enable(); \
        way##_irq_disable(); \
    } \
    static inline void way##_op_irq_save(unsigned int i) \
    { \
        uint64_t flags = way##_irq_flags(); \
        (void)i; \
        way##_irq_disable(); \
        way##_irq_restore(flags); \
    } \
    static inline void way##_op_cr0(unsigned int i) \
    { \
        (void)i; \
        way##_write_cr0(way##_read_cr0()); \
    } \
    static inline void way##_op_cr2(unsigned int i) \
    { \
        (void)i; \
        (void)way##_read_cr2(); \
    } \
    static inline void way##_op_cr3(unsigned int i) \
    { \
        (void)i; \
        way##_write_cr3(way##_read_cr3()); \
    } \
    static inline void way##_op_cr4(unsigned int i) \
    { \
        (void)i; \
        way##_write_cr4(way##_read_cr4()); \
    } \
    static inline void way##_op_rdmsr(unsigned int i) \
    { \
        (void)i; \
        (void)way##_read_msr(MSR_FS_BASE); \
    } \
    static inline void way##_op_wrmsr(unsigned int i) \
    { \
        (void)i; \
        way##_write_msr(MSR_FS_BASE, 0); \
    } \
    static inline void way##_op_get_pte(unsigned int i) \
    { \
        (void)i; \
        (void)way##_get_pte(scratch); \
    } \
    static inline void way##_op_set_pte(unsigned int i) \
    { \
        (void)i; \
        way##_set_pte(scratch, 0); \
    } \
    static inline void way##_op_flush_tlb(unsigned int i) \
    { \
        (void)i; \
        way##_flush_tlb(); \
    } \
    static inline void way##_op_flush_page(unsigned int i) \
    { \
        (void)i; \
        way##_flush_page(scratch); \
    } \
    static inline void way##_op_flush_all(unsigned int i) \
    { \
        (void)i; \
        way##_flush_all(); \
    } \
    static inline void way##_op_table(unsigned int i) \
    { \
        uint64_t *page = (uint64_t *)table_pages[i & 1]; \
        way##_table_new(page, 1); \
        way##_table_free(page); \
    } \
    static inline void way##_op_switch_stack(unsigned int i) \
    { \
        (void)i; \
        way##_switch_stack((uint64_t)pv_stacks[0] + PV_STACK_SIZE); \
    } \
    static inline void way##_op_set_fs_base(unsigned int i) \
    { \
        (void)i; \
        way##_set_fs_base(0); \
    } \
    static inline void way##_op_time_ns(unsigned int i) \
    { \
        (void)i; \
        (void)way##_time_ns(); \
    } \
    static inline void way##_op_set_timer(unsigned int i) \
    { \
        (void)i; \
        way##_set_timer(0); \
    } \
    static inline void way##_op_console(unsigned int i) \
    { \
        (void)i; \
        way##_console_write("", 0); \
    } \
    static inline void way##_op_idle(unsigned int i) \
    { \
        (void)i; \
        way##_ipi(0); \
        way##_idle(); \
        way##_irq_disable(); \
    } \
    /* Context switches as a kernel makes them, each with an update of a page table; the row is the \
     * difference of two counts, so that what comes before the loop is not in it. */ \
    static __attribute__((noinline)) uint64_t way##_switches(unsigned int count) \
    { \
        uint64_t start = pv_ticks(), *entry = scratch, stack = (uint64_t)pv_stacks[0]; \
\
        for (unsigned int i = 0; i < count; i++) { \
            uint64_t flags = way##_irq_flags(); \
\
            way##_irq_disable(); \
            way##_switch_stack(stack + PV_STACK_SIZE); \
            way##_write_cr3(way##_read_cr3()); \
            way##_set_fs_base(0); \
            way##_set_pte(entry, 0); \
            entry = i % 512 == 511 ? scratch : entry + 1; \
            way##_flush_page(scratch); \
            way##_irq_restore(flags); \
        } \
        return pv_ticks() - start; \
    } \
    static void way##_rows(const char *suffix) \
    { \
        row_of("irq_disable, twice", suffix, MEASURE_STRAIGHT(way##_op_irq_off_on)); \
        row_of("irq_enable, irq_disable", suffix, MEASURE_STRAIGHT(way##_op_irq_enable)); \
        row_of("irq_flags, irq_disable, irq_restore", suffix, \
               MEASURE_STRAIGHT(way##_op_irq_save)); \
        row_of("read_cr0, write_cr0", suffix, MEASURE_STRAIGHT(way##_op_cr0)); \
        row_of("read_cr2", suffix, MEASURE_STRAIGHT(way##_op_cr2)); \
        row_of("read_cr3, write_cr3", suffix, MEASURE_STRAIGHT(way##_op_cr3)); \
        row_of("read_cr4, write_cr4", suffix, MEASURE_STRAIGHT(way##_op_cr4)); \
        row_of("read_msr", suffix, MEASURE_STRAIGHT(way##_op_rdmsr)); \
        row_of("write_msr", suffix, MEASURE_STRAIGHT(way##_op_wrmsr)); \
        row_of("get_pte", suffix, MEASURE_STRAIGHT(way##_op_get_pte)); \
        row_of("set_pte", suffix, MEASURE_STRAIGHT(way##_op_set_pte)); \
        row_of("flush_tlb", suffix, MEASURE_STRAIGHT(way##_op_flush_tlb)); \
        row_of("flush_page", suffix, MEASURE_STRAIGHT(way##_op_flush_page)); \
        row_of("flush_all, one CPU", suffix, MEASURE_STRAIGHT(way##_op_flush_all)); \
        row_of("table_new, table_free", suffix, MEASURE_STRAIGHT(way##_op_table)); \
        row_of("switch_stack", suffix, MEASURE_STRAIGHT(way##_op_switch_stack)); \
        row_of("set_fs_base", suffix, MEASURE_STRAIGHT(way##_op_set_fs_base)); \
        row_of("time_ns", suffix, MEASURE_STRAIGHT(way##_op_time_ns)); \
        row_of("set_timer", suffix, MEASURE_STRAIGHT(way##_op_set_timer)); \
        row_of("console_write of nothing", suffix, MEASURE_STRAIGHT(way##_op_console)); \
        row_of("ipi to oneself, idle", suffix, MEASURE_STRAIGHT(way##_op_idle)); \
        row_of("1,000 context switches with a page-table update each", suffix, \
               way##_switches(2 * SWITCHES) - way##_switches(SWITCHES)); \
    }

static void row_of(const char *name, const char *suffix, uint64_t value)
{
    char text[96];

    pv_format(text, sizeof(text), "pv_ops %s: %s", name, suffix);
    row(text, value);
}

WAY(bare)
/* Before patching and after it the same function: it is what the sites in it are. */
WAY(pv)

void bench_ops_before(const struct pv_boot *boot)
{
    (void)boot;
    pv_rows("before patching");
}

void bench_ops(const struct pv_boot *boot)
{
    if (boot->own_page_tables)
        bare_rows("no paravirt");
    pv_rows("patched");
}

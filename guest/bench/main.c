/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The microbenchmarks: how many instructions an operation takes, under an emulator whose TSC counts
 * instructions.  Each row is the least of several rounds, divided by the operations of a round.
 */
#include "pv/hypercall.h"

#include <xen/event_channel.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/version.h>

#define ROUNDS 5
#define OPS    64
#define PAGE   4096ul
#define PRESENT_WRITABLE 0x67ul         /* present, writable, user, accessed, dirty */
#define EFER   0xc0000080

extern const char trap_ud[], callback[];
void guest_main(const struct start_info *si);

static const struct start_info *info;
static char page_a[PAGE] __attribute__((aligned(4096)));
static char page_b[PAGE] __attribute__((aligned(4096)));
static evtchn_port_t port;

static inline uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static void put(const char *text)
{
    unsigned int length = 0;

    while (text[length])
        length++;
    hypercall3(__HYPERVISOR_console_io, CONSOLEIO_write, length, text);
}

static void put_number(uint64_t n)
{
    char text[24], *at = text + sizeof(text) - 1;

    *at = '\0';
    do
        *--at = (char)('0' + n % 10);
    while (n /= 10);
    put(at);
}

static void row(const char *name, uint64_t value)
{
    put("BENCH ");
    put_number(value);
    put(" ");
    put(name);
    put("\n");
}

/* The page-table entry that maps a page of the image with a given frame. */
static uint64_t entry_of(const char *page)
{
    const uint64_t *frames = (const uint64_t *)info->mfn_list;

    return frames[((uint64_t)page - 0xffffffff80000000ul) / PAGE] * PAGE | PRESENT_WRITABLE;
}

static inline void op_null(unsigned int i)
{
    (void)i;
    hypercall2(__HYPERVISOR_xen_version, XENVER_version, 0);
}

static inline void op_send(unsigned int i)
{
    struct evtchn_send send = { .port = port };

    (void)i;
    hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}

static inline void op_stack(unsigned int i)
{
    (void)i;
    hypercall2(__HYPERVISOR_stack_switch, 0xe02b, page_a + PAGE);
}

static inline void op_map(unsigned int i)
{
    hypercall3(__HYPERVISOR_update_va_mapping, page_b, entry_of(i & 1 ? page_a : page_b),
               UVMF_INVLPG | UVMF_LOCAL);
}

static inline void op_flush(unsigned int i)
{
    struct mmuext_op op = { .cmd = MMUEXT_TLB_FLUSH_LOCAL };

    (void)i;
    hypercall4(__HYPERVISOR_mmuext_op, (uint64_t)&op, 1, 0, DOMID_SELF);
}

static inline void op_trap(unsigned int i)
{
    (void)i;
    __asm__ volatile("ud2" : : : "memory");
}

static inline void op_rdmsr(unsigned int i)
{
    uint32_t low, high;

    (void)i;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(EFER));
}

static inline void op_in(unsigned int i)
{
    uint8_t value;

    (void)i;
    __asm__ volatile("inb $0x80, %0" : "=a"(value));
}

static inline void op_yield(unsigned int i)
{
    (void)i;
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
}

/* Least of the rounds, the empty loop's cost taken off. */
#define MEASURE(op) ({                                                  \
    uint64_t least = ~0ul, empty = ~0ul;                                \
    for (unsigned int r = 0; r < ROUNDS; r++) {                         \
        uint64_t t0 = ticks();                                          \
        for (unsigned int i = 0; i < OPS; i++)                          \
            op(i);                                                      \
        uint64_t t1 = ticks();                                          \
        for (unsigned int i = 0; i < OPS; i++)                          \
            __asm__ volatile("" : : : "memory");                        \
        uint64_t t2 = ticks();                                          \
        least = t1 - t0 < least ? t1 - t0 : least;                      \
        empty = t2 - t1 < empty ? t2 - t1 : empty;                      \
    }                                                                   \
    (least - empty) / OPS;                                              \
})

static void set_up(void)
{
    static const struct trap_info traps[] = {
        { 6, 0, 0xe033, (unsigned long)trap_ud }, { 0, 0, 0, 0 },
    };
    struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
    struct physdev_set_iopl iopl = { .iopl = 1 };      /* a PV kernel counts as ring 1 */

    hypercall2(__HYPERVISOR_set_trap_table, traps, 0);
    hypercall4(__HYPERVISOR_set_callbacks, (uint64_t)callback, (uint64_t)callback,
               (uint64_t)callback, 0);
    hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &alloc);
    port = alloc.port;
    hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &iopl);
}

void guest_main(const struct start_info *si)
{
    struct sched_shutdown off = { .reason = SHUTDOWN_poweroff };

    info = si;
    row("power-on to the guest's first instruction", ticks());
    set_up();
    row("null hypercall (xen_version)", MEASURE(op_null));
    row("event send to an unbound port of one's own", MEASURE(op_send));
    row("stack_switch", MEASURE(op_stack));
    row("update_va_mapping, two pages in turn, with invlpg", MEASURE(op_map));
    row("mmuext TLB flush local", MEASURE(op_flush));
    row("trap bounced to the guest kernel (ud2 and back)", MEASURE(op_trap));
    row("rdmsr emulated (EFER)", MEASURE(op_rdmsr));
    row("IN from port 0x80 emulated", MEASURE(op_in));
    row("sched_yield, alone on a CPU", MEASURE(op_yield));
    put("BENCH END\n");
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &off);
}

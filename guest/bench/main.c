/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The microbenchmarks: how many instructions an operation takes, under an emulator whose TSC counts
 * instructions.  Each row is the least of several rounds, divided by the operations of a round.
 */
#include "hardware.h"
#include "measure.h"
#include "rows.h"

#include <pv/boot.h>
#include <pv/ops.h>
#include <pv/print.h>
#include <pv-xen/domain.h>
#include <pv-xen/guest.h>
#include <pv-xen/hypercall.h>

#include <xen/event_channel.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/version.h>

#define EFER         0xc0000080
#define ONLY_DOMAINS "domains" /* the command line: nothing else */

extern const char bench_trap_ud[];

static char page_a[PAGE] __attribute__((aligned(4096)));
static char page_b[PAGE] __attribute__((aligned(4096)));
static evtchn_port_t port;

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
    hypercall3(__HYPERVISOR_update_va_mapping, page_b,
               bench_entry(i & 1 ? page_a : page_b, PRESENT_WRITABLE), UVMF_INVLPG | UVMF_LOCAL);
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

static void set_up(void)
{
    static const struct trap_info traps[] = {
        { 6, 0, 0xe033, (unsigned long)bench_trap_ud },
        { 0, 0, 0, 0 },
    };
    struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
    struct physdev_set_iopl iopl = { .iopl = 1 }; /* a PV kernel counts as ring 1 */

    hypercall1(__HYPERVISOR_set_trap_table, traps);
    hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &alloc);
    port = alloc.port;
    hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, &iopl);
}

/* The rows with targets; their names are kept for good. */
static void rows_with_targets(void)
{
    row("null hypercall (xen_version)", MEASURE(op_null));
    row("event send to an unbound port of one's own", MEASURE(op_send));
    row("stack_switch", MEASURE(op_stack));
    row("update_va_mapping, two pages in turn, with invlpg", MEASURE(op_map));
    row("mmuext TLB flush local", MEASURE(op_flush));
    row("trap bounced to the guest kernel (ud2 and back)", MEASURE(op_trap));
    row("rdmsr emulated (EFER)", MEASURE(op_rdmsr));
    row("IN from port 0x80 emulated", MEASURE(op_in));
    row("sched_yield, alone on a CPU", MEASURE(op_yield));
}

static void pv_guest(const struct pv_boot *boot)
{
    set_up();
    if (boot->cpus > 1) { /* a boot of its own */
        bench_pair();
        bench_domains_pair();
        return;
    }
    if (__builtin_memcmp(boot->command_line, ONLY_DOMAINS, sizeof(ONLY_DOMAINS)) == 0) {
        bench_domains();
        return;
    }
    rows_with_targets();
    hypercall2(__HYPERVISOR_stack_switch, 0xe02b, pv_stack_top(0));
    bench_page_tables();
    bench_traps();
    bench_events();
    bench_grants();
    bench_domains();
    bench_user();
    bench_ops(boot);
}

static uint64_t at_start;

void pv_before_patching(void)
{
    at_start = pv_ticks();
    if (pv_boot.cpus == 1 && !xen_is_child(&pv_boot))
        bench_ops_before(&pv_boot);
}

void pv_main(const struct pv_boot *boot)
{
    if (xen_is_child(boot))
        xen_child_main();
    row("power-on to the guest's first instruction", at_start);
    if (boot->own_page_tables) { /* not a PV guest */
        bench_hardware();
        bench_ops(boot);
    } else {
        pv_guest(boot);
    }
    pv_print("BENCH END\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What PV and PVH guests of Xen share: version, time, console, vcpu_info, the end. */
#include "internal.h"
#include "../pvclock.h"

#include <pv/native.h>
#include <pv/ops.h>
#include <pv/print.h>

#include <xen/io/console.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

const struct start_info *xen_start_info;
struct shared_info *xen_shared_info;

static struct xencons_interface *ring; /* of an unprivileged PV guest */
static evtchn_port_t ring_port;

/* Whether a text has another in it. */
static bool has(const char *text, const char *part)
{
    for (; *text; text++) {
        unsigned int i = 0;

        while (part[i] && text[i] == part[i])
            i++;
        if (!part[i])
            return true;
    }
    return false;
}

/* Numbers and the text that XENVER_extraversion appends, such as "4.17.5"; Zeroth's names it. */
void xen_describe(struct pv_boot *boot, const char *kind)
{
    static char text[48], name[16];
    xen_extraversion_t extra = "";
    long version = hypercall2(__HYPERVISOR_xen_version, XENVER_version, 0);

    hypercall2(__HYPERVISOR_xen_version, XENVER_extraversion, extra);
    pv_format(text, sizeof(text), "%ld.%ld%s", version >> 16, version & 0xffff, extra);
    boot->version = text;
    pv_format(name, sizeof(name), "%s %s", has(extra, "zeroth") ? "Zeroth" : "Xen", kind);
    boot->platform = name;
}

/* Each CPU has a clock of its own, and they are not quite equal: none may see another's past. */
uint64_t xen_time_ns(void)
{
    static uint64_t last;
    uint64_t now = pv_clock_read((const volatile struct pv_clock *)&xen_vcpu_info()->time);
    uint64_t seen = __atomic_load_n(&last, __ATOMIC_RELAXED);

    while (now > seen)
        if (__atomic_compare_exchange_n(&last, &seen, now, true, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            return now;
    return seen;
}

void xen_set_timer(uint64_t when)
{
    hypercall1(__HYPERVISOR_set_timer_op, when);
}

/* The ring shared with the console daemon (xen/io/console.h): waits for room. */
static void ring_write(const char *text, unsigned int length)
{
    struct evtchn_send send = { .port = ring_port };

    for (unsigned int i = 0; i < length; i++) {
        while (ring->out_prod - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) >=
               sizeof(ring->out))
            hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
        ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] = text[i];
        __atomic_store_n(&ring->out_prod, ring->out_prod + 1, __ATOMIC_RELEASE);
    }
    hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}

void xen_console_write(const char *text, unsigned int length)
{
    if (!ring && xen_start_info && !(xen_start_info->flags & SIF_INITDOMAIN)) {
        ring = (struct xencons_interface *)pv_virt(
            machine_to_phys_mapping[xen_start_info->console.domU.mfn] << 12);
        ring_port = xen_start_info->console.domU.evtchn;
    }
    if (ring)
        ring_write(text, length);
    else
        hypercall3(__HYPERVISOR_console_io, CONSOLEIO_write, length, text);
}

void xen_register_info(unsigned int cpu)
{
    struct vcpu_register_vcpu_info info = {
        .mfn = xen_frame_of(pv_cpus[cpu].shared),
        .offset = (uint64_t)pv_cpus[cpu].shared & 4095,
    };

    xen_must(hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, cpu, &info),
             "register_vcpu_info");
}

void xen_power_off(void)
{
    struct sched_shutdown off = { .reason = SHUTDOWN_poweroff };

    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &off);
}

void xen_must(long result, const char *what)
{
    struct sched_shutdown crash = { .reason = SHUTDOWN_crash };

    if (result >= 0)
        return;
    pv_print("libpv: Xen refused %s: %ld\n", what, result);
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &crash);
}

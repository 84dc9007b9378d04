/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two domains do with each other: grants mapped and copied, frames mapped, events there and back;
 * and a domain's whole life.  The other domain is a child made out of this kernel (pv-xen/domain.h).
 */
#include "measure.h"
#include "rows.h"

#include <pv/trap.h>
#include <pv-xen/domain.h>
#include <pv-xen/guest.h>
#include <pv-xen/hypercall.h>

#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/sched.h>

#define GRANT   __HYPERVISOR_grant_table_op
#define MANY    64u
#define FIRST   16u
#define TURNS   64u
#define SETTLED 8u

/* What the child is asked. */
enum { CHILD_GRANTS = 1, CHILD_ECHO_POLLED, CHILD_ECHO_UPCALLS };

static struct gnttab_map_grant_ref maps[MANY];
static struct gnttab_unmap_grant_ref unmaps[MANY];
static struct gnttab_copy copies[MANY];
static struct mmu_update updates[MANY];
static uint8_t table_page[PAGE] __attribute__((aligned(4096)));
static struct xen_child *child;

static void send(evtchn_port_t port)
{
    struct evtchn_send arg = { .port = port };

    hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &arg);
}

static void clear_pending(evtchn_port_t port)
{
    __atomic_fetch_and(&xen_shared_info->evtchn_pending[port / 64], ~(1ul << port % 64),
                       __ATOMIC_SEQ_CST);
}

static void poll_for(evtchn_port_t port)
{
    struct sched_poll poll = { .nr_ports = 1 };

    set_xen_guest_handle(poll.ports, &port);
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
    clear_pending(port);
}

/* Asleep until the handler has seen one event more. Interrupts off, before and after. */
static void sleep_for_upcall(void)
{
    unsigned int seen = bench_events_seen;

    while (bench_events_seen == seen) {
        pv_idle();
        pv_irq_disable();
    }
}

/* ---- in the child ---- */

/* Grants of the pool's pages to domain 0. */
static long give_grants(void)
{
    xen_pfn_t frame = 0;
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };
    struct grant_entry_v1 *table = (struct grant_entry_v1 *)table_page;

    set_xen_guest_handle(setup.frame_list, &frame);
    if (hypercall3(GRANT, GNTTABOP_setup_table, &setup, 1) < 0 || setup.status != GNTST_okay)
        return -1;
    bench_remap(table_page, frame * PAGE | PRESENT_WRITABLE);
    for (unsigned int i = 0; i < MANY; i++)
        table[FIRST + i] = (struct grant_entry_v1){
            .flags = GTF_permit_access, .domid = 0, .frame = (uint32_t)xen_frame_of(bench_pool[i])
        };
    return 0;
}

static long echo_polled(uint64_t turns)
{
    evtchn_port_t port = xen_start_info->store_evtchn;

    send(port); /* ready */
    while (turns--) {
        poll_for(port);
        send(port);
    }
    return 0;
}

static long echo_upcalls(uint64_t turns)
{
    evtchn_port_t port = xen_start_info->store_evtchn;

    pv_irq_disable();
    xen_unmask_port(port);
    send(port); /* ready */
    while (turns--) {
        sleep_for_upcall();
        send(port);
    }
    xen_mask_port(port);
    return 0;
}

long xen_child_work(uint64_t what, uint64_t argument)
{
    switch (what) {
    case CHILD_GRANTS: return give_grants();
    case CHILD_ECHO_POLLED: return echo_polled(argument);
    case CHILD_ECHO_UPCALLS: return echo_upcalls(argument);
    default: return 0;
    }
}

/* ---- in domain 0 ---- */

static uint64_t timed(unsigned int command, void *list, unsigned int count)
{
    uint64_t start = pv_ticks();

    hypercall3(GRANT, command, list, count);
    return pv_ticks() - start;
}

static void lower(uint64_t *least, uint64_t took)
{
    *least = took < *least ? took : *least;
}

/* One batch mapped and unmapped: together. */
static uint64_t map_and_unmap(unsigned int count)
{
    uint64_t took;

    for (unsigned int i = 0; i < count; i++)
        maps[i] = (struct gnttab_map_grant_ref){ .host_addr = (uint64_t)bench_pool[i],
                                                 .flags = GNTMAP_host_map,
                                                 .ref = FIRST + i,
                                                 .dom = child->domain.id };
    took = timed(GNTTABOP_map_grant_ref, maps, count);
    for (unsigned int i = 0; i < count; i++) {
        if (maps[i].status != GNTST_okay)
            pv_print("bench: map: %d\n", maps[i].status);
        unmaps[i] = (struct gnttab_unmap_grant_ref){ .host_addr = maps[i].host_addr,
                                                     .handle = maps[i].handle };
    }
    took += timed(GNTTABOP_unmap_grant_ref, unmaps, count);
    for (unsigned int i = 0; i < count; i++)
        if (unmaps[i].status != GNTST_okay)
            pv_print("bench: unmap: %d\n", unmaps[i].status);
    return took;
}

static uint64_t copy_grants(unsigned int count)
{
    uint64_t took;

    for (unsigned int i = 0; i < count; i++)
        copies[i] = (struct gnttab_copy){
            .source = { .u.ref = FIRST + i, .domid = child->domain.id },
            .dest = { .u.gmfn = xen_frame_of(bench_pool[MANY + i]), .domid = DOMID_SELF },
            .len = PAGE,
            .flags = GNTCOPY_source_gref,
        };
    took = timed(GNTTABOP_copy, copies, count);
    for (unsigned int i = 0; i < count; i++)
        if (copies[i].status != GNTST_okay)
            pv_print("bench: copy: %d\n", copies[i].status);
    return took;
}

/* In line, so that no call goes by a pointer. */
static inline __attribute__((always_inline)) void row_of(const char *name, unsigned int count,
                                                         uint64_t (*batch)(unsigned int))
{
    uint64_t least = ~0ul;
    char text[80];

    for (unsigned int r = 0; r < ROUNDS; r++)
        lower(&least, batch(count));
    pv_format(text, sizeof(text), "%s, %u in a call, each", name, count);
    row(text, least / count);
}

static void rows_of_grants(void)
{
    for (unsigned int i = 0; i < MANY; i++)
        bench_remap(bench_pool[i], 0);
    row_of("domains: grant map and unmap of a page", 1, map_and_unmap);
    row_of("domains: grant map and unmap of a page", MANY, map_and_unmap);
    for (unsigned int i = 0; i < MANY; i++)
        bench_remap(bench_pool[i], bench_entry(bench_pool[i], PRESENT_WRITABLE));
    row_of("domains: grant copy of 4 KiB", 1, copy_grants);
    row_of("domains: grant copy of 4 KiB", MANY, copy_grants);
}

/* Frames of the child mapped by their numbers, as a toolstack does, and the domain's own back. */
static uint64_t map_frames(unsigned int count)
{
    uint64_t start, took;

    for (unsigned int i = 0; i < count; i++)
        updates[i] = (struct mmu_update){ bench_entry_address(bench_pool[i]),
                                          child->domain.frames[512 + i] * PAGE | PRESENT_WRITABLE };
    start = pv_ticks();
    if (hypercall4(__HYPERVISOR_mmu_update, updates, count, 0, child->domain.id) < 0)
        pv_print("bench: foreign map failed\n");
    took = pv_ticks() - start;
    for (unsigned int i = 0; i < count; i++)
        updates[i].val = bench_entry(bench_pool[i], PRESENT_WRITABLE);
    start = pv_ticks();
    hypercall4(__HYPERVISOR_mmu_update, updates, count, 0, DOMID_SELF);
    return took + pv_ticks() - start;
}

static uint64_t polled_turns(unsigned int turns)
{
    uint64_t start = pv_ticks();

    for (unsigned int i = 0; i < turns; i++) {
        send(child->bell);
        poll_for(child->bell);
    }
    return pv_ticks() - start;
}

static uint64_t upcall_turns(unsigned int turns)
{
    uint64_t start = pv_ticks();

    for (unsigned int i = 0; i < turns; i++) {
        send(child->bell);
        sleep_for_upcall();
    }
    return pv_ticks() - start;
}

/* The child is busy for as many turns as are asked for; the first are not counted. */
static void rows_of_events(const char *where)
{
    char text[96];
    long result;

    xen_child_ask(child, CHILD_ECHO_POLLED, SETTLED + TURNS);
    poll_for(child->bell);
    polled_turns(SETTLED);
    pv_format(text, sizeof(text), "domains: event there and back, polls, %s", where);
    row(text, polled_turns(TURNS) / TURNS);
    xen_child_answer(child, &result);

    xen_child_ask(child, CHILD_ECHO_UPCALLS, SETTLED + TURNS);
    poll_for(child->bell);
    pv_irq_disable();
    xen_unmask_port(child->bell);
    upcall_turns(SETTLED);
    pv_format(text, sizeof(text), "domains: event there and back, upcalls, %s", where);
    row(text, upcall_turns(TURNS) / TURNS);
    xen_mask_port(child->bell);
    xen_child_answer(child, &result);
}

/* A domain's life: what the hypervisor had of it. */
static void rows_of_life(void)
{
    static struct xen_domain d;
    uint64_t made = ~0ul, ended = ~0ul;

    for (unsigned int r = 0; r < 3; r++) {
        xen_domain_spent = 0;
        if (xen_domain_create(&d, "child") < 0)
            return;
        lower(&made, xen_domain_spent);
        xen_domain_spent = 0;
        xen_domain_destroy(&d);
        lower(&ended, xen_domain_spent);
        while (xen_domain_flags(d.id) != ~0u)
            hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
    }
    row("domains: a domain of 5 MiB made by domctls and foreign maps", made);
    row("domains: a domain of 5 MiB destroyed, memory given back", ended);
}

static bool start(void)
{
    child = &xen_children[0];
    return xen_child_start(child) == 0;
}

void bench_domains(void)
{
    long result = -1;

    if (!start())
        return;
    xen_child_ask(child, CHILD_GRANTS, 0);
    if (xen_child_answer(child, &result) && result == 0)
        rows_of_grants();
    row_of("domains: foreign frame mapped, one's own again", 1, map_frames);
    row_of("domains: foreign frame mapped, one's own again", MANY, map_frames);
    rows_of_events("one CPU");
    xen_child_destroy(child);
    rows_of_life();
}

static void pin_vcpu(domid_t domain, unsigned int vcpu, uint8_t cpus)
{
    struct xen_domctl op = { 0 };

    op.u.vcpuaffinity.vcpu = vcpu;
    op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, &cpus);
    op.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
    if (xen_domctl(&op, XEN_DOMCTL_setvcpuaffinity, domain) < 0)
        pv_print("bench: a vCPU cannot be pinned\n");
}

/* On two CPUs, one a domain.  The emulator runs them by turns: instructions of both are counted. */
void bench_domains_pair(void)
{
    pin_vcpu(0, 0, 1);
    if (!start())
        return;
    pin_vcpu(child->domain.id, 0, 2);
    rows_of_events("two CPUs");
    xen_child_destroy(child);
}

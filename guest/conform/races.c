/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two and four vCPUs at one thing.  Whatever the order, each call succeeds or is refused for a reason
 * of that moment, and nothing is left over: no port twice, no event lost, no reference kept.
 */
#include "mmu.h"

#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/sched.h>

#define EVENT   __HYPERVISOR_event_channel_op
#define MAX     4
#define TURNS   100u
#define PORTS   40u
#define ENTRIES 16u
#define REF     200u
#define MS      1000000ul

/* One case for each number of vCPUs; the body follows, and is told the number. */
#define RACE(name_, section_, kinds_) \
    static void race_##name_(unsigned int cpus); \
    CASE_CPUS(races, name_##_by_2, section_, kinds_, 2) \
    { \
        race_##name_(2); \
    } \
    CASE_CPUS(races, name_##_by_4, section_, kinds_, MAX) \
    { \
        race_##name_(MAX); \
    } \
    static void race_##name_(unsigned int cpus)

/* What each vCPU does, and how often it met what must not be; its number is its argument. */
static void (*work)(unsigned int cpu);
static unsigned int runners, at_start;
static volatile unsigned int wrong[MAX];

static void take_part(void *argument)
{
    unsigned int cpu = (unsigned int)(uint64_t)argument;

    __atomic_fetch_add(&at_start, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&at_start, __ATOMIC_SEQ_CST) < runners)
        __asm__ volatile("pause");
    work(cpu);
}

/* All start together; none of them met what must not be. */
static bool race(unsigned int cpus, void (*function)(unsigned int cpu))
{
    unsigned int sum = 0;

    work = function;
    runners = cpus;
    at_start = 0;
    for (unsigned int cpu = 0; cpu < cpus; cpu++)
        wrong[cpu] = 0;
    for (unsigned int cpu = 1; cpu < cpus; cpu++)
        if (!conform_start_on_cpu(cpu, take_part, (void *)(uint64_t)cpu))
            return false;
    take_part(0);
    for (unsigned int cpu = 1; cpu < cpus; cpu++)
        conform_wait_cpu(cpu);
    for (unsigned int cpu = 0; cpu < cpus; cpu++)
        sum += wrong[cpu];
    return EXPECT(sum, 0);
}

/* ---- events ---- */

static evtchn_port_t ports[MAX][PORTS];
static volatile evtchn_port_t target;

static long allocate(evtchn_port_t *port)
{
    struct evtchn_alloc_unbound arg = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
    long result = hypercall2(EVENT, EVTCHNOP_alloc_unbound, &arg);

    *port = arg.port;
    return result;
}

static long close_port(evtchn_port_t port)
{
    struct evtchn_close arg = { .port = port };

    return hypercall2(EVENT, EVTCHNOP_close, &arg);
}

static long send(evtchn_port_t port)
{
    struct evtchn_send arg = { .port = port };

    return hypercall2(EVENT, EVTCHNOP_send, &arg);
}

static uint64_t pending(evtchn_port_t port)
{
    return __atomic_load_n(&xen_shared_info->evtchn_pending[port / 64], __ATOMIC_SEQ_CST) >>
               port % 64 &
           1;
}

static void clear_pending(evtchn_port_t port)
{
    __atomic_fetch_and(&xen_shared_info->evtchn_pending[port / 64], ~(1ul << port % 64),
                       __ATOMIC_SEQ_CST);
}

static void allocate_some(unsigned int cpu)
{
    for (unsigned int i = 0; i < PORTS; i++)
        wrong[cpu] += allocate(&ports[cpu][i]) != 0;
}

static void close_own(unsigned int cpu)
{
    for (unsigned int i = 0; i < PORTS; i++)
        wrong[cpu] += close_port(ports[cpu][i]) != 0;
}

static unsigned int times_given(evtchn_port_t port, unsigned int cpus)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < cpus * PORTS; i++)
        count += ports[i / PORTS][i % PORTS] == port;
    return count;
}

RACE(ports_given_once, "event_channel.h, EVTCHNOP_alloc_unbound", ANY)
{
    if (!race(cpus, allocate_some))
        return;
    for (unsigned int i = 0; i < cpus * PORTS; i++)
        EXPECT(times_given(ports[i / PORTS][i % PORTS], cpus), 1);
    race(cpus, close_own);
    EXPECT(close_port(ports[0][0]), -XEN_EINVAL);
}

static void send_once(unsigned int cpu)
{
    wrong[cpu] += send(target) != 0;
}

RACE(no_event_is_lost, "event_channel.h, EVTCHNOP_send", ANY)
{
    struct evtchn_bind_interdomain bind = { .remote_dom = DOMID_SELF };
    evtchn_port_t port;

    REQUIRE(allocate(&port), 0);
    bind.remote_port = port;
    REQUIRE(hypercall2(EVENT, EVTCHNOP_bind_interdomain, &bind), 0);
    xen_mask_port(bind.local_port);
    target = port;
    for (unsigned int turn = 0; turn < TURNS; turn++) {
        clear_pending(bind.local_port);
        if (!race(cpus, send_once))
            break;
        EXPECT(pending(bind.local_port), 1);
    }
    clear_pending(bind.local_port);
    EXPECT(close_port(bind.local_port), 0);
    EXPECT(close_port(port), 0);
}

/* The first opens and closes a port, the others send to it: it is there, or it is not. */
static void open_or_send(unsigned int cpu)
{
    for (unsigned int turn = 0; turn < TURNS; turn++) {
        evtchn_port_t port;
        long result;

        if (cpu == 0) {
            wrong[0] += allocate(&port) != 0;
            target = port;
            wrong[0] += close_port(port) != 0;
        } else {
            result = send(target);
            wrong[cpu] += result != 0 && result != -XEN_EINVAL;
        }
        __asm__ volatile("pause");
    }
}

RACE(send_against_close, "event_channel.h, EVTCHNOP_close", ANY)
{
    evtchn_port_t port;

    REQUIRE(allocate(&port), 0);
    target = port;
    EXPECT(close_port(port), 0);
    race(cpus, open_or_send);
    EXPECT(allocate(&port), 0);
    EXPECT(close_port(port), 0);
}

/* ---- sleep ---- */

static void poll_in_vain(unsigned int cpu)
{
    evtchn_port_t port = target;
    struct sched_poll poll = { .nr_ports = 1 };

    set_xen_guest_handle(poll.ports, &port);
    for (unsigned int turn = 0; turn < 10; turn++) {
        uint64_t end = pv_time_ns() + MS;

        poll.timeout = end;
        wrong[cpu] += hypercall2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll) != 0;
        wrong[cpu] += pv_time_ns() < end;
    }
}

RACE(each_poll_has_its_timeout, "sched.h, struct sched_poll", ANY)
{
    evtchn_port_t port;

    REQUIRE(allocate(&port), 0);
    xen_mask_port(port);
    clear_pending(port);
    target = port;
    race(cpus, poll_in_vain);
    EXPECT(close_port(port), 0);
}

/* ---- page tables ---- */

static void pin_and_unpin(unsigned int cpu)
{
    for (unsigned int turn = 0; turn < TURNS; turn++)
        if (pin(1, pool(0)) == 0)
            wrong[cpu] += unpin(pool(0)) != 0;
}

RACE(one_pin_of_a_page, "xen.h, MMUEXT_PIN_L1_TABLE", PV)
{
    REQUIRE(read_only(pool(0)), 0);
    race(cpus, pin_and_unpin);
    EXPECT(unpin(pool(0)), -XEN_EINVAL);
    EXPECT(writable(pool(0)), 0);
}

/* Each writes its own page into the same entries; the last one's is what counts. */
static void write_entries(unsigned int cpu)
{
    const uint64_t *table = pool(0);

    for (unsigned int turn = 0; turn < TURNS; turn++)
        wrong[cpu] += update(&table[turn % ENTRIES], entry(pool(1 + cpu), WRITABLE), 0) != 0;
}

RACE(entries_keep_no_old_page, "xen.h, HYPERVISOR_mmu_update()", PV)
{
    const uint64_t *table = pool(0);

    if (!table_pin(pool(0), 1))
        return;
    race(cpus, write_entries);
    for (unsigned int i = 0; i < ENTRIES; i++)
        EXPECT(update(&table[i], 0, 0), 0);
    /* A page that somebody maps writable can be no table. */
    for (unsigned int cpu = 0; cpu < cpus; cpu++)
        if (table_pin(pool(1 + cpu), 1))
            table_unpin(pool(1 + cpu));
    table_unpin(pool(0));
}

/* ---- grants ---- */

static struct grant_entry_v1 *table;

static bool grant_table(void)
{
    static uint8_t page[PAGE_SIZE] __attribute__((aligned(4096)));
    xen_pfn_t frame = 0;
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };

    set_xen_guest_handle(setup.frame_list, &frame);
    if (!EXPECT(hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &setup, 1), 0) ||
        !EXPECT(setup.status, GNTST_okay) || !EXPECT(set_va(page, frame << 12 | WRITABLE), 0))
        return false;
    table = (struct grant_entry_v1 *)page;
    return true;
}

/* Mapped at a place of this vCPU's own, and unmapped. */
static void map_and_unmap(unsigned int cpu)
{
    for (unsigned int turn = 0; turn < TURNS; turn++) {
        struct gnttab_map_grant_ref map = { .host_addr = (uint64_t)pool(1 + cpu),
                                            .flags = GNTMAP_host_map,
                                            .ref = REF };
        struct gnttab_unmap_grant_ref unmap = { .host_addr = map.host_addr };

        hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, &map, 1);
        wrong[cpu] += map.status != GNTST_okay;
        unmap.handle = map.handle;
        hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, &unmap, 1);
        wrong[cpu] += unmap.status != GNTST_okay;
    }
}

RACE(grant_in_use_until_the_last_unmaps, "grant_table.h, GTF_reading, GTF_writing", PV)
{
    if (!grant_table())
        return;
    table[REF] = (struct grant_entry_v1){ .frame = (uint32_t)mfn(pool(0)) };
    __atomic_store_n(&table[REF].flags, GTF_permit_access, __ATOMIC_SEQ_CST);
    for (unsigned int cpu = 0; cpu < cpus; cpu++)
        EXPECT(set_va(pool(1 + cpu), 0), 0);
    race(cpus, map_and_unmap);
    EXPECT(__atomic_load_n(&table[REF].flags, __ATOMIC_SEQ_CST), GTF_permit_access);
    table[REF].flags = 0;
    for (unsigned int cpu = 0; cpu < cpus; cpu++)
        EXPECT(writable(pool(1 + cpu)), 0);
    if (table_pin(pool(0), 1))
        table_unpin(pool(0));
}

/* Each copies a part of one page by the same grant. */
static void copy_part(unsigned int cpu)
{
    for (unsigned int turn = 0; turn < TURNS; turn++) {
        struct gnttab_copy copy = {
            .source = { .u.ref = REF, .offset = (uint16_t)(cpu * 1024) },
            .dest = { .u.gmfn = mfn(pool(1)),
                      .domid = DOMID_SELF,
                      .offset = (uint16_t)(cpu * 1024) },
            .len = 1024,
            .flags = GNTCOPY_source_gref,
        };

        hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_copy, &copy, 1);
        wrong[cpu] += copy.status != GNTST_okay;
    }
}

RACE(copies_of_one_grant, "grant_table.h, GNTTABOP_copy", PV)
{
    uint64_t *from = pool(0), *to = pool(1);

    if (!grant_table())
        return;
    for (unsigned int i = 0; i < 512; i++)
        from[i] = 77ul * i;
    table[REF] = (struct grant_entry_v1){ .frame = (uint32_t)mfn(from) };
    __atomic_store_n(&table[REF].flags, GTF_permit_access, __ATOMIC_SEQ_CST);
    race(cpus, copy_part);
    EXPECT(__atomic_load_n(&table[REF].flags, __ATOMIC_SEQ_CST), GTF_permit_access);
    table[REF].flags = 0;
    EXPECT(__builtin_memcmp(from, to, cpus * 1024), 0);
}

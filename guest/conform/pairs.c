/* SPDX-License-Identifier: Apache-2.0 */
/* Two domains: event channels between them, VIRQs and their owners, frames of the other mapped. */
#include "child.h"

#include <xen/domctl.h>

#define EVENT  __HYPERVISOR_event_channel_op
#define EVENTS "event_channel.h, "

/* ---- of either domain ---- */

static bool is_pending(evtchn_port_t port)
{
    return xen_shared_info->evtchn_pending[port / 64] >> port % 64 & 1;
}

static bool take_pending(evtchn_port_t port)
{
    uint64_t bit = 1ul << port % 64;

    return __atomic_fetch_and(&xen_shared_info->evtchn_pending[port / 64], ~bit, __ATOMIC_SEQ_CST) &
           bit;
}

/* The local port, or an error. */
static long bind(domid_t domain, evtchn_port_t port)
{
    struct evtchn_bind_interdomain arg = { .remote_dom = domain, .remote_port = port };
    long error = hypercall2(EVENT, EVTCHNOP_bind_interdomain, &arg);

    return error ? error : (long)arg.local_port;
}

static long alloc(domid_t domain, domid_t remote)
{
    struct evtchn_alloc_unbound arg = { .dom = domain, .remote_dom = remote };
    long error = hypercall2(EVENT, EVTCHNOP_alloc_unbound, &arg);

    return error ? error : (long)arg.port;
}

static long send(uint64_t port)
{
    struct evtchn_send arg = { .port = (evtchn_port_t)port };

    return hypercall2(EVENT, EVTCHNOP_send, &arg);
}

static long close_port(uint64_t port)
{
    struct evtchn_close arg = { .port = (evtchn_port_t)port };

    return hypercall2(EVENT, EVTCHNOP_close, &arg);
}

static struct evtchn_status status_of(domid_t domain, long port)
{
    struct evtchn_status arg = { .dom = domain, .port = (evtchn_port_t)port };

    if (hypercall2(EVENT, EVTCHNOP_status, &arg) < 0)
        arg.status = ~0u;
    return arg;
}

static long bind_virq(uint64_t virq)
{
    struct evtchn_bind_virq arg = { .virq = (uint32_t)virq };
    long error = hypercall2(EVENT, EVTCHNOP_bind_virq, &arg);

    return error ? error : (long)arg.port;
}

/* ---- in the child ---- */

static long bind_to_dom0(uint64_t port)
{
    return bind(0, (evtchn_port_t)port);
}

static long took_event(uint64_t port)
{
    return take_pending((evtchn_port_t)port);
}

static long my_status(uint64_t port)
{
    return status_of(DOMID_SELF, (long)port).status;
}

/* ---- event channels ---- */

static domid_t id_of(unsigned int n)
{
    struct xen_child *c = conform_child(n);

    return c ? c->domain.id : NO_DOMAIN;
}

CASE(pairs, events_both_ways, EVENTS "EVTCHNOP_bind_interdomain", PV)
{
    long ours = alloc(DOMID_SELF, id_of(0)), theirs;

    EXPECT_TRUE(ours > 0);
    theirs = conform_in_child(0, bind_to_dom0, (uint64_t)ours);
    EXPECT_TRUE(theirs > 0);
    EXPECT(status_of(DOMID_SELF, ours).status, EVTCHNSTAT_interdomain);
    EXPECT(status_of(DOMID_SELF, ours).u.interdomain.dom, id_of(0));
    EXPECT(status_of(DOMID_SELF, ours).u.interdomain.port, theirs);
    take_pending((evtchn_port_t)ours);
    conform_in_child(0, took_event, (uint64_t)theirs);
    EXPECT(send((uint64_t)ours), 0);
    EXPECT(conform_in_child(0, took_event, (uint64_t)theirs), 1);
    EXPECT(conform_in_child(0, took_event, (uint64_t)theirs), 0);
    EXPECT_TRUE(!is_pending((evtchn_port_t)ours));
    EXPECT(conform_in_child(0, send, (uint64_t)theirs), 0);
    EXPECT_TRUE(take_pending((evtchn_port_t)ours));
    EXPECT(conform_in_child(0, close_port, (uint64_t)theirs), 0);
    EXPECT(close_port((uint64_t)ours), 0);
}

CASE(pairs, bind_of_a_port_for_another, EVENTS "EVTCHNOP_bind_interdomain", PV)
{
    long for_one = alloc(DOMID_SELF, id_of(1)), for_us = alloc(DOMID_SELF, DOMID_SELF);

    EXPECT(conform_in_child(0, bind_to_dom0, (uint64_t)for_one), -XEN_EINVAL);
    EXPECT(conform_in_child(0, bind_to_dom0, (uint64_t)for_us), -XEN_EINVAL);
    EXPECT(conform_in_child(0, bind_to_dom0, xen_timer_port(0)), -XEN_EINVAL);
    EXPECT(conform_in_child(0, bind_to_dom0, 1u << 20), -XEN_EINVAL);
    EXPECT(status_of(DOMID_SELF, for_one).status, EVTCHNSTAT_unbound);
    EXPECT(close_port((uint64_t)for_one), 0);
    EXPECT(close_port((uint64_t)for_us), 0);
}

CASE(pairs, bound_port_is_taken, EVENTS "EVTCHNOP_bind_interdomain", PV)
{
    long ours = alloc(DOMID_SELF, id_of(0));
    long theirs = conform_in_child(0, bind_to_dom0, (uint64_t)ours);

    EXPECT_TRUE(theirs > 0);
    EXPECT(conform_in_child(0, bind_to_dom0, (uint64_t)ours), -XEN_EINVAL);
    EXPECT(conform_in_child(0, close_port, (uint64_t)theirs), 0);
    EXPECT(close_port((uint64_t)ours), 0);
}

CASE(pairs, closed_by_the_peer, EVENTS "EVTCHNOP_close", PV)
{
    long ours = alloc(DOMID_SELF, id_of(0));
    long theirs = conform_in_child(0, bind_to_dom0, (uint64_t)ours);

    EXPECT(close_port((uint64_t)ours), 0);
    EXPECT(conform_in_child(0, my_status, (uint64_t)theirs), EVTCHNSTAT_unbound);
    EXPECT(conform_in_child(0, send, (uint64_t)theirs), 0); /* to nobody */
    EXPECT(conform_in_child(0, close_port, (uint64_t)theirs), 0);
    EXPECT(conform_in_child(0, send, (uint64_t)theirs), -XEN_EINVAL);
}

CASE(pairs, peer_dies, EVENTS "EVTCHNSTAT_unbound", PV)
{
    domid_t id = id_of(1);
    long theirs = alloc(id, DOMID_SELF), ours;

    EXPECT_TRUE(theirs > 0);
    ours = bind(id, (evtchn_port_t)theirs);
    EXPECT_TRUE(ours > 0);
    EXPECT(status_of(id, theirs).status, EVTCHNSTAT_interdomain);
    conform_end_child(1);
    EXPECT(status_of(DOMID_SELF, ours).status, EVTCHNSTAT_unbound);
    EXPECT(send((uint64_t)ours), 0);
    EXPECT(close_port((uint64_t)ours), 0);
    EXPECT(bind(id, (evtchn_port_t)theirs), -XEN_ESRCH);
    EXPECT(alloc(id, DOMID_SELF), -XEN_ESRCH);
    EXPECT(alloc(DOMID_SELF, id) > 0, 1); /* nobody need be there */
}

/* ---- VIRQs ---- */

static long set_owner(uint32_t virq, domid_t domain)
{
    struct xen_domctl op = { .u.set_virq_handler.virq = virq };

    return xen_domctl(&op, XEN_DOMCTL_set_virq_handler, domain);
}

/* Something that VIRQ_DOM_EXC tells of. */
static void a_domain_ends(void)
{
    EXPECT_TRUE(conform_child(2) != 0);
    conform_end_child(2);
}

CASE(pairs, virq_goes_to_its_owner, "domctl.h, XEN_DOMCTL_set_virq_handler", PV)
{
    long ours = bind_virq(VIRQ_DOM_EXC), theirs;

    conform_end_child(1);
    EXPECT_TRUE(ours > 0);
    EXPECT_TRUE(conform_child(1) != 0);
    theirs = conform_in_child(1, bind_virq, VIRQ_DOM_EXC);
    EXPECT_TRUE(theirs > 0);
    take_pending((evtchn_port_t)ours);
    a_domain_ends();
    EXPECT_TRUE(take_pending((evtchn_port_t)ours));
    EXPECT(conform_in_child(1, took_event, (uint64_t)theirs), 0);
    EXPECT(set_owner(VIRQ_DOM_EXC, id_of(1)), 0);
    take_pending((evtchn_port_t)ours);
    a_domain_ends();
    EXPECT(conform_in_child(1, took_event, (uint64_t)theirs), 1);
    EXPECT_TRUE(!take_pending((evtchn_port_t)ours));
    conform_end_child(1); /* its owner gone, it is Dom0's again */
    a_domain_ends();
    EXPECT_TRUE(take_pending((evtchn_port_t)ours));
    EXPECT(close_port((uint64_t)ours), 0);
}

CASE(pairs, virq_owners_refused, "domctl.h, XEN_DOMCTL_set_virq_handler", PV)
{
    EXPECT(set_owner(VIRQ_TIMER, id_of(0)), -XEN_EINVAL);
    EXPECT(set_owner(99, id_of(0)), -XEN_EINVAL);
    EXPECT(set_owner(VIRQ_DOM_EXC, NO_DOMAIN), -XEN_ESRCH);
}

/* ---- frames ---- */

static xen_pfn_t frame_of_child(const void *page)
{
    struct xen_child *c = conform_child(0);

    return c ? c->domain.frames[pv_phys(page) >> 12] : 0;
}

static long poke(uint64_t value)
{
    uint64_t was = *(volatile uint64_t *)pool(0);

    *(volatile uint64_t *)pool(0) = value;
    return (long)was;
}

CASE(pairs, foreign_frame, "xen.h, HYPERVISOR_update_va_mapping_otherdomain()", PV)
{
    xen_pfn_t frame = frame_of_child(pool(0));

    conform_in_child(0, poke, 0x1234);
    EXPECT(xen_map_frame(pool(0), id_of(0), frame, true), 0);
    EXPECT(*(volatile uint64_t *)pool(0), 0x1234);
    *(volatile uint64_t *)pool(0) = 0x4321;
    EXPECT(conform_in_child(0, poke, 0), 0x4321);
    EXPECT(xen_map_own(pool(0)), 0);
}

CASE(pairs, foreign_frame_by_a_wrong_name, "xen.h, HYPERVISOR_update_va_mapping_otherdomain()", PV)
{
    xen_pfn_t frame = frame_of_child(pool(0));

    EXPECT(xen_map_frame(pool(0), id_of(1), frame, true), -XEN_EBUSY);
    EXPECT(set_va(pool(0), frame << 12 | WRITABLE), -XEN_EBUSY);
    EXPECT(xen_map_frame(pool(0), id_of(0), mfn(pool(1)), true), -XEN_EBUSY);
    EXPECT(xen_map_frame(pool(0), NO_DOMAIN, frame, true), -XEN_ESRCH);
    EXPECT(probe_write(pool(0), 1), NO_FAULT);
}

CASE(pairs, foreign_page_table, "xen.h, HYPERVISOR_update_va_mapping_otherdomain()", PV)
{
    struct xen_child *c = conform_child(0);

    if (!c)
        return;
    EXPECT(xen_map_frame(pool(0), c->domain.id, c->domain.frames[XEN_DOMAIN_L4], true), -XEN_EBUSY);
    EXPECT(xen_map_frame(pool(0), c->domain.id, c->domain.frames[XEN_DOMAIN_L1], true), -XEN_EBUSY);
    EXPECT(xen_map_frame(pool(0), c->domain.id, c->domain.frames[XEN_DOMAIN_L1], false), 0);
    EXPECT(probe_write(pool(0), 1), 14);
    EXPECT(xen_map_own(pool(0)), 0);
}

/* Its frame is Dom0's mapping's until that goes.  The domain is found until then, dying, on Xen; on
 * Zeroth it is only that its number is not given again. */
CASE(pairs, foreign_frame_of_one_that_dies, "domctl.h, XEN_DOMCTL_destroydomain", PV)
{
    domid_t id = id_of(0);
    xen_pfn_t frame = frame_of_child(pool(0));
    uint32_t flags;

    conform_in_child(0, poke, 0x5678);
    EXPECT(xen_map_frame(pool(0), id, frame, true), 0);
    conform_end_child(0);
    EXPECT(*(volatile uint64_t *)pool(0), 0x5678);
    EXPECT(probe_write(pool(0), 1), NO_FAULT);
    flags = xen_domain_flags(id);
    EXPECT_TRUE(flags == ~0u || (flags & XEN_DOMINF_dying));
    EXPECT(xen_map_own(pool(0)), 0);
    conform_delay(10000000);
    EXPECT(xen_domain_flags(id), ~0u);
}

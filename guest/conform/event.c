/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels, two-level (xen/event_channel.h). */
#include "conform.h"

#include <xen/event_channel.h>
#include <xen/sched.h>

#define EVENT  __HYPERVISOR_event_channel_op
#define HEADER "event_channel.h, "

static long event(unsigned int op, void *argument)
{
    return hypercall2(EVENT, op, argument);
}

/* A fresh port waiting for this domain, or 0. */
static evtchn_port_t unbound(void)
{
    struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };

    return EXPECT(event(EVTCHNOP_alloc_unbound, &alloc), 0) ? alloc.port : 0;
}

static long close_port(evtchn_port_t port)
{
    struct evtchn_close arg = { .port = port };

    return event(EVTCHNOP_close, &arg);
}

static long send(evtchn_port_t port)
{
    struct evtchn_send arg = { .port = port };

    return event(EVTCHNOP_send, &arg);
}

static long unmask(evtchn_port_t port)
{
    struct evtchn_unmask arg = { .port = port };

    return event(EVTCHNOP_unmask, &arg);
}

static long bind_vcpu(evtchn_port_t port, uint32_t vcpu)
{
    struct evtchn_bind_vcpu arg = { .port = port, .vcpu = vcpu };

    return event(EVTCHNOP_bind_vcpu, &arg);
}

static struct evtchn_status status(evtchn_port_t port)
{
    struct evtchn_status arg = { .dom = DOMID_SELF, .port = port };

    __builtin_memset(&arg.u, 0xee, sizeof(arg.u));
    EXPECT(event(EVTCHNOP_status, &arg), 0);
    return arg;
}

static bool pending(evtchn_port_t port)
{
    return xen_shared_info->evtchn_pending[port / 64] >> port % 64 & 1;
}

static void clear_pending(evtchn_port_t port)
{
    __atomic_fetch_and(&xen_shared_info->evtchn_pending[port / 64], ~(1ul << port % 64),
                       __ATOMIC_SEQ_CST);
}

/* A connected pair of ports in this domain. */
struct pair {
    evtchn_port_t one, other;
};

static struct pair connect(void)
{
    struct pair pair = { .one = unbound() };
    struct evtchn_bind_interdomain bind = { .remote_dom = DOMID_SELF, .remote_port = pair.one };

    EXPECT(event(EVTCHNOP_bind_interdomain, &bind), 0);
    pair.other = bind.local_port;
    clear_pending(pair.other);
    return pair;
}

static void disconnect(struct pair pair)
{
    EXPECT(close_port(pair.other), 0);
    EXPECT(close_port(pair.one), 0);
}

static const struct row bad_arguments[] = {
    { "unknown_operation", { 15, 0 }, -XEN_ENOSYS },
    { "unknown_operation_far", { 0x7fffffff, 0 }, -XEN_ENOSYS },
    { "bind_interdomain_pointer", { EVTCHNOP_bind_interdomain, BAD_UNMAPPED }, -XEN_EFAULT },
    { "bind_virq_pointer", { EVTCHNOP_bind_virq, BAD_UNMAPPED }, -XEN_EFAULT },
    { "bind_pirq_pointer", { EVTCHNOP_bind_pirq, BAD_UNMAPPED }, -XEN_EFAULT },
    { "bind_ipi_pointer", { EVTCHNOP_bind_ipi, BAD_UNMAPPED }, -XEN_EFAULT },
    { "bind_vcpu_pointer", { EVTCHNOP_bind_vcpu, BAD_UNMAPPED }, -XEN_EFAULT },
    { "close_pointer", { EVTCHNOP_close, BAD_UNMAPPED }, -XEN_EFAULT },
    { "send_pointer", { EVTCHNOP_send, BAD_UNMAPPED }, -XEN_EFAULT },
    { "send_pointer_xen", { EVTCHNOP_send, BAD_XEN }, -XEN_EFAULT },
    { "send_pointer_noncanonical", { EVTCHNOP_send, BAD_HOLE }, -XEN_EFAULT },
    { "status_pointer", { EVTCHNOP_status, BAD_UNMAPPED }, -XEN_EFAULT },
    { "alloc_unbound_pointer", { EVTCHNOP_alloc_unbound, BAD_UNMAPPED }, -XEN_EFAULT },
    { "unmask_pointer", { EVTCHNOP_unmask, BAD_UNMAPPED }, -XEN_EFAULT },
    { "reset_pointer", { EVTCHNOP_reset, BAD_UNMAPPED }, -XEN_EFAULT },
    { "init_control_pointer", { EVTCHNOP_init_control, BAD_UNMAPPED }, -XEN_EFAULT },
    { "expand_array_pointer", { EVTCHNOP_expand_array, BAD_UNMAPPED }, -XEN_EFAULT },
    { "set_priority_pointer", { EVTCHNOP_set_priority, BAD_UNMAPPED }, -XEN_EFAULT },
    { "send_port_0", { EVTCHNOP_send, AT(struct evtchn_send, .port = 0) }, -XEN_EINVAL },
    { "send_port_closed", { EVTCHNOP_send, AT(struct evtchn_send, .port = 1000) }, -XEN_EINVAL },
    { "send_port_4095", { EVTCHNOP_send, AT(struct evtchn_send, .port = 4095) }, -XEN_EINVAL },
    { "send_port_4096", { EVTCHNOP_send, AT(struct evtchn_send, .port = 4096) }, -XEN_EINVAL },
    { "send_port_max", { EVTCHNOP_send, AT(struct evtchn_send, .port = ~0u) }, -XEN_EINVAL },
    { "close_port_0", { EVTCHNOP_close, AT(struct evtchn_close, .port = 0) }, -XEN_EINVAL },
    { "close_port_closed", { EVTCHNOP_close, AT(struct evtchn_close, .port = 1000) }, -XEN_EINVAL },
    { "close_port_max", { EVTCHNOP_close, AT(struct evtchn_close, .port = ~0u) }, -XEN_EINVAL },
    { "unmask_port_0", { EVTCHNOP_unmask, AT(struct evtchn_unmask, .port = 0) }, 0 },
    { "unmask_port_closed",
      { EVTCHNOP_unmask, AT(struct evtchn_unmask, .port = 1000) },
      -XEN_EINVAL },
    { "unmask_port_max", { EVTCHNOP_unmask, AT(struct evtchn_unmask, .port = ~0u) }, -XEN_EINVAL },
    { "bind_vcpu_port_0",
      { EVTCHNOP_bind_vcpu, AT(struct evtchn_bind_vcpu, .port = 0) },
      -XEN_EINVAL },
    { "bind_vcpu_port_closed",
      { EVTCHNOP_bind_vcpu, AT(struct evtchn_bind_vcpu, .port = 1000) },
      -XEN_EINVAL },
    { "bind_vcpu_no_vcpu",
      { EVTCHNOP_bind_vcpu, AT(struct evtchn_bind_vcpu, .port = 1, .vcpu = 8192) },
      -XEN_ENOENT },
    { "bind_ipi_no_vcpu",
      { EVTCHNOP_bind_ipi, AT(struct evtchn_bind_ipi, .vcpu = 8192) },
      -XEN_ENOENT },
    { "bind_ipi_vcpu_max",
      { EVTCHNOP_bind_ipi, AT(struct evtchn_bind_ipi, .vcpu = ~0u) },
      -XEN_ENOENT },
    { "bind_virq_none",
      { EVTCHNOP_bind_virq, AT(struct evtchn_bind_virq, .virq = NR_VIRQS) },
      -XEN_EINVAL },
    { "bind_virq_max",
      { EVTCHNOP_bind_virq, AT(struct evtchn_bind_virq, .virq = ~0u) },
      -XEN_EINVAL },
    { "bind_virq_no_vcpu",
      { EVTCHNOP_bind_virq, AT(struct evtchn_bind_virq, .virq = VIRQ_TIMER, .vcpu = 8192) },
      -XEN_ENOENT },
    { "bind_virq_twice",
      { EVTCHNOP_bind_virq, AT(struct evtchn_bind_virq, .virq = VIRQ_TIMER, .vcpu = 0) },
      -XEN_EEXIST },
    { "bind_virq_global_other_vcpu",
      { EVTCHNOP_bind_virq, AT(struct evtchn_bind_virq, .virq = VIRQ_CONSOLE, .vcpu = 1) },
      -XEN_EINVAL },
    { "bind_pirq_none",
      { EVTCHNOP_bind_pirq, AT(struct evtchn_bind_pirq, .pirq = 100000) },
      -XEN_EINVAL },
    { "bind_pirq_max",
      { EVTCHNOP_bind_pirq, AT(struct evtchn_bind_pirq, .pirq = ~0u) },
      -XEN_EINVAL },
    { "alloc_unbound_no_domain",
      { EVTCHNOP_alloc_unbound,
        AT(struct evtchn_alloc_unbound, .dom = NO_DOMAIN, .remote_dom = DOMID_SELF) },
      -XEN_ESRCH },
    { "alloc_unbound_domain_invalid",
      { EVTCHNOP_alloc_unbound,
        AT(struct evtchn_alloc_unbound, .dom = 0x8000, .remote_dom = DOMID_SELF) },
      -XEN_ESRCH },
    { "bind_interdomain_no_domain",
      { EVTCHNOP_bind_interdomain,
        AT(struct evtchn_bind_interdomain, .remote_dom = NO_DOMAIN, .remote_port = 1) },
      -XEN_ESRCH },
    { "bind_interdomain_port_0",
      { EVTCHNOP_bind_interdomain,
        AT(struct evtchn_bind_interdomain, .remote_dom = DOMID_SELF, .remote_port = 0) },
      -XEN_EINVAL },
    { "bind_interdomain_port_closed",
      { EVTCHNOP_bind_interdomain,
        AT(struct evtchn_bind_interdomain, .remote_dom = DOMID_SELF, .remote_port = 1000) },
      -XEN_EINVAL },
    { "bind_interdomain_port_max",
      { EVTCHNOP_bind_interdomain,
        AT(struct evtchn_bind_interdomain, .remote_dom = DOMID_SELF, .remote_port = ~0u) },
      -XEN_EINVAL },
    { "bind_interdomain_to_a_virq",
      { EVTCHNOP_bind_interdomain,
        AT(struct evtchn_bind_interdomain, .remote_dom = DOMID_SELF, .remote_port = 1) },
      -XEN_EINVAL },
    { "status_port_0",
      { EVTCHNOP_status, AT(struct evtchn_status, .dom = DOMID_SELF, .port = 0) },
      0 },
    { "status_port_max",
      { EVTCHNOP_status, AT(struct evtchn_status, .dom = DOMID_SELF, .port = ~0u) },
      -XEN_EINVAL },
    { "status_no_domain",
      { EVTCHNOP_status, AT(struct evtchn_status, .dom = NO_DOMAIN, .port = 1) },
      -XEN_ESRCH },
    { "reset_no_domain",
      { EVTCHNOP_reset, AT(struct evtchn_reset, .dom = NO_DOMAIN) },
      -XEN_ESRCH },
    { "set_priority_without_fifo",
      { EVTCHNOP_set_priority, AT(struct evtchn_set_priority, .port = 1, .priority = 1) },
      -XEN_ENOSYS },
    { "expand_array_without_fifo",
      { EVTCHNOP_expand_array, AT(struct evtchn_expand_array, .array_gfn = 0) },
      -XEN_EOPNOTSUPP },
    { "init_control_no_vcpu",
      { EVTCHNOP_init_control, AT(struct evtchn_init_control, .vcpu = 8192) },
      -XEN_ENOENT },
    { "init_control_unaligned",
      { EVTCHNOP_init_control, AT(struct evtchn_init_control, .offset = 4) },
      -XEN_EINVAL },
    { "init_control_over_page_end",
      { EVTCHNOP_init_control, AT(struct evtchn_init_control, .offset = 4096 - 64) },
      -XEN_EINVAL },
};
ROWS(event, bad_arguments, EVENT, "event_channel.h", ANY);

CASE(event, alloc_unbound_status, HEADER "struct evtchn_status", ANY)
{
    evtchn_port_t port = unbound();
    struct evtchn_status state = status(port);

    EXPECT(state.status, EVTCHNSTAT_unbound);
    EXPECT(state.vcpu, 0);
    EXPECT(state.u.unbound.dom, 0); /* DOMID_SELF is told by its number */
    EXPECT(close_port(port), 0);
}

CASE(event, alloc_unbound_lowest_port_first, HEADER "EVTCHNOP_alloc_unbound", ANY)
{
    evtchn_port_t first = unbound(), second = unbound();

    EXPECT(second, first + 1);
    EXPECT(close_port(first), 0);
    EXPECT(unbound(), first);
    EXPECT(close_port(first), 0);
    EXPECT(close_port(second), 0);
}

CASE(event, alloc_unbound_for_nobody, HEADER "struct evtchn_alloc_unbound", ANY)
{
    struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = NO_DOMAIN };

    /* The other end need not exist yet. */
    REQUIRE(event(EVTCHNOP_alloc_unbound, &alloc), 0);
    EXPECT(status(alloc.port).u.unbound.dom, NO_DOMAIN);
    EXPECT(close_port(alloc.port), 0);
}

CASE(event, bind_interdomain_of_another_s_port, HEADER "EVTCHNOP_bind_interdomain", ANY)
{
    struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = NO_DOMAIN };
    struct evtchn_bind_interdomain bind = { .remote_dom = DOMID_SELF };

    REQUIRE(event(EVTCHNOP_alloc_unbound, &alloc), 0);
    bind.remote_port = alloc.port;
    EXPECT(event(EVTCHNOP_bind_interdomain, &bind), -XEN_EINVAL);
    EXPECT(status(alloc.port).status, EVTCHNSTAT_unbound);
    EXPECT(close_port(alloc.port), 0);
}

CASE(event, send_to_unbound, HEADER "EVTCHNOP_send", ANY)
{
    evtchn_port_t port = unbound();

    EXPECT(send(port), 0); /* nobody there: silently lost */
    EXPECT(pending(port), 0);
    EXPECT(close_port(port), 0);
}

CASE(event, interdomain_status, HEADER "struct evtchn_status", ANY)
{
    struct pair pair = connect();
    struct evtchn_status state = status(pair.one);

    EXPECT(state.status, EVTCHNSTAT_interdomain);
    EXPECT(state.u.interdomain.dom, 0);
    EXPECT(state.u.interdomain.port, pair.other);
    EXPECT(status(pair.other).u.interdomain.port, pair.one);
    disconnect(pair);
}

CASE(event, interdomain_send_both_ways, HEADER "EVTCHNOP_send", ANY)
{
    struct pair pair = connect();

    EXPECT(send(pair.one), 0);
    EXPECT(pending(pair.other), 1);
    EXPECT(pending(pair.one), 0);
    clear_pending(pair.other);
    EXPECT(send(pair.other), 0);
    EXPECT(pending(pair.one), 1);
    EXPECT(pending(pair.other), 0);
    clear_pending(pair.one);
    disconnect(pair);
}

CASE(event, bind_interdomain_sets_local_pending, HEADER "EVTCHNOP_bind_interdomain", ANY)
{
    struct evtchn_bind_interdomain bind = { .remote_dom = DOMID_SELF, .remote_port = unbound() };

    REQUIRE(event(EVTCHNOP_bind_interdomain, &bind), 0);
    EXPECT(pending(bind.local_port), 1);
    EXPECT(pending(bind.remote_port), 0);
    clear_pending(bind.local_port);
    disconnect((struct pair){ bind.remote_port, bind.local_port });
}

CASE(event, bind_interdomain_twice, HEADER "EVTCHNOP_bind_interdomain", ANY)
{
    struct pair pair = connect();
    struct evtchn_bind_interdomain bind = { .remote_dom = DOMID_SELF, .remote_port = pair.one };

    EXPECT(event(EVTCHNOP_bind_interdomain, &bind), -XEN_EINVAL);
    EXPECT(status(pair.one).u.interdomain.port, pair.other);
    disconnect(pair);
}

CASE(event, close_makes_peer_unbound, HEADER "EVTCHNOP_close", ANY)
{
    struct pair pair = connect();
    struct evtchn_status state;

    EXPECT(close_port(pair.other), 0);
    state = status(pair.one);
    EXPECT(state.status, EVTCHNSTAT_unbound);
    EXPECT(state.u.unbound.dom, 0);
    EXPECT(status(pair.other).status, EVTCHNSTAT_closed);
    EXPECT(close_port(pair.one), 0);
}

CASE(event, close_clears_pending, HEADER "EVTCHNOP_close", ANY)
{
    struct pair pair = connect();

    EXPECT(send(pair.one), 0);
    EXPECT(pending(pair.other), 1);
    EXPECT(close_port(pair.other), 0);
    EXPECT(pending(pair.other), 0);
    EXPECT(close_port(pair.one), 0);
}

CASE(event, close_twice, HEADER "EVTCHNOP_close", ANY)
{
    evtchn_port_t port = unbound();

    EXPECT(close_port(port), 0);
    EXPECT(close_port(port), -XEN_EINVAL);
}

CASE(event, send_after_close, HEADER "EVTCHNOP_send", ANY)
{
    evtchn_port_t port = unbound();

    EXPECT(close_port(port), 0);
    EXPECT(send(port), -XEN_EINVAL);
}

CASE(event, status_of_virq, HEADER "struct evtchn_status", ANY)
{
    struct evtchn_status state = status(xen_timer_port(0));

    EXPECT(state.status, EVTCHNSTAT_virq);
    EXPECT(state.u.virq, VIRQ_TIMER);
    EXPECT(state.vcpu, 0);
}

CASE(event, status_of_ipi, HEADER "struct evtchn_status", ANY)
{
    EXPECT(status(xen_ipi_port(0)).status, EVTCHNSTAT_ipi);
}

CASE(event, status_of_closed, HEADER "EVTCHNSTAT_closed", ANY)
{
    evtchn_port_t port = unbound();
    struct evtchn_status state;

    EXPECT(close_port(port), 0);
    state = status(port);
    EXPECT(state.status, EVTCHNSTAT_closed);
    EXPECT(state.vcpu, 0);
}

CASE(event, status_beyond_the_allocated, HEADER "EVTCHNSTAT_closed", ANY)
{
    struct evtchn_status arg = { .dom = DOMID_SELF, .port = 4096 };

    EXPECT(event(EVTCHNOP_status, &arg), -XEN_EINVAL);
    arg.port = 4095;
    EXPECT(event(EVTCHNOP_status, &arg), -XEN_EINVAL);
}

CASE(event, send_to_virq, HEADER "EVTCHNOP_send", ANY)
{
    EXPECT(send(xen_timer_port(0)), -XEN_EINVAL);
}

CASE(event, ipi_to_self, HEADER "EVTCHNOP_bind_ipi", ANY)
{
    struct evtchn_bind_ipi bind = { .vcpu = 0 };

    REQUIRE(event(EVTCHNOP_bind_ipi, &bind), 0);
    EXPECT(send(bind.port), 0);
    EXPECT(pending(bind.port), 1);
    clear_pending(bind.port);
    EXPECT(close_port(bind.port), 0);
}

CASE(event, bind_ipi_again_is_another_port, HEADER "EVTCHNOP_bind_ipi", ANY)
{
    struct evtchn_bind_ipi one = { .vcpu = 0 }, two = { .vcpu = 0 };

    REQUIRE(event(EVTCHNOP_bind_ipi, &one), 0);
    REQUIRE(event(EVTCHNOP_bind_ipi, &two), 0);
    EXPECT_TRUE(one.port != two.port);
    EXPECT(close_port(one.port), 0);
    EXPECT(close_port(two.port), 0);
}

CASE_CPUS(event, bind_vcpu_moves_a_port, HEADER "EVTCHNOP_bind_vcpu", ANY, 2)
{
    evtchn_port_t port = unbound();

    EXPECT(bind_vcpu(port, 1), 0);
    EXPECT(status(port).vcpu, 1);
    EXPECT(close_port(port), 0);
    EXPECT(unbound(), port);
    EXPECT(status(port).vcpu, 0); /* a reused port starts on CPU 0 */
    EXPECT(close_port(port), 0);
}

CASE(event, bind_vcpu_of_ipi, HEADER "EVTCHNOP_bind_vcpu", ANY)
{
    EXPECT(bind_vcpu(xen_ipi_port(0), 0), -XEN_EINVAL);
}

CASE(event, bind_vcpu_of_percpu_virq, HEADER "EVTCHNOP_bind_vcpu", ANY)
{
    EXPECT(bind_vcpu(xen_timer_port(0), 0), -XEN_EINVAL);
}

CASE_CPUS(event, bind_vcpu_of_global_virq, HEADER "EVTCHNOP_bind_vcpu", ANY, 2)
{
    struct evtchn_bind_virq bind = { .virq = VIRQ_CONSOLE };

    REQUIRE(event(EVTCHNOP_bind_virq, &bind), 0);
    EXPECT(bind_vcpu(bind.port, 1), 0);
    EXPECT(status(bind.port).vcpu, 1);
    EXPECT(close_port(bind.port), 0);
}

CASE(event, close_virq_and_bind_again, HEADER "EVTCHNOP_bind_virq", ANY)
{
    struct evtchn_bind_virq bind = { .virq = VIRQ_DEBUG, .vcpu = 0 };

    REQUIRE(event(EVTCHNOP_bind_virq, &bind), 0);
    EXPECT(event(EVTCHNOP_bind_virq, &bind), -XEN_EEXIST);
    EXPECT(close_port(bind.port), 0);
    EXPECT(event(EVTCHNOP_bind_virq, &bind), 0);
    EXPECT(close_port(bind.port), 0);
}

/* Every virtual interrupt that a control domain may have. */
CASE(event, bind_all_global_virqs, "xen.h, VIRQ_*", ANY)
{
    static const uint32_t virqs[] = { VIRQ_CONSOLE,  VIRQ_DOM_EXC,    VIRQ_TBUF,  VIRQ_DEBUGGER,
                                      VIRQ_CON_RING, VIRQ_PCPU_STATE, VIRQ_ENOMEM };

    for (unsigned int i = 0; i < sizeof(virqs) / sizeof(virqs[0]); i++) {
        struct evtchn_bind_virq bind = { .virq = virqs[i] };

        if (EXPECT(event(EVTCHNOP_bind_virq, &bind), 0))
            EXPECT(close_port(bind.port), 0);
    }
}

CASE(event, bind_virq_of_no_meaning, "xen.h, VIRQ_*", ANY)
{
    struct evtchn_bind_virq bind = { .virq = 5 };

    EXPECT(event(EVTCHNOP_bind_virq, &bind), 0);
    EXPECT(close_port(bind.port), 0);
}

/* ---- delivery ---- */

static void ready_to_look(void)
{
    struct vcpu_info *info = xen_vcpu_info();

    info->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
}

CASE(event, masked_port_does_not_notify, "xen.h, struct shared_info", PV)
{
    struct pair pair = connect();

    xen_mask_port(pair.other);
    ready_to_look();
    EXPECT(send(pair.one), 0);
    EXPECT(pending(pair.other), 1);
    EXPECT(xen_vcpu_info()->evtchn_upcall_pending, 0);
    EXPECT(xen_vcpu_info()->evtchn_pending_sel, 0);
    clear_pending(pair.other);
    disconnect(pair);
}

CASE(event, unmasked_port_notifies, "xen.h, struct vcpu_info", PV)
{
    struct pair pair = connect();

    EXPECT(unmask(pair.other), 0);
    ready_to_look();
    EXPECT(send(pair.one), 0);
    EXPECT(xen_vcpu_info()->evtchn_upcall_pending, 1);
    EXPECT(xen_vcpu_info()->evtchn_pending_sel, 1ul << pair.other / 64);
    xen_mask_port(pair.other);
    clear_pending(pair.other);
    ready_to_look();
    disconnect(pair);
}

CASE(event, send_again_is_one_edge, "xen.h, struct shared_info", PV)
{
    struct pair pair = connect();

    EXPECT(unmask(pair.other), 0);
    ready_to_look();
    EXPECT(send(pair.one), 0);
    ready_to_look();
    EXPECT(send(pair.one), 0); /* pending already: no 0 to 1 transition */
    EXPECT(xen_vcpu_info()->evtchn_upcall_pending, 0);
    xen_mask_port(pair.other);
    clear_pending(pair.other);
    disconnect(pair);
}

CASE(event, selector_set_already_is_no_upcall, "xen.h, struct vcpu_info", PV)
{
    struct pair pair = connect();

    EXPECT(unmask(pair.other), 0);
    ready_to_look();
    xen_vcpu_info()->evtchn_pending_sel = 1ul << pair.other / 64;
    EXPECT(send(pair.one), 0);
    EXPECT(pending(pair.other), 1);
    EXPECT(xen_vcpu_info()->evtchn_upcall_pending, 0);
    xen_mask_port(pair.other);
    clear_pending(pair.other);
    ready_to_look();
    disconnect(pair);
}

CASE(event, unmask_of_pending_notifies, HEADER "EVTCHNOP_unmask", PV)
{
    struct pair pair = connect();

    xen_mask_port(pair.other);
    EXPECT(send(pair.one), 0);
    ready_to_look();
    EXPECT(unmask(pair.other), 0);
    EXPECT(xen_vcpu_info()->evtchn_upcall_pending, 1);
    EXPECT(xen_vcpu_info()->evtchn_pending_sel, 1ul << pair.other / 64);
    EXPECT(xen_shared_info->evtchn_mask[pair.other / 64] >> pair.other % 64 & 1, 0);
    xen_mask_port(pair.other);
    clear_pending(pair.other);
    ready_to_look();
    disconnect(pair);
}

CASE(event, unmask_of_unmasked_does_nothing, HEADER "EVTCHNOP_unmask", PV)
{
    struct pair pair = connect();

    EXPECT(unmask(pair.other), 0);
    EXPECT(send(pair.one), 0);
    ready_to_look();
    EXPECT(unmask(pair.other), 0);
    EXPECT(xen_vcpu_info()->evtchn_upcall_pending, 0);
    xen_mask_port(pair.other);
    clear_pending(pair.other);
    disconnect(pair);
}

static void nothing(void *argument)
{
    (void)argument;
}

CASE_CPUS(event, port_of_another_cpu_notifies_there, HEADER "EVTCHNOP_bind_vcpu", PV, 2)
{
    struct pair pair = connect();
    volatile struct vcpu_info *other = (struct vcpu_info *)pv_cpus[1].shared;

    conform_on_cpu(1, nothing, 0);
    EXPECT(bind_vcpu(pair.other, 1), 0);
    EXPECT(unmask(pair.other), 0);
    ready_to_look();
    other->evtchn_pending_sel = 0;
    other->evtchn_upcall_pending = 0;
    EXPECT(send(pair.one), 0);
    EXPECT(xen_vcpu_info()->evtchn_upcall_pending, 0);
    EXPECT(other->evtchn_upcall_pending, 1);
    EXPECT(other->evtchn_pending_sel, 1ul << pair.other / 64);
    xen_mask_port(pair.other);
    clear_pending(pair.other);
    disconnect(pair);
}

/* ---- upcalls ---- */

static volatile unsigned int upcalls;
static volatile evtchn_port_t last_port;

void xen_event(evtchn_port_t port)
{
    upcalls++;
    last_port = port;
}

CASE(event, upcall_comes_when_unmasked, "xen.h, struct vcpu_info", ANY)
{
    struct pair pair = connect();

    EXPECT(unmask(pair.other), 0);
    upcalls = 0;
    EXPECT(send(pair.one), 0);
    EXPECT(upcalls, 0);
    pv_irq_enable();
    __asm__ volatile("nop"); /* STI's shadow is one instruction long */
    pv_irq_disable();
    EXPECT(upcalls, 1);
    EXPECT(last_port, pair.other);
    EXPECT(pending(pair.other), 0);
    xen_mask_port(pair.other);
    disconnect(pair);
}

CASE(event, upcall_at_the_end_of_send, "xen.h, struct vcpu_info", ANY)
{
    struct pair pair = connect();

    EXPECT(unmask(pair.other), 0);
    upcalls = 0;
    pv_irq_enable();
    EXPECT(send(pair.one), 0);
    EXPECT(upcalls, 1);
    EXPECT(send(pair.one), 0);
    EXPECT(upcalls, 2);
    pv_irq_disable();
    xen_mask_port(pair.other);
    disconnect(pair);
}

CASE(event, upcall_masks_and_iret_unmasks, "xen.h, struct vcpu_info", PV)
{
    struct pair pair = connect();

    EXPECT(unmask(pair.other), 0);
    upcalls = 0;
    pv_irq_enable();
    EXPECT(send(pair.one), 0);
    EXPECT(xen_vcpu_info()->evtchn_upcall_mask, 0);
    pv_irq_disable();
    xen_mask_port(pair.other);
    disconnect(pair);
}

CASE(event, many_ports, HEADER "EVTCHNOP_alloc_unbound", ANY)
{
    evtchn_port_t first = unbound(), last = first;

    for (unsigned int i = 1; i < 300; i++)
        last = unbound();
    EXPECT_TRUE(last >= first + 299); /* others may have ports between */
    for (evtchn_port_t port = first; port <= last; port++)
        if (close_port(port) != 0)
            EXPECT(port, 0);
}

CASE(event, every_port_of_the_domain, "event_channel.h, EVTCHN_2L_NR_CHANNELS", ANY)
{
    struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
    evtchn_port_t first = unbound(), last = first;
    long result;

    while ((result = event(EVTCHNOP_alloc_unbound, &alloc)) == 0)
        last = alloc.port;
    EXPECT(result, -XEN_ENOSPC);
    EXPECT(last, EVTCHN_2L_NR_CHANNELS - 1);
    for (evtchn_port_t port = first; port <= last; port++)
        close_port(port);
    EXPECT(unbound(), first);
    EXPECT(close_port(first), 0);
}

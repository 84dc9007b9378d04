/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/sched.h"

#include "abi/copy.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/vcpu.h"

#include <xen/sched.h>

#define POLL_PORTS_MAX 128

static long do_yield(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)arg;
    (void)extra;
    vcpu_yield(v);
    return 0;
}

static long do_block(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)arg;
    (void)extra;
    /* First: who sends an event now finds it unmasked, or is seen by the look for pending ones. */
    v->info->evtchn_upcall_mask = 0;
    sched_block(v);
    return 0;
}

static long do_shutdown(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct sched_shutdown *a = arg;

    (void)extra;
    domain_shutdown(v->domain, (uint8_t)a->reason);
    return 0;
}

/* Is an event pending on one of the ports?  Once the poll has begun, none is missed: 0: it goes on. */
static long poll_ports(struct vcpu *v, const port_t *ports, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        long rc = event_poll(v, ports[i]);

        if (rc)
            return rc;
    }
    return v->info->evtchn_upcall_pending && v->domain->kind->event_deliverable(v);
}

static bool read_ports(port_t *ports, const struct sched_poll *a)
{
    int64_t port;

    if (a->nr_ports != 1)
        return copy_from_guest(ports, (uint64_t)a->ports.p, a->nr_ports * sizeof(ports[0]));
    port = read_from_guest32((uint64_t)a->ports.p);
    ports[0] = (port_t)port;
    return port >= 0;
}

static long do_poll(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct sched_poll *a = arg;
    port_t ports[POLL_PORTS_MAX];
    long rc;

    (void)extra;
    if (a->nr_ports > POLL_PORTS_MAX)
        return -XEN_EINVAL;
    if (!read_ports(ports, a))
        return -XEN_EFAULT;
    /* Often there is nothing to wait for. */
    rc = poll_ports(v, ports, a->nr_ports);
    if (rc)
        return rc < 0 ? rc : 0;
    sched_poll(v, a->nr_ports == 1 ? ports[0] : ~0u, (ns_t)a->timeout);
    rc = poll_ports(v, ports, a->nr_ports);
    if (rc)
        vcpu_wake(v, WAIT_POLL);
    return rc < 0 ? rc : 0;
}

static long do_remote_shutdown(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct sched_remote_shutdown *a = arg;
    struct domain *d = domain_get(a->domain_id);

    (void)v;
    (void)extra;
    if (!d)
        return -XEN_ESRCH;
    domain_shutdown(d, (uint8_t)a->reason);
    domain_put(d);
    return 0;
}

static long do_watchdog(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct sched_watchdog *a = arg;

    (void)extra;
    if (a->id)
        return sched_watchdog_set(v->domain, a->id, a->timeout);
    return a->timeout ? sched_watchdog_create(v->domain, a->timeout) : -XEN_EINVAL;
}

static long do_shutdown_code(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct sched_shutdown *a = arg;
    struct domain *d = v->domain;
    bool were_on = lock_take_irq(&d->pause_lock);

    (void)extra;
    if (!d->is_shut_down && !d->shutdown_code_set) {
        d->shutdown_code = (uint8_t)a->reason;
        d->shutdown_code_set = true;
    }
    lock_release_irq(&d->pause_lock, were_on);
    return 0;
}

static long do_pin_override(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct sched_pin_override *a = arg;

    (void)extra;
    return sched_pin_override(v, a->pcpu < 0 ? -1 : a->pcpu);
}

/* HYPERVISOR_sched_op_compat: the reason is the argument itself. */
static long do_compat_shutdown(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)arg;
    domain_shutdown(v->domain, (uint8_t)extra);
    return 0;
}

#define ROW(name_, type, authority, fn) \
    { \
        SCHEDOP_##name_, #name_, sizeof(struct type), DIR_IN, KIND_ALL, authority, BOUNDED, false, \
            fn \
    }
#define ROW_NO_ARGUMENT(name_, fn) \
    { \
        SCHEDOP_##name_, #name_, 0, DIR_NONE, KIND_ALL, AUTH_SELF, BOUNDED, false, fn \
    }

const struct door_op sched_ops[] = {
    ROW_NO_ARGUMENT(yield, do_yield),
    ROW_NO_ARGUMENT(block, do_block),
    ROW(shutdown, sched_shutdown, AUTH_SELF, do_shutdown),
    ROW(poll, sched_poll, AUTH_SELF, do_poll),
    ROW(remote_shutdown, sched_remote_shutdown, AUTH_DOM0, do_remote_shutdown),
    ROW(shutdown_code, sched_shutdown, AUTH_SELF, do_shutdown_code),
    ROW(watchdog, sched_watchdog, AUTH_SELF, do_watchdog),
    ROW(pin_override, sched_pin_override, AUTH_DOM0, do_pin_override),
};
const uint16_t sched_op_count = ARRAY_SIZE(sched_ops);

const struct door_op sched_compat_ops[] = {
    ROW_NO_ARGUMENT(yield, do_yield),
    ROW_NO_ARGUMENT(block, do_block),
    ROW_NO_ARGUMENT(shutdown, do_compat_shutdown),
};
const uint16_t sched_compat_op_count = ARRAY_SIZE(sched_compat_ops);

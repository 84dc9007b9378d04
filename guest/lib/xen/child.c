/* SPDX-License-Identifier: Apache-2.0 */
/* What this kernel and a child of it have to say to each other: a page both write, and two events. */
#include "internal.h"

#include <pv-xen/domain.h>

#include <pv/ops.h>

#include <xen/domctl.h>
#include <xen/errno.h>
#include <xen/io/console.h>
#include <xen/sched.h>

#define COMMAND_LINE "child"
#define TICK         1000000000ul /* how long a wait is before the child is looked at */
#define TICKS        10

struct xen_box {
    uint32_t asked, done; /* how many questions, how many answers */
    uint64_t what, argument;
    long result;
    uint64_t words[XEN_CHILD_WORDS];
};

struct xen_child xen_children[XEN_CHILDREN];
static uint8_t boxes[XEN_CHILDREN][4096] __attribute__((aligned(4096)));
static uint8_t rings[XEN_CHILDREN][4096] __attribute__((aligned(4096)));

static void ring_bell(evtchn_port_t port)
{
    struct evtchn_send send = { .port = port };

    hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}

/* Asleep until one of the ports has an event, or for so long; no event is left pending. */
static void wait_for(evtchn_port_t *ports, unsigned int count, uint64_t ns)
{
    struct sched_poll poll = { .nr_ports = count, .timeout = ns ? pv_time_ns() + ns : 0 };

    set_xen_guest_handle(poll.ports, ports);
    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
    for (unsigned int i = 0; i < count; i++)
        __atomic_fetch_and(&xen_shared_info->evtchn_pending[ports[i] / 64], ~(1ul << ports[i] % 64),
                           __ATOMIC_SEQ_CST);
}

/* ---- the child ---- */

bool xen_is_child(const struct pv_boot *boot)
{
    return xen_start_info && !boot->privileged &&
           __builtin_memcmp(boot->command_line, COMMAND_LINE, sizeof(COMMAND_LINE)) == 0;
}

__attribute__((weak)) long xen_child_work(uint64_t what, uint64_t argument)
{
    (void)what;
    (void)argument;
    return 0;
}

static struct xen_box *my_box(void)
{
    return (struct xen_box *)pv_virt(machine_to_phys_mapping[xen_start_info->store_mfn] << 12);
}

volatile uint64_t *xen_my_words(void)
{
    return my_box()->words;
}

void xen_child_main(void)
{
    struct xen_box *box = my_box();
    evtchn_port_t port = xen_start_info->store_evtchn;

    for (;;) {
        while (__atomic_load_n(&box->asked, __ATOMIC_ACQUIRE) == box->done)
            wait_for(&port, 1, 0);
        box->result = xen_child_work(box->what, box->argument);
        __atomic_store_n(&box->done, box->done + 1, __ATOMIC_RELEASE);
        ring_bell(port);
    }
}

/* ---- its maker ---- */

static long bind(domid_t domain, evtchn_port_t theirs, evtchn_port_t *ours)
{
    struct evtchn_bind_interdomain bind = { .remote_dom = domain, .remote_port = theirs };
    long error = hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &bind);

    *ours = bind.local_port;
    return error;
}

static void close_port(evtchn_port_t port)
{
    struct evtchn_close close = { .port = port };

    hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &close);
}

static long connect(struct xen_child *c)
{
    unsigned int i = (unsigned int)(c - xen_children);
    const struct xen_domain *d = &c->domain;
    long error = bind(d->id, d->console, &c->console);

    c->box = (struct xen_box *)boxes[i];
    c->ring = (struct xencons_interface *)rings[i];
    error = error ? error : bind(d->id, d->bell, &c->bell);
    error = error ? error : xen_map_frame(c->box, d->id, d->frames[XEN_DOMAIN_BOX], true);
    error = error ? error : xen_map_frame(c->ring, d->id, d->frames[XEN_DOMAIN_CONSOLE], true);
    return error;
}

long xen_child_start(struct xen_child *c)
{
    long result, error = xen_domain_create(&c->domain, COMMAND_LINE);

    if (error)
        return error;
    c->there = true;
    error = connect(c);
    error = error ? error : xen_domain_unpause(&c->domain);
    if (!error) {
        xen_child_ask(c, 0, 0);
        error = xen_child_answer(c, &result) ? 0 : -XEN_ENODEV;
    }
    if (error)
        xen_child_destroy(c);
    return error;
}

void xen_child_destroy(struct xen_child *c)
{
    if (!c->there)
        return;
    xen_child_print(c);
    xen_map_own(c->box);
    xen_map_own(c->ring);
    close_port(c->console);
    close_port(c->bell);
    xen_domain_destroy(&c->domain);
    c->there = false;
}

void xen_child_ask(struct xen_child *c, uint64_t what, uint64_t argument)
{
    c->box->what = what;
    c->box->argument = argument;
    __atomic_store_n(&c->box->asked, c->box->asked + 1, __ATOMIC_RELEASE);
    ring_bell(c->bell);
}

static bool runs(const struct xen_child *c)
{
    uint32_t flags = xen_domain_flags(c->domain.id);

    return flags != ~0u && !(flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown));
}

bool xen_child_answer(struct xen_child *c, long *result)
{
    evtchn_port_t ports[] = { c->bell, c->console };
    uint64_t end = pv_time_ns() + TICKS * TICK;

    while (__atomic_load_n(&c->box->done, __ATOMIC_ACQUIRE) != c->box->asked) {
        if (!runs(c) || pv_time_ns() > end) {
            xen_child_print(c);
            return false;
        }
        wait_for(ports, 2, TICK);
        xen_child_print(c);
    }
    *result = c->box->result;
    return true;
}

void xen_child_print(struct xen_child *c)
{
    uint32_t end = __atomic_load_n(&c->ring->out_prod, __ATOMIC_ACQUIRE);

    for (uint32_t at = c->ring->out_cons; at != end; at++)
        pv_console_write(&c->ring->out[MASK_XENCONS_IDX(at, c->ring->out)], 1);
    __atomic_store_n(&c->ring->out_cons, end, __ATOMIC_RELEASE);
}

volatile uint64_t *xen_child_words(struct xen_child *c)
{
    return c->box->words;
}

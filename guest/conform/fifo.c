/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event channels, FIFO (xen/event_channel.h).  The domain leaves the two-level form for good, and its
 * library's ports with it: these are the last cases, in this order.
 */
#include "mmu.h"

#define EVENT  __HYPERVISOR_event_channel_op
#define HEADER "event_channel.h, "

static uint8_t control_page[PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t array_page[PAGE_SIZE] __attribute__((aligned(4096)));
#define CONTROL ((volatile struct evtchn_fifo_control_block *)control_page)
#define WORDS   ((volatile uint32_t *)array_page)

static long event(unsigned int op, void *argument)
{
    return hypercall2(EVENT, op, argument);
}

static evtchn_port_t new_ipi(void)
{
    struct evtchn_bind_ipi bind = { .vcpu = 0 };

    return EXPECT(event(EVTCHNOP_bind_ipi, &bind), 0) ? bind.port : 0;
}

static long send(evtchn_port_t port)
{
    struct evtchn_send arg = { .port = port };

    return event(EVTCHNOP_send, &arg);
}

static void close_port(evtchn_port_t port)
{
    struct evtchn_close arg = { .port = port };

    EXPECT(event(EVTCHNOP_close, &arg), 0);
}

static bool bit(evtchn_port_t port, unsigned int n)
{
    return WORDS[port] >> n & 1;
}

static void clear(evtchn_port_t port, unsigned int n)
{
    __atomic_fetch_and(&WORDS[port], ~(1u << n), __ATOMIC_SEQ_CST);
}

/* Takes everything off the queue of a priority; how many events, and the first port. */
static unsigned int drain(unsigned int priority, evtchn_port_t *first)
{
    unsigned int count = 0;

    while (CONTROL->head[priority]) {
        evtchn_port_t port = CONTROL->head[priority];
        uint32_t next = WORDS[port] & EVTCHN_FIFO_LINK_MASK;

        if (count++ == 0 && first)
            *first = port;
        __atomic_fetch_and(&WORDS[port], ~(1u << EVTCHN_FIFO_LINKED | EVTCHN_FIFO_LINK_MASK),
                           __ATOMIC_SEQ_CST);
        clear(port, EVTCHN_FIFO_PENDING);
        CONTROL->head[priority] = next;
    }
    __atomic_fetch_and(&CONTROL->ready, ~(1u << priority), __ATOMIC_SEQ_CST);
    return count;
}

CASE(fifo, control_block_of_a_bad_frame, HEADER "EVTCHNOP_init_control", LAST | PV)
{
    struct evtchn_init_control init = { .control_gfn = 0xffffffffff };

    EXPECT(event(EVTCHNOP_init_control, &init), -XEN_EINVAL);
    init.control_gfn = 0x200;
    EXPECT(event(EVTCHNOP_init_control, &init), -XEN_EINVAL);
}

CASE(fifo, control_block_in_a_page_table, HEADER "EVTCHNOP_init_control", LAST | PV)
{
    struct evtchn_init_control init = { .control_gfn = mfn(pool(0)) };

    if (!table_pin(pool(0), 1))
        return;
    EXPECT(event(EVTCHNOP_init_control, &init), -XEN_EINVAL);
    table_unpin(pool(0));
}

CASE(fifo, init_control, HEADER "EVTCHNOP_init_control", LAST | PV)
{
    struct evtchn_init_control init = { .control_gfn = mfn(control_page), .vcpu = 0 };

    REQUIRE(event(EVTCHNOP_init_control, &init), 0);
    EXPECT(init.link_bits, EVTCHN_FIFO_LINK_BITS);
}

CASE(fifo, init_control_twice, HEADER "EVTCHNOP_init_control", LAST | PV)
{
    struct evtchn_init_control init = { .control_gfn = mfn(pool(0)), .vcpu = 0 };

    EXPECT(event(EVTCHNOP_init_control, &init), -XEN_EINVAL);
}

CASE(fifo, send_without_an_array, HEADER "EVTCHNOP_expand_array", LAST | PV)
{
    EXPECT(send(xen_ipi_port(0)), 0); /* nowhere to say it */
}

CASE(fifo, expand_array_of_a_bad_frame, HEADER "EVTCHNOP_expand_array", LAST | PV)
{
    struct evtchn_expand_array expand = { .array_gfn = 0xffffffffff };

    EXPECT(event(EVTCHNOP_expand_array, &expand), -XEN_EINVAL);
}

CASE(fifo, expand_array, HEADER "EVTCHNOP_expand_array", LAST | PV)
{
    struct evtchn_expand_array expand = { .array_gfn = mfn(array_page) };

    for (unsigned int i = 0; i < 1024; i++)
        WORDS[i] = 1u << EVTCHN_FIFO_MASKED;
    EXPECT(event(EVTCHNOP_expand_array, &expand), 0);
    EXPECT(WORDS[5], 1u << EVTCHN_FIFO_MASKED);
}

CASE(fifo, masked_event_is_pending_only, HEADER "EVTCHN_FIFO_MASKED", LAST | PV)
{
    evtchn_port_t port = new_ipi();

    WORDS[port] = 1u << EVTCHN_FIFO_MASKED;
    drain(EVTCHN_FIFO_PRIORITY_DEFAULT, 0);
    EXPECT(send(port), 0);
    EXPECT(bit(port, EVTCHN_FIFO_PENDING), 1);
    EXPECT(bit(port, EVTCHN_FIFO_LINKED), 0);
    EXPECT(CONTROL->ready, 0);
    clear(port, EVTCHN_FIFO_PENDING);
    close_port(port);
}

CASE(fifo, event_is_linked, HEADER "EVTCHN_FIFO_LINKED", LAST | PV)
{
    evtchn_port_t port = new_ipi(), first = 0;

    WORDS[port] = 0;
    xen_vcpu_info()->evtchn_upcall_pending = 0;
    EXPECT(send(port), 0);
    EXPECT(bit(port, EVTCHN_FIFO_PENDING), 1);
    EXPECT(bit(port, EVTCHN_FIFO_LINKED), 1);
    EXPECT(CONTROL->ready, 1u << EVTCHN_FIFO_PRIORITY_DEFAULT);
    EXPECT(CONTROL->head[EVTCHN_FIFO_PRIORITY_DEFAULT], port);
    EXPECT(xen_vcpu_info()->evtchn_upcall_pending, 1);
    EXPECT(drain(EVTCHN_FIFO_PRIORITY_DEFAULT, &first), 1);
    EXPECT(first, port);
    close_port(port);
}

CASE(fifo, queue_is_in_order, HEADER "struct evtchn_fifo_control_block", LAST | PV)
{
    evtchn_port_t ports[3] = { new_ipi(), new_ipi(), new_ipi() };

    for (unsigned int i = 0; i < 3; i++)
        WORDS[ports[i]] = 0;
    EXPECT(send(ports[2]), 0);
    EXPECT(send(ports[0]), 0);
    EXPECT(send(ports[1]), 0);
    EXPECT(CONTROL->head[EVTCHN_FIFO_PRIORITY_DEFAULT], ports[2]);
    EXPECT(WORDS[ports[2]] & EVTCHN_FIFO_LINK_MASK, ports[0]);
    EXPECT(WORDS[ports[0]] & EVTCHN_FIFO_LINK_MASK, ports[1]);
    EXPECT(WORDS[ports[1]] & EVTCHN_FIFO_LINK_MASK, 0);
    EXPECT(drain(EVTCHN_FIFO_PRIORITY_DEFAULT, 0), 3);
    for (unsigned int i = 0; i < 3; i++)
        close_port(ports[i]);
}

CASE(fifo, send_again_is_one_link, HEADER "EVTCHN_FIFO_LINKED", LAST | PV)
{
    evtchn_port_t port = new_ipi();

    WORDS[port] = 0;
    EXPECT(send(port), 0);
    EXPECT(send(port), 0);
    EXPECT(drain(EVTCHN_FIFO_PRIORITY_DEFAULT, 0), 1);
    close_port(port);
}

CASE(fifo, priority, HEADER "EVTCHNOP_set_priority", LAST | PV)
{
    evtchn_port_t port = new_ipi();
    struct evtchn_set_priority set = { .port = port, .priority = 3 };

    WORDS[port] = 0;
    EXPECT(event(EVTCHNOP_set_priority, &set), 0);
    EXPECT(send(port), 0);
    EXPECT(CONTROL->ready, 1u << 3);
    EXPECT(drain(3, 0), 1);
    close_port(port);
}

CASE(fifo, priority_out_of_range, HEADER "EVTCHN_FIFO_PRIORITY_MIN", LAST | PV)
{
    struct evtchn_set_priority set = { .port = xen_ipi_port(0), .priority = 16 };

    EXPECT(event(EVTCHNOP_set_priority, &set), -XEN_EINVAL);
    set.priority = ~0u;
    EXPECT(event(EVTCHNOP_set_priority, &set), -XEN_EINVAL);
    set.port = 1u << 20;
    set.priority = 1;
    EXPECT(event(EVTCHNOP_set_priority, &set), -XEN_EINVAL);
}

CASE(fifo, unmask_of_pending_links, HEADER "EVTCHNOP_unmask", LAST | PV)
{
    evtchn_port_t port = new_ipi();
    struct evtchn_unmask unmask = { .port = port };

    WORDS[port] = 1u << EVTCHN_FIFO_MASKED;
    EXPECT(send(port), 0);
    EXPECT(event(EVTCHNOP_unmask, &unmask), 0);
    EXPECT(bit(port, EVTCHN_FIFO_MASKED), 0);
    EXPECT(bit(port, EVTCHN_FIFO_LINKED), 1);
    EXPECT(drain(EVTCHN_FIFO_PRIORITY_DEFAULT, 0), 1);
    close_port(port);
}

CASE(fifo, port_keeps_its_word_when_closed, HEADER "EVTCHNOP_close", LAST | PV)
{
    evtchn_port_t port = new_ipi();

    WORDS[port] = 0;
    EXPECT(send(port), 0);
    close_port(port);
    conform_note("word %x", WORDS[port]);
    drain(EVTCHN_FIFO_PRIORITY_DEFAULT, 0);
}

CASE(fifo, more_ports_than_two_level_has, HEADER "EVTCHN_FIFO_NR_CHANNELS", LAST | PV)
{
    struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
    evtchn_port_t last = 0;
    long result = 0;

    for (unsigned int i = 0; i < 5000 && result == 0; i++) {
        result = event(EVTCHNOP_alloc_unbound, &alloc);
        last = result == 0 ? alloc.port : last;
    }
    /* Dom0 may have as many as it likes, but a port needs an array page to be of use. */
    conform_note("result %ld, last port %u", result, last);
    EXPECT_TRUE(last >= 1000);
}

CASE(fifo, reset_goes_back_to_two_levels, HEADER "EVTCHNOP_reset", LAST | PV)
{
    struct evtchn_reset reset = { .dom = DOMID_SELF };
    struct evtchn_set_priority set = { .port = 1, .priority = 1 };
    evtchn_port_t port;

    EXPECT(event(EVTCHNOP_reset, &reset), 0);
    EXPECT(event(EVTCHNOP_set_priority, &set), -XEN_ENOSYS);
    port = new_ipi();
    EXPECT(send(port), 0);
    EXPECT(xen_shared_info->evtchn_pending[port / 64] >> port % 64 & 1, 1);
    close_port(port);
    EXPECT(writable(control_page), 0);
}

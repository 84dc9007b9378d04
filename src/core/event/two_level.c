/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 2-level ABI (struct shared_info in xen/xen.h): a pending and a mask bit for each of 4096
 * ports, a bit in the vCPU's selector for each word of pending bits.  The guest may write any of it
 * at any time; only single bits are set and cleared here, and nothing is believed.
 */
#include "core/event/port.h"

#define WORD_BITS 64

_Static_assert(EVTCHN_2L_NR_CHANNELS == WORD_BITS * WORD_BITS, "a selector bit for each word");

static inline uint64_t bit_of(port_t port)
{
    return 1ul << port % WORD_BITS;
}

/* Bits of pending ports begin at the same place in both layouts of shared_info, others do not. */
static inline bool narrow(const struct domain *d)
{
    return __builtin_expect(d->shared_narrow, false);
}

static inline bool has_port(const struct domain *d, port_t port)
{
    return port < EVTCHN_2L_NR_CHANNELS && !(narrow(d) && port >= SHARED_NARROW_PORTS);
}

static inline xen_ulong_t *mask_word(const struct domain *d, port_t port)
{
    if (narrow(d))
        return (xen_ulong_t *)((char *)d->shared + SHARED_NARROW_MASK) + port / WORD_BITS;
    return &d->shared->evtchn_mask[port / WORD_BITS];
}

static inline bool set_bit(xen_ulong_t *word, uint64_t bit)
{
    return __atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST) & bit;
}

static inline bool clear_bit(xen_ulong_t *word, uint64_t bit)
{
    return __atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST) & bit;
}

static inline bool test_bit(const xen_ulong_t *word, uint64_t bit)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE) & bit;
}

static inline bool select_words(volatile struct vcpu_info *info, uint64_t bits)
{
    return __atomic_fetch_or(&info->evtchn_pending_sel, bits, __ATOMIC_SEQ_CST) & bits;
}

static __attribute__((noinline)) bool select_narrow(volatile struct vcpu_info *info, uint32_t bits)
{
    volatile uint32_t *word = (volatile uint32_t *)((volatile char *)info + VCPU_INFO_NARROW_SEL);

    return __atomic_fetch_or(word, bits, __ATOMIC_SEQ_CST) & bits;
}

void event_2l_select_all(struct vcpu *v)
{
    if (narrow(v->domain))
        select_narrow(v->info, ~0u);
    else
        select_words(v->info, ~0ul);
}

/* Pending and not masked: point the vCPU at the word.  If its selector's bit was set already, the
 * guest has not come to that word yet, and was told. */
static void select_word(struct domain *d, const struct event *e, port_t port)
{
    struct vcpu *v = domain_vcpu(d, __atomic_load_n(&e->vcpu, __ATOMIC_RELAXED));
    volatile struct vcpu_info *info;
    bool was;

    if (!v)
        return;
    info = __atomic_load_n(&v->info, __ATOMIC_RELAXED);
    if (narrow(d))
        was = select_narrow(info, 1u << port / (WORD_BITS / 2));
    else
        was = select_words(info, 1ul << port / WORD_BITS);
    if (!was)
        event_signal(v);
}

/* A port above may be open for a moment when the domain comes back from FIFO. */
void event_2l_raise(struct domain *d, struct event *e, port_t port)
{
    if (!has_port(d, port) || set_bit(&d->shared->evtchn_pending[port / WORD_BITS], bit_of(port)))
        return;
    if (__atomic_load_n(&e->polled, __ATOMIC_RELAXED))
        event_wake_pollers(d, e, port);
    if (!test_bit(mask_word(d, port), bit_of(port)))
        select_word(d, e, port);
}

void event_2l_unmask(struct domain *d, struct event *e, port_t port)
{
    if (has_port(d, port) && clear_bit(mask_word(d, port), bit_of(port)) &&
        test_bit(&d->shared->evtchn_pending[port / WORD_BITS], bit_of(port)))
        select_word(d, e, port);
}

void event_2l_clear(struct domain *d, port_t port)
{
    if (has_port(d, port))
        clear_bit(&d->shared->evtchn_pending[port / WORD_BITS], bit_of(port));
}

bool event_2l_pending(const struct domain *d, port_t port)
{
    return has_port(d, port) &&
           test_bit(&d->shared->evtchn_pending[port / WORD_BITS], bit_of(port));
}

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
static bool has_port(const struct domain *d, port_t port)
{
    return port < (d->shared_narrow ? (port_t)SHARED_NARROW_PORTS : EVTCHN_2L_NR_CHANNELS);
}

static xen_ulong_t *mask_word(const struct domain *d, port_t port)
{
    char *narrow = (char *)d->shared + SHARED_NARROW_MASK;

    return (d->shared_narrow ? (xen_ulong_t *)narrow : d->shared->evtchn_mask) + port / WORD_BITS;
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

bool event_2l_select(struct vcpu *v, uint64_t bits)
{
    volatile struct vcpu_info *info = __atomic_load_n(&v->info, __ATOMIC_RELAXED);
    volatile uint32_t *narrow = (volatile uint32_t *)((volatile char *)info + VCPU_INFO_NARROW_SEL);

    if (v->domain->shared_narrow)
        return __atomic_fetch_or(narrow, (uint32_t)bits, __ATOMIC_SEQ_CST) & (uint32_t)bits;
    return __atomic_fetch_or(&info->evtchn_pending_sel, bits, __ATOMIC_SEQ_CST) & bits;
}

/* Pending and not masked: point the vCPU at the word.  If its selector's bit was set already, the
 * guest has not come to that word yet, and was told. */
static void select_word(struct domain *d, const struct event *e, port_t port)
{
    struct vcpu *v = domain_vcpu(d, __atomic_load_n(&e->vcpu, __ATOMIC_RELAXED));
    uint64_t bit = 1ul << port / (d->shared_narrow ? WORD_BITS / 2 : WORD_BITS);

    if (v && !event_2l_select(v, bit))
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

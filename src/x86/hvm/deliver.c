/* SPDX-License-Identifier: Apache-2.0 */
/* What is put into a vCPU on its way out: exceptions, NMIs, interrupts, the event upcall. */
#include "core/assert.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/startup.h"
#include "x86/hvm/vendor.h"

#define VECTOR_NMI 2

/* The upcall by a vector of the whole domain's: it stands by itself, with no APIC to be told. */
static uint8_t upcall(const struct x86_vcpu *v)
{
    const struct hvm_domain *d = hvm_domain(v->core.domain);

    if (v->hvm->upcall_vector || !v->core.info->evtchn_upcall_pending)
        return 0;
    return d->callback_vector;
}

/* The upcall by a vector of the vCPU's own goes through its APIC, once for each time that events
 * begin to be pending. */
static void raise_upcall(struct x86_vcpu *v)
{
    if (!v->hvm->upcall_vector || !__atomic_load_n(&v->core.signalled, __ATOMIC_RELAXED))
        return;
    if (__atomic_exchange_n(&v->core.signalled, false, __ATOMIC_SEQ_CST))
        hvm_lapic_request(v, v->hvm->upcall_vector);
}

bool hvm_pending(struct x86_vcpu *v)
{
    raise_upcall(v);
    return v->core.nmi_pending || v->hvm->event.type != EVENT_NONE || upcall(v) ||
           hvm_lapic_next(v) || __atomic_load_n(&v->hvm->init, __ATOMIC_RELAXED);
}

static bool put_nmi(struct x86_vcpu *v)
{
    const struct hvm_event event = { .type = EVENT_NMI, .vector = VECTOR_NMI };

    if (!v->core.nmi_pending || !hvm_vendor->can_nmi(v))
        return false;
    v->core.nmi_pending = false;
    hvm_vendor->inject(v, &event);
    return true;
}

static void put_interrupt(struct x86_vcpu *v, uint8_t vector)
{
    const struct hvm_event event = { .type = EVENT_INTERRUPT, .vector = vector };

    hvm_vendor->inject(v, &event);
}

/* Taken: something was put in already, so that interrupts have to wait. */
static void deliver_interrupts(struct x86_vcpu *v, bool taken)
{
    uint8_t vector = upcall(v), waiting;

    if (vector) {
        if (taken || !hvm_vendor->can_interrupt(v))
            hvm_vendor->want_window(v, 0);
        else
            put_interrupt(v, vector);
        return;
    }
    if (!hvm_lapic_requested(v))
        return;
    vector = hvm_lapic_next(v);
    if (vector && !taken && hvm_vendor->can_interrupt(v)) {
        hvm_lapic_accept(v, vector);
        put_interrupt(v, vector);
        return;
    }
    waiting = vector ? vector : hvm_lapic_waiting(v);
    if (waiting)
        hvm_vendor->want_window(v, waiting);
}

bool hvm_deliver(struct x86_vcpu *v)
{
    struct hvm_event *event = &v->hvm->event;
    bool taken = false;

    ASSERT(!irq_is_on());
    if (hvm_startup_due(v))
        return true;
    raise_upcall(v);
    if (event->type != EVENT_NONE) {
        hvm_vendor->inject(v, event);
        event->type = EVENT_NONE;
        taken = true;
    } else if (v->core.nmi_pending) {
        taken = put_nmi(v);
    }
    deliver_interrupts(v, taken);
    hvm_vendor->prepare(v);
    return false;
}

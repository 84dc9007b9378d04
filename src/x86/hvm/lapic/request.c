/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts that were asked for, and those in service. */
#include "x86/hvm/lapic/internal.h"

#include "core/assert.h"
#include "core/machine.h"

void hvm_lapic_raise(struct x86_vcpu *v, uint8_t vector)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    if (vector < 16) {
        l->errors |= ERROR_RECEIVE_VECTOR;
        return;
    }
    if (enabled(l))
        hvm_lapic_request(v, vector);
}

void hvm_lapic_request(struct x86_vcpu *v, uint8_t vector)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    ASSERT(vector >= 16);
    __atomic_fetch_or(&l->reg[REG_REQUEST + vector / 32], 1u << vector % 32, __ATOMIC_SEQ_CST);
    __atomic_store_n(&l->pending, true, __ATOMIC_SEQ_CST);
    vcpu_kick(&v->core);
}

uint8_t lapic_priority(const struct hvm_lapic *l)
{
    uint8_t served = highest(&l->reg[REG_SERVED]), tpr = (uint8_t)l->reg[REG_TPR];

    return tpr >> 4 >= served >> 4 ? tpr : served & 0xf0;
}

uint8_t hvm_lapic_requested(struct x86_vcpu *v)
{
    struct hvm_lapic *l = &v->hvm->lapic;
    uint8_t vector;

    if (!__atomic_load_n(&l->pending, __ATOMIC_RELAXED) || !enabled(l))
        return 0;
    /* Who raises one sets its bit, then this: one of the two is seen. */
    __atomic_store_n(&l->pending, false, __ATOMIC_SEQ_CST);
    vector = highest(&l->reg[REG_REQUEST]);
    if (vector)
        __atomic_store_n(&l->pending, true, __ATOMIC_RELAXED);
    return vector;
}

uint8_t hvm_lapic_waiting(struct x86_vcpu *v)
{
    uint8_t vector = hvm_lapic_requested(v);

    return vector && vector >> 4 > highest(&v->hvm->lapic.reg[REG_SERVED]) >> 4 ? vector : 0;
}

uint8_t hvm_lapic_next(struct x86_vcpu *v)
{
    uint8_t vector = hvm_lapic_requested(v);

    return vector && vector >> 4 > lapic_priority(&v->hvm->lapic) >> 4 ? vector : 0;
}

void hvm_lapic_accept(struct x86_vcpu *v, uint8_t vector)
{
    struct hvm_lapic *l = &v->hvm->lapic;
    uint32_t bit = 1u << vector % 32;

    __atomic_fetch_and(&l->reg[REG_REQUEST + vector / 32], ~bit, __ATOMIC_SEQ_CST);
    l->reg[REG_SERVED + vector / 32] |= bit;
}

void lapic_end_of_interrupt(struct hvm_lapic *l)
{
    uint8_t vector = highest(&l->reg[REG_SERVED]);

    if (vector)
        l->reg[REG_SERVED + vector / 32] &= ~(1u << vector % 32);
}

uint8_t hvm_lapic_tpr(const struct x86_vcpu *v)
{
    return (uint8_t)v->hvm->lapic.reg[REG_TPR];
}

void hvm_lapic_set_tpr(struct x86_vcpu *v, uint8_t tpr)
{
    v->hvm->lapic.reg[REG_TPR] = tpr;
}

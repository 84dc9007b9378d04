/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/startup.h"

#include "core/assert.h"
#include "core/machine.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/vendor.h"

#define DEBUG6_RESET 0xffff0ff0ul
#define DEBUG7_RESET 0x400ul
#define DATA_TYPE    (SEGMENT_PRESENT | SEGMENT_CODE | 0x3u)
#define CODE_TYPE    (SEGMENT_PRESENT | SEGMENT_CODE | 0xbu)
#define LDT_TYPE     (SEGMENT_PRESENT | 0x2u)
#define TSS_TYPE     (SEGMENT_PRESENT | 0xbu)
#define TSS_LIMIT    0x67u /* of a TSS: what the PVH start promises */

/* Segments after a reset, or a start-up interrupt for a page. */
static void set_real_mode(struct x86_vcpu *v, uint16_t cs, uint64_t cs_base)
{
    const struct hvm_segment data = { .attributes = DATA_TYPE, .limit = 0xffff };
    const struct hvm_segment code = { cs, CODE_TYPE, 0xffff, cs_base };
    const struct hvm_segment ldt = { .attributes = LDT_TYPE, .limit = 0xffff };
    const struct hvm_segment tss = { .attributes = TSS_TYPE, .limit = 0xffff };
    const struct hvm_segment table = { .limit = 0xffff };

    for (unsigned int s = SEGMENT_ES; s <= SEGMENT_GS; s++)
        hvm_vendor->set_segment(v, s, s == SEGMENT_CS ? &code : &data);
    hvm_vendor->set_segment(v, SEGMENT_LDTR, &ldt);
    hvm_vendor->set_segment(v, SEGMENT_TR, &tss);
    hvm_vendor->set_segment(v, SEGMENT_GDTR, &table);
    hvm_vendor->set_segment(v, SEGMENT_IDTR, &table);
}

void hvm_reset(struct x86_vcpu *v)
{
    const struct hvm_control c = { .cr0 = CR0_ET, .debug6 = DEBUG6_RESET, .debug7 = DEBUG7_RESET };

    memset(&v->regs, 0, sizeof(v->regs));
    v->regs.rflags = FLAGS_FIXED;
    v->regs.rip = 0xfff0;
    v->hvm->event = (struct hvm_event){ 0 };
    memset(v->hvm->debug, 0, sizeof(v->hvm->debug));
    v->core.nmi_pending = false;
    v->hvm->flushed--; /* its CPU may have translations by the tables that it had */
    hvm_vendor->set_control(v, &c);
    set_real_mode(v, 0xf000, 0xffff0000);
    hvm_vendor->end_shadow(v);
}

void hvm_startup_init(struct x86_vcpu *v)
{
    __atomic_store_n(&v->hvm->startup, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&v->hvm->init, true, __ATOMIC_SEQ_CST);
    vcpu_kick(&v->core);
}

void hvm_startup_begin(struct x86_vcpu *v, uint8_t page)
{
    uint32_t none = 0;

    if (!(__atomic_load_n(&v->core.waits, __ATOMIC_SEQ_CST) & WAIT_DOWN) &&
        !__atomic_load_n(&v->hvm->init, __ATOMIC_SEQ_CST))
        return; /* only who waits for one takes it */
    __atomic_compare_exchange_n(&v->hvm->startup, &none, HVM_SIPI | page, false, __ATOMIC_SEQ_CST,
                                __ATOMIC_RELAXED);
    v->core.initialised = true;
    vcpu_wake(&v->core, WAIT_DOWN);
}

static void start_at(struct x86_vcpu *v, uint8_t page)
{
    set_real_mode(v, (uint16_t)(page << 8), (uint64_t)page << 12);
    v->regs.rip = 0;
}

/* INIT keeps what a reset does not: the FPU, and of the APIC its ID and base.  A start-up interrupt finds it
 * due, or the vCPU down: it is not lost in between. */
static void take_init(struct x86_vcpu *v)
{
    hvm_reset(v);
    hvm_lapic_reset(v);
    vcpu_sleep(&v->core, WAIT_DOWN);
    __atomic_store_n(&v->hvm->init, false, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&v->hvm->startup, __ATOMIC_SEQ_CST))
        vcpu_wake(&v->core, WAIT_DOWN);
}

bool hvm_startup_due(struct x86_vcpu *v)
{
    struct hvm_vcpu *h = v->hvm;
    uint32_t startup;

    if (__atomic_load_n(&h->init, __ATOMIC_ACQUIRE)) {
        take_init(v);
        return true;
    }
    if (!__atomic_load_n(&h->startup, __ATOMIC_RELAXED))
        return false;
    startup = __atomic_exchange_n(&h->startup, 0, __ATOMIC_SEQ_CST);
    if (startup)
        start_at(v, (uint8_t)startup);
    return startup;
}

void hvm_start_pvh(struct x86_vcpu *v, uint32_t entry, uint32_t info)
{
    const struct hvm_control c = { .cr0 = CR0_PE | CR0_ET,
                                   .debug6 = DEBUG6_RESET,
                                   .debug7 = DEBUG7_RESET };
    const struct hvm_segment code = { .attributes = CODE_TYPE | SEGMENT_BIG | SEGMENT_PAGES,
                                      .limit = 0xffffffff };
    const struct hvm_segment data = { .attributes = DATA_TYPE | SEGMENT_BIG | SEGMENT_PAGES,
                                      .limit = 0xffffffff };
    const struct hvm_segment tss = { .attributes = TSS_TYPE, .limit = TSS_LIMIT };

    hvm_reset(v);
    hvm_vendor->set_control(v, &c);
    for (unsigned int s = SEGMENT_ES; s <= SEGMENT_GS; s++)
        hvm_vendor->set_segment(v, s, s == SEGMENT_CS ? &code : &data);
    hvm_vendor->set_segment(v, SEGMENT_TR, &tss);
    v->regs.rip = entry;
    v->regs.rbx = info;
}

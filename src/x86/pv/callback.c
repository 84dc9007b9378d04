/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/callback.h"

#include "abi/copy.h"
#include "core/assert.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "x86/control.h"
#include "x86/layout.h"
#include "x86/pv/bounce.h"
#include "x86/pv/calls.h"
#include "x86/pv/entry.h"
#include "x86/pv/segment.h"

#include <xen/callback.h>
#include <xen/nmi.h>

#define VECTOR_UD 6
#define VECTOR_GP 13
#define VECTOR_PF 14

bool pv_code_address_ok(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

static uint64_t *callback_slot(struct x86_vcpu *v, unsigned int type)
{
    switch (type) {
    case CALLBACKTYPE_event: return &v->pv.event_rip;
    case CALLBACKTYPE_failsafe: return &v->pv.failsafe_rip;
    case CALLBACKTYPE_syscall: return &v->pv.syscall_rip;
    case CALLBACKTYPE_sysenter: return &v->pv.sysenter_rip;
    case CALLBACKTYPE_syscall32: return &v->pv.syscall32_rip;
    case CALLBACKTYPE_nmi: return &v->pv.nmi_rip;
    }
    return NULL;
}

static void bounce_absent(struct x86_vcpu *v, unsigned int type)
{
    if (type == CALLBACKTYPE_failsafe) {
        domain_crash(v->core.domain, "its state cannot be loaded, and it has no failsafe callback");
        return;
    }
    /* As if the CPU had not been told of such calls (AMD APM 3, SYSCALL, SYSENTER). */
    if (type == CALLBACKTYPE_sysenter)
        pv_bounce_trap(v, VECTOR_GP, 0);
    else
        pv_bounce_trap(v, VECTOR_UD, 0);
}

void pv_bounce_callback(struct x86_vcpu *v, unsigned int type)
{
    struct pv_bounce to = { .rip = 0 };
    uint64_t *slot = callback_slot(v, type);

    ASSERT(slot);
    if (!*slot) {
        bounce_absent(v, type);
        return;
    }
    to.rip = *slot;
    if (type == CALLBACKTYPE_event || type == CALLBACKTYPE_nmi ||
        (v->pv.callback_masks >> type & 1))
        to.flags |= PV_BOUNCE_MASK;
    if (type == CALLBACKTYPE_failsafe)
        to.flags |= PV_BOUNCE_SEGMENTS;
    pv_bounce(v, &to);
}

void pv_user_syscall(void)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());

    if (v->pv.syscall_rip)
        pv_bounce_syscall(v);
    else
        bounce_absent(v, CALLBACKTYPE_syscall);
}

void pv_user_syscall32(void)
{
    pv_bounce_callback(x86_vcpu(current_vcpu()), CALLBACKTYPE_syscall32);
}

void pv_user_sysenter(void)
{
    pv_bounce_callback(x86_vcpu(current_vcpu()), CALLBACKTYPE_sysenter);
}

void pv_iret_fault(const struct regs *fault)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());

    v->regs.vector = fault->vector;
    v->regs.error = fault->error;
}

/* Its code or stack is of an LDT whose page was not looked at yet.  CR2 is still the fault's: nothing
 * else has faulted since. */
static void iret_page_fault(struct x86_vcpu *v)
{
    uint64_t address = cr2_read();

    irq_on();
    if (!pv_ldt_fault(v, &address))
        pv_bounce_page_fault(v, address, (uint32_t)v->regs.error);
    irq_off();
}

void pv_iret_failed(void)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());

    if (v->regs.vector == VECTOR_PF)
        iret_page_fault(v);
    else
        pv_bounce_trap(v, (unsigned int)v->regs.vector, (uint32_t)v->regs.error);
}

static long register_callback(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct callback_register *r = arg;
    struct x86_vcpu *x = x86_vcpu(v);
    uint64_t *slot = callback_slot(x, r->type);

    (void)extra;
    if (!pv_code_address_ok(r->address))
        return -XEN_EINVAL;
    if (!slot)
        return -XEN_ENOSYS;
    *slot = r->address;
    x->pv.callback_masks &= (uint8_t) ~(1u << r->type);
    if (r->flags & CALLBACKF_mask_events)
        x->pv.callback_masks |= (uint8_t)(1u << r->type);
    return 0;
}

static long unregister_callback(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct callback_unregister *u = arg;

    (void)extra;
    switch (u->type) {
    case CALLBACKTYPE_event:
    case CALLBACKTYPE_failsafe:
    case CALLBACKTYPE_syscall:
    case CALLBACKTYPE_sysenter:
    case CALLBACKTYPE_syscall32: return -XEN_EINVAL;
    case CALLBACKTYPE_nmi: x86_vcpu(v)->pv.nmi_rip = 0; return 0;
    }
    return -XEN_ENOSYS;
}

const struct door_op callback_ops[CALLBACK_OP_COUNT] = {
    { CALLBACKOP_register, "register", sizeof(struct callback_register), DIR_IN, KIND_PV, AUTH_SELF,
      BOUNDED, false, register_callback },
    { CALLBACKOP_unregister, "unregister", sizeof(struct callback_unregister), DIR_IN, KIND_PV,
      AUTH_SELF, BOUNDED, false, unregister_callback },
};

long pv_callback_op(uint64_t op, uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    return door_enter(&door_calls[__HYPERVISOR_callback_op], op, arg, 0);
}

static long register_nmi(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct xennmi_callback *c = arg;

    (void)extra;
    if (v->id != 0 || !pv_code_address_ok(c->handler_address))
        return -XEN_EINVAL;
    x86_vcpu(v)->pv.nmi_rip = c->handler_address;
    return 0;
}

static long unregister_nmi(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)arg, (void)extra;
    x86_vcpu(v)->pv.nmi_rip = 0;
    return 0;
}

const struct door_op nmi_ops[NMI_OP_COUNT] = {
    { XENNMI_register_callback, "register_callback", sizeof(struct xennmi_callback), DIR_IN,
      KIND_PV, AUTH_SELF, BOUNDED, false, register_nmi },
    { XENNMI_unregister_callback, "unregister_callback", 0, DIR_NONE, KIND_PV, AUTH_SELF, BOUNDED,
      false, unregister_nmi },
};

long pv_nmi_op(uint64_t op, uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    return door_enter(&door_calls[__HYPERVISOR_nmi_op], op, arg, 0);
}

/* What cannot be called leaves the callback as it was, without a word (measured). */
static void set_callback(struct x86_vcpu *v, unsigned int type, uint64_t address)
{
    if (!pv_code_address_ok(address))
        return;
    *callback_slot(v, type) = address;
    v->pv.callback_masks &= (uint8_t) ~(1u << type);
}

long pv_set_callbacks(uint64_t event, uint64_t failsafe, uint64_t syscall, uint64_t a3, uint64_t a4,
                      uint64_t a5)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());

    (void)a3, (void)a4, (void)a5;
    set_callback(v, CALLBACKTYPE_event, event);
    set_callback(v, CALLBACKTYPE_failsafe, failsafe);
    set_callback(v, CALLBACKTYPE_syscall, syscall);
    return 0;
}

static void clear_traps(struct x86_vcpu *v)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(v->pv.traps); i++)
        v->pv.traps[i] = (struct trap_info){ 0 };
}

long pv_set_trap_table(uint64_t table, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                       uint64_t a5)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());
    struct trap_info t;

    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    if (!table) {
        clear_traps(v);
        return 0;
    }
    for (uint64_t done = 0;; done++) {
        if (!copy_item_from_guest(&t, table, done, sizeof(t)))
            return -XEN_EFAULT;
        if (!t.address)
            return 0;
        if (!pv_code_address_ok(t.address))
            return -XEN_EINVAL;
        v->pv.traps[t.vector] = t;
        /* The list may be as long as the guest likes. */
        if (preempt_wanted()) {
            hypercall_set_argument(0, table + (done + 1) * sizeof(t));
            return DOOR_RESTART;
        }
    }
}

long pv_stack_switch(uint64_t ss, uint64_t sp, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct pv_vcpu *pv = &x86_vcpu(current_vcpu())->pv;

    (void)a2, (void)a3, (void)a4, (void)a5;
    pv->kernel_ss = ss;
    pv->kernel_sp = sp;
    return 0;
}

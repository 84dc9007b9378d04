/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_iret: a PV guest's kernel goes back to what it interrupted, or to user code. */
#include "core/machine.h"
#include "x86/control.h"
#include "x86/gdt.h"
#include "x86/pv/bounce.h"
#include "x86/pv/calls.h"
#include "x86/pv/context.h"

/* What the guest may have in RFLAGS (AMD APM 2, section 3.1.6); IF is always on in truth. */
#define FLAGS_ALLOWED (FLAGS_STATUS | FLAGS_TF | FLAGS_DF | FLAGS_NT | FLAGS_RF | FLAGS_AC | FLAGS_ID)

/* rcx and r11 as SYSRET leaves them, or as the frame says. */
static void load_registers(struct x86_vcpu *v, const struct iret_context *c)
{
    struct regs *r = &v->regs;

    r->rip = c->rip;
    r->cs = (c->cs & 0xffff) | 3;
    r->ss = (c->ss & 0xffff) | 3;
    r->rsp = c->rsp;
    r->rflags = (c->rflags & FLAGS_ALLOWED) | FLAGS_IF | FLAGS_FIXED;
    if (!(c->flags & VGCF_in_syscall)) {
        r->r11 = c->r11;
        r->rcx = c->rcx;
        r->vector = 0;
        return;
    }
    r->r11 = r->rflags;
    r->rcx = r->rip;
    /* A result that reads as a restart of the hypercall must not go the short way (entry.S). */
    if (r->cs != SELECTOR_USER_CODE || r->ss != SELECTOR_USER_DATA ||
        c->rax == (uint64_t)DOOR_RESTART)
        r->vector = 0;
}

long pv_iret(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());
    struct domain *d = v->core.domain;
    struct iret_context c;

    (void)a0, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    if (!arch_copy_from_guest(&c, v->regs.rsp, sizeof(c))) {
        domain_crash(d, "HYPERVISOR_iret: no frame on its stack");
        return 0;
    }
    if ((c.cs & 3) == 3) {
        if (v->pv.user_l4 == MFN_NONE) {
            domain_crash(d, "HYPERVISOR_iret: to user mode without user page tables");
            return 0;
        }
        pv_set_mode(v, false);
    }
    if (d->vm_assist & (1u << VMASST_TYPE_architectural_iopl))
        v->pv.iopl = c.rflags >> FLAGS_IOPL_SHIFT & 3;
    load_registers(v, &c);
    v->pv.flags &= ~(uint64_t)PV_IN_NMI;
    v->core.info->evtchn_upcall_mask = !(c.rflags & FLAGS_IF);
    return (long)c.rax;
}

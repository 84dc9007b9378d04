/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_iret: a PV guest's kernel goes back to what it interrupted, or to user code. */
#include "core/machine.h"
#include "x86/control.h"
#include "x86/copy.h"
#include "x86/gdt.h"
#include "x86/pv/bounce.h"
#include "x86/pv/calls.h"
#include "x86/pv/context.h"

/* What the guest may have in RFLAGS (AMD APM 2, section 3.1.6); IF is always on in truth. */
#define FLAGS_ALLOWED \
    (FLAGS_STATUS | FLAGS_TF | FLAGS_DF | FLAGS_NT | FLAGS_RF | FLAGS_AC | FLAGS_ID)

/* The frame on the guest's stack, each word read once.  False: perhaps by arch_copy_from_guest. */
static inline bool read_frame(struct iret_context *c, uint64_t sp)
{
    uint64_t rax = 0, r11 = 0, rcx = 0, flags = 0, rip = 0, cs = 0, rflags = 0, rsp = 0, ss = 0;

    if (!guest_range_ok(sp, sizeof(*c)))
        return false;
    guest_open();
    __asm__ goto(
        "1: movq (%[sp]), %[rax]\n"
        "2: movq 8(%[sp]), %[r11]\n"
        "3: movq 16(%[sp]), %[rcx]\n"
        "4: movq 24(%[sp]), %[flags]\n"
        "5: movq 32(%[sp]), %[rip]\n"
        "6: movq 40(%[sp]), %[cs]\n"
        "7: movq 48(%[sp]), %[rflags]\n"
        "8: movq 56(%[sp]), %[rsp]\n"
        "9: movq 64(%[sp]), %[ss]\n" FAULT_FIXUP("1b", "%l[fault]") FAULT_FIXUP("2b", "%l[fault]")
            FAULT_FIXUP("3b", "%l[fault]") FAULT_FIXUP("4b", "%l[fault]")
                FAULT_FIXUP("5b", "%l[fault]") FAULT_FIXUP("6b", "%l[fault]")
                    FAULT_FIXUP("7b", "%l[fault]") FAULT_FIXUP("8b", "%l[fault]")
                        FAULT_FIXUP("9b", "%l[fault]")
        : [rax] "=&r"(rax), [r11] "=&r"(r11), [rcx] "=&r"(rcx), [flags] "=&r"(flags),
          [rip] "=&r"(rip), [cs] "=&r"(cs), [rflags] "=&r"(rflags), [rsp] "=&r"(rsp), [ss] "=&r"(ss)
        : [sp] "r"(sp), "m"(*(const struct iret_context *)sp)
        :
        : fault);
    guest_close();
    *c = (struct iret_context){ rax, r11, rcx, flags, rip, cs, rflags, rsp, ss };
    return true;
fault:
    guest_close();
    return false;
}

/* rcx and r11 as SYSRET leaves them, or as the frame says. */
static inline void load_registers(struct x86_vcpu *v, const struct iret_context *c)
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

/* In line, and the call last, so that the frame stays in registers. */
static inline __attribute__((always_inline)) long go_on(struct x86_vcpu *v,
                                                        const struct iret_context *c)
{
    struct domain *d = v->core.domain;
    bool user = (c->cs & 3) == 3;

    if (user && v->pv.user_l4 == MFN_NONE) {
        domain_crash(d, "HYPERVISOR_iret: to user mode without user page tables");
        return 0;
    }
    if (d->vm_assist & (1u << VMASST_TYPE_architectural_iopl))
        v->pv.iopl = c->rflags >> FLAGS_IOPL_SHIFT & 3;
    load_registers(v, c);
    v->pv.flags &= ~(uint64_t)PV_IN_NMI;
    v->core.info->evtchn_upcall_mask = !(c->rflags & FLAGS_IF);
    if (user)
        pv_enter_user(v); /* hypercalls are the kernel's */
    return (long)c->rax;
}

static __attribute__((noinline)) long iret_slowly(struct x86_vcpu *v)
{
    struct iret_context c;

    if (arch_copy_from_guest(&c, v->regs.rsp, sizeof(c)))
        return go_on(v, &c);
    domain_crash(v->core.domain, "HYPERVISOR_iret: no frame on its stack");
    return 0;
}

long pv_iret(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());
    struct iret_context c;

    (void)a0, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return read_frame(&c, v->regs.rsp) ? go_on(v, &c) : iret_slowly(v);
}

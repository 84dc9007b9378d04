/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/bounce.h"

#include "core/assert.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/copy.h"
#include "x86/gdt.h"
#include "x86/pv/callback.h"
#include "x86/pv/context.h"

#include <xen/callback.h>

#define FRAME_HEAD     7u /* words: at most, before rip */
#define FRAME_TAIL     5u
#define VECTOR_NMI     2u
#define VECTOR_GP      13u
#define VECTOR_PF      14u
#define VECTOR_SYSCALL 0x80u /* INT 0x80, the 32-bit system call */
#define ERROR_IDT      2u    /* error code: the selector part is a vector */

/* Exceptions that push an error code (AMD APM 2, table 8-1). */
#define WITH_ERROR ((1u << 8) | (0x1fu << 10) | (1u << 17) | (1u << 21))

/* Flags that a handler begins without (AMD APM 2, section 8.9.3), and AC, which is alignment checks
 * to the guest's kernel as it runs in ring 3. */
#define FLAGS_DROPPED (FLAGS_TF | FLAGS_NT | FLAGS_RF | FLAGS_VM | FLAGS_AC)

/* The guest's idea of its flags: IF is the event mask's opposite.  In truth IF is on, IOPL 0. */
static inline uint64_t visible_flags(const struct x86_vcpu *v, bool masked)
{
    uint64_t flags = v->regs.rflags;

    if (masked)
        flags &= ~FLAGS_IF;
    if (v->core.domain->vm_assist & (1u << VMASST_TYPE_architectural_iopl))
        flags |= (uint64_t)v->pv.iopl << FLAGS_IOPL_SHIFT;
    return flags;
}

/* What stands in the frame before rip: words[result] to words[FRAME_HEAD - 1]. */
static inline unsigned int fill_head(const struct x86_vcpu *v, uint64_t *words, unsigned int flags,
                                     uint32_t error)
{
    const struct pv_vcpu *pv = &v->pv;
    unsigned int at = FRAME_HEAD;

    if (flags & PV_BOUNCE_ERROR)
        words[--at] = error;
    if (flags & PV_BOUNCE_SEGMENTS) {
        words[--at] = pv->gs;
        words[--at] = pv->fs;
        words[--at] = pv->es;
        words[--at] = pv->ds;
    }
    words[--at] = v->regs.r11;
    words[--at] = v->regs.rcx;
    return at;
}

/* Ring 0 tells the guest that its kernel was interrupted. */
static inline uint64_t cs_of(const struct regs *r, bool kernel, uint8_t mask)
{
    return (r->cs & (kernel ? 0xfffc : 0xffff)) | (uint64_t)mask << 32;
}

/* The rest. */
static inline void fill_tail(const struct x86_vcpu *v, uint64_t *words, bool kernel, uint8_t mask)
{
    const struct regs *r = &v->regs;

    words[0] = r->rip;
    words[1] = cs_of(r, kernel, mask);
    words[2] = visible_flags(v, mask);
    words[3] = r->rsp;
    words[4] = r->ss;
}

/* In the one code segment of 64-bit kernels, whatever selector the trap table has (so measured on Xen
 * 4.17): no handler can fail to be entered. */
static inline void enter_handler(struct x86_vcpu *v, uint64_t rip, uint64_t sp)
{
    struct regs *r = &v->regs;

    r->rip = rip;
    r->cs = SELECTOR_USER_CODE;
    r->ss = SELECTOR_USER_DATA;
    r->rsp = sp;
    r->rflags &= ~FLAGS_DROPPED;
    /* The handler has rcx and r11 in its frame, so SYSRET may lose them. */
    r->vector = REGS_SYSCALL;
}

/* A frame without segments, from its end at sp down.  False: not all could be written, perhaps. */
static inline __attribute__((always_inline)) bool put_frame(uint64_t sp, const struct regs *r,
                                                            uint64_t cs, uint64_t flags, bool coded,
                                                            uint64_t error)
{
    uint64_t rip = r->rip, rsp = r->rsp, ss = r->ss, r11, rcx;

    guest_open();
    __asm__ goto("1: movq %[rip], -40(%[sp])\n"
                 "2: movq %[cs], -32(%[sp])\n"
                 "3: movq %[flags], -24(%[sp])\n"
                 "4: movq %[rsp], -16(%[sp])\n"
                 "5: movq %[ss], -8(%[sp])\n" FAULT_FIXUP("1b", "%l[fault]")
                     FAULT_FIXUP("2b", "%l[fault]") FAULT_FIXUP("3b", "%l[fault]")
                         FAULT_FIXUP("4b", "%l[fault]") FAULT_FIXUP("5b", "%l[fault]")
                 :
                 : [sp] "r"(sp), [rip] "r"(rip), [cs] "r"(cs), [flags] "r"(flags), [rsp] "r"(rsp),
                   [ss] "r"(ss)
                 : "memory"
                 : fault);
    if (coded)
        __asm__ goto("1: movq %[error], -48(%[sp])\n" FAULT_FIXUP("1b", "%l[fault]")
                     :
                     : [sp] "r"(sp), [error] "r"(error)
                     : "memory"
                     : fault);
    sp -= coded ? 48 : 40;
    r11 = r->r11;
    rcx = r->rcx;
    __asm__ goto("1: movq %[r11], -8(%[sp])\n"
                 "2: movq %[rcx], -16(%[sp])\n" FAULT_FIXUP("1b", "%l[fault]")
                     FAULT_FIXUP("2b", "%l[fault]")
                 :
                 : [sp] "r"(sp), [r11] "r"(r11), [rcx] "r"(rcx)
                 : "memory"
                 : fault);
    guest_close();
    return true;
fault:
    guest_close();
    return false;
}

/* Word by word, on a stack that is not there or with segments; the kernel's mode is entered already. */
static __attribute__((noinline)) void bounce_by_words(struct x86_vcpu *v,
                                                      const struct pv_bounce *to, bool kernel)
{
    volatile struct vcpu_info *info = v->core.info;
    uint64_t words[FRAME_HEAD + FRAME_TAIL], sp = (kernel ? v->regs.rsp : v->pv.kernel_sp) & ~15ul;
    unsigned int first = fill_head(v, words, to->flags, to->error),
                 count = FRAME_HEAD + FRAME_TAIL - first;

    fill_tail(v, &words[FRAME_HEAD], kernel, info->evtchn_upcall_mask);
    sp -= count * sizeof(words[0]);
    if (!copy_words_to_guest(sp, &words[first], count)) {
        domain_crash(v->core.domain, "no place for an exception frame on the kernel's stack");
        return;
    }
    if (to->flags & PV_BOUNCE_MASK)
        info->evtchn_upcall_mask = 1;
    enter_handler(v, to->rip, sp);
}

/* By few instructions, where the stack is there; the kernel's mode is entered already.  kernel: it was
 * before, too; coded is a constant.  False: nothing has been done that matters. */
static inline __attribute__((always_inline)) bool bounce_quickly(struct x86_vcpu *v, bool kernel,
                                                                 uint64_t rip, bool masks,
                                                                 bool coded, uint32_t error)
{
    volatile struct vcpu_info *info = v->core.info;
    uint64_t sp = (kernel ? v->regs.rsp : v->pv.kernel_sp) & ~15ul, size = coded ? 64 : 56;
    uint8_t mask = info->evtchn_upcall_mask;

    if (!guest_range_ok(sp - size, size))
        return false;
    if (!put_frame(sp, &v->regs, cs_of(&v->regs, kernel, mask), visible_flags(v, mask), coded,
                   error))
        return false;
    if (masks)
        info->evtchn_upcall_mask = 1;
    enter_handler(v, rip, sp - size);
    return true;
}

void pv_bounce(struct x86_vcpu *v, const struct pv_bounce *to)
{
    bool kernel = v->pv.flags & PV_KERNEL_MODE, masks = to->flags & PV_BOUNCE_MASK, done = false;

    ASSERT(&v->core == current_vcpu());
    if (!kernel)
        pv_enter_kernel(v);
    if (to->flags & PV_BOUNCE_ERROR)
        done = bounce_quickly(v, kernel, to->rip, masks, true, to->error);
    else if (!(to->flags & PV_BOUNCE_SEGMENTS))
        done = bounce_quickly(v, kernel, to->rip, masks, false, 0);
    if (!done)
        bounce_by_words(v, to, kernel);
}

/* pv_bounce without error code and segments. */
static inline __attribute__((always_inline)) void bounce_plainly(struct x86_vcpu *v, bool kernel,
                                                                 uint64_t rip, bool masks)
{
    struct pv_bounce to;

    if (!kernel)
        pv_enter_kernel(v);
    if (__builtin_expect(bounce_quickly(v, kernel, rip, masks, false, 0), true))
        return;
    to = (struct pv_bounce){ .rip = rip, .flags = masks ? PV_BOUNCE_MASK : 0 };
    bounce_by_words(v, &to, kernel);
}

static void report_unhandled(struct x86_vcpu *v, unsigned int vector)
{
    char why[] = "the guest has no handler for its exception 00";

    why[sizeof(why) - 3] = (char)('0' + vector / 10 % 10);
    why[sizeof(why) - 2] = (char)('0' + vector % 10);
    domain_crash(v->core.domain, why);
}

static __attribute__((noinline)) void bounce_slowly(struct x86_vcpu *v, unsigned int vector,
                                                    uint32_t error, uint8_t flags)
{
    const struct trap_info *trap = &v->pv.traps[vector];
    struct pv_bounce to = { .rip = trap->address, .error = error, .flags = flags };

    ASSERT(vector < 256);
    if (!to.rip) {
        report_unhandled(v, vector);
        return;
    }
    if (TI_GET_IF(trap))
        to.flags |= PV_BOUNCE_MASK;
    pv_bounce(v, &to);
}

static inline __attribute__((always_inline)) void bounce_vector(struct x86_vcpu *v,
                                                                unsigned int vector, uint32_t error,
                                                                uint8_t flags)
{
    const struct trap_info *trap = &v->pv.traps[vector];

    if (!trap->address || !(v->pv.flags & PV_KERNEL_MODE) ||
        !bounce_quickly(v, true, trap->address, TI_GET_IF(trap), flags & PV_BOUNCE_ERROR, error))
        bounce_slowly(v, vector, error, flags);
}

void pv_bounce_trap(struct x86_vcpu *v, unsigned int vector, uint32_t error)
{
    ASSERT(vector < 32);
    if (WITH_ERROR >> vector & 1)
        bounce_vector(v, vector, error, PV_BOUNCE_ERROR);
    else
        bounce_vector(v, vector, 0, 0);
}

void pv_bounce_page_fault(struct x86_vcpu *v, uint64_t address, uint32_t error)
{
    v->pv.cr2 = address;
    v->core.info->arch.cr2 = address;
    bounce_vector(v, VECTOR_PF, error, PV_BOUNCE_ERROR);
}

void pv_bounce_software(struct x86_vcpu *v, unsigned int vector, unsigned int length)
{
    const struct trap_info *trap = &v->pv.traps[vector & 255];
    unsigned int needed = v->pv.flags & PV_KERNEL_MODE ? 1 : 3;

    if (vector == VECTOR_SYSCALL)
        needed = 0; /* its level is not looked at (measured) */
    if (!trap->address || TI_GET_DPL(trap) < needed) {
        v->regs.rip -= length;
        pv_bounce_trap(v, VECTOR_GP, (vector & 255) * 8 + ERROR_IDT);
        return;
    }
    bounce_slowly(v, vector & 255, 0, 0);
}

static bool deliver_failsafe(struct x86_vcpu *v)
{
    if (!(v->pv.flags & PV_FAILSAFE))
        return false;
    v->pv.flags &= ~(uint64_t)PV_FAILSAFE;
    pv_bounce_callback(v, CALLBACKTYPE_failsafe);
    return true;
}

/* Linux registers no callback: its trap table has a handler (so measured on Xen). */
static bool deliver_nmi(struct x86_vcpu *v)
{
    if (!v->core.nmi_pending || (v->pv.flags & PV_IN_NMI))
        return false;
    v->core.nmi_pending = false;
    if (!v->pv.nmi_rip && !v->pv.traps[VECTOR_NMI].address)
        return false;
    v->pv.flags |= PV_IN_NMI;
    if (v->pv.nmi_rip)
        pv_bounce_callback(v, CALLBACKTYPE_nmi);
    else
        bounce_slowly(v, VECTOR_NMI, 0, 0);
    return true;
}

/* A kernel that has no callback yet has not asked for events. */
static inline bool event_is_due(const struct x86_vcpu *v)
{
    const volatile struct vcpu_info *info = v->core.info;

    return info->evtchn_upcall_pending && !info->evtchn_upcall_mask && v->pv.event_rip;
}

bool pv_deliver(struct x86_vcpu *v)
{
    if (deliver_failsafe(v) || deliver_nmi(v))
        return true;
    if (!event_is_due(v))
        return false;
    bounce_plainly(v, v->pv.flags & PV_KERNEL_MODE, v->pv.event_rip, true);
    return true;
}

bool pv_deliver_event(struct x86_vcpu *v)
{
    if ((v->pv.flags & (PV_KERNEL_MODE | PV_FAILSAFE)) != PV_KERNEL_MODE || v->core.nmi_pending ||
        !event_is_due(v))
        return false;
    bounce_plainly(v, true, v->pv.event_rip, true);
    return true;
}

void pv_bounce_syscall(struct x86_vcpu *v)
{
    bounce_plainly(v, false, v->pv.syscall_rip, v->pv.callback_masks >> CALLBACKTYPE_syscall & 1);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/bounce.h"

#include "core/assert.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/gdt.h"
#include "x86/pv/callback.h"
#include "x86/pv/context.h"

#include <xen/callback.h>

#define FRAME_WORDS 12u
#define VECTOR_GP   13u
#define VECTOR_PF   14u
#define ERROR_IDT   2u          /* error code: the selector part is a vector */

/* Exceptions that push an error code (AMD APM 2, table 8-1). */
#define WITH_ERROR ((1u << 8) | (0x1fu << 10) | (1u << 17) | (1u << 21))

/* Flags that a handler begins without (AMD APM 2, section 8.9.3), and AC, which is alignment checks
 * to the guest's kernel as it runs in ring 3. */
#define FLAGS_DROPPED (FLAGS_TF | FLAGS_NT | FLAGS_RF | FLAGS_VM | FLAGS_AC)

/* The guest's idea of its flags: IF is the event mask's opposite. */
static uint64_t visible_flags(const struct x86_vcpu *v, bool masked)
{
    uint64_t flags = v->regs.rflags & ~(FLAGS_IF | FLAGS_IOPL);

    if (!masked)
        flags |= FLAGS_IF;
    if (v->core.domain->vm_assist & (1u << VMASST_TYPE_architectural_iopl))
        flags |= (uint64_t)v->pv.iopl << FLAGS_IOPL_SHIFT;
    return flags;
}

static unsigned int fill_frame(const struct x86_vcpu *v, const struct pv_bounce *to, uint64_t *words)
{
    const struct regs *r = &v->regs;
    bool kernel = v->pv.flags & PV_KERNEL_MODE;
    uint8_t mask = v->core.info->evtchn_upcall_mask;
    unsigned int n = 0;

    words[n++] = r->rcx;
    words[n++] = r->r11;
    if (to->flags & PV_BOUNCE_SEGMENTS) {
        words[n++] = v->pv.ds;
        words[n++] = v->pv.es;
        words[n++] = v->pv.fs;
        words[n++] = v->pv.gs;
    }
    if (to->flags & PV_BOUNCE_ERROR)
        words[n++] = to->error;
    words[n++] = r->rip;
    /* Ring 0 tells the guest that its kernel was interrupted. */
    words[n++] = (kernel ? r->cs & 0xfffc : r->cs & 0xffff) | (uint64_t)mask << 32;
    words[n++] = visible_flags(v, mask);
    words[n++] = r->rsp;
    words[n++] = r->ss;
    return n;
}

void pv_bounce(struct x86_vcpu *v, const struct pv_bounce *to)
{
    struct regs *r = &v->regs;
    bool kernel = v->pv.flags & PV_KERNEL_MODE;
    uint64_t words[FRAME_WORDS], sp = (kernel ? r->rsp : v->pv.kernel_sp) & ~15ul;
    unsigned int count = fill_frame(v, to, words);

    ASSERT(&v->core == current_vcpu());
    if (!kernel)
        pv_set_mode(v, true);
    sp -= count * sizeof(words[0]);
    if (!arch_copy_to_guest(sp, words, count * sizeof(words[0]))) {
        domain_crash(v->core.domain, "no place for an exception frame on the kernel's stack");
        return;
    }
    if (to->flags & PV_BOUNCE_MASK)
        v->core.info->evtchn_upcall_mask = 1;
    r->rip = to->rip;
    r->cs = to->cs | 3;
    r->ss = SELECTOR_USER_DATA;
    r->rsp = sp;
    r->rflags = (r->rflags & ~FLAGS_DROPPED) | FLAGS_IF;
    /* The handler has rcx and r11 in its frame, so SYSRET may lose them. */
    r->vector = r->cs == SELECTOR_USER_CODE ? REGS_SYSCALL : 0;
}

static void report_unhandled(struct x86_vcpu *v, unsigned int vector)
{
    char why[] = "the guest has no handler for its exception 00";

    why[sizeof(why) - 3] = (char)('0' + vector / 10 % 10);
    why[sizeof(why) - 2] = (char)('0' + vector % 10);
    domain_crash(v->core.domain, why);
}

static void bounce_vector(struct x86_vcpu *v, unsigned int vector, uint32_t error, uint8_t flags)
{
    const struct trap_info *trap = &v->pv.traps[vector];
    struct pv_bounce to = { .rip = trap->address, .cs = trap->cs, .error = error, .flags = flags };

    ASSERT(vector < 256);
    if (!to.rip) {
        report_unhandled(v, vector);
        return;
    }
    if (TI_GET_IF(trap))
        to.flags |= PV_BOUNCE_MASK;
    pv_bounce(v, &to);
}

void pv_bounce_trap(struct x86_vcpu *v, unsigned int vector, uint32_t error)
{
    ASSERT(vector < 32);
    bounce_vector(v, vector, error, WITH_ERROR >> vector & 1 ? PV_BOUNCE_ERROR : 0);
}

void pv_bounce_page_fault(struct x86_vcpu *v, uint64_t address, uint32_t error)
{
    v->pv.cr2 = address;
    v->core.info->arch.cr2 = address;
    pv_bounce_trap(v, VECTOR_PF, error);
}

void pv_bounce_software(struct x86_vcpu *v, unsigned int vector, unsigned int length)
{
    const struct trap_info *trap = &v->pv.traps[vector & 255];
    unsigned int needed = v->pv.flags & PV_KERNEL_MODE ? 1 : 3;

    if (!trap->address || TI_GET_DPL(trap) < needed) {
        v->regs.rip -= length;
        pv_bounce_trap(v, VECTOR_GP, (vector & 255) * 8 + ERROR_IDT);
        return;
    }
    bounce_vector(v, vector & 255, 0, 0);
}

static bool deliver_failsafe(struct x86_vcpu *v)
{
    if (!(v->pv.flags & PV_FAILSAFE))
        return false;
    v->pv.flags &= ~(uint64_t)PV_FAILSAFE;
    pv_bounce_callback(v, CALLBACKTYPE_failsafe);
    return true;
}

static bool deliver_nmi(struct x86_vcpu *v)
{
    if (!v->core.nmi_pending || (v->pv.flags & PV_IN_NMI))
        return false;
    v->core.nmi_pending = false;
    if (!v->pv.nmi_rip)
        return false;
    v->pv.flags |= PV_IN_NMI;
    pv_bounce_callback(v, CALLBACKTYPE_nmi);
    return true;
}

bool pv_deliver(struct x86_vcpu *v)
{
    volatile struct vcpu_info *info = v->core.info;

    if (deliver_failsafe(v) || deliver_nmi(v))
        return true;
    /* A kernel that has no callback yet has not asked for events. */
    if (!info->evtchn_upcall_pending || info->evtchn_upcall_mask || !v->pv.event_rip)
        return false;
    pv_bounce_callback(v, CALLBACKTYPE_event);
    return true;
}

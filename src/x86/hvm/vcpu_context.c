/* SPDX-License-Identifier: Apache-2.0 */
/* Both ways by the CPU's record, which knows what a CPU can be. */
#include "x86/hvm/vcpu_context.h"

#include "core/machine.h"
#include "core/tsc.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/fpu.h"
#include "x86/hvm/records.h"
#include "x86/hvm/vendor.h"
#include "x86/msr_index.h"
#include "x86/user_regs.h"

#include <xen/errno.h>
#include <xen/hvm/hvm_vcpu.h>

#define DEBUG6_RESET 0xffff0ff0ul
#define DEBUG7_RESET 0x400ul
#define FLAT_CODE    0xa9bu /* 64-bit, ring 0 */
#define FLAT_DATA    0xc93u
#define TSS_BUSY     0x8bu
#define TSS_LIMIT    0x67u
#define LDT_PRESENT  0x82u

static void start_32(struct hvm_hw_cpu *to, const struct vcpu_hvm_x86_32 *c)
{
    to->rax = c->eax, to->rbx = c->ebx, to->rcx = c->ecx, to->rdx = c->edx;
    to->rsp = c->esp, to->rbp = c->ebp, to->rsi = c->esi, to->rdi = c->edi;
    to->rip = c->eip;
    to->rflags = c->eflags;
    to->cr0 = c->cr0, to->cr3 = c->cr3, to->cr4 = c->cr4;
    to->msr_efer = c->efer;
    to->cs_base = c->cs_base, to->cs_limit = c->cs_limit, to->cs_arbytes = c->cs_ar;
    to->ds_base = c->ds_base, to->ds_limit = c->ds_limit, to->ds_arbytes = c->ds_ar;
    to->ss_base = c->ss_base, to->ss_limit = c->ss_limit, to->ss_arbytes = c->ss_ar;
    to->es_base = c->es_base, to->es_limit = c->es_limit, to->es_arbytes = c->es_ar;
    to->tr_base = c->tr_base, to->tr_limit = c->tr_limit, to->tr_arbytes = c->tr_ar;
}

static void start_64(struct hvm_hw_cpu *to, const struct vcpu_hvm_x86_64 *c)
{
    to->rax = c->rax, to->rbx = c->rbx, to->rcx = c->rcx, to->rdx = c->rdx;
    to->rsp = c->rsp, to->rbp = c->rbp, to->rsi = c->rsi, to->rdi = c->rdi;
    to->rip = c->rip;
    to->rflags = c->rflags;
    to->cr0 = c->cr0, to->cr3 = c->cr3, to->cr4 = c->cr4;
    to->msr_efer = c->efer;
    to->cs_arbytes = FLAT_CODE;
    to->ds_arbytes = to->ss_arbytes = to->es_arbytes = FLAT_DATA;
    to->cs_limit = to->ds_limit = to->ss_limit = to->es_limit = ~0u;
    to->tr_arbytes = TSS_BUSY;
    to->tr_limit = TSS_LIMIT;
}

/* What each mode lets the caller choose must be that mode. */
static bool mode_ok(const struct vcpu_hvm_context *c, const struct hvm_hw_cpu *made)
{
    const uint32_t present = SEGMENT_PRESENT | SEGMENT_CODE;

    if (c->pad)
        return false;
    if (c->mode == VCPU_HVM_MODE_64B)
        return made->msr_efer & EFER_LMA;
    return (made->cs_arbytes & (present | 0x8)) == (present | 0x8) &&
           (made->ss_arbytes & present) == present && !(made->cs_arbytes & SEGMENT_LONG) &&
           (made->tr_arbytes & (SEGMENT_PRESENT | SEGMENT_CODE)) == SEGMENT_PRESENT;
}

int hvm_vcpu_start(struct vcpu *core, const void *context)
{
    const struct vcpu_hvm_context *c = context;
    struct x86_vcpu *v = x86_vcpu(core);
    uint64_t now = arch_tsc();
    struct hvm_hw_cpu made;

    if (c->mode != VCPU_HVM_MODE_32B && c->mode != VCPU_HVM_MODE_64B)
        return -XEN_EINVAL;
    memset(&made, 0, sizeof(made));
    made.dr6 = DEBUG6_RESET;
    made.dr7 = DEBUG7_RESET;
    made.ldtr_arbytes = LDT_PRESENT;
    made.tsc = vcpu_tsc(core, now);
    if (c->mode == VCPU_HVM_MODE_32B)
        start_32(&made, &c->cpu_regs.x86_32);
    else
        start_64(&made, &c->cpu_regs.x86_64);
    if (!mode_ok(c, &made) || !hvm_cpu_ok(v, &made))
        return -XEN_EINVAL;
    hvm_cpu_load(v, &made, now);
    return 0;
}

static void get_user_registers(const struct x86_vcpu *v, const struct hvm_hw_cpu *now,
                               struct cpu_user_regs *to)
{
    user_regs_get(&v->regs, to);
    to->rflags = v->regs.rflags;
    to->cs = (uint16_t)now->cs_sel;
    to->ss = (uint16_t)now->ss_sel;
    to->ds = (uint16_t)now->ds_sel;
    to->es = (uint16_t)now->es_sel;
    to->fs = (uint16_t)now->fs_sel;
    to->gs = (uint16_t)now->gs_sel;
}

int hvm_vcpu_set(struct vcpu *core, const void *context)
{
    const struct vcpu_guest_context *c = context;
    const struct cpu_user_regs *u = &c->user_regs;
    struct x86_vcpu *v = x86_vcpu(core);
    struct regs *r = &v->regs;

    r->r15 = u->r15, r->r14 = u->r14, r->r13 = u->r13, r->r12 = u->r12;
    r->r11 = u->r11, r->r10 = u->r10, r->r9 = u->r9, r->r8 = u->r8;
    r->rax = u->rax, r->rbx = u->rbx, r->rcx = u->rcx, r->rdx = u->rdx;
    r->rsi = u->rsi, r->rdi = u->rdi, r->rbp = u->rbp, r->rsp = u->rsp;
    r->rip = u->rip;
    r->rflags = (u->rflags & FLAGS_KNOWN) | FLAGS_FIXED;
    for (unsigned int i = 0; i < 4; i++)
        v->hvm->debug[i] = c->debugreg[i];
    fpu_set(v, c->flags & VGCF_i387_valid ? &c->fpu_ctxt : NULL);
    return 0;
}

void hvm_vcpu_get(struct vcpu *core, void *context)
{
    struct vcpu_guest_context *to = context;
    struct x86_vcpu *v = x86_vcpu(core);
    struct hvm_hw_cpu now;

    hvm_cpu_save(v, &now, 0);
    memset(to, 0, sizeof(*to));
    memcpy(&to->fpu_ctxt, now.fpu_regs, sizeof(to->fpu_ctxt));
    to->flags = VGCF_i387_valid | (hvm_vendor->privilege(v) == 3 ? 0 : VGCF_in_kernel) |
                (__atomic_load_n(&core->waits, __ATOMIC_RELAXED) & WAIT_DOWN ? 0 : VGCF_online);
    get_user_registers(v, &now, &to->user_regs);
    to->ctrlreg[0] = now.cr0;
    to->ctrlreg[2] = now.cr2;
    to->ctrlreg[3] = now.cr3;
    to->ctrlreg[4] = now.cr4;
    to->debugreg[0] = now.dr0;
    to->debugreg[1] = now.dr1;
    to->debugreg[2] = now.dr2;
    to->debugreg[3] = now.dr3;
    to->debugreg[6] = now.dr6;
    to->debugreg[7] = now.dr7;
    to->fs_base = now.fs_base;
    to->gs_base_kernel = now.gs_base;
    to->gs_base_user = now.shadow_gs;
}

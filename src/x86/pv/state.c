/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/state.h"

#include "abi/assist.h"
#include "core/assert.h"
#include "core/machine.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/pv/baseptr.h"
#include "x86/pv/callback.h"
#include "x86/pv/debug.h"
#include "x86/pv/mmu.h"
#include "x86/pv/segment.h"
#include "x86/pv/update.h"
#include "x86/pv/vcpu.h"
#include "x86/user_regs.h"

#include <xen/callback.h>

/* What a PV guest reads of them at first, as Xen shows it. */
#define CR0_INITIAL (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG)
#define CR4_INITIAL (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)
#define DR6_INITIAL 0xffff0ff0ul
#define DR7_INITIAL 0x400ul

/* What a new context may have in RFLAGS; IF is always on in truth. */
#define FLAGS_ALLOWED \
    (FLAGS_STATUS | FLAGS_TF | FLAGS_DF | FLAGS_NT | FLAGS_RF | FLAGS_AC | FLAGS_ID)

void pv_state_init(struct x86_vcpu *v)
{
    v->pv.kernel_l4 = v->pv.user_l4 = v->pv.left_table = v->pv.left_second = MFN_NONE;
    v->pv.cr0 = CR0_INITIAL;
    v->pv.cr4 = CR4_INITIAL;
    v->pv.debug[6] = DR6_INITIAL;
    v->pv.debug[7] = DR7_INITIAL;
    v->pv.flags = PV_KERNEL_MODE;
}

/* ---- a context from VCPUOP_initialise, the toolstack or the builder ---- */

static bool canonical(uint64_t address)
{
    return pv_code_address_ok(address);
}

static bool addresses_ok(const struct vcpu_guest_context *c)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
        if (!canonical(c->trap_ctxt[i].address))
            return false;
    return canonical(c->user_regs.rip) && canonical(c->event_callback_eip) &&
           canonical(c->failsafe_callback_eip) && canonical(c->syscall_callback_eip) &&
           canonical(c->fs_base) && canonical(c->gs_base_kernel) && canonical(c->gs_base_user);
}

static bool tables_ok(const struct vcpu_guest_context *c)
{
    if (c->gdt_ents > FIRST_RESERVED_GDT_ENTRY || c->ldt_ents > 8192)
        return false;
    if (c->ldt_ents && ((c->ldt_base & PAGE_MASK) || !canonical(c->ldt_base)))
        return false;
    if (c->vm_assist & ~VM_ASSIST_VALID)
        return false;
    /* User code first needs its page tables. */
    return (c->flags & VGCF_in_kernel) || c->ctrlreg[1];
}

static void load_registers(struct x86_vcpu *v, const struct vcpu_guest_context *c)
{
    const struct cpu_user_regs *u = &c->user_regs;

    v->regs = (struct regs){
        .r15 = u->r15,
        .r14 = u->r14,
        .r13 = u->r13,
        .r12 = u->r12,
        .rbp = u->rbp,
        .rbx = u->rbx,
        .r11 = u->r11,
        .r10 = u->r10,
        .r9 = u->r9,
        .r8 = u->r8,
        .rax = u->rax,
        .rcx = u->rcx,
        .rdx = u->rdx,
        .rsi = u->rsi,
        .rdi = u->rdi,
        .rip = u->rip,
        .cs = u->cs | 3u,
        .rflags = (u->rflags & FLAGS_ALLOWED) | FLAGS_IF | FLAGS_FIXED,
        .rsp = u->rsp,
        .ss = u->ss | 3u,
    };
    v->pv.ds = u->ds;
    v->pv.es = u->es;
    v->pv.fs = u->fs;
    v->pv.gs = u->gs;
    v->pv.fs_base = c->fs_base;
    v->pv.gs_kernel = c->gs_base_kernel;
    v->pv.gs_user = c->gs_base_user;
}

static void load_callbacks(struct x86_vcpu *v, const struct vcpu_guest_context *c)
{
    struct pv_vcpu *pv = &v->pv;

    memcpy(pv->traps, c->trap_ctxt, sizeof(pv->traps));
    for (unsigned int i = 0; i < ARRAY_SIZE(pv->traps); i++)
        pv->traps[i].cs |= 3;
    pv->kernel_ss = c->kernel_ss | 3;
    pv->kernel_sp = c->kernel_sp;
    pv->event_rip = c->event_callback_eip;
    pv->failsafe_rip = c->failsafe_callback_eip;
    pv->syscall_rip = c->syscall_callback_eip;
    pv->callback_masks = 0;
    if (c->flags & VGCF_failsafe_disables_events)
        pv->callback_masks |= 1u << CALLBACKTYPE_failsafe;
    if (c->flags & VGCF_syscall_disables_events)
        pv->callback_masks |= 1u << CALLBACKTYPE_syscall;
}

/* What the guest itself may have on or off. */
static uint64_t cr4_of_guests(void)
{
    return CR4_TSD | CR4_DE | (cpu.fsgsbase ? CR4_FSGSBASE : 0) | (cpu.xsave ? CR4_OSXSAVE : 0);
}

/* What cannot be is left out. */
static void load_debug(struct x86_vcpu *v, const struct vcpu_guest_context *c)
{
    for (unsigned int i = 0; i < 4; i++)
        if (pv_debug_set(v, i, c->debugreg[i]))
            pv_debug_set(v, i, 0);
    if (!(c->debugreg[6] >> 32))
        pv_debug_set(v, 6, c->debugreg[6]);
    if (!(c->debugreg[7] >> 32))
        pv_debug_set(v, 7, c->debugreg[7]);
}

static void load_control(struct x86_vcpu *v, const struct vcpu_guest_context *c)
{
    v->pv.flags = c->flags & VGCF_in_kernel ? PV_KERNEL_MODE : 0;
    v->pv.cr0 = CR0_INITIAL | (c->ctrlreg[0] & CR0_TS);
    v->pv.cr2 = c->ctrlreg[2];
    v->pv.cr4 = CR4_INITIAL | (c->ctrlreg[4] & cr4_of_guests());
    v->pv.iopl = c->user_regs.rflags >> FLAGS_IOPL_SHIFT & 3;
    load_debug(v, c);
    fpu_set(v, c->flags & VGCF_i387_valid ? &c->fpu_ctxt : NULL);
}

static int errno_of(long rc)
{
    return rc == DOOR_RESTART ? -XEN_ERESTART : (int)rc;
}

/* References to frames, which others may have or take meanwhile. */
static int load_frames(struct x86_vcpu *v, const struct vcpu_guest_context *c)
{
    mfn_t user = c->ctrlreg[1] ? c->ctrlreg[1] >> PAGE_SHIFT : MFN_NONE;
    long rc = pv_set_gdt_frames(v, c->gdt_frames, (unsigned int)c->gdt_ents);

    if (rc)
        return errno_of(rc);
    rc = pv_set_user_l4(v, user);
    if (rc == 0)
        rc = pv_set_kernel_l4(v, c->ctrlreg[3] >> PAGE_SHIFT);
    if (rc && rc != DOOR_RESTART) {
        pv_set_gdt_frames(v, NULL, 0);
        pv_set_user_l4(v, MFN_NONE);
    }
    return errno_of(rc);
}

/* Measured on Xen 4.17: one that has a context keeps the frames of it. */
static bool frames_same(const struct x86_vcpu *v, const struct vcpu_guest_context *c)
{
    mfn_t user = c->ctrlreg[1] ? c->ctrlreg[1] >> PAGE_SHIFT : MFN_NONE;

    if (c->ctrlreg[3] >> PAGE_SHIFT != v->pv.kernel_l4 || user != v->pv.user_l4)
        return false;
    for (unsigned int i = 0; i < (c->gdt_ents + 511) / 512; i++)
        if (c->gdt_frames[i] != v->pv.gdt_mfns[i])
            return false;
    return c->gdt_ents == v->pv.gdt_entries && c->ldt_ents == v->pv.ldt_entries &&
           (!c->ldt_ents || c->ldt_base == v->pv.ldt_base);
}

static int check(struct x86_vcpu *v, const struct vcpu_guest_context *c)
{
    if (!addresses_ok(c) || !tables_ok(c) || v->core.domain->is_dying)
        return -XEN_EINVAL;
    if (v->core.initialised && !frames_same(v, c))
        return -XEN_EOPNOTSUPP;
    return errno_of(pt_finish(v));
}

int pv_state_set(struct vcpu *core, const void *context)
{
    const struct vcpu_guest_context *c = context;
    struct x86_vcpu *v = x86_vcpu(core);
    bool first = !core->initialised;
    int rc;

    ASSERT(core != current_vcpu());
    rc = check(v, c);
    if (rc == 0 && first)
        rc = load_frames(v, c);
    if (rc)
        return rc;
    load_control(v, c);
    load_registers(v, c);
    load_callbacks(v, c);
    if (core->id == 0 && first)
        core->domain->vm_assist = c->vm_assist;
    pv_load_cr3(v);
    if (first)
        pv_set_ldt(v, c->ldt_base, (unsigned int)c->ldt_ents);
    return 0;
}

/* ---- the other way ---- */

static void save_registers(const struct x86_vcpu *v, struct vcpu_guest_context *c)
{
    const struct regs *r = &v->regs;

    user_regs_get(r, &c->user_regs);
    c->user_regs.rflags = (r->rflags & ~FLAGS_IOPL) | (uint64_t)v->pv.iopl << FLAGS_IOPL_SHIFT;
    c->user_regs.cs = (uint16_t)r->cs;
    c->user_regs.ss = (uint16_t)r->ss;
    c->user_regs.ds = v->pv.ds;
    c->user_regs.es = v->pv.es;
    c->user_regs.fs = v->pv.fs;
    c->user_regs.gs = v->pv.gs;
    c->fs_base = v->pv.fs_base;
    c->gs_base_kernel = v->pv.gs_kernel;
    c->gs_base_user = v->pv.gs_user;
}

static void save_tables(const struct x86_vcpu *v, struct vcpu_guest_context *c)
{
    const struct pv_vcpu *pv = &v->pv;

    c->ldt_base = pv->ldt_base;
    c->ldt_ents = pv->ldt_entries;
    c->gdt_ents = pv->gdt_entries;
    for (unsigned int i = 0; i < (pv->gdt_entries + 511) / 512; i++)
        c->gdt_frames[i] = pv->gdt_mfns[i];
    if (pv->kernel_l4 != MFN_NONE)
        c->ctrlreg[3] = pv->kernel_l4 << PAGE_SHIFT;
    if (pv->user_l4 != MFN_NONE)
        c->ctrlreg[1] = pv->user_l4 << PAGE_SHIFT;
}

static void save_callbacks(const struct x86_vcpu *v, struct vcpu_guest_context *c)
{
    const struct pv_vcpu *pv = &v->pv;

    memcpy(c->trap_ctxt, pv->traps, sizeof(c->trap_ctxt));
    c->kernel_ss = pv->kernel_ss;
    c->kernel_sp = pv->kernel_sp;
    c->event_callback_eip = pv->event_rip;
    c->failsafe_callback_eip = pv->failsafe_rip;
    c->syscall_callback_eip = pv->syscall_rip;
    if (pv->callback_masks & 1u << CALLBACKTYPE_failsafe)
        c->flags |= VGCF_failsafe_disables_events;
    if (pv->callback_masks & 1u << CALLBACKTYPE_syscall)
        c->flags |= VGCF_syscall_disables_events;
}

void pv_state_get(struct vcpu *core, void *context)
{
    const struct x86_vcpu *v = x86_vcpu(core);
    struct vcpu_guest_context *c = context;

    memset(c, 0, sizeof(*c));
    c->flags = VGCF_i387_valid;
    if (v->pv.flags & PV_KERNEL_MODE)
        c->flags |= VGCF_in_kernel;
    if (!(__atomic_load_n(&core->waits, __ATOMIC_RELAXED) & WAIT_DOWN))
        c->flags |= VGCF_online;
    fpu_get(v, &c->fpu_ctxt);
    save_registers(v, c);
    save_tables(v, c);
    save_callbacks(v, c);
    c->ctrlreg[0] = v->pv.cr0;
    c->ctrlreg[2] = v->pv.cr2;
    c->ctrlreg[4] = v->pv.cr4;
    memcpy(c->debugreg, v->pv.debug, sizeof(c->debugreg));
    c->vm_assist = core->domain->vm_assist;
}

int pv_state_reset(struct vcpu *core)
{
    struct x86_vcpu *v = x86_vcpu(core);
    struct pv_vcpu *pv = &v->pv;

    ASSERT(core != current_vcpu());
    if (pv_drop_tables(v))
        return -XEN_ERESTART;
    pv_window_destroy(v);
    memset(pv->traps, 0, sizeof(pv->traps));
    pv->event_rip = pv->failsafe_rip = pv->syscall_rip = 0;
    pv->syscall32_rip = pv->sysenter_rip = pv->nmi_rip = 0;
    pv->callback_masks = 0;
    pv->kernel_sp = pv->kernel_ss = 0;
    pv->iopl = 0;
    pv->iobitmap = 0;
    pv->iobitmap_ports = 0;
    pv->bounce.flags = 0;
    memset(&v->regs, 0, sizeof(v->regs));
    memset(pv->debug, 0, sizeof(pv->debug));
    pv_state_init(v);
    fpu_set(v, NULL);
    return 0;
}

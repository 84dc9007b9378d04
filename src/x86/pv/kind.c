/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/kind.h"

#include "abi/assist.h"
#include "core/assert.h"
#include "core/console.h"
#include "core/heap.h"
#include "core/machine.h"
#include "drivers/acpi.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/cpuid.h"
#include "x86/fpu.h"
#include "x86/pv/baseptr.h"
#include "x86/pv/bounce.h"
#include "x86/pv/context.h"
#include "x86/pv/callback.h"
#include "x86/pv/debug.h"
#include "x86/pv/entry.h"
#include "x86/pv/grant.h"
#include "x86/pv/mmu.h"
#include "x86/pv/segment.h"
#include "x86/pv/update.h"

#include <xen/callback.h>

/* What a PV guest reads of them at first, as Xen shows it. */
#define CR0_INITIAL (CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG)
#define CR4_INITIAL (CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT)
#define DR6_INITIAL 0xffff0ff0ul
#define DR7_INITIAL 0x400ul

/* What a new context may have in RFLAGS; IF is always on in truth. */
#define FLAGS_ALLOWED (FLAGS_STATUS | FLAGS_TF | FLAGS_DF | FLAGS_NT | FLAGS_RF | FLAGS_AC | FLAGS_ID)

/* Ports of the machine that stay Zeroth's: interrupt controllers, timer, ELCR is Dom0's. */
static uint64_t ports_denied[PORTS_WORDS];

static void mark_ports(uint64_t *bitmap, uint16_t first, uint16_t last, bool set)
{
    ASSERT(first <= last);
    for (uint32_t port = first; port <= last; port++) {
        uint64_t bit = 1ul << (port % 64);

        bitmap[port / 64] = set ? bitmap[port / 64] | bit : bitmap[port / 64] & ~bit;
    }
}

void pv_ports_deny(uint16_t first, uint16_t last)
{
    mark_ports(ports_denied, first, last, true);
}

void pv_ports_permit(struct domain *d, uint16_t first, uint16_t last, bool allow)
{
    mark_ports(x86_domain(d)->io_allowed, first, last, allow);
}

/* The same that Xen 4.17 keeps: the 8259s, counters 0 and 1 of the 8254, the ACPI timer (measured). */
static void deny_own_ports(void)
{
    pv_ports_deny(0x20, 0x21);
    pv_ports_deny(0x40, 0x41);
    pv_ports_deny(0xa0, 0xa1);
    if (acpi.pm_timer)
        pv_ports_deny((uint16_t)acpi.pm_timer, (uint16_t)(acpi.pm_timer + 3));
}

int pv_domain_set_hardware(struct domain *d)
{
    struct x86_domain *x = x86_domain(d);

    deny_own_ports();
    x->hardware = true;
    for (unsigned int i = 0; i < PORTS_WORDS; i++)
        x->io_allowed[i] = ~ports_denied[i];
    return cpuid_policy_create(x);
}

static void domain_free(struct domain *d)
{
    struct x86_domain *x = x86_domain(d);

    pv_window_free(x);
    cpuid_policy_destroy(x);
    heap_free(x->io_allowed);
    heap_free(x);
}

static struct domain *domain_alloc(void)
{
    struct x86_domain *d = heap_alloc(sizeof(*d));

    if (!d)
        return NULL;
    d->io_allowed = heap_alloc(PORTS_WORDS * sizeof(uint64_t));
    if (!d->io_allowed || cpuid_policy_create(d)) {
        domain_free(&d->core);
        return NULL;
    }
    return &d->core;
}

static void set_defaults(struct x86_vcpu *v)
{
    v->pv.kernel_l4 = v->pv.user_l4 = v->pv.left_table = MFN_NONE;
    v->pv.cr0 = CR0_INITIAL;
    v->pv.cr4 = CR4_INITIAL;
    v->pv.debug[6] = DR6_INITIAL;
    v->pv.debug[7] = DR7_INITIAL;
    v->pv.flags = PV_KERNEL_MODE;
}

static void vcpu_free(struct vcpu *v)
{
    struct x86_vcpu *x = x86_vcpu(v);

    ASSERT(x->pv.kernel_l4 == MFN_NONE && x->pv.user_l4 == MFN_NONE);
    pv_window_destroy(x);
    fpu_destroy(x);
    heap_free(x);
}

static struct vcpu *vcpu_alloc(struct domain *d, unsigned int id)
{
    struct x86_vcpu *v = heap_alloc(sizeof(*v));

    if (!v)
        return NULL;
    ASSERT(id < d->max_vcpus);
    v->core.domain = d;
    v->core.id = id;
    v->way = &pv_way;
    set_defaults(v);
    if (pv_window_create(v) || fpu_create(v)) {
        vcpu_free(&v->core);
        return NULL;
    }
    return &v->core;
}

struct vcpu *arch_idle_alloc(void)
{
    struct x86_vcpu *v = heap_alloc(sizeof(*v));

    if (!v)
        return NULL;
    set_defaults(v);
    v->way = &idle_way;
    v->by_work = true;
    return &v->core;
}

static int domain_relinquish(struct domain *d)
{
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id])
            pv_window_destroy(x86_vcpu(d->vcpus[id]));
    return pv_mmu_destroy(d);
}

/* ---- a context from VCPUOP_initialise or the builder ---- */

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
    /* User code first needs its page tables. */
    return (c->flags & VGCF_in_kernel) || c->ctrlreg[1];
}

static void load_registers(struct x86_vcpu *v, const struct vcpu_guest_context *c)
{
    const struct cpu_user_regs *u = &c->user_regs;

    v->regs = (struct regs){
        .r15 = u->r15, .r14 = u->r14, .r13 = u->r13, .r12 = u->r12, .rbp = u->rbp, .rbx = u->rbx,
        .r11 = u->r11, .r10 = u->r10, .r9 = u->r9, .r8 = u->r8, .rax = u->rax, .rcx = u->rcx,
        .rdx = u->rdx, .rsi = u->rsi, .rdi = u->rdi, .rip = u->rip, .cs = u->cs | 3u,
        .rflags = (u->rflags & FLAGS_ALLOWED) | FLAGS_IF | FLAGS_FIXED,
        .rsp = u->rsp, .ss = u->ss | 3u,
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
    pv->kernel_ss = c->kernel_ss;
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

static void load_control(struct x86_vcpu *v, const struct vcpu_guest_context *c)
{
    v->pv.flags = c->flags & VGCF_in_kernel ? PV_KERNEL_MODE : 0;
    v->pv.cr0 = CR0_INITIAL | (c->ctrlreg[0] & CR0_TS);
    v->pv.cr4 = CR4_INITIAL;
    v->pv.iopl = c->user_regs.rflags >> FLAGS_IOPL_SHIFT & 3;
    for (unsigned int i = 0; i < 4; i++)
        pv_debug_set(v, i, c->debugreg[i]);
    pv_debug_set(v, 6, c->debugreg[6]);
    pv_debug_set(v, 7, c->debugreg[7]);
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

static int vcpu_set_context(struct vcpu *core, const void *context)
{
    const struct vcpu_guest_context *c = context;
    struct x86_vcpu *v = x86_vcpu(core);
    long rc;

    ASSERT(core != current_vcpu());
    if (!addresses_ok(c) || !tables_ok(c))
        return -XEN_EINVAL;
    rc = pt_finish(v);
    if (rc)
        return errno_of(rc);
    load_control(v, c);
    rc = load_frames(v, c);
    if (rc)
        return (int)rc;
    load_registers(v, c);
    load_callbacks(v, c);
    if (core->id == 0)
        core->domain->vm_assist = c->vm_assist & VM_ASSIST_VALID;
    pv_load_cr3(v);
    pv_set_ldt(v, c->ldt_base, (unsigned int)c->ldt_ents);
    return 0;
}

static void vcpu_reset(struct vcpu *core)
{
    struct x86_vcpu *v = x86_vcpu(core);
    struct pv_vcpu *pv = &v->pv;

    ASSERT(core != current_vcpu());
    pv_window_destroy(v);
    memset(pv->traps, 0, sizeof(pv->traps));
    pv->event_rip = pv->failsafe_rip = pv->syscall_rip = 0;
    pv->syscall32_rip = pv->sysenter_rip = pv->nmi_rip = 0;
    pv->callback_masks = 0;
    pv->kernel_sp = pv->kernel_ss = 0;
    pv->iopl = 0;
    pv->iobitmap = 0;
    pv->iobitmap_ports = 0;
    pv->flags = PV_KERNEL_MODE;
    memset(&v->regs, 0, sizeof(v->regs));
    fpu_set(v, NULL);
}

/* ---- */

static bool event_deliverable(const struct vcpu *v)
{
    const struct x86_vcpu *x = container_of(v, struct x86_vcpu, core);

    return !v->info->evtchn_upcall_mask && x->pv.event_rip;
}

static void set_argument(struct vcpu *v, unsigned int n, uint64_t value)
{
    struct regs *r = &x86_vcpu(v)->regs;
    uint64_t *const arguments[] = { &r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9 };

    ASSERT(n < ARRAY_SIZE(arguments));
    *arguments[n] = value;
}

static void report_stack(const struct x86_vcpu *v)
{
    uint64_t words[16];

    if (&v->core != current_vcpu() || !arch_copy_from_guest(words, v->regs.rsp, sizeof(words)))
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(words); i += 4)
        console_log(LOG_ERROR, "stack %016lx %016lx %016lx %016lx", words[i], words[i + 1],
                    words[i + 2], words[i + 3]);
}

static void report(struct vcpu *core)
{
    struct x86_vcpu *v = x86_vcpu(core);
    const struct regs *r = &v->regs;

    console_log(LOG_ERROR, "domain %u vCPU %u on CPU %u, %s mode", core->domain->id, core->id,
                core->cpu, v->pv.flags & PV_KERNEL_MODE ? "kernel" : "user");
    console_log(LOG_ERROR, "rip %04lx:%016lx flags %08lx rsp %04lx:%016lx", r->cs & 0xffff, r->rip,
                r->rflags, r->ss & 0xffff, r->rsp);
    console_log(LOG_ERROR, "rax %016lx rbx %016lx rcx %016lx rdx %016lx", r->rax, r->rbx, r->rcx,
                r->rdx);
    console_log(LOG_ERROR, "rsi %016lx rdi %016lx rbp %016lx r8  %016lx", r->rsi, r->rdi, r->rbp,
                r->r8);
    console_log(LOG_ERROR, "r9  %016lx r10 %016lx r11 %016lx r12 %016lx", r->r9, r->r10, r->r11,
                r->r12);
    console_log(LOG_ERROR, "r13 %016lx r14 %016lx r15 %016lx", r->r13, r->r14, r->r15);
    console_log(LOG_ERROR, "cr2 %016lx cr3 %016lx kernel stack %016lx fs %016lx gs %016lx",
                v->pv.cr2, v->cr3, v->pv.kernel_sp, v->pv.fs_base, v->pv.gs_kernel);
    report_stack(v);
}

const struct guest_kind pv_kind = {
    .name = "PV",
    .bit = KIND_PV,
    .domain_alloc = domain_alloc,
    .domain_free = domain_free,
    .vcpu_alloc = vcpu_alloc,
    .vcpu_free = vcpu_free,
    .domain_relinquish = domain_relinquish,
    .vcpu_set_context = vcpu_set_context,
    .vcpu_reset = vcpu_reset,
    .event_deliverable = event_deliverable,
    .events_masked = true,
    .set_argument = set_argument,
    .report = report,
    .frame_get = pv_frame_get,
    .grant_map = pv_grant_map,
    .grant_unmap = pv_grant_unmap,
    .flush = pv_flush,
};

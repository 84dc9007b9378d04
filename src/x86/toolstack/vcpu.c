/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_DOMCTL_*: what struct vcpu_guest_context has no room for. */
#include "x86/toolstack/domctl.h"

#include "abi/copy.h"
#include "core/domain.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/vcpu.h"
#include "lib/memory.h"
#include "x86/policy/cpuid.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/guest.h"
#include "x86/msr_index.h"
#include "x86/pv/callback.h"
#include "x86/pv/msr.h"
#include "x86/toolstack/xstate.h"

#include <xen/arch-x86/cpufeatureset.h>
#include <xen/callback.h>

/* ---- callbacks of system calls of 32-bit code, and machine checks ---- */

#define EXT_SIZE     64u
#define EXT_SIZE_MIN offsetof(struct xen_domctl_ext_vcpucontext, mcg_cap)

static bool masks(const struct x86_vcpu *v, unsigned int type)
{
    return v->pv.callback_masks >> type & 1;
}

static void set_mask(struct x86_vcpu *v, unsigned int type, bool on)
{
    v->pv.callback_masks = (uint8_t)((v->pv.callback_masks & ~(1u << type)) |
                                     (on ? 1u << type : 0));
}

DOMCTL(get_ext_vcpucontext)
{
    DOMCTL_ENTER(ext_vcpucontext);
    struct vcpu *core = domain_vcpu(d, a->vcpu);
    const struct x86_vcpu *x = core ? x86_vcpu(core) : NULL;

    if (!core || core == v)
        return -XEN_ESRCH;
    a->size = EXT_SIZE;
    a->syscall32_callback_eip = x->pv.syscall32_rip;
    a->sysenter_callback_eip = x->pv.sysenter_rip;
    a->syscall32_callback_cs = x->pv.syscall32_cs;
    a->sysenter_callback_cs = x->pv.sysenter_cs;
    a->syscall32_disables_events = masks(x, CALLBACKTYPE_syscall32);
    a->sysenter_disables_events = masks(x, CALLBACKTYPE_sysenter);
    a->vmce = (struct hvm_vmce_vcpu){ .caps = cpu.intel ? MCG_CAP_INTEL : MCG_CAP_AMD };
    return 0;
}

static bool ext_ok(const struct xen_domctl_ext_vcpucontext *a)
{
    if (a->size < EXT_SIZE_MIN)
        return false;
    if (!pv_code_address_ok(a->syscall32_callback_eip) ||
        !pv_code_address_ok(a->sysenter_callback_eip))
        return false;
    return a->size < EXT_SIZE_MIN + sizeof(a->mcg_cap) ||
           !(a->mcg_cap & ~(cpu.intel ? MCG_CAP_INTEL : MCG_CAP_AMD));
}

DOMCTL(set_ext_vcpucontext)
{
    DOMCTL_ENTER(ext_vcpucontext);
    struct vcpu *core = domain_vcpu(d, a->vcpu);
    struct x86_vcpu *x = core ? x86_vcpu(core) : NULL;

    if (!core || d == v->domain)
        return -XEN_ESRCH;
    if (!ext_ok(a))
        return -XEN_EINVAL;
    domain_pause_sync(d);
    x->pv.syscall32_rip = a->syscall32_callback_eip;
    x->pv.sysenter_rip = a->sysenter_callback_eip;
    x->pv.syscall32_cs = a->syscall32_callback_cs | 3;
    x->pv.sysenter_cs = a->sysenter_callback_cs | 3;
    set_mask(x, CALLBACKTYPE_syscall32, a->syscall32_disables_events);
    set_mask(x, CALLBACKTYPE_sysenter, a->sysenter_disables_events);
    domain_unpause(d);
    return 0;
}

/* ---- XSAVE state ---- */

static long give_xstate(const struct x86_vcpu *v, struct xen_domctl_vcpuextstate *a)
{
    struct xstate_head head = xstate_head(v);
    uint32_t size = xstate_size(v, head.ever);
    uint64_t at = (uint64_t)a->buffer.p;
    void *copy;
    bool ok;

    if (a->size < size)
        return -XEN_EINVAL;
    copy = heap_alloc(size);
    if (!copy)
        return -XEN_ENOMEM;
    xstate_save(v, head.ever, copy);
    ok = copy_to_guest(at, &head, sizeof(head)) &&
         copy_to_guest(at + sizeof(head), copy, size - sizeof(head));
    heap_free(copy);
    if (!ok)
        return -XEN_EFAULT;
    a->size = size;
    a->xfeature_mask = cpu.xcr0_mask;
    return 0;
}

/* Without a buffer: how much it can be. */
DOMCTL(getvcpuextstate)
{
    DOMCTL_ENTER(vcpuextstate);
    struct vcpu *core = domain_vcpu(d, a->vcpu);
    long rc;

    if (!core)
        return -XEN_ESRCH;
    if (!cpu.xsave || core == v || (a->buffer.p && d == v->domain))
        return -XEN_EINVAL;
    if (!a->buffer.p) {
        a->xfeature_mask = cpu.xcr0_mask;
        a->size = sizeof(struct xstate_head) + cpu.xsave_size;
        return 0;
    }
    domain_pause_sync(d);
    rc = give_xstate(x86_vcpu(core), a);
    domain_unpause(d);
    return rc;
}

/* The area is read into a copy as large as any can be. */
static long take_xstate(struct x86_vcpu *v, const struct xen_domctl_vcpuextstate *a, uint64_t *copy)
{
    uint64_t at = (uint64_t)a->buffer.p, size = a->size - sizeof(struct xstate_head);
    struct xstate_head head;
    long rc;

    if (!copy_from_guest(&head, at, sizeof(head)) ||
        !copy_from_guest(copy, at + sizeof(head), size))
        return -XEN_EFAULT;
    if (size == 0) /* it never used any */
        return head.ever ? -XEN_EINVAL : 0;
    rc = xstate_check(v, &head, copy, a->size);
    if (rc)
        return rc;
    domain_pause_sync(v->core.domain);
    xstate_load(v, &head, copy, a->size);
    domain_unpause(v->core.domain);
    return 0;
}

DOMCTL(setvcpuextstate)
{
    DOMCTL_ENTER(vcpuextstate);
    struct vcpu *core = domain_vcpu(d, a->vcpu);
    uint64_t *copy;
    long rc;

    if (!core || d == v->domain)
        return core ? -XEN_EINVAL : -XEN_ESRCH;
    if (!cpu.xsave || a->size < sizeof(struct xstate_head) ||
        a->size > sizeof(struct xstate_head) + cpu.xsave_size)
        return -XEN_EINVAL;
    copy = heap_alloc(cpu.xsave_size);
    if (!copy)
        return -XEN_ENOMEM;
    rc = take_xstate(x86_vcpu(core), a, copy);
    heap_free(copy);
    return rc;
}

/* ---- MSRs ---- */

#define MSRS_MAX 7u /* that a vCPU can have; measured */

static bool has_tsc_aux(const struct x86_vcpu *v)
{
    return cpuid_has(cpuid_policy(v), XEN_X86_FEATURE_RDTSCP) ||
           cpuid_has(cpuid_policy(v), XEN_X86_FEATURE_RDPID);
}

/* Those that are not as at first: only MSR_TSC_AUX can be so. */
DOMCTL(get_vcpu_msrs)
{
    DOMCTL_ENTER(vcpu_msrs);
    struct vcpu *core = domain_vcpu(d, a->vcpu);
    xen_domctl_vcpu_msr_t out = { .index = MSR_TSC_AUX };
    uint32_t room = a->msr_count;

    if (!core || core == v)
        return core ? -XEN_EINVAL : -XEN_ESRCH;
    if (!a->msrs.p) {
        a->msr_count = MSRS_MAX;
        return 0;
    }
    out.value = x86_vcpu(core)->tsc_aux;
    a->msr_count = out.value != 0;
    if (room < a->msr_count)
        return -XEN_ENOBUFS;
    if (a->msr_count && !copy_to_guest((uint64_t)a->msrs.p, &out, sizeof(out)))
        return -XEN_EFAULT;
    return 0;
}

static bool set_msr(struct x86_vcpu *v, const xen_domctl_vcpu_msr_t *in)
{
    if (in->reserved)
        return false;
    switch (in->index) {
    case MSR_FEATURE_ENABLES: /* CPUID does not fault in user mode */ return in->value == 0;
    case MSR_TSC_AUX:
        if (!has_tsc_aux(v) || in->value >> 32)
            return false;
        v->tsc_aux = (uint32_t)in->value;
        return true;
    default: return false;
    }
}

static long set_msrs(struct x86_vcpu *v, struct xen_domctl_vcpu_msrs *a)
{
    uint32_t count = a->msr_count;
    xen_domctl_vcpu_msr_t in;

    for (uint32_t i = 0; i < count; i++) {
        a->msr_count = i; /* the one that is wrong, if any is */
        if (!copy_item_from_guest(&in, (uint64_t)a->msrs.p, i, sizeof(in)))
            return -XEN_EFAULT;
        if (!set_msr(v, &in))
            return -XEN_EINVAL;
    }
    a->msr_count = count;
    return 0;
}

DOMCTL(set_vcpu_msrs)
{
    DOMCTL_ENTER(vcpu_msrs);
    struct vcpu *core = domain_vcpu(d, a->vcpu);
    long rc;

    if (!core || core == v)
        return core ? -XEN_EINVAL : -XEN_ESRCH;
    if (!a->msr_count && !a->msrs.p)
        return 0;
    if (d == v->domain || a->msr_count > MSRS_MAX)
        return -XEN_EINVAL;
    domain_pause_sync(d);
    rc = set_msrs(x86_vcpu(core), a);
    domain_unpause(d);
    return rc;
}

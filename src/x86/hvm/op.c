/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/op.h"

#include "abi/copy.h"
#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "x86/hvm/guest.h"
#include "x86/hvm/kind.h"

#include <xen/hvm/hvm_op.h>
#include <xen/sched.h>

#define PARAM_TYPE_SHIFT 56

#define OP(name) static long name(struct vcpu *v, void *arg, uint64_t extra)
#define UNUSED   (void)v, (void)arg, (void)extra

/* A hardware domain that a call is about, held. */
static int find(struct vcpu *v, domid_t id, struct domain **out)
{
    if (id == DOMID_SELF)
        id = v->domain->id;
    if (id != v->domain->id && !v->domain->privileged)
        return -XEN_EPERM;
    *out = domain_get(id);
    if (!*out)
        return -XEN_ESRCH;
    if (hvm_domain(*out))
        return 0;
    domain_put(*out);
    return -XEN_EINVAL;
}

/* ---- parameters ---- */

/* Those that a domain may set of its own; the others are its builder's. */
static bool is_guests(uint32_t index)
{
    switch (index) {
    case HVM_PARAM_CALLBACK_IRQ:
    case HVM_PARAM_VM86_TSS:
    case HVM_PARAM_VM86_TSS_SIZED:
    case HVM_PARAM_ACPI_S_STATE:
    case HVM_PARAM_VM_GENERATION_ID_ADDR:
    case HVM_PARAM_STORE_EVTCHN:
    case HVM_PARAM_CONSOLE_EVTCHN:
    case HVM_PARAM_X87_FIP_WIDTH: return true;
    }
    return false;
}

/* What belongs to parts that are left out, or to nobody any more: a domain is told so of its own, its
 * builder may say where their pages would be, and that they are off. */
static bool is_absent(uint32_t index)
{
    switch (index) {
    case HVM_PARAM_PAGING_RING_PFN:
    case HVM_PARAM_MONITOR_RING_PFN:
    case HVM_PARAM_SHARING_RING_PFN:
    case HVM_PARAM_ALTP2M:
    case HVM_PARAM_MCA_CAP: return true;
    }
    return false;
}

static int set_callback(struct domain *d, uint64_t value)
{
    struct hvm_domain *h = hvm_domain(d);
    bool by_vector = value >> PARAM_TYPE_SHIFT == HVM_PARAM_CALLBACK_TYPE_VECTOR;

    h->callback_vector = by_vector ? (uint8_t)value : 0;
    /* Events may wait for it already. */
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id] && d->vcpus[id]->info->evtchn_upcall_pending)
            vcpu_kick(d->vcpus[id]);
    return 0;
}

static int set(struct domain *d, uint32_t index, uint64_t value)
{
    switch (index) {
    case HVM_PARAM_CALLBACK_IRQ: return set_callback(d, value);
    case HVM_PARAM_TIMER_MODE: return value > HVMPTM_one_missed_tick_pending ? -XEN_EINVAL : 0;
    case HVM_PARAM_ACPI_S_STATE: return value == 0 ? 0 : -XEN_EINVAL;
    case HVM_PARAM_TRIPLE_FAULT_REASON: return value > SHUTDOWN_MAX ? -XEN_EINVAL : 0;
    case HVM_PARAM_ALTP2M:
    case HVM_PARAM_MCA_CAP: return value ? -XEN_EINVAL : 0;
    }
    return 0;
}

/* Whose parameter, held, if it is one that the caller may know of. */
static int find_param(struct vcpu *v, const struct xen_hvm_param *a, struct domain **out)
{
    int rc;

    if (a->index >= HVM_NR_PARAMS)
        return -XEN_EINVAL;
    rc = find(v, a->domid, out);
    if (rc == 0 && is_absent(a->index) && *out == v->domain) {
        domain_put(*out);
        rc = -XEN_EINVAL;
    }
    return rc;
}

OP(set_param)
{
    const struct xen_hvm_param *a = arg;
    struct domain *d;
    long rc = find_param(v, a, &d);

    UNUSED;
    if (rc)
        return rc;
    rc = !is_guests(a->index) && d == v->domain ? -XEN_EPERM : set(d, a->index, a->value);
    if (rc == 0)
        hvm_domain(d)->params[a->index] = a->value;
    domain_put(d);
    return rc;
}

OP(get_param)
{
    struct xen_hvm_param *a = arg;
    struct domain *d;
    long rc = find_param(v, a, &d);

    UNUSED;
    if (rc)
        return rc;
    a->value = hvm_domain(d)->params[a->index];
    domain_put(d);
    return 0;
}

/* ---- the rest ---- */

OP(flush_tlbs)
{
    UNUSED;
    if (extra)
        return -XEN_EINVAL;
    if (!hvm_domain(v->domain))
        return -XEN_EINVAL; /* (measured) */
    v->domain->kind->flush(v->domain);
    return 0;
}

/* A hint for shadow page tables, which there are none of. */
OP(pagetable_dying)
{
    const struct xen_hvm_pagetable_dying *a = arg;
    struct domain *d;
    long rc = find(v, a->domid, &d);

    UNUSED;
    if (rc)
        return rc;
    domain_put(d);
    return -XEN_EINVAL;
}

OP(get_time)
{
    struct xen_hvm_get_time *a = arg;

    UNUSED;
    a->now = (uint64_t)arch_now();
    return 0;
}

OP(xentrace)
{
    UNUSED;
    return -XEN_ENOSYS;
}

OP(get_mem_type)
{
    struct xen_hvm_get_mem_type *a = arg;
    struct domain *d;
    long rc = find(v, a->domid, &d);

    UNUSED;
    if (rc)
        return rc;
    switch (p2m_get(hvm_p2m(d), a->pfn).type) {
    case P2M_RAM:
    case P2M_LOGGED:
    case P2M_GRANT: a->mem_type = HVMMEM_ram_rw; break;
    case P2M_READONLY:
    case P2M_GRANT_READONLY: a->mem_type = HVMMEM_ram_ro; break;
    default: a->mem_type = HVMMEM_mmio_dm;
    }
    domain_put(d);
    return 0;
}

/* By the vCPU's APIC: vectors below 16 are none of its. */
OP(set_evtchn_upcall_vector)
{
    const struct xen_hvm_evtchn_upcall_vector *a = arg;
    struct vcpu *target = domain_vcpu(v->domain, a->vcpu);

    UNUSED;
    if (!hvm_domain(v->domain) || a->vector < 16)
        return -XEN_EINVAL;
    if (!target)
        return -XEN_ENOENT;
    x86_vcpu(target)->hvm->upcall_vector = a->vector;
    if (target->info->evtchn_upcall_pending) {
        __atomic_store_n(&target->signalled, true, __ATOMIC_SEQ_CST);
        vcpu_kick(target);
    }
    return 0;
}

OP(guest_request)
{
    UNUSED;
    return extra ? -XEN_EINVAL : 0; /* nobody listens, nobody is told (measured) */
}

#define ROW(name, type, direction, fn) \
    { \
        HVMOP_##name, #name, sizeof(type), direction, KIND_ALL, AUTH_SELF, BOUNDED, false, fn \
    }
#define BARE(name, fn) \
    { \
        HVMOP_##name, #name, 0, DIR_NONE, KIND_ALL, AUTH_SELF, BOUNDED, false, fn \
    }

const struct door_op hvm_ops[] = {
    ROW(set_param, struct xen_hvm_param, DIR_IN, set_param),
    ROW(get_param, struct xen_hvm_param, DIR_INOUT, get_param),
    BARE(flush_tlbs, flush_tlbs),
    ROW(pagetable_dying, struct xen_hvm_pagetable_dying, DIR_IN, pagetable_dying),
    ROW(get_time, struct xen_hvm_get_time, DIR_OUT, get_time),
    BARE(xentrace, xentrace),
    ROW(get_mem_type, struct xen_hvm_get_mem_type, DIR_INOUT, get_mem_type),
    ROW(set_evtchn_upcall_vector, struct xen_hvm_evtchn_upcall_vector, DIR_IN,
        set_evtchn_upcall_vector),
    BARE(guest_request_vm_event, guest_request),
};
_Static_assert(ARRAY_SIZE(hvm_ops) == HVM_OP_COUNT, "as the header says");

long hvm_op(uint64_t op, uint64_t guest, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    return door_enter(&door_calls[__HYPERVISOR_hvm_op], (uint32_t)op, guest, guest);
}

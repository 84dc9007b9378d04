/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/domctl/domctl.h"

#include "abi/copy.h"
#include "abi/domctl/rows.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/vcpu.h"
#include "machine/domctls.h"

_Static_assert(XEN_DOMCTL_INTERFACE_VERSION == 0x15, "the layout inside; another needs a codec");
_Static_assert(sizeof(struct xen_domctl) == 144, "the envelope, the same in all versions");

/* ---- versions ---- */

/* How a version's union differs; changed in place. */
struct codec {
    uint32_t version;
    void (*decode)(struct xen_domctl *op);
    void (*encode)(struct xen_domctl *op);
};

static void same(struct xen_domctl *op)
{
    (void)op;
}

static const struct codec codecs[] = {
    { 0x15, same, same },
};

static const struct codec *codec_of(uint32_t version)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(codecs); i++)
        if (codecs[i].version == version)
            return &codecs[i];
    return NULL;
}

/* ---- the call ---- */

/* There is no domain yet, or the row finds it; devices may be asked for without one. */
static bool needs_domain(const struct xen_domctl *op)
{
    if (op->cmd == XEN_DOMCTL_createdomain || op->cmd == XEN_DOMCTL_getdomaininfo)
        return false;
    return op->cmd != XEN_DOMCTL_test_assign_device || op->domain != DOMID_INVALID;
}

static long run(const struct door_op *row, struct xen_domctl *op)
{
    struct domain *d = NULL;
    long rc;

    if (needs_domain(op)) {
        d = domain_get(op->domain);
        if (!d)
            return -XEN_ESRCH; /* before the operation is looked at */
    }
    rc = row ? row->fn(current_vcpu(), op, (uint64_t)d) : -XEN_ENOSYS;
    if (d)
        domain_put(d);
    return rc;
}

long domctl(uint64_t guest, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    const struct door_op *row;
    const struct codec *codec;
    struct xen_domctl op;
    long rc;

    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    if (!copy_from_guest(&op, guest, sizeof(op)))
        return -XEN_EFAULT;
    codec = codec_of(op.interface_version);
    if (!codec)
        return -XEN_EACCES;
    row = door_find(&door_calls[__HYPERVISOR_domctl], op.cmd);
    if (row ? !door_permits(row) : !current_vcpu()->domain->privileged)
        return -XEN_EPERM;
    codec->decode(&op);
    rc = run(row, &op);
    if (!row || !door_gives_back(row, rc))
        return rc;
    codec->encode(&op);
    return copy_to_guest(guest, &op, sizeof(op)) ? rc : -XEN_EFAULT;
}

/* ---- bitmaps ---- */

/* In 32 bits, as Xen has it: the largest numbers are none. */
static uint32_t bytes_of(const struct xenctl_bitmap *b)
{
    return (b->nr_bits + 7) / 8;
}

int domctl_bitmap_get(const struct xenctl_bitmap *from, uint64_t *to, unsigned int bits)
{
    uint32_t count = from->nr_bits < bits ? from->nr_bits : bits;

    __builtin_memset(to, 0, bits / 8);
    if (!from->bitmap.p)
        return -XEN_EINVAL;
    if (bytes_of(from) == 0)
        return 0;
    if (!copy_from_guest(to, (uint64_t)from->bitmap.p, (count + 7) / 8))
        return -XEN_EFAULT;
    if (count % 64)
        to[count / 64] &= (1ul << count % 64) - 1;
    return 0;
}

/* Whole bytes, as many as the caller has bits for. */
int domctl_bitmap_put(const struct xenctl_bitmap *to, const uint64_t *from, unsigned int bits)
{
    uint64_t at = (uint64_t)to->bitmap.p, bytes = bytes_of(to);
    static const uint8_t zeros[256];

    if (!bytes)
        return 0;
    if (!at)
        return -XEN_EINVAL;
    if (bytes <= bits / 8)
        return copy_to_guest(at, from, bytes) ? 0 : -XEN_EFAULT;
    if (!copy_to_guest(at, from, bits / 8))
        return -XEN_EFAULT;
    /* Nobody has so many CPUs: a caller that asks for more is shown a limit's worth. */
    for (uint64_t i = bits / 8; i < bytes && i < PAGE_SIZE; i += sizeof(zeros))
        if (at + i < at ||
            !copy_to_guest(at + i, zeros, bytes - i < sizeof(zeros) ? bytes - i : sizeof(zeros)))
            return -XEN_EFAULT;
    return 0;
}

/* ---- the rows ---- */

#define ROW_OF(name_, fn, direction, duration) \
    { \
        XEN_DOMCTL_##name_, #name_, sizeof(struct xen_domctl), direction, KIND_ALL, AUTH_DOM0, \
            duration, false, domctl_##fn \
    }
#define ROW_ALWAYS(name_, duration) \
    { \
        XEN_DOMCTL_##name_, #name_, sizeof(struct xen_domctl), DIR_INOUT, KIND_ALL, AUTH_DOM0, \
            duration, true, domctl_##name_ \
    }
#define ROW(name, direction, duration) ROW_OF(name, name, direction, duration)
#define ABSENT(name, fn)               ROW_OF(name, fn, DIR_IN, BOUNDED)
/* Xen's own, which no tool calls and headers have for Xen only. */
#define XEN_DOMCTL_soft_reset_cont 23

const struct door_op domctl_ops[] = {
    ROW(createdomain, DIR_INOUT, BOUNDED),
    ROW(destroydomain, DIR_IN, RESUMABLE),
    ROW(pausedomain, DIR_IN, BOUNDED),
    ROW(unpausedomain, DIR_IN, BOUNDED),
    ROW(getdomaininfo, DIR_INOUT, BOUNDED),
    ROW(setvcpuaffinity, DIR_IN, BOUNDED),
    ROW(shadow_op, DIR_INOUT, RESUMABLE),
    ROW(max_mem, DIR_IN, BOUNDED),
    ROW(setvcpucontext, DIR_IN, RESUMABLE),
    ROW(getvcpucontext, DIR_IN, BOUNDED),
    ROW(getvcpuinfo, DIR_INOUT, BOUNDED),
    ROW(max_vcpus, DIR_IN, RESUMABLE),
    ROW(scheduler_op, DIR_INOUT, BOUNDED),
    ROW(setdomainhandle, DIR_IN, BOUNDED),
    ROW(setdebugging, DIR_IN, BOUNDED),
    ROW(irq_permission, DIR_IN, BOUNDED),
    ROW(settimeoffset, DIR_IN, BOUNDED),
    ROW(getvcpuaffinity, DIR_IN, BOUNDED),
    ROW(resumedomain, DIR_IN, BOUNDED),
    ROW(sendtrigger, DIR_IN, BOUNDED),
    ROW(subscribe, DIR_IN, BOUNDED),
    ROW(getpageframeinfo3, DIR_INOUT, BOUNDED),
    ROW(set_virq_handler, DIR_IN, BOUNDED),
    ROW(setnodeaffinity, DIR_IN, BOUNDED),
    ROW(getnodeaffinity, DIR_IN, BOUNDED),
    MACHINE_DOMCTLS(ROW, ROW_ALWAYS) ABSENT(soft_reset, no_hvm),
    ABSENT(soft_reset_cont, no_hvm),
    ABSENT(bind_pt_irq, no_hvm),
    ABSENT(unbind_pt_irq, no_hvm),
    ABSENT(debug_op, no_hvm),
    ABSENT(set_broken_page_p2m, no_hvm),
    ABSENT(vmtrace_op, no_hvm),
    ABSENT(setvnumainfo, no_hvm),
    ABSENT(assign_device, no_iommu),
    ABSENT(deassign_device, no_iommu),
    ABSENT(test_assign_device, no_iommu),
    ABSENT(get_device_group, no_iommu),
    ABSENT(ioport_mapping, no_iommu),
    ROW(get_paging_mempool_size, DIR_INOUT, BOUNDED),
    ROW(set_paging_mempool_size, DIR_IN, RESUMABLE),
    ABSENT(set_target, set_target),
    ROW(vm_event_op, DIR_INOUT, BOUNDED),
    ROW(monitor_op, DIR_INOUT, BOUNDED),
    ABSENT(psr_cmt_op, no_psr),
    ABSENT(psr_alloc, psr_alloc),
    ABSENT(set_access_required, set_access_required),
    ABSENT(mem_sharing_op, left_out),
    ABSENT(audit_p2m, left_out),
    ABSENT(cacheflush, left_out),
    ABSENT(vuart_op, left_out),
    ABSENT(gdbsx_guestmemio, left_out),
    ABSENT(gdbsx_pausevcpu, left_out),
    ABSENT(gdbsx_unpausevcpu, left_out),
    ABSENT(gdbsx_domstatus, left_out),
};
const uint16_t domctl_op_count = ARRAY_SIZE(domctl_ops);

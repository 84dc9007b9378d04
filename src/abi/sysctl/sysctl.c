/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/sysctl/sysctl.h"

#include "abi/copy.h"
#include "abi/sysctl/rows.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/vcpu.h"
#include "machine/sysctls.h"

_Static_assert(XEN_SYSCTL_INTERFACE_VERSION == 0x15, "the layout inside; another needs a codec");
_Static_assert(sizeof(struct xen_sysctl) == 136, "the envelope, the same in all versions");

/* ---- versions ---- */

/* How a version's union differs; changed in place. */
struct codec {
    uint32_t version;
    struct sysctl_sizes sizes;
    void (*decode)(struct xen_sysctl *op);
    void (*encode)(struct xen_sysctl *op);
};

static void same(struct xen_sysctl *op)
{
    (void)op;
}

static const struct codec codecs[] = {
    { 0x15, { sizeof(struct xen_domctl_getdomaininfo) }, same, same },
};

static const struct codec *codec_of(uint32_t version)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(codecs); i++)
        if (codecs[i].version == version)
            return &codecs[i];
    return NULL;
}

/* ---- the call ---- */

long sysctl(uint64_t guest, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    const struct door_op *row;
    const struct codec *codec;
    struct xen_sysctl op;
    long rc;

    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    if (!copy_from_guest(&op, guest, sizeof(op)))
        return -XEN_EFAULT;
    codec = codec_of(op.interface_version);
    if (!codec)
        return -XEN_EACCES;
    row = door_find(&door_calls[__HYPERVISOR_sysctl], op.cmd);
    if (row ? !door_permits(row) : !current_vcpu()->domain->privileged)
        return -XEN_EPERM;
    if (!row)
        return -XEN_ENOSYS;
    codec->decode(&op);
    rc = row->fn(current_vcpu(), &op, (uint64_t)&codec->sizes);
    if (!door_gives_back(row, rc))
        return rc;
    codec->encode(&op);
    return copy_to_guest(guest, &op, sizeof(op)) ? rc : -XEN_EFAULT;
}

/* ---- the rows ---- */

#define ROW_OF(name_, direction, duration) \
    { \
        XEN_SYSCTL_##name_, #name_, sizeof(struct xen_sysctl), direction, KIND_ALL, AUTH_DOM0, \
            duration, false, sysctl_##name_ \
    }
#define ROW(name, direction)  ROW_OF(name, direction, BOUNDED)
#define LONG(name, direction) ROW_OF(name, direction, RESUMABLE)

const struct door_op sysctl_ops[] = {
    ROW(readconsole, DIR_INOUT),   ROW(tbuf_op, DIR_INOUT),      ROW(physinfo, DIR_INOUT),
    ROW(sched_id, DIR_INOUT),      ROW(perfc_op, DIR_IN),        LONG(getdomaininfolist, DIR_INOUT),
    LONG(debug_keys, DIR_IN),      ROW(getcpuinfo, DIR_INOUT),   ROW(availheap, DIR_INOUT),
    ROW(get_pmstat, DIR_INOUT),    ROW(cpu_hotplug, DIR_IN),     ROW(pm_op, DIR_INOUT),
    LONG(page_offline_op, DIR_IN), ROW(lockprof_op, DIR_IN),     ROW(cputopoinfo, DIR_INOUT),
    ROW(numainfo, DIR_INOUT),      ROW(cpupool_op, DIR_INOUT),   ROW(scheduler_op, DIR_INOUT),
    ROW(coverage_op, DIR_IN),      ROW(psr_cmt_op, DIR_IN),      ROW(pcitopoinfo, DIR_INOUT),
    ROW(psr_alloc, DIR_IN),        ROW(livepatch_op, DIR_INOUT), MACHINE_SYSCTLS(ROW)
};
const uint16_t sysctl_op_count = ARRAY_SIZE(sysctl_ops);

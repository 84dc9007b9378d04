/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_SYSCTL_*: CPUs, memory, nodes and devices of the machine. */
#include "abi/sysctl/rows.h"

#include "abi/copy.h"
#include "abi/memory_map.h"
#include "core/assert.h"
#include "core/memory/claim.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/sched/sched.h"
#include "core/softirq.h"
#include "core/vcpu.h"

#define DISTANCE_HERE  10u /* of a node to itself, and to others (ACPI 6.4, 5.2.17) */
#define DISTANCE_THERE 20u

/* ---- CPUs ---- */

/* How many CPUs share a socket, or a core, with CPU 0. */
static uint32_t count_with_first(bool same_core)
{
    uint32_t core0, socket0, count = 0;

    arch_cpu_place(0, &core0, &socket0);
    for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
        uint32_t core, socket;

        arch_cpu_place(cpu, &core, &socket);
        count += socket == socket0 && (!same_core || core == core0);
    }
    return count;
}

SYSCTL(physinfo)
{
    SYSCTL_ENTER(physinfo);
    uint32_t threads = count_with_first(true);

    ASSERT(threads); /* the first itself */
    *a = (struct xen_sysctl_physinfo){
        .threads_per_core = threads,
        .cores_per_socket = count_with_first(false) / threads,
        .nr_cpus = cpu_count,
        .max_cpu_id = cpu_count - 1,
        .nr_nodes = arch_node_count(),
        .max_node_id = NODES_MAX - 1,
        .total_pages = memory_machine_frames(),
        .free_pages = page_alloc_free_count(NODE_ANY),
        .outstanding_pages = claim_total(),
        .max_mfn = memory_machine_end() - 1,
    };
    arch_describe(&a->cpu_khz, &a->capabilities, a->hw_cap);
    return 0;
}

SYSCTL(getcpuinfo)
{
    SYSCTL_ENTER(getcpuinfo);
    uint32_t count = a->max_cpus < cpu_count ? a->max_cpus : cpu_count;

    for (uint32_t cpu = 0; cpu < count; cpu++) {
        xen_sysctl_cpuinfo_t info = { sched_runtime(arch_idle_vcpu(cpu)) };

        if (!copy_item_to_guest((uint64_t)a->info.p, cpu, &info, sizeof(info)))
            return -XEN_EFAULT;
    }
    a->nr_cpus = count;
    return 0;
}

SYSCTL(cputopoinfo)
{
    SYSCTL_ENTER(cputopoinfo);
    uint32_t count = a->num_cpus < cpu_count ? a->num_cpus : cpu_count;

    if (!a->cputopo.p)
        count = cpu_count;
    for (uint32_t cpu = 0; a->cputopo.p && cpu < count; cpu++) {
        xen_sysctl_cputopo_t place = { .node = arch_node_of_cpu(cpu) };

        arch_cpu_place(cpu, &place.core, &place.socket);
        if (!copy_item_to_guest((uint64_t)a->cputopo.p, cpu, &place, sizeof(place)))
            return -XEN_EFAULT;
    }
    a->num_cpus = count;
    return 0;
}

/* CPUs stay as the boot found them. */
SYSCTL(cpu_hotplug)
{
    SYSCTL_ENTER(cpu_hotplug);

    if (a->op > XEN_SYSCTL_CPU_HOTPLUG_OFFLINE)
        return -XEN_EOPNOTSUPP;
    if (a->cpu >= cpu_count || (a->op == XEN_SYSCTL_CPU_HOTPLUG_OFFLINE && a->cpu == 0))
        return -XEN_EINVAL;
    return a->op == XEN_SYSCTL_CPU_HOTPLUG_ONLINE ? -XEN_EEXIST : -XEN_EOPNOTSUPP;
}

/* ---- memory ---- */

SYSCTL(availheap)
{
    SYSCTL_ENTER(availheap);
    unsigned int node = a->node == -1 ? NODE_ANY : (unsigned int)a->node;

    a->avail_bytes = page_alloc_free_between(node, a->min_bitwidth, a->max_bitwidth) * PAGE_SIZE;
    return 0;
}

static bool distances(uint64_t at, uint32_t count, uint32_t from)
{
    for (uint32_t to = 0; to < count; to++) {
        uint32_t distance = from == to ? DISTANCE_HERE : DISTANCE_THERE;

        if (!copy_item_to_guest(at, from * count + to, &distance, sizeof(distance)))
            return false;
    }
    return true;
}

SYSCTL(numainfo)
{
    SYSCTL_ENTER(numainfo);
    uint32_t nodes = arch_node_count(), count = a->num_nodes < nodes ? a->num_nodes : nodes;

    if (!a->meminfo.p && !a->distance.p)
        count = nodes;
    for (uint32_t node = 0; a->meminfo.p && node < count; node++) {
        xen_sysctl_meminfo_t info = { arch_node_size(node),
                                      page_alloc_free_count(node) * PAGE_SIZE };

        if (!copy_item_to_guest((uint64_t)a->meminfo.p, node, &info, sizeof(info)))
            return -XEN_EFAULT;
    }
    for (uint32_t node = 0; a->distance.p && node < count; node++)
        if (!distances((uint64_t)a->distance.p, count, node))
            return -XEN_EFAULT;
    a->num_nodes = count;
    return 0;
}

/* ---- frames taken out of use: none can be ---- */

static uint32_t offline_status(uint32_t cmd, mfn_t mfn)
{
    const struct frame *f = frame_of(mfn);

    if (cmd != sysctl_page_offline)
        return 0;
    return PG_OFFLINE_FAILED | PG_OFFLINE_XENPAGE |
           (uint32_t)(f ? f->owner : DOMID_XEN) << PG_OFFLINE_OWNER_SHIFT;
}

SYSCTL(page_offline_op)
{
    SYSCTL_ENTER(page_offline);
    uint64_t tag = (uint64_t)a->status.p ^ (uint64_t)a->start << 16 ^ a->cmd ^ 3ul << 62;

    uint32_t present;

    if (a->end < a->start)
        return -XEN_EINVAL;
    if (a->end - a->start >= memory_machine_end())
        return -XEN_ENOMEM; /* more statuses than any machine's: Xen has no room for them */
    if (!copy_item_from_guest(&present, (uint64_t)a->status.p, 0, sizeof(present)))
        return -XEN_EFAULT;
    if (a->cmd < sysctl_page_offline || a->cmd > sysctl_query_page_offline ||
        a->end >= memory_machine_end())
        return -XEN_EINVAL;
    for (mfn_t mfn = a->start + door_progress(v, tag); mfn <= a->end; mfn++) {
        uint32_t status = offline_status(a->cmd, mfn);

        if (!copy_item_to_guest((uint64_t)a->status.p, mfn - a->start, &status, sizeof(status)))
            return -XEN_EFAULT;
        if (mfn < a->end && preempt_wanted())
            return door_stop(v, tag, mfn + 1 - a->start);
    }
    return 0;
}

/* ---- devices ---- */

/* No device's node is known.  A caller that finds less done than it asked for asks again. */
SYSCTL(pcitopoinfo)
{
    SYSCTL_ENTER(pcitopoinfo);
    uint32_t i;

    if (!a->devs.p || !a->nodes.p)
        return -XEN_EINVAL;
    for (i = 0; i < a->num_devs && !(i && preempt_wanted()); i++) {
        physdev_pci_device_t device;
        uint32_t node;

        if (!copy_item_from_guest(&device, (uint64_t)a->devs.p, i, sizeof(device)))
            return -XEN_EFAULT;
        node = arch_pci_present(device.seg, device.bus, device.devfn) ? XEN_INVALID_NODE_ID
                                                                      : XEN_INVALID_DEV;
        if (!copy_item_to_guest((uint64_t)a->nodes.p, i, &node, sizeof(node)))
            return -XEN_EFAULT;
    }
    a->num_devs = i;
    return 0;
}

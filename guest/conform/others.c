/* SPDX-License-Identifier: Apache-2.0 */
/* Console, multicall, physical devices, platform, and calls of the control domain's tools. */
#include "mmu.h"

#include <xen/domctl.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/kexec.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/pmu.h>
#include <xen/sysctl.h>
#include <xen/version.h>

static char text[] = "";

static const struct row console_calls[] = {
    { "write_nothing", { CONSOLEIO_write, 0, (uint64_t)text }, 0 },
    { "write_pointer", { CONSOLEIO_write, 4, BAD_UNMAPPED }, -XEN_EFAULT },
    { "write_pointer_xen", { CONSOLEIO_write, 4, BAD_XEN }, -XEN_EFAULT },
    { "write_pointer_noncanonical", { CONSOLEIO_write, 4, BAD_HOLE }, -XEN_EFAULT },
    { "read_nothing", { CONSOLEIO_read, 0, (uint64_t)text }, 0 },
    { "read_when_empty", { CONSOLEIO_read, 16, (uint64_t)text }, 0 },
    { "read_count_2_gib", { CONSOLEIO_read, 0x80000000, (uint64_t)text }, -XEN_E2BIG },
    { "unknown_command", { 2, 0, 0 }, -XEN_ENOSYS },
    { "unknown_command_max", { ~0u, 0, 0 }, -XEN_ENOSYS },
};
ROWS(console, console_calls, __HYPERVISOR_console_io, "xen.h, HYPERVISOR_console_io()", ANY);

static const struct row multicall_calls[] = {
    { "nothing", { 0, 0 }, 0 },
    { "nothing_bad_pointer", { BAD_UNMAPPED, 0 }, 0 },
    { "pointer", { BAD_UNMAPPED, 1 }, -XEN_EFAULT },
    { "pointer_xen", { BAD_XEN, 1 }, -XEN_EFAULT },
    { "pointer_noncanonical", { BAD_HOLE, 1 }, -XEN_EFAULT },
    { "huge_count", { BAD_UNMAPPED, ~0u }, -XEN_EFAULT },
};
ROWS(multicall, multicall_calls, __HYPERVISOR_multicall, "xen.h, HYPERVISOR_multicall()", ANY);

#define MULTI "xen.h, struct multicall_entry"

CASE(multicall, results, MULTI, ANY)
{
    struct multicall_entry *calls = pool(0);

    calls[0] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
                                         .args = { XENVER_pagesize } };
    calls[1] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version, .args = { 99 } };
    calls[2] = (struct multicall_entry){ .op = 127 };
    calls[3] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
                                         .args = { XENVER_version } };
    EXPECT(hypercall2(__HYPERVISOR_multicall, calls, 4), 0);
    EXPECT(calls[0].result, 4096);
    EXPECT(calls[1].result, -XEN_ENOSYS);
    EXPECT(calls[2].result, -XEN_ENOSYS);
    EXPECT(calls[3].result, 4 << 16 | 17); /* an error does not stop the rest */
}

CASE(multicall, arguments_stay, MULTI, PV)
{
    struct multicall_entry call = { .op = __HYPERVISOR_xen_version,
                                    .args = { XENVER_pagesize, 0, 3, 4, 5, 6 } };

    EXPECT(hypercall2(__HYPERVISOR_multicall, &call, 1), 0);
    EXPECT(call.args[0], XENVER_pagesize);
    EXPECT(call.args[2], 3);
    EXPECT(call.args[5], 6);
    EXPECT(call.op, __HYPERVISOR_xen_version);
}

CASE(multicall, nested, MULTI, PV)
{
    struct multicall_entry inner = { .op = __HYPERVISOR_xen_version, .args = { XENVER_pagesize } };
    struct multicall_entry outer = { .op = __HYPERVISOR_multicall,
                                     .args = { (uint64_t)&inner, 1 } };

    EXPECT(hypercall2(__HYPERVISOR_multicall, &outer, 1), 0);
    EXPECT(outer.result, -XEN_EINVAL);
    EXPECT(inner.result, 0);
}

CASE(multicall, of_256, MULTI, ANY)
{
    struct multicall_entry *calls = pool(0);

    for (unsigned int i = 0; i < 256; i++)
        calls[i] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
                                             .args = { XENVER_pagesize } };
    EXPECT(hypercall2(__HYPERVISOR_multicall, calls, 256), 0);
    for (unsigned int i = 0; i < 256; i++)
        EXPECT(calls[i].result, 4096);
}

CASE(multicall, list_ends_in_a_hole, MULTI, PV)
{
    struct multicall_entry *calls = (void *)((char *)pool(1) - sizeof(*calls));

    calls[0] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version,
                                         .args = { XENVER_pagesize } };
    EXPECT(set_va(pool(1), 0), 0);
    EXPECT(hypercall2(__HYPERVISOR_multicall, calls, 2), -XEN_EFAULT);
    conform_note("first result %lx", calls[0].result);
    EXPECT(writable(pool(1)), 0);
}

CASE(multicall, page_table_updates, MULTI, PV)
{
    struct multicall_entry *calls = pool(5);

    for (unsigned int i = 0; i < 4; i++)
        calls[i] = (struct multicall_entry){
            .op = __HYPERVISOR_update_va_mapping,
            .args = { (uint64_t)pool(i), entry(pool(i), READ_ONLY), UVMF_INVLPG },
        };
    EXPECT(hypercall2(__HYPERVISOR_multicall, calls, 4), 0);
    for (unsigned int i = 0; i < 4; i++) {
        EXPECT(calls[i].result, 0);
        EXPECT(probe_write(pool(i), 1), 14);
        EXPECT(writable(pool(i)), 0);
    }
}

CASE(multicall, iret_in_it, MULTI, FATAL | PV)
{
    struct multicall_entry call = { .op = __HYPERVISOR_iret };

    EXPECT(hypercall2(__HYPERVISOR_multicall, &call, 1), 0);
}

static const struct row physdev_calls[] = {
    { "unknown_operation", { 99, 0 }, -XEN_ENOSYS },
    { "unmask_notify_is_old", { PHYSDEVOP_IRQ_UNMASK_NOTIFY, 0 }, 0 },
    { "eoi_pointer", { PHYSDEVOP_eoi, BAD_UNMAPPED }, -XEN_EFAULT },
    { "eoi_no_irq", { PHYSDEVOP_eoi, AT(struct physdev_eoi, .irq = 100000) }, -XEN_EINVAL },
    { "eoi_unbound_irq", { PHYSDEVOP_eoi, AT(struct physdev_eoi, .irq = 20) }, -XEN_EINVAL },
    { "status_pointer", { PHYSDEVOP_irq_status_query, BAD_UNMAPPED }, -XEN_EFAULT },
    { "status_no_irq",
      { PHYSDEVOP_irq_status_query, AT(struct physdev_irq_status_query, .irq = 100000) },
      -XEN_EINVAL },
    { "set_iopl_pointer", { PHYSDEVOP_set_iopl, BAD_UNMAPPED }, -XEN_EFAULT },
    { "set_iobitmap_pointer", { PHYSDEVOP_set_iobitmap, BAD_UNMAPPED }, -XEN_EFAULT },
    { "apic_read_pointer", { PHYSDEVOP_apic_read, BAD_UNMAPPED }, -XEN_EFAULT },
    { "apic_read_no_apic",
      { PHYSDEVOP_apic_read, AT(struct physdev_apic, .apic_physbase = 0x1000) },
      -XEN_EINVAL },
    { "apic_read",
      { PHYSDEVOP_apic_read, AT(struct physdev_apic, .apic_physbase = 0xfec00000, .reg = 1) },
      0 },
    { "alloc_irq_vector_pointer", { PHYSDEVOP_alloc_irq_vector, BAD_UNMAPPED }, -XEN_EFAULT },
    { "alloc_irq_vector_no_irq",
      { PHYSDEVOP_alloc_irq_vector, AT(struct physdev_irq, .irq = 100000) },
      0 },
    { "alloc_irq_vector", { PHYSDEVOP_alloc_irq_vector, AT(struct physdev_irq, .irq = 20) }, 0 },
    { "map_pirq_pointer", { PHYSDEVOP_map_pirq, BAD_UNMAPPED }, -XEN_EFAULT },
    { "map_pirq_no_domain",
      { PHYSDEVOP_map_pirq, AT(struct physdev_map_pirq, .domid = NO_DOMAIN) },
      -XEN_ESRCH },
    { "map_pirq_unknown_type",
      { PHYSDEVOP_map_pirq, AT(struct physdev_map_pirq, .domid = DOMID_SELF, .type = 77) },
      -XEN_EINVAL },
    { "map_pirq_no_gsi",
      { PHYSDEVOP_map_pirq, AT(struct physdev_map_pirq, .domid = DOMID_SELF,
                               .type = MAP_PIRQ_TYPE_GSI, .index = 100000, .pirq = -1) },
      -XEN_EINVAL },
    { "unmap_pirq_pointer", { PHYSDEVOP_unmap_pirq, BAD_UNMAPPED }, -XEN_EFAULT },
    { "unmap_pirq_none",
      { PHYSDEVOP_unmap_pirq, AT(struct physdev_unmap_pirq, .domid = DOMID_SELF, .pirq = 100000) },
      -XEN_EINVAL },
    { "unmap_pirq_negative",
      { PHYSDEVOP_unmap_pirq, AT(struct physdev_unmap_pirq, .domid = DOMID_SELF, .pirq = -1) },
      -XEN_EINVAL },
    { "setup_gsi_pointer", { PHYSDEVOP_setup_gsi, BAD_UNMAPPED }, -XEN_EFAULT },
    { "setup_gsi_none",
      { PHYSDEVOP_setup_gsi, AT(struct physdev_setup_gsi, .gsi = 1000) },
      -XEN_EINVAL },
    { "get_free_pirq_pointer", { PHYSDEVOP_get_free_pirq, BAD_UNMAPPED }, -XEN_EFAULT },
    { "mmcfg_reserved_pointer", { PHYSDEVOP_pci_mmcfg_reserved, BAD_UNMAPPED }, -XEN_EFAULT },
    { "pci_device_add_pointer", { PHYSDEVOP_pci_device_add, BAD_UNMAPPED }, -XEN_EFAULT },
    { "pci_device_remove_pointer", { PHYSDEVOP_pci_device_remove, BAD_UNMAPPED }, -XEN_EFAULT },
    { "pci_device_remove_none",
      { PHYSDEVOP_pci_device_remove, AT(struct physdev_pci_device, .bus = 200) },
      -XEN_ENODEV },
    { "prepare_msix_pointer", { PHYSDEVOP_prepare_msix, BAD_UNMAPPED }, -XEN_EFAULT },
    { "restore_msi_none",
      { PHYSDEVOP_restore_msi, AT(struct physdev_restore_msi, .bus = 200) },
      -XEN_ENODEV },
    { "eoi_gmfn_pointer", { PHYSDEVOP_pirq_eoi_gmfn_v2, BAD_UNMAPPED }, -XEN_EFAULT },
    { "eoi_gmfn_no_frame",
      { PHYSDEVOP_pirq_eoi_gmfn_v2, AT(struct physdev_pirq_eoi_gmfn, .gmfn = 0xffffffffff) },
      -XEN_EINVAL },
    { "dbgp_pointer", { PHYSDEVOP_dbgp_op, BAD_UNMAPPED }, -XEN_EFAULT },
};
ROWS(physdev, physdev_calls, __HYPERVISOR_physdev_op, "physdev.h", PV);

CASE(physdev, get_free_pirq, "physdev.h, PHYSDEVOP_get_free_pirq", PV)
{
    struct physdev_get_free_pirq arg = { .type = MAP_PIRQ_TYPE_MSI };

    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_get_free_pirq, &arg), 0);
    conform_note("pirq %u", arg.pirq);
    EXPECT_TRUE(arg.pirq >= 16);
}

CASE(physdev, map_and_unmap_a_gsi, "physdev.h, PHYSDEVOP_map_pirq", PV)
{
    struct physdev_map_pirq arg = {
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 21, .pirq = -1
    };
    struct physdev_unmap_pirq gone = { .domid = DOMID_SELF };

    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &arg), 0);
    conform_note("pirq %d", arg.pirq);
    EXPECT_TRUE(arg.pirq >= 0);
    gone.pirq = arg.pirq;
    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_unmap_pirq, &gone), 0);
    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_unmap_pirq, &gone), -XEN_EINVAL);
}

CASE(physdev, unmap_and_map_again, "physdev.h, PHYSDEVOP_unmap_pirq", PV)
{
    struct physdev_map_pirq arg = {
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 20, .pirq = -1
    };
    struct physdev_unmap_pirq gone = { .domid = DOMID_SELF };
    long result;

    REQUIRE(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &arg), 0);
    gone.pirq = arg.pirq;
    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_unmap_pirq, &gone), 0);
    /* Xen takes the right to the interrupt with the mapping, -EPERM, so that a driver that is loaded
     * again has none; Zeroth leaves it to the domain that drives the devices. */
    arg.pirq = -1;
    result = hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &arg);
    conform_note("mapped again: %ld", result);
    EXPECT_TRUE(result == 0 || result == -XEN_EPERM);
    if (result == 0)
        EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_unmap_pirq, &gone), 0);
}

CASE(physdev, bind_a_gsi, "event_channel.h, EVTCHNOP_bind_pirq", PV)
{
    struct physdev_map_pirq map = {
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 22, .pirq = -1
    };
    struct evtchn_bind_pirq bind = { 0 };
    struct evtchn_status status = { .dom = DOMID_SELF };
    struct evtchn_close close;
    struct physdev_irq_status_query query;

    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, &map), 0);
    bind.pirq = (uint32_t)map.pirq;
    REQUIRE(hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_pirq, &bind), 0);
    status.port = bind.port;
    EXPECT(hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_status, &status), 0);
    EXPECT(status.status, EVTCHNSTAT_pirq);
    EXPECT(status.u.pirq, map.pirq);
    EXPECT(hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_pirq, &bind), -XEN_EEXIST);
    query.irq = (uint32_t)map.pirq;
    EXPECT(hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_irq_status_query, &query), 0);
    conform_note("irq status %x", query.flags);
    close.port = bind.port;
    EXPECT(hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &close), 0);
}

static struct xen_platform_op platform(uint32_t command)
{
    return (struct xen_platform_op){ .cmd = command, .interface_version = XENPF_INTERFACE_VERSION };
}

#define PLATFORM(c) \
    AT(struct xen_platform_op, .cmd = c, .interface_version = XENPF_INTERFACE_VERSION)

static const struct row platform_calls[] = {
    { "pointer", { BAD_UNMAPPED }, -XEN_EFAULT },
    { "pointer_xen", { BAD_XEN }, -XEN_EFAULT },
    { "wrong_version", { AT(struct xen_platform_op, .cmd = XENPF_getidletime) }, -XEN_EACCES },
    { "unknown_operation", { PLATFORM(99) }, -XEN_ENOSYS },
    { "operation_0", { PLATFORM(0) }, -XEN_ENOSYS },
    { "platform_quirk_none", { PLATFORM(XENPF_platform_quirk) }, -XEN_EINVAL },
    { "microcode_nothing", { PLATFORM(XENPF_microcode_update) }, -XEN_EINVAL },
    { "efi_without_efi", { PLATFORM(XENPF_efi_runtime_call) }, -XEN_ENOSYS },
};
ROWS(platform, platform_calls, __HYPERVISOR_platform_op, "platform.h", ANY);

CASE(platform, get_cpuinfo, "platform.h, XENPF_get_cpuinfo", ANY)
{
    struct xen_platform_op op = platform(XENPF_get_cpuinfo);

    EXPECT(hypercall1(__HYPERVISOR_platform_op, &op), 0);
    EXPECT(op.u.pcpu_info.flags & XEN_PCPU_FLAGS_ONLINE, XEN_PCPU_FLAGS_ONLINE);
    EXPECT(op.u.pcpu_info.max_present, 3);
    op.u.pcpu_info.xen_cpuid = 1000;
    EXPECT(hypercall1(__HYPERVISOR_platform_op, &op), 0);
    EXPECT(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID);
}

CASE(platform, get_cpu_version, "platform.h, XENPF_get_cpu_version", ANY)
{
    struct xen_platform_op op = platform(XENPF_get_cpu_version);

    EXPECT(hypercall1(__HYPERVISOR_platform_op, &op), 0);
    EXPECT_TRUE(op.u.pcpu_version.vendor_id[0] == 'A' || op.u.pcpu_version.vendor_id[0] == 'G');
    EXPECT(op.u.pcpu_version.max_present, 3);
}

CASE(platform, getidletime, "platform.h, XENPF_getidletime", ANY)
{
    struct xen_platform_op op = platform(XENPF_getidletime);
    uint64_t times[4] = { 0 };
    uint8_t map = 0xf;

    set_xen_guest_handle(op.u.getidletime.cpumap_bitmap, &map);
    op.u.getidletime.cpumap_nr_cpus = 4;
    set_xen_guest_handle(op.u.getidletime.idletime, times);
    /* Only where the hypervisor leaves frequencies to Dom0 (option cpufreq=dom0-kernel). */
    EXPECT(hypercall1(__HYPERVISOR_platform_op, &op), -XEN_ENOSYS);
}

CASE(platform, cpu_online_that_is, "platform.h, XENPF_cpu_online", ANY)
{
    struct xen_platform_op op = platform(XENPF_cpu_online);

    op.u.cpu_ol.cpuid = 1;
    EXPECT(hypercall1(__HYPERVISOR_platform_op, &op), 0);
    op.u.cpu_ol.cpuid = 1000;
    EXPECT(hypercall1(__HYPERVISOR_platform_op, &op), -XEN_EINVAL);
}

CASE(platform, cpu_offline_0, "platform.h, XENPF_cpu_offline", ANY)
{
    struct xen_platform_op op = platform(XENPF_cpu_offline);

    op.u.cpu_ol.cpuid = 0;
    EXPECT(hypercall1(__HYPERVISOR_platform_op, &op), -XEN_EOPNOTSUPP);
}

CASE(platform, firmware_info, "platform.h, XENPF_firmware_info", ANY)
{
    struct xen_platform_op op = platform(XENPF_firmware_info);

    op.u.firmware_info.type = XEN_FW_DISK_INFO;
    op.u.firmware_info.index = 100;
    EXPECT(hypercall1(__HYPERVISOR_platform_op, &op), -XEN_ESRCH);
    op.u.firmware_info.type = 99;
    EXPECT(hypercall1(__HYPERVISOR_platform_op, &op), -XEN_EINVAL);
    op.u.firmware_info.type = XEN_FW_KBD_SHIFT_FLAGS;
    op.u.firmware_info.index = 0;
    EXPECT(hypercall1(__HYPERVISOR_platform_op, &op), 0);
}

/* The wall clock set so that it was `secs` when the system time was 0. */
static long set_wall(uint64_t secs, uint32_t nsecs, uint32_t mbz)
{
    struct xen_platform_op op = platform(XENPF_settime64);

    op.u.settime64.secs = secs;
    op.u.settime64.nsecs = nsecs;
    op.u.settime64.mbz = mbz;
    return hypercall1(__HYPERVISOR_platform_op, &op);
}

CASE(platform, settime64, "platform.h, XENPF_settime64", ANY)
{
    uint32_t old = xen_shared_info->wc_sec, before = xen_shared_info->wc_version;

    EXPECT(set_wall(2000000000, 0, 0), 0);
    EXPECT_TRUE(xen_shared_info->wc_version != before);
    EXPECT(xen_shared_info->wc_sec, 2000000000);
    EXPECT(set_wall(old, 0, 0), 0);
    EXPECT(xen_shared_info->wc_sec, old);
}

CASE(platform, settime64_of_a_whole_second_of_nanoseconds, "platform.h, XENPF_settime64", ANY)
{
    uint32_t old = xen_shared_info->wc_sec;

    EXPECT(set_wall(2000000000, 1000000000, 0), 0); /* carried */
    EXPECT(xen_shared_info->wc_sec, 2000000001);
    EXPECT(set_wall(old, 0, 0), 0);
}

CASE(platform, settime64_padding, "platform.h, struct xenpf_settime64, mbz", ANY)
{
    uint32_t old = xen_shared_info->wc_sec;

    EXPECT(set_wall(2000000000, 0, 1), -XEN_EINVAL);
    EXPECT(xen_shared_info->wc_sec, old);
}

static const struct row tools_domctl[] = {
    { "domctl_pointer", { BAD_UNMAPPED }, -XEN_EFAULT },
    { "domctl_wrong_version",
      { AT(struct xen_domctl, .cmd = XEN_DOMCTL_getdomaininfo) },
      -XEN_EACCES },
};
ROWS(tools, tools_domctl, __HYPERVISOR_domctl, "domctl.h", ANY);

static const struct row tools_sysctl[] = {
    { "sysctl_pointer", { BAD_UNMAPPED }, -XEN_EFAULT },
    { "sysctl_wrong_version", { AT(struct xen_sysctl, .cmd = XEN_SYSCTL_physinfo) }, -XEN_EACCES },
};
ROWS(tools, tools_sysctl, __HYPERVISOR_sysctl, "sysctl.h", ANY);

static const struct row tools_pmu[] = {
    { "pmu_unknown", { 99, 0 }, -XEN_EOPNOTSUPP },
};
ROWS(tools, tools_pmu, __HYPERVISOR_xenpmu_op, "pmu.h", PV);

static const struct row tools_hvm[] = {
    { "hvm_op_unknown", { 99, 0 }, -XEN_ENOSYS },
    { "hvm_param_pointer", { HVMOP_get_param, BAD_UNMAPPED }, -XEN_EFAULT },
};
ROWS(tools, tools_hvm, __HYPERVISOR_hvm_op, "hvm/hvm_op.h", ANY);

CASE(tools, hvm_param_of_pv, "hvm/hvm_op.h, HVMOP_get_param", PV)
{
    struct xen_hvm_param param = { .domid = DOMID_SELF, .index = HVM_PARAM_STORE_EVTCHN };

    EXPECT(hypercall2(__HYPERVISOR_hvm_op, HVMOP_get_param, &param), -XEN_EINVAL);
}

CASE(tools, hvm_param_index, "hvm/params.h", PVH)
{
    struct xen_hvm_param param = { .domid = DOMID_SELF, .index = 1000 };

    EXPECT(hypercall2(__HYPERVISOR_hvm_op, HVMOP_get_param, &param), -XEN_EINVAL);
    param.index = HVM_PARAM_CALLBACK_IRQ;
    EXPECT(hypercall2(__HYPERVISOR_hvm_op, HVMOP_get_param, &param), 0);
    EXPECT(param.value >> 56, HVM_PARAM_CALLBACK_TYPE_VECTOR);
}

CASE(tools, sysctl_physinfo, "sysctl.h, XEN_SYSCTL_physinfo", ANY)
{
    struct xen_sysctl op = { .cmd = XEN_SYSCTL_physinfo,
                             .interface_version = XEN_SYSCTL_INTERFACE_VERSION };

    EXPECT(hypercall1(__HYPERVISOR_sysctl, &op), 0);
    EXPECT(op.u.physinfo.nr_cpus, 4);
    EXPECT(op.u.physinfo.max_cpu_id, 3);
    EXPECT_TRUE(op.u.physinfo.total_pages > 0x70000);
}

CASE(tools, domctl_getdomaininfo, "domctl.h, XEN_DOMCTL_getdomaininfo", ANY)
{
    struct xen_domctl op = { .cmd = XEN_DOMCTL_getdomaininfo,
                             .domain = 0,
                             .interface_version = XEN_DOMCTL_INTERFACE_VERSION };

    EXPECT(hypercall1(__HYPERVISOR_domctl, &op), 0);
    EXPECT(op.u.getdomaininfo.domain, 0);
    EXPECT(op.u.getdomaininfo.nr_online_vcpus, 4);
    EXPECT(op.u.getdomaininfo.max_vcpu_id, 3);
}

#define RANGE(range_, nr_) AT(xen_kexec_range_t, .range = (range_), .nr = (nr_))

static const struct row kexec_calls[] = {
    { "get_range_pointer", { KEXEC_CMD_kexec_get_range, BAD_UNMAPPED }, -XEN_EFAULT },
    { "get_range_of_nothing", { KEXEC_CMD_kexec_get_range, RANGE(7, 0) }, -XEN_EINVAL },
    { "get_range_negative", { KEXEC_CMD_kexec_get_range, RANGE(-1, 0) }, -XEN_EINVAL },
    { "get_range_crash", { KEXEC_CMD_kexec_get_range, RANGE(KEXEC_RANGE_MA_CRASH, 0) }, 0 },
    { "get_range_xen", { KEXEC_CMD_kexec_get_range, RANGE(KEXEC_RANGE_MA_XEN, 0) }, 0 },
    { "get_range_heap",
      { KEXEC_CMD_kexec_get_range, RANGE(KEXEC_RANGE_MA_XENHEAP, 0) },
      -XEN_EINVAL },
    { "get_range_no_cpu",
      { KEXEC_CMD_kexec_get_range, RANGE(KEXEC_RANGE_MA_CPU, 100) },
      -XEN_ERANGE },
    { "get_range_cpu_negative",
      { KEXEC_CMD_kexec_get_range, RANGE(KEXEC_RANGE_MA_CPU, -1) },
      -XEN_ERANGE },
    { "exec_nothing", { KEXEC_CMD_kexec, AT(xen_kexec_exec_t, .type = 1) }, -XEN_ENOENT },
    { "exec_type", { KEXEC_CMD_kexec, AT(xen_kexec_exec_t, .type = 2) }, -XEN_EINVAL },
    { "unload_type", { KEXEC_CMD_kexec_unload, AT(xen_kexec_unload_t, .type = 2) }, -XEN_EINVAL },
    { "unload_nothing", { KEXEC_CMD_kexec_unload, AT(xen_kexec_unload_t, .type = 1) }, 0 },
    { "status_type", { KEXEC_CMD_kexec_status, AT(xen_kexec_status_t, .type = 2) }, -XEN_EINVAL },
    { "status_pointer", { KEXEC_CMD_kexec_status, BAD_UNMAPPED }, -XEN_EFAULT },
    { "load_pointer", { KEXEC_CMD_kexec_load, BAD_UNMAPPED }, -XEN_EFAULT },
    { "load_type",
      { KEXEC_CMD_kexec_load, AT(xen_kexec_load_t, .type = 2, .arch = 62) },
      -XEN_EINVAL },
    { "load_machine",
      { KEXEC_CMD_kexec_load, AT(xen_kexec_load_t, .type = 1) },
      -XEN_EADDRNOTAVAIL },
    { "load_17_segments",
      { KEXEC_CMD_kexec_load, AT(xen_kexec_load_t, .type = 1, .arch = 62, .nr_segments = 17) },
      -XEN_EINVAL },
    { "load_segments_pointer",
      { KEXEC_CMD_kexec_load, AT(xen_kexec_load_t, .type = 1, .arch = 62, .nr_segments = 1,
                                 .segments._pad = BAD_UNMAPPED) },
      -XEN_EFAULT },
    { "load_outside",
      { KEXEC_CMD_kexec_load, AT(xen_kexec_load_t, .type = 1, .arch = 62, .entry_maddr = 4096) },
      -XEN_EADDRNOTAVAIL },
    { "unknown_operation", { 7, BAD_UNMAPPED }, 0 },
};
ROWS(kexec, kexec_calls, __HYPERVISOR_kexec_op, "kexec.h", PV);

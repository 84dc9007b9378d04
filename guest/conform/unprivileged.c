/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every hypercall and sub-operation, called by an unprivileged domain: what reaches for another domain
 * or for the machine is -EPERM, or what Xen says, and nothing of Dom0 changes.  Arguments name Dom0
 * wherever a domain can be named.
 */
#include "unprivileged.h"

#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/pmu.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define DOM0    0
#define NO_VCPU 7
#define NO_PORT 1000
#define NO_CR   9

extern const char xen_pv_event[], xen_pv_failsafe[];

static char some_text[] = "text";

static const struct row calls_set_trap_table[] = {
    { "set_trap_table", { BAD_UNMAPPED }, -XEN_EFAULT }
};
UNPRIVILEGED(calls_set_trap_table, __HYPERVISOR_set_trap_table, "xen.h");
static const struct row calls_mmu_update[] = {
    { "mmu_update_of_another",
      { AT(struct mmu_update, .ptr = 0, .val = 0), 1, 0, DOM0 },
      -XEN_EPERM },
    { "mmu_update_tables_of_another",
      { AT(struct mmu_update, .ptr = 0, .val = 0), 1, 0, DOMID_SELF | (DOM0 + 1) << 16 },
      -XEN_EPERM },
    { "mmu_update_tables_of_nobody",
      { AT(struct mmu_update, .ptr = 0, .val = 0), 1, 0, DOMID_SELF | (NO_DOMAIN + 1) << 16 },
      -XEN_ESRCH },
    { "mmu_update_devices",
      { AT(struct mmu_update, .ptr = 0, .val = 0), 1, 0, DOMID_IO },
      -XEN_EINVAL },
    { "mmu_update_hypervisor",
      { AT(struct mmu_update, .ptr = 0, .val = 0), 1, 0, DOMID_XEN },
      -XEN_EPERM },
};
UNPRIVILEGED(calls_mmu_update, __HYPERVISOR_mmu_update, "xen.h");
static const struct row calls_set_gdt[] = { { "set_gdt", { BAD_UNMAPPED, 512 }, -XEN_EFAULT } };
UNPRIVILEGED(calls_set_gdt, __HYPERVISOR_set_gdt, "xen.h");
static const struct row calls_stack_switch[] = {
    { "stack_switch", { FLAT_KERNEL_SS, (uint64_t)pv_stacks + PV_STACK_SIZE }, 0 },
};
UNPRIVILEGED(calls_stack_switch, __HYPERVISOR_stack_switch, "xen.h");
static const struct row calls_set_callbacks[] = {
    { "set_callbacks", { (uint64_t)xen_pv_event, (uint64_t)xen_pv_failsafe, 0 }, 0 },
};
UNPRIVILEGED(calls_set_callbacks, __HYPERVISOR_set_callbacks, "xen.h");
static const struct row calls_fpu_taskswitch[] = { { "fpu_taskswitch", { 0 }, 0 } };
UNPRIVILEGED(calls_fpu_taskswitch, __HYPERVISOR_fpu_taskswitch, "xen.h");
static const struct row calls_sched_compat[] = {
    { "compat_yield", { 0 }, 0 },
    { "compat_block", { 1 }, 0 },
    { "compat_shutdown", { 2, SHUTDOWN_crash }, DIES },
};
UNPRIVILEGED(calls_sched_compat, __HYPERVISOR_sched_op_compat, "sched.h");
static const struct row calls_set_debugreg[] = {
    { "set_debugreg", { NO_CR, 0 }, -XEN_ENODEV },
    { "set_debugreg_of_hypervisor", { 0, BAD_XEN }, -XEN_EPERM },
};
UNPRIVILEGED(calls_set_debugreg, __HYPERVISOR_set_debugreg, "xen.h");
static const struct row calls_get_debugreg[] = { { "get_debugreg", { NO_CR }, -XEN_ENODEV } };
UNPRIVILEGED(calls_get_debugreg, __HYPERVISOR_get_debugreg, "xen.h");
static const struct row calls_update_descriptor[] = {
    { "update_descriptor", { 0, 0 }, -XEN_EINVAL }
};
UNPRIVILEGED(calls_update_descriptor, __HYPERVISOR_update_descriptor, "xen.h");
static const struct row calls_multicall[] = { { "multicall", { BAD_UNMAPPED, 1 }, -XEN_EFAULT } };
UNPRIVILEGED(calls_multicall, __HYPERVISOR_multicall, "xen.h");
static const struct row calls_update_va_mapping[] = {
    { "update_va_mapping_frame_of_another",
      { (uint64_t)conform_pool, 1 << 12 | 7, 0 },
      -XEN_EPERM },
    { "update_va_mapping_hypervisor", { BAD_XEN, 0, 0 }, -XEN_EINVAL },
};
UNPRIVILEGED(calls_update_va_mapping, __HYPERVISOR_update_va_mapping, "xen.h");
static const struct row calls_set_timer[] = { { "set_timer_op", { 0 }, 0 } };
UNPRIVILEGED(calls_set_timer, __HYPERVISOR_set_timer_op, "xen.h");
static const struct row calls_vm_assist[] = {
    { "vm_assist", { VMASST_CMD_enable, 77 }, -XEN_EINVAL }
};
UNPRIVILEGED(calls_vm_assist, __HYPERVISOR_vm_assist, "xen.h");
static const struct row calls_otherdomain[] = {
    { "update_va_mapping_otherdomain", { (uint64_t)conform_pool, 0, 0, DOM0 }, -XEN_EPERM },
    { "update_va_mapping_of_nobody", { (uint64_t)conform_pool, 0, 0, NO_DOMAIN }, -XEN_ESRCH },
    { "update_va_mapping_devices",
      { (uint64_t)conform_pool, 0xfee00067, 0, DOMID_IO },
      -XEN_EPERM },
    { "update_va_mapping_of_hypervisor", { (uint64_t)conform_pool, 0, 0, DOMID_XEN }, -XEN_EPERM },
};
UNPRIVILEGED(calls_otherdomain, __HYPERVISOR_update_va_mapping_otherdomain, "xen.h");
static const struct row calls_segment_base[] = {
    { "set_segment_base", { SEGBASE_FS, 0 }, 0 },
    { "set_segment_base_hypervisor", { SEGBASE_FS, BAD_XEN }, 0 },
    { "set_segment_base_noncanonical", { SEGBASE_FS, BAD_HOLE }, -XEN_EINVAL },
};
UNPRIVILEGED(calls_segment_base, __HYPERVISOR_set_segment_base, "xen.h");

#define MMUEXT(c) AT(struct mmuext_op, .cmd = MMUEXT_##c), 1, 0
static const struct row calls_mmuext[] = {
    { "mmuext_op_of_another", { MMUEXT(PIN_L1_TABLE), DOM0 }, -XEN_EPERM },
    { "mmuext_op_unpin_of_another", { MMUEXT(UNPIN_TABLE), DOM0 }, -XEN_EPERM },
    { "mmuext_op_clear_of_another", { MMUEXT(CLEAR_PAGE), DOM0 }, -XEN_EPERM },
    { "mmuext_op_flush_caches", { MMUEXT(FLUSH_CACHE), DOMID_SELF }, -XEN_EACCES },
    { "mmuext_op_flush_all_caches", { MMUEXT(FLUSH_CACHE_GLOBAL), DOMID_SELF }, -XEN_EINVAL },
};
UNPRIVILEGED(calls_mmuext, __HYPERVISOR_mmuext_op, "xen.h");

static const struct row calls_memory[] = {
    { "increase_reservation",
      { XENMEM_increase_reservation,
        AT(struct xen_memory_reservation, .nr_extents = 1, .domid = DOM0) },
      0 },
    { "decrease_reservation",
      { XENMEM_decrease_reservation,
        AT(struct xen_memory_reservation, .nr_extents = 1, .domid = DOM0) },
      0 },
    { "maximum_ram_page", { XENMEM_maximum_ram_page, 0 }, 524256 },
    { "current_reservation", { XENMEM_current_reservation, AT(domid_t, DOM0) }, -XEN_EPERM },
    { "maximum_reservation", { XENMEM_maximum_reservation, AT(domid_t, DOM0) }, -XEN_EPERM },
    { "machphys_mfn_list", { XENMEM_machphys_mfn_list, BAD_UNMAPPED }, -XEN_EFAULT },
    { "populate_physmap",
      { XENMEM_populate_physmap,
        AT(struct xen_memory_reservation, .nr_extents = 1, .domid = DOM0) },
      0 },
    { "add_to_physmap",
      { XENMEM_add_to_physmap, AT(struct xen_add_to_physmap, .domid = DOM0) },
      -XEN_EACCES },
    { "add_to_physmap_foreign",
      { XENMEM_add_to_physmap,
        AT(struct xen_add_to_physmap, .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign) },
      -XEN_ENOSYS },
    { "memory_map", { XENMEM_memory_map, BAD_UNMAPPED }, -XEN_EFAULT },
    { "machine_memory_map", { XENMEM_machine_memory_map, BAD_UNMAPPED }, -XEN_EPERM },
    { "exchange",
      { XENMEM_exchange, AT(struct xen_memory_exchange, .in = { .nr_extents = 1, .domid = DOM0 },
                            .out = { .nr_extents = 1, .domid = DOM0 }) },
      -XEN_EPERM },
    { "machphys_mapping", { XENMEM_machphys_mapping, BAD_UNMAPPED }, -XEN_EFAULT },
    { "set_memory_map",
      { XENMEM_set_memory_map, AT(struct xen_foreign_memory_map, .domid = DOM0) },
      -XEN_EPERM },
    { "maximum_gpfn", { XENMEM_maximum_gpfn, AT(domid_t, DOM0) }, -XEN_EPERM },
    { "remove_from_physmap",
      { XENMEM_remove_from_physmap, AT(struct xen_remove_from_physmap, .domid = DOM0) },
      -XEN_EACCES },
    { "set_pod_target",
      { XENMEM_set_pod_target, AT(struct xen_pod_target, .domid = DOM0) },
      -XEN_EINVAL,
      -XEN_EPERM },
    { "get_pod_target",
      { XENMEM_get_pod_target, AT(struct xen_pod_target, .domid = DOM0) },
      -XEN_EINVAL,
      -XEN_EPERM },
    { "get_sharing_freed_pages", { XENMEM_get_sharing_freed_pages, 0 }, 0 },
    { "get_sharing_shared_pages", { XENMEM_get_sharing_shared_pages, 0 }, 0 },
    { "paging_op",
      { XENMEM_paging_op, AT(struct xen_mem_paging_op, .domain = DOM0) },
      -XEN_ENOSYS },
    { "access_op",
      { XENMEM_access_op, AT(struct xen_mem_access_op, .domid = DOM0) },
      -XEN_EINVAL,
      -XEN_EPERM },
    { "sharing_op",
      { XENMEM_sharing_op, AT(struct xen_mem_sharing_op, .domain = DOM0) },
      -XEN_ENOSYS },
    { "add_to_physmap_batch",
      { XENMEM_add_to_physmap_batch,
        AT(struct xen_add_to_physmap_batch, .domid = DOM0, .size = 1) },
      -XEN_EACCES },
    { "claim_pages",
      { XENMEM_claim_pages, AT(struct xen_memory_reservation, .nr_extents = 1, .domid = DOM0) },
      -XEN_EPERM },
    { "machphys_compat_mfn_list",
      { XENMEM_machphys_compat_mfn_list, BAD_UNMAPPED },
      -XEN_EOPNOTSUPP },
    { "get_vnumainfo",
      { XENMEM_get_vnumainfo, AT(struct xen_vnuma_topology_info, .domid = DOM0) },
      -XEN_EPERM },
    { "reserved_device_memory_map",
      { XENMEM_reserved_device_memory_map, BAD_UNMAPPED },
      -XEN_EFAULT },
    { "acquire_resource",
      { XENMEM_acquire_resource, AT(struct xen_mem_acquire_resource, .domid = DOM0,
                                    .type = XENMEM_resource_grant_table, .nr_frames = 1) },
      -XEN_EPERM },
};
UNPRIVILEGED(calls_memory, __HYPERVISOR_memory_op, "memory.h");

static const struct row calls_version[] = {
    { "version", { XENVER_version, 0 }, 4 << 16 | 17 },
    { "extraversion", { XENVER_extraversion, BAD_UNMAPPED }, -XEN_EFAULT },
    { "compile_info", { XENVER_compile_info, BAD_UNMAPPED }, -XEN_EFAULT },
    { "capabilities", { XENVER_capabilities, BAD_UNMAPPED }, -XEN_EFAULT },
    { "changeset", { XENVER_changeset, BAD_UNMAPPED }, -XEN_EFAULT },
    { "platform_parameters", { XENVER_platform_parameters, BAD_UNMAPPED }, -XEN_EFAULT },
    { "get_features", { XENVER_get_features, BAD_UNMAPPED }, -XEN_EFAULT },
    { "pagesize", { XENVER_pagesize, 0 }, 4096 },
    { "guest_handle", { XENVER_guest_handle, BAD_UNMAPPED }, -XEN_EFAULT },
    { "commandline", { XENVER_commandline, BAD_UNMAPPED }, -XEN_EFAULT },
    { "build_id", { XENVER_build_id, 0 }, -XEN_EPERM },
};
UNPRIVILEGED(calls_version, __HYPERVISOR_xen_version, "version.h");

static const struct row calls_console[] = {
    { "console_write", { CONSOLEIO_write, 4, (uint64_t)some_text }, -XEN_EPERM },
    { "console_read", { CONSOLEIO_read, 4, (uint64_t)some_text }, -XEN_EPERM },
};
UNPRIVILEGED(calls_console, __HYPERVISOR_console_io, "xen.h");

/* Of the grant table's the status: it is in the struct, whose place is the third argument's. */
#define GRANT(op, ...) \
    { \
        GNTTABOP_##op, AT(struct gnttab_##op, __VA_ARGS__), 1, \
            __builtin_offsetof(struct gnttab_##op, status) \
    }
static const struct row calls_grant[] = {
    { "map_grant_ref", GRANT(map_grant_ref, .dom = DOM0, .ref = 8, .flags = GNTMAP_host_map),
      GNTST_general_error },
    { "unmap_grant_ref", GRANT(unmap_grant_ref, .handle = 1), GNTST_bad_handle },
    { "setup_table", GRANT(setup_table, .dom = DOM0, .nr_frames = 1), GNTST_permission_denied },
    { "dump_table", GRANT(dump_table, .dom = DOM0), -XEN_ENOSYS },
    { "transfer", GRANT(transfer, .domid = DOM0), GNTST_bad_page, -XEN_EOPNOTSUPP },
    { "copy",
      { GNTTABOP_copy,
        AT(struct gnttab_copy, .source = { .domid = DOM0 }, .dest = { .domid = DOM0 }, .len = 8), 1,
        __builtin_offsetof(struct gnttab_copy, status) },
      GNTST_permission_denied },
    { "query_size", GRANT(query_size, .dom = DOM0), GNTST_permission_denied },
    { "unmap_and_replace", GRANT(unmap_and_replace, .handle = 1), GNTST_bad_handle },
    { "set_version",
      { GNTTABOP_set_version, AT(struct gnttab_set_version, .version = 3), 1 },
      -XEN_EINVAL },
    { "get_status_frames", GRANT(get_status_frames, .dom = DOM0, .nr_frames = 1),
      GNTST_permission_denied },
    { "get_version",
      { GNTTABOP_get_version, AT(struct gnttab_get_version, .dom = DOM0), 1 },
      -XEN_EPERM },
    { "swap_grant_ref", GRANT(swap_grant_ref, .ref_a = 1u << 30, .ref_b = 1), GNTST_bad_gntref },
    { "cache_flush",
      { GNTTABOP_cache_flush,
        AT(struct gnttab_cache_flush, .a.dev_bus_addr = 0x400000, .length = 64,
           .op = GNTTAB_CACHE_CLEAN),
        1 },
      -XEN_EPERM },
};
UNPRIVILEGED(calls_grant, __HYPERVISOR_grant_table_op, "grant_table.h");

static const struct row calls_vcpu[] = {
    { "vcpu_initialise", { VCPUOP_initialise, NO_VCPU, BAD_UNMAPPED }, -XEN_ENOENT },
    { "vcpu_up", { VCPUOP_up, NO_VCPU, 0 }, -XEN_ENOENT },
    { "vcpu_down", { VCPUOP_down, NO_VCPU, 0 }, -XEN_ENOENT },
    { "vcpu_is_up", { VCPUOP_is_up, NO_VCPU, 0 }, -XEN_ENOENT },
    { "get_runstate_info", { VCPUOP_get_runstate_info, 0, BAD_UNMAPPED }, -XEN_EFAULT },
    { "register_runstate_area",
      { VCPUOP_register_runstate_memory_area, 0, BAD_UNMAPPED },
      -XEN_EFAULT },
    { "set_periodic_timer", { VCPUOP_set_periodic_timer, 0, BAD_UNMAPPED }, -XEN_EFAULT },
    { "stop_periodic_timer", { VCPUOP_stop_periodic_timer, 0, 0 }, 0 },
    { "set_singleshot_timer", { VCPUOP_set_singleshot_timer, 0, BAD_UNMAPPED }, -XEN_EFAULT },
    { "stop_singleshot_timer", { VCPUOP_stop_singleshot_timer, 0, 0 }, 0 },
    { "register_vcpu_info", { VCPUOP_register_vcpu_info, 0, BAD_UNMAPPED }, -XEN_EFAULT },
    { "send_nmi", { VCPUOP_send_nmi, NO_VCPU, 0 }, -XEN_ENOENT },
    { "get_physid", { VCPUOP_get_physid, 0, BAD_UNMAPPED }, -XEN_EINVAL },
    { "register_time_area",
      { VCPUOP_register_vcpu_time_memory_area, 0, BAD_UNMAPPED },
      -XEN_EFAULT },
};
UNPRIVILEGED(calls_vcpu, __HYPERVISOR_vcpu_op, "vcpu.h");

static const struct row calls_nmi[] = {
    { "nmi_register",
      { XENNMI_register_callback, AT(struct xennmi_callback, .handler_address = BAD_HOLE) },
      -XEN_EINVAL },
    { "nmi_unregister", { XENNMI_unregister_callback, 0 }, 0 },
};
UNPRIVILEGED(calls_nmi, __HYPERVISOR_nmi_op, "nmi.h");

static const struct row calls_sched[] = {
    { "yield", { SCHEDOP_yield, 0 }, 0 },
    { "block", { SCHEDOP_block, 0 }, 0 },
    { "shutdown", { SCHEDOP_shutdown, BAD_UNMAPPED }, -XEN_EFAULT },
    { "poll", { SCHEDOP_poll, AT(struct sched_poll, .nr_ports = 1u << 31) }, -XEN_EINVAL },
    { "remote_shutdown",
      { SCHEDOP_remote_shutdown, AT(struct sched_remote_shutdown, .domain_id = DOM0) },
      -XEN_EPERM },
    { "shutdown_code", { SCHEDOP_shutdown_code, BAD_UNMAPPED }, -XEN_EFAULT },
    { "watchdog", { SCHEDOP_watchdog, AT(struct sched_watchdog, .id = 99) }, -XEN_EINVAL },
    { "pin_override",
      { SCHEDOP_pin_override, AT(struct sched_pin_override, .pcpu = 0) },
      -XEN_EPERM },
};
UNPRIVILEGED(calls_sched, __HYPERVISOR_sched_op, "sched.h");

static const struct row calls_callback[] = {
    { "callback_register",
      { CALLBACKOP_register, AT(struct callback_register, .type = 99) },
      -XEN_ENOSYS },
    { "callback_unregister",
      { CALLBACKOP_unregister, AT(struct callback_unregister, .type = 99) },
      -XEN_ENOSYS },
};
UNPRIVILEGED(calls_callback, __HYPERVISOR_callback_op, "callback.h");

static const struct row calls_event[] = {
    { "bind_interdomain",
      { EVTCHNOP_bind_interdomain,
        AT(struct evtchn_bind_interdomain, .remote_dom = DOM0, .remote_port = 1) },
      -XEN_EINVAL },
    { "bind_virq", { EVTCHNOP_bind_virq, AT(struct evtchn_bind_virq, .virq = VIRQ_DOM_EXC) }, 0 },
    { "bind_pirq", { EVTCHNOP_bind_pirq, AT(struct evtchn_bind_pirq, .pirq = 1) }, -XEN_EPERM },
    { "close", { EVTCHNOP_close, AT(struct evtchn_close, .port = NO_PORT) }, -XEN_EINVAL },
    { "send", { EVTCHNOP_send, AT(struct evtchn_send, .port = NO_PORT) }, -XEN_EINVAL },
    { "status", { EVTCHNOP_status, AT(struct evtchn_status, .dom = DOM0, .port = 1) }, -XEN_EPERM },
    { "alloc_unbound",
      { EVTCHNOP_alloc_unbound, AT(struct evtchn_alloc_unbound, .dom = DOM0) },
      -XEN_EPERM },
    { "bind_ipi", { EVTCHNOP_bind_ipi, AT(struct evtchn_bind_ipi, .vcpu = NO_VCPU) }, -XEN_ENOENT },
    { "bind_vcpu",
      { EVTCHNOP_bind_vcpu, AT(struct evtchn_bind_vcpu, .port = NO_PORT) },
      -XEN_EINVAL },
    { "unmask",
      { EVTCHNOP_unmask, AT(struct evtchn_unmask, .port = NO_PORT * NO_PORT) },
      -XEN_EINVAL },
    { "reset", { EVTCHNOP_reset, AT(struct evtchn_reset, .dom = DOM0) }, -XEN_EPERM },
    { "init_control",
      { EVTCHNOP_init_control, AT(struct evtchn_init_control, .control_gfn = 1, .vcpu = NO_VCPU) },
      -XEN_ENOENT },
    { "expand_array",
      { EVTCHNOP_expand_array, AT(struct evtchn_expand_array, .array_gfn = 1) },
      -XEN_EOPNOTSUPP },
    { "set_priority",
      { EVTCHNOP_set_priority, AT(struct evtchn_set_priority, .port = NO_PORT) },
      -XEN_EINVAL },
    { "reset_cont", { 14, AT(struct evtchn_reset, .dom = DOM0) }, -XEN_EPERM },
};
UNPRIVILEGED(calls_event, __HYPERVISOR_event_channel_op, "event_channel.h");

static const struct row calls_physdev[] = {
    { "eoi", { PHYSDEVOP_eoi, AT(struct physdev_eoi, .irq = 1) }, -XEN_EINVAL },
    { "pirq_eoi_gmfn_v1",
      { PHYSDEVOP_pirq_eoi_gmfn_v1, AT(struct physdev_pirq_eoi_gmfn, .gmfn = 1) },
      -XEN_EINVAL },
    { "pirq_eoi_gmfn_v2",
      { PHYSDEVOP_pirq_eoi_gmfn_v2, AT(struct physdev_pirq_eoi_gmfn, .gmfn = 1) },
      -XEN_EINVAL },
    { "irq_status_query",
      { PHYSDEVOP_irq_status_query, AT(struct physdev_irq_status_query, .irq = 1) },
      0 },
    { "set_iopl", { PHYSDEVOP_set_iopl, AT(struct physdev_set_iopl, .iopl = 4) }, -XEN_EINVAL },
    { "set_iobitmap",
      { PHYSDEVOP_set_iobitmap, AT(struct physdev_set_iobitmap, .nr_ports = ~0u) },
      -XEN_EINVAL },
    { "apic_read",
      { PHYSDEVOP_apic_read, AT(struct physdev_apic, .apic_physbase = 0xfec00000, .reg = 1) },
      -XEN_EPERM },
    { "apic_write",
      { PHYSDEVOP_apic_write, AT(struct physdev_apic, .apic_physbase = 0xfec00000, .reg = 0x10) },
      -XEN_EPERM },
    { "alloc_irq_vector",
      { PHYSDEVOP_alloc_irq_vector, AT(struct physdev_irq, .irq = 5) },
      -XEN_EPERM },
    { "free_irq_vector",
      { PHYSDEVOP_free_irq_vector, AT(struct physdev_irq, .irq = 5) },
      -XEN_ENOSYS,
      -XEN_EPERM },
    { "setup_gsi", { PHYSDEVOP_setup_gsi, AT(struct physdev_setup_gsi, .gsi = 5) }, -XEN_EPERM },
    { "map_pirq",
      { PHYSDEVOP_map_pirq, AT(struct physdev_map_pirq, .domid = DOMID_SELF,
                               .type = MAP_PIRQ_TYPE_GSI, .index = 5, .pirq = -1) },
      -XEN_EPERM },
    { "map_pirq_of_another",
      { PHYSDEVOP_map_pirq, AT(struct physdev_map_pirq, .domid = DOM0, .type = MAP_PIRQ_TYPE_GSI,
                               .index = 5, .pirq = -1) },
      -XEN_EPERM },
    { "unmap_pirq",
      { PHYSDEVOP_unmap_pirq, AT(struct physdev_unmap_pirq, .domid = DOMID_SELF) },
      -XEN_EPERM },
    { "unmap_pirq_of_another",
      { PHYSDEVOP_unmap_pirq, AT(struct physdev_unmap_pirq, .domid = DOM0, .pirq = 4) },
      -XEN_EPERM },
    { "get_free_pirq",
      { PHYSDEVOP_get_free_pirq, AT(struct physdev_get_free_pirq, .type = MAP_PIRQ_TYPE_MSI) },
      0 },
    { "manage_pci_add",
      { PHYSDEVOP_manage_pci_add, AT(struct physdev_manage_pci, .bus = 9) },
      -XEN_EPERM },
    { "manage_pci_remove",
      { PHYSDEVOP_manage_pci_remove, AT(struct physdev_manage_pci, .bus = 0) },
      -XEN_EPERM },
    { "manage_pci_add_ext",
      { PHYSDEVOP_manage_pci_add_ext, AT(struct physdev_manage_pci_ext, .bus = 9) },
      -XEN_EPERM },
    { "pci_device_add",
      { PHYSDEVOP_pci_device_add, AT(struct physdev_pci_device_add, .bus = 9) },
      -XEN_EPERM },
    { "pci_device_remove",
      { PHYSDEVOP_pci_device_remove, AT(struct physdev_pci_device, .bus = 0) },
      -XEN_EPERM },
    { "pci_mmcfg_reserved",
      { PHYSDEVOP_pci_mmcfg_reserved,
        AT(struct physdev_pci_mmcfg_reserved, .address = 0xe0000000) },
      -XEN_EPERM },
    { "prepare_msix",
      { PHYSDEVOP_prepare_msix, AT(struct physdev_pci_device, .bus = 0) },
      -XEN_EPERM },
    { "release_msix",
      { PHYSDEVOP_release_msix, AT(struct physdev_pci_device, .bus = 0) },
      -XEN_EPERM },
    { "restore_msi",
      { PHYSDEVOP_restore_msi, AT(struct physdev_restore_msi, .bus = 0) },
      -XEN_ENODEV,
      -XEN_EPERM },
    { "restore_msi_ext",
      { PHYSDEVOP_restore_msi_ext, AT(struct physdev_pci_device, .bus = 0) },
      -XEN_ENODEV,
      -XEN_EPERM },
    { "dbgp_op", { PHYSDEVOP_dbgp_op, AT(struct physdev_dbgp_op, .op = 1) }, -XEN_EPERM },
    { "irq_unmask_notify", { PHYSDEVOP_IRQ_UNMASK_NOTIFY, 0 }, 0 },
};
UNPRIVILEGED(calls_physdev, __HYPERVISOR_physdev_op, "physdev.h");

static const struct row calls_hvm[] = {
    { "set_param",
      { HVMOP_set_param, AT(struct xen_hvm_param, .domid = DOM0, .index = HVM_PARAM_CALLBACK_IRQ) },
      -XEN_EINVAL,
      -XEN_EPERM },
    { "get_param",
      { HVMOP_get_param, AT(struct xen_hvm_param, .domid = DOM0, .index = HVM_PARAM_CALLBACK_IRQ) },
      -XEN_EINVAL,
      -XEN_EPERM },
    { "flush_tlbs", { HVMOP_flush_tlbs, 0 }, -XEN_EINVAL },
    { "pagetable_dying",
      { HVMOP_pagetable_dying, AT(struct xen_hvm_pagetable_dying, .domid = DOM0) },
      -XEN_EOPNOTSUPP,
      -XEN_EPERM },
    { "get_time", { HVMOP_get_time, BAD_UNMAPPED }, -XEN_EFAULT },
    { "xentrace", { HVMOP_xentrace, AT(struct xen_hvm_xentrace, .event = 1) }, 0, -XEN_ENOSYS },
    { "get_mem_type",
      { HVMOP_get_mem_type, AT(struct xen_hvm_get_mem_type, .domid = DOM0) },
      -XEN_EPERM },
    { "set_evtchn_upcall_vector",
      { HVMOP_set_evtchn_upcall_vector, AT(struct xen_hvm_evtchn_upcall_vector, .vector = 0x40) },
      -XEN_EINVAL },
    { "guest_request_vm_event", { HVMOP_guest_request_vm_event, 0 }, 0 },
};
UNPRIVILEGED(calls_hvm, __HYPERVISOR_hvm_op, "hvm/hvm_op.h");

static const struct row calls_pmu[] = {
    { "xenpmu_op",
      { XENPMU_mode_set, AT(struct xen_pmu_params, .val = XENPMU_MODE_ALL) },
      -XEN_EOPNOTSUPP },
};
UNPRIVILEGED(calls_pmu, __HYPERVISOR_xenpmu_op, "pmu.h");

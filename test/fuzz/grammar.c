/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar.h"

#include "fuzz.h"

#include "abi/door.h"

#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/callback.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define CALL(name, args, list) \
    { \
        __HYPERVISOR_##name, args, list \
    }

static const struct call_form calls[] = {
    CALL(set_trap_table, "L", "bbwB"),
    CALL(mmu_update, "LCAD", "TE"),
    CALL(set_gdt, "LC", "F"),
    CALL(stack_switch, "IA", NULL),
    CALL(set_callbacks, "BBB", NULL),
    CALL(fpu_taskswitch, "I", NULL),
    CALL(set_debugreg, "IB", NULL),
    CALL(get_debugreg, "I", NULL),
    CALL(update_descriptor, "TS", NULL),
    CALL(multicall, "LC", "!"),
    CALL(update_va_mapping, "AEY", NULL),
    CALL(update_va_mapping_otherdomain, "AEYD", NULL),
    CALL(set_timer_op, "t", NULL),
    CALL(vm_assist, "II", NULL),
    CALL(iret, "L", "NNNIBIIAI"),
    CALL(set_segment_base, "IB", NULL),
    CALL(mmuext_op, "LCAD", "MXY"),
    CALL(memory_op, "#@", NULL),
    CALL(xen_version, "#@", NULL),
    CALL(console_io, "#CL", "N"),
    CALL(grant_table_op, "#LC", NULL),
    CALL(vcpu_op, "#V@", NULL),
    CALL(sched_op, "#@", NULL),
    CALL(callback_op, "#@", NULL),
    CALL(nmi_op, "#@", NULL),
    CALL(event_channel_op, "#@", NULL),
    CALL(physdev_op, "#@", NULL),
    CALL(platform_op, "@", NULL),
    CALL(domctl, "@", NULL),
    CALL(sysctl, "@", NULL),
};

#define EVENT(name, layout) \
    { \
        __HYPERVISOR_event_channel_op, EVTCHNOP_##name, layout, NULL \
    }
#define GRANT(name, layout, list) \
    { \
        __HYPERVISOR_grant_table_op, GNTTABOP_##name, layout, list \
    }
#define MEMORY(name, layout, list) \
    { \
        __HYPERVISOR_memory_op, XENMEM_##name, layout, list \
    }
#define VCPU(name, layout) \
    { \
        __HYPERVISOR_vcpu_op, VCPUOP_##name, layout, NULL \
    }
#define SCHED(name, layout, list) \
    { \
        __HYPERVISOR_sched_op, SCHEDOP_##name, layout, list \
    }
#define PHYSDEV(name, layout) \
    { \
        __HYPERVISOR_physdev_op, PHYSDEVOP_##name, layout, NULL \
    }
#define PLATFORM(name, layout, list) \
    { \
        __HYPERVISOR_platform_op, XENPF_##name, layout, list \
    }
#define DOMCTL(name, layout, list) \
    { \
        __HYPERVISOR_domctl, XEN_DOMCTL_##name, layout, list \
    }
#define SYSCTL(name, layout, list) \
    { \
        __HYPERVISOR_sysctl, XEN_SYSCTL_##name, layout, list \
    }
#define RESERVATION "LCizD"

static const struct row_form rows[] = {
    EVENT(bind_interdomain, "DPi"),
    EVENT(bind_virq, "iVi"),
    EVENT(bind_pirq, "Qii"),
    EVENT(close, "P"),
    EVENT(send, "P"),
    EVENT(status, "DPiiI"),
    EVENT(alloc_unbound, "DDi"),
    EVENT(bind_ipi, "Vi"),
    EVENT(bind_vcpu, "PV"),
    EVENT(unmask, "P"),
    EVENT(reset, "D"),
    EVENT(init_control, "FOVb"),
    EVENT(expand_array, "F"),
    EVENT(set_priority, "Pi"),
    /* A grant's struct is the list's element. */
    GRANT(map_grant_ref, NULL, "KGRDwiI"),
    GRANT(unmap_grant_ref, NULL, "KZHi"),
    GRANT(setup_table, NULL, "DiiA"),
    GRANT(dump_table, NULL, "Di"),
    GRANT(copy, NULL, "qDoqDozoww"),
    GRANT(query_size, NULL, "Diii"),
    GRANT(unmap_and_replace, NULL, "KKHi"),
    GRANT(set_version, NULL, "i"),
    GRANT(get_status_frames, NULL, "iDwA"),
    GRANT(get_version, NULL, "Dwi"),
    GRANT(swap_grant_ref, NULL, "RRi"),
    MEMORY(increase_reservation, RESERVATION, "F"),
    MEMORY(decrease_reservation, RESERVATION, "F"),
    MEMORY(populate_physmap, RESERVATION, "I"),
    MEMORY(claim_pages, "ZIzzD", NULL),
    MEMORY(exchange,
           "LCizD"
           "LCizD"
           "Z",
           "F"),
    MEMORY(current_reservation, "D", NULL),
    MEMORY(maximum_reservation, "D", NULL),
    MEMORY(maximum_gpfn, "D", NULL),
    MEMORY(machphys_mfn_list, "cLi", "N"),
    MEMORY(memory_map, "cL", "N"),
    MEMORY(machine_memory_map, "cL", "NNNNNNNN"),
    MEMORY(set_memory_map, "DcL", "NNi"),
    MEMORY(reserved_device_memory_map, "icLi", "NN"),
    MEMORY(get_vnumainfo, "DwiiiAAA", NULL),
    VCPU(register_runstate_memory_area, "A"),
    VCPU(set_periodic_timer, "t"),
    VCPU(set_singleshot_timer, "ti"),
    VCPU(register_vcpu_info, "FOi"),
    VCPU(register_vcpu_time_memory_area, "A"),
    SCHED(shutdown, "i", NULL),
    SCHED(poll, "Lct", "P"),
    SCHED(remote_shutdown, "Di", NULL),
    SCHED(shutdown_code, "i", NULL),
    SCHED(watchdog, "ii", NULL),
    SCHED(pin_override, "i", NULL),
    PHYSDEV(eoi, "Q"),
    PHYSDEV(pirq_eoi_gmfn_v1, "F"),
    PHYSDEV(pirq_eoi_gmfn_v2, "F"),
    PHYSDEV(irq_status_query, "Qi"),
    PHYSDEV(set_iopl, "i"),
    PHYSDEV(set_iobitmap, "An"),
    PHYSDEV(apic_read, "Win"),
    PHYSDEV(apic_write, "Win"),
    PHYSDEV(alloc_irq_vector, "Qi"),
    PHYSDEV(setup_gsi, "Qbb"),
    PHYSDEV(map_pirq, "DiQQiiiZ"),
    PHYSDEV(unmap_pirq, "DQ"),
    PHYSDEV(get_free_pirq, "ii"),
    PHYSDEV(restore_msi, "bb"),
    PHYSDEV(restore_msi_ext, "wbb"),
    PLATFORM(settime32, "iit", NULL),
    PLATFORM(settime64, "Iizt", NULL),
    PLATFORM(read_memtype, "iiII", NULL),
    PLATFORM(platform_quirk, "i", NULL),
    PLATFORM(firmware_info, "iiIIII", NULL),
    PLATFORM(enter_acpi_sleep, "wwii", NULL),
    PLATFORM(change_freq, "iiI", NULL),
    PLATFORM(getidletime, "LcAI", "N"),
    PLATFORM(set_processor_pminfo, "iiIIII", NULL),
    PLATFORM(get_cpuinfo, "iiiii", NULL),
    PLATFORM(get_cpu_version, "iiIIII", NULL),
    PLATFORM(cpu_online, "i", NULL),
    PLATFORM(cpu_offline, "i", NULL),
    PLATFORM(core_parking, "ii", NULL),
    PLATFORM(resource_op, "ciL", "iiiiI"),
    PLATFORM(get_symbol, "iiAI", NULL),
    /* Behind the command, the version and the domain. */
    DOMCTL(createdomain, "zzzzzzzinnnkzzzz", NULL),
    DOMCTL(setvcpuaffinity, "ViLiLi", "N"),
    DOMCTL(shadow_op, "iiiLIii", "N"),
    DOMCTL(max_mem, "I", NULL),
    DOMCTL(setvcpucontext, "Vx", NULL),
    DOMCTL(getvcpucontext, "VA", NULL),
    DOMCTL(getvcpuinfo, "ViIi", NULL),
    DOMCTL(max_vcpus, "Y", NULL),
    DOMCTL(scheduler_op, "iiwwi", NULL),
    DOMCTL(setdomainhandle, "NN", NULL),
    DOMCTL(setdebugging, "b", NULL),
    DOMCTL(irq_permission, "Qb", NULL),
    DOMCTL(settimeoffset, "N", NULL),
    DOMCTL(getvcpuaffinity, "ViLiLi", "N"),
    DOMCTL(sendtrigger, "iV", NULL),
    DOMCTL(subscribe, "P", NULL),
    DOMCTL(getpageframeinfo3, "CL", "F"),
    DOMCTL(set_virq_handler, "i", NULL),
    DOMCTL(setnodeaffinity, "Li", "N"),
    DOMCTL(getnodeaffinity, "Li", "N"),
    DOMCTL(iomem_permission, "FIb", NULL),
    DOMCTL(ioport_permission, "iib", NULL),
    DOMCTL(memory_mapping, "FFIii", NULL),
    DOMCTL(hypercall_init, "F", NULL),
    DOMCTL(set_address_size, "i", NULL),
    DOMCTL(get_cpu_policy, "nnAAiii", NULL),
    DOMCTL(set_cpu_policy, "cnLAiii", "iiiiii"),
    DOMCTL(settscinfo, "izizI", NULL),
    DOMCTL(set_ext_vcpucontext, "VnBBwwbbN", NULL),
    DOMCTL(get_ext_vcpucontext, "Vn", NULL),
    DOMCTL(setvcpuextstate, "VIXL", "NNNNNNNN"),
    DOMCTL(getvcpuextstate, "VINA", NULL),
    DOMCTL(gethvmcontext, "iiA", NULL),
    DOMCTL(sethvmcontext, "ciL", "N"),
    DOMCTL(gethvmcontext_partial, "iVIA", NULL),
    DOMCTL(set_paging_mempool_size, "N", NULL),
    DOMCTL(get_vcpu_msrs, "VcL", "iiI"),
    DOMCTL(set_vcpu_msrs, "VcL", "iiI"),
    SYSCTL(readconsole, "bbbbiLc", "NNNNNNNN"),
    SYSCTL(getdomaininfolist, "DcLi", "NNNNNNNNNNNNNN"),
    SYSCTL(debug_keys, "Lc", "b"),
    SYSCTL(getcpuinfo, "cLi", "N"),
    SYSCTL(availheap, "iizI", NULL),
    SYSCTL(cputopoinfo, "cL", "NN"),
    SYSCTL(numainfo, "cLA", "NN"),
    SYSCTL(pcitopoinfo, "cLA", "i"),
    SYSCTL(cpu_hotplug, "ii", NULL),
    SYSCTL(page_offline_op, "iiiL", "i"),
    SYSCTL(cpupool_op, "iiiiiLi", "N"),
    SYSCTL(scheduler_op, "iiwwwwww", NULL),
    { __HYPERVISOR_callback_op, CALLBACKOP_register, "wwB", NULL },
    { __HYPERVISOR_callback_op, CALLBACKOP_unregister, "ww", NULL },
    { __HYPERVISOR_nmi_op, XENNMI_register_callback, "BZ", NULL },
    { __HYPERVISOR_xen_version, XENVER_get_features, "ii", NULL },
    { __HYPERVISOR_xen_version, XENVER_build_id, "iN", NULL },
};

/* Of a call that this file does not know. */
static const struct call_form any_rows = { 0, "#@", NULL }, any_call = { 0, "AFIDAI", NULL };

const struct call_form *grammar_call(unsigned int nr)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++)
        if (calls[i].nr == nr)
            return &calls[i];
    return door_calls[nr].ops ? &any_rows : &any_call;
}

const struct row_form *grammar_row(unsigned int nr, uint32_t op)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].nr == nr && rows[i].op == op)
            return &rows[i];
    return NULL;
}

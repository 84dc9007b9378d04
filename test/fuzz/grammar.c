/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar.h"

#include "fuzz.h"

#include "abi/door.h"

#include <stdio.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/kexec.h>
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
    CALL(sched_op_compat, "#i", NULL),
    CALL(callback_op, "#@", NULL),
    CALL(nmi_op, "#@", NULL),
    CALL(event_channel_op, "#@", NULL),
    CALL(physdev_op, "#@", NULL),
    CALL(platform_op, "@", NULL),
    CALL(domctl, "@", NULL),
    CALL(sysctl, "@", NULL),
    CALL(hvm_op, "#@", NULL),
    CALL(xenpmu_op, "iA", NULL),
    CALL(kexec_op, "#@", NULL),
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
#define KEXEC(name, layout, list) \
    { \
        __HYPERVISOR_kexec_op, KEXEC_CMD_##name, layout, list \
    }
#define DOMCTL(name, layout, list) \
    { \
        __HYPERVISOR_domctl, XEN_DOMCTL_##name, layout, list \
    }
#define SYSCTL(name, layout, list) \
    { \
        __HYPERVISOR_sysctl, XEN_SYSCTL_##name, layout, list \
    }
#define HVM(name, layout) \
    { \
        __HYPERVISOR_hvm_op, HVMOP_##name, layout, NULL \
    }
#define RESERVATION "LCizD"
/* Zeroth and Xen have these two for themselves: the headers do not tell of them. */
#define RESET_CONT      14
#define SOFT_RESET_CONT 23

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
    { __HYPERVISOR_event_channel_op, RESET_CONT, "D", NULL },
    EVENT(init_control, "FOVb"),
    EVENT(expand_array, "F"),
    EVENT(set_priority, "Pi"),
    /* A grant's struct is the list's element. */
    GRANT(map_grant_ref, NULL, "KGRDwiI"),
    GRANT(unmap_grant_ref, NULL, "KZHi"),
    GRANT(setup_table, NULL, "DiiA"),
    GRANT(dump_table, NULL, "Di"),
    GRANT(transfer, NULL, "FDRw"),
    GRANT(copy, NULL, "qDoqDozoww"),
    GRANT(query_size, NULL, "Diii"),
    GRANT(unmap_and_replace, NULL, "KKHi"),
    GRANT(set_version, NULL, "i"),
    GRANT(get_status_frames, NULL, "iDwA"),
    GRANT(get_version, NULL, "Dwi"),
    GRANT(swap_grant_ref, NULL, "RRi"),
    GRANT(cache_flush, NULL, "Tooi"),
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
    MEMORY(add_to_physmap, "DwiFF", NULL),
    MEMORY(add_to_physmap_batch, "DwwDLAA", "F"),
    MEMORY(remove_from_physmap, "DF", NULL),
    MEMORY(set_pod_target, "IZZZD", NULL),
    MEMORY(get_pod_target, "IZZZD", NULL),
    MEMORY(access_op, "bbDiFAA", NULL),
    MEMORY(acquire_resource, "DwiczIL", "F"),
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
    PHYSDEV(free_irq_vector, "Qi"),
    PHYSDEV(manage_pci_add, "bb"),
    PHYSDEV(manage_pci_remove, "bb"),
    PHYSDEV(manage_pci_add_ext, "bbiibb"),
    PHYSDEV(pci_device_add, "wbbibb"),
    PHYSDEV(pci_device_remove, "wbb"),
    PHYSDEV(pci_mmcfg_reserved, "Iwbbi"),
    PHYSDEV(prepare_msix, "wbb"),
    PHYSDEV(release_msix, "wbb"),
    PHYSDEV(dbgp_op, "bbwbb"),
    KEXEC(kexec, "i", NULL),
    KEXEC(kexec_load_v1, "iI", NULL),
    KEXEC(kexec_unload_v1, "i", NULL),
    KEXEC(kexec_get_range, "iiII", NULL),
    KEXEC(kexec_load, "bbwcLT", "ANTN"),
    KEXEC(kexec_unload, "b", NULL),
    KEXEC(kexec_status, "b", NULL),
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
    PLATFORM(add_memtype, "FIiii", NULL),
    PLATFORM(del_memtype, "ii", NULL),
    PLATFORM(microcode_update, "Lc", "N"),
    PLATFORM(efi_runtime_call, "iiIYYAII", NULL),
    PLATFORM(cpu_hotadd, "iii", NULL),
    PLATFORM(mem_hotadd, "FFii", NULL),
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
    DOMCTL(memory_mapping, "FJIii", NULL),
    DOMCTL(hypercall_init, "F", NULL),
    DOMCTL(set_address_size, "i", NULL),
    DOMCTL(get_cpu_policy, "nnAAiii", NULL),
    DOMCTL(set_cpu_policy, "cnLAiii", "iiiiii"),
    DOMCTL(settscinfo, "izizI", NULL),
    DOMCTL(set_ext_vcpucontext, "VnBBwwbbN", NULL),
    DOMCTL(get_ext_vcpucontext, "Vn", NULL),
    DOMCTL(setvcpuextstate, "VIXL", "NNNNNNNN"),
    DOMCTL(getvcpuextstate, "VINA", NULL),
    DOMCTL(gethvmcontext, "hiA", NULL),
    DOMCTL(sethvmcontext, "ciL", "~"),
    DOMCTL(gethvmcontext_partial, "iVmA", NULL),
    DOMCTL(set_paging_mempool_size, "m", NULL),
    DOMCTL(get_vcpu_msrs, "VcL", "iiI"),
    DOMCTL(set_vcpu_msrs, "VcL", "iiI"),
    DOMCTL(destroydomain, "", NULL),
    DOMCTL(pausedomain, "", NULL),
    DOMCTL(unpausedomain, "", NULL),
    DOMCTL(getdomaininfo, "", NULL),
    DOMCTL(resumedomain, "", NULL),
    DOMCTL(get_address_size, "", NULL),
    DOMCTL(gettscinfo, "", NULL),
    DOMCTL(soft_reset, "", NULL),
    DOMCTL(get_paging_mempool_size, "", NULL),
    DOMCTL(audit_p2m, "", NULL),
    DOMCTL(gdbsx_domstatus, "", NULL),
    DOMCTL(bind_pt_irq, "QiII", NULL),
    DOMCTL(unbind_pt_irq, "QiII", NULL),
    DOMCTL(debug_op, "iV", NULL),
    DOMCTL(set_broken_page_p2m, "F", NULL),
    DOMCTL(vmtrace_op, "iVII", NULL),
    DOMCTL(setvnumainfo, "iiiAAAA", NULL),
    DOMCTL(assign_device, "iiI", NULL),
    DOMCTL(deassign_device, "iiI", NULL),
    DOMCTL(test_assign_device, "iiI", NULL),
    DOMCTL(get_device_group, "iiiA", NULL),
    DOMCTL(ioport_mapping, "iiii", NULL),
    DOMCTL(set_target, "D", NULL),
    DOMCTL(vm_event_op, "ii", NULL),
    DOMCTL(monitor_op, "iiII", NULL),
    DOMCTL(psr_cmt_op, "ii", NULL),
    DOMCTL(psr_alloc, "iiI", NULL),
    DOMCTL(set_access_required, "b", NULL),
    DOMCTL(mem_sharing_op, "bI", NULL),
    DOMCTL(cacheflush, "FI", NULL),
    DOMCTL(vuart_op, "iDiF", NULL),
    DOMCTL(gdbsx_guestmemio, "IAAib", NULL),
    DOMCTL(gdbsx_pausevcpu, "V", NULL),
    DOMCTL(gdbsx_unpausevcpu, "V", NULL),
    { __HYPERVISOR_domctl, SOFT_RESET_CONT, "", NULL },
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
    SYSCTL(tbuf_op, "iLi", NULL),
    SYSCTL(physinfo, "", NULL),
    SYSCTL(sched_id, "", NULL),
    SYSCTL(perfc_op, "iiAA", NULL),
    SYSCTL(get_pmstat, "iiIII", NULL),
    SYSCTL(pm_op, "iiIII", NULL),
    SYSCTL(lockprof_op, "iiAI", NULL),
    SYSCTL(coverage_op, "iiA", NULL),
    SYSCTL(psr_cmt_op, "iiII", NULL),
    SYSCTL(psr_alloc, "iiII", NULL),
    SYSCTL(livepatch_op, "iiAA", NULL),
    SYSCTL(get_cpu_levelling_caps, "", NULL),
    SYSCTL(get_cpu_featureset, "icL", "i"),
    SYSCTL(get_cpu_policy, "iccAA", NULL),
    HVM(set_param, "DwiX"),
    HVM(get_param, "DwiX"),
    HVM(pagetable_dying, "DwiA"),
    HVM(get_mem_type, "DwwwF"),
    HVM(set_evtchn_upcall_vector, "Vb"),
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

static unsigned int tell_missing(const struct door_call *call, const char *op)
{
    fprintf(stderr, "test/fuzz/grammar.c says nothing of %s%s%s\n", call->name, op ? ", " : "",
            op ? op : "");
    return 1;
}

unsigned int grammar_missing(void)
{
    unsigned int missing = 0;

    for (unsigned int nr = 0; nr < DOOR_CALLS; nr++) {
        const struct door_call *call = &door_calls[nr];
        const struct call_form *form = grammar_call(nr);

        if (!call->name)
            continue;
        if (form == &any_rows || form == &any_call)
            missing += tell_missing(call, NULL);
        for (unsigned int i = 0; call->ops && i < *call->op_count; i++) {
            const struct door_op *row = &call->ops[i];

            if (row->direction != DIR_NONE && row->direction != DIR_OUT &&
                !grammar_row(nr, row->nr))
                missing += tell_missing(call, row->name);
        }
    }
    return missing;
}

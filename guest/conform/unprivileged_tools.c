/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of the control domain's tools, by an unprivileged domain (unprivileged.c). */
#include "unprivileged.h"

#include <xen/domctl.h>
#include <xen/kexec.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

#define OF_DOM0(number) \
    { \
        AT(struct xen_domctl, .cmd = number, .interface_version = XEN_DOMCTL_INTERFACE_VERSION) \
    }
#define DOMCTL(name) \
    { \
        "domctl_" #name, OF_DOM0(XEN_DOMCTL_##name), -XEN_EPERM \
    }
#define SYSCTL(name) \
    { \
        "sysctl_" #name, \
            { AT(struct xen_sysctl, .cmd = XEN_SYSCTL_##name, \
                 .interface_version = XEN_SYSCTL_INTERFACE_VERSION) }, \
            -XEN_EPERM \
    }
#define PLATFORM(name) \
    { \
        "platform_" #name, \
            { AT(struct xen_platform_op, .cmd = XENPF_##name, \
                 .interface_version = XENPF_INTERFACE_VERSION) }, \
            -XEN_EPERM \
    }

static const struct row calls_platform_op[] = {
    PLATFORM(settime32),
    PLATFORM(settime64),
    PLATFORM(add_memtype),
    PLATFORM(del_memtype),
    PLATFORM(read_memtype),
    PLATFORM(microcode_update),
    PLATFORM(platform_quirk),
    PLATFORM(efi_runtime_call),
    PLATFORM(firmware_info),
    PLATFORM(enter_acpi_sleep),
    PLATFORM(change_freq),
    PLATFORM(getidletime),
    PLATFORM(set_processor_pminfo),
    PLATFORM(get_cpuinfo),
    PLATFORM(get_cpu_version),
    PLATFORM(cpu_online),
    PLATFORM(cpu_offline),
    PLATFORM(cpu_hotadd),
    PLATFORM(mem_hotadd),
    PLATFORM(core_parking),
    PLATFORM(resource_op),
    PLATFORM(get_symbol),
};
UNPRIVILEGED(calls_platform_op, __HYPERVISOR_platform_op, "platform.h");

#define KEXEC(name) \
    { \
#name, { KEXEC_CMD_##name, BAD_UNMAPPED }, -XEN_EPERM \
    }

static const struct row calls_kexec_op[] = {
    KEXEC(kexec),      KEXEC(kexec_load_v1), KEXEC(kexec_unload_v1), KEXEC(kexec_get_range),
    KEXEC(kexec_load), KEXEC(kexec_unload),  KEXEC(kexec_status),
};
UNPRIVILEGED(calls_kexec_op, __HYPERVISOR_kexec_op, "kexec.h");

static const struct row calls_sysctl[] = {
    SYSCTL(readconsole),        SYSCTL(tbuf_op),        SYSCTL(physinfo),
    SYSCTL(sched_id),           SYSCTL(perfc_op),       SYSCTL(getdomaininfolist),
    SYSCTL(debug_keys),         SYSCTL(getcpuinfo),     SYSCTL(availheap),
    SYSCTL(get_pmstat),         SYSCTL(cpu_hotplug),    SYSCTL(pm_op),
    SYSCTL(page_offline_op),    SYSCTL(lockprof_op),    SYSCTL(cputopoinfo),
    SYSCTL(numainfo),           SYSCTL(cpupool_op),     SYSCTL(scheduler_op),
    SYSCTL(coverage_op),        SYSCTL(psr_cmt_op),     SYSCTL(pcitopoinfo),
    SYSCTL(psr_alloc),          SYSCTL(livepatch_op),   SYSCTL(get_cpu_levelling_caps),
    SYSCTL(get_cpu_featureset), SYSCTL(get_cpu_policy),
};
UNPRIVILEGED(calls_sysctl, __HYPERVISOR_sysctl, "sysctl.h");

static const struct row calls_domctl[] = {
    DOMCTL(createdomain),
    DOMCTL(destroydomain),
    DOMCTL(pausedomain),
    DOMCTL(unpausedomain),
    DOMCTL(getdomaininfo),
    DOMCTL(setvcpuaffinity),
    DOMCTL(shadow_op),
    DOMCTL(max_mem),
    DOMCTL(setvcpucontext),
    DOMCTL(getvcpucontext),
    DOMCTL(getvcpuinfo),
    DOMCTL(max_vcpus),
    DOMCTL(scheduler_op),
    DOMCTL(setdomainhandle),
    DOMCTL(setdebugging),
    DOMCTL(irq_permission),
    DOMCTL(settimeoffset),
    DOMCTL(getvcpuaffinity),
    DOMCTL(resumedomain),
    DOMCTL(sendtrigger),
    DOMCTL(subscribe),
    DOMCTL(getpageframeinfo3),
    DOMCTL(set_virq_handler),
    DOMCTL(setnodeaffinity),
    DOMCTL(getnodeaffinity),
    DOMCTL(iomem_permission),
    DOMCTL(ioport_permission),
    DOMCTL(memory_mapping),
    DOMCTL(hypercall_init),
    DOMCTL(set_address_size),
    DOMCTL(get_address_size),
    DOMCTL(get_cpu_policy),
    DOMCTL(set_cpu_policy),
    DOMCTL(settscinfo),
    DOMCTL(gettscinfo),
    DOMCTL(set_ext_vcpucontext),
    DOMCTL(get_ext_vcpucontext),
    DOMCTL(setvcpuextstate),
    DOMCTL(getvcpuextstate),
    DOMCTL(get_vcpu_msrs),
    DOMCTL(set_vcpu_msrs),
    DOMCTL(soft_reset),
    { "domctl_soft_reset_cont", OF_DOM0(23), -XEN_EPERM },
    DOMCTL(gethvmcontext),
    DOMCTL(sethvmcontext),
    DOMCTL(gethvmcontext_partial),
    DOMCTL(bind_pt_irq),
    DOMCTL(unbind_pt_irq),
    DOMCTL(debug_op),
    DOMCTL(set_broken_page_p2m),
    DOMCTL(vmtrace_op),
    DOMCTL(setvnumainfo),
    DOMCTL(assign_device),
    DOMCTL(deassign_device),
    DOMCTL(test_assign_device),
    DOMCTL(get_device_group),
    DOMCTL(ioport_mapping),
    DOMCTL(get_paging_mempool_size),
    DOMCTL(set_paging_mempool_size),
    DOMCTL(set_target),
    DOMCTL(vm_event_op),
    DOMCTL(monitor_op),
    DOMCTL(psr_cmt_op),
    DOMCTL(psr_alloc),
    DOMCTL(set_access_required),
    DOMCTL(mem_sharing_op),
    DOMCTL(audit_p2m),
    DOMCTL(cacheflush),
    DOMCTL(vuart_op),
    DOMCTL(gdbsx_guestmemio),
    DOMCTL(gdbsx_pausevcpu),
    DOMCTL(gdbsx_unpausevcpu),
    DOMCTL(gdbsx_domstatus),
};
UNPRIVILEGED(calls_domctl, __HYPERVISOR_domctl, "domctl.h");
/* ---- how a row is called ---- */

/* What of Dom0 such a call might change. */
struct look {
    uint64_t pages, pages_max, shared_info;
    uint32_t flags, vcpus;
};

static struct look look_at(domid_t domain)
{
    struct xen_domctl op = { 0 };
    const struct xen_domctl_getdomaininfo *info = &op.u.getdomaininfo;

    EXPECT(xen_domctl(&op, XEN_DOMCTL_getdomaininfo, domain), 0);
    return (struct look){ info->tot_pages, info->max_pages, info->shared_info_frame,
                          info->flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown),
                          info->nr_online_vcpus };
}

static void expect_same(const struct look *before, const struct look *after)
{
    EXPECT(after->pages, before->pages);
    EXPECT(after->pages_max, before->pages_max);
    EXPECT(after->shared_info, before->shared_info);
    EXPECT(after->flags, before->flags);
    EXPECT(after->vcpus, before->vcpus);
}

/* In the child: a call that blocks finds an event to wake up for. */
static long call_row(uint64_t which)
{
    const struct conform_case *test = conform_case_at((unsigned int)(which >> 16));
    const struct row *row = &test->rows[which & 0xffff];
    bool blocks = (test->number == __HYPERVISOR_sched_op_compat ||
                   test->number == __HYPERVISOR_sched_op) &&
                  row->args[0] == SCHEDOP_block;
    long result;

    if (blocks) {
        pv_irq_disable();
        xen_vcpu_info()->evtchn_upcall_pending = 1;
    }
    result = hypercall_any(test->number, row->args);
    if (result == 0 && test->number == __HYPERVISOR_grant_table_op && row->args[3])
        result = *(const int16_t *)(row->args[1] + row->args[3]);
    return result;
}

long conform_unprivileged(const struct conform_case *test, const struct row *row)
{
    struct look dom0 = look_at(0), child, after;
    uint64_t which = conform_case_number(test) << 16 | (uint64_t)(row - test->rows);
    struct xen_child *c = conform_child(0);
    long result;

    if (!c)
        return 0;
    child = look_at(c->domain.id);
    conform_start_in_child(0, call_row, which);
    if (!conform_wait_child(0, &result))
        result = DIES;
    after = look_at(0);
    expect_same(&dom0, &after);
    after = look_at(c->domain.id);
    if (result == DIES)
        conform_end_child(0);
    else
        expect_same(&child, &after);
    return result;
}

/* HYPERVISOR_iret() to the next instruction, in the frame that the child is in already. */
static long call_iret(uint64_t argument)
{
    uint64_t result;

    __asm__ volatile("mov %%rsp, %%rdx\n"
                     "   push %[ss]\n"
                     "   push %%rdx\n"
                     "   pushfq\n"
                     "   push %[cs]\n"
                     "   lea 1f(%%rip), %%rdx\n"
                     "   push %%rdx\n"
                     "   push $0\n" /* flags: not from a system call */
                     "   push %%rcx\n"
                     "   push %%r11\n"
                     "   push %[value]\n" /* RAX afterwards */
                     "   mov %[iret], %%eax\n"
                     "   syscall\n"
                     "1:\n"
                     : "=a"(result)
                     : [ss] "i"(FLAT_KERNEL_SS), [cs] "i"(FLAT_KERNEL_CS & ~3) /* of the kernel */,
                       [value] "r"(argument), [iret] "i"(__HYPERVISOR_iret)
                     : "rcx", "rdx", "r11", "memory", "cc");
    return (long)result;
}

CASE(unprivileged, iret, "arch-x86/xen-x86_64.h", PV)
{
    EXPECT(conform_in_child(0, call_iret, 77), 77);
}

/* The table ends; the next case has a child of its own. */
CASE(unprivileged, nothing_left, "domctl.h, XEN_DOMCTL_destroydomain", PV)
{
    struct look before, after;

    if (!conform_child(0))
        return;
    before = look_at(0);
    conform_end_child(0);
    after = look_at(0);
    expect_same(&before, &after);
}

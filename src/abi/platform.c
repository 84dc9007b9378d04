/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/platform.h"

#include "abi/copy.h"
#include "abi/efi.h"
#include "core/machine.h"
#include "core/sched/sched.h"
#include "core/time.h"
#include "core/vcpu.h"

#include <xen/platform.h>

#define RESOURCES_MAX 3
#define MSR_TSC       0x10
#define S5            5

/* Every row has the same arguments; a short one uses only op. */
#define OP(name) static long name(struct vcpu *v, void *arg, uint64_t extra)
#define ENTER \
    struct xen_platform_op *op = arg; \
    (void)v; \
    (void)extra

/* Nanoseconds beyond a second are carried (measured). */
static void set_wallclock(uint64_t seconds, uint32_t ns, uint64_t system_time)
{
    time_set_wallclock(seconds + ns / SECOND, (uint32_t)(ns % SECOND), (ns_t)system_time);
}

OP(settime32)
{
    ENTER;
    set_wallclock(op->u.settime32.secs, op->u.settime32.nsecs, op->u.settime32.system_time);
    return 0;
}

OP(settime64)
{
    ENTER;
    if (op->u.settime64.mbz)
        return -XEN_EINVAL;
    set_wallclock(op->u.settime64.secs, op->u.settime64.nsecs, op->u.settime64.system_time);
    return 0;
}

OP(read_memtype)
{
    ENTER;
    return arch_memtype_read(op->u.read_memtype.reg, &op->u.read_memtype.mfn,
                             &op->u.read_memtype.nr_mfns, &op->u.read_memtype.type);
}

/* What Zeroth leaves out: memory types are chosen by page attributes, microcode is loaded by the
 * firmware, and CPUs and memory stay as they were found. */
OP(left_out)
{
    ENTER;
    (void)op;
    return -XEN_EOPNOTSUPP;
}

OP(microcode_update)
{
    ENTER;
    return op->u.microcode.length ? -XEN_EOPNOTSUPP : -XEN_EINVAL;
}

OP(platform_quirk)
{
    ENTER;
    return op->u.platform_quirk.quirk_id >= QUIRK_NOIRQBALANCING &&
                   op->u.platform_quirk.quirk_id <= QUIRK_IOAPIC_GOOD_REGSEL
               ? 0
               : -XEN_EINVAL;
}

static struct platform_efi efi; /* written at boot only */
static bool has_efi;

void platform_set_efi(const struct platform_efi *from)
{
    efi = *from;
    has_efi = true;
}

/* Characters that fit whole; the rest is cut off without a word (measured on Xen 4.17). */
static long efi_vendor(union xenpf_efi_info *a)
{
    size_t bytes = a->vendor.bufsz & ~1u, most = sizeof(efi.vendor[0]);

    for (unsigned int i = 0; efi.vendor[i]; i++)
        most += sizeof(efi.vendor[0]);
    a->vendor.revision = efi.vendor_revision;
    return copy_to_guest((uint64_t)a->vendor.name.p, efi.vendor, bytes < most ? bytes : most)
               ? 0
               : -XEN_EFAULT;
}

/* The piece of the firmware's memory map that an address lies in, no further than was asked for. */
static long efi_memory(union xenpf_efi_info *a)
{
    for (unsigned int i = 0; i < efi.map_count; i++) {
        const struct platform_memory *m = &efi.map[i];
        uint64_t into = a->mem.addr - m->start;

        if (a->mem.addr < m->start || into >= m->size)
            continue;
        if (a->mem.size > m->size - into)
            a->mem.size = m->size - into;
        a->mem.attr = m->attributes;
        a->mem.type = m->type;
        return 0;
    }
    return -XEN_ESRCH;
}

/* Errors as measured on Xen 4.17. */
static long efi_info(uint32_t index, union xenpf_efi_info *a)
{
    if (!has_efi)
        return -XEN_ENOSYS;
    switch (index) {
    case XEN_FW_EFI_VERSION: a->version = efi.version; return 0;
    case XEN_FW_EFI_CONFIG_TABLE:
        a->cfg.addr = efi.tables;
        a->cfg.nent = efi.table_count;
        return 0;
    case XEN_FW_EFI_VENDOR: return efi_vendor(a);
    case XEN_FW_EFI_MEM_INFO: return efi_memory(a);
    case XEN_FW_EFI_RT_VERSION: a->version = efi.runtime_version; return 0;
    case XEN_FW_EFI_PCI_ROM: /* none is kept */ return -XEN_ESRCH;
    case XEN_FW_EFI_APPLE_PROPERTIES: return -XEN_ENODATA;
    default: return -XEN_EINVAL;
    }
}

OP(efi_call)
{
    ENTER;
    return has_efi ? efi_runtime_call(&op->u.efi_runtime_call) : -XEN_ENOSYS;
}

OP(firmware_info)
{
    ENTER;
    switch (op->u.firmware_info.type) {
    case XEN_FW_DISK_INFO: /* no list of BIOS disks is made: the first is none */
    case XEN_FW_DISK_MBR_SIGNATURE:
    case XEN_FW_VBEDDC_INFO: return -XEN_ESRCH;
    case XEN_FW_EFI_INFO:
        return efi_info(op->u.firmware_info.index, &op->u.firmware_info.u.efi_info);
    case XEN_FW_KBD_SHIFT_FLAGS:
        if (op->u.firmware_info.index != 0)
            return -XEN_ESRCH;
        op->u.firmware_info.u.kbd_shift_flags = arch_keyboard_flags();
        return 0;
    default: return -XEN_EINVAL;
    }
}

OP(enter_acpi_sleep)
{
    ENTER;
    if (op->u.enter_acpi_sleep.sleep_state < 1 || op->u.enter_acpi_sleep.sleep_state > S5 ||
        op->u.enter_acpi_sleep.flags & ~XENPF_ACPI_SLEEP_EXTENDED)
        return -XEN_EINVAL;
    if (op->u.enter_acpi_sleep.sleep_state != S5 || op->u.enter_acpi_sleep.flags)
        return -XEN_EOPNOTSUPP;
    return arch_acpi_s5(op->u.enter_acpi_sleep.val_a, op->u.enter_acpi_sleep.val_b);
}

OP(change_freq)
{
    ENTER;
    if (op->u.change_freq.flags || op->u.change_freq.cpu >= cpu_count)
        return -XEN_EINVAL;
    return -XEN_ENOSYS;
}

/* Only where frequencies are Dom0's to choose (Xen: cpufreq=dom0-kernel). */
OP(getidletime)
{
    ENTER;
    (void)op;
    return -XEN_ENOSYS;
}

/* Idle and frequency states are left to the hardware: what Dom0 read of them is taken note of. */
OP(set_processor_pminfo)
{
    ENTER;
    switch (op->u.set_pminfo.type) {
    case XEN_PM_CX:
    case XEN_PM_PDC: return 0;
    case XEN_PM_PX:
    case XEN_PM_TX: return -XEN_ENOSYS;
    default: return -XEN_EINVAL;
    }
}

OP(get_cpuinfo)
{
    ENTER;
    struct xenpf_pcpuinfo *a = &op->u.pcpu_info;

    a->max_present = cpu_count - 1;
    a->apic_id = a->acpi_id = ~0u;
    a->flags = XEN_PCPU_FLAGS_INVALID;
    if (a->xen_cpuid < cpu_count) {
        a->flags = XEN_PCPU_FLAGS_ONLINE;
        arch_cpu_ids(a->xen_cpuid, &a->apic_id, &a->acpi_id);
    }
    return 0;
}

OP(get_cpu_version)
{
    ENTER;
    struct xenpf_pcpu_version *a = &op->u.pcpu_version;

    a->max_present = cpu_count - 1;
    for (unsigned int i = 0; i < sizeof(a->vendor_id); i++)
        a->vendor_id[i] = 0;
    a->family = a->model = a->stepping = 0;
    if (a->xen_cpuid < cpu_count)
        arch_cpu_version(a->vendor_id, &a->family, &a->model, &a->stepping);
    return 0;
}

OP(cpu_online)
{
    ENTER;
    return op->u.cpu_ol.cpuid < cpu_count ? 0 : -XEN_EINVAL;
}

OP(cpu_offline)
{
    ENTER;
    return op->u.cpu_ol.cpuid < cpu_count ? -XEN_EOPNOTSUPP : -XEN_EINVAL;
}

OP(core_parking)
{
    ENTER;
    if (op->u.core_parking.type == XEN_CORE_PARKING_GET) {
        op->u.core_parking.idle_nums = 0;
        return 0;
    }
    return op->u.core_parking.type == XEN_CORE_PARKING_SET ? -XEN_EOPNOTSUPP : -XEN_EINVAL;
}

/* One entry: the clock may be read, no other register.  0, or what the entry is told. */
static int32_t resource(struct xenpf_resource_entry *e)
{
    if (e->rsvd)
        return -XEN_EINVAL;
    if (e->u.cmd != XEN_RESOURCE_OP_MSR_READ && e->u.cmd != XEN_RESOURCE_OP_MSR_WRITE)
        return -XEN_EOPNOTSUPP;
    if (e->u.cmd != XEN_RESOURCE_OP_MSR_READ || e->idx != MSR_TSC)
        return -XEN_EACCES;
    e->val = (uint64_t)arch_now();
    return 0;
}

OP(resource_op)
{
    ENTER;
    const struct xenpf_resource_op *a = &op->u.resource_op;

    if (a->nr_entries > RESOURCES_MAX)
        return -XEN_EINVAL;
    if (a->cpu >= cpu_count)
        return -XEN_ENODEV;
    for (uint32_t i = 0; i < a->nr_entries; i++) {
        struct xenpf_resource_entry e;
        int32_t rc;

        if (!copy_item_from_guest(&e, (uint64_t)a->entries.p, i, sizeof(e)))
            return -XEN_EFAULT;
        rc = resource(&e);
        if (rc)
            e.u.ret = rc;
        if (!copy_item_to_guest((uint64_t)a->entries.p, i, &e, sizeof(e)))
            return -XEN_EFAULT;
        if (rc)
            return i;
    }
    return a->nr_entries;
}

/* Zeroth carries no symbols: every number is beyond the last. */
OP(get_symbol)
{
    ENTER;
    const char end = 0;

    if (op->u.symdata.namelen && !copy_to_guest((uint64_t)op->u.symdata.name.p, &end, sizeof(end)))
        return -XEN_EFAULT;
    op->u.symdata.namelen = 0;
    op->u.symdata.address = 0;
    op->u.symdata.type = 0;
    return 0;
}

#define ROW(name_, fn) \
    { \
        XENPF_##name_, #name_, sizeof(struct xen_platform_op), DIR_INOUT, KIND_ALL, AUTH_DOM0, \
            BOUNDED, false, fn \
    }

const struct door_op platform_ops[] = {
    ROW(settime32, settime32),
    ROW(settime64, settime64),
    ROW(add_memtype, left_out),
    ROW(del_memtype, left_out),
    ROW(read_memtype, read_memtype),
    ROW(microcode_update, microcode_update),
    ROW(platform_quirk, platform_quirk),
    ROW(efi_runtime_call, efi_call),
    ROW(firmware_info, firmware_info),
    ROW(enter_acpi_sleep, enter_acpi_sleep),
    ROW(change_freq, change_freq),
    ROW(getidletime, getidletime),
    ROW(set_processor_pminfo, set_processor_pminfo),
    ROW(get_cpuinfo, get_cpuinfo),
    ROW(get_cpu_version, get_cpu_version),
    ROW(cpu_online, cpu_online),
    ROW(cpu_offline, cpu_offline),
    ROW(cpu_hotadd, left_out),
    ROW(mem_hotadd, left_out),
    ROW(core_parking, core_parking),
    ROW(resource_op, resource_op),
    ROW(get_symbol, get_symbol),
};
const uint16_t platform_op_count = ARRAY_SIZE(platform_ops);

long platform_op(uint64_t guest, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct {
        uint32_t cmd, version;
    } head;

    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    if (!copy_from_guest(&head, guest, sizeof(head)))
        return -XEN_EFAULT;
    if (head.version != XENPF_INTERFACE_VERSION)
        return -XEN_EACCES;
    return door_enter(&door_calls[__HYPERVISOR_platform_op], head.cmd, guest, 0);
}

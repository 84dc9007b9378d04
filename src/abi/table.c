/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All hypercalls, once each.  CALL: number's name, kinds that have it, function.  OPS: the same with
 * its table of sub-operations and what an unknown one returns.  NONE: Xen has the number, or once
 * had, and a build like Debian's answers -ENOSYS as well, or it belongs to a part of Zeroth that is
 * not there; FREE: nobody has it.  The calls of the machine's own kinds stand in machine/calls.h.
 */
#include "abi/assist.h"
#include "abi/console_io.h"
#include "abi/domctl/domctl.h"
#include "abi/door.h"
#include "abi/event_channel.h"
#include "abi/grant.h"
#include "abi/kexec.h"
#include "abi/memory.h"
#include "abi/multicall.h"
#include "abi/physdev.h"
#include "abi/platform.h"
#include "abi/version.h"
#include "abi/sched.h"
#include "abi/set_timer.h"
#include "abi/sysctl/sysctl.h"
#include "abi/vcpu.h"
#include "machine/calls.h"

#include <xen/memory.h>

/* A list by macros, whose form the formatter changes at each run. */
/* clang-format off */

/* Sub-operation numbers are 32 bits wide in the ABI. */
#define SUB_OPERATIONS(name) \
    static long name(uint64_t op, uint64_t guest, uint64_t a2, uint64_t a3, uint64_t a4, \
                     uint64_t a5) \
    { \
        (void)a2, (void)a3, (void)a4, (void)a5; \
        return door_enter(&door_calls[__HYPERVISOR_##name], (uint32_t)op, guest, 0); \
    }
SUB_OPERATIONS(physdev_op)
SUB_OPERATIONS(sched_op)

/* The command's upper bits say where a restarted one goes on.  What changes a reservation returns how
 * far it came, even when its argument cannot be read (measured). */
static long memory_op(uint64_t command, uint64_t guest, uint64_t a2, uint64_t a3, uint64_t a4,
                      uint64_t a5)
{
    uint64_t op = command & ((1ul << MEMORY_START_SHIFT) - 1);
    long result = door_enter(&door_calls[__HYPERVISOR_memory_op], op, guest, command);

    (void)a2, (void)a3, (void)a4, (void)a5;
    if (result == -XEN_EFAULT && (op == XENMEM_increase_reservation ||
                                  op == XENMEM_decrease_reservation || op == XENMEM_populate_physmap))
        return (long)(command >> MEMORY_START_SHIFT);
    return result;
}

/* Its argument is a number, not a pointer. */
static long sched_op_compat(uint64_t op, uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4,
                            uint64_t a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    return door_enter(&door_calls[__HYPERVISOR_sched_op_compat], (uint32_t)op, 0, arg);
}

/* Virtual performance counters are off: so an Xen without the option vpmu answers. */
static long xenpmu_op(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a0, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return -XEN_EOPNOTSUPP;
}

static long absent(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a0, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return -XEN_ENOSYS;
}

#define CALLS(CALL, OPS, NONE, FREE) \
    MACHINE_CALLS(CALL, OPS, NONE, FREE) \
    OPS(sched_op_compat, KIND_PV, sched_compat_ops, sched_compat_op_count, -XEN_ENOSYS, \
        sched_op_compat) \
    OPS(platform_op, KIND_ALL, platform_ops, platform_op_count, -XEN_ENOSYS, platform_op) \
    FREE(11) \
    CALL(multicall, KIND_ALL, multicall) \
    OPS(xen_version, KIND_ALL, version_ops, version_op_count, -XEN_ENOSYS, xen_version) \
    OPS(console_io, KIND_ALL, console_io_ops, console_io_op_count, -XEN_ENOSYS, console_io) \
    OPS(memory_op, KIND_ALL, memory_ops, memory_op_count, -XEN_ENOSYS, memory_op) \
    NONE(event_channel_op_compat) \
    OPS(event_channel_op, KIND_ALL, event_channel_ops, event_channel_op_count, -XEN_ENOSYS, \
        event_channel_op) \
    OPS(physdev_op, KIND_ALL, physdev_ops, physdev_op_count, -XEN_ENOSYS, physdev_op) \
    NONE(physdev_op_compat) \
    OPS(grant_table_op, KIND_ALL, grant_ops, grant_op_count, -XEN_ENOSYS, grant_table_op) \
    CALL(set_timer_op, KIND_ALL, set_timer_op) \
    CALL(vm_assist, KIND_ALL, vm_assist) \
    OPS(sysctl, KIND_ALL, sysctl_ops, sysctl_op_count, -XEN_ENOSYS, sysctl) \
    OPS(domctl, KIND_ALL, domctl_ops, domctl_op_count, -XEN_ENOSYS, domctl) \
    OPS(vcpu_op, KIND_ALL, vcpu_ops, vcpu_op_count, -XEN_ENOSYS, vcpu_op) \
    OPS(sched_op, KIND_ALL, sched_ops, sched_op_count, -XEN_ENOSYS, sched_op) \
    CALL(xenpmu_op, KIND_ALL, xenpmu_op) \
    OPS(kexec_op, KIND_PV, kexec_ops, kexec_op_count, 0, kexec_op) \
    NONE(xsm_op) \
    NONE(xenoprof_op) NONE(tmem_op) NONE(argo_op) NONE(dm_op) \
        NONE(hypfs_op) NONE(arch_0) NONE(arch_1) NONE(arch_2) NONE(arch_3) NONE(arch_4) \
            NONE(arch_5) NONE(arch_6) NONE(arch_7) FREE(43) FREE(44) FREE(45) FREE(46) FREE(47) \
                FREE(56) FREE(57) FREE(58) FREE(59) FREE(60) FREE(61) FREE(62) FREE(63)

#define AS_NOTHING(x)
#define CALL_ROW(name, kinds, fn) \
    [__HYPERVISOR_##name] = { #name, kinds, NULL, NULL, -XEN_ENOSYS, fn },
#define OPS_ROW(name, kinds, ops, count, unknown, fn) \
    [__HYPERVISOR_##name] = { #name, kinds, ops, &(count), unknown, fn },

const struct door_call door_calls[DOOR_CALLS] = { CALLS(CALL_ROW, OPS_ROW, AS_NOTHING,
                                                        AS_NOTHING) };

#define CALL_PV(name, kinds, fn)                     [__HYPERVISOR_##name] = (kinds)&KIND_PV ? (fn) : absent,
#define OPS_PV(name, kinds, ops, count, unknown, fn) CALL_PV(name, kinds, fn)
#define NONE_PV(name)                                [__HYPERVISOR_##name] = absent,
#define FREE_PV(number)                              [number] = absent,

hypercall_fn *const hypercall_pv[DOOR_CALLS] = { CALLS(CALL_PV, OPS_PV, NONE_PV, FREE_PV) };

#define CALL_HVM(name, kinds, fn)                     [__HYPERVISOR_##name] = (kinds)&KIND_HVM ? (fn) : absent,
#define OPS_HVM(name, kinds, ops, count, unknown, fn) CALL_HVM(name, kinds, fn)

hypercall_fn *const hypercall_hvm[DOOR_CALLS] = { CALLS(CALL_HVM, OPS_HVM, NONE_PV, FREE_PV) };

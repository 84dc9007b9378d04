/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of 32-bit code: those of 64-bit code, whose rows know the other layout (abi/narrow.h), but
 * for what comes in registers. */
#include "abi/door.h"

#include "abi/set_timer.h"
#include "core/machine.h"

/* Its one argument, of 64 bits, comes in two halves. */
static long narrow_set_timer(uint64_t low, uint64_t high, uint64_t a2, uint64_t a3, uint64_t a4,
                             uint64_t a5)
{
    return set_timer_op(high << 32 | low, 0, a2, a3, a4, a5);
}

#define WIDE(name) \
    static long name(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5) \
    { \
        return hypercall_hvm[__HYPERVISOR_##name](a0, a1, a2, a3, a4, a5); \
    }
WIDE(memory_op)
WIDE(xen_version)
WIDE(console_io)
WIDE(grant_table_op)
WIDE(multicall)
WIDE(vcpu_op)
WIDE(vm_assist)
WIDE(sched_op)
WIDE(event_channel_op)
WIDE(hvm_op)

hypercall_fn *const hypercall_hvm32[DOOR_CALLS] = {
    [__HYPERVISOR_memory_op] = memory_op,
    [__HYPERVISOR_xen_version] = xen_version,
    [__HYPERVISOR_console_io] = console_io,
    [__HYPERVISOR_set_timer_op] = narrow_set_timer,
    [__HYPERVISOR_grant_table_op] = grant_table_op,
    [__HYPERVISOR_multicall] = multicall,
    [__HYPERVISOR_vcpu_op] = vcpu_op,
    [__HYPERVISOR_vm_assist] = vm_assist,
    [__HYPERVISOR_sched_op] = sched_op,
    [__HYPERVISOR_event_channel_op] = event_channel_op,
    [__HYPERVISOR_hvm_op] = hvm_op,
};

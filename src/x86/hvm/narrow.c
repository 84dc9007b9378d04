/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/narrow.h"

#include "abi/console_io.h"
#include "abi/event_channel.h"
#include "abi/set_timer.h"
#include "abi/version.h"
#include "x86/hvm/op.h"

#include <xen/version.h>

/* What has pointers or long numbers in its struct would be read wrongly. */
static long narrow_version(uint64_t op, uint64_t guest, uint64_t a2, uint64_t a3, uint64_t a4,
                           uint64_t a5)
{
    if (op == XENVER_platform_parameters)
        return -XEN_ENOSYS;
    return xen_version(op, guest, a2, a3, a4, a5);
}

/* Its one argument, of 64 bits, comes in two halves. */
static long narrow_set_timer(uint64_t low, uint64_t high, uint64_t a2, uint64_t a3, uint64_t a4,
                             uint64_t a5)
{
    return set_timer_op(high << 32 | low, 0, a2, a3, a4, a5);
}

hypercall_fn *const hypercall_hvm32[DOOR_CALLS] = {
    [__HYPERVISOR_xen_version] = narrow_version,
    [__HYPERVISOR_console_io] = console_io,
    [__HYPERVISOR_set_timer_op] = narrow_set_timer,
    [__HYPERVISOR_event_channel_op] = event_channel_op,
    [__HYPERVISOR_hvm_op] = hvm_op,
};

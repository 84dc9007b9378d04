/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/assist.h"

#include "core/domain.h"
#include "core/machine.h"
#include "core/vcpu.h"

/* Other vCPUs may change other bits meanwhile. */
long vm_assist(uint64_t command, uint64_t type, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    uint64_t *bits = &current_vcpu()->domain->vm_assist;
    uint32_t nr = (uint32_t)type;

    (void)a2, (void)a3, (void)a4, (void)a5;
    if (nr >= 64 || !(VM_ASSIST_VALID >> nr & 1))
        return -XEN_EINVAL;
    switch ((uint32_t)command) {
    case VMASST_CMD_enable: __atomic_fetch_or(bits, 1ul << nr, __ATOMIC_RELAXED); return 0;
    case VMASST_CMD_disable: __atomic_fetch_and(bits, ~(1ul << nr), __ATOMIC_RELAXED); return 0;
    default: return -XEN_ENOSYS;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* I/O rights that a PV kernel gives to its user mode; x86/pv/emulate.c asks for them. */
#include "core/assert.h"
#include "core/machine.h"
#include "x86/guest.h"

#include <xen/errno.h>

#define KIND_PV_BIT 1 /* KIND_PV of abi/door.h */

int arch_set_iopl(struct vcpu *v, unsigned int level)
{
    ASSERT(level <= 3);
    if (v->domain->kind->bit != KIND_PV_BIT)
        return -XEN_ENOSYS;
    x86_vcpu(v)->pv.iopl = level;
    return 0;
}

int arch_set_iobitmap(struct vcpu *v, uint64_t bitmap, unsigned int ports)
{
    ASSERT(ports <= 65536);
    if (v->domain->kind->bit != KIND_PV_BIT)
        return -XEN_ENOSYS;
    x86_vcpu(v)->pv.iobitmap = bitmap;
    x86_vcpu(v)->pv.iobitmap_ports = ports;
    return 0;
}

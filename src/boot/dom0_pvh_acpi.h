/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_DOM0_PVH_ACPI_H
#define BOOT_DOM0_PVH_ACPI_H

#include <stddef.h>
#include <stdint.h>

/*
 * ACPI tables of a PVH Dom0 without devices: RSDP first, XSDT, MADT with a local APIC for each vCPU.
 * to: zeroed, for the guest's physical address at; apic_id(n) numbers the vCPUs.  The size, bytes; 0:
 * it is more than room.
 */
size_t dom0_pvh_acpi(uint8_t *to, size_t room, uint64_t at, unsigned int vcpus,
                     uint32_t (*apic_id)(unsigned int vcpu));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts by message: MSI and MSI-X (PCI 3.0, 6.8).  Zeroth writes address and data; the guest
 * asks for a message by PHYSDEVOP_map_pirq.  core/machine.h has the arch_msi_* functions.
 */
#ifndef X86_MSI_H
#define X86_MSI_H

#define MSI_ADDRESS 0xfee00000u /* Intel SDM 3, 10.11.1; APIC id from bit 12 on */

#endif

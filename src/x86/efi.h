/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EFI's runtime services (UEFI 2.10, chapter 8), called at machine addresses under tables of their own,
 * in which the firmware's regions are mapped beside Zeroth's slots: nobody calls SetVirtualAddressMap,
 * and Zeroth's own tables have none of it.  arch_efi_call itself is declared in core/machine.h.
 */
#ifndef X86_EFI_H
#define X86_EFI_H

#include "x86/regs.h"

#include <stdbool.h>
#include <stdint.h>

struct platform_memory;

/* Attributes of the firmware's memory that are more than a hint of its cache (7.2.3). */
#define EFI_WRITE_BACK 0x8ul
#define EFI_NO_RUN     0x4000ul
#define EFI_READ_ONLY  0x20000ul
#define EFI_RUNTIME    (1ul << 63)

/*
 * Boot: map the regions of the firmware's map that are for its runtime services, and give the rights of
 * its table of memory attributes (rights, count; 4.6.4) to its code and data.  functions: machine
 * addresses of the 14 services, in their table's order.  False, and there are no services: no memory,
 * or a map that cannot be.
 */
bool efi_init(const uint64_t functions[], const struct platform_memory *map, unsigned int map_count,
              const struct platform_memory *rights, unsigned int count);

/* A trap in Zeroth's mode: was it the firmware's?  Then it is reported, its services are called no more,
 * and regs go on behind the call. */
bool efi_fault(struct regs *regs, const char *why);

/* Reset the machine or, off, power it down; returns where there are no services or they do nothing.
 * Interrupts off, other CPUs stopped. */
void efi_reset(bool warm, bool off);

#endif

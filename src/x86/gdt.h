/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segment descriptors of Zeroth's.  They stand in page 14 of every GDT, which the ABI keeps for the
 * hypervisor (xen/arch-x86/xen.h, FIRST_RESERVED_GDT_PAGE), so selectors are the same whether an
 * idle vCPU's or a guest's GDT is loaded.  Each CPU has its own such page (percpu.gdt); for idle the
 * GDTR's base is 14 pages below it, for a PV vCPU it is the vCPU's window, in which x86/pv/context.c
 * maps the page of the CPU that it runs on.  Read by C and assembly.
 */
#ifndef X86_GDT_H
#define X86_GDT_H

#define GDT_PAGE  14
#define GDT_LIMIT 0xefff /* of the GDTR: through page 14 */

#define SELECTOR_CODE        0xe008 /* ring 0, 64-bit: fixed by SYSCALL's pair (MSR STAR) */
#define SELECTOR_DATA        0xe010 /* ring 0 stack */
#define SELECTOR_USER_CODE32 0xe023 /* ring 3: the ABI's FLAT_RING3_CS32 */
#define SELECTOR_USER_DATA   0xe02b /* FLAT_RING3_SS64 */
#define SELECTOR_USER_CODE   0xe033 /* FLAT_RING3_CS64 */
#define SELECTOR_TSS         0xe040 /* two entries */
#define SELECTOR_LDT         0xe050 /* two entries, written when a vCPU with an LDT comes */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where Zeroth lives.  The ABI keeps 0xffff800000000000 to 0xffff87ffffffffff, slots 256 to 271 of
 * the level-4 table, from PV guests (xen/arch-x86/xen-x86_64.h, __HYPERVISOR_VIRT_START and _END).
 * The level-3 tables of all these slots are allocated at boot and shared by every address space:
 * a new mapping below them is seen by all at once.  Read by C, by assembly and by the linker script.
 */
#ifndef X86_LAYOUT_H
#define X86_LAYOUT_H

#define HYPERVISOR_START 0xffff800000000000
#define HYPERVISOR_END   0xffff880000000000 /* not included */
#define HYPERVISOR_SLOT  256                /* first level-4 slot of Zeroth */
#define HYPERVISOR_SLOTS 16

#define M2P_BASE      0xffff800000000000 /* slot 256: uint64_t a frame; guests may read it */
#define M2P_SLOT      256
#define M2P_WRITABLE  0xffff808000000000 /* slot 257: the same table, for Zeroth to write */
#define VMAP_BASE     0xffff810000000000 /* slot 258: stacks with guard pages, devices */
#define VMAP_SIZE     0x8000000000
#define FRAME_BASE    0xffff818000000000 /* slot 259: struct frame of every frame */
#define SEGMENTS_BASE 0xffff820000000000 /* slot 260: GDT and LDT windows of PV vCPUs */
#define SEGMENTS_SIZE 0x8000000000
#define DIRECT_BASE   0xffff830000000000 /* slots 262 to 271: all RAM, writable, not executable */
#define DIRECT_SIZE   0x50000000000

#define VIRT_OFFSET 0xffff82d040000000 /* slot 261: linked address minus load address */
#define VIRT_L4     261                /* its index in the level-4 table */
#define VIRT_L3     321                /* its index in the level-3 table */
#define IMAGE_BASE  0x200000           /* load address, bytes */

#endif

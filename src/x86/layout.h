/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where Zeroth lives.  The ABI keeps 0xffff800000000000 to 0xffff87ffffffffff from PV guests
 * (xen/arch-x86/xen-x86_64.h, __HYPERVISOR_VIRT_START and _END); the image stands inside it.
 * Read by C, by assembly and by the linker script.
 */
#ifndef X86_LAYOUT_H
#define X86_LAYOUT_H

#define VIRT_OFFSET 0xffff82d040000000  /* linked address minus load address */
#define VIRT_L4     261                 /* its index in the level-4 table */
#define VIRT_L3     321                 /* its index in the level-3 table */
#define IMAGE_BASE  0x200000            /* load address, bytes */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a PV guest's hypercalls (XEN_ELFNOTE_HYPERCALL_PAGE of xen/elfnote.h). */
#ifndef X86_PV_HYPERCALL_PAGE_H
#define X86_PV_HYPERCALL_PAGE_H

/*
 * Fill a page, mapped at page, with a stub of 32 bytes for each number from 0 on.  A stub keeps all
 * registers but rax; that of HYPERVISOR_iret is jumped to and does not come back.  The bytes are
 * those of Xen 4.17 (measured).
 */
void hypercall_page_fill(void *page);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What a loader of Xen guests reads in the image (xen/elfnote.h): both ways in, and what PV expects. */
    .macro note type, kind, value:vararg
    .pushsection .note.pv, "a", @note
    .balign 4
    .long   4, 2f - 1f, \type
    .asciz  "Xen"
1:  \kind   \value
2:  .balign 4
    .popsection
    .endm

    note 6, .asciz, "libpv"             /* GUEST_OS */
    note 5, .asciz, "xen-3.0"           /* XEN_VERSION */
    note 3, .quad, 0xffffffff80000000   /* VIRT_BASE */
    note 4, .quad, 0                    /* PADDR_OFFSET: the file's physical addresses are that */
    note 1, .quad, xen_pv_entry         /* ENTRY */
    note 2, .quad, hypercall_page       /* HYPERCALL_PAGE */
    note 9, .asciz, "yes"               /* PAE_MODE */
    note 8, .asciz, "generic"           /* LOADER */
    note 10, .asciz, "!writable_page_tables|pae_pgdir_above_4gb"   /* FEATURES */
    note 18, .quad, pvh_entry - 0xffffffff80000000                 /* PHYS32_ENTRY */

    .section .note.GNU-stack, "", @progbits

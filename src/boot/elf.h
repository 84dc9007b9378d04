/* SPDX-License-Identifier: Apache-2.0 */
/* A PV kernel's ELF image: checked, its notes read (xen/elfnote.h), and loaded.  Runs on the host too. */
#ifndef BOOT_ELF_H
#define BOOT_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_NONE  (~0ul) /* of an address that no note gave */
#define ELF_TEXT  64     /* longest text kept of a note, its end included */
#define ELF_RULES 4      /* pairs of XEN_ELFNOTE_L1_MFN_VALID kept */

struct elf_kernel {
    const uint8_t *image; /* the file; goes on being read by elf_load */
    size_t size;
    uint64_t virt_base, paddr_offset; /* virtual = ELF's physical - paddr_offset + virt_base */
    uint64_t start, end; /* virtual addresses that the segments take, end not included */
    uint64_t entry;
    uint64_t entry_pvh;          /* physical, in 32-bit mode; ELF_NONE: no such entry */
    uint64_t hypercall_page;     /* ELF_NONE: the kernel has none */
    uint64_t init_p2m;           /* ELF_NONE: the list goes behind the modules */
    uint64_t hole_start;         /* lowest start of Zeroth's addresses it can bear; ELF_NONE */
    uint64_t features, required; /* bits XENFEAT_*; required ones are features too */
    bool says_supported;         /* there is a XEN_ELFNOTE_SUPPORTED_FEATURES */
    uint64_t l1_mask[ELF_RULES], l1_value[ELF_RULES];
    unsigned int l1_rules;
    bool mod_start_pfn; /* the initrd need not be mapped */
    bool suspend_cancel;
    char guest_os[ELF_TEXT], guest_version[ELF_TEXT], loader[ELF_TEXT], xen_version[ELF_TEXT];
};

/*
 * Check a file and fill *kernel; nothing of it may change before elf_load.  NULL, or what is wrong
 * with it: no ELF file of a 64-bit x86 program, cut off, segments that overlap or wrap, no notes of a
 * PV kernel, features that a PV Dom0 cannot have.
 */
const char *elf_read(struct elf_kernel *kernel, const void *image, size_t size);

/*
 * The same of a kernel to be started by its PVH entry (XEN_ELFNOTE_PHYS32_ENTRY): start and end are
 * physical addresses then.
 */
const char *elf_read_pvh(struct elf_kernel *kernel, const void *image, size_t size);

/* Does a file begin like an ELF file? */
bool elf_is(const void *image, size_t size);

/* Copy the segments to where kernel->start is mapped: end - start bytes, all of them written. */
void elf_load(const struct elf_kernel *kernel, void *to);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HYPERVISOR_platform_op (xen/platform.h).  The argument of every row is the whole
 * struct xen_platform_op.  An unknown sub-operation is -ENOSYS.
 */
#ifndef ABI_PLATFORM_H
#define ABI_PLATFORM_H

#include "abi/door.h"

extern const struct door_op platform_ops[];
extern const uint16_t platform_op_count;

#define PLATFORM_VENDOR 64

struct platform_memory {
    uint64_t start, size; /* bytes */
    uint64_t attributes;
    uint32_t type; /* these two as EFI has them */
};

/* What Dom0 may know of the EFI firmware (XEN_FW_EFI_INFO). */
struct platform_efi {
    uint32_t version, runtime_version; /* of the specification: major in the upper half */
    uint64_t tables;                   /* machine address of the configuration tables */
    uint32_t table_count;
    uint32_t vendor_revision;
    uint16_t vendor[PLATFORM_VENDOR];  /* UTF-16, ends with a zero */
    const struct platform_memory *map; /* kept */
    unsigned int map_count;
};

/* Boot: the machine was started by EFI.  Else every question about it is -ENOSYS. */
void platform_set_efi(const struct platform_efi *efi);

/* The hypercall: -EFAULT; -EACCES: another interface_version; then what the row says. */
long platform_op(uint64_t guest, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);

#endif

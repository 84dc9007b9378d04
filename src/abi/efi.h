/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ABI_EFI_H
#define ABI_EFI_H

#include <stdint.h>
#include <xen/platform.h>

/*
 * XENPF_efi_runtime_call: the services of the firmware for Dom0, errors as measured on Xen 4.17:
 * -ENOSYS: no such, or no firmware of that kind, or one that failed; -EINVAL: bits of misc that mean
 * nothing; -ENOMEM: more than is held for a caller; -EFAULT.  What the firmware says is a->status.
 */
long efi_runtime_call(struct xenpf_efi_runtime_call *a);

/* Boot, when the services can be called: note what XEN_EFI_VARINFO_BOOT_SNAPSHOT tells. */
void efi_take_snapshot(void);

#endif

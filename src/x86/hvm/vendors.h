/* SPDX-License-Identifier: Apache-2.0 */
/* The vendors that this build knows, tried in order; NULL at the end. */
#ifndef X86_HVM_VENDORS_H
#define X86_HVM_VENDORS_H

struct hvm_vendor;
extern const struct hvm_vendor *const hvm_vendors[];

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A vendor of hardware guests' CPUs that keeps what it is given (x86/hvm/vendor.h). */
#ifndef WORKBENCH_VENDOR_H
#define WORKBENCH_VENDOR_H

#include "x86/hvm/vendor.h"

#define KEPT_VCPUS 4
#define KEPT_MSRS  8 /* those that the CPU itself switches, but for the bases of FS and GS */

/* By the vCPU's number.  The ring is SS's, 64-bit code is CS's in long mode. */
extern struct kept_vcpu {
    struct hvm_control control;
    struct hvm_segment segments[SEGMENTS];
    uint64_t msrs[KEPT_MSRS], pat, tsc_offset;
} kept[KEPT_VCPUS];

/* hvm_vendor is this, or what a test has made of it.  Events can always be put in, and are forgotten; an
 * instruction's length is not told. */
extern const struct hvm_vendor kept_vendor;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/vendors.h"

#include "x86/hvm/svm/svm.h"

#include <stddef.h>

const struct hvm_vendor *const hvm_vendors[] = { &svm_vendor, NULL };

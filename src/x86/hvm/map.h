/* SPDX-License-Identifier: Apache-2.0 */
/* A hardware domain's map as memory operations change it (struct guest_map of core/domain.h). */
#ifndef X86_HVM_MAP_H
#define X86_HVM_MAP_H

#include "core/domain.h"

extern const struct guest_map hvm_map;

#endif

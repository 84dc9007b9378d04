/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/descriptor.h"

#define DESCRIPTOR_ACCESSED (1ul << 40)
#define DESCRIPTOR_SEGMENT  (1ul << 44) /* code or data; clear: system */
#define DESCRIPTOR_RING3    (3ul << 45)
#define DESCRIPTOR_PRESENT  (1ul << 47)

bool pv_descriptor_ok(uint64_t *descriptor)
{
    if (!(*descriptor & DESCRIPTOR_PRESENT))
        return true;
    if (!(*descriptor & DESCRIPTOR_SEGMENT))
        return false;
    *descriptor |= DESCRIPTOR_RING3 | DESCRIPTOR_ACCESSED;
    return true;
}

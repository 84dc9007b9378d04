/* SPDX-License-Identifier: Apache-2.0 */
/* Around src/x86/layout.h: the segment windows and the RAM stand where a process may have memory. */
#ifndef FUZZ_LAYOUT_H
#define FUZZ_LAYOUT_H

#include_next "x86/layout.h"

#undef SEGMENTS_BASE
#define SEGMENTS_BASE 0x210000000000
#undef DIRECT_BASE
#define DIRECT_BASE 0x200000000000

#endif

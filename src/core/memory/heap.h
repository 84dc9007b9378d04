/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of Zeroth's own, on top of page_alloc, in the direct map. */
#ifndef CORE_HEAP_H
#define CORE_HEAP_H

#include <stddef.h>

/* size bytes, zeroed, aligned to 16 and, from one page up, to a page; NULL: no memory.  Any context. */
void *heap_alloc(size_t size);
/* NULL is allowed. */
void heap_free(void *object);

#endif

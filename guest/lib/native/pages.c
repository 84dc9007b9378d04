/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables need nobody's leave natively: a table is a page of zeros. */
#include <pv/native.h>

static void clear(uint64_t *page)
{
    uint64_t count = 512;

    __asm__ volatile("rep stosq" : "+D"(page), "+c"(count) : "a"(0ul) : "memory");
}

bool native_table_new(uint64_t *page, unsigned int level)
{
    (void)level;
    clear(page);
    return true;
}

void native_table_free(uint64_t *page)
{
    clear(page);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/efi/sections.h"

#include "lib/memory.h"

#define PE_AT       0x3c /* in the MS-DOS header: where the PE header is */
#define PE_SIZE     24   /* signature and COFF header */
#define NAME_LENGTH 8

struct section {
    char name[NAME_LENGTH];
    uint32_t size, at; /* in memory, from the image's start */
    uint32_t rest[6];
};

struct span sections_find(struct span image, const char *name)
{
    const struct span none = { NULL, 0 };
    char wanted[NAME_LENGTH] = { 0 };
    uint16_t count, optional;
    uint64_t from;
    uint32_t pe;

    for (unsigned int i = 0; i < NAME_LENGTH && name[i]; i++)
        wanted[i] = name[i];
    if (image.length < PE_AT + sizeof(pe))
        return none;
    memcpy(&pe, image.at + PE_AT, sizeof(pe));
    if (pe > image.length || image.length - pe < PE_SIZE)
        return none;
    memcpy(&count, image.at + pe + 6, sizeof(count));
    memcpy(&optional, image.at + pe + 20, sizeof(optional));
    from = (uint64_t)pe + PE_SIZE + optional;
    for (; count && from + sizeof(struct section) <= image.length; count--) {
        struct section s;

        memcpy(&s, image.at + from, sizeof(s));
        from += sizeof(s);
        if (memcmp(s.name, wanted, NAME_LENGTH) == 0 && s.at <= image.length &&
            s.size <= image.length - s.at)
            return (struct span){ image.at + s.at, s.size };
    }
    return none;
}

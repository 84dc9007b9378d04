/* SPDX-License-Identifier: Apache-2.0 */
/* The last step of zeroth.efi; read by C and by assembly. */
#ifndef BOOT_EFI_JUMP_H
#define BOOT_EFI_JUMP_H

#define JUMP_PAGE  4096
#define JUMP_CODE  256        /* bytes; the rest of the page is the stack */
#define JUMP_MAGIC 0x36d76289 /* in EAX: of multiboot 2 */

/* Where the fields of struct jump are. */
#define JUMP_FROM   0
#define JUMP_TO     4
#define JUMP_SIZE   8
#define JUMP_ZEROES 12
#define JUMP_ENTRY  16
#define JUMP_TAGS   20

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* All are physical addresses or bytes, below 4 GiB. */
struct jump {
    uint32_t from, to, size; /* of the hypervisor as it is in its file */
    uint32_t zeroes;         /* behind it */
    uint32_t entry, tags;
};

_Static_assert(offsetof(struct jump, from) == JUMP_FROM && offsetof(struct jump, to) == JUMP_TO &&
                   offsetof(struct jump, size) == JUMP_SIZE &&
                   offsetof(struct jump, zeroes) == JUMP_ZEROES &&
                   offsetof(struct jump, entry) == JUMP_ENTRY &&
                   offsetof(struct jump, tags) == JUMP_TAGS,
               "jump.S");

extern const char jump_code[JUMP_CODE]; /* to be run in a copy */
#endif

#endif

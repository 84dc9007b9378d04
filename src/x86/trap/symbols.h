/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the functions in the image, for backtraces. */
#ifndef X86_SYMBOLS_H
#define X86_SYMBOLS_H

#include <stdint.h>

/* The function that an address of code lies in, and how far in; NULL: none that is known.  Slow. */
const char *symbol_at(uint64_t address, uint64_t *offset);

/* Tells this image's code from any other's; the same for two builds of one tree (tools/symbols.py). */
#define SYMBOLS_BUILD_ID_SIZE 20
extern const unsigned char symbols_build_id[SYMBOLS_BUILD_ID_SIZE];
/* The date of its sources and their commit ("git:…", or nothing), as texts. */
extern const char symbols_date[], symbols_changeset[];

#endif

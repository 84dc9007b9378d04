/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions of guests, taken apart: those that write to memory, and those that need privilege.  Own
 * code, as Debian's decoders (libzydis, libcapstone) do not serve in a freestanding program: they want a
 * libc, and are larger than all of Zeroth.  test_decode_cpu holds it against the CPU, fuzz_decode against
 * bad bytes.
 */
#ifndef X86_DECODE_H
#define X86_DECODE_H

#include "x86/regs.h"

#include <stdbool.h>
#include <stdint.h>

#define INSTRUCTION_MAX 15 /* bytes (AMD APM 3, section 1.1) */

struct instruction {
    uint8_t length;  /* bytes, prefixes included */
    uint8_t rex;     /* 0: none */
    uint8_t repeat;  /* 0xf2, 0xf3, 0: none */
    uint8_t segment; /* override prefix, such as 0x65 for GS; 0: none */
    bool lock, operand16, address_other;
    bool extended; /* 0x0f before the opcode */
    uint8_t opcode;
    bool has_modrm;
    uint8_t mod, reg, rm; /* reg and rm with REX.R and REX.B */
    uint8_t size;         /* of operands, by prefixes: 2, 4, 8; 1 for opcodes on bytes */
    int64_t immediate;    /* sign-extended */
};

/* False: not complete in `available` bytes, too long, or an opcode that this knows nothing of. */
bool decode(const uint8_t *bytes, unsigned int available, bool long_mode, struct instruction *out);

/* A general register by its number. */
uint64_t *decode_register(struct regs *regs, unsigned int number);
/* The value of an operand's register, and a new one, with the rules for sizes 1 to 8. */
uint64_t decode_read(struct regs *regs, const struct instruction *i, unsigned int number);
void decode_write(struct regs *regs, const struct instruction *i, unsigned int number,
                  uint64_t value);

#endif

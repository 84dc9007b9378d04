/* SPDX-License-Identifier: Apache-2.0 */
/* Results and flags of instructions (AMD APM 3); apart from ptwr.c as it touches nothing else. */
#include "x86/pv/ptwr.h"

#define FLAG_C 0x1ul
#define FLAG_P 0x4ul
#define FLAG_A 0x10ul
#define FLAG_Z 0x40ul
#define FLAG_S 0x80ul
#define FLAG_O 0x800ul
#define FLAGS  (FLAG_C | FLAG_P | FLAG_A | FLAG_Z | FLAG_S | FLAG_O)

enum { ADD, OR, ADC, SBB, AND, SUB, XOR, CMP }; /* as the opcodes number them */

static uint64_t mask_of(const struct instruction *i)
{
    return i->size == 8 ? ~0ul : (1ul << 8 * i->size) - 1;
}

static uint64_t arithmetic(struct regs *regs, const struct instruction *i, unsigned int what,
                           uint64_t a, uint64_t b)
{
    uint64_t mask = mask_of(i), sign = mask ^ mask >> 1, r, flags = 0, overflow = 0;

    a &= mask;
    b &= mask;
    switch (what) {
    case ADD:
        r = (a + b) & mask;
        overflow = ~(a ^ b) & (a ^ r);
        flags = (r < a ? FLAG_C : 0) | ((a ^ b ^ r) & FLAG_A);
        break;
    case SUB:
        r = (a - b) & mask;
        overflow = (a ^ b) & (a ^ r);
        flags = (a < b ? FLAG_C : 0) | ((a ^ b ^ r) & FLAG_A);
        break;
    case OR: r = a | b; break;
    case AND: r = a & b; break;
    default: r = a ^ b; break;
    }
    flags |= (overflow & sign ? FLAG_O : 0) | (r & sign ? FLAG_S : 0) | (r ? 0 : FLAG_Z);
    flags |= __builtin_popcountll(r & 0xff) & 1 ? 0 : FLAG_P;
    regs->rflags = (regs->rflags & ~FLAGS) | flags;
    return r;
}

static bool is_written(unsigned int what)
{
    return what != ADC && what != SBB && what != CMP;
}

/* INC and DEC leave the carry. */
static uint64_t step(struct regs *regs, const struct instruction *i, uint64_t old)
{
    uint64_t carry = regs->rflags & FLAG_C;
    uint64_t r = arithmetic(regs, i, i->reg & 1 ? SUB : ADD, old, 1);

    regs->rflags = (regs->rflags & ~FLAG_C) | carry;
    return r;
}

static uint64_t compare_exchange(struct regs *regs, const struct instruction *i, uint64_t old)
{
    uint64_t accumulator = decode_read(regs, i, 0);

    arithmetic(regs, i, SUB, accumulator, old);
    if (accumulator == old)
        return decode_read(regs, i, i->reg);
    decode_write(regs, i, 0, old);
    return old;
}

/* BTS, BTR and BTC by a number within the operand; farther ones are other memory. */
static bool bit(struct regs *regs, const struct instruction *i, unsigned int what, uint64_t number,
                uint64_t old, uint64_t *result)
{
    uint64_t one;

    if (number >= 8u * i->size)
        return false;
    one = 1ul << number;
    *result = what == 1 ? old | one : what == 2 ? old & ~one : old ^ one;
    regs->rflags = (regs->rflags & ~FLAG_C) | (old & one ? FLAG_C : 0);
    return true;
}

static bool compute_extended(struct regs *regs, const struct instruction *i, uint64_t old,
                             uint64_t *result)
{
    switch (i->opcode) {
    case 0xab:
    case 0xb3:
    case 0xbb: return bit(regs, i, i->opcode >> 3 & 3, decode_read(regs, i, i->reg), old, result);
    case 0xba:
        if ((i->reg & 7) < 5)
            return false;
        return bit(regs, i, i->reg & 3, (uint64_t)i->immediate & (8u * i->size - 1), old, result);
    case 0xb0:
    case 0xb1: *result = compare_exchange(regs, i, old); return true;
    case 0xc0:
    case 0xc1: {
        uint64_t addend = decode_read(regs, i, i->reg);

        decode_write(regs, i, i->reg, old);
        *result = arithmetic(regs, i, ADD, old, addend);
        return true;
    }
    case 0xc3: *result = decode_read(regs, i, i->reg); return i->size >= 4;
    }
    return false;
}

static bool compute_group(struct regs *regs, const struct instruction *i, uint64_t old,
                          uint64_t *result)
{
    unsigned int what = i->reg & 7;

    switch (i->opcode) {
    case 0x80:
    case 0x81:
    case 0x83:
        if (!is_written(what))
            return false;
        *result = arithmetic(regs, i, what, old, (uint64_t)i->immediate);
        return true;
    case 0xc6:
    case 0xc7: *result = (uint64_t)i->immediate & mask_of(i); return what == 0;
    case 0xf6:
    case 0xf7: *result = ~old & mask_of(i); return what == 2;
    case 0xfe:
    case 0xff:
        if (what > 1)
            return false;
        *result = step(regs, i, old);
        return true;
    }
    return false;
}

bool ptwr_compute(struct regs *regs, const struct instruction *i, uint64_t old, uint64_t source,
                  uint64_t *result)
{
    if (i->has_modrm && i->mod == 3)
        return false;
    if (i->extended)
        return compute_extended(regs, i, old, result);
    switch (i->opcode) {
    case 0x86:
    case 0x87:
        *result = decode_read(regs, i, i->reg);
        decode_write(regs, i, i->reg, old);
        return true;
    case 0x88:
    case 0x89: *result = decode_read(regs, i, i->reg); return true;
    case 0xa2:
    case 0xa3:
    case 0xaa:
    case 0xab: *result = decode_read(regs, i, 0); return true;
    case 0xa4:
    case 0xa5: *result = source; return true;
    }
    if (i->opcode < 0x40 && !(i->opcode & 6) && is_written(i->opcode >> 3)) {
        *result = arithmetic(regs, i, i->opcode >> 3, old, decode_read(regs, i, i->reg));
        return true;
    }
    return compute_group(regs, i, old, result);
}

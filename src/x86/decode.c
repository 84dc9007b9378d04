/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/decode.h"

#include "core/assert.h"

#include <stddef.h>

/* What follows an opcode (AMD APM 3, appendix A). */
enum {
    KNOWN = 1,
    MODRM = 2,
    BYTE = 4,
    IMM8 = 8,
    IMM = 16,
    OFFSET = 32,
    GROUP3 = 64,
    NO_MEMORY = 128
};

#define ARITHMETIC(op) \
    [op] = KNOWN | MODRM | BYTE, [(op) + 1] = KNOWN | MODRM, [(op) + 2] = KNOWN | MODRM | BYTE, \
    [(op) + 3] = KNOWN | MODRM

static const uint8_t one_byte[256] = {
    ARITHMETIC(0x00),
    ARITHMETIC(0x08),
    ARITHMETIC(0x10),
    ARITHMETIC(0x18),
    ARITHMETIC(0x20),
    ARITHMETIC(0x28),
    ARITHMETIC(0x30),
    ARITHMETIC(0x38),
    [0x6c] = KNOWN | BYTE,
    [0x6d] = KNOWN,
    [0x6e] = KNOWN | BYTE,
    [0x6f] = KNOWN, /* INS, OUTS */
    [0x80] = KNOWN | MODRM | BYTE | IMM8,
    [0x81] = KNOWN | MODRM | IMM,
    [0x83] = KNOWN | MODRM | IMM8,
    [0x86] = KNOWN | MODRM | BYTE,
    [0x87] = KNOWN | MODRM,
    [0x88] = KNOWN | MODRM | BYTE,
    [0x89] = KNOWN | MODRM,
    [0x8a] = KNOWN | MODRM | BYTE,
    [0x8b] = KNOWN | MODRM,
    [0xa0] = KNOWN | BYTE | OFFSET,
    [0xa1] = KNOWN | OFFSET,
    [0xa2] = KNOWN | BYTE | OFFSET,
    [0xa3] = KNOWN | OFFSET,
    [0xa4] = KNOWN | BYTE,
    [0xa5] = KNOWN,
    [0xaa] = KNOWN | BYTE,
    [0xab] = KNOWN, /* MOVS, STOS */
    [0xc6] = KNOWN | MODRM | BYTE | IMM8,
    [0xc7] = KNOWN | MODRM | IMM,
    [0xe4] = KNOWN | BYTE | IMM8,
    [0xe5] = KNOWN | IMM8, /* IN, OUT */
    [0xe6] = KNOWN | BYTE | IMM8,
    [0xe7] = KNOWN | IMM8,
    [0xec] = KNOWN | BYTE,
    [0xed] = KNOWN,
    [0xee] = KNOWN | BYTE,
    [0xef] = KNOWN,
    [0xf4] = KNOWN,
    [0xfa] = KNOWN,
    [0xfb] = KNOWN, /* HLT CLI STI */
    [0xf6] = KNOWN | MODRM | BYTE | GROUP3,
    [0xf7] = KNOWN | MODRM | GROUP3,
    [0xfe] = KNOWN | MODRM | BYTE,
    [0xff] = KNOWN | MODRM,
};

static const uint8_t two_bytes[256] = {
    [0x00] = KNOWN | MODRM,
    [0x01] = KNOWN | MODRM,
    [0x06] = KNOWN,
    [0x08] = KNOWN,
    [0x09] = KNOWN,
    [0x0b] = KNOWN,
    [0x20] = KNOWN | MODRM | NO_MEMORY,
    [0x21] = KNOWN | MODRM | NO_MEMORY,
    [0x22] = KNOWN | MODRM | NO_MEMORY,
    [0x23] = KNOWN | MODRM | NO_MEMORY,
    [0x30] = KNOWN,
    [0x31] = KNOWN,
    [0x32] = KNOWN,
    [0x33] = KNOWN,
    [0xa2] = KNOWN,
    [0xab] = KNOWN | MODRM,
    [0xb3] = KNOWN | MODRM,
    [0xbb] = KNOWN | MODRM,
    [0xba] = KNOWN | MODRM | IMM8,
    [0xb0] = KNOWN | MODRM | BYTE,
    [0xb1] = KNOWN | MODRM,
    [0xb6] = KNOWN | MODRM,
    [0xb7] = KNOWN | MODRM,
    [0xbe] = KNOWN | MODRM,
    [0xbf] = KNOWN | MODRM,
    [0xc0] = KNOWN | MODRM | BYTE,
    [0xc1] = KNOWN | MODRM,
    [0xc3] = KNOWN | MODRM,
    [0xc7] = KNOWN | MODRM,
};

/* Bytes not read yet. */
struct cursor {
    const uint8_t *at, *end;
    bool short_of; /* more were asked for than there are */
};

static uint8_t next_byte(struct cursor *c)
{
    if (c->at == c->end) {
        c->short_of = true;
        return 0;
    }
    return *c->at++;
}

static int64_t next_signed(struct cursor *c, unsigned int size)
{
    uint64_t value = 0;
    unsigned int shift = 64 - 8 * size;

    ASSERT(size >= 1 && size <= 8);
    for (unsigned int i = 0; i < size; i++)
        value |= (uint64_t)next_byte(c) << (8 * i);
    return (int64_t)(value << shift) >> shift;
}

static bool is_prefix(struct instruction *i, uint8_t byte)
{
    switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65: i->segment = byte; return true;
    case 0x66: i->operand16 = true; return true;
    case 0x67: i->address_other = true; return true;
    case 0xf0: i->lock = true; return true;
    case 0xf2:
    case 0xf3: i->repeat = byte; return true;
    }
    return false;
}

/* Prefixes and opcode; a REX counts only right before the opcode. */
static uint8_t take_opcode(struct cursor *c, bool long_mode, struct instruction *i)
{
    uint8_t byte = next_byte(c);

    while (!c->short_of && is_prefix(i, byte))
        byte = next_byte(c);
    if (long_mode && (byte & 0xf0) == 0x40) {
        i->rex = byte;
        byte = next_byte(c);
    }
    i->extended = byte == 0x0f;
    i->opcode = i->extended ? next_byte(c) : byte;
    return i->extended ? two_bytes[i->opcode] : one_byte[i->opcode];
}

/* Operands of MOV of control and debug registers are registers whatever mod says. */
static void take_modrm(struct cursor *c, struct instruction *i, bool no_memory)
{
    uint8_t modrm = next_byte(c), low = modrm & 7, sib = 0;

    i->has_modrm = true;
    i->mod = modrm >> 6;
    i->reg = (uint8_t)((modrm >> 3 & 7) | (i->rex & 4 ? 8 : 0));
    i->rm = (uint8_t)(low | (i->rex & 1 ? 8 : 0));
    if (i->mod == 3 || no_memory)
        return;
    if (low == 4)
        sib = next_byte(c);
    if (i->mod == 1)
        next_signed(c, 1);
    else if (i->mod == 2 || low == 5 || (low == 4 && (sib & 7) == 5))
        next_signed(c, 4);
}

static void take_size(struct instruction *i, uint8_t form)
{
    i->size = form & BYTE ? 1 : i->rex & 8 ? 8 : i->operand16 ? 2 : 4;
}

bool decode(const uint8_t *bytes, unsigned int available, bool long_mode, struct instruction *out)
{
    struct cursor c = {
        bytes,
        bytes + (available < INSTRUCTION_MAX ? available : INSTRUCTION_MAX),
        false,
    };
    struct instruction i = { 0 };
    uint8_t form = take_opcode(&c, long_mode, &i);

    /* With 16-bit addressing operands look otherwise; nothing that we emulate is written so. */
    if (!(form & KNOWN) || (!long_mode && (form & MODRM) && i.address_other))
        return false;
    take_size(&i, form);
    if (form & MODRM)
        take_modrm(&c, &i, form & NO_MEMORY);
    if ((form & GROUP3) && (i.reg & 7) < 2)
        form |= form & BYTE ? IMM8 : IMM;
    if (form & OFFSET)
        next_signed(&c, (long_mode ? 8u : 4u) >> i.address_other);
    if (form & IMM8)
        i.immediate = next_signed(&c, 1);
    if (form & IMM)
        i.immediate = next_signed(&c, i.size == 2 ? 2 : 4);
    i.length = (uint8_t)(c.at - bytes);
    *out = i;
    return !c.short_of;
}

uint64_t *decode_register(struct regs *regs, unsigned int number)
{
    static const uint8_t offsets[16] = {
        offsetof(struct regs, rax), offsetof(struct regs, rcx), offsetof(struct regs, rdx),
        offsetof(struct regs, rbx), offsetof(struct regs, rsp), offsetof(struct regs, rbp),
        offsetof(struct regs, rsi), offsetof(struct regs, rdi), offsetof(struct regs, r8),
        offsetof(struct regs, r9),  offsetof(struct regs, r10), offsetof(struct regs, r11),
        offsetof(struct regs, r12), offsetof(struct regs, r13), offsetof(struct regs, r14),
        offsetof(struct regs, r15),
    };

    ASSERT(number < 16);
    return (uint64_t *)((char *)regs + offsets[number]);
}

/* AH, CH, DH, BH: numbers 4 to 7 of bytes without a REX prefix. */
static bool is_high_byte(const struct instruction *i, unsigned int number)
{
    return i->size == 1 && !i->rex && number >= 4;
}

static uint64_t size_mask(const struct instruction *i)
{
    return i->size == 8 ? ~0ul : (1ul << 8 * i->size) - 1;
}

uint64_t decode_read(struct regs *regs, const struct instruction *i, unsigned int number)
{
    if (is_high_byte(i, number))
        return *decode_register(regs, number - 4) >> 8 & 0xff;
    return *decode_register(regs, number) & size_mask(i);
}

void decode_write(struct regs *regs, const struct instruction *i, unsigned int number,
                  uint64_t value)
{
    bool high = is_high_byte(i, number);
    uint64_t *to = decode_register(regs, high ? number - 4 : number), mask = size_mask(i);

    value &= mask;
    if (high)
        *to = (*to & ~0xff00ul) | value << 8;
    else if (i->size >= 4)
        *to = value; /* 32 bits clear the upper half (AMD APM 1, section 3.1.2) */
    else
        *to = (*to & ~mask) | value;
}

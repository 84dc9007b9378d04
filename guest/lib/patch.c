/* SPDX-License-Identifier: Apache-2.0 */
/* Patching: every recorded site becomes what the machine needs. */
#include "start.h"

#define CALL_INDIRECT_0 0xff
#define CALL_INDIRECT_1 0x15 /* call *disp32(%rip); AMD APM 3, CALL (Near) */
#define JUMP_INDIRECT_1 0x25 /* jmp *disp32(%rip) */
#define CALL_DIRECT     0xe8
#define JUMP_DIRECT     0xe9
#define PREFIX_CS       0x2e /* no meaning before a call; stretches it */
#define NOP             0x90
#define CALL_LENGTH     5

#define PREFIX_DS 0x3e /* no meaning in 64-bit mode; stretches what it precedes */

extern const struct pv_site pv_sites_start[], pv_sites_end[];

const void *pv_ops[PV_OPS];

static uint8_t *at(const int32_t *field)
{
    return (uint8_t *)((uint64_t)field + (uint64_t)(int64_t)*field);
}

static bool is_indirect(const uint8_t *call)
{
    return call[0] == CALL_INDIRECT_0 && (call[1] == CALL_INDIRECT_1 || call[1] == JUMP_INDIRECT_1);
}

/* A direct call or jump in place of the indirect one, a prefix before it. */
static void write_call(uint8_t *call, const void *function)
{
    bool jump = call[1] == JUMP_INDIRECT_1;
    int32_t distance = (int32_t)((int64_t)function - (int64_t)(call + 1 + CALL_LENGTH));

    call[0] = PREFIX_CS;
    call[1] = jump ? JUMP_DIRECT : CALL_DIRECT;
    __builtin_memcpy(call + 2, &distance, sizeof(distance));
}

/* Code over a site, prefixes before it when it is shorter. */
static void write_code(uint8_t *to, unsigned int room, const uint8_t *from, unsigned int length)
{
    for (unsigned int i = 0; i < room; i++)
        to[i] = i < room - length ? PREFIX_DS : from[i - (room - length)];
}

void pv_bind_call(struct pv_code *code, const void *function)
{
    *code = (struct pv_code){ .function = function };
}

PV_BOOT_CODE void pv_bind(const struct pv_code codes[PV_OPS])
{
    for (unsigned int op = 0; op < PV_OPS; op++)
        pv_ops[op] = codes[op].function;
}

/* The code that replaces a site; its length, 0 when it stays a call. */
PV_BOOT_CODE static unsigned int code_for(const struct pv_site *site, const struct pv_code *code,
                                          uint8_t out[16])
{
    const uint8_t *native = at(&site->native);
    unsigned int length =
        (unsigned int)((const uint8_t *)code->code_end - (const uint8_t *)code->code);

    if (code->native && site->native_length) {
        __builtin_memcpy(out, native, site->native_length);
        return site->native_length;
    }
    if (code->encode && site->native_length)
        return code->encode(native, site->native_length, out) == site->length ? site->length : 0;
    if (!code->code || length != site->length)
        return 0;
    __builtin_memcpy(out, code->code, length);
    return length;
}

PV_BOOT_CODE static void patch_site(const struct pv_site *site, const struct pv_code *code)
{
    uint8_t *call = at(&site->call), replacement[16];
    unsigned int length;

    if (!is_indirect(call))
        return;
    length = code_for(site, code, replacement);
    if (length)
        write_code(at(&site->code), site->length, replacement, length);
    if (!length || call != at(&site->code))
        write_call(call, code->function);
}

/* What makes this CPU fetch the new code: a serializing instruction (AMD APM 2, 7.6.4). */
static void serialize(void)
{
    uint32_t eax = 0, ebx, ecx = 0, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx) : : "memory");
}

PV_BOOT_CODE void pv_patch(const struct pv_code codes[PV_OPS])
{
    for (const struct pv_site *site = pv_sites_start; site < pv_sites_end; site++)
        patch_site(site, &codes[site->op]);
    serialize();
}

unsigned int pv_sites(void)
{
    return (unsigned int)(pv_sites_end - pv_sites_start);
}

unsigned int pv_sites_indirect(void)
{
    unsigned int left = 0;

    for (const struct pv_site *site = pv_sites_start; site < pv_sites_end; site++)
        left += is_indirect(at(&site->call));
    return left;
}

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

/* What PV_SITE records (pv/ops.h). */
struct site {
    int32_t offset; /* of the site, from this field */
    uint8_t op, length, reserved[2];
};

extern const struct site pv_sites_start[], pv_sites_end[];

const void *pv_ops[PV_OPS];

static uint8_t *site_address(const struct site *site)
{
    return (uint8_t *)((uint64_t)&site->offset + (uint64_t)(int64_t)site->offset);
}

static bool is_indirect(const uint8_t *at)
{
    return at[0] == CALL_INDIRECT_0 && (at[1] == CALL_INDIRECT_1 || at[1] == JUMP_INDIRECT_1);
}

/* A direct call or jump in place of the indirect one, the prefix first, NOPs after it. */
static void write_call(uint8_t *at, unsigned int length, const void *function)
{
    bool jump = at[1] == JUMP_INDIRECT_1;
    int32_t distance = (int32_t)((int64_t)function - (int64_t)(at + 1 + CALL_LENGTH));

    at[0] = PREFIX_CS;
    at[1] = jump ? JUMP_DIRECT : CALL_DIRECT;
    __builtin_memcpy(at + 2, &distance, sizeof(distance));
    for (unsigned int i = 1 + CALL_LENGTH; i < length; i++)
        at[i] = NOP;
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

static void patch_site(const struct site *site, const struct pv_code *code)
{
    const uint8_t *from = code->code, *end = code->code_end;
    uint8_t *at = site_address(site);

    if (!is_indirect(at))
        return;
    if (end && end - from == site->length)
        for (unsigned int i = 0; i < site->length; i++)
            at[i] = from[i];
    else
        write_call(at, site->length, code->function);
}

/* What makes this CPU fetch the new code: a serializing instruction (AMD APM 2, 7.6.4). */
static void serialize(void)
{
    uint32_t eax = 0, ebx, ecx = 0, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx) : : "memory");
}

PV_BOOT_CODE void pv_patch(const struct pv_code codes[PV_OPS])
{
    for (const struct site *site = pv_sites_start; site < pv_sites_end; site++)
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

    for (const struct site *site = pv_sites_start; site < pv_sites_end; site++)
        left += is_indirect(site_address(site));
    return left;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Which hypercall numbers there are, and what the others return (xen/xen.h, __HYPERVISOR_*). */
#include "conform.h"

/* Numbers without arguments: what does not exist is -ENOSYS. */
struct number {
    const char *name;
    unsigned int nr;
};

static const struct number absent[] = {
    { "11", 11 }, { "xsm_op", 27 }, { "tmem_op", 38 }, { "argo_op", 39 },
    { "43", 43 }, { "47", 47 },     { "50", 50 },      { "55", 55 },
    { "56", 56 }, { "63", 63 },     { "64", 64 },      { "127", 127 },
};

CASE(hypercalls, absent_numbers, "xen.h, __HYPERVISOR_*", ANY)
{
    static const uint64_t args[5];

    for (unsigned int i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        if (hypercall_any(absent[i].nr, args) != -XEN_ENOSYS)
            conform_expect(hypercall_any(absent[i].nr, args), -XEN_ENOSYS, absent[i].name, 0);
}

/* The hypercall page holds 128 entries; a number beyond is by hand. */
static long by_hand(uint64_t nr)
{
    uint64_t result = nr;

    __asm__ volatile("syscall" : "+a"(result) : "D"(0), "S"(0), "d"(0) : "rcx", "r11", "memory");
    return (long)result;
}

CASE(hypercalls, number_128, "xen.h, __HYPERVISOR_*", PV)
{
    EXPECT(by_hand(128), -XEN_ENOSYS);
}

CASE(hypercalls, number_huge, "xen.h, __HYPERVISOR_*", PV)
{
    EXPECT(by_hand(0x7fffffff), -XEN_ENOSYS);
    EXPECT(by_hand(0xffffffff), -XEN_ENOSYS);
}

CASE(hypercalls, number_is_64_bits_wide, "xen.h, __HYPERVISOR_*", PV)
{
    EXPECT(by_hand(0x100000011ul), -XEN_ENOSYS);
}

/* Registers: RCX and R11 are SYSCALL's, RAX the result; all others stay (arch-x86/xen-x86_64.h). */
CASE(hypercalls, registers_stay, "arch-x86/xen-x86_64.h", ANY)
{
    register uint64_t r9 __asm__("r9") = 0x9999999999999999;
    register uint64_t r12 __asm__("r12") = 0x1212121212121212;
    register uint64_t r13 __asm__("r13") = 0x1313131313131313;
    register uint64_t r14 __asm__("r14") = 0x1414141414141414;
    register uint64_t r15 __asm__("r15") = 0x1515151515151515;
    register uint64_t rbx __asm__("rbx") = 0xbbbbbbbbbbbbbbbb;
    uint64_t result;

    __asm__ volatile("call hypercall_page + 17 * 32"
                     : "=a"(result), "+r"(r9), "+r"(r12), "+r"(r13), "+r"(r14), "+r"(r15), "+r"(rbx)
                     : "D"(0), "S"(0)
                     : "rcx", "rdx", "r8", "r10", "r11", "memory");
    EXPECT(r9, 0x9999999999999999);
    EXPECT(r12, 0x1212121212121212);
    EXPECT(r13, 0x1313131313131313);
    EXPECT(r14, 0x1414141414141414);
    EXPECT(r15, 0x1515151515151515);
    EXPECT(rbx, 0xbbbbbbbbbbbbbbbb);
}

/* The arguments' registers of a call that takes fewer, or that is not resumed. */
CASE(hypercalls, arguments_stay, "arch-x86/xen-x86_64.h", PV)
{
    register uint64_t r10 __asm__("r10") = 0x1010101010101010;
    register uint64_t r8 __asm__("r8") = 0x8888888888888888;
    uint64_t result, rdi = 7, rsi = 0, rdx = 0xdddd;

    __asm__ volatile("call hypercall_page + 17 * 32"
                     : "=a"(result), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r10), "+r"(r8)
                     :
                     : "rcx", "r9", "r11", "memory");
    EXPECT(result, 4096);
    EXPECT(rdi, 7);
    EXPECT(rsi, 0);
    EXPECT(rdx, 0xdddd);
    EXPECT(r10, 0x1010101010101010);
    EXPECT(r8, 0x8888888888888888);
}

CASE(hypercalls, rcx_and_r11_of_syscall, "arch-x86/xen-x86_64.h", PV)
{
    uint64_t rcx, r11, after;

    __asm__ volatile("syscall\n1: mov %%rcx, %0\n mov %%r11, %1\n lea 1b(%%rip), %2"
                     : "=r"(rcx), "=r"(r11), "=r"(after)
                     : "a"(17), "D"(0), "S"(0)
                     : "rcx", "r11", "memory");
    EXPECT(rcx, after);
    EXPECT(r11 & 0x200, 0x200);
}

CASE(hypercalls, flags_stay, "arch-x86/xen-x86_64.h", PV)
{
    uint64_t before, after;

    __asm__ volatile(
        "stc\n std\n pushfq\n pop %0\n mov $17, %%eax\n syscall\n pushfq\n pop %1\n cld"
        : "=&b"(before), "=&r"(after)
        : "D"(0), "S"(0)
        : "rax", "rcx", "r11", "memory", "cc");
    EXPECT(after, before);
}

/* Entry 23 of the page is different: it does not come back. */
CASE(hypercalls, page_iret_entry, "arch-x86/xen-x86_64.h, HYPERVISOR_iret()", PV)
{
    const uint8_t *entry = (const uint8_t *)hypercall_page + 23 * 32;

    conform_note("%02x %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x", entry[0], entry[1],
                 entry[2], entry[3], entry[4], entry[5], entry[6], entry[7], entry[8], entry[9],
                 entry[10], entry[11]);
    /* push rcx, push r11, push rax; mov $23, eax; syscall */
    EXPECT(entry[0], 0x51);
    EXPECT(entry[1], 0x41);
    EXPECT(entry[2], 0x53);
    EXPECT(entry[3], 0x50);
    EXPECT(entry[4], 0xb8);
    EXPECT(entry[5], 23);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Privileged instructions of PV guests: those of which Xen 4.17's answer is known, then random bytes. */
#include "cmocka_all.h"

#include "emulate_world.h"

#include "abi/version.h"
#include "x86/control.h"
#include "x86/gdt.h"
#include "x86/msr_index.h"
#include "x86/pv/emulate.h"
#include "x86/pv/msr.h"
#include "machine.h"

#include <stdlib.h>
#include <string.h>

static void test_msr(void **state)
{
    struct regs *r = &vcpu.regs;

    (void)state;
    fresh(true);
    r->rcx = MSR_EFER;
    r->rdx = 5;
    DONE("\x0f\x32");
    assert_int_equal(r->rax, 0xd01);
    assert_int_equal(r->rdx, 0);
    DONE("\x0f\x30");
    DONE("\x66\x0f\x32");
    r->rax ^= 1;
    REFUSED("\x0f\x30");
    workbench_told = 0;
    r->rcx = 0xc0000081; /* STAR */
    REFUSED("\x0f\x32");
    assert_int_equal(workbench_told, 1);
    vcpu.pv.traps[13].address = 0;
    DONE("\x0f\x32");
    assert_int_equal(r->rax, 0);
    r->rcx = MSR_FS_BASE;
    r->rax = 0x89abcdef;
    r->rdx = 0x7fff;
    DONE("\x0f\x30");
    assert_int_equal(fs_base, 0x7fff89abcdef);
    r->rdx = 0x8000;
    REFUSED("\x0f\x30");
    vcpu.pv.flags = 0;
    r->rcx = MSR_EFER;
    REFUSED("\x0f\x32");
}

/* Read, write back the same, write another: 0 refused, 1 done. */
static void test_msr_table(void **state)
{
    static const struct {
        uint32_t msr;
        uint64_t value;
        bool read, same, other;
    } rows[] = {
        { 0x10, 0x123456789abcdef, true, false, false },
        { 0x1b, 0xfee00900, true, false, false },
        { 0x17, 0, false, false, false },
        { 0x8b, 0x8b, true, false, false },
        { 0xce, 0, true, false, false },
        { 0xfe, 0, false, false, false },
        { 0x10a, 0, false, false, false },
        { 0x140, 0, true, true, false },
        { 0x174, 0, false, false, false },
        { 0x179, 2, true, true, true },
        { 0x1a0, 0, false, true, true },
        { 0x200, 0, false, false, false },
        { 0x277, 0x50100070406, true, false, false },
        { 0x2ff, 0, false, false, false },
        { 0x400, ~0ul, true, true, true },
        { 0x401, 0, true, true, false },
        { 0x408, 0, true, true, true },
        { 0x480, 0, false, false, false },
        { 0x40000000, 0, true, false, false },
        { 0xc0000082, 0, false, false, false },
        { 0xc0000102, 0, true, true, true },
        { 0xc0000103, 0, true, true, true },
        { 0xc0010010, 0, true, false, false },
        { 0xc0010015, 1u << 24, true, true, true },
        { 0xc0010117, 0, false, false, false },
        { 0xc0011029, 2, true, true, true },
        { 0x6e0, 0, false, false, false },
        { 0x48, 0, false, false, false },
        { 0x49, 0, false, true, true },
        { ~0u, 0, false, false, false },
    };

    (void)state;
    fresh(true);
    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t value = 0;

        assert_int_equal(pv_msr_read(&vcpu, rows[i].msr, &value), rows[i].read);
        if (rows[i].read)
            assert_int_equal(value, rows[i].value);
        assert_int_equal(pv_msr_write(&vcpu, rows[i].msr, rows[i].value), rows[i].same);
        assert_int_equal(pv_msr_write(&vcpu, rows[i].msr, rows[i].value ^ 1), rows[i].other);
    }
}

static void test_control_registers(void **state)
{
    struct regs *r = &vcpu.regs;

    (void)state;
    fresh(true);
    DONE("\x0f\x20\xc0");
    assert_int_equal(r->rax, 0x80050033);
    DONE("\x41\x0f\x20\xd9"); /* mov r9, cr3 */
    assert_int_equal(r->r9, 0x1234000);
    for (unsigned int i = 0; i < 64; i++) {
        r->rax = 0x80050033 ^ 1ul << i;
        if (i == 3)
            DONE("\x0f\x22\xc0");
        else
            REFUSED("\x0f\x22\xc0");
    }
    assert_int_equal(vcpu.pv.cr0, 0x8005003b);
    DONE("\x0f\x06");
    assert_int_equal(vcpu.pv.cr0, 0x80050033);
    for (unsigned int i = 0; i < 64; i++) {
        uint64_t own = CR4_TSD | CR4_DE | CR4_FSGSBASE | CR4_OSXSAVE;

        r->rax = 1ul << i;
        DONE("\x0f\x22\xe0");
        assert_int_equal(vcpu.pv.cr4, 0x660 | (own & 1ul << i));
        assert_int_equal(workbench_cr4, i == 2 ? CR4_TSD : 0);
    }
    r->rax = 0x77;
    DONE("\x0f\x22\xd0");
    assert_int_equal(vcpu.core.info->arch.cr2, 0x77);
    r->rax = 0x5678018;
    DONE("\x0f\x22\xd8");
    assert_int_equal(vcpu.pv.kernel_l4, 0x5678);
    l4_answer = -XEN_EINVAL;
    REFUSED("\x0f\x22\xd8");
    l4_answer = DOOR_RESTART;
    assert_true(RUN("\x0f\x22\xd8"));
    assert_int_equal(r->rip, CODE);
    REFUSED("\x0f\x20\xc8");
    REFUSED("\x44\x0f\x20\xc0"); /* cr8 */
    REFUSED("\x0f\x01\xf0");     /* lmsw */
    REFUSED("\x0f\x08");         /* invd */
    REFUSED("\xf4");
    vcpu.pv.flags = 0;
    REFUSED("\x0f\x20\xc0");
    REFUSED("\x0f\x06");
}

static void test_debug_registers(void **state)
{
    (void)state;
    fresh(true);
    vcpu.pv.debug[7] = 0x400;
    DONE("\x0f\x21\xf8");
    assert_int_equal(vcpu.regs.rax, 0x400);
    vcpu.regs.rax = 0x2400;
    REFUSED("\x0f\x23\xf8");
    vcpu.regs.rax = 1ul << 32;
    REFUSED("\x0f\x23\xf0");
    vcpu.regs.rax = 0x1234;
    DONE("\x0f\x23\xc0");
    assert_int_equal(vcpu.pv.debug[0], 0x1234);
    assert_true(RUN("\x44\x0f\x21\xc0"));
    assert_int_equal(bounced, 6);
}

static void test_xsetbv(void **state)
{
    (void)state;
    fresh(true);
    vcpu.regs.rax = 7;
    assert_true(RUN("\x0f\x01\xd1"));
    assert_int_equal(bounced, 6);
    bounced = NONE;
    vcpu.pv.cr4 |= CR4_OSXSAVE;
    DONE("\x0f\x01\xd1");
    assert_int_equal(vcpu.xcr0, 7);
    vcpu.regs.rax = 0x207;
    REFUSED("\x0f\x01\xd1");
    vcpu.regs.rax = 7;
    vcpu.regs.rcx = 1;
    REFUSED("\x0f\x01\xd1");
}

static void test_single_step(void **state)
{
    (void)state;
    fresh(true);
    vcpu.regs.rflags |= FLAGS_TF;
    assert_true(RUN("\x0f\x06"));
    assert_int_equal(bounced, 1);
    assert_int_equal(vcpu.pv.debug[6], 1ul << 14);
    assert_int_equal(vcpu.regs.rip, CODE + 2);
}

static void test_cpuid_forced(void **state)
{
    static const char forced[] = "\x0f\x0bxen\x0f\xa2", other[] = "\x0f\x0bxen\x90";

    (void)state;
    fresh(false);
    memcpy(memory + 0x1000, forced, sizeof(forced) - 1);
    vcpu.regs.rax = 0x40000000;
    assert_true(pv_emulate_forced(&vcpu));
    assert_int_equal(vcpu.regs.rax, 0x40000005);
    assert_int_equal(vcpu.regs.rbx, 0x566e6558);
    assert_int_equal(vcpu.regs.rip, CODE + 7);
    vcpu.regs.rip = CODE;
    memcpy(memory + 0x1000, other, sizeof(other) - 1);
    assert_false(pv_emulate_forced(&vcpu));
    vcpu.regs.rip = MEMORY + sizeof(memory) - 7; /* the last that is mapped */
    memcpy(memory + sizeof(memory) - 7, forced, 7);
    vcpu.regs.rax = 0x40000001;
    assert_true(pv_emulate_forced(&vcpu));
    assert_int_equal(vcpu.regs.rax, 0x40011);
    vcpu.regs.rip = 0x1000;
    assert_false(pv_emulate_forced(&vcpu));
}

/* 32-bit code with a base. */
static void test_segments(void **state)
{
    struct regs *r = &vcpu.regs;

    (void)state;
    fresh(false);
    vcpu.pv.iopl = 3;
    r->cs = SELECTOR_USER_CODE32;
    r->rip = 0x1000;
    assert_false(pv_emulate(&vcpu));                    /* nothing there */
    descriptors[3] = 0x00cffb000000ffff | 0x80ul << 56; /* base 0x80000000 */
    r->cs = 3 << 3 | 3;
    assert_false(pv_emulate(&vcpu)); /* a linear address has 32 bits */
    descriptors[3] &= ~(1ul << 54);  /* 16-bit code */
    assert_false(pv_emulate(&vcpu));
    r->cs = 9 << 3 | 3;
    assert_false(pv_emulate(&vcpu));
}

static void test_software_vector(void **state)
{
    unsigned int length;

    (void)state;
    fresh(false);
    memcpy(memory + 0x1000, "\xcd\x81", 2);
    assert_int_equal(pv_software_vector(&vcpu, 0x812, &length), 0x81);
    assert_int_equal(length, 2);
    memcpy(memory + 0x1000, "\x90\x90", 2);
    assert_int_equal(pv_software_vector(&vcpu, 0x81 * 8 + 2, &length), 0x81);
}

/* Whatever the guest executes: rip stays, or moves by an instruction's length at most. */
static void test_random(void **state)
{
    (void)state;
    srand(2);
    for (unsigned int n = 0; n < 300000; n++) {
        uint64_t *words = (uint64_t *)&vcpu.regs;
        uint64_t rip = n % 16 ? CODE : MEMORY + sizeof(memory) - (unsigned int)rand() % 16;

        fresh(rand() & 1);
        domain.hardware = false; /* WBINVD would be executed */
        vcpu.pv.iopl = rand() & 3;
        for (unsigned int i = 0; i < 15; i++)
            words[i] = rand() & 1 ? BUFFER + (uint64_t)rand() % PAGE_SIZE
                                  : (uint64_t)rand() * (uint64_t)rand();
        vcpu.regs.rip = rip;
        vcpu.regs.rcx = rand() & 1 ? (uint64_t)rand() : 0xc0000000u + (uint64_t)rand() % 0x20000;
        for (uint64_t i = rip - MEMORY; i < sizeof(memory) && i < rip - MEMORY + 16; i++)
            memory[i] = (uint8_t)rand();
        if (rip < MEMORY + sizeof(memory) && (rand() & 1))
            memory[rip - MEMORY] = 0x0f;
        if (pv_emulate(&vcpu))
            assert_in_range(vcpu.regs.rip - rip, 0, 15);
        else
            assert_int_equal(vcpu.regs.rip, rip);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_msr),
        cmocka_unit_test(test_msr_table),
        cmocka_unit_test(test_control_registers),
        cmocka_unit_test(test_debug_registers),
        cmocka_unit_test(test_xsetbv),
        cmocka_unit_test(test_single_step),
        cmocka_unit_test(test_cpuid_forced),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_software_vector),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

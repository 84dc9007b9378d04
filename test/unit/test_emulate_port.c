/* SPDX-License-Identifier: Apache-2.0 */
/* I/O instructions of PV guests: who may use which port, PCI configuration, strings. */
#include "cmocka_all.h"

#include "emulate_world.h"

#include "x86/control.h"
#include "x86/layout.h"

#include <string.h>

static void test_iopl(void **state)
{
    (void)state;
    fresh(true);
    REFUSED("\xec");
    REFUSED("\xfa");
    vcpu.pv.iopl = 1;
    DONE("\xec");
    DONE("\xfa");
    DONE("\xfb");
    vcpu.pv.iopl = 0;
    domain.core.vm_assist = 1u << VMASST_TYPE_architectural_iopl;
    DONE("\xec");
    vcpu.pv.flags = 0;
    REFUSED("\xec");
    vcpu.pv.iopl = 2;
    REFUSED("\xfb");
    vcpu.pv.iopl = 3;
    DONE("\xec");
    DONE("\xfb");
}

static void test_bitmap(void **state)
{
    struct pv_vcpu *pv = &vcpu.pv;

    (void)state;
    fresh(false);
    memset(memory + 0x2000, 0xff, PAGE_SIZE);
    memory[0x2000 + 0x80 / 8] = 0xfe;
    pv->iobitmap = BUFFER;
    pv->iobitmap_ports = 65536;
    pv->kernel_l4 = 5;
    only_kernel_has_memory = true;
    DONE("\xe4\x80");
    assert_false(kernel_tables);
    only_kernel_has_memory = false;
    REFUSED("\xe5\x80");
    REFUSED("\xe4\x81");
    memory[0x2000 + 0x80 / 8] = 0x7f;
    memory[0x2000 + 0x88 / 8] = 0xfe;
    vcpu.regs.rdx = 0x87;
    DONE("\x66\xed"); /* two bytes of the bitmap */
    pv->iobitmap_ports = 0x88;
    REFUSED("\x66\xed");
    DONE("\xec");
    pv->iobitmap = 0x1000;
    REFUSED("\xec");
}

static void test_ports(void **state)
{
    struct regs *r = &vcpu.regs;

    (void)state;
    fresh(true);
    vcpu.pv.iopl = 1;
    r->rax = 0x1111111111111111;
    r->rdx = 0x70080;
    DONE("\xec");
    assert_int_equal(r->rax, 0x11111111111111d4);
    assert_int_equal(last_port, 0x80);
    DONE("\x66\xed");
    assert_int_equal(r->rax, 0x111111111111c3d4);
    DONE("\xed");
    assert_int_equal(r->rax, 0xa1b2c3d4);
    DONE("\x48\xed");
    assert_int_equal(last_size, 4);
    DONE("\xe6\x43"); /* counter 3: read-back of one that is not the speaker's */
    r->rax = 0x36;
    port_uses = 0;
    DONE("\xe6\x43");
    assert_int_equal(port_uses, 0);
    r->rax = 0xb6;
    DONE("\xe6\x43");
    assert_int_equal(last_out, 0xb6);
    allowed[0x82 / 64] &= ~(1ul << 0x82 % 64);
    DONE("\xe5\x80");
    assert_int_equal(r->rax, 0xd4ffd4d4);
    DONE("\xe4\x82");
    assert_int_equal(r->rax, 0xd4ffd4ff);
    port_uses = 0;
    DONE("\xe6\x82");
    assert_int_equal(port_uses, 0);
    r->rdx = 0xfffe;
    DONE("\xed"); /* beyond the last port */
    assert_int_equal(r->rax, 0xffffd4d4);
}

static void test_pci(void **state)
{
    struct regs *r = &vcpu.regs;

    (void)state;
    fresh(true);
    vcpu.pv.iopl = 1;
    domain.pci_address = 0;
    r->rdx = 0xcf8;
    r->rax = 0x80000408;
    DONE("\xef");
    assert_int_equal(port_uses, 0);
    r->rax = 0;
    DONE("\xed");
    assert_int_equal(r->rax, 0x80000408);
    r->rdx = 0xcfc;
    DONE("\xed");
    assert_int_equal(r->rax, 0x29c08086);
    assert_int_equal(pci_address, 0x80000408);
    r->rdx = 0xcfe;
    DONE("\x66\xed");
    assert_int_equal(r->rax, 0x29c029c0);
    DONE("\xed"); /* two of its bytes are another port's */
    assert_int_equal(r->rax, 0xd4d429c0);
    r->rdx = 0xcfd;
    DONE("\xee");
    assert_int_equal(last_size, 1);
    domain.hardware = false;
    memset(allowed, 0, sizeof(allowed));
    r->rdx = 0xcfc;
    DONE("\xed");
    assert_int_equal(r->rax, ~0u);
}

static void test_breakpoint_on_port(void **state)
{
    (void)state;
    fresh(true);
    vcpu.pv.iopl = 1;
    vcpu.pv.cr4 |= CR4_DE;
    vcpu.pv.debug[1] = 0x80;
    vcpu.pv.debug[7] = 0x404 | 6ul << 20; /* DR1: ports, two bytes */
    vcpu.regs.rdx = 0x81;
    assert_true(RUN("\xec"));
    assert_int_equal(bounced, 1);
    assert_int_equal(vcpu.pv.debug[6], 2);
    assert_int_equal(vcpu.regs.rip, CODE + 1);
    bounced = NONE;
    vcpu.regs.rip = CODE;
    vcpu.regs.rdx = 0x82;
    DONE("\xec");
}

static void test_strings(void **state)
{
    struct regs *r = &vcpu.regs;

    (void)state;
    fresh(true);
    vcpu.pv.iopl = 1;
    r->rdx = 0x80;
    r->rdi = BUFFER;
    r->rcx = 3;
    DONE("\xf3\x6d");
    assert_int_equal(r->rdi, BUFFER + 12);
    assert_int_equal(r->rcx, 0);
    assert_int_equal(memory[0x2000], 0xd4);
    assert_int_equal(memory[0x200b], 0xa1);
    assert_int_equal(memory[0x200c], 0x11);
    DONE("\xf3\x6c"); /* none left */
    r->rflags |= FLAGS_DF;
    r->rsi = BUFFER + 1;
    DONE("\x6e");
    assert_int_equal(r->rsi, BUFFER);
    assert_int_equal(last_out, 0xc3);
    r->rflags &= ~FLAGS_DF;
    r->rcx = 1000;
    r->rsi = BUFFER;
    assert_true(RUN("\xf3\x6e")); /* a part */
    assert_int_equal(r->rip, CODE);
    assert_int_equal(r->rcx, 1000 - 256);
    assert_int_equal(r->rsi, BUFFER + 256);
    fs_base = MEMORY;
    r->rsi = 0x2001;
    DONE("\x64\x6e");
    assert_int_equal(last_out, 0xc3);
    r->rsi = 0xffffffff00002001;
    DONE("\x64\x67\x6e"); /* 32 bits of the offset */
    assert_int_equal(r->rsi, 0x2002);
}

static void test_string_faults(void **state)
{
    struct regs *r = &vcpu.regs;

    (void)state;
    fresh(true);
    vcpu.pv.iopl = 1;
    r->rdx = 0x80;
    r->rcx = 20;
    r->rdi = MEMORY + 0x2ffe; /* then the page that is read-only */
    assert_true(RUN("\xf3\x6c"));
    assert_int_equal(bounced, 14);
    assert_int_equal(fault_address, MEMORY + 0x3000);
    assert_int_equal(fault_error, 2);
    assert_int_equal(r->rcx, 18);
    assert_int_equal(port_uses, 2); /* nothing was taken from the device in vain */
    r->rdi = MEMORY + 0x2ffe;
    assert_true(RUN("\x6d"));
    assert_int_equal(fault_address, MEMORY + 0x3000);
    r->rsi = 0x1000;
    vcpu.pv.flags = 0;
    vcpu.pv.iopl = 3;
    assert_true(RUN("\x6e"));
    assert_int_equal(fault_address, 0x1000);
    assert_int_equal(fault_error, 4);
    r->rsi = 0x8000000000000000;
    REFUSED("\x6e");
    r->rsi = 0x7ffffffffffe;
    REFUSED("\x6f");
    r->rsi = HYPERVISOR_START;
    REFUSED("\x6e");
    r->rsi = HYPERVISOR_END - 1;
    REFUSED("\x6f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iopl),
        cmocka_unit_test(test_bitmap),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_pci),
        cmocka_unit_test(test_breakpoint_on_port),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_string_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

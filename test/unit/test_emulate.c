/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Privileged instructions of PV guests: those of which Xen 4.17's answer is known, then random
 * bytes.
 * The guest's memory is an array; what the emulator asks of its neighbours is noted down.
 */
#include "cmocka_all.h"

#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "abi/door.h"
#include "abi/version.h"
#include "drivers/pci.h"
#include "x86/control.h"
#include "x86/policy/cpuid.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/gdt.h"
#include "x86/io.h"
#include "x86/layout.h"
#include "x86/msr_index.h"
#include "x86/pv/baseptr.h"
#include "x86/pv/bounce.h"
#include "x86/pv/context.h"
#include "x86/pv/debug.h"
#include "x86/pv/emulate.h"
#include "x86/pv/kind.h"
#include "x86/pv/mmu.h"
#include "x86/pv/msr.h"
#include "x86/pv/segment.h"
#include "x86/pv/update.h"
#include "x86/pv/vcpu.h"
#include "x86/time.h"
#include "machine.h"

#include <stdlib.h>
#include <string.h>

#define MEMORY 0xffffffff80000000ul /* guest address of memory[] */
#define CODE   (MEMORY + 0x1000)
#define BUFFER (MEMORY + 0x2000)
#define NONE   256u /* no exception was bounced */

struct cpu_features cpu = {
    .amd = true, .family = 0x17, .xsave = true, .nx = true, .rdtscp = true, .fsgsbase = true
};
uint32_t version_number = 4 << 16 | 17;
uint64_t workbench_cr4;

static uint8_t memory[4 * PAGE_SIZE];
static uint64_t allowed[PORTS_WORDS];
static struct cpuid_policy policy;
static struct x86_domain domain;
static struct x86_vcpu vcpu;
static struct vcpu_info info;
static unsigned int bounced;
static uint64_t fault_address, descriptors[16];
static uint32_t fault_error;
static uint16_t last_port;
static unsigned int last_size, port_uses;
static uint32_t last_out, pci_address;
static long l4_answer;

/* ---- the neighbours ---- */

static uint8_t *at_guest(uint64_t guest, size_t size)
{
    uint64_t offset = guest - MEMORY;

    return offset < sizeof(memory) && size <= sizeof(memory) - offset ? memory + offset : NULL;
}

/* User mode's tables may lack the kernel's memory. */
static bool kernel_tables, only_kernel_has_memory;

bool pv_kernel_tables_open(struct x86_vcpu *v)
{
    bool opens = !(v->pv.flags & PV_KERNEL_MODE);

    v->pv.flags |= PV_KERNEL_MODE;
    kernel_tables = true;
    return opens;
}

void pv_kernel_tables_close(struct x86_vcpu *v)
{
    v->pv.flags &= ~(uint64_t)PV_KERNEL_MODE;
    kernel_tables = false;
}

bool arch_copy_from_guest(void *to, uint64_t guest, size_t size)
{
    const uint8_t *from = at_guest(guest, size);

    if (only_kernel_has_memory && guest >= BUFFER && !kernel_tables)
        return false;
    return from && memcpy(to, from, size);
}

bool arch_copy_to_guest(uint64_t guest, const void *from, size_t size)
{
    uint8_t *to = at_guest(guest, size);

    /* The last page is read-only. */
    return to && to + size <= memory + 3 * PAGE_SIZE && memcpy(to, from, size);
}

uint32_t workbench_in(uint16_t port, unsigned int size)
{
    last_port = port;
    last_size = size;
    port_uses++;
    return 0xa1b2c3d4;
}

void workbench_out(uint16_t port, unsigned int size, uint32_t value)
{
    last_port = port;
    last_size = size;
    last_out = value;
    port_uses++;
}

uint32_t pci_port_access(uint32_t address, unsigned int offset, unsigned int size, bool write,
                         uint32_t value)
{
    pci_address = address;
    last_size = size;
    last_out = value;
    assert_true(offset + size <= 4);
    return write ? 0 : 0x29c08086u >> (8 * offset);
}

void pv_bounce_trap(struct x86_vcpu *v, unsigned int vector, uint32_t error)
{
    (void)v;
    bounced = vector;
    fault_error = error;
}

void pv_bounce_page_fault(struct x86_vcpu *v, uint64_t address, uint32_t error)
{
    fault_address = address;
    pv_bounce_trap(v, 14, error);
}

bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
    *value = msr;
    return msr != MSR_MISC_ENABLE;
}

bool wrmsr_safe(uint32_t msr, uint64_t value)
{
    return msr == MSR_PRED_CMD && value == 1;
}

void wrmsr(uint32_t msr, uint64_t value)
{
    assert_int_equal(msr, MSR_TSC_AUX);
    assert_int_equal(value, vcpu.tsc_aux);
}

static uint64_t fs_base, gs_base;

uint64_t pv_fs_base(void)
{
    return fs_base;
}

void pv_set_fs_base(uint64_t base)
{
    fs_base = base;
}

uint64_t pv_gs_base(void)
{
    return gs_base;
}

void pv_set_gs_base(uint64_t base)
{
    gs_base = base;
}

bool pv_descriptor_of(const struct x86_vcpu *v, uint16_t selector, uint64_t *descriptor)
{
    (void)v;
    *descriptor = selector / 8 < ARRAY_SIZE(descriptors) ? descriptors[selector / 8] : 0;
    return *descriptor >> 47 & 1;
}

void fpu_set_ts(struct x86_vcpu *v, bool set)
{
    v->pv.cr0 = (v->pv.cr0 & ~CR0_TS) | (set ? CR0_TS : 0);
}

bool fpu_set_xcr0(struct x86_vcpu *v, uint64_t value)
{
    v->xcr0 = value;
    return (value & 1) && (!(value & 4) || (value & 2));
}

bool pv_debug_get(const struct x86_vcpu *v, unsigned int number, uint64_t *value)
{
    *value = number < 8 ? v->pv.debug[number] : 0;
    return number < 8;
}

long pv_debug_set(struct x86_vcpu *v, unsigned int number, uint64_t value)
{
    v->pv.debug[number] = value;
    return 0;
}

long pt_finish_left(struct x86_vcpu *v)
{
    (void)v;
    return 0;
}

long pv_set_kernel_l4(struct x86_vcpu *v, mfn_t mfn)
{
    if (l4_answer == 0)
        v->pv.kernel_l4 = mfn;
    return l4_answer;
}

uint64_t arch_tsc(void)
{
    return 0x123456789abcdef;
}

uint64_t time_tsc_khz(void)
{
    return 2600000;
}

void *heap_alloc(size_t size)
{
    return calloc(1, size);
}

void heap_free(void *at)
{
    free(at);
}

/* ---- */

static void cpu_answers(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    static const uint32_t all[4] = { ~0u, ~0u, ~0u, ~0u }, xsave[4] = { 7, 0x240, 0x340, 0 };

    (void)sub;
    memcpy(out, leaf == 0xd ? xsave : all, sizeof(all));
}

static void fresh(bool kernel)
{
    memset(&vcpu, 0, sizeof(vcpu));
    memset(memory, 0x11, sizeof(memory));
    domain.core.vm_assist = 0;
    domain.hardware = true;
    domain.io_allowed = allowed;
    domain.cpuid = &policy;
    memset(allowed, 0xff, sizeof(allowed));
    cpuid_policy_make(&policy, cpu_answers, true);
    vcpu.core.domain = &domain.core;
    vcpu.core.info = &info;
    workbench_current = &vcpu.core;
    vcpu.pv.flags = kernel ? PV_KERNEL_MODE : 0;
    vcpu.pv.cr0 = 0x80050033;
    vcpu.pv.cr4 = 0x660;
    vcpu.pv.kernel_l4 = 0x1234;
    vcpu.pv.traps[13].address = 1;
    vcpu.regs.cs = SELECTOR_USER_CODE;
    vcpu.regs.rip = CODE;
    vcpu.regs.rflags = 0x202;
    bounced = NONE;
    port_uses = 0;
    l4_answer = 0;
    fs_base = gs_base = 0;
}

/* Execute; was it emulated, and did rip move behind it? */
static bool run(const char *bytes, size_t length)
{
    memcpy(memory + (vcpu.regs.rip - MEMORY), bytes, length);
    return pv_emulate(&vcpu);
}

#define RUN(bytes) run(bytes, sizeof(bytes) - 1)

#define DONE(bytes) \
    do { \
        uint64_t from = vcpu.regs.rip; \
        assert_true(RUN(bytes)); \
        assert_int_equal(bounced, NONE); \
        assert_int_equal(vcpu.regs.rip, from + sizeof(bytes) - 1); \
        vcpu.regs.rip = from; \
    } while (0)

#define REFUSED(bytes) \
    do { \
        struct regs before = vcpu.regs; \
        assert_false(RUN(bytes)); \
        assert_memory_equal(&before, &vcpu.regs, sizeof(before)); \
    } while (0)

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
    assert_int_equal(info.arch.cr2, 0x77);
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
        cmocka_unit_test(test_iopl),
        cmocka_unit_test(test_bitmap),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_pci),
        cmocka_unit_test(test_breakpoint_on_port),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_string_faults),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_software_vector),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

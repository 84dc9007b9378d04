/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_all.h"

#include "emulate_world.h"

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

struct cpu_features cpu = {
    .amd = true, .family = 0x17, .xsave = true, .nx = true, .rdtscp = true, .fsgsbase = true
};
uint32_t version_number = 4 << 16 | 17;
uint64_t workbench_cr4;

uint8_t memory[4 * PAGE_SIZE];
uint64_t allowed[PORTS_WORDS];
struct cpuid_policy policy;
struct x86_domain domain;
struct x86_vcpu vcpu;
static struct vcpu_info info;
unsigned int bounced;
uint64_t fault_address, descriptors[16];
uint32_t fault_error;
uint16_t last_port;
unsigned int last_size, port_uses;
uint32_t last_out, pci_address;
long l4_answer;

/* ---- the neighbours ---- */

static uint8_t *at_guest(uint64_t guest, size_t size)
{
    uint64_t offset = guest - MEMORY;

    return offset < sizeof(memory) && size <= sizeof(memory) - offset ? memory + offset : NULL;
}

/* User mode's tables may lack the kernel's memory. */
bool kernel_tables, only_kernel_has_memory;

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

uint64_t fs_base, gs_base;

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

/* ---- a vCPU ---- */

static void cpu_answers(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    static const uint32_t all[4] = { ~0u, ~0u, ~0u, ~0u }, xsave[4] = { 7, 0x240, 0x340, 0 };

    (void)sub;
    memcpy(out, leaf == 0xd ? xsave : all, sizeof(all));
}

void fresh(bool kernel)
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

bool run(const char *bytes, size_t length)
{
    memcpy(memory + (vcpu.regs.rip - MEMORY), bytes, length);
    return pv_emulate(&vcpu);
}

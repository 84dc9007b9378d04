/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/emulate.h"

#include "core/machine.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/policy/cpuid.h"
#include "x86/fpu.h"
#include "x86/gdt.h"
#include "x86/pv/bounce.h"
#include "x86/pv/msr.h"
#include "x86/pv/segment.h"
#include "x86/pv/vcpu.h"
#include "x86/report.h"
#include "x86/trap/trap.h"

#define VECTOR_UD 6u
#define VECTOR_GP 13u

#define DR6_SINGLE_STEP (1ul << 14)

#define DESCRIPTOR_LONG    (1ul << 53)
#define DESCRIPTOR_DEFAULT (1ul << 54) /* of code: 32-bit */
#define DESCRIPTOR_PAGES   (1ul << 55) /* the limit counts pages */

#define FETCH_SIZE 16u /* an instruction, in whole words */
#define OPCODE_INT 0xcd

/* ud2, "xen", cpuid, as a number. */
#define FORCED_CPUID 0xa20f6e65780b0ful
#define FORCED_SIZE  7u

struct code {
    uint64_t base;
    bool long_mode;
};

bool pv_in_kernel(const struct x86_vcpu *v)
{
    return v->pv.flags & PV_KERNEL_MODE;
}

uint64_t pv_segment_base(uint64_t descriptor)
{
    return (descriptor >> 16 & 0xffffff) | (descriptor >> 32 & 0xff000000);
}

uint32_t pv_segment_limit(uint64_t descriptor)
{
    uint32_t limit = (uint32_t)((descriptor & 0xffff) | (descriptor >> 32 & 0xf0000));

    return descriptor & DESCRIPTOR_PAGES ? limit << 12 | 0xfff : limit;
}

/* The segment of the guest's instructions.  False: none, or 16-bit code, which is not emulated. */
static bool code_of(const struct x86_vcpu *v, struct code *c)
{
    uint16_t selector = (uint16_t)v->regs.cs;
    uint64_t descriptor;

    c->base = 0;
    c->long_mode = selector == SELECTOR_USER_CODE;
    if (c->long_mode || selector == SELECTOR_USER_CODE32)
        return true;
    if (!pv_descriptor_of(v, selector, &descriptor))
        return false;
    c->long_mode = descriptor & DESCRIPTOR_LONG;
    if (c->long_mode)
        return true;
    c->base = pv_segment_base(descriptor);
    return (descriptor & DESCRIPTOR_DEFAULT) && v->regs.rip <= pv_segment_limit(descriptor);
}

/* The instruction's bytes, and zeros: as many as can be read, as it may stand at the end of what is
 * mapped.  Their number; 0: none. */
static unsigned int fetch(const struct x86_vcpu *v, const struct code *c, uint8_t bytes[FETCH_SIZE])
{
    uint64_t at = c->base + v->regs.rip;
    unsigned int room = (unsigned int)(PAGE_SIZE - (at & PAGE_MASK));

    if (!c->long_mode)
        at = (uint32_t)at;
    if (arch_copy_from_guest(bytes, at, FETCH_SIZE))
        return FETCH_SIZE;
    if (room >= FETCH_SIZE)
        return 0;
    memset(bytes, 0, FETCH_SIZE);
    return arch_copy_from_guest(bytes, at, room) ? room : 0;
}

/* ---- instructions ---- */

static enum emulated rdmsr_of(struct x86_vcpu *v)
{
    struct regs *r = &v->regs;
    uint64_t value;

    if (!pv_in_kernel(v))
        return EMULATED_GP;
    if (!pv_msr_read(v, (uint32_t)r->rcx, &value)) {
        tell_refused_msr(v, "RDMSR");
        /* Kernels probe before they have a handler (xen/arch-x86/xen.h, set_trap_table). */
        if (v->pv.traps[VECTOR_GP].address)
            return EMULATED_GP;
        value = 0;
    }
    r->rax = (uint32_t)value;
    r->rdx = value >> 32;
    return EMULATED;
}

static enum emulated wrmsr_of(struct x86_vcpu *v)
{
    const struct regs *r = &v->regs;
    uint64_t value = r->rdx << 32 | (uint32_t)r->rax;

    if (!pv_in_kernel(v))
        return EMULATED_GP;
    if (pv_msr_write(v, (uint32_t)r->rcx, value))
        return EMULATED;
    tell_refused_msr(v, "WRMSR");
    return EMULATED_GP;
}

static void cpuid_of(struct x86_vcpu *v)
{
    struct regs *r = &v->regs;
    cpuid_leaf out;

    cpuid_read(v, (uint32_t)r->rax, (uint32_t)r->rcx, out);
    r->rax = out[CPUID_EAX];
    r->rbx = out[CPUID_EBX];
    r->rcx = out[CPUID_ECX];
    r->rdx = out[CPUID_EDX];
}

/* The guest's kernel has set CR4.TSD, and still reads the time itself. */
static void rdtsc_of(struct x86_vcpu *v)
{
    uint64_t now = arch_tsc();

    v->regs.rax = (uint32_t)now;
    v->regs.rdx = now >> 32;
}

/* The common ones, without prefixes, in few instructions. */
static enum emulated do_quickly(struct x86_vcpu *v, const uint8_t *bytes, unsigned int *length)
{
    uint16_t port = (uint16_t)v->regs.rdx;

    *length = 1;
    switch (bytes[0]) {
    case 0xec: return pv_emulate_in(v, port, 1);
    case 0xed: return pv_emulate_in(v, port, 4);
    case 0xee: return pv_emulate_out(v, port, 1);
    case 0xef: return pv_emulate_out(v, port, 4);
    }
    *length = 2;
    switch (bytes[0]) {
    case 0xe4: return pv_emulate_in(v, bytes[1], 1);
    case 0xe5: return pv_emulate_in(v, bytes[1], 4);
    case 0xe6: return pv_emulate_out(v, bytes[1], 1);
    case 0xe7: return pv_emulate_out(v, bytes[1], 4);
    case 0x0f:
        if (bytes[1] == 0x32)
            return rdmsr_of(v);
        if (bytes[1] == 0x30)
            return wrmsr_of(v);
    }
    return EMULATED_NOT;
}

/* Opcode 0x0f 0x01, the rest of which is in the ModRM byte. */
static enum emulated do_group7(struct emulation *e)
{
    unsigned int modrm = (unsigned int)e->i.mod << 6 | (e->i.reg & 7u) << 3 | (e->i.rm & 7u);

    if (e->i.repeat || e->i.operand16)
        return EMULATED_GP;
    switch (modrm) {
    case 0xd1: return pv_emulate_xsetbv(e->v);
    case 0xf9:
        rdtsc_of(e->v);
        e->v->regs.rcx = e->v->tsc_aux;
        return EMULATED;
    }
    return EMULATED_GP;
}

static enum emulated do_extended(struct emulation *e)
{
    struct x86_vcpu *v = e->v;

    if (e->i.opcode == 0xa2) { /* CPUID faults in both modes */
        cpuid_of(v);
        return EMULATED;
    }
    if (!pv_in_kernel(v))
        return EMULATED_GP;
    switch (e->i.opcode) {
    case 0x01: return do_group7(e);
    case 0x06: fpu_set_ts(v, false); return EMULATED;
    case 0x09: return pv_emulate_wbinvd(v);
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23: return pv_emulate_control(e);
    case 0x30: return wrmsr_of(v);
    case 0x31: rdtsc_of(v); return EMULATED;
    case 0x32: return rdmsr_of(v);
    }
    return EMULATED_GP;
}

static enum emulated do_one_byte(struct emulation *e)
{
    struct x86_vcpu *v = e->v;
    uint16_t port = (uint16_t)v->regs.rdx, byte = (uint8_t)e->i.immediate;
    unsigned int size = e->i.size == 8 ? 4 : e->i.size;

    switch (e->i.opcode) {
    case 0x6c:
    case 0x6d:
    case 0x6e:
    case 0x6f: return pv_emulate_port_string(e);
    case 0xe4:
    case 0xe5: return pv_emulate_in(v, byte, size);
    case 0xe6:
    case 0xe7: return pv_emulate_out(v, byte, size);
    case 0xec:
    case 0xed: return pv_emulate_in(v, port, size);
    case 0xee:
    case 0xef: return pv_emulate_out(v, port, size);
    case 0xfa:
    case 0xfb:
        /* CLI and STI do nothing: POPF, which the guest might use as well, does not trap. */
        return pv_iopl_ok(v) ? EMULATED : EMULATED_GP;
    }
    return EMULATED_GP;
}

static enum emulated do_slowly(struct x86_vcpu *v, const struct code *c, const uint8_t *bytes,
                               unsigned int count, unsigned int *length)
{
    struct emulation e = { .v = v, .long_mode = c->long_mode };

    if (!decode(bytes, count, c->long_mode, &e.i))
        return EMULATED_GP;
    *length = e.i.length;
    if (e.i.lock)
        return EMULATED_UD;
    return e.i.extended ? do_extended(&e) : do_one_byte(&e);
}

/* ---- */

static void advance(struct x86_vcpu *v, unsigned int length, bool long_mode, bool trap)
{
    struct regs *r = &v->regs;

    r->rip += length;
    if (!long_mode)
        r->rip = (uint32_t)r->rip;
    r->rflags &= ~FLAGS_RF;
    if (r->rflags & FLAGS_TF)
        v->pv.debug[6] |= DR6_SINGLE_STEP;
    if (trap || (r->rflags & FLAGS_TF))
        pv_bounce_trap(v, TRAP_DB, 0);
}

bool pv_emulate(struct x86_vcpu *v)
{
    enum emulated result = EMULATED_NOT;
    uint8_t bytes[FETCH_SIZE];
    unsigned int count, length = 0;
    struct code c;

    if (!code_of(v, &c))
        return false;
    count = fetch(v, &c, bytes);
    if (!count)
        return false;
    if (count > 1)
        result = do_quickly(v, bytes, &length);
    if (result == EMULATED_NOT)
        result = do_slowly(v, &c, bytes, count, &length);
    switch (result) {
    case EMULATED:
    case EMULATED_TRAP: advance(v, length, c.long_mode, result == EMULATED_TRAP); return true;
    case EMULATED_UD: pv_bounce_trap(v, VECTOR_UD, 0); return true;
    case EMULATED_GP:
    case EMULATED_NOT: return false;
    case EMULATED_AGAIN:
    case EMULATED_BOUNCED: return true;
    }
    return false;
}

static inline bool is_forced(uint64_t word)
{
    return (word & ((1ul << 8 * FORCED_SIZE) - 1)) == FORCED_CPUID;
}

bool pv_emulate_forced_word(struct x86_vcpu *v, uint64_t word)
{
    if (!is_forced(word))
        return false;
    cpuid_of(v);
    advance(v, FORCED_SIZE, true, false);
    return true;
}

bool pv_emulate_forced(struct x86_vcpu *v)
{
    uint64_t word = 0;
    struct code c;

    if (!code_of(v, &c))
        return false;
    if (!arch_copy_from_guest(&word, c.base + v->regs.rip, sizeof(word)) &&
        !arch_copy_from_guest(&word, c.base + v->regs.rip, FORCED_SIZE))
        return false;
    if (!is_forced(word))
        return false;
    cpuid_of(v);
    advance(v, FORCED_SIZE, c.long_mode, false);
    return true;
}

/* The CPU's error code should be enough, but QEMU before 8.0 has it wrong. */
unsigned int pv_software_vector(struct x86_vcpu *v, uint32_t error, unsigned int *length)
{
    uint8_t bytes[FETCH_SIZE];
    struct code c;

    *length = 2;
    if (code_of(v, &c) && fetch(v, &c, bytes) >= 2 && bytes[0] == OPCODE_INT)
        return bytes[1];
    return error >> 3 & 0xff;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* I/O ports and physical addresses with nothing behind them but the local APIC's page. */
#include "core/machine.h"
#include "x86/control.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/log.h"
#include "x86/hvm/memory.h"
#include "x86/hvm/vendor.h"
#include "x86/msr_index.h"

/* ---- ports: reads give ones, writes are lost ---- */

/* The register of a string instruction, of as many bytes as addresses have, changed; its value. */
static uint64_t step(uint64_t *at, unsigned int bytes, uint64_t by)
{
    uint64_t mask = bytes == 8 ? ~0ul : (1ul << 8 * bytes) - 1, value = (*at + by) & mask;

    *at = bytes == 2 ? (*at & ~mask) | value : value;
    return value;
}

static uint64_t direction(const struct x86_vcpu *v, unsigned int size)
{
    return v->regs.rflags & FLAGS_DF ? -(uint64_t)size : size;
}

/* INS writes as the code that runs: it may be a process that its kernel lets at ports. */
static bool store_ones(struct x86_vcpu *v, const struct hvm_io *io)
{
    static const uint32_t ones = ~0u;
    struct hvm_segment es = { .base = 0 };
    uint64_t fault;
    uint32_t error;

    if (!hvm_vendor->in_long_code(v))
        hvm_vendor->get_segment(v, SEGMENT_ES, &es);
    if (hvm_store(v, es.base + step(&v->regs.rdi, io->address, 0), &ones, io->size, &fault, &error))
        return true;
    hvm_fault_page(v, fault, error);
    return false;
}

/* One element a time; the vCPU comes out again for the next. */
static void string_io(struct x86_vcpu *v, const struct hvm_io *io)
{
    bool none = io->repeat && !step(&v->regs.rcx, io->address, 0);

    if (!none) {
        if (io->in && !store_ones(v, io))
            return;
        step(io->in ? &v->regs.rdi : &v->regs.rsi, io->address, direction(v, io->size));
    }
    if (none || !io->repeat || !step(&v->regs.rcx, io->address, -1ul))
        hvm_skip(v, io->length);
}

void hvm_exit_io(struct x86_vcpu *v, const struct hvm_io *io)
{
    if (io->string) {
        string_io(v, io);
        return;
    }
    if (io->in && io->size == 4)
        v->regs.rax = ~0u;
    else if (io->in)
        v->regs.rax |= io->size == 1 ? 0xff : 0xffff;
    hvm_skip(v, io->length);
}

/* ---- memory ---- */

static bool in_lapic(const struct x86_vcpu *v, uint64_t physical)
{
    uint64_t base = v->hvm->lapic.base;

    return (physical & ~PAGE_MASK) == LAPIC_PAGE && (base & LAPIC_BASE_ENABLE) &&
           !(base & LAPIC_BASE_X2APIC);
}

/* Registers are 32 bits wide and stand at multiples of 16; other reads get parts of them. */
static uint64_t load(struct x86_vcpu *v, uint64_t physical)
{
    unsigned int offset = physical & PAGE_MASK;
    uint64_t value;

    if (!in_lapic(v, physical))
        return ~0ul;
    if (!hvm_lapic_read(v, offset & ~15u, false, &value))
        return ~0ul;
    return (offset & 15) < 4 ? value >> 8 * (offset & 15) : 0;
}

static void store(struct x86_vcpu *v, uint64_t physical, uint64_t value)
{
    unsigned int offset = physical & PAGE_MASK;

    if (in_lapic(v, physical) && !(offset & 15))
        hvm_lapic_write(v, offset, false, value);
}

static uint64_t extend(uint64_t value, unsigned int from, bool sign)
{
    unsigned int shift = 64 - 8 * from;

    value <<= shift;
    return sign ? (uint64_t)((int64_t)value >> shift) : value >> shift;
}

/* MOVZX and MOVSX: the memory's size is the opcode's, the register's the prefixes'. */
static void load_extended(struct x86_vcpu *v, struct instruction *i, uint64_t physical)
{
    unsigned int from = i->opcode & 1 ? 2 : 1;

    decode_write(&v->regs, i, i->reg, extend(load(v, physical), from, i->opcode & 8));
}

static bool do_extended(struct x86_vcpu *v, struct instruction *i, uint64_t physical)
{
    switch (i->opcode) {
    case 0xb6:
    case 0xb7:
    case 0xbe:
    case 0xbf: load_extended(v, i, physical); return true;
    }
    return false;
}

static bool do_string_store(struct x86_vcpu *v, struct instruction *i, uint64_t physical)
{
    if (i->repeat && !v->regs.rcx)
        return true;
    store(v, physical, decode_read(&v->regs, i, 0));
    v->regs.rdi += direction(v, i->size);
    if (i->repeat && --v->regs.rcx)
        i->length = 0; /* the next one is another exit */
    return true;
}

/* False: an instruction that nobody uses on devices. */
static bool do_plain(struct x86_vcpu *v, struct instruction *i, uint64_t physical)
{
    switch (i->opcode) {
    case 0x88:
    case 0x89: store(v, physical, decode_read(&v->regs, i, i->reg)); return true;
    case 0x8a:
    case 0x8b: decode_write(&v->regs, i, i->reg, load(v, physical)); return true;
    case 0xa0:
    case 0xa1: decode_write(&v->regs, i, 0, load(v, physical)); return true;
    case 0xa2:
    case 0xa3: store(v, physical, decode_read(&v->regs, i, 0)); return true;
    case 0xaa:
    case 0xab: return do_string_store(v, i, physical);
    case 0xc6:
    case 0xc7: store(v, physical, (uint64_t)i->immediate); return true;
    case 0x86:
    case 0x87: {
        uint64_t value = load(v, physical);

        store(v, physical, decode_read(&v->regs, i, i->reg));
        decode_write(&v->regs, i, i->reg, value);
        return true;
    }
    }
    return false;
}

/* The map has changed meanwhile, and permits it now?  Or it was to be told of, and that is done. */
static bool permitted(struct x86_vcpu *v, uint64_t physical, uint32_t error)
{
    enum p2m_type type = p2m_get(hvm_p2m(v->core.domain), physical >> PAGE_SHIFT).type;

    if (type == P2M_LOGGED) {
        if (error & FAULT_WRITE)
            hvm_log_fault(v, physical >> PAGE_SHIFT);
        return true;
    }
    if (type == P2M_RAM || type == P2M_GRANT || type == P2M_DEVICE)
        return true;
    return (type == P2M_READONLY || type == P2M_GRANT_READONLY) && !(error & FAULT_WRITE);
}

void hvm_exit_map(struct x86_vcpu *v, uint64_t physical, uint32_t error)
{
    struct instruction i;

    if (!in_lapic(v, physical) && permitted(v, physical, error))
        return;
    if (error & FAULT_FETCH) { /* ones are no instruction */
        hvm_fault_ud(v);
        return;
    }
    if (!hvm_decode(v, &i))
        return;
    if (i.extended ? do_extended(v, &i, physical) : do_plain(v, &i, physical)) {
        if (i.length)
            hvm_skip(v, i.length);
    } else {
        hvm_fault_ud(v);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * I/O ports.  Two questions: may the running mode use I/O instructions on a port (IOPL, the
 * kernel's bitmap), else #GP; and has the domain the port, else it reads as ones and writes go
 * nowhere.
 */
#include "x86/pv/emulate.h"

#include "core/assert.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "drivers/pci.h"
#include "x86/control.h"
#include "x86/io.h"
#include "x86/layout.h"
#include "x86/pv/baseptr.h"
#include "x86/pv/bounce.h"
#include "x86/pv/context.h"
#include "x86/pv/mmu.h"
#include "x86/pv/segment.h"
#include "x86/trap/trap.h"

#define PORTS       65536u
#define PIT_COMMAND 0x43u
#define PCI_ADDRESS 0xcf8u
#define PCI_DATA    0xcfcu
#define STRING_MAX  256u /* elements in one go */

#define FAULT_WRITE 2u /* of a page fault's error code */
#define FAULT_USER  4u

#define DR7_ENABLED 0xfful
#define DR7_IO      2u /* kind of a breakpoint */

#define DESCRIPTOR_CODE   (1ul << 43)
#define DESCRIPTOR_DOWN   (1ul << 42) /* of data: the limit is the lower end */
#define DESCRIPTOR_ACCESS (1ul << 41) /* data may be written, code may be read */

bool pv_iopl_ok(const struct x86_vcpu *v)
{
    bool architectural = v->core.domain->vm_assist & (1u << VMASST_TYPE_architectural_iopl);

    if (!pv_in_kernel(v))
        return v->pv.iopl == 3;
    /* Without the assist a kernel counts as ring 1. */
    return architectural || v->pv.iopl >= 1;
}

/* The bitmap lies in the kernel's address space, which user mode's tables need not have. */
static bool read_bitmap(struct x86_vcpu *v, uint16_t *bits, uint64_t at, unsigned int count)
{
    bool opened = pv_kernel_tables_open(v), ok;

    ok = pv_in_kernel(v) && arch_copy_from_guest(bits, at, count);
    if (opened)
        pv_kernel_tables_close(v);
    return ok;
}

static bool bitmap_ok(struct x86_vcpu *v, uint16_t port, unsigned int size)
{
    unsigned int bit = port % 8, count = bit + size > 8 ? 2 : 1;
    uint16_t bits = 0;

    if (!v->pv.iobitmap || port + size > v->pv.iobitmap_ports)
        return false;
    if (!read_bitmap(v, &bits, v->pv.iobitmap + port / 8u, count))
        return false;
    return !(bits >> bit & ((1u << size) - 1));
}

static bool may_use(struct x86_vcpu *v, uint16_t port, unsigned int size)
{
    return pv_iopl_ok(v) || bitmap_ok(v, port, size);
}

/* ---- the ports ---- */

static bool has_port(const struct x86_domain *d, unsigned int port)
{
    return port < PORTS && (d->io_allowed[port / 64] >> (port % 64) & 1);
}

/* All bytes of an access are the domain's, and of a device that it has for itself. */
static bool is_plain(const struct x86_domain *d, unsigned int port, unsigned int size)
{
    if (port <= PIT_COMMAND && port + size > PIT_COMMAND)
        return false;
    if (port < PCI_DATA + 4 && port + size > PCI_ADDRESS)
        return false;
    for (unsigned int i = 0; i < size; i++)
        if (!has_port(d, port + i))
            return false;
    return true;
}

static uint32_t read_plain(uint16_t port, unsigned int size)
{
    return size == 1 ? io_in8(port) : size == 2 ? io_in16(port) : io_in32(port);
}

static void write_plain(uint16_t port, unsigned int size, uint32_t value)
{
    if (size == 1)
        io_out8(port, (uint8_t)value);
    else if (size == 2)
        io_out16(port, (uint16_t)value);
    else
        io_out32(port, value);
}

/* An access by the address that the domain has written, which other users do not see. */
static bool is_pci_data(const struct x86_domain *d, unsigned int port, unsigned int size)
{
    return d->hardware && has_port(d, port) && port >= PCI_DATA && port + size <= PCI_DATA + 4;
}

static bool is_pci_address(const struct x86_domain *d, unsigned int port, unsigned int size)
{
    return d->hardware && has_port(d, port) && port == PCI_ADDRESS && size == 4;
}

/* Counter 2 is the speaker's; the others stay as they are (Intel 8254, read-back: bit 3). */
static bool pit_command_ok(uint8_t value)
{
    return value >> 6 == 3 ? (value & 0xe) == 8 : value >> 6 == 2;
}

static uint32_t read_port(const struct x86_domain *d, unsigned int port, unsigned int size)
{
    uint32_t value = 0;

    if (is_plain(d, port, size))
        return read_plain((uint16_t)port, size);
    if (is_pci_address(d, port, size))
        return d->pci_address;
    if (is_pci_data(d, port, size))
        return pci_port_access(d->pci_address, port - PCI_DATA, size, false, 0);
    if (size == 1)
        return has_port(d, port) ? io_in8((uint16_t)port) : 0xff;
    for (unsigned int i = 0; i < size; i++)
        value |= read_port(d, port + i, 1) << (8 * i);
    return value;
}

static void write_port(struct x86_domain *d, unsigned int port, unsigned int size, uint32_t value)
{
    if (is_plain(d, port, size))
        write_plain((uint16_t)port, size, value);
    else if (is_pci_address(d, port, size))
        d->pci_address = value;
    else if (is_pci_data(d, port, size))
        pci_port_access(d->pci_address, port - PCI_DATA, size, true, value);
    else if (size > 1)
        for (unsigned int i = 0; i < size; i++)
            write_port(d, port + i, 1, value >> (8 * i) & 0xff);
    else if (has_port(d, port) && (port != PIT_COMMAND || pit_command_ok((uint8_t)value)))
        io_out8((uint16_t)port, (uint8_t)value);
}

/* Breakpoints of the guest's on ports: the CPU reports them to Zeroth, which cannot tell whose
 * access it was.  True: one is at [port, port + size), and DR6 says so. */
static bool hits_breakpoint(struct x86_vcpu *v, unsigned int port, unsigned int size)
{
    uint64_t dr7 = v->pv.debug[7];
    bool hit = false;

    if (!(dr7 & DR7_ENABLED) || !(v->pv.cr4 & CR4_DE))
        return false;
    for (unsigned int i = 0; i < 4; i++) {
        unsigned int kind = dr7 >> (16 + 4 * i) & 15;
        uint64_t start = v->pv.debug[i] & ~(uint64_t)(kind >> 2), end = start + (kind >> 2) + 1;

        if ((dr7 >> (2 * i) & 3) && (kind & 3) == DR7_IO && start < port + size && port < end) {
            v->pv.debug[6] |= 1ul << i;
            hit = true;
        }
    }
    return hit;
}

static enum emulated done(struct x86_vcpu *v, unsigned int port, unsigned int size)
{
    return hits_breakpoint(v, port, size) ? EMULATED_TRAP : EMULATED;
}

enum emulated pv_emulate_in(struct x86_vcpu *v, uint16_t port, unsigned int size)
{
    struct regs *r = &v->regs;
    uint64_t keep = size == 4 ? 0 : ~0ul << (8 * size);

    ASSERT(size == 1 || size == 2 || size == 4);
    if (!may_use(v, port, size))
        return EMULATED_GP;
    r->rax = (r->rax & keep) | read_port(x86_domain(v->core.domain), port, size);
    return done(v, port, size);
}

enum emulated pv_emulate_out(struct x86_vcpu *v, uint16_t port, unsigned int size)
{
    ASSERT(size == 1 || size == 2 || size == 4);
    if (!may_use(v, port, size))
        return EMULATED_GP;
    write_port(x86_domain(v->core.domain), port, size, (uint32_t)v->regs.rax);
    return done(v, port, size);
}

/* ---- INS and OUTS ---- */

/* The selector that a segment override names; 0: DS. */
static uint16_t selector_of(const struct x86_vcpu *v, uint8_t segment)
{
    uint16_t value;

    switch (segment) {
    case 0x26: __asm__ volatile("mov %%es, %0" : "=m"(value)); return value;
    case 0x2e: return (uint16_t)v->regs.cs;
    case 0x36: return (uint16_t)v->regs.ss;
    case 0x64: __asm__ volatile("mov %%fs, %0" : "=m"(value)); return value;
    case 0x65: __asm__ volatile("mov %%gs, %0" : "=m"(value)); return value;
    default: __asm__ volatile("mov %%ds, %0" : "=m"(value)); return value;
    }
}

static bool legacy_address(const struct x86_vcpu *v, uint8_t segment, bool write, unsigned int size,
                           uint64_t *address)
{
    uint64_t descriptor, code;

    if (!pv_descriptor_of(v, selector_of(v, segment), &descriptor))
        return false;
    code = descriptor & DESCRIPTOR_CODE;
    if (code ? write || !(descriptor & DESCRIPTOR_ACCESS)
             : (descriptor & DESCRIPTOR_DOWN) || (write && !(descriptor & DESCRIPTOR_ACCESS)))
        return false;
    if (*address + size - 1 > pv_segment_limit(descriptor))
        return false;
    *address = (uint32_t)(pv_segment_base(descriptor) + *address);
    return true;
}

/* The address of an element, of its offset in a segment.  False: #GP is due. */
static bool linear_address(const struct emulation *e, uint8_t segment, bool write,
                           uint64_t *address)
{
    uint64_t last;

    if (!e->long_mode)
        return legacy_address(e->v, segment, write, e->i.size, address);
    if (segment == 0x64)
        *address += pv_fs_base();
    else if (segment == 0x65)
        *address += pv_gs_base();
    last = *address + e->i.size - 1;
    if (last < *address || (uint64_t)((int64_t)(*address << 16) >> 16) != *address ||
        (uint64_t)((int64_t)(last << 16) >> 16) != last)
        return false;
    return last < HYPERVISOR_START || *address >= HYPERVISOR_END;
}

/* An element could not be copied. */
static enum emulated bounce_fault(struct x86_vcpu *v, uint64_t address, unsigned int size,
                                  bool write)
{
    uint32_t error = (write ? FAULT_WRITE : 0) | (pv_in_kernel(v) ? 0 : FAULT_USER);
    uint64_t next = (address | PAGE_MASK) + 1;
    uint8_t byte;

    if (address + size > next && arch_copy_from_guest(&byte, address, 1))
        address = next;
    pv_bounce_page_fault(v, address, error);
    return EMULATED_BOUNCED;
}

/* Into memory: that it can be written is tried first, so that no device's data is lost. */
static bool move_in(struct x86_vcpu *v, uint64_t address, uint16_t port, unsigned int size)
{
    uint32_t value = 0;

    if (!arch_copy_to_guest(address, &value, size))
        return false;
    value = read_port(x86_domain(v->core.domain), port, size);
    return arch_copy_to_guest(address, &value, size);
}

static bool move_out(struct x86_vcpu *v, uint64_t address, uint16_t port, unsigned int size)
{
    uint32_t value = 0;

    if (!arch_copy_from_guest(&value, address, size))
        return false;
    write_port(x86_domain(v->core.domain), port, size, value);
    return true;
}

/* The part of a register that counts, by the address's size. */
static uint64_t address_mask(const struct emulation *e)
{
    if (e->long_mode)
        return e->i.address_other ? 0xffffffff : ~0ul;
    return e->i.address_other ? 0xffff : 0xffffffff;
}

static void add(uint64_t *to, uint64_t mask, uint64_t what)
{
    uint64_t keep = mask == 0xffff ? ~mask : 0;

    *to = (*to & keep) | ((*to + what) & mask);
}

/* One element.  EMULATED: the registers have moved on. */
static enum emulated move_one(struct emulation *e, bool in, uint16_t port)
{
    struct regs *r = &e->v->regs;
    uint64_t mask = address_mask(e), *index = in ? &r->rdi : &r->rsi, address = *index & mask;
    unsigned int size = e->i.size;

    if (!linear_address(e, in ? 0x26 : e->i.segment, in, &address))
        return EMULATED_GP;
    if (!(in ? move_in : move_out)(e->v, address, port, size))
        return bounce_fault(e->v, address, size, in);
    add(index, mask, r->rflags & FLAGS_DF ? -(uint64_t)size : size);
    return EMULATED;
}

enum emulated pv_emulate_port_string(struct emulation *e)
{
    struct regs *r = &e->v->regs;
    uint16_t port = (uint16_t)r->rdx;
    bool in = e->i.opcode < 0x6e;
    uint64_t mask = address_mask(e);

    if (e->i.size == 8)
        e->i.size = 4;
    if (e->i.repeat && !(r->rcx & mask))
        return EMULATED;
    if (!may_use(e->v, port, e->i.size))
        return EMULATED_GP;
    for (unsigned int i = 0; i < STRING_MAX; i++) {
        enum emulated result = move_one(e, in, port);

        if (result != EMULATED)
            return result;
        if (e->i.repeat)
            add(&r->rcx, mask, -1ul);
        if (!e->i.repeat || !(r->rcx & mask))
            return done(e->v, port, e->i.size);
        if (hits_breakpoint(e->v, port, e->i.size)) {
            pv_bounce_trap(e->v, TRAP_DB, 0);
            return EMULATED_BOUNCED;
        }
        if (preempt_wanted())
            break;
    }
    return EMULATED_AGAIN;
}

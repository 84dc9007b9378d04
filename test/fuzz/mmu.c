/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address translation as a CPU does it: copies from and to a guest go through the page tables that
 * CR3 names, with rights, accessed and dirty bits, and through a TLB that keeps what it has once
 * read, upper tables included, until it is told to forget it.  So what Zeroth forgets to flush, or
 * flushes too late, lets a guest reach what it must not, and mmu_check finds it.
 */
#include "fuzz.h"

#include "core/machine.h"
#include "x86/hvm/memory.h"
#include "x86/layout.h"
#include "x86/pv/baseptr.h"
#include "x86/pv/pte.h"
#include "x86/memory/tlb.h"

#include <string.h>

#define ENTRIES 64
#define LEVELS  4

struct translation {
    uint64_t page;             /* guest address */
    mfn_t mfn, tables[LEVELS]; /* [0]: of level 1; MFN_NONE: forgotten */
    domid_t domain, owner;     /* whose it is; whose the frame was */
    bool valid, writable;
};

static struct {
    uint64_t cr3;
    struct translation entries[ENTRIES];
} cpus[FUZZ_CPUS];

char flat[FLAT_SIZE];
static size_t flat_used;
static struct lock copy_locks[FUZZ_CPUS] = { [0 ... FUZZ_CPUS - 1] = LOCK(RANK_GUEST_COPY) };

void flat_reset(void)
{
    flat_used = 0;
}

uint64_t flat_take(size_t size, void **at)
{
    size_t aligned = (size + 7) & ~7ul;

    if (flat_used + aligned > FLAT_SIZE)
        flat_used = 0;
    *at = flat + flat_used;
    flat_used += aligned;
    return FLAT_BASE + (uint64_t)((char *)*at - flat);
}

/* ---- the TLB ---- */

void mmu_load(unsigned int at, uint64_t cr3)
{
    cpus[at].cr3 = cr3;
    memset(cpus[at].entries, 0, sizeof(cpus[at].entries));
}

uint64_t mmu_cr3(unsigned int at)
{
    return cpus[at].cr3;
}

/* Upper tables are all forgotten, whatever the address (Intel SDM 3, section 4.10.4.1). */
void tlb_flush_page(uint64_t address)
{
    struct translation *t = cpus[cpu_id()].entries;

    for (unsigned int i = 0; i < ENTRIES; i++) {
        if (t[i].page == (address & ~PAGE_MASK))
            t[i].valid = false;
        for (unsigned int level = 0; level < LEVELS; level++)
            t[i].tables[level] = MFN_NONE;
    }
}

/* The entry of a level, marked as used; 0: it gives no right to the access. */
static uint64_t use_entry(mfn_t table, unsigned int index, bool write, bool dirty)
{
    uint64_t *entries = frame_map(table);
    uint64_t entry = entries[index];

    if (!(entry & PTE_PRESENT) || (write && !(entry & PTE_WRITABLE)))
        return 0;
    entries[index] = entry | PTE_ACCESSED | (dirty ? PTE_DIRTY : 0);
    return entry;
}

static bool walk(uint64_t address, bool write, struct translation *t)
{
    mfn_t at = cpus[cpu_id()].cr3 >> PAGE_SHIFT;
    bool writable = true;

    for (unsigned int level = LEVELS; level; level--) {
        uint64_t entry;

        REQUIRE(frame_of(at), "a table of level %u is frame %lx", level, at);
        t->tables[level - 1] = level < LEVELS ? at : MFN_NONE;
        entry = use_entry(at, pte_index(address, level), write, write && level == 1);
        if (!entry || (level > 1 && (entry & PTE_LARGE)))
            return false;
        writable = writable && (entry & PTE_WRITABLE);
        at = pte_mfn(entry);
    }
    t->page = address & ~PAGE_MASK;
    t->mfn = at;
    t->domain = current_vcpu()->domain->id;
    t->owner = frame_of(at) ? frame_of(at)->owner : DOMID_IO;
    t->writable = writable && write; /* the CPU walks again for the first write */
    t->valid = true;
    return true;
}

/* NULL: a page fault, or no RAM. */
static char *translate(uint64_t address, bool write)
{
    struct translation *t = &cpus[cpu_id()].entries[address >> PAGE_SHIFT & (ENTRIES - 1)];
    struct translation fresh = { .valid = false };

    if (!t->valid || t->page != (address & ~PAGE_MASK) || (write && !t->writable)) {
        if (!walk(address, write, &fresh)) {
            if (t->page == (address & ~PAGE_MASK))
                t->valid = false; /* a fault drops what it comes from */
            return NULL;
        }
        *t = fresh;
    }
    return frame_of(t->mfn) ? (char *)frame_map(t->mfn) + (address & PAGE_MASK) : NULL;
}

/* ---- copies ---- */

bool arch_guest_range_ok(uint64_t guest, size_t size)
{
    uint64_t end = guest + size;

    if (is_hardware(current_vcpu()))
        return true;
    return end >= guest && (end <= 1ul << 47 || guest >= HYPERVISOR_END);
}

static uint64_t flat_base(void)
{
    return current_vcpu()->narrow ? (uint32_t)FLAT_BASE : FLAT_BASE;
}

static bool in_flat(uint64_t guest, size_t size)
{
    return guest >= flat_base() && guest - flat_base() <= FLAT_SIZE &&
           size <= FLAT_SIZE - (guest - flat_base());
}

static bool copy_hardware(char *ours, uint64_t guest, size_t size, bool write)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());

    return write ? hvm_copy_to(v, guest, ours, size) : hvm_copy_from(v, ours, guest, size);
}

static bool copy(char *ours, uint64_t guest, size_t size, bool write)
{
    /* What is held now may be held while copying, or this fails. */
    lock_take(&copy_locks[cpu_id()]);
    lock_release(&copy_locks[cpu_id()]);
    fiber_point();
    bounded_work(1);
    if (!arch_guest_range_ok(guest, size))
        return false;
    while (size) {
        size_t piece = PAGE_SIZE - (guest & PAGE_MASK);
        char *theirs;

        piece = piece < size ? piece : size;
        if (is_hardware(current_vcpu()) && !in_flat(guest, piece)) {
            if (!copy_hardware(ours, guest, piece, write))
                return false;
        } else {
            theirs = in_flat(guest, piece) ? flat + (guest - flat_base()) : translate(guest, write);
            if (!theirs)
                return false;
            memcpy(write ? theirs : ours, write ? ours : theirs, piece);
        }
        ours += piece;
        guest += piece;
        size -= piece;
    }
    return true;
}

bool arch_copy_from_guest(void *to, uint64_t guest, size_t size)
{
    return copy(to, guest, size, false);
}

bool arch_copy_to_guest(uint64_t guest, const void *from, size_t size)
{
    return copy((char *)from, guest, size, true);
}

bool arch_kernel_memory_open(void)
{
    return !is_hardware(current_vcpu()) && pv_kernel_tables_open(x86_vcpu(current_vcpu()));
}

void arch_kernel_memory_close(bool opened)
{
    if (opened)
        pv_kernel_tables_close(x86_vcpu(current_vcpu()));
}

bool arch_write_guest64(uint64_t guest, uint64_t value)
{
    return arch_copy_to_guest(guest, &value, sizeof(value));
}

int64_t arch_read_guest32(uint64_t guest)
{
    uint32_t value;

    return arch_copy_from_guest(&value, guest, sizeof(value)) ? (int64_t)value : -1;
}

/* ---- what must not be in a TLB ---- */

static void check_tables(const struct translation *t)
{
    for (unsigned int i = 0; i < LEVELS; i++) {
        struct frame *f = t->tables[i] == MFN_NONE ? NULL : frame_of(t->tables[i]);

        if (!f)
            continue;
        REQUIRE(f->owner == t->domain && frame_refs(f), "a TLB walks frame %lx of %x as a table",
                t->tables[i], f->owner);
        REQUIRE(!frame_type_count(f) || frame_type(f) == (enum frame_type)(FRAME_L1 + i),
                "a TLB walks frame %lx as a table of level %u, its type is %u", t->tables[i], i + 1,
                frame_type(f));
    }
}

static void check_page(const struct translation *t)
{
    struct frame *f = frame_of(t->mfn);
    enum frame_type type = f ? frame_type(f) : FRAME_NONE;

    if (!f || f->owner == DOMID_IO)
        return;
    REQUIRE(f->owner == t->owner && frame_refs(f), "a TLB of %u maps frame %lx, %x's, now %x's",
            t->domain, t->mfn, t->owner, f->owner);
    REQUIRE(!t->writable || type == FRAME_NONE || type == FRAME_WRITABLE,
            "a TLB of %u lets write frame %lx of type %u", t->domain, t->mfn, type);
}

void mmu_check(void)
{
    for (unsigned int i = 0; i < FUZZ_CPUS; i++)
        for (unsigned int n = 0; n < ENTRIES; n++)
            if (cpus[i].entries[n].valid) {
                check_tables(&cpus[i].entries[n]);
                check_page(&cpus[i].entries[n]);
            }
}

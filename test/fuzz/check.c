/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every frame's references and type, recounted from nothing: the entries of page tables, pins, and
 * whatever else in domains and vCPUs names a frame.
 */
#include "check.h"

#include "core/grant/internal.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/event/pirq_internal.h"
#include "x86/hvm/guest.h"
#include "x86/layout.h"
#include "x86/memory/map.h"
#include "x86/pv/pte.h"

#include <string.h>

#define PROGRESS_COUNT 0x3ffu /* x86/pv/validate.c: of the progress of a table */

static struct tally {
    uint32_t refs, types[FRAME_TYPES];
} tally[FUZZ_FRAMES];

void hold_frame(mfn_t mfn, enum frame_type type)
{
    REQUIRE(mfn < FUZZ_FRAMES, "frame %lx is held", mfn);
    tally[mfn].refs++;
    if (type != FRAME_NONE)
        tally[mfn].types[type]++;
}

/* One that may be none. */
static void hold_some(mfn_t mfn, enum frame_type type)
{
    if (mfn != MFN_NONE)
        hold_frame(mfn, type);
}

/* ---- page tables ---- */

static enum frame_type type_of(const struct frame *f)
{
    return (enum frame_type)((f->type & TYPE_MASK) >> TYPE_SHIFT);
}

static bool is_table(const struct frame *f)
{
    return (f->type & TYPE_COUNT) && type_of(f) >= FRAME_L1 && type_of(f) <= FRAME_L4;
}

/* How many of its entries are counted. */
static unsigned int counted(const struct frame *f)
{
    if (f->type & TYPE_VALIDATED)
        return PTE_COUNT;
    REQUIRE(f->type & (TYPE_PARTIAL | TYPE_DROPPING), "frame %lx is a table, but how?",
            frame_mfn(f));
    return f->aux & PROGRESS_COUNT;
}

static bool is_zeroths(unsigned int level, unsigned int i)
{
    return level == 4 && i >= HYPERVISOR_SLOT && i < HYPERVISOR_SLOT + HYPERVISOR_SLOTS;
}

/* A page of another domain's: its domain is Dom0, or it was granted. */
static void check_foreign(const struct frame *table, const struct frame *page, uint64_t entry)
{
    const struct domain *d = check_domain(table->owner);

    if (!d || d->privileged || page->owner == table->owner)
        return;
    count_mapping(d, frame_mfn(page), entry & PTE_WRITABLE);
}

static void count_leaf(const struct frame *table, uint64_t entry)
{
    const struct frame *f = frame_of(pte_mfn(entry));
    const struct domain *d = check_domain(table->owner);

    if (!f || f->owner == DOMID_IO) {
        REQUIRE(!d || d->privileged, "domain %u maps a device", table->owner);
        return;
    }
    REQUIRE(!(entry & PTE_WRITABLE) || type_of(f) == FRAME_WRITABLE,
            "frame %lx of type %u is mapped to be written to", pte_mfn(entry), type_of(f));
    REQUIRE(!d || d->privileged || !(entry & PTE_CACHE), "a strange memory type: %lx", entry);
    hold_frame(pte_mfn(entry), entry & PTE_WRITABLE ? FRAME_WRITABLE : FRAME_NONE);
    check_foreign(table, f, entry);
}

static void count_entry(const struct frame *table, unsigned int level, uint64_t entry)
{
    REQUIRE((entry & PTE_USER) && !(entry & PTE_GLOBAL), "entry %lx of table %lx, level %u", entry,
            frame_mfn(table), level);
    if (level == 1) {
        count_leaf(table, entry);
        return;
    }
    REQUIRE(!(entry & PTE_LARGE), "entry %lx of level %u", entry, level);
    hold_frame(pte_mfn(entry), (enum frame_type)(FRAME_L1 + level - 2));
    REQUIRE(frame_of(pte_mfn(entry))->owner == table->owner, "a table of another domain");
}

static void count_table(const struct frame *f)
{
    unsigned int level = type_of(f) - FRAME_L1 + 1, count = counted(f);
    const uint64_t *entries = frame_map(frame_mfn(f));

    for (unsigned int i = 0; i < PTE_COUNT; i++) {
        if (is_zeroths(level, i)) {
            uint64_t entry = entries[i] & ~PTE_ACCESSED;

            /* User mode may be kept from seeing the M2P. */
            REQUIRE(!(f->type & TYPE_VALIDATED) || entry == hypervisor_l4[i] ||
                        (i == M2P_SLOT && entry == 0),
                    "entry %u of %lx is %lx", i, frame_mfn(f), entries[i]);
        } else if (i < count && (entries[i] & PTE_PRESENT))
            count_entry(f, level, entries[i]);
    }
}

static void count_tables(void)
{
    for (mfn_t mfn = 0; mfn < FUZZ_FRAMES; mfn++) {
        const struct frame *f = &frame_table()[mfn];

        REQUIRE(!(f->type & TYPE_BUSY), "frame %lx is busy", mfn);
        if (f->type & TYPE_PINNED)
            hold_frame(mfn, type_of(f));
        if (is_table(f)) {
            count_table(f);
            if (f->type & TYPE_PARTIAL)
                hold_frame(mfn, type_of(f));
        }
    }
}

/* ---- what domains and vCPUs hold ---- */

static void count_segments(const struct x86_vcpu *v)
{
    unsigned int window = (x86_domain(v->core.domain)->window + v->core.id) * 32;

    for (unsigned int i = 0; i < 16; i++) {
        mfn_t mfns[2] = { v->pv.gdt_mfns[i], v->pv.ldt_mfns[i] };

        for (unsigned int n = 0; n < 2; n++) {
            uint64_t entry = segment_entry(window + n * 16 + i);

            hold_some(mfns[n], FRAME_SEGMENTS);
            if (n == 0 && i == 14) /* the CPU's own page */
                continue;
            REQUIRE(!(entry & PTE_WRITABLE), "a window's page may be written to");
            REQUIRE(mfns[n] == MFN_NONE ? !frame_of(pte_mfn(entry)) || pte_mfn(entry) < FUZZ_FIRST
                                        : pte_mfn(entry) == mfns[n],
                    "page %u of a window maps frame %lx, not %lx", n * 16 + i, pte_mfn(entry),
                    mfns[n]);
        }
    }
}

static void count_tables_of(const struct x86_vcpu *v)
{
    const struct vcpu *core = &v->core;
    mfn_t top = v->pv.flags & 1 ? v->pv.kernel_l4 : v->pv.user_l4;

    hold_some(v->pv.kernel_l4, FRAME_L4);
    hold_some(v->pv.user_l4, FRAME_L4);
    if (v->pv.left_table != MFN_NONE)
        hold_frame(v->pv.left_table, type_of(frame_of(v->pv.left_table)));
    count_segments(v);
    if (core->initialised && !core->domain->is_dying && !core->domain->is_crashed)
        REQUIRE(v->cr3 == top << PAGE_SHIFT, "CR3 is %lx, not %lx", v->cr3, top << PAGE_SHIFT);
}

static void count_vcpu(struct vcpu *core)
{
    if (is_hardware(core))
        check_lookups(core);
    else
        count_tables_of(x86_vcpu(core));
    hold_some(core->info_mfn, FRAME_WRITABLE);
    if (core->event.frame)
        hold_frame(frame_mfn(core->event.frame), FRAME_WRITABLE);
    REQUIRE(!core->multicall, "a multicall is never over");
    check_asleep(core);
}

/* A vCPU that may run does run, or waits in a queue. */
void check_asleep(const struct vcpu *v)
{
    REQUIRE(!(v->waits & WAIT_DOMAIN) == !(v->domain->pause_count || v->domain->is_shut_down),
            "vCPU %u of %u waits for its domain, or not: %x", v->id, v->domain->id, v->waits);
    REQUIRE(v->waits || v->sched.running || v->sched.place.in_set, "vCPU %u of %u is lost", v->id,
            v->domain->id);
}

static void count_domain(struct domain *d)
{
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id])
            count_vcpu(d->vcpus[id]);
    if (d->shared)
        hold_frame(d->shared_mfn, FRAME_WRITABLE);
    for (unsigned int i = 0; d->event.fifo && i < d->event.fifo->pages; i++)
        hold_frame(frame_mfn(d->event.fifo->frames[i]), FRAME_WRITABLE);
    if (d->pirq && d->pirq->eoi_frame)
        hold_frame(frame_mfn(d->pirq->eoi_frame), FRAME_WRITABLE);
}

/* ---- all together ---- */

static void check_list(const struct domain *d)
{
    uint32_t before = FRAME_LIST_END, at = d->pages_first;
    uint64_t count = 0;

    for (; at != FRAME_LIST_END; before = at, at = frame_table()[at].next) {
        const struct frame *f = &frame_table()[at];

        REQUIRE(f->prev == before && f->owner == d->id && (f->refs & REFS_ALLOCATED),
                "frame %x in the list of %u", at, d->id);
        REQUIRE(++count <= FUZZ_FRAMES, "the list of %u goes in a circle", d->id);
        hold_frame(at, FRAME_NONE);
    }
    REQUIRE(count == d->pages, "domain %u has %lu frames, not %lu", d->id, count, d->pages);
}

static void check_frame(mfn_t mfn)
{
    const struct frame *f = &frame_table()[mfn];
    const struct tally *t = &tally[mfn];
    uint64_t types = 0;

    if (f->owner == DOMID_XEN || f->owner == DOMID_IO) {
        REQUIRE(mfn < FUZZ_FIRST, "frame %lx has become Zeroth's", mfn);
        return;
    }
    for (unsigned int i = 0; i < FRAME_TYPES; i++) {
        REQUIRE(!t->types[i] || i == type_of(f), "frame %lx is used as %u, its type is %u", mfn, i,
                type_of(f));
        types += t->types[i];
    }
    REQUIRE((f->refs & REFS_COUNT) == t->refs, "frame %lx of %x has %lu references, not %u", mfn,
            f->owner, f->refs & REFS_COUNT, t->refs);
    REQUIRE((f->type & TYPE_COUNT) == types, "frame %lx of %x has %lu uses of type %u, not %lu",
            mfn, f->owner, f->type & TYPE_COUNT, type_of(f), types);
    REQUIRE(!(f->type & TYPE_COUNT) || (f->type & (TYPE_VALIDATED | TYPE_PARTIAL | TYPE_DROPPING)),
            "frame %lx has a type that is not good", mfn);
    REQUIRE((f->owner == DOMID_INVALID) == (t->refs == 0), "frame %lx is %x's", mfn, f->owner);
}

/* Frames in free blocks are nobody's, and as many as the allocator says. */
static void check_free(void)
{
    uint64_t count = 0;

    for (mfn_t mfn = 0; mfn < FUZZ_FRAMES; mfn++) {
        const struct frame *f = &frame_table()[mfn];

        if (!(f->refs & REFS_FREE))
            continue;
        REQUIRE(f->next == FRAME_LIST_END || (frame_table()[f->next].prev == mfn &&
                                              (frame_table()[f->next].refs & REFS_FREE)),
                "the list of free frames at %lx", mfn);
        count += 1ul << f->aux;
        for (mfn_t i = mfn; i < mfn + (1ul << f->aux); i++)
            REQUIRE(!tally[i].refs && frame_of(i)->owner == DOMID_INVALID && !frame_of(i)->type &&
                        (i == mfn || !(frame_of(i)->refs & REFS_FREE)),
                    "free frame %lx", i);
    }
    REQUIRE(count == page_alloc_free_count(NODE_ANY), "%lu frames are free, not %lu", count,
            page_alloc_free_count(NODE_ANY));
}

/* Frames a domain has in truth besides Zeroth's that it may map, those included that it has given back and
 * still refers to; more than it may have it can only have had before, or got in a multicall before another of
 * its calls took away the right to it. */
static void check_quota(const struct domain *d)
{
    static struct {
        uint64_t had, limit;
    } before[256], *was;
    uint64_t count = 0;

    was = &before[d->id % ARRAY_SIZE(before)];
    for (mfn_t mfn = FUZZ_FIRST; mfn < FUZZ_FRAMES; mfn++)
        count += frame_table()[mfn].owner == d->id;
    count -= count < d->pages_shared ? count : d->pages_shared;
    REQUIRE(count <= d->pages_max || count <= was->had || count <= was->limit,
            "domain %u has %lu frames and may have %lu", d->id, count, d->pages_max);
    was->had = count;
    was->limit = d->pages_max;
}

static struct domain *domains[256];
static unsigned int domain_count;

static void add_domain(struct domain *d)
{
    REQUIRE(domain_count < ARRAY_SIZE(domains), "one domain more than there can be");
    domains[domain_count++] = d;
}

struct domain *check_domain(domid_t id)
{
    for (unsigned int i = 0; i < domain_count; i++)
        if (domains[i]->id == id)
            return domains[i];
    return NULL;
}

/* Locks of all ranks come after this one: it can be taken only if none is held. */
static void check_locks(void)
{
    static struct lock lock = LOCK(RANK_DOMAIN_LIST);

    REQUIRE(irq_is_on(), "interrupts are off");
    lock_take(&lock);
    lock_release(&lock);
}

void check_world(void)
{
    memset(tally, 0, sizeof(tally));
    domain_count = 0;
    begin_grants();
    check_locks();
    domain_for_each(add_domain);
    count_tables();
    for (unsigned int i = 0; i < domain_count; i++) {
        count_domain(domains[i]);
        count_grants(domains[i]);
        check_events(domains[i]);
        check_list(domains[i]);
        if (hvm_domain(domains[i]))
            check_map(domains[i]);
        check_quota(domains[i]);
    }
    for (unsigned int i = 0; i < domain_count; i++)
        check_grants(domains[i]);
    for (mfn_t mfn = 0; mfn < FUZZ_FRAMES; mfn++)
        check_frame(mfn);
    check_free();
    mmu_check();
    devices_check();
}

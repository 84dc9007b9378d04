/* SPDX-License-Identifier: Apache-2.0 */
/* Values for members of arguments, by the kind that grammar.h gives them: mostly sensible ones. */
#include "fuzz.h"

#include "core/machine.h"
#include "x86/pv/pte.h"
#include "../workbench/cpus.h"

#include <xen/event_channel.h>
#include <xen/grant_table.h>

#define HOSTILE 0xe8u /* bytes from here on say a hostile value */

static const struct world_domain *own_of(const struct vcpu *v)
{
    return &world[v->domain->id < FUZZ_DOMAINS ? v->domain->id : 0];
}

static uint64_t hostile(unsigned int which)
{
    static const uint64_t values[] = {
        0,
        1,
        0x7f,
        0x80,
        0xff,
        0xffff,
        0x7ff0,
        0x7fff,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        0x100000000,
        0x7fffffffffff,
        0x800000000000,
        0xffff800000000000,
        0xffff87ffffffffff,
        0xffff880000000000,
        0x8000000000000000,
        ~0ul,
        ~7ul,
    };

    return which < ARRAY_SIZE(values) ? values[which] : input_number(8);
}

/* One that came to the domain late: the list of its pages begins with those. */
static mfn_t late_frame(const struct domain *d, unsigned int nth)
{
    uint32_t at = d->pages_first;

    while (nth-- && at != FRAME_LIST_END)
        at = frame_table()[at].next;
    return at == FRAME_LIST_END ? 0 : at;
}

static mfn_t odd_frame(const struct world_domain *w, unsigned int which)
{
    const struct world_domain *other = &world[(w - world + 1 + (which >> 3)) % FUZZ_DOMAINS];

    switch (which & 7) {
    case 0: return w->shared;
    case 1: return w->grants;
    case 2: return which & 8 ? other->shared : other->grants;
    case 3: return FUZZ_FIRST + input_number(2) % (FUZZ_FRAMES - FUZZ_FIRST);
    case 4: return FUZZ_FRAMES;
    case 5: return 0xd0000;
    case 6: return 0xfee00;
    default: return FUZZ_FIRST;
    }
}

mfn_t value_frame(const struct vcpu *v)
{
    const struct world_domain *w = own_of(v);
    unsigned int c = input_byte();

    if (c < 0xa0)
        return w->pages[c % WORLD_PAGES];
    if (c < 0xc0)
        return world[(w - world + 1 + (c & 1)) % FUZZ_DOMAINS]
            .pages[(c >> 1 & 15) * 3 % WORLD_PAGES];
    if (c < 0xd0)
        return late_frame(v->domain, c & 15);
    return c < HOSTILE ? odd_frame(w, c - 0xd0) : hostile(c - HOSTILE);
}

static uint64_t address(const struct vcpu *v)
{
    unsigned int c = input_byte();
    void *at;

    (void)v;
    if (c < 0x80)
        return GUEST_BASE + c % WORLD_PAGES * PAGE_SIZE + (c & 0x40 ? PAGE_SIZE - 8 : 0);
    if (c < 0xa0)
        return GUEST_MORE + (c & 31) * PAGE_SIZE;
    if (c < HOSTILE)
        return flat_take(512, &at);
    return hostile(c - HOSTILE);
}

/* Rights that entries have, and one bit more if the input says so. */
static uint64_t rights(void)
{
    static const uint64_t flags[] = {
        PTE_PRESENT | PTE_USER | PTE_WRITABLE,
        PTE_PRESENT | PTE_USER,
        0,
        PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED | PTE_DIRTY,
        PTE_PRESENT | PTE_NX | PTE_USER,
        PTE_PRESENT | PTE_USER | PTE_WRITABLE | PTE_PCD,
        PTE_PRESENT | PTE_GLOBAL,
        PTE_PRESENT | PTE_USER | PTE_WRITABLE | 0x200,
    };
    unsigned int c = input_byte();

    return flags[c & 7] ^ (c & 0x80 ? 1ul << (input_byte() & 63) : 0);
}

static uint64_t entry(const struct vcpu *v)
{
    unsigned int c = input_byte();

    if (c < 0x20)
        return 0;
    return c < 0xf8 ? (value_frame(v) & 0xffffffffff) << PAGE_SHIFT | rights() : input_number(8);
}

static uint64_t entry_address(const struct vcpu *v)
{
    static const uint16_t indices[] = { 0, 1, 2, 3, 255, 256, 260, 271, 272, 510, 511 };
    const struct world_domain *w = own_of(v);
    unsigned int c = input_byte(), i = input_byte();
    mfn_t mfn = c < 0xc0 ? w->pages[c % PAGE_TABLES_END] : value_frame(v);
    uint64_t index = i < 0xc0 ? i & 63 : indices[(i & 63) % ARRAY_SIZE(indices)];

    return mfn << PAGE_SHIFT | index * 8 | (c & 1 ? 0 : c % 8 == 2 ? 2 : c % 16 == 4 ? 1 : 0);
}

static uint64_t domain_of(const struct vcpu *v)
{
    static const uint64_t ids[] = { DOMID_SELF, 0, 1, 2, DOMID_IO, DOMID_XEN, DOMID_INVALID, 3 };
    unsigned int c = input_byte();

    if (fuzz_hardware && v->domain->privileged && c < 0x80)
        return FUZZ_HARDWARE;
    if (c < 0x80)
        return ids[c & 3];
    return c < 0xc0 ? v->domain->id : c < HOSTILE ? ids[c & 7] : hostile(c - HOSTILE);
}

static uint64_t number(unsigned int below, const uint64_t *edges, unsigned int count)
{
    unsigned int c = input_byte();

    if (c < 0xc0)
        return c % below;
    return c < HOSTILE ? edges[c % count] : hostile(c - HOSTILE);
}
#define NUMBER(below, ...) \
    number(below, (const uint64_t[]){ __VA_ARGS__ }, \
           sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

static uint64_t time_value(void)
{
    unsigned int c = input_byte();

    if (c < 0xc0)
        return (uint64_t)workbench_now + c * 100000ul;
    return c < HOSTILE ? c * 1000000ul : hostile(c - HOSTILE);
}

static uint64_t grant_flags(void)
{
    static const uint64_t flags[] = {
        GNTMAP_host_map,
        GNTMAP_host_map | GNTMAP_readonly,
        GNTMAP_host_map | GNTMAP_contains_pte,
        GNTMAP_host_map | GNTMAP_contains_pte | GNTMAP_readonly,
        GNTMAP_device_map,
        GNTMAP_device_map | GNTMAP_host_map,
        GNTMAP_host_map | GNTMAP_application_map,
        GNTMAP_device_map | GNTMAP_readonly,
    };
    unsigned int c = input_byte();

    return c < HOSTILE ? flags[c & 7] | (uint64_t)(c & 8) << 16 : hostile(c - HOSTILE);
}

static uint64_t mapping_place(const struct vcpu *v)
{
    unsigned int c = input_byte();

    if (c < 0x60)
        return GUEST_MORE + (c & 7) * PAGE_SIZE;
    if (c < 0xc0)
        return own_of(v)->pages[PAGE_L1_MORE] << PAGE_SHIFT | (c & 7) * 8;
    return c < 0xd0 ? 0 : c < 0xe0 ? address(v) : entry_address(v);
}

static uint64_t descriptor(void)
{
    static const uint64_t some[] = { 0,
                                     0x00affb000000ffff,
                                     0x00cff3000000ffff,
                                     0x00008b0000000067,
                                     0x00af9b000000ffff,
                                     0x0000ec0000000000 };
    unsigned int c = input_byte();

    return c < HOSTILE ? some[c % ARRAY_SIZE(some)] : input_number(8);
}

/* Two kinds that share their member; which, the input says. */
static uint64_t either(char a, char b, const struct vcpu *v)
{
    return value_make(input_byte() & 1 ? a : b, v);
}

uint64_t value_make(char kind, const struct vcpu *v)
{
    switch (kind) {
    case 'A': return address(v);
    case 'B': return input_byte() < 0x80 ? GUEST_BASE + PAGE_CODE * PAGE_SIZE : NUMBER(8, 0, ~0ul);
    case 'D': return domain_of(v);
    case 'E': return entry(v);
    case 'F': return value_frame(v);
    case 'G': return grant_flags();
    case 'H': return NUMBER(8, 127, 128, 129);
    case 'J': return input_chance(32) ? value_frame(v) : FUZZ_DEVICE + (input_byte() & 3);
    case 'K': return mapping_place(v);
    case 'M': return NUMBER(21, 5, 12, 15);
    case 'N':
    case 'n': return input_number(8);
    case 'O': return NUMBER(8, 64, 4032, 4096 - 64, 4096, 7) * 8;
    case 'P': return NUMBER(8, 0, 127, 128, 129, 1023, 1024, 4095, 4096, 131071, 131072);
    case 'Q': return NUMBER(8, 16, 23, 24, 25, 39, 40, 63, 64);
    case 'R': return NUMBER(8, 8, 511, 512, 0x7fff, 0x8000);
    case 'S': return descriptor();
    case 'T': return entry_address(v);
    case 'V': return NUMBER(4, 2, 31, 32, FUZZ_VCPUS - 1, FUZZ_VCPUS);
    case 'W': return input_chance(32) ? input_number(8) : 0xfec00000;
    case 'X': return either('F', 'A', v);
    case 'Y': return either('I', 'X', v);
    case 'Z':
    case 'z': return input_chance(8) ? hostile(input_byte()) : 0;
    case 'd':
        if (fuzz_hardware && input_chance(160))
            return FUZZ_HARDWARE;
        return NUMBER(4, 1, 2, 1, 2, 3, DOMID_SELF, DOMID_INVALID);
    case 'h': return NUMBER(8, 64, 4096) * 1024;
    case 'k': return input_chance(8) ? hostile(input_byte()) : 1;
    case 'm': return NUMBER(128, 256, 300, 4096) * PAGE_SIZE;
    case 'o': return NUMBER(64, 4095, 4088, 4096) * 8;
    case 'q': return either('F', 'R', v);
    case 't': return time_value();
    default: return NUMBER(16, 16, 32, 63, 64, 128, 129);
    }
}

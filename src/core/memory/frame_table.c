/* SPDX-License-Identifier: Apache-2.0 */
/* The frame table at boot, and the machine-to-physical table. */
#include "core/memory/frame_words.h"

#include "core/assert.h"

_Static_assert(sizeof(struct frame) == 32, "the frame table costs 32 bytes a page");

mfn_t frames_end;
const struct frame_table_ops *frame_table_ops;

gfn_t m2p_get(mfn_t mfn)
{
    return frame_of(mfn) ? __atomic_load_n(&m2p_table()[mfn], __ATOMIC_RELAXED) : M2P_INVALID;
}

void m2p_set(mfn_t mfn, gfn_t gfn)
{
    ASSERT(frame_of(mfn));
    __atomic_store_n(&m2p_table()[mfn], gfn, __ATOMIC_RELAXED);
}

void m2p_set_range(mfn_t mfn, gfn_t gfn, uint64_t count)
{
    uint64_t *entry = &m2p_table()[mfn];

    ASSERT(count && frame_of(mfn) && frame_of(mfn + count - 1));
    for (uint64_t i = 0; i < count; i++)
        __atomic_store_n(&entry[i], gfn + i, __ATOMIC_RELAXED);
}

void frame_bind_tables(const struct frame_table_ops *ops)
{
    frame_table_ops = ops;
}

void frame_init(mfn_t end)
{
    ASSERT(end < FRAME_LIST_END);
    frames_end = end;
}

void frame_reserve(mfn_t start, mfn_t end)
{
    struct frame *f = &frame_table()[start];
    uint64_t *m2p = &m2p_table()[start];

    ASSERT(end <= frames_end);
    for (; start < end; start++, f++, m2p++) {
        *f = (struct frame){ .refs = REFS_RAM | 1, .owner = DOMID_XEN };
        *m2p = M2P_INVALID;
    }
}

void frame_reserve_firmware(mfn_t start, mfn_t end)
{
    for (; start < end; start++)
        if (frame_of(start))
            frame_table()[start].owner = DOMID_IO;
}

void frame_unreserve(mfn_t start, mfn_t end)
{
    struct frame *f = &frame_table()[start];
    uint64_t *m2p = &m2p_table()[start];

    ASSERT(end <= frames_end);
    for (; start < end; start++, f++, m2p++) {
        ASSERT(!(f->refs & (REFS_FREE | REFS_ALLOCATED)));
        f->refs = REFS_RAM;
        f->owner = DOMID_INVALID;
        *m2p = M2P_INVALID;
    }
}

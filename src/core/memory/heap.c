/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small objects share pages by size classes (powers of two from 32 bytes to half a page); a slab's
 * frame keeps in aux the class and in next and prev the list of slabs with room; a head in the slab
 * counts the objects in use; the first bytes of a free object link the next free one.
 * From one page up: whole pages, their count in the first frame's aux.
 */
#include "core/memory/heap.h"

#include "core/assert.h"
#include "core/memory/frame.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "lib/memory.h"

#define LEAST_SHIFT 5
#define CLASSES     7 /* 32, 64, … 2048 */
#define PAGES_MAX   0x7fffu
#define AUX_PAGES   0x8000u /* aux: whole pages, their count */
#define AUX_SLAB    0x4000u /* aux: a slab of a class */
#define NO_OBJECT   0xffffu

/* At the start of a slab page; the objects follow at multiples of their size. */
struct slab {
    uint16_t first_free; /* offset in the page; NO_OBJECT: full */
    uint16_t used;
};

static struct lock lock = LOCK(RANK_HEAP); /* guards: slabs, and all slab pages */
static uint32_t slabs[CLASSES] = {         /* slabs with room */
                                   [0 ... CLASSES - 1] = FRAME_LIST_END
};

static void slab_link(struct frame *f, unsigned int class)
{
    f->prev = FRAME_LIST_END;
    f->next = slabs[class];
    if (f->next != FRAME_LIST_END)
        frame_table()[f->next].prev = (uint32_t)frame_mfn(f);
    slabs[class] = (uint32_t)frame_mfn(f);
}

static void slab_unlink(struct frame *f, unsigned int class)
{
    if (f->prev != FRAME_LIST_END)
        frame_table()[f->prev].next = f->next;
    else
        slabs[class] = f->next;
    if (f->next != FRAME_LIST_END)
        frame_table()[f->next].prev = f->prev;
}

/* A fresh page cut into objects; lock not held. */
static struct frame *slab_create(unsigned int class)
{
    mfn_t mfn = page_alloc(0, NODE_ANY, ADDRESS_ANY);
    unsigned int size = 1u << (class + LEAST_SHIFT), at;
    struct slab *slab;

    if (mfn == MFN_NONE)
        return NULL;
    slab = frame_map(mfn);
    *slab = (struct slab){ .first_free = (uint16_t)size };
    for (at = size; at < PAGE_SIZE; at += size)
        *(uint16_t *)((char *)slab + at) = (uint16_t)(at + size < PAGE_SIZE ? at + size
                                                                            : NO_OBJECT);
    frame_table()[mfn].aux = (uint16_t)(AUX_SLAB | class);
    return &frame_table()[mfn];
}

/* Lock held; the class has a slab with room. */
static void *slab_take(unsigned int class)
{
    struct frame *f = &frame_table()[slabs[class]];
    struct slab *slab = frame_map(frame_mfn(f));
    void *object = (char *)slab + slab->first_free;

    ASSERT(slab->first_free < PAGE_SIZE);
    slab->first_free = *(uint16_t *)object;
    slab->used++;
    if (slab->first_free == NO_OBJECT)
        slab_unlink(f, class);
    return object;
}

static void *small_alloc(unsigned int class)
{
    struct frame *fresh = NULL;
    void *object;
    bool on = lock_take_irq(&lock);

    if (slabs[class] == FRAME_LIST_END) {
        lock_release_irq(&lock, on); /* page_alloc's lock ranks below ours */
        fresh = slab_create(class);
        if (!fresh)
            return NULL;
        on = lock_take_irq(&lock);
        slab_link(fresh, class);
    }
    object = slab_take(class);
    lock_release_irq(&lock, on);
    return object;
}

static void small_free(struct frame *f, void *object)
{
    unsigned int class = f->aux & (AUX_SLAB - 1);
    struct slab *slab = (struct slab *)((uint64_t)object & ~PAGE_MASK);
    bool empty, on = lock_take_irq(&lock);

    ASSERT(class < CLASSES && slab->used > 0);
    ASSERT(((uint64_t)object & ((1u << (class + LEAST_SHIFT)) - 1)) == 0);
    if (slab->first_free == NO_OBJECT)
        slab_link(f, class);
    *(uint16_t *)object = slab->first_free;
    slab->first_free = (uint16_t)((uint64_t)object & PAGE_MASK);
    empty = --slab->used == 0;
    if (empty)
        slab_unlink(f, class);
    lock_release_irq(&lock, on);
    if (empty)
        page_free(frame_mfn(f), 0);
}

/* The buddy gives a power of two; what is over goes back at once. */
static void *pages_alloc(size_t size)
{
    size_t pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    unsigned int order = 0;
    mfn_t mfn;

    if (pages > PAGES_MAX)
        return NULL;
    while (1ul << order < pages)
        order++;
    mfn = page_alloc(order, NODE_ANY, ADDRESS_ANY);
    if (mfn == MFN_NONE)
        return NULL;
    frame_table()[mfn].aux = (uint16_t)(AUX_PAGES | pages);
    page_free_range(mfn + pages, mfn + (1ul << order));
    return frame_map(mfn);
}

void *heap_alloc(size_t size)
{
    unsigned int class = 0;
    void *object;

    if (size > PAGE_SIZE / 2) {
        object = size > (size_t)PAGES_MAX << PAGE_SHIFT ? NULL : pages_alloc(size);
        if (object)
            memset(object, 0, (size + PAGE_MASK) & ~PAGE_MASK);
        return object;
    }
    while (1ul << (class + LEAST_SHIFT) < size)
        class ++;
    object = small_alloc(class);
    if (object)
        memset(object, 0, 1ul << (class + LEAST_SHIFT));
    return object;
}

void heap_free(void *object)
{
    struct frame *f;

    if (!object)
        return;
    f = frame_of(frame_at(object));
    ASSERT(f && (f->aux & (AUX_PAGES | AUX_SLAB)));
    if (f->aux & AUX_PAGES) {
        ASSERT(((uint64_t)object & PAGE_MASK) == 0);
        page_free_range(frame_mfn(f), frame_mfn(f) + (f->aux & PAGES_MAX));
    } else {
        small_free(f, object);
    }
}

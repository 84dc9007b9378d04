/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of struct frame, for the files that change them (frame_*.c).  Both change by compare-and-swap
 * only; each carries the TLB clock of the last time that something was given back, in the same word, so that
 * no swap can succeed with a clock older than a mapping that went meanwhile.
 */
#ifndef CORE_MEMORY_FRAME_WORDS_H
#define CORE_MEMORY_FRAME_WORDS_H

#include "core/machine.h"
#include "core/memory/frame.h"

static inline uint64_t load(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* False, with what is there in *old: somebody else was quicker, which is rare. */
static inline bool swap(uint64_t *word, uint64_t *old, uint64_t new)
{
    return __builtin_expect(
        __atomic_compare_exchange_n(word, old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE),
        true);
}

/*
 * The word with the TLB clock of now; 0 in a word means that nothing was ever given back.  The fence
 * keeps the clock from being read before the entry that went is gone for all CPUs: one that flushed
 * in between could have walked it again.
 */
static inline uint64_t stamp(void)
{
    uint32_t now;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    now = arch_tlb_clock();

    return (uint64_t)(now ? now : 1) << STAMP_SHIFT;
}

static inline uint64_t stamped(uint64_t word)
{
    return (word & 0xffffffffu) | stamp();
}

/* No TLB of any CPU holds what was mapped when the word was last stamped. */
static inline void flush_since(uint64_t word)
{
    if (word >> STAMP_SHIFT)
        arch_tlb_flush_stamped(NULL, (uint32_t)(word >> STAMP_SHIFT));
}

/* Of two words the one with the later stamp: a CPU that has flushed since that has done so since both. */
static inline uint64_t later(uint64_t a, uint64_t b)
{
    uint32_t first = (uint32_t)(a >> STAMP_SHIFT), second = (uint32_t)(b >> STAMP_SHIFT);

    return !first || (second && (int32_t)(second - first) > 0) ? b : a;
}

static inline void flush_since_both(uint64_t a, uint64_t b)
{
    flush_since(later(a, b));
}

static inline enum frame_type type_in(uint64_t word)
{
    return (enum frame_type)((word & TYPE_MASK) >> TYPE_SHIFT);
}

/* Bound by frame_bind_tables. */
extern const struct frame_table_ops *frame_table_ops;

/* Nothing refers any more to a frame that its domain had given up before: flush, forget, free. */
void frame_orphan_gone(struct frame *f, uint64_t refs);
/* Owner's lock held: go on with a check of a table that was stopped; as frame_get_type. */
int frame_resume_table(struct frame *f, enum frame_type type);
/* Take a frame that nothing refers to but its allocation out of its owner's list, that with it; nobody can
 * get a reference any more.  Its refs as they were, 0: it is not so.  page_lock held. */
uint64_t frame_take_alone(struct frame *f, struct domain *d);

#endif

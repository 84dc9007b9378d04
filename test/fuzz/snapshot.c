/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world as it is after world_create is kept, and put back before each input: all variables of
 * all files (the linker script puts them in one piece), and the frames that were used then.  RAM is
 * poisoned for AddressSanitizer where nobody may look: free frames, free objects, the rest of an
 * object's size class.
 */
#include "fuzz.h"

#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "x86/layout.h"
#include "x86/memory/map.h"

#include <sanitizer/asan_interface.h>
#include <string.h>
#include <sys/mman.h>

#define SHADOW_SHIFT 3 /* clang's documentation, AddressSanitizer on x86-64 */
#define SHADOW_AT    0x7fff8000ul
#define LEAST_OBJECT 32u     /* core/memory/heap.c's smallest class */
#define AUX_PAGES    0x8000u /* there, too */
#define WINDOWS      4096u

extern char world_start[], world_end[];

static KEPT char *kept_world, *kept_ram, *kept_shadow;
static KEPT bool kept_used[FUZZ_FRAMES], taken[FUZZ_FRAMES];
static KEPT uint64_t kept_segments[WINDOWS];
static KEPT struct vcpu *kept_current;

/* Without a sanitizer's look at it: what is copied is poisoned in places. */
static void copy(void *to, const void *from, size_t size)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

static void clear(void *to, size_t size)
{
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(0) : "memory");
}

static char *ram(mfn_t mfn)
{
    return workbench_ram + mfn * PAGE_SIZE;
}

static char *shadow(mfn_t mfn)
{
    return (char *)(((uint64_t)ram(mfn) >> SHADOW_SHIFT) + SHADOW_AT);
}

#define SHADOW_SIZE (PAGE_SIZE >> SHADOW_SHIFT)

/* ---- allocations ---- */

mfn_t __real_page_alloc(unsigned int order, unsigned int node, unsigned int bits);
mfn_t __wrap_page_alloc(unsigned int order, unsigned int node, unsigned int bits);
void __real_page_free(mfn_t mfn, unsigned int order);
void __wrap_page_free(mfn_t mfn, unsigned int order);
void __real_page_alloc_add(mfn_t start, mfn_t end, unsigned int node);
void __wrap_page_alloc_add(mfn_t start, mfn_t end, unsigned int node);
void *__real_heap_alloc(size_t size);
void *__wrap_heap_alloc(size_t size);
void __real_heap_free(void *object);
void __wrap_heap_free(void *object);

static bool fails(void)
{
    return oom_after && --oom_after == 0;
}

/* The first frame becomes the allocator's own. */
void __wrap_page_alloc_add(mfn_t start, mfn_t end, unsigned int node)
{
    __real_page_alloc_add(start, end, node);
    __asan_poison_memory_region(ram(start + 1), (end - start - 1) * PAGE_SIZE);
}

mfn_t __wrap_page_alloc(unsigned int order, unsigned int node, unsigned int bits)
{
    mfn_t mfn = fails() ? MFN_NONE : __real_page_alloc(order, node, bits);

    if (mfn == MFN_NONE)
        return mfn;
    __asan_unpoison_memory_region(ram(mfn), PAGE_SIZE << order);
    memset(&taken[mfn], true, 1ul << order);
    return mfn;
}

void __wrap_page_free(mfn_t mfn, unsigned int order)
{
    __asan_poison_memory_region(ram(mfn), PAGE_SIZE << order);
    __real_page_free(mfn, order);
}

static size_t class_of(size_t size)
{
    size_t class = LEAST_OBJECT;

    while (class < size)
        class *= 2;
    return class <= PAGE_SIZE / 2 ? class : (size + PAGE_MASK) & ~PAGE_MASK;
}

void *__wrap_heap_alloc(size_t size)
{
    char *object = fails() ? NULL : __real_heap_alloc(size);

    if (!object)
        return NULL;
    __asan_unpoison_memory_region(object, class_of(size));
    __asan_poison_memory_region(object + size, class_of(size) - size);
    return object;
}

void __wrap_heap_free(void *object)
{
    struct frame *f = object ? frame_of(frame_at(object)) : NULL;
    uint16_t aux = f ? f->aux : 0;

    __real_heap_free(object);
    if (f && !(aux & AUX_PAGES))
        __asan_poison_memory_region(object, LEAST_OBJECT << (aux & 0xff));
}

/* core/memory/heap.c is built without AddressSanitizer, as it links its free objects; this is its memset. */
void *fuzz_memset(void *to, int value, size_t size);
void *fuzz_memset(void *to, int value, size_t size)
{
    if (value == 0)
        clear(to, size);
    return to;
}

/* ---- taking and putting back ---- */

static void note_used(void)
{
    memset(kept_used, true, sizeof(kept_used));
    for (mfn_t mfn = 0; mfn < FUZZ_FRAMES; mfn++) {
        const struct frame *f = frame_of(mfn);

        if (f->refs & REFS_FREE)
            memset(&kept_used[mfn], false, 1ul << f->aux);
    }
}

static void *keep(const void *from, size_t size)
{
    void *to = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    REQUIRE(to != MAP_FAILED, "no memory");
    copy(to, from, size);
    return to;
}

void snapshot_take(void)
{
    note_used();
    REQUIRE(cpu_id() == 0 && irq_is_on() && !softirq_bits(), "CPU 0 is not at rest");
    kept_current = current_vcpu();
    for (unsigned int i = 0; i < WINDOWS; i++)
        kept_segments[i] = segment_entry(i);
    memset(taken, false, sizeof(taken));
    kept_ram = keep(ram(0), FUZZ_FRAMES * PAGE_SIZE);
    kept_shadow = keep(shadow(0), FUZZ_FRAMES * SHADOW_SIZE);
    kept_world = keep(world_start, (size_t)(world_end - world_start));
}

static void restore_windows(const uint64_t *now)
{
    for (unsigned int i = 0; i < WINDOWS; i++)
        if (now[i] != kept_segments[i] || frame_of(kept_segments[i] >> PAGE_SHIFT))
            map_segment_page(i, kept_segments[i]);
}

void snapshot_restore(void)
{
    static KEPT uint64_t segments[WINDOWS];

    for (unsigned int i = 0; i < WINDOWS; i++)
        segments[i] = segment_entry(i);
    copy(world_start, kept_world, (size_t)(world_end - world_start));
    workbench_cpu = 0; /* these are the thread's own */
    workbench_current = kept_current;
    workbench_irq = true;
    workbench_softirqs = 0;
    for (mfn_t mfn = 0; mfn < FUZZ_FRAMES; mfn++) {
        if (kept_used[mfn])
            copy(ram(mfn), kept_ram + mfn * PAGE_SIZE, PAGE_SIZE);
        else if (taken[mfn])
            clear(ram(mfn), PAGE_SIZE);
        if (kept_used[mfn] || taken[mfn])
            copy(shadow(mfn), kept_shadow + mfn * SHADOW_SIZE, SHADOW_SIZE);
        taken[mfn] = false;
    }
    restore_windows(segments);
}

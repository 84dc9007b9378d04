/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/dom0_image.h"

#include "boot/bzimage.h"
#include "boot/decompress.h"
#include "boot/dom0_memory.h"
#include "boot/elf.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "x86/memory/map.h"

#define ARENA_BEST  14 /* orders: 64 MiB do for any kernel of Debian's, */
#define ARENA_LEAST 12 /* 16 MiB for all but xz */
#define ROOM_BEST   16 /* 256 MiB, where a file does not say its length */
#define ROOM_LEAST  13

static void *map_block(mfn_t mfn)
{
    return direct(mfn << PAGE_SHIFT); /* in a row, as the frames are */
}

/* The largest free block of these orders; MFN_NONE: none. */
static mfn_t take_block(unsigned int *order, unsigned int best, unsigned int least)
{
    mfn_t mfn = MFN_NONE;

    for (*order = best; mfn == MFN_NONE && *order >= least; --*order)
        mfn = page_alloc(*order, NODE_ANY, ADDRESS_ANY);
    ++*order;
    return mfn;
}

/* Room bytes for the result; 0: it is not known how many.  The image has the buffer already. */
static const char *unpack_with(struct dom0_image *image, const uint8_t *from, size_t size)
{
    unsigned int order;
    mfn_t arena = take_block(&order, ARENA_BEST, ARENA_LEAST);
    const char *why;
    bool on;

    if (arena == MFN_NONE)
        return "there is too little memory to unpack it";
    /* The libraries keep data below RSP (System V ABI: red zone), where an interrupt would push. */
    on = irq_save();
    why = decompress(from, size, map_block(image->buffer), PAGE_SIZE << image->order, &image->size,
                     map_block(arena), PAGE_SIZE << order);
    irq_restore(on);
    page_free(arena, order);
    image->at = map_block(image->buffer);
    return why;
}

/* unpacked: bytes of the result; 0: it is not known how many. */
static const char *unpack(struct dom0_image *image, const uint8_t *from, size_t size,
                          size_t unpacked)
{
    unsigned int best = ROOM_BEST, least = ROOM_LEAST;
    const char *why;

    if (unpacked)
        best = least = dom0_memory_order((unpacked + PAGE_MASK) >> PAGE_SHIFT);
    image->buffer = best <= ORDER_MAX ? take_block(&image->order, best, least) : MFN_NONE;
    if (image->buffer == MFN_NONE)
        return "there is too little memory to unpack it";
    why = unpack_with(image, from, size);
    if (!why && !elf_is(image->at, image->size))
        why = "what is packed in it is no ELF file";
    if (why)
        dom0_image_close(image);
    return why;
}

const char *dom0_image_open(struct dom0_image *image, const uint8_t *module, size_t size)
{
    struct bzimage_payload payload = { module, size, 0 };
    const char *why = NULL;

    *image = (struct dom0_image){ .buffer = MFN_NONE };
    if (bzimage_is(module, size))
        why = bzimage_payload(module, size, &payload);
    if (why)
        return why;
    if (elf_is(payload.at, payload.size)) {
        image->at = payload.at;
        image->size = payload.size;
        return NULL;
    }
    if (!decompress_name(payload.at, payload.size))
        return "it is neither an ELF file nor a Linux kernel, nor packed in a way that is known";
    return unpack(image, payload.at, payload.size, payload.unpacked);
}

void dom0_image_close(struct dom0_image *image)
{
    if (image->buffer != MFN_NONE)
        page_free(image->buffer, image->order);
    *image = (struct dom0_image){ .buffer = MFN_NONE };
}

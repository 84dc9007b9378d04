/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/elf.h"

#include "lib/text.h"

#include <xen/elfnote.h>
#include <xen/features.h>

#define SEGMENTS_MAX 64
#define CLASS_64     2
#define LITTLE       1
#define TYPE_EXEC    2
#define TYPE_DYN     3
#define MACHINE_X86  62
#define PT_LOAD      1
#define PT_NOTE      4
#define KERNEL_MAX   (1ul << 30) /* bytes from the lowest to the highest address */
#define PVH_END      (3ul << 30)
#define HOLE_START   0xffff800000000000ul
#define HOLE_END     0xffff880000000000ul

/* ELF-64 object file format, version 1.5, figures 2, 6 and 7. */
struct elf_header {
    uint8_t magic[4], class, data, version, abi, pad[8];
    uint16_t type, machine;
    uint32_t file_version;
    uint64_t entry, segments_at, sections_at;
    uint32_t flags;
    uint16_t size, segment_size, segment_count, section_size, section_count, names;
};

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, virtual, physical, in_file, in_memory, align;
};

struct elf_note {
    uint32_t name_size, size, type; /* then name and content, each to a multiple of 4 bytes */
};

/* Features that a PV guest of Zeroth's may rely on; the others belong to other kinds of guest. */
#define KNOWN_FEATURES \
    (1ul << XENFEAT_writable_page_tables | 1ul << XENFEAT_dom0 | \
     1ul << XENFEAT_pae_pgdir_above_4gb | 1ul << XENFEAT_highmem_assist | \
     1ul << XENFEAT_mmu_pt_update_preserve_ad | 1ul << XENFEAT_gnttab_map_avail_bits | \
     1ul << XENFEAT_memory_op_vnode_supported | 1ul << XENFEAT_not_direct_mapped)

static const struct {
    const char *name;
    uint8_t bit;
} feature_names[] = {
    { "writable_page_tables", XENFEAT_writable_page_tables },
    { "writable_descriptor_tables", XENFEAT_writable_descriptor_tables },
    { "auto_translated_physmap", XENFEAT_auto_translated_physmap },
    { "supervisor_mode_kernel", XENFEAT_supervisor_mode_kernel },
    { "pae_pgdir_above_4gb", XENFEAT_pae_pgdir_above_4gb },
    { "mmu_pt_update_preserve_ad", XENFEAT_mmu_pt_update_preserve_ad },
    { "highmem_assist", XENFEAT_highmem_assist },
    { "gnttab_map_avail_bits", XENFEAT_gnttab_map_avail_bits },
    { "hvm_callback_vector", XENFEAT_hvm_callback_vector },
    { "hvm_safe_pvclock", XENFEAT_hvm_safe_pvclock },
    { "hvm_pirqs", XENFEAT_hvm_pirqs },
    { "dom0", XENFEAT_dom0 },
    { "memory_op_vnode_supported", XENFEAT_memory_op_vnode_supported },
};

static void copy(void *to, const void *from, size_t size)
{
    __builtin_memcpy(to, from, size);
}

bool elf_is(const void *image, size_t size)
{
    const uint8_t *b = image;

    return size >= 4 && b[0] == 0x7f && b[1] == 'E' && b[2] == 'L' && b[3] == 'F';
}

/* Is [offset, offset + length) within size bytes? */
static bool within(uint64_t offset, uint64_t length, size_t size)
{
    return offset <= size && length <= size - offset;
}

static const char *check_header(const struct elf_header *h, size_t size)
{
    if (h->class != CLASS_64 || h->data != LITTLE || h->machine != MACHINE_X86)
        return "it is no 64-bit x86 program";
    if (h->type != TYPE_EXEC && h->type != TYPE_DYN)
        return "it is no program";
    if (h->segment_size != sizeof(struct elf_segment) || h->segment_count == 0 ||
        h->segment_count > SEGMENTS_MAX)
        return "its program headers are malformed";
    if (!within(h->segments_at, h->segment_count * sizeof(struct elf_segment), size))
        return "it is cut off";
    return NULL;
}

/* The file may stand at any address: segments are copied, not pointed to. */
static struct elf_segment segment(const struct elf_kernel *k, unsigned int i)
{
    struct elf_header h;
    struct elf_segment s;

    copy(&h, k->image, sizeof(h));
    copy(&s, k->image + h.segments_at + i * sizeof(s), sizeof(s));
    return s;
}

static unsigned int segment_count(const struct elf_kernel *k)
{
    struct elf_header h;

    copy(&h, k->image, sizeof(h));
    return h.segment_count;
}

static void read_text(char *to, const uint8_t *from, uint32_t size)
{
    uint32_t i;

    for (i = 0; i < size && i < ELF_TEXT - 1 && from[i]; i++)
        to[i] = from[i] >= ' ' && from[i] < 0x7f ? (char)from[i] : '?';
    to[i] = '\0';
}

/* A number of 1, 2, 4 or 8 bytes; false: another size. */
static bool read_number(const uint8_t *from, uint32_t size, uint64_t *to)
{
    uint64_t n = 0;

    if (size != 1 && size != 2 && size != 4 && size != 8)
        return false;
    for (uint32_t i = size; i > 0; i--)
        n = n << 8 | from[i - 1];
    *to = n;
    return true;
}

static int feature_bit(struct span name)
{
    for (unsigned int i = 0; i < sizeof(feature_names) / sizeof(feature_names[0]); i++)
        if (text_equal(name, feature_names[i].name))
            return feature_names[i].bit;
    return -1;
}

/* Names parted by '|'; one with '!' before it is required, and must be known then. */
static const char *read_features(struct elf_kernel *k, const uint8_t *from, uint32_t size)
{
    struct span rest = { (const char *)from, 0 };

    while (rest.length < size && from[rest.length])
        rest.length++;
    while (rest.length) {
        struct span name = text_cut(&rest, '|');
        bool required = name.length && name.at[0] == '!';
        int bit;

        name.at += required;
        name.length -= required;
        bit = feature_bit(name);
        if (bit < 0 && required)
            return "it requires a feature that is not known";
        if (bit >= 0)
            k->features |= 1ul << bit;
        if (required)
            k->required |= 1ul << bit;
    }
    return NULL;
}

static bool read_l1_rules(struct elf_kernel *k, const uint8_t *from, uint32_t size)
{
    if (size == 0 || size % 16)
        return false;
    for (; size && k->l1_rules < ELF_RULES; size -= 16, from += 16) {
        read_number(from, 8, &k->l1_mask[k->l1_rules]);
        read_number(from + 8, 8, &k->l1_value[k->l1_rules++]);
    }
    return true;
}

static bool read_flag(const uint8_t *from, uint32_t size, bool *to)
{
    uint64_t n;

    if (!read_number(from, size, &n))
        return false;
    *to = n != 0;
    return true;
}

/* NULL also for a note that means nothing here. */
static const char *read_note(struct elf_kernel *k, uint32_t type, const uint8_t *at, uint32_t size)
{
    uint64_t more = 0;
    bool good = true;

    switch (type) {
    case XEN_ELFNOTE_ENTRY: good = read_number(at, size, &k->entry); break;
    case XEN_ELFNOTE_PHYS32_ENTRY: good = read_number(at, size, &k->entry_pvh); break;
    case XEN_ELFNOTE_HYPERCALL_PAGE: good = read_number(at, size, &k->hypercall_page); break;
    case XEN_ELFNOTE_VIRT_BASE: good = read_number(at, size, &k->virt_base); break;
    case XEN_ELFNOTE_PADDR_OFFSET: good = read_number(at, size, &k->paddr_offset); break;
    case XEN_ELFNOTE_INIT_P2M: good = read_number(at, size, &k->init_p2m); break;
    case XEN_ELFNOTE_HV_START_LOW: good = read_number(at, size, &k->hole_start); break;
    case XEN_ELFNOTE_MOD_START_PFN: good = read_flag(at, size, &k->mod_start_pfn); break;
    case XEN_ELFNOTE_SUSPEND_CANCEL: good = read_flag(at, size, &k->suspend_cancel); break;
    case XEN_ELFNOTE_L1_MFN_VALID: good = read_l1_rules(k, at, size); break;
    case XEN_ELFNOTE_SUPPORTED_FEATURES:
        good = read_number(at, size, &more);
        k->features |= more;
        k->says_supported = true;
        break;
    case XEN_ELFNOTE_FEATURES: return read_features(k, at, size);
    case XEN_ELFNOTE_XEN_VERSION: read_text(k->xen_version, at, size); break;
    case XEN_ELFNOTE_GUEST_OS: read_text(k->guest_os, at, size); break;
    case XEN_ELFNOTE_GUEST_VERSION: read_text(k->guest_version, at, size); break;
    case XEN_ELFNOTE_LOADER: read_text(k->loader, at, size); break;
    default: break;
    }
    return good ? NULL : "a note of it is malformed";
}

/* All notes of one segment. */
static const char *read_notes(struct elf_kernel *k, const struct elf_segment *s)
{
    const uint8_t *at = k->image + s->offset;
    uint64_t left = s->in_file;

    while (left >= sizeof(struct elf_note)) {
        struct elf_note n;
        uint64_t name, all;
        const char *why;

        copy(&n, at, sizeof(n));
        name = ((uint64_t)n.name_size + 3) & ~3ul;
        all = sizeof(n) + name + (((uint64_t)n.size + 3) & ~3ul);
        if (sizeof(n) + name + n.size > left)
            return "its notes are cut off";
        if (n.name_size == 4 &&
            text_equal((struct span){ (const char *)at + sizeof(n), 3 }, "Xen")) {
            why = read_note(k, n.type, at + sizeof(n) + name, n.size);
            if (why)
                return why;
        }
        at += all < left ? all : left;
        left -= all < left ? all : left;
    }
    return NULL;
}

static const char *read_all_notes(struct elf_kernel *k)
{
    for (unsigned int i = 0; i < segment_count(k); i++) {
        struct elf_segment s = segment(k, i);
        const char *why;

        if (s.type != PT_NOTE)
            continue;
        if (!within(s.offset, s.in_file, k->size))
            return "it is cut off";
        why = read_notes(k, &s);
        if (why)
            return why;
    }
    return NULL;
}

/* Where a segment goes; wrapped results are caught by the bounds that follow. */
static uint64_t virtual_of(const struct elf_kernel *k, const struct elf_segment *s)
{
    return s->physical - k->paddr_offset + k->virt_base;
}

/* Segments ascend and do not overlap, so that elf_load may fill between them. */
static const char *check_segments(struct elf_kernel *k)
{
    k->start = ELF_NONE;
    k->end = 0;
    for (unsigned int i = 0; i < segment_count(k); i++) {
        struct elf_segment s = segment(k, i);
        uint64_t at = virtual_of(k, &s);

        if (s.type != PT_LOAD || s.in_memory == 0)
            continue;
        if (s.in_file > s.in_memory || !within(s.offset, s.in_file, k->size))
            return "it is cut off";
        if (s.in_memory > KERNEL_MAX || at + s.in_memory < at || at < k->end)
            return "its segments overlap, or are not in order";
        if (k->start == ELF_NONE)
            k->start = at;
        k->end = at + s.in_memory;
        if (k->end - k->start > KERNEL_MAX)
            return "its segments lie too far apart";
    }
    return k->start == ELF_NONE ? "it has nothing to load" : NULL;
}

static bool canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

static const char *check_kernel(const struct elf_kernel *k)
{
    if (k->xen_version[0] == '\0' && k->guest_os[0] == '\0' && k->loader[0] == '\0')
        return "it is no PV kernel: it has no Xen notes";
    if (k->required & ~KNOWN_FEATURES)
        return "it requires features that a PV guest cannot have";
    if (k->says_supported && !(k->features & 1ul << XENFEAT_dom0))
        return "it is a guest's kernel that cannot be Dom0";
    if (!canonical(k->start) || !canonical(k->end - 1) ||
        (k->start < HOLE_END && k->end > HOLE_START) || (k->start >> 63) != ((k->end - 1) >> 63))
        return "its addresses are not a guest's";
    if (k->start < k->virt_base)
        return "it lies below its own base address";
    if (k->entry < k->start || k->entry >= k->end)
        return "its entry lies outside of it";
    if (k->hypercall_page != ELF_NONE &&
        ((k->hypercall_page & 4095) || k->hypercall_page < k->start ||
         k->hypercall_page >= k->end || k->end - k->hypercall_page < 4096))
        return "its hypercall page lies outside of it";
    if (k->init_p2m != ELF_NONE && (!canonical(k->init_p2m) || (k->init_p2m & ((2ul << 20) - 1)) ||
                                    (k->init_p2m >= HOLE_START && k->init_p2m < HOLE_END)))
        return "its place for the P2M list is not a guest's";
    if (k->hole_start != ELF_NONE && k->hole_start > HOLE_START)
        return "it takes addresses of the hypervisor's";
    return NULL;
}

/* All but the segments. */
static const char *read_file(struct elf_kernel *k, const void *image, size_t size)
{
    struct elf_header h;
    const char *why;

    *k = (struct elf_kernel){ .image = image,
                              .size = size,
                              .hypercall_page = ELF_NONE,
                              .entry_pvh = ELF_NONE,
                              .init_p2m = ELF_NONE,
                              .hole_start = ELF_NONE };
    if (!elf_is(image, size))
        return "it is no ELF file";
    if (size < sizeof(h))
        return "it is cut off";
    copy(&h, image, sizeof(h));
    k->entry = h.entry;
    why = check_header(&h, size);
    return why ? why : read_all_notes(k);
}

const char *elf_read(struct elf_kernel *k, const void *image, size_t size)
{
    const char *why = read_file(k, image, size);

    if (!why)
        why = check_segments(k);
    return why ? why : check_kernel(k);
}

const char *elf_read_pvh(struct elf_kernel *k, const void *image, size_t size)
{
    const char *why = read_file(k, image, size);

    k->virt_base = k->paddr_offset = 0;
    if (!why)
        why = check_segments(k);
    if (why)
        return why;
    if (k->entry_pvh == ELF_NONE)
        return "it has no PVH entry";
    if (k->end > PVH_END)
        return "it wants to lie above the first 3 GiB";
    if (k->entry_pvh < k->start || k->entry_pvh >= k->end)
        return "its entry lies outside of it";
    return NULL;
}

void elf_load(const struct elf_kernel *k, void *to)
{
    uint8_t *base = to;
    uint64_t done = k->start; /* all below is written */

    for (unsigned int i = 0; i < segment_count(k); i++) {
        struct elf_segment s = segment(k, i);
        uint64_t at = virtual_of(k, &s);

        if (s.type != PT_LOAD || s.in_memory == 0)
            continue;
        __builtin_memset(base + (done - k->start), 0, at - done);
        copy(base + (at - k->start), k->image + s.offset, s.in_file);
        done = at + s.in_file;
    }
    __builtin_memset(base + (done - k->start), 0, k->end - done);
}

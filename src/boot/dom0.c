/* SPDX-License-Identifier: Apache-2.0 */
/* Dom0, from the loader's modules to a vCPU that could run: the order of it all. */
#include "boot/dom0.h"

#include "boot/dom0_image.h"
#include "boot/dom0_info.h"
#include "boot/dom0_layout.h"
#include "boot/dom0_memory.h"
#include "boot/dom0_size.h"
#include "boot/dom0_steps.h"
#include "boot/dom0_tables.h"
#include "boot/memory.h"
#include "core/assert.h"
#include "core/console/console.h"
#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/event/pirq.h"
#include "core/vcpu.h"
#include "lib/format.h"
#include "lib/memory.h"
#include "x86/memory/map.h"
#include "x86/pv/entry.h"
#include "x86/pv/hypercall_page.h"
#include "x86/pv/kind.h"
#include "x86/pv/validate.h"

#define PIRQS      (64 + ARCH_IRQS) /* one for every interrupt there can be, and some */
#define OWN_PAGES  1024u            /* Zeroth keeps at least so much for what comes later, */
#define OWN_A_VCPU 16u              /* and this for each of Dom0's vCPUs */

/* What is being built. */
struct build {
    const struct boot_info *info;
    const struct options *options;
    struct dom0_image image;
    struct elf_kernel kernel;
    struct dom0_layout layout;
    struct dom0_memory *memory;         /* memory->pages: as many as it has by now */
    struct vcpu_guest_context *context; /* of its first vCPU */
    struct domain *domain;
    struct dom0_share share;
    unsigned int vcpus;
    bool initrd_given; /* its frames are Dom0's, and were not copied */
};

static const struct boot_module *initrd(const struct build *b)
{
    const struct boot_module *m = &b->info->modules[1];

    return b->info->module_count > 1 && m->end > m->start ? m : NULL;
}

static uint64_t initrd_bytes(const struct build *b)
{
    const struct boot_module *m = initrd(b);

    return m ? m->end - m->start : 0;
}

static void choose_size(struct build *b)
{
    uint64_t free = page_alloc_free_count(NODE_ANY) + boot_memory_module_pages();

    b->vcpus = dom0_size_vcpus(b->options, cpu_count);
    if (b->image.buffer != MFN_NONE)
        free += 1ul << b->image.order;
    b->share = dom0_share(b->options, free, OWN_PAGES + OWN_A_VCPU * b->vcpus);
}

static void lay_out(struct build *b)
{
    const struct dom0_layout *l = &b->layout;
    const char *why = dom0_layout(&b->layout, &b->kernel, b->share.pages, initrd_bytes(b));

    if (why)
        console_fatal("Dom0: its kernel cannot be started: %s", why);
    if (l->least > b->share.pages)
        console_fatal("Dom0: %lu MiB are too little; its kernel, initrd and tables take %lu MiB",
                      MIB(b->share.pages), MIB(l->least) + 1);
    console_log(LOG_DEBUG, "Dom0: region %#lx to %#lx, initrd frame %#lx, P2M list %#lx", l->base,
                l->end, l->initrd_gfn, l->list);
    console_log(LOG_DEBUG, "Dom0: start_info %#lx, %lu page tables at %#lx, stack %#lx, entry %#lx",
                l->info, l->table_pages, l->tables, l->stack, b->kernel.entry);
}

static void create(struct build *b)
{
    struct domain *d;

    b->memory = heap_alloc(sizeof(*b->memory));
    b->context = heap_alloc(sizeof(*b->context));
    if (!b->memory || !b->context || domain_create(0, &pv_kind, b->vcpus, &d))
        console_fatal("Dom0: there is too little memory to create it");
    ASSERT(d->privileged && d == dom0);
    d->pages_max = dom0_size_limit(b->options, b->share.free, b->share.pages);
    if (pv_domain_set_hardware(d) || pirq_domain_create(d, PIRQS))
        console_fatal("Dom0: there is too little memory to give it the machine's devices");
    b->memory->domain = b->domain = d;
}

static void *region_at(const struct build *b, uint64_t address)
{
    return direct(dom0_memory_frame(b->memory, dom0_layout_gfn(&b->layout, address)) << PAGE_SHIFT);
}

/* The region in one piece, and the kernel in it.  What the block has more is Dom0's next memory. */
static void load_kernel(struct build *b, mfn_t *spare, uint64_t *spare_count)
{
    uint64_t pages = b->layout.region_pages;
    unsigned int order = dom0_memory_order(pages);
    mfn_t block = order <= ORDER_MAX ? page_alloc(order, NODE_ANY, ADDRESS_ANY) : MFN_NONE;

    if (block == MFN_NONE || !dom0_memory_add(b->memory, block, pages))
        console_fatal("Dom0: no %lu MiB of memory in one piece are free for its kernel",
                      MIB(1ul << order));
    elf_load(&b->kernel, region_at(b, b->kernel.start));
    if (b->kernel.hypercall_page != ELF_NONE)
        hypercall_page_fill(region_at(b, b->kernel.hypercall_page));
    dom0_image_close(&b->image);
    *spare = block + pages;
    *spare_count = (1ul << order) - pages;
}

static void add_spare(struct build *b, mfn_t mfn, uint64_t count)
{
    uint64_t wanted = b->share.pages - b->memory->pages, used = count < wanted ? count : wanted;

    if (used && !dom0_memory_add(b->memory, mfn, used))
        used = 0;
    dom0_memory_free(mfn + used, count - used);
}

/* The initrd that is not in the region: without a copy, where its pages are its own. */
static void give_initrd(struct build *b)
{
    const struct boot_module *m = initrd(b);
    uint64_t left;

    if (!m || b->layout.initrd || !boot_memory_take_module(m->start, m->end))
        return;
    left = -m->end & PAGE_MASK;
    memset(direct(m->end), 0, left);
    if (!dom0_memory_add(b->memory, m->start >> PAGE_SHIFT, b->layout.initrd_pages))
        console_fatal("Dom0: its initrd cannot be given to it");
    b->initrd_given = true;
}

static void fill(struct build *b, uint64_t pages)
{
    if (!dom0_memory_fill(b->memory, pages))
        console_fatal("Dom0: %lu MiB of memory were to be its own, and only %lu MiB could be had",
                      MIB(b->share.pages), MIB(b->memory->pages));
}

static void copy_initrd(struct build *b)
{
    const struct boot_module *m = initrd(b);
    const uint8_t *from = m ? direct(m->start) : NULL;

    if (!m || b->initrd_given)
        return;
    if (!b->layout.initrd && b->memory->pages < b->layout.initrd_gfn + b->layout.initrd_pages)
        fill(b, b->layout.initrd_gfn + b->layout.initrd_pages);
    for (uint64_t i = 0, left = m->end - m->start; left; i++) {
        uint64_t part = left < PAGE_SIZE ? left : PAGE_SIZE;
        uint8_t *page = frame_map(dom0_memory_frame(b->memory, b->layout.initrd_gfn + i));

        memcpy(page, from + i * PAGE_SIZE, part);
        memset(page + part, 0, PAGE_SIZE - part);
        frame_unmap(page);
        left -= part;
    }
}

/* All frames, in the order of their numbers: see boot/dom0_layout.h. */
static void give_memory(struct build *b)
{
    uint64_t spare_count;
    mfn_t spare;

    load_kernel(b, &spare, &spare_count);
    give_initrd(b);
    add_spare(b, spare, spare_count);
    copy_initrd(b);
    boot_memory_release_modules();
    fill(b, b->share.pages);
}

/* Dom0's command line; a root pointer that was hard to find is told by the kernel's own option. */
static const char *command_line(const struct build *b)
{
    static char line[MAX_GUEST_CMDLINE];
    const char *given = multiboot_arguments(b->info->modules[0].line, b->info->loader);

    if (!b->info->rsdp_searched)
        return given;
    format(line, sizeof(line), "%s acpi_rsdp=%#lx", given, (unsigned long)b->info->rsdp);
    return line;
}

static void write_info(const struct build *b)
{
    const struct dom0_facts facts = {
        .pages = b->share.pages,
        .shared_info = b->domain->shared_mfn,
        .initrd_bytes = initrd_bytes(b),
        .line = command_line(b),
        .boot = b->info,
    };

    if (!dom0_info_fill(region_at(b, b->layout.info), &b->layout, &facts))
        console_log(LOG_WARNING, "Dom0: of its command line only %u characters are passed on",
                    MAX_GUEST_CMDLINE - 1);
    memset(region_at(b, b->layout.stack), 0, PAGE_SIZE);
}

/* A guest finds its first tables pinned, and unpins them when it has others. */
static void pin_tables(const struct build *b)
{
    struct frame *top =
        frame_of(dom0_memory_frame(b->memory, dom0_layout_gfn(&b->layout, b->layout.tables)));
    int rc;

    pv_tables_lock(b->domain);
    do
        rc = frame_pin(top, FRAME_L4);
    while (rc == -XEN_ERESTART);
    pv_tables_unlock(b->domain);
    ASSERT(rc == 0);
}

/* The state in which a PV guest starts (xen/xen.h, above struct start_info). */
static void start_vcpu(const struct build *b)
{
    struct vcpu_guest_context *c = b->context;
    struct vcpu *v = domain_vcpu(b->domain, 0);
    int rc;

    c->flags = VGCF_in_kernel;
    c->vm_assist = 1u << VMASST_TYPE_pae_extended_cr3; /* as by Xen; a feature's bit follows it */
    c->user_regs.rip = b->kernel.entry;
    c->user_regs.rsi = b->layout.info;
    c->user_regs.rsp = c->kernel_sp = b->layout.stack + PAGE_SIZE;
    c->user_regs.cs = FLAT_KERNEL_CS;
    c->user_regs.ss = FLAT_KERNEL_SS;
    c->kernel_ss = FLAT_KERNEL_SS;
    c->ctrlreg[3] = dom0_memory_frame(b->memory, dom0_layout_gfn(&b->layout, b->layout.tables))
                    << PAGE_SHIFT;
    do
        rc = vcpu_initialise(v, c);
    while (rc == -XEN_ERESTART);
    ASSERT(rc == 0);
    rc = vcpu_up(v); /* the domain is still paused */
    ASSERT(rc == 0);
}

void dom0_build(const struct boot_info *info, const struct options *o)
{
    struct build b = { .info = info, .options = o };

    dom0_kernel_open(info, &b.image, &b.kernel, "", elf_read);
    choose_size(&b);
    lay_out(&b);
    create(&b); /* before memory, which has an owner from here on */
    give_memory(&b);
    dom0_tables_build(b.memory, &b.layout);
    dom0_tables_list(b.memory, &b.layout);
    write_info(&b);
    dom0_vcpus_create(b.domain, b.vcpus, o);
    pin_tables(&b); /* last: tables can be written no more */
    start_vcpu(&b);
    heap_free(b.memory);
    heap_free(b.context);
    console_log(LOG_INFO, "Dom0: %lu MiB of memory, %u vCPUs", MIB(b.share.pages), b.vcpus);
}

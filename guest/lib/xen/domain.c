/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a PV domain out of this kernel's own image (xen/domctl.h, xen/memory.h; xen/xen.h, start_info). */
#include "internal.h"

#include <pv-xen/domain.h>

#include <pv/ops.h>

#include <xen/domctl.h>
#include <xen/errno.h>
#include <xen/memory.h>

#define PAGE        4096ul
#define ENTRIES     512u
#define IMAGE_PFN   ((unsigned int)(PV_PHYS_BASE / PAGE))
#define LOW_ORDER   9
#define TABLE_FLAGS 0x67ul /* present, writable, user, accessed, dirty */
#define TABLE_LEAF  0x65ul
#define MAX_PORTS   1024
#define FRAMES      64

extern uint8_t pv_image_start[], pv_image_data_end[], pv_image_end[];
extern const char xen_pv_entry[];

/* A hypercall, its time taken. */
#define SPENT(call) \
    ({ \
        uint64_t start = pv_ticks(); \
        long result = call; \
        xen_domain_spent += pv_ticks() - start; \
        result; \
    })

uint64_t xen_domain_spent;
static uint8_t window[PAGE] __attribute__((aligned(4096)));

long xen_domctl(struct xen_domctl *op, unsigned int command, domid_t domain)
{
    op->cmd = command;
    op->domain = domain;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    return SPENT(hypercall1(__HYPERVISOR_domctl, op));
}

uint32_t xen_domain_flags(domid_t id)
{
    struct xen_domctl op = { 0 };

    if (xen_domctl(&op, XEN_DOMCTL_getdomaininfo, id) < 0 || op.u.getdomaininfo.domain != id)
        return ~0u;
    return op.u.getdomaininfo.flags;
}

long xen_map_frame(void *page, domid_t domain, xen_pfn_t frame, bool writable)
{
    return SPENT(hypercall4(__HYPERVISOR_update_va_mapping_otherdomain, page,
                            frame * PAGE | (writable ? TABLE_FLAGS : TABLE_LEAF), UVMF_INVLPG,
                            domain));
}

long xen_map_own(void *page)
{
    return SPENT(hypercall3(__HYPERVISOR_update_va_mapping, page,
                            xen_frame_of(page) * PAGE | TABLE_FLAGS, UVMF_INVLPG));
}

/* The window over a guest frame of the domain. */
static long open_window(const struct xen_domain *d, unsigned int pfn)
{
    return xen_map_frame(window, d->id, d->frames[pfn], true);
}

static uint64_t address_of(unsigned int pfn)
{
    return PV_VIRT_BASE + pfn * PAGE;
}

long xen_domain_new(struct xen_domain *d)
{
    struct xen_domctl op = { 0 };
    long error;

    op.u.createdomain = (struct xen_domctl_createdomain){
        .max_vcpus = 1,
        .max_evtchn_port = MAX_PORTS - 1,
        .max_grant_frames = FRAMES,
        .max_maptrack_frames = FRAMES,
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
    };
    error = xen_domctl(&op, XEN_DOMCTL_createdomain, 0);
    if (error < 0)
        return error;
    d->id = op.domain;
    op.u.max_vcpus.max = 1;
    error = xen_domctl(&op, XEN_DOMCTL_max_vcpus, d->id);
    if (error < 0)
        xen_domain_destroy(d);
    return error;
}

/* Frames for some guest frames; -ENOMEM when there are less. */
static long populate(struct xen_domain *d, xen_pfn_t *list, unsigned int count, unsigned int order)
{
    struct xen_memory_reservation ask = { .nr_extents = count,
                                          .extent_order = order,
                                          .domid = d->id };
    long done;

    set_xen_guest_handle(ask.extent_start, list);
    done = SPENT(hypercall2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &ask));
    return done < 0 ? done : done == count ? 0 : -XEN_ENOMEM;
}

long xen_domain_populate(struct xen_domain *d)
{
    struct xen_domctl op = { 0 };
    long error;

    d->pages = (unsigned int)(IMAGE_PFN + (uint64_t)(pv_image_end - pv_image_start) / PAGE);
    if (d->pages > XEN_DOMAIN_PAGES)
        return -XEN_E2BIG;
    op.u.max_mem.max_memkb = d->pages * (PAGE / 1024);
    error = xen_domctl(&op, XEN_DOMCTL_max_mem, d->id);
    d->frames[0] = 0;
    for (unsigned int pfn = IMAGE_PFN; pfn < d->pages; pfn++)
        d->frames[pfn] = pfn;
    if (!error)
        error = populate(d, d->frames, 1, LOW_ORDER);
    if (!error)
        error = populate(d, d->frames + IMAGE_PFN, d->pages - IMAGE_PFN, 0);
    for (unsigned int pfn = 1; pfn < IMAGE_PFN; pfn++)
        d->frames[pfn] = d->frames[0] + pfn;
    return error;
}

/* The image as it stands, its zeroed part zero again. */
static long copy_image(const struct xen_domain *d)
{
    long error = 0;

    for (unsigned int pfn = IMAGE_PFN; pfn < d->pages && !error; pfn++) {
        const uint8_t *from = pv_image_start + (pfn - IMAGE_PFN) * PAGE;

        error = open_window(d, pfn);
        if (error)
            break;
        if (from < pv_image_data_end)
            __builtin_memcpy(window, from, PAGE);
        else
            __builtin_memset(window, 0, PAGE);
    }
    return error;
}

/* One table: entries for consecutive guest frames from `first`, from entry `at` on. */
static long fill_table(const struct xen_domain *d, unsigned int table, unsigned int at,
                       unsigned int first, unsigned int count)
{
    uint64_t *entries = (uint64_t *)window;
    long error = open_window(d, table);

    if (error)
        return error;
    __builtin_memset(window, 0, PAGE);
    for (unsigned int i = 0; i < count; i++) {
        bool is_table = first + i >= XEN_DOMAIN_L4 && first + i < XEN_DOMAIN_P2M;

        entries[at + i] = d->frames[first + i] * PAGE |
                          (is_table && table >= XEN_DOMAIN_L1 ? TABLE_LEAF : TABLE_FLAGS);
    }
    return 0;
}

static long fill_tables(const struct xen_domain *d)
{
    unsigned int tables = (d->pages + ENTRIES - 1) / ENTRIES;
    long error = fill_table(d, XEN_DOMAIN_L4, PV_VIRT_BASE >> 39 & 511, XEN_DOMAIN_L3, 1);

    if (!error)
        error = fill_table(d, XEN_DOMAIN_L3, PV_VIRT_BASE >> 30 & 511, XEN_DOMAIN_L2, 1);
    if (!error)
        error = fill_table(d, XEN_DOMAIN_L2, PV_VIRT_BASE >> 21 & 511, XEN_DOMAIN_L1, tables);
    for (unsigned int i = 0; i < tables && !error; i++) {
        unsigned int first = i * ENTRIES, left = d->pages - first;

        error = fill_table(d, XEN_DOMAIN_L1 + i, 0, first, left < ENTRIES ? left : ENTRIES);
    }
    return error;
}

/* The list of frames, which a PV guest reads at start_info.mfn_list. */
static long fill_p2m(const struct xen_domain *d)
{
    const unsigned int per_page = PAGE / sizeof(d->frames[0]);
    long error = 0;

    for (unsigned int pfn = 0; pfn < d->pages && !error; pfn += per_page) {
        error = open_window(d, XEN_DOMAIN_P2M + pfn / per_page);
        if (!error)
            __builtin_memcpy(window, d->frames + pfn, PAGE);
    }
    return error;
}

/* A port of the domain's that waits for domain 0. */
static long port_for_us(const struct xen_domain *d, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound alloc = { .dom = d->id, .remote_dom = DOMID_SELF };
    long error = SPENT(hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &alloc));

    *port = alloc.port;
    return error;
}

/* No event may reach it before it says where events go. */
static long mask_events(const struct xen_domain *d, xen_pfn_t shared_info)
{
    long error = xen_map_frame(window, d->id, shared_info, true);

    if (!error)
        ((struct shared_info *)window)->vcpu_info[0].evtchn_upcall_mask = 1;
    return error;
}

static long fill_info(struct xen_domain *d, const char *command_line)
{
    struct start_info *info = (struct start_info *)window;
    struct xen_domctl op = { 0 };
    long error = xen_domctl(&op, XEN_DOMCTL_getdomaininfo, d->id);

    error = error ? error : port_for_us(d, &d->console);
    error = error ? error : port_for_us(d, &d->bell);
    error = error ? error : open_window(d, XEN_DOMAIN_INFO);
    if (error)
        return error;
    *info = (struct start_info){
        .magic = "xen-3.0-x86_64",
        .nr_pages = d->pages,
        .shared_info = op.u.getdomaininfo.shared_info_frame * PAGE,
        .store_mfn = d->frames[XEN_DOMAIN_BOX],
        .store_evtchn = d->bell,
        .console.domU = { d->frames[XEN_DOMAIN_CONSOLE], d->console },
        .pt_base = address_of(XEN_DOMAIN_L4),
        .nr_pt_frames = XEN_DOMAIN_P2M - XEN_DOMAIN_L4,
        .mfn_list = address_of(XEN_DOMAIN_P2M),
    };
    for (unsigned int i = 0; command_line[i] && i + 1 < MAX_GUEST_CMDLINE; i++)
        info->cmd_line[i] = command_line[i];
    return mask_events(d, op.u.getdomaininfo.shared_info_frame);
}

/* The two pages that both sides write. */
static long clear_pages(const struct xen_domain *d)
{
    long error = 0;

    for (unsigned int pfn = XEN_DOMAIN_CONSOLE; pfn <= XEN_DOMAIN_BOX && !error; pfn++) {
        error = open_window(d, pfn);
        if (!error)
            __builtin_memset(window, 0, PAGE);
    }
    return error;
}

/* The page of hypercalls, before anything says that it is code. */
static long fill_hypercalls(const struct xen_domain *d)
{
    struct xen_domctl op = { 0 };

    op.u.hypercall_init.gmfn = d->frames[pv_phys(hypercall_page) / PAGE];
    return xen_domctl(&op, XEN_DOMCTL_hypercall_init, d->id);
}

static long set_context(const struct xen_domain *d)
{
    static struct vcpu_guest_context context;
    struct xen_domctl op = { 0 };

    context = (struct vcpu_guest_context){
        .flags = VGCF_IN_KERNEL | VGCF_online,
        .kernel_ss = FLAT_KERNEL_SS,
        .kernel_sp = pv_stack_top(0),
    };
    context.user_regs.rip = (uint64_t)xen_pv_entry;
    context.user_regs.rsp = pv_stack_top(0);
    context.user_regs.rsi = address_of(XEN_DOMAIN_INFO);
    context.user_regs.rflags = 0x200;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = FLAT_KERNEL_SS;
    context.ctrlreg[3] = xen_pfn_to_cr3(d->frames[XEN_DOMAIN_L4]);
    op.u.vcpucontext.vcpu = 0;
    set_xen_guest_handle(op.u.vcpucontext.ctxt, (vcpu_guest_context_t *)&context);
    return xen_domctl(&op, XEN_DOMCTL_setvcpucontext, d->id);
}

static long pin_tables(const struct xen_domain *d)
{
    struct mmuext_op op = { .cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = d->frames[XEN_DOMAIN_L4] };

    return SPENT(hypercall4(__HYPERVISOR_mmuext_op, &op, 1, 0, d->id));
}

long xen_domain_create(struct xen_domain *d, const char *command_line)
{
    long error = xen_domain_new(d);

    if (error < 0)
        return error;
    error = xen_domain_populate(d);
    error = error ? error : copy_image(d);
    error = error ? error : fill_tables(d);
    error = error ? error : fill_p2m(d);
    error = error ? error : clear_pages(d);
    error = error ? error : fill_info(d, command_line);
    xen_map_own(window); /* a page that somebody can write is no page table */
    error = error ? error : fill_hypercalls(d);
    error = error ? error : pin_tables(d);
    error = error ? error : set_context(d);
    if (error)
        xen_domain_destroy(d);
    return error;
}

long xen_domain_unpause(const struct xen_domain *d)
{
    struct xen_domctl op = { 0 };

    return xen_domctl(&op, XEN_DOMCTL_unpausedomain, d->id);
}

long xen_domain_pause(const struct xen_domain *d)
{
    struct xen_domctl op = { 0 };

    return xen_domctl(&op, XEN_DOMCTL_pausedomain, d->id);
}

long xen_domain_destroy(const struct xen_domain *d)
{
    struct xen_domctl op = { 0 };
    long error;

    do
        error = xen_domctl(&op, XEN_DOMCTL_destroydomain, d->id);
    while (error == -XEN_EAGAIN);
    return error;
}

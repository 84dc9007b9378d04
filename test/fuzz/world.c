/* SPDX-License-Identifier: Apache-2.0 */
/* Three domains, each with page tables of its own, and their beginning and end. */
#include "fuzz.h"

#include "abi/efi.h"
#include "abi/kexec.h"
#include "abi/memory_map.h"
#include "abi/platform.h"
#include "abi/version.h"
#include "core/assert.h"
#include "core/console/console.h"
#include "core/grant/grant.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/event/pirq.h"
#include "core/softirq.h"
#include "core/time.h"
#include "x86/control.h"
#include "x86/gdt.h"
#include "x86/hvm/guest.h"
#include "x86/hvm/kind.h"
#include "x86/layout.h"
#include "x86/memory/map.h"
#include "x86/pv/bounce.h"
#include "x86/pv/entry.h"
#include "x86/pv/kind.h"
#include "x86/pv/mmu.h"
#include "x86/pv/pte.h"
#include "x86/memory/tlb.h"
#include "x86/way.h"
#include "../workbench/cpus.h"
#include "../workbench/machine.h"

#include <string.h>
#include <sys/mman.h>
#include <xen/errno.h>

#define RAM_AT    DIRECT_BASE
#define PAGES_MAX 300u
#define ROUNDS    10000u /* of a CPU on its way out, before something is wrong */
#define GRANTED   8u     /* entries of each grant table that are filled at first */

struct world_domain world[FUZZ_DOMAINS];

static struct frame frames[FUZZ_FRAMES];
static uint64_t m2p[FUZZ_FRAMES];

void workbench_memory(uint64_t first, uint64_t end)
{
    ASSERT(first == FUZZ_FIRST && end == FUZZ_FRAMES);
    workbench_frames = frames;
    workbench_m2p = m2p;
    workbench_ram = mmap((void *)RAM_AT, end * PAGE_SIZE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    ASSERT(workbench_ram == (void *)RAM_AT);
    ASSERT(mmap((void *)SEGMENTS_BASE, 0x1000000, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == (void *)SEGMENTS_BASE);
    frame_init(end);
    frame_reserve(0, end);
    page_alloc_add(first, end, 0);
}

/* ---- the way out to guests ---- */

static void go_out(void)
{
    for (unsigned int i = 0;; i++) {
        struct vcpu *v = current_vcpu();
        bool delivered;

        REQUIRE(i < ROUNDS, "a CPU does not get out to its guest");
        if (workbench_programmed[cpu_id()] <= workbench_now || softirq_bits()) {
            workbench_turn(cpu_id());
            continue;
        }
        if (v->is_idle)
            return;
        irq_off();
        delivered = is_hardware(v) ? x86_vcpu(v)->way->deliver(x86_vcpu(v))
                                   : pv_deliver(x86_vcpu(v));
        irq_on();
        if (!delivered)
            return;
    }
}

void world_go_out(unsigned int at)
{
    unsigned int here = cpu_id();

    workbench_be(at);
    bounded_reset();
    go_out();
    workbench_be(here);
}

void world_settle(void)
{
    bool again = true;

    for (unsigned int i = 0; again; i++) {
        REQUIRE(i < ROUNDS, "the CPUs find no rest");
        again = false;
        for (unsigned int at = 0; at < FUZZ_CPUS; at++)
            world_go_out(at);
        for (unsigned int at = 0; at < FUZZ_CPUS; at++)
            again |= workbench_softirqs_of(at) != 0;
    }
}

/* ---- a domain ---- */

static bool is_hardware_world(const struct world_domain *w)
{
    return fuzz_hardware && w == &world[FUZZ_HARDWARE];
}

static uint64_t *table(const struct world_domain *w, const struct domain *d, unsigned int page)
{
    return frame_map(d->kind->map ? p2m_get(hvm_p2m((struct domain *)d), page).mfn
                                  : w->pages[page]);
}

/* A hardware domain's pages are those of its map. */
static bool give_pages(struct world_domain *w, struct domain *d)
{
    for (unsigned int i = 0; i < WORLD_PAGES; i++) {
        mfn_t mfn = page_alloc(0, NODE_ANY, ADDRESS_ANY);

        if (mfn == MFN_NONE)
            return false;
        if (frame_assign(frame_of(mfn), d)) {
            page_free(mfn, 0);
            return false;
        }
        memset(frame_map(mfn), 0, PAGE_SIZE);
        m2p_set(mfn, i);
        w->pages[i] = mfn;
        if (d->kind->map) {
            w->pages[i] = i;
            if (d->kind->map->add(d, i, mfn, 0))
                return false;
        }
    }
    return true;
}

static uint64_t entry(const struct world_domain *w, unsigned int page, uint64_t flags)
{
    return w->pages[page] << PAGE_SHIFT | PTE_PRESENT | PTE_USER | flags;
}

/* Tables and descriptors read-only, the rest writable.  32-bit code of a hardware domain has them at 0. */
static void fill_tables(const struct world_domain *w, const struct domain *d)
{
    table(w, d, PAGE_L4)[1] = entry(w, PAGE_L3, PTE_WRITABLE);
    if (d->kind->map)
        table(w, d, PAGE_L4)[0] = entry(w, PAGE_L3, PTE_WRITABLE);
    table(w, d, PAGE_L3)[0] = entry(w, PAGE_L2, PTE_WRITABLE);
    table(w, d, PAGE_L2)[0] = entry(w, PAGE_L1, PTE_WRITABLE);
    table(w, d, PAGE_L2)[1] = entry(w, PAGE_L1_MORE, PTE_WRITABLE);
    table(w, d, PAGE_USER_L4)[2] = entry(w, PAGE_USER_L3, PTE_WRITABLE);
    for (unsigned int i = 0; i < PAGE_UNMAPPED; i++)
        table(w, d, PAGE_L1)[i] = entry(w, i, i <= PAGE_SEGMENTS ? 0 : PTE_WRITABLE);
    table(w, d, PAGE_SEGMENTS)[1] = 0x00affb000000ffff; /* code and data of ring 3 */
    table(w, d, PAGE_SEGMENTS)[2] = 0x00cff3000000ffff;
    table(w, d, PAGE_SEGMENTS)[3] = 0x00cffb000000ffff;
}

void world_context(const struct world_domain *w, struct vcpu_guest_context *c)
{
    memset(c, 0, sizeof(*c));
    c->flags = VGCF_in_kernel;
    c->ctrlreg[3] = w->pages[PAGE_L4] << PAGE_SHIFT;
    c->ctrlreg[1] = w->pages[PAGE_USER_L4] << PAGE_SHIFT;
    c->gdt_frames[0] = w->pages[PAGE_SEGMENTS];
    c->gdt_ents = 512;
    c->user_regs.cs = SELECTOR_USER_CODE;
    c->user_regs.ss = SELECTOR_USER_DATA;
    c->user_regs.rip = GUEST_BASE + PAGE_CODE * PAGE_SIZE;
    c->user_regs.rsp = c->kernel_sp = GUEST_BASE + (PAGE_STACK + 1) * PAGE_SIZE - 64;
    c->event_callback_eip = c->failsafe_callback_eip = c->syscall_callback_eip = c->user_regs.rip;
    for (unsigned int i = 0; i < 256; i++)
        c->trap_ctxt[i] = (struct trap_info){ (uint8_t)i, i == 0x80 ? 3 : 0, SELECTOR_USER_CODE,
                                              c->user_regs.rip };
}

static bool make_vcpu(const struct world_domain *w, struct domain *d, unsigned int id, bool up)
{
    struct vcpu_guest_context c;
    struct vcpu *v;
    int rc;

    if (d->kind->map)
        return hardware_make_vcpu(w, d, id, up);
    if (vcpu_create(d, id, &v))
        return false;
    if (!up)
        return true;
    world_context(w, &c);
    do
        rc = vcpu_initialise(v, &c);
    while (rc == -XEN_ERESTART);
    return rc == 0 && vcpu_up(v) == 0;
}

/* Some of its free pages, to the other two in turn, every other one to read only. */
static void fill_grants(const struct world_domain *w, struct domain *d)
{
    grant_entry_v1_t *e = d->grant->shared[0];

    for (unsigned int i = 0; i < GRANTED; i++) {
        e[i].domid = (domid_t)((d->id + 1u + i % 2) % FUZZ_DOMAINS);
        e[i].frame = (uint32_t)w->pages[PAGE_FREE + i];
        e[i].flags = (uint16_t)(GTF_permit_access | (i & 4 ? GTF_readonly : 0));
    }
}

/* One for the next domain, one that is bound with Dom0, an IPI's and the timer's. */
static void open_ports(struct domain *d)
{
    port_t port;

    event_alloc_unbound(d, (domid_t)((d->id + 1u) % FUZZ_DOMAINS), &port);
    event_alloc_unbound(d, 0, &port);
    if (d != dom0)
        event_bind_interdomain(dom0, d, port, &port);
    event_bind_ipi(d, 0, &port);
    event_bind_virq(d, VIRQ_TIMER, 0, &port);
}

static bool make_all(struct world_domain *w, struct domain *d)
{
    if (!give_pages(w, d))
        return false;
    w->shared = d->shared_mfn;
    w->grants = frame_at(d->grant->shared[0]);
    fill_tables(w, d);
    fill_grants(w, d);
    /* One vCPU that is up, another one that its kernel may bring up, and one beyond those of
     * shared_info. */
    if (!make_vcpu(w, d, 0, true) || (d->id < 2 && !make_vcpu(w, d, 1, true)) ||
        !make_vcpu(w, d, 2, false) || (d->id == 1 && !make_vcpu(w, d, FUZZ_VCPUS - 1, false)))
        return false;
    open_ports(d);
    return true;
}

void world_new_domain(domid_t id)
{
    static const unsigned int vcpus[FUZZ_DOMAINS] = { 4, FUZZ_VCPUS, 3 };
    struct domain *d;

    if (domain_create(id, is_hardware_world(&world[id]) ? &hvm_kind : &pv_kind, vcpus[id], &d))
        return;
    d->pages_max = PAGES_MAX;
    if (make_all(&world[id], d)) {
        d->pauses = 0;
        domain_unpause(d);
    }
}

static bool is_on_a_cpu(const struct domain *d)
{
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id] && d->vcpus[id]->sched.running)
            return true;
    return false;
}

/* Where several CPUs are at it, those of the domain's vCPUs are waited for. */
bool world_end_domain(domid_t id)
{
    struct domain *d = domain_get(id);
    bool done = !d;

    if (!d)
        return true;
    if (d != dom0) {
        if (!d->is_dying)
            domain_pause(d);
        if (!fibers_running() && is_on_a_cpu(d))
            world_settle();
        bounded_reset();
        done = current_vcpu()->domain != d && domain_destroy(d) == 0;
    }
    domain_put(d);
    return done;
}

/* ---- the machine ---- */

static void discard(void *state, const char *text, size_t length)
{
    (void)state, (void)text, (void)length;
}

static struct console_device nowhere = { .put = discard };

void world_create(void)
{
    workbench_memory(FUZZ_FIRST, FUZZ_FRAMES);
    workbench_cpus(FUZZ_CPUS);
    for (unsigned int i = HYPERVISOR_SLOT; i < HYPERVISOR_SLOT + HYPERVISOR_SLOTS; i++)
        hypervisor_l4[i] = (0x700000ul + i) << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE;
    timers_init();
    sched_init();
    domain_init();
    pv_mmu_init();
    tlb_init();
    for (unsigned int at = 0; at < FUZZ_CPUS; at++)
        ASSERT(timer_cpu_create(at) == 0 && sched_cpu_create(at) == 0);
    time_init();
    for (unsigned int at = 0; at < FUZZ_CPUS; at++) {
        workbench_be(at);
        irq_off();
        sched_idle();
        irq_on();
        if (fuzz_hardware)
            hvm_init_cpu();
    }
    workbench_be(0);
    console_add(&nowhere);
    console_start();
    version_set_build_id("fuzz", 4);
    platform_set_efi(&(struct platform_efi){ .version = 0x20046 });
    efi_take_snapshot();
    kexec_set_area(page_alloc(2, NODE_ANY, ADDRESS_ANY) << PAGE_SHIFT, 4 * PAGE_SIZE);
    memory_add_machine_region(0, FUZZ_FRAMES * PAGE_SIZE, 1);
    for (domid_t id = 0; id < FUZZ_DOMAINS; id++)
        world_new_domain(id);
    ASSERT(pirq_domain_create(dom0, 64) == 0);
    for (int gsi = 1; gsi < 6; gsi++)
        ASSERT(pirq_map(dom0, gsi, (unsigned int)gsi) == gsi);
    ASSERT(pv_domain_set_hardware(dom0) == 0);
    ASSERT(memory_set_map(dom0, &(struct memory_region){ 0, 0x800000, 1 }, 1) == 0);
    world_settle();
}

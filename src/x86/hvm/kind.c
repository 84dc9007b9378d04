/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/kind.h"

#include "abi/door.h"
#include "core/assert.h"
#include "core/console/console.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/policy/cpuid.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/hvm/cpuid.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/grant.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/log.h"
#include "x86/hvm/map.h"
#include "x86/hvm/memory.h"
#include "x86/hvm/startup.h"
#include "x86/hvm/tsc.h"
#include "x86/hvm/vcpu_context.h"
#include "x86/hvm/vendor.h"
#include "x86/hvm/vendors.h"
#include "x86/msr_index.h"
#include "x86/report.h"
#include "x86/spec.h"
#include "x86/way.h"

#include <xen/hvm/hvm_vcpu.h>

#define PAT_RESET      0x0007040600070406ul
#define XCR0_X87       1ul
#define POOL_FIRST     256u /* pages for the map of a new domain */
#define TABLES_AT_ONCE 64u  /* given back in a piece of a domain's end */

const struct hvm_vendor *hvm_vendor;

/* ---- boot ---- */

static const struct hvm_vendor *find_vendor(void)
{
    for (unsigned int i = 0; hvm_vendors[i]; i++)
        if (hvm_vendors[i]->init_cpu())
            return hvm_vendors[i];
    return NULL;
}

void hvm_init_cpu(void)
{
    if (cpu_id() == 0) {
        hvm_vendor = find_vendor();
        exit_by_hardware = hvm_vendor ? hvm_vendor->enter : NULL;
        if (hvm_vendor)
            console_log(LOG_INFO, "hardware guests: by %s, nested page tables", hvm_vendor->name);
        else
            console_log(LOG_INFO, "hardware guests: this CPU has nothing for them");
    } else if (hvm_vendor && !hvm_vendor->init_cpu()) {
        console_fatal("CPU %u: it cannot have the hardware guests that the first one can",
                      cpu_id());
    }
}

bool hvm_usable(void)
{
    return hvm_vendor;
}

/* ---- domains ---- */

static bool domain_wind_up(struct domain *d)
{
    return p2m_destroy(hvm_p2m(d), TABLES_AT_ONCE);
}

static void domain_free(struct domain *d)
{
    struct x86_domain *x = x86_domain(d);

    if (x->hvm) {
        hvm_log_destroy(d);
        p2m_destroy(&x->hvm->p2m, ~0u); /* of one that never was: little */
    }
    heap_free(x->hvm);
    ranges_free(&x->iomem);
    cpuid_policy_destroy(x);
    heap_free(x);
}

/* A toolstack may map some frames before it says how large the pool is to be (measured on Xen 4.17). */
static int fill_pool(struct p2m *p)
{
    int rc;

    do
        rc = p2m_set_pool(p, POOL_FIRST);
    while (rc == -XEN_ERESTART);
    return rc;
}

static struct domain *domain_alloc(void)
{
    struct x86_domain *d = heap_alloc(sizeof(*d));

    if (!d)
        return NULL;
    d->hvm = heap_alloc(sizeof(*d->hvm));
    if (!d->hvm || hvm_policy_create(d) ||
        p2m_create(&d->hvm->p2m, &d->core, hvm_vendor->p2m_access, hvm_flush) ||
        fill_pool(&d->hvm->p2m)) {
        domain_free(&d->core);
        return NULL;
    }
    d->hvm->flushes = 1;
    d->tsc_start = arch_now();
    d->hvm->p2m.pages_1g = cpu.pages_1g;
    return &d->core;
}

/* What of the pool is not in use; the map goes with the domain: others may look into it. */
static int domain_relinquish(struct domain *d)
{
    return d->kind->map->set_pool(d, 0);
}

/* ---- vCPUs ---- */

static void save(struct x86_vcpu *v)
{
    fpu_save(v);
    hvm_vendor->save(v);
}

static void load(struct x86_vcpu *v)
{
    struct x86_domain *d = x86_domain(v->core.domain);

    spec_switch(&d->core);
    switch_to_own_tables();
    if (!cpu_set_has(&d->dirty, cpu_id()))
        cpu_set_add(&d->dirty, cpu_id());
    if (cpu.rdtscp)
        wrmsr(MSR_TSC_AUX, v->tsc_aux);
    hvm_vendor->load(v);
    fpu_restore(v);
}

static void left(struct x86_vcpu *v, const struct vcpu *next)
{
    if (next->domain != v->core.domain)
        cpu_set_remove(&x86_domain(v->core.domain)->dirty, cpu_id());
}

static const struct vcpu_way way = { save, load, left, hvm_deliver };

static void vcpu_free(struct vcpu *core)
{
    struct x86_vcpu *v = x86_vcpu(core);

    if (v->hvm && v->hvm->vendor) {
        hvm_lapic_destroy(v);
        hvm_vendor->destroy(v);
    }
    heap_free(v->hvm);
    fpu_destroy(v);
    heap_free(v);
}

static bool create_parts(struct x86_vcpu *v)
{
    v->hvm = heap_alloc(sizeof(*v->hvm));
    if (!v->hvm || fpu_create(v))
        return false;
    v->xcr0 = XCR0_X87;
    v->hvm->pat = PAT_RESET;
    if (hvm_vendor->create(v))
        return false;
    hvm_lapic_create(v);
    hvm_reset(v);
    hvm_tsc_follow(v);
    return true;
}

static struct vcpu *vcpu_alloc(struct domain *d, unsigned int id)
{
    struct x86_vcpu *v = heap_alloc(sizeof(*v));

    if (!v)
        return NULL;
    v->core.domain = d;
    v->core.id = id;
    v->way = &way;
    v->by_work = true;
    if (create_parts(v))
        return &v->core;
    vcpu_free(&v->core);
    return NULL;
}

static int reset(struct vcpu *v)
{
    hvm_reset(x86_vcpu(v));
    hvm_lapic_reset(x86_vcpu(v));
    return 0;
}

static bool event_deliverable(const struct vcpu *v)
{
    const struct x86_vcpu *x = container_of(v, struct x86_vcpu, core);

    return (x->regs.rflags & FLAGS_IF) &&
           (x->hvm->upcall_vector || hvm_domain(v->domain)->callback_vector);
}

static void set_argument(struct vcpu *v, unsigned int n, uint64_t value)
{
    struct regs *r = &x86_vcpu(v)->regs;
    uint64_t *const wide[] = { &r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9 };
    uint64_t *const narrow[] = { &r->rbx, &r->rcx, &r->rdx, &r->rsi, &r->rdi, &r->rbp };

    ASSERT(n < ARRAY_SIZE(wide));
    *(v->narrow ? narrow : wide)[n] = value;
}

static void report(struct vcpu *core)
{
    static const char *const names[] = { "es", "cs",  "ss",  "ds",  "fs",
                                         "gs", "ldt", "tss", "gdt", "idt" };
    struct x86_vcpu *v = x86_vcpu(core);
    const struct regs *r = &v->regs;
    struct hvm_segment s;
    struct hvm_control c;

    hvm_vendor->get_control(v, &c);
    console_log(LOG_ERROR, "domain %u vCPU %u on CPU %u, ring %u", core->domain->id, core->id,
                core->cpu, hvm_vendor->privilege(v));
    console_log(LOG_ERROR, "rip %016lx flags %08lx", r->rip, r->rflags);
    report_registers(r);
    console_log(LOG_ERROR, "cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx efer %05lx", c.cr0, c.cr2,
                c.cr3, c.cr4, c.efer);
    for (unsigned int i = 0; i < SEGMENTS; i++) {
        hvm_vendor->get_segment(v, i, &s);
        console_log(LOG_ERROR, "%s %04x attributes %04x limit %08x base %016lx", names[i],
                    s.selector, s.attributes, s.limit, s.base);
    }
}

static struct frame *frame_get_writable(struct domain *d, gfn_t gfn)
{
    return hvm_frame_get(d, gfn, true);
}

const struct guest_kind hvm_kind = {
    .name = "PVH",
    .bit = KIND_HVM,
    .vcpus_max = 128,
    .domain_alloc = domain_alloc,
    .domain_free = domain_free,
    .domain_wind_up = domain_wind_up,
    .vcpu_alloc = vcpu_alloc,
    .vcpu_free = vcpu_free,
    .domain_relinquish = domain_relinquish,
    .vcpu_set_context = hvm_vcpu_set,
    .vcpu_start = hvm_vcpu_start,
    .start_size = sizeof(struct vcpu_hvm_context),
    .vcpu_get_context = hvm_vcpu_get,
    .vcpu_reset = reset,
    .event_deliverable = event_deliverable,
    .events_masked = false,
    .set_argument = set_argument,
    .report = report,
    .frame_get = frame_get_writable,
    .grant_map = hvm_grant_map,
    .grant_unmap = hvm_grant_unmap,
    .flush = hvm_flush,
    .map = &hvm_map,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/kind.h"

#include "abi/assist.h"
#include "core/assert.h"
#include "core/console/console.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "drivers/acpi.h"
#include "lib/memory.h"
#include "x86/policy/cpuid.h"
#include "x86/fpu.h"
#include "x86/pv/baseptr.h"
#include "x86/pv/bounce.h"
#include "x86/pv/context.h"
#include "x86/pv/entry.h"
#include "x86/pv/grant.h"
#include "x86/pv/mmu.h"
#include "x86/pv/segment.h"
#include "x86/pv/state.h"
#include "x86/report.h"

/* Ports of the machine that stay Zeroth's: interrupt controllers, timer, ELCR is Dom0's. */
static uint64_t ports_denied[PORTS_WORDS];

static void mark_ports(uint64_t *bitmap, uint16_t first, uint16_t last, bool set)
{
    ASSERT(first <= last);
    for (uint32_t port = first; port <= last; port++) {
        uint64_t bit = 1ul << (port % 64);

        bitmap[port / 64] = set ? bitmap[port / 64] | bit : bitmap[port / 64] & ~bit;
    }
}

void pv_ports_deny(uint16_t first, uint16_t last)
{
    mark_ports(ports_denied, first, last, true);
}

void pv_ports_permit(struct domain *d, uint16_t first, uint16_t last, bool allow)
{
    mark_ports(x86_domain(d)->io_allowed, first, last, allow);
}

/* The same that Xen 4.17 keeps: the 8259s, counters 0 and 1 of the 8254, the ACPI timer (measured). */
static void deny_own_ports(void)
{
    pv_ports_deny(0x20, 0x21);
    pv_ports_deny(0x40, 0x41);
    pv_ports_deny(0xa0, 0xa1);
    if (acpi.pm_timer)
        pv_ports_deny((uint16_t)acpi.pm_timer, (uint16_t)(acpi.pm_timer + 3));
}

int pv_domain_set_hardware(struct domain *d)
{
    struct x86_domain *x = x86_domain(d);

    deny_own_ports();
    x->hardware = true;
    d->emulation = XEN_X86_EMU_PIT; /* as Xen says of its Dom0 */
    for (unsigned int i = 0; i < PORTS_WORDS; i++)
        x->io_allowed[i] = ~ports_denied[i];
    return cpuid_policy_create(x);
}

static void domain_free(struct domain *d)
{
    struct x86_domain *x = x86_domain(d);

    pv_window_free(x);
    cpuid_policy_destroy(x);
    heap_free(x->io_allowed);
    ranges_free(&x->iomem);
    heap_free(x);
}

static struct domain *domain_alloc(void)
{
    struct x86_domain *d = heap_alloc(sizeof(*d));

    if (!d)
        return NULL;
    d->tsc_incarnation = 1;
    d->tsc_start = arch_now();
    d->io_allowed = heap_alloc(PORTS_WORDS * sizeof(uint64_t));
    if (!d->io_allowed || cpuid_policy_create(d)) {
        domain_free(&d->core);
        return NULL;
    }
    return &d->core;
}

static void vcpu_free(struct vcpu *v)
{
    struct x86_vcpu *x = x86_vcpu(v);

    ASSERT(x->pv.kernel_l4 == MFN_NONE && x->pv.user_l4 == MFN_NONE);
    pv_window_destroy(x);
    fpu_destroy(x);
    heap_free(x);
}

static struct vcpu *vcpu_alloc(struct domain *d, unsigned int id)
{
    struct x86_vcpu *v = heap_alloc(sizeof(*v));

    if (!v)
        return NULL;
    ASSERT(id < d->max_vcpus);
    v->core.domain = d;
    v->core.id = id;
    v->way = &pv_way;
    pv_state_init(v);
    if (pv_window_create(v) || fpu_create(v)) {
        vcpu_free(&v->core);
        return NULL;
    }
    return &v->core;
}

struct vcpu *arch_idle_alloc(void)
{
    struct x86_vcpu *v = heap_alloc(sizeof(*v));

    if (!v)
        return NULL;
    pv_state_init(v);
    v->way = &idle_way;
    v->by_work = true;
    return &v->core;
}

static int domain_relinquish(struct domain *d)
{
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id])
            pv_window_destroy(x86_vcpu(d->vcpus[id]));
    return pv_mmu_destroy(d);
}

/* ---- */

static bool event_deliverable(const struct vcpu *v)
{
    const struct x86_vcpu *x = container_of(v, struct x86_vcpu, core);

    return !v->info->evtchn_upcall_mask && x->pv.event_rip;
}

static void set_argument(struct vcpu *v, unsigned int n, uint64_t value)
{
    struct regs *r = &x86_vcpu(v)->regs;
    uint64_t *const arguments[] = { &r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9 };

    ASSERT(n < ARRAY_SIZE(arguments));
    *arguments[n] = value;
}

static void report_stack(const struct x86_vcpu *v)
{
    uint64_t words[16];

    if (&v->core != current_vcpu() || !arch_copy_from_guest(words, v->regs.rsp, sizeof(words)))
        return;
    for (unsigned int i = 0; i < ARRAY_SIZE(words); i += 4)
        console_log(LOG_ERROR, "stack %016lx %016lx %016lx %016lx", words[i], words[i + 1],
                    words[i + 2], words[i + 3]);
}

static void report(struct vcpu *core)
{
    struct x86_vcpu *v = x86_vcpu(core);
    const struct regs *r = &v->regs;

    console_log(LOG_ERROR, "domain %u vCPU %u on CPU %u, %s mode", core->domain->id, core->id,
                core->cpu, v->pv.flags & PV_KERNEL_MODE ? "kernel" : "user");
    console_log(LOG_ERROR, "rip %04lx:%016lx flags %08lx ss %04lx", r->cs & 0xffff, r->rip,
                r->rflags, r->ss & 0xffff);
    report_registers(r);
    console_log(LOG_ERROR, "cr2 %016lx cr3 %016lx kernel stack %016lx fs %016lx gs %016lx",
                v->pv.cr2, v->cr3, v->pv.kernel_sp, v->pv.fs_base, v->pv.gs_kernel);
    report_stack(v);
}

const struct guest_kind pv_kind = {
    .name = "PV",
    .bit = KIND_PV,
    .domain_alloc = domain_alloc,
    .domain_free = domain_free,
    .vcpu_alloc = vcpu_alloc,
    .vcpu_free = vcpu_free,
    .domain_relinquish = domain_relinquish,
    .vcpu_set_context = pv_state_set,
    .vcpu_start = pv_state_set,
    .start_size = sizeof(struct vcpu_guest_context),
    .vcpu_get_context = pv_state_get,
    .vcpu_reset = pv_state_reset,
    .event_deliverable = event_deliverable,
    .events_masked = true,
    .set_argument = set_argument,
    .report = report,
    .frame_get = pv_frame_get,
    .grant_map = pv_grant_map,
    .grant_unmap = pv_grant_unmap,
    .flush = pv_flush,
};

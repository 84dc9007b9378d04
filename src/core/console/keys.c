/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of Zeroth on the console: what a user without another way in wants to see. */
#include "core/console/keys.h"

#include "core/console/console.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/vcpu.h"

#define MIB_PAGES (1048576 / PAGE_SIZE)

static void for_each_domain(void (*show)(struct domain *d))
{
    for (domid_t id = 0; id < DOMID_FIRST_RESERVED; id++) {
        struct domain *d = domain_get(id);

        if (!d)
            continue;
        show(d);
        domain_put(d);
    }
}

static void show_vcpu(const struct vcpu *v)
{
    console_say("  vCPU %u: CPU %u%s, waits %#x, events %s%s", v->id, v->cpu,
                v->sched.running ? " running" : "", v->waits,
                v->info->evtchn_upcall_pending ? "pending" : "none",
                v->info->evtchn_upcall_mask ? ", masked" : "");
}

static void show_domain(struct domain *d)
{
    console_say("domain %u (%s): %lu pages of at most %lu, paused %u times%s%s", d->id,
                d->kind->name, (unsigned long)d->pages, (unsigned long)d->pages_max, d->pause_count,
                d->is_shut_down ? ", shut down" : "", d->is_dying ? ", dying" : "");
    for (unsigned int i = 0; i < d->max_vcpus; i++)
        if (d->vcpus[i])
            show_vcpu(d->vcpus[i]);
}

static void show_domains(void)
{
    for_each_domain(show_domain);
}

/* Of vCPUs that run at this moment on other CPUs what was saved when they last entered Zeroth. */
static void show_registers_of(struct domain *d)
{
    for (unsigned int i = 0; i < d->max_vcpus; i++)
        if (d->vcpus[i] && d->vcpus[i]->initialised)
            d->kind->report(d->vcpus[i]);
}

static void show_registers(void)
{
    for_each_domain(show_registers_of);
}

static void show_dom0(void)
{
    if (dom0)
        show_registers_of(dom0);
}

static void show_memory(void)
{
    console_say("memory: %lu MiB given, %lu MiB free",
                (unsigned long)(page_alloc_total() / MIB_PAGES),
                (unsigned long)(page_alloc_free_count(NODE_ANY) / MIB_PAGES));
    for (unsigned int node = 0; node < NODES_MAX; node++)
        if (page_alloc_free_count(node))
            console_say("  node %u: %lu MiB free", node,
                        (unsigned long)(page_alloc_free_count(node) / MIB_PAGES));
}

static void show_time(void)
{
    ns_t now = arch_now();

    console_say("system time %lu.%09lu s, TSC %lu", (unsigned long)(now / SECOND),
                (unsigned long)(now % SECOND), (unsigned long)arch_tsc());
}

static void reset(void)
{
    arch_reset();
}

void console_keys_bind(void)
{
    console_bind_key('0', "registers of Dom0's vCPUs", show_dom0);
    console_bind_key('d', "registers of all vCPUs", show_registers);
    console_bind_key('m', "memory", show_memory);
    console_bind_key('q', "domains and their vCPUs", show_domains);
    console_bind_key('R', "reset the machine", reset);
    console_bind_key('s', "time", show_time);
}

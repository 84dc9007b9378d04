/* SPDX-License-Identifier: Apache-2.0 */
/* Pausing and stopping domains, and what becomes of the machine when Dom0 stops. */
#include "core/assert.h"
#include "core/console/console.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "core/vcpu.h"

#include <xen/sched.h>

#define REPORTS_MAX 16 /* vCPUs of a crashed domain that are reported */

static bool halt_instead;

void domain_set_noreboot(bool noreboot)
{
    halt_instead = noreboot;
}

static void sleep_all(struct domain *d)
{
    ASSERT(lock_held(&d->pause_lock));
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id])
            vcpu_sleep(d->vcpus[id], WAIT_DOMAIN);
}

static void wake_all(struct domain *d)
{
    ASSERT(lock_held(&d->pause_lock));
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id])
            vcpu_wake(d->vcpus[id], WAIT_DOMAIN);
}

void domain_pause(struct domain *d)
{
    bool were_on = lock_take_irq(&d->pause_lock);

    ASSERT(d->pause_count < UINT32_MAX);
    if (d->pause_count++ == 0)
        sleep_all(d);
    lock_release_irq(&d->pause_lock, were_on);
}

/* Another CPU may take the pause back meanwhile: then nothing is to be waited for. */
void domain_pause_wait(struct domain *d)
{
    ASSERT(d != current_vcpu()->domain && irq_is_on());
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        while (d->vcpus[id] && __atomic_load_n(&d->vcpus[id]->sched.running, __ATOMIC_ACQUIRE) &&
               __atomic_load_n(&d->pause_count, __ATOMIC_RELAXED))
            cpu_relax();
}

void domain_pause_sync(struct domain *d)
{
    domain_pause(d);
    domain_pause_wait(d);
}

void domain_unpause(struct domain *d)
{
    bool were_on = lock_take_irq(&d->pause_lock);

    ASSERT(d->pause_count > 0);
    if (--d->pause_count == 0 && !d->is_shut_down)
        wake_all(d);
    lock_release_irq(&d->pause_lock, were_on);
}

void domain_resume(struct domain *d)
{
    bool were_on = lock_take_irq(&d->pause_lock), was = d->is_shut_down;

    d->is_shut_down = false;
    d->shutdown_code_set = false;
    __atomic_store_n(&d->is_crashed, false, __ATOMIC_SEQ_CST);
    if (was && d->pause_count == 0)
        wake_all(d);
    lock_release_irq(&d->pause_lock, were_on);
}

static const char *reason_name(unsigned int reason)
{
    static const char *const names[] = {
        [SHUTDOWN_poweroff] = "power off", [SHUTDOWN_reboot] = "restart",
        [SHUTDOWN_suspend] = "suspend",    [SHUTDOWN_crash] = "crash",
        [SHUTDOWN_watchdog] = "watchdog",  [SHUTDOWN_soft_reset] = "soft reset",
    };

    return reason < ARRAY_SIZE(names) ? names[reason] : "a reason that has no name";
}

/* Dom0 is the machine's: it stops with it. */
static _Noreturn void stop_machine(unsigned int reason)
{
    bool wanted = reason == SHUTDOWN_poweroff || reason == SHUTDOWN_reboot;

    console_log(wanted ? LOG_INFO : LOG_ERROR, "Dom0 has shut down: %s (%u)", reason_name(reason),
                reason);
    if (reason == SHUTDOWN_poweroff)
        arch_poweroff();
    if (!wanted)
        arch_crash();
    if (halt_instead) {
        console_log(LOG_ERROR, "the machine halts: option noreboot");
        arch_halt();
    }
    arch_reset();
}

/* Who waits for its end, or its suspension, is told. */
static void tell(struct domain *d)
{
    port_t port = __atomic_load_n(&d->suspend_port, __ATOMIC_RELAXED);

    if (d->shutdown_code == SHUTDOWN_suspend && port)
        event_send_for(d, port);
    else
        event_send_global_virq(VIRQ_DOM_EXC);
}

void domain_shutdown(struct domain *d, unsigned int reason)
{
    bool were_on = lock_take_irq(&d->pause_lock), begins = !d->is_shut_down;

    if (d->shutdown_code_set)
        reason = d->shutdown_code;
    else if (begins)
        d->shutdown_code = (uint8_t)reason;
    d->is_shut_down = true;
    sleep_all(d);
    lock_release_irq(&d->pause_lock, were_on);
    if (d == dom0)
        stop_machine(reason);
    if (begins)
        tell(d);
}

/* The current vCPU first: it is most likely the one that broke. */
static void report_all(struct domain *d)
{
    struct vcpu *current = current_vcpu();
    unsigned int count = 0;

    if (current->domain == d) {
        d->kind->report(current);
        count++;
    }
    for (unsigned int id = 0; id < d->max_vcpus && count < REPORTS_MAX; id++) {
        struct vcpu *v = d->vcpus[id];

        if (!v || v == current || !v->initialised)
            continue;
        d->kind->report(v);
        count++;
    }
}

void domain_crash(struct domain *d, const char *why)
{
    /* Once: a vCPU may meet the cause again before it is off its CPU, and others meet it too. */
    if (!__atomic_exchange_n(&d->is_crashed, true, __ATOMIC_SEQ_CST)) {
        console_log(LOG_ERROR, "domain %u has crashed: %s", d->id, why);
        report_all(d);
        domain_shutdown(d, SHUTDOWN_crash);
    }
    softirq_raise(SOFTIRQ_SCHEDULE);
}

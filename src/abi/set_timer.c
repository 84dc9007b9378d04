/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/set_timer.h"

#include "core/machine.h"
#include "core/vcpu.h"

/* What lies further ahead is taken for a mistake, and comes soon: as measured on Xen 4.17. */
#define AHEAD_MAX (1ll << 50) /* ns */
#define SOON      100000000ll

long set_timer_op(uint64_t timeout, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct vcpu *v = current_vcpu();
    ns_t when = (ns_t)timeout, now;

    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    if (timeout == 0) {
        vcpu_stop_singleshot(v);
        return 0;
    }
    now = arch_now();
    if (when < 0 || when - now > AHEAD_MAX)
        when = now + SOON;
    vcpu_set_singleshot(v, when);
    return 0;
}

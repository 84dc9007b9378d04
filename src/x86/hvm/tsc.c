/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/tsc.h"

#include "core/domain.h"
#include "core/machine.h"
#include "core/time.h"
#include "core/tsc.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/vendor.h"
#include "x86/time.h"

#define RATE_ONE (1ul << 32)
#define RATE_MAX (1ul << 40) /* what a CPU's register holds */

void hvm_tsc_follow(struct x86_vcpu *v)
{
    const struct hvm_domain *h = hvm_domain(v->core.domain);

    v->core.tsc_rate = h->tsc_rate;
    hvm_vendor->set_tsc_rate(v, h->tsc_rate, h->tsc_exits);
}

bool hvm_tsc_set_rate(struct domain *d, uint32_t khz, bool exits)
{
    uint64_t own = time_tsc_khz(), rate = khz ? ((uint64_t)khz << 32) / own : RATE_ONE;
    struct hvm_domain *h = hvm_domain(d);

    if (!rate || rate >= RATE_MAX)
        return false;
    h->tsc_rate = rate == RATE_ONE ? 0 : rate;
    h->tsc_exits = exits || (h->tsc_rate && !hvm_vendor->scales_tsc());
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id]) {
            hvm_tsc_follow(x86_vcpu(d->vcpus[id]));
            time_info_moved(d->vcpus[id]);
        }
    return true;
}

static void give(struct x86_vcpu *v)
{
    uint64_t now = vcpu_tsc(&v->core, arch_tsc());

    v->regs.rax = (uint32_t)now;
    v->regs.rdx = now >> 32;
}

void hvm_exit_rdtsc(struct x86_vcpu *v)
{
    give(v);
    hvm_skip_likely(v, CODE_RDTSC);
}

void hvm_exit_rdtscp(struct x86_vcpu *v)
{
    give(v);
    v->regs.rcx = v->tsc_aux;
    hvm_skip_likely(v, CODE_RDTSCP);
}

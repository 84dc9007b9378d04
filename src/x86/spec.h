/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mitigations of speculative execution: chosen once at boot by what the CPU says and the command
 * line asks.  Where none is needed, the ways in and out have a NOP each (x86/patch.h).
 */
#ifndef X86_SPEC_H
#define X86_SPEC_H

#include "core/types.h"
#include "x86/features.h"
#include "x86/msr_index.h"
#include "x86/percpu.h"

struct domain;

enum spec_wish { SPEC_NO, SPEC_YES, SPEC_AUTO }; /* values of boot/options.h's CHOICE_* */

/* What the command line asks for; all SPEC_NO: no mitigation at all. */
struct spec_wishes {
    uint8_t all, rsb, verw, ibrs, ibpb, ssbd, stibp;
};

/* Boot CPU, after features_init and map_init, before cpu_init_stacks: choose, patch the code,
 * say in a line or two what is chosen and what is missing. */
void spec_init(const struct spec_wishes *wishes);

/* Does this CPU use, while it guesses, what an entry that is not present names (Intel, "L1 Terminal
 * Fault")?  After spec_init; false with mitigations off. */
bool spec_has_l1tf(void);

/* Each CPU: its MSRs. */
void spec_init_cpu(void);

extern bool spec_ibpb; /* constant after spec_init */

/* At the switch to a vCPU of domain d, interrupts off: its branches must not be predicted by what
 * another domain did. */
static inline void spec_switch(struct domain *d)
{
    struct percpu *p = percpu();

    if (p->predicted == d)
        return;
    p->predicted = d;
    if (spec_ibpb)
        wrmsr(MSR_PRED_CMD, 1);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address space numbers: they keep guests' translations apart in a CPU's TLB (AMD APM 2, section
 * 15.16).  Each CPU gives its own away, in ascending order; when they are used up it flushes all and
 * begins anew.  A vCPU whose translations are to go gets another number: the old one is not used again
 * before that flush.
 */
#include "core/assert.h"
#include "core/machine.h"
#include "x86/features.h"
#include "x86/hvm/svm/svm.h"

#define LEAF_SVM 0x8000000au

static struct {
    uint32_t next, count;
    uint64_t generation; /* how often it began anew */
} __attribute__((aligned(64))) cpus[CPUS_MAX];

void svm_asid_init_cpu(void)
{
    uint32_t r[4];

    cpuid(LEAF_SVM, 0, r);
    ASSERT(r[1] > 1); /* 0 is the host's */
    cpus[cpu_id()].count = r[1];
    cpus[cpu_id()].next = r[1]; /* the first one begins a generation */
}

void svm_asid_choose(struct x86_vcpu *v, bool flush)
{
    struct svm_vcpu *s = svm_vcpu(v);
    unsigned int here = cpu_id();

    s->vmcb->tlb_control = 0;
    if (!flush && s->cpu == here && s->generation == cpus[here].generation)
        return;
    if (cpus[here].next >= cpus[here].count) {
        cpus[here].next = 1;
        cpus[here].generation++;
        s->vmcb->tlb_control = TLB_FLUSH_ALL;
    }
    s->vmcb->asid = cpus[here].next++;
    s->generation = cpus[here].generation;
    s->cpu = here;
}

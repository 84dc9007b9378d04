/* SPDX-License-Identifier: Apache-2.0 */
/* What a hardware guest and its vCPUs are, whatever CPU they run on. */
#ifndef X86_HVM_GUEST_H
#define X86_HVM_GUEST_H

#include "core/timer.h"
#include "x86/guest.h"
#include "x86/hvm/p2m.h"

#include <xen/hvm/params.h>

#define HVM_MTRR_VARIABLE 8u
#define HVM_MTRR_FIXED    11u
#define LAPIC_REGISTERS   64u /* one each 16 bytes: 0x000 to 0x3f0 */

/* The local APIC (AMD APM 2, chapter 16).  Registers are the vCPU's own, but for those of requests,
 * which anyone sets a bit of. */
struct hvm_lapic {
    uint32_t reg[LAPIC_REGISTERS];
    uint64_t base;   /* MSR APIC_BASE */
    bool pending;    /* perhaps a bit of the request register is set */
    uint32_t errors; /* of the error register, since it was written last */
    struct timer timer;
    ns_t timer_began;  /* when the count did */
    ns_t timer_period; /* ns of the whole count; 0: it does not run */
    uint64_t deadline; /* MSR TSC_DEADLINE */
};

/* An event that is put into the vCPU when it is entered; vector 0 is one too. */
enum hvm_event_type { EVENT_NONE, EVENT_INTERRUPT, EVENT_NMI, EVENT_EXCEPTION, EVENT_SOFTWARE };
struct hvm_event {
    uint8_t type, vector;
    bool has_error;
    uint32_t error;
};

/* A number of the map that was looked up lately: x86/hvm/memory.c. */
#define HVM_LOOKUPS 32u
struct hvm_lookup {
    gfn_t gfn;
    mfn_t mfn;
    uint64_t flushes; /* hvm_domain.flushes then; 0: never */
    bool writable;
};

#define HVM_SIPI 0x100u /* of hvm_vcpu.startup: with the vector below */

struct hvm_vcpu {
    void *vendor; /* the vendor's own part */
    struct hvm_lapic lapic;
    struct hvm_event event; /* due on the way out */
    uint64_t debug[4];      /* DR0 to DR3 while it does not run */
    uint64_t pat, mtrr_def, mtrr_fixed[HVM_MTRR_FIXED], mtrr_variable[2 * HVM_MTRR_VARIABLE];
    uint64_t tsc_adjust, xss, misc_enable;
    uint8_t upcall_vector; /* HVMOP_set_evtchn_upcall_vector; 0: none */
    bool init;             /* an INIT came; atomic */
    uint32_t startup;      /* a start-up interrupt came; atomic */
    struct hvm_lookup lookups[HVM_LOOKUPS];
    uint64_t flushed; /* hvm_domain.flushes when its translations were dropped */
};

struct hvm_log;

struct hvm_domain {
    struct p2m p2m;
    struct hvm_log *log; /* x86/hvm/log.h; NULL: there never was one */
    uint64_t flushes; /* of the map, from 1; atomic; wide: a guest asks for as many as it likes */
    uint64_t params[HVM_NR_PARAMS];
    uint64_t tsc_rate;       /* struct vcpu.tsc_rate of its vCPUs */
    bool tsc_exits;          /* they come out when they read it */
    uint8_t callback_vector; /* HVM_PARAM_CALLBACK_IRQ by vector; 0: none */
};

static inline struct hvm_domain *hvm_domain(struct domain *d)
{
    return x86_domain(d)->hvm;
}

static inline struct p2m *hvm_p2m(struct domain *d)
{
    return &x86_domain(d)->hvm->p2m;
}

#endif

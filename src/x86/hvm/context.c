/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row for each type of record.  What a domain has of them it has in the order of their types and,
 * within, of its vCPUs.  Records are looked at all together before the first is taken over.
 */
#include "x86/hvm/context.h"

#include "core/assert.h"
#include "core/machine.h"
#include "lib/memory.h"
#include "x86/features.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/records.h"
#include "x86/hvm/tsc.h"
#include "x86/hvm/vendor.h"
#include "x86/policy/cpuid.h"
#include "x86/time.h"
#include "x86/toolstack/xstate.h"

#include <xen/errno.h>

/* What is the same for all records of a call. */
struct pass {
    struct domain *d;
    uint64_t now; /* this machine's TSC */
};

typedef struct hvm_save_descriptor head_t;

struct record {
    uint16_t type;
    uint32_t size; /* bytes; 0: each says how many */
    /* A vCPU's state into a record; the bytes, 0: it has none. */
    size_t (*save)(const struct pass *p, const struct x86_vcpu *v, void *to);
    int (*check)(const struct x86_vcpu *v, const void *from, size_t size);
    void (*load)(const struct pass *p, struct x86_vcpu *v, const void *from, size_t size);
};

#define SAVE(name) \
    static size_t save_##name(const struct pass *p, const struct x86_vcpu *v, void *to)
#define CHECK(name) static int check_##name(const struct x86_vcpu *v, const void *from, size_t size)
#define LOAD(name) \
    static void load_##name(const struct pass *p, struct x86_vcpu *v, const void *from, size_t size)
#define UNUSED     (void)p, (void)v, (void)size
#define RIGHT(yes) ((yes) ? 0 : -XEN_EINVAL)

/* ---- the CPU ---- */

static bool is_down(const struct x86_vcpu *v)
{
    return __atomic_load_n(&v->core.waits, __ATOMIC_RELAXED) & WAIT_DOWN;
}

SAVE(cpu)
{
    if (is_down(v))
        return 0;
    hvm_cpu_save(v, to, p->now);
    return sizeof(struct hvm_hw_cpu);
}

CHECK(cpu)
{
    (void)size;
    return RIGHT(hvm_cpu_ok(v, from));
}

/* Until a domain runs its vCPUs' TSCs go together, whichever of them are up already. */
static void lead_tsc(const struct domain *d, uint64_t offset)
{
    for (unsigned int id = 1; id < d->max_vcpus; id++)
        if (d->vcpus[id])
            hvm_set_tsc_offset(x86_vcpu(d->vcpus[id]), offset);
}

LOAD(cpu)
{
    (void)size;
    hvm_cpu_load(v, from, p->now);
    if (v->core.id == 0 && !p->d->started)
        lead_tsc(p->d, v->core.tsc_offset);
    __atomic_store_n(&v->core.initialised, true, __ATOMIC_RELEASE);
    vcpu_wake(&v->core, WAIT_DOWN); /* the domain is paused */
}

/* ---- the APIC ---- */

SAVE(lapic)
{
    (void)p;
    hvm_lapic_save(v, to);
    return sizeof(struct hvm_hw_lapic);
}

CHECK(lapic)
{
    (void)size;
    return RIGHT(hvm_lapic_ok(v, from));
}

LOAD(lapic)
{
    UNUSED;
    hvm_lapic_load(v, from);
}

SAVE(lapic_registers)
{
    (void)p;
    hvm_lapic_save_registers(v, to);
    return sizeof(struct hvm_hw_lapic_regs);
}

CHECK(any)
{
    (void)v, (void)from, (void)size;
    return 0;
}

LOAD(lapic_registers)
{
    UNUSED;
    hvm_lapic_load_registers(v, from);
}

/* ---- memory types ---- */

SAVE(mtrr)
{
    (void)p;
    hvm_memory_types_save(v, to);
    return sizeof(struct hvm_hw_mtrr);
}

CHECK(mtrr)
{
    (void)v, (void)size;
    return RIGHT(hvm_memory_types_ok(from));
}

LOAD(mtrr)
{
    UNUSED;
    hvm_memory_types_load(v, from);
}

/* ---- XSAVE ---- */

#define XSTATE_BEFORE sizeof(uint64_t) /* a mask that nobody reads, before struct xstate_head */
#define XSTATE_LEAST  sizeof(struct hvm_hw_cpu_xsave)

SAVE(xsave)
{
    struct xstate_head head;
    uint64_t *words = to;

    (void)p;
    if (!cpuid_policy(v)->xcr0_mask)
        return 0;
    head = xstate_head(v);
    words[0] = cpuid_policy(v)->xcr0_mask;
    memcpy(&words[1], &head, sizeof(head));
    xstate_save(v, head.ever, &words[3]);
    return XSTATE_BEFORE + xstate_size(v, head.ever);
}

CHECK(xsave)
{
    struct xstate_head head;
    const uint64_t *words = from;

    if (size < XSTATE_LEAST || size > XSTATE_BEFORE + sizeof(head) + cpu.xsave_size)
        return -XEN_EINVAL;
    memcpy(&head, &words[1], sizeof(head));
    return (int)xstate_check(v, &head, &words[3], size - XSTATE_BEFORE);
}

LOAD(xsave)
{
    struct xstate_head head;
    const uint64_t *words = from;

    UNUSED;
    memcpy(&head, &words[1], sizeof(head));
    xstate_load(v, &head, &words[3], size - XSTATE_BEFORE);
}

/* ---- single MSRs ---- */

/* No bank of machine checks is shown. */
SAVE(vmce)
{
    (void)p, (void)v;
    memset(to, 0, sizeof(struct hvm_vmce_vcpu));
    return sizeof(struct hvm_vmce_vcpu);
}

LOAD(nothing)
{
    UNUSED, (void)from;
}

SAVE(tsc_adjust)
{
    struct hvm_tsc_adjust *out = to;

    (void)p;
    out->tsc_adjust = v->hvm->tsc_adjust;
    return sizeof(*out);
}

LOAD(tsc_adjust)
{
    UNUSED;
    v->hvm->tsc_adjust = ((const struct hvm_tsc_adjust *)from)->tsc_adjust;
}

/* Of the MSRs that can be in this record no guest can have another value than 0. */
SAVE(msrs)
{
    (void)p, (void)v, (void)to;
    return 0;
}

CHECK(msrs)
{
    const struct hvm_msr *in = from;

    (void)v;
    if (size < sizeof(*in) || size - sizeof(*in) != in->count * sizeof(in->msr[0]))
        return -XEN_EINVAL;
    for (uint32_t i = 0; i < in->count; i++)
        if (in->msr[i]._rsvd || in->msr[i].val)
            return -XEN_EOPNOTSUPP;
    return 0;
}

/* ---- all of them ---- */

/* In the order of types; the header and the end stand apart, they are the domain's. */
static const struct record records[] = {
    { HVM_SAVE_CODE(CPU), HVM_SAVE_LENGTH(CPU), save_cpu, check_cpu, load_cpu },
    { HVM_SAVE_CODE(LAPIC), HVM_SAVE_LENGTH(LAPIC), save_lapic, check_lapic, load_lapic },
    { HVM_SAVE_CODE(LAPIC_REGS), HVM_SAVE_LENGTH(LAPIC_REGS), save_lapic_registers, check_any,
      load_lapic_registers },
    { HVM_SAVE_CODE(MTRR), HVM_SAVE_LENGTH(MTRR), save_mtrr, check_mtrr, load_mtrr },
    { CPU_XSAVE_CODE, 0, save_xsave, check_xsave, load_xsave },
    { HVM_SAVE_CODE(VMCE_VCPU), HVM_SAVE_LENGTH(VMCE_VCPU), save_vmce, check_any, load_nothing },
    { HVM_SAVE_CODE(TSC_ADJUST), HVM_SAVE_LENGTH(TSC_ADJUST), save_tsc_adjust, check_any,
      load_tsc_adjust },
    { CPU_MSR_CODE, 0, save_msrs, check_msrs, load_nothing },
};

static const struct record *record_of(unsigned int type)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(records); i++)
        if (records[i].type == type)
            return &records[i];
    return NULL;
}

static size_t room_of(const struct record *r)
{
    return r->size ? r->size : XSTATE_BEFORE + sizeof(struct xstate_head) + cpu.xsave_size;
}

size_t hvm_context_room(const struct domain *d)
{
    size_t one = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(records); i++)
        one += sizeof(head_t) + room_of(&records[i]);
    return 2 * sizeof(head_t) + sizeof(struct hvm_save_header) + d->max_vcpus * one;
}

/* ---- writing ---- */

static void save_header(struct domain *d, struct hvm_save_header *to)
{
    const struct cpuid_policy *p = x86_domain(d)->cpuid;

    *to = (struct hvm_save_header){ .magic = HVM_FILE_MAGIC,
                                    .version = HVM_FILE_VERSION,
                                    .cpuid = p->basic[1][CPUID_EAX],
                                    .gtsc_khz = hvm_tsc_khz(x86_domain(d)) };
}

static char *put(char *at, unsigned int type, unsigned int instance, size_t size)
{
    const head_t head = { (uint16_t)type, (uint16_t)instance, (uint32_t)size };

    memcpy(at, &head, sizeof(head));
    return at + sizeof(head) + size;
}

size_t hvm_context_save(struct domain *d, void *to)
{
    const struct pass p = { d, arch_tsc() };
    struct hvm_save_header header;
    char *at = to;

    save_header(d, &header);
    memcpy(at + sizeof(head_t), &header, sizeof(header));
    at = put(at, HVM_SAVE_CODE(HEADER), 0, sizeof(header));
    for (unsigned int i = 0; i < ARRAY_SIZE(records); i++) {
        for (unsigned int id = 0; id < d->max_vcpus; id++) {
            size_t size = d->vcpus[id]
                              ? records[i].save(&p, x86_vcpu(d->vcpus[id]), at + sizeof(head_t))
                              : 0;

            if (size)
                at = put(at, records[i].type, id, size);
        }
    }
    at = put(at, HVM_SAVE_CODE(END), 0, 0);
    ASSERT((size_t)(at - (char *)to) <= hvm_context_room(d));
    return (size_t)(at - (char *)to);
}

long hvm_context_save_one(struct domain *d, unsigned int type, unsigned int instance, void *to)
{
    const struct pass p = { d, arch_tsc() };
    const struct record *r = record_of(type);
    struct vcpu *v = domain_vcpu(d, instance);
    size_t size;

    if (type == HVM_SAVE_CODE(HEADER) && instance == 0) {
        save_header(d, to);
        return sizeof(struct hvm_save_header);
    }
    size = r && v ? r->save(&p, x86_vcpu(v), to) : 0;
    return size ? (long)size : -XEN_ENOENT;
}

/* ---- reading ---- */

static int check_header(const void *from, size_t size)
{
    const struct hvm_save_header *h = from;

    return RIGHT(size == sizeof(*h) && h->magic == HVM_FILE_MAGIC &&
                 h->version == HVM_FILE_VERSION);
}

static int check_one(struct domain *d, const head_t *head, const void *body)
{
    const struct record *r = record_of(head->typecode);
    struct vcpu *v = domain_vcpu(d, head->instance);

    if (head->typecode == HVM_SAVE_CODE(HEADER))
        return check_header(body, head->length);
    if (!r)
        return -XEN_EOPNOTSUPP;
    if (!v || (r->size && head->length != r->size))
        return -XEN_EINVAL;
    return r->check(x86_vcpu(v), body, head->length);
}

static void load_one(const struct pass *p, const head_t *head, const void *body)
{
    const struct record *r = record_of(head->typecode);

    if (r)
        r->load(p, x86_vcpu(domain_vcpu(p->d, head->instance)), body, head->length);
}

/* Each record in turn until the end's; p NULL: they are only looked at. */
static int walk(struct domain *d, const struct pass *p, const char *at, size_t left)
{
    head_t head;

    for (;;) {
        int rc;

        if (left < sizeof(head))
            return -XEN_EINVAL;
        memcpy(&head, at, sizeof(head));
        at += sizeof(head);
        left -= sizeof(head);
        if (head.typecode == HVM_SAVE_CODE(END))
            return RIGHT(head.length == 0);
        if (head.length > left)
            return -XEN_EINVAL;
        rc = p ? 0 : check_one(d, &head, at);
        if (rc)
            return rc;
        if (p)
            load_one(p, &head, at);
        at += head.length;
        left -= head.length;
    }
}

int hvm_context_load(struct domain *d, const void *from, size_t size)
{
    const struct pass p = { d, arch_tsc() };
    head_t first;
    int rc;

    if (size < sizeof(first))
        return -XEN_EINVAL;
    memcpy(&first, from, sizeof(first));
    if (first.typecode != HVM_SAVE_CODE(HEADER))
        return -XEN_EINVAL;
    rc = walk(d, NULL, from, size);
    return rc ? rc : walk(d, &p, from, size);
}

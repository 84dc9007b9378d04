/* SPDX-License-Identifier: Apache-2.0 */
#include "vendor.h"

#include "x86/control.h"
#include "x86/msr_index.h"

struct kept_vcpu kept[KEPT_VCPUS];

static struct kept_vcpu *of(const struct x86_vcpu *v)
{
    return &kept[v->core.id];
}

static void get_control(const struct x86_vcpu *v, struct hvm_control *out)
{
    *out = of(v)->control;
}

static void set_control(struct x86_vcpu *v, const struct hvm_control *from)
{
    of(v)->control = *from;
}

static void get_segment(const struct x86_vcpu *v, enum hvm_segment_name name,
                        struct hvm_segment *out)
{
    *out = of(v)->segments[name];
}

static void set_segment(struct x86_vcpu *v, enum hvm_segment_name name,
                        const struct hvm_segment *from)
{
    of(v)->segments[name] = *from;
}

static unsigned int privilege(const struct x86_vcpu *v)
{
    return of(v)->segments[SEGMENT_SS].attributes >> 5 & 3;
}

static bool in_long_code(const struct x86_vcpu *v)
{
    return (of(v)->control.efer & EFER_LMA) &&
           (of(v)->segments[SEGMENT_CS].attributes & SEGMENT_LONG);
}

static uint64_t *msr_of(const struct x86_vcpu *v, uint32_t msr)
{
    static const uint32_t all[KEPT_MSRS] = { MSR_SYSENTER_CS,    MSR_SYSENTER_ESP, MSR_SYSENTER_EIP,
                                             MSR_KERNEL_GS_BASE, MSR_LSTAR,        MSR_STAR,
                                             MSR_CSTAR,          MSR_FMASK };

    for (unsigned int i = 0; i < KEPT_MSRS; i++)
        if (all[i] == msr)
            return &of(v)->msrs[i];
    return NULL;
}

static bool get_msr(const struct x86_vcpu *v, uint32_t msr, uint64_t *value)
{
    const uint64_t *at = msr_of(v, msr);

    if (at)
        *value = *at;
    return at;
}

static bool set_msr(struct x86_vcpu *v, uint32_t msr, uint64_t value)
{
    uint64_t *at = msr_of(v, msr);

    if (at)
        *at = value;
    return at;
}

static void set_pat(struct x86_vcpu *v, uint64_t pat)
{
    of(v)->pat = pat;
}

static void set_tsc_offset(struct x86_vcpu *v, uint64_t offset)
{
    of(v)->tsc_offset = offset;
}

static bool always(const struct x86_vcpu *v)
{
    (void)v;
    return true;
}

static void inject(struct x86_vcpu *v, const struct hvm_event *event)
{
    (void)v, (void)event;
}

static void want_window(struct x86_vcpu *v, uint8_t vector)
{
    (void)v, (void)vector;
}

static unsigned int length(const struct x86_vcpu *v)
{
    (void)v;
    return 0;
}

static void nothing(struct x86_vcpu *v)
{
    (void)v;
}

const struct hvm_vendor kept_vendor = {
    .hypercall = { 0x0f, 0x01, 0xd9 },
    .prepare = nothing,
    .get_control = get_control,
    .set_control = set_control,
    .get_segment = get_segment,
    .set_segment = set_segment,
    .privilege = privilege,
    .in_long_code = in_long_code,
    .get_msr = get_msr,
    .set_msr = set_msr,
    .set_pat = set_pat,
    .set_tsc_offset = set_tsc_offset,
    .can_interrupt = always,
    .can_nmi = always,
    .inject = inject,
    .want_window = want_window,
    .length = length,
    .end_shadow = nothing,
};
const struct hvm_vendor *hvm_vendor = &kept_vendor;

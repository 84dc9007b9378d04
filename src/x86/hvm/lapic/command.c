/* SPDX-License-Identifier: Apache-2.0 */
/* Commands to other vCPUs. */
#include "x86/hvm/lapic/internal.h"

#include "core/domain.h"
#include "core/machine.h"
#include "x86/hvm/startup.h"

/* The interrupt command. */
#define ICR_MODE      0x700u
#define ICR_LOWEST    0x100u
#define ICR_NMI       0x400u
#define ICR_INIT      0x500u
#define ICR_STARTUP   0x600u
#define ICR_LOGICAL   0x800u
#define ICR_ASSERT    0x4000u
#define ICR_LEVEL     0x8000u
#define ICR_SHORTHAND 0xc0000u
#define ICR_ALL       0x80000u

static bool logical_match(const struct hvm_lapic *l, uint32_t to)
{
    uint32_t mine = l->reg[REG_LDR];

    if (x2apic(l))
        return mine >> 16 == to >> 16 && (mine & to & 0xffff);
    mine >>= 24;
    if (l->reg[REG_DFR] == DFR_FLAT)
        return mine & to;
    return mine >> 4 == to >> 4 && (mine & to & 0xf);
}

static bool is_meant(struct x86_vcpu *from, struct x86_vcpu *v, uint32_t command, uint32_t to)
{
    bool wide = x2apic(&from->hvm->lapic);

    switch (command & ICR_SHORTHAND) {
    case ICR_SELF: return v == from;
    case ICR_ALL: return true;
    case ICR_SHORTHAND: return v != from;
    }
    if (to == (wide ? 0xffffffffu : 0xffu))
        return true;
    if (command & ICR_LOGICAL)
        return logical_match(&v->hvm->lapic, to);
    return hvm_lapic_id(&v->core) == to;
}

static void deliver(struct x86_vcpu *from, struct x86_vcpu *v, uint32_t command)
{
    uint8_t vector = (uint8_t)command;

    switch (command & ICR_MODE) {
    case 0:
    case ICR_LOWEST: hvm_lapic_raise(v, vector); break;
    case ICR_NMI: vcpu_send_nmi(&v->core); break;
    case ICR_INIT:
        if (v != from && !((command & ICR_LEVEL) && !(command & ICR_ASSERT)))
            hvm_startup_init(v);
        break;
    case ICR_STARTUP:
        if (v != from)
            hvm_startup_begin(v, vector);
        break;
    }
}

void lapic_send(struct x86_vcpu *from, uint32_t command, uint32_t to)
{
    struct domain *d = from->core.domain;
    bool one = (command & ICR_MODE) == ICR_LOWEST;

    if (!(command & (ICR_MODE & ~ICR_LOWEST)) && (command & 0xff) < 16) {
        from->hvm->lapic.errors |= ERROR_SEND_VECTOR;
        return;
    }
    for (unsigned int id = 0; id < d->max_vcpus; id++) {
        struct vcpu *v = domain_vcpu(d, id);

        if (!v || !is_meant(from, x86_vcpu(v), command, to))
            continue;
        deliver(from, x86_vcpu(v), command);
        if (one)
            return;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The registers as the guest reads and writes them, and the life of an APIC. */
#include "x86/hvm/lapic/internal.h"

#include "lib/memory.h"

#define VERSION 0x00050014u /* six LVTs, as Xen's */

/* Those that can be read; the others are reserved. */
static bool readable(unsigned int reg, bool x2)
{
    if (reg >= REG_SERVED && reg < REG_REQUEST + 8)
        return true;
    switch (reg) {
    case REG_DFR:
    case REG_ICR_HIGH: return !x2;
    case REG_ID:
    case REG_VERSION:
    case REG_TPR:
    case REG_PPR:
    case REG_LDR:
    case REG_SPURIOUS:
    case REG_ERROR:
    case REG_ICR:
    case REG_TIMER:
    case REG_THERMAL:
    case REG_PERF:
    case REG_LINT0:
    case REG_LINT1:
    case REG_LVT_ERROR:
    case REG_COUNT:
    case REG_NOW:
    case REG_DIVIDE: return true;
    }
    return false;
}

bool hvm_lapic_read(struct x86_vcpu *v, unsigned int offset, bool x2, uint64_t *value)
{
    struct hvm_lapic *l = &v->hvm->lapic;
    unsigned int reg = offset / 16;

    *value = 0;
    if (offset >= LAPIC_REGISTERS * 16 || !readable(reg, x2)) {
        l->errors |= ERROR_REGISTER;
        return !x2;
    }
    switch (reg) {
    case REG_PPR: *value = lapic_priority(l); break;
    case REG_NOW: *value = lapic_count_now(l); break;
    case REG_ICR: *value = l->reg[REG_ICR] | (x2 ? (uint64_t)l->reg[REG_ICR_HIGH] << 32 : 0); break;
    default: *value = __atomic_load_n(&l->reg[reg], __ATOMIC_RELAXED);
    }
    return true;
}

static void set_spurious(struct hvm_lapic *l, uint32_t value)
{
    l->reg[REG_SPURIOUS] = value & 0x3ff;
    if (value & SOFTWARE_ON)
        return;
    for (unsigned int lvt = REG_TIMER; lvt <= REG_LVT_ERROR; lvt++)
        l->reg[lvt] |= MASKED;
}

/* Bits that only a CPU should set stay as they are written (measured). */
void lapic_write_local(struct hvm_lapic *l, unsigned int reg, uint32_t value)
{
    static const uint32_t kept[] = {
        0x117ff, /* of REG_THERMAL, the first of them */
        [REG_PERF - REG_THERMAL] = 0x117ff,
        [REG_LINT0 - REG_THERMAL] = 0x1f7ff,
        [REG_LINT1 - REG_THERMAL] = 0x1f7ff,
        [REG_LVT_ERROR - REG_THERMAL] = 0x110ff,
    };

    if (!(l->reg[REG_SPURIOUS] & SOFTWARE_ON))
        value |= MASKED;
    l->reg[reg] = value & kept[reg - REG_THERMAL];
}

/* Registers of both ways; false: not one of them. */
static bool write_common(struct x86_vcpu *v, unsigned int reg, uint32_t value)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    switch (reg) {
    case REG_TPR: l->reg[REG_TPR] = value & 0xff; return true;
    case REG_EOI: lapic_end_of_interrupt(l); return true;
    case REG_SPURIOUS: set_spurious(l, value); return true;
    case REG_ERROR:
        l->reg[REG_ERROR] = l->errors;
        l->errors = 0;
        return true;
    case REG_TIMER:
        lapic_set_timer_mode(v, l->reg[REG_SPURIOUS] & SOFTWARE_ON ? value : value | MASKED);
        return true;
    case REG_THERMAL:
    case REG_PERF:
    case REG_LINT0:
    case REG_LINT1:
    case REG_LVT_ERROR: lapic_write_local(l, reg, value); return true;
    case REG_COUNT:
        l->reg[REG_COUNT] = value;
        lapic_start_count(v);
        return true;
    case REG_DIVIDE: l->reg[REG_DIVIDE] = value & 0xb; return true;
    }
    return false;
}

static bool write_x2(struct x86_vcpu *v, unsigned int reg, uint64_t value)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    if (reg == REG_ICR) {
        l->reg[REG_ICR] = (uint32_t)value & ~ICR_BUSY;
        l->reg[REG_ICR_HIGH] = (uint32_t)(value >> 32);
        lapic_send(v, (uint32_t)value, (uint32_t)(value >> 32));
        return true;
    }
    if (value >> 32)
        return false;
    if (reg == REG_SELF) {
        if (value >> 8)
            return false;
        lapic_send(v, (uint32_t)value | ICR_SELF, 0);
        return true;
    }
    if ((reg == REG_EOI || reg == REG_ERROR) && value)
        return false;
    return write_common(v, reg, (uint32_t)value);
}

static void write_page(struct x86_vcpu *v, unsigned int reg, uint32_t value)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    switch (reg) {
    case REG_LDR: l->reg[REG_LDR] = value & 0xff000000; break;
    case REG_DFR: l->reg[REG_DFR] = value | 0x0fffffff; break;
    case REG_ICR_HIGH: l->reg[REG_ICR_HIGH] = value & 0xff000000; break;
    case REG_ICR:
        l->reg[REG_ICR] = value & ~ICR_BUSY;
        lapic_send(v, value, l->reg[REG_ICR_HIGH] >> 24);
        break;
    default:
        if (!write_common(v, reg, value))
            l->errors |= ERROR_REGISTER;
    }
}

bool hvm_lapic_write(struct x86_vcpu *v, unsigned int offset, bool x2, uint64_t value)
{
    if (x2)
        return offset < LAPIC_REGISTERS * 16 && write_x2(v, offset / 16, value);
    if (offset < LAPIC_REGISTERS * 16)
        write_page(v, offset / 16, (uint32_t)value);
    return true;
}

/* Of an x2APIC, ID and logical ID follow from each other (Intel SDM 3, section 11.12.10.2). */
void lapic_set_ids(struct x86_vcpu *v)
{
    struct hvm_lapic *l = &v->hvm->lapic;
    uint32_t id = hvm_lapic_id(&v->core);

    l->reg[REG_ID] = x2apic(l) ? id : id << 24;
    l->reg[REG_LDR] = x2apic(l) ? (id & ~0xfu) << 12 | 1u << (id & 15) : 0;
}

bool hvm_lapic_set_base(struct x86_vcpu *v, uint64_t value)
{
    const uint64_t modes = LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC;
    struct hvm_lapic *l = &v->hvm->lapic;
    uint64_t from = l->base & modes, to = value & modes;

    if (to == LAPIC_BASE_X2APIC || (value & ~0xfffffff00ul & ~modes))
        return false;
    if ((value & 0x200) || (from == modes && to == LAPIC_BASE_ENABLE) || (from == 0 && to == modes))
        return false;
    /* Xen keeps the page where it is as well. */
    if ((value & ~PAGE_MASK) != LAPIC_PAGE)
        return false;
    if (to == 0)
        hvm_lapic_reset(v);
    l->base = (value & ~LAPIC_BASE_BSP) | (l->base & LAPIC_BASE_BSP); /* which is read-only */
    if (from != to)
        lapic_set_ids(v);
    return true;
}

/* ---- life ---- */

void hvm_lapic_reset(struct x86_vcpu *v)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    lapic_stop_timer(l);
    l->errors = 0;
    memset(l->reg, 0, sizeof(l->reg));
    l->reg[REG_VERSION] = VERSION;
    l->reg[REG_DFR] = DFR_FLAT;
    l->reg[REG_SPURIOUS] = 0xff;
    for (unsigned int lvt = REG_TIMER; lvt <= REG_LVT_ERROR; lvt++)
        l->reg[lvt] = MASKED;
    lapic_set_ids(v);
}

void hvm_lapic_create(struct x86_vcpu *v)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    l->base = LAPIC_PAGE | LAPIC_BASE_ENABLE | (v->core.id == 0 ? LAPIC_BASE_BSP : 0);
    timer_init(&l->timer, 0, lapic_timer_came, v);
    hvm_lapic_reset(v);
}

void hvm_lapic_destroy(struct x86_vcpu *v)
{
    timer_stop(&v->hvm->lapic.timer);
}

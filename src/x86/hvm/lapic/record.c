/* SPDX-License-Identifier: Apache-2.0 */
/* Records of an APIC (xen/hvm/save.h). */
#include "x86/hvm/lapic/internal.h"

#include "core/machine.h"
#include "lib/memory.h"
#include "x86/hvm/records.h"

#define RECORD_SOFTWARE_OFF 1u /* struct hvm_hw_lapic.disabled */
#define RECORD_HARDWARE_OFF 2u

void hvm_lapic_save(const struct x86_vcpu *v, struct hvm_hw_lapic *to)
{
    const struct hvm_lapic *l = &v->hvm->lapic;

    *to = (struct hvm_hw_lapic){
        .apic_base_msr = l->base,
        .disabled = (l->reg[REG_SPURIOUS] & SOFTWARE_ON ? 0 : RECORD_SOFTWARE_OFF) |
                    (l->base & LAPIC_BASE_ENABLE ? 0 : RECORD_HARDWARE_OFF),
        .timer_divisor = (uint32_t)(lapic_tick(l) / BUS_NS),
        .tdt_msr = l->deadline,
    };
}

bool hvm_lapic_ok(const struct x86_vcpu *v, const struct hvm_hw_lapic *from)
{
    uint64_t base = from->apic_base_msr;

    if ((base & (LAPIC_BASE_X2APIC | LAPIC_BASE_ENABLE)) == LAPIC_BASE_X2APIC)
        return false;
    if (!(base & LAPIC_BASE_BSP) != (v->core.id != 0))
        return false;
    return (base & ~(uint64_t)(LAPIC_BASE_BSP | LAPIC_BASE_X2APIC | LAPIC_BASE_ENABLE)) ==
           LAPIC_PAGE;
}

void hvm_lapic_load(struct x86_vcpu *v, const struct hvm_hw_lapic *from)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    l->base = from->apic_base_msr;
    l->deadline = from->tdt_msr;
    lapic_set_ids(v);
}

void hvm_lapic_save_registers(const struct x86_vcpu *v, struct hvm_hw_lapic_regs *to)
{
    const struct hvm_lapic *l = &v->hvm->lapic;
    uint32_t value;

    memset(to, 0, sizeof(*to));
    for (unsigned int reg = 0; reg < LAPIC_REGISTERS; reg++) {
        value = reg == REG_NOW   ? lapic_count_now(l)
                : reg == REG_PPR ? lapic_priority(l)
                                 : l->reg[reg];
        memcpy(&to->data[reg * 16], &value, sizeof(value));
    }
}

/* As far as a guest could have written them so; of IDs, those that follow from the vCPU stay. */
void hvm_lapic_load_registers(struct x86_vcpu *v, const struct hvm_hw_lapic_regs *from)
{
    struct hvm_lapic *l = &v->hvm->lapic;
    uint32_t in[LAPIC_REGISTERS];

    for (unsigned int reg = 0; reg < LAPIC_REGISTERS; reg++)
        memcpy(&in[reg], &from->data[reg * 16], sizeof(in[reg]));
    for (unsigned int i = 0; i < 8; i++) {
        uint32_t usable = i ? ~0u : 0xffff0000; /* vectors below 16 are none */

        l->reg[REG_SERVED + i] = in[REG_SERVED + i] & usable;
        l->reg[REG_TRIGGER + i] = in[REG_TRIGGER + i] & usable;
        l->reg[REG_REQUEST + i] = in[REG_REQUEST + i] & usable;
    }
    l->reg[REG_TPR] = in[REG_TPR] & 0xff;
    l->reg[REG_DFR] = in[REG_DFR] | 0x0fffffff;
    l->reg[REG_SPURIOUS] = in[REG_SPURIOUS] & 0x3ff;
    l->reg[REG_ERROR] = in[REG_ERROR] & 0xff;
    l->reg[REG_ICR] = in[REG_ICR] & ~ICR_BUSY;
    l->reg[REG_ICR_HIGH] = in[REG_ICR_HIGH];
    l->reg[REG_TIMER] = in[REG_TIMER] & (LVT_VECTOR | LVT_PENDING | MASKED | TIMER_MODE);
    for (unsigned int lvt = REG_THERMAL; lvt <= REG_LVT_ERROR; lvt++)
        lapic_write_local(l, lvt, in[lvt]);
    l->reg[REG_DIVIDE] = in[REG_DIVIDE] & 0xb;
    l->reg[REG_COUNT] = in[REG_COUNT];
    l->reg[REG_NOW] = in[REG_NOW];
    lapic_set_ids(v);
    if (!x2apic(l))
        l->reg[REG_LDR] = in[REG_LDR] & 0xff000000;
    l->pending = true; /* perhaps */
    lapic_resume_count(v);
}

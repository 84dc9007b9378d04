/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share: registers by their numbers, and what follows from them. */
#ifndef X86_HVM_LAPIC_INTERNAL_H
#define X86_HVM_LAPIC_INTERNAL_H

#include "x86/hvm/guest.h"
#include "x86/hvm/lapic/lapic.h"

/* Registers by their numbers: offsets / 16 (AMD APM 2, table 16-2). */
enum {
    REG_ID = 0x02,
    REG_VERSION = 0x03,
    REG_TPR = 0x08,
    REG_PPR = 0x0a,
    REG_EOI = 0x0b,
    REG_LDR = 0x0d,
    REG_DFR = 0x0e,
    REG_SPURIOUS = 0x0f,
    REG_SERVED = 0x10,
    REG_TRIGGER = 0x18,
    REG_REQUEST = 0x20,
    REG_ERROR = 0x28,
    REG_CMCI = 0x2f,
    REG_ICR = 0x30,
    REG_ICR_HIGH = 0x31,
    REG_TIMER = 0x32,
    REG_THERMAL = 0x33,
    REG_PERF = 0x34,
    REG_LINT0 = 0x35,
    REG_LINT1 = 0x36,
    REG_LVT_ERROR = 0x37,
    REG_COUNT = 0x38,
    REG_NOW = 0x39,
    REG_DIVIDE = 0x3e,
    REG_SELF = 0x3f,
};

#define BUS_NS               10 /* the timer's clock: 100 MHz, as on Xen */
#define SOFTWARE_ON          0x100u
#define MASKED               0x10000u
#define TIMER_MODE           0x60000u
#define LVT_VECTOR           0xffu
#define LVT_PENDING          0x1000u
#define DFR_FLAT             0xffffffffu
#define ICR_BUSY             0x1000u
#define ICR_SELF             0x40000u
#define ERROR_SEND_VECTOR    0x20u
#define ERROR_RECEIVE_VECTOR 0x40u
#define ERROR_REGISTER       0x80u

static inline bool x2apic(const struct hvm_lapic *l)
{
    return l->base & LAPIC_BASE_X2APIC;
}

static inline bool enabled(const struct hvm_lapic *l)
{
    return (l->base & LAPIC_BASE_ENABLE) && (l->reg[REG_SPURIOUS] & SOFTWARE_ON);
}

/* Of 256 bits the highest that is set, 0: none. */
static inline uint8_t highest(const uint32_t *words)
{
    for (unsigned int i = 8; i-- > 0;) {
        uint32_t word = __atomic_load_n(&words[i], __ATOMIC_RELAXED);

        if (word)
            return (uint8_t)(i * 32 + 31 - (unsigned int)__builtin_clz(word));
    }
    return 0;
}

/* The processor's priority: of the task's and of what is in service the higher. */
uint8_t lapic_priority(const struct hvm_lapic *l);
void lapic_end_of_interrupt(struct hvm_lapic *l);

/* The timer: ns of one count; what is left of the count; a count begins, from the start or from what a
 * record says is left; its entry of the local table is written; it stops. */
ns_t lapic_tick(const struct hvm_lapic *l);
uint32_t lapic_count_now(const struct hvm_lapic *l);
void lapic_start_count(struct x86_vcpu *v);
void lapic_resume_count(struct x86_vcpu *v);
void lapic_set_timer_mode(struct x86_vcpu *v, uint32_t value);
void lapic_stop_timer(struct hvm_lapic *l);
void lapic_timer_came(void *vcpu);

/* An interrupt command is given, to an ID as wide as from's mode has it. */
void lapic_send(struct x86_vcpu *from, uint32_t command, uint32_t to);

/* An entry of the local table but the timer's is written; the IDs follow from the mode. */
void lapic_write_local(struct hvm_lapic *l, unsigned int reg, uint32_t value);
void lapic_set_ids(struct x86_vcpu *v);

#endif

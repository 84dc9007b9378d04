/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/hvm/lapic.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "lib/memory.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/records.h"
#include "x86/hvm/startup.h"
#include "x86/hvm/vendor.h"

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

#define VERSION              0x00050014u /* six LVTs, as Xen's */
#define SOFTWARE_ON          0x100u
#define MASKED               0x10000u
#define TIMER_MODE           0x60000u
#define TIMER_PERIODIC       0x20000u
#define TIMER_DEADLINE       0x40000u
#define LVT_VECTOR           0xffu
#define DFR_FLAT             0xffffffffu
#define ERROR_SEND_VECTOR    0x20u
#define ERROR_RECEIVE_VECTOR 0x40u
#define ERROR_REGISTER       0x80u
#define PERIOD_MIN           100000 /* ns between ticks: a guest must not keep a CPU busy with them */
#define BUS_NS               10     /* the timer's clock: 100 MHz, as on Xen */

#define RECORD_SOFTWARE_OFF 1u /* struct hvm_hw_lapic.disabled */
#define RECORD_HARDWARE_OFF 2u

/* The interrupt command. */
#define ICR_MODE      0x700u
#define ICR_LOWEST    0x100u
#define ICR_NMI       0x400u
#define ICR_INIT      0x500u
#define ICR_STARTUP   0x600u
#define ICR_LOGICAL   0x800u
#define ICR_BUSY      0x1000u
#define ICR_ASSERT    0x4000u
#define ICR_LEVEL     0x8000u
#define ICR_SHORTHAND 0xc0000u
#define ICR_SELF      0x40000u
#define ICR_ALL       0x80000u

static bool x2apic(const struct hvm_lapic *l)
{
    return l->base & LAPIC_BASE_X2APIC;
}

static bool enabled(const struct hvm_lapic *l)
{
    return (l->base & LAPIC_BASE_ENABLE) && (l->reg[REG_SPURIOUS] & SOFTWARE_ON);
}

/* ---- requests and service ---- */

static uint8_t highest(const uint32_t *words)
{
    for (unsigned int i = 8; i-- > 0;) {
        uint32_t word = __atomic_load_n(&words[i], __ATOMIC_RELAXED);

        if (word)
            return (uint8_t)(i * 32 + 31 - (unsigned int)__builtin_clz(word));
    }
    return 0;
}

void hvm_lapic_raise(struct x86_vcpu *v, uint8_t vector)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    if (vector < 16) {
        l->errors |= ERROR_RECEIVE_VECTOR;
        return;
    }
    if (enabled(l))
        hvm_lapic_request(v, vector);
}

void hvm_lapic_request(struct x86_vcpu *v, uint8_t vector)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    ASSERT(vector >= 16);
    __atomic_fetch_or(&l->reg[REG_REQUEST + vector / 32], 1u << vector % 32, __ATOMIC_SEQ_CST);
    __atomic_store_n(&l->pending, true, __ATOMIC_SEQ_CST);
    vcpu_kick(&v->core);
}

static uint8_t priority(const struct hvm_lapic *l)
{
    uint8_t served = highest(&l->reg[REG_SERVED]), tpr = (uint8_t)l->reg[REG_TPR];

    return tpr >> 4 >= served >> 4 ? tpr : served & 0xf0;
}

uint8_t hvm_lapic_requested(struct x86_vcpu *v)
{
    struct hvm_lapic *l = &v->hvm->lapic;
    uint8_t vector;

    if (!__atomic_load_n(&l->pending, __ATOMIC_RELAXED) || !enabled(l))
        return 0;
    /* Who raises one sets its bit, then this: one of the two is seen. */
    __atomic_store_n(&l->pending, false, __ATOMIC_SEQ_CST);
    vector = highest(&l->reg[REG_REQUEST]);
    if (vector)
        __atomic_store_n(&l->pending, true, __ATOMIC_RELAXED);
    return vector;
}

uint8_t hvm_lapic_waiting(struct x86_vcpu *v)
{
    uint8_t vector = hvm_lapic_requested(v);

    return vector && vector >> 4 > highest(&v->hvm->lapic.reg[REG_SERVED]) >> 4 ? vector : 0;
}

uint8_t hvm_lapic_next(struct x86_vcpu *v)
{
    uint8_t vector = hvm_lapic_requested(v);

    return vector && vector >> 4 > priority(&v->hvm->lapic) >> 4 ? vector : 0;
}

void hvm_lapic_accept(struct x86_vcpu *v, uint8_t vector)
{
    struct hvm_lapic *l = &v->hvm->lapic;
    uint32_t bit = 1u << vector % 32;

    __atomic_fetch_and(&l->reg[REG_REQUEST + vector / 32], ~bit, __ATOMIC_SEQ_CST);
    l->reg[REG_SERVED + vector / 32] |= bit;
}

static void end_of_interrupt(struct hvm_lapic *l)
{
    uint8_t vector = highest(&l->reg[REG_SERVED]);

    if (vector)
        l->reg[REG_SERVED + vector / 32] &= ~(1u << vector % 32);
}

uint8_t hvm_lapic_tpr(const struct x86_vcpu *v)
{
    return (uint8_t)v->hvm->lapic.reg[REG_TPR];
}

void hvm_lapic_set_tpr(struct x86_vcpu *v, uint8_t tpr)
{
    v->hvm->lapic.reg[REG_TPR] = tpr;
}

/* ---- the timer ---- */

static void local_interrupt(struct x86_vcpu *v, unsigned int lvt)
{
    uint32_t entry = v->hvm->lapic.reg[lvt];

    if (!(entry & MASKED))
        hvm_lapic_raise(v, (uint8_t)(entry & LVT_VECTOR));
}

static bool periodic(const struct hvm_lapic *l)
{
    return (l->reg[REG_TIMER] & TIMER_MODE) == TIMER_PERIODIC;
}

static bool by_deadline(const struct hvm_lapic *l)
{
    return (l->reg[REG_TIMER] & TIMER_MODE) == TIMER_DEADLINE;
}

static void timer_came(void *vcpu)
{
    struct x86_vcpu *v = vcpu;
    struct hvm_lapic *l = &v->hvm->lapic;
    ns_t period = __atomic_load_n(&l->timer_period, __ATOMIC_RELAXED), now = arch_now();

    if (by_deadline(l)) {
        l->deadline = 0;
    } else if (periodic(l) && period) {
        ns_t next = l->timer_began + 2 * period;

        l->timer_began += period;
        if (next < now + PERIOD_MIN) { /* ticks that were missed are left out */
            l->timer_began = now;
            next = now + (period > PERIOD_MIN ? period : PERIOD_MIN);
        }
        timer_set(&l->timer, next);
    } else {
        l->timer_period = 0;
    }
    local_interrupt(v, REG_TIMER);
}

/* The clock's divider: bits 0, 1 and 3. */
static ns_t tick(const struct hvm_lapic *l)
{
    uint32_t code = (l->reg[REG_DIVIDE] & 3) | (l->reg[REG_DIVIDE] >> 1 & 4);

    return BUS_NS << ((code + 1) & 7);
}

static void start_count(struct x86_vcpu *v)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    timer_disarm(&l->timer);
    l->timer_period = by_deadline(l) ? 0 : (ns_t)l->reg[REG_COUNT] * tick(l);
    if (!l->timer_period)
        return;
    l->timer_began = arch_now();
    timer_set_here(&l->timer, l->timer_began + l->timer_period);
}

static uint32_t count_now(const struct hvm_lapic *l)
{
    ns_t passed = arch_now() - l->timer_began;

    if (!l->timer_period || by_deadline(l))
        return 0;
    if (passed >= l->timer_period) {
        if (!periodic(l))
            return 0;
        passed %= l->timer_period;
    }
    return l->reg[REG_COUNT] - (uint32_t)(passed / tick(l));
}

void hvm_lapic_set_deadline(struct x86_vcpu *v, uint64_t tsc)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    if (!by_deadline(l))
        return;
    l->deadline = tsc;
    timer_disarm(&l->timer);
    if (tsc)
        timer_set_here(&l->timer, arch_tsc_to_time(tsc - v->core.tsc_offset));
}

static void set_timer_mode(struct x86_vcpu *v, uint32_t value)
{
    struct hvm_lapic *l = &v->hvm->lapic;
    bool was = by_deadline(l);

    l->reg[REG_TIMER] = value & (LVT_VECTOR | MASKED | TIMER_MODE);
    if (was == by_deadline(l))
        return;
    timer_disarm(&l->timer);
    l->timer_period = 0;
    l->deadline = 0;
}

/* ---- commands to other vCPUs ---- */

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

static void send(struct x86_vcpu *from, uint32_t command, uint32_t to)
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

/* ---- registers ---- */

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
    case REG_PPR: *value = priority(l); break;
    case REG_NOW: *value = count_now(l); break;
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

static void write_local(struct hvm_lapic *l, unsigned int reg, uint32_t value)
{
    static const uint32_t kept[] = {
        0x107ff, /* of REG_THERMAL, the first of them */
        [REG_PERF - REG_THERMAL] = 0x107ff,
        [REG_LINT0 - REG_THERMAL] = 0x1a7ff,
        [REG_LINT1 - REG_THERMAL] = 0x1a7ff,
        [REG_LVT_ERROR - REG_THERMAL] = 0x100ff,
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
    case REG_EOI: end_of_interrupt(l); return true;
    case REG_SPURIOUS: set_spurious(l, value); return true;
    case REG_ERROR:
        l->reg[REG_ERROR] = l->errors;
        l->errors = 0;
        return true;
    case REG_TIMER:
        set_timer_mode(v, l->reg[REG_SPURIOUS] & SOFTWARE_ON ? value : value | MASKED);
        return true;
    case REG_THERMAL:
    case REG_PERF:
    case REG_LINT0:
    case REG_LINT1:
    case REG_LVT_ERROR: write_local(l, reg, value); return true;
    case REG_COUNT:
        l->reg[REG_COUNT] = value;
        start_count(v);
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
        send(v, (uint32_t)value, (uint32_t)(value >> 32));
        return true;
    }
    if (value >> 32)
        return false;
    if (reg == REG_SELF) {
        if (value >> 8)
            return false;
        send(v, (uint32_t)value | ICR_SELF, 0);
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
        send(v, value, l->reg[REG_ICR_HIGH] >> 24);
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
static void set_ids(struct x86_vcpu *v)
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
    l->base = value;
    if (from != to)
        set_ids(v);
    return true;
}

/* ---- records ---- */

/* The timer goes on from what is left of its count. */
static void resume_count(struct x86_vcpu *v)
{
    struct hvm_lapic *l = &v->hvm->lapic;
    ns_t left = (ns_t)l->reg[REG_NOW] * tick(l);

    timer_disarm(&l->timer);
    l->reg[REG_NOW] = 0;
    l->timer_period = by_deadline(l) ? 0 : (ns_t)l->reg[REG_COUNT] * tick(l);
    if (!l->timer_period || (!left && !periodic(l))) {
        l->timer_period = 0;
        return;
    }
    if (left > l->timer_period)
        left = l->timer_period;
    l->timer_began = arch_now() + left - l->timer_period;
    timer_set(&l->timer, l->timer_began + l->timer_period);
}

void hvm_lapic_save(const struct x86_vcpu *v, struct hvm_hw_lapic *to)
{
    const struct hvm_lapic *l = &v->hvm->lapic;

    *to = (struct hvm_hw_lapic){
        .apic_base_msr = l->base,
        .disabled = (l->reg[REG_SPURIOUS] & SOFTWARE_ON ? 0 : RECORD_SOFTWARE_OFF) |
                    (l->base & LAPIC_BASE_ENABLE ? 0 : RECORD_HARDWARE_OFF),
        .timer_divisor = (uint32_t)(tick(l) / BUS_NS),
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
    set_ids(v);
}

void hvm_lapic_save_registers(const struct x86_vcpu *v, struct hvm_hw_lapic_regs *to)
{
    const struct hvm_lapic *l = &v->hvm->lapic;
    uint32_t value;

    memset(to, 0, sizeof(*to));
    for (unsigned int reg = 0; reg < LAPIC_REGISTERS; reg++) {
        value = reg == REG_NOW ? count_now(l) : reg == REG_PPR ? priority(l) : l->reg[reg];
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
    l->reg[REG_TIMER] = in[REG_TIMER] & (LVT_VECTOR | MASKED | TIMER_MODE);
    for (unsigned int lvt = REG_THERMAL; lvt <= REG_LVT_ERROR; lvt++)
        write_local(l, lvt, in[lvt]);
    l->reg[REG_DIVIDE] = in[REG_DIVIDE] & 0xb;
    l->reg[REG_COUNT] = in[REG_COUNT];
    l->reg[REG_NOW] = in[REG_NOW];
    set_ids(v);
    if (!x2apic(l))
        l->reg[REG_LDR] = in[REG_LDR] & 0xff000000;
    l->pending = true; /* perhaps */
    resume_count(v);
    if (by_deadline(l) && l->deadline)
        timer_set(&l->timer, arch_tsc_to_time(l->deadline - v->core.tsc_offset));
}

/* ---- life ---- */

void hvm_lapic_reset(struct x86_vcpu *v)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    timer_disarm(&l->timer);
    l->timer_period = 0;
    l->deadline = 0;
    l->errors = 0;
    memset(l->reg, 0, sizeof(l->reg));
    l->reg[REG_VERSION] = VERSION;
    l->reg[REG_DFR] = DFR_FLAT;
    l->reg[REG_SPURIOUS] = 0xff;
    for (unsigned int lvt = REG_TIMER; lvt <= REG_LVT_ERROR; lvt++)
        l->reg[lvt] = MASKED;
    set_ids(v);
}

void hvm_lapic_create(struct x86_vcpu *v)
{
    struct hvm_lapic *l = &v->hvm->lapic;

    l->base = LAPIC_PAGE | LAPIC_BASE_ENABLE | (v->core.id == 0 ? LAPIC_BASE_BSP : 0);
    timer_init(&l->timer, 0, timer_came, v);
    hvm_lapic_reset(v);
}

void hvm_lapic_destroy(struct x86_vcpu *v)
{
    timer_stop(&v->hvm->lapic.timer);
}

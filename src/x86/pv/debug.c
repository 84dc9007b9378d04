/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/debug.h"

#include "core/assert.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/layout.h"
#include "x86/pv/calls.h"

/* AMD APM 2, section 13.1.1. */
#define DR6_STATUS  0xe00ful /* B0-B3, BD, BS, BT */
#define DR6_FIXED   0xffff0ff0ul
#define DR7_ENABLED 0xfful       /* L0 to G3 */
#define DR7_GD      0x2000ul     /* the guest's own accesses trap anyway */
#define DR7_ALLOWED 0xffff03fful /* without RTM and BLD */
#define RW_IO       2u           /* a field of DR7: I/O breakpoint */

static void write_register(unsigned int number, uint64_t value)
{
    switch (number) {
    case 0: __asm__ volatile("movq %0, %%db0" : : "r"(value)); break;
    case 1: __asm__ volatile("movq %0, %%db1" : : "r"(value)); break;
    case 2: __asm__ volatile("movq %0, %%db2" : : "r"(value)); break;
    case 3: __asm__ volatile("movq %0, %%db3" : : "r"(value)); break;
    case 6: __asm__ volatile("movq %0, %%db6" : : "r"(value)); break;
    case 7: __asm__ volatile("movq %0, %%db7" : : "r"(value)); break;
    default: BUG("no such debug register");
    }
}

static uint64_t read_dr6(void)
{
    uint64_t value;

    __asm__ volatile("movq %%db6, %0" : "=r"(value));
    return value;
}

void pv_debug_load(const struct x86_vcpu *v)
{
    if (!(v->pv.debug[7] & DR7_ENABLED))
        return;
    for (unsigned int i = 0; i < 4; i++)
        write_register(i, v->pv.debug[i]);
    write_register(7, v->pv.debug[7]);
}

void pv_debug_unload(const struct x86_vcpu *v)
{
    if (v->pv.debug[7] & DR7_ENABLED)
        write_register(7, DR7_FIXED);
}

void pv_debug_trap(struct x86_vcpu *v)
{
    v->pv.debug[6] |= read_dr6() & DR6_STATUS;
    write_register(6, DR6_FIXED);
}

/* A breakpoint of 8 bytes must not reach Zeroth's addresses. */
static bool address_ok(uint64_t address)
{
    bool canonical = (uint64_t)((int64_t)(address << 16) >> 16) == address;

    return canonical && (address + 8 <= HYPERVISOR_START || address >= HYPERVISOR_END);
}

/* Breakpoints of I/O ports need CR4.DE; a field that says them without is undefined. */
static bool dr7_ok(const struct x86_vcpu *v, uint64_t value)
{
    for (unsigned int i = 0; i < 4; i++)
        if ((value >> (2 * i) & 3) && (value >> (16 + 4 * i) & 3) == RW_IO && !(v->pv.cr4 & CR4_DE))
            return false;
    return true;
}

static long set_dr7(struct x86_vcpu *v, uint64_t value)
{
    bool current = &v->core == current_vcpu();

    if (value >> 32)
        return -XEN_EINVAL;
    if ((value & DR7_GD) || !dr7_ok(v, value))
        return -XEN_EPERM;
    value = (value & DR7_ALLOWED) | DR7_FIXED;
    if (current)
        pv_debug_unload(v);
    v->pv.debug[7] = value;
    if (current)
        pv_debug_load(v);
    return 0;
}

long pv_debug_set(struct x86_vcpu *v, unsigned int number, uint64_t value)
{
    if (number > 7)
        return -XEN_ENODEV;
    if (number == 4 || number == 5) {
        if (v->pv.cr4 & CR4_DE)
            return -XEN_ENODEV;
        number += 2;
    }
    if (number < 4) {
        if (!address_ok(value))
            return -XEN_EPERM;
        v->pv.debug[number] = value;
        if (&v->core == current_vcpu() && (v->pv.debug[7] & DR7_ENABLED))
            write_register(number, value);
        return 0;
    }
    if (number == 7)
        return set_dr7(v, value);
    if (value >> 32)
        return -XEN_EINVAL;
    v->pv.debug[6] = (value & DR6_STATUS) | DR6_FIXED;
    return 0;
}

bool pv_debug_get(const struct x86_vcpu *v, unsigned int number, uint64_t *value)
{
    if (number > 7)
        return false;
    if (number == 4 || number == 5) {
        if (v->pv.cr4 & CR4_DE)
            return false;
        number += 2;
    }
    *value = v->pv.debug[number];
    return true;
}

long pv_set_debugreg(uint64_t number, uint64_t value, uint64_t a2, uint64_t a3, uint64_t a4,
                     uint64_t a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    return pv_debug_set(x86_vcpu(current_vcpu()), (unsigned int)number, value);
}

long pv_get_debugreg(uint64_t number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                     uint64_t a5)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());
    uint64_t value;

    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    if (!pv_debug_get(v, (unsigned int)number, &value))
        return -XEN_ENODEV;
    if ((long)value == DOOR_RESTART)
        v->regs.vector = 0; /* a number like any other: see entry.S */
    return (long)value;
}

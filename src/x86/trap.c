/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/trap.h"

#include "x86/trap_entry.h"

#define SELECTOR_CODE  8
#define GATE_INTERRUPT 0x8e     /* present, ring 0, 64-bit interrupt gate */

/* AMD APM 2, section 4.8.4. */
struct gate {
    uint16_t low, selector;
    uint8_t ist, type;
    uint16_t middle;
    uint32_t high, zero;
};

struct __attribute__((packed)) table_register {
    uint16_t limit;
    uint64_t base;
};

static struct gate table[TRAP_COUNT];
static void (*chosen_report)(const struct trap_frame *frame);

void trap_init(void (*report)(const struct trap_frame *frame))
{
    const struct table_register idtr = { sizeof(table) - 1, (uintptr_t)table };

    chosen_report = report;
    for (unsigned int i = 0; i < TRAP_COUNT; i++)
        table[i] = (struct gate){
            .low = (uint16_t)trap_stubs[i], .selector = SELECTOR_CODE, .type = GATE_INTERRUPT,
            .middle = (uint16_t)(trap_stubs[i] >> 16), .high = (uint32_t)(trap_stubs[i] >> 32),
        };
    __asm__ volatile("lidt %0" : : "m"(idtr));
}

_Noreturn void trap_dispatch(const struct trap_frame *frame)
{
    chosen_report(frame);
    __builtin_trap();           /* not reached: a report does not return */
}

const char *trap_name(uint64_t vector)
{
    static const char *const names[] = {
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "?", "#TS",
        "#NP", "#SS", "#GP", "#PF", "?", "#MF", "#AC", "#MC", "#XF", "?", "#CP",
    };

    return vector < sizeof(names) / sizeof(names[0]) ? names[vector] : "?";
}

uint64_t trap_fault_address(void)
{
    uint64_t address;

    __asm__ volatile("mov %%cr2, %0" : "=r"(address));
    return address;
}

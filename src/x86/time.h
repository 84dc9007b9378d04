/* SPDX-License-Identifier: Apache-2.0 */
/* System time from the TSC, and the one-shot timer of each CPU. */
#ifndef X86_TIME_H
#define X86_TIME_H

#include "core/types.h"

enum time_reference {
    REFERENCE_ANY,
    REFERENCE_HPET,
    REFERENCE_PM_TIMER,
    REFERENCE_PIT,
    REFERENCE_CPUID
};

/* Boot CPU, after acpi_init and apic_start, interrupts off: measure TSC and APIC timer, by the chosen
 * reference when it works, else by the first that does.  Does not return when there is none. */
void time_calibrate(enum time_reference chosen);
/* Each other CPU as it starts: check that its TSC is not behind the boot CPU's. */
void time_start_cpu(void);
uint64_t time_tsc_khz(void);

#endif

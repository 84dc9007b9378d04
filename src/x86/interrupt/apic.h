/* SPDX-License-Identifier: Apache-2.0 */
/* Local APIC or x2APIC of this CPU (Intel SDM 3, chapter 10; AMD APM 2, chapter 16). */
#ifndef X86_APIC_H
#define X86_APIC_H

#include "core/types.h"

/* Boot CPU: choose x2APIC when the CPU has it; map the registers otherwise. */
void apic_init(void);
/* Each CPU: software-enable, spurious and error vectors, LVTs masked. */
void apic_start(void);
uint32_t apic_id(void);
void apic_eoi(void);
void apic_send(uint32_t to_apic_id, uint8_t vector);
void apic_send_nmi(uint32_t to_apic_id);
/* To this CPU; in an NMI handler, too. */
void apic_send_self(uint8_t vector);
void apic_send_init(uint32_t to_apic_id);
void apic_send_startup(uint32_t to_apic_id, uint8_t page);
/* One-shot timer: counts of its clock divided by 16 … chosen by x86/time.c; 0 stops. */
void apic_timer_set(uint32_t count);
uint32_t apic_timer_count(void);

#endif

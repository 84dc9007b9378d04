/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the operations call where no hypervisor's interface is used: the machine's own devices
 * (16550 on port 0x3f8, local APIC, TSC).  Arguments and results are those of pv/ops.h.
 */
#ifndef PV_NATIVE_H
#define PV_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

void native_flush_all(void);
bool native_table_new(uint64_t *page, unsigned int level);
void native_table_free(uint64_t *page);
uint64_t native_time_ns(void);
void native_set_timer(uint64_t when);
void native_console_write(const char *text, unsigned int length);
void native_ipi(unsigned int cpu);
bool native_cpu_start(unsigned int cpu);
void native_power_off(void);

#endif

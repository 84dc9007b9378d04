/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_memory_op (xen/memory.h). */
#ifndef ABI_MEMORY_H
#define ABI_MEMORY_H

#include "abi/door.h"

struct domain;

#define MEMORY_MAP_MAX 128

/* As the BIOS call E820 gives it (ACPI 6.4, 15.1); the ABI's layout. */
struct __attribute__((packed)) memory_region {
    uint64_t start, size; /* bytes */
    uint32_t type;
};

struct memory_map {
    unsigned int count;
    struct memory_region regions[];
};

/* Rows; extra is the whole command word, whose bits from MEMORY_START_SHIFT on say where a restarted
 * call goes on. */
#define MEMORY_START_SHIFT 6
extern const struct door_op memory_ops[];
extern const uint16_t memory_op_count;

/* What XENMEM_memory_map tells a domain; replaces an older one.  -ENOMEM; -E2BIG. */
int memory_set_map(struct domain *d, const struct memory_region *regions, unsigned int count);

/* Boot: one more region of the machine, ascending; beyond MEMORY_MAP_MAX they are left out. */
void memory_add_machine_region(uint64_t start, uint64_t size, uint32_t type);
/* Boot, after those: a page of an interrupt controller's, reserved unless a region tells of it. */
void memory_reserve_machine_page(uint64_t at);
/* Whole frames of RAM in those regions, and the first number behind them all. */
uint64_t memory_machine_frames(void);
mfn_t memory_machine_end(void);

#endif

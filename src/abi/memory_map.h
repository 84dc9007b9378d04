/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's memory as the firmware tells it, and as domains are told of theirs. */
#ifndef ABI_MEMORY_MAP_H
#define ABI_MEMORY_MAP_H

#include "core/types.h"

struct domain;
struct vcpu;

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

/* What XENMEM_memory_map tells a domain; replaces an older one.  -ENOMEM; -E2BIG. */
int memory_set_map(struct domain *d, const struct memory_region *regions, unsigned int count);

/* Boot: one more region of the machine, ascending; beyond MEMORY_MAP_MAX they are left out. */
void memory_add_machine_region(uint64_t start, uint64_t size, uint32_t type);
/* Boot, after those: a page of an interrupt controller's, reserved unless a region tells of it. */
void memory_reserve_machine_page(uint64_t at);
/* Whole frames of RAM in those regions, and the first number behind them all. */
uint64_t memory_machine_frames(void);
mfn_t memory_machine_end(void);

/* Rows of HYPERVISOR_memory_op (xen/memory.h): XENMEM_memory_map, XENMEM_machine_memory_map,
 * XENMEM_set_memory_map. */
long memory_map(struct vcpu *v, void *arg, uint64_t extra);
long memory_map_of_machine(struct vcpu *v, void *arg, uint64_t extra);
long memory_map_set(struct vcpu *v, void *arg, uint64_t extra);

#endif

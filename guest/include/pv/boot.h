/* SPDX-License-Identifier: Apache-2.0 */
/* How a kernel on libpv starts: what it defines, and what it is told. */
#ifndef PV_BOOT_H
#define PV_BOOT_H

#include <stdbool.h>
#include <stdint.h>

/* Where the image is linked, and the guest physical address it is loaded at (libpv.lds). */
#define PV_VIRT_BASE 0xffffffff80000000ul
#define PV_PHYS_BASE 0x200000ul

/* Usable memory: guest physical addresses in bytes. */
struct pv_range {
    uint64_t start, size;
};

#define PV_RANGES 32

struct pv_boot {
    const char *platform;     /* where this runs: "bare machine", "KVM", … */
    const char *entry;        /* how it was entered: "multiboot", "PVH", … */
    const char *version;      /* the hypervisor's, "" when it has none to tell */
    const char *command_line; /* never null */
    bool privileged;          /* the machine's devices are this kernel's to use */
    bool own_page_tables;     /* it may build page tables without asking a hypervisor */
    unsigned int cpus;        /* that cpu_start() may be asked for, at least 1 */
    unsigned int ranges;
    struct pv_range ram[PV_RANGES];
    uint64_t rsdp; /* ACPI's root, physical; 0: unknown */
};

extern struct pv_boot pv_boot;

/*
 * The kernel: called on CPU 0, all sites patched, interrupts off, on a stack of PV_STACK_SIZE bytes.
 * boot stays valid for good.  Power-off when it returns.
 */
void pv_main(const struct pv_boot *boot);

/* Other CPUs, see pv_cpu_start(); halted when it returns.  The library's own does nothing. */
void pv_cpu_main(unsigned int cpu);

/* Called before the sites are patched, the operations work; the library's own does nothing. */
void pv_before_patching(void);

/* How many sites there are; how many of them still call through pv_ops (0 once pv_main runs). */
unsigned int pv_sites(void);
unsigned int pv_sites_indirect(void);

/* Physical address of something in the image, and back; nothing else is mapped in every place. */
static inline uint64_t pv_phys(const void *address)
{
    return (uint64_t)address - PV_VIRT_BASE;
}

static inline void *pv_virt(uint64_t phys)
{
    return (void *)(phys + PV_VIRT_BASE);
}

#endif

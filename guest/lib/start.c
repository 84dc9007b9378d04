/* SPDX-License-Identifier: Apache-2.0 */
/* From a way in to the kernel: where are we, bind, patch, check, go. */
#include "start.h"

#include <pv/ops.h>
#include <pv/print.h>
#include <pv/trap.h>

extern const struct pv_platform pv_platforms_start[], pv_platforms_end[];

struct pv_cpu pv_cpus[PV_CPUS];
uint8_t pv_stacks[PV_CPUS][PV_STACK_SIZE] __attribute__((aligned(4096)));
struct pv_boot pv_boot;
const struct pv_platform *pv_platform;

/* The platform of the highest rank that recognizes the machine; the bare one always does. */
PV_BOOT_CODE static const struct pv_platform *find_platform(unsigned int how, uint64_t info)
{
    const struct pv_platform *best = 0;

    for (const struct pv_platform *p = pv_platforms_start; p < pv_platforms_end; p++)
        if ((!best || p->rank > best->rank) && p->here(how, info))
            best = p;
    return best;
}

static void name_cpus(void)
{
    for (unsigned int i = 0; i < PV_CPUS; i++) {
        pv_cpus[i].self = &pv_cpus[i];
        pv_cpus[i].number = i;
    }
}

PV_BOOT_CODE void pv_start(unsigned int how, uint64_t info)
{
    static struct pv_code codes[PV_OPS];

    name_cpus();
    pv_platform = find_platform(how, info);
    native_bind(codes);
    pv_platform->bind(codes);
    pv_bind(codes); /* from here on the operations work */
    pv_platform->cpu_init(0);
    pv_boot = (struct pv_boot){ .platform = pv_platform->name,
                                .command_line = "",
                                .version = "",
                                .cpus = 1,
                                .privileged = true,
                                .own_page_tables = true };
    pv_platform->describe(how, info, &pv_boot);
    pv_before_patching();
    pv_patch(codes);
    if (pv_sites_indirect())
        pv_print("libpv: %u of %u sites are still indirect\n", pv_sites_indirect(), pv_sites());
    else
        pv_main(&pv_boot);
    pv_power_off();
}

/* The first CPU's own initialisation stands in pv_start(). */
PV_BOOT_CODE void pv_cpu_enter(unsigned int cpu)
{
    pv_platform->cpu_init(cpu);
    __atomic_store_n(&pv_cpus[cpu].started, 1, __ATOMIC_RELEASE);
    pv_cpu_main(cpu);
    pv_halt();
}

__attribute__((weak)) void pv_before_patching(void)
{
}

__attribute__((weak)) void pv_cpu_main(unsigned int cpu)
{
    (void)cpu;
}

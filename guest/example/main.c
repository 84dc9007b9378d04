/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest kernel on libpv: it says where it is, lets a timer tick, and powers off. */
#include <pv/boot.h>
#include <pv/ops.h>
#include <pv/print.h>
#include <pv/trap.h>

#define MILLISECOND 1000000ul

static volatile unsigned int ticks;

void pv_interrupt(unsigned int vector, struct pv_regs *regs)
{
    (void)regs;
    if (vector == PV_VECTOR_TIMER)
        ticks++;
}

/* Sleep for a while; interrupts are off before and after. */
static void sleep_ns(uint64_t ns)
{
    uint64_t end = pv_time_ns() + ns;
    unsigned int before = ticks;

    pv_set_timer(end);
    while (ticks == before) {
        pv_idle();
        pv_irq_disable();
    }
}

void pv_main(const struct pv_boot *boot)
{
    uint64_t memory = 0, start = pv_time_ns();

    for (unsigned int i = 0; i < boot->ranges; i++)
        memory += boot->ram[i].size;
    pv_print("\nEXAMPLE where: %s%s%s, entered by %s\n", boot->platform,
             boot->version[0] ? " " : "", boot->version, boot->entry);
    pv_print("EXAMPLE memory: %lu MiB in %u ranges, CPUs: %u\n", memory >> 20, boot->ranges,
             boot->cpus);
    pv_print("EXAMPLE command line: %s\n", boot->command_line);
    pv_print("EXAMPLE sites: %u patched, %u indirect\n", pv_sites(), pv_sites_indirect());
    for (unsigned int i = 0; i < 3; i++)
        sleep_ns(MILLISECOND);
    pv_print("EXAMPLE ticks: %u in %lu us\n", ticks, (pv_time_ns() - start) / 1000);
    pv_print("EXAMPLE END\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small domain for tests of the toolstack.  The first word of its command line says what it does:
 *   idle   nothing, for good             spin   all of its CPUs run without end
 *   write  the same, writing its memory  off    powers off
 *   crash  crashes                       reboot asks to be created again
 */
#include <pv/boot.h>
#include <pv/native.h>
#include <pv/ops.h>
#include <pv/print.h>
#include <pv-xen/guest.h>
#include <pv-xen/hypercall.h>

#include <xen/sched.h>

static uint64_t memory[512 * 16]; /* what is written; not all is large */

#define ENTRIES 512
/* Where the frames of the P2M list are told of, for tools: struct arch_shared_info. */
static uint64_t frame_list[ENTRIES] __attribute__((aligned(4096)));
static uint64_t frame_list_list[ENTRIES] __attribute__((aligned(4096)));

/* Who dumps or saves the guest wants to know its frames. */
static void tell_frames(void)
{
    const struct start_info *info = xen_start_info;

    if (!info)
        return;
    for (uint64_t i = 0; i * ENTRIES < info->nr_pages && i < ENTRIES; i++)
        frame_list[i] = xen_frame_of((const uint64_t *)info->mfn_list + i * ENTRIES);
    frame_list_list[0] = xen_frame_of(frame_list);
    xen_shared_info->arch.pfn_to_mfn_frame_list_list = xen_frame_of(frame_list_list);
    xen_shared_info->arch.max_pfn = info->nr_pages;
}

static bool word_is(const char *line, const char *word)
{
    while (*word && *line == *word)
        line++, word++;
    return !*word && (*line == ' ' || !*line);
}

static void shut_down(unsigned int reason)
{
    struct sched_shutdown how = { .reason = reason };

    hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &how);
}

/* A pause now and then: an emulator that runs one CPU at a time lets the others go on at it.  Between
 * them the compiler sees nothing happen, and would leave that out. */
static void spin(void)
{
    for (uint64_t i = 0;; i++) {
        __asm__ volatile("" : "+r"(i));
        if (i % 16384 == 0)
            __asm__ volatile("pause" : : : "memory");
    }
}

static void write_memory(void)
{
    for (uint64_t i = 0;; i++)
        __atomic_store_n(&memory[i % (sizeof(memory) / sizeof(memory[0]))], i, __ATOMIC_RELAXED);
}

/* CPUs but the first are started to do the same as it. */
void pv_cpu_main(unsigned int cpu)
{
    (void)cpu;
    if (word_is(pv_boot.command_line, "spin"))
        spin();
    if (word_is(pv_boot.command_line, "write"))
        write_memory();
}

void pv_main(const struct pv_boot *boot)
{
    const char *line = boot->command_line;

    tell_frames();
    pv_print("LOAD %s, %u CPUs\n", line, boot->cpus);
    if (word_is(line, "off"))
        shut_down(SHUTDOWN_poweroff);
    if (word_is(line, "reboot"))
        shut_down(SHUTDOWN_reboot);
    if (word_is(line, "crash"))
        shut_down(SHUTDOWN_crash);
    for (unsigned int cpu = 1; cpu < boot->cpus; cpu++)
        pv_cpu_start(cpu);
    pv_cpu_main(0);
    for (;;) {
        pv_idle();
        pv_irq_disable();
    }
}

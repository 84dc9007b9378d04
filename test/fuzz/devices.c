/* SPDX-License-Identifier: Apache-2.0 */
/* The rest of the machine: interrupt lines and messages, clocks, firmware, the ends of all things. */
#include "check.h"

#include "core/assert.h"
#include "core/machine.h"
#include "core/event/pirq.h"
#include "core/softirq.h"
#include "drivers/acpi.h"
#include "drivers/pci.h"
#include "x86/memory/map.h"
#include "x86/pv/pte.h"
#include "x86/time.h"
#include "../workbench/cpus.h"

#include <setjmp.h>
#include <string.h>
#include <xen/errno.h>

#define GSIS          24u
#define IRQS          40u /* with messages */
#define TSC_BASE      1000000u
#define WORK_MAX      1200u /* copies between two questions whether to stop */
#define SEGMENT_PAGES 4096u /* of 128 windows */

struct acpi_info acpi = { .pm_timer = 0x608 };
uint64_t hypervisor_l4[512];

/* ---- interrupts ---- */

static struct {
    bool used, open, level; /* used: a message */
    struct domain *d;
    unsigned int pirq;
} irqs[IRQS];

unsigned int arch_gsi_count(void)
{
    return GSIS;
}

int arch_irq_open(unsigned int irq, struct domain *d, unsigned int pirq, unsigned int at)
{
    if (irq >= IRQS || (irq >= GSIS && !irqs[irq].used))
        return -XEN_EINVAL;
    REQUIRE(at < FUZZ_CPUS, "an interrupt is sent to CPU %u", at);
    if (irqs[irq].open)
        return -XEN_EBUSY;
    if (irq == 0)
        return -XEN_ENOSPC;
    irqs[irq].open = true;
    irqs[irq].d = d;
    irqs[irq].pirq = pirq;
    return 0;
}

void arch_irq_close(unsigned int irq)
{
    REQUIRE(irq < IRQS && irqs[irq].open, "interrupt %u", irq);
    irqs[irq].open = false;
}

bool arch_irq_is_level(unsigned int irq)
{
    return irq < IRQS && irqs[irq].level;
}

int arch_gsi_setup(unsigned int gsi, bool level, bool low)
{
    (void)low;
    if (gsi >= GSIS)
        return -XEN_EINVAL;
    if (!irqs[gsi].open)
        irqs[gsi].level = level;
    return 0;
}

int arch_msi_create(const struct arch_msi *which)
{
    if (which->bus > 3)
        return -XEN_ENODEV;
    for (unsigned int i = GSIS; i < IRQS; i++)
        if (!irqs[i].used) {
            irqs[i].used = true;
            return (int)i;
        }
    return -XEN_ENOSPC;
}

void arch_msi_destroy(unsigned int irq)
{
    REQUIRE(irq >= GSIS && irq < IRQS && irqs[irq].used && !irqs[irq].open, "message %u", irq);
    irqs[irq].used = false;
}

int arch_msi_restore(uint16_t segment, uint8_t bus, uint8_t devfn)
{
    (void)segment, (void)devfn;
    return bus > 3 ? -XEN_ENODEV : 0;
}

void arch_pirq_unmask(unsigned int irq)
{
    REQUIRE(irq < IRQS, "interrupt %u", irq);
}

void arch_pirq_affinity(unsigned int irq, unsigned int at)
{
    REQUIRE(irq < IRQS && at < FUZZ_CPUS, "interrupt %u to CPU %u", irq, at);
}

void devices_interrupt(unsigned int which)
{
    unsigned int irq = which % IRQS;

    if (!irqs[irq].open)
        return;
    irq_off();
    pirq_raise(irqs[irq].d, irqs[irq].pirq);
    irq_on();
}

void devices_check(void)
{
    for (unsigned int i = 0; i < IRQS; i++)
        if (irqs[i].open)
            REQUIRE(check_domain(irqs[i].d->id) == irqs[i].d,
                    "interrupt %u is open for a domain that is gone", i);
}

int arch_ioapic_read(paddr_t base, uint32_t reg, uint32_t *value)
{
    *value = reg;
    return base == 0xfec00000 && reg < 64 ? 0 : -XEN_EINVAL;
}

int arch_ioapic_write(paddr_t base, uint32_t reg, uint32_t value)
{
    (void)value;
    return base == 0xfec00000 && reg < 64 ? 0 : -XEN_EINVAL;
}

/* ---- clocks ---- */

uint64_t arch_tsc(void)
{
    return TSC_BASE + (uint64_t)workbench_now;
}

ns_t arch_tsc_to_time(uint64_t tsc)
{
    return (ns_t)(tsc - TSC_BASE);
}

void arch_tsc_scale(uint32_t *multiplier, int8_t *shift)
{
    *multiplier = 0x80000000;
    *shift = 1;
}

bool arch_tsc_stable(void)
{
    return false;
}

uint64_t arch_wallclock_boot(void)
{
    return 1700000000;
}

uint64_t time_tsc_khz(void)
{
    return 1000000;
}

/* ---- what firmware and CPUs say ---- */

unsigned int arch_node_count(void)
{
    return 1;
}

uint64_t arch_node_size(unsigned int node)
{
    REQUIRE(node == 0, "node %u", node);
    return FUZZ_FRAMES * PAGE_SIZE;
}

void arch_describe(uint32_t *khz, uint32_t *capabilities, uint32_t features[8])
{
    *khz = 1000000;
    *capabilities = 0;
    memset(features, 0, 8 * sizeof(*features));
}

void arch_cpu_place(unsigned int at, uint32_t *core, uint32_t *socket)
{
    REQUIRE(at < FUZZ_CPUS, "CPU %u", at);
    *core = at;
    *socket = 0;
}

bool arch_pci_present(uint16_t segment, uint8_t bus, uint8_t devfn)
{
    (void)devfn;
    return segment == 0 && bus < 4;
}

unsigned int arch_node_of_cpu(unsigned int at)
{
    (void)at;
    return 0;
}

void arch_cpu_ids(unsigned int at, uint32_t *apic_id, uint32_t *acpi_id)
{
    *apic_id = *acpi_id = at;
}

void arch_cpu_version(char vendor[12], uint32_t *family, uint32_t *model, uint32_t *stepping)
{
    memcpy(vendor, "FuzzFuzzFuzz", 12);
    *family = *model = *stepping = 6;
}

int arch_memtype_read(unsigned int reg, mfn_t *first, uint64_t *count, uint32_t *type)
{
    *first = *count = *type = 0;
    return reg < 8 ? 0 : -XEN_EINVAL;
}

uint8_t arch_keyboard_flags(void)
{
    return 0;
}

void arch_crash_image(paddr_t *start, uint64_t *size)
{
    *start = 0;
    *size = PAGE_SIZE;
}

int arch_crash_notes(unsigned int at, paddr_t *start, uint64_t *size)
{
    REQUIRE(at < FUZZ_CPUS, "CPU %u", at);
    arch_crash_image(start, size);
    return 0;
}

int arch_crash_info(paddr_t *start, uint64_t *size)
{
    arch_crash_image(start, size);
    return 0;
}

bool arch_crash_load(uint64_t entry)
{
    return entry != 0;
}

void arch_crash_unload(void)
{
}

void arch_crash(void)
{
}

void arch_cache_flush(const void *at, size_t size)
{
    REQUIRE(size && ((uint64_t)at & PAGE_MASK) + size <= PAGE_SIZE, "%zu bytes at %p", size, at);
}

/* Writes all that it may, as much as fits and claims any number. */
static uint64_t fill(uint64_t to, uint64_t size_at)
{
    uint64_t *size = (uint64_t *)size_at, room = *size;

    *size = input_number(8);
    if (*size > room)
        return 1ul << 63 | 5;
    memset((void *)to, 0, *size);
    return 0;
}

bool arch_efi_call(unsigned int service, const uint64_t arguments[EFI_ARGUMENTS], uint64_t *status)
{
    *status = 0;
    if (service == EFI_GET_VARIABLE)
        *status = fill(arguments[4], arguments[3]);
    else if (service == EFI_GET_NEXT_VARIABLE_NAME)
        *status = fill(arguments[1], arguments[0]);
    else if (service == EFI_SET_VARIABLE && arguments[3])
        *status = (uint64_t)memchr((void *)arguments[4], 0xff, arguments[3]) >> 63;
    return service != EFI_RESET_SYSTEM;
}

uint32_t pci_port_access(uint32_t address, unsigned int offset, unsigned int size, bool write,
                         uint32_t value)
{
    (void)address, (void)write, (void)value;
    REQUIRE(offset + size <= 4, "port 0xcfc + %u, %u bytes", offset, size);
    return ~0u;
}

uint32_t workbench_in(uint16_t port, unsigned int size);
uint32_t workbench_in(uint16_t port, unsigned int size)
{
    (void)port, (void)size;
    return ~0u;
}

void workbench_out(uint16_t port, unsigned int size, uint32_t value);
void workbench_out(uint16_t port, unsigned int size, uint32_t value)
{
    (void)port, (void)size, (void)value;
}

/* ---- windows of descriptors: a copy of the page as it was when it was mapped ---- */

static uint64_t segments[SEGMENT_PAGES];

uint64_t segment_entry(unsigned int page)
{
    return segments[page];
}

int map_segment_page(unsigned int page, uint64_t entry)
{
    char *at = (char *)SEGMENTS_BASE + page * PAGE_SIZE;
    struct frame *f = frame_of(pte_mfn(entry));

    if (page >= SEGMENT_PAGES)
        return -XEN_ENOMEM;
    segments[page] = entry;
    if (f && f->owner < DOMID_FIRST_RESERVED)
        memcpy(at, frame_map(pte_mfn(entry)), PAGE_SIZE);
    else
        memset(at, 0, PAGE_SIZE);
    return 0;
}

/* ---- allocations that fail, questions that are answered with yes ---- */

unsigned int oom_after, preempt_every;
static unsigned int questions, work[FUZZ_CPUS];

void bounded_work(unsigned int amount)
{
    work[cpu_id()] += amount;
    REQUIRE(work[cpu_id()] <= WORK_MAX, "a call goes on and on without a question whether to stop");
}

void bounded_reset(void)
{
    work[cpu_id()] = 0;
}

bool __real_preempt_wanted(void);
bool __wrap_preempt_wanted(void);
bool __wrap_preempt_wanted(void)
{
    bounded_reset();
    fiber_point();
    if (preempt_every && ++questions % preempt_every == 0)
        return true;
    return __real_preempt_wanted();
}

/* ---- ends ---- */

_Noreturn void arch_halt(void)
{
    machine_ends("halted");
}

_Noreturn void arch_reset(void)
{
    machine_ends("reset");
}

_Noreturn void arch_poweroff(void)
{
    machine_ends("off");
}

int arch_acpi_s5(uint16_t control_a, uint16_t control_b)
{
    (void)control_a, (void)control_b;
    machine_ends("off by ACPI");
}

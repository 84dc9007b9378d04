/* SPDX-License-Identifier: Apache-2.0 */
/* The boot, in order: from the loader's entry to Dom0's first instruction. */
#include "boot/main.h"

#include "abi/kexec.h"
#include "abi/version.h"
#include "boot/consoles.h"
#include "boot/dom0.h"
#include "boot/dom0_efi.h"
#include "boot/dom0_pvh.h"
#include "boot/memory.h"
#include "boot/multiboot.h"
#include "boot/options.h"
#include "core/console/console.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/memory/page_alloc.h"
#include "core/sched/sched.h"
#include "core/time.h"
#include "core/timer.h"
#include "drivers/acpi.h"
#include "x86/interrupt/apic.h"
#include "x86/cpu.h"
#include "x86/crash.h"
#include "x86/features.h"
#include "x86/interrupt/irq.h"
#include "x86/memory/map.h"
#include "x86/memory/paging.h"
#include "x86/power.h"
#include "x86/pv/entry.h"
#include "x86/pv/mmu.h"
#include "x86/smp/smp.h"
#include "x86/spec.h"
#include "x86/trap/symbols.h"
#include "x86/time.h"
#include "x86/memory/tlb.h"

#define RAM         1
#define ACPI_TABLES 3
#define ACPI_NVS    4
#define SEARCH_MAX  (16 * MIB) /* of firmware's memory, for ACPI's root pointer */
#define KIB         (1ul << 10)
#define MIB         (1ul << 20)
#define LEAST_MB    64 /* Zeroth itself and the smallest Dom0 there is */

static struct boot_info info;
static struct options options;
static uint64_t ram; /* bytes */

static void complain(struct span word, const char *why)
{
    char copy[80];
    size_t i;

    for (i = 0; i < word.length && i < sizeof(copy) - 1; i++)
        copy[i] = word.at[i];
    copy[i] = '\0';
    console_log(LOG_WARNING, "command line: %s: %s; ignored", copy, why);
}

static void ignore(struct span word, const char *why)
{
    (void)word;
    (void)why;
}

static void tell_version(void)
{
    const unsigned char *id = symbols_build_id;

    version_set_minor(options.abi_minor);
    version_set_build_id(symbols_build_id, SYMBOLS_BUILD_ID_SIZE);
    version_set_sources(symbols_date, symbols_changeset);
    console_log(LOG_INFO,
                "version %u.%u" VERSION_EXTRA ", build %02x%02x%02x%02x by compiler " __VERSION__,
                version_number >> 16, version_number & 0xffff, id[0], id[1], id[2], id[3]);
    console_log(LOG_INFO, "sources of %s %s", symbols_date, symbols_changeset);
}

/* Twice: first to know where messages go, then to say what was not understood. */
static void read_command_line(void)
{
    options = options_default();
    options_read(&options, info.line, ignore);
    boot_consoles_init(&options, info.efi_system_table);
    console_log(LOG_INFO, "Zeroth, a hypervisor that speaks Xen's ABI");
    tell_version();
    console_log(LOG_INFO, "loaded by %s, %s", info.loader[0] ? info.loader : "an unnamed loader",
                info.protocol);
    console_log(LOG_INFO, "command line: %s", info.line);
    console_log(LOG_DEBUG, "ACPI root pointer %#lx, EFI system table %#lx",
                (unsigned long)info.rsdp, (unsigned long)info.efi_system_table);
    options_read(&options, info.line, complain);
    if (options.no_acpi)
        console_fatal("acpi=off: Zeroth finds CPUs and interrupts by ACPI only");
    if (options.no_ioapic)
        console_fatal("noapic: Zeroth needs IO-APICs");
}

/* The options that rooms are told once. */
static void apply_options(void)
{
    static const enum power_reset resets[] = {
        [REBOOT_ANY] = RESET_EFI, /* where there is none: by ACPI */
        [REBOOT_EFI] = RESET_EFI,
        [REBOOT_ACPI] = RESET_ACPI,
        [REBOOT_PCI] = RESET_CHIPSET,
        [REBOOT_KEYBOARD] = RESET_KEYBOARD,
        [REBOOT_TRIPLE] = RESET_TRIPLE_FAULT,
    };

    version_set_command_line(info.line);
    domain_set_noreboot(options.noreboot);
    power_choose_reset(resets[options.reboot], options.reboot_warm);
    if (options.x2apic == CHOICE_NO)
        cpu.x2apic = false;
    else if (options.x2apic == CHOICE_YES && !cpu.x2apic)
        console_log(LOG_WARNING, "x2apic=yes: this CPU has none");
}

static void choose_mitigations(void)
{
    const struct options_spec *o = &options.spec;
    const struct spec_wishes wishes = {
        o->all, o->rsb, o->verw, o->ibrs, o->ibpb, o->ssbd, o->stibp
    };
    bool in_dom0 = options.l1tf_dom0 == CHOICE_YES, elsewhere = options.l1tf_domu == CHOICE_YES;

    spec_init(&wishes);
    elsewhere |= options.l1tf_domu == CHOICE_AUTO && spec_has_l1tf();
    pv_refuse_absent(in_dom0, elsewhere);
    if (in_dom0 || elsewhere)
        console_log(LOG_INFO, "pv-l1tf: absent entries that name RAM are refused in tables of%s%s",
                    in_dom0 ? " Dom0" : "", elsewhere ? " other PV guests" : "");
}

static void check_memory(void)
{
    for (unsigned int i = 0; i < info.region_count; i++) {
        const struct boot_region *r = &info.regions[i];

        console_log(LOG_DEBUG, "memory: %016lx-%016lx type %u", (unsigned long)r->start,
                    (unsigned long)(r->start + r->size - 1), r->type);
        if (r->type == RAM)
            ram += r->size;
    }
    if (info.cut)
        console_log(LOG_WARNING, "memory: more regions or modules than are kept; the rest is lost");
    if (info.region_count == 0)
        console_fatal("memory: the boot loader gave no memory map");
    if (ram < LEAST_MB * MIB)
        console_fatal("memory: %lu MiB of RAM are too little; %u MiB are needed",
                      (unsigned long)(ram / MIB), LEAST_MB);
    console_log(LOG_INFO, "memory: %lu MiB of RAM", (unsigned long)(ram / MIB));
}

static void check_modules(void)
{
    for (unsigned int i = 0; i < info.module_count; i++) {
        const struct boot_module *m = &info.modules[i];

        console_log(LOG_INFO, "module %u: %lu bytes at %#lx: %s", i,
                    (unsigned long)(m->end - m->start), (unsigned long)m->start, m->line);
    }
    if (info.module_count == 0)
        console_fatal("Dom0: the boot loader handed over no kernel; name one as the first module");
}

/* What multiboot 1 does not tell on a machine with UEFI, whose tables lie in memory of these types. */
static bool search_acpi(void)
{
    for (unsigned int i = 0; i < info.region_count; i++) {
        const struct boot_region *r = &info.regions[i];

        if ((r->type != ACPI_TABLES && r->type != ACPI_NVS) || r->size > SEARCH_MAX)
            continue;
        info.rsdp = acpi_find_root(r->start, r->size);
        info.rsdp_searched = info.rsdp != 0;
        if (info.rsdp_searched)
            return acpi_init(info.rsdp);
    }
    return false;
}

/* Memory: from the loader's map to the allocators. */
static void start_memory(void)
{
    struct options_area crash;

    options_crash_area(options.crashkernel, ram, &crash);
    crash.size = (crash.size + PAGE_MASK) & ~PAGE_MASK;
    dom0_efi_find(&info);
    boot_memory_init(&info, options.mem, &crash);
    map_init(boot_memory_ranges, boot_memory_range_count, boot_memory_end, boot_memory_early);
    boot_memory_frames();
    if (!acpi_init(info.rsdp) && !search_acpi()) /* read memory that map_init has mapped */
        console_fatal("ACPI: no usable tables; Zeroth finds CPUs and interrupts by them only");
    if (crash.at) {
        kexec_set_area(crash.at, crash.size);
        console_log(LOG_INFO, "crashkernel: %lu MiB at %#lx", (unsigned long)(crash.size / MIB),
                    (unsigned long)crash.at);
    }
    boot_memory_give(acpi_node_at); /* nodes are known by ACPI's SRAT */
}

/* Interrupts and time, on this CPU. */
static void start_interrupts(void)
{
    static const enum time_reference references[] = {
        [CLOCK_ANY] = REFERENCE_ANY,       [CLOCK_HPET] = REFERENCE_HPET,
        [CLOCK_ACPI] = REFERENCE_PM_TIMER, [CLOCK_PIT] = REFERENCE_PIT,
        [CLOCK_TSC] = REFERENCE_CPUID,
    };

    irq_init(); /* the 8259s are quiet before their line is masked */
    apic_init();
    smp_init();
    tlb_init();
    time_calibrate(references[options.clocksource]);
}

/* The rooms that work by softirqs and timers. */
static void start_rooms(void)
{
    timers_init();
    sched_init();
    if (timer_cpu_create(0) || sched_cpu_create(0))
        console_fatal("CPUs: no memory for the first one");
    time_init(); /* arms a timer of this CPU */
    domain_init();
    pv_mmu_init();
    irq_on();
}

/* What neither Dom0 has nor is free: the image, tables of frames and CPUs, Dom0's structs. */
static void report_own_memory(void)
{
    uint64_t total = 0, others = page_alloc_free_count(NODE_ANY) + dom0->pages;

    for (unsigned int i = 0; i < boot_memory_range_count; i++)
        total += (boot_memory_ranges[i].end - boot_memory_ranges[i].start) / PAGE_SIZE;
    console_log(LOG_INFO, "memory: %lu KiB of %lu KiB are Zeroth's own",
                (unsigned long)((total - others) * PAGE_SIZE / KIB),
                (unsigned long)(total * PAGE_SIZE / KIB));
}

_Noreturn void boot_main(uint32_t magic, uint32_t address)
{
    bool known = multiboot_read(&info, magic, address, NULL);

    cpu_init_first();    /* locks and faults need the CPU's own data */
    read_command_line(); /* all later lines need the console */
    if (!paging_protect())
        console_fatal("paging: this CPU has no NX");
    if (!known)
        console_fatal("boot: %#x is the magic of no multiboot loader", magic);
    features_init();
    apply_options();
    check_memory();
    check_modules();
    start_memory();
    boot_consoles_map();
    choose_mitigations();                           /* patches code that runs from here on */
    cpu_init_stacks();                              /* needs the allocators */
    dom0_efi_tell(&info, !options.no_efi_services); /* calls what uses SSE */
    start_interrupts();
    start_rooms();
    boot_consoles_start_input();
    smp_start(options.maxcpus); /* needs this CPU's idle vCPU and interrupts */
    if (options.crashkernel.length)
        crash_init();
    (options.dom0_pvh ? dom0_pvh_build : dom0_build)(&info, &options);
    boot_memory_release_modules(); /* Dom0 has copies */
    map_low_drop();                /* nothing reads the loader's memory any more */
    boot_consoles_end_boot();
    report_own_memory();
    domain_unpause(dom0);
    exit_to_guest();
}

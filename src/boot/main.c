/* SPDX-License-Identifier: Apache-2.0 */
/* The boot, in order.  It ends where Dom0 would be built: see README, "What works". */
#include "boot/consoles.h"
#include "boot/main.h"
#include "boot/multiboot.h"
#include "x86/paging.h"
#include "x86/trap.h"

#define RAM      1
#define MIB      (1ul << 20)
#define LEAST_MB 64             /* Zeroth itself and the smallest Dom0 there is */

static struct boot_info info;

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

/* Twice: first to know where messages go, then to say what was not understood. */
static void read_command_line(void)
{
    struct options o = options_default();

    options_read(&o, info.line, ignore);
    boot_consoles_init(&o, info.efi_system_table != 0);
    console_log(LOG_INFO, "Zeroth, a hypervisor that speaks Xen's ABI");
    console_log(LOG_INFO, "loaded by %s, %s", info.loader[0] ? info.loader : "an unnamed loader",
                info.protocol);
    console_log(LOG_INFO, "command line: %s", info.line);
    console_log(LOG_DEBUG, "ACPI root pointer %#lx, EFI system table %#lx",
                (unsigned long)info.rsdp, (unsigned long)info.efi_system_table);
    options_read(&o, info.line, complain);
}

/* An exception in Zeroth: the state it happened in, and the end. */
static void report_trap(const struct trap_frame *f)
{
    console_log(LOG_ERROR, "rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->rax, f->rbx, f->rcx,
                f->rdx);
    console_log(LOG_ERROR, "rsi %016lx rdi %016lx rbp %016lx rsp %016lx", f->rsi, f->rdi, f->rbp,
                f->rsp);
    console_log(LOG_ERROR, "r8  %016lx r9  %016lx r10 %016lx r11 %016lx", f->r8, f->r9, f->r10,
                f->r11);
    console_log(LOG_ERROR, "r12 %016lx r13 %016lx r14 %016lx r15 %016lx", f->r12, f->r13, f->r14,
                f->r15);
    console_log(LOG_ERROR, "rip %02lx:%016lx flags %08lx cr2 %016lx", f->cs, f->rip, f->rflags,
                trap_fault_address());
    console_fatal("exception %lu (%s), error code %#lx", f->vector, trap_name(f->vector),
                  f->error);
}

static void check_memory(void)
{
    uint64_t ram = 0;

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

_Noreturn void boot_main(uint32_t magic, uint32_t address)
{
    bool known = multiboot_read(&info, magic, address, NULL);

    read_command_line();                /* first: all later lines need the console */
    trap_init(report_trap);             /* before anything follows the loader's pointers */
    if (!paging_protect())
        console_fatal("paging: this CPU has no NX");
    if (!known)
        console_fatal("boot: %#x is the magic of no multiboot loader", magic);
    check_memory();
    check_modules();
    console_fatal("Dom0: this build of Zeroth cannot start PV guests yet");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/crash.h"

#include "abi/version.h"
#include "core/console/console.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/memory/heap.h"
#include "lib/format.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/features.h"
#include "x86/interrupt/ioapic.h"
#include "x86/memory/map.h"
#include "x86/smp/smp.h"
#include "x86/trap/fault.h"

#include <xen/elfnote.h>
#include <xen/errno.h>

#define NT_PRSTATUS 1   /* System V ABI: Linux's struct elf_prstatus */
#define STATUS_SIZE 336 /* bytes; the number of the process, and its registers: */
#define STATUS_PID  32
#define STATUS_REGS 112
#define NOTE_HEAD   12
#define CPU_SPACE   512 /* bytes of a CPU's notes; as they are on Xen 4.17: */
#define CPU_SIZE    0x194
#define FIRST_SIZE  0x1f4 /* of CPU 0, with the note of the machine */
#define INFO_SIZE   PAGE_SIZE

#define PRESENT  0x1ul
#define WRITABLE 0x2ul
#define LARGE    0x80ul
#define ENTRIES  512
#define EFER     0xc0000080
#define EFER_NEW 0xd00 /* LME, LMA, NXE */

extern const char image_start[], image_end[];

static char *notes, *info; /* NULL: none */
static uint64_t *tables;   /* of the crash kernel: all at its machine address, and Zeroth's slots */
static uint64_t entry;     /* 0: none is loaded */

/* A CPU's notes, behind each other. */
struct cpu_notes {
    uint32_t status[3];
    char status_name[8];
    char status_data[STATUS_SIZE];
    uint32_t control[3];
    char control_name[4];
    uint32_t control_data[2 * 4]; /* CR0, CR2, CR3, CR4 */
    uint32_t machine[3];
    char machine_name[4];
    uint32_t machine_data[2 * 10]; /* version's two numbers; [8]: where VIRT_OFFSET is, 0 */
};

_Static_assert(__builtin_offsetof(struct cpu_notes, machine) == CPU_SIZE &&
                   sizeof(struct cpu_notes) == FIRST_SIZE,
               "as Xen's");

static struct cpu_notes *notes_of(unsigned int nr)
{
    return (struct cpu_notes *)(notes + nr * CPU_SPACE);
}

static void head(uint32_t *to, char *name_to, const char *name, uint32_t size, uint32_t type)
{
    uint32_t length = 0;

    do
        name_to[length] = name[length];
    while (name[length++]);
    to[0] = length;
    to[1] = size;
    to[2] = type;
}

/*
 * What makedumpfile(8) asks for before it copies anything.  It looks for the domains that own Xen's
 * and devices' frames; here these have no such owner, and Dom0 stands for both.
 */
static void make_info(void)
{
    char *text = info + NOTE_HEAD + 16;
    uint32_t *at = (uint32_t *)info;
    size_t length = format(text, INFO_SIZE - NOTE_HEAD - 16,
                           "XEN_VERSION=%u.%u\nPAGESIZE=%lu\nNUMBER(DIRECT_BASE)=%lx\n"
                           "NUMBER(VIRT_OFFSET)=%lx\nSYMBOL(pgd_l4)=%lx\n"
                           "SYMBOL(domain_list)=%lx\nSYMBOL(dom_xen)=%lx\nSYMBOL(dom_io)=%lx\n"
                           "OFFSET(domain.domain_id)=%zu\nOFFSET(domain.next_in_list)=%zu\n",
                           version_number >> 16, version_number & 0xffff, PAGE_SIZE, DIRECT_BASE,
                           VIRT_OFFSET, (uint64_t)hypervisor_l4, (uint64_t)&domain_list,
                           (uint64_t)&dom0, (uint64_t)&dom0, __builtin_offsetof(struct domain, id),
                           __builtin_offsetof(struct domain, next));

    head(at, info + NOTE_HEAD, "VMCOREINFO_XEN", (uint32_t)length, 0);
}

void crash_init(void)
{
    notes = heap_alloc(cpu_count * CPU_SPACE);
    info = heap_alloc(INFO_SIZE);
    if (!notes || !info)
        return;
    for (unsigned int i = 0; i < cpu_count; i++) {
        struct cpu_notes *n = notes_of(i);

        head(n->status, n->status_name, "CORE", STATUS_SIZE, NT_PRSTATUS);
        head(n->control, n->control_name, "Xen", sizeof(n->control_data), XEN_ELFNOTE_CRASH_REGS);
    }
    head(notes_of(0)->machine, notes_of(0)->machine_name, "Xen", sizeof(notes_of(0)->machine_data),
         XEN_ELFNOTE_CRASH_INFO);
    make_info();
}

/* Registers in the order of Linux's struct user_regs_struct. */
void crash_note(const struct regs *r)
{
    struct cpu_notes *n = notes ? notes_of(cpu_id()) : NULL;
    uint64_t user[21], control[4];
    uint32_t pid = cpu_id();

    if (!n || n->control_data[0])
        return;
    memcpy(user, r, 15 * sizeof(user[0]));
    user[15] = r->error;
    memcpy(user + 16, &r->rip, 5 * sizeof(user[0]));
    memcpy(n->status_data + STATUS_REGS, user, sizeof(user));
    memcpy(n->status_data + STATUS_PID, &pid, sizeof(pid));
    control[0] = cr0_read();
    control[1] = cr2_read();
    __asm__ volatile("movq %%cr3, %0" : "=r"(control[2]));
    control[3] = cr4_read();
    memcpy(n->control_data, control, sizeof(control));
}

void arch_crash_image(paddr_t *start, uint64_t *size)
{
    *start = image_paddr(image_start);
    *size = image_paddr(image_end) - *start;
}

int arch_crash_notes(unsigned int nr, paddr_t *start, uint64_t *size)
{
    if (!notes)
        return -XEN_ENOMEM;
    *start = direct_paddr(notes_of(nr));
    *size = nr ? CPU_SIZE : FIRST_SIZE;
    return 0;
}

int arch_crash_info(paddr_t *start, uint64_t *size)
{
    if (!info)
        return -XEN_ENOMEM;
    *start = direct_paddr(info);
    *size = INFO_SIZE;
    return 0;
}

/* What was made when memory ran out stays, for the next load to go on from. */
static bool make_tables(void)
{
    static uint64_t *l4, *l3;
    uint64_t *l2;

    l4 = l4 ? l4 : map_firmware_tables();
    l3 = l3 ? l3 : heap_alloc(PAGE_SIZE);
    if (!l4 || !l3)
        return false;
    l4[0] = direct_paddr(l3) | PRESENT | WRITABLE;
    for (uint64_t i = 0; i < (cpu.pages_1g ? ENTRIES : 4); i++) {
        if (cpu.pages_1g) {
            l3[i] = i << 30 | PRESENT | WRITABLE | LARGE;
            continue;
        }
        if (l3[i])
            continue;
        l2 = heap_alloc(PAGE_SIZE);
        if (!l2)
            return false;
        for (uint64_t k = 0; k < ENTRIES; k++)
            l2[k] = i << 30 | k << 21 | PRESENT | WRITABLE | LARGE;
        l3[i] = direct_paddr(l2) | PRESENT | WRITABLE;
    }
    tables = l4;
    return true;
}

bool arch_crash_load(uint64_t at)
{
    if (!tables && !make_tables())
        return false;
    __atomic_store_n(&entry, at, __ATOMIC_RELEASE);
    return true;
}

void arch_crash_unload(void)
{
    __atomic_store_n(&entry, 0, __ATOMIC_RELEASE);
}

/* As xen/kexec.h promises: interrupts off, memory at its machine addresses. */
static _Noreturn void jump(uint64_t to)
{
    static const struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } no_idt;

    wrmsr_safe(EFER, EFER_NEW);
    __asm__ volatile("movq %0, %%cr3" : : "r"(direct_paddr(tables)) : "memory");
    cr4_write(CR4_PAE);
    cr0_write((cr0_read() & ~(CR0_TS | CR0_EM | CR0_AM)) | CR0_WP);
    __asm__ volatile("lidt %0; jmp *%1" : : "m"(no_idt), "r"(to) : "memory");
    __builtin_unreachable();
}

void arch_crash(void)
{
    struct regs here = { .rip = (uint64_t)__builtin_return_address(0),
                         .rsp = (uint64_t)__builtin_frame_address(0) };
    const uint64_t machine[10] = { version_number >> 16, version_number & 0xffff };
    uint64_t to = __atomic_exchange_n(&entry, 0, __ATOMIC_ACQUIRE);

    if (!to)
        return;
    irq_off();
    smp_stop_others();
    console_force();
    crash_note(&here); /* a panic has told of itself already */
    if (notes)
        memcpy(notes_of(0)->machine_data, machine, sizeof(machine));
    console_say("jumping into the crash kernel at %#lx", (unsigned long)to);
    ioapic_mask_all();
    jump(to);
}

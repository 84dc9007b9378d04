/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/cpu.h"

#include "core/assert.h"
#include "core/console/console.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/gdt.h"
#include "x86/guest.h"
#include "x86/hvm/kind.h"
#include "x86/memory/map.h"
#include "x86/msr_index.h"
#include "x86/trap/nmi.h"
#include "x86/pv/entry.h"
#include "x86/spec.h"
#include "x86/trap/trap.h"

/* Descriptors (AMD APM 2, section 4.8): the accessed bit is set, so that no load writes there. */
#define CODE64        0x00af9b000000fffful
#define DATA          0x00cf93000000fffful
#define USER_CODE32   0x00cffb000000fffful
#define USER_DATA     0x00cff3000000fffful
#define USER_CODE64   0x00affb000000fffful
#define TSS_AVAILABLE 0x0000890000000000ul

#define GDT_ENTRIES 512
#define DR6_INITIAL 0xffff0ff0ul
#define DR7_INITIAL 0x400ul

/* AMD APM 2, section 12.2.5.  The I/O bitmap is beyond the limit: there is none. */
struct __attribute__((packed)) tss {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, io_bitmap;
};

/* One each CPU.  The GDT's page holds nothing else: PV guests have it in their GDT. */
struct cpu_area {
    uint64_t gdt[GDT_ENTRIES];
    struct percpu percpu;
    struct tss tss;
} __attribute__((aligned(4096)));

#define AT(field, offset) \
    _Static_assert(offsetof(struct percpu, field) == (offset), "assembly counts on it")
AT(self, PERCPU_SELF);
AT(stack_top, PERCPU_STACK_TOP);
AT(regs_end, PERCPU_REGS_END);
AT(current, PERCPU_CURRENT);
AT(guest_rsp, PERCPU_GUEST_RSP);
AT(softirqs, PERCPU_SOFTIRQS);
AT(cpu, PERCPU_CPU);
AT(trace_at, PERCPU_TRACE_AT);
AT(trace, PERCPU_TRACE);
_Static_assert(sizeof(struct percpu) == PERCPU_SIZE, "as its header says");
_Static_assert(sizeof(struct tss) == 104, "as the manual says");
_Static_assert(offsetof(struct tss, rsp) == 4, "x86/pv/context.c counts on it");

extern const char boot_stack_top[]; /* boot/start.S */

static struct cpu_area boot_area;
static char boot_ist[PAGE_SIZE] __attribute__((aligned(16))); /* until there are others */

static uint64_t *descriptor(struct cpu_area *a, unsigned int selector)
{
    return &a->gdt[(selector & PAGE_MASK) / 8];
}

static void fill_gdt(struct cpu_area *a)
{
    uint64_t base = (uint64_t)&a->tss;

    *descriptor(a, SELECTOR_CODE) = CODE64;
    *descriptor(a, SELECTOR_DATA) = DATA;
    *descriptor(a, SELECTOR_USER_CODE32) = USER_CODE32;
    *descriptor(a, SELECTOR_USER_DATA) = USER_DATA;
    *descriptor(a, SELECTOR_USER_CODE) = USER_CODE64;
    descriptor(a, SELECTOR_TSS)[0] = TSS_AVAILABLE | (sizeof(struct tss) - 1) |
                                     (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
    descriptor(a, SELECTOR_TSS)[1] = base >> 32;
}

static void fill(struct cpu_area *a, unsigned int nr)
{
    fill_gdt(a);
    a->tss.io_bitmap = sizeof(struct tss);
    a->percpu.self = &a->percpu;
    a->percpu.cpu = nr;
    a->percpu.tss = &a->tss;
    a->percpu.gdt = a->gdt;
    percpu_of[nr] = &a->percpu;
}

/* The entry code finds the CPU's data above the frame. */
static void set_ist(struct cpu_area *a, unsigned int ist, char *top)
{
    top -= IST_TOP_SIZE;
    *(struct percpu **)top = &a->percpu;
    a->tss.ist[ist - 1] = (uint64_t)top;
}

/* False: no memory. */
static bool make_stacks(struct cpu_area *a)
{
    char *stack = map_stack(CPU_STACK_SIZE);

    if (!stack)
        return false;
    a->percpu.stack_top = (uint64_t)stack + CPU_STACK_SIZE;
    for (unsigned int ist = IST_NMI; ist < IST_END; ist++) {
        stack = map_stack(IST_STACK_SIZE);
        if (!stack)
            return false;
        set_ist(a, ist, stack + IST_STACK_SIZE);
    }
    return true;
}

static void load_gdt(const struct percpu *p)
{
    const struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } gdtr = {
        GDT_LIMIT,
        (uint64_t)p->gdt - GDT_PAGE * PAGE_SIZE,
    };

    __asm__ volatile("lgdt %0" : : "m"(gdtr));
}

/* Selectors, then the bases behind FS and GS, which loading them may change. */
static void load_tables(struct percpu *p)
{
    load_gdt(p);
    __asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq\n1:"
                     :
                     : "i"(SELECTOR_CODE)
                     : "rax", "memory");
    __asm__ volatile("movl %0, %%ss" : : "r"(SELECTOR_DATA));
    __asm__ volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%fs; movl %0, %%gs" : : "r"(0));
    __asm__ volatile("lldt %w0" : : "r"(0));
    __asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
    trap_load();
    wrmsr(MSR_FS_BASE, 0);
    wrmsr(MSR_GS_BASE, (uint64_t)p);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
}

void cpu_init_first(void)
{
    fill(&boot_area, 0);
    boot_area.percpu.stack_top = (uint64_t)boot_stack_top;
    for (unsigned int ist = IST_NMI; ist < IST_END; ist++)
        set_ist(&boot_area, ist, boot_ist + sizeof(boot_ist));
    trap_init();
    load_tables(&boot_area.percpu);
}

/* DE: breakpoints on ports, which a guest may ask for; without it they are undefined.  No UMIP: PV
 * guests' programs may use SMSW, SGDT and the like, as on Xen. */
static void init_control_registers(void)
{
    cr0_write(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG);
    cr4_write(cr4_read() | CR4_DE | CR4_PAE | (cpu.pge ? CR4_PGE : 0) | (cpu.smep ? CR4_SMEP : 0) |
              (cpu.smap ? CR4_SMAP : 0));
    __asm__ volatile("movq %0, %%db6" : : "r"(DR6_INITIAL));
    __asm__ volatile("movq %0, %%db7" : : "r"(DR7_INITIAL));
}

static void init_msrs(void)
{
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | (cpu.nx ? EFER_NXE : 0));
    if (cpu.rdtscp)
        wrmsr(MSR_TSC_AUX, 0);
    map_init_cpu();
    pv_entry_init_cpu();
    machine_check_init_cpu();
    spec_init_cpu();
}

static void init_cpu(struct percpu *p)
{
    init_control_registers();
    fpu_init_cpu();
    init_msrs();
    hvm_init_cpu();
    p->cr3 = image_paddr(hypervisor_l4);
}

/* Its GDT's page becomes known by the direct map, by which the windows of PV vCPUs find it. */
void cpu_init_stacks(void)
{
    struct percpu *p = &boot_area.percpu;

    if (!make_stacks(&boot_area))
        console_fatal("CPU 0: no memory for its stacks");
    p->gdt = direct(image_paddr(boot_area.gdt));
    load_gdt(p);
    init_cpu(p);
}

struct percpu *cpu_create(unsigned int nr)
{
    struct cpu_area *a = heap_alloc(sizeof(*a));

    ASSERT(nr < CPUS_MAX && !percpu_of[nr]);
    if (!a || !make_stacks(a)) {
        heap_free(a); /* stacks that there are stay lost */
        return NULL;
    }
    fill(a, nr);
    return &a->percpu;
}

void cpu_start(struct percpu *p)
{
    load_tables(p);
    __asm__ volatile("movq %0, %%cr3" : : "r"(image_paddr(hypervisor_l4)) : "memory");
    init_cpu(p);
}

void arch_set_idle(unsigned int nr, struct vcpu *idle)
{
    struct percpu *p = percpu_of[nr];
    struct tss *tss = p->tss;

    p->idle = p->current = idle;
    p->regs_end = (uint64_t)(&x86_vcpu(idle)->regs + 1);
    tss->rsp[0] = p->regs_end;
}

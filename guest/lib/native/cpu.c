/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor tables of a CPU (AMD APM 2, chapters 4, 8 and 12.2). */
#include "../start.h"
#include "machine.h"

#define GATE_INTERRUPT 0x8e
#define GATE_USER      0xee /* INT 3, INTO and INT 0x80 may be called by user mode */
#define IST_FAULT      1    /* #DF and NMI have a stack of their own */
#define MSR_GS_BASE    0xc0000101

struct gate {
    uint16_t offset0, selector;
    uint8_t ist, type;
    uint16_t offset1;
    uint32_t offset2, reserved;
};

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

extern const char native_vectors[];

static struct gate gates[256] __attribute__((aligned(16)));
static uint8_t fault_stacks[PV_CPUS][2048] __attribute__((aligned(16)));

static void set_gate(unsigned int vector)
{
    uint64_t entry = (uint64_t)native_vectors + 16ul * vector;
    bool user = vector == 3 || vector == 4 || vector == 0x80;

    gates[vector] = (struct gate){
        .offset0 = (uint16_t)entry,
        .offset1 = (uint16_t)(entry >> 16),
        .offset2 = (uint32_t)(entry >> 32),
        .selector = PV_KERNEL_CS,
        .ist = vector == 2 || vector == 8 ? IST_FAULT : 0,
        .type = user ? GATE_USER : GATE_INTERRUPT,
    };
}

static void set_gdt(struct pv_cpu *cpu)
{
    uint64_t tss = (uint64_t)&cpu->tss, limit = sizeof(cpu->tss) - 1;

    cpu->gdt[PV_KERNEL_CS / 8] = 0x00af9b000000ffff;
    cpu->gdt[PV_KERNEL_SS / 8] = 0x00cf93000000ffff;
    cpu->gdt[PV_USER_SS / 8] = 0x00cff3000000ffff;
    cpu->gdt[PV_USER_CS / 8] = 0x00affb000000ffff;
    cpu->gdt[PV_TSS / 8] = limit | (tss & 0xffffff) << 16 | 0x89ul << 40 | (tss >> 24 & 0xff) << 56;
    cpu->gdt[PV_TSS / 8 + 1] = tss >> 32;
}

static void load_tables(const struct pv_cpu *cpu)
{
    struct table_pointer gdt = { sizeof(cpu->gdt) - 1, (uint64_t)cpu->gdt };
    struct table_pointer idt = { sizeof(gates) - 1, (uint64_t)gates };

    __asm__ volatile("lgdt %0" : : "m"(gdt));
    __asm__ volatile("lidt %0" : : "m"(idt));
    __asm__ volatile("ltr %w0" : : "r"(PV_TSS));
    __asm__ volatile("wrmsr"
                     :
                     : "c"(MSR_GS_BASE), "a"((uint32_t)(uint64_t)cpu),
                       "d"((uint32_t)((uint64_t)cpu >> 32)));
}

void native_cpu_init(unsigned int number)
{
    struct pv_cpu *cpu = &pv_cpus[number];

    for (unsigned int vector = 0; number == 0 && vector < 256; vector++)
        set_gate(vector);
    cpu->tss.rsp[0] = pv_stack_top(number);
    cpu->tss.ist[IST_FAULT - 1] = (uint64_t)fault_stacks[number] + sizeof(fault_stacks[number]);
    cpu->tss.io_map = sizeof(cpu->tss);
    set_gdt(cpu);
    load_tables(cpu);
    native_apic_init(cpu);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PVH guest: a machine of hardware virtualization, native but for time, console, events and the
 * end (xen/arch-x86/cpuid.h, xen/hvm/params.h).
 */
#include "internal.h"

#include <pv/native.h>

#include <xen/arch-x86/cpuid.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>

#define LEAF_STEP 0x100 /* the leaves may stand at any multiple, below 0x40010000 */
#define LEAF_LAST 0x4000ff00

static uint8_t shared_page[4096] __attribute__((aligned(4096)));
static uint32_t leaf;

static void cpuid(uint32_t index, uint32_t out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(index), "c"(0));
}

static bool here(unsigned int how, uint64_t info)
{
    uint32_t out[4];

    (void)info;
    for (uint32_t at = XEN_CPUID_FIRST_LEAF; how != PV_ENTRY_DIRECT && at <= LEAF_LAST;
         at += LEAF_STEP) {
        cpuid(at, out);
        if (out[1] == XEN_CPUID_SIGNATURE_EBX && out[2] == XEN_CPUID_SIGNATURE_ECX &&
            out[3] == XEN_CPUID_SIGNATURE_EDX) {
            leaf = at;
            return true;
        }
    }
    return false;
}

/* Leaf 2: EBX is the MSR that takes the page's address. */
static void set_hypercall_page(void)
{
    uint64_t page = pv_phys(hypercall_page);
    uint32_t out[4];

    cpuid(leaf + 2, out);
    __asm__ volatile("wrmsr" : : "c"(out[1]), "a"((uint32_t)page), "d"((uint32_t)(page >> 32)));
}

static void map_shared_info(void)
{
    struct xen_add_to_physmap add = {
        .domid = DOMID_SELF,
        .space = XENMAPSPACE_shared_info,
        .gpfn = pv_phys(shared_page) >> 12,
    };

    xen_must(hypercall2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add), "shared_info");
    xen_shared_info = (struct shared_info *)shared_page;
    for (unsigned int i = 0; i < sizeof(xen_shared_info->evtchn_mask) / 8; i++)
        xen_shared_info->evtchn_mask[i] = ~0ul;
}

/* Events enter every CPU by a vector of their own; it needs no EOI. */
static void set_vector(void)
{
    struct xen_hvm_param param = {
        .domid = DOMID_SELF,
        .index = HVM_PARAM_CALLBACK_IRQ,
        .value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | PV_VECTOR_UPCALL,
    };

    xen_must(hypercall2(__HYPERVISOR_hvm_op, HVMOP_set_param, &param), "the event vector");
}

static void cpu_init(unsigned int number)
{
    native_cpu_init(number);
    if (number == 0) {
        set_hypercall_page();
        map_shared_info();
        set_vector();
    }
    xen_register_info(number);
    xen_events_init(number);
}

static void take_interrupt(struct pv_regs *regs)
{
    if (regs->vector == PV_VECTOR_UPCALL)
        xen_upcall();
    else
        native_interrupt(regs);
}

/* One entry of the map that XENMEM_memory_map returns (its BIOS' form, xen/memory.h). */
struct e820 {
    uint64_t start, size;
    uint32_t type;
} __attribute__((packed));

/* The start info need not have a memory map. */
static void describe_memory(struct pv_boot *boot)
{
    static struct e820 entries[64];
    struct xen_memory_map map = { .nr_entries = 64 };

    set_xen_guest_handle(map.buffer, (void *)entries);
    if (boot->ranges || hypercall2(__HYPERVISOR_memory_op, XENMEM_memory_map, &map) < 0)
        return;
    for (unsigned int i = 0; i < map.nr_entries && boot->ranges < PV_RANGES; i++)
        if (entries[i].type == 1)
            boot->ram[boot->ranges++] = (struct pv_range){ entries[i].start, entries[i].size };
}

static void describe(unsigned int how, uint64_t info, struct pv_boot *boot)
{
    native_describe(how, info, boot);
    describe_memory(boot);
    xen_describe(boot, "PVH");
}

static void bind(struct pv_code codes[PV_OPS])
{
    PV_BIND(codes, time_ns, xen_time_ns);
    PV_BIND(codes, set_timer, xen_set_timer);
    PV_BIND(codes, console_write, xen_console_write);
    PV_BIND(codes, ipi, xen_ipi);
    PV_BIND(codes, power_off, xen_power_off);
    PV_BIND(codes, interrupt, take_interrupt);
}

PV_PLATFORM(xen_pvh) = { "Xen PVH", 20, here, cpu_init, bind, describe };

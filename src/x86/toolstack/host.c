/* SPDX-License-Identifier: Apache-2.0 */
/* What sysctl tells of the machine (core/machine.h). */
#include "core/assert.h"
#include "core/machine.h"
#include "drivers/acpi.h"
#include "drivers/pci.h"
#include "abi/memory_map.h"
#include "x86/policy/cpuid.h"
#include "x86/features.h"
#include "x86/hvm/kind.h"
#include "x86/percpu.h"
#include "x86/time.h"

#include <xen/sysctl.h>

enum { EAX, EBX, ECX, EDX };

/* ---- CPUs ---- */

void arch_describe(uint32_t *khz, uint32_t *capabilities, uint32_t features[8])
{
    struct cpuid_policy p;

    cpuid_policy_host(&p);
    cpuid_repeat(&p, false);
    *khz = (uint32_t)time_tsc_khz();
    *capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1;
    if (hvm_usable())
        *capabilities |= XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap;
    for (unsigned int w = 0; w < 8; w++)
        features[w] = *cpuid_word(&p, w);
}

/* Bits of an APIC number: its lowest ones tell threads apart, the next ones cores. */
struct shifts {
    unsigned int core, socket;
};

static unsigned int bits_for(unsigned int count)
{
    return count > 1 ? 32 - (unsigned int)__builtin_clz(count - 1) : 0;
}

/* Leaf 0xb (Intel SDM 3, 9.9); false: there is none. */
static bool extended_topology(struct shifts *s)
{
    uint32_t r[4];

    cpuid(0, 0, r);
    if (r[EAX] < 0xb)
        return false;
    cpuid(0xb, 0, r);
    if (r[EBX] == 0)
        return false;
    s->core = r[EAX] & 31;
    cpuid(0xb, 1, r);
    s->socket = r[EAX] & 31;
    return s->socket >= s->core;
}

/* AMD APM 3, E.4.7: leaf 0x80000008. */
static struct shifts amd_topology(void)
{
    uint32_t r[4], size;

    cpuid(0x80000000, 0, r);
    if (r[EAX] < 0x80000008)
        return (struct shifts){ 0, 0 };
    cpuid(0x80000008, 0, r);
    size = r[ECX] >> 12 & 15;
    return (struct shifts){ 0, size ? size : bits_for((r[ECX] & 0xff) + 1) };
}

/* Intel SDM 3, 9.9.3: leaf 1 counts what a socket has, leaf 4 its cores. */
static struct shifts intel_topology(void)
{
    uint32_t r[4];
    unsigned int logical, cores;

    cpuid(1, 0, r);
    logical = r[EDX] >> 28 & 1 ? r[EBX] >> 16 & 0xff : 1;
    cpuid(0, 0, r);
    if (r[EAX] < 4)
        return (struct shifts){ 0, bits_for(logical) };
    cpuid(4, 0, r);
    cores = (r[EAX] >> 26) + 1;
    return (struct shifts){ bits_for(logical / cores), bits_for(logical) };
}

/* Whoever comes first asks the CPU; two would find the same. */
static struct shifts topology(void)
{
    static struct shifts found;
    static bool asked; /* atomic */
    struct shifts s;

    if (__atomic_load_n(&asked, __ATOMIC_ACQUIRE))
        return found;
    if (!extended_topology(&s))
        s = cpu.amd ? amd_topology() : intel_topology();
    found = s;
    __atomic_store_n(&asked, true, __ATOMIC_RELEASE);
    return s;
}

void arch_cpu_place(unsigned int nr, uint32_t *core, uint32_t *socket)
{
    struct shifts s = topology();
    uint32_t id;

    ASSERT(nr < cpu_count);
    id = percpu_of[nr]->apic_id;
    *core = (id & ((1u << s.socket) - 1)) >> s.core;
    *socket = id >> s.socket;
}

const char *arch_guest_kinds(void)
{
    return hvm_usable() ? "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 "
                        : "xen-3.0-x86_64 ";
}

/* ---- nodes and devices ---- */

unsigned int arch_node_count(void)
{
    return acpi.node_count;
}

uint64_t arch_node_size(unsigned int node)
{
    paddr_t start = ~0ul, end = 0, last = memory_machine_end() << PAGE_SHIFT;

    for (unsigned int i = 0; i < acpi.memory_count; i++) {
        const struct acpi_memory *m = &acpi.memories[i];

        if (m->node != node)
            continue;
        start = m->start < start ? m->start : start;
        end = m->end > end ? m->end : end;
    }
    if (!acpi.memory_count)
        return node ? 0 : last;
    end = end < last ? end : last;
    return end > start ? end - start : 0;
}

bool arch_pci_present(uint16_t segment, uint8_t bus, uint8_t devfn)
{
    return pci_present((struct pci_device){ segment, bus, devfn });
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that core/ and abi/ need of the machine.  x86/ provides it; test/workbench/ provides a fake
 * one on the host.  Short inline ones stand in machine/inline.h: cpu_id, current_vcpu, irq_save,
 * irq_restore, irq_off, irq_on, irq_is_on, cpu_relax, softirq_*_bits.
 */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

#include "core/types.h"
#include "machine/inline.h"

struct domain;
struct vcpu;
struct frame;

/* Number of CPUs that run; they are 0 to count - 1.  Constant after boot. */
extern unsigned int cpu_count;

/* System time: nanoseconds since boot, never going back on one CPU, equal on all.  Any context. */
ns_t arch_now(void);

/* Have this CPU's timer interrupt raise SOFTIRQ_TIMER at a time; NS_MAX: never.  Interrupts off. */
void arch_timer_program(ns_t when);

/* Make another CPU pass its exit path, where softirqs run and events are delivered.  Any context. */
void arch_kick(unsigned int cpu);

/* Raise softirqs (bits) on another CPU and kick it.  Any context. */
void arch_softirq_send(unsigned int cpu, uint32_t bits);

/* Wait for an interrupt; returns with interrupts on.  Called by the idle loop, interrupts off, with
 * no softirq waiting. */
void arch_idle(void);

/* Stop or reset the machine for good.  Any context. */
_Noreturn void arch_halt(void);
_Noreturn void arch_reset(void);
/* ACPI S5 if the tables tell how; else halt. */
_Noreturn void arch_poweroff(void);

/* Map a frame of RAM for Zeroth's reading and writing; unmap it again.  Any context, never fails. */
void *frame_map(mfn_t mfn);
void frame_unmap(const void *at);

/* Copy to and from the current vCPU's memory at a guest address.  False when any byte cannot be
 * reached (some may have been copied).  Interrupts on; no spin lock above RANK_GUEST_COPY held. */
bool arch_copy_from_guest(void *to, uint64_t guest, size_t size);
bool arch_copy_to_guest(uint64_t guest, const void *from, size_t size);
/* Until the other: these copies reach the memory of the current vCPU's kernel, though its user code, whose
 * tables need not have it, runs.  Same state as they; hand over what the first returned. */
bool arch_kernel_memory_open(void);
void arch_kernel_memory_close(bool opened);
/* May a guest have anything there at all? */
bool arch_guest_range_ok(uint64_t guest, size_t size);
/* The same for 32 bits, the quick way; -1: they cannot be reached. */
int64_t arch_read_guest32(uint64_t guest);
/* 64 bits to it, the quick way. */
bool arch_write_guest64(uint64_t guest, uint64_t value);

/* Frame of the i-th 2 MiB extent of the machine-to-physical table; 0: none there. */
mfn_t arch_m2p_extent(unsigned int index);

/* After the last reference by a type that let guests write (or be walked by a CPU) is gone: flush
 * TLBs that may still hold mappings of it.  stamp: tlb_clock() when the last mapping went;
 * d NULL: a mapping of any domain.  Interrupts on when there is more than one CPU. */
extern uint32_t tlb_clock; /* the machine counts whole flushes here */
static inline uint32_t arch_tlb_clock(void)
{
    return __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);
}
void arch_tlb_flush_stamped(struct domain *d, uint32_t stamp);

/* The whole struct, zeroed, of a CPU's idle vCPU, for core/sched; NULL: no memory. */
struct vcpu *arch_idle_alloc(void);
/* It is that CPU's idle vCPU and its current one: the CPU was not started yet, or is this one at boot. */
void arch_set_idle(unsigned int cpu, struct vcpu *idle);

/* vCPU switch, called by core/sched on the CPU concerned, interrupts off.  After it current_vcpu()
 * is next, and its registers, address space and FPU state are loaded on the way out to it. */
void arch_context_switch(struct vcpu *prev, struct vcpu *next);

/* Scale for the guest's clock: TSC now, and the pair of struct vcpu_time_info. */
uint64_t arch_tsc(void);
void arch_tsc_scale(uint32_t *multiplier, int8_t *shift);
/* System time that belongs to a TSC value of about now. */
ns_t arch_tsc_to_time(uint64_t tsc);
/* Do the TSCs of all CPUs that were started show the same at any time, at a rate that never changes? */
bool arch_tsc_stable(void);

/* Seconds since 1970 at system time 0, from the battery clock at boot; settable. */
uint64_t arch_wallclock_boot(void);

/* Device interrupts (core/event/pirq.h): let a level interrupt come again; set where it arrives. */
void arch_pirq_unmask(unsigned int gsi_or_vector);
void arch_pirq_affinity(unsigned int irq, unsigned int cpu);

/* Interrupts by machine number: GSIs are 0 to arch_gsi_count() - 1, messages above. */
#define ARCH_IRQS 1024
unsigned int arch_gsi_count(void);
/* Deliver an interrupt to a CPU, by pirq_raise(d, pirq).  -EBUSY open, -ENOSPC no vector free, -EINVAL no such. */
int arch_irq_open(unsigned int irq, struct domain *d, unsigned int pirq, unsigned int cpu);
void arch_irq_close(unsigned int irq);
bool arch_irq_is_level(unsigned int irq);
/* Trigger mode and polarity of a GSI; no effect on an open one.  -EINVAL. */
int arch_gsi_setup(unsigned int gsi, bool level, bool low);
/* A number for a device's message; entry: of its MSI-X table, whose BAR is at table; table 0: MSI.
 * -ENODEV, -ENOSPC, -EEXIST. */
struct arch_msi {
    uint16_t segment;
    uint8_t bus, devfn;
    uint32_t entry;
    paddr_t table;
};
int arch_msi_create(const struct arch_msi *which);
void arch_msi_destroy(unsigned int irq);
/* Write the messages of a device anew (PHYSDEVOP_restore_msi). -ENODEV */
int arch_msi_restore(uint16_t segment, uint8_t bus, uint8_t devfn);
/* A register of the IO-APIC at a machine address, as Dom0 sees it.  -EINVAL. */
int arch_ioapic_read(paddr_t base, uint32_t reg, uint32_t *value);
int arch_ioapic_write(paddr_t base, uint32_t reg, uint32_t value);

/* XEN_DOMCTL_createdomain: the kind of domain that is asked for, with emulated devices and options of
 * struct xen_arch_domainconfig.  -EOPNOTSUPP: none of it; -EINVAL: what nobody knows. */
struct guest_kind;
int arch_domain_kind(bool hvm, uint32_t emulation, uint32_t options,
                     const struct guest_kind **kind);
/* The kinds that there can be, as XENVER_capabilities names them. */
const char *arch_guest_kinds(void);
/* Bits of a machine address that this machine's CPUs know. */
unsigned int arch_address_bits(void);

/* I/O rights of a PV vCPU's user mode: level 0 to 3; a bitmap in guest memory, 0: none. -ENOSYS: not PV. */
int arch_set_iopl(struct vcpu *v, unsigned int level);
int arch_set_iobitmap(struct vcpu *v, uint64_t bitmap, unsigned int ports);

/* For platform_op (abi/platform.c): a CPU's identifiers; its idle vCPU; what CPUID names it. */
void arch_cpu_ids(unsigned int cpu, uint32_t *apic_id, uint32_t *acpi_id);
struct vcpu *arch_idle_vcpu(unsigned int cpu);
void arch_cpu_version(char vendor[12], uint32_t *family, uint32_t *model, uint32_t *stepping);
/* A variable memory type range register; count 0: it is off.  -EINVAL: no such register. */
int arch_memtype_read(unsigned int reg, mfn_t *first, uint64_t *count, uint32_t *type);
/* ACPI S5 with what Dom0 read from the tables, control register values; returns -EIO if it goes on. */
int arch_acpi_s5(uint16_t control_a, uint16_t control_b);
/*
 * For kexec_op (abi/kexec.c).  The image's memory; a CPU's notes and the machine's (-ENOMEM: there are
 * none).  A crash kernel is in its place, with this entry (false: no memory), or is no more.  Jump into it,
 * from any context; returns where there is none.
 */
void arch_crash_image(paddr_t *start, uint64_t *size);
int arch_crash_notes(unsigned int cpu, paddr_t *start, uint64_t *size);
int arch_crash_info(paddr_t *start, uint64_t *size);
bool arch_crash_load(uint64_t entry);
void arch_crash_unload(void);
void arch_crash(void);
/* Write back and drop what caches have of it: GNTTABOP_cache_flush. */
void arch_cache_flush(const void *at, size_t size);
/* The BIOS's keyboard shift flags. */
uint8_t arch_keyboard_flags(void);
/* EFI's runtime services, in the order of their table (UEFI 2.10, 4.5). */
enum {
    EFI_GET_TIME,
    EFI_SET_TIME,
    EFI_GET_WAKEUP_TIME,
    EFI_SET_WAKEUP_TIME,
    EFI_GET_VARIABLE = 6,
    EFI_GET_NEXT_VARIABLE_NAME,
    EFI_SET_VARIABLE,
    EFI_GET_NEXT_HIGH_MONOTONIC_COUNT,
    EFI_RESET_SYSTEM,
    EFI_QUERY_VARIABLE_INFO = 13,
    EFI_SERVICES
};
#define EFI_ARGUMENTS 5
/* Call one, of EFI_ARGUMENTS arguments; pointers are Zeroth's.  One call at a time, for milliseconds;
 * RANK_FIRMWARE is taken.  status: the firmware's answer.  False: there are no services. */
bool arch_efi_call(unsigned int service, const uint64_t arguments[EFI_ARGUMENTS], uint64_t *status);

/* For sysctl: TSC's rate, XEN_SYSCTL_PHYSCAP_*, the first eight words of features that Zeroth knows; a
 * CPU's core within its socket, and the socket; whether such a PCI device is there. */
void arch_describe(uint32_t *khz, uint32_t *capabilities, uint32_t features[8]);
void arch_cpu_place(unsigned int cpu, uint32_t *core, uint32_t *socket);
bool arch_pci_present(uint16_t segment, uint8_t bus, uint8_t devfn);

/* NUMA: nodes are 0 to count - 1; size: bytes from the first to the last of its RAM. */
unsigned int arch_node_of_cpu(unsigned int cpu);
unsigned int arch_node_count(void);
uint64_t arch_node_size(unsigned int node);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/trap/nmi.h"

#include "core/console/console.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/vcpu.h"
#include "x86/crash.h"
#include "x86/interrupt/apic.h"
#include "x86/control.h"
#include "x86/trap/fault.h"
#include "x86/features.h"
#include "x86/io.h"
#include "x86/interrupt/irq.h"
#include "x86/msr_index.h"
#include "x86/trap/panic.h"
#include "x86/smp/smp.h"

#include <xen/nmi.h>

/* Port 0x61 (Intel ICH9 datasheet, NMI_SC): why, and bits that quieten a source until cleared. */
#define NMI_PORT      0x61
#define SERR_STATUS   0x80u
#define IOCHK_STATUS  0x40u
#define IOCHK_QUIET   0x08u
#define SERR_QUIET    0x04u
#define PORT_WRITABLE 0x0fu

#define NMI_NOTED 0x100u /* struct percpu.nmi: with the port's status below */

#define MSR_MCG_CTL    0x17b
#define MSR_MC0_CTL    0x400 /* CTL, STATUS, ADDR, MISC of bank 0, then of bank 1 … */
#define MCG_CAP_COUNT  0xffu
#define MCG_CAP_CTL    0x100u
#define STATUS_VALID   (1ul << 63)
#define STATUS_MISC    (1ul << 59)
#define STATUS_ADDRESS (1ul << 58)

/* Read the port, and quieten what it tells of. */
static uint8_t ask_why(void)
{
    uint8_t port = io_in8(NMI_PORT);

    if (port & (SERR_STATUS | IOCHK_STATUS))
        io_out8(NMI_PORT, (uint8_t)((port & PORT_WRITABLE) | (port & SERR_STATUS ? SERR_QUIET : 0) |
                                    (port & IOCHK_STATUS ? IOCHK_QUIET : 0)));
    return port;
}

/* No lock and no message here: what was interrupted may hold the console's. */
void nmi_came(const struct regs *regs)
{
    uint64_t breakpoints;
    uint8_t port;

    if (smp_is_stopping()) {
        crash_note(regs);
        smp_stop_here();
    }
    if (cpu_id() != 0) /* the platform's come to all CPUs; one tells of them */
        return;
    /* A guest's breakpoint at the port would trap, and that trap's IRET let in the next NMI, on this stack
     * (AMD APM 2, section 8.2.3). */
    breakpoints = dr7_read();
    dr7_write(DR7_FIXED);
    port = ask_why();
    dr7_write(breakpoints);
    percpu()->nmi = NMI_NOTED | (port & (SERR_STATUS | IOCHK_STATUS));
    if (smp_ready)
        apic_send_self(VECTOR_KICK);
}

static void tell_dom0(uint64_t reasons)
{
    struct vcpu *v = dom0 ? domain_vcpu(dom0, 0) : NULL;

    if (!v)
        return;
    __atomic_fetch_or(&dom0->shared->arch.nmi_reason, reasons, __ATOMIC_RELAXED);
    vcpu_send_nmi(v);
}

void nmi_tell(void)
{
    uint32_t noted = __atomic_exchange_n(&percpu()->nmi, 0, __ATOMIC_RELAXED);
    uint64_t reasons = 0;

    if (!noted)
        return;
    if (noted & SERR_STATUS)
        reasons |= XEN_NMIREASON_pci_serr;
    if (noted & IOCHK_STATUS)
        reasons |= XEN_NMIREASON_io_error;
    console_log(LOG_ERROR, "NMI: %s; passed to Dom0",
                reasons & XEN_NMIREASON_pci_serr ? "PCI system error (SERR#)"
                : reasons                        ? "I/O channel check"
                                                 : "no reason given");
    tell_dom0(reasons ? reasons : XEN_NMIREASON_unknown);
}

static unsigned int bank_count(void)
{
    uint64_t capabilities = 0;

    return rdmsr_safe(MSR_MCG_CAP, &capabilities) ? capabilities & MCG_CAP_COUNT : 0;
}

static void print_bank(unsigned int bank)
{
    uint64_t status = 0, address = 0, misc = 0;
    uint32_t msr = MSR_MC0_CTL + 4 * bank;

    if (!rdmsr_safe(msr + 1, &status) || !(status & STATUS_VALID))
        return;
    if (status & STATUS_ADDRESS)
        rdmsr_safe(msr + 2, &address);
    if (status & STATUS_MISC)
        rdmsr_safe(msr + 3, &misc);
    console_log(LOG_ERROR, "bank %u: status %016lx address %016lx misc %016lx", bank,
                (unsigned long)status, (unsigned long)address, (unsigned long)misc);
}

_Noreturn void machine_check(const struct regs *regs)
{
    uint64_t status = 0;

    panic_begin();
    rdmsr_safe(MSR_MCG_STATUS, &status);
    console_log(LOG_ERROR, "machine check on CPU %u, MCG_STATUS %#lx", cpu_id(),
                (unsigned long)status);
    for (unsigned int bank = 0; bank < bank_count(); bank++)
        print_bank(bank);
    panic_trap(regs, "#MC: the hardware reports an error that cannot be corrected");
}

/* Bank 0 of early models is the BIOS's (Intel SDM 3, 15.3.2.1). */
void machine_check_init_cpu(void)
{
    unsigned int first = cpu.intel && cpu.family == 6 && cpu.model < 0x1a ? 1 : 0;
    uint64_t capabilities = 0;

    if (rdmsr_safe(MSR_MCG_CAP, &capabilities) && (capabilities & MCG_CAP_CTL))
        wrmsr_safe(MSR_MCG_CTL, ~0ul);
    for (unsigned int bank = first; bank < bank_count(); bank++)
        wrmsr_safe(MSR_MC0_CTL + 4 * bank, ~0ul);
    cr4_write(cr4_read() | CR4_MCE);
}

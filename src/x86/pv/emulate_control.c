/* SPDX-License-Identifier: Apache-2.0 */
/* Control and debug registers as a PV guest's kernel sees them (AMD APM 2, 3.1 and 13.1.1). */
#include "x86/pv/emulate.h"

#include "abi/door.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/policy/cpuid.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/pv/debug.h"
#include "x86/pv/mmu.h"
#include "x86/pv/update.h"

#define DR7_GENERAL_DETECT 0x2000ul

static enum emulated read_control(struct emulation *e)
{
    const struct pv_vcpu *pv = &e->v->pv;
    uint64_t *to = decode_register(&e->v->regs, e->i.rm);

    switch (e->i.reg) {
    case 0: *to = pv->cr0; return EMULATED;
    case 2: *to = pv->cr2; return EMULATED;
    case 3: *to = xen_pfn_to_cr3(pv->kernel_l4); return EMULATED;
    case 4: *to = pv->cr4; return EMULATED;
    }
    return EMULATED_GP;
}

static enum emulated write_cr2(struct x86_vcpu *v, uint64_t value)
{
    v->pv.cr2 = value;
    v->core.info->arch.cr2 = value;
    return EMULATED;
}

/* Bits below the frame's number mean nothing; those above are no frame's.  A long change goes on
 * when the guest executes the instruction again. */
static enum emulated write_cr3(struct x86_vcpu *v, uint64_t value)
{
    long rc = pt_finish(v);

    if (rc == 0)
        rc = pv_set_kernel_l4(v, xen_cr3_to_pfn(value));
    if (rc == DOOR_RESTART)
        return EMULATED_AGAIN;
    return rc ? EMULATED_GP : EMULATED;
}

static void load_tsd(bool on)
{
    uint64_t now = cr4_read();

    cr4_write(on ? now | CR4_TSD : now & ~CR4_TSD);
}

void pv_control_load(const struct x86_vcpu *v)
{
    if (v->pv.cr4 & CR4_TSD)
        load_tsd(true);
}

void pv_control_unload(const struct x86_vcpu *v)
{
    if (v->pv.cr4 & CR4_TSD)
        load_tsd(false);
}

/* Most bits are Zeroth's, and stay as they are without a complaint. */
static enum emulated write_cr4(struct x86_vcpu *v, uint64_t value)
{
    uint64_t own = CR4_TSD | CR4_DE | (cpu.fsgsbase ? CR4_FSGSBASE : 0) |
                   (cpu.xsave ? CR4_OSXSAVE : 0),
             old = v->pv.cr4;
    bool on = irq_save();

    v->pv.cr4 = (old & ~own) | (value & own);
    if ((old ^ value) & CR4_TSD)
        load_tsd(value & CR4_TSD);
    irq_restore(on);
    return EMULATED;
}

static enum emulated write_control(struct emulation *e, uint64_t value)
{
    struct x86_vcpu *v = e->v;

    switch (e->i.reg) {
    case 0:
        if ((value ^ v->pv.cr0) & ~CR0_TS)
            return EMULATED_GP;
        fpu_set_ts(v, value & CR0_TS);
        return EMULATED;
    case 2: return write_cr2(v, value);
    case 3: return write_cr3(v, value);
    case 4: return write_cr4(v, value);
    }
    return EMULATED_GP;
}

/* Numbers as in pv_debug_get. */
static enum emulated read_debug(struct emulation *e)
{
    uint64_t value;

    if (!pv_debug_get(e->v, e->i.reg, &value))
        return EMULATED_UD;
    *decode_register(&e->v->regs, e->i.rm) = value;
    return EMULATED;
}

static enum emulated write_debug(struct emulation *e, uint64_t value)
{
    unsigned int nr = e->i.reg;
    uint64_t now;

    if (!pv_debug_get(e->v, nr, &now))
        return EMULATED_UD;
    if (nr >= 4 && value >> 32)
        return EMULATED_GP;
    if ((nr == 5 || nr == 7) && (value & DR7_GENERAL_DETECT))
        return EMULATED_GP;
    return pv_debug_set(e->v, nr, value) ? EMULATED_GP : EMULATED;
}

enum emulated pv_emulate_control(struct emulation *e)
{
    uint64_t value = *decode_register(&e->v->regs, e->i.rm);

    if (!e->long_mode)
        value = (uint32_t)value;
    switch (e->i.opcode) {
    case 0x20: return read_control(e);
    case 0x21: return read_debug(e);
    case 0x22: return write_control(e, value);
    case 0x23: return write_debug(e, value);
    }
    return EMULATED_GP;
}

enum emulated pv_emulate_xsetbv(struct x86_vcpu *v)
{
    uint64_t value = v->regs.rdx << 32 | (uint32_t)v->regs.rax;

    if (!(v->pv.cr4 & CR4_OSXSAVE))
        return EMULATED_UD;
    if ((uint32_t)v->regs.rcx || (value & ~cpuid_policy(v)->xcr0_mask) || !fpu_set_xcr0(v, value))
        return EMULATED_GP;
    return EMULATED;
}

/* A domain without devices has nothing that does not follow its caches. */
enum emulated pv_emulate_wbinvd(struct x86_vcpu *v)
{
    if (x86_domain(v->core.domain)->hardware)
        __asm__ volatile("wbinvd" : : : "memory");
    return EMULATED;
}

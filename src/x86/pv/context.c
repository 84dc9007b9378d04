/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/context.h"

#include "core/assert.h"
#include "core/machine.h"
#include "x86/control.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/msr_index.h"
#include "x86/percpu.h"
#include "x86/pv/baseptr.h"
#include "x86/pv/bounce.h"
#include "x86/pv/debug.h"
#include "x86/pv/emulate.h"
#include "x86/pv/mmu.h"
#include "x86/pv/msr.h"
#include "x86/pv/segment.h"
#include "x86/pv/vcpu.h"
#include "x86/spec.h"

uint64_t pv_gs_base(void)
{
    uint64_t base;
    bool were_on;

    if (!cpu.fsgsbase)
        return rdmsr(MSR_KERNEL_GS_BASE);
    were_on = irq_save();
    __asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(base));
    irq_restore(were_on);
    return base;
}

void pv_set_gs_base(uint64_t base)
{
    bool were_on;

    if (!cpu.fsgsbase) {
        wrmsr(MSR_KERNEL_GS_BASE, base);
        return;
    }
    were_on = irq_save();
    __asm__ volatile("swapgs; wrgsbase %0; swapgs" : : "r"(base));
    irq_restore(were_on);
}

uint64_t pv_fs_base(void)
{
    uint64_t base;

    if (!cpu.fsgsbase)
        return rdmsr(MSR_FS_BASE);
    __asm__ volatile("rdfsbase %0" : "=r"(base));
    return base;
}

void pv_set_fs_base(uint64_t base)
{
    if (cpu.fsgsbase)
        __asm__ volatile("wrfsbase %0" : : "r"(base));
    else
        wrmsr(MSR_FS_BASE, base);
}

/* The base that was. */
static inline uint64_t exchange_gs_base(uint64_t base)
{
    uint64_t old;
    bool were_on;

    if (!cpu.fsgsbase) {
        old = rdmsr(MSR_KERNEL_GS_BASE);
        wrmsr(MSR_KERNEL_GS_BASE, base);
        return old;
    }
    were_on = irq_save();
    __asm__ volatile("swapgs; rdgsbase %0; wrgsbase %1; swapgs" : "=&r"(old) : "r"(base));
    irq_restore(were_on);
    return old;
}

/* The guest can change its GS base by itself, by loading GS: what the CPU has counts. */
void pv_enter_kernel(struct x86_vcpu *v)
{
    v->pv.gs_user = exchange_gs_base(v->pv.gs_kernel);
    v->pv.flags |= PV_KERNEL_MODE;
    pv_reload_cr3(v, v->pv.kernel_l4);
}

void pv_enter_user(struct x86_vcpu *v)
{
    v->pv.gs_kernel = exchange_gs_base(v->pv.gs_user);
    v->pv.flags &= ~(uint64_t)PV_KERNEL_MODE;
    pv_reload_cr3(v, v->pv.user_l4);
}

static void leave(struct x86_vcpu *v)
{
    fpu_save(v);
    pv_segments_save(v);
    pv_debug_unload(v);
    pv_control_unload(v);
}

static void enter(struct x86_vcpu *v)
{
    spec_switch(v->core.domain);
    pv_load_cr3(v);
    pv_window_load(v);
    pv_segments_load(v);
    pv_debug_load(v);
    pv_control_load(v);
    pv_msr_load(v);
    fpu_restore(v);
}

const struct vcpu_way pv_way = {
    .save = leave,
    .load = enter,
    .left = pv_leave_cr3,
    .deliver = pv_deliver,
};

/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/baseptr.h"

#include "abi/door.h"
#include "core/assert.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "x86/percpu.h"
#include "x86/pv/mmu.h"
#include "x86/pv/update.h"
#include "x86/pv/validate.h"
#include "x86/pv/vcpu.h"
#include "x86/way.h"

static void cr3_write(uint64_t cr3)
{
    __asm__ volatile("movq %0, %%cr3" : : "r"(cr3) : "memory");
}

void pv_load_cr3(struct x86_vcpu *v)
{
    struct x86_domain *d = x86_domain(v->core.domain);
    bool kernel = v->pv.flags & PV_KERNEL_MODE;
    mfn_t top = kernel ? v->pv.kernel_l4 : v->pv.user_l4;

    if (top == MFN_NONE) {
        domain_crash(&d->core, kernel ? "no kernel page tables" : "no user page tables");
        /* Those of whoever ran before may go away. */
        if (current_vcpu() == &v->core)
            switch_to_own_tables();
        return;
    }
    v->cr3 = top << PAGE_SHIFT;
    if (current_vcpu() != &v->core)
        return;
    /* First into the sets: a flush that is sent meanwhile must not miss this CPU. */
    if (!cpu_set_has(&v->dirty_cpus, cpu_id()))
        cpu_set_add(&v->dirty_cpus, cpu_id());
    if (!cpu_set_has(&d->dirty, cpu_id()))
        cpu_set_add(&d->dirty, cpu_id());
    percpu()->cr3 = v->cr3;
    cr3_write(v->cr3);
}

void pv_reload_cr3(struct x86_vcpu *v, mfn_t top)
{
    if (__builtin_expect(top == MFN_NONE, false)) {
        pv_load_cr3(v);
        return;
    }
    v->cr3 = top << PAGE_SHIFT;
    percpu()->cr3 = v->cr3;
    cr3_write(v->cr3);
}

bool pv_kernel_tables_open(struct x86_vcpu *v)
{
    if (v->pv.flags & PV_KERNEL_MODE || v->pv.kernel_l4 == MFN_NONE)
        return false;
    v->pv.flags |= PV_KERNEL_MODE;
    pv_load_cr3(v);
    return true;
}

void pv_kernel_tables_close(struct x86_vcpu *v)
{
    v->pv.flags &= ~(uint64_t)PV_KERNEL_MODE;
    pv_load_cr3(v);
}

void pv_leave_cr3(struct x86_vcpu *prev, const struct vcpu *next)
{
    /* CR3 may have the same value now, when both run on one table: it was written, which flushes. */
    ASSERT(current_vcpu() == next);
    cpu_set_remove(&prev->dirty_cpus, cpu_id());
    if (next->domain != prev->core.domain)
        cpu_set_remove(&x86_domain(prev->core.domain)->dirty, cpu_id());
}

/* A use of a level-4 table for a base pointer. */
static long take_l4(struct domain *d, mfn_t mfn)
{
    struct frame *f = frame_of(mfn);
    int rc;

    if (!f || !frame_get(f, d))
        return -XEN_EINVAL;
    rc = frame_get_type(f, FRAME_L4);
    if (rc)
        frame_put(f);
    return rc == -XEN_ERESTART ? DOOR_RESTART : rc;
}

static long set_l4(struct x86_vcpu *v, mfn_t *base, mfn_t mfn)
{
    struct domain *d = v->core.domain;
    mfn_t old = *base;
    bool in_use = base == (v->pv.flags & PV_KERNEL_MODE ? &v->pv.kernel_l4 : &v->pv.user_l4);
    long rc = 0;

    /* One table can be left over only: go on with that one first. */
    if (v->pv.left_table != MFN_NONE)
        return DOOR_RESTART;
    pv_tables_lock(d);
    if (mfn != old && mfn != MFN_NONE)
        rc = take_l4(d, mfn);
    if (rc == 0) {
        if (mfn != MFN_NONE)
            pt_use_l4(d, mfn, base == &v->pv.kernel_l4);
        *base = mfn;
        if (in_use)
            pv_load_cr3(v);
        /* Only now: no CPU walks the old table by this vCPU any more. */
        if (mfn != old && old != MFN_NONE)
            pt_drop(v, old);
    }
    pv_tables_unlock(d);
    return rc;
}

long pv_set_kernel_l4(struct x86_vcpu *v, mfn_t mfn)
{
    return mfn == MFN_NONE ? -XEN_EINVAL : set_l4(v, &v->pv.kernel_l4, mfn);
}

long pv_set_user_l4(struct x86_vcpu *v, mfn_t mfn)
{
    return set_l4(v, &v->pv.user_l4, mfn);
}

/* Base pointers of a vCPU that will not run again. */
static int drop_bases(struct x86_vcpu *v)
{
    mfn_t *const bases[] = { &v->pv.left_table, &v->pv.left_second, &v->pv.kernel_l4,
                             &v->pv.user_l4 };

    for (unsigned int i = 0; i < ARRAY_SIZE(bases); i++) {
        struct frame *f = *bases[i] == MFN_NONE ? NULL : frame_of(*bases[i]);

        if (!f)
            continue;
        if (frame_put_type(f, true))
            return -XEN_ERESTART;
        *bases[i] = MFN_NONE;
        frame_put(f);
    }
    v->cr3 = 0;
    return 0;
}

int pv_drop_tables(struct x86_vcpu *v)
{
    int rc;

    pv_tables_lock(v->core.domain);
    rc = drop_bases(v);
    pv_tables_unlock(v->core.domain);
    return rc;
}

int pv_mmu_destroy(struct domain *d)
{
    int rc = 0;

    ASSERT(d->is_dying);
    pv_tables_lock(d);
    for (unsigned int id = 0; id < d->max_vcpus && rc == 0; id++)
        if (d->vcpus[id])
            rc = drop_bases(x86_vcpu(d->vcpus[id]));
    pv_tables_unlock(d);
    return rc;
}

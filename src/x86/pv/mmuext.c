/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/mmuext.h"

#include "abi/copy.h"
#include "abi/door.h"
#include "core/assert.h"
#include "core/frame.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "lib/memory.h"
#include "x86/pv/segment.h"
#include "x86/pv/update.h"
#include "x86/pv/validate.h"
#include "x86/smp.h"
#include "x86/tlb.h"

#define LDT_ENTRIES_MAX 8192

/* The vCPU that calls, and the domain whose frames it speaks of. */
struct mmuext {
    struct x86_vcpu *v;
    struct domain *subject;
};

typedef long mmuext_fn(const struct mmuext *m, const struct mmuext_op *op);

static long pin(const struct mmuext *m, const struct mmuext_op *op)
{
    struct frame *f = frame_of(op->arg1.mfn);
    long rc;

    if (!f || !frame_get(f, m->subject))
        return -XEN_EINVAL;
    pv_tables_lock(m->subject);
    rc = frame_pin(f, (enum frame_type)(FRAME_L1 + op->cmd - MMUEXT_PIN_L1_TABLE));
    pv_tables_unlock(m->subject);
    frame_put(f);
    return rc;
}

static long unpin(const struct mmuext *m, const struct mmuext_op *op)
{
    struct frame *f = frame_of(op->arg1.mfn);
    long rc;

    if (!f || !frame_get(f, m->subject))
        return -XEN_EINVAL;
    pv_tables_lock(m->subject);
    rc = frame_unpin(f);
    pv_tables_unlock(m->subject);
    frame_put(f);
    return rc;
}

static long new_base(const struct mmuext *m, const struct mmuext_op *op)
{
    return pv_set_kernel_l4(m->v, op->arg1.mfn);
}

static long new_user_base(const struct mmuext *m, const struct mmuext_op *op)
{
    return pv_set_user_l4(m->v, op->arg1.mfn ? op->arg1.mfn : MFN_NONE);
}

static long flush_local(const struct mmuext *m, const struct mmuext_op *op)
{
    (void)m, (void)op;
    tlb_flush_local();
    return 0;
}

static long invlpg_local(const struct mmuext *m, const struct mmuext_op *op)
{
    (void)m;
    tlb_flush_page(op->arg1.linear_addr);
    return 0;
}

static uint64_t page_of(const struct mmuext_op *op)
{
    return op->arg1.linear_addr & ~PAGE_MASK;
}

static long flush_multi(const struct mmuext *m, const struct mmuext_op *op)
{
    uint64_t bitmap;

    memcpy(&bitmap, &op->arg2, sizeof(bitmap));
    return pt_flush_vcpus(m->v->core.domain, bitmap,
                          op->cmd == MMUEXT_INVLPG_MULTI ? page_of(op) : 0);
}

static long flush_all(const struct mmuext *m, const struct mmuext_op *op)
{
    pt_flush_all(m->v->core.domain, op->cmd == MMUEXT_INVLPG_ALL ? page_of(op) : 0);
    return 0;
}

static void write_back(void *unused)
{
    (void)unused;
    __asm__ volatile("wbinvd" : : : "memory");
}

static long flush_cache(const struct mmuext *m, const struct mmuext_op *op)
{
    if (!x86_domain(m->v->core.domain)->hardware)
        return -XEN_EACCES;
    write_back(NULL);
    if (op->cmd == MMUEXT_FLUSH_CACHE_GLOBAL)
        smp_call_others(write_back, NULL);
    return 0;
}

static long set_ldt(const struct mmuext *m, const struct mmuext_op *op)
{
    if (op->arg1.linear_addr & PAGE_MASK || op->arg2.nr_ents > LDT_ENTRIES_MAX)
        return -XEN_EINVAL;
    return pv_set_ldt(m->v, op->arg1.linear_addr, op->arg2.nr_ents);
}

/* A frame of the subject's to be written to; it can be no page table while the use lasts. */
static struct frame *writable_get(const struct mmuext *m, mfn_t mfn, long *rc)
{
    struct frame *f = frame_of(mfn);

    *rc = -XEN_EINVAL;
    if (!f || !frame_get(f, m->subject))
        return NULL;
    if (frame_get_type(f, FRAME_WRITABLE) == 0) {
        *rc = 0;
        return f;
    }
    frame_put(f);
    return NULL;
}

static void writable_put(struct frame *f)
{
    int rc = frame_put_type(f, false);

    ASSERT(rc == 0);
    frame_put(f);
}

static long clear_page(const struct mmuext *m, const struct mmuext_op *op)
{
    long rc;
    struct frame *f = writable_get(m, op->arg1.mfn, &rc);
    void *page;

    if (!f)
        return rc;
    page = frame_map(op->arg1.mfn);
    memset(page, 0, PAGE_SIZE);
    frame_unmap(page);
    writable_put(f);
    return 0;
}

static long copy_page(const struct mmuext *m, const struct mmuext_op *op)
{
    long rc;
    struct frame *source = frame_of(op->arg2.src_mfn), *f;

    if (!source || !frame_get(source, m->subject))
        return -XEN_EINVAL;
    f = writable_get(m, op->arg1.mfn, &rc);
    /* A page onto itself is as it was. */
    if (f && f != source) {
        const void *from = frame_map(op->arg2.src_mfn);
        void *to = frame_map(op->arg1.mfn);

        memcpy(to, from, PAGE_SIZE);
        frame_unmap(to);
        frame_unmap(from);
    }
    if (f)
        writable_put(f);
    frame_put(source);
    return rc;
}

/* Superpages of PV guests went from the ABI. */
static long mark_super(const struct mmuext *m, const struct mmuext_op *op)
{
    (void)m, (void)op;
    return -XEN_EOPNOTSUPP;
}

/* foreign: may be done to another domain's frames. */
static const struct {
    mmuext_fn *fn;
    bool foreign;
} commands[] = {
    [MMUEXT_PIN_L1_TABLE] = { pin, true },
    [MMUEXT_PIN_L2_TABLE] = { pin, true },
    [MMUEXT_PIN_L3_TABLE] = { pin, true },
    [MMUEXT_PIN_L4_TABLE] = { pin, true },
    [MMUEXT_UNPIN_TABLE] = { unpin, true },
    [MMUEXT_NEW_BASEPTR] = { new_base, false },
    [MMUEXT_TLB_FLUSH_LOCAL] = { flush_local, false },
    [MMUEXT_INVLPG_LOCAL] = { invlpg_local, false },
    [MMUEXT_TLB_FLUSH_MULTI] = { flush_multi, false },
    [MMUEXT_INVLPG_MULTI] = { flush_multi, false },
    [MMUEXT_TLB_FLUSH_ALL] = { flush_all, false },
    [MMUEXT_INVLPG_ALL] = { flush_all, false },
    [MMUEXT_FLUSH_CACHE] = { flush_cache, false },
    [MMUEXT_SET_LDT] = { set_ldt, false },
    [MMUEXT_NEW_USER_BASEPTR] = { new_user_base, false },
    [MMUEXT_CLEAR_PAGE] = { clear_page, true },
    [MMUEXT_COPY_PAGE] = { copy_page, true },
    [MMUEXT_FLUSH_CACHE_GLOBAL] = { flush_cache, false },
    [MMUEXT_MARK_SUPER] = { mark_super, true },
    [MMUEXT_UNMARK_SUPER] = { mark_super, true },
};

static long run_one(const struct mmuext *m, const struct mmuext_op *op)
{
    if (op->cmd >= ARRAY_SIZE(commands) || !commands[op->cmd].fn)
        return -XEN_ENOSYS;
    if (m->subject != m->v->core.domain && !commands[op->cmd].foreign)
        return -XEN_EPERM;
    return commands[op->cmd].fn(m, op);
}

static bool is_restart(long rc)
{
    return rc == -XEN_ERESTART || rc == DOOR_RESTART;
}

/* Operations until one fails or time is up. */
static long run_some(const struct mmuext *m, uint64_t ops, uint32_t count, uint32_t *done)
{
    struct mmuext_op op;
    long rc = 0;

    while (rc == 0 && *done < count) {
        if (!copy_item_from_guest(&op, ops, *done, sizeof(op)))
            return -XEN_EFAULT;
        rc = run_one(m, &op);
        *done += rc == 0;
        if (rc == 0 && *done < count && (m->v->pv.left_table != MFN_NONE || preempt_wanted()))
            rc = DOOR_RESTART;
    }
    return rc;
}

static long run_batch(const struct mmuext *m, uint64_t ops, uint32_t count, uint64_t pdone)
{
    struct pv_vcpu *pv = &m->v->pv;
    bool again = pv->batch_at == ops && pv->batch_left == count;
    uint32_t before = again ? pv->batch_done : 0, done = 0;
    long rc = run_some(m, ops, count, &done);

    pv->batch_at = 0;
    if (is_restart(rc)) {
        pv->batch_at = ops + done * sizeof(struct mmuext_op);
        pv->batch_left = count - done;
        pv->batch_done = before + done;
        hypercall_set_argument(0, pv->batch_at);
        hypercall_set_argument(1, pv->batch_left);
        return DOOR_RESTART;
    }
    done += before;
    if (pdone && !copy_to_guest(pdone, &done, sizeof(done)))
        return -XEN_EFAULT;
    return rc;
}

/* Frames of devices and of Zeroth are never the subject. */
static long refuse(uint64_t done)
{
    static const uint32_t none;

    if (done && !copy_to_guest(done, &none, sizeof(none)))
        return -XEN_EFAULT;
    return -XEN_EINVAL;
}

long pv_mmuext_op(uint64_t ops, uint64_t count, uint64_t done, uint64_t foreign, uint64_t a4,
                  uint64_t a5)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());
    struct mmuext m = { .v = v, .subject = v->core.domain };
    domid_t id = (domid_t)foreign;
    int error = 0;
    long rc = pt_finish(v);

    (void)a4, (void)a5;
    if (rc)
        return rc;
    if (id == DOMID_SELF)
        return run_batch(&m, ops, (uint32_t)count, done);
    if ((id == DOMID_IO || id == DOMID_XEN) && v->core.domain->privileged)
        return refuse(done);
    m.subject = pt_subject(v->core.domain, id, &error);
    if (!m.subject)
        return error;
    rc = run_batch(&m, ops, (uint32_t)count, done);
    domain_put(m.subject);
    return rc;
}

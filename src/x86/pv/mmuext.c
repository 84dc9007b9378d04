/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/mmuext.h"

#include "abi/copy.h"
#include "abi/door.h"
#include "core/assert.h"
#include "core/console/console.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "lib/index.h"
#include "lib/memory.h"
#include "x86/copy.h"
#include "x86/pv/segment.h"
#include "x86/pv/update.h"
#include "x86/pv/validate.h"
#include "x86/smp/smp.h"
#include "x86/memory/tlb.h"

#define OP_WORDS (sizeof(struct mmuext_op) / sizeof(uint64_t))

/* The vCPU that calls, and the domain whose frames it speaks of; NULL: devices' or Zeroth's. */
struct mmuext {
    struct x86_vcpu *v;
    struct domain *subject;
};

typedef long mmuext_fn(const struct mmuext *m, const struct mmuext_op *op);

/* A reference to a frame of the subject's. */
static struct frame *subject_frame(const struct mmuext *m, mfn_t mfn)
{
    struct frame *f = frame_of(mfn);

    return f && m->subject && frame_get(f, m->subject) ? f : NULL;
}

static long pin(const struct mmuext *m, const struct mmuext_op *op)
{
    struct frame *f = subject_frame(m, op->arg1.mfn);
    long rc;

    if (!f)
        return -XEN_EINVAL;
    pv_tables_lock(m->subject);
    rc = frame_pin(f, (enum frame_type)(FRAME_L1 + op->cmd - MMUEXT_PIN_L1_TABLE));
    pv_tables_unlock(m->subject);
    frame_put(f);
    return rc;
}

static long unpin(const struct mmuext *m, const struct mmuext_op *op)
{
    struct frame *f = subject_frame(m, op->arg1.mfn);
    long rc;

    if (!f)
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
    if (pt_flush_vcpus(m->v->core.domain, bitmap, op->cmd == MMUEXT_INVLPG_MULTI ? page_of(op) : 0))
        return -XEN_EINVAL; /* measured: no -XEN_EFAULT here */
    return 0;
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
    if (!x86_domain(m->v->core.domain)->hardware) /* (measured) */
        return op->cmd == MMUEXT_FLUSH_CACHE_GLOBAL ? -XEN_EINVAL : -XEN_EACCES;
    write_back(NULL);
    if (op->cmd == MMUEXT_FLUSH_CACHE_GLOBAL)
        smp_call_others(write_back, NULL);
    return 0;
}

static long set_ldt(const struct mmuext *m, const struct mmuext_op *op)
{
    return pv_set_ldt(m->v, op->arg1.linear_addr, op->arg2.nr_ents);
}

/* A frame of the subject's to be written to; it can be no page table while the use lasts. */
static struct frame *writable_get(const struct mmuext *m, mfn_t mfn)
{
    struct frame *f = subject_frame(m, mfn);

    if (!f || frame_get_type(f, FRAME_WRITABLE) == 0)
        return f;
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
    struct frame *f = writable_get(m, op->arg1.mfn);
    void *page;

    if (!f)
        return -XEN_EINVAL;
    page = frame_map(op->arg1.mfn);
    memset(page, 0, PAGE_SIZE);
    frame_unmap(page);
    writable_put(f);
    return 0;
}

static long copy_page(const struct mmuext *m, const struct mmuext_op *op)
{
    struct frame *source = subject_frame(m, op->arg2.src_mfn), *f;

    if (!source)
        return -XEN_EINVAL;
    f = writable_get(m, op->arg1.mfn);
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
    return f ? 0 : -XEN_EINVAL;
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

static inline long run_one(const struct mmuext *m, const struct mmuext_op *op)
{
    size_t index;

    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): assembly has copied it. */
    if (op->cmd >= ARRAY_SIZE(commands))
        return -XEN_ENOSYS;
    index = index_safe(op->cmd, ARRAY_SIZE(commands));
    if (!commands[index].fn)
        return -XEN_ENOSYS;
    if (m->subject != m->v->core.domain && !commands[index].foreign)
        return -XEN_EPERM;
    return commands[index].fn(m, op);
}

static bool is_restart(long rc)
{
    return rc == -XEN_ERESTART || rc == DOOR_RESTART;
}

static __attribute__((noinline)) long refuse(const struct mmuext *m, const struct mmuext_op *op,
                                             long rc)
{
    if (!is_restart(rc))
        console_guest_log(m->v->core.domain->id, LOG_INFO,
                          "v%u: mmuext_op %u of %lx is refused: %ld", m->v->core.id, op->cmd,
                          op->arg1.mfn, rc);
    return rc;
}

/* One operation at a guest's address. */
static inline long run_at(const struct mmuext *m, uint64_t at)
{
    union {
        struct mmuext_op op;
        uint64_t words[OP_WORDS];
    } u;
    long rc;

    if (!copy_words_from_guest(u.words, at, OP_WORDS))
        return -XEN_EFAULT;
    rc = run_one(m, &u.op);
    return __builtin_expect(rc == 0, true) ? 0 : refuse(m, &u.op, rc);
}

/* Operations until one fails or time is up; *done counts those that took effect. */
static long run_some(const struct mmuext *m, uint64_t at, uint32_t count, uint32_t *done)
{
    /* No address wraps: at the end of all is none that can be read. */
    for (uint32_t i = 0; i < count; at += sizeof(struct mmuext_op)) {
        long rc = run_at(m, at);

        if (rc)
            return rc;
        *done = ++i;
        if (i < count && (m->v->pv.left_table != MFN_NONE || preempt_wanted()))
            return DOOR_RESTART;
    }
    return 0;
}

static __attribute__((noinline)) long run_batch(const struct mmuext *m, uint64_t ops,
                                                uint32_t count, uint64_t pdone)
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
    pt_tell_done(pdone, before + done);
    return rc;
}

/* The commonest: one of one's own, and nobody asks how many were done. */
static inline long run_single(const struct mmuext *m, uint64_t at)
{
    long rc = run_at(m, at);

    return is_restart(rc) ? DOOR_RESTART : rc;
}

/* Whose frames: *subject is held; NULL: nobody's, and DOMID_IO's and DOMID_XEN's. */
static int subject_get(struct domain *self, domid_t id, struct domain **subject)
{
    int error = 0;

    *subject = NULL;
    if (id == self->id)
        return -XEN_ESRCH; /* measured: one is not foreign to oneself */
    if ((id == DOMID_IO || id == DOMID_XEN) && self->privileged)
        return 0;
    *subject = pt_subject(self, id, &error);
    /* A hardware domain writes to its frames whatever their type: they can be no tables. */
    if (*subject && (*subject)->kind->map) {
        domain_put(*subject);
        *subject = NULL;
        error = -XEN_EINVAL;
    }
    return error;
}

long pv_mmuext_op(uint64_t ops, uint64_t count, uint64_t done, uint64_t foreign, uint64_t a4,
                  uint64_t a5)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());
    struct mmuext m = { .v = v, .subject = v->core.domain };
    long rc = pt_finish(v);

    (void)a4, (void)a5;
    if (rc)
        return rc;
    if (__builtin_expect((domid_t)foreign == DOMID_SELF && (uint32_t)count == 1 && !done, true))
        return run_single(&m, ops);
    if ((domid_t)foreign == DOMID_SELF)
        return run_batch(&m, ops, (uint32_t)count, done);
    rc = subject_get(v->core.domain, (domid_t)foreign, &m.subject);
    if (rc)
        return rc;
    rc = run_batch(&m, ops, (uint32_t)count, done);
    if (m.subject)
        domain_put(m.subject);
    return rc;
}

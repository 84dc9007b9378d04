/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/multicall.h"

#include "abi/copy.h"
#include "abi/narrow.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "core/vcpu.h"
#include "lib/index.h"

#define BATCH 8 /* entries copied in at once */

#define UNLIKELY(condition) __builtin_expect(condition, false)

/* The caller's list from the next entry on; narrow: as 32-bit code has it, members of half the size. */
struct list {
    uint64_t at; /* guest address */
    uint32_t left;
    bool narrow;
};

static hypercall_fn *call_of(const struct vcpu *v, const struct list *l, uint64_t op)
{
    if (op >= DOOR_CALLS)
        return NULL;
    op = index_safe(op, DOOR_CALLS);
    if (UNLIKELY(l->narrow))
        return hypercall_hvm32[op];
    return v->domain->kind->bit == KIND_PV ? hypercall_pv[op] : hypercall_hvm[op];
}

static long run(struct vcpu *v, const struct list *l, struct multicall_entry *e)
{
    hypercall_fn *call = call_of(v, l, e->op);
    const xen_ulong_t *a = e->args;
    long result;

    if (UNLIKELY(!call))
        return -XEN_ENOSYS;
    v->multicall = e;
    result = call(a[0], a[1], a[2], a[3], a[4], a[5]);
    v->multicall = NULL;
    return result;
}

#define RESULT offsetof(struct multicall_entry, result)
#define ARGS   offsetof(struct multicall_entry, args)

static bool write_result(const struct list *l, long result)
{
    if (UNLIKELY(l->narrow))
        return copy_to_guest(l->at + RESULT / 2, &result, sizeof(uint32_t));
    return write_to_guest64(l->at + RESULT, (uint64_t)result);
}

/* Go on at the list's next entry when the guest makes the call again. */
static long restart(const struct list *l)
{
    hypercall_set_argument(0, l->at);
    hypercall_set_argument(1, l->left);
    return DOOR_RESTART;
}

/* The entry saved its progress in its arguments, of our copy. */
static long restart_inside(const struct list *l, const struct multicall_entry *e)
{
    uint64_t at = l->at + (l->narrow ? ARGS / 2 : ARGS);

    for (unsigned int i = 0; i < ARRAY_SIZE(e->args); i++)
        if (!copy_number_to_guest(at, i, e->args[i]))
            return -XEN_EFAULT;
    return restart(l);
}

/*
 * Run the entry that l begins with and step over it.  True: go on; false: the multicall ends, or is
 * to be restarted, with *end.
 */
static bool step(struct vcpu *v, struct list *l, struct multicall_entry *e, long *end)
{
    bool iret = e->op == __HYPERVISOR_iret;
    long result = run(v, l, e);

    if (__builtin_expect(result == DOOR_RESTART && !iret, false)) {
        *end = restart_inside(l, e);
        return false;
    }
    if (!write_result(l, result)) {
        *end = iret ? result : -XEN_EFAULT;
        return false;
    }
    l->at += UNLIKELY(l->narrow) ? sizeof(*e) / 2 : sizeof(*e);
    l->left--;
    if (iret) {
        *end = result; /* what HYPERVISOR_iret has the way out load */
        return false;
    }
    if (l->left && preempt_wanted()) {
        *end = restart(l);
        return false;
    }
    return true;
}

/* How many of the next entries could be copied in: all that fit, else one, else 0. */
static uint32_t fill(const struct list *l, struct multicall_entry *batch)
{
    uint32_t count = l->left < BATCH ? l->left : BATCH,
             narrow[sizeof(*batch) / sizeof(xen_ulong_t)];

    if (UNLIKELY(l->narrow)) {
        if (!copy_from_guest(narrow, l->at, sizeof(narrow)))
            return 0;
        narrow_expand(MULTICALL_FORM, narrow, batch, sizeof(*batch));
        return 1;
    }
    if (copy_from_guest(batch, l->at, count * sizeof(*batch)))
        return count;
    return count > 1 && copy_from_guest(batch, l->at, sizeof(*batch));
}

long multicall(uint64_t at, uint64_t count, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct multicall_entry batch[BATCH];
    struct vcpu *v = current_vcpu();
    struct list l = { at, (uint32_t)count, v->narrow };
    long end;

    (void)a2, (void)a3, (void)a4, (void)a5;
    if (v->multicall)
        return -XEN_EINVAL;
    if (!l.left)
        return arch_guest_range_ok(at, 1) ? 0 : -XEN_EFAULT;
    while (l.left) {
        uint32_t filled = fill(&l, batch);

        if (!filled)
            return -XEN_EFAULT;
        for (uint32_t i = 0; i < filled; i++)
            if (!step(v, &l, &batch[i], &end))
                return end;
    }
    return 0;
}

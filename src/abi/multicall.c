/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/multicall.h"

#include "abi/copy.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "core/vcpu.h"
#include "lib/index.h"

#define BATCH 8 /* entries copied in at once */
#define ENTRY sizeof(struct multicall_entry)

/* The caller's list from the next entry on. */
struct list {
    uint64_t at; /* guest address */
    uint32_t left;
};

static long run(struct vcpu *v, struct multicall_entry *e)
{
    hypercall_fn *const *calls = v->domain->kind->bit == KIND_PV ? hypercall_pv : hypercall_hvm;
    const xen_ulong_t *a = e->args;
    long result;

    if (e->op >= DOOR_CALLS)
        return -XEN_ENOSYS;
    v->multicall = e;
    result = calls[index_safe(e->op, DOOR_CALLS)](a[0], a[1], a[2], a[3], a[4], a[5]);
    v->multicall = NULL;
    return result;
}

static bool write_result(const struct list *l, long result)
{
    return write_to_guest64(l->at + offsetof(struct multicall_entry, result), (uint64_t)result);
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
    if (!copy_to_guest(l->at + offsetof(struct multicall_entry, args), e->args, sizeof(e->args)))
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
    long result = run(v, e);

    if (__builtin_expect(result == DOOR_RESTART && !iret, false)) {
        *end = restart_inside(l, e);
        return false;
    }
    if (!write_result(l, result)) {
        *end = iret ? result : -XEN_EFAULT;
        return false;
    }
    l->at += ENTRY;
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
    uint32_t count = l->left < BATCH ? l->left : BATCH;

    if (copy_from_guest(batch, l->at, count * ENTRY))
        return count;
    return count > 1 && copy_from_guest(batch, l->at, ENTRY);
}

long multicall(uint64_t at, uint64_t count, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct multicall_entry batch[BATCH];
    struct vcpu *v = current_vcpu();
    struct list l = { at, (uint32_t)count };
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

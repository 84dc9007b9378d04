/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/door.h"

#include "abi/copy.h"
#include "abi/narrow.h"
#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/vcpu.h"

#define NARROW_MAX 64u /* bytes of a struct that has another layout for 32-bit code */
#include "lib/index.h"

/* Tables stand in the order of numbers where those are dense: then the first look finds the row. */
static inline const struct door_op *find(const struct door_call *call, uint64_t op)
{
    unsigned int count = *call->op_count;

    if (op < count) {
        const struct door_op *first = &call->ops[index_safe(op, count)];

        if (first->nr == op)
            return first;
    }
    for (unsigned int i = 0; i < count; i++)
        if (call->ops[i].nr == op)
            return &call->ops[i];
    return NULL;
}

/* Bring the argument struct in.  What a row only fills begins as zeros: nothing of Zeroth's stack
 * may reach the guest. */
static bool take_argument(const struct door_op *row, uint64_t guest, void *arg)
{
    ASSERT(row->size <= DOOR_ARG_MAX);
    if (row->direction == DIR_OUT) {
        __builtin_memset(arg, 0, row->size);
        return true;
    }
    return copy_from_guest(arg, guest, row->size);
}

static inline const struct door_op *find_for(const struct vcpu *v, const struct door_call *call,
                                             uint64_t op)
{
    const struct door_op *row = find(call, op);

    return row && (row->kinds & v->domain->kind->bit) ? row : NULL;
}

const struct door_op *door_find(const struct door_call *call, uint64_t op)
{
    return find_for(current_vcpu(), call, op);
}

bool door_permits(const struct door_op *row)
{
    return row->authority == AUTH_SELF || current_vcpu()->domain->privileged;
}

bool door_gives_back(const struct door_op *row, long result)
{
    return (row->direction == DIR_OUT || row->direction == DIR_INOUT) &&
           (result >= 0 || row->copy_always);
}

static __attribute__((noinline)) long enter_with_argument(const struct door_op *row, struct vcpu *v,
                                                          uint64_t guest, uint64_t extra)
{
    uint64_t arg[DOOR_ARG_MAX / sizeof(uint64_t)];
    long result;

    if (!take_argument(row, guest, arg))
        return -XEN_EFAULT;
    result = row->fn(v, arg, extra);
    if (door_gives_back(row, result) && !copy_to_guest(guest, arg, row->size))
        return -XEN_EFAULT;
    return result;
}

/* The same for 32-bit code, whose struct has another form. */
static long enter_by_form(const struct door_op *row, const char *form, uint64_t guest,
                          uint64_t extra)
{
    uint64_t wide[DOOR_ARG_MAX / sizeof(uint64_t)], narrow[NARROW_MAX / sizeof(uint64_t)];
    size_t size = narrow_size(form);
    long result;

    ASSERT(row->size <= sizeof(wide) && size <= sizeof(narrow));
    if (!copy_from_guest(narrow, guest, size))
        return -XEN_EFAULT;
    narrow_expand(form, narrow, wide, row->size);
    result = row->fn(current_vcpu(), wide, extra);
    if (!door_gives_back(row, result))
        return result;
    if (!narrow_shrink(form, wide, narrow))
        return -XEN_EOVERFLOW;
    return copy_to_guest(guest, narrow, size) ? result : -XEN_EFAULT;
}

static __attribute__((noinline)) long enter_narrow(const struct door_call *call,
                                                   const struct door_op *row, struct vcpu *v,
                                                   uint64_t guest, uint64_t extra)
{
    const char *form = narrow_form(call, row->nr);

    if (!form)
        return -XEN_ENOSYS;
    if (*form)
        return enter_by_form(row, form, guest, extra);
    return row->size == 0 ? row->fn(v, NULL, extra) : enter_with_argument(row, v, guest, extra);
}

long door_enter(const struct door_call *call, uint64_t op, uint64_t guest, uint64_t extra)
{
    struct vcpu *v = current_vcpu();
    const struct door_op *row = find_for(v, call, op);

    if (!row)
        return call->unknown;
    if (!door_permits(row))
        return -XEN_EPERM;
    if (__builtin_expect(v->narrow, false))
        return enter_narrow(call, row, v, guest, extra);
    return row->size == 0 ? row->fn(v, NULL, extra) : enter_with_argument(row, v, guest, extra);
}

uint64_t door_progress(struct vcpu *v, uint64_t tag)
{
    uint64_t done = v->resume.tag == tag ? v->resume.done : 0;

    v->resume.tag = 0;
    return done;
}

long door_stop(struct vcpu *v, uint64_t tag, uint64_t done)
{
    v->resume.tag = tag;
    v->resume.done = done;
    return DOOR_RESTART;
}

void hypercall_set_argument(unsigned int n, uint64_t value)
{
    struct vcpu *v = current_vcpu();

    ASSERT(n < 6);
    if (v->multicall)
        v->multicall->args[n] = value;
    else
        v->domain->kind->set_argument(v, n, value);
}

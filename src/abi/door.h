/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one door: every hypercall and every sub-operation is a row here (tables in abi/table.c and
 * beside the rooms in abi/<name>.c).  The assembly entry calls hypercall_table[nr] with the guest's
 * six arguments; for a hypercall with sub-operations that is door_enter, by way of a one-line
 * function, which finds the row, checks kind and authority, copies the argument struct in, calls the
 * row's function and copies out.
 */
#ifndef ABI_DOOR_H
#define ABI_DOOR_H

#include "core/types.h"

#include <xen/errno.h>
#include <xen/xen.h>

struct vcpu;

/* Internal: the operation has saved its progress into its arguments (hypercall_set_argument) and
 * wants to be called again from the guest's instruction. */
#define DOOR_RESTART (-1000L)

enum { KIND_PV = 1, KIND_HVM = 2, KIND_ALL = 3 };
/* Of the argument struct; DIR_LIST: a list of structs, which the row copies itself. */
enum { DIR_NONE, DIR_IN, DIR_OUT, DIR_INOUT, DIR_LIST };
enum { AUTH_SELF, AUTH_DOM0 }; /* who may: any domain, privileged only */
enum { BOUNDED, RESUMABLE };

/* A sub-operation.  arg: the copied-in struct (size bytes), or NULL without one.  The struct is
 * copied out, when DIR_OUT, unless the result is negative (COPY_ALWAYS: even then). */
struct door_op {
    uint32_t nr;
    const char *name;
    uint16_t size;
    uint8_t direction, kinds, authority, duration;
    bool copy_always;
    long (*fn)(struct vcpu *v, void *arg, uint64_t extra);
};

/* One hypercall. */
struct door_call {
    const char *name;
    uint8_t kinds;
    const struct door_op *ops; /* NULL: no sub-operations, or none that is a row */
    const uint16_t *op_count;  /* of ops */
    long unknown; /* what an unknown sub-operation returns: -XEN_ENOSYS or -XEN_EINVAL … */
    long (*fn)(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);
};

#define DOOR_CALLS   64
#define DOOR_ARG_MAX 1024 /* largest argument struct of a row, bytes */

/* Indexed by hypercall number; name NULL: there is none of it.  x86's entry has its own copy of the
 * fn pointers by kind: hypercall_pv[] (abi/table.c). */
extern const struct door_call door_calls[DOOR_CALLS];
typedef long hypercall_fn(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
extern hypercall_fn *const hypercall_pv[DOOR_CALLS];  /* never NULL: absent ones return -ENOSYS */
extern hypercall_fn *const hypercall_hvm[DOOR_CALLS]; /* the same for hardware guests */
/* For their 32-bit code (abi/narrow.h); NULL: -ENOSYS. */
extern hypercall_fn *const hypercall_hvm32[DOOR_CALLS];

/*
 * Find and run a sub-operation of a call for the current vCPU; guest: address of its argument struct.
 * call->unknown: no such row, or not one for its kind; -EPERM: not privileged; -EFAULT: the struct
 * cannot be reached (when copying out fails, the operation has been done); else what the row says.
 * Interrupts on, no lock held.
 */
long door_enter(const struct door_call *call, uint64_t op, uint64_t guest, uint64_t extra);

/* The parts of it, for calls that bring their argument in another way.  The row of a sub-operation
 * that the current vCPU's kind has; NULL: none. */
const struct door_op *door_find(const struct door_call *call, uint64_t op);
/* May the current vCPU's domain do what the row says? */
bool door_permits(const struct door_op *row);
/* Does the row give its struct back with this result? */
bool door_gives_back(const struct door_op *row, long result);

/*
 * How far a restarted operation is, for a call with the same tag, which names what is asked for (not 0); 0: not
 * begun.  For what may as well begin anew, as it does when another call comes between on this vCPU.
 * door_stop: keep that, and return DOOR_RESTART.
 */
uint64_t door_progress(struct vcpu *v, uint64_t tag);
long door_stop(struct vcpu *v, uint64_t tag, uint64_t done);

/* Change argument n (from 0) of the hypercall in progress, which is then restarted; inside a
 * multicall that is the entry's. */
void hypercall_set_argument(unsigned int n, uint64_t value);

#endif

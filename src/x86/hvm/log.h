/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a hardware domain's writes to its memory.  While there is one, its map's entries are
 * P2M_LOGGED, not to be written to; the first write to each is noted and lets the rest through, until
 * who reads the log begins anew.
 *
 * Others that write to its frames have uses of them (frame_get_type) while they can: a frame with a use
 * counts as written to, and once more after the use is gone.  Who takes a use notes it, so that one that
 * comes and goes between two readings is seen as well.
 */
#ifndef X86_HVM_LOG_H
#define X86_HVM_LOG_H

#include "x86/guest.h"

/* struct guest_map of core/domain.h. */
int hvm_log_start(struct domain *d);
int hvm_log_stop(struct domain *d);
void hvm_log_read(struct domain *d, gfn_t first, uint64_t *words, unsigned int count, bool clear);
void hvm_log_wrote(struct domain *d, mfn_t mfn);

/* Numbers whose frames were written to, or are others now.  Any context. */
void hvm_log_written(struct domain *d, gfn_t gfn, uint64_t count);
/* The current vCPU wrote to a number that is P2M_LOGGED; interrupts off, on in between. */
void hvm_log_fault(struct x86_vcpu *v, gfn_t gfn);

/* The domain is no more. */
void hvm_log_destroy(struct domain *d);

#endif

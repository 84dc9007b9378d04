/* SPDX-License-Identifier: Apache-2.0 */
/* Claims: free memory that is kept for a domain until it gets it (XENMEM_claim_pages). */
#ifndef CORE_CLAIM_H
#define CORE_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

struct domain;

/* Frames claimed by all domains together.  Any context. */
uint64_t claim_total(void);

/* A domain is to have so many frames in all; 0: its claim ends.  -XEN_EINVAL: more than it may
 * have, no more than it has, or it is dying; -XEN_ENOMEM: so much is not free.  The domain's lock
 * is held. */
int claim_set(struct domain *d, uint64_t pages);

/* May the domain take so many frames, others' claims respected?  And: it has got them.  The
 * domain's lock is held. */
bool claim_allows(struct domain *d, uint64_t pages);
void claim_use(struct domain *d, uint64_t pages);

#endif

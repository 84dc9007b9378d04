/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the checker share. */
#ifndef FUZZ_CHECK_H
#define FUZZ_CHECK_H

#include "fuzz.h"

#include "core/event/port.h"
#include "core/grant/grant.h"

/* A reference to a frame, with a use of a type. */
void hold_frame(mfn_t mfn, enum frame_type type);
/* NULL: no domain has the number. */
struct domain *check_domain(domid_t id);
void check_asleep(const struct vcpu *v);

/* check_map.c: of hardware domains. */
void check_map(struct domain *d);
void check_lookups(const struct vcpu *v);

/* check_grants.c: tables and uses are counted, mappings of others' frames found in page tables
 * first; then uses are compared with handles, and mappings with both. */
void begin_grants(void);
void count_mapping(const struct domain *d, mfn_t mfn, bool write);
void count_grants(const struct domain *d);
void check_grants(const struct domain *d);

/* check_events.c */
void check_events(const struct domain *d);

#endif

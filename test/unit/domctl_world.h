/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_domctl as Dom0's tools call it, in the world of domain_world.h. */
#ifndef UNIT_DOMCTL_WORLD_H
#define UNIT_DOMCTL_WORLD_H

#include "domain_world.h"

#include <stdint.h>
#include <xen/domctl.h>

#define ERROR(number) (-XEN_##number)
#define NOBODY        4242u /* no domain has this number */

extern struct xen_domctl op; /* the next call's argument */
extern uint8_t *buffer;      /* for what it points to: more than any operation reads or writes */

int begin(void **state);
int finish(void **state);

/* op begins anew, for a command and a domain; it is made, by Dom0 or somebody else; both. */
void start(uint32_t command, domid_t id);
long call(void);
long call_as(struct vcpu *v);
long simple(uint32_t command, domid_t id);

/* The op that creates a domain; a domain with two vCPUs and some memory to come; its end. */
void start_create(domid_t id);
domid_t create(void);
void destroy(domid_t id);
/* It is there, without a reference; XEN_DOMINF_* of it. */
struct domain *peek(domid_t id);
uint32_t flags_of(domid_t id);

#endif

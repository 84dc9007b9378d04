/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_all.h"

#include "domctl_world.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER (16ul << 20)

struct xen_domctl op;
uint8_t *buffer;

int begin(void **state)
{
    buffer = calloc(1, BUFFER);
    return world_begin(state);
}

int finish(void **state)
{
    free(buffer);
    return world_finish(state);
}

long call_as(struct vcpu *v)
{
    return world_call(v, __HYPERVISOR_domctl, (uint64_t)&op, 0, NULL);
}

long call(void)
{
    return call_as(domain_vcpu(dom0, 0));
}

void start(uint32_t command, domid_t id)
{
    memset(&op, 0, sizeof(op));
    op.cmd = command;
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op.domain = id;
}

long simple(uint32_t command, domid_t id)
{
    start(command, id);
    return call();
}

void start_create(domid_t id)
{
    start(XEN_DOMCTL_createdomain, id);
    op.u.createdomain.max_vcpus = 2;
    op.u.createdomain.max_evtchn_port = 100;
    op.u.createdomain.max_grant_frames = op.u.createdomain.max_maptrack_frames = -1;
    op.u.createdomain.grant_opts = 1;
    memset(op.u.createdomain.handle, 0x77, sizeof(op.u.createdomain.handle));
}

domid_t create(void)
{
    domid_t id;

    start_create(0);
    assert_int_equal(call(), 0);
    id = op.domain;
    start(XEN_DOMCTL_max_vcpus, id);
    op.u.max_vcpus.max = 2;
    assert_int_equal(call(), 0);
    start(XEN_DOMCTL_max_mem, id);
    op.u.max_mem.max_memkb = 64;
    assert_int_equal(call(), 0);
    return id;
}

void destroy(domid_t id)
{
    assert_int_equal(simple(XEN_DOMCTL_destroydomain, id), 0);
    workbench_settle();
    assert_null(domain_get(id));
}

struct domain *peek(domid_t id)
{
    struct domain *d = domain_get(id);

    assert_non_null(d);
    domain_put(d);
    return d;
}

uint32_t flags_of(domid_t id)
{
    assert_int_equal(simple(XEN_DOMCTL_getdomaininfo, id), 0);
    assert_int_equal(op.domain, id);
    return op.u.getdomaininfo.flags;
}

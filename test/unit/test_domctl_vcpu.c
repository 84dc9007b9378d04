/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_domctl: vCPUs, where they may run and how much. */
#include "cmocka_all.h"

#include "domctl_world.h"

#include <string.h>
#include <xen/sched.h>

/* ---- vCPUs ---- */

static void contexts(void **state)
{
    domid_t id = create();
    vcpu_guest_context_t *c = (void *)buffer;
    struct vcpu *v = domain_vcpu(peek(id), 1);

    (void)state;
    start(XEN_DOMCTL_getvcpucontext, id);
    op.u.vcpucontext.ctxt.p = c;
    assert_int_equal(call(), ERROR(ENODATA));
    memset(c, 0x5a, sizeof(*c));
    c->flags = VGCF_online;
    start(XEN_DOMCTL_setvcpucontext, id);
    op.u.vcpucontext.vcpu = 1;
    op.u.vcpucontext.ctxt.p = c;
    world_restarts = 3;
    assert_int_equal(call(), 0);
    assert_int_equal(world_restarts, 0);
    assert_true(v->initialised);
    assert_int_equal(v->waits, WAIT_DOMAIN);
    memset(c, 0, sizeof(*c));
    op.cmd = XEN_DOMCTL_getvcpucontext;
    assert_int_equal(call(), 0);
    assert_int_equal(c->user_regs.rax, 0x1234); /* the kind's */
    op.u.vcpucontext.ctxt.p = NULL;
    assert_int_equal(call(), ERROR(EFAULT));
    world_context = ERROR(EOPNOTSUPP);
    op.cmd = XEN_DOMCTL_setvcpucontext;
    op.u.vcpucontext.ctxt.p = c;
    ((uint8_t *)c)[sizeof(*c) - 1] = 0x5a;
    assert_int_equal(call(), ERROR(EOPNOTSUPP));
    world_context = 0;
    op.u.vcpucontext.ctxt.p = NULL; /* begins anew */
    world_restarts = 1;
    assert_int_equal(call(), 0);
    assert_false(v->initialised);
    assert_int_equal(v->waits, WAIT_DOMAIN | WAIT_DOWN);
    op.u.vcpucontext.vcpu = 2;
    assert_int_equal(call(), ERROR(EINVAL));
    assert_int_equal(peek(id)->pause_count, 1);
    destroy(id);
}

static void vcpu_facts(void **state)
{
    domid_t id = create();

    (void)state;
    start(XEN_DOMCTL_getvcpuinfo, id);
    assert_int_equal(call(), 0);
    assert_int_equal(op.u.getvcpuinfo.online, 0);
    op.u.getvcpuinfo.vcpu = 2;
    assert_int_equal(call(), ERROR(EINVAL));
    for (uint32_t trigger = 0; trigger < 6; trigger++) {
        start(XEN_DOMCTL_sendtrigger, id);
        op.u.sendtrigger.trigger = trigger;
        assert_int_equal(call(), trigger == 0                   ? 0
                                 : trigger == 3 || trigger == 4 ? ERROR(EINVAL)
                                                                : ERROR(ENOSYS));
        op.u.sendtrigger.vcpu = 9;
        assert_int_equal(call(), ERROR(ESRCH));
    }
    assert_true(domain_vcpu(peek(id), 0)->nmi_pending);
    destroy(id);
}

/* ---- where and how much ---- */

static long affinity(uint32_t command, domid_t id, uint32_t flags, uint8_t hard, uint8_t soft)
{
    start(command, id);
    op.u.vcpuaffinity.flags = flags;
    memset(buffer, 0, 128);
    buffer[0] = hard;
    buffer[64] = soft;
    op.u.vcpuaffinity.cpumap_hard.bitmap.p = buffer;
    op.u.vcpuaffinity.cpumap_soft.bitmap.p = buffer + 64;
    op.u.vcpuaffinity.cpumap_hard.nr_bits = op.u.vcpuaffinity.cpumap_soft.nr_bits = 16;
    return call();
}

static void assert_affinity(domid_t id, uint8_t hard, uint8_t soft)
{
    assert_int_equal(affinity(XEN_DOMCTL_getvcpuaffinity, id, 3, 0xee, 0xee), 0);
    assert_int_equal(buffer[0], hard);
    assert_int_equal(buffer[64], soft);
    assert_int_equal(buffer[1], 0);
}

static void affinities(void **state)
{
    domid_t id = create();

    (void)state;
    assert_affinity(id, 3, 3);
    assert_int_equal(affinity(XEN_DOMCTL_getvcpuaffinity, id, 0, 0, 0), ERROR(EINVAL));
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 0, 0, 0), ERROR(EINVAL));
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 1, 0xfd, 0), 0);
    assert_int_equal(buffer[0], 1); /* what is in force */
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 1, 0, 0), ERROR(EINVAL));
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 1, 0x80, 0), ERROR(EINVAL));
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 3, 0x80, 1), ERROR(EINVAL));
    assert_affinity(id, 1, 3);
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 3, 1, 2), 0);
    assert_int_equal(buffer[64], 0); /* none of both */
    assert_affinity(id, 1, 2);
    assert_int_equal(affinity(XEN_DOMCTL_setvcpuaffinity, id, 2, 0, 0), 0);
    assert_affinity(id, 1, 0);
    start(XEN_DOMCTL_getvcpuaffinity, id);
    op.u.vcpuaffinity.flags = 1;
    op.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
    assert_int_equal(call(), ERROR(EINVAL)); /* no map */
    op.cmd = XEN_DOMCTL_setvcpuaffinity;
    assert_int_equal(call(), ERROR(EINVAL));
    op.u.vcpuaffinity.vcpu = 2;
    assert_int_equal(call(), ERROR(EINVAL));
    destroy(id);
}

/* More bits than there can be CPUs: the rest is zero; fewer: no byte beyond. */
static void maps_of_any_size(void **state)
{
    domid_t id = create();

    (void)state;
    for (uint32_t bits = 1; bits <= 1024; bits++) {
        start(XEN_DOMCTL_getvcpuaffinity, id);
        memset(buffer, 0xee, 256);
        op.u.vcpuaffinity.flags = 1;
        op.u.vcpuaffinity.cpumap_hard.bitmap.p = buffer;
        op.u.vcpuaffinity.cpumap_hard.nr_bits = bits;
        assert_int_equal(call(), 0);
        assert_int_equal(buffer[0], 3);
        for (unsigned int i = 1; i < 256; i++)
            assert_int_equal(buffer[i], i < (bits + 7) / 8 ? 0 : 0xee);
    }
    destroy(id);
}

static long parameters(domid_t id, uint32_t command, uint16_t weight, uint16_t cap)
{
    start(XEN_DOMCTL_scheduler_op, id);
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op.u.scheduler_op.cmd = command;
    op.u.scheduler_op.u.credit2.weight = weight;
    op.u.scheduler_op.u.credit2.cap = cap;
    return call();
}

static void assert_parameters(domid_t id, uint16_t weight, uint16_t cap)
{
    assert_int_equal(parameters(id, XEN_DOMCTL_SCHEDOP_getinfo, 0, 0), 0);
    assert_int_equal(op.u.scheduler_op.u.credit2.weight, weight);
    assert_int_equal(op.u.scheduler_op.u.credit2.cap, cap);
}

static void weights_and_caps(void **state)
{
    domid_t id = create();

    (void)state;
    assert_parameters(id, 256, 0);
    assert_int_equal(parameters(id, XEN_DOMCTL_SCHEDOP_putinfo, 512, 50), 0);
    assert_parameters(id, 512, 50);
    assert_int_equal(parameters(id, XEN_DOMCTL_SCHEDOP_putinfo, 0, 200), 0);
    assert_int_equal(parameters(id, XEN_DOMCTL_SCHEDOP_putinfo, 7, 201), ERROR(EINVAL));
    assert_parameters(id, 512, 200); /* and nothing of it was done */
    assert_int_equal(parameters(id, XEN_DOMCTL_SCHEDOP_putvcpuinfo, 1, 0), ERROR(EINVAL));
    assert_int_equal(parameters(id, 9, 1, 0), ERROR(EINVAL));
    start(XEN_DOMCTL_scheduler_op, id);
    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT;
    assert_int_equal(call(), ERROR(EINVAL));
    destroy(id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(contexts),         TEST(vcpu_facts),       TEST(affinities),
        TEST(maps_of_any_size), TEST(weights_and_caps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Grants: who may use what, what a use fixes, errors, and random calls against a model of the counts. */
#include "cmocka_all.h"

#include "../workbench/machine.h"
#include "core/domain.h"
#include "core/grant/grant.h"
#include "core/grant/internal.h"
#include "core/machine.h"
#include "core/memory/frame.h"
#include "core/memory/page_alloc.h"
#include "core/vcpu.h"

#include <stdlib.h>
#include <string.h>
#include <xen/errno.h>

#define FIRST   256
#define FRAMES  4096
#define DOMAINS 3
#define REFS    16
#define PAGES   8
#define STEPS   100000
#define HELD    64

static struct domain domains[DOMAINS];
static struct vcpu vcpus[DOMAINS];
static unsigned int holds[DOMAINS]; /* of a domain, by grants */
static mfn_t pages[DOMAINS][PAGES];
static int kind_result; /* what the kind says of a mapping */
static unsigned int kind_maps, kind_flushes;

struct domain *domain_get(domid_t id)
{
    if (id >= DOMAINS)
        return NULL;
    holds[id]++;
    return &domains[id];
}

void domain_get_more(struct domain *d)
{
    assert_true(holds[d->id] > 0);
    holds[d->id]++;
}

void domain_put(struct domain *d)
{
    assert_true(holds[d->id] > 0);
    holds[d->id]--;
}

static struct frame *own_frame(struct domain *d, gfn_t gfn)
{
    struct frame *f = frame_of(gfn);

    return f && frame_get(f, d) ? f : NULL;
}

static int map(struct vcpu *v, uint64_t at, uint32_t flags, struct domain *granter, mfn_t mfn)
{
    (void)v, (void)at, (void)flags;
    assert_int_equal(frame_of(mfn)->owner, granter->id);
    kind_maps += kind_result == GNTST_okay;
    return kind_result;
}

static int unmap(struct vcpu *v, uint64_t at, uint32_t flags, uint64_t replace, mfn_t mfn)
{
    (void)v, (void)at, (void)flags, (void)replace, (void)mfn;
    kind_maps -= kind_result == GNTST_okay;
    return kind_result;
}

static void flush(struct domain *d)
{
    (void)d;
    kind_flushes++;
}

static const struct guest_kind kind = {
    .name = "test", .frame_get = own_frame, .grant_map = map, .grant_unmap = unmap, .flush = flush
};

static grant_entry_v1_t *entry(unsigned int d, grant_ref_t ref)
{
    return &domains[d].grant->shared[ref / GRANT_ENTRIES][ref % GRANT_ENTRIES];
}

static void permit(unsigned int d, grant_ref_t ref, domid_t to, mfn_t mfn, uint16_t more)
{
    *entry(d, ref) = (grant_entry_v1_t){ .flags = (uint16_t)(GTF_permit_access | more),
                                         .domid = to,
                                         .frame = (uint32_t)mfn };
}

static int begin(void **state)
{
    static bool booted;

    (void)state;
    if (!booted)
        workbench_memory(FIRST, FRAMES);
    booted = true;
    kind_result = GNTST_okay;
    kind_maps = 0;
    memset(holds, 0, sizeof(holds));
    for (unsigned int i = 0; i < DOMAINS; i++) {
        domains[i] = (struct domain){ .id = (domid_t)i,
                                      .kind = &kind,
                                      .privileged = i == 0,
                                      .pages_first = ~0u,
                                      .pages_max = 100 };
        lock_init(&domains[i].page_lock, RANK_PAGE_LIST);
        vcpus[i] = (struct vcpu){ .domain = &domains[i] };
        assert_int_equal(grant_domain_create(&domains[i], 4, 2), 0);
        for (unsigned int k = 0; k < PAGES; k++) {
            pages[i][k] = page_alloc(0, NODE_ANY, ADDRESS_ANY);
            assert_int_equal(frame_assign(frame_of(pages[i][k]), &domains[i]), 0);
        }
    }
    return 0;
}

/* Nothing is held, and every count is the allocation's own. */
static int finish(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < DOMAINS; i++) {
        assert_int_equal(holds[i], 0);
        for (unsigned int k = 0; k < PAGES; k++) {
            assert_int_equal(frame_refs(frame_of(pages[i][k])), 1);
            assert_int_equal(frame_type_count(frame_of(pages[i][k])), 0);
            assert_true(frame_release(frame_of(pages[i][k]), &domains[i]));
        }
        grant_domain_destroy(&domains[i]);
        assert_null(domains[i].grant);
    }
    return 0;
}

static int map_as(unsigned int user, unsigned int granter, grant_ref_t ref, uint32_t flags,
                  grant_handle_t *handle)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = 0x1000, .flags = flags, .ref = ref, .dom = (domid_t)granter
    };
    struct domain *d = domain_get((domid_t)granter);

    grant_map(&vcpus[user], d, &op);
    if (d)
        domain_put(d);
    *handle = op.handle;
    return op.status;
}

static int unmap_as(unsigned int user, grant_handle_t handle)
{
    struct grant_unmap u = { .handle = handle, .host = 0x1000 };

    grant_unmap_begin(&vcpus[user], &u);
    grant_unmap_end(&vcpus[user], &u);
    return u.status;
}

/* ---- the table ---- */

static void table_grows_to_its_limit(void **state)
{
    struct domain d = { .id = 9, .kind = &kind };

    (void)state;
    assert_int_equal(grant_domain_create(&d, 0, 1), -XEN_EINVAL);
    assert_int_equal(grant_domain_create(&d, 1u << 20, 1), -XEN_EINVAL);
    assert_int_equal(grant_domain_create(&d, 1, 1u << 20), -XEN_EINVAL);
    assert_null(d.grant);

    assert_int_equal(domains[1].grant->frames, 1);
    assert_int_equal(grant_grow(&domains[1], 3), 0);
    assert_int_equal(domains[1].grant->frames, 3);
    assert_int_equal(grant_grow(&domains[1], 2), 0);
    assert_int_equal(domains[1].grant->frames, 3);
    assert_int_equal(grant_grow(&domains[1], 5), -XEN_EINVAL);
    assert_int_equal(domains[1].grant->frames, 3);
    /* Its frames are the domain's to map and nobody's to make a page table of. */
    assert_int_equal(frame_get_type(frame_of(frame_at(domains[1].grant->shared[2])), FRAME_L1),
                     -XEN_EINVAL);
}

/* ---- uses ---- */

static void entry_must_permit(void **state)
{
    grant_handle_t handle;

    (void)state;
    assert_int_equal(map_as(2, 1, 5, GNTMAP_host_map, &handle), GNTST_general_error);
    permit(1, 5, 2, pages[1][0], 0);
    assert_int_equal(map_as(0, 1, 5, GNTMAP_host_map, &handle), GNTST_general_error);
    permit(1, 5, 2, pages[1][0], GTF_sub_page);
    assert_int_equal(map_as(2, 1, 5, GNTMAP_host_map, &handle), GNTST_general_error);
    *entry(1, 5) = (grant_entry_v1_t){ GTF_accept_transfer, 2, (uint32_t)pages[1][0] };
    assert_int_equal(map_as(2, 1, 5, GNTMAP_host_map, &handle), GNTST_general_error);
    permit(1, 5, 2, pages[2][0], 0); /* not the granter's to give */
    assert_int_equal(map_as(2, 1, 5, GNTMAP_host_map, &handle), GNTST_bad_page);
    assert_int_equal(entry(1, 5)->flags, GTF_permit_access);
    permit(1, 5, 2, pages[1][0], GTF_readonly);
    assert_int_equal(map_as(2, 1, 5, GNTMAP_host_map, &handle), GNTST_general_error);
    assert_int_equal(map_as(2, 1, 5, GNTMAP_host_map | GNTMAP_readonly, &handle), GNTST_okay);
    assert_int_equal(entry(1, 5)->flags, GTF_permit_access | GTF_readonly | GTF_reading);
    assert_int_equal(frame_type_count(frame_of(pages[1][0])), 0);
    assert_int_equal(unmap_as(2, handle), GNTST_okay);
    assert_int_equal(entry(1, 5)->flags, GTF_permit_access | GTF_readonly);
}

static void arguments_out_of_range(void **state)
{
    grant_handle_t handle;

    (void)state;
    permit(1, 0, 2, pages[1][0], 0);
    assert_int_equal(map_as(2, DOMAINS, 0, GNTMAP_host_map, &handle), GNTST_bad_domain);
    assert_int_equal(map_as(2, 1, GRANT_ENTRIES, GNTMAP_host_map, &handle), GNTST_bad_gntref);
    assert_int_equal(map_as(2, 1, ~0u, GNTMAP_host_map, &handle), GNTST_bad_gntref);
    assert_int_equal(map_as(2, 1, 0, 0, &handle), GNTST_bad_gntref);
    assert_int_equal(map_as(2, 1, 0, GNTMAP_contains_pte | GNTMAP_device_map, &handle),
                     GNTST_bad_gntref);
    assert_int_equal(unmap_as(2, 0), GNTST_bad_handle);
    assert_int_equal(unmap_as(2, ~0u), GNTST_bad_handle);
    domains[1].is_dying = true;
    assert_int_equal(map_as(2, 1, 0, GNTMAP_host_map, &handle), GNTST_bad_domain);
    assert_int_equal(entry(1, 0)->flags, GTF_permit_access);
    domains[1].is_dying = false;
}

static void kind_that_refuses_leaves_nothing(void **state)
{
    grant_handle_t handle, again;

    (void)state;
    permit(1, 0, 2, pages[1][0], 0);
    kind_result = GNTST_bad_virt_addr;
    assert_int_equal(map_as(2, 1, 0, GNTMAP_host_map, &handle), GNTST_bad_virt_addr);
    assert_int_equal(entry(1, 0)->flags, GTF_permit_access);
    assert_int_equal(domains[2].grant->mapped, 0);
    kind_result = GNTST_okay;
    assert_int_equal(map_as(2, 1, 0, GNTMAP_host_map, &handle), GNTST_okay);
    kind_result = GNTST_general_error;
    assert_int_equal(unmap_as(2, handle), GNTST_general_error);
    assert_int_equal(domains[2].grant->mapped, 1); /* and can be unmapped yet */
    kind_result = GNTST_okay;
    assert_int_equal(unmap_as(2, handle), GNTST_okay);
    assert_int_equal(unmap_as(2, handle), GNTST_bad_handle);
    assert_int_equal(map_as(2, 1, 0, GNTMAP_host_map, &again), GNTST_okay);
    assert_int_equal(again, handle); /* the lowest that is free */
    assert_int_equal(unmap_as(2, again), GNTST_okay);
}

/* What the granter writes into its entry, or gives back, while it is in use changes nothing of the use. */
static void use_stays_what_it_was(void **state)
{
    struct frame *f = frame_of(pages[1][0]);
    grant_handle_t first, second;

    (void)state;
    permit(1, 3, 2, pages[1][0], 0);
    assert_int_equal(map_as(2, 1, 3, GNTMAP_host_map, &first), GNTST_okay);
    permit(1, 3, 0, pages[1][1], GTF_readonly);
    assert_int_equal(map_as(0, 1, 3, GNTMAP_host_map | GNTMAP_readonly, &second),
                     GNTST_general_error); /* another user's while it lasts */
    permit(1, 3, 2, pages[1][1], 0);
    assert_int_equal(map_as(2, 1, 3, GNTMAP_host_map, &second), GNTST_okay);
    assert_int_equal(frame_refs(frame_of(pages[1][1])), 1);
    assert_int_equal(frame_type_count(f), 2);
    assert_int_equal(frame_get_type(f, FRAME_L1),
                     -XEN_EINVAL); /* no page table while it is written */
    assert_int_equal(grant_swap(&domains[1], 3, 4), GNTST_eagain);
    assert_int_equal(unmap_as(2, first), GNTST_okay);
    assert_int_equal(entry(1, 3)->flags, GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(unmap_as(2, second), GNTST_okay);
    assert_int_equal(grant_swap(&domains[1], 3, 4), GNTST_okay);
    assert_int_equal(entry(1, 4)->domid, 2);
    assert_int_equal(grant_swap(&domains[1], 3, 4096), GNTST_bad_gntref);
}

static void handles_run_out(void **state)
{
    unsigned int most = 2 * GRANT_PAGE_TRACKS;
    grant_handle_t *handles = calloc(most, sizeof(*handles)), none;

    (void)state;
    permit(1, 0, 2, pages[1][0], 0);
    for (unsigned int i = 0; i < most; i++)
        assert_int_equal(map_as(2, 1, 0, GNTMAP_host_map, &handles[i]), GNTST_okay);
    assert_int_equal(map_as(2, 1, 0, GNTMAP_host_map, &none), GNTST_no_space);
    assert_int_equal(holds[1], most);
    for (unsigned int i = 0; i < most; i++)
        assert_int_equal(unmap_as(2, handles[i]), GNTST_okay);
    free(handles);
}

/* The mapper's end gives back all it had, in steps. */
static void mapper_dies(void **state)
{
    grant_handle_t handle;
    unsigned int calls = 0;

    (void)state;
    for (grant_ref_t ref = 0; ref < REFS; ref++) {
        permit(1, ref, 2, pages[1][ref % PAGES], 0);
        assert_int_equal(map_as(2, 1, ref, GNTMAP_host_map, &handle), GNTST_okay);
    }
    domains[2].is_dying = true;
    workbench_preempt = 2;
    while (grant_domain_relinquish(&domains[2]) == -XEN_ERESTART)
        calls++;
    workbench_preempt = 0;
    assert_true(calls >= REFS / 2 - 1);
    assert_int_equal(domains[2].grant->mapped, 0);
    domains[2].is_dying = false;
}

/* ---- copies ---- */

static int copy_as(unsigned int user, struct gnttab_copy op)
{
    domid_t from = op.source.domid, to = op.dest.domid;
    struct domain *source = domain_get(from == DOMID_SELF ? domains[user].id : from);
    struct domain *dest = domain_get(to == DOMID_SELF ? domains[user].id : to);

    grant_copy(&vcpus[user], source, dest, &op);
    if (source)
        domain_put(source);
    if (dest)
        domain_put(dest);
    return op.status;
}

static void copies(void **state)
{
    struct gnttab_copy op = { .source = { .u.ref = 0, .domid = 1, .offset = 100 },
                              .dest = { .u.gmfn = pages[2][0], .domid = DOMID_SELF, .offset = 8 },
                              .len = 50,
                              .flags = GNTCOPY_source_gref };
    char *from = frame_map(pages[1][0]), *to = frame_map(pages[2][0]);

    (void)state;
    memset(from, 7, PAGE_SIZE);
    memset(to, 1, PAGE_SIZE);
    assert_int_equal(copy_as(2, op), GNTST_general_error);
    permit(1, 0, 2, pages[1][0], GTF_readonly);
    assert_int_equal(copy_as(2, op), GNTST_okay);
    assert_int_equal(to[7], 1);
    assert_int_equal(to[8], 7);
    assert_int_equal(to[57], 7);
    assert_int_equal(to[58], 1);
    assert_int_equal(entry(1, 0)->flags, GTF_permit_access | GTF_readonly);

    op.len = PAGE_SIZE - 100;
    assert_int_equal(copy_as(2, op), GNTST_okay);
    op.len++;
    assert_int_equal(copy_as(2, op), GNTST_bad_copy_arg);
    op.len = 50;
    op.flags |= 0x8000;
    assert_int_equal(copy_as(2, op), GNTST_bad_copy_arg);
    op.flags = GNTCOPY_source_gref;
    op.dest.u.gmfn = pages[1][1]; /* not one's own */
    assert_int_equal(copy_as(2, op), GNTST_bad_page);
    op.dest.domid = 1;
    assert_int_equal(copy_as(2, op), GNTST_permission_denied);
    op.dest.domid = DOMAINS;
    assert_int_equal(copy_as(2, op), GNTST_bad_domain);
    /* A read-only entry cannot be copied to. */
    op = (struct gnttab_copy){ .source = { .u.gmfn = pages[2][0], .domid = DOMID_SELF },
                               .dest = { .u.ref = 0, .domid = 1 },
                               .len = 1,
                               .flags = GNTCOPY_dest_gref };
    assert_int_equal(copy_as(2, op), GNTST_general_error);
}

/* ---- a model ---- */

static struct {
    unsigned int user, granter;
    grant_handle_t handle;
    unsigned int page; /* of the granter's */
    grant_ref_t ref;
    bool write, live;
} held[HELD];

static void check_counts(void)
{
    unsigned int refs[DOMAINS][PAGES] = { 0 }, types[DOMAINS][PAGES] = { 0 },
                 peers[DOMAINS] = { 0 };

    for (unsigned int i = 0; i < HELD; i++) {
        if (!held[i].live)
            continue;
        refs[held[i].granter][held[i].page]++;
        types[held[i].granter][held[i].page] += held[i].write;
        peers[held[i].granter]++;
    }
    for (unsigned int d = 0; d < DOMAINS; d++) {
        assert_int_equal(holds[d], peers[d]);
        for (unsigned int k = 0; k < PAGES; k++) {
            assert_int_equal(frame_refs(frame_of(pages[d][k])), 1 + refs[d][k]);
            assert_int_equal(frame_type_count(frame_of(pages[d][k])), types[d][k]);
        }
    }
}

/* What the page of an entry in use is, or -1. */
static int page_in_use(unsigned int granter, grant_ref_t ref, unsigned int *user)
{
    for (unsigned int i = 0; i < HELD; i++) {
        if (held[i].live && held[i].granter == granter && held[i].ref == ref) {
            *user = held[i].user;
            return (int)held[i].page;
        }
    }
    return -1;
}

static void model_map(unsigned int slot, unsigned int user, unsigned int granter, grant_ref_t ref,
                      bool write)
{
    grant_entry_v1_t e = *entry(granter, ref);
    unsigned int first_user = user;
    int page = page_in_use(granter, ref, &first_user);
    bool permitted = (e.flags & GTF_type_mask) == GTF_permit_access && e.domid == user &&
                     first_user == user && !(write && (e.flags & GTF_readonly));
    grant_handle_t handle;
    int rc = map_as(user, granter, ref, GNTMAP_host_map | (write ? 0 : GNTMAP_readonly), &handle);

    if (!permitted) {
        assert_int_equal(rc, GNTST_general_error);
        return;
    }
    for (unsigned int k = 0; page < 0 && k < PAGES; k++)
        page = e.frame == pages[granter][k] ? (int)k : page;
    assert_int_equal(rc, page < 0 ? GNTST_bad_page : GNTST_okay);
    if (rc)
        return;
    held[slot].user = user;
    held[slot].granter = granter;
    held[slot].handle = handle;
    held[slot].page = (unsigned int)page;
    held[slot].ref = ref;
    held[slot].write = write;
    held[slot].live = true;
}

static unsigned int below(unsigned int n)
{
    return (unsigned int)rand() % n;
}

static void random_calls(void **state)
{
    (void)state;
    srand(1);
    for (unsigned int step = 0; step < STEPS; step++) {
        unsigned int slot = below(HELD), granter = below(DOMAINS), user = below(DOMAINS);
        grant_ref_t ref = below(REFS);

        if (below(3) == 0) {
            unsigned int of = below(8) ? granter : below(DOMAINS);

            *entry(granter, ref) = (grant_entry_v1_t){
                .flags = (uint16_t)(below(8) ? GTF_permit_access | (below(2) ? GTF_readonly : 0)
                                             : below(0x10000) & ~(unsigned int)GTF_sub_page),
                .domid = (domid_t)below(DOMAINS),
                .frame = (uint32_t)pages[of][below(PAGES)]
            };
        } else if (!held[slot].live) {
            model_map(slot, user, granter, ref, below(2));
        } else if (below(2)) {
            assert_int_equal(unmap_as(held[slot].user, held[slot].handle), GNTST_okay);
            held[slot].live = false;
        }
        check_counts();
    }
    for (unsigned int i = 0; i < HELD; i++) {
        if (held[i].live)
            assert_int_equal(unmap_as(held[i].user, held[i].handle), GNTST_okay);
        held[i].live = false;
    }
    assert_int_equal(kind_maps, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(table_grows_to_its_limit, begin, finish),
        cmocka_unit_test_setup_teardown(entry_must_permit, begin, finish),
        cmocka_unit_test_setup_teardown(arguments_out_of_range, begin, finish),
        cmocka_unit_test_setup_teardown(kind_that_refuses_leaves_nothing, begin, finish),
        cmocka_unit_test_setup_teardown(use_stays_what_it_was, begin, finish),
        cmocka_unit_test_setup_teardown(handles_run_out, begin, finish),
        cmocka_unit_test_setup_teardown(mapper_dies, begin, finish),
        cmocka_unit_test_setup_teardown(copies, begin, finish),
        cmocka_unit_test_setup_teardown(random_calls, begin, finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

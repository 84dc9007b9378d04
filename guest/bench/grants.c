/* SPDX-License-Identifier: Apache-2.0 */
/* Grants, of the domain to itself: map, unmap, copy, in batches. */
#include "measure.h"
#include "rows.h"

#include <pv-xen/guest.h>
#include <pv-xen/hypercall.h>

#include <xen/grant_table.h>

#define GRANT __HYPERVISOR_grant_table_op
#define MANY  256u
#define FIRST 100u

static struct grant_entry_v1 *table;
static uint8_t table_page[PAGE] __attribute__((aligned(4096)));
static struct gnttab_map_grant_ref maps[MANY];
static struct gnttab_unmap_grant_ref unmaps[MANY];
static struct gnttab_copy copies[MANY];

/* 256 grants of one page. */
static bool set_up(void)
{
    xen_pfn_t frame = 0;
    struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = 1 };

    set_xen_guest_handle(setup.frame_list, &frame);
    if (hypercall3(GRANT, GNTTABOP_setup_table, &setup, 1) < 0 || setup.status != GNTST_okay)
        return false;
    bench_remap(table_page, frame * PAGE | PRESENT_WRITABLE);
    table = (struct grant_entry_v1 *)table_page;
    for (unsigned int i = 0; i < MANY; i++)
        table[FIRST + i] = (struct grant_entry_v1){
            .flags = GTF_permit_access, .domid = 0, .frame = (uint32_t)xen_frame_of(bench_pool[0])
        };
    return true;
}

static void prepare(void)
{
    for (unsigned int i = 0; i < MANY; i++) {
        maps[i] = (struct gnttab_map_grant_ref){ .host_addr = (uint64_t)bench_pool[i + 1],
                                                 .flags = GNTMAP_host_map,
                                                 .ref = FIRST + i };
        copies[i] = (struct gnttab_copy){
            .source = { .u.ref = FIRST + i },
            .dest = { .u.gmfn = xen_frame_of(bench_pool[1]), .domid = DOMID_SELF },
            .len = 1024,
            .flags = GNTCOPY_source_gref,
        };
    }
}

static uint64_t timed(unsigned int command, void *list, unsigned int count)
{
    uint64_t start = pv_ticks();

    hypercall3(GRANT, command, list, count);
    return pv_ticks() - start;
}

/* The least of the rounds; one operation's share. */
static void measure(unsigned int count, uint64_t *map, uint64_t *unmap, uint64_t *copy)
{
    *map = *unmap = *copy = ~0ul;
    for (unsigned int r = 0; r < ROUNDS; r++) {
        uint64_t took = timed(GNTTABOP_map_grant_ref, maps, count);

        *map = took < *map ? took : *map;
        for (unsigned int i = 0; i < count; i++)
            unmaps[i] = (struct gnttab_unmap_grant_ref){ .host_addr = maps[i].host_addr,
                                                         .handle = maps[i].handle };
        took = timed(GNTTABOP_unmap_grant_ref, unmaps, count);
        *unmap = took < *unmap ? took : *unmap;
        took = timed(GNTTABOP_copy, copies, count);
        *copy = took < *copy ? took : *copy;
    }
}

static void rows_of(unsigned int count)
{
    uint64_t map, unmap, copy;
    char name[64];

    measure(count, &map, &unmap, &copy);
    pv_format(name, sizeof(name), "grant map, %u in a call, each", count);
    row(name, map / count);
    pv_format(name, sizeof(name), "grant unmap, %u in a call, each", count);
    row(name, unmap / count);
    pv_format(name, sizeof(name), "grant copy of 1 KiB, %u in a call, each", count);
    row(name, copy / count);
}

void bench_grants(void)
{
    if (!set_up())
        return;
    prepare();
    for (unsigned int i = 1; i <= MANY; i++)
        bench_remap(bench_pool[i], 0);
    rows_of(1);
    rows_of(16);
    rows_of(256);
    for (unsigned int i = 1; i <= MANY; i++)
        bench_remap(bench_pool[i], bench_entry(bench_pool[i], PRESENT_WRITABLE));
}

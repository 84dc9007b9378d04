/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/narrow.h"

#include "core/assert.h"
#include "lib/memory.h"

#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define NARROW_ALIGN 4u

/* ---- which rows ---- */

struct form {
    uint8_t call;
    uint32_t op; /* ANY: all that have no form of their own */
    const char *fields;
};
#define ANY  ~0u
#define SAME ""

/* In the order of calls, ANY last of each.  Calls that are not named have no rows for 32-bit code. */
static const struct form forms[] = {
    { __HYPERVISOR_memory_op, XENMEM_increase_reservation, "pliih" },
    { __HYPERVISOR_memory_op, XENMEM_decrease_reservation, "pliih" },
    { __HYPERVISOR_memory_op, XENMEM_populate_physmap, "pliih" },
    { __HYPERVISOR_memory_op, XENMEM_maximum_ram_page, SAME },
    { __HYPERVISOR_memory_op, XENMEM_current_reservation, SAME },
    { __HYPERVISOR_memory_op, XENMEM_maximum_reservation, SAME },
    { __HYPERVISOR_memory_op, XENMEM_maximum_gpfn, SAME },
    { __HYPERVISOR_memory_op, XENMEM_memory_map, "ip" },
    { __HYPERVISOR_memory_op, XENMEM_add_to_physmap, "hhill" },
    { __HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, "hhhhppp" },
    { __HYPERVISOR_memory_op, XENMEM_remove_from_physmap, "hl" },
    { __HYPERVISOR_xen_version, XENVER_platform_parameters, NULL }, /* a number that does not fit */
    { __HYPERVISOR_xen_version, ANY, SAME },
    { __HYPERVISOR_console_io, ANY, SAME },
    /* Each sees to its own lists and structs (abi/grant.c). */
    { __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, SAME },
    { __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, SAME },
    { __HYPERVISOR_grant_table_op, GNTTABOP_setup_table, SAME },
    { __HYPERVISOR_grant_table_op, GNTTABOP_copy, SAME },
    { __HYPERVISOR_grant_table_op, GNTTABOP_query_size, SAME },
    { __HYPERVISOR_grant_table_op, GNTTABOP_set_version, SAME },
    { __HYPERVISOR_grant_table_op, GNTTABOP_get_version, SAME },
    { __HYPERVISOR_vcpu_op, VCPUOP_initialise, SAME },
    { __HYPERVISOR_vcpu_op, VCPUOP_up, SAME },
    { __HYPERVISOR_vcpu_op, VCPUOP_down, SAME },
    { __HYPERVISOR_vcpu_op, VCPUOP_is_up, SAME },
    { __HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, RUNSTATE_FORM },
    { __HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, "p" },
    { __HYPERVISOR_vcpu_op, VCPUOP_set_periodic_timer, SAME },
    { __HYPERVISOR_vcpu_op, VCPUOP_stop_periodic_timer, SAME },
    { __HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, "qi" },
    { __HYPERVISOR_vcpu_op, VCPUOP_stop_singleshot_timer, SAME },
    { __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, SAME },
    { __HYPERVISOR_vcpu_op, VCPUOP_send_nmi, SAME },
    { __HYPERVISOR_sched_op, SCHEDOP_yield, SAME },
    { __HYPERVISOR_sched_op, SCHEDOP_block, SAME },
    { __HYPERVISOR_sched_op, SCHEDOP_shutdown, SAME },
    { __HYPERVISOR_sched_op, SCHEDOP_poll, "piq" },
    { __HYPERVISOR_sched_op, SCHEDOP_shutdown_code, SAME },
    { __HYPERVISOR_sched_op, SCHEDOP_watchdog, SAME },
    { __HYPERVISOR_event_channel_op, ANY, SAME },
    { __HYPERVISOR_hvm_op, ANY, SAME },
};

const char *narrow_form(const struct door_call *call, uint32_t op)
{
    uint64_t nr = (uint64_t)(call - door_calls);

    for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++)
        if (forms[i].call == nr && (forms[i].op == op || forms[i].op == ANY))
            return forms[i].fields;
    return NULL;
}

/* ---- layouts ---- */

/* A field's bytes in each layout. */
struct width {
    unsigned int narrow, wide;
};

static struct width width_of(char field)
{
    switch (field) {
    case 'b': return (struct width){ 1, 1 };
    case 'h': return (struct width){ 2, 2 };
    case 'i': return (struct width){ 4, 4 };
    case 'q': return (struct width){ 8, 8 };
    case ')': return (struct width){ 0, 0 };
    }
    ASSERT(field == 'l' || field == 'p');
    return (struct width){ 4, 8 };
}

static size_t aligned(size_t at, size_t to)
{
    return (at + to - 1) & ~(to - 1);
}

/* Where a field begins in each layout; at: behind the one before it. */
struct place {
    size_t narrow, wide;
};

static struct place begin(struct place at, struct width w)
{
    if (!w.wide)
        return (struct place){ aligned(at.narrow, NARROW_ALIGN), aligned(at.wide, 8) };
    return (struct place){ aligned(at.narrow, w.narrow < NARROW_ALIGN ? w.narrow : NARROW_ALIGN),
                           aligned(at.wide, w.wide) };
}

size_t narrow_size(const char *form)
{
    struct place at = { 0, 0 };
    size_t align = 1;

    for (; *form; form++) {
        struct width w = width_of(*form);

        at = begin(at, w);
        at.narrow += w.narrow;
        align = w.narrow > align ? w.narrow : align;
    }
    return aligned(at.narrow, align < NARROW_ALIGN ? align : NARROW_ALIGN);
}

void narrow_expand(const char *form, const void *narrow, void *wide, size_t wide_size)
{
    struct place at = { 0, 0 };

    memset(wide, 0, wide_size);
    for (; *form; form++) {
        struct width w = width_of(*form);

        at = begin(at, w);
        ASSERT(at.wide + w.wide <= wide_size);
        memcpy((char *)wide + at.wide, (const char *)narrow + at.narrow, w.narrow);
        at.narrow += w.narrow;
        at.wide += w.wide;
    }
}

bool narrow_shrink(const char *form, const void *wide, void *narrow)
{
    struct place at = { 0, 0 };
    bool fits = true;

    for (; *form; form++) {
        struct width w = width_of(*form);
        uint64_t value = 0;

        at = begin(at, w);
        memcpy(&value, (const char *)wide + at.wide, w.wide);
        fits &= w.narrow == w.wide || value >> 8 * w.narrow == 0;
        memcpy((char *)narrow + at.narrow, &value, w.narrow);
        at.narrow += w.narrow;
        at.wide += w.wide;
    }
    return fits;
}

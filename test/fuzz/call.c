/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hypercall from the input's bytes: the door's table says which calls and sub-operations there are
 * and how large their structs, grammar.c what is in these.
 */
#include "fuzz.h"
#include "grammar.h"

#include "abi/door.h"
#include "core/machine.h"
#include "x86/hvm/context.h"
#include "x86/hvm/guest.h"

#include <string.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>

#define ELEMENTS_MAX 8u /* of a list */
#define STRUCT_MAX   1024u
#define NESTED_MAX   2u            /* multicalls in multicalls */
#define ANY_LAYOUT   "AFPDiEInVZt" /* of members of a struct that grammar.c does not know */

/* A struct that is being made. */
struct making {
    const struct vcpu *v;
    const char *elements; /* layout of the list's */
    uint32_t count;       /* of the list, once it is made */
    unsigned int depth;
    bool narrow; /* laid out for 32-bit code */
    char bytes[STRUCT_MAX];
    size_t size;
};

static size_t size_of(char kind)
{
    if (strchr("b", kind))
        return 1;
    if (strchr("Dwo", kind))
        return 2;
    return strchr("inVPQRHGMOczkh", kind) ? 4 : 8;
}

/* Pointers, frame numbers and counts have the machine's width. */
static size_t size_in(const struct making *m, char kind)
{
    return m->narrow && strchr("AFLCKT", kind) ? 4 : size_of(kind);
}

static size_t align_of(const struct making *m, size_t size)
{
    return m->narrow && size > 4 ? 4 : size;
}

static void put(struct making *m, uint64_t value, size_t size)
{
    size_t align = align_of(m, size);

    m->size = (m->size + align - 1) & ~(align - 1);
    REQUIRE(m->size + size <= STRUCT_MAX, "a struct is too large");
    memcpy(m->bytes + m->size, &value, size);
    m->size += size;
}

/* Bytes where the guest can read them: in the flat buffer, or a page of its own. */
static uint64_t place(const struct vcpu *v, const void *bytes, size_t size)
{
    unsigned int c = input_byte();
    uint64_t at;
    void *to;

    if (c < 0xc0) {
        at = flat_take(size, &to);
        memcpy(to, bytes, size);
        return at;
    }
    if (c >= 0xf8)
        return value_make('A', v);
    at = GUEST_BASE + (PAGE_FREE + c % 16) * PAGE_SIZE + (c & 1 ? PAGE_SIZE - 16 : 0);
    arch_copy_to_guest(at, bytes, size);
    return at;
}

static void make_struct(struct making *m, const char *layout);

static void make_call(struct making *m)
{
    struct call c;

    c.narrow = m->narrow;
    call_make(&c, m->v, m->depth + 1);
    put(m, c.nr, m->narrow ? 4 : 8);
    put(m, 0, m->narrow ? 4 : 8);
    for (unsigned int i = 0; i < ARRAY_SIZE(c.args); i++)
        put(m, c.args[i], m->narrow ? 4 : 8);
}

/* Records as they would be saved now, some of them spoilt. */
static uint64_t make_records(struct making *m)
{
    static char records[16384];
    struct domain *d = domain_get(FUZZ_HARDWARE);
    uint64_t at = 0;

    m->count = 0;
    if (d && hvm_domain(d) && hvm_context_room(d) <= sizeof(records)) {
        m->count = (uint32_t)hvm_context_save(d, records);
        for (unsigned int i = input_byte() & 7; i; i--)
            records[input_number(2) % m->count] = (char)input_byte();
        at = place(m->v, records, m->count);
    }
    if (d)
        domain_put(d);
    return at;
}

static uint64_t make_list(struct making *m)
{
    struct making list = { .v = m->v, .depth = m->depth, .narrow = m->narrow };
    unsigned int c = input_byte();

    if (m->elements[0] == '~')
        return make_records(m);
    m->count = c < 0x60 ? 1 : 1 + c % ELEMENTS_MAX;
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->elements[0] == '!')
            make_call(&list);
        else
            make_struct(&list, m->elements);
    }
    return place(m->v, list.bytes, list.size);
}

static uint64_t make_context(const struct vcpu *v, unsigned int id)
{
    static struct vcpu_guest_context c;
    unsigned int which = input_byte();

    world_context(&world[id < FUZZ_DOMAINS ? id : 1], &c);
    if (which & 1)
        c.ctrlreg[3] = value_frame(v) << PAGE_SHIFT;
    if (which & 2)
        c.ctrlreg[1] = value_frame(v) << PAGE_SHIFT;
    if (which & 4)
        c.gdt_frames[which >> 3 & 7] = value_frame(v);
    if (which & 8)
        c.gdt_ents = value_make('I', v) * 256;
    if (which & 16) {
        c.ldt_base = value_make('A', v) & ~PAGE_MASK;
        c.ldt_ents = value_make('I', v);
    }
    if (which & 32)
        c.flags = input_byte();
    if (which & 64)
        c.user_regs.rip = input_number(8);
    return place(v, &c, sizeof(c));
}

static uint64_t make_member(struct making *m, char kind)
{
    if (kind == 'L')
        return m->elements ? make_list(m) : value_make('A', m->v);
    if (kind == 'x')
        return input_chance(32) ? 0 : make_context(m->v, 1 + (input_byte() & 1));
    if (kind == 'c' || kind == 'C')
        return input_chance(24) ? value_make('I', m->v) : m->count;
    return value_make(kind, m->v);
}

/* The list may come after its count; it is made first. */
static void make_struct(struct making *m, const char *layout)
{
    size_t align = 1;
    uint64_t list = 0;

    if (layout[0] && strchr(layout, 'L') > strpbrk(layout, "cC"))
        list = make_member(m, 'L');
    for (; *layout; layout++) {
        size_t size = size_in(m, *layout), own = align_of(m, size);

        align = own > align ? own : align;
        put(m, *layout == 'L' && list ? list : make_member(m, *layout), size);
    }
    m->size = (m->size + align - 1) & ~(align - 1);
}

/* ---- sub-operations ---- */

static void make_any(struct making *m, size_t size)
{
    while (m->size + 16 <= size) {
        char kind = ANY_LAYOUT[input_byte() % (sizeof(ANY_LAYOUT) - 1)];

        put(m, make_member(m, kind), size_in(m, kind));
    }
    m->size = size;
}

/* The struct of a row, in m; 0: it has none, or a large one, whose address this is. */
static uint64_t make_argument(struct making *m, unsigned int nr, const struct door_op *row)
{
    const struct row_form *form = grammar_row(nr, row->nr);

    if (nr == __HYPERVISOR_vcpu_op && row->nr == VCPUOP_initialise)
        return make_context(m->v, m->v->domain->id);
    if (nr == __HYPERVISOR_platform_op) {
        put(m, row->nr, 4);
        put(m, input_chance(4) ? input_number(4) : XENPF_INTERFACE_VERSION, 4);
    }
    if (nr == __HYPERVISOR_domctl) {
        put(m, row->nr, 4);
        put(m, input_chance(4) ? input_number(4) : XEN_DOMCTL_INTERFACE_VERSION, 4);
        put(m, value_make('d', m->v), 8);
    }
    if (nr == __HYPERVISOR_sysctl) {
        put(m, row->nr, 4);
        put(m, input_chance(4) ? input_number(4) : XEN_SYSCTL_INTERFACE_VERSION, 4);
    }
    m->elements = form ? form->list : NULL;
    if (form && form->layout)
        make_struct(m, form->layout);
    else if (m->size < row->size)
        make_any(m, row->size);
    m->size = m->size < row->size ? row->size : m->size;
    return 0;
}

static uint64_t argument_at(struct making *m, uint64_t large)
{
    if (large)
        return large;
    return m->size ? place(m->v, m->bytes, m->size) : input_chance(32) ? value_make('A', m->v) : 0;
}

static void make_arguments(struct call *c, struct making *m, const char *args,
                           const struct door_op *row)
{
    uint64_t large = row ? make_argument(m, (unsigned int)c->nr, row) : 0;
    const struct row_form *form = row ? grammar_row((unsigned int)c->nr, row->nr) : NULL;

    if (form && !form->layout)
        m->elements = form->list;
    for (unsigned int i = 0; args[i]; i++) {
        if (args[i] == '#')
            c->args[i] = row->nr;
        else if (args[i] == '@')
            c->args[i] = argument_at(m, large);
        else if (args[i] == 'C' && args[i + 1] == 'L') {
            c->args[i + 1] = make_member(m, 'L');
            c->args[i] = make_member(m, 'C');
            i++;
        } else
            c->args[i] = make_member(m, args[i]);
    }
}

/* Calls that change what there is to check most. */
static const struct {
    uint8_t nr;
    uint32_t op;
} often[] = {
    { __HYPERVISOR_mmu_update, 0 },
    { __HYPERVISOR_mmu_update, 0 },
    { __HYPERVISOR_mmu_update, 0 },
    { __HYPERVISOR_mmuext_op, 0 },
    { __HYPERVISOR_mmuext_op, 0 },
    { __HYPERVISOR_mmuext_op, 0 },
    { __HYPERVISOR_update_va_mapping, 0 },
    { __HYPERVISOR_update_va_mapping, 0 },
    { __HYPERVISOR_update_va_mapping_otherdomain, 0 },
    { __HYPERVISOR_multicall, 0 },
    { __HYPERVISOR_set_gdt, 0 },
    { __HYPERVISOR_iret, 0 },
    { __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref },
    { __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref },
    { __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref },
    { __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref },
    { __HYPERVISOR_grant_table_op, GNTTABOP_unmap_and_replace },
    { __HYPERVISOR_grant_table_op, GNTTABOP_copy },
    { __HYPERVISOR_memory_op, XENMEM_exchange },
    { __HYPERVISOR_memory_op, XENMEM_exchange },
    { __HYPERVISOR_memory_op, XENMEM_decrease_reservation },
    { __HYPERVISOR_memory_op, XENMEM_populate_physmap },
    { __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound },
    { __HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain },
    { __HYPERVISOR_event_channel_op, EVTCHNOP_bind_pirq },
    { __HYPERVISOR_event_channel_op, EVTCHNOP_close },
    { __HYPERVISOR_event_channel_op, EVTCHNOP_send },
    { __HYPERVISOR_event_channel_op, EVTCHNOP_init_control },
    { __HYPERVISOR_event_channel_op, EVTCHNOP_expand_array },
    { __HYPERVISOR_vcpu_op, VCPUOP_initialise },
    { __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info },
    { __HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq },
};

/* What a toolstack does, and what else would come too seldom among so many rows. */
#define DOMCTL(name) \
    { \
        __HYPERVISOR_domctl, XEN_DOMCTL_##name \
    }
static const struct {
    uint8_t nr;
    uint32_t op;
} seldom[] = {
    DOMCTL(createdomain),
    DOMCTL(destroydomain),
    DOMCTL(pausedomain),
    DOMCTL(unpausedomain),
    DOMCTL(max_vcpus),
    DOMCTL(max_mem),
    DOMCTL(setvcpucontext),
    DOMCTL(setvcpucontext),
    DOMCTL(getvcpucontext),
    DOMCTL(setvcpuaffinity),
    DOMCTL(scheduler_op),
    DOMCTL(getpageframeinfo3),
    DOMCTL(hypercall_init),
    DOMCTL(iomem_permission),
    DOMCTL(ioport_permission),
    DOMCTL(irq_permission),
    DOMCTL(set_cpu_policy),
    DOMCTL(get_cpu_policy),
    DOMCTL(setvcpuextstate),
    DOMCTL(getvcpuextstate),
    DOMCTL(set_vcpu_msrs),
    DOMCTL(set_ext_vcpucontext),
    DOMCTL(settscinfo),
    DOMCTL(sendtrigger),
    DOMCTL(shadow_op),
    DOMCTL(resumedomain),
    DOMCTL(set_virq_handler),
    DOMCTL(setdebugging),
    { __HYPERVISOR_set_segment_base, 0 },
    { __HYPERVISOR_get_debugreg, 0 },
    { __HYPERVISOR_sysctl, XEN_SYSCTL_getdomaininfolist },
    { __HYPERVISOR_sysctl, XEN_SYSCTL_cpupool_op },
};

/* What concerns a hardware domain, for it or its toolstack. */
static const struct {
    uint8_t nr;
    uint32_t op;
} of_hardware[] = {
    { __HYPERVISOR_memory_op, XENMEM_add_to_physmap },
    { __HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch },
    { __HYPERVISOR_memory_op, XENMEM_remove_from_physmap },
    { __HYPERVISOR_memory_op, XENMEM_populate_physmap },
    { __HYPERVISOR_memory_op, XENMEM_decrease_reservation },
    { __HYPERVISOR_memory_op, XENMEM_acquire_resource },
    { __HYPERVISOR_mmu_update, 0 },
    { __HYPERVISOR_update_va_mapping_otherdomain, 0 },
    { __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref },
    { __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref },
    { __HYPERVISOR_grant_table_op, GNTTABOP_copy },
    { __HYPERVISOR_hvm_op, HVMOP_set_param },
    { __HYPERVISOR_hvm_op, HVMOP_get_param },
    { __HYPERVISOR_hvm_op, HVMOP_flush_tlbs },
    { __HYPERVISOR_hvm_op, HVMOP_get_mem_type },
    { __HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector },
    { __HYPERVISOR_vcpu_op, VCPUOP_initialise },
    { __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info },
    { __HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area },
    { __HYPERVISOR_multicall, 0 },
    DOMCTL(shadow_op),
    DOMCTL(set_paging_mempool_size),
    DOMCTL(gethvmcontext),
    DOMCTL(sethvmcontext),
    DOMCTL(sethvmcontext),
    DOMCTL(gethvmcontext_partial),
    DOMCTL(pausedomain),
    DOMCTL(unpausedomain),
    DOMCTL(max_mem),
    DOMCTL(sendtrigger),
    DOMCTL(memory_mapping),
};

static const struct door_op *row_of(unsigned int nr, uint32_t op)
{
    for (unsigned int i = 0; door_calls[nr].ops && i < *door_calls[nr].op_count; i++)
        if (door_calls[nr].ops[i].nr == op)
            return &door_calls[nr].ops[i];
    return NULL;
}

/* Calls with many rows more than once.  An input means the same as long as this does not change. */
static const uint8_t numbers[] = {
    __HYPERVISOR_memory_op,
    __HYPERVISOR_memory_op,
    __HYPERVISOR_memory_op,
    __HYPERVISOR_memory_op,
    __HYPERVISOR_physdev_op,
    __HYPERVISOR_physdev_op,
    __HYPERVISOR_physdev_op,
    __HYPERVISOR_domctl,
    __HYPERVISOR_platform_op,
    __HYPERVISOR_domctl,
    __HYPERVISOR_domctl,
    __HYPERVISOR_domctl,
    __HYPERVISOR_event_channel_op,
    __HYPERVISOR_event_channel_op,
    __HYPERVISOR_event_channel_op,
    __HYPERVISOR_grant_table_op,
    __HYPERVISOR_grant_table_op,
    __HYPERVISOR_vcpu_op,
    __HYPERVISOR_vcpu_op,
    __HYPERVISOR_xen_version,
    __HYPERVISOR_xen_version,
    __HYPERVISOR_sched_op,
    __HYPERVISOR_callback_op,
    __HYPERVISOR_nmi_op,
    __HYPERVISOR_console_io,
    __HYPERVISOR_vm_assist,
    __HYPERVISOR_set_trap_table,
    __HYPERVISOR_set_callbacks,
    __HYPERVISOR_stack_switch,
    __HYPERVISOR_sysctl,
    __HYPERVISOR_set_debugreg,
    __HYPERVISOR_update_descriptor,
    0xff, /* any call that there is */
};

static unsigned int choose_any(const struct door_op **row)
{
    unsigned int nr = numbers[input_byte() % ARRAY_SIZE(numbers)];

    for (nr = nr < DOOR_CALLS ? nr : input_byte() % DOOR_CALLS; !door_calls[nr].name;)
        nr = (nr + 1) % DOOR_CALLS;
    *row = door_calls[nr].ops ? &door_calls[nr].ops[input_byte() % *door_calls[nr].op_count] : NULL;
    return nr;
}

static unsigned int choose(const struct door_op **row)
{
    unsigned int c = input_byte();

    if (fuzz_hardware && c < 0x60) {
        *row = row_of(of_hardware[c % ARRAY_SIZE(of_hardware)].nr,
                      of_hardware[c % ARRAY_SIZE(of_hardware)].op);
        return of_hardware[c % ARRAY_SIZE(of_hardware)].nr;
    }
    if (c >= 0xc0) {
        *row = row_of(seldom[c % ARRAY_SIZE(seldom)].nr, seldom[c % ARRAY_SIZE(seldom)].op);
        return seldom[c % ARRAY_SIZE(seldom)].nr;
    }
    if (c >= 0x80)
        return choose_any(row);
    *row = row_of(often[c % ARRAY_SIZE(often)].nr, often[c % ARRAY_SIZE(often)].op);
    return often[c % ARRAY_SIZE(often)].nr;
}

/* Numbers that nobody has, and sub-operations. */
static void make_wild(struct call *c, const struct vcpu *v)
{
    const struct door_op *row;

    c->nr = input_byte() < 0x40 ? input_number(2) : choose(&row);
    for (unsigned int i = 0; i < ARRAY_SIZE(c->args); i++)
        c->args[i] = value_make("AFIND"[input_byte() % 5], v);
}

void call_make(struct call *c, const struct vcpu *v, unsigned int depth)
{
    struct making m = { .v = v, .depth = depth, .narrow = c->narrow };
    const struct door_op *row = NULL;
    const struct call_form *form;

    *c = (struct call){ .row = -1, .narrow = c->narrow };
    if (input_chance(4)) {
        make_wild(c, v);
        return;
    }
    c->nr = choose(&row);
    if (c->nr == __HYPERVISOR_multicall && depth >= NESTED_MAX)
        c->nr = __HYPERVISOR_iret;
    form = grammar_call((unsigned int)c->nr);
    if (!row)
        m.elements = form->list;
    make_arguments(c, &m, form->args, row);
    c->row = coverage_row((unsigned int)c->nr,
                          row ? (unsigned int)(row - door_calls[c->nr].ops) : 0);
}

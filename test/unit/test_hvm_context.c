/* SPDX-License-Identifier: Apache-2.0 */
/* A hardware domain's records: written and read back, and what is refused of others' making. */
#include "cmocka_all.h"
#include "machine.h"
#include "vendor.h"

#include "core/domain.h"
#include "core/machine.h"
#include "core/time.h"
#include "x86/control.h"
#include "x86/fpu.h"
#include "x86/features.h"
#include "x86/hvm/context.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/guest.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/records.h"
#include "x86/hvm/startup.h"
#include "x86/hvm/vcpu_context.h"
#include "x86/msr_index.h"
#include "x86/policy/cpuid.h"
#include "x86/time.h"
#include "x86/toolstack/xstate.h"

#include <stdlib.h>
#include <string.h>
#include <xen/errno.h>
#include <xen/hvm/hvm_vcpu.h>
#include <xen/hvm/save.h>

#define VCPUS 3
#define TSC   1000000ul

struct cpu_features cpu;
static struct x86_domain domain;
static struct domain *const d = &domain.core;
static struct cpuid_policy policy;
static struct x86_vcpu vcpus[VCPUS];
static struct hvm_vcpu hvms[VCPUS];
static struct hvm_domain hvm;
static struct vcpu *table[VCPUS];
static uint8_t fpu[VCPUS][512];
static uint8_t buffer[65536], again[65536];
static uint64_t tsc;

/* ---- the machine ---- */

uint64_t arch_tsc(void)
{
    return tsc;
}

ns_t arch_now(void)
{
    return (ns_t)tsc;
}

ns_t arch_tsc_to_time(uint64_t at)
{
    return (ns_t)at;
}

uint64_t time_tsc_khz(void)
{
    return 1000000;
}

void vcpu_kick(struct vcpu *of)
{
    (void)of;
}

void vcpu_wake(struct vcpu *of, uint32_t waits)
{
    of->waits &= ~waits;
}

void vcpu_send_nmi(struct vcpu *of)
{
    (void)of;
}

void hvm_startup_init(struct x86_vcpu *of)
{
    (void)of;
}

void hvm_startup_begin(struct x86_vcpu *of, uint8_t page)
{
    (void)of, (void)page;
}

void fpu_set(struct x86_vcpu *v, const void *fxsave)
{
    if (fxsave)
        memcpy(fpu[v->core.id], fxsave, 512);
    else
        memset(fpu[v->core.id], 0, 512);
}

void fpu_get(const struct x86_vcpu *v, void *fxsave)
{
    memcpy(fxsave, fpu[v->core.id], 512);
}

uint64_t hvm_cr4_allowed(const struct x86_vcpu *v)
{
    (void)v;
    return CR4_PAE | CR4_PGE | CR4_PSE | CR4_OSFXSR;
}

uint64_t hvm_efer_allowed(const struct x86_vcpu *v)
{
    (void)v;
    return EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
}

void hvm_set_tsc_offset(struct x86_vcpu *v, uint64_t offset)
{
    v->core.tsc_offset = offset;
}

void hvm_memory_types_save(const struct x86_vcpu *v, struct hvm_hw_mtrr *to)
{
    memset(to, 0, sizeof(*to));
    to->msr_pat_cr = v->hvm->pat;
}

bool hvm_memory_types_ok(const struct hvm_hw_mtrr *from)
{
    return from->msr_pat_cr != 0x99;
}

void hvm_memory_types_load(struct x86_vcpu *v, const struct hvm_hw_mtrr *from)
{
    v->hvm->pat = from->msr_pat_cr;
}

uint32_t xstate_size(const struct x86_vcpu *v, uint64_t components)
{
    (void)v, (void)components;
    abort(); // the policy has no XSAVE
}

struct xstate_head xstate_head(const struct x86_vcpu *v)
{
    (void)v;
    abort();
}

void xstate_save(const struct x86_vcpu *v, uint64_t components, void *to)
{
    (void)v, (void)components, (void)to;
    abort();
}

long xstate_check(const struct x86_vcpu *v, const struct xstate_head *head, const void *area,
                  uint64_t size)
{
    (void)v, (void)head, (void)area, (void)size;
    return -XEN_EINVAL;
}

void xstate_load(struct x86_vcpu *v, const struct xstate_head *head, const void *area,
                 uint64_t size)
{
    (void)v, (void)head, (void)area, (void)size;
    abort();
}

/* ---- shorthands ---- */

static int begin(void **state)
{
    (void)state;
    memset(&domain, 0, sizeof(domain));
    memset(vcpus, 0, sizeof(vcpus));
    memset(hvms, 0, sizeof(hvms));
    memset(kept, 0, sizeof(kept));
    tsc = TSC;
    domain.cpuid = &policy;
    domain.hvm = &hvm;
    d->vcpus = table;
    d->max_vcpus = VCPUS;
    for (unsigned int i = 0; i < VCPUS; i++) {
        vcpus[i].core.domain = d;
        vcpus[i].core.id = i;
        vcpus[i].core.waits = WAIT_DOWN;
        vcpus[i].hvm = &hvms[i];
        table[i] = &vcpus[i].core;
        hvm_lapic_create(&vcpus[i]);
    }
    return 0;
}

/* A vCPU in 64-bit code, all its registers different. */
static void run(unsigned int id)
{
    struct x86_vcpu *v = &vcpus[id];
    uint64_t *words = (uint64_t *)&v->regs;

    for (unsigned int i = 0; i < offsetof(struct regs, vector) / 8; i++)
        words[i] = 0x1000 * id + i;
    v->regs.rip = 0xffffffff81000000 + id;
    v->regs.rsp = 0xffffc90000000000 + id;
    v->regs.rflags = 0x246;
    kept[id].control = (struct hvm_control){ .cr0 = CR0_PG | CR0_PE | CR0_ET | CR0_WP,
                                             .cr2 = 0x1234,
                                             .cr3 = 0x5000,
                                             .cr4 = CR4_PAE | CR4_PGE,
                                             .efer = EFER_LME | EFER_LMA | EFER_SCE | EFER_NXE,
                                             .debug6 = 0xffff0ff0,
                                             .debug7 = 0x400 };
    for (unsigned int s = 0; s < SEGMENTS; s++)
        kept[id].segments[s] = (struct hvm_segment){ .selector = (uint16_t)(8 * s),
                                                     .attributes = 0xc93,
                                                     .limit = 0xfffff000 + s };
    kept[id].segments[SEGMENT_GDTR].selector = kept[id].segments[SEGMENT_IDTR].selector = 0;
    kept[id].segments[SEGMENT_GDTR].attributes = kept[id].segments[SEGMENT_IDTR].attributes = 0;
    kept[id].segments[SEGMENT_CS].attributes = 0xa9b;
    kept[id].segments[SEGMENT_GS].base = 0xffff888000000000 + id;
    for (unsigned int i = 0; i < KEPT_MSRS; i++)
        kept[id].msrs[i] = 0x100 * id + i;
    memset(fpu[id], 0x40 + (int)id, sizeof(fpu[id]));
    hvms[id].pat = 0x0007040600070406 + id;
    hvms[id].debug[2] = 77;
    hvms[id].tsc_adjust = 5 + id;
    hvms[id].event = (struct hvm_event){ EVENT_EXCEPTION, 14, true, 6 };
    v->core.tsc_offset = 1000;
    v->core.waits = 0;
    v->core.initialised = true;
}

static size_t save(void *to)
{
    size_t size = hvm_context_save(d, to);

    assert_true(size <= hvm_context_room(d));
    return size;
}

/* The body of a record in the buffer. */
static void *find(unsigned int type, unsigned int instance)
{
    uint8_t *at = buffer;

    for (;;) {
        struct hvm_save_descriptor *head = (void *)at;

        if (head->typecode == type && head->instance == instance)
            return head + 1;
        assert_int_not_equal(head->typecode, HVM_SAVE_CODE(END));
        at += sizeof(*head) + head->length;
    }
}

/* ---- tests ---- */

static void there_and_back(void **state)
{
    struct x86_vcpu was = vcpus[1];
    struct kept_vcpu kept_was[KEPT_VCPUS];
    size_t size;

    (void)state;
    run(0);
    run(1);
    was = vcpus[1];
    memcpy(kept_was, kept, sizeof(kept));
    size = save(buffer);
    begin(NULL);
    tsc = TSC + 12345;
    assert_int_equal(hvm_context_load(d, buffer, size), 0);
    for (unsigned int i = 0; i < 2; i++)
        assert_memory_equal(&kept[i], &kept_was[i], sizeof(kept[i]));
    assert_memory_equal(&vcpus[1].regs, &was.regs, offsetof(struct regs, vector));
    assert_int_equal(vcpus[1].regs.rip, was.regs.rip);
    assert_int_equal(vcpus[1].regs.rflags, was.regs.rflags);
    assert_int_equal(hvms[1].event.vector, 14);
    assert_int_equal(hvms[1].event.error, 6);
    assert_int_equal(hvms[1].pat, 0x0007040600070407);
    assert_int_equal(hvms[1].debug[2], 77);
    assert_int_equal(hvms[1].tsc_adjust, 6);
    assert_int_equal(fpu[1][300], 0x41);
    // The TSC goes on from where it was.
    assert_int_equal(tsc + vcpus[1].core.tsc_offset, TSC + 1000);
    assert_int_equal(vcpus[0].core.waits | vcpus[1].core.waits, 0);
    assert_int_equal(vcpus[2].core.waits, WAIT_DOWN);
    tsc = TSC; // the same again, byte by byte
    vcpus[0].core.tsc_offset = vcpus[1].core.tsc_offset = vcpus[2].core.tsc_offset = 1000;
    assert_int_equal(save(again), size);
    assert_memory_equal(again, buffer, size);
}

static void lapic_there_and_back(void **state)
{
    struct hvm_lapic *l = &hvms[1].lapic;
    size_t size;

    (void)state;
    run(1);
    hvm_lapic_write(&vcpus[1], 0xf0, false, 0x1ff);
    hvm_lapic_write(&vcpus[1], 0x320, false, 0x20040); // periodic
    hvm_lapic_write(&vcpus[1], 0x380, false, 1000000);
    hvm_lapic_raise(&vcpus[1], 0x51);
    hvm_lapic_raise(&vcpus[1], 0xf3);
    hvm_lapic_accept(&vcpus[1], 0xf3);
    hvm_lapic_set_tpr(&vcpus[1], 0x20);
    tsc += 3000000; // ns: of 20 ms
    size = save(buffer);
    begin(NULL);
    tsc = TSC;
    assert_int_equal(hvm_context_load(d, buffer, size), 0);
    assert_int_equal(hvm_lapic_requested(&vcpus[1]), 0x51);
    assert_int_equal(hvm_lapic_next(&vcpus[1]), 0); // 0xf3 is being served
    assert_int_equal(hvm_lapic_tpr(&vcpus[1]), 0x20);
    assert_true(l->timer.place.in_set);
    assert_int_equal(l->timer.expires, (ns_t)TSC + l->timer_period - 3000000);
}

static void of_a_new_domain(void **state)
{
    size_t size = save(buffer);

    (void)state;
    find(HVM_SAVE_CODE(MTRR), 2);
    find(HVM_SAVE_CODE(LAPIC_REGS), 2);
    for (size_t at = 0; at < size;) {
        struct hvm_save_descriptor *head = (void *)&buffer[at];

        assert_int_not_equal(head->typecode, HVM_SAVE_CODE(CPU)); // all are down
        at += sizeof(*head) + head->length;
    }
}

/* What libxenguest makes for the first vCPU of a PVH domain. */
static size_t first_context(void)
{
    struct hvm_save_descriptor *head = (void *)buffer;
    struct hvm_save_header *header = (void *)(head + 1);
    struct hvm_hw_cpu *c;

    memset(buffer, 0, sizeof(buffer));
    *head = (struct hvm_save_descriptor){ HVM_SAVE_CODE(HEADER), 0, sizeof(*header) };
    *header = (struct hvm_save_header){ HVM_FILE_MAGIC, HVM_FILE_VERSION, 0, 0, 0 };
    head = (void *)(header + 1);
    *head = (struct hvm_save_descriptor){ HVM_SAVE_CODE(CPU), 0, sizeof(*c) };
    c = (void *)(head + 1);
    c->cs_limit = c->ds_limit = c->es_limit = c->ss_limit = ~0u;
    c->cs_arbytes = 0xc9b;
    c->ds_arbytes = c->es_arbytes = c->ss_arbytes = 0xc93;
    c->tr_limit = 0x67;
    c->tr_arbytes = 0x8b;
    c->cr0 = CR0_PE | CR0_ET;
    c->rip = 0x1000850;
    c->rbx = 0x4a00000;
    head = (void *)(c + 1);
    *head = (struct hvm_save_descriptor){ HVM_SAVE_CODE(END), 0, 0 };
    return (size_t)((uint8_t *)(head + 1) - buffer);
}

static void what_the_builder_makes(void **state)
{
    (void)state;
    assert_int_equal(hvm_context_load(d, buffer, first_context()), 0);
    assert_int_equal(vcpus[0].regs.rip, 0x1000850);
    assert_int_equal(vcpus[0].regs.rflags, 2);
    assert_int_equal(vcpus[0].core.waits, 0);
    assert_true(vcpus[0].core.initialised);
    assert_int_equal(vcpus[1].core.waits, WAIT_DOWN);
    // Its TSC begins anew, and that of the others goes with it.
    assert_int_equal(vcpus[0].core.tsc_offset, -TSC);
    assert_int_equal(vcpus[2].core.tsc_offset, -TSC);
}

/* One change of the CPU's record, and nothing is taken over. */
#define WRONG(statement) \
    do { \
        size_t size_ = first_context(); \
        struct hvm_hw_cpu *c = find(HVM_SAVE_CODE(CPU), 0); \
        statement; \
        assert_int_equal(hvm_context_load(d, buffer, size_), -XEN_EINVAL); \
        assert_int_equal(vcpus[0].core.waits, WAIT_DOWN); \
        assert_int_equal(vcpus[0].regs.rip, 0); \
    } while (0)

static void what_no_cpu_can_be(void **state)
{
    (void)state;
    WRONG(c->cr0 |= CR0_PG << 1);
    WRONG(c->cr0 = CR0_PG);
    WRONG(c->cr0 |= 0x20000000); // NW without CD
    WRONG(c->cr4 = CR4_SMEP);
    WRONG(c->cr3 = 1ul << 60);
    WRONG(c->msr_efer = 0x1000); // SVME
    WRONG(c->msr_efer = EFER_LMA);
    WRONG((c->cr0 |= CR0_PG, c->msr_efer = EFER_LME | EFER_LMA)); // without PAE
    WRONG((c->cr0 |= CR0_PG, c->cr4 = CR4_PAE, c->msr_efer = EFER_LME));
    WRONG((c->cr0 |= CR0_PG, c->cr4 = CR4_PAE, c->msr_efer = EFER_LME | EFER_LMA,
           c->cs_arbytes = 0xe9b)); // long and big
    WRONG(c->gs_base = 1ul << 60);
    WRONG(c->msr_lstar = 1ul << 60);
    WRONG(c->cs_base = 1ul << 32);
    WRONG(c->cs_arbytes = 0x1c9b);
    WRONG(c->dr7 = 1ul << 32);
    WRONG(c->pending_event = 0x80000000 | 0x700);           // no such type
    WRONG(c->pending_event = 0x80000000 | 0x300 | 99);      // no such exception
    WRONG(c->pending_event = 0x80000000 | 0x300 | 1 << 12); // reserved
    WRONG(c->flags = 2);
}

static void records_that_are_not_whole(void **state)
{
    size_t size = first_context();
    struct hvm_save_descriptor *head;

    (void)state;
    for (size_t cut = 0; cut < size; cut += cut < 64 ? 1 : 97)
        assert_int_equal(hvm_context_load(d, buffer, cut), -XEN_EINVAL);
    head = (struct hvm_save_descriptor *)find(HVM_SAVE_CODE(CPU), 0) - 1;
    head->instance = VCPUS;
    assert_int_equal(hvm_context_load(d, buffer, size), -XEN_EINVAL);
    head->instance = 0;
    head->length--;
    assert_int_equal(hvm_context_load(d, buffer, size), -XEN_EINVAL);
    head->length = ~0u;
    assert_int_equal(hvm_context_load(d, buffer, size), -XEN_EINVAL);
    head->length = sizeof(struct hvm_hw_cpu);
    head->typecode = HVM_SAVE_CODE(PIC);
    assert_int_equal(hvm_context_load(d, buffer, size), -XEN_EOPNOTSUPP);
    head->typecode = HVM_SAVE_CODE(CPU);
    ((struct hvm_save_header *)find(HVM_SAVE_CODE(HEADER), 0))->magic++;
    assert_int_equal(hvm_context_load(d, buffer, size), -XEN_EINVAL);
    assert_int_equal(vcpus[0].core.waits, WAIT_DOWN);
}

/* Whatever is wrong with some bytes: all of it becomes the domain's state, or nothing. */
static void at_random(void **state)
{
    unsigned int taken = 0;
    size_t size;

    (void)state;
    run(0);
    run(1);
    hvms[0].event.type = hvms[1].event.type = EVENT_NONE;
    size = save(buffer);
    srand(5);
    for (unsigned int i = 0; i < 20000; i++) {
        struct kept_vcpu kept_was[KEPT_VCPUS];
        struct hvm_vcpu hvm_was = hvms[1];
        struct regs regs_was = vcpus[0].regs;

        memcpy(kept_was, kept, sizeof(kept));
        memcpy(again, buffer, size);
        for (int n = rand() % 3; n >= 0; n--)
            again[(size_t)rand() % size] ^= (uint8_t)(1 << rand() % 8);
        if (hvm_context_load(d, again, size) == 0) {
            taken++;
            continue;
        }
        assert_memory_equal(kept, kept_was, sizeof(kept));
        assert_memory_equal(&hvms[1], &hvm_was, sizeof(hvm_was));
        assert_memory_equal(&vcpus[0].regs, &regs_was, sizeof(regs_was));
    }
    assert_in_range(taken, 1000, 19000);
    (void)hvm_context_load(d, buffer, size);
}

static void one_record(void **state)
{
    struct hvm_hw_mtrr *m = (void *)buffer;

    (void)state;
    run(1);
    assert_int_equal(hvm_context_save_one(d, HVM_SAVE_CODE(MTRR), 1, buffer), sizeof(*m));
    assert_int_equal(m->msr_pat_cr, 0x0007040600070407);
    assert_int_equal(hvm_context_save_one(d, HVM_SAVE_CODE(CPU), 1, buffer),
                     sizeof(struct hvm_hw_cpu));
    assert_int_equal(hvm_context_save_one(d, HVM_SAVE_CODE(CPU), 0, buffer), -XEN_ENOENT);
    assert_int_equal(hvm_context_save_one(d, HVM_SAVE_CODE(MTRR), VCPUS, buffer), -XEN_ENOENT);
    assert_int_equal(hvm_context_save_one(d, HVM_SAVE_CODE(PIC), 0, buffer), -XEN_ENOENT);
    assert_int_equal(hvm_context_save_one(d, 999, 0, buffer), -XEN_ENOENT);
}

static void a_vcpu_by_its_own_call(void **state)
{
    struct vcpu_hvm_context c = { .mode = VCPU_HVM_MODE_64B };
    struct vcpu_guest_context got;

    (void)state;
    assert_int_equal(hvm_vcpu_start(table[1], &c), -XEN_EINVAL); // not in long mode
    c.cpu_regs.x86_64 = (struct vcpu_hvm_x86_64){ .rip = 0x1234,
                                                  .rsp = 0x8000,
                                                  .cr0 = CR0_PG | CR0_PE,
                                                  .cr3 = 0x3000,
                                                  .cr4 = CR4_PAE,
                                                  .efer = EFER_LME | EFER_LMA };
    assert_int_equal(hvm_vcpu_start(table[1], &c), 0);
    hvm_vcpu_get(table[1], &got);
    assert_int_equal(got.user_regs.rip, 0x1234);
    assert_int_equal(got.ctrlreg[3], 0x3000);
    assert_int_equal(got.flags, VGCF_i387_valid | VGCF_in_kernel);
    assert_int_equal(vcpus[1].core.waits, WAIT_DOWN); // VCPUOP_up is another
    got.user_regs.rax = 1;                            // as xl resumes one
    assert_int_equal(hvm_vcpu_set(table[1], &got), 0);
    assert_int_equal(vcpus[1].regs.rax, 1);
    assert_int_equal(vcpus[1].regs.rip, 0x1234);
    assert_int_equal(kept[1].control.cr3, 0x3000);
    c.mode = 2;
    assert_int_equal(hvm_vcpu_start(table[1], &c), -XEN_EINVAL);
    c = (struct vcpu_hvm_context){ .mode = VCPU_HVM_MODE_32B };
    c.cpu_regs.x86_32 = (struct vcpu_hvm_x86_32){
        .eip = 0x99, .cr0 = CR0_PE, .cs_ar = 0xc9b, .ss_ar = 0xc93, .tr_ar = 0x8b, .cs_limit = ~0u
    };
    assert_int_equal(hvm_vcpu_start(table[1], &c), 0);
    assert_int_equal(vcpus[1].regs.rip, 0x99);
    c.cpu_regs.x86_32.cs_ar = 0xc93; // no code
    assert_int_equal(hvm_vcpu_start(table[1], &c), -XEN_EINVAL);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(there_and_back),
        TEST(lapic_there_and_back),
        TEST(of_a_new_domain),
        TEST(what_the_builder_makes),
        TEST(what_no_cpu_can_be),
        TEST(records_that_are_not_whole),
        TEST(at_random),
        TEST(one_record),
        TEST(a_vcpu_by_its_own_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hardware domain's fuzzer: one vCPU, 2 MiB of RAM, a vendor that keeps what it is given.  An input is a list of
 * steps: it comes out for something (x86/hvm/svm/exit.c and all that is behind it) with any registers, code and
 * VMCB; its map and log change; its records are written down, spoilt and loaded again.  At the end every frame is
 * given back.
 */
#include "codes.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/memory/frame.h"
#include "core/memory/page_alloc.h"
#include "core/time.h"
#include "x86/control.h"
#include "x86/features.h"
#include "x86/fpu.h"
#include "x86/hvm/context.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/hypercall.h"
#include "x86/hvm/lapic/lapic.h"
#include "x86/hvm/log.h"
#include "x86/hvm/map.h"
#include "x86/hvm/memory.h"
#include "x86/memory/tlb.h"
#include "x86/hvm/startup.h"
#include "x86/hvm/svm/svm.h"
#include "x86/msr_index.h"
#include "x86/policy/cpuid.h"
#include "x86/time.h"
#include "x86/toolstack/xstate.h"
#include "../workbench/machine.h"
#include "../workbench/vendor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/errno.h>

#define FIRST  16ul
#define FRAMES 512ul
#define PAGES  48u
#define POOL   24u
#define STEPS  200u

#define REQUIRE(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/* ---- bytes of the input ---- */

static const uint8_t *input;
static size_t left;

static uint8_t byte(void)
{
    return left ? (left--, *input++) : 0;
}

/* Often one of those that mean something. */
static uint64_t number(void)
{
    static const uint64_t some[] = { 0,          1,          ~0ul,       0x1000,     0xfee00000,
                                     0xfee000b0, 0xc0000080, 0x1b,       0x277,      0x40000000,
                                     1ul << 47,  1ul << 63,  0x80000000, 0x800,      0x80b,
                                     0x200ff8,   0x1fffff,   0x10000,    0xffffffff, 0x3f8 };
    unsigned int c = byte();
    uint64_t value = 0;

    if (c < 0x60)
        return some[c % ARRAY_SIZE(some)];
    if (c < 0xa0)
        return (uint64_t)byte() << 12 | byte();
    for (unsigned int i = 0; i < (c & 7) + 1; i++)
        value = value << 8 | byte();
    return value;
}

/* ---- what the code under test calls ---- */

/* mk/fuzz.mk has the heap call it so. */
void *fuzz_memset(void *at, int value, size_t count);
void *fuzz_memset(void *at, int value, size_t count)
{
    return memset(at, value, count);
}

struct cpu_features cpu = { .address_bits = 40 };
static struct x86_domain domain;
static struct domain *const d = &domain.core;
static struct hvm_domain hvm;
static struct x86_vcpu vcpu;
static struct hvm_vcpu hardware;
static struct vcpu *table[1];
static struct cpuid_policy policy;
static struct svm_vcpu svm;
static struct vmcb vmcb __attribute__((aligned(4096)));
static uint8_t fpu[512];
static uint64_t tsc;
static bool crashed;
static struct vcpu_info info;
uint64_t workbench_cr4;

void tlb_flush_cpus(const struct cpu_set *set, uint64_t address)
{
    (void)set, (void)address;
}

static const struct guest_kind kind = {
    .name = "fuzz", .bit = 2, .map = &hvm_map, .flush = hvm_flush
};

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

void arch_tsc_scale(uint32_t *mul, int8_t *shift)
{
    *mul = 1u << 31;
    *shift = 1;
}

uint64_t time_tsc_khz(void)
{
    return 1000000;
}

void time_info_moved(struct vcpu *v)
{
    (void)v;
}

void vcpu_kick(struct vcpu *v)
{
    (void)v;
}

void vcpu_wake(struct vcpu *v, uint32_t why)
{
    v->waits &= ~why;
}

void vcpu_sleep(struct vcpu *v, uint32_t why)
{
    v->waits |= why;
}

void vcpu_down(struct vcpu *v)
{
    v->waits |= WAIT_DOWN;
}

void vcpu_send_nmi(struct vcpu *v)
{
    v->nmi_pending = true;
}

void domain_crash(struct domain *of, const char *why)
{
    REQUIRE(of == d && why);
    crashed = true;
}

void fpu_get(const struct x86_vcpu *v, void *fxsave)
{
    (void)v;
    memcpy(fxsave, fpu, sizeof(fpu));
}

void fpu_set(struct x86_vcpu *v, const void *fxsave)
{
    (void)v;
    if (fxsave)
        memcpy(fpu, fxsave, sizeof(fpu));
}

bool fpu_set_xcr0(struct x86_vcpu *v, uint64_t value)
{
    (void)v;
    return value == 1 || value == 3 || value == 7;
}

uint32_t xstate_size(const struct x86_vcpu *v, uint64_t components)
{
    (void)v, (void)components;
    return 0;
}

struct xstate_head xstate_head(const struct x86_vcpu *v)
{
    (void)v;
    return (struct xstate_head){ .xcr0 = 1 };
}

void xstate_save(const struct x86_vcpu *v, uint64_t components, void *to)
{
    (void)v, (void)components, (void)to;
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
}

void hvm_exit_hypercall(struct x86_vcpu *v)
{
    hvm_skip_whole(v);
}

void hvm_hypercall_page(void *page)
{
    memset(page, 0xcc, PAGE_SIZE);
}

uint32_t version_number(void)
{
    return 0x40011;
}

void cpuid(uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    (void)leaf, (void)sub;
    memset(out, 0, 4 * sizeof(out[0]));
}

bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
    (void)msr;
    *value = 0;
    return false;
}

void wrmsr(uint32_t msr, uint64_t value)
{
    (void)msr, (void)value;
}

/* ---- the vendor ---- */

static bool can_be_put_in(const struct x86_vcpu *v)
{
    (void)v;
    return vmcb.exit_info_2 & 1;
}

static void inject(struct x86_vcpu *v, const struct hvm_event *event)
{
    (void)v;
    REQUIRE(event->type <= EVENT_SOFTWARE);
}

static unsigned int length(const struct x86_vcpu *v)
{
    (void)v;
    return svm_next_rip ? (unsigned int)(vmcb.next_rip & 15) : 0;
}

bool svm_next_rip;
static struct hvm_vendor vendor;

static void make_vendor(void)
{
    vendor = kept_vendor;
    vendor.can_interrupt = vendor.can_nmi = can_be_put_in;
    vendor.inject = inject;
    vendor.length = length;
    hvm_vendor = &vendor;
}

/* ---- the domain ---- */

static const uint64_t access_bits[P2M_TYPES] = {
    [P2M_RAM] = 7,   [P2M_LOGGED] = 5,         [P2M_READONLY] = 5,
    [P2M_GRANT] = 7, [P2M_GRANT_READONLY] = 5, [P2M_DEVICE] = 31,
    [P2M_TABLE] = 7
};

/* Frames more for the domain, at numbers from one on; what cannot be is refused. */
static void add_pages(gfn_t gfn, unsigned int order)
{
    mfn_t mfn = page_alloc(order, NODE_ANY, ADDRESS_ANY);

    if (mfn == MFN_NONE)
        return;
    if (frame_assign_range(mfn, order, d))
        page_free(mfn, order);
    else if (hvm_map.add(d, gfn, mfn, order))
        for (unsigned int i = 0; i < 1u << order; i++)
            REQUIRE(frame_release(frame_of(mfn + i), d));
}

/* A frame that the domain has lost is not to be reached by it any more. */
static void check_map(gfn_t first)
{
    for (gfn_t gfn = first; gfn < first + 64; gfn++) {
        struct p2m_entry e = p2m_get(&hvm.p2m, gfn);

        if (e.type != P2M_RAM && e.type != P2M_LOGGED)
            continue;
        REQUIRE(frame_get(frame_of(e.mfn), d));
        frame_put(frame_of(e.mfn));
    }
}

static void begin(void)
{
    memset(&domain, 0, sizeof(domain));
    memset(&hvm, 0, sizeof(hvm));
    memset(&vcpu, 0, sizeof(vcpu));
    memset(&hardware, 0, sizeof(hardware));
    memset(&vmcb, 0, sizeof(vmcb));
    memset(kept, 0, sizeof(kept));
    make_vendor();
    svm = (struct svm_vcpu){ .vmcb = &vmcb };
    tsc = 1000000;
    crashed = false;
    domain.hvm = &hvm;
    domain.cpuid = &policy;
    d->id = 3;
    d->kind = &kind;
    d->vcpus = table;
    d->max_vcpus = 1;
    d->pages_first = FRAME_LIST_END;
    d->pages_max = 200;
    lock_init(&d->lock, RANK_DOMAIN);
    lock_init(&d->pagetable_lock, RANK_PAGETABLES);
    lock_init(&d->page_lock, RANK_PAGE_LIST);
    hvm.flushes = 1;
    REQUIRE(p2m_create(&hvm.p2m, d, access_bits, hvm_flush) == 0);
    lock_take(&d->pagetable_lock);
    REQUIRE(p2m_set_pool(&hvm.p2m, POOL) == 0);
    lock_release(&d->pagetable_lock);
    for (gfn_t gfn = 0; gfn < PAGES; gfn++)
        add_pages(gfn, 0);
    table[0] = &vcpu.core;
    vcpu.core.domain = d;
    vcpu.core.info = &info;
    vcpu.core.initialised = true;
    vcpu.hvm = &hardware;
    hardware.vendor = &svm;
    workbench_current = &vcpu.core;
    hvm_lapic_create(&vcpu);
    hvm_reset(&vcpu);
    hvm_start_pvh(&vcpu, 0x1000, 0);
}

static void end(uint64_t free)
{
    hvm_log_destroy(d);
    d->is_dying = true;
    while (frame_release_all(d))
        continue;
    while (!p2m_destroy(&hvm.p2m, 1))
        continue;
    REQUIRE(page_alloc_free_count(NODE_ANY) == free);
}

/* ---- steps ---- */

static void set_mode(void)
{
    kept[0].control.cr0 = CR0_PE | CR0_ET | (byte() & 1 ? CR0_PG : 0);
    kept[0].control.cr3 = number();
    kept[0].control.cr4 = byte() & 1 ? CR4_PAE : number();
    kept[0].control.efer = byte() & 1 ? EFER_LME | EFER_LMA : 0;
    kept[0].segments[SEGMENT_CS].attributes = (uint16_t)number();
    kept[0].segments[SEGMENT_CS].base = number();
    kept[0].segments[SEGMENT_SS].attributes = (uint16_t)(byte() & 0x60);
}

static void write_memory(void)
{
    uint64_t at = number() % (PAGES << PAGE_SHIFT);
    struct p2m_entry e = p2m_get(&hvm.p2m, at >> PAGE_SHIFT);
    unsigned int count = byte() & 31;

    for (; e.type == P2M_RAM && count; count--, at++)
        ((uint8_t *)frame_map(e.mfn))[at & PAGE_MASK] = byte();
}

/* At the start of the second page, where it mostly comes out. */
static void write_code(void)
{
    struct p2m_entry e = p2m_get(&hvm.p2m, 1);

    if (e.type == P2M_RAM)
        memcpy(frame_map(e.mfn), fuzz_codes[byte() % ARRAY_SIZE(fuzz_codes)],
               sizeof(fuzz_codes[0]));
}

static void come_out(void)
{
    static const uint16_t codes[] = { EXIT_CPUID,  EXIT_MSR,      EXIT_MSR,     EXIT_NESTED,
                                      EXIT_NESTED, EXIT_IO,       EXIT_HLT,     EXIT_CR4_WRITE,
                                      EXIT_IRET,   EXIT_XSETBV,   EXIT_VMMCALL, EXIT_RDPMC,
                                      EXIT_INVD,   EXIT_SHUTDOWN, EXIT_VINTR,   EXIT_TASK };
    uint64_t *words = (uint64_t *)&vcpu.regs;
    unsigned int c = byte();

    for (unsigned int i = 0; i < offsetof(struct regs, vector) / 8; i++)
        words[i] = byte() & 3 ? words[i] : number();
    vmcb.exit_code = c < 0xf0 ? codes[c % ARRAY_SIZE(codes)] : number();
    if (vmcb.exit_code == EXIT_EXCEPTION + VECTOR_MC)
        return; /* the host's end */
    vmcb.rax = number();
    vmcb.rip = c & 16 ? number() : 0x1000;
    if (byte() & 1)
        write_code();
    vmcb.rsp = number();
    vmcb.rflags = number();
    vmcb.exit_info_1 = number();
    if (vmcb.exit_code == EXIT_IO) /* the CPU tells of 1, 2 or 4 bytes */
        vmcb.exit_info_1 = (vmcb.exit_info_1 & ~0x70ul) | 0x10ul << byte() % 3;
    vmcb.exit_info_2 = number();
    vmcb.exit_event = byte() & 1 ? number() : 0;
    vmcb.interrupt = number();
    vmcb.next_rip = number();
    svm_next_rip = byte() & 1;
    irq_off();
    svm_exit();
    for (unsigned int i = 0; i < 100 && !crashed && hvm_deliver(&vcpu); i++)
        continue;
    irq_on();
}

/* Mostly where frames are, or the last number of a table. */
static gfn_t change_at(void)
{
    unsigned int c = byte();

    if (c & 1)
        return byte();
    return c & 2 ? ((gfn_t)(c >> 2) << 9) + 511 : number();
}

static void change_map(void)
{
    gfn_t gfn = change_at();
    unsigned int c = byte();
    uint64_t words[2];
    mfn_t mfn;

    if (c < 0x60)
        add_pages(gfn, c & 3);
    else if (c < 0x90)
        hvm_map.drop(d, gfn);
    else if (c < 0xb0) {
        if (hvm_map.take(d, gfn, &mfn) == 0 && hvm_map.add(d, number(), mfn, 0))
            frame_release(frame_of(mfn), d);
    } else if (c < 0xc0)
        hvm_map.set_pool(d, number() % 64);
    else if (c < 0xd0)
        hvm_map.log_start(d);
    else if (c < 0xe0)
        hvm_map.log_stop(d);
    else
        hvm_map.log_read(d, gfn & ~63ul, words, 2, c & 1);
    check_map(gfn & ~31ul);
}

static void load_records(void)
{
    static uint8_t records[16384], again[16384];
    size_t size = hvm_context_save(d, records);

    REQUIRE(size <= hvm_context_room(d) && size <= sizeof(records));
    for (unsigned int i = byte() & 7; i; i--)
        records[number() % size] = byte();
    if (byte() & 1)
        size = number() % size;
    if (hvm_context_load(d, records, size))
        return;
    /* What was taken can be written down and taken again. */
    vcpu.core.initialised = true;
    size = hvm_context_save(d, again);
    REQUIRE(hvm_context_load(d, again, size) == 0);
}

static void step(void)
{
    unsigned int c = byte();

    tsc += byte() * 1000ul;
    if (c < 0x90)
        come_out();
    else if (c < 0xa0)
        set_mode();
    else if (c < 0xb8)
        write_memory();
    else if (c < 0xe0)
        change_map();
    else
        load_records();
}

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t free;

    input = data;
    left = size;
    if (!page_alloc_total())
        workbench_memory(FIRST, FRAMES);
    free = page_alloc_free_count(NODE_ANY);
    begin();
    for (unsigned int i = 0; i < STEPS && left && !crashed; i++)
        step();
    end(free);
    return 0;
}

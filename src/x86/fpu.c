/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/fpu.h"

#include "core/assert.h"
#include "core/memory/heap.h"
#include "core/machine.h"
#include "lib/memory.h"
#include "x86/control.h"
#include "x86/features.h"
#include "x86/pv/calls.h"

#define FXSAVE_SIZE   512u
#define HEADER        512u /* of the XSAVE area: XSTATE_BV (AMD APM 2, section 11.5.2) */
#define FCW_INITIAL   0x37f
#define MXCSR_INITIAL 0x1f80u
#define MXCSR_OFFSET  24u
#define FSW_OFFSET    2u
#define FSW_PENDING   0x80u
#define X87_OFFSET    32u /* registers of the x87 and of SSE */
#define SSE_OFFSET    160u
#define SSE_SIZE      256u

#define XCR0_X87     0x1ul
#define XCR0_SSE     0x2ul
#define XCR0_AVX     0x4ul
#define XCR0_BNDREGS 0x8ul
#define XCR0_BNDCSR  0x10ul
#define XCR0_AVX512  0xe0ul
#define XCR0_AMX     0x60000ul

static void xsetbv(uint64_t value)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static size_t area_size(void)
{
    /* From one page up, the heap's objects are aligned to a page; XSAVE wants 64 bytes. */
    return cpu.xsave && cpu.xsave_size > PAGE_SIZE ? cpu.xsave_size : PAGE_SIZE;
}

void fpu_init_cpu(void)
{
    cr0_write((cr0_read() & ~(CR0_TS | CR0_EM)) | CR0_MP | CR0_NE);
    cr4_write(cr4_read() | CR4_OSFXSR | CR4_OSXMMEXCPT | (cpu.xsave ? CR4_OSXSAVE : 0));
    if (cpu.xsave)
        xsetbv(cpu.xcr0_mask);
}

int fpu_create(struct x86_vcpu *v)
{
    ASSERT(!v->fpu);
    v->fpu = heap_alloc(area_size());
    if (!v->fpu)
        return -XEN_ENOMEM;
    ASSERT((uint64_t)v->fpu % 64 == 0);
    v->xcr0 = XCR0_X87 | XCR0_SSE; /* as Xen has it for PV guests */
    fpu_set(v, NULL);
    return 0;
}

void fpu_destroy(struct x86_vcpu *v)
{
    heap_free(v->fpu);
    v->fpu = NULL;
}

void fpu_set(struct x86_vcpu *v, const void *fxsave)
{
    char *area = v->fpu;
    uint32_t mxcsr = MXCSR_INITIAL;

    memset(area, 0, area_size());
    *(uint16_t *)area = FCW_INITIAL;
    if (fxsave) {
        memcpy(area, fxsave, FXSAVE_SIZE);
        *(uint64_t *)(area + HEADER) = cpu.xsave ? XCR0_X87 | XCR0_SSE : 0;
        /* Bits that this CPU does not know would fault when it is loaded. */
        mxcsr = *(uint32_t *)(area + MXCSR_OFFSET) & 0xffff;
    }
    *(uint32_t *)(area + MXCSR_OFFSET) = mxcsr;
}

void fpu_get(const struct x86_vcpu *v, void *fxsave)
{
    const char *area = v->fpu;
    uint64_t there = cpu.xsave ? *(const uint64_t *)(area + HEADER) : XCR0_X87 | XCR0_SSE;

    memcpy(fxsave, area, FXSAVE_SIZE);
    /* A component in its first state need not have been written (Intel SDM 1, section 13.9). */
    if (!(there & XCR0_X87)) {
        memset(fxsave, 0, MXCSR_OFFSET);
        memset((char *)fxsave + X87_OFFSET, 0, SSE_OFFSET - X87_OFFSET);
        *(uint16_t *)fxsave = FCW_INITIAL;
    }
    if (!(there & XCR0_SSE))
        memset((char *)fxsave + SSE_OFFSET, 0, SSE_SIZE);
}

void fpu_save(struct x86_vcpu *v)
{
    __asm__ volatile("clts");
    if (!cpu.xsave) {
        __asm__ volatile("fxsave64 (%0)" : : "r"(v->fpu) : "memory");
        return;
    }
    /* Components that the guest has switched off may have been in use before. */
    if (v->xcr0 != cpu.xcr0_mask)
        xsetbv(cpu.xcr0_mask);
    if (cpu.xsaveopt)
        __asm__ volatile("xsaveopt64 (%0)" : : "r"(v->fpu), "a"(~0u), "d"(~0u) : "memory");
    else
        __asm__ volatile("xsave64 (%0)" : : "r"(v->fpu), "a"(~0u), "d"(~0u) : "memory");
}

/*
 * AMD's CPUs load the addresses of x87's last instruction and operand only with an exception pending
 * (AMD APM 2, 11.4.4): the last vCPU's would be shown to the next.  An instruction of Zeroth's own takes
 * their place; what is on the stack goes, as all is loaded after it.
 */
static void forget_pointers(const struct x86_vcpu *v)
{
    static const uint32_t zero;

    if (!(*(const uint16_t *)((const char *)v->fpu + FSW_OFFSET) & FSW_PENDING))
        __asm__ volatile("fnclex; ffree %%st(7); fildl %0" : : "m"(zero));
}

void fpu_restore(struct x86_vcpu *v)
{
    __asm__ volatile("clts");
    if (cpu.fpu_keeps_pointers)
        forget_pointers(v);
    if (cpu.xsave) {
        /* XCR0 is the mask of all, as fpu_save and fpu_init_cpu leave it. */
        __asm__ volatile("xrstor64 (%0)" : : "r"(v->fpu), "a"(~0u), "d"(~0u) : "memory");
        if (v->xcr0 != cpu.xcr0_mask)
            xsetbv(v->xcr0);
    } else {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(v->fpu) : "memory");
    }
    if (v->pv.cr0 & CR0_TS)
        cr0_write(cr0_read() | CR0_TS);
}

void fpu_set_ts(struct x86_vcpu *v, bool set)
{
    ASSERT(&v->core == current_vcpu());
    if (set) {
        v->pv.cr0 |= CR0_TS;
        cr0_write(cr0_read() | CR0_TS);
    } else {
        v->pv.cr0 &= ~CR0_TS;
        __asm__ volatile("clts");
    }
}

/* Which components go together (Intel SDM 1, section 13.3; AMD APM 2, section 11.5.2). */
bool fpu_xcr0_ok(uint64_t value)
{
    uint64_t avx512 = value & XCR0_AVX512, bnd = value & (XCR0_BNDREGS | XCR0_BNDCSR),
             amx = value & XCR0_AMX;

    if (!(value & XCR0_X87) || (value & ~cpu.xcr0_mask))
        return false;
    if ((value & XCR0_AVX) && !(value & XCR0_SSE))
        return false;
    if (avx512 && (avx512 != XCR0_AVX512 || !(value & XCR0_AVX)))
        return false;
    return (!bnd || bnd == (XCR0_BNDREGS | XCR0_BNDCSR)) && (!amx || amx == XCR0_AMX);
}

bool fpu_set_xcr0(struct x86_vcpu *v, uint64_t value)
{
    ASSERT(&v->core == current_vcpu());
    if (!cpu.xsave || !fpu_xcr0_ok(value))
        return false;
    v->xcr0 = value;
    xsetbv(value);
    return true;
}

long pv_fpu_taskswitch(uint64_t set, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                       uint64_t a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    fpu_set_ts(x86_vcpu(current_vcpu()), (int)set != 0);
    return 0;
}

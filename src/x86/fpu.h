/* SPDX-License-Identifier: Apache-2.0 */
/* FPU, SSE and AVX state of vCPUs: saved and restored whole at each switch (AMD APM 2, chapter 11). */
#ifndef X86_FPU_H
#define X86_FPU_H

#include "x86/guest.h"

/* Each CPU at boot: CR0, CR4 and XCR0 for the use by guests. */
void fpu_init_cpu(void);

/* A vCPU's area, in the state of power-on, and virtual XCR0; -XEN_ENOMEM. */
int fpu_create(struct x86_vcpu *v);
void fpu_destroy(struct x86_vcpu *v);
/* The legacy part (512 bytes of FXSAVE) is replaced; NULL: as at power-on.  v does not run. */
void fpu_set(struct x86_vcpu *v, const void *fxsave);
void fpu_get(const struct x86_vcpu *v, void *fxsave);

/* The vCPU leaves, enters this CPU: registers, XCR0, CR0.TS as it sees it.  Interrupts off. */
void fpu_save(struct x86_vcpu *v);
void fpu_restore(struct x86_vcpu *v);

/* CR0.TS as the current vCPU sees it. */
void fpu_set_ts(struct x86_vcpu *v, bool set);

/* May XCR0 have this value on this machine? */
bool fpu_xcr0_ok(uint64_t value);
/* XSETBV of the current vCPU.  False: #GP is due: not a valid mask, or more than the CPU has. */
bool fpu_set_xcr0(struct x86_vcpu *v, uint64_t value);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions of a PV guest that need privilege.  The CPU raises #GP for them, as the guest runs
 * in ring 3; here they are done as Xen 4.17 does them (measured).  All concern the current vCPU;
 * interrupts on, no lock held.
 */
#ifndef X86_PV_EMULATE_H
#define X86_PV_EMULATE_H

#include "x86/decode.h"
#include "x86/guest.h"

/* The instruction at rip, after #GP without an error code.  True: it is done, as far as it goes, or
 * the guest has got another exception for it; false: #GP is the guest's. */
bool pv_emulate(struct x86_vcpu *v);

/* After #UD: XEN_CPUID of xen/arch-x86/xen.h, the prefix that asks Zeroth and CPUID.  False: it is
 * not that, and #UD is the guest's. */
bool pv_emulate_forced(struct x86_vcpu *v);
/* The same in flat 64-bit code, of which the next 8 bytes have been read. */
bool pv_emulate_forced_word(struct x86_vcpu *v, uint64_t word);

/* After #GP whose error code names a vector: the number that the guest's INT has, by the
 * instruction, else by the error code.  length: of the instruction, bytes. */
unsigned int pv_software_vector(struct x86_vcpu *v, uint32_t error, unsigned int *length);

/* ---- the emulator's own files ---- */

/* What came of an instruction. */
enum emulated {
    EMULATED,         /* done, rip is still before it */
    EMULATED_TRAP,    /* the same, and #DB is due after it */
    EMULATED_AGAIN,   /* a part is done, the guest executes it again */
    EMULATED_BOUNCED, /* the guest has got an exception already */
    EMULATED_UD,      /* #UD is due */
    EMULATED_GP,      /* #GP is due */
    EMULATED_NOT,     /* not one of those asked for */
};

struct emulation {
    struct x86_vcpu *v;
    struct instruction i;
    bool long_mode; /* of the code segment */
};

/* Does the guest's kernel run? */
bool pv_in_kernel(const struct x86_vcpu *v);

/* Base and limit of a data segment of 32-bit code, of a GDT or LDT descriptor. */
uint64_t pv_segment_base(uint64_t descriptor);
uint32_t pv_segment_limit(uint64_t descriptor);

/* emulate_control.c: MOV of control and debug registers (0x20 to 0x23), XSETBV, WBINVD. */
enum emulated pv_emulate_control(struct emulation *e);
enum emulated pv_emulate_xsetbv(struct x86_vcpu *v);
enum emulated pv_emulate_wbinvd(struct x86_vcpu *v);

/* emulate_port.c: IN and OUT of 1, 2 or 4 bytes by rax; INS and OUTS. */
enum emulated pv_emulate_in(struct x86_vcpu *v, uint16_t port, unsigned int size);
enum emulated pv_emulate_out(struct x86_vcpu *v, uint16_t port, unsigned int size);
enum emulated pv_emulate_port_string(struct emulation *e);
/* IOPL lets the running mode use CLI, STI and all ports. */
bool pv_iopl_ok(const struct x86_vcpu *v);

/* At context switch, interrupts off: what the vCPU has in CR4 of its own. */
void pv_control_load(const struct x86_vcpu *v);
void pv_control_unload(const struct x86_vcpu *v);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PV guest's vCPU whose privileged instructions are emulated: its memory is an array; what the emulator asks
 * of its neighbours is noted down.
 */
#ifndef UNIT_EMULATE_WORLD_H
#define UNIT_EMULATE_WORLD_H

#include "x86/guest.h"
#include "x86/pv/kind.h"

#define MEMORY 0xffffffff80000000ul /* guest address of memory[] */
#define CODE   (MEMORY + 0x1000)
#define BUFFER (MEMORY + 0x2000)
#define NONE   256u /* no exception was bounced */

extern uint8_t memory[4 * PAGE_SIZE]; /* the last page is read-only */
extern uint64_t allowed[PORTS_WORDS];
extern struct x86_domain domain;
extern struct x86_vcpu vcpu;
extern uint64_t workbench_cr4, fs_base, gs_base, descriptors[16];
extern long l4_answer; /* to a new kernel table */
extern bool kernel_tables,
    only_kernel_has_memory; /* user mode's tables may lack the kernel's memory */

/* What came of it. */
extern unsigned int bounced, last_size, port_uses;
extern uint64_t fault_address;
extern uint32_t fault_error, last_out, pci_address;
extern uint16_t last_port;

/* The vCPU anew, in kernel or user mode, at CODE. */
void fresh(bool kernel);
/* Execute; was it emulated, and did rip move behind it? */
bool run(const char *bytes, size_t length);

#define RUN(bytes) run(bytes, sizeof(bytes) - 1)

#define DONE(bytes) \
    do { \
        uint64_t from = vcpu.regs.rip; \
        assert_true(RUN(bytes)); \
        assert_int_equal(bounced, NONE); \
        assert_int_equal(vcpu.regs.rip, from + sizeof(bytes) - 1); \
        vcpu.regs.rip = from; \
    } while (0)

#define REFUSED(bytes) \
    do { \
        struct regs before = vcpu.regs; \
        assert_false(RUN(bytes)); \
        assert_memory_equal(&before, &vcpu.regs, sizeof(before)); \
    } while (0)

#endif

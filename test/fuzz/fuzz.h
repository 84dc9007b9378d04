/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the door's fuzzer share.  It runs the code of core/, abi/, x86/pv and x86/hvm on the
 * workbench: a machine of four CPUs in one thread with 8 MiB of RAM, Dom0 and two other PV domains on
 * it; in the fuzzer that is called fuzz_door_pvh the last of them is a hardware domain.  An input is a
 * list of steps (fuzz_door.c): hypercalls, exceptions, writes of guests to their memory, time,
 * interrupts, the end of a domain.  After each step all invariants are checked.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/vcpu.h"
#include "x86/guest.h"

#include <stdio.h>
#include <stdlib.h>

#define FUZZ_FIRST   256ul  /* frames below are Zeroth's; */
#define FUZZ_FRAMES  2048ul /* and no RAM is from here on */
#define FUZZ_CPUS    4u
#define FUZZ_DOMAINS 3u  /* ids 0 to 2 */
#define FUZZ_VCPUS   40u /* that Domain 1 may have */

/* What stays when the world begins anew (snapshot.c). */
#define KEPT __attribute__((section(".keep")))

/* Something that must be so is not: the input is kept by libFuzzer. */
#define REQUIRE(condition, ...) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__); \
            fputc('\n', stderr); \
            abort(); \
        } \
    } while (0)

/* ---- input.c: bytes of the input, zeros after its end ---- */

void input_begin(const uint8_t *data, size_t size);
bool input_is_left(void);
uint8_t input_byte(void);
uint64_t input_number(unsigned int bytes);
/* Yes for so many of 256 bytes. */
bool input_chance(unsigned int of_256);

/* ---- cpu.c, mmu.c, devices.c: the machine ---- */

void cpu_catch_faults(void);
/* CR3 of a CPU is written; the guest's translations go with it. */
void mmu_load(unsigned int cpu, uint64_t cr3);
uint64_t mmu_cr3(unsigned int cpu);
void mmu_check(void); /* no CPU's TLB holds what it must not */

/* A buffer that is mapped in each address space, for arguments; flat_take gives pieces of it. */
#define FLAT_BASE 0x7e0070000000ul /* 32-bit code has it at the low half of this */
#define FLAT_SIZE 0x8000u
extern char flat[FLAT_SIZE];
void flat_reset(void);
uint64_t flat_take(size_t size, void **at);

/* Work since the last question whether to stop; too much is a call that does not let others run. */
void bounded_work(unsigned int amount);
void bounded_reset(void);

void devices_check(void);
void devices_interrupt(unsigned int which);
uint64_t segment_entry(unsigned int page);

extern unsigned int oom_after;     /* n: the n-th allocation from now on fails; 0: none does */
extern unsigned int preempt_every; /* n: each n-th preempt_wanted says yes; 0: if it is so */

/* How the machine ended; _Noreturn, to the end of the input. */
_Noreturn void machine_ends(const char *how);

/* ---- fibers.c: several CPUs at once ---- */

/* CPU at does something, together with the others that are added; run until all are done. */
void fibers_add(unsigned int at, void (*run)(unsigned int cpu));
void fibers_run(void);
void fibers_forget(void);  /* whatever they were at */
bool fibers_running(void); /* is this one of them? */
int fuzz_wait(void);       /* this one waits: others go first; 0 */
void fiber_point(void);    /* another one may go on here */
void fiber_give_way(void); /* another one may go on now, whatever the input says */
/* The machine ends: when this is one of them, the others stop and machine_ends comes from fibers_run. */
void fiber_ends_machine(const char *how);

/* ---- snapshot.c ---- */

void snapshot_take(void);
void snapshot_restore(void);

/* ---- world.c ---- */

/* A domain's frames at first, by what they are for; it maps them in a row from GUEST_BASE on. */
enum {
    PAGE_L4,
    PAGE_L3,
    PAGE_L2,
    PAGE_L1,
    PAGE_L1_MORE,
    PAGE_USER_L4,
    PAGE_USER_L3,
    PAGE_TABLES_END,
    PAGE_SEGMENTS = PAGE_TABLES_END,
    PAGE_STACK,
    PAGE_CODE,
    PAGE_INFO,
    PAGE_FREE,
    PAGE_UNMAPPED = 28, /* these and the next are not mapped */
    WORLD_PAGES = 40,
};
#define GUEST_BASE 0x8000000000ul          /* entry 1 of the level-4 table */
#define GUEST_MORE (GUEST_BASE + 0x200000) /* what PAGE_L1_MORE maps: nothing */

/* What the fuzzer knows of a domain that it has made; Dom0's calls may have ended it since. */
struct world_domain {
    mfn_t pages[WORLD_PAGES];
    mfn_t shared, grants; /* frames of Zeroth's that it may map */
};
extern struct world_domain world[FUZZ_DOMAINS];

void world_create(void);
/* The toolstack's part: make a domain if there is none of the number; one call of domain_destroy, true:
 * nothing is left to do. */
void world_new_domain(domid_t id);
bool world_end_domain(domid_t id);
/* A context for VCPUOP_initialise of a domain's vCPU. */
void world_context(const struct world_domain *w, struct vcpu_guest_context *c);
/* All CPUs do what they have to until nothing is left; one does. */
void world_settle(void);
void world_go_out(unsigned int at);

/* ---- hardware.c ---- */

#define FUZZ_HARDWARE 2u     /* the id of the hardware domain, */
extern bool fuzz_hardware;   /* if there is one */
#define FUZZ_DEVICE 0xfed00u /* frames that it may be given, 64 */
/* world.c's of its first vCPU: it is in 64-bit code, on its tables at GUEST_BASE. */
bool hardware_make_vcpu(const struct world_domain *w, struct domain *d, unsigned int id, bool up);
/* The current vCPU comes out for its hypercall; true: it is to be made again. */
struct call;
bool hardware_call(struct vcpu *v, struct call *c);
/* It comes out for anything, with any registers. */
void hardware_step(struct vcpu *v);

static inline bool is_hardware(const struct vcpu *v)
{
    return container_of(v, const struct x86_vcpu, core)->hvm;
}

/* ---- grammar.c, call.c ---- */

struct call {
    uint64_t nr, args[6];
    bool narrow; /* made by 32-bit code */
    int row;     /* of coverage.c; -1: none */
};
/* c->narrow says for which code. */
void call_make(struct call *c, const struct vcpu *v, unsigned int depth);
/* Values by their kind (grammar.h's letters). */
uint64_t value_make(char kind, const struct vcpu *v);
mfn_t value_frame(const struct vcpu *v);

/* ---- coverage.c: which rows of the door's table succeeded ---- */

int coverage_row(unsigned int nr, unsigned int row);
void coverage_result(int row, long result);
/* An input is over after so many steps; whole: Dom0 lives. */
void coverage_input(unsigned int steps, bool whole);

/* ---- check*.c ---- */

/* All invariants, recounted from nothing. */
void check_world(void);
/* At the end: what the heap has and nobody points to. */
void check_leaks(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance tests of the ABI.  A case is a small function, or a row of a table of calls; each is
 * named subject/rule and says which section of the public headers its rule comes from.  What is
 * expected is what Debian's Xen 4.17 does: a case was right there before it was held against anything.
 */
#ifndef CONFORM_H
#define CONFORM_H

#include <stdbool.h>
#include <stdint.h>

#include <pv/boot.h>
#include <pv/ops.h>
#include <pv/print.h>
#include <pv-xen/guest.h>
#include <pv-xen/hypercall.h>

#include <xen/errno.h>

/* The kinds of guest a case applies to. */
#define PV  1u
#define PVH 2u
#define ANY (PV | PVH)
/* It ends the guest: a boot of its own, on request by name; passed if the machine says so. */
#define FATAL 4u
/* It changes the domain for good: after all others, in the order of the file. */
#define LAST 8u

/* One call and its result. */
struct row {
    const char *name;
    uint64_t args[5];
    long wanted;
    long
        also; /* what a hypervisor may answer as well that looks at the caller's rights first; 0: nothing */
};

struct conform_case {
    const char *subject, *name, *section;
    unsigned int kinds, cpus; /* CPUs needed */
    void (*run)(void);        /* null: rows of one hypercall */
    const struct row *rows;
    unsigned int count, number;
    /* Who calls a row; null: this domain. */
    long (*by)(const struct conform_case *test, const struct row *row);
};

/* A case by its number, and the number. */
const struct conform_case *conform_case_at(unsigned int number);
uint64_t conform_case_number(const struct conform_case *test);

#define CONFORM_RECORD(id) \
    static const struct conform_case record_##id \
        __attribute__((used, section(".pv_table_a"), aligned(8)))

#define CASE_CPUS(subject_, name_, section_, kinds_, cpus_) \
    static void case_##subject_##_##name_(void); \
    CONFORM_RECORD(subject_##_##name_) = { \
        .subject = #subject_, \
        .name = #name_, \
        .section = section_, \
        .kinds = kinds_, \
        .cpus = cpus_, \
        .run = case_##subject_##_##name_, \
    }; \
    static void case_##subject_##_##name_(void)
/* A case of one function; its body follows. */
#define CASE(subject_, name_, section_, kinds_) CASE_CPUS(subject_, name_, section_, kinds_, 1)

/* A table of calls of one hypercall; `struct row id[]` comes before. */
#define ROWS(subject_, id, number_, section_, kinds_) \
    CONFORM_RECORD(subject_##_##id) = { \
        .subject = #subject_, \
        .section = section_, \
        .kinds = kinds_, \
        .cpus = 1, \
        .rows = id, \
        .count = sizeof(id) / sizeof((id)[0]), \
        .number = number_, \
    }

/* A structure of a row's argument: its address. */
#define AT(type, ...) \
    (uint64_t) & (type) \
    { \
        __VA_ARGS__ \
    }

/* The value of an expression is what it should be; else the case fails, and goes on. */
#define EXPECT(expression, wanted) \
    conform_expect((long)(expression), (long)(wanted), #expression, __LINE__)
/* The same, and the case ends where it fails. */
#define REQUIRE(expression, wanted) \
    do { \
        if (!EXPECT(expression, wanted)) \
            return; \
    } while (0)
/* Something holds. */
#define EXPECT_TRUE(condition) conform_expect(!!(condition), 1, #condition, __LINE__)
/* What must not happen did; false. */
#define FAILED(what) conform_expect(1, 0, what, __LINE__)

bool conform_expect(long value, long wanted, const char *what, unsigned int line);
/* What the case found, printed with its result. */
void conform_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* This case does not apply here, for a reason: counted as skipped. */
void conform_skip(const char *why);

/* ---- faults ---- */

/* The last exception of a PROBE on this CPU; vector NO_FAULT when there was none. */
#define NO_FAULT 0xffffu
struct fault {
    uint64_t vector, error, address, rip, cs, rflags, rsp, ss;
    uint8_t mask; /* the upcall mask that the handler found */
};
extern volatile struct fault fault;

/* An instruction that may fault: the outcome is in `fault`. Operands after it, as asm's. */
#define PROBE(text, ...) \
    do { \
        fault.vector = NO_FAULT; \
        __asm__ volatile("771: " text "\n772:\n" \
                         "   .pushsection .pv_table_b, \"a\"\n" \
                         "   .quad 771b, 772b\n" \
                         "   .popsection\n" __VA_ARGS__); \
    } while (0)

/* Read or write a word somewhere; the exception's vector or NO_FAULT. */
uint64_t probe_read(const void *address, uint64_t *value);
uint64_t probe_write(void *address, uint64_t value);

/*
 * Code in user mode (PV), from one label of assembly to another; it ends by a system call or a fault.
 * What it had in RAX; `fault` tells of a fault or (vector SYSCALL) of the system call's frame.
 */
#define SYSCALL  0x100u
#define SYSENTER 0x101u
uint64_t conform_user(const char *code, const char *end);
/* Whether an exception came from there; it is dealt with then. */
struct pv_regs;
bool conform_from_user(struct pv_regs *regs);

/* ---- pages ---- */

#define PAGE_SIZE  4096ul
#define POOL_PAGES 192

/* Pages of the image, writable, cleared before each case. */
extern uint8_t conform_pool[POOL_PAGES][PAGE_SIZE];

static inline void *pool(unsigned int n)
{
    return conform_pool[n];
}

/* ---- pointers and numbers that must be refused ---- */

#define BAD_NULL     0x0ul                /* mapped in a PVH guest */
#define BAD_UNMAPPED 0xffffff0000000000ul /* of the kernel's half, nothing mapped there */
#define BAD_XEN      0xffff830000000000ul /* the hypervisor's own range */
#define BAD_HOLE     0x0000800000000000ul /* not canonical */
#define BAD_TOP      0xfffffffffffffff8ul /* wraps around */
#define NO_DOMAIN    0x7fe0u              /* a domain that does not exist */

/* Another CPU runs a function once; on return it is done. Interrupts are off on it. */
bool conform_on_cpu(unsigned int cpu, void (*function)(void *), void *argument);
/* The same, without waiting; and the wait. */
bool conform_start_on_cpu(unsigned int cpu, void (*function)(void *), void *argument);
void conform_wait_cpu(unsigned int cpu);
/* Until another CPU sleeps in the hypervisor; false, and the case failed, if it does not for long. */
bool conform_wait_asleep(unsigned int cpu);

/* After an exception: this CPU goes back to waiting for work, and its job is over. */
void conform_restart_cpu(struct pv_regs *regs);

/* An interrupt by a vector of a case's own (apic.c). */
void conform_vector(uint8_t vector);

/* Nanoseconds passing. */
void conform_delay(uint64_t ns);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the ways in, the platforms and the start share; internal to the library. */
#ifndef PV_START_H
#define PV_START_H

/* How the image was entered, and what info points to then. */
#define PV_ENTRY_MULTIBOOT 1 /* physical address of the multiboot information */
#define PV_ENTRY_PVH       2 /* physical address of the start info */
#define PV_ENTRY_DIRECT    3 /* a hypervisor's own entry: virtual address of its start info */

#define PV_ENTRY_PROCESSOR 4 /* another CPU, through the trampoline */

/* Guest physical page where other CPUs start in real mode. */
#define PV_TRAMPOLINE 0x8000

/* Where in the image the multiboot header stands: 32 bytes before the file's first 8,192 end. */
#define PV_HEADER_OFFSET (8192 - 4096 - 32)

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stdint.h>

#include <pv/boot.h>
#include <pv/cpu.h>
#include <pv/oplist.h>

/* What pv/ops.h and site.h record of a site; distances are from the field that has them. */
struct pv_site {
    int32_t code;   /* the site itself */
    int32_t call;   /* its call through pv_ops: the same, or in a stub out of line */
    int32_t native; /* native code with the site's operands */
    uint8_t op, length, native_length, reserved;
};

/* What a site of an operation becomes; the first that applies. */
struct pv_code {
    const void *function;        /* what it calls: until it is patched, and else for good */
    bool native;                 /* the site's own native code */
    const void *code, *code_end; /* code of exactly a site's length */
    /* Code made for a site out of its native code; its length, which must be the site's. */
    unsigned int (*encode)(const uint8_t *native, unsigned int length, uint8_t out[16]);
};

/*
 * A place the kernel may find itself in.  One constant structure each, in section .pv_platforms; the
 * one of the highest rank that says yes is taken.
 */
struct pv_platform {
    const char *name;
    unsigned int rank;
    bool (*here)(unsigned int how, uint64_t info);
    /* GS base, descriptor tables and traps of the CPU this runs on, whose number is given. */
    void (*cpu_init)(unsigned int cpu);
    /* Put this place's own codes over the native ones. */
    void (*bind)(struct pv_code codes[PV_OPS]);
    /* Memory, command line and so on, over what the entry told; devices that operations use. */
    void (*describe)(unsigned int how, uint64_t info, struct pv_boot *boot);
};

#define PV_PLATFORM(id) \
    static const struct pv_platform platform_##id \
        __attribute__((used, section(".pv_platforms"), aligned(8)))

/* Boot-time code: the only code that may call through pointers (tools/guest-check). */
#define PV_BOOT_CODE __attribute__((section(".text.boot")))

/* Both ways in end here. */
void pv_start(unsigned int how, uint64_t info) __attribute__((noreturn));

/* An operation replaced by a direct call of a function. */
void pv_bind_call(struct pv_code *code, const void *function);
#define PV_BIND(codes, op, function) pv_bind_call(&(codes)[PV_OP_##op], (const void *)(function))
/* An operation replaced by code between two labels of assembly. */
#define PV_BIND_CODE(codes, op, label) \
    do { \
        extern const char label[], label##_end[]; \
        (codes)[PV_OP_##op] = \
            (struct pv_code){ .function = label, .code = label, .code_end = label##_end }; \
    } while (0)
/* An operation replaced by each site's own native code. */
#define PV_BIND_NATIVE(codes, op, label) \
    do { \
        extern const char label[]; \
        (codes)[PV_OP_##op] = (struct pv_code){ .function = label, .native = true }; \
    } while (0)

/* Point all operations at their functions; then rewrite every site. */
void pv_bind(const struct pv_code codes[PV_OPS]);
void pv_patch(const struct pv_code codes[PV_OPS]);

/* The platforms' common parts for real descriptor tables, devices and processors. */
void native_cpu_init(unsigned int cpu);
void native_bind(struct pv_code codes[PV_OPS]);
void native_describe(unsigned int how, uint64_t info, struct pv_boot *boot);
void native_clock_init(void);

/* A CPU's first C function, on its own stack. */
void pv_cpu_enter(unsigned int cpu) __attribute__((noreturn));

/* Every exception and interrupt, from the entries in assembly. */
struct pv_regs;
void pv_dispatch(struct pv_regs *regs);
/* What the interrupt operation is natively. */
void native_interrupt(struct pv_regs *regs);

extern const struct pv_platform *pv_platform;

#endif
#endif

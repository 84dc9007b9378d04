/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin of QEMU's that counts instructions, a hypervisor's and all others: -plugin count.so,out=FILE.
 *
 * A line is written when a mark is executed (test/system/progs/measure.c) or the address at=N is:
 * what it was, the instructions of the hypervisor so far, those of everybody else.  With profile=yes a mark
 * also writes what each of the hypervisor's instructions was executed, and counts anew.
 *
 * No header of this interface is packaged: what is used of it is declared here (QEMU's documentation,
 * "TCG Plugins", version 1).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

struct qemu_info;
struct translation;
struct instruction;

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*f)(uint64_t, struct translation *));
size_t qemu_plugin_tb_n_insns(const struct translation *tb);
struct instruction *qemu_plugin_tb_get_insn(const struct translation *tb, size_t n);
uint64_t qemu_plugin_insn_vaddr(const struct instruction *insn);
size_t qemu_plugin_insn_size(const struct instruction *insn);
const void *qemu_plugin_insn_data(const struct instruction *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct instruction *insn, int add, void *counter,
                                                uint64_t by);
void qemu_plugin_register_vcpu_insn_exec_cb(struct instruction *insn,
                                            void (*f)(unsigned int, void *), int no_registers,
                                            void *data);
EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv);
EXPORT extern int qemu_plugin_version;
int qemu_plugin_version = 1;

/* Where both hypervisors have their code: the slots of the page tables that a PV guest leaves to them. */
#define HYPERVISOR_START 0xffff800000000000
#define HYPERVISOR_END   0xffff880000000000
#define PLACES           (1u << 18) /* instructions of the hypervisor that can be told apart */

static struct {
    uint64_t address, count;
} places[PLACES];
static uint64_t inside, outside, stop;
static int profiling;
static FILE *out;

static uint64_t *place(uint64_t address)
{
    uint32_t at = (uint32_t)(address * 0x9e3779b97f4a7c15 >> 46);

    while (places[at].address && places[at].address != address)
        at = (at + 1) % PLACES;
    places[at].address = address;
    return &places[at].count;
}

static void passed(unsigned int cpu, void *what)
{
    (void)cpu;
    fprintf(out, "%s %" PRIu64 " %" PRIu64 "\n", (char *)what, inside, outside);
    for (uint32_t i = 0; profiling && i < PLACES; i++) {
        if (places[i].count)
            fprintf(out, "  %" PRIx64 " %" PRIu64 "\n", places[i].address, places[i].count);
        places[i].count = 0;
    }
    fflush(out);
}

/* A mark is a no-operation that nothing else contains: nopl 0x5a544d4b(%rax). */
static int is_mark(const struct instruction *insn)
{
    return qemu_plugin_insn_size(insn) == 7 &&
           !memcmp(qemu_plugin_insn_data(insn), "\x0f\x1f\x80KMTZ", 7);
}

static void translated(uint64_t id, struct translation *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct instruction *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);
        int its = address >= HYPERVISOR_START && address < HYPERVISOR_END;

        qemu_plugin_register_vcpu_insn_exec_inline(insn, 0, its ? &inside : &outside, 1);
        if (its && profiling)
            qemu_plugin_register_vcpu_insn_exec_inline(insn, 0, place(address), 1);
        if (is_mark(insn))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, passed, 0, "mark");
        if (address == stop)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, passed, 0, "at");
    }
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "out=", 4))
            out = fopen(argv[i] + 4, "w");
        if (!strncmp(argv[i], "at=", 3))
            stop = strtoull(argv[i] + 3, NULL, 16);
        profiling |= !strcmp(argv[i], "profile=yes");
    }
    if (out)
        qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return out ? 0 : -1;
}

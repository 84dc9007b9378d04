/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder against this machine's CPU, on random instructions of 64-bit and 32-bit code.  One stands at the end of a page
 * behind which is none: the CPU faults there until all of its bytes are before that end, which tells its length.
 * Then it is run, one step, and registers are compared.
 */
#define _GNU_SOURCE
#include "cmocka_all.h"

#include "x86/decode.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define TRIES 30000u
#define BYTES (INSTRUCTION_MAX + 1u)
#define PAGE  4096ul
#define CS_32 0x23 /* Linux's, of 32-bit code */
#define TRAP  0x100l
#define REGS  16u

_Noreturn void arch_panic(const char *file, int line, const char *what)
{
    fail_msg("%s:%d: %s", file, line, what);
    abort();
}

/* Where code is put: far from all else, so that addresses relative to it lead to nothing; and a base that leads
 * to nothing either, nor times 2 to 8: it is not canonical. */
static const struct mode {
    bool wide;
    uint64_t page, wild;
} modes[] = { { true, 0x300000000000, 0x7f0f0f0f0f0f0f0f }, { false, 0x10000000, 0x0f0f0f0f } };
static const struct mode *mode;

/* Where signals have registers, by their numbers in instructions. */
static const int place_of[REGS] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                    REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                    REG_R12, REG_R13, REG_R14, REG_R15 };

/* ---- one step of the CPU's ---- */

static struct {
    uint64_t at, regs[REGS]; /* before, then after it */
    uint64_t rip;
    int signal;
    bool short_of; /* a byte behind the page was asked for */
} step;
static ucontext_t home;

static void begin_step(int signal, siginfo_t *info, void *context)
{
    ucontext_t *c = context;

    (void)signal, (void)info;
    memcpy(home.uc_mcontext.gregs, c->uc_mcontext.gregs, sizeof(home.uc_mcontext.gregs));
    for (unsigned int i = 0; i < REGS; i++)
        c->uc_mcontext.gregs[place_of[i]] = (greg_t)step.regs[i];
    c->uc_mcontext.gregs[REG_RIP] = (greg_t)step.at;
    c->uc_mcontext.gregs[REG_EFL] |= TRAP;
    if (!mode->wide)
        c->uc_mcontext.gregs[REG_CSGSFS] = (c->uc_mcontext.gregs[REG_CSGSFS] & ~0xffffl) | CS_32;
}

static void end_step(int signal, siginfo_t *info, void *context)
{
    ucontext_t *c = context;

    step.signal = signal;
    step.rip = (uint64_t)c->uc_mcontext.gregs[REG_RIP];
    step.short_of = signal == SIGSEGV && (uint64_t)info->si_addr == mode->page + PAGE &&
                    step.rip == step.at;
    for (unsigned int i = 0; i < REGS; i++)
        step.regs[i] = (uint64_t)c->uc_mcontext.gregs[place_of[i]];
    memcpy(c->uc_mcontext.gregs, home.uc_mcontext.gregs, sizeof(home.uc_mcontext.gregs));
}

/* As many bytes, at the page's end. */
static void run(const uint8_t *bytes, unsigned int count, const uint64_t *regs)
{
    step.at = mode->page + PAGE - count;
    memcpy((void *)step.at, bytes, count);
    memcpy(step.regs, regs, sizeof(step.regs));
    raise(SIGUSR1);
}

/* In the test itself: cmocka takes signals for its own before that. */
static void prepare(void)
{
    static const int ends[] = { SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE };
    static char stack[65536];
    const stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
    struct sigaction a = { .sa_sigaction = begin_step, .sa_flags = SA_SIGINFO | SA_ONSTACK };

    assert_int_equal(sigaltstack(&other, NULL), 0);
    sigaction(SIGUSR1, &a, NULL);
    a.sa_sigaction = end_step;
    for (unsigned int i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        sigaction(ends[i], &a, NULL);
    for (unsigned int i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        assert_ptr_equal(mmap((void *)modes[i].page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                         (void *)modes[i].page);
}

/* ---- instructions ---- */

/* Prefixes, perhaps, an opcode that the decoder knows, and whatever follows. */
static void make(uint8_t *bytes)
{
    static const uint8_t prefixes[] = { 0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x3e, 0xf0 };
    unsigned int at = 0;

    for (unsigned int i = 0; i < BYTES; i++)
        bytes[i] = (uint8_t)(rand() >> 8);
    while (rand() % 3 == 0 && at < 3)
        bytes[at++] = prefixes[(unsigned int)rand() % sizeof(prefixes)];
    if (mode->wide && rand() % 2)
        bytes[at++] = (uint8_t)(0x40 | (rand() >> 8 & 15));
    if (rand() % 3 == 0)
        bytes[at] = 0x0f;
}

/* What must not be run in this process: segments that it uses, and what is no memory's of group 0f 01, such as
 * a change of protection keys. */
static bool harms(const struct instruction *i)
{
    return i->segment == 0x64 || i->segment == 0x65 ||
           (i->extended && i->opcode == 0x01 && i->mod == 3);
}

/* What the decoder says of operands, put into effect: moves between registers, and numbers into them. */
static bool do_move(struct regs *regs, const struct instruction *i)
{
    uint64_t value;

    if (i->extended || i->mod != 3)
        return false;
    switch (i->opcode) {
    case 0x88:
    case 0x89: decode_write(regs, i, i->rm, decode_read(regs, i, i->reg)); return true;
    case 0x8a:
    case 0x8b: decode_write(regs, i, i->reg, decode_read(regs, i, i->rm)); return true;
    case 0x86:
    case 0x87:
        value = decode_read(regs, i, i->rm);
        decode_write(regs, i, i->rm, decode_read(regs, i, i->reg));
        decode_write(regs, i, i->reg, value);
        return true;
    case 0xc6:
    case 0xc7: decode_write(regs, i, i->rm, (uint64_t)i->immediate); return true;
    }
    return false;
}

static void compare_registers(const struct instruction *i, const uint64_t *before)
{
    struct regs regs;

    memset(&regs, 0, sizeof(regs));
    for (unsigned int n = 0; n < REGS; n++)
        *decode_register(&regs, n) = before[n];
    if (step.signal != SIGTRAP || !do_move(&regs, i))
        return;
    for (unsigned int n = 0; n < REGS; n++)
        assert_int_equal(*decode_register(&regs, n), step.regs[n]);
}

/* What the CPU knows nothing of says nothing: it need not have looked at all bytes.  False: that. */
static bool compare(const uint8_t *bytes, const struct instruction *i)
{
    uint64_t before[REGS];

    for (unsigned int n = 0; n < REGS; n++)
        before[n] = mode->wild;
    if (i->has_modrm && i->mod == 3)
        for (unsigned int n = 0; n < REGS; n++)
            before[n] = mode->wild ^ ((uint32_t)rand() & 0x7fffffff);
    run(bytes, i->length, before);
    if (step.signal == SIGILL)
        return false;
    assert_false(step.short_of); /* it is longer */
    compare_registers(i, before);
    if (i->length > 1) {
        run(bytes, i->length - 1u, before);
        assert_true(step.short_of || step.signal == SIGILL); /* it is shorter */
    }
    return true;
}

static void as_this_cpu(void **state)
{
    (void)state;
    prepare();
    srand(1);
    for (mode = modes; mode < modes + sizeof(modes) / sizeof(modes[0]); mode++) {
        unsigned int compared = 0;

        for (unsigned int n = 0; n < TRIES; n++) {
            uint8_t bytes[BYTES];
            struct instruction i;

            make(bytes);
            if (decode(bytes, BYTES, mode->wide, &i) && !harms(&i))
                compared += compare(bytes, &i);
        }
        assert_true(compared > TRIES / 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(as_this_cpu) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

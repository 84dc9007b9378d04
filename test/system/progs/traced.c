/* SPDX-License-Identifier: Apache-2.0 */
/* A debugger's tools: single steps, an int3, a hardware breakpoint and a watchpoint on a child. */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS     500
#define DR7_EXEC  0x1ul      /* breakpoint 0, local, instruction */
#define DR7_WRITE 0xd00004ul /* breakpoint 1, local: writes, 4 bytes */

static volatile int watched;

static void __attribute__((noinline)) stop_here(void)
{
    asm volatile("" : : : "memory");
}

static void child(void)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    for (int i = 0; i < STEPS; i++) /* something to step through */
        asm volatile("" : : "r"(i) : "memory");
    stop_here();
    watched = 7;
    asm volatile("int3");
    _exit(watched == 7 ? 0 : 1);
}

static int stopped_by(pid_t pid, int sig)
{
    int status;

    return waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == sig;
}

static int set_debug(pid_t pid, int number, unsigned long value)
{
    return ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg) + 8 * number, value) == 0;
}

static unsigned long debug6(pid_t pid)
{
    return ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, u_debugreg) + 8 * 6, 0);
}

/* Each step is one instruction: rip moves, and no flag TF is left in what the child sees. */
static int steps(pid_t pid)
{
    struct user_regs_struct before, after;

    for (int i = 0; i < STEPS; i++) {
        ptrace(PTRACE_GETREGS, pid, NULL, &before);
        if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) || !stopped_by(pid, SIGTRAP))
            return 0;
        ptrace(PTRACE_GETREGS, pid, NULL, &after);
        if (before.rip == after.rip)
            return 0;
    }
    return 1;
}

static int breakpoint(pid_t pid)
{
    struct user_regs_struct regs;

    if (!set_debug(pid, 0, (unsigned long)stop_here) || !set_debug(pid, 7, DR7_EXEC) ||
        ptrace(PTRACE_CONT, pid, NULL, NULL) || !stopped_by(pid, SIGTRAP))
        return 0;
    ptrace(PTRACE_GETREGS, pid, NULL, &regs);
    return regs.rip == (unsigned long)stop_here && (debug6(pid) & 1);
}

static int watchpoint(pid_t pid)
{
    if (!set_debug(pid, 7, 0) || !set_debug(pid, 1, (unsigned long)&watched) ||
        !set_debug(pid, 7, DR7_WRITE) || ptrace(PTRACE_CONT, pid, NULL, NULL) ||
        !stopped_by(pid, SIGTRAP))
        return 0;
    return ptrace(PTRACE_PEEKDATA, pid, &watched, NULL) % 256 == 7 && (debug6(pid) & 2);
}

static int int3(pid_t pid)
{
    return set_debug(pid, 7, 0) && ptrace(PTRACE_CONT, pid, NULL, NULL) == 0 &&
           stopped_by(pid, SIGTRAP);
}

static int ends_well(pid_t pid)
{
    int status;

    ptrace(PTRACE_CONT, pid, NULL, NULL);
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(void)
{
    static const struct {
        const char *name;
        int (*run)(pid_t);
    } cases[] = {
        { "breakpoint", breakpoint },
        { "watchpoint", watchpoint },
        { "int3", int3 },
        { "its end", ends_well },
    };
    pid_t stepped = fork(), pid;
    int bad = 0;

    if (stepped == 0)
        child();
    if (!stopped_by(stepped, SIGSTOP) || !steps(stepped)) {
        printf("traced: single steps\n");
        bad = 1;
    }
    kill(stepped, SIGKILL);
    waitpid(stepped, NULL, 0);
    pid = fork();
    if (pid == 0)
        child();
    if (!stopped_by(pid, SIGSTOP))
        return 1;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (!cases[i].run(pid)) {
            printf("traced: %s\n", cases[i].name);
            bad = 1;
        }
    return bad;
}

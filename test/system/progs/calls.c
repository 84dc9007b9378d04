/* SPDX-License-Identifier: Apache-2.0 */
/* System calls of a 64-bit process: syscall, int 0x80; an LDT segment; a fault and its signal. */
#include <asm/ldt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GETPID_32 20 /* of the 32-bit table, which int 0x80 uses in any process */

static sigjmp_buf back;
static volatile int depth;
static volatile int *volatile bad_page = (int *)16; /* nothing is mapped there */

static int int80_getpid(void)
{
    long ret;

    asm volatile("int $0x80" : "=a"(ret) : "a"(GETPID_32) : "memory", "r8", "r9", "r10", "r11");
    return (int)ret;
}

/* A second fault inside the handler of the first must come back as well. */
static void on_fault(int sig)
{
    if (++depth == 1)
        *bad_page = 1;
    siglongjmp(back, sig);
}

static int faults_come_back(void)
{
    struct sigaction act = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

    sigaction(SIGSEGV, &act, NULL);
    sigaction(SIGILL, &act, NULL);
    if (sigsetjmp(back, 1) == 0)
        *bad_page = 1;
    if (depth != 2)
        return 0;
    if (sigsetjmp(back, 1) == 0)
        asm volatile("ud2");
    return depth == 3;
}

/* The LDT selector is loaded into %gs, which a static 64-bit program does not use. */
static int ldt_read(void)
{
    uint32_t got, *low;
    struct user_desc desc = { .entry_number = 3, .limit = 0xfff, .seg_32bit = 1, .useable = 1 };

    low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (low == MAP_FAILED)
        return 0;
    low[1] = 0x5eed1234;
    desc.base_addr = (uint32_t)(uintptr_t)low;
    if (syscall(SYS_modify_ldt, 1, &desc, sizeof(desc)))
        return 0;
    asm volatile("mov %1, %%gs; mov %%gs:4, %0" : "=r"(got) : "r"(3 << 3 | 7) : "memory");
    return got == 0x5eed1234;
}

static int ports_open(void)
{
    if (ioperm(0x80, 1, 1))
        return 0;
    outb(0, 0x80);
    if (iopl(3))
        return 0;
    (void)inb(0x71);
    return 1;
}

int main(void)
{
    const struct {
        const char *name;
        int ok;
    } results[] = {
        { "int 0x80", int80_getpid() == getpid() },
        { "nested faults", faults_come_back() },
        { "LDT segment", ldt_read() },
        { "I/O ports", ports_open() },
    };
    int bad = 0;

    for (unsigned i = 0; i < sizeof(results) / sizeof(results[0]); i++)
        if (!results[i].ok) {
            printf("calls: %s\n", results[i].name);
            bad = 1;
        }
    return bad;
}

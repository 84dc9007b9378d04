/* SPDX-License-Identifier: Apache-2.0 */
/* FPU and AVX registers are kept over context switches, and page tables over storms of forks. */
#include <immintrin.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 8
#define ROUNDS  2000
#define FORKS   300
#define PAGES   64

/* Each process holds a pattern of its own in a vector register while the others run. */
__attribute__((target("avx"))) static int keeps_avx(int id)
{
    double seen[4];
    __m256d value = _mm256_set1_pd(id + 0.5);

    for (int i = 0; i < ROUNDS; i++) {
        asm volatile("" : "+x"(value));
        sched_yield();
        asm volatile("vmovupd %1, %0" : "=m"(seen) : "x"(value));
        for (int k = 0; k < 4; k++)
            if (seen[k] != id + 0.5)
                return 0;
    }
    return 1;
}

static int keeps_x87(int id)
{
    long double value = id + 0.25L;

    for (int i = 0; i < ROUNDS; i++) {
        asm volatile("" : "+t"(value));
        sched_yield();
        if (value != id + 0.25L)
            return 0;
    }
    return 1;
}

static int wait_all(void)
{
    int status, bad = 0;

    while (wait(&status) > 0)
        bad |= status;
    return !bad;
}

static int workers(void)
{
    int avx = __builtin_cpu_supports("avx");

    for (int id = 0; id < WORKERS; id++)
        if (fork() == 0)
            _exit(!(avx && id % 2 ? keeps_avx(id) : keeps_x87(id)));
    return wait_all();
}

/* Copy-on-write in every child, with mappings made and dropped: page tables come and go. */
static int storm(void)
{
    char *area = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                      0);

    memset(area, 7, PAGES * 4096);
    for (int i = 0; i < FORKS; i++) {
        if (fork() == 0) {
            int bad = 0;

            for (int page = 0; page < PAGES; page++) {
                bad |= area[page * 4096] != 7;
                area[page * 4096] = (char)i;
            }
            mprotect(area, 4096, PROT_READ);
            _exit(bad | munmap(area, PAGES * 4096));
        }
        if (i % WORKERS == WORKERS - 1 && !wait_all())
            return 0;
    }
    return wait_all() && area[0] == 7;
}

int main(void)
{
    int bad = 0;

    if (!workers() && (bad = 1))
        puts("context: FPU state lost");
    if (!storm() && (bad = 1))
        puts("context: memory wrong after fork");
    return bad;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The monotonic clock never goes back, whichever CPU reads it; a short sleep ends. */
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define THREADS 4
#define ROUNDS  20000

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static long long latest;
static int bad;

static long long now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void *reader(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&turn);
        long long t = now();

        if (t < latest)
            bad = 1;
        latest = t;
        pthread_mutex_unlock(&turn);
    }
    return unused;
}

int main(void)
{
    struct timespec pause = { .tv_nsec = 10000000 };
    pthread_t threads[THREADS];
    long long before = now();

    nanosleep(&pause, NULL);
    if (now() - before < pause.tv_nsec)
        bad = 1;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, reader, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    if (bad)
        puts("moments: the clock went back");
    return bad;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that changes all the time and must never change by itself: kept MIB FILE [RATE].  All words are
 * kept in a sum that is carried along with each change; after each round the whole is added up anew.
 * FILE has the number of rounds, or "broken" for good.  Without a rate, words here and there change in
 * each tenth of a second; with one, so many MiB each second, page after page, by CLOCK_MONOTONIC: FILE
 * has rounds (of a second), pages written, and nanoseconds since the first.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PAGE_WORDS 512u
#define SECOND     1000000000l
#define TURN       10000000l /* ns between bursts of a rate */

static volatile uint64_t *words;
static uint64_t count, sum, state = 88172645463325252;
static const char *path;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void say(const char *text)
{
    char scratch[256];
    FILE *file;

    snprintf(scratch, sizeof(scratch), "%s.new", path);
    file = fopen(scratch, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) || rename(scratch, path))
        exit(1);
}

static uint64_t add_up(void)
{
    uint64_t all = 0;

    for (uint64_t i = 0; i < count; i++)
        all += words[i] * (i | 1);
    return all;
}

static void change(uint64_t at)
{
    uint64_t value = next();

    sum += (value - words[at]) * (at | 1);
    words[at] = value;
}

static long now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

/* So many pages each second, whatever time the sums took. */
static void by_rate(unsigned long pages_a_second)
{
    unsigned long pages = 0;
    long began = now();
    char text[128];

    for (unsigned long round = 1;; round++) {
        while (pages < pages_a_second * round) {
            unsigned long due = (unsigned long)((double)(now() - began) / SECOND * pages_a_second);

            for (; pages < due; pages++)
                for (unsigned int i = 0; i < PAGE_WORDS; i++)
                    change(pages * PAGE_WORDS % count + i);
            usleep(TURN / 1000);
        }
        if (round % 2 == 0 && add_up() != sum)
            return;
        snprintf(text, sizeof(text), "%lu %lu %ld\n", round, pages, now() - began);
        say(text);
    }
}

static void here_and_there(void)
{
    char text[32];

    for (unsigned long round = 1;; round++) {
        for (unsigned int i = 0; i < 4096; i++)
            change(next() % count);
        if (add_up() != sum)
            return;
        snprintf(text, sizeof(text), "%lu\n", round);
        say(text);
        usleep(100000);
    }
}

int main(int argc, char **argv)
{
    count = argc >= 3 ? strtoull(argv[1], NULL, 10) << 17 : 0;
    words = count ? malloc(count * sizeof(*words)) : NULL;
    if (!words)
        return 1;
    path = argv[2];
    for (uint64_t i = 0; i < count; i++)
        words[i] = next();
    sum = add_up();
    if (argc > 3)
        by_rate(strtoul(argv[3], NULL, 10) << 8);
    else
        here_and_there();
    say("broken\n");
    return 1;
}

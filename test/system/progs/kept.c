/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that changes all the time and must never change by itself: kept MIB FILE.  All words are kept
 * in a sum that is carried along with each change; after each round the whole is added up anew.  FILE
 * has the number of rounds, or "broken" for good.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void say(const char *path, const char *format, unsigned long value)
{
    char scratch[256];
    FILE *file;

    snprintf(scratch, sizeof(scratch), "%s.new", path);
    file = fopen(scratch, "w");
    if (!file || fprintf(file, format, value) < 0 || fclose(file) || rename(scratch, path))
        exit(1);
}

static uint64_t add_up(const volatile uint64_t *words, uint64_t count)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < count; i++)
        sum += words[i] * (i | 1);
    return sum;
}

int main(int argc, char **argv)
{
    uint64_t count = argc == 3 ? strtoull(argv[1], NULL, 10) << 17 : 0, state = 88172645463325252;
    volatile uint64_t *words = count ? malloc(count * sizeof(*words)) : NULL;
    uint64_t sum;

    if (!words)
        return 1;
    for (uint64_t i = 0; i < count; i++)
        words[i] = next(&state);
    sum = add_up(words, count);
    for (unsigned long round = 1;; round++) {
        for (unsigned int i = 0; i < 4096; i++) {
            uint64_t at = next(&state) % count, value = next(&state);

            sum += (value - words[at]) * (at | 1);
            words[at] = value;
        }
        if (add_up(words, count) != sum)
            break;
        say(argv[2], "%lu\n", round);
        usleep(100000);
    }
    say(argv[2], "broken\n", 0);
    return 1;
}

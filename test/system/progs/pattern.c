/* SPDX-License-Identifier: Apache-2.0 */
/* Writes N MiB of numbers that never repeat: pattern N > FILE; checks them: pattern N < FILE check. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK (1 << 20)
#define WORDS (CHUNK / 8)

static uint64_t words[WORDS], found[WORDS];

static void fill(uint64_t *state)
{
    for (int i = 0; i < WORDS; i++) { /* xorshift: period 2^64 - 1 */
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        words[i] = *state;
    }
}

/* Whole chunks, whatever the size of single transfers; 0 at end or error. */
static int move(int check)
{
    char *at = (char *)(check ? found : words);

    for (ssize_t done = 0, n; done < CHUNK; done += n) {
        n = check ? read(0, at + done, CHUNK - done) : write(1, at + done, CHUNK - done);
        if (n <= 0)
            return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 0, check = argc > 2;
    uint64_t state = 0x9e3779b97f4a7c15, sum = 0, read_sum = 0;

    for (int i = 0; i < count; i++) {
        fill(&state);
        if (!move(check)) {
            perror("pattern");
            return 1;
        }
        for (int k = 0; k < WORDS; k++) {
            sum = sum * 31 + words[k];
            read_sum = read_sum * 31 + (check ? found[k] : words[k]);
        }
    }
    fprintf(stderr, "pattern: %d MiB, checksum %016llx\n", count, (unsigned long long)read_sum);
    return sum != read_sum;
}

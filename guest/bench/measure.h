/* SPDX-License-Identifier: Apache-2.0 */
/* One row: the least of several rounds, divided by the operations of a round. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <pv/ops.h>
#include <pv/print.h>

#define ROUNDS 5
#define OPS    64

static inline void row(const char *name, uint64_t value)
{
    pv_print("BENCH %lu %s\n", value, name);
}

/* Least of the rounds, the empty loop's cost taken off. */
#define MEASURE(op) \
    ({ \
        uint64_t least = ~0ul, empty = ~0ul; \
        for (unsigned int r = 0; r < ROUNDS; r++) { \
            uint64_t t0 = pv_ticks(); \
            for (unsigned int i = 0; i < OPS; i++) \
                op(i); \
            uint64_t t1 = pv_ticks(); \
            for (unsigned int i = 0; i < OPS; i++) \
                __asm__ volatile("" : : : "memory"); \
            uint64_t t2 = pv_ticks(); \
            least = t1 - t0 < least ? t1 - t0 : least; \
            empty = t2 - t1 < empty ? t2 - t1 : empty; \
        } \
        (least - empty) / OPS; \
    })

#endif

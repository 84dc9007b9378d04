/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_HARDWARE_H
#define BENCH_HARDWARE_H

/* The rows of a hardware guest. */
void bench_hardware(void);

#endif

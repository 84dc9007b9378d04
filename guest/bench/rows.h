/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of rows. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stdint.h>

#include <pv/boot.h>

/* Operations three ways: compiled in, through pv_ops, patched.  The second before patching. */
void bench_ops_before(const struct pv_boot *boot);
void bench_ops(const struct pv_boot *boot);

/* Of a PV guest: page tables; traps and instructions; events and timers; grants; two CPUs. */
void bench_page_tables(void);
void bench_traps(void);
void bench_user(void);
void bench_events(void);
void bench_grants(void);
void bench_pair(void);
/* Two domains, on one CPU and on two; the second of them is made for it. */
void bench_domains(void);
void bench_domains_pair(void);

/* Upcalls that xen_event() took. */
extern volatile unsigned int bench_events_seen;

#define PAGE             4096ul
#define PRESENT_WRITABLE 0x67ul /* present, writable, user, accessed, dirty */
#define PRESENT          0x65ul
#define POOL             300

/* Pages of the image for any use; whoever takes some puts their mappings back. */
extern uint8_t bench_pool[POOL][PAGE];

/* The page-table entry that maps a page of the image, with rights. */
uint64_t bench_entry(const void *page, uint64_t flags);
/* The machine address of the level-1 entry that maps a page of the image. */
uint64_t bench_entry_address(const void *page);
/* A page's mapping changed in place. */
void bench_remap(const void *page, uint64_t entry);
/* One extended operation (xen/xen.h, struct mmuext_op). */
long bench_extended(unsigned int command, uint64_t argument);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paravirtual operations by number.  Usable from assembly.
 *
 * A site calls through pv_ops when the kernel is loaded.  pv_patch() rewrites each one to what the
 * machine under it needs: code of exactly the site's length, or a direct call.  Code that is shorter
 * is stretched without further instructions: by longer encodings, and by prefixes without a meaning
 * (AMD APM 3, 1.2; Intel SDM 2, 2.1).
 */
#ifndef PV_OPLIST_H
#define PV_OPLIST_H

/* Interrupt flag. */
#define PV_OP_irq_flags   0
#define PV_OP_irq_restore 1
#define PV_OP_irq_disable 2
#define PV_OP_irq_enable  3
#define PV_OP_idle        4
#define PV_OP_halt        5
/* Control registers, MSRs. */
#define PV_OP_read_cr0  6
#define PV_OP_write_cr0 7
#define PV_OP_read_cr2  8
#define PV_OP_read_cr3  9
#define PV_OP_write_cr3 10
#define PV_OP_read_cr4  11
#define PV_OP_write_cr4 12
#define PV_OP_read_msr  13
#define PV_OP_write_msr 14
/* Page tables and TLBs. */
#define PV_OP_get_pte    15
#define PV_OP_set_pte    16
#define PV_OP_flush_tlb  17
#define PV_OP_flush_page 18
#define PV_OP_flush_all  19
#define PV_OP_table_new  20
#define PV_OP_table_free 21
/* Context switch (with write_cr3, and write_msr for segment bases). */
#define PV_OP_switch_stack 22
/* Time, console, other CPUs. */
#define PV_OP_time_ns       23
#define PV_OP_set_timer     24
#define PV_OP_console_write 25
#define PV_OP_ipi           26
#define PV_OP_cpu_start     27
#define PV_OP_power_off     28
/* Reached from assembly and from the library only. */
#define PV_OP_interrupt 29
#define PV_OP_swapgs    30
#define PV_OP_iret      31
#define PV_OPS          32

/* Bytes of a site without operands: those of the indirect call or jump. */
#define PV_SITE_LENGTH 6

#endif

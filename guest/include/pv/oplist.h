/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paravirtual operations: their numbers, and how many bytes a call site of each has.
 *
 * A site is an indirect call through pv_ops when the kernel is loaded.  pv_patch() rewrites each one
 * to what the machine under it needs: code of exactly the site's length, or a direct call.
 * Lengths are those of the native code, stretched without further instructions (longer encodings,
 * prefixes without a meaning; AMD APM 3, 1.2 and Intel SDM 2, 2.1), and at least the six bytes of
 * the indirect call.  Usable from assembly.
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
/* Context switch (with write_cr3). */
#define PV_OP_switch_stack 22
#define PV_OP_set_fs_base  23
/* Time, console, other CPUs. */
#define PV_OP_time_ns       24
#define PV_OP_set_timer     25
#define PV_OP_console_write 26
#define PV_OP_ipi           27
#define PV_OP_cpu_start     28
#define PV_OP_power_off     29
/* Reached from assembly and from the library only. */
#define PV_OP_interrupt 30
#define PV_OP_swapgs    31
#define PV_OP_iret      32
#define PV_OPS          33

#define PV_LEN_irq_flags     9
#define PV_LEN_irq_restore   6
#define PV_LEN_irq_disable   6
#define PV_LEN_irq_enable    6
#define PV_LEN_idle          6
#define PV_LEN_halt          6
#define PV_LEN_read_cr0      6
#define PV_LEN_write_cr0     6
#define PV_LEN_read_cr2      6
#define PV_LEN_read_cr3      6
#define PV_LEN_write_cr3     6
#define PV_LEN_read_cr4      6
#define PV_LEN_write_cr4     6
#define PV_LEN_read_msr      6
#define PV_LEN_write_msr     6
#define PV_LEN_get_pte       7
#define PV_LEN_set_pte       7
#define PV_LEN_flush_tlb     6
#define PV_LEN_flush_page    7
#define PV_LEN_flush_all     6
#define PV_LEN_table_new     6
#define PV_LEN_table_free    6
#define PV_LEN_switch_stack  9
#define PV_LEN_set_fs_base   16
#define PV_LEN_time_ns       6
#define PV_LEN_set_timer     6
#define PV_LEN_console_write 6
#define PV_LEN_ipi           6
#define PV_LEN_cpu_start     6
#define PV_LEN_power_off     6
#define PV_LEN_interrupt     6
#define PV_LEN_swapgs        6
#define PV_LEN_iret          6

/* A list by macros, whose form the formatter changes at each run. */
/* clang-format off */
#define PV_OP_LIST(X) \
    X(irq_flags) \
    X(irq_restore) X(irq_disable) X(irq_enable) X(idle) X(halt) X(read_cr0) X(write_cr0) \
        X(read_cr2) X(read_cr3) X(write_cr3) X(read_cr4) X(write_cr4) X(read_msr) X(write_msr) \
            X(get_pte) X(set_pte) X(flush_tlb) X(flush_page) X(flush_all) X(table_new) \
                X(table_free) X(switch_stack) X(set_fs_base) X(time_ns) X(set_timer) \
                    X(console_write) X(ipi) X(cpu_start) X(power_off) X(interrupt) X(swapgs) \
                        X(iret)

#endif

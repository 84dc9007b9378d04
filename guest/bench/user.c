/* SPDX-License-Identifier: Apache-2.0 */
/* A system call of a PV guest's user mode: user tables of four levels, code, a stack. */
#include "measure.h"
#include "rows.h"

#include <pv-xen/guest.h>
#include <pv-xen/hypercall.h>

#include <xen/callback.h>

#define CODE  0x400000ul
#define STACK 0x401000ul
#define CALLS 64

void bench_user_enter(uint64_t code, uint64_t stack);
extern const char bench_syscall[], bench_user_code[], bench_user_code_end[];

/* Of the pool: level 1 to 4, code, stack, and the kernel's stack. */
enum { L1 = 40, L2, L3, L4, CODE_PAGE, STACK_PAGE, KERNEL_STACK };

static void build(void)
{
    uint64_t *l1 = (uint64_t *)bench_pool[L1];

    l1[CODE / PAGE % 512] = bench_entry(bench_pool[CODE_PAGE], PRESENT);
    l1[STACK / PAGE % 512] = bench_entry(bench_pool[STACK_PAGE], PRESENT_WRITABLE);
    *(uint64_t *)bench_pool[L3] = bench_entry(bench_pool[L2], PRESENT_WRITABLE);
    *(uint64_t *)bench_pool[L4] = bench_entry(bench_pool[L3], PRESENT_WRITABLE);
    ((uint64_t *)bench_pool[L2])[CODE >> 21] = bench_entry(l1, PRESENT_WRITABLE);
    for (unsigned int i = L1; i <= L4; i++)
        bench_remap(bench_pool[i], bench_entry(bench_pool[i], PRESENT));
    bench_extended(MMUEXT_PIN_L4_TABLE, xen_frame_of(bench_pool[L4]));
    bench_extended(MMUEXT_NEW_USER_BASEPTR, xen_frame_of(bench_pool[L4]));
}

void bench_user(void)
{
    struct callback_register callback = { .type = CALLBACKTYPE_syscall,
                                          .address = (unsigned long)bench_syscall };
    uint64_t least = ~0ul;

    hypercall2(__HYPERVISOR_callback_op, CALLBACKOP_register, &callback);
    hypercall2(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS, bench_pool[KERNEL_STACK] + PAGE);
    __builtin_memcpy(bench_pool[CODE_PAGE], bench_user_code,
                     (uint64_t)(bench_user_code_end - bench_user_code));
    build();
    for (unsigned int r = 0; r < ROUNDS; r++) {
        uint64_t took;

        bench_user_enter(CODE, STACK + PAGE / 2);
        took = *(volatile uint64_t *)(bench_pool[STACK_PAGE] + PAGE / 2 + 8);
        least = took < least ? took : least;
    }
    pv_irq_disable();
    /* The loop's own three instructions a turn are taken off. */
    row("system call from user mode to the guest kernel and back", least / CALLS - 3);
    hypercall2(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS, pv_stack_top(0));
    bench_extended(MMUEXT_NEW_USER_BASEPTR, 0);
}

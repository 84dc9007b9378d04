/* SPDX-License-Identifier: Apache-2.0 */
#ifndef X86_RESET_H
#define X86_RESET_H

/* Stop this CPU for good, interrupts off. */
_Noreturn void x86_halt(void);

/* One way each; they return when it did nothing. */
void x86_reset_chipset(void);
void x86_reset_keyboard(void);
void x86_reset_triple_fault(void);

/* Reset the machine by the chipset's reset register, the keyboard controller or a triple fault. */
_Noreturn void x86_reset(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef X86_RESET_H
#define X86_RESET_H

/* Stop this CPU for good, interrupts off. */
_Noreturn void x86_halt(void);

/* Reset the machine by the chipset's reset register, the keyboard controller or a triple fault. */
_Noreturn void x86_reset(void);

#endif

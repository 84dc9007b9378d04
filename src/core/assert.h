/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_ASSERT_H
#define CORE_ASSERT_H

/*
 * An invariant of ours is broken: print where, registers, backtrace and recent events, and stop the
 * host.  Never for what a guest may cause.
 */
_Noreturn void arch_panic(const char *file, int line, const char *what);

#define ASSERT(condition) ((condition) ? (void)0 : arch_panic(__FILE__, __LINE__, #condition))
#define BUG(what)         arch_panic(__FILE__, __LINE__, what)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_MAIN_H
#define BOOT_MAIN_H

#include <stdint.h>

/*
 * C's first function, called once by boot/start.S on the boot CPU: long mode, interrupts off, the
 * first 4 GiB mapped one to one.  magic and address are the loader's EAX and EBX.
 */
_Noreturn void boot_main(uint32_t magic, uint32_t address);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_console_io (xen/xen.h, CONSOLEIO_*): the privileged domain's way to the console. */
#ifndef ABI_CONSOLE_IO_H
#define ABI_CONSOLE_IO_H

#include "abi/door.h"

extern const struct door_op console_io_ops[];
extern const uint16_t console_io_op_count;

/* (command, count, address of count bytes).  write: 0; read: bytes taken; -EPERM: not privileged;
 * -EFAULT; -E2BIG: reading more than an int counts; -ENOSYS: no such command. */
hypercall_fn console_io;

#endif

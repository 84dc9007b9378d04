/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONSOLE_KEYS_H
#define CORE_CONSOLE_KEYS_H

/* Boot, once: bind the keys that show domains, vCPUs and memory, and those that end the machine. */
void console_keys_bind(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/pv/hypercall_page.h"

#include "core/types.h"
#include "lib/memory.h"

#include <xen/xen.h>

#define STUB 32   /* bytes a hypercall */
#define INT3 0xcc /* what no hypercall reaches */

struct code {
    const uint8_t *bytes;
    unsigned int size, number_at; /* number_at: of the 32-bit hypercall number */
};

/* SYSCALL takes rcx and r11 away (AMD APM 3, SYSCALL): the stub saves them. */
static const uint8_t plain_bytes[] = {
    0x51,                /* push %rcx */
    0x41, 0x53,          /* push %r11 */
    0xb8, 0,    0, 0, 0, /* mov  $number, %eax */
    0x0f, 0x05,          /* syscall */
    0x41, 0x5b,          /* pop  %r11 */
    0x59,                /* pop  %rcx */
    0xc3,                /* ret */
};

/* The first words of struct iret_context (xen/arch-x86/xen-x86_64.h); the guest pushes the rest. */
static const uint8_t iret_bytes[] = {
    0x51,                /* push %rcx */
    0x41, 0x53,          /* push %r11 */
    0x50,                /* push %rax */
    0xb8, 0,    0, 0, 0, /* mov  $number, %eax */
    0x0f, 0x05,          /* syscall */
};

static const struct code plain = { plain_bytes, sizeof(plain_bytes), 4 },
                         iret = { iret_bytes, sizeof(iret_bytes), 5 };

void hypercall_page_fill(void *page)
{
    memset(page, INT3, PAGE_SIZE);
    for (uint32_t nr = 0; nr < PAGE_SIZE / STUB; nr++) {
        const struct code *code = nr == __HYPERVISOR_iret ? &iret : &plain;
        uint8_t *stub = (uint8_t *)page + nr * STUB;

        memcpy(stub, code->bytes, code->size);
        memcpy(stub + code->number_at, &nr, sizeof(nr));
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls of hardware guests: by VMMCALL or VMCALL, from ring 0 (xen/arch-x86/xen-x86_64.h, _32.h). */
#include "x86/hvm/hypercall.h"

#include "abi/door.h"
#include "core/machine.h"
#include "lib/index.h"
#include "lib/memory.h"
#include "x86/hvm/exit.h"
#include "x86/hvm/vendor.h"

#define STUB 32
#define INT3 0xcc

void hvm_hypercall_page(void *page)
{
    static const uint8_t code[] = { 0xb8, 0, 0, 0, 0, 0x0f, 0x01, 0xd9, 0xc3 };
    static const uint8_t none[] = { 0x0f, 0x0b }; /* ud2: HYPERVISOR_iret is not theirs */

    memset(page, INT3, PAGE_SIZE);
    for (uint32_t nr = 0; nr < PAGE_SIZE / STUB; nr++) {
        uint8_t *stub = (uint8_t *)page + nr * STUB;

        if (nr == __HYPERVISOR_iret) {
            memcpy(stub, none, sizeof(none));
            continue;
        }
        memcpy(stub, code, sizeof(code));
        memcpy(stub + 1, &nr, sizeof(nr));
        memcpy(stub + 5, hvm_vendor->hypercall, 3);
    }
}

static uint32_t instruction(void)
{
    const uint8_t *code = hvm_vendor->hypercall;

    return code[0] | (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16;
}

static long call(struct x86_vcpu *v, bool wide)
{
    const struct regs *r = &v->regs;
    uint64_t nr = wide ? r->rax : (uint32_t)r->rax;

    if (nr >= DOOR_CALLS)
        return -XEN_ENOSYS;
    nr = index_safe(nr, DOOR_CALLS);
    if (!wide && !hypercall_hvm32[nr])
        return -XEN_ENOSYS;
    if (wide)
        return hypercall_hvm[nr](r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9);
    return hypercall_hvm32[nr]((uint32_t)r->rbx, (uint32_t)r->rcx, (uint32_t)r->rdx,
                               (uint32_t)r->rsi, (uint32_t)r->rdi, (uint32_t)r->rbp);
}

void hvm_exit_hypercall(struct x86_vcpu *v)
{
    bool wide = hvm_vendor->in_long_code(v);
    long result;

    if (hvm_vendor->privilege(v)) {
        v->regs.rax = (uint64_t)-XEN_EPERM;
        hvm_skip_whole(v);
        return;
    }
    v->core.narrow = !wide;
    irq_on();
    result = call(v, wide);
    irq_off();
    v->core.narrow = false;
    if (result == DOOR_RESTART)
        return;
    v->regs.rax = wide ? (uint64_t)result : (uint32_t)result;
    hvm_skip_likely(v, instruction(), 3);
}

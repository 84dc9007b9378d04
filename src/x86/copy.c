/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between Zeroth and the current vCPU's memory, through its own page tables. */
#include "x86/copy.h"

#include "x86/guest.h"
#include "x86/hvm/memory.h"
#include "x86/pv/baseptr.h"

/* Words, then bytes; what is left to do when a byte cannot be reached, in bytes. */
static size_t copy(void *to, const void *from, size_t size)
{
    size_t words = size / 8, bytes = size % 8;

    __asm__ volatile("1: rep movsq\n"
                     "   movq %3, %0\n"
                     "2: rep movsb\n"
                     "   jmp 4f\n"
                     "3: leaq (%3, %0, 8), %0\n"
                     "4:\n" FAULT_FIXUP("1b", "3b") FAULT_FIXUP("2b", "4b")
                     : "+c"(words), "+D"(to), "+S"(from)
                     : "r"(bytes)
                     : "memory");
    return words;
}

/* A translation that is stale in the TLB is dropped by the fault that it causes, so try twice. */
static bool copy_opened(void *to, const void *from, size_t size)
{
    size_t left;

    guest_open();
    left = copy(to, from, size);
    if (left)
        left = copy(to, from, size);
    guest_close();
    return left == 0;
}

/* A hardware guest's addresses are translated by its own tables, which no CPU walks meanwhile. */
static struct x86_vcpu *hardware_guest(void)
{
    struct x86_vcpu *v = x86_vcpu(current_vcpu());

    return v->hvm ? v : NULL;
}

bool arch_kernel_memory_open(void)
{
    return !hardware_guest() && pv_kernel_tables_open(x86_vcpu(current_vcpu()));
}

void arch_kernel_memory_close(bool opened)
{
    if (opened)
        pv_kernel_tables_close(x86_vcpu(current_vcpu()));
}

bool arch_guest_range_ok(uint64_t guest, size_t size)
{
    return guest_range_ok(guest, size) || hardware_guest();
}

bool arch_copy_from_guest(void *to, uint64_t guest, size_t size)
{
    struct x86_vcpu *v = hardware_guest();

    if (v)
        return hvm_copy_from(v, to, guest, size);
    /* Most structs of the ABI are whole words, and there. */
    if (size % 8 == 0 && try_words_from_guest(to, guest, size / 8))
        return true;
    return guest_range_ok(guest, size) && copy_opened(to, (const void *)guest, size);
}

int64_t arch_read_guest32(uint64_t guest)
{
    uint32_t value = 0;

    if (!guest_range_ok(guest, sizeof(value)) || hardware_guest())
        goto slowly;
    guest_open();
    __asm__ goto("1: movl %1, %0\n" FAULT_FIXUP("1b", "%l[fault]")
                 : "=r"(value)
                 : "m"(*(const uint32_t *)guest)
                 :
                 : fault);
    guest_close();
    return value;
fault:
    guest_close();
slowly:
    return arch_copy_from_guest(&value, guest, sizeof(value)) ? (int64_t)value : -1;
}

bool arch_write_guest64(uint64_t guest, uint64_t value)
{
    if (!guest_range_ok(guest, sizeof(value)) || hardware_guest())
        goto slowly;
    guest_open();
    __asm__ goto("1: movq %0, (%1)\n" FAULT_FIXUP("1b", "%l[fault]")
                 :
                 : "r"(value), "r"(guest)
                 : "memory"
                 : fault);
    guest_close();
    return true;
fault:
    guest_close();
slowly:
    return arch_copy_to_guest(guest, &value, sizeof(value));
}

bool arch_copy_to_guest(uint64_t guest, const void *from, size_t size)
{
    struct x86_vcpu *v = hardware_guest();

    if (v)
        return hvm_copy_to(v, guest, from, size);
    if (size % 8 == 0 && try_words_to_guest(guest, from, size / 8))
        return true;
    return guest_range_ok(guest, size) && copy_opened((void *)guest, from, size);
}

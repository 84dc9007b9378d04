/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/copy.h"

#include "core/machine.h"
#include "core/vcpu.h"

bool copy_from_guest(void *to, uint64_t guest, size_t size)
{
    return arch_copy_from_guest(to, guest, size);
}

int64_t read_from_guest32(uint64_t guest)
{
    return arch_read_guest32(guest);
}

bool copy_to_guest(uint64_t guest, const void *from, size_t size)
{
    return arch_copy_to_guest(guest, from, size);
}

bool write_to_guest64(uint64_t guest, uint64_t value)
{
    return arch_write_guest64(guest, value);
}

/* Address of an element; false when there is no such one in 64 bits. */
static bool element(uint64_t guest, uint64_t index, size_t size, uint64_t *at)
{
    uint64_t offset;

    return !__builtin_mul_overflow(index, size, &offset) &&
           !__builtin_add_overflow(guest, offset, at);
}

bool copy_item_from_guest(void *to, uint64_t guest, uint64_t index, size_t size)
{
    uint64_t at;

    return element(guest, index, size, &at) && arch_copy_from_guest(to, at, size);
}

bool copy_item_to_guest(uint64_t guest, uint64_t index, const void *from, size_t size)
{
    uint64_t at;

    return element(guest, index, size, &at) && arch_copy_to_guest(at, from, size);
}

bool copy_number_from_guest(uint64_t *to, uint64_t guest, uint64_t index)
{
    *to = 0; /* the lowest bytes come first */
    return copy_item_from_guest(to, guest, index,
                                current_vcpu()->narrow ? sizeof(uint32_t) : sizeof(*to));
}

bool copy_number_to_guest(uint64_t guest, uint64_t index, uint64_t value)
{
    if (!current_vcpu()->narrow)
        return copy_item_to_guest(guest, index, &value, sizeof(value));
    return value >> 32 == 0 && copy_item_to_guest(guest, index, &value, sizeof(uint32_t));
}

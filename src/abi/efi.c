/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/efi.h"

#include "abi/copy.h"
#include "core/machine.h"
#include "core/memory/heap.h"
#include "lib/index.h"

#include <xen/errno.h>

#define BUFFER_MAX (1ul << 20) /* bytes of a variable or of a list's name that are held */
#define NAME_MAX   (1ul << 16) /* bytes of a name that ends with a zero */
#define CHUNK      256ul       /* of a name, read at once; within a page */
#define SNAPSHOT   7u          /* attributes of the variables that were counted at boot */

/* UEFI 2.10, 8.3: as struct xenpf_efi_time. */
struct efi_capabilities {
    uint32_t resolution, accuracy;
    bool sets_to_zero;
};

static long call(struct xenpf_efi_runtime_call *a, unsigned int service, uint64_t a0, uint64_t a1,
                 uint64_t a2, uint64_t a3, uint64_t a4)
{
    const uint64_t arguments[EFI_ARGUMENTS] = { a0, a1, a2, a3, a4 };

    return arch_efi_call(service, arguments, &a->status) ? 0 : -XEN_ENOSYS;
}

#define AT(object)    ((uint64_t)(object))
#define SERVICE(name) static long name(struct xenpf_efi_runtime_call *a)

SERVICE(get_time)
{
    struct efi_capabilities c = { 0 };
    long rc = call(a, EFI_GET_TIME, AT(&a->u.get_time.time), AT(&c), 0, 0, 0);

    a->u.get_time.resolution = c.resolution;
    a->u.get_time.accuracy = c.accuracy;
    a->misc = c.sets_to_zero ? XEN_EFI_GET_TIME_SET_CLEARS_NS : 0;
    return rc;
}

SERVICE(set_time)
{
    return call(a, EFI_SET_TIME, AT(&a->u.set_time), 0, 0, 0, 0);
}

SERVICE(get_wakeup_time)
{
    uint8_t enabled = 0, pending = 0;
    long rc = call(a, EFI_GET_WAKEUP_TIME, AT(&enabled), AT(&pending), AT(&a->u.get_wakeup_time), 0,
                   0);

    a->misc = (enabled ? XEN_EFI_GET_WAKEUP_TIME_ENABLED : 0) |
              (pending ? XEN_EFI_GET_WAKEUP_TIME_PENDING : 0);
    return rc;
}

SERVICE(set_wakeup_time)
{
    uint32_t how = a->misc;

    a->misc = 0;
    return call(a, EFI_SET_WAKEUP_TIME, how & XEN_EFI_SET_WAKEUP_TIME_ENABLE,
                how & XEN_EFI_SET_WAKEUP_TIME_ENABLE_ONLY ? 0 : AT(&a->u.set_wakeup_time), 0, 0, 0);
}

SERVICE(get_next_high_monotonic_count)
{
    return call(a, EFI_GET_NEXT_HIGH_MONOTONIC_COUNT, AT(&a->misc), 0, 0, 0, 0);
}

/* A name with its zero; NULL and an error. */
static uint16_t *read_name(uint64_t guest, long *rc)
{
    char *name = heap_alloc(NAME_MAX);
    uint64_t done = 0, checked = 0;

    *rc = -XEN_ENOMEM;
    while (name && done < NAME_MAX) {
        uint64_t part = CHUNK - ((guest + done) & (CHUNK - 1));

        part = part < NAME_MAX - done ? part : NAME_MAX - done;
        if (!copy_from_guest(name + done, guest + done, part)) {
            *rc = -XEN_EFAULT;
            break;
        }
        done += part;
        for (; checked + sizeof(uint16_t) <= done; checked += sizeof(uint16_t))
            if (!*(uint16_t *)(name + checked)) {
                *rc = 0;
                return (uint16_t *)name;
            }
    }
    heap_free(name);
    return NULL;
}

/* Room for bytes of the caller's, with what they are where copy; of none: NULL. */
static void *make_buffer(uint64_t guest, uint64_t size, bool copy, long *rc)
{
    void *buffer = size && size <= BUFFER_MAX ? heap_alloc(size) : NULL;

    *rc = size && !buffer ? -XEN_ENOMEM : 0;
    if (buffer && copy && !copy_from_guest(buffer, guest, size))
        *rc = -XEN_EFAULT;
    return buffer;
}

/* Of what the firmware says that it has written no more than there was room for. */
static long give_buffer(const struct xenpf_efi_runtime_call *a, uint64_t guest, const void *buffer,
                        uint64_t size, uint64_t room)
{
    size = size < room ? size : room;
    return a->status || copy_to_guest(guest, buffer, size) ? 0 : -XEN_EFAULT;
}

SERVICE(get_variable)
{
    uint64_t room = a->u.get_variable.size, size = room, to = AT(a->u.get_variable.data.p);
    void *name, *data = NULL;
    long rc;

    name = read_name(AT(a->u.get_variable.name.p), &rc);
    if (!rc)
        data = make_buffer(to, room, false, &rc);
    if (!rc)
        rc = call(a, EFI_GET_VARIABLE, AT(name), AT(&a->u.get_variable.vendor_guid), AT(&a->misc),
                  AT(&size), AT(data));
    if (!rc)
        rc = give_buffer(a, to, data, size, room);
    a->u.get_variable.size = size;
    heap_free(data);
    heap_free(name);
    return rc;
}

SERVICE(set_variable)
{
    uint64_t size = a->u.set_variable.size;
    void *name, *data = NULL;
    long rc;

    name = read_name(AT(a->u.set_variable.name.p), &rc);
    if (!rc)
        data = make_buffer(AT(a->u.set_variable.data.p), size, true, &rc);
    if (!rc)
        rc = call(a, EFI_SET_VARIABLE, AT(name), AT(&a->u.set_variable.vendor_guid), a->misc, size,
                  AT(data));
    heap_free(data);
    heap_free(name);
    return rc;
}

/* The name is the one before on the way in; its buffer need not end with a zero. */
SERVICE(get_next_variable_name)
{
    uint64_t room = a->u.get_next_variable_name.size, size = room;
    uint64_t at = AT(a->u.get_next_variable_name.name.p);
    long rc;
    void *name = make_buffer(at, room, true, &rc);

    if (!rc)
        rc = call(a, EFI_GET_NEXT_VARIABLE_NAME, AT(&size), AT(name ? name : &size),
                  AT(&a->u.get_next_variable_name.vendor_guid), 0, 0);
    if (!rc)
        rc = give_buffer(a, at, name, size, room);
    a->u.get_next_variable_name.size = size;
    heap_free(name);
    return rc;
}

static long query(struct xenpf_efi_runtime_call *a)
{
    return call(a, EFI_QUERY_VARIABLE_INFO, a->u.query_variable_info.attr,
                AT(&a->u.query_variable_info.max_store_size),
                AT(&a->u.query_variable_info.remain_store_size),
                AT(&a->u.query_variable_info.max_size), 0);
}

static struct xenpf_efi_runtime_call at_boot; /* written at boot only */

void efi_take_snapshot(void)
{
    at_boot.u.query_variable_info.attr = SNAPSHOT;
    if (query(&at_boot))
        at_boot.u.query_variable_info.attr = 0;
}

SERVICE(query_variable_info)
{
    if (!a->misc)
        return query(a);
    if (a->u.query_variable_info.attr != SNAPSHOT)
        return -XEN_EINVAL;
    if (!at_boot.u.query_variable_info.attr)
        return -XEN_ENOSYS;
    a->u = at_boot.u;
    a->status = at_boot.status;
    return 0;
}

/* Capsules change the firmware: not by this way, as on Xen 4.17. */
SERVICE(capsule)
{
    (void)a;
    return -XEN_ENOSYS;
}

#define FUNCTION(name, misc) [XEN_EFI_##name] = { name, misc }

long efi_runtime_call(struct xenpf_efi_runtime_call *a)
{
    static const struct {
        long (*fn)(struct xenpf_efi_runtime_call *a);
        uint32_t misc; /* bits that mean something */
    } functions[] = {
        FUNCTION(get_time, 0),
        FUNCTION(set_time, 0),
        FUNCTION(get_wakeup_time, 0),
        FUNCTION(set_wakeup_time,
                 XEN_EFI_SET_WAKEUP_TIME_ENABLE | XEN_EFI_SET_WAKEUP_TIME_ENABLE_ONLY),
        FUNCTION(get_next_high_monotonic_count, 0),
        FUNCTION(get_variable, 0),
        FUNCTION(set_variable, ~0u),
        FUNCTION(get_next_variable_name, 0),
        FUNCTION(query_variable_info, XEN_EFI_VARINFO_BOOT_SNAPSHOT),
        [XEN_EFI_query_capsule_capabilities] = { capsule, 0 },
        [XEN_EFI_update_capsule] = { capsule, 0 },
    };

    size_t which = index_safe(a->function, ARRAY_SIZE(functions));

    if (a->function >= ARRAY_SIZE(functions) || !functions[which].fn)
        return -XEN_ENOSYS;
    if (a->misc & ~functions[which].misc)
        return -XEN_EINVAL;
    return functions[which].fn(a);
}

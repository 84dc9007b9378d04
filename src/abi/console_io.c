/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/console_io.h"

#include "abi/copy.h"
#include "core/console/console.h"
#include "core/domain.h"
#include "core/softirq.h"
#include "core/vcpu.h"

#define CHUNK    256u
#define READ_MAX 0x7fffffffu

/* Behind door_op's extra. */
struct text {
    uint32_t count;
    uint64_t at; /* guest address */
};

/* Cut after the last newline if there is one: others print between lines then. */
static uint32_t cut(const char *chunk, uint32_t length)
{
    for (uint32_t i = length; i-- > 0;)
        if (chunk[i] == '\n')
            return i + 1;
    return length;
}

/* What is left is the hypercall's count and address when it is restarted. */
static long write(struct vcpu *v, void *arg, uint64_t extra)
{
    struct text t = *(const struct text *)extra;

    (void)arg;
    while (t.count) {
        char chunk[CHUNK];
        uint32_t length = t.count < CHUNK ? t.count : CHUNK;

        if (!copy_from_guest(chunk, t.at, length))
            return -XEN_EFAULT;
        if (length < t.count)
            length = cut(chunk, length);
        console_guest_write(v->domain->id, chunk, length);
        t.count -= length;
        t.at += length;
        if (t.count && (preempt_wanted() || console_busy())) {
            hypercall_set_argument(1, t.count);
            hypercall_set_argument(2, t.at);
            return DOOR_RESTART;
        }
    }
    return 0;
}

static long read(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct text *t = (const struct text *)extra;
    char chunk[CHUNK];
    size_t length;

    (void)v, (void)arg;
    if (t->count > READ_MAX)
        return -XEN_E2BIG;
    length = console_take_input(chunk, t->count < CHUNK ? t->count : CHUNK);
    if (length && !copy_to_guest(t->at, chunk, length))
        return -XEN_EFAULT;
    return (long)length;
}

const struct door_op console_io_ops[] = {
    { CONSOLEIO_write, "write", 0, DIR_NONE, KIND_ALL, AUTH_DOM0, RESUMABLE, false, write },
    { CONSOLEIO_read, "read", 0, DIR_NONE, KIND_ALL, AUTH_DOM0, BOUNDED, false, read },
};
const uint16_t console_io_op_count = ARRAY_SIZE(console_io_ops);

long console_io(uint64_t command, uint64_t count, uint64_t at, uint64_t a3, uint64_t a4,
                uint64_t a5)
{
    struct text t = { (uint32_t)count, at };

    (void)a3, (void)a4, (void)a5;
    return door_enter(&door_calls[__HYPERVISOR_console_io], (uint32_t)command, 0, (uint64_t)&t);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_SYSCTL_*: the console's ring, and its keys. */
#include "abi/sysctl/rows.h"

#include "abi/copy.h"
#include "core/console/console.h"
#include "core/softirq.h"

#define CHUNK    512u
#define KEYS_MAX 1024u

/* As much as there is, from the oldest byte on or from an index; a ring does not grow while it is
 * read, so the end is where it was at the beginning. */
SYSCTL(readconsole)
{
    SYSCTL_ENTER(readconsole);
    uint32_t index = a->incremental ? a->index : 0, done = 0;
    char chunk[CHUNK];

    if (!a->incremental)
        console_ring_read(NULL, 0, &index);
    while (done < a->count) {
        uint32_t want = a->count - done < CHUNK ? a->count - done : CHUNK;
        size_t length = console_ring_read(chunk, want, &index);

        if (!length)
            break;
        if (!copy_to_guest((uint64_t)a->buffer.p + done, chunk, length))
            return -XEN_EFAULT;
        done += (uint32_t)length;
    }
    if (a->clear)
        console_ring_clear();
    a->index = index;
    a->count = done;
    return 0;
}

SYSCTL(debug_keys)
{
    SYSCTL_ENTER(debug_keys);
    uint64_t tag = (uint64_t)a->keys.p | 1ul << 62;

    if (a->nr_keys > KEYS_MAX)
        return -XEN_E2BIG;
    for (uint32_t i = (uint32_t)door_progress(v, tag); i < a->nr_keys; i++) {
        char key;

        if (!copy_item_from_guest(&key, (uint64_t)a->keys.p, i, 1))
            return -XEN_EFAULT;
        console_press(key);
        if (i + 1 < a->nr_keys && preempt_wanted())
            return door_stop(v, tag, i + 1);
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Ring, queue and devices of the console. */
#include "core/assert.h"
#include "core/console/console.h"
#include "core/console/queue.h"
#include "core/domain.h"
#include "core/event/event.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "lib/format.h"
#include "lib/memory.h"

#define RING_SIZE  32768u /* powers of two: positions run on and wrap */
#define QUEUE_SIZE 16384u
#define BUSY       4096u /* queued bytes from which on guests wait */
#define BUDGET     2048u /* bytes put out before others have a turn */
#define CHUNK      64u   /* bytes taken out of the queue at once, the lock held */

static struct lock lock = LOCK(RANK_CONSOLE); /* guards: the next seven, and guest.c's */
static char ring[RING_SIZE], queue[QUEUE_SIZE];
static uint32_t ring_head, ring_oldest; /* written so far; first byte that is still there */
static uint32_t queue_head, queue_tail; /* written so far; put out so far */
static uint32_t queue_lost;             /* bytes overwritten before they were put out */
static bool line_is_open;               /* the last byte queued was no newline */

static struct console_device *devices; /* changed and walked by who has `draining` */
static struct console_device *lent;    /* NULL: none */
static uint32_t draining;              /* 1: a CPU writes to the devices */
static uint32_t announced;             /* ring_head that VIRQ_CON_RING was last sent for */
static bool started, forced;

bool console_take(void)
{
    return forced ? irq_save() : lock_take_irq(&lock);
}

void console_release(bool on)
{
    if (forced)
        irq_restore(on);
    else
        lock_release_irq(&lock, on);
}

/* ---- ring and queue; lock held ---- */

/* Into a buffer of a power of two, wrapping at its end. */
static void store(char *buffer, uint32_t size, uint32_t at, const char *text, size_t length)
{
    size_t first = size - at % size;

    if (first > length)
        first = length;
    memcpy(buffer + at % size, text, first);
    memcpy(buffer, text + first, length - first);
}

static void load(char *to, const char *buffer, uint32_t size, uint32_t at, size_t length)
{
    size_t first = size - at % size;

    if (length == 0)
        return; /* to may be NULL then */
    if (first > length)
        first = length;
    memcpy(to, buffer + at % size, first);
    memcpy(to + first, buffer, length - first);
}

static void to_ring(const char *text, size_t length)
{
    store(ring, RING_SIZE, ring_head, text, length);
    ring_head += (uint32_t)length;
    if (ring_head - ring_oldest > RING_SIZE)
        ring_oldest = ring_head - RING_SIZE;
}

/* Both ends are read without the lock as well. */
static void set_tail(uint32_t tail)
{
    __atomic_store_n(&queue_tail, tail, __ATOMIC_RELAXED);
}

void console_queue_bytes(const char *text, size_t length)
{
    uint32_t waiting;

    ASSERT(length && length <= CONSOLE_LINE_MAX);
    store(queue, QUEUE_SIZE, queue_head, text, length);
    __atomic_store_n(&queue_head, queue_head + (uint32_t)length, __ATOMIC_SEQ_CST);
    line_is_open = text[length - 1] != '\n';
    waiting = queue_head - queue_tail;
    if (waiting > QUEUE_SIZE) {
        queue_lost += waiting - QUEUE_SIZE;
        set_tail(queue_head - QUEUE_SIZE);
    }
}

void console_queue_line(const char *text, size_t length)
{
    if (line_is_open)
        console_queue_bytes("\n", 1);
    console_queue_bytes(text, length);
    to_ring(text, length);
}

/* ---- to the devices ---- */

/* The next bytes to put out; 0: there are none. */
static size_t take_out(char *to)
{
    bool on = console_take();
    size_t length = queue_head - queue_tail;

    if (queue_lost) {
        length = format(to, CHUNK, "\n(zeroth) console: %u bytes lost\n", queue_lost);
        queue_lost = 0;
    } else {
        if (length > CHUNK)
            length = CHUNK;
        load(to, queue, QUEUE_SIZE, queue_tail, length);
        set_tail(queue_tail + (uint32_t)length);
    }
    console_release(on);
    return length;
}

static void put(const char *text, size_t length)
{
    for (struct console_device *d = devices; d; d = d->next)
        d->put(d->state, text, length);
}

/* False: another CPU writes, and will write what is queued now as well. */
static bool try_devices(void)
{
    return forced || !__atomic_exchange_n(&draining, 1, __ATOMIC_SEQ_CST);
}

static void leave_devices(void)
{
    __atomic_store_n(&draining, 0, __ATOMIC_SEQ_CST);
}

static bool anything_queued(void)
{
    return __atomic_load_n(&queue_head, __ATOMIC_SEQ_CST) !=
           __atomic_load_n(&queue_tail, __ATOMIC_RELAXED);
}

/* Put out what is queued, up to a number of bytes.  Who queues while another writes relies on that
 * one's look at the queue after it has left the devices. */
static void drain(uint32_t budget)
{
    char chunk[CHUNK];
    size_t length;

    while (anything_queued() && budget && try_devices()) {
        bool absent = !devices;

        while (!absent && budget && (length = take_out(chunk)) != 0) {
            put(chunk, length);
            budget -= length < budget ? (uint32_t)length : budget;
        }
        leave_devices();
        if (absent)
            return;
    }
    if (budget == 0 && anything_queued())
        softirq_raise(SOFTIRQ_CONSOLE);
}

static void drain_all(void)
{
    drain(2 * QUEUE_SIZE);
}

void console_put_out(bool urgent)
{
    if (!started || forced)
        drain_all();
    else if (urgent)
        drain(BUDGET); /* interrupts may be off */
    if (started && !forced)
        softirq_raise(SOFTIRQ_CONSOLE); /* also for VIRQ_CON_RING */
}

void console_put_out_some(void)
{
    drain(BUDGET);
}

static void softirq(void)
{
    uint32_t head = __atomic_load_n(&ring_head, __ATOMIC_RELAXED);

    console_run_keys();
    drain(BUDGET);
    if (__atomic_exchange_n(&announced, head, __ATOMIC_RELAXED) != head && dom0)
        event_send_global_virq(VIRQ_CON_RING);
}

void console_start(void)
{
    softirq_bind(SOFTIRQ_CONSOLE, softirq);
    drain_all();
    started = true;
}

static void wait_devices(void)
{
    while (!try_devices())
        cpu_relax();
}

void console_add(struct console_device *device)
{
    wait_devices();
    device->next = devices;
    devices = device;
    leave_devices();
    drain_all();
}

void console_remove(struct console_device *device)
{
    drain_all();
    wait_devices();
    for (struct console_device **d = &devices; *d; d = &(*d)->next)
        if (*d == device) {
            *d = device->next;
            break;
        }
    leave_devices();
}

void console_lend(struct console_device *device)
{
    console_remove(device);
    lent = device;
}

bool console_busy(void)
{
    return __atomic_load_n(&queue_head, __ATOMIC_RELAXED) -
                   __atomic_load_n(&queue_tail, __ATOMIC_RELAXED) >
               BUSY &&
           devices;
}

void console_force(void)
{
    forced = true;
    if (lent) {
        lent->next = devices;
        devices = lent;
        lent = NULL;
    }
    drain_all();
}

size_t console_ring_read(char *to, size_t size, uint32_t *index)
{
    bool on = console_take();
    uint32_t available = ring_head - *index;

    if (available > ring_head - ring_oldest) {
        *index = ring_oldest;
        available = ring_head - ring_oldest;
    }
    if (size > available)
        size = available;
    if (size) /* to may be NULL when nothing is asked for */
        load(to, ring, RING_SIZE, *index, size);
    *index += (uint32_t)size;
    console_release(on);
    return size;
}

void console_ring_clear(void)
{
    bool on = console_take();

    ring_oldest = ring_head;
    console_release(on);
}

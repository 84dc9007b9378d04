/* SPDX-License-Identifier: Apache-2.0 */
#include "core/console.h"

#include "core/assert.h"
#include "core/domain.h"
#include "core/event.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/softirq.h"
#include "lib/calendar.h"
#include "lib/format.h"
#include "lib/memory.h"

#define RING_SIZE   32768u              /* powers of two: positions run on and wrap */
#define QUEUE_SIZE  16384u
#define BUSY        4096u               /* queued bytes from which on guests wait */
#define BUDGET      2048u               /* bytes put out before others have a turn */
#define CHUNK       64u                 /* bytes taken out of the queue at once, the lock held */
#define LINE_SIZE   512u

#define RATE_SLOTS  16                  /* domains share one when their numbers are equal modulo it */
#define RATE_BURST  20                  /* lines about a guest in a row... */
#define RATE_PERIOD (SECOND / 4)        /* ...and then one in this time */

#define LINE_SLOTS  4

static struct lock lock = LOCK(RANK_CONSOLE);   /* guards: all up to the devices */
static char ring[RING_SIZE], queue[QUEUE_SIZE];
static uint32_t ring_head, ring_oldest; /* written so far; first byte that is still there */
static uint32_t queue_head, queue_tail; /* written so far; put out so far */
static uint32_t queue_lost;             /* bytes overwritten before they were put out */
static bool line_is_open;               /* the last byte queued was no newline */

static struct rate {
    ns_t since;                         /* when `spent` was last right */
    ns_t spent;                         /* one RATE_PERIOD a line */
    uint32_t left_out;
} rates[RATE_SLOTS];

/* Lines of guests that have not ended yet; length 0: the slot is free. */
static struct guest_line {
    domid_t id;
    uint16_t length;
    char text[120];
} guest_lines[LINE_SLOTS];
static unsigned int guest_line_next;    /* the slot to be emptied when none is free */

static struct console_device *devices;  /* changed and walked by who has `draining` */
static uint32_t draining;               /* 1: a CPU writes to the devices */
static uint32_t announced;              /* ring_head that VIRQ_CON_RING was last sent for */

static unsigned int host_level = LOG_WARNING, guest_level = LOG_WARNING;
static unsigned int timestamps;
static uint64_t wallclock;              /* seconds since 1970 at system time 0 */
static bool guest_quiet, noreboot, started, forced;

static bool take(void)
{
    return forced ? irq_save() : lock_take_irq(&lock);
}

static void release(bool on)
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

static void to_queue(const char *text, size_t length)
{
    uint32_t waiting;

    ASSERT(length && length <= QUEUE_SIZE / 2);
    store(queue, QUEUE_SIZE, queue_head, text, length);
    __atomic_store_n(&queue_head, queue_head + (uint32_t)length, __ATOMIC_SEQ_CST);
    line_is_open = text[length - 1] != '\n';
    waiting = queue_head - queue_tail;
    if (waiting > QUEUE_SIZE) {
        queue_lost += waiting - QUEUE_SIZE;
        set_tail(queue_head - QUEUE_SIZE);
    }
}

/* A whole line, which begins on a line of its own. */
static void add_line(const char *text, size_t length)
{
    if (line_is_open)
        to_queue("\n", 1);
    to_queue(text, length);
    to_ring(text, length);
}

/* ---- to the devices ---- */

/* The next bytes to put out; 0: there are none. */
static size_t take_out(char *to)
{
    bool on = take();
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
    release(on);
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

/* After a line was queued: now, or on the way out to a guest. */
static void put_out(bool urgent)
{
    if (!started || forced || urgent)
        drain_all();
    if (started && !forced)
        softirq_raise(SOFTIRQ_CONSOLE);         /* also for VIRQ_CON_RING */
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

/* ---- lines ---- */

static size_t date(char *to, size_t size, ns_t now)
{
    struct calendar c = calendar_of(wallclock + (uint64_t)(now / SECOND));
    size_t length = format(to, size, "[%04u-%02u-%02u %02u:%02u:%02u", c.year, c.month, c.day, c.hour,
                           c.minute, c.second);

    if (timestamps == TIMESTAMPS_DATE_MS)
        length += format(to + length, size - length, ".%03u",
                         (unsigned int)(now % SECOND / 1000000));
    return length + format(to + length, size - length, "] ");
}

static size_t timestamp(char *to, size_t size)
{
    ns_t now = arch_now();

    switch (timestamps) {
    case TIMESTAMPS_DATE:
    case TIMESTAMPS_DATE_MS:
        return date(to, size, now);
    case TIMESTAMPS_BOOT:
        return format(to, size, "[%5lu.%06lu] ", (unsigned long)(now / SECOND),
                      (unsigned long)(now % SECOND / 1000));
    case TIMESTAMPS_RAW:
        return format(to, size, "[%020lu] ", (unsigned long)arch_tsc());
    default:
        return 0;
    }
}

/* Newlines inside would let what follows look like another's line. */
static void make_one_line(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ')
            text[i] = ' ';
}

/* Into line, LINE_SIZE bytes; its length, which is at least 1. */
static size_t compose(char *line, const char *prefix, const char *text, va_list args)
{
    size_t length = format(line, LINE_SIZE, "%s", prefix), start;

    length += timestamp(line + length, LINE_SIZE - length);
    start = length;
    length += format_va(line + length, LINE_SIZE - length, text, args);
    if (length > LINE_SIZE - 1)
        length = LINE_SIZE - 1;
    make_one_line(line + start, length - start);
    line[length] = '\n';
    return length + 1;
}

static void print(bool urgent, const char *prefix, const char *text, va_list args)
{
    char line[LINE_SIZE];
    size_t length = compose(line, prefix, text, args);
    bool on = take();

    add_line(line, length);
    release(on);
    put_out(urgent);
}

void console_log(unsigned int level, const char *text, ...)
{
    va_list args;

    if (level > host_level)
        return;
    va_start(args, text);
    print(level == LOG_ERROR, "(zeroth) ", text, args);
    va_end(args);
}

void console_say(const char *text, ...)
{
    va_list args;

    va_start(args, text);
    print(true, "(zeroth) ", text, args);
    va_end(args);
}

/* May another line about this domain be printed now?  *left_out: those that were not, before it. */
static bool rate_allows(domid_t id, uint32_t *left_out)
{
    struct rate *r = &rates[id % RATE_SLOTS];
    ns_t now = arch_now();
    bool on = take(), allowed;

    r->spent -= now - r->since;
    if (r->spent < 0)
        r->spent = 0;
    r->since = now;
    allowed = r->spent <= (RATE_BURST - 1) * RATE_PERIOD;
    *left_out = r->left_out;
    r->left_out = allowed ? 0 : r->left_out + 1;
    if (allowed)
        r->spent += RATE_PERIOD;
    release(on);
    return allowed;
}

void console_guest_log(domid_t id, unsigned int level, const char *text, ...)
{
    char prefix[48];
    uint32_t left_out;
    size_t length;
    va_list args;

    if (guest_quiet || level > guest_level || !rate_allows(id, &left_out))
        return;
    length = format(prefix, sizeof(prefix), "(d%u) ", id);
    if (left_out)
        format(prefix + length, sizeof(prefix) - length, "(%u lines left out) ", left_out);
    va_start(args, text);
    print(false, prefix, text, args);
    va_end(args);
}

/* ---- output of guests ---- */

/* Lock held. */
static void end_guest_line(struct guest_line *l)
{
    char line[sizeof(l->text) + 16];
    size_t length = format(line, sizeof(line), "(d%u) ", l->id);

    memcpy(line + length, l->text, l->length);
    length += l->length;
    line[length++] = '\n';
    l->length = 0;
    add_line(line, length);
}

/* The domain's open line, else an empty one; lock held. */
static struct guest_line *guest_line(domid_t id)
{
    struct guest_line *free = NULL;

    for (unsigned int i = 0; i < LINE_SLOTS; i++) {
        if (guest_lines[i].length && guest_lines[i].id == id)
            return &guest_lines[i];
        if (!guest_lines[i].length && !free)
            free = &guest_lines[i];
    }
    if (!free) {
        free = &guest_lines[guest_line_next++ % LINE_SLOTS];
        end_guest_line(free);
    }
    free->id = id;
    return free;
}

static void write_lines(domid_t id, const char *text, size_t length)
{
    struct guest_line *l = guest_line(id);

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n' || l->length == sizeof(l->text))
            end_guest_line(l);
        if ((text[i] >= ' ' && text[i] < 0x7f) || text[i] == '\t')
            l->text[l->length++] = text[i];
    }
}

void console_guest_write(domid_t id, const char *text, size_t length)
{
    while (length) {
        size_t step = length < 256 ? length : 256;      /* bounds the time with interrupts off */
        bool on = take();

        if (dom0 && id == dom0->id)
            to_queue(text, step);
        else
            write_lines(id, text, step);
        release(on);
        drain(BUDGET);
        text += step;
        length -= step;
    }
}

bool console_busy(void)
{
    return __atomic_load_n(&queue_head, __ATOMIC_RELAXED) -
           __atomic_load_n(&queue_tail, __ATOMIC_RELAXED) > BUSY && devices;
}

/* ---- the end ---- */

void console_force(void)
{
    forced = true;
    drain_all();
}

_Noreturn void console_fatal(const char *text, ...)
{
    va_list args;

    console_force();
    va_start(args, text);
    print(true, "(zeroth) ", text, args);
    va_end(args);
    if (noreboot) {
        console_say("halted (noreboot)");
        arch_halt();
    }
    console_say("resetting the machine");
    arch_reset();
}

/* ---- options, and the ring ---- */

void console_set_levels(unsigned int host, unsigned int guest)
{
    host_level = host;
    guest_level = guest;
}

void console_set_guest_quiet(bool quiet)
{
    guest_quiet = quiet;
}

void console_set_timestamps(unsigned int mode)
{
    if (mode == TIMESTAMPS_DATE || mode == TIMESTAMPS_DATE_MS)
        wallclock = arch_wallclock_boot();
    timestamps = mode;
}

void console_set_noreboot(bool halt)
{
    noreboot = halt;
}

size_t console_ring_read(char *to, size_t size, uint32_t *index)
{
    bool on = take();
    uint32_t available = ring_head - *index;

    if (available > ring_head - ring_oldest) {
        *index = ring_oldest;
        available = ring_head - ring_oldest;
    }
    if (size > available)
        size = available;
    load(to, ring, RING_SIZE, *index, size);
    *index += (uint32_t)size;
    release(on);
    return size;
}

void console_ring_clear(void)
{
    bool on = take();

    ring_oldest = ring_head;
    release(on);
}

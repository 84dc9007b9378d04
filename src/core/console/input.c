/* SPDX-License-Identifier: Apache-2.0 */
/* Input of the console: for Dom0, or keys of Zeroth. */
#include "core/assert.h"
#include "core/console/console.h"
#include "core/domain.h"
#include "core/event/event.h"
#include "core/lock.h"
#include "core/machine.h"
#include "core/softirq.h"

#define SWITCH     '\x01' /* Ctrl-a */
#define SWITCH_RUN 3      /* so many in a row */
#define INPUT_SIZE 256u   /* powers of two */
#define WAITING    16u
#define KEYS       32

/* Bytes on their way to a reader; positions run on and wrap. */
struct fifo {
    uint32_t head, tail, size;
    char *bytes;
};

static struct lock lock = LOCK(RANK_CONSOLE); /* guards: the rest but keys, which are boot's */
static char input_bytes[INPUT_SIZE], key_bytes[WAITING];
static struct fifo input = { 0, 0, INPUT_SIZE, input_bytes };
static struct fifo pressed = { 0, 0, WAITING, key_bytes };
static unsigned int switches;    /* Ctrl-a in a row so far: held back */
static bool to_zeroth, announce; /* announce: it was switched, and nothing said of it yet */

static struct key {
    char key;
    const char *help;
    void (*handler)(void);
} keys[KEYS];
static unsigned int key_count;

/* What finds no room is lost: nobody has read for long. */
static void fifo_put(struct fifo *f, char c)
{
    if (f->head - f->tail < f->size)
        f->bytes[f->head++ % f->size] = c;
}

static size_t fifo_take(struct fifo *f, char *to, size_t size)
{
    bool on = lock_take_irq(&lock);
    size_t taken = 0;

    while (taken < size && f->tail != f->head)
        to[taken++] = f->bytes[f->tail++ % f->size];
    lock_release_irq(&lock, on);
    return taken;
}

/* Lock held. */
static void accept(char c)
{
    struct fifo *to = to_zeroth ? &pressed : &input;

    if (c == SWITCH) {
        if (++switches < SWITCH_RUN)
            return;
        switches = 0;
        to_zeroth = !to_zeroth;
        announce = true;
        return;
    }
    for (; switches; switches--)
        fifo_put(to, SWITCH);
    fifo_put(to, c);
}

void console_input(char c)
{
    bool on = lock_take_irq(&lock);
    uint32_t before = input.head;
    bool keys_wait, input_came;

    accept(c);
    keys_wait = announce || pressed.head != pressed.tail;
    input_came = input.head != before;
    lock_release_irq(&lock, on);
    if (keys_wait)
        softirq_raise(SOFTIRQ_CONSOLE);
    if (input_came && dom0)
        event_send_global_virq(VIRQ_CONSOLE);
}

void console_input_announce(void)
{
    console_say("*** serial input goes to %s (Ctrl-a three times: to %s)",
                to_zeroth ? "Zeroth, 'h' lists its keys" : "Dom0", to_zeroth ? "Dom0" : "Zeroth");
}

size_t console_take_input(char *to, size_t size)
{
    return fifo_take(&input, to, size);
}

void console_bind_key(char key, const char *help, void (*handler)(void))
{
    ASSERT(key_count < KEYS && handler);
    for (unsigned int i = 0; i < key_count; i++)
        ASSERT(keys[i].key != key);
    keys[key_count++] = (struct key){ key, help, handler };
}

static void list_keys(void)
{
    console_say("keys:");
    console_say(" h  this list");
    for (unsigned int i = 0; i < key_count; i++)
        console_say(" %c  %s", keys[i].key, keys[i].help);
}

static void run_key(char c)
{
    if (c == 'h') {
        list_keys();
        return;
    }
    for (unsigned int i = 0; i < key_count; i++)
        if (keys[i].key == c) {
            console_say("'%c': %s", c, keys[i].help);
            keys[i].handler();
            return;
        }
}

void console_press(char key)
{
    run_key(key);
}

void console_run_keys(void)
{
    char c;

    if (__atomic_exchange_n(&announce, false, __ATOMIC_RELAXED))
        console_input_announce();
    while (fifo_take(&pressed, &c, 1))
        run_key(c);
}

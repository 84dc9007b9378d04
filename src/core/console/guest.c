/* SPDX-License-Identifier: Apache-2.0 */
/* Lines about guests and from guests. */
#include "core/console/console.h"
#include "core/console/queue.h"
#include "core/domain.h"
#include "core/machine.h"
#include "lib/format.h"
#include "lib/memory.h"

#define RATE_SLOTS  16           /* domains share one when equal modulo it */
#define RATE_BURST  20           /* lines about a guest in a row... */
#define RATE_PERIOD (SECOND / 4) /* ...and then one in this time */
#define LINE_SLOTS  4
#define STEP        256u /* bytes queued at once, interrupts off */

/* The console's lock guards these. */
static struct rate {
    ns_t since; /* when `spent` was last right */
    ns_t spent; /* one RATE_PERIOD a line */
    uint32_t left_out;
} rates[RATE_SLOTS];

/* Lines of guests that have not ended yet; length 0: the slot is free. */
static struct guest_line {
    domid_t id;
    uint16_t length;
    char text[120];
} guest_lines[LINE_SLOTS];
static unsigned int guest_line_next; /* the slot to be emptied when none is free */

bool console_rate_allows(domid_t id, uint32_t *left_out)
{
    struct rate *r = &rates[id % RATE_SLOTS];
    ns_t now = arch_now();
    bool on = console_take(), allowed;

    r->spent -= now - r->since;
    if (r->spent < 0)
        r->spent = 0;
    r->since = now;
    allowed = r->spent <= (RATE_BURST - 1) * RATE_PERIOD;
    *left_out = r->left_out;
    r->left_out = allowed ? 0 : r->left_out + 1;
    if (allowed)
        r->spent += RATE_PERIOD;
    console_release(on);
    return allowed;
}

/* Lock held. */
static void end_guest_line(struct guest_line *l)
{
    char line[sizeof(l->text) + 16];
    size_t length = format(line, sizeof(line), "(d%u) ", l->id);

    memcpy(line + length, l->text, l->length);
    length += l->length;
    line[length++] = '\n';
    l->length = 0;
    console_queue_line(line, length);
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
        size_t step = length < STEP ? length : STEP;
        bool on = console_take();

        if (dom0 && id == dom0->id)
            console_queue_bytes(text, step);
        else
            write_lines(id, text, step);
        console_release(on);
        console_put_out_some();
        text += step;
        length -= step;
    }
}

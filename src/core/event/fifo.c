/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FIFO ABI (xen/event_channel.h).  Each port has a word in pages of the guest's: PENDING and
 * MASKED, and LINKED with the next port's number while it is in a queue.  Each vCPU has a control
 * block in a page of the guest's: a queue for each of 16 priorities, of which it names the head,
 * and a bit each that says that there is something in it.
 *
 * Producer: PENDING is set; unless MASKED or LINKED, LINKED is set and the port is hung behind the
 * queue's tail, or, if the guest has taken the tail off (not LINKED any more), becomes the head.
 * Consumer: takes LINKED and the link off the head's word at once; where the link is 0 it turns to
 * the control block's head for the next time.
 *
 * All of that memory may change at any time: links are written, never followed, and a word that
 * does not hold still is given up.  What we rely on is ours: tail of each queue and, in struct
 * event, the queue that a port is in or was in last.  The lock of the vCPU whose queue that is
 * guards both: a queue's tail is a port only while the port's struct names that queue.
 * So a tail that is LINKED is linked in this queue and no other.
 */
#include "core/event/port.h"

#include "core/assert.h"
#include "core/memory/frame.h"
#include "core/memory/heap.h"

#include <xen/errno.h>

#define PENDING (1u << EVTCHN_FIFO_PENDING)
#define MASKED  (1u << EVTCHN_FIFO_MASKED)
#define LINKED  (1u << EVTCHN_FIFO_LINKED)
#define BUSY    (1u << EVTCHN_FIFO_BUSY)
#define LINK    ((uint32_t)EVTCHN_FIFO_LINK_MASK)

#define WORDS_PER_PAGE EVENT_FIFO_WORDS
#define ARRAY_PAGES    EVENT_FIFO_PAGES

#define TRIES_PLAIN 4  /* to link the tail before the guest is asked to keep still */
#define TRIES_BUSY  64 /* and after; then the guest is not honest */

static event_word_t *word_of(struct event_fifo *fifo, port_t port)
{
    unsigned int page = port / (unsigned int)WORDS_PER_PAGE;

    if (page >= __atomic_load_n(&fifo->pages, __ATOMIC_ACQUIRE))
        return NULL;
    return &fifo->words[page][port % WORDS_PER_PAGE];
}

/* ---- queues ---- */

static bool lock_queues(struct vcpu *a, struct vcpu *b)
{
    bool irq;

    if (a == b)
        return lock_take_irq(&a->event.lock);
    irq = lock_take_irq(a->id < b->id ? &a->event.lock : &b->event.lock);
    lock_take_second(a->id < b->id ? &b->event.lock : &a->event.lock);
    return irq;
}

static void unlock_queues(struct vcpu *a, struct vcpu *b, bool irq)
{
    if (a != b)
        lock_release(&b->event.lock);
    lock_release_irq(&a->event.lock, irq);
}

/*
 * Write the link of a queue's tail while it is LINKED; false: it is not (any more).  The guest may
 * change the word's other bits meanwhile; while BUSY is set an honest one waits before it unmasks,
 * and the rest that it may do comes to an end.
 */
static bool link_tail(event_word_t *word, port_t port)
{
    uint32_t old = __atomic_load_n(word, __ATOMIC_RELAXED), new;
    bool busy = false;

    for (unsigned int i = 0; i < TRIES_PLAIN + TRIES_BUSY && (old & LINKED); i++) {
        if (i == TRIES_PLAIN) {
            old = __atomic_fetch_or(word, BUSY, __ATOMIC_SEQ_CST) | BUSY;
            busy = true;
        }
        new = (old & ~(LINK | BUSY)) | port;
        if ((old & LINKED) &&
            __atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
            return true;
    }
    if (busy)
        __atomic_fetch_and(word, ~BUSY, __ATOMIC_SEQ_CST);
    return false;
}

/* It is not the tail of the queue that it was in last, now that it leaves it; old's lock held. */
static void leave_queue(struct vcpu *old, const struct event *e, port_t port)
{
    port_t *tail = &old->event.tail[e->queue_priority];

    ASSERT(lock_held(&old->event.lock));
    if (*tail == port)
        *tail = 0;
}

/* Put a port that has just become LINKED at the end of its queue, v's lock held.  True: the queue
 * was empty and the guest did not know that something is in it. */
static bool append(struct vcpu *v, struct event_fifo *fifo, struct event *e, port_t port)
{
    unsigned int priority = e->queue_priority;
    port_t *tail = &v->event.tail[priority];
    struct evtchn_fifo_control_block *block = v->event.block;
    event_word_t *word = *tail ? word_of(fifo, *tail) : NULL;
    bool linked = word && link_tail(word, port);

    ASSERT(lock_held(&v->event.lock));
    *tail = port;
    if (linked)
        return false;
    __atomic_store_n(&block->head[priority], port, __ATOMIC_RELEASE);
    return !(__atomic_fetch_or(&block->ready, 1u << priority, __ATOMIC_SEQ_CST) & 1u << priority);
}

/*
 * Pending, not masked, not linked: into the queue.  queue_vcpu can change between the look at it
 * and the locks only because another sender links the port, after it was made pending here: then
 * the guest will find it, and nothing is left to do.
 */
static void enqueue(struct domain *d, struct event_fifo *fifo, struct event *e, port_t port,
                    event_word_t *word)
{
    struct vcpu *v = domain_vcpu(d, __atomic_load_n(&e->vcpu, __ATOMIC_RELAXED)), *old;
    unsigned int queue_vcpu = __atomic_load_n(&e->queue_vcpu, __ATOMIC_RELAXED);
    bool irq, tell = false;

    /* Without a control block it stays pending (Xen 4.17 loses it); the next send queues it. */
    if (!v || !__atomic_load_n(&v->event.block, __ATOMIC_ACQUIRE))
        return;
    old = d->vcpus[queue_vcpu];
    ASSERT(old); /* vCPU 0 at first, then one that had a control block */
    irq = lock_queues(v, old);
    if (e->queue_vcpu == queue_vcpu &&
        !(__atomic_fetch_or(word, LINKED, __ATOMIC_SEQ_CST) & LINKED)) {
        leave_queue(old, e, port);
        __atomic_store_n(&e->queue_vcpu, (uint16_t)v->id, __ATOMIC_RELAXED);
        e->queue_priority = __atomic_load_n(&e->priority, __ATOMIC_RELAXED);
        tell = append(v, fifo, e, port);
    }
    unlock_queues(v, old, irq);
    if (tell)
        event_signal(v);
}

/* ---- one port ---- */

/* A port without a word is raised when it gets one: either the word is seen here, or lost is seen
 * there (raise_lost). */
static event_word_t *word_or_lost(struct event_fifo *fifo, struct event *e, port_t port)
{
    event_word_t *word = word_of(fifo, port);

    if (word)
        return word;
    __atomic_store_n(&e->lost, true, __ATOMIC_SEQ_CST);
    return word_of(fifo, port);
}

void event_fifo_raise(struct domain *d, struct event_fifo *fifo, struct event *e, port_t port)
{
    event_word_t *word = word_or_lost(fifo, e, port);
    uint32_t old;

    if (!word)
        return;
    old = __atomic_fetch_or(word, PENDING, __ATOMIC_SEQ_CST);
    if (!(old & PENDING) && __atomic_load_n(&e->polled, __ATOMIC_RELAXED))
        event_wake_pollers(d, e, port);
    if (!(old & (MASKED | LINKED)))
        enqueue(d, fifo, e, port, word);
}

void event_fifo_unmask(struct domain *d, struct event_fifo *fifo, struct event *e, port_t port)
{
    event_word_t *word = word_of(fifo, port);

    if (!word)
        return;
    if (__atomic_fetch_and(word, ~MASKED, __ATOMIC_SEQ_CST) & PENDING)
        event_fifo_raise(d, fifo, e, port);
}

void event_fifo_clear(struct event_fifo *fifo, port_t port)
{
    event_word_t *word = word_of(fifo, port);

    if (word)
        __atomic_fetch_and(word, ~PENDING, __ATOMIC_SEQ_CST);
}

static bool has(struct event_fifo *fifo, port_t port, uint32_t flag)
{
    event_word_t *word = word_of(fifo, port);

    return word && (__atomic_load_n(word, __ATOMIC_ACQUIRE) & flag);
}

bool event_fifo_pending(struct event_fifo *fifo, port_t port)
{
    return has(fifo, port, PENDING);
}

bool event_fifo_linked(struct event_fifo *fifo, port_t port)
{
    return has(fifo, port, LINKED);
}

/* The errors come in the order in which Xen 4.17 looks. */
static int may_set_priority(const struct domain *d, const struct event *e, unsigned int priority)
{
    if (!e)
        return -XEN_EINVAL;
    if (!d->event.fifo)
        return -XEN_ENOSYS;
    if (!event_is_open(e))
        return -XEN_EACCES;
    return priority > EVTCHN_FIFO_PRIORITY_MIN ? -XEN_EINVAL : 0;
}

int event_set_priority(struct domain *d, port_t port, unsigned int priority)
{
    bool irq = event_lock(d, NULL);
    struct event *e = event_get(d, port);
    int rc = may_set_priority(d, e, priority);

    if (rc == 0)
        __atomic_store_n(&e->priority, (uint8_t)priority, __ATOMIC_RELAXED);
    event_unlock(d, NULL, irq);
    return rc;
}

/* ---- the guest's frames ---- */

/* A frame of d's to write to; NULL: it is not one. */
static struct frame *hold(struct domain *d, gfn_t gfn)
{
    struct frame *f = domain_frame_get(d, gfn);

    if (!f)
        return NULL;
    if (frame_get_type(f, FRAME_WRITABLE) == 0)
        return f;
    frame_put(f);
    return NULL;
}

static void let_go(struct frame *f, const void *at)
{
    frame_unmap(at);
    frame_put_type(f, false);
    frame_put(f);
}

/* Lock held: is there no block yet, and is it the time to bring one? */
static int may_init(const struct domain *d, const struct vcpu *v)
{
    if (d->event.leaving)
        return -XEN_ERESTART;
    return d->event.closed || v->event.block ? -XEN_EINVAL : 0;
}

/* vCPUs created later come here with their own control block, before which nothing names them. */
static void init_lock(struct vcpu *v)
{
    if (v && v->event.lock.rank == RANK_NONE)
        lock_init(&v->event.lock, RANK_EVENT_QUEUE);
}

/* What is pending comes again when it has a word, as on Xen 4.17 (the header promises less). */
static void take_pending_along(struct domain *d)
{
    for (port_t port = 1; port < EVTCHN_2L_NR_CHANNELS; port++) {
        struct event *e = event_get(d, port);

        if (!e)
            break;
        if (event_is_open(e) && event_2l_pending(d, port))
            __atomic_store_n(&e->lost, true, __ATOMIC_SEQ_CST);
    }
}

static void switch_to_fifo(struct domain *d, struct event_fifo *fifo)
{
    ASSERT(lock_held(&d->event.lock) && !d->event.fifo);
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        init_lock(d->vcpus[id]);
    d->event.port_limit = d->event.quota;
    __atomic_store_n(&d->event.fifo, fifo, __ATOMIC_SEQ_CST);
    take_pending_along(d);
}

/* All is there but the lock and the permission; *fifo is NULL after it has been made use of. */
static int set_block(struct domain *d, struct vcpu *v, struct event_fifo **fifo, struct frame *f,
                     uint32_t offset)
{
    bool irq = event_lock(d, NULL);
    int rc = may_init(d, v);

    if (rc == 0) {
        if (!d->event.fifo) {
            switch_to_fifo(d, *fifo);
            *fifo = NULL;
        }
        init_lock(v);
        v->event.frame = f;
        __atomic_store_n(&v->event.block, (void *)((char *)frame_map(frame_mfn(f)) + offset),
                         __ATOMIC_RELEASE);
    }
    event_unlock(d, NULL, irq);
    return rc;
}

int event_init_control(struct domain *d, unsigned int vcpu, gfn_t gfn, uint32_t offset)
{
    struct vcpu *v = domain_vcpu(d, vcpu);
    struct event_fifo *fifo;
    struct frame *f;
    int rc;

    if (!v)
        return -XEN_ENOENT;
    if (offset % 8 || offset > PAGE_SIZE - sizeof(*v->event.block))
        return -XEN_EINVAL;
    fifo = heap_alloc(sizeof(*fifo));
    if (!fifo)
        return -XEN_ENOMEM;
    f = hold(d, gfn);
    rc = f ? set_block(d, v, &fifo, f, offset) : -XEN_EINVAL;
    if (rc && f) {
        frame_put_type(f, false);
        frame_put(f);
    }
    heap_free(fifo);
    return rc ? rc : EVTCHN_FIFO_LINK_BITS;
}

/* The page's ports have words now: raise what came while they had none. */
static void raise_lost(struct domain *d, unsigned int page)
{
    port_t first = page * (unsigned int)WORDS_PER_PAGE;

    event_enter();
    for (port_t port = first; port < first + WORDS_PER_PAGE; port++) {
        struct event *e = event_get(d, port);

        if (!e)
            break;
        if (__atomic_load_n(&e->lost, __ATOMIC_RELAXED) &&
            __atomic_exchange_n(&e->lost, false, __ATOMIC_SEQ_CST))
            event_raise(d, e, port);
    }
    event_leave();
}

/* The number of the new page. */
static int add_page(struct domain *d, struct frame *f)
{
    struct event_fifo *fifo = d->event.fifo;
    unsigned int page;

    ASSERT(lock_held(&d->event.lock));
    if (!fifo)
        return -XEN_EOPNOTSUPP;
    if (fifo->pages == ARRAY_PAGES)
        return -XEN_ENOSPC;
    page = fifo->pages;
    fifo->words[page] = frame_map(frame_mfn(f));
    fifo->frames[page] = f;
    __atomic_store_n(&fifo->pages, page + 1, __ATOMIC_SEQ_CST);
    return (int)page;
}

int event_expand_array(struct domain *d, gfn_t gfn)
{
    struct frame *f;
    bool irq;
    int rc;

    if (!__atomic_load_n(&d->event.fifo, __ATOMIC_RELAXED))
        return -XEN_EOPNOTSUPP;
    f = hold(d, gfn);
    if (!f)
        return -XEN_EINVAL;
    irq = event_lock(d, NULL);
    rc = add_page(d, f);
    event_unlock(d, NULL, irq);
    if (rc < 0) {
        frame_put_type(f, false);
        frame_put(f);
        return rc;
    }
    raise_lost(d, (unsigned int)rc);
    return 0;
}

/* ---- back to 2-level ---- */

static struct event_fifo *detach(struct domain *d)
{
    struct event_domain *ed = &d->event;
    bool irq = event_lock(d, NULL);
    struct event_fifo *fifo = ed->fifo;

    if (fifo) {
        ed->leaving = true;
        ed->port_limit = ed->quota < EVTCHN_2L_NR_CHANNELS ? ed->quota
                                                           : (unsigned int)EVTCHN_2L_NR_CHANNELS;
        __atomic_store_n(&ed->fifo, NULL, __ATOMIC_SEQ_CST);
    }
    event_unlock(d, NULL, irq);
    return fifo;
}

static void leave_vcpu(struct vcpu *v)
{
    struct event_vcpu *ev = &v->event;

    if (ev->frame)
        let_go(ev->frame, (char *)ev->block - (uint64_t)ev->block % PAGE_SIZE);
    ev->frame = NULL;
    ev->block = NULL;
    for (unsigned int i = 0; i < EVTCHN_FIFO_MAX_QUEUES; i++)
        ev->tail[i] = 0;
}

/* What struct event says of queues stays, and is harmless: the queues named have other tails. */
void event_fifo_leave(struct domain *d)
{
    struct event_fifo *fifo = detach(d);
    bool irq;

    if (!fifo)
        return;
    event_wait_senders();
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (d->vcpus[id])
            leave_vcpu(d->vcpus[id]);
    for (unsigned int i = 0; i < fifo->pages; i++)
        let_go(fifo->frames[i], fifo->words[i]);
    heap_free(fifo);
    irq = event_lock(d, NULL);
    d->event.leaving = false;
    event_unlock(d, NULL, irq);
}

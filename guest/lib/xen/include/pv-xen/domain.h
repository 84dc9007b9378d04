/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second domain without a toolstack: the kernel, as privileged PV domain, makes an unprivileged PV
 * domain out of its own image by domctls (interface 0x15), starts it, asks it to do things, destroys
 * it.  In the child the same kernel runs from its start, with pv_boot.privileged false and the
 * command line it was given; what was initialised memory in the image is as its maker has it now.
 * From CPU 0 only.
 */
#ifndef PV_XEN_DOMAIN_H
#define PV_XEN_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/event_channel.h>

#include <pv/boot.h>

struct xen_domctl;

#define XEN_DOMAIN_PAGES 2048
/* Guest frames below the image that the domain's maker fills. */
#define XEN_DOMAIN_INFO    1u
#define XEN_DOMAIN_CONSOLE 2u
#define XEN_DOMAIN_BOX     3u
#define XEN_DOMAIN_L4      4u
#define XEN_DOMAIN_L3      5u
#define XEN_DOMAIN_L2      6u
#define XEN_DOMAIN_L1      8u
#define XEN_DOMAIN_P2M     16u

struct xen_domain {
    domid_t id;
    unsigned int pages;
    evtchn_port_t console, bell; /* the child's own ports, bound for domain 0 */
    xen_pfn_t frames[XEN_DOMAIN_PAGES];
};

/* One domctl: version and domain are filled in. Its result. */
long xen_domctl(struct xen_domctl *op, unsigned int command, domid_t domain);

/*
 * A domain of one vCPU, paused: its memory is the low 2 MiB and the image.  0, or the first error that
 * Xen gave; nothing is left of it then.
 */
long xen_domain_create(struct xen_domain *d, const char *command_line);
/* The parts of it, for measurements: the domain without memory, and its memory. */
long xen_domain_new(struct xen_domain *d);
long xen_domain_populate(struct xen_domain *d);
long xen_domain_unpause(const struct xen_domain *d);
long xen_domain_pause(const struct xen_domain *d);
/* Until the domain is gone, or at least asks for no more time. */
long xen_domain_destroy(const struct xen_domain *d);
/* Ticks (pv_ticks()) that the hypercalls of all these took. */
extern uint64_t xen_domain_spent;
/* Flags of XEN_DOMCTL_getdomaininfo; ~0 when there is no such domain. */
uint32_t xen_domain_flags(domid_t id);

/* A page of the image made to show a frame of another domain; and what was there before. */
long xen_map_frame(void *page, domid_t domain, xen_pfn_t frame, bool writable);
long xen_map_own(void *page);

/* ---- asking the child ---- */

#define XEN_CHILDREN 3

/* A child that runs and waits for work. */
struct xen_child {
    struct xen_domain domain;
    evtchn_port_t console, bell; /* domain 0's ends */
    struct xen_box *box;
    struct xencons_interface *ring;
    bool there;
};

/* Children of this kernel; theirs is the kernel's function xen_child_work(). */
extern struct xen_child xen_children[XEN_CHILDREN];

/* Whether this is a child; then xen_child_main() never returns. */
bool xen_is_child(const struct pv_boot *boot);
void xen_child_main(void);
/* In the child: does what it is asked.  The kernel defines it; the library's own returns 0. */
long xen_child_work(uint64_t what, uint64_t argument);

/* Start a child, and wait until it answers. 0, an error of Xen, or -ENODEV: it died. */
long xen_child_start(struct xen_child *c);
void xen_child_destroy(struct xen_child *c);
/* Ask; then wait for the answer.  False: the child is dead, or stays silent for seconds. */
void xen_child_ask(struct xen_child *c, uint64_t what, uint64_t argument);
bool xen_child_answer(struct xen_child *c, long *result);
/* What the child said on its console since, is printed on this kernel's. */
void xen_child_print(struct xen_child *c);
/* Words that both sides may write, for the kernel's use. */
volatile uint64_t *xen_child_words(struct xen_child *c);
/* The same words, in the child. */
volatile uint64_t *xen_my_words(void);
#define XEN_CHILD_WORDS 256

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A hardware guest's memory: by its physical addresses, and by its current vCPU's page tables. */
#ifndef X86_HVM_MEMORY_H
#define X86_HVM_MEMORY_H

#include "x86/hvm/guest.h"

/* Bits of a page fault's error code (AMD APM 2, section 8.4.2). */
#define FAULT_PRESENT  1u
#define FAULT_WRITE    2u
#define FAULT_USER     4u
#define FAULT_RESERVED 8u
#define FAULT_FETCH    16u

/* Of the domain's own frames, with a reference; NULL: nothing that Zeroth may read (or write). */
struct frame *hvm_frame_get(struct domain *d, gfn_t gfn, bool write);

/*
 * struct guest_kind.flush.  Translations go by each vCPU's next entry; who runs one now has to come out for that.  A
 * CPU that comes to the domain adds itself to those that may have some, then reads the count: it is seen here, or
 * sees that it has to flush.  Interrupts on.
 */
void hvm_flush(struct domain *d);

/* How the current vCPU reaches memory, read once for several translations. */
struct hvm_paging {
    struct x86_vcpu *vcpu;
    uint64_t cr0, cr3, cr4, efer;
    uint64_t flushes; /* hvm_domain.flushes since interrupts are off */
};
void hvm_paging_read(struct x86_vcpu *v, struct hvm_paging *paging);

/*
 * The following concern the current vCPU.  They take no references: with interrupts off, no frame of
 * its domain's map can be freed, because who takes one away waits for this CPU (struct p2m.flush).
 */

/*
 * Interrupts off: translate by the guest's tables, setting accessed and dirty bits as a CPU does.  access: FAULT_WRITE,
 * FAULT_USER, FAULT_FETCH of what is to be done.  False: it would fault, with *error.
 */
bool hvm_translate(const struct hvm_paging *paging, uint64_t linear, uint32_t access,
                   uint64_t *physical, uint32_t *error);

/* Copies by the current vCPU's tables as its kernel; false: some byte cannot be reached. */
bool hvm_copy_from(struct x86_vcpu *v, void *to, uint64_t linear, size_t size);
bool hvm_copy_to(struct x86_vcpu *v, uint64_t linear, const void *from, size_t size);
/* As the code that runs, whatever its ring; what the tables lead to may be nothing, then it is lost.  False: a
 * page fault is due, with the address and the error. */
bool hvm_store(struct x86_vcpu *v, uint64_t linear, const void *from, size_t size, uint64_t *fault,
               uint32_t *error);
/* Interrupts off: the bytes of an instruction at a linear address, as many as can be reached up to size; the number. */
unsigned int hvm_fetch(struct x86_vcpu *v, uint64_t linear, uint8_t *to, unsigned int size);

#endif

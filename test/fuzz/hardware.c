/* SPDX-License-Identifier: Apache-2.0 */
/* This machine can have no hardware guests: their domctls find none. */
#include "core/machine.h"
#include "x86/hvm/context.h"
#include "x86/hvm/cpuid.h"
#include "x86/hvm/hypercall.h"
#include "x86/hvm/kind.h"

#include <stdlib.h>

const struct guest_kind hvm_kind;

bool hvm_usable(void)
{
    return false;
}

const char *arch_guest_kinds(void)
{
    return "xen-3.0-x86_64 ";
}

void hvm_hypercall_page(void *page)
{
    (void)page;
    abort();
}

size_t hvm_context_room(const struct domain *d)
{
    (void)d;
    abort();
}

size_t hvm_context_save(struct domain *d, void *to)
{
    (void)d, (void)to;
    abort();
}

long hvm_context_save_one(struct domain *d, unsigned int type, unsigned int instance, void *to)
{
    (void)d, (void)type, (void)instance, (void)to;
    abort();
}

int hvm_context_load(struct domain *d, const void *from, size_t size)
{
    (void)d, (void)from, (void)size;
    abort();
}

void hvm_policy_of_cpu(struct cpuid_policy *p)
{
    (void)p;
    abort();
}

void hvm_policy_most(struct cpuid_policy *p)
{
    (void)p;
    abort();
}

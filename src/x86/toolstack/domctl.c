/* SPDX-License-Identifier: Apache-2.0 */
/* XEN_DOMCTL_*: rights to devices' memory and ports, the hypercall page, the width of addresses. */
#include "x86/toolstack/domctl.h"

#include "core/domain.h"
#include "core/memory/frame.h"
#include "core/machine.h"
#include "core/vcpu.h"
#include "x86/features.h"
#include "x86/guest.h"
#include "x86/hvm/hypercall.h"
#include "x86/hvm/kind.h"
#include "x86/hvm/map.h"
#include "x86/pv/entry.h"
#include "x86/pv/hypercall_page.h"
#include "x86/pv/kind.h"
#include "x86/pv/validate.h"

#define PORTS           65536u
#define DEVICES_AT_ONCE 64u /* frames of a call, as Xen 4.17 takes them (measured) */

/* What a configuration may ask for: of emulated devices, a PV domain none, but that the timer is nothing
 * to it (measured); a hardware domain just the local APIC. */
int arch_domain_kind(bool hvm, uint32_t emulation, uint32_t options, const struct guest_kind **kind)
{
    if ((emulation & ~XEN_X86_EMU_ALL) || (options & ~XEN_X86_MISC_FLAGS_MAX))
        return -XEN_EINVAL;
    if (hvm && !hvm_usable())
        return -XEN_EINVAL;
    if (hvm ? emulation != XEN_X86_EMU_LAPIC : emulation & ~XEN_X86_EMU_PIT)
        return -XEN_EOPNOTSUPP;
    *kind = hvm ? &hvm_kind : &pv_kind;
    return 0;
}

unsigned int arch_address_bits(void)
{
    return cpu.address_bits;
}

/* ---- devices ---- */

/* May a domain map all of these? */
static bool has_iomem(struct domain *d, uint64_t first, uint64_t last)
{
    struct x86_domain *x = x86_domain(d);

    return x->hardware ? pv_iomem_free(first, last) : ranges_have(&x->iomem, first, last);
}

DOMCTL(iomem_permission)
{
    DOMCTL_ENTER(iomem_permission);
    uint64_t last = a->first_mfn + a->nr_mfns - 1;
    int rc;

    if (last < a->first_mfn)
        return -XEN_EINVAL;
    if (!has_iomem(v->domain, a->first_mfn, last))
        return -XEN_EPERM; /* none can be given that one has not */
    pv_tables_lock(d);
    rc = a->allow_access ? ranges_add(&x86_domain(d)->iomem, a->first_mfn, last)
                         : ranges_remove(&x86_domain(d)->iomem, a->first_mfn, last);
    pv_tables_unlock(d);
    return rc;
}

/* Up to so many of a hardware domain's numbers; how many it were if not all, an error if none. */
static long map_devices(struct domain *d, const struct xen_domctl_memory_mapping *a)
{
    uint64_t count = a->nr_mfns < DEVICES_AT_ONCE ? a->nr_mfns : DEVICES_AT_ONCE, i;
    int rc = -XEN_EINVAL;

    lock_take(&d->lock);
    for (i = 0; i < count && !d->is_dying; i++) {
        rc = a->add_mapping ? hvm_map_device(d, a->first_gfn + i, a->first_mfn + i)
                            : hvm_unmap_device(d, a->first_gfn + i);
        if (rc)
            break;
    }
    lock_release(&d->lock);
    if (!i)
        return rc;
    return i < a->nr_mfns ? (long)i : 0;
}

/* A PV domain maps by its own page tables: nothing is to be done but to say whether it may. */
DOMCTL(memory_mapping)
{
    DOMCTL_ENTER(memory_mapping);
    uint64_t last = a->first_mfn + a->nr_mfns - 1;
    bool ok;

    if (!a->nr_mfns || last < a->first_mfn || last >> (cpu.address_bits - PAGE_SHIFT) ||
        a->first_gfn + a->nr_mfns - 1 < a->first_gfn)
        return -XEN_EINVAL;
    pv_tables_lock(d);
    ok = has_iomem(d, a->first_mfn, last);
    pv_tables_unlock(d);
    if (!ok || !has_iomem(v->domain, a->first_mfn, last))
        return -XEN_EPERM;
    return x86_domain(d)->hvm ? map_devices(d, a) : 0;
}

static bool has_ports(const struct x86_domain *d, uint32_t first, uint32_t count)
{
    if (!d->io_allowed)
        return false;
    for (uint32_t port = first; port < first + count; port++)
        if (!(d->io_allowed[port / 64] >> port % 64 & 1))
            return false;
    return true;
}

DOMCTL(ioport_permission)
{
    DOMCTL_ENTER(ioport_permission);

    if (!a->nr_ports || a->first_port >= PORTS || a->nr_ports > PORTS - a->first_port)
        return -XEN_EINVAL;
    if (!has_ports(x86_domain(v->domain), a->first_port, a->nr_ports))
        return -XEN_EPERM;
    if (!x86_domain(d)->io_allowed)
        return -XEN_EOPNOTSUPP; /* a hardware domain reaches no port of the machine's */
    lock_take(&d->lock);
    pv_ports_permit(d, (uint16_t)a->first_port, (uint16_t)(a->first_port + a->nr_ports - 1),
                    a->allow_access);
    lock_release(&d->lock);
    return 0;
}

/* ---- */

DOMCTL(hypercall_init)
{
    DOMCTL_ENTER(hypercall_init);
    struct frame *f = d->kind->frame_get(d, a->gmfn);
    void *page;

    if (!f)
        return -XEN_EINVAL;
    if (frame_get_type(f, FRAME_WRITABLE)) {
        frame_put(f);
        return -XEN_EPERM;
    }
    page = frame_map(frame_mfn(f));
    if (x86_domain(d)->hvm)
        hvm_hypercall_page(page);
    else
        hypercall_page_fill(page);
    frame_unmap(page);
    frame_put_type(f, false);
    frame_put(f);
    return 0;
}

DOMCTL(set_address_size)
{
    DOMCTL_ENTER(address_size);

    if (a->size == 32 || x86_domain(d)->hvm)
        return -XEN_EOPNOTSUPP;
    return a->size == 64 ? 0 : -XEN_EINVAL;
}

DOMCTL(get_address_size)
{
    DOMCTL_ENTER(address_size);

    a->size = 64;
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/physdev.h"

#include "core/domain.h"
#include "core/machine.h"
#include "core/event/pirq.h"
#include "core/vcpu.h"

#include <xen/physdev.h>

#define PORTS 65536

static long do_eoi(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_eoi *a = arg;

    (void)extra;
    return pirq_eoi(v->domain, a->irq);
}

static long do_eoi_page(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_pirq_eoi_gmfn *a = arg;

    (void)extra;
    return pirq_set_eoi_page(v->domain, a->gmfn, false);
}

static long do_eoi_page_v1(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_pirq_eoi_gmfn *a = arg;

    (void)extra;
    return pirq_set_eoi_page(v->domain, a->gmfn, true);
}

static long do_status(struct vcpu *v, void *arg, uint64_t extra)
{
    struct physdev_irq_status_query *a = arg;

    (void)extra;
    return pirq_status(v->domain, a->irq, &a->flags);
}

static long do_set_iopl(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_set_iopl *a = arg;

    (void)extra;
    return a->iopl > 3 ? -XEN_EINVAL : arch_set_iopl(v, a->iopl);
}

static long do_set_iobitmap(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_set_iobitmap *a = arg;

    (void)extra;
    if (a->nr_ports > PORTS)
        return -XEN_EINVAL;
    return arch_set_iobitmap(v, (uint64_t)a->bitmap.p, a->nr_ports);
}

static long do_apic_read(struct vcpu *v, void *arg, uint64_t extra)
{
    struct physdev_apic *a = arg;

    (void)v;
    (void)extra;
    return arch_ioapic_read(a->apic_physbase, a->reg, &a->value);
}

static long do_apic_write(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_apic *a = arg;

    (void)v;
    (void)extra;
    return arch_ioapic_write(a->apic_physbase, a->reg, a->value);
}

/* An old kernel's way to a line: the vector it is told means nothing, but must be one. */
static long do_alloc_vector(struct vcpu *v, void *arg, uint64_t extra)
{
    struct physdev_irq *a = arg;
    int rc;

    (void)extra;
    a->vector = a->irq;
    if (a->irq >= arch_gsi_count())
        return 0; /* measured */
    rc = pirq_map(v->domain, (int)a->irq, a->irq);
    return rc < 0 ? rc : 0;
}

static long do_setup_gsi(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_setup_gsi *a = arg;

    (void)v;
    (void)extra;
    if (a->gsi < 0)
        return -XEN_EINVAL;
    return arch_gsi_setup((unsigned int)a->gsi, a->triggering != 0, a->polarity != 0);
}

static long map_message(struct domain *d, struct physdev_map_pirq *a)
{
    struct arch_msi which = { .bus = (uint8_t)a->bus,
                              .devfn = (uint8_t)a->devfn,
                              .entry = (uint32_t)a->entry_nr,
                              .table = a->table_base };
    int irq, rc;

    if (a->devfn < 0 || a->devfn > 255 || a->entry_nr < 0 ||
        (a->type == MAP_PIRQ_TYPE_MSI && (a->bus < 0 || a->bus > 255)))
        return -XEN_EINVAL;
    if (a->type != MAP_PIRQ_TYPE_MSI)
        which.segment = (uint16_t)((uint32_t)a->bus >> 16);
    irq = arch_msi_create(&which);
    if (irq < 0)
        return irq;
    rc = pirq_map(d, a->pirq, (unsigned int)irq);
    if (rc < 0) {
        arch_msi_destroy((unsigned int)irq);
        return rc;
    }
    a->pirq = rc;
    return 0;
}

static long map_for(struct domain *d, struct physdev_map_pirq *a)
{
    int rc;

    switch (a->type) {
    case MAP_PIRQ_TYPE_GSI:
        if (a->index < 0 || (unsigned int)a->index >= arch_gsi_count())
            return -XEN_EINVAL;
        rc = pirq_map(d, a->pirq < 0 ? a->index : a->pirq, (unsigned int)a->index);
        if (rc < 0)
            return rc;
        a->pirq = rc;
        return 0;
    case MAP_PIRQ_TYPE_MULTI_MSI:
        if (a->entry_nr != 1) /* several need interrupt remapping: Dom0 takes one then */
            return -XEN_EOPNOTSUPP;
        a->entry_nr = 0;
        a->table_base = 0;
        /* fall through */
    case MAP_PIRQ_TYPE_MSI:
    case MAP_PIRQ_TYPE_MSI_SEG: return map_message(d, a);
    default: return -XEN_EINVAL;
    }
}

static struct domain *target(struct vcpu *v, domid_t id)
{
    return domain_get(id == DOMID_SELF ? v->domain->id : id);
}

static long do_map_pirq(struct vcpu *v, void *arg, uint64_t extra)
{
    struct physdev_map_pirq *a = arg;
    struct domain *d = target(v, a->domid);
    long rc;

    (void)extra;
    if (!d)
        return -XEN_ESRCH;
    rc = map_for(d, a);
    domain_put(d);
    return rc;
}

static long do_unmap_pirq(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_unmap_pirq *a = arg;
    struct domain *d = target(v, a->domid);
    long rc;

    (void)extra;
    if (!d)
        return -XEN_ESRCH;
    rc = a->pirq < 0 ? -XEN_EINVAL : pirq_unmap(d, (unsigned int)a->pirq);
    domain_put(d);
    return rc;
}

static long do_get_free_pirq(struct vcpu *v, void *arg, uint64_t extra)
{
    struct physdev_get_free_pirq *a = arg;
    int rc;

    (void)extra;
    if (a->type != MAP_PIRQ_TYPE_GSI && a->type != MAP_PIRQ_TYPE_MSI)
        return -XEN_EINVAL;
    rc = pirq_free(v->domain, a->type == MAP_PIRQ_TYPE_MSI);
    if (rc < 0)
        return rc;
    a->pirq = (uint32_t)rc;
    return 0;
}

/* The devices of segment 0 that Dom0 has told of.  They are its own: no domain is asked for. */
static uint64_t devices[256 * 256 / 64];

static long tell(uint16_t segment, uint8_t bus, uint8_t devfn, bool there)
{
    unsigned int i = (unsigned int)bus << 8 | devfn;
    uint64_t bit = 1ul << i % 64;

    if (segment)
        return 0;
    if (there) {
        __atomic_fetch_or(&devices[i / 64], bit, __ATOMIC_RELAXED);
        return 0;
    }
    return __atomic_fetch_and(&devices[i / 64], ~bit, __ATOMIC_RELAXED) & bit ? 0 : -XEN_ENODEV;
}

static long do_manage_add(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_manage_pci *a = arg;

    (void)v;
    (void)extra;
    return tell(0, a->bus, a->devfn, true);
}

static long do_manage_add_ext(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_manage_pci_ext *a = arg;

    (void)v;
    (void)extra;
    return tell(0, a->bus, a->devfn, true);
}

static long do_manage_remove(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_manage_pci *a = arg;

    (void)v;
    (void)extra;
    return tell(0, a->bus, a->devfn, false);
}

static long do_device_add(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_pci_device_add *a = arg;

    (void)v;
    (void)extra;
    return tell(a->seg, a->bus, a->devfn, true);
}

static long do_device_remove(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_pci_device *a = arg;

    (void)v;
    (void)extra;
    return tell(a->seg, a->bus, a->devfn, false);
}

/* What Zeroth has no use for. */
static long do_told(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)v;
    (void)arg;
    (void)extra;
    return 0;
}

static long do_restore_msi(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_restore_msi *a = arg;

    (void)v;
    (void)extra;
    return arch_msi_restore(0, a->bus, a->devfn);
}

static long do_restore_msi_ext(struct vcpu *v, void *arg, uint64_t extra)
{
    const struct physdev_pci_device *a = arg;

    (void)v;
    (void)extra;
    return arch_msi_restore(a->seg, a->bus, a->devfn);
}

/* Zeroth's console uses no USB debug port. */
static long do_dbgp(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)v;
    (void)arg;
    (void)extra;
    return -XEN_ENOSYS;
}

/* A notification of very old kernels: there is nothing to unmask. */
static long do_nothing(struct vcpu *v, void *arg, uint64_t extra)
{
    (void)v;
    (void)arg;
    (void)extra;
    return 0;
}

#define ROW(name_, type, direction, kinds, authority, fn) \
    { \
        PHYSDEVOP_##name_, #name_, sizeof(type), direction, kinds, authority, BOUNDED, false, fn \
    }

const struct door_op physdev_ops[] = {
    ROW(eoi, physdev_eoi_t, DIR_IN, KIND_ALL, AUTH_SELF, do_eoi),
    ROW(pirq_eoi_gmfn_v1, physdev_pirq_eoi_gmfn_t, DIR_IN, KIND_PV, AUTH_SELF, do_eoi_page_v1),
    ROW(pirq_eoi_gmfn_v2, physdev_pirq_eoi_gmfn_t, DIR_IN, KIND_PV, AUTH_SELF, do_eoi_page),
    ROW(irq_status_query, physdev_irq_status_query_t, DIR_INOUT, KIND_ALL, AUTH_SELF, do_status),
    ROW(set_iopl, physdev_set_iopl_t, DIR_IN, KIND_PV, AUTH_SELF, do_set_iopl),
    ROW(set_iobitmap, physdev_set_iobitmap_t, DIR_IN, KIND_PV, AUTH_SELF, do_set_iobitmap),
    ROW(apic_read, physdev_apic_t, DIR_INOUT, KIND_PV, AUTH_DOM0, do_apic_read),
    ROW(apic_write, physdev_apic_t, DIR_IN, KIND_PV, AUTH_DOM0, do_apic_write),
    ROW(alloc_irq_vector, physdev_irq_t, DIR_INOUT, KIND_PV, AUTH_DOM0, do_alloc_vector),
    ROW(free_irq_vector, physdev_irq_t, DIR_IN, KIND_PV, AUTH_DOM0, do_told),
    ROW(setup_gsi, physdev_setup_gsi_t, DIR_IN, KIND_ALL, AUTH_DOM0, do_setup_gsi),
    ROW(map_pirq, physdev_map_pirq_t, DIR_INOUT, KIND_ALL, AUTH_DOM0, do_map_pirq),
    ROW(unmap_pirq, physdev_unmap_pirq_t, DIR_IN, KIND_ALL, AUTH_DOM0, do_unmap_pirq),
    ROW(get_free_pirq, physdev_get_free_pirq_t, DIR_INOUT, KIND_PV, AUTH_SELF, do_get_free_pirq),
    ROW(manage_pci_add, physdev_manage_pci_t, DIR_IN, KIND_ALL, AUTH_DOM0, do_manage_add),
    ROW(manage_pci_remove, physdev_manage_pci_t, DIR_IN, KIND_ALL, AUTH_DOM0, do_manage_remove),
    ROW(manage_pci_add_ext, physdev_manage_pci_ext_t, DIR_IN, KIND_ALL, AUTH_DOM0,
        do_manage_add_ext),
    ROW(pci_device_add, physdev_pci_device_add_t, DIR_IN, KIND_ALL, AUTH_DOM0, do_device_add),
    ROW(pci_device_remove, physdev_pci_device_t, DIR_IN, KIND_ALL, AUTH_DOM0, do_device_remove),
    ROW(pci_mmcfg_reserved, physdev_pci_mmcfg_reserved_t, DIR_IN, KIND_ALL, AUTH_DOM0, do_told),
    ROW(prepare_msix, physdev_pci_device_t, DIR_IN, KIND_ALL, AUTH_DOM0, do_told),
    ROW(release_msix, physdev_pci_device_t, DIR_IN, KIND_ALL, AUTH_DOM0, do_told),
    ROW(restore_msi, physdev_restore_msi_t, DIR_IN, KIND_ALL, AUTH_DOM0, do_restore_msi),
    ROW(restore_msi_ext, physdev_pci_device_t, DIR_IN, KIND_ALL, AUTH_DOM0, do_restore_msi_ext),
    ROW(dbgp_op, physdev_dbgp_op_t, DIR_IN, KIND_ALL, AUTH_DOM0, do_dbgp),
    { PHYSDEVOP_IRQ_UNMASK_NOTIFY, "irq_unmask_notify", 0, DIR_NONE, KIND_PV, AUTH_SELF, BOUNDED,
      false, do_nothing },
};
const uint16_t physdev_op_count = ARRAY_SIZE(physdev_ops);

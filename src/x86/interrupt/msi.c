/* SPDX-License-Identifier: Apache-2.0 */
#include "x86/interrupt/msi.h"

#include "core/assert.h"
#include "core/lock.h"
#include "core/machine.h"
#include "drivers/pci.h"
#include "x86/interrupt/irq.h"
#include "x86/memory/map.h"

#include <xen/errno.h>

#define MSI_ENABLE   1u
#define MSI_COUNT    0x70u /* log2 of the messages enabled: 0, one */
#define MSI_64       0x80u
#define MSI_MASKABLE 0x100u
#define MSIX_ENABLE  0x8000u
#define ENTRY_SIZE   16

static struct message {
    bool used;
    struct arch_msi which;
    struct pci_device device;
    unsigned int cap;
    volatile uint32_t *entry; /* MSI-X: the mapped entry */
    uint32_t address, data;   /* 0: not aimed yet */
} messages[ARCH_IRQS];
/* Guards: messages[].used; taken before the PCI registers' lock, never by an interrupt. */
static struct lock lock = LOCK(RANK_IRQ);

static void write_entry(const struct message *m)
{
    m->entry[3] |= 1; /* masked while it changes */
    m->entry[0] = m->address;
    m->entry[1] = 0;
    m->entry[2] = m->data;
    m->entry[3] &= ~1u;
}

static void write_capability(const struct message *m)
{
    uint32_t control = pci_read(m->device, m->cap + 2, 2);
    unsigned int data = m->cap + (control & MSI_64 ? 12 : 8);

    pci_write(m->device, m->cap + 4, 4, m->address);
    if (control & MSI_64)
        pci_write(m->device, m->cap + 8, 4, 0);
    pci_write(m->device, data, 2, m->data);
    if (control & MSI_MASKABLE)
        pci_write(m->device, data + 4, 4, 0);
    pci_write(m->device, m->cap + 2, 2, (control & ~MSI_COUNT) | MSI_ENABLE);
}

static void write_message(const struct message *m)
{
    if (!m->address)
        return;
    if (m->entry)
        write_entry(m);
    else
        write_capability(m);
}

static void mask(unsigned int irq)
{
    const struct message *m = &messages[irq];

    if (m->entry)
        m->entry[3] |= 1;
    else
        pci_write(m->device, m->cap + 2, 2, pci_read(m->device, m->cap + 2, 2) & ~MSI_ENABLE);
}

static void aim(unsigned int irq, uint8_t vector, uint32_t apic_id)
{
    struct message *m = &messages[irq];

    ASSERT(m->used && apic_id < 256);
    m->address = MSI_ADDRESS | apic_id << 12;
    m->data = vector;
    write_message(m);
}

static void unmask(unsigned int irq)
{
    write_message(&messages[irq]);
}

static const struct irq_chip chip = { mask, unmask, aim };

static bool same(const struct arch_msi *a, const struct arch_msi *b)
{
    return a->segment == b->segment && a->bus == b->bus && a->devfn == b->devfn &&
           a->entry == b->entry && !a->table == !b->table;
}

/* Reserve a number; lock held. */
static int reserve(const struct arch_msi *which)
{
    int found = -XEN_ENOSPC;

    for (unsigned int i = arch_gsi_count(); i < ARCH_IRQS; i++) {
        if (messages[i].used && same(&messages[i].which, which))
            return -XEN_EEXIST;
        if (!messages[i].used && found < 0)
            found = (int)i;
    }
    if (found >= 0)
        messages[found].used = true;
    return found;
}

/* The device's table says where in the BAR; the guest where the BAR is.  0, or what refuses. */
static int msix_map(struct message *m)
{
    uint32_t control = pci_read(m->device, m->cap + 2, 2);
    uint32_t offset = pci_read(m->device, m->cap + 4, 4) & ~7u;

    if (m->which.entry > (control & 0x7ff))
        return -XEN_EINVAL;
    m->entry = map_device(m->which.table + offset + m->which.entry * ENTRY_SIZE, ENTRY_SIZE,
                          MAP_UNCACHED);
    if (!m->entry)
        return -XEN_ENOMEM;
    m->entry[3] |= 1;
    if (!(control & MSIX_ENABLE))
        pci_write(m->device, m->cap + 2, 2, control | MSIX_ENABLE);
    return 0;
}

int arch_msi_create(const struct arch_msi *which)
{
    struct pci_device device = { which->segment, which->bus, which->devfn };
    unsigned int cap = pci_capability(device, which->table ? PCI_CAP_MSIX : PCI_CAP_MSI);
    struct message *m;
    bool on;
    int irq, rc;

    if (!cap)
        return -XEN_ENODEV;
    on = lock_take_irq(&lock);
    irq = reserve(which);
    lock_release_irq(&lock, on);
    if (irq < 0)
        return irq;
    m = &messages[irq];
    *m = (struct message){ .used = true, .which = *which, .device = device, .cap = cap };
    rc = which->table ? msix_map(m) : 0;
    if (rc) {
        m->used = false;
        return rc;
    }
    irq_set_chip((unsigned int)irq, &chip, false);
    return irq;
}

void arch_msi_destroy(unsigned int irq)
{
    struct message *m = &messages[irq];

    ASSERT(irq < ARCH_IRQS && m->used);
    mask(irq);
    if (m->entry)
        map_device_end((const void *)m->entry, ENTRY_SIZE);
    m->entry = NULL;
    m->used = false;
}

int arch_msi_restore(uint16_t segment, uint8_t bus, uint8_t devfn)
{
    struct pci_device device = { segment, bus, devfn };

    if (!pci_present(device))
        return -XEN_ENODEV;
    for (unsigned int i = arch_gsi_count(); i < ARCH_IRQS; i++) {
        const struct message *m = &messages[i];

        if (!m->used || m->which.segment != segment || m->which.bus != bus ||
            m->which.devfn != devfn)
            continue;
        if (m->entry)
            pci_write(device, m->cap + 2, 2, pci_read(device, m->cap + 2, 2) | MSIX_ENABLE);
        write_message(m);
    }
    return 0;
}

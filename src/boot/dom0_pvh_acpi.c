/* SPDX-License-Identifier: Apache-2.0 */
/* ACPI 6.4: 5.2.5 (RSDP), 5.2.8 (XSDT), 5.2.12 (MADT). */
#include "boot/dom0_pvh_acpi.h"

#include "lib/memory.h"

#define LAPIC_ADDRESS 0xfee00000u
#define LAPIC_ENABLED 1u
#define LAPIC_IDS     255u /* from this on an x2APIC's structure is needed */

struct __attribute__((packed)) rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt, length;
    uint64_t xsdt;
    uint8_t checksum_all, reserved[3];
};

struct __attribute__((packed)) header {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision;
    char creator[4];
    uint32_t creator_revision;
};

struct __attribute__((packed)) madt {
    struct header header;
    uint32_t lapic, flags;
};

struct __attribute__((packed)) lapic {
    uint8_t type, length, acpi_id, apic_id;
    uint32_t flags;
};

struct __attribute__((packed)) x2apic {
    uint8_t type, length;
    uint16_t reserved;
    uint32_t apic_id, flags, acpi_id;
};

static uint8_t checksum(const void *at, size_t size)
{
    const uint8_t *bytes = at;
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return (uint8_t)-sum;
}

static void seal(struct header *h, const char *signature, uint8_t revision, size_t length)
{
    memcpy(h->signature, signature, sizeof(h->signature));
    h->length = (uint32_t)length;
    h->revision = revision;
    memcpy(h->oem, "ZEROTH", sizeof(h->oem));
    memcpy(h->oem_table, "PVH     ", sizeof(h->oem_table));
    h->oem_revision = 1;
    memcpy(h->creator, "ZRTH", sizeof(h->creator));
    h->creator_revision = 1;
    h->checksum = checksum(h, length);
}

static size_t add_cpu(uint8_t *to, unsigned int vcpu, uint32_t id)
{
    if (id < LAPIC_IDS) {
        const struct lapic l = { 0, sizeof(l), (uint8_t)vcpu, (uint8_t)id, LAPIC_ENABLED };

        memcpy(to, &l, sizeof(l));
        return sizeof(l);
    }
    {
        const struct x2apic x = { 9, sizeof(x), 0, id, LAPIC_ENABLED, vcpu };

        memcpy(to, &x, sizeof(x));
        return sizeof(x);
    }
}

size_t dom0_pvh_acpi(uint8_t *to, size_t room, uint64_t at, unsigned int vcpus,
                     uint32_t (*apic_id)(unsigned int vcpu))
{
    size_t xsdt_at = sizeof(struct rsdp) + 4, madt_at = xsdt_at + sizeof(struct header) + 8;
    struct rsdp *rsdp = (struct rsdp *)to;
    struct header *xsdt = (struct header *)(to + xsdt_at);
    struct madt *madt = (struct madt *)(to + madt_at);
    uint64_t madt_address = at + madt_at;
    size_t length = sizeof(*madt);

    if (madt_at + sizeof(*madt) + vcpus * sizeof(struct x2apic) > room)
        return 0;
    madt->lapic = LAPIC_ADDRESS;
    for (unsigned int i = 0; i < vcpus; i++)
        length += add_cpu((uint8_t *)madt + length, i, apic_id(i));
    seal(&madt->header, "APIC", 4, length);
    memcpy(xsdt + 1, &madt_address, sizeof(madt_address));
    seal(xsdt, "XSDT", 1, sizeof(*xsdt) + 8);
    memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
    memcpy(rsdp->oem, "ZEROTH", sizeof(rsdp->oem));
    rsdp->revision = 2;
    rsdp->length = sizeof(*rsdp);
    rsdp->xsdt = at + xsdt_at;
    rsdp->checksum = checksum(rsdp, 20);
    rsdp->checksum_all = checksum(rsdp, sizeof(*rsdp));
    return madt_at + length;
}

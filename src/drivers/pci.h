/* SPDX-License-Identifier: Apache-2.0 */
/* PCI configuration space, by ports 0xcf8 and 0xcfc or in memory (MCFG).  Any context. */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include "core/types.h"

struct pci_device {
    uint16_t segment;
    uint8_t bus, devfn;
};

#define PCI_VENDOR       0x00
#define PCI_STATUS       0x06
#define PCI_CAPABILITIES 0x34
#define PCI_CAP_MSI      0x05
#define PCI_CAP_MSIX     0x11

/* Registers of 1, 2 or 4 bytes, aligned; all ones where there is no device or no way to it. */
uint32_t pci_read(struct pci_device d, unsigned int reg, unsigned int size);
void pci_write(struct pci_device d, unsigned int reg, unsigned int size, uint32_t value);
bool pci_present(struct pci_device d);
/* An access by port 0xcfc + offset, for a guest, with what it has written to port 0xcf8: 1, 2 or 4
 * bytes that end within the port's four.  Returns what is read. */
uint32_t pci_port_access(uint32_t address, unsigned int offset, unsigned int size, bool write,
                         uint32_t value);
/* Offset of a capability (PCI 3.0, 6.7), 0: the device has it not. */
unsigned int pci_capability(struct pci_device d, uint8_t id);

#endif

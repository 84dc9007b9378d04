/* SPDX-License-Identifier: Apache-2.0 */
/* XENPF_firmware_info: what Dom0 is told of EFI, with the results of Xen 4.17. */
#include "cmocka_all.h"

#include "abi/copy.h"
#include "abi/efi.h"
#include "abi/platform.h"
#include "core/machine.h"
#include "core/sched/sched.h"
#include "core/time.h"

#include <string.h>
#include <xen/platform.h>

#define BAD 8ul /* an address that cannot be reached */

/* What the other rows call. */
const struct door_call door_calls[DOOR_CALLS];
unsigned int cpu_count = 1;

long door_enter(const struct door_call *call, uint64_t op, uint64_t guest, uint64_t extra)
{
    (void)call, (void)op, (void)guest, (void)extra;
    return -XEN_ENOSYS;
}

int arch_memtype_read(unsigned int reg, mfn_t *first, uint64_t *count, uint32_t *type)
{
    (void)reg, (void)first, (void)count, (void)type;
    return -XEN_EINVAL;
}

int arch_acpi_s5(uint16_t a, uint16_t b)
{
    (void)a, (void)b;
    return -XEN_EIO;
}

uint8_t arch_keyboard_flags(void)
{
    return 0x20;
}

long efi_runtime_call(struct xenpf_efi_runtime_call *a)
{
    (void)a;
    return -XEN_EFAULT;
}

ns_t arch_now(void)
{
    return 0;
}

uint64_t sched_runtime(const struct vcpu *v)
{
    (void)v;
    return 0;
}

struct vcpu *arch_idle_vcpu(unsigned int cpu)
{
    (void)cpu;
    return NULL;
}

void arch_cpu_ids(unsigned int cpu, uint32_t *apic_id, uint32_t *acpi_id)
{
    (void)cpu;
    *apic_id = *acpi_id = 0;
}

void arch_cpu_version(char vendor[12], uint32_t *family, uint32_t *model, uint32_t *stepping)
{
    (void)vendor;
    *family = *model = *stepping = 0;
}

void time_set_wallclock(uint64_t seconds, uint32_t ns, ns_t system_time)
{
    (void)seconds, (void)ns, (void)system_time;
}

bool copy_from_guest(void *to, uint64_t at, size_t size)
{
    return at != BAD && memcpy(to, (void *)at, size);
}

bool copy_to_guest(uint64_t at, const void *from, size_t size)
{
    return at != BAD && memcpy((void *)at, from, size);
}

bool copy_item_from_guest(void *to, uint64_t at, uint64_t index, size_t size)
{
    return copy_from_guest(to, at + index * size, size);
}

bool copy_item_to_guest(uint64_t at, uint64_t index, const void *from, size_t size)
{
    return copy_to_guest(at + index * size, from, size);
}

static struct xen_platform_op op;
static struct xenpf_firmware_info *const info = &op.u.firmware_info;
static union xenpf_efi_info *const efi = &op.u.firmware_info.u.efi_info;

static long ask(uint32_t index)
{
    info->type = XEN_FW_EFI_INFO;
    info->index = index;
    for (unsigned int i = 0; i < platform_op_count; i++)
        if (platform_ops[i].nr == XENPF_firmware_info)
            return platform_ops[i].fn(NULL, &op, 0);
    return 0;
}

static void no_efi(void **state)
{
    (void)state;
    for (uint32_t index = 0; index < 8; index++)
        assert_int_equal(ask(index), -XEN_ENOSYS);
}

static void set_up(void)
{
    static const struct platform_memory map[] = {
        { 0x0, 0x1000, 15, 3 },
        { 0x1000, 0x9000, 15, 2 },
        { 0xfffff000, 0x1000, 1, 11 },
        { 0xfffffffffffff000, 0x1000, 7, 5 },
    };
    static const struct platform_efi from = {
        .version = 0x20046,
        .runtime_version = 0x20046,
        .tables = 0x3f5ebc98,
        .table_count = 11,
        .vendor_revision = 0x10000,
        .vendor = { 'E', 'D', 'K', ' ', 'I', 'I', 0 },
        .map = map,
        .map_count = ARRAY_SIZE(map),
    };

    platform_set_efi(&from);
}

static void tables_and_versions(void **state)
{
    (void)state;
    set_up();
    assert_int_equal(ask(XEN_FW_EFI_VERSION), 0);
    assert_int_equal(efi->version, 0x20046);
    assert_int_equal(ask(XEN_FW_EFI_RT_VERSION), 0);
    assert_int_equal(ask(XEN_FW_EFI_CONFIG_TABLE), 0);
    assert_int_equal(efi->cfg.addr, 0x3f5ebc98);
    assert_int_equal(efi->cfg.nent, 11);
    assert_int_equal(ask(XEN_FW_EFI_PCI_ROM), -XEN_ESRCH);
    assert_int_equal(ask(XEN_FW_EFI_APPLE_PROPERTIES), -XEN_ENODATA);
    assert_int_equal(ask(7), -XEN_EINVAL);
    assert_int_equal(ask(~0u), -XEN_EINVAL);
}

static void vendor_by_whole_characters(void **state)
{
    static const struct {
        uint32_t room;
        unsigned int characters;
    } rows[] = {
        { 0, 0 }, { 1, 0 }, { 2, 1 }, { 5, 2 }, { 13, 6 }, { 14, 7 }, { 15, 7 }, { 0xffffffff, 7 },
    };
    uint16_t name[16];

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
        memset(name, 0xee, sizeof(name));
        efi->vendor.bufsz = rows[i].room;
        efi->vendor.name.p = name;
        assert_int_equal(ask(XEN_FW_EFI_VENDOR), 0);
        assert_int_equal(efi->vendor.revision, 0x10000);
        assert_memory_equal(name, u"EDK II", rows[i].characters * 2);
        assert_int_equal(name[rows[i].characters], 0xeeee);
    }
    efi->vendor.bufsz = 64;
    efi->vendor.name.p = (void *)BAD;
    assert_int_equal(ask(XEN_FW_EFI_VENDOR), -XEN_EFAULT);
}

static long memory_at(uint64_t address, uint64_t size)
{
    efi->mem.addr = address;
    efi->mem.size = size;
    return ask(XEN_FW_EFI_MEM_INFO);
}

static void memory_pieces(void **state)
{
    (void)state;
    assert_int_equal(memory_at(0x1000, ~0ul), 0);
    assert_int_equal(efi->mem.addr, 0x1000);
    assert_int_equal(efi->mem.size, 0x9000);
    assert_int_equal(efi->mem.type, 2);
    assert_int_equal(efi->mem.attr, 15);
    assert_int_equal(memory_at(0x0, 0x10000), 0);
    assert_int_equal(efi->mem.size, 0x1000);
    assert_int_equal(memory_at(0x9fff, 8), 0);
    assert_int_equal(efi->mem.size, 1);
    assert_int_equal(memory_at(0x2345, 0), 0);
    assert_int_equal(efi->mem.size, 0);
    assert_int_equal(memory_at(0xa000, 1), -XEN_ESRCH);
    assert_int_equal(memory_at(0x100000000, 1), -XEN_ESRCH);
    assert_int_equal(memory_at(~0ul, ~0ul), 0);
    assert_int_equal(efi->mem.size, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_efi),
        cmocka_unit_test(tables_and_versions),
        cmocka_unit_test(vendor_by_whole_characters),
        cmocka_unit_test(memory_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

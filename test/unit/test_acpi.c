/* SPDX-License-Identifier: Apache-2.0 */
/* drivers/acpi_tables.c: good tables, and the same ones broken in every way that is cheap to try. */
#include "cmocka_all.h"
#include "drivers/acpi_tables.h"

#include <stdlib.h>
#include <string.h>

_Noreturn void arch_panic(const char *file, int line, const char *what)
{
    print_error("%s:%d: %s\n", file, line, what);
    abort();
}

static struct acpi_info info;
static uint8_t table[1024];
static size_t length;

static void put(uint64_t value, unsigned int size)
{
    for (unsigned int i = 0; i < size; i++)
        table[length++] = (uint8_t)(value >> (8 * i));
}

static void start(size_t header)
{
    memset(&info, 0, sizeof(info));
    memset(table, 0, sizeof(table));
    length = header;
}

static void make_madt(void)
{
    start(36);
    put(0xfee00000, 4), put(1, 4);
    put(0, 1), put(8, 1), put(1, 1), put(4, 1), put(0, 4); /* CPU, absent */
    put(0, 1), put(8, 1), put(2, 1), put(6, 1), put(2, 4); /* may be plugged in */
    put(0, 1), put(8, 1), put(0, 1), put(0, 1), put(1, 4);
    put(9, 1), put(16, 1), put(0, 2), put(300, 4), put(1, 4), put(7, 4); /* x2APIC */
    put(9, 1), put(16, 1), put(0, 2), put(0, 4), put(1, 4), put(0, 4);   /* the same again */
    put(1, 1), put(12, 1), put(3, 1), put(0, 1), put(0xfec00000, 4), put(24, 4);
    put(2, 1), put(10, 1), put(0, 1), put(9, 1), put(20, 4), put(0xf, 2);
    put(4, 1), put(6, 1), put(0xff, 1), put(0, 2), put(1, 1);
}

static void madt(void **state)
{
    (void)state;
    make_madt();
    assert_true(acpi_read_madt(&info, table, length));
    assert_int_equal(info.cpu_count, 3);
    assert_int_equal(info.cpus[0].apic_id, 0);
    assert_int_equal(info.cpus[1].apic_id, 300);
    assert_int_equal(info.cpus[2].apic_id, 6); /* not enabled: last */
    assert_false(info.cpus[2].enabled);
    assert_int_equal(info.ioapics[0].gsi_base, 24);
    assert_true(info.overrides[0].level && info.overrides[0].low);
    assert_int_equal(info.overrides[0].gsi, 20);
    assert_int_equal(info.lapic_nmi_lint, 1);
    assert_true(info.lapic_nmi_acpi_id == ~0u);
}

static void make_srat(void)
{
    start(48);
    put(1, 1), put(40, 1), put(5, 4), put(0, 2), put(0, 8), put(1ul << 30, 8), put(0, 4), put(1, 4),
        put(0, 8);
    put(1, 1), put(40, 1), put(9, 4), put(0, 2), put(1ul << 30, 8), put(1ul << 30, 8), put(0, 4),
        put(1, 4), put(0, 8);
    put(0, 1), put(16, 1), put(9, 1), put(3, 1), put(1, 4), put(0, 8);
}

static void srat(void **state)
{
    (void)state;
    make_srat();
    info.cpu_count = 1;
    info.cpus[0].apic_id = 3;
    assert_true(acpi_read_srat(&info, table, length));
    assert_int_equal(info.node_count, 2);
    assert_int_equal(info.memory_count, 2);
    assert_int_equal(info.memories[1].node, 1);
    assert_true(info.memories[1].end == 2ul << 30);
    assert_int_equal(info.cpus[0].node, 1);
}

static void s5(void **state)
{
    static const uint8_t name[] = { 8, '_', 'S', '5', '_', 0x12, 6, 4, 0x0a, 5, 0x0a, 4, 0, 0 };

    (void)state;
    start(40);
    memcpy(table + 40, name, sizeof(name));
    assert_true(acpi_read_dsdt(&info, table, 40 + sizeof(name)));
    assert_int_equal(info.s5_a, 5);
    assert_int_equal(info.s5_b, 4);
    memset(&info, 0, sizeof(info));
    for (size_t cut = 0; cut < 40 + 7; cut++)
        assert_false(acpi_read_dsdt(&info, table, cut));
}

static void fadt(void **state)
{
    paddr_t dsdt;

    (void)state;
    start(244);
    memcpy(table + 40, "\x00\x10\x00\x00", 4);
    table[64] = 4, table[65] = 6; /* PM1a control at 0x604 */
    table[76] = 8, table[77] = 6, table[91] = 4;
    table[113] = 4; /* RESET_REG_SUP */
    table[116] = 1, table[120] = 0xf9, table[121] = 0x0c, table[128] = 0xf;
    assert_true(acpi_read_fadt(&info, table, length, &dsdt));
    assert_true(dsdt == 0x1000);
    assert_int_equal(info.pm1a_control, 0x604);
    assert_int_equal(info.pm_timer, 0x608);
    assert_int_equal(info.pm_timer_bits, 24);
    assert_true(info.has_reset && info.reset.address == 0xcf9 && info.reset_value == 0xf);
    assert_false(acpi_read_fadt(&info, table, 100, &dsdt));
}

/* Copies of exactly the length are parsed, so that the sanitizer sees a byte too far. */
static void parse_all(const uint8_t *from, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    paddr_t dsdt;

    assert_non_null(copy);
    memcpy(copy, from, size);
    acpi_read_madt(&info, copy, size);
    acpi_read_srat(&info, copy, size);
    acpi_read_fadt(&info, copy, size, &dsdt);
    acpi_read_dsdt(&info, copy, size);
    acpi_read_hpet(&info, copy, size);
    acpi_read_mcfg(&info, copy, size);
    assert_in_range(info.cpu_count, 0, ACPI_CPUS);
    assert_in_range(info.node_count, 1, ACPI_NODES);
    free(copy);
}

static void hostile(void **state)
{
    (void)state;
    srand(1);
    for (unsigned int round = 0; round < 20000; round++) {
        if (round % 2)
            make_madt();
        else
            make_srat();
        info.node_count = 1;
        for (unsigned int i = 0; i < 4; i++)
            table[36 + rand() % (length - 36)] = (uint8_t)rand();
        parse_all(table, rand() % 8 ? length : (size_t)rand() % (length + 1));
    }
    for (unsigned int round = 0; round < 3000; round++) { /* full tables of one entry */
        make_madt();
        for (size_t i = 44; i < sizeof(table); i++)
            table[i] = (uint8_t)(rand() % 12);
        info.node_count = 1;
        parse_all(table, sizeof(table));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(madt), cmocka_unit_test(srat),    cmocka_unit_test(s5),
        cmocka_unit_test(fadt), cmocka_unit_test(hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

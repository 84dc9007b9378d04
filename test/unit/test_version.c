/* SPDX-License-Identifier: Apache-2.0 */
/* xen_version through the door, held against what Xen 4.17 of Debian 12 answered. */
#include "cmocka_all.h"

#include "../workbench/machine.h"
#include "abi/version.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/vcpu.h"

#include <string.h>
#include <xen/version.h>

#define FILLER         0x55
#define DENIED_ADDRESS 16ul

static const struct guest_kind kind = { .bit = KIND_PV };
static struct domain privileged = { .kind = &kind, .privileged = true, .handle = { 1, 2, 3, 16 } };
static struct domain plain = { .id = 7, .kind = &kind, .handle = { 9 } };
static struct vcpu v;
static union {
    char text[2048];
    struct xen_compile_info compile;
    struct xen_platform_parameters platform;
    struct xen_feature_info feature;
    xen_domain_handle_t handle;
    uint32_t length;
} out;

const struct door_call door_calls[DOOR_CALLS] = {
    [__HYPERVISOR_xen_version] = { "xen_version", KIND_ALL, version_ops, &version_op_count,
                                   -XEN_ENOSYS, xen_version },
};

const char *arch_guest_kinds(void)
{
    return "xen-3.0-x86_64 ";
}

bool copy_from_guest(void *to, uint64_t guest, size_t size)
{
    return guest > DENIED_ADDRESS && memcpy(to, (void *)guest, size);
}

bool copy_to_guest(uint64_t guest, const void *from, size_t size)
{
    return guest > DENIED_ADDRESS && memcpy((void *)guest, from, size);
}

static int start(void **state)
{
    (void)state;
    workbench_current = &v;
    v.domain = &privileged;
    version_set_minor(17);
    version_set_build_id("", 0);
    version_set_sources("2026-01-02", "git:0123abc");
    memset(&out, FILLER, sizeof(out));
    return 0;
}

static long ask(uint64_t op)
{
    return xen_version(op, (uint64_t)&out, 0, 0, 0, 0);
}

/* Bytes of `out` that are no more as they were, counted from its start. */
static size_t written(void)
{
    size_t size = sizeof(out);

    while (size && out.text[size - 1] == FILLER)
        size--;
    return size;
}

static void test_numbers(void **state)
{
    (void)state;
    assert_int_equal(xen_version(XENVER_version, 0, 0, 0, 0, 0), 0x40011);
    assert_int_equal(ask(XENVER_version), 0x40011);
    assert_int_equal(xen_version(1ul << 32, 0, 0, 0, 0, 0), 0x40011); /* 32-bit numbers */
    version_set_minor(20);
    assert_int_equal(ask(XENVER_version), 0x40014);
    assert_int_equal(version_number, 0x40014);
    assert_int_equal(xen_version(XENVER_pagesize, 0, 0, 0, 0, 0), 4096);
    assert_int_equal(ask(XENVER_pagesize), -XEN_EINVAL);
    assert_int_equal(written(), 0);
}

static void test_texts(void **state)
{
    const struct {
        uint32_t op;
        size_t size;
        const char *text;
    } texts[] = {
        { XENVER_extraversion, 16, ".0-zeroth" },
        { XENVER_changeset, 64, "git:0123abc" },
        { XENVER_capabilities, 1024, "xen-3.0-x86_64 " },
    };

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(texts); i++) {
        start(NULL);
        assert_int_equal(ask(texts[i].op), 0);
        assert_int_equal(written(), texts[i].size);
        assert_string_equal(out.text, texts[i].text);
        for (size_t at = strlen(out.text); at < texts[i].size; at++)
            assert_int_equal(out.text[at], 0);
        assert_int_equal(xen_version(texts[i].op, DENIED_ADDRESS, 0, 0, 0, 0), -XEN_EFAULT);
    }
    start(NULL);
    assert_int_equal(ask(XENVER_compile_info), 0);
    assert_int_equal(written(), sizeof(out.compile));
    assert_string_equal(out.compile.compile_by, "zeroth");
    assert_string_equal(out.compile.compile_date, "2026-01-02");
    assert_true(strlen(out.compile.compiler) > 4);
}

static void test_command_line(void **state)
{
    char longest[3000];

    (void)state;
    version_set_command_line("console=com1  loglvl=all");
    assert_int_equal(ask(XENVER_commandline), 0);
    assert_int_equal(written(), 1024);
    assert_string_equal(out.text, "console=com1  loglvl=all");
    v.domain = &plain;
    assert_int_equal(ask(XENVER_commandline), 0);
    assert_string_equal(out.text, "<denied>");

    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    version_set_command_line(longest);
    v.domain = &privileged;
    assert_int_equal(ask(XENVER_commandline), 0);
    assert_int_equal(strlen(out.text), 1023);
}

static void test_structs(void **state)
{
    (void)state;
    assert_int_equal(ask(XENVER_platform_parameters), 0);
    assert_int_equal(out.platform.virt_start, 0xffff800000000000);
    assert_int_equal(ask(XENVER_guest_handle), 0);
    assert_memory_equal(out.handle, privileged.handle, 16);
    v.domain = &plain;
    assert_int_equal(ask(XENVER_guest_handle), 0);
    assert_memory_equal(out.handle, plain.handle, 16);
}

static void test_features(void **state)
{
    (void)state;
    out.feature.submap_idx = 0;
    privileged.vm_assist = 1u << VMASST_TYPE_pae_extended_cr3;
    assert_int_equal(ask(XENVER_get_features), 0);
    assert_int_equal(out.feature.submap, 0x228f0);
    v.domain = &plain;
    assert_int_equal(ask(XENVER_get_features), 0);
    assert_int_equal(out.feature.submap, 0x228e0 & ~(1u << XENFEAT_dom0));
    for (unsigned int i = 1; i; i <<= 1) {
        start(NULL);
        out.feature.submap_idx = i;
        assert_int_equal(ask(XENVER_get_features), -XEN_EINVAL);
        assert_int_equal(out.feature.submap, 0x55555555);
    }
}

static void test_build_id(void **state)
{
    (void)state;
    assert_int_equal(xen_version(XENVER_build_id, 0, 0, 0, 0, 0), -XEN_ENODATA);
    version_set_build_id("0123456789abcdefghij", 20);
    assert_int_equal(xen_version(XENVER_build_id, 0, 0, 0, 0, 0), 20);
    assert_int_equal(xen_version(XENVER_build_id, DENIED_ADDRESS, 0, 0, 0, 0), -XEN_EFAULT);
    out.length = 0;
    assert_int_equal(ask(XENVER_build_id), -XEN_EINVAL);
    out.length = 19;
    assert_int_equal(ask(XENVER_build_id), -XEN_ENOBUFS);
    assert_int_equal(written(), 4);
    out.length = 4000;
    assert_int_equal(ask(XENVER_build_id), 20);
    assert_int_equal(written(), 24);
    assert_int_equal(out.length, 4000);
    assert_memory_equal(out.text + 4, "0123456789abcdefghij", 20);
    v.domain = &plain;
    assert_int_equal(ask(XENVER_build_id), -XEN_EPERM);
    assert_int_equal(xen_version(XENVER_build_id, 0, 0, 0, 0, 0), -XEN_EPERM);
}

static void test_unknown(void **state)
{
    (void)state;
    for (uint32_t op = XENVER_build_id + 1; op; op <<= 1)
        assert_int_equal(ask(op), -XEN_ENOSYS);
    assert_int_equal(ask(0xffffffff), -XEN_ENOSYS);
    assert_int_equal(written(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_numbers, start),
        cmocka_unit_test_setup(test_texts, start),
        cmocka_unit_test_setup(test_command_line, start),
        cmocka_unit_test_setup(test_structs, start),
        cmocka_unit_test_setup(test_features, start),
        cmocka_unit_test_setup(test_build_id, start),
        cmocka_unit_test_setup(test_unknown, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* HYPERVISOR_xen_version (xen/version.h). */
#include "conform.h"

#include <xen/version.h>

#define VERSION __HYPERVISOR_xen_version

static const struct row bad_pointers[] = {
    { "extraversion_unmapped", { XENVER_extraversion, BAD_UNMAPPED }, -XEN_EFAULT },
    { "extraversion_xen", { XENVER_extraversion, BAD_XEN }, -XEN_EFAULT },
    { "compile_info_unmapped", { XENVER_compile_info, BAD_UNMAPPED }, -XEN_EFAULT },
    { "compile_info_noncanonical", { XENVER_compile_info, BAD_HOLE }, -XEN_EFAULT },
    { "capabilities_unmapped", { XENVER_capabilities, BAD_UNMAPPED }, -XEN_EFAULT },
    { "capabilities_top", { XENVER_capabilities, BAD_TOP }, -XEN_EFAULT },
    { "changeset_unmapped", { XENVER_changeset, BAD_UNMAPPED }, -XEN_EFAULT },
    { "platform_parameters_unmapped", { XENVER_platform_parameters, BAD_UNMAPPED }, -XEN_EFAULT },
    { "get_features_unmapped", { XENVER_get_features, BAD_UNMAPPED }, -XEN_EFAULT },
    { "guest_handle_unmapped", { XENVER_guest_handle, BAD_UNMAPPED }, -XEN_EFAULT },
    { "commandline_unmapped", { XENVER_commandline, BAD_UNMAPPED }, -XEN_EFAULT },
    { "commandline_noncanonical", { XENVER_commandline, BAD_HOLE }, -XEN_EFAULT },
};
ROWS(version, bad_pointers, VERSION, "version.h", ANY);

static const struct row null_pointers[] = {
    { "extraversion_null", { XENVER_extraversion, BAD_NULL }, -XEN_EFAULT },
    { "compile_info_null", { XENVER_compile_info, BAD_NULL }, -XEN_EFAULT },
    { "get_features_null", { XENVER_get_features, BAD_NULL }, -XEN_EFAULT },
};
ROWS(version, null_pointers, VERSION, "version.h", PV);

static const struct row numbers[] = {
    { "version", { XENVER_version, 0 }, 4 << 16 | 17 },
    { "version_ignores_its_argument", { XENVER_version, BAD_XEN }, 4 << 16 | 17 },
    { "pagesize", { XENVER_pagesize, 0 }, 4096 },
    { "pagesize_with_an_argument", { XENVER_pagesize, BAD_UNMAPPED }, -XEN_EINVAL },
    { "unknown_after_the_last", { 11, 0 }, -XEN_ENOSYS },
    { "unknown_number", { 99, 0 }, -XEN_ENOSYS },
    { "unknown_negative", { ~0ul, 0 }, -XEN_ENOSYS },
    { "number_is_32_bits_wide", { 0x100000000ul | XENVER_pagesize, 0 }, 4096 },
};
ROWS(version, numbers, VERSION, "version.h", ANY);

/* The length of a text that fits its array. */
static unsigned int length(const char *text, unsigned int size)
{
    unsigned int n = 0;

    while (n < size && text[n])
        n++;
    return n;
}

static bool contains(const char *text, const char *part)
{
    for (; *text; text++) {
        unsigned int n = 0;

        while (part[n] && text[n] == part[n])
            n++;
        if (!part[n])
            return true;
    }
    return false;
}

CASE(version, extraversion_text, "version.h, XENVER_extraversion", ANY)
{
    char *text = pool(0);

    EXPECT(hypercall2(VERSION, XENVER_extraversion, text), 0);
    EXPECT_TRUE(text[0] == '.' && length(text, 16) < 16);
}

CASE(version, extraversion_writes_16_bytes, "version.h, xen_extraversion_t", ANY)
{
    uint8_t *text = pool(0);

    __builtin_memset(text, 0xa5, 64);
    EXPECT(hypercall2(VERSION, XENVER_extraversion, text), 0);
    EXPECT(text[16], 0xa5);
}

CASE(version, compile_info_text, "version.h, struct xen_compile_info", ANY)
{
    struct xen_compile_info *info = pool(0);

    EXPECT(hypercall2(VERSION, XENVER_compile_info, info), 0);
    EXPECT_TRUE(length(info->compiler, 64) > 0 && length(info->compiler, 64) < 64);
    EXPECT_TRUE(length(info->compile_date, 32) > 0);
}

CASE(version, capabilities_text, "version.h, XENVER_capabilities", ANY)
{
    char *text = pool(0);

    EXPECT(hypercall2(VERSION, XENVER_capabilities, text), 0);
    EXPECT_TRUE(contains(text, "xen-3.0-x86_64"));
}

CASE(version, changeset_text, "version.h, XENVER_changeset", ANY)
{
    char *text = pool(0);

    EXPECT(hypercall2(VERSION, XENVER_changeset, text), 0);
    EXPECT_TRUE(length(text, 64) < 64); /* Debian's is empty */
}

CASE(version, virt_start, "version.h, struct xen_platform_parameters; xen-x86_64.h", PV)
{
    struct xen_platform_parameters *parameters = pool(0);

    EXPECT(hypercall2(VERSION, XENVER_platform_parameters, parameters), 0);
    EXPECT(parameters->virt_start, HYPERVISOR_VIRT_START);
}

CASE(version, virt_start_pvh, "version.h, struct xen_platform_parameters", PVH)
{
    struct xen_platform_parameters *parameters = pool(0);

    parameters->virt_start = 1;
    EXPECT(hypercall2(VERSION, XENVER_platform_parameters, parameters), 0);
    EXPECT(parameters->virt_start, HYPERVISOR_VIRT_START);
}

static uint32_t features(unsigned int index, long wanted)
{
    struct xen_feature_info info = { .submap_idx = index, .submap = 0xdeadbeef };

    EXPECT(hypercall2(VERSION, XENVER_get_features, &info), wanted);
    EXPECT(info.submap_idx, index);
    return info.submap;
}

static bool has(uint32_t map, unsigned int feature)
{
    return map >> feature & 1;
}

CASE(version, features_of_pv_dom0, "features.h", PV)
{
    uint32_t map = features(0, 0);

    EXPECT_TRUE(has(map, XENFEAT_mmu_pt_update_preserve_ad));
    EXPECT_TRUE(has(map, XENFEAT_pae_pgdir_above_4gb));
    EXPECT_TRUE(has(map, XENFEAT_highmem_assist));
    EXPECT_TRUE(has(map, XENFEAT_gnttab_map_avail_bits));
    EXPECT_TRUE(has(map, XENFEAT_dom0));
    EXPECT_TRUE(!has(map, XENFEAT_writable_page_tables));
    EXPECT_TRUE(!has(map, XENFEAT_auto_translated_physmap));
    EXPECT_TRUE(!has(map, XENFEAT_supervisor_mode_kernel));
    EXPECT_TRUE(!has(map, XENFEAT_hvm_callback_vector));
    EXPECT_TRUE(has(map, XENFEAT_memory_op_vnode_supported));
    conform_note("map %x", map);
}

CASE(version, features_of_pvh_dom0, "features.h", PVH)
{
    uint32_t map = features(0, 0);

    EXPECT_TRUE(has(map, XENFEAT_auto_translated_physmap));
    EXPECT_TRUE(has(map, XENFEAT_hvm_callback_vector));
    EXPECT_TRUE(has(map, XENFEAT_hvm_safe_pvclock));
    EXPECT_TRUE(has(map, XENFEAT_dom0));
    conform_note("map %x", map);
}

CASE(version, features_second_map, "features.h, XENFEAT_NR_SUBMAPS", ANY)
{
    EXPECT(features(1, -XEN_EINVAL), 0xdeadbeef);
}

CASE(version, features_huge_index, "version.h, struct xen_feature_info", ANY)
{
    EXPECT(features(~0u, -XEN_EINVAL), 0xdeadbeef);
}

CASE(version, feature_follows_the_assist, "features.h, XENFEAT_pae_pgdir_above_4gb", PV)
{
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_pae_extended_cr3), 0);
    EXPECT_TRUE(!has(features(0, 0), XENFEAT_pae_pgdir_above_4gb));
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_pae_extended_cr3), 0);
    EXPECT_TRUE(has(features(0, 0), XENFEAT_pae_pgdir_above_4gb));
}

CASE(version, guest_handle_of_dom0, "version.h, XENVER_guest_handle", ANY)
{
    uint8_t *handle = pool(0), any = 0;

    __builtin_memset(handle, 0xff, 32);
    EXPECT(hypercall2(VERSION, XENVER_guest_handle, handle), 0);
    for (unsigned int i = 0; i < 16; i++)
        any |= handle[i];
    EXPECT(any, 0);
    EXPECT(handle[16], 0xff);
}

CASE(version, commandline_text, "version.h, XENVER_commandline", ANY)
{
    char *text = pool(0);

    EXPECT(hypercall2(VERSION, XENVER_commandline, text), 0);
    EXPECT_TRUE(contains(text, "com1"));
}

CASE(version, build_id_size, "version.h, XENVER_build_id", ANY)
{
    long size = hypercall2(VERSION, XENVER_build_id, 0);

    EXPECT(size, 20);
}

CASE(version, build_id_of_no_room, "version.h, struct xen_build_id", ANY)
{
    struct xen_build_id *id = pool(0);

    id->len = 0;
    EXPECT(hypercall2(VERSION, XENVER_build_id, id), -XEN_EINVAL);
    id->len = 1;
    EXPECT(hypercall2(VERSION, XENVER_build_id, id), -XEN_ENOBUFS);
}

CASE(version, build_id_bad_pointer, "version.h, struct xen_build_id", ANY)
{
    EXPECT(hypercall2(VERSION, XENVER_build_id, BAD_UNMAPPED), -XEN_EFAULT);
}

CASE(version, build_id, "version.h, struct xen_build_id", ANY)
{
    struct xen_build_id *id = pool(0);

    id->len = 64;
    EXPECT(hypercall2(VERSION, XENVER_build_id, id), 20);
    EXPECT(id->len, 64);
    EXPECT(id->buf[20], 0);
}

CASE(version, text_over_a_page_end, "version.h, XENVER_capabilities", PV)
{
    uint8_t *end = pool(1);

    /* 1,024 bytes that begin 16 before a page which is read-only: the copy must fail. */
    EXPECT(hypercall3(__HYPERVISOR_update_va_mapping, end,
                      xen_frame_of(end) << 12 | 0x8000000000000061ul, UVMF_INVLPG),
           0);
    EXPECT(hypercall2(VERSION, XENVER_capabilities, end - 16), -XEN_EFAULT);
    EXPECT(hypercall3(__HYPERVISOR_update_va_mapping, end,
                      xen_frame_of(end) << 12 | 0x8000000000000063ul, UVMF_INVLPG),
           0);
}

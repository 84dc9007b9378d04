/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/version.h"

#include "abi/copy.h"
#include "core/assert.h"
#include "core/domain.h"
#include "core/machine.h"
#include "core/vcpu.h"
#include "lib/memory.h"

#include <xen/version.h>

#define MAJOR        4
#define DENIED       "<denied>"
#define BUILD_ID_MAX 64

/* What Xen 4.17 of Debian 12 answers to a PV Dom0: measured. */
#define PV_FEATURES \
    (1u << XENFEAT_mmu_pt_update_preserve_ad | 1u << XENFEAT_highmem_assist | \
     1u << XENFEAT_gnttab_map_avail_bits | 1u << XENFEAT_memory_op_vnode_supported | \
     1u << XENFEAT_direct_mapped)
#define HVM_FEATURES \
    (1u << XENFEAT_writable_page_tables | 1u << XENFEAT_auto_translated_physmap | \
     1u << XENFEAT_supervisor_mode_kernel | 1u << XENFEAT_hvm_callback_vector | \
     1u << XENFEAT_hvm_safe_pvclock | 1u << XENFEAT_memory_op_vnode_supported | \
     1u << XENFEAT_not_direct_mapped)

uint32_t version_number = MAJOR << 16 | 17;
static xen_commandline_t command_line;
static uint8_t build_id[BUILD_ID_MAX];
static uint32_t build_id_size;
static const char *compile_date = "", *changeset_text = "";

void version_set_minor(unsigned int minor)
{
    ASSERT(minor <= 0xffff);
    version_number = MAJOR << 16 | minor;
}

void version_set_command_line(const char *line)
{
    for (size_t i = 0; i < sizeof(command_line) - 1 && line[i]; i++)
        command_line[i] = line[i];
}

void version_set_build_id(const void *id, uint32_t size)
{
    ASSERT(size <= BUILD_ID_MAX);
    memcpy(build_id, id, size);
    build_id_size = size;
}

void version_set_sources(const char *date, const char *changeset)
{
    compile_date = date;
    changeset_text = changeset;
}

/* Every row has the same arguments; extra is the guest's address of the struct. */
#define OP(name) static long name(struct vcpu *v, void *arg, uint64_t extra)
#define UNUSED   (void)v, (void)arg, (void)extra

/* The rest of the struct is zeros already: abi/door.c. */
static void set_text(char *to, size_t size, const char *text)
{
    for (size_t i = 0; i < size - 1 && text[i]; i++)
        to[i] = text[i];
}

OP(version)
{
    UNUSED;
    return version_number;
}

OP(extraversion)
{
    UNUSED;
    set_text(arg, XEN_EXTRAVERSION_LEN, VERSION_EXTRA);
    return 0;
}

OP(compile_info)
{
    struct xen_compile_info *a = arg;

    UNUSED;
    set_text(a->compiler, sizeof(a->compiler), __VERSION__);
    set_text(a->compile_by, sizeof(a->compile_by), "zeroth");
    set_text(a->compile_date, sizeof(a->compile_date), compile_date);
    return 0;
}

OP(capabilities)
{
    UNUSED;
    set_text(arg, XEN_CAPABILITIES_INFO_LEN, arch_guest_kinds());
    return 0;
}

OP(changeset)
{
    UNUSED;
    set_text(arg, XEN_CHANGESET_INFO_LEN, changeset_text);
    return 0;
}

OP(platform_parameters)
{
    struct xen_platform_parameters *a = arg;

    UNUSED;
    a->virt_start = HYPERVISOR_VIRT_START;
    return 0;
}

OP(get_features)
{
    struct xen_feature_info *a = arg;

    UNUSED;
    if (a->submap_idx >= XENFEAT_NR_SUBMAPS)
        return -XEN_EINVAL;
    a->submap = (v->domain->kind->map ? HVM_FEATURES : PV_FEATURES) |
                (v->domain->privileged ? 1u << XENFEAT_dom0 : 0) |
                (v->domain->vm_assist & 1u << VMASST_TYPE_pae_extended_cr3
                     ? 1u << XENFEAT_pae_pgdir_above_4gb
                     : 0);
    return 0;
}

OP(pagesize)
{
    UNUSED;
    return extra ? -XEN_EINVAL : (long)PAGE_SIZE;
}

OP(guest_handle)
{
    UNUSED;
    memcpy(arg, v->domain->handle, sizeof(xen_domain_handle_t));
    return 0;
}

OP(commandline)
{
    UNUSED;
    set_text(arg, sizeof(xen_commandline_t), v->domain->privileged ? command_line : DENIED);
    return 0;
}

/* The struct ends in an array as long as the caller says, so the row has no struct. */
OP(read_build_id)
{
    uint32_t size;

    UNUSED;
    if (!build_id_size)
        return -XEN_ENODATA;
    if (!extra)
        return build_id_size;
    if (!copy_from_guest(&size, extra, sizeof(size)))
        return -XEN_EFAULT;
    if (size == 0)
        return -XEN_EINVAL;
    if (size < build_id_size)
        return -XEN_ENOBUFS;
    if (!copy_to_guest(extra + offsetof(struct xen_build_id, buf), build_id, build_id_size))
        return -XEN_EFAULT;
    return build_id_size;
}

#define OUT(nr, type, fn) \
    [nr] = { nr, #fn, sizeof(type), DIR_OUT, KIND_ALL, AUTH_SELF, BOUNDED, false, fn }
#define PLAIN(nr, authority, name, fn) \
    [nr] = { nr, name, 0, DIR_NONE, KIND_ALL, authority, BOUNDED, false, fn }

const struct door_op version_ops[] = {
    PLAIN(XENVER_version, AUTH_SELF, "version", version),
    OUT(XENVER_extraversion, xen_extraversion_t, extraversion),
    OUT(XENVER_compile_info, struct xen_compile_info, compile_info),
    OUT(XENVER_capabilities, xen_capabilities_info_t, capabilities),
    OUT(XENVER_changeset, xen_changeset_info_t, changeset),
    OUT(XENVER_platform_parameters, struct xen_platform_parameters, platform_parameters),
    [XENVER_get_features] = { XENVER_get_features, "get_features", sizeof(struct xen_feature_info),
                              DIR_INOUT, KIND_ALL, AUTH_SELF, BOUNDED, false, get_features },
    PLAIN(XENVER_pagesize, AUTH_SELF, "pagesize", pagesize),
    OUT(XENVER_guest_handle, xen_domain_handle_t, guest_handle),
    OUT(XENVER_commandline, xen_commandline_t, commandline),
    PLAIN(XENVER_build_id, AUTH_DOM0, "build_id", read_build_id),
};
const uint16_t version_op_count = ARRAY_SIZE(version_ops);

static __attribute__((noinline)) long by_door(uint32_t op, uint64_t guest)
{
    return door_enter(&door_calls[__HYPERVISOR_xen_version], op, guest, guest);
}

long xen_version(uint64_t op, uint64_t guest, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    if ((uint32_t)op == XENVER_version)
        return version_number;
    return by_door((uint32_t)op, guest);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What guests and tools are told of the hypervisor (xen/version.h): Xen's version that the option
 * abi= chooses, and Zeroth's own texts.  All set at boot, constant after it.
 */
#ifndef ABI_VERSION_H
#define ABI_VERSION_H

#include "abi/door.h"

#define VERSION_EXTRA ".0-zeroth" /* what follows major and minor */

/* Major in the upper half, minor in the lower; also CPUID leaf 0x40000001's. */
extern uint32_t version_number;

/* The options abi= (4.minor), and the whole command line, of which 1023 bytes are kept. */
void version_set_minor(unsigned int minor);
void version_set_command_line(const char *line);
/* What tells this image from others, at most 64 bytes, the linker's; without it XENVER_build_id is
 * -ENODATA. */
void version_set_build_id(const void *id, uint32_t size);
/* The sources' date and commit (xen_compile_info, xen_changeset_info), texts for good. */
void version_set_sources(const char *date, const char *changeset);

extern const struct door_op version_ops[];
extern const uint16_t version_op_count;

/* HYPERVISOR_xen_version(op, struct).  The only call with a way past the door: XENVER_version is
 * what guests make to let events in, and takes no argument. */
hypercall_fn xen_version;

#endif

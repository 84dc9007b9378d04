/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/dom0_steps.h"

#include "boot/dom0_size.h"
#include "boot/memory.h"
#include "core/machine.h"
#include "core/vcpu.h"
#include "x86/memory/map.h"

/* No word of a module is read before it is known to lie in memory. */
static void check_modules(const struct boot_info *info)
{
    if (info->module_count == 0)
        console_fatal("Dom0: the boot loader handed over no kernel; name one as the first module");
    for (unsigned int i = 0; i < 2 && i < info->module_count; i++)
        if (!boot_memory_covers(info->modules[i].start, info->modules[i].end))
            console_fatal("Dom0: %s lies outside of the memory that is used",
                          i ? "its initrd" : "its kernel");
}

void dom0_kernel_open(const struct boot_info *info, struct dom0_image *image,
                      struct elf_kernel *kernel, const char *kind,
                      const char *(*read)(struct elf_kernel *, const void *, size_t))
{
    const struct boot_module *m = &info->modules[0];
    const char *why;

    check_modules(info);
    why = dom0_image_open(image, direct(m->start), m->end - m->start);
    if (!why)
        why = read(kernel, image->at, image->size);
    if (why)
        console_fatal("Dom0: its kernel cannot be started: %s", why);
    console_log(LOG_INFO, "Dom0: %skernel of %s %s, at %#lx to %#lx", kind, kernel->guest_os,
                kernel->guest_version, kernel->start, kernel->end);
}

struct dom0_share dom0_share(const struct options *o, uint64_t free, uint64_t own)
{
    struct dom0_share share = { .free = free > own ? free - own : 0 };

    share.pages = dom0_size_pages(o, share.free);
    if (share.pages > share.free) {
        console_log(LOG_WARNING, "Dom0: the option dom0_mem asks for %lu MiB, and %lu MiB are free",
                    MIB(share.pages), MIB(share.free));
        share.pages = share.free;
    }
    return share;
}

void dom0_vcpus_create(struct domain *d, unsigned int count, const struct options *o)
{
    struct vcpu *v;

    for (unsigned int id = 0; id < count; id++) {
        struct cpu_set one = { { 0 } };

        if (vcpu_create(d, id, &v))
            console_fatal("Dom0: there is too little memory for %u vCPUs", count);
        cpu_set_add(&one, id % cpu_count);
        if (o->dom0_pin)
            sched_set_affinity(v, &one);
    }
}

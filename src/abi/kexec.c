/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/kexec.h"

#include "abi/copy.h"
#include "core/machine.h"
#include "core/memory/frame.h"
#include "core/softirq.h"
#include "lib/memory.h"

#include <xen/errno.h>
#include <xen/kexec.h>

#define SEGMENTS_MAX 16u
#define ARCH_X86_64  62u /* ELF's EM_X86_64, EM_386 */
#define ARCH_386     3u
#define AT_ONCE      16u /* pages, before asking whether somebody waits */

static paddr_t area;
static uint64_t area_size;
static bool loaded; /* changed by who has busy */
static uint8_t busy;

/* How far a load that is restarted has come. */
static struct {
    uint64_t guest; /* its argument's address; 0: none */
    uint32_t segment;
    uint64_t done; /* bytes of that segment */
} progress;

void kexec_set_area(paddr_t start, uint64_t size)
{
    area = start;
    area_size = size;
}

static bool within_area(uint64_t at, uint64_t size)
{
    return at >= area && at - area < area_size && size <= area_size - (at - area);
}

/* Without one a segment is memory that the image wants to reach, anywhere; nothing is written there. */
static bool has_source(const struct xen_kexec_segment *s)
{
    return s->buf._pad && s->buf_size;
}

static long check_segments(const struct xen_kexec_segment *s, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if ((s[i].dest_maddr | s[i].dest_size) & PAGE_MASK ||
            (has_source(&s[i]) && !within_area(s[i].dest_maddr, s[i].dest_size)))
            return -XEN_EADDRNOTAVAIL;
        if (s[i].buf_size > s[i].dest_size || !s[i].dest_size)
            return -XEN_EINVAL;
        for (uint32_t k = 0; k < i; k++)
            if (s[i].dest_maddr < s[k].dest_maddr + s[k].dest_size &&
                s[k].dest_maddr < s[i].dest_maddr + s[i].dest_size)
                return -XEN_EINVAL;
    }
    return 0;
}

/* A page of a segment: what there is of its source, then zeros. */
static bool fill_page(const struct xen_kexec_segment *s, uint64_t done)
{
    char *to = frame_map((s->dest_maddr + done) >> PAGE_SHIFT);
    uint64_t left = done < s->buf_size ? s->buf_size - done : 0;

    left = left < PAGE_SIZE ? left : PAGE_SIZE;
    memset(to + left, 0, PAGE_SIZE - left);
    return !left || copy_from_guest(to, s->buf._pad + done, left);
}

/* From where the last call stopped; a segment without a source stays as it is. */
static long fill(const struct xen_kexec_segment *s, uint32_t count)
{
    unsigned int pages = 0;

    for (; progress.segment < count; progress.segment++, progress.done = 0) {
        const struct xen_kexec_segment *now = &s[progress.segment];

        if (!has_source(now))
            continue;
        for (; progress.done < now->dest_size; progress.done += PAGE_SIZE) {
            if (pages++ >= AT_ONCE && preempt_wanted())
                return DOOR_RESTART;
            if (!fill_page(now, progress.done))
                return -XEN_EFAULT;
        }
    }
    return 0;
}

static long load_crash(const struct xen_kexec_load *a, uint64_t guest)
{
    struct xen_kexec_segment segments[SEGMENTS_MAX];
    long rc;

    if (!copy_from_guest(segments, a->segments._pad, a->nr_segments * sizeof(segments[0])))
        return -XEN_EFAULT;
    if (!within_area(a->entry_maddr, 1))
        return -XEN_EADDRNOTAVAIL;
    if (a->arch != ARCH_X86_64)
        return a->arch == ARCH_386 ? -XEN_EOPNOTSUPP : -XEN_EINVAL;
    rc = check_segments(segments, a->nr_segments);
    if (rc)
        return rc;
    loaded = false; /* what was there is written over */
    arch_crash_unload();
    if (progress.guest != guest) {
        progress.guest = guest;
        progress.segment = 0;
        progress.done = 0;
    }
    rc = fill(segments, a->nr_segments);
    if (rc == DOOR_RESTART)
        return rc;
    progress.guest = 0;
    if (!rc && !arch_crash_load(a->entry_maddr))
        rc = -XEN_ENOMEM;
    loaded = !rc;
    return rc;
}

#define OP(name) static long name(struct vcpu *v, void *arg, uint64_t extra)

OP(load)
{
    const struct xen_kexec_load *a = arg;
    long rc;

    (void)v;
    if (a->type > KEXEC_TYPE_CRASH || a->nr_segments > SEGMENTS_MAX)
        return -XEN_EINVAL;
    if (a->type != KEXEC_TYPE_CRASH)
        return -XEN_EOPNOTSUPP;
    if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        return -XEN_EBUSY;
    rc = load_crash(a, extra);
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
    return rc;
}

OP(unload)
{
    const struct xen_kexec_unload *a = arg;

    (void)v, (void)extra;
    if (a->type > KEXEC_TYPE_CRASH)
        return -XEN_EINVAL;
    if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
        return -XEN_EBUSY;
    if (a->type == KEXEC_TYPE_CRASH) {
        loaded = false;
        arch_crash_unload();
    }
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
    return 0;
}

OP(status)
{
    const struct xen_kexec_status *a = arg;

    (void)v, (void)extra;
    if (a->type > KEXEC_TYPE_CRASH)
        return -XEN_EINVAL;
    return a->type == KEXEC_TYPE_CRASH && loaded;
}

OP(exec)
{
    const struct xen_kexec_exec *a = arg;

    (void)v, (void)extra;
    if (a->type != KEXEC_TYPE_DEFAULT && a->type != KEXEC_TYPE_CRASH)
        return -XEN_EINVAL;
    if (a->type == KEXEC_TYPE_CRASH)
        arch_crash(); /* comes back where none is loaded */
    return -XEN_ENOENT;
}

OP(get_range)
{
    struct xen_kexec_range *a = arg;
    paddr_t start = area;
    uint64_t size = area_size;
    long rc = 0;

    (void)v, (void)extra;
    switch (a->range) {
    case KEXEC_RANGE_MA_CRASH: break;
    case KEXEC_RANGE_MA_XEN: arch_crash_image(&start, &size); break;
    case KEXEC_RANGE_MA_CPU:
        if (a->nr < 0 || (unsigned int)a->nr >= cpu_count)
            return -XEN_ERANGE;
        rc = arch_crash_notes((unsigned int)a->nr, &start, &size);
        break;
    case KEXEC_RANGE_MA_VMCOREINFO: rc = arch_crash_info(&start, &size); break;
    default: return -XEN_EINVAL;
    }
    a->start = start;
    a->size = size;
    return rc;
}

/* The form before Xen 4.4, of which tools are gone. */
OP(load_v1)
{
    (void)v, (void)arg, (void)extra;
    return -XEN_EINVAL;
}

OP(unload_v1)
{
    (void)v, (void)arg, (void)extra;
    return 0;
}

#define ROW(nr, name, type, direction, duration, fn) \
    { \
        KEXEC_CMD_##nr, name, sizeof(struct type), direction, KIND_PV, AUTH_DOM0, duration, false, \
            fn \
    }

const struct door_op kexec_ops[] = {
    ROW(kexec, "kexec", xen_kexec_exec, DIR_IN, BOUNDED, exec),
    ROW(kexec_load_v1, "load_v1", xen_kexec_load_v1, DIR_IN, BOUNDED, load_v1),
    ROW(kexec_unload_v1, "unload_v1", xen_kexec_load_v1, DIR_IN, BOUNDED, unload_v1),
    ROW(kexec_get_range, "get_range", xen_kexec_range, DIR_INOUT, BOUNDED, get_range),
    ROW(kexec_load, "load", xen_kexec_load, DIR_IN, RESUMABLE, load),
    ROW(kexec_unload, "unload", xen_kexec_unload, DIR_IN, BOUNDED, unload),
    ROW(kexec_status, "status", xen_kexec_status, DIR_IN, BOUNDED, status),
};
const uint16_t kexec_op_count = ARRAY_SIZE(kexec_ops);

long kexec_op(uint64_t op, uint64_t guest, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    return door_enter(&door_calls[__HYPERVISOR_kexec_op], op, guest, guest);
}

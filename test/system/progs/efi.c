/* SPDX-License-Identifier: Apache-2.0 */
/* Calls EFI's runtime services by XENPF_efi_runtime_call from Dom0, each well and badly, and asks
 * XENPF_firmware_info of EFI; "break" damages the firmware first.  Prints what comes back:
 * "ZT EFI case: result, status, fields". */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#include <xen/xen.h>
#include <xen/platform.h>

struct privcmd_hypercall { /* Linux: include/uapi/xen/privcmd.h */
    uint64_t op, arg[5];
};
#define IOCTL_PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))
#define BAD                     ((void *)0x10000ul) /* nothing is mapped there */
#define BUFFER_SIZE             65536
#define RUNTIME_DATA            6           /* a type of the firmware's memory */
#define HOLE                    (1ul << 20) /* steps over what the firmware's map does not have */
#define VARIABLE_FLAGS          7

static int device;
static struct xen_platform_op *op; /* these: memory that the hypervisor can reach */
static struct xenpf_efi_runtime_call *efi;
static uint16_t *name;
static char *data;

static const struct xenpf_efi_guid global = {
    0x8be4df61, 0x93ca, 0x11d2, { 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c }
};
static const struct xenpf_efi_guid own = {
    0x5a45524f, 0x5448, 0x4546, { 0x80, 0x49, 1, 2, 3, 4, 5, 6 }
};

static long call(uint32_t cmd)
{
    struct privcmd_hypercall h = { __HYPERVISOR_platform_op, { (uint64_t)op } };
    long rc;

    op->cmd = cmd;
    op->interface_version = XENPF_INTERFACE_VERSION;
    rc = ioctl(device, IOCTL_PRIVCMD_HYPERCALL, &h);
    return rc < 0 ? -errno : rc;
}

static void clear(void)
{
    memset(op, 0, sizeof(*op));
    memset(data, 0xee, BUFFER_SIZE);
    memset(name, 0, BUFFER_SIZE);
}

static void set_name(const char *text)
{
    for (unsigned int i = 0; !i || text[i - 1]; i++)
        name[i] = (uint8_t)text[i];
}

static void say(const char *what, long rc, const char *text, ...)
{
    va_list args;

    printf("ZT EFI %s: %ld", what, rc);
    if (op->cmd == XENPF_efi_runtime_call)
        printf(" status %#lx misc %#x", (unsigned long)efi->status, efi->misc);
    va_start(args, text);
    vprintf(text, args);
    va_end(args);
    printf("\n");
}

static long run(uint32_t function, uint32_t misc)
{
    efi->function = function;
    efi->misc = misc;
    return call(XENPF_efi_runtime_call);
}

static void functions(void)
{
    static const uint32_t numbers[] = { 0, 12, 100, ~0u };
    char text[32];

    for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        clear();
        snprintf(text, sizeof(text), "function %u", numbers[i]);
        say(text, run(numbers[i], 0), "");
    }
    for (uint32_t i = 1; i <= 11; i++) {
        clear();
        snprintf(text, sizeof(text), "function %u misc", i);
        say(text, run(i, 0x80000000), "");
    }
}

static int good_time(const struct xenpf_efi_time *t)
{
    return t->year >= 2020 && t->month >= 1 && t->month <= 12 && t->day >= 1 && t->day <= 31 &&
           t->hour < 24 && t->min < 60 && t->sec < 60;
}

static void times(void)
{
    struct xenpf_efi_time now;
    long rc;

    clear();
    rc = run(XEN_EFI_get_time, 0);
    now = efi->u.get_time.time;
    say("get_time", rc, " good %d tz %d daylight %u resolution %u accuracy %u", good_time(&now),
        now.tz, now.daylight, efi->u.get_time.resolution, efi->u.get_time.accuracy);
    clear();
    say("get_time misc 1", run(XEN_EFI_get_time, 1), "");
    clear();
    efi->u.set_time = now;
    say("set_time", run(XEN_EFI_set_time, 0), "");
    clear();
    efi->u.set_time = now;
    efi->u.set_time.month = 13;
    say("set_time bad", run(XEN_EFI_set_time, 0), "");
    clear();
    efi->u.set_time = now;
    say("set_time misc", run(XEN_EFI_set_time, 1), "");
    clear();
    say("set_time zeros", run(XEN_EFI_set_time, 0), "");
    clear();
    rc = run(XEN_EFI_get_wakeup_time, 0);
    say("get_wakeup_time", rc, " good %d", good_time(&efi->u.get_wakeup_time));
    clear();
    efi->u.set_wakeup_time = now;
    efi->u.set_wakeup_time.year++;
    say("set_wakeup_time", run(XEN_EFI_set_wakeup_time, XEN_EFI_SET_WAKEUP_TIME_ENABLE), "");
    clear();
    rc = run(XEN_EFI_get_wakeup_time, 0);
    say("get_wakeup_time enabled", rc, " years on %d", efi->u.get_wakeup_time.year - now.year);
    clear();
    say("set_wakeup_time only", run(XEN_EFI_set_wakeup_time, XEN_EFI_SET_WAKEUP_TIME_ENABLE_ONLY),
        "");
    clear();
    say("set_wakeup_time both", run(XEN_EFI_set_wakeup_time, 3), "");
    clear();
    say("set_wakeup_time off", run(XEN_EFI_set_wakeup_time, 0), "");
    clear();
    efi->u.set_wakeup_time = now;
    efi->u.set_wakeup_time.month = 0;
    say("set_wakeup_time bad", run(XEN_EFI_set_wakeup_time, 1), "");
    clear();
    say("set_wakeup_time misc", run(XEN_EFI_set_wakeup_time, 4), "");
    clear();
    rc = run(XEN_EFI_get_next_high_monotonic_count, 0);
    now.ns = efi->misc;
    efi->misc = 0;
    say("monotonic", rc, " %u", now.ns);
}

static void get(const char *what, const char *variable, void *at, uint64_t size, void *to,
                uint32_t misc)
{
    long rc;

    clear();
    set_name(variable);
    set_xen_guest_handle(efi->u.get_variable.name, at);
    set_xen_guest_handle(efi->u.get_variable.data, to);
    efi->u.get_variable.size = size;
    efi->u.get_variable.vendor_guid = variable[0] == 'Z' ? own : global;
    rc = run(XEN_EFI_get_variable, misc);
    say(what, rc, " size %#lx data %02x %02x", (unsigned long)efi->u.get_variable.size,
        (uint8_t)data[0], (uint8_t)data[1]);
}

static void set(const char *what, const char *variable, void *at, uint64_t size, void *from,
                uint32_t misc)
{
    clear();
    set_name(variable);
    memset(data, 0x5a, BUFFER_SIZE);
    set_xen_guest_handle(efi->u.set_variable.name, at);
    set_xen_guest_handle(efi->u.set_variable.data, from);
    efi->u.set_variable.size = size;
    efi->u.set_variable.vendor_guid = own;
    say(what, run(XEN_EFI_set_variable, misc), " size %#lx",
        (unsigned long)efi->u.set_variable.size);
}

static void variables(void)
{
    static const char first[] = "ZFirst";

    get("get SecureBoot", "SecureBoot", name, 16, data, 0);
    get("get size 0", "SecureBoot", name, 0, data, 0);
    get("get size 0 to NULL", "SecureBoot", name, 0, NULL, 0);
    get("get missing", "Missing", name, 16, data, 0);
    get("get empty name", "", name, 16, data, 0);
    get("get misc", "SecureBoot", name, 16, data, 1);
    get("get name NULL", "SecureBoot", NULL, 16, data, 0);
    get("get name bad", "SecureBoot", BAD, 16, data, 0);
    get("get data bad", "SecureBoot", name, 16, BAD, 0);
    get("get data NULL", "SecureBoot", name, 16, NULL, 0);
    get("get kernel's", "SecureBoot", (void *)0xffffffff81000000, 16, data, 0);
    get("get hypervisor's", "SecureBoot", (void *)0xffff82d040200000, 16, data, 0);
    get("get hypervisor's data", "SecureBoot", name, 16, (void *)0xffff82d040200000, 0);
    get("get 64K", "SecureBoot", name, BUFFER_SIZE, data, 0);
    get("get 1M", "SecureBoot", name, 1ul << 20, data, 0);
    get("get 1G", "SecureBoot", name, 1ul << 30, data, 0);
    get("get 1T", "SecureBoot", name, 1ul << 40, data, 0);
    get("get all", "SecureBoot", name, ~0ul, data, 0);

    set("set new", first, name, 5, data, VARIABLE_FLAGS);
    get("get new", first, name, 16, data, 0);
    get("get new short", first, name, 3, data, 0);
    set("set again", first, name, 7, data, VARIABLE_FLAGS);
    set("set other flags", first, name, 7, data, 6);
    set("set unknown flags", "ZOther", name, 7, data, 0x80000007);
    set("set append", first, name, 2, data, VARIABLE_FLAGS | 0x40);
    get("get appended", first, name, 16, data, 0);
    set("set volatile", "ZVolatile", name, 4, data, 6);
    get("get volatile", "ZVolatile", name, 16, data, 0);
    set("set volatile delete", "ZVolatile", name, 0, data, 6);
    set("set boot only", "ZBoot", name, 4, data, 2);
    set("set flags 0", "ZNone", name, 4, data, 0);
    set("set name bad", first, BAD, 4, data, VARIABLE_FLAGS);
    set("set name NULL", first, NULL, 4, data, VARIABLE_FLAGS);
    set("set data bad", first, name, 4, BAD, VARIABLE_FLAGS);
    set("set data NULL", first, name, 4, NULL, VARIABLE_FLAGS);
    set("set empty name", "", name, 4, data, VARIABLE_FLAGS);
    set("set 60K", "ZLarge", name, 60000, data, VARIABLE_FLAGS);
    set("set 64K", "ZLarge", name, BUFFER_SIZE, data, VARIABLE_FLAGS);
    set("set 1M", "ZLarge", name, 1ul << 20, data, VARIABLE_FLAGS);
    set("set 1T", "ZLarge", name, 1ul << 40, data, VARIABLE_FLAGS);
    set("set all", "ZLarge", name, ~0ul, data, VARIABLE_FLAGS);
    set("set delete", first, name, 0, data, VARIABLE_FLAGS);
    set("set delete again", first, name, 0, NULL, VARIABLE_FLAGS);
    get("get deleted", first, name, 16, data, 0);

    for (unsigned int length = 512; length < 32768; length *= 2) {
        char text[32];

        clear();
        memset(name, 0x41, length * 2);
        set_xen_guest_handle(efi->u.get_variable.name, name);
        set_xen_guest_handle(efi->u.get_variable.data, data);
        efi->u.get_variable.size = 16;
        snprintf(text, sizeof(text), "get name of %u", length);
        say(text, run(XEN_EFI_get_variable, 0), "");
    }
}

static void next(const char *what, const char *from, void *at, uint64_t size, uint32_t misc)
{
    long rc;

    clear();
    set_name(from);
    set_xen_guest_handle(efi->u.get_next_variable_name.name, at);
    efi->u.get_next_variable_name.size = size;
    efi->u.get_next_variable_name.vendor_guid = global;
    rc = run(XEN_EFI_get_next_variable_name, misc);
    say(what, rc, " size %#lx name %04x %04x", (unsigned long)efi->u.get_next_variable_name.size,
        name[0], name[1]);
}

/* All names there are, one after the other. */
static void walk(void)
{
    unsigned int count = 0, secure = 0;
    long rc;

    clear();
    do {
        set_xen_guest_handle(efi->u.get_next_variable_name.name, name);
        efi->u.get_next_variable_name.size = 1024;
        rc = run(XEN_EFI_get_next_variable_name, 0);
        if (rc || efi->status)
            break;
        count++;
        secure += name[0] == 'S' && name[6] == 'B' && name[10] == 0;
    } while (count < 1000);
    say("next walk", rc, " many %d secure %u", count > 10, secure);
}

static void names(void)
{
    next("next first", "", name, 1024, 0);
    next("next size 0", "", name, 0, 0);
    next("next size 1", "", name, 1, 0);
    next("next size 2", "", name, 2, 0);
    next("next size 3", "", name, 3, 0);
    next("next short", "", name, 4, 0);
    next("next misc", "", name, 1024, 1);
    next("next NULL", "", NULL, 1024, 0);
    next("next bad", "", BAD, 1024, 0);
    next("next missing", "Missing", name, 1024, 0);
    next("next no end", "SecureBoot", name, 20, 0);
    next("next 64K", "", name, BUFFER_SIZE, 0);
    next("next 1M", "", name, 1ul << 20, 0);
    next("next 1T", "", name, 1ul << 40, 0);
    next("next all", "", name, ~0ul, 0);
    walk();
}

static void store(const char *what, uint32_t attributes, uint32_t misc)
{
    long rc;

    clear();
    efi->u.query_variable_info.attr = attributes;
    rc = run(XEN_EFI_query_variable_info, misc);
    say(what, rc, " max %#lx of %#lx, left %d", (unsigned long)efi->u.query_variable_info.max_size,
        (unsigned long)efi->u.query_variable_info.max_store_size,
        efi->u.query_variable_info.remain_store_size != 0);
}

static void capsules(void)
{
    clear();
    say("capsule query 0", run(XEN_EFI_query_capsule_capabilities, 0), "");
    clear();
    efi->u.query_capsule_capabilities.capsule_count = 1;
    say("capsule query 1 NULL", run(XEN_EFI_query_capsule_capabilities, 0), "");
    clear();
    efi->u.query_capsule_capabilities.capsule_count = 1;
    set_xen_guest_handle(efi->u.query_capsule_capabilities.capsule_header_array, data);
    say("capsule query 1", run(XEN_EFI_query_capsule_capabilities, 0), "");
    clear();
    efi->u.update_capsule.capsule_count = ~0ul;
    set_xen_guest_handle(efi->u.update_capsule.capsule_header_array, data);
    say("capsule query all", run(XEN_EFI_query_capsule_capabilities, 0), "");
    clear();
    say("capsule update 0", run(XEN_EFI_update_capsule, 0), "");
    clear();
    efi->u.update_capsule.capsule_count = 1;
    set_xen_guest_handle(efi->u.update_capsule.capsule_header_array, data);
    efi->u.update_capsule.sg_list = 0x1000;
    say("capsule update 1", run(XEN_EFI_update_capsule, 0), "");
}

static long info(uint32_t index)
{
    op->u.firmware_info.type = XEN_FW_EFI_INFO;
    op->u.firmware_info.index = index;
    return call(XENPF_firmware_info);
}

static void vendor(const char *what, void *at, uint32_t size)
{
    union xenpf_efi_info *a = &op->u.firmware_info.u.efi_info;
    long rc;

    clear();
    a->vendor.bufsz = size;
    set_xen_guest_handle(a->vendor.name, at);
    rc = info(XEN_FW_EFI_VENDOR);
    say(what, rc, " revision %#x size %u: %c%c%c", a->vendor.revision, a->vendor.bufsz,
        data[0] & 0x7f, data[2] & 0x7f, data[4] & 0x7f);
}

static void rom(const char *what, uint16_t segment, uint8_t bus, uint8_t devfn)
{
    union xenpf_efi_info *a = &op->u.firmware_info.u.efi_info;
    long rc;

    clear();
    a->pci_rom.segment = segment;
    a->pci_rom.bus = bus;
    a->pci_rom.devfn = devfn;
    a->pci_rom.vendor = 0x1234;
    a->pci_rom.devid = 0x1111;
    rc = info(XEN_FW_EFI_PCI_ROM);
    say(what, rc, "");
}

static void firmware(void)
{
    union xenpf_efi_info *a = &op->u.firmware_info.u.efi_info;
    long rc;

    clear();
    rc = info(XEN_FW_EFI_VERSION);
    say("version", rc, " %#x", a->version);
    clear();
    rc = info(XEN_FW_EFI_RT_VERSION);
    say("runtime version", rc, " %#x", a->version);
    clear();
    rc = info(XEN_FW_EFI_CONFIG_TABLE);
    say("tables", rc, " %d entries %d", a->cfg.addr != 0, a->cfg.nent > 3);
    vendor("vendor", data, 64);
    vendor("vendor short", data, 4);
    vendor("vendor 0", data, 0);
    vendor("vendor bad", BAD, 64);
    clear();
    a->mem.addr = 0;
    a->mem.size = ~0ul;
    rc = info(XEN_FW_EFI_MEM_INFO);
    say("memory 0", rc, " attr %#lx", (unsigned long)a->mem.attr);
    clear();
    a->mem.addr = 0xffc00000;
    a->mem.size = 16;
    rc = info(XEN_FW_EFI_MEM_INFO);
    say("memory flash", rc, " type %u attr %#lx size %#lx", a->mem.type, (unsigned long)a->mem.attr,
        (unsigned long)a->mem.size);
    clear();
    a->mem.addr = ~0xffful;
    rc = info(XEN_FW_EFI_MEM_INFO);
    say("memory none", rc, "");
    rom("rom vga", 0, 0, 0x08);
    rom("rom none", 0, 0xff, 0xff);
    rom("rom segment", 9, 0, 0);
    clear();
    op->u.firmware_info.u.efi_info.apple_properties.size = 7;
    say("apple", info(XEN_FW_EFI_APPLE_PROPERTIES), "");
    clear();
    say("index 7", info(7), "");
}

/* The firmware's table of services, as it lies in memory; NULL: it is not found. */
static uint64_t *services(int memory)
{
    union xenpf_efi_info *a = &op->u.firmware_info.u.efi_info;

    for (uint64_t at = 0; at < 1ul << 32; at += a->mem.size) {
        a->mem.addr = at;
        a->mem.size = ~0ul;
        if (info(XEN_FW_EFI_MEM_INFO)) {
            a->mem.size = HOLE;
            continue;
        }
        if (a->mem.type != RUNTIME_DATA)
            continue;
        char *found, *map = mmap(NULL, a->mem.size, PROT_READ, MAP_SHARED, memory, (off_t)at);

        found = map == MAP_FAILED ? NULL : memmem(map, a->mem.size, "RUNTSERV", 8);
        if (found)
            return (uint64_t *)found;
    }
    return NULL;
}

/* Put an undefined instruction where GetTime begins, and call it. */
static int break_firmware(void)
{
    int memory = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
    uint64_t *table = memory < 0 ? NULL : services(memory), at;
    uint8_t *code;

    if (!table)
        return 3;
    at = table[3]; /* behind a head of 24 bytes */
    code = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, memory, (off_t)(at & ~4095ul));
    if (code == MAP_FAILED)
        return 4;
    memcpy(code + (at & 4095), "\x0f\x0b", 2);
    clear();
    say("broken get_time", run(XEN_EFI_get_time, 0), "");
    clear();
    say("broken after", run(XEN_EFI_get_time, 0), "");
    return 0;
}

static void *pages(void)
{
    void *at = mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);

    if (at == MAP_FAILED)
        exit(2);
    return at;
}

int main(int argc, char **argv)
{
    device = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
    op = pages();
    name = pages();
    data = pages();
    efi = &op->u.efi_runtime_call;
    if (device < 0)
        return 2;
    if (argc > 1 && !strcmp(argv[1], "break"))
        return break_firmware();
    firmware();
    functions();
    times();
    variables();
    names();
    store("store", VARIABLE_FLAGS, 0);
    store("store snapshot", VARIABLE_FLAGS, XEN_EFI_VARINFO_BOOT_SNAPSHOT);
    store("store snapshot 1", 1, 1);
    store("store snapshot 3", 3, 1);
    store("store snapshot 5", 5, 1);
    store("store snapshot 0x27", 0x27, 1);
    store("store snapshot 0", 0, 1);
    store("store misc", VARIABLE_FLAGS, 2);
    store("store volatile", 6, 0);
    store("store volatile snapshot", 6, 1);
    store("store flags 0", 0, 0);
    store("store flags 1", 1, 0);
    store("store unknown flags", 0x80000007, 0);
    capsules();
    return 0;
}

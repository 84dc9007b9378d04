/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of UEFI as zeroth.efi uses (UEFI 2.10; the section is beside each).  A function that is
 * not called stands as its address.
 */
#ifndef BOOT_EFI_EFI_H
#define BOOT_EFI_EFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EFIAPI __attribute__((ms_abi)) /* 2.3.4.1 */

typedef uint64_t efi_status; /* 0, or bit 63 and a code (appendix D) */
typedef void *efi_handle;
typedef uint16_t efi_char; /* UCS-2 */

#define EFI_SUCCESS          0ul
#define EFI_BUFFER_TOO_SMALL (1ul << 63 | 5)

struct efi_guid {
    uint32_t a;
    uint16_t b, c;
    uint8_t d[8];
};

/* 7.2.1 */
enum { ALLOCATE_ANY, ALLOCATE_BELOW, ALLOCATE_AT };
/* 7.2.3: types of memory, in a descriptor and to allocate. */
enum {
    EFI_LOADER_CODE = 1,
    EFI_LOADER_DATA = 2,
    EFI_BOOT_CODE = 3,
    EFI_BOOT_DATA = 4,
    EFI_FREE = 7,
    EFI_UNUSABLE = 8,
    EFI_ACPI_TABLES = 9,
    EFI_ACPI_NVS = 10
};

/* 7.2.3; the firmware's descriptors may be longer. */
struct efi_memory {
    uint32_t type, pad;
    uint64_t start, virtual, pages, attributes;
};

/* 4.2 */
struct efi_head {
    uint64_t signature;
    uint32_t revision, size, sum, reserved;
};

/* 12.4 */
struct efi_text_output {
    void *reset;
    efi_status(EFIAPI *output)(struct efi_text_output *self, const efi_char *text);
};

/* 4.4 */
struct efi_boot_services {
    struct efi_head head;
    void *raise_tpl, *restore_tpl;
    efi_status(EFIAPI *allocate_pages)(int how, int type, uint64_t pages, uint64_t *at);
    efi_status(EFIAPI *free_pages)(uint64_t at, uint64_t pages);
    efi_status(EFIAPI *get_memory_map)(uint64_t *size, void *map, uint64_t *key, uint64_t *entry,
                                       uint32_t *version);
    void *allocate_pool, *free_pool;
    void *events[6];
    void *install_protocol, *reinstall_protocol, *uninstall_protocol;
    efi_status(EFIAPI *handle_protocol)(efi_handle handle, const struct efi_guid *protocol,
                                        void **interface);
    void *reserved, *register_notify, *locate_handle, *locate_device_path, *install_table;
    void *load_image, *start_image, *exit, *unload_image;
    efi_status(EFIAPI *exit_boot_services)(efi_handle image, uint64_t key);
    void *next_count, *stall;
    efi_status(EFIAPI *set_watchdog)(uint64_t seconds, uint64_t code, uint64_t size,
                                     const efi_char *data);
    void *connect, *disconnect, *open_protocol, *close_protocol, *protocol_information;
    void *protocols_per_handle, *locate_handle_buffer;
    efi_status(EFIAPI *locate_protocol)(const struct efi_guid *protocol, void *registration,
                                        void **interface);
};

/* 4.5 */
struct efi_runtime_services {
    struct efi_head head;
    void *times[4], *set_virtual_map, *convert_pointer;
    efi_status(EFIAPI *get_variable)(const efi_char *name, const struct efi_guid *vendor,
                                     uint32_t *attributes, uint64_t *size, void *data);
};

/* 4.6 */
struct efi_table {
    struct efi_guid guid;
    void *table;
};

/* 4.3 */
struct efi_system {
    struct efi_head head;
    const efi_char *vendor;
    uint32_t vendor_revision, pad;
    efi_handle in_handle;
    void *in;
    efi_handle out_handle;
    struct efi_text_output *out;
    efi_handle error_handle;
    void *error;
    struct efi_runtime_services *runtime;
    struct efi_boot_services *boot;
    uint64_t table_count;
    struct efi_table *tables;
};

_Static_assert(offsetof(struct efi_boot_services, handle_protocol) == 152 &&
                   offsetof(struct efi_boot_services, exit_boot_services) == 232 &&
                   offsetof(struct efi_boot_services, set_watchdog) == 256 &&
                   offsetof(struct efi_boot_services, locate_protocol) == 320 &&
                   offsetof(struct efi_runtime_services, get_variable) == 72 &&
                   offsetof(struct efi_system, boot) == 96,
               "UEFI 2.10, chapter 4");

/* 9.1 */
struct efi_loaded_image {
    uint32_t revision, pad;
    efi_handle parent;
    void *system;
    efi_handle device;
    void *path, *reserved;
    uint32_t options_size, pad2; /* bytes */
    const efi_char *options;
    const void *base;
    uint64_t size;
};

/* 10.2 */
struct efi_path_node {
    uint8_t type, subtype, length[2]; /* little endian; of the node with this head */
};

/* 13.5 */
struct efi_file {
    uint64_t revision;
    efi_status(EFIAPI *open)(struct efi_file *self, struct efi_file **to, const efi_char *name,
                             uint64_t mode, uint64_t attributes);
    efi_status(EFIAPI *close)(struct efi_file *self);
    void *delete;
    efi_status(EFIAPI *read)(struct efi_file *self, uint64_t *size, void *to);
    void *write;
    efi_status(EFIAPI *get_position)(struct efi_file *self, uint64_t *position);
    efi_status(EFIAPI *set_position)(struct efi_file *self, uint64_t position);
};
#define EFI_FILE_READ 1ul
#define EFI_FILE_END  UINT64_MAX /* as a position */

/* 13.4 */
struct efi_file_system {
    uint64_t revision;
    efi_status(EFIAPI *open_volume)(struct efi_file_system *self, struct efi_file **root);
};

/* 12.9 */
enum { EFI_PIXELS_RGBX, EFI_PIXELS_BGRX, EFI_PIXELS_MASKS, EFI_PIXELS_NONE };
struct efi_screen_mode {
    uint32_t version, width, height, format;
    uint32_t red, green, blue, reserved; /* masks, of EFI_PIXELS_MASKS */
    uint32_t pitch;                      /* pixels a line */
};
struct efi_screen {
    efi_status(EFIAPI *query)(struct efi_screen *self, uint32_t mode, uint64_t *size,
                              struct efi_screen_mode **to);
    efi_status(EFIAPI *set)(struct efi_screen *self, uint32_t mode);
    void *blt;
    struct {
        uint32_t count, current;
        struct efi_screen_mode *mode;
        uint64_t mode_size, address, size;
    } * state;
};

#define EFI_GUID_LOADED_IMAGE \
    ((struct efi_guid){ \
        0x5b1b31a1, 0x9562, 0x11d2, { 0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } })
#define EFI_GUID_FILE_SYSTEM \
    ((struct efi_guid){ \
        0x964e5b22, 0x6459, 0x11d2, { 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } })
#define EFI_GUID_SCREEN \
    ((struct efi_guid){ \
        0x9042a9de, 0x23dc, 0x4a38, { 0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a } })
#define EFI_GUID_ACPI_20 \
    ((struct efi_guid){ \
        0x8868e871, 0xe4f1, 0x11d3, { 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 } })
#define EFI_GUID_VARIABLES \
    ((struct efi_guid){ \
        0x8be4df61, 0x93ca, 0x11d2, { 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c } })

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Callbacks, NMI, assists, debug registers (xen/callback.h, xen/nmi.h, xen/xen.h). */
#include "conform.h"

#include <xen/callback.h>
#include <xen/nmi.h>
#include <xen/vcpu.h>

#define REGISTER(...) AT(struct callback_register, __VA_ARGS__)
#define UNREGISTER(t) AT(struct callback_unregister, .type = t)

extern const char xen_pv_event[], xen_pv_failsafe[], xen_pv_vectors[];

static const struct row callback_calls[] = {
    { "unknown_operation", { 2, 0 }, -XEN_ENOSYS },
    { "register_pointer", { CALLBACKOP_register, BAD_UNMAPPED }, -XEN_EFAULT },
    { "unregister_pointer", { CALLBACKOP_unregister, BAD_UNMAPPED }, -XEN_EFAULT },
    { "register_unknown_type", { CALLBACKOP_register, REGISTER(99, 0, 0x1000) }, -XEN_ENOSYS },
    { "register_type_6", { CALLBACKOP_register, REGISTER(6, 0, 0x1000) }, -XEN_ENOSYS },
    { "register_sysenter_deprecated",
      { CALLBACKOP_register, REGISTER(CALLBACKTYPE_sysenter_deprecated, 0, 0x1000) },
      -XEN_ENOSYS },
    { "register_event_noncanonical",
      { CALLBACKOP_register, REGISTER(CALLBACKTYPE_event, 0, BAD_HOLE) },
      -XEN_EINVAL },
    { "register_failsafe_noncanonical",
      { CALLBACKOP_register, REGISTER(CALLBACKTYPE_failsafe, 0, BAD_HOLE) },
      -XEN_EINVAL },
    { "register_syscall_noncanonical",
      { CALLBACKOP_register, REGISTER(CALLBACKTYPE_syscall, 0, BAD_HOLE) },
      -XEN_EINVAL },
    { "register_syscall",
      { CALLBACKOP_register, REGISTER(CALLBACKTYPE_syscall, CALLBACKF_mask_events, 0x1000) },
      0 },
    { "register_syscall32",
      { CALLBACKOP_register, REGISTER(CALLBACKTYPE_syscall32, 0, 0x1000) },
      0 },
    { "register_sysenter", { CALLBACKOP_register, REGISTER(CALLBACKTYPE_sysenter, 0, 0x1000) }, 0 },
    { "register_unknown_flags",
      { CALLBACKOP_register, REGISTER(CALLBACKTYPE_syscall, 0xfffe, 0x1000) },
      0 },
    { "unregister_event", { CALLBACKOP_unregister, UNREGISTER(CALLBACKTYPE_event) }, -XEN_EINVAL },
    { "unregister_failsafe",
      { CALLBACKOP_unregister, UNREGISTER(CALLBACKTYPE_failsafe) },
      -XEN_EINVAL },
    { "unregister_syscall",
      { CALLBACKOP_unregister, UNREGISTER(CALLBACKTYPE_syscall) },
      -XEN_EINVAL },
    { "unregister_syscall32",
      { CALLBACKOP_unregister, UNREGISTER(CALLBACKTYPE_syscall32) },
      -XEN_EINVAL },
    { "unregister_sysenter",
      { CALLBACKOP_unregister, UNREGISTER(CALLBACKTYPE_sysenter) },
      -XEN_EINVAL },
    { "unregister_unknown_type", { CALLBACKOP_unregister, UNREGISTER(99) }, -XEN_ENOSYS },
    { "unregister_nmi", { CALLBACKOP_unregister, UNREGISTER(CALLBACKTYPE_nmi) }, 0 },
};
ROWS(callbacks, callback_calls, __HYPERVISOR_callback_op, "callback.h", PV);

static const struct row set_callbacks[] = {
    { "set_callbacks_event_noncanonical", { BAD_HOLE, (uint64_t)xen_pv_failsafe, 0 }, 0 },
    { "set_callbacks_failsafe_noncanonical", { (uint64_t)xen_pv_event, BAD_HOLE, 0 }, 0 },
    { "set_callbacks", { (uint64_t)xen_pv_event, (uint64_t)xen_pv_failsafe, 0 }, 0 },
};
ROWS(callbacks, set_callbacks, __HYPERVISOR_set_callbacks, "xen.h, HYPERVISOR_set_callbacks()", PV);

static const struct row nmi_calls[] = {
    { "nmi_unknown_operation", { 2, 0 }, -XEN_ENOSYS },
    { "nmi_register_pointer", { XENNMI_register_callback, BAD_UNMAPPED }, -XEN_EFAULT },
    { "nmi_register_noncanonical",
      { XENNMI_register_callback, AT(struct xennmi_callback, .handler_address = BAD_HOLE) },
      -XEN_EINVAL },
    { "nmi_unregister", { XENNMI_unregister_callback, 0 }, 0 },
    { "nmi_unregister_again", { XENNMI_unregister_callback, 0 }, 0 },
};
ROWS(callbacks, nmi_calls, __HYPERVISOR_nmi_op, "nmi.h", PV);

CASE(callbacks, nmi_sent_to_self, "nmi.h, XENNMI_register_callback; vcpu.h, VCPUOP_send_nmi", PV)
{
    struct xennmi_callback callback = { .handler_address = (uint64_t)xen_pv_vectors + 16 * 2 };

    EXPECT(hypercall2(__HYPERVISOR_nmi_op, XENNMI_register_callback, &callback), 0);
    fault.vector = NO_FAULT;
    __asm__ volatile("syscall\n773: nop\n774:\n"
                     "   .pushsection .pv_table_b, \"a\"\n   .quad 773b, 774b\n   .popsection\n"
                     :
                     : "a"(__HYPERVISOR_vcpu_op), "D"(VCPUOP_send_nmi), "S"(0), "d"(0)
                     : "rcx", "r11", "memory");
    EXPECT(fault.vector, 2);
    EXPECT(fault.mask, 1);
    EXPECT(hypercall2(__HYPERVISOR_nmi_op, XENNMI_unregister_callback, 0), 0);
}

static const struct row assist_calls[] = {
    { "assist_unknown_command", { 2, VMASST_TYPE_writable_pagetables }, -XEN_ENOSYS },
    { "assist_4gb_segments", { VMASST_CMD_enable, VMASST_TYPE_4gb_segments }, 0 },
    { "assist_4gb_segments_off", { VMASST_CMD_disable, VMASST_TYPE_4gb_segments }, 0 },
    { "assist_4gb_notify", { VMASST_CMD_enable, VMASST_TYPE_4gb_segments_notify }, 0 },
    { "assist_4gb_notify_off", { VMASST_CMD_disable, VMASST_TYPE_4gb_segments_notify }, 0 },
    { "assist_pae_extended_cr3_off", { VMASST_CMD_disable, VMASST_TYPE_pae_extended_cr3 }, 0 },
    { "assist_pae_extended_cr3", { VMASST_CMD_enable, VMASST_TYPE_pae_extended_cr3 }, 0 },
    { "assist_architectural_iopl", { VMASST_CMD_enable, VMASST_TYPE_architectural_iopl }, 0 },
    { "assist_architectural_iopl_off", { VMASST_CMD_disable, VMASST_TYPE_architectural_iopl }, 0 },
    { "assist_runstate_update", { VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag }, 0 },
    { "assist_runstate_update_off", { VMASST_CMD_disable, VMASST_TYPE_runstate_update_flag }, 0 },
    { "assist_6", { VMASST_CMD_enable, 6 }, -XEN_EINVAL },
    { "assist_31", { VMASST_CMD_enable, 31 }, -XEN_EINVAL },
    { "assist_33", { VMASST_CMD_enable, 33 }, -XEN_EINVAL },
    { "assist_63", { VMASST_CMD_enable, 63 }, -XEN_EINVAL },
    { "assist_64", { VMASST_CMD_enable, 64 }, -XEN_EINVAL },
    { "assist_max", { VMASST_CMD_enable, 0xffffffff }, -XEN_EINVAL },
};
ROWS(callbacks, assist_calls, __HYPERVISOR_vm_assist, "xen.h, HYPERVISOR_vm_assist()", PV);

static const struct row debug_calls[] = {
    { "set_dr4_is_dr6", { 4, 0 }, 0 },
    { "set_dr5_is_dr7", { 5, 0 }, 0 },
    { "set_dr8", { 8, 0 }, -XEN_ENODEV },
    { "set_dr_max", { ~0u, 0 }, -XEN_ENODEV },
    { "set_dr0_of_xen", { 0, BAD_XEN }, -XEN_EPERM },
    { "set_dr0_noncanonical", { 0, BAD_HOLE }, -XEN_EPERM },
    { "set_dr0", { 0, 0x1234 }, 0 },
    { "set_dr7_general_detect", { 7, 0x2000 }, -XEN_EPERM },
    { "set_dr7_io_without_de", { 7, 0x20002 }, -XEN_EPERM },
    { "set_dr7_upper_half", { 7, 1ul << 32 }, -XEN_EINVAL },
    { "set_dr6_upper_half", { 6, 1ul << 32 }, -XEN_EINVAL },
    { "set_dr7_off", { 7, 0 }, 0 },
    { "set_dr0_back", { 0, 0 }, 0 },
};
ROWS(callbacks, debug_calls, __HYPERVISOR_set_debugreg, "xen.h, HYPERVISOR_set_debugreg()", PV);

static const struct row debug_gets[] = {
    { "get_dr8", { 8 }, -XEN_ENODEV },
    { "get_dr_max", { ~0u }, -XEN_ENODEV },
    { "get_dr0", { 0 }, 0 },
};
ROWS(callbacks, debug_gets, __HYPERVISOR_get_debugreg, "xen.h, HYPERVISOR_get_debugreg()", PV);

CASE(callbacks, debugreg_is_kept, "xen.h, HYPERVISOR_set_debugreg()", PV)
{
    EXPECT(hypercall2(__HYPERVISOR_set_debugreg, 1, 0x5678), 0);
    EXPECT(hypercall1(__HYPERVISOR_get_debugreg, 1), 0x5678);
    EXPECT(hypercall2(__HYPERVISOR_set_debugreg, 1, 0), 0);
}

CASE(callbacks, debugreg_values_at_first, "xen.h, HYPERVISOR_get_debugreg()", PV)
{
    conform_note("dr6 %lx, dr7 %lx", hypercall1(__HYPERVISOR_get_debugreg, 6),
                 hypercall1(__HYPERVISOR_get_debugreg, 7));
    EXPECT(hypercall1(__HYPERVISOR_get_debugreg, 7), 0x400);
}

CASE(callbacks, debugreg_by_the_instruction, "xen.h, HYPERVISOR_set_debugreg()", PV)
{
    uint64_t value;

    PROBE("mov %0, %%dr2", : : "r"(0x9abcul) :);
    EXPECT(fault.vector, NO_FAULT);
    PROBE("mov %%dr2, %0", : "=r"(value) : :);
    EXPECT(fault.vector, NO_FAULT);
    EXPECT(value, 0x9abc);
    EXPECT(hypercall2(__HYPERVISOR_set_debugreg, 2, 0), 0);
}

CASE(callbacks, watchpoint_fires, "xen.h, HYPERVISOR_set_debugreg()", PV)
{
    static uint32_t watched;

    EXPECT(hypercall2(__HYPERVISOR_set_debugreg, 0, &watched), 0);
    EXPECT(hypercall2(__HYPERVISOR_set_debugreg, 7, 0xd0002), 0); /* write, 4 bytes */
    fault.vector = NO_FAULT;
    __asm__ volatile("movl $1, %0\n773: nop\n774:\n"
                     "   .pushsection .pv_table_b, \"a\"\n   .quad 773b, 774b\n   .popsection\n"
                     : "=m"(watched)
                     :
                     : "memory");
    EXPECT(fault.vector, 1);
    EXPECT(hypercall1(__HYPERVISOR_get_debugreg, 6) & 1, 1);
    EXPECT(hypercall2(__HYPERVISOR_set_debugreg, 7, 0), 0);
    EXPECT(hypercall2(__HYPERVISOR_set_debugreg, 0, 0), 0);
}

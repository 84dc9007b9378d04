/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables that are written to directly, and the machine-to-physical table's slot (xen/xen.h). */
#include "mmu.h"

/* ---- the table's slot in level 4 ---- */

CASE(mmu, m2p_slot_comes_with_the_kernel, "xen.h, VMASST_TYPE_m2p_strict", PV)
{
    const uint64_t *boot = (const uint64_t *)xen_start_info->pt_base;
    uint64_t *l4 = pool(0);

    for (unsigned int i = 0; i < 512; i++)
        l4[i] = i < 256 || i > 271 ? boot[i] : 0;
    if (!table_pin(l4, 4))
        return;
    EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, mfn(l4)), 0);
    EXPECT(l4[256], 0);
    EXPECT(extended(MMUEXT_NEW_BASEPTR, mfn(l4)), 0);
    EXPECT_TRUE(l4[256] & P_PRESENT);
    EXPECT(extended(MMUEXT_NEW_BASEPTR, mfn(boot)), 0);
    EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, mfn(l4)), 0);
    EXPECT_TRUE(l4[256] & P_PRESENT);
    EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, 0), 0);
    table_unpin(l4);
}

CASE(mmu, m2p_slot_goes_with_user_mode, "xen.h, VMASST_TYPE_m2p_strict", PV)
{
    uint64_t *l4 = pool(0);

    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_m2p_strict), 0);
    if (table_pin(l4, 4)) {
        EXPECT_TRUE(l4[256] & P_PRESENT);
        EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, mfn(l4)), 0);
        EXPECT(l4[256], 0);
        EXPECT(extended(MMUEXT_NEW_USER_BASEPTR, 0), 0);
        table_unpin(l4);
    }
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_m2p_strict), 0);
}

/* ---- direct writes ---- */

CASE(mmu, direct_write_without_the_assist, "xen.h, VMASST_TYPE_writable_pagetables", PV)
{
    uint64_t *table = (uint64_t *)entry_of(pool(0)), *loose = pool(1);

    /* The assist is on or off, the write is taken: for a table in use and for one that is not. */
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables),
           0);
    EXPECT(probe_write(table, *table & ~P_WRITE), NO_FAULT);
    EXPECT(*table & P_WRITE, 0);
    EXPECT(writable(pool(0)), 0);
    if (!table_pin(loose, 1))
        return;
    conform_note("loose table: vector %lx", probe_write(loose, entry(pool(0), READ_ONLY)));
    table_unpin(loose);
}

CASE(mmu, direct_write_with_the_assist, "xen.h, VMASST_TYPE_writable_pagetables", PV)
{
    uint64_t *table = (uint64_t *)entry_of(pool(0));

    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables),
           0);
    EXPECT(probe_write(table, entry(pool(1), READ_ONLY)), NO_FAULT);
    EXPECT(*table >> 12 & 0xfffffffffful, mfn(pool(1)));
    EXPECT(writable(pool(0)), 0);
    EXPECT(probe_write(table, 0x200000 | WRITABLE), 14); /* a frame of the hypervisor's */
    EXPECT(*table >> 12 & 0xfffffffffful, mfn(pool(0)));
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables),
           0);
}

CASE(mmu, direct_write_of_parts, "xen.h, VMASST_TYPE_writable_pagetables", PV)
{
    uint64_t *table = (uint64_t *)entry_of(pool(0)), old = *table;

    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables),
           0);
    PROBE("movb %1, (%0)", : : "r"(table), "q"((uint8_t)(old & ~P_WRITE)) : "memory");
    conform_note("byte: vector %lx, entry %lx", fault.vector, *table);
    PROBE("movl %1, (%0)", : : "r"(table), "r"((uint32_t)old) : "memory");
    EXPECT(writable(pool(0)), 0);
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables),
           0);
}

CASE(mmu, direct_write_by_other_instructions, "xen.h, VMASST_TYPE_writable_pagetables", PV)
{
    uint64_t *table = (uint64_t *)entry_of(pool(0)), old = *table, value = old & ~P_DIRTY;

    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables),
           0);
    PROBE("lock cmpxchgq %2, (%1)", : "+a"(old) : "r"(table), "r"(value) : "memory", "cc");
    EXPECT(fault.vector, NO_FAULT);
    EXPECT(*table & P_DIRTY, 0);
    PROBE("xchgq %1, (%0)", : : "r"(table), "r"(old) : "memory");
    EXPECT(fault.vector, NO_FAULT);
    EXPECT(*table & P_DIRTY, P_DIRTY);
    PROBE("lock andq %1, (%0)", : : "r"(table), "r"(~P_DIRTY) : "memory", "cc");
    EXPECT(fault.vector, NO_FAULT);
    PROBE("lock btsq $6, (%0)", : : "r"(table) : "memory", "cc");
    EXPECT(fault.vector, NO_FAULT);
    EXPECT(*table & P_DIRTY, P_DIRTY);
    EXPECT(writable(pool(0)), 0);
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables),
           0);
}

CASE(mmu, direct_write_to_an_l2, "xen.h, VMASST_TYPE_writable_pagetables: directories cannot be",
     PV)
{
    uint64_t *l2 = pool(0);

    if (!table_pin(l2, 2))
        return;
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_writable_pagetables),
           0);
    EXPECT(probe_write(&l2[3], 0), 14);
    EXPECT(hypercall2(__HYPERVISOR_vm_assist, VMASST_CMD_disable, VMASST_TYPE_writable_pagetables),
           0);
    table_unpin(l2);
}

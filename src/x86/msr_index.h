/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of model-specific registers (AMD APM 2, appendix A; Intel SDM 4). */
#ifndef X86_MSR_INDEX_H
#define X86_MSR_INDEX_H

#define MSR_TSC                0x10
#define MSR_PLATFORM_ID        0x17
#define MSR_APIC_BASE          0x1b
#define MSR_FEATURE_CONTROL    0x3a
#define MSR_SPEC_CTRL          0x48
#define MSR_PRED_CMD           0x49
#define MSR_UCODE_REV          0x8b
#define MSR_PLATFORM_INFO      0xce
#define MSR_MTRR_CAP           0xfe
#define MSR_ARCH_CAPABILITIES  0x10a
#define MSR_FLUSH_CMD          0x10b
#define MSR_FEATURE_ENABLES    0x140
#define MSR_SYSENTER_CS        0x174
#define MSR_SYSENTER_ESP       0x175
#define MSR_SYSENTER_EIP       0x176
#define MSR_MCG_CAP            0x179
#define MSR_MCG_STATUS         0x17a
#define MSR_MISC_ENABLE        0x1a0
#define MSR_DEBUGCTL           0x1d9
#define MSR_MTRR_FIX64K        0x250
#define MSR_PAT                0x277
#define MSR_MTRR_DEF_TYPE      0x2ff
#define MSR_XSS                0xda0
#define MSR_XEN_HYPERCALL_PAGE 0x40000000 /* of the ABI: CPUID leaf 0x40000002 names it */
#define MSR_EFER               0xc0000080
#define MSR_STAR               0xc0000081
#define MSR_LSTAR              0xc0000082
#define MSR_CSTAR              0xc0000083
#define MSR_FMASK              0xc0000084
#define MSR_FS_BASE            0xc0000100
#define MSR_GS_BASE            0xc0000101
#define MSR_KERNEL_GS_BASE     0xc0000102
#define MSR_TSC_AUX            0xc0000103
#define MSR_AMD_TSC_RATE       0xc0000104
#define MSR_HWCR               0xc0010015
#define MSR_DE_CFG             0xc0011029

#define EFER_SCE 0x1ul
#define EFER_LME 0x100ul
#define EFER_LMA 0x400ul
#define EFER_NXE 0x800ul

#endif

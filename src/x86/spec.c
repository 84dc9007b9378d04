/* SPDX-License-Identifier: Apache-2.0 */
/* Bits: Intel SDM 2A, CPUID, and SDM 4; AMD APM 3, appendix E, and APM 2, section 3.2.9. */
#include "x86/spec.h"

#include "core/assert.h"
#include "core/console/console.h"
#include "core/machine.h"
#include "lib/format.h"
#include "lib/memory.h"
#include "x86/trap/fault.h"
#include "x86/gdt.h"
#include "x86/patch.h"

#define SPEC_CTRL_IBRS  0x1u
#define SPEC_CTRL_STIBP 0x2u
#define SPEC_CTRL_SSBD  0x4u
#define EFER_AUTO_IBRS  0x200000ul
#define VIRT_SSBD_MSR   0xc001011fu /* AMD: SSBD where SPEC_CTRL has none, same bit */

/* MSR_ARCH_CAPABILITIES. */
#define RDCL_NO    (1ul << 0)
#define IBRS_ALL   (1ul << 1)
#define SSB_NO     (1ul << 4)
#define MDS_NO     (1ul << 5)
#define TAA_NO     (1ul << 8)
#define FBSDP_NO   (1ul << 14)
#define FB_CLEAR   (1ul << 17)
#define RFDS_CLEAR (1ul << 28)

enum { EAX, EBX, ECX, EDX };
enum { WORK_IBRS = 1, WORK_RSB = 2, WORK_VERW = 4 }; /* spec_entry.S knows them */

extern const char spec_enter[], spec_leave[];

/* Read by spec_entry.S. */
uint8_t spec_work;
uint32_t spec_ctrl_inside, spec_ctrl_guest;
const uint16_t spec_selector = SELECTOR_DATA;

bool spec_ibpb;

/* What this CPU has. */
static struct {
    bool ibrs, ibrs_always, auto_ibrs, ibpb, stibp, stibp_always, ssbd, virt_ssbd, md_clear, rtm;
    uint64_t capabilities;
} has;

static bool auto_ibrs; /* chosen: EFER bit on each CPU */
static uint32_t ctrl;  /* chosen: MSR_SPEC_CTRL when it stays the same for all */
static bool ctrl_used, virt_ssbd;
static bool
    rdcl; /* rogue loads of the cache's data: Meltdown, L1TF; not asked to leave it at that */

static bool bit(uint32_t word, unsigned int nr)
{
    return word >> nr & 1;
}

static void read_leaf(uint32_t nr, uint32_t r[4])
{
    uint32_t last[4];

    cpuid(nr & 0x80000000, 0, last);
    memset(r, 0, 4 * sizeof(*r));
    if (nr <= last[EAX])
        cpuid(nr, 0, r);
}

static void read_features(void)
{
    uint32_t r[4];

    read_leaf(7, r);
    has.rtm = bit(r[EBX], 11);
    has.md_clear = bit(r[EDX], 10);
    has.ibrs = has.ibpb = bit(r[EDX], 26);
    has.stibp = bit(r[EDX], 27);
    has.ssbd = bit(r[EDX], 31);
    if (bit(r[EDX], 29))
        rdmsr_safe(MSR_ARCH_CAPABILITIES, &has.capabilities);
    has.ibrs_always = has.capabilities & IBRS_ALL;
    read_leaf(0x80000008, r);
    has.ibpb |= bit(r[EBX], 12);
    has.ibrs |= bit(r[EBX], 14);
    has.stibp |= bit(r[EBX], 15);
    has.ibrs_always |= bit(r[EBX], 16);
    has.stibp_always = bit(r[EBX], 17);
    has.ssbd |= bit(r[EBX], 24);
    has.virt_ssbd = bit(r[EBX], 25);
    read_leaf(0x80000021, r);
    has.auto_ibrs = bit(r[EAX], 8);
}

/* Is a mitigation on: as asked, else by default where it is needed. */
static bool on(const struct spec_wishes *w, uint8_t wish, bool needed)
{
    if (w->all == SPEC_NO)
        return false;
    return wish == SPEC_AUTO ? needed : wish == SPEC_YES;
}

/* Branch prediction: what ring 3 trained must not lead ring 0. */
static void choose_ibrs(const struct spec_wishes *w)
{
    if (!on(w, w->ibrs, true))
        return;
    if (has.auto_ibrs) {
        auto_ibrs = true;
    } else if (has.ibrs_always) {
        ctrl |= SPEC_CTRL_IBRS;
    } else if (has.ibrs) {
        spec_work |= WORK_IBRS;
    }
}

static void choose_ctrl(const struct spec_wishes *w)
{
    choose_ibrs(w);
    if (has.stibp && on(w, w->stibp, has.stibp_always))
        ctrl |= SPEC_CTRL_STIBP;
    if (has.ssbd && on(w, w->ssbd, false))
        ctrl |= SPEC_CTRL_SSBD;
    virt_ssbd = !has.ssbd && has.virt_ssbd && on(w, w->ssbd, false);
    ctrl_used = ctrl != 0;
    spec_ctrl_guest = ctrl;
    spec_ctrl_inside = ctrl | (spec_work & WORK_IBRS ? SPEC_CTRL_IBRS : 0);
}

/* Of Intel's CPUs: does the microcode's VERW do what some of them need? */
static bool needs_verw(void)
{
    uint64_t c = has.capabilities;

    if (!cpu.intel)
        return false;
    if (has.md_clear && (!(c & MDS_NO) || (has.rtm && !(c & TAA_NO))))
        return true;
    return ((c & FB_CLEAR) && !(c & FBSDP_NO)) || (c & RFDS_CLEAR);
}

/* Return predictions: without SMEP, guests' ones lead to their own code, run in ring 0. */
static void choose_work(const struct spec_wishes *w)
{
    if (on(w, w->rsb, !cpu.smep || (spec_work & WORK_IBRS)))
        spec_work |= WORK_RSB;
    if (on(w, w->verw, needs_verw()))
        spec_work |= WORK_VERW;
    spec_ibpb = has.ibpb && on(w, w->ibpb, true);
}

/* CLAC where there is SMAP, as gates leave AC alone; LFENCE behind the conditional SWAPGS (Intel,
 * "Speculative behavior of SWAPGS and segment registers"; AMD's are not concerned). */
static void patch_code(const struct spec_wishes *w)
{
    static const uint8_t nop3[] = { 0x0f, 0x1f, 0x00 }, clac[] = { 0x0f, 0x01, 0xca },
                         lfence[] = { 0x0f, 0xae, 0xe8 };
    bool fence = !cpu.amd && w->all != SPEC_NO;
    uint8_t bytes[PATCH_TRAP_SIZE];

    memcpy(bytes, cpu.smap ? clac : nop3, sizeof(nop3));
    memcpy(bytes + sizeof(nop3), fence ? lfence : nop3, sizeof(nop3));
    if (cpu.smap || fence)
        patch_bytes(PATCH_TRAP, bytes, sizeof(bytes));
    if (spec_work & (WORK_IBRS | WORK_RSB))
        patch_call(PATCH_ENTER, spec_enter);
    if (spec_work & (WORK_IBRS | WORK_VERW))
        patch_call(PATCH_LEAVE, spec_leave);
}

bool spec_has_l1tf(void)
{
    return rdcl;
}

static void say(void)
{
    const char *ibrs = auto_ibrs               ? " AutoIBRS"
                       : ctrl & SPEC_CTRL_IBRS ? " IBRS (always)"
                       : spec_work & WORK_IBRS ? " IBRS (in Zeroth)"
                                               : "";
    char line[160];

    format(line, sizeof(line), "%s%s%s%s%s%s", ibrs, spec_ibpb ? " IBPB" : "",
           ctrl & SPEC_CTRL_STIBP ? " STIBP" : "",
           (ctrl & SPEC_CTRL_SSBD) || virt_ssbd ? " SSBD" : "", spec_work & WORK_RSB ? " RSB" : "",
           spec_work & WORK_VERW ? " VERW" : "");
    console_log(LOG_INFO, "spec-ctrl: CPU has%s%s%s%s%s; used:%s",
                has.ibrs || has.auto_ibrs ? " IBRS" : "", has.ibpb ? " IBPB" : "",
                has.stibp ? " STIBP" : "", has.ssbd || has.virt_ssbd ? " SSBD" : "",
                has.md_clear ? " MD_CLEAR" : "", line[0] ? line : " none");
    if (rdcl)
        console_log(LOG_WARNING,
                    "spec-ctrl: this CPU may have Meltdown: PV guests can read Zeroth's "
                    "memory, there is no XPTI yet");
}

void spec_init(const struct spec_wishes *wishes)
{
    ASSERT(cpu_count == 1);
    read_features();
    choose_ctrl(wishes);
    choose_work(wishes);
    rdcl = wishes->all != SPEC_NO && cpu.intel && !(has.capabilities & RDCL_NO);
    patch_code(wishes);
    say();
}

void spec_init_cpu(void)
{
    if (auto_ibrs)
        wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_AUTO_IBRS);
    if (ctrl_used)
        wrmsr(MSR_SPEC_CTRL, ctrl);
    if (virt_ssbd)
        wrmsr(VIRT_SSBD_MSR, SPEC_CTRL_SSBD);
}

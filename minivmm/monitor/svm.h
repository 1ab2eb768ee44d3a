/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * svm.h - SVM for code that measures it: the VMCB, what the processor offers, the monitor's guest and tables.
 * minivmm/monitor/ and bench/root/ include this. Freestanding, host mode only.
 *
 * APM volume 2, chapter 15. The monitor has one guest, and one VMCB for it. VMRUN and #VMEXIT switch neither FS, GS,
 * TR and LDTR nor the MSRs of SYSCALL, SYSENTER and KernelGsBase: host and guest share them, which is sound because
 * the guest is a piece of the host. A guest must leave them as they were, and must not touch EFER.SVME, VM_HSAVE_PA,
 * the APIC's timer, the x87 and vector registers and DR0 to DR3 either.
 */
#ifndef VTSCOPE_MINIVMM_MONITOR_SVM_H
#define VTSCOPE_MINIVMM_MONITOR_SVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "minivmm/monitor/monitor.h"

#pragma GCC visibility push(hidden)

#define MSR_EFER	0xc0000080
#define MSR_VM_CR	0xc0010114
#define MSR_VM_HSAVE_PA	0xc0010117
#define EFER_SVME	(1ull << 12)

/* ---- the VMCB, its fields by the manual's names: vmcb->RIP ---- */

#define VMCB_UINT_1	uint8_t
#define VMCB_UINT_2	uint16_t
#define VMCB_UINT_4	uint32_t
#define VMCB_UINT_8	uint64_t
#define VMCB_UINT_15	struct { uint8_t byte[15]; }
#define VMCB_UINT_32	struct { uint8_t byte[32]; }
#define VMCB_UINT_256	struct { uint8_t byte[256]; }

union vmcb {
	uint8_t page[4096];
#define VMCB_FIELD(area, offset, bytes, name)					\
	struct {								\
		uint8_t before_##name[VMCB_AREA_##area + (offset)];		\
		VMCB_UINT_##bytes name;						\
	} __attribute__((packed));
#include "arch/x86/vmcb.def"
} __attribute__((aligned(4096)));
_Static_assert(sizeof(union vmcb) == VMCB_BYTES, "a VMCB is a page");

enum {
#define VMCB_BIT(field, bit, name) VMCB_##name = 1u << (bit),
#define VMCB_CLEAN(bit, name) VMCB_CLEAN_##name = 1u << (bit),
#define VMCB_TLB(value, name) VMCB_TLB_##name = (value),
#include "arch/x86/vmcb.def"
	VMCB_CLEAN_ALL = 0xffffffff,
};

/* struct vcpu_want: want.svm.intercept[SVM_WORD_cpuid] |= 1u << SVM_BIT_cpuid. */
enum {
#define SVM_INTERCEPT(word, bit, name) SVM_WORD_##name = (word) / 4, SVM_BIT_##name = (bit),
#include "arch/x86/vmcb.def"
};

/* EXITCODE: SVM_EXIT_CPUID; a row of registers or vectors counts from its first. */
enum {
#define VMX_EXIT(reason, linux_name, name)
#define SVM_EXIT(first, last, linux_name, name) SVM_EXIT_##linux_name = (first),
#include "arch/x86/exits.def"
#undef VMX_EXIT
#undef SVM_EXIT
};
#define SVM_EXIT_INVALID	(~0ull)
/* "excp 6" for 0x46, "" for a code that the manual does not have. */
void svm_exit_name(uint64_t code, char *text, uint32_t size);

/* ---- what the processor offers ---- */

/* CPUID leaf 8000_000Ah EDX: svm_has(SVM_CPUID_np). */
enum {
#define SVM_EDX_EAX(leaf, bit) 32
#define SVM_EDX_EBX(leaf, bit) 32
#define SVM_EDX_ECX(leaf, bit) 32
#define SVM_EDX_EDX(leaf, bit) ((leaf) == 0x8000000a ? (bit) : 32)
#define CPUID_BIT(leaf, subleaf, reg, bit, name, flag, doc) SVM_CPUID_##name = SVM_EDX_##reg(leaf, bit),
#include "arch/x86/cpuid.def"
#undef CPUID_BIT
};

bool svm_has(unsigned bit);
/* Address-space identifiers, the host's 0 among them. */
uint32_t svm_asids(void);
bool svm_has_invlpgb(void);

/* ---- the monitor's guest ---- */

/*
 * Of (v), the only one. RIP, RSP, RAX, RFLAGS and EVENTINJ are read at each entry; after a change of anything else
 * one of the next two.
 */
union vmcb *svm_vmcb(struct vcpu *v);
/* The next entry loads all of the VMCB. */
void svm_vmcb_changed(struct vcpu *v);
/* The same, and finds no translation cached: the guest's page tables or the nested ones changed, or NP_CONTROL. */
void svm_changed(struct vcpu *v);
/* RIP (bytes) further. */
void svm_advance(struct vcpu *v, uint32_t bytes);

/*
 * A complete VMCB as vcpu_setup() makes it, for a guest that a row enters on its own: at (rip) on (rsp), with the
 * intercepts of the default, ASID 1, clean bits 0 and a TLB flush at each entry.
 */
void svm_vmcb_init(union vmcb *c, const void *rip, const void *rsp);
/* Of an object of the image, for RAX of VMRUN, VMLOAD and VMSAVE. */
uint64_t svm_phys(const volatile void *p);

/*
 * The nested page-table entry of the 4 KiB page at (phys), below 4 GiB, to be changed and put back: present, writable
 * and user as it is. One 2 MiB region can be split like this: NULL for a second, and without nested paging.
 * vcpu_setup() makes it whole again.
 */
#define SVM_NPT_PRESENT		1ull
#define SVM_NPT_WRITABLE	2ull
#define SVM_NPT_USER		4ull
#define SVM_NPT_NX		(1ull << 63)
volatile uint64_t *svm_npt_entry(uint64_t phys);

/*
 * Permission maps, all 0 after vcpu_setup(). They count where MSR_PROT or IOIO_PROT is intercepted. False: this MSR is
 * in none of the ranges that the map covers, and always exits.
 */
bool svm_msr_intercept(uint32_t msr, bool read, bool write);
void svm_io_intercept(uint16_t port, unsigned bytes);

#pragma GCC visibility pop
#endif

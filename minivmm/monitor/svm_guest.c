/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svm_guest.c - the guest that is the host's own state: VMCB, nested page tables, permission maps. */
#include "minivmm/monitor/svm_private.h"

#define MSR_PAT		0x277
#define NPT_TABLE	0x07ull		/* present, writable, user: a nested walk is a user's */
#define NPT_2M		(NPT_TABLE | 0xe0ull)	/* accessed, dirty, 2 MiB */
#define NPT_4K		(NPT_TABLE | 0x60ull)
#define REGION		(2ull << 20)
#define GIGABYTES	4

#define DR6_DEFAULT	0xffff0ff0
#define DR7_DEFAULT	0x400

#define NMI_VECTOR	2

#define INTERCEPT(name)	(1u << SVM_BIT_##name)

typedef uint64_t table[512] __attribute__((aligned(4096)));

static table npt_root, npt_pdpt, npt_pd[GIGABYTES], npt_page;
static uint64_t *npt_split;		/* the entry that npt_page stands for, NULL: none */
static unsigned char io_map[12288] __attribute__((aligned(4096)));
static unsigned char msr_map[8192] __attribute__((aligned(4096)));

/* ---- nested page tables: physical [0, 4 GiB) as it is ---- */

void svm_npt_build(void)
{
	for (uint64_t i = 0; i < GIGABYTES * 512; i++)
		npt_pd[i / 512][i % 512] = i * REGION | NPT_2M;
	for (unsigned i = 0; i < GIGABYTES; i++)
		npt_pdpt[i] = svm_phys(npt_pd[i]) | NPT_TABLE;
	npt_root[0] = svm_phys(npt_pdpt) | NPT_TABLE;
	npt_split = NULL;
}

static void npt_make_whole(void)
{
	if (npt_split)
		*npt_split = (uint64_t)(npt_split - npt_pd[0]) * REGION | NPT_2M;
	npt_split = NULL;
}

volatile uint64_t *svm_npt_entry(uint64_t phys)
{
	uint64_t *entry = &npt_pd[0][phys / REGION];

	if (!svm_has(SVM_CPUID_np) || phys >= GIGABYTES * 512 * REGION || (npt_split && npt_split != entry))
		return NULL;
	if (!npt_split) {
		for (uint64_t i = 0; i < 512; i++)
			npt_page[i] = (phys / REGION * REGION + i * 4096) | NPT_4K;
		*entry = svm_phys(npt_page) | NPT_TABLE;
		npt_split = entry;
	}
	return &npt_page[phys / 4096 % 512];
}

/* ---- permission maps (APM volume 2, 15.10 and 15.11) ---- */

bool svm_msr_intercept(uint32_t msr, bool read, bool write)
{
	static const uint32_t first[] = { 0, 0xc0000000, 0xc0010000 };

	for (unsigned i = 0; i < 3; i++) {
		uint32_t n = msr - first[i];

		if (n >= 0x2000)
			continue;
		msr_map[i * 2048 + n / 4] |= (unsigned char)((read | write << 1) << n % 4 * 2);
		return true;
	}
	return false;
}

void svm_io_intercept(uint16_t port, unsigned bytes)
{
	for (unsigned n = port; n < port + bytes; n++)
		io_map[n / 8] |= (unsigned char)(1u << n % 8);
}

static void maps_clear(void)
{
	for (unsigned i = 0; i < sizeof(msr_map); i++)
		msr_map[i] = 0;
	for (unsigned i = 0; i < sizeof(io_map); i++)
		io_map[i] = 0;
}

/* ---- the host's state, as it is now ---- */

struct segment {
	uint16_t selector, attributes;
	uint32_t limit;
	uint64_t base;
};

/* As VMCB_*_ATTRIB has them: the descriptor's bits 40 to 47 and 52 to 55 (APM volume 2, 15.5.1). */
static struct segment segment_of(uint16_t selector, const struct table_pointer *gdtr)
{
	struct segment s = { .selector = selector };
	uint64_t d;

	if (!(selector & ~7u) || (selector | 7u) > gdtr->limit)
		return s;
	d = ((const uint64_t *)gdtr->base)[selector / 8];
	s.attributes = (uint16_t)((d >> 40 & 0xff) | (d >> 52 & 0xf) << 8);
	s.limit = (uint32_t)((d & 0xffff) | (d >> 32 & 0xf0000));
	if (s.attributes & 0x800)
		s.limit = s.limit << 12 | 0xfff;
	s.base = (d >> 16 & 0xffffff) | (d >> 56 & 0xff) << 24;
	return s;
}

#define SELECTOR_READ(name) ({							\
	uint16_t selector_;							\
	__asm__ volatile("mov %%" #name ", %0" : "=r"(selector_));		\
	selector_;								\
})
#define REGISTER_READ(name) ({							\
	uint64_t register_;							\
	__asm__ volatile("mov %%" #name ", %0" : "=r"(register_));		\
	register_;								\
})
#define SEGMENT_SET(c, NAME, s) do {						\
	struct segment s_ = (s);						\
	(c)->NAME##_SELECTOR = s_.selector;					\
	(c)->NAME##_ATTRIB = s_.attributes;					\
	(c)->NAME##_LIMIT = s_.limit;						\
	(c)->NAME##_BASE = s_.base;						\
} while (0)

static void state_set(union vmcb *c)
{
	struct table_pointer gdtr, idtr;

	__asm__ volatile("sgdt %0" : "=m"(gdtr));
	__asm__ volatile("sidt %0" : "=m"(idtr));
	SEGMENT_SET(c, ES, segment_of(SELECTOR_READ(es), &gdtr));
	SEGMENT_SET(c, CS, segment_of(SELECTOR_READ(cs), &gdtr));
	SEGMENT_SET(c, SS, segment_of(SELECTOR_READ(ss), &gdtr));
	SEGMENT_SET(c, DS, segment_of(SELECTOR_READ(ds), &gdtr));
	c->GDTR_LIMIT = gdtr.limit;
	c->GDTR_BASE = gdtr.base;
	c->IDTR_LIMIT = idtr.limit;
	c->IDTR_BASE = idtr.base;
	c->CPL = 0;
	c->EFER = msr_read(MSR_EFER);
	c->CR0 = REGISTER_READ(cr0);
	c->CR2 = REGISTER_READ(cr2);
	c->CR3 = REGISTER_READ(cr3);
	c->CR4 = REGISTER_READ(cr4);
	c->DR6 = DR6_DEFAULT;
	c->DR7 = DR7_DEFAULT;
	c->RFLAGS = SVM_GUEST_RFLAGS;
	c->G_PAT = msr_read(MSR_PAT);
}

static void controls_set(union vmcb *c, const struct vcpu_want *want)
{
	c->INTERCEPT_EXCEPTION = want->svm.intercept[SVM_WORD_excp] |
				 ((~want->to_guest | want->intercepted) & ~(1u << NMI_VECTOR));
	c->INTERCEPT_CR_READ = (uint16_t)want->svm.intercept[SVM_WORD_cr_read];
	c->INTERCEPT_CR_WRITE = (uint16_t)(want->svm.intercept[SVM_WORD_cr_read] >> 16);
	c->INTERCEPT_DR_READ = (uint16_t)want->svm.intercept[SVM_WORD_dr_read];
	c->INTERCEPT_DR_WRITE = (uint16_t)(want->svm.intercept[SVM_WORD_dr_read] >> 16);
	c->INTERCEPT_VECTOR_3 = want->svm.intercept[SVM_WORD_intr] | INTERCEPT(intr) | INTERCEPT(nmi) |
				INTERCEPT(shutdown);
	/* A guest that waits for an interrupt waits for ever; with an idle-HLT intercept it does not. */
	if (!(want->svm.intercept[SVM_WORD_idle_hlt] >> SVM_BIT_idle_hlt & 1))
		c->INTERCEPT_VECTOR_3 |= INTERCEPT(hlt);
	c->INTERCEPT_VECTOR_4 = want->svm.intercept[SVM_WORD_vmrun] | INTERCEPT(vmrun) | INTERCEPT(vmmcall);
	c->INTERCEPT_VECTOR_5 = want->svm.intercept[SVM_WORD_invlpgb];
	c->IOPM_BASE_PA = svm_phys(io_map);
	c->MSRPM_BASE_PA = svm_phys(msr_map);
	c->GUEST_ASID = 1;
	c->V_INTR = VMCB_V_INTR_MASKING;
	if (svm_has(SVM_CPUID_np) && !want->no_slat) {
		c->NP_CONTROL = VMCB_NP_ENABLE;
		c->N_CR3 = svm_phys(npt_root);
	}
}

static void vmcb_clear(union vmcb *c)
{
	for (unsigned i = 0; i < sizeof(c->page); i++)
		c->page[i] = 0;
}

void svm_vmcb_init(union vmcb *c, const void *rip, const void *rsp)
{
	static const struct vcpu_want none;

	vmcb_clear(c);
	controls_set(c, &none);
	state_set(c);
	c->RIP = (uint64_t)(uintptr_t)rip;
	c->RSP = (uint64_t)(uintptr_t)rsp;
	c->TLB_CONTROL = VMCB_TLB_FLUSH_ALL;
}

void svm_setup(const struct vcpu_want *want)
{
	npt_make_whole();
	maps_clear();
	vmcb_clear(&svm_guest_vmcb);
	controls_set(&svm_guest_vmcb, want);
	state_set(&svm_guest_vmcb);
}

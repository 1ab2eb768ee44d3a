/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svm_check.c - what SVM needs of a processor, judged from facts alone: no instruction here asks the machine. */
#include "minivmm/monitor/svm_private.h"

#define LEAF_SVM	0x8000000au
#define LEAF_LENGTHS	0x80000008u
#define VM_CR_LOCK	(1u << 3)
#define VM_CR_SVMDIS	(1u << 4)
#define ASIDS_MIN	2u		/* the host's and one more */

static int refuse(struct monitor_why *why, const char *status, const char *sentence)
{
	struct text t = TEXT_OF(why->text);

	why->status = status;
	text_put(&t, sentence);
	return -1;
}

/* ---- features ---- */

static bool has(const struct svm_facts *f, unsigned bit)
{
	return bit < 32 && f->edx_8000000a >> bit & 1;
}

static bool has_svm(const struct svm_facts *f)
{
	return f->max_leaf >= 0x80000001 && f->ecx_80000001 & 1u << 2;
}

/* What a guest can do without, as a person reads it. */
static const struct {
	const char *name;
	uint8_t bit;
} offers[] = {
	{ "nested paging (NP)", SVM_CPUID_np },
	{ "next RIP saved (NRIPS)", SVM_CPUID_nrips },
	{ "SVM lock (SVML)", SVM_CPUID_svml },
	{ "VMCB clean bits", SVM_CPUID_vmcbclean },
	{ "flush by ASID", SVM_CPUID_flushbyasid },
	{ "decode assists", SVM_CPUID_decodeassists },
	{ "LBR virtualization", SVM_CPUID_lbrvirt },
	{ "TSC ratio MSR", SVM_CPUID_tscratemsr },
	{ "PAUSE filter", SVM_CPUID_pausefilter },
	{ "AVIC", SVM_CPUID_avic },
	{ "virtual VMLOAD and VMSAVE", SVM_CPUID_vmsavevirt },
	{ "virtual GIF (vGIF)", SVM_CPUID_vgif },
	{ "virtual NMI (vNMI)", SVM_CPUID_vnmi },
	{ "guest mode execute trap (GMET)", SVM_CPUID_gmet },
};
#define OFFERS (sizeof(offers) / sizeof(offers[0]))

static void put_yes(struct text *t, bool yes)
{
	text_put(t, yes ? "yes" : "no");
}

static void put_msrs(const struct svm_facts *f, unsigned n, struct text *t)
{
	if (n == 1) {
		text_put(t, "not turned off by firmware (VM_CR): ");
		text_put(t, !f->vm_cr_readable		 ? "VM_CR cannot be read" :
			    f->vm_cr & VM_CR_SVMDIS	 ? "no, SVMDIS is 1" : "yes, SVMDIS is 0");
		text_put(t, f->vm_cr & VM_CR_LOCK ? ", locked" : "");
	} else if (n == 2) {
		text_put(t, "free (EFER.SVME is 0): ");
		put_yes(t, !(f->efer & EFER_SVME));
	} else {
		text_put(t, "address-space identifiers: ");
		text_decimal(t, f->ebx_8000000a);
		text_put(t, ", revision ");
		text_decimal(t, f->eax_8000000a & 0xff);
	}
}

const char *svm_fact_line(const struct svm_facts *f, unsigned n, char *text, uint32_t size)
{
	struct text t = { text, size, 0 };

	if (n == 0) {
		text_put(&t, "SVM (CPUID 8000_0001h ECX bit 2): ");
		put_yes(&t, has_svm(f));
	} else if (!has_svm(f)) {
		return NULL;
	} else if (n < SVM_REQUIRED_LINES) {
		put_msrs(f, n, &t);
	} else if (n - SVM_REQUIRED_LINES < OFFERS) {
		text_put(&t, offers[n - SVM_REQUIRED_LINES].name);
		text_put(&t, ": ");
		put_yes(&t, has(f, offers[n - SVM_REQUIRED_LINES].bit));
	} else {
		return NULL;
	}
	return text;
}

/* ---- decisions ---- */

int svm_decide(const struct svm_facts *f, struct monitor_why *why)
{
	if (!has_svm(f))
		return refuse(why, "unsupported",
			      "this processor has no SVM (CPUID 8000_0001h ECX bit 2 is 0); if it is a virtual "
			      "machine's, let its hypervisor offer svm");
	if (!f->vm_cr_readable)
		return refuse(why, "missing-control",
			      "VM_CR (MSR C001_0114h) cannot be read, so it is not known whether SVM may be "
			      "turned on; let the hypervisor offer that MSR");
	if (f->vm_cr & VM_CR_SVMDIS && f->vm_cr & VM_CR_LOCK)
		return refuse(why, "firmware-disabled",
			      "firmware turned SVM off and locked it (VM_CR.SVMDIS and LOCK are 1): turn SVM on in "
			      "the firmware's setup");
	if (f->vm_cr & VM_CR_SVMDIS)
		return refuse(why, "firmware-disabled",
			      "SVM is turned off (VM_CR.SVMDIS is 1, not locked): turn SVM on in the firmware's "
			      "setup; nothing here writes VM_CR");
	if (f->efer & EFER_SVME)
		return refuse(why, "busy",
			      "EFER.SVME is 1 already: a hypervisor or its driver holds SVM; unload it, or boot "
			      "without it");
	if (f->max_leaf < LEAF_SVM || f->ebx_8000000a < ASIDS_MIN)
		return refuse(why, "missing-control",
			      "there is no address-space identifier for a guest (CPUID 8000_000Ah EBX is below 2)");
	return 0;
}

/* Intercepts that came later than SVM itself, and what says that they are there. */
enum evidence { EDX_8000000A, EBX_80000008, EBX_7, EAX_8000001F };
static const struct {
	uint8_t word, bit, evidence, evidence_bit;
	const char *name;
} late[] = {
	{ SVM_WORD_rdpru, SVM_BIT_rdpru, EBX_80000008, 4, "RDPRU" },
	{ SVM_WORD_efer_write_trap, SVM_BIT_efer_write_trap, EAX_8000001F, 3, "EFER-write-trap" },
	{ SVM_WORD_invlpgb, SVM_BIT_invlpgb, EDX_8000000A, SVM_CPUID_tlbictl, "INVLPGB" },
	{ SVM_WORD_invlpgb_illegal, SVM_BIT_invlpgb_illegal, EDX_8000000A, SVM_CPUID_tlbictl, "illegal-INVLPGB" },
	{ SVM_WORD_invpcid, SVM_BIT_invpcid, EBX_7, 10, "INVPCID" },
	{ SVM_WORD_mcommit, SVM_BIT_mcommit, EBX_80000008, 8, "MCOMMIT" },
	{ SVM_WORD_tlbsync, SVM_BIT_tlbsync, EDX_8000000A, SVM_CPUID_tlbictl, "TLBSYNC" },
	{ SVM_WORD_buslock, SVM_BIT_buslock, EDX_8000000A, SVM_CPUID_buslockthreshold, "bus-lock" },
	{ SVM_WORD_idle_hlt, SVM_BIT_idle_hlt, EDX_8000000A, SVM_CPUID_idlehltintercept, "idle-HLT" },
};

static uint32_t evidence_of(const struct svm_facts *f, enum evidence e)
{
	return e == EDX_8000000A ? f->edx_8000000a :
	       e == EBX_80000008 ? (f->max_leaf >= LEAF_LENGTHS ? f->ebx_80000008 : 0) :
	       e == EBX_7	 ? f->ebx_7 :
				   f->eax_8000001f;
}

static bool missing_intercept(struct monitor_why *why, const char *name)
{
	struct text t = TEXT_OF(why->text);

	why->status = "missing-control";
	text_put(&t, "needs the ");
	text_put(&t, name);
	text_put(&t, " intercept, which this processor does not have");
	return false;
}

bool svm_can(const struct svm_facts *f, const struct vcpu_want *want, struct monitor_why *why)
{
	for (unsigned i = 0; i < sizeof(late) / sizeof(late[0]); i++)
		if (want->svm.intercept[late[i].word] >> late[i].bit & 1 &&
		    !(evidence_of(f, late[i].evidence) >> late[i].evidence_bit & 1))
			return missing_intercept(why, late[i].name);
	/* The bits behind bit 15 are CR-write traps, 16 of them. */
	if (want->svm.intercept[SVM_WORD_cr_write_trap] >> SVM_BIT_cr_write_trap &&
	    !(f->eax_8000001f >> 3 & 1))
		return missing_intercept(why, "CR-write-trap");
	if ((want->fast.kind == VCPU_FAST_SKIP && !has(f, SVM_CPUID_nrips) && !want->fast.length) ||
	    (want->fast.kind == VCPU_FAST_LENGTH && !want->fast.length))
		return refuse(why, "missing-control",
			      "needs the length of the instruction that exits: the row gives none, and this "
			      "processor does not save the next RIP (NRIPS)") == 0;
	return true;
}

/* ---- names ---- */

static const struct {
	uint16_t first, last;
	const char *name;
} exits[] = {
#define VMX_EXIT(reason, linux_name, name)
#define SVM_EXIT(first, last, linux_name, name) { first, last, #name },
#include "arch/x86/exits.def"
#undef VMX_EXIT
#undef SVM_EXIT
};

void svm_exit_name(uint64_t code, char *text, uint32_t size)
{
	struct text t = { text, size, 0 };

	text_put(&t, code == SVM_EXIT_INVALID ? "invalid guest state" : "");
	for (unsigned i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		if (code < exits[i].first || code > exits[i].last)
			continue;
		text_put(&t, exits[i].name);
		if (exits[i].first != exits[i].last) {
			text_put(&t, " ");
			text_decimal(&t, code - exits[i].first);
		}
		return;
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor makes of a processor's SVM, on made-up machines: minivmm/monitor/svm_check.c is pure. */
#include <string.h>

#include "minivmm/monitor/svm_private.h"
#include "tests/unit/tap.h"

#define ECX_SVM	    (1u << 2)
#define VM_CR_LOCK  (1u << 3)
#define VM_CR_DIS   (1u << 4)
#define EDX(name)   (1u << SVM_CPUID_##name)

/* A processor with all that a guest needs, and nested paging. */
static struct svm_facts machine(void)
{
	return (struct svm_facts){
		.max_leaf = 0x8000001f,
		.ecx_80000001 = ECX_SVM,
		.eax_8000000a = 1,
		.ebx_8000000a = 16,
		.edx_8000000a = EDX(np) | EDX(nrips),
		.vm_cr_readable = true,
	};
}

static void check_refused(const struct svm_facts *f, const char *status, const char *names)
{
	struct monitor_why why = { "", "" };

	CU_ASSERT_EQUAL(svm_decide(f, &why), -1);
	CU_ASSERT_STRING_EQUAL(why.status, status);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, names));
	CU_ASSERT(strlen(why.text) < sizeof(why.text) - 1); /* not cut */
}

static void test_usable(void)
{
	struct svm_facts f = machine();
	struct monitor_why why = { "", "" };

	CU_ASSERT_EQUAL(svm_decide(&f, &why), 0);
	f.edx_8000000a = 0; /* the first generation: no nested paging, no next RIP */
	CU_ASSERT_EQUAL(svm_decide(&f, &why), 0);
	f.vm_cr = VM_CR_LOCK; /* locked on */
	CU_ASSERT_EQUAL(svm_decide(&f, &why), 0);
}

static void test_no_svm(void)
{
	struct svm_facts f = machine();

	f.ecx_80000001 = 0;
	check_refused(&f, "unsupported", "has no SVM");
	f = machine();
	f.max_leaf = 0; /* no extended leaves: ecx means nothing */
	check_refused(&f, "unsupported", "has no SVM");
}

static void test_firmware(void)
{
	struct svm_facts f = machine();

	f.vm_cr = VM_CR_DIS | VM_CR_LOCK;
	check_refused(&f, "firmware-disabled", "locked it");
	f.vm_cr = VM_CR_DIS;
	check_refused(&f, "firmware-disabled", "nothing here writes VM_CR");
	f = machine();
	f.vm_cr_readable = false;
	check_refused(&f, "missing-control", "VM_CR");
}

static void test_busy(void)
{
	struct svm_facts f = machine();

	f.efer = EFER_SVME;
	check_refused(&f, "busy", "EFER.SVME is 1 already");
	f.vm_cr = VM_CR_DIS | VM_CR_LOCK; /* what firmware says comes first */
	check_refused(&f, "firmware-disabled", "SVMDIS");
}

static void test_asids(void)
{
	struct svm_facts f = machine();

	f.ebx_8000000a = 1;
	check_refused(&f, "missing-control", "address-space identifier");
	f = machine();
	f.max_leaf = 0x80000008;
	check_refused(&f, "missing-control", "address-space identifier");
}

static bool can(const struct svm_facts *f, const struct vcpu_want *want, const char *names)
{
	struct monitor_why why = { "", "" };
	bool yes = svm_can(f, want, &why);

	CU_ASSERT_EQUAL(*why.text == 0, yes);
	if (!yes)
		CU_ASSERT_PTR_NOT_NULL(strstr(why.text, names));
	return yes;
}

static void test_lengths(void)
{
	struct svm_facts f = machine();
	struct vcpu_want want = { .fast = { SVM_EXIT_CPUID, VCPU_FAST_SKIP, 0, false, false } };

	CU_ASSERT(can(&f, &want, ""));
	f.edx_8000000a = EDX(np);
	CU_ASSERT(!can(&f, &want, "NRIPS"));
	want.fast.length = 2;
	CU_ASSERT(can(&f, &want, ""));
	want.fast.kind = VCPU_FAST_LENGTH;
	CU_ASSERT(can(&f, &want, ""));
	want.fast.length = 0;
	CU_ASSERT(!can(&f, &want, "length"));
	want.fast.kind = VCPU_FAST_STAY;
	CU_ASSERT(can(&f, &want, ""));
}

static void test_intercepts(void)
{
	struct svm_facts f = machine();
	struct vcpu_want want = { .to_guest = 0 };

	want.svm.intercept[SVM_WORD_cpuid] = ~0u; /* all of the first generation */
	want.svm.intercept[SVM_WORD_vmrun] = 0x7fff & ~(1u << SVM_BIT_rdpru);
	CU_ASSERT(can(&f, &want, ""));
	want.svm.intercept[SVM_WORD_rdpru] |= 1u << SVM_BIT_rdpru;
	CU_ASSERT(!can(&f, &want, "RDPRU intercept"));
	f.ebx_80000008 = 1u << 4;
	CU_ASSERT(can(&f, &want, ""));
	want.svm.intercept[SVM_WORD_cr_write_trap] |= 1u << (SVM_BIT_cr_write_trap + 4);
	CU_ASSERT(!can(&f, &want, "CR-write-trap intercept"));
	want = (struct vcpu_want){ .to_guest = 0 };
	want.svm.intercept[SVM_WORD_invpcid] = 1u << SVM_BIT_invpcid;
	CU_ASSERT(!can(&f, &want, "INVPCID intercept"));
	f.ebx_7 = 1u << 10;
	CU_ASSERT(can(&f, &want, ""));
}

static bool has_line(const struct svm_facts *f, const char *wanted)
{
	char line[100];

	for (unsigned n = 0; svm_fact_line(f, n, line, sizeof(line)); n++)
		if (strcmp(line, wanted) == 0)
			return true;
	return false;
}

static void test_lines(void)
{
	struct svm_facts f = machine();

	CU_ASSERT(has_line(&f, "SVM (CPUID 8000_0001h ECX bit 2): yes"));
	CU_ASSERT(has_line(&f, "nested paging (NP): yes"));
	CU_ASSERT(has_line(&f, "VMCB clean bits: no"));
	CU_ASSERT(has_line(&f, "address-space identifiers: 16, revision 1"));
	f.vm_cr = VM_CR_DIS | VM_CR_LOCK;
	CU_ASSERT(has_line(&f, "not turned off by firmware (VM_CR): no, SVMDIS is 1, locked"));
	f.ecx_80000001 = 0;
	CU_ASSERT(has_line(&f, "SVM (CPUID 8000_0001h ECX bit 2): no"));
	CU_ASSERT(!has_line(&f, "nested paging (NP): yes"));
}

static void test_names(void)
{
	char name[40], small[6];

	svm_exit_name(SVM_EXIT_CPUID, name, sizeof(name));
	CU_ASSERT_STRING_EQUAL(name, "cpuid");
	svm_exit_name(0x46, name, sizeof(name));
	CU_ASSERT_STRING_EQUAL(name, "excp 6");
	svm_exit_name(0x3ff, name, sizeof(name));
	CU_ASSERT_STRING_EQUAL(name, "");
	svm_exit_name(SVM_EXIT_INVALID, name, sizeof(name));
	CU_ASSERT_STRING_EQUAL(name, "invalid guest state");
	svm_exit_name(SVM_EXIT_CR0_SEL_WRITE, small, sizeof(small));
	CU_ASSERT_STRING_EQUAL(small, "cr0_s");
}

static const struct tap_test tests[] = {
	{ "SVM that can be used", test_usable },
	{ "no SVM", test_no_svm },
	{ "firmware turned SVM off", test_firmware },
	{ "somebody else holds SVM", test_busy },
	{ "no ASID for a guest", test_asids },
	{ "lengths where the next RIP is not saved", test_lengths },
	{ "intercepts that came later", test_intercepts },
	{ "facts for people", test_lines },
	{ "names of exits", test_names },
	{ NULL, NULL },
};

int main(void)
{
	return tap_run("SVM for the monitor", tests);
}

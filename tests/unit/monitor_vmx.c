/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor decides of VMX, on machines that are made up: which it refuses and why, which controls it sets. */
#include <stdio.h>
#include <string.h>

#include "minivmm/monitor/vmx_facts.h"
#include "tests/unit/tap.h"

#define MSRS	   24
#define ECX_VMX	   (1u << 5)
#define CR4_VMXE   (1ull << 13)
#define BASIC	   0x00d810000000002bull /* TRUE controls, 4096 bytes, write-back */
#define BASIC_TRUE (1ull << 55)

struct machine {
	uint32_t leaf_max, ecx;
	uint64_t cr4;
	struct {
		uint32_t number;
		uint64_t value;
	} msr[MSRS];
	unsigned faults; /* reads of an MSR that it does not have */
};

/* As Bochs shows corei7_skylake_x, where a number matters. */
static const struct machine skylake = {
	.leaf_max = 0x16,
	.ecx = ECX_VMX,
	.cr4 = 0x20,
	.msr = {
		{ 0x03a, 5 },
		{ 0x480, BASIC },
		{ 0x481, 0x0000007f00000016 },
		{ 0x482, 0xf7f9fffe0401e172 },
		{ 0x483, 0x007fffff00036dff },
		{ 0x484, 0x0000ffff000011ff },
		{ 0x485, 0x00000000000401e0 },
		{ 0x486, 0x80000021 },
		{ 0x487, 0xffffffff },
		{ 0x488, 0x2000 },
		{ 0x489, 0x3727ff },
		{ 0x48a, 0x2e },
		{ 0x48b, 0x02177fff00000000 },
		{ 0x48c, 0x00000f0106334141 },
		{ 0x48d, 0x0000007f00000016 },
		{ 0x48e, 0xf7f9fffe04006172 },
		{ 0x48f, 0x007fffff00036dfb },
		{ 0x490, 0x0000ffff000011fb },
		{ 0x491, 1 },
	},
};

static uint64_t *msr_of(struct machine *m, uint32_t number)
{
	for (unsigned i = 0; i < MSRS; i++)
		if (m->msr[i].number == number)
			return &m->msr[i].value;
	return NULL;
}

static uint64_t read_msr(void *ctx, uint32_t number)
{
	struct machine *m = ctx;
	const uint64_t *value = msr_of(m, number);

	if (value)
		return *value;
	m->faults++;
	return 0;
}

static void read_cpuid(void *ctx, uint32_t leaf, uint32_t regs[4])
{
	const struct machine *m = ctx;

	memset(regs, 0, 4 * sizeof(*regs));
	if (leaf == 0)
		regs[0] = m->leaf_max;
	else if (leaf == 1)
		regs[2] = m->ecx;
}

static struct vmx_facts facts_of(struct machine *m)
{
	struct vmx_facts f = { 0 };

	vmx_facts_read(&f, read_cpuid, read_msr, m);
	f.cr0 = 0x80010033;
	f.cr4 = m->cr4;
	CU_ASSERT_EQUAL(m->faults, 0);
	return f;
}

/* The status of the refusal, NULL: none. */
static const char *judge(struct machine m, struct monitor_why *why)
{
	struct vmx_facts f = facts_of(&m);

	*why = (struct monitor_why){ NULL, "" };
	return vmx_facts_judge(&f, why) < 0 ? why->status : NULL;
}

static void expect(struct machine m, const char *status, const char *words)
{
	struct monitor_why why;
	const char *got = judge(m, &why);

	CU_ASSERT_FATAL(got != NULL);
	CU_ASSERT_STRING_EQUAL(got, status);
	CU_ASSERT(strstr(why.text, words) != NULL);
	/* A sentence that was not cut. */
	CU_ASSERT(strlen(why.text) < sizeof(why.text) - 1);
}

static void test_good(void)
{
	struct monitor_why why;

	CU_ASSERT(judge(skylake, &why) == NULL);
}

static void test_no_vmx(void)
{
	struct machine m = skylake;

	m.ecx = 0;
	memset(m.msr, 0, sizeof(m.msr)); /* none is there: reading one would fault */
	expect(m, "unsupported", "no VMX");
	m.ecx = ECX_VMX;
	m.leaf_max = 0;
	expect(m, "unsupported", "no VMX");
}

static void test_firmware(void)
{
	struct machine m = skylake;
	struct vmx_facts f;
	struct monitor_why why;

	*msr_of(&m, 0x3a) = 1;
	expect(m, "firmware-disabled", "firmware's setup");
	*msr_of(&m, 0x3a) = 3; /* inside SMX only */
	expect(m, "firmware-disabled", "firmware's setup");

	*msr_of(&m, 0x3a) = 0;
	CU_ASSERT(judge(m, &why) == NULL);
	f = facts_of(&m);
	CU_ASSERT(f.feature_control_set);
	*msr_of(&m, 0x3a) = 5;
	f = facts_of(&m);
	CU_ASSERT(!f.feature_control_set);
}

static void test_busy(void)
{
	struct machine m = skylake;

	m.cr4 |= CR4_VMXE;
	expect(m, "busy", "CR4.VMXE");
}

static void test_regions(void)
{
	struct machine m = skylake;

	*msr_of(&m, 0x480) = BASIC & ~(15ull << 50); /* uncacheable */
	expect(m, "unsupported", "IA32_VMX_BASIC is 0x");
	*msr_of(&m, 0x480) = (BASIC & ~(0x1fffull << 32)) | 0x1001ull << 32;
	expect(m, "unsupported", "4096");
	*msr_of(&m, 0x480) = BASIC & ~(0x1fffull << 32);
	expect(m, "unsupported", "4096");
}

static void test_fixed(void)
{
	struct machine m = skylake;

	*msr_of(&m, 0x489) &= ~CR4_VMXE;
	expect(m, "unsupported", "CR4_FIXED");
	m = skylake;
	*msr_of(&m, 0x487) = 0x7fffffff; /* no paging */
	expect(m, "unsupported", "CR0_FIXED");
}

static void test_missing_required(void)
{
	struct machine m = skylake;
	struct monitor_why why;

	*msr_of(&m, 0x48f) &= ~(1ull << (32 + 9));
	expect(m, "missing-control", "exit control host_address_space_size");
	/* Without the preemption timer interrupts must exit. */
	m = skylake;
	*msr_of(&m, 0x48d) = 0x0000003f00000016;
	CU_ASSERT(judge(m, &why) == NULL);
	*msr_of(&m, 0x48d) = 0x0000003e00000016;
	expect(m, "missing-control", "pin_based control external_interrupt_exiting");
}

/* Lynnfield's timer does not keep its rate, in any stepping bit that is reserved; Skylake's does. */
static void test_timer_erratum(void)
{
	struct machine m = skylake;
	struct vmx_facts f;

	vmx_facts_read(&f, read_cpuid, read_msr, &m);
	CU_ASSERT(vmx_facts_timer(&f));
	f.cpuid1[0] = 0x0000c000 | 0x106e5;
	CU_ASSERT(!vmx_facts_timer(&f) && vmx_facts_can(&f, VMX_CTL_pin_based_activate_vmx_preemption_timer));
}

/* A processor of 2006: no TRUE MSRs, no secondary controls. Reading what such a one lacks would fault. */
static void test_old(void)
{
	struct machine m = skylake;
	struct vmx_facts f;
	struct monitor_why why;
	uint64_t value;

	*msr_of(&m, 0x480) = BASIC & ~BASIC_TRUE;
	*msr_of(&m, 0x482) &= ~(1ull << 63);
	for (unsigned i = 0; i < MSRS; i++)
		if (m.msr[i].number >= 0x48b)
			m.msr[i].number = 0;
	CU_ASSERT(judge(m, &why) == NULL);
	f = facts_of(&m);
	CU_ASSERT(!vmx_facts_can(&f, VMX_CTL_secondary_enable_ept));
	CU_ASSERT(!vmx_facts_can(&f, VMX_CTL_ept_vpid_invept));
	/* CR3 loads exit whether wanted or not: default1. */
	CU_ASSERT(vmx_facts_adjust(&f, VMX_SET_primary, 0, &value, &why));
	CU_ASSERT(value & VMX_MASK(primary_cr3_load_exiting));
}

static void test_adjust(void)
{
	struct machine m = skylake;
	struct vmx_facts f = facts_of(&m);
	struct monitor_why why;
	uint64_t value;

	CU_ASSERT(vmx_facts_adjust(&f, VMX_SET_primary, VMX_MASK(primary_hlt_exiting), &value, &why));
	CU_ASSERT_EQUAL(value, 0x04006172 | VMX_MASK(primary_hlt_exiting));
	CU_ASSERT(vmx_facts_adjust(&f, VMX_SET_secondary, VMX_MASK(secondary_enable_ept), &value, &why));
	CU_ASSERT_EQUAL(value, VMX_MASK(secondary_enable_ept));

	CU_ASSERT(!vmx_facts_adjust(&f, VMX_SET_primary, VMX_MASK(primary_monitor_trap_flag), &value, &why));
	CU_ASSERT_STRING_EQUAL(why.status, "missing-control");
	CU_ASSERT_STRING_EQUAL(why.text,
			       "needs primary control monitor_trap_flag, which this processor does not have");
	CU_ASSERT(!vmx_facts_adjust(&f, VMX_SET_tertiary, 1, &value, &why));
	CU_ASSERT(strstr(why.text, "tertiary control loadiwkey_exiting") != NULL);
	CU_ASSERT(!vmx_facts_adjust(&f, VMX_SET_pin_based, 1u << 8, &value, &why));
	CU_ASSERT(strstr(why.text, "bit 8 of the pin_based controls") != NULL);
}

/* ---- facts as lines ---- */

struct lines {
	unsigned n, longest;
	char all[8192];
};

static void line(void *ctx, const char *name, const char *value)
{
	struct lines *l = ctx;
	size_t used = strlen(l->all);

	l->n++;
	if (strlen(value) > l->longest)
		l->longest = (unsigned)strlen(value);
	snprintf(l->all + used, sizeof(l->all) - used, "%s %s\n", name, value);
}

static void test_report(void)
{
	struct machine m = skylake;
	struct lines l = { 0 };
	const struct monitor_host host = { .ctx = &l, .fact = line };
	struct vmx_facts f = facts_of(&m);

	vmx_facts_report(&f, &host);
	CU_ASSERT(l.n > 20);
	CU_ASSERT(l.longest < 100);
	CU_ASSERT(strstr(l.all, "requires VMX in CPUID: yes\n") != NULL);
	CU_ASSERT(strstr(l.all, "locked, VMX on\n") != NULL);
	CU_ASSERT(strstr(l.all, "uses secondary control enable_ept: yes\n") != NULL);
	CU_ASSERT(strstr(l.all, "uses primary control monitor_trap_flag: no\n") != NULL);

	l = (struct lines){ 0 };
	f.cpuid1[2] = 0;
	vmx_facts_report(&f, &host);
	CU_ASSERT_EQUAL(l.n, 1);
	CU_ASSERT_STRING_EQUAL(l.all, "requires VMX in CPUID: no\n");
}

static const struct tap_test tests[] = {
	{ "a machine with everything is taken", test_good },
	{ "no VMX in CPUID: refused, no MSR read", test_no_vmx },
	{ "IA32_FEATURE_CONTROL locked without VMX is refused, unlocked will be set", test_firmware },
	{ "CR4.VMXE set: busy", test_busy },
	{ "regions of another size or memory type are refused", test_regions },
	{ "impossible FIXED MSRs are refused", test_fixed },
	{ "a control that every guest needs is named", test_missing_required },
	{ "a preemption timer with an erratum is no watchdog", test_timer_erratum },
	{ "a processor without TRUE MSRs and secondary controls is read without a fault", test_old },
	{ "controls are as small as the processor lets them be, what it lacks is named", test_adjust },
	{ "every fact is a line", test_report },
	{ NULL, NULL },
};

int main(void)
{
	return tap_run("monitor_vmx", tests);
}

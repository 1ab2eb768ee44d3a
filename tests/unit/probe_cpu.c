/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the document says of CPUID and MSRs: every bit that the manuals name shows under a name, alone and beside others,
 * and every group of CPUs has its row.
 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "probe/json_private.h"
#include "tests/unit/tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define B(n) (1ull << (n))

/* ---- machines made here ---- */

static void add_cpuid(struct snapshot *s, int cpu, uint32_t leaf, uint32_t sub, enum cpuid_register reg, uint32_t value)
{
	uint32_t regs[4] = { 0 };

	regs[reg] = value;
	CU_ASSERT(snapshot_add_cpuid(s, cpu, leaf, sub, regs) == 0);
}

/* A processor with VMX and all leaves there are; what (leaf) holds is the test's. */
static void add_processor(struct snapshot *s, int cpu, uint32_t leaf)
{
	const uint32_t vendor[4] = { 0x24, 0x756e6547, 0x6c65746e, 0x49656e69 };
	const uint32_t extended[4] = { 0x80000026 };

	if (leaf != 0)
		CU_ASSERT(snapshot_add_cpuid(s, cpu, 0, 0, vendor) == 0);
	if (leaf != 1)
		add_cpuid(s, cpu, 1, 0, CPUID_ECX, 1u << 5);
	if (leaf != 0x80000000)
		CU_ASSERT(snapshot_add_cpuid(s, cpu, 0x80000000, 0, extended) == 0);
}

static void add_msr(struct snapshot *s, int cpu, uint32_t msr, uint64_t value)
{
	CU_ASSERT(snapshot_add_msr(s, cpu, msr, 0, value) == 0);
}

static json_t *document(struct snapshot *s)
{
	struct verdict v;
	json_t *o;

	CU_ASSERT_FATAL(snapshot_index(s) == 0);
	CU_ASSERT_FATAL(verdict_make(&v, s) == 0);
	o = probe_json(s, &v, 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	verdict_free(&v);
	return o;
}

/* ---- looking into the document ---- */

static const char *text_of(json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static json_t *at(json_t *o, const char *one, const char *two)
{
	return json_object_get(json_object_get(o, one), two);
}

/* The row of (rows) in which (key) is (value) and, where (key2) is given, it is (value2). */
static json_t *row_of(json_t *rows, const char *key, const char *value, const char *key2, const char *value2)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (strcmp(text_of(row, key), value) == 0 && (!key2 || strcmp(text_of(row, key2), value2) == 0))
			return row;
	return NULL;
}

/* Is anything set in (fields), and nothing of it without a name? */
static bool all_named(json_t *fields)
{
	bool any = false, named = true;
	const char *name;
	json_t *value;

	json_object_foreach(fields, name, value) {
		bool set = json_is_true(value) || json_integer_value(value) ||
			   (json_is_string(value) && strcmp(json_string_value(value), "0x0") != 0);

		any |= set;
		named &= !set || strncmp(name, "reserved_", 9) != 0;
	}
	return any && named;
}

/* ---- every bit by itself ---- */

struct named {
	uint32_t leaf, sub;
	enum cpuid_register reg;
	uint32_t bits;
};

static const struct named leaves[] = {
	{ 0, 0, CPUID_EAX, 0xff },
	{ 1, 0, CPUID_EAX, 0x0fff3fff },
	{ 1, 0, CPUID_ECX, B(3) | B(5) | B(6) | B(17) | B(21) | B(24) | B(31) },
	{ 7, 0, CPUID_EBX, B(2) | B(10) | B(25) },
	{ 7, 0, CPUID_ECX, B(5) | B(13) | B(16) | B(24) | B(30) },
	{ 7, 0, CPUID_EDX, B(15) | B(18) | B(19) | B(29) },
	{ 7, 1, CPUID_EAX, B(17) | B(18) | B(19) | B(26) | B(27) },
	{ 0xa, 0, CPUID_EAX, 0xffffffff },
	{ 0xb, 0, CPUID_EBX, 0xffff },
	{ 0xb, 1, CPUID_ECX, 0xffff },
	{ 0x12, 0, CPUID_EAX, B(0) | B(1) | B(5) | B(6) },
	{ 0x14, 0, CPUID_EBX, 0x1ff },
	{ 0x15, 0, CPUID_EAX, 0xffffffff },
	{ 0x15, 0, CPUID_EBX, 0xffffffff },
	{ 0x15, 0, CPUID_ECX, 0xffffffff },
	{ 0x16, 0, CPUID_EAX, 0xffff },
	{ 0x1a, 0, CPUID_EAX, 0xffffffff },
	{ 0x1f, 2, CPUID_ECX, 0xff00 },
	{ 0x80000000, 0, CPUID_EAX, B(31) },
	{ 0x80000001, 0, CPUID_ECX, B(2) | B(5) | B(12) },
	{ 0x80000001, 0, CPUID_EDX, B(26) | B(27) | B(29) },
	{ 0x80000007, 0, CPUID_EDX, B(8) },
	{ 0x80000008, 0, CPUID_EAX, 0xffffff },
	/* 9, 11, 14 and 22 are set by real parts and named by no manual. */
	{ 0x8000000a, 0, CPUID_EAX, 0xff },
	{ 0x8000000a, 0, CPUID_EBX, 0xffffffff },
	{ 0x8000000a, 0, CPUID_ECX, B(6) },
	{ 0x8000000a, 0, CPUID_EDX, 0xffffffff & ~(B(9) | B(11) | B(14) | B(22)) },
	{ 0x8000001f, 0, CPUID_EAX, 0xffffffff },
	{ 0x8000001f, 0, CPUID_EBX, 0xffff },
	{ 0x8000001f, 0, CPUID_ECX, 0xffffffff },
	{ 0x8000001f, 0, CPUID_EDX, 0xffffffff },
	{ 0x80000021, 0, CPUID_EAX, B(17) },
	{ 0x80000026, 0, CPUID_EAX, B(29) | B(30) | B(31) },
	{ 0x80000026, 0, CPUID_EBX, 0xf0000000 },
};

static json_t *leaf_row(json_t *rows, const struct named *n)
{
	const char *reg = cpuid_register_name(n->reg);
	char leaf[16], sub[16];
	json_t *row;
	size_t i;

	snprintf(leaf, sizeof(leaf), "0x%x", n->leaf);
	snprintf(sub, sizeof(sub), "0x%x", n->sub);
	json_array_foreach(rows, i, row)
		if (strcmp(text_of(row, "leaf"), leaf) == 0 && strcmp(text_of(row, "subleaf"), sub) == 0 &&
		    strcmp(text_of(row, "register"), reg) == 0)
			return row;
	return NULL;
}

static void check_leaf_bit(const struct named *n, unsigned bit)
{
	struct snapshot s;
	json_t *o, *row;

	snapshot_init(&s);
	add_processor(&s, 0, n->leaf);
	for (uint32_t sub = 0; sub < n->sub; sub++)
		add_cpuid(&s, 0, n->leaf, sub, CPUID_EAX, 0);
	add_cpuid(&s, 0, n->leaf, n->sub, n->reg, 1u << bit);
	o = document(&s);
	row = leaf_row(at(o, "cpu", "leaves"), n);
	if (!row || !all_named(json_object_get(row, "fields")))
		tap_note("leaf %#x.%u %s bit %u", n->leaf, n->sub, cpuid_register_name(n->reg), bit);
	CU_ASSERT(row && all_named(json_object_get(row, "fields")));
	CU_ASSERT_STRING_EQUAL(text_of(row, "unnamed"), "0x0");
	json_decref(o);
	snapshot_free(&s);
}

static void test_leaves(void)
{
	for (size_t i = 0; i < COUNT(leaves); i++)
		for (unsigned bit = 0; bit < 32; bit++)
			if (leaves[i].bits >> bit & 1)
				check_leaf_bit(&leaves[i], bit);
}

static const struct {
	const char *signature;
	struct named n;
} hypervisor_leaves[] = {
	{ "KVMKVMKVM\0\0\0", { 1, 0, CPUID_EAX, 0x0103feff } },
	{ "KVMKVMKVM\0\0\0", { 1, 0, CPUID_EDX, 1 } },
	{ "KVMKVMKVM\0\0\0", { 0x10, 0, CPUID_EAX, 0xffffffff } },
	{ "Microsoft Hv", { 2, 0, CPUID_EBX, 0xffffffff } },
	{ "Microsoft Hv", { 3, 0, CPUID_EAX, 0x3fff } },
	{ "Microsoft Hv", { 3, 0, CPUID_EBX, B(0) | B(12) } },
	{ "Microsoft Hv", { 4, 0, CPUID_EAX, 0xffff } },
	{ "Microsoft Hv", { 5, 0, CPUID_EAX, 0xffffffff } },
	{ "Microsoft Hv", { 6, 0, CPUID_EAX, B(3) | B(4) | B(5) } },
	{ "Microsoft Hv", { 7, 0, CPUID_EAX, B(0) | B(1) } },
	{ "Microsoft Hv", { 0xa, 0, CPUID_EAX, 0xffff | B(17) | B(18) | B(19) } },
	{ "Microsoft Hv", { 0xc, 0, CPUID_EBX, 0xf } },
	{ "XenVMMXenVMM", { 1, 0, CPUID_EAX, 0xffffffff } },
	{ "XenVMMXenVMM", { 2, 0, CPUID_EAX, 0xffffffff } },
	{ "XenVMMXenVMM", { 4, 0, CPUID_EAX, 0x7f } },
	{ "VMwareVMware", { 0x10, 0, CPUID_EAX, 0xffffffff } },
	{ "VMwareVMware", { 0x10, 0, CPUID_EBX, 0xffffffff } },
};

static void check_hypervisor_bit(const char *signature, const struct named *n, uint32_t base, unsigned bit)
{
	struct named there = { base + n->leaf, 0, n->reg, 0 };
	uint32_t regs[4] = { base + 0x10 };
	struct snapshot s;
	json_t *o, *block, *row;

	memcpy(&regs[1], signature, 12);
	snapshot_init(&s);
	add_processor(&s, 0, UINT32_MAX);
	CU_ASSERT(snapshot_add_cpuid(&s, 0, base, 0, regs) == 0);
	add_cpuid(&s, 0, base + n->leaf, 0, n->reg, 1u << bit);
	o = document(&s);
	block = json_array_get(json_object_get(at(o, "cpu", "hypervisor"), "blocks"), 0);
	row = leaf_row(json_object_get(block, "leaves"), &there);
	if (!row || !all_named(json_object_get(row, "fields")))
		tap_note("%s leaf %#x %s bit %u", signature, n->leaf, cpuid_register_name(n->reg), bit);
	CU_ASSERT(row && all_named(json_object_get(row, "fields")));
	json_decref(o);
	snapshot_free(&s);
}

static void test_hypervisor_leaves(void)
{
	for (size_t i = 0; i < COUNT(hypervisor_leaves); i++)
		for (unsigned bit = 0; bit < 32; bit++)
			if (hypervisor_leaves[i].n.bits >> bit & 1)
				check_hypervisor_bit(hypervisor_leaves[i].signature, &hypervisor_leaves[i].n,
						     bit & 1 ? 0x40000000 : 0x40000100, bit);
}

static const struct {
	uint32_t msr;
	uint64_t bits;
} msrs[] = {
	{ 0x3a, B(0) | B(1) | B(2) | 0xff00 | B(17) | B(18) | B(20) },
	{ 0x87, UINT64_MAX },
	{ 0x8b, 0xffffffff00000000 },
	{ 0xfe, B(15) },
	{ 0x10a, B(0) | B(3) | B(6) },
	{ 0x480, ~(B(31) | B(45) | B(46) | B(47) | B(57) | 0xfull << 59 | B(63)) },
	{ 0x485, ~(0x3e00ull | B(31)) },
	{ 0x48a, 0x3fe },
	{ 0x48c, B(0) | B(6) | B(7) | B(8) | B(14) | B(16) | B(17) | B(20) | B(21) | B(22) | B(23) | B(25) | B(26) |
		 B(32) | 0xfull << 40 | 0x3full << 48 },
	{ 0x491, B(0) },
	{ 0x492, 0x3ff },
	{ 0x493, B(0) | B(1) | B(3) },
	{ 0x981, 0xf },
	{ 0x982, B(0) | B(1) },
	{ 0x1401, B(10) | B(11) },
	{ 0xc0000080, B(12) },
	{ 0xc0010010, B(23) | B(24) | B(25) },
	{ 0xc0010114, 0x1f },
	{ 0xc0010115, B(0) },
	{ 0xc0010117, B(12) },
	{ 0xc0010131, 0x1fff | B(14) | B(16) | B(17) | B(18) | B(23) },
	{ 0xc0010132, B(20) },
	{ 0xc0010133, B(20) },
};

static void check_msr_bit(uint32_t msr, unsigned bit)
{
	struct snapshot s;
	json_t *o, *row;
	char number[16];

	snprintf(number, sizeof(number), "0x%x", msr);
	snapshot_init(&s);
	add_processor(&s, 0, UINT32_MAX);
	add_msr(&s, 0, msr, B(bit));
	o = document(&s);
	row = row_of(json_object_get(o, "msrs"), "msr", number, NULL, NULL);
	if (!all_named(json_object_get(row, "fields")))
		tap_note("MSR %s bit %u", number, bit);
	CU_ASSERT(all_named(json_object_get(row, "fields")));
	CU_ASSERT(strncmp(text_of(row, "name"), "msr_", 4) != 0);
	json_decref(o);
	snapshot_free(&s);
}

static void test_msr_bits(void)
{
	for (size_t i = 0; i < COUNT(msrs); i++)
		for (unsigned bit = 0; bit < 64; bit++)
			if (msrs[i].bits >> bit & 1)
				check_msr_bit(msrs[i].msr, bit);
}

/* ---- controls ---- */

static const struct {
	uint32_t msr, true_msr;
	const char *number;
	uint64_t bits, default1;
} controls[] = {
	{ 0x481, 0x48d, "0x481", B(0) | B(3) | B(5) | B(6) | B(7), 0x16 },
	{ 0x482, 0x48e, "0x482", 0xfbfb9e8c & ~B(18), 0x0401e172 },
	{ 0x48b, 0, "0x48b", 0xffffffff, 0 },
	{ 0x483, 0x48f, "0x483", 0xfffc9204, 0x00036dff },
	{ 0x484, 0x490, "0x484", 0x00ffee04, 0x000011ff },
	{ 0x492, 0, "0x492", 0x3ff, 0 },
	{ 0x493, 0, "0x493", B(0) | B(1) | B(3), 0 },
};

static json_t *control_row(json_t *o, const char *msr, unsigned bit, const char *cpus)
{
	json_t *row;
	size_t i;

	json_array_foreach(at(o, "vmx", "controls"), i, row)
		if (strcmp(text_of(row, "msr"), msr) == 0 &&
		    json_integer_value(json_object_get(row, "bit")) == bit &&
		    (!cpus || strcmp(text_of(row, "cpus"), cpus) == 0))
			return row;
	return NULL;
}

static void expect_control(uint32_t basic, uint64_t plain, uint64_t truth, size_t which, unsigned bit, const char *state)
{
	struct snapshot s;
	json_t *o, *row;

	snapshot_init(&s);
	add_processor(&s, 0, UINT32_MAX);
	add_msr(&s, 0, 0x480, (uint64_t)basic << 32);
	add_msr(&s, 0, controls[which].msr, plain);
	if (controls[which].true_msr)
		add_msr(&s, 0, controls[which].true_msr, truth);
	o = document(&s);
	row = control_row(o, controls[which].number, bit, NULL);
	if (strcmp(text_of(row, "state"), state) != 0)
		tap_note("%s bit %u: %s, not %s", controls[which].number, bit, text_of(row, "state"), state);
	CU_ASSERT_STRING_EQUAL(text_of(row, "state"), state);
	CU_ASSERT(strncmp(text_of(row, "name"), "reserved_", 9) != 0);
	json_decref(o);
	snapshot_free(&s);
}

static void test_controls(void)
{
	const uint32_t with_true = 1u << (55 - 32);

	for (size_t i = 0; i < COUNT(controls); i++)
		for (unsigned bit = 0; bit < 32; bit++) {
			bool pair = controls[i].msr != 0x492 && controls[i].msr != 0x493;

			if (!(controls[i].bits >> bit & 1))
				continue;
			expect_control(with_true, 0, 0, i, bit, "unavailable");
			expect_control(with_true, pair ? B(bit + 32) : B(bit), pair ? B(bit + 32) : 0, i, bit,
				       "optional");
			if (!pair)
				continue;
			expect_control(with_true, B(bit + 32) | B(bit), B(bit + 32) | B(bit), i, bit, "forced");
			expect_control(with_true, B(bit), B(bit), i, bit, "impossible");
			if (controls[i].true_msr) {
				expect_control(with_true, B(bit + 32) | B(bit), B(bit + 32), i, bit, "default1");
				/* Without bit 55 the TRUE MSR means nothing, whatever a dump holds. */
				expect_control(0, B(bit + 32) | B(bit), B(bit + 32), i, bit, "forced");
			}
		}
}

/* Bits without a name that a processor has, and those that were always 1. */
static void test_unnamed_controls(void)
{
	struct snapshot s;
	json_t *o;

	snapshot_init(&s);
	add_processor(&s, 0, UINT32_MAX);
	add_msr(&s, 0, 0x480, B(57));
	add_msr(&s, 0, 0x482, (uint64_t)(0x0401e172 | B(18) | B(31)) << 32 | 0x0401e172);
	add_msr(&s, 0, 0x484, B(24 + 32));
	add_msr(&s, 0, 0x48c, B(50) | B(60));
	o = document(&s);
	CU_ASSERT_STRING_EQUAL(text_of(control_row(o, "0x482", 18, NULL), "name"), "reserved_18");
	CU_ASSERT_STRING_EQUAL(text_of(control_row(o, "0x484", 24, NULL), "name"), "reserved_24");
	CU_ASSERT_PTR_NULL(control_row(o, "0x482", 1, NULL));
	CU_ASSERT(json_is_true(at(row_of(json_object_get(o, "msrs"), "msr", "0x480", NULL, NULL), "fields",
				  "reserved_57")));
	CU_ASSERT_PTR_NOT_NULL(row_of(at(o, "vmx", "ept_vpid"), "name", "reserved_60", "state", "yes"));
	CU_ASSERT_PTR_NULL(row_of(at(o, "vmx", "ept_vpid"), "name", "reserved_50", NULL, NULL));
	/* 0x48b exists and was not read: unknown, which is not unavailable. */
	CU_ASSERT_STRING_EQUAL(text_of(control_row(o, "0x48b", 1, NULL), "state"), "unknown");
	CU_ASSERT_STRING_EQUAL(text_of(control_row(o, "0x492", 1, NULL), "state"), "unavailable");
	json_decref(o);
	snapshot_free(&s);
}

/* Lakefield: 0x48b as its two kinds of cores have it. */
static void test_groups(void)
{
	struct snapshot s;
	json_t *o, *row;

	snapshot_init(&s);
	for (int cpu = 0; cpu < 5; cpu++) {
		add_processor(&s, cpu, UINT32_MAX);
		add_cpuid(&s, cpu, 7, 0, CPUID_EDX, 1u << 15);
		add_cpuid(&s, cpu, 0x1a, 0, CPUID_EAX, cpu < 4 ? 0x20000001 : 0x40000001);
		add_msr(&s, cpu, 0x482, 0xfff9fffe0401e172);
		add_msr(&s, cpu, 0x48b, cpu < 4 ? 0x035d6fff00000000 : 0x435d6fff00000000);
		add_msr(&s, cpu, 0x48c, cpu < 4 ? 0 : B(6));
	}
	o = document(&s);
	CU_ASSERT_STRING_EQUAL(text_of(control_row(o, "0x48b", 30, "0-3"), "state"), "unavailable");
	CU_ASSERT_STRING_EQUAL(text_of(control_row(o, "0x48b", 30, "4"), "state"), "optional");
	CU_ASSERT_STRING_EQUAL(text_of(control_row(o, "0x482", 31, "0-4"), "state"), "optional");
	row = row_of(at(o, "cpu", "kinds"), "kind", "core", NULL, NULL);
	CU_ASSERT_STRING_EQUAL(text_of(row, "cpus"), "4");
	row = row_of(at(o, "vmx", "ept_vpid"), "name", "page_walk_4", "state", "yes");
	CU_ASSERT_STRING_EQUAL(text_of(row, "cpus"), "4");
	row = row_of(at(o, "cpu", "leaves"), "leaf", "0x1a", "cpus", "0-3");
	CU_ASSERT_EQUAL(json_integer_value(at(row, "fields", "core_type")), 0x20);
	row = row_of(at(o, "vmx", "differences"), "feature", "bus_lock_detection", NULL, NULL);
	CU_ASSERT_STRING_EQUAL(text_of(row, "yes"), "4");
	CU_ASSERT_STRING_EQUAL(text_of(row, "no"), "0-3");
	/* On every CPU or not there. */
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(at(o, "vmx", "features"), "slat")), "no");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(at(o, "vmx", "features"), "ept")), "yes");
	json_decref(o);
	snapshot_free(&s);
}

/* A dump that lists the MSRs of one CPU speaks for that one, and nothing is unknown for the sake of the others. */
static void test_one_of_many(void)
{
	struct snapshot s;
	json_t *o;

	snapshot_init(&s);
	for (int cpu = 0; cpu < 4; cpu++)
		add_processor(&s, cpu, UINT32_MAX);
	add_msr(&s, 0, 0x482, 0xfff9fffe0401e172);
	add_msr(&s, 0, 0x48b, 0x035d6fff00000000);
	o = document(&s);
	CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(at(o, "vmx", "features"), "ept")), "yes");
	CU_ASSERT_STRING_EQUAL(text_of(control_row(o, "0x48b", 1, NULL), "cpus"), "0");
	json_decref(o);
	snapshot_free(&s);
}

/* ---- derived ---- */

static void test_limits(void)
{
	struct snapshot s;
	json_t *o, *limits;

	snapshot_init(&s);
	add_processor(&s, 0, UINT32_MAX);
	add_msr(&s, 0, 0x480, 0x00da040000000012);
	add_msr(&s, 0, 0x485, 0xdeadbeef00000000 | 3u << 25 | 4u << 16 | 5);
	add_msr(&s, 0, 0x48a, 0x2e);
	o = document(&s);
	limits = json_array_get(at(o, "vmx", "limits"), 0);
	CU_ASSERT_STRING_EQUAL(text_of(limits, "vmcs_revision_identifier"), "0x12");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(limits, "vmcs_region_bytes")), 1024);
	CU_ASSERT_STRING_EQUAL(text_of(limits, "vmcs_memory_type"), "wb");
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(limits, "preemption_timer_tsc_shift")), 5);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(limits, "cr3_targets")), 4);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(limits, "msr_list_maximum")), 2048);
	CU_ASSERT_EQUAL(json_integer_value(json_object_get(limits, "highest_vmcs_index")), 23);
	CU_ASSERT_STRING_EQUAL(text_of(limits, "mseg_revision_identifier"), "0xdeadbeef");
	CU_ASSERT(json_is_null(json_object_get(limits, "hlat_prefix_maximum")));
	json_decref(o);
	snapshot_free(&s);
}

static void expect_class(uint32_t msr, uint64_t value, uint32_t svm_edx, const char *want)
{
	struct snapshot s;
	char number[16];
	json_t *o;

	snprintf(number, sizeof(number), "0x%x", msr);
	snapshot_init(&s);
	add_processor(&s, 0, UINT32_MAX);
	add_cpuid(&s, 0, 0x8000000a, 0, CPUID_EDX, svm_edx);
	add_msr(&s, 0, msr, value);
	o = document(&s);
	CU_ASSERT_STRING_EQUAL(text_of(row_of(json_object_get(o, "msrs"), "msr", number, NULL, NULL), "class"), want);
	json_decref(o);
	snapshot_free(&s);
}

static void test_classes(void)
{
	expect_class(0x3a, 0x5, 0, "enabled");
	expect_class(0x3a, 0x7, 0, "enabled");
	expect_class(0x3a, 0x1, 0, "disabled");
	expect_class(0x3a, 0x3, 0, "smx-only");
	expect_class(0x3a, 0x4, 0, "unlocked");
	expect_class(0x3a, 0x0, 0, "unlocked");
	expect_class(0xc0010114, 0x0, 4, "enabled");
	expect_class(0xc0010114, 0x8, 4, "enabled");
	expect_class(0xc0010114, 0x18, 4, "disabled-with-key");
	expect_class(0xc0010114, 0x10, 0, "disabled-not-unlockable");
	expect_class(0x480, 0x10, 0, "");
}

static void add_brand(struct snapshot *s, const char *brand)
{
	char text[48] = "";
	uint32_t regs[4];

	snprintf(text, sizeof(text), "%s", brand);
	for (int i = 0; i < 3; i++) {
		memcpy(regs, text + 16 * i, 16);
		CU_ASSERT(snapshot_add_cpuid(s, 0, 0x80000002 + i, 0, regs) == 0);
	}
}

/* (bits): ECX of leaf 1. */
static void expect_product(uint32_t signature, const char *brand, uint32_t bits, const char *product, const char *codename)
{
	const uint32_t leaf1[4] = { signature, 0, bits, 0 };
	struct machine_id m;
	struct snapshot s;

	snapshot_init(&s);
	add_processor(&s, 0, 1);
	CU_ASSERT(snapshot_add_cpuid(&s, 0, 1, 0, leaf1) == 0);
	add_brand(&s, brand);
	CU_ASSERT(snapshot_index(&s) == 0);
	machine_identify(&s, NULL, &m);
	CU_ASSERT_STRING_EQUAL(m.product, product);
	CU_ASSERT_STRING_EQUAL(m.codename, codename);
	snapshot_free(&s);
}

static void test_history(void)
{
	const uint32_t vmx = 1u << 5, hypervisor = 1u << 31;

	expect_product(0xf4a, "Intel(R) Pentium(R) 4 CPU 3.60GHz", vmx, "Pentium 4 662", "Prescott-2M R0");
	expect_product(0xf4a, "Intel(R) Pentium(R) 4 CPU 3.60GHz", 0, "Pentium 4 660", "Prescott-2M R0");
	expect_product(0xf4a, "Intel(R) Pentium(R) 4 CPU 3.80GHz", vmx, "Pentium 4 672", "Prescott-2M R0");
	/* A hypervisor hides the bit: then nothing tells them apart. */
	expect_product(0xf4a, "Intel(R) Pentium(R) 4 CPU 3.60GHz", hypervisor, "Pentium 4 662 or Pentium 4 660",
		       "Prescott-2M R0");
	expect_product(0xf62, "Intel(R) Pentium(R) D CPU 2.80GHz", vmx, "Pentium D 920", "Presler B1");
	expect_product(0xf64, "Intel(R) Pentium(R) D CPU 3.40GHz", vmx, "Pentium D 950", "Presler C1");
	expect_product(0xf64, "Intel(R) Pentium(R) D CPU 3.40GHz", 0, "Pentium D 945", "Presler C1");
	expect_product(0xf62, "Intel(R) Pentium(R) 4 CPU 3.46GHz", vmx, "Pentium Extreme Edition 955", "Presler B1");
	expect_product(0x6e8, "Genuine Intel(R) CPU T2400 @ 1.83GHz", vmx, "", "Yonah");
}

static const struct tap_test tests[] = {
	{ "every named bit of CPUID shows under its name", test_leaves },
	{ "every named bit of hypervisor leaves, at any base", test_hypervisor_leaves },
	{ "every named bit of the MSRs shows under its name", test_msr_bits },
	{ "every VMX control in each of its states", test_controls },
	{ "what has no name is reserved, what was not read unknown", test_unnamed_controls },
	{ "cores that differ have rows of their own", test_groups },
	{ "MSRs of one CPU of several", test_one_of_many },
	{ "numbers of the capability MSRs", test_limits },
	{ "value classes of IA32_FEATURE_CONTROL and VM_CR", test_classes },
	{ "the first processors with VT, told apart as far as CPUID does", test_history },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("cpu", tests);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor's part of the document: identity, MSRs, SVM, confidential computing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/json_private.h"

/* The kind of core that a CPU says it is, or NULL: CPUs of one kind do not say. */
static const char *core_kind(const struct snapshot *s, int cpu)
{
	uint32_t leaf7[4], leaf1a[4], topology[4];

	view_cpuid(s, cpu, 0x7, 0, leaf7);
	view_cpuid(s, cpu, 0x1a, 0, leaf1a);
	view_cpuid(s, cpu, 0x80000026, 0, topology);
	if (cpuid_bit_in(CPUID_hybrid, leaf7))
		return leaf1a[0] >> 24 == 0x20 ? "atom" :
		       leaf1a[0] >> 24 == 0x40 ? "core" :
						 "unknown";
	if (cpuid_bit_in(CPUID_heterogeneouscores, topology))
		return topology[1] >> 28 == 0 ? "performance" :
		       topology[1] >> 28 == 1 ? "efficiency" :
						"unknown";
	return NULL;
}

static json_t *kinds_json(const struct snapshot *s)
{
	static const char *const kinds[] = { "core", "atom", "performance", "efficiency", "unknown" };
	json_t *a = json_array();
	struct cpulist cpus;

	view_cpus(s, &cpus);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct cpulist of = { 0 };
		struct buf text = BUF_INIT;

		for (size_t i = 0; i < cpus.n; i++) {
			const char *kind = core_kind(s, cpus.cpu[i]);

			if (kind && strcmp(kind, kinds[k]) == 0)
				cpulist_add(&of, cpus.cpu[i]);
		}
		cpulist_format(&of, &text);
		if (of.n)
			json_array_append_new(a, json_pack("{s:s, s:s}", "kind", kinds[k], "cpus",
							   buf_str(&text)));
		buf_free(&text);
		cpulist_free(&of);
	}
	cpulist_free(&cpus);
	return a;
}

json_t *json_cpu(const struct snapshot *s, const struct verdict *v)
{
	struct machine_id m;
	struct outer outer;

	machine_identify(s, &v->findings, &m);
	outer_identify(s, &outer);
	return json_pack("{s:s, s:s, s:i, s:i, s:i, s:o, s:i, s:o, s:{s:s, s:o, s:o}}", "vendor",
			 m.vendor, "brand", m.brand, "family", (int)m.family, "model", (int)m.model,
			 "stepping", (int)m.stepping, "codename",
			 json_text(m.codename[0] ? m.codename : NULL), "logical", (int)m.logical,
			 "kinds", kinds_json(s), "hypervisor", "present", answer_name(outer.present),
			 "signature", json_text(outer.signature[0] ? outer.signature : NULL),
			 "name", json_text(outer.name[0] ? outer.name : NULL));
}

/* The named bits of an MSR's value, then those that have no name. */
static json_t *fields_json(uint32_t number, uint64_t value)
{
	json_t *o = json_object();
	uint64_t named = 0;

	for (size_t i = 0; i < n_msr_fields; i++)
		if (msr_fields[i].msr == number) {
			json_put(o, msr_fields[i].name, json_boolean(value >> msr_fields[i].bit & 1));
			named |= 1ull << msr_fields[i].bit;
		}
	for (unsigned bit = 0; named && bit < 64; bit++)
		if (value & ~named & 1ull << bit) {
			char name[16];

			snprintf(name, sizeof(name), "reserved_%u", bit);
			json_put(o, name, json_true());
		}
	return o;
}

static json_t *msr_row(const struct snapshot *s, uint32_t number, const struct msr_group *g)
{
	const struct msr_fact *fact = msr_fact_of(number);
	struct buf cpus = BUF_INIT;
	json_t *row;

	cpulist_format(&g->cpus, &cpus);
	row = json_pack("{s:o, s:o, s:o, s:o, s:s, s:o}", "msr", json_hex(number), "name",
			fact ? json_string(fact->name) : json_sprintf("msr_0x%x", number), "value",
			g->err ? json_null() : json_hex(g->value), "error",
			json_text(msr_error_name(s, g->err)), "cpus", buf_str(&cpus), "fields",
			g->err ? json_object() : fields_json(number, g->value));
	buf_free(&cpus);
	return row;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The numbers of all MSRs in (s), ascending, each once. */
static uint32_t *msr_numbers(const struct snapshot *s, size_t *n)
{
	uint32_t *numbers = calloc(s->n + 1, sizeof(*numbers));
	size_t all = 0;

	*n = 0;
	if (!numbers)
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		if (s->rec[i].kind == SNAP_MSR)
			numbers[all++] = s->rec[i].num;
	qsort(numbers, all, sizeof(*numbers), compare_u32);
	for (size_t i = 0; i < all; i++)
		if (i == 0 || numbers[i] != numbers[*n - 1])
			numbers[(*n)++] = numbers[i];
	return numbers;
}

json_t *json_msrs(const struct snapshot *s)
{
	json_t *a = json_array();
	size_t n;
	uint32_t *numbers = msr_numbers(s, &n);

	for (size_t i = 0; i < n; i++) {
		struct msr_groups g;

		view_msr(s, numbers[i], &g);
		for (size_t k = 0; k < g.n; k++)
			json_array_append_new(a, msr_row(s, numbers[i], &g.group[k]));
		view_msr_free(&g);
	}
	free(numbers);
	return a;
}

/* The bits of a register that some CPU has set and no row names. */
static void reserved_bits(const struct snapshot *s, uint32_t leaf, enum cpuid_register reg,
			  json_t *out)
{
	const struct snap_record *r = snapshot_cpuid(s, -1, leaf, 0);

	for (unsigned bit = 0; r && bit < 32; bit++)
		if ((r->regs[reg] >> bit & 1) && !cpuid_bit_at(leaf, 0, reg, bit))
			json_array_append_new(
				out, json_pack("{s:i, s:s, s:o, s:s}", "bit", (int)bit, "register",
					       cpuid_register_name(reg), "name",
					       json_sprintf("reserved_%u", bit), "state", "yes"));
}

static json_t *features_json(const struct snapshot *s, uint32_t leaf)
{
	json_t *a = json_array();

	for (size_t i = 0; i < CPUID_BITS; i++) {
		const struct cpuid_bit *b = &cpuid_bits[i];
		struct cpu_split split;

		if (b->leaf != leaf)
			continue;
		view_bit(s, i, &split);
		json_array_append_new(a, json_pack("{s:i, s:s, s:s, s:s}", "bit", (int)b->bit,
						   "register", cpuid_register_name(b->reg), "name",
						   b->name, "state",
						   split.n_yes && !split.n_no ? "yes" :
						   split.n_no && !split.n_yes ? "no" :
										"unknown"));
	}
	return a;
}

json_t *json_svm(const struct snapshot *s, const struct verdict *v)
{
	enum answer supported = finding_answer(&v->findings, "cpu.svm");
	const struct snap_record *leaf =
		supported == ANSWER_NO ? NULL : snapshot_cpuid(s, -1, 0x8000000a, 0);
	json_t *features = leaf ? features_json(s, 0x8000000a) : json_array();

	if (leaf)
		reserved_bits(s, 0x8000000a, CPUID_EDX, features);
	return json_pack("{s:s, s:o, s:o, s:o, s:{}}", "supported", answer_name(supported),
			 "revision", leaf ? json_integer(leaf->regs[0] & 0xff) : json_null(),
			 "asids", leaf ? json_integer(leaf->regs[1]) : json_null(), "features",
			 features, "sev");
}

/* A TDX guest's own leaf. */
static enum answer tdx_guest(const struct snapshot *s)
{
	uint32_t r[4];
	int known = view_cpuid(s, 0, 0x21, 0, r);

	if (known < 0)
		return ANSWER_UNKNOWN;
	return known && r[1] == 0x65746e49 && r[3] == 0x5844546c && r[2] == 0x20202020 ? ANSWER_YES :
											 ANSWER_NO;
}

static enum answer has_node(const struct snapshot *s, const char *path)
{
	const struct snap_record *r = snapshot_named(s, SNAP_NODE, path);

	return !r		? ANSWER_UNKNOWN :
	       !r->err		? ANSWER_YES :
	       r->err == ENOENT ? ANSWER_NO :
				  ANSWER_UNKNOWN;
}

json_t *json_confidential(const struct snapshot *s)
{
	enum answer tdx_host = view_flag(s, "tdx_host_platform"), sev_host = has_node(s, "/dev/sev");

	return json_pack("{s:o, s:o, s:o, s:o}", "tdx_host", json_answer(tdx_host), "tdx_guest",
			 json_answer(tdx_guest(s)), "sev_host", json_answer(sev_host), "sev_guest",
			 json_answer(has_node(s, "/dev/sev-guest")));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID's part of the document: named bits and fields of leaves, a row a register and group of CPUs; SVM and SEV. */
#include <stdio.h>
#include <string.h>

#include "arch/x86/platform.h"
#include "probe/json_private.h"

#define SUBLEAVES_MAX 16u

/* A register of a leaf, which decides what fields its value has. */
struct place {
	uint32_t leaf, sub;
	enum cpuid_register reg;
	enum hv_interface interface;	/* of hypervisor leaves, whose table counts from (base) */
	uint32_t base;
};

static enum cpu_known ask_register(void *ctx, const struct snapshot *s, int cpu, struct cpu_value *out)
{
	const struct place *p = ctx;
	uint32_t regs[4];
	int known = view_cpuid(s, cpu, p->leaf, p->sub, regs);

	out->value = regs[p->reg];
	return known > 0 ? CPU_VALUE : known == 0 ? CPU_ABSENT : CPU_NOT_RECORDED;
}

static void put_field(json_t *o, const char *name, uint32_t value, unsigned high, unsigned low, uint32_t *left)
{
	json_put(o, name, json_field(value, high, low));
	*left &= ~(uint32_t)(((2ull << (high - low)) - 1) << low);
}

/* What no row names is reserved, or in registers of which the tables hold only what virtualization wants, just left. */
static json_t *fields_json(const struct place *p, uint32_t value, uint32_t *left)
{
	json_t *o = json_object();
	bool complete = p->interface != HV_NONE || cpuid_register_complete(p->leaf, p->sub, p->reg);

	*left = value;
	for (size_t i = 0; i < n_cpuid_fields && p->interface == HV_NONE; i++) {
		const struct cpuid_field *f = &cpuid_fields[i];

		if (f->leaf == p->leaf && (f->subleaf == p->sub || f->subleaf == CPUID_EVERY) && f->reg == p->reg)
			put_field(o, f->name, value, f->high, f->low, left);
	}
	for (size_t i = 0; i < CPUID_BITS && p->interface == HV_NONE; i++) {
		const struct cpuid_bit *b = &cpuid_bits[i];

		if (b->leaf == p->leaf && b->subleaf == p->sub && b->reg == p->reg)
			put_field(o, b->name, value, b->bit, b->bit, left);
	}
	for (size_t i = 0; i < n_hv_fields; i++) {
		const struct hv_field *f = &hv_fields[i];

		if (f->interface == p->interface && f->leaf == p->leaf - p->base && f->reg == p->reg)
			put_field(o, f->name, value, f->high, f->low, left);
	}
	if (complete) {
		json_reserved(o, *left);
		*left = 0;
	}
	return o;
}

static void add_rows(const struct snapshot *s, struct place *p, json_t *out)
{
	struct cpu_groups g;

	view_groups(s, ask_register, p, &g);
	for (size_t i = 0; i < g.n; i++) {
		uint32_t left;
		json_t *fields;

		if (g.group[i].v.known != CPU_VALUE)
			continue;
		fields = fields_json(p, g.group[i].v.value, &left);
		json_array_append_new(
			out, json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "leaf", json_hex(p->leaf), "subleaf",
				       json_hex(p->sub), "register", cpuid_register_name(p->reg), "value",
				       json_hex(g.group[i].v.value), "cpus", json_cpus(&g.group[i].cpus), "fields",
				       fields, "unnamed", json_hex(left)));
	}
	view_groups_free(&g);
}

/* A row of either table, in one numbering: first where it stands. */
static struct place place_at(size_t i)
{
	if (i < CPUID_BITS)
		return (struct place){ cpuid_bits[i].leaf, cpuid_bits[i].subleaf, cpuid_bits[i].reg, HV_NONE, 0 };
	i -= CPUID_BITS;
	return (struct place){ cpuid_fields[i].leaf, cpuid_fields[i].subleaf, cpuid_fields[i].reg, HV_NONE, 0 };
}

static bool same_place(const struct place *a, const struct place *b)
{
	return a->leaf == b->leaf && a->sub == b->sub && a->reg == b->reg && a->interface == b->interface;
}

static bool seen_before(size_t i, const struct place *p)
{
	for (size_t k = 0; k < i; k++) {
		struct place before = place_at(k);

		if (same_place(&before, p))
			return true;
	}
	return false;
}

json_t *json_leaves(const struct snapshot *s)
{
	json_t *a = json_array();

	for (size_t i = 0; i < CPUID_BITS + n_cpuid_fields; i++) {
		struct place p = place_at(i);

		if (seen_before(i, &p) || !snapshot_cpuid(s, -1, p.leaf, p.sub == CPUID_EVERY ? 0 : p.sub))
			continue;
		if (p.sub != CPUID_EVERY) {
			add_rows(s, &p, a);
			continue;
		}
		for (p.sub = 0; p.sub < SUBLEAVES_MAX && snapshot_cpuid(s, -1, p.leaf, p.sub); p.sub++)
			add_rows(s, &p, a);
	}
	return a;
}

/* ---- the hypervisor's leaves ---- */

static json_t *block_json(const struct snapshot *s, const struct snap_record *r)
{
	const struct hypervisor *hv;
	char signature[13] = "";
	json_t *rows = json_array();

	memcpy(signature, &r->regs[1], 12);
	hv = hypervisor_of(signature);
	for (size_t i = 0; hv && i < n_hv_fields; i++) {
		const struct hv_field *f = &hv_fields[i];
		struct place p = { r->num + f->leaf, 0, f->reg, f->interface, r->num };
		bool first = true;

		for (size_t k = 0; k < i; k++)
			first &= hv_fields[k].interface != f->interface || hv_fields[k].leaf != f->leaf ||
				 hv_fields[k].reg != f->reg;
		if (first && f->interface == hv->interface && snapshot_cpuid(s, -1, p.leaf, 0))
			add_rows(s, &p, rows);
	}
	for (int i = 0; i < 12 && signature[i]; i++)
		if (signature[i] < 0x20 || signature[i] > 0x7e)
			signature[i] = '?';
	return json_pack("{s:o, s:o, s:s, s:o, s:o}", "base", json_hex(r->num), "maximum", json_hex(r->regs[0]),
			 "signature", signature, "name", json_text(hv ? hv->name : NULL), "leaves", rows);
}

/* Every base that answered, whoever stands first: Hyper-V's interface is often another's, shown before its own. */
json_t *json_hypervisor_blocks(const struct snapshot *s)
{
	json_t *a = json_array();

	for (uint32_t base = 0x40000000; base <= 0x40010000; base += 0x100) {
		const struct snap_record *r = snapshot_cpuid(s, -1, base, 0);

		if (r)
			json_array_append_new(a, block_json(s, r));
	}
	return a;
}

/* ---- SVM and SEV ---- */

static void append_split(json_t *out, const struct place *p, unsigned bit, const char *name,
			 const struct answer_split *split)
{
	for (int a = 0; a < ANSWERS; a++)
		if (split->of[a].n)
			json_array_append_new(
				out, json_pack("{s:i, s:s, s:s, s:s, s:o}", "bit", (int)bit, "register",
					       cpuid_register_name(p->reg), "name", name, "state", answer_name(a),
					       "cpus", json_cpus(&split->of[a])));
}

/* A register bit by bit: the named ones, and those that any CPU has set without a name. */
static void add_bits(const struct snapshot *s, struct place p, json_t *out)
{
	struct cpu_groups g;

	view_groups(s, ask_register, &p, &g);
	for (unsigned bit = 0; bit < 32; bit++) {
		const struct cpuid_bit *row = cpuid_bit_at(p.leaf, p.sub, p.reg, bit);
		struct answer_split split = { 0 };
		char reserved[16];

		for (size_t i = 0; i < g.n; i++)
			split_add(&split,
				  g.group[i].v.known != CPU_VALUE    ? ANSWER_UNKNOWN :
				  g.group[i].v.value >> bit & 1 ? ANSWER_YES : ANSWER_NO, &g.group[i].cpus);
		snprintf(reserved, sizeof(reserved), "reserved_%u", bit);
		if (row || split.of[ANSWER_YES].n)
			append_split(out, &p, bit, row ? row->name : reserved, &split);
		split_free(&split);
	}
	view_groups_free(&g);
}

json_t *json_svm(const struct snapshot *s, const struct verdict *v)
{
	enum answer supported = finding_answer(&v->findings, "cpu.svm");
	uint32_t regs[4];
	bool leaf = supported != ANSWER_NO && view_cpuid(s, -1, 0x8000000a, 0, regs) > 0;
	json_t *features = json_array();

	if (leaf) {
		add_bits(s, (struct place){ 0x8000000a, 0, CPUID_ECX, HV_NONE, 0 }, features);
		add_bits(s, (struct place){ 0x8000000a, 0, CPUID_EDX, HV_NONE, 0 }, features);
	}
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "supported", answer_name(supported), "revision",
			 leaf ? json_integer(regs[CPUID_EAX] & 0xff) : json_null(), "asids",
			 leaf ? json_integer(regs[CPUID_EBX]) : json_null(), "features", features, "sev",
			 json_sev(s));
}

/* SEV-ES and SEV-SNP guests have the ASIDs below the smallest one of plain SEV. */
json_t *json_sev(const struct snapshot *s)
{
	json_t *features = json_array();
	uint32_t regs[4], first;

	if (view_cpuid(s, -1, 0x8000001f, 0, regs) <= 0)
		return json_pack("{s:n, s:n, s:n, s:n, s:n, s:n, s:o}", "c_bit_position", "physical_address_reduction",
				 "vmpls", "encrypted_guests", "minimum_sev_asid", "sev_es_asids", "features", features);
	add_bits(s, (struct place){ 0x8000001f, 0, CPUID_EAX, HV_NONE, 0 }, features);
	first = regs[CPUID_EDX];
	return json_pack("{s:i, s:i, s:i, s:I, s:I, s:I, s:o}", "c_bit_position", (int)(regs[CPUID_EBX] & 0x3f),
			 "physical_address_reduction", (int)(regs[CPUID_EBX] >> 6 & 0x3f), "vmpls",
			 (int)(regs[CPUID_EBX] >> 12 & 0xf), "encrypted_guests", (json_int_t)regs[CPUID_ECX],
			 "minimum_sev_asid", (json_int_t)first, "sev_es_asids", (json_int_t)(first ? first - 1 : 0),
			 "features", features);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor's part of the document: identity, kinds of cores, hypervisor. */
#include <string.h>

#include "probe/history.h"
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

/* One of the first processors with VT: what it can be, and null for all others. */
json_t *json_history(const struct snapshot *s)
{
	struct machine_id m;
	struct history h;
	json_t *products = json_array();
	const char *introduced = NULL;

	machine_identify(s, NULL, &m);
	history_find(s, m.vendor, m.signature, m.brand, &h);
	for (size_t i = 0; i < h.n; i++) {
		const struct early_vt *e = h.row[i];

		introduced = !introduced && e->introduced[0] ? e->introduced : introduced;
		if (e->product[0])
			json_array_append_new(products, json_pack("{s:s, s:s}", "name", e->product, "vt",
								  e->vt == EARLY_VT_YES ? "yes" :
								  e->vt == EARLY_VT_NO	? "no" :
											  "unknown"));
	}
	if (!h.revision) {
		json_decref(products);
		return json_null();
	}
	return json_pack("{s:s, s:o, s:o, s:b, s:b}", "revision", h.revision, "first_with_vt", json_text(introduced),
			 "products", products, "ambiguous", h.n > 1, "told_by_vt_bit", h.by_bit);
}

/* The x2APIC ID where there is one: of the finer leaf. */
static json_t *apic_id(const struct snapshot *s, int cpu)
{
	static const uint32_t leaves[] = { 0x1f, 0xb };
	uint32_t regs[4];

	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		if (view_cpuid(s, cpu, leaves[i], 0, regs) > 0 && regs[CPUID_EBX] & 0xffff)
			return json_integer(regs[CPUID_EDX]);
	return view_cpuid(s, cpu, 1, 0, regs) > 0 ? json_integer(regs[CPUID_EBX] >> 24) : json_null();
}

static json_t *apic_ids(const struct snapshot *s)
{
	json_t *a = json_array();
	struct cpulist cpus;

	view_cpus(s, &cpus);
	for (size_t i = 0; i < cpus.n; i++)
		json_array_append_new(a, json_pack("{s:i, s:o}", "cpu", (int)cpus.cpu[i], "apic_id",
						   apic_id(s, cpus.cpu[i])));
	cpulist_free(&cpus);
	return a;
}

/* Hyper-V's root partition, Xen's dom0: a guest that is the machine itself. */
static json_t *json_root(const struct snapshot *s)
{
	enum answer root = outer_root(s);

	return root == ANSWER_NA ? json_null() : json_answer(root);
}

json_t *json_cpu(const struct snapshot *s, const struct verdict *v)
{
	struct machine_id m;
	struct outer outer;

	machine_identify(s, &v->findings, &m);
	outer_identify(s, &outer);
	return json_pack("{s:s, s:s, s:o, s:i, s:i, s:i, s:o, s:o, s:i, s:o, s:o, s:o, s:{s:s, s:o, s:o, s:o, s:o}}",
			 "vendor", m.vendor, "brand", m.brand, "signature", json_hex(m.signature), "family",
			 (int)m.family, "model", (int)m.model, "stepping", (int)m.stepping, "codename",
			 json_text(m.codename[0] ? m.codename : NULL), "history", json_history(s), "logical",
			 (int)m.logical, "kinds", kinds_json(s), "apic_ids", apic_ids(s), "leaves", json_leaves(s),
			 "hypervisor", "present", answer_name(outer.present), "signature",
			 json_text(outer.signature[0] ? outer.signature : NULL), "name",
			 json_text(outer.name[0] ? outer.name : NULL), "root_partition", json_root(s),
			 "blocks", json_hypervisor_blocks(s));
}

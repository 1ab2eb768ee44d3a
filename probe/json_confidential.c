/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Confidential computing, as host and as guest: TDX and SEV. */
#include <errno.h>
#include <string.h>

#include "probe/json_private.h"

/* A bit of an MSR on every CPU: no where its gate says that there is no such MSR. */
static enum answer msr_bit(const struct snapshot *s, uint32_t msr, unsigned bit)
{
	struct answer_split split = { 0 };
	struct cpulist cpus;
	enum answer a;

	view_cpus(s, &cpus);
	for (size_t i = 0; i < cpus.n; i++) {
		const struct snap_record *r = snapshot_msr(s, cpus.cpu[i], msr);

		if (r && !r->err)
			a = r->value >> bit & 1 ? ANSWER_YES : ANSWER_NO;
		else
			a = !r && view_msr_exists(s, cpus.cpu[i], msr) == 0 ? ANSWER_NO : ANSWER_UNKNOWN;
		split_add(&split, a, &(struct cpulist){ &cpus.cpu[i], 1 });
	}
	a = split_all(&split);
	split_free(&split);
	cpulist_free(&cpus);
	return a;
}

/* A field of an MSR, as the first CPU that has it says; null where none does. */
static json_t *msr_number(const struct snapshot *s, uint32_t msr, unsigned high, unsigned low)
{
	const struct snap_record *r = snapshot_msr(s, -1, msr);

	return r && !r->err ? json_field(r->value, high, low) : json_null();
}

static json_t *msr_hex(const struct snapshot *s, uint32_t msr)
{
	const struct snap_record *r = snapshot_msr(s, -1, msr);

	return r && !r->err ? json_hex(r->value) : json_null();
}

static enum answer cpuid_bit(const struct snapshot *s, enum cpuid_id id)
{
	struct cpu_split split;

	view_bit(s, id, &split);
	return split.n_yes && !split.n_no ? ANSWER_YES : split.n_no ? ANSWER_NO : ANSWER_UNKNOWN;
}

static enum answer has_node(const struct snapshot *s, const char *path)
{
	const struct snap_record *r = snapshot_named(s, SNAP_NODE, path);

	return !r ? ANSWER_UNKNOWN : !r->err ? ANSWER_YES : r->err == ENOENT ? ANSWER_NO : ANSWER_UNKNOWN;
}

/* A TDX guest's own leaf: "IntelTDX    ". */
static enum answer tdx_guest(const struct snapshot *s)
{
	uint32_t r[4];
	int known = view_cpuid(s, -1, 0x21, 0, r);

	if (known < 0)
		return ANSWER_UNKNOWN;
	return known && r[1] == 0x65746e49 && r[3] == 0x5844546c && r[2] == 0x20202020 ? ANSWER_YES : ANSWER_NO;
}

/* /dev/sev-guest is SNP's alone, and its driver may be missing: that it is absent proves nothing. */
static enum answer sev_guest(const struct snapshot *s)
{
	enum answer status = msr_bit(s, MSR_SEV_STATUS, MSR_FIELD_SEV_STATUS_sev_enabled);
	struct outer outer;

	if (status != ANSWER_UNKNOWN)
		return status;
	if (has_node(s, "/dev/sev-guest") == ANSWER_YES)
		return ANSWER_YES;
	outer_identify(s, &outer);
	return cpuid_bit(s, CPUID_sev) == ANSWER_NO || outer.present == ANSWER_NO ? ANSWER_NO : ANSWER_UNKNOWN;
}

static json_t *tdx_json(const struct snapshot *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "seamrr",
			 json_answer(msr_bit(s, MSR_IA32_MTRRCAP, MSR_FIELD_IA32_MTRRCAP_seamrr)), "seamrr_enabled",
			 json_answer(msr_bit(s, MSR_IA32_SEAMRR_PHYS_MASK, MSR_FIELD_IA32_SEAMRR_PHYS_MASK_enabled)),
			 "seamrr_locked",
			 json_answer(msr_bit(s, MSR_IA32_SEAMRR_PHYS_MASK, MSR_FIELD_IA32_SEAMRR_PHYS_MASK_lock)),
			 "tme_enabled",
			 json_answer(msr_bit(s, MSR_IA32_TME_ACTIVATE, MSR_FIELD_IA32_TME_ACTIVATE_tme_enable)),
			 "mktme_keyids", msr_number(s, MSR_IA32_MKTME_KEYID_PARTITIONING, 31, 0), "tdx_keyids",
			 msr_number(s, MSR_IA32_MKTME_KEYID_PARTITIONING, 63, 32));
}

static json_t *parameter(const struct snapshot *s, const char *path)
{
	char line[32];

	return view_line(s, path, line, sizeof(line)) ? json_text(line) : json_null();
}

static json_t *sev_json(const struct snapshot *s)
{
	json_t *host = json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "memory_encryption",
		json_answer(msr_bit(s, MSR_SYSCFG, MSR_FIELD_SYSCFG_memencryptionmoden)), "secure_nested_paging",
		json_answer(msr_bit(s, MSR_SYSCFG, MSR_FIELD_SYSCFG_securenestedpagingen)), "vmpl",
		json_answer(msr_bit(s, MSR_SYSCFG, MSR_FIELD_SYSCFG_vmplen)), "rmp_base", msr_hex(s, MSR_RMP_BASE),
		"rmp_end", msr_hex(s, MSR_RMP_END), "kvm_amd_sev",
		parameter(s, "/sys/module/kvm_amd/parameters/sev"), "kvm_amd_sev_es",
		parameter(s, "/sys/module/kvm_amd/parameters/sev_es"), "kvm_amd_sev_snp",
		parameter(s, "/sys/module/kvm_amd/parameters/sev_snp"));
	json_t *guest = json_pack(
		"{s:o, s:o, s:o, s:o}", "sev",
		json_answer(msr_bit(s, MSR_SEV_STATUS, MSR_FIELD_SEV_STATUS_sev_enabled)), "sev_es",
		json_answer(msr_bit(s, MSR_SEV_STATUS, MSR_FIELD_SEV_STATUS_sev_es_enabled)), "sev_snp",
		json_answer(msr_bit(s, MSR_SEV_STATUS, MSR_FIELD_SEV_STATUS_sev_snp_enabled)), "status",
		msr_hex(s, MSR_SEV_STATUS));

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "sme", json_answer(cpuid_bit(s, CPUID_sme)), "sev",
			 json_answer(cpuid_bit(s, CPUID_sev)), "sev_es", json_answer(cpuid_bit(s, CPUID_sev_es)),
			 "sev_snp", json_answer(cpuid_bit(s, CPUID_sev_snp)), "host", host, "guest", guest);
}

/* What Hyper-V says that it shields this guest with: leaf 4000_000Ch of its block. */
static json_t *isolation(const struct snapshot *s)
{
	static const char *const types[] = { "none", "vbs", "snp", "tdx" };
	const struct snap_record *base = snapshot_cpuid(s, -1, 0x40000000, 0);
	const struct snap_record *r = snapshot_cpuid(s, -1, 0x4000000c, 0);
	unsigned type;

	if (!base || memcmp(&base->regs[1], "Microsoft Hv", 12) != 0 || !r)
		return json_null();
	type = r->regs[CPUID_EBX] & 0xf;
	return type < sizeof(types) / sizeof(types[0]) ? json_string(types[type]) : json_sprintf("type_%u", type);
}

json_t *json_confidential(const struct snapshot *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "tdx_host",
			 json_answer(view_flag(s, "tdx_host_platform")), "tdx_guest", json_answer(tdx_guest(s)),
			 "sev_host", json_answer(has_node(s, "/dev/sev")), "sev_guest", json_answer(sev_guest(s)),
			 "tdx", tdx_json(s), "sev", sev_json(s), "hyper_v_isolation", isolation(s));
}

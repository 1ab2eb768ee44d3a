/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do the CPUs offer the same of VMX? */
#include <stdio.h>

#include "probe/analyse.h"
#include "probe/checks.h"

/* What (msr) is on which CPUs, as evidence, where it is not the same on all. Returns how many have a value. */
static size_t compare_msr(const struct snapshot *s, uint32_t msr, struct finding *out)
{
	struct msr_groups g;
	size_t values = 0, cpus = 0;

	view_msr(s, msr, &g);
	for (size_t i = 0; i < g.n; i++) {
		values += !g.group[i].err;
		cpus += g.group[i].err ? 0 : g.group[i].cpus.n;
	}
	for (size_t i = 0; i < g.n && values > 1; i++) {
		struct buf where = BUF_INIT;

		if (g.group[i].err)
			continue;
		buf_printf(&where, "%s, cpu ", msr_fact_of(msr)->name);
		cpulist_format(&g.group[i].cpus, &where);
		finding_evidence(out, "msr", buf_str(&where), "0x%llx", (unsigned long long)g.group[i].value);
		finding_set(out, ANSWER_NO, BASIS_PROVED);
		buf_free(&where);
	}
	view_msr_free(&g);
	return cpus;
}

static void eval_controls(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	const struct snap_record *basic = snapshot_msr(s, -1, MSR_IA32_VMX_BASIC);
	struct cpu_split vmx;
	bool every = true;

	(void)f;
	view_bit(s, CPUID_vmx, &vmx);
	if (!vmx.n_yes) {
		finding_set(out, vmx.n_no ? ANSWER_NA : ANSWER_UNKNOWN, BASIS_NONE);
		return;
	}
	for (uint32_t msr = MSR_IA32_VMX_BASIC; msr <= MSR_IA32_VMX_EXIT_CTLS2; msr++) {
		size_t cpus = compare_msr(s, msr, out);

		/* The basic one is on every CPU with VMX: the others behind it as its groups say. */
		every &= msr != MSR_IA32_VMX_BASIC || cpus == vmx.n_yes;
	}
	if (out->answer == ANSWER_NO)
		finding_hint(out, "KVM takes at load what the first CPU offers and may refuse the others: update firmware "
				  "and microcode, or take the odd CPUs offline.");
	else if (every)
		finding_set(out, ANSWER_YES, BASIS_PROVED);
	else
		finding_unread(out, "msr", "IA32_VMX_BASIC, every CPU", basic && basic->err ? basic : NULL);
}

const struct check check_cpu_controls = {
	.id = "cpu.controls",
	.question = "Do all CPUs offer the same VMX controls?",
	.explain = "The MSRs from IA32_VMX_BASIC (0x480) on, compared between all CPUs with VMX. Hybrid processors may "
		   "differ by kind of core, others after a microcode update that did not reach every CPU. KVM "
		   "compares them too and tells a \"feature inconsistency\" in the kernel's log. Unknown: the MSRs "
		   "were not read on every CPU. Not applicable without VMX.",
	.want = WANT_YES,
	.optional = true,
	.eval = eval_controls,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A verdict in one line, which is the same on machines that are the same: no names of hosts,
 * no counts, no times. Tools that run a command on many machines group by it (clush -b).
 */
#include "probe/render_private.h"

#include <string.h>

/* "enabled", "n/a" ...: the state of the vendor's switch that matters here. */
static const char *firmware(const struct verdict *v, const struct snapshot *s)
{
	struct finding f = { 0 };
	bool svm = finding_answer(&v->findings, "firmware.vmx") == ANSWER_NA &&
		   finding_answer(&v->findings, "firmware.svm") != ANSWER_NA;

	return firmware_name(svm ? firmware_svm(s, &f) : firmware_vmx(s, &f));
}

static const char *vt(const struct verdict *v)
{
	return finding_answer(&v->findings, "cpu.vmx") == ANSWER_YES	 ? "vmx" :
	       finding_answer(&v->findings, "cpu.svm") == ANSWER_YES	 ? "svm" :
	       finding_answer(&v->findings, "cpu.uniform") == ANSWER_NO	 ? "some" :
	       finding_answer(&v->findings, "cpu.vmx") == ANSWER_UNKNOWN ? "unknown" :
									   "none";
}

void render_oneline(const struct verdict *v, const struct snapshot *s, struct buf *out)
{
	static const struct { const char *word, *check; } answers[] = {
		{ "nested", "kvm.nested" },
		{ "iommu", "iommu.active" },
	};
	const char *outer;
	char model[128];
	struct machine_id m;

	machine_identify(s, &v->findings, &m);
	model_describe(&m, model, sizeof(model));
	outer = finding_answer(&v->findings, "outer.present") == ANSWER_NO ? "none" :
		m.hypervisor[0]						   ? m.hypervisor :
									     "unknown";
	buf_printf(out, "%s backend=%s vt=%s firmware=%s outer=%s device=%s",
		   verdict_status_name(v->status), backend_name(v->backend), vt(v),
		   firmware(v, s), outer, device_state(s, &v->findings));
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		buf_printf(out, " %s=%s", answers[i].word,
			   answer_name(finding_answer(&v->findings, answers[i].check)));
	buf_printf(out, " cpu=\"%s\"\n", model);
}

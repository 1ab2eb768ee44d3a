/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From findings to one status. A guest that ran settles it; only otherwise blame is
 * assigned, in the order of the exit statuses' rule: processor or outer hypervisor,
 * firmware, driver, device, permission, another hypervisor.
 */
#include "probe/verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/analyse.h"
#include "probe/layers.h"

int verdict_exit_status(enum verdict_status s)
{
	return s == VERDICT_CAPABLE ? 0 : (int)s;
}

const char *verdict_status_name(enum verdict_status s)
{
	switch (s) {
	case VERDICT_USABLE:
		return "usable";
	case VERDICT_CAPABLE:
		return "capable";
	case VERDICT_UNSUPPORTED:
		return "unsupported";
	case VERDICT_FIRMWARE_DISABLED:
		return "firmware-disabled";
	case VERDICT_HIDDEN:
		return "hidden";
	case VERDICT_NO_DRIVER:
		return "no-driver";
	case VERDICT_NO_PERMISSION:
		return "no-permission";
	case VERDICT_BUSY:
		return "busy";
	case VERDICT_UNKNOWN:
		return "unknown";
	case VERDICT_NO_DEVICE:
		return "no-device";
	}
	return "unknown";
}

const char *layer_name(enum layer l)
{
	static const char *const names[LAYERS] = {
		[LAYER_PROCESSOR] = "processor", [LAYER_FIRMWARE] = "firmware",
		[LAYER_OUTER] = "outer",	 [LAYER_DRIVER] = "driver",
		[LAYER_DEVICE] = "device",	 [LAYER_IOMMU] = "iommu",
	};

	return names[l];
}

enum visible_vt visible_vt(const struct findings *f)
{
	enum answer vmx = finding_answer(f, "cpu.vmx"), svm = finding_answer(f, "cpu.svm");

	if (finding_answer(f, "cpu.uniform") == ANSWER_NO)
		return VT_MIXED;
	if (vmx == ANSWER_YES || svm == ANSWER_YES)
		return VT_YES;
	return vmx == ANSWER_NO && svm == ANSWER_NO ? VT_NO : VT_UNKNOWN;
}

/* A trial guest that ran; where none was tried, a VM that was created. */
static bool works(const struct findings *f)
{
	enum answer trial = finding_answer(f, "kvm.trial");

	return trial == ANSWER_YES ||
	       (trial == ANSWER_UNKNOWN && finding_answer(f, "kvm.vm") == ANSWER_YES);
}

/* The processor's share of the blame: USABLE when there is none. */
static enum verdict_status blame_processor(const struct findings *f)
{
	enum answer outer = finding_answer(f, "outer.present");

	switch (visible_vt(f)) {
	case VT_NO:
		if (outer == ANSWER_NO)
			return VERDICT_UNSUPPORTED;
		return outer == ANSWER_YES && finding_answer(f, "cpu.model") == ANSWER_YES ?
			       VERDICT_HIDDEN :
			       VERDICT_UNKNOWN;
	case VT_MIXED:
		return outer == ANSWER_YES ? VERDICT_HIDDEN : VERDICT_FIRMWARE_DISABLED;
	default:
		return VERDICT_USABLE;
	}
}

static enum verdict_status blame_system(const struct snapshot *s, const struct findings *f)
{
	const char *device = device_state(s, f);

	if (finding_answer(f, "firmware.vmx") == ANSWER_NO ||
	    finding_answer(f, "firmware.svm") == ANSWER_NO)
		return VERDICT_FIRMWARE_DISABLED;
	if (finding_answer(f, "kvm.driver") == ANSWER_NO)
		return VERDICT_NO_DRIVER;
	if (strcmp(device, "no-node") == 0 && finding_answer(f, "kvm.driver") == ANSWER_YES)
		return VERDICT_NO_DEVICE;
	if (strcmp(device, "denied") == 0)
		return VERDICT_NO_PERMISSION;
	if (strcmp(device, "busy") == 0)
		return VERDICT_BUSY;
	/* A recorded processor without its system. */
	if (visible_vt(f) == VT_YES && !snapshot_kvm(s, "open", 0))
		return VERDICT_CAPABLE;
	return VERDICT_UNKNOWN;
}

static enum verdict_status judge(const struct snapshot *s, const struct findings *f)
{
	enum verdict_status status;

	if (works(f))
		return VERDICT_USABLE;
	status = blame_processor(f);
	return status == VERDICT_USABLE ? blame_system(s, f) : status;
}

int verdict_make(struct verdict *v, const struct snapshot *s)
{
	memset(v, 0, sizeof(*v));
	v->findings.row = calloc(n_checks, sizeof(*v->findings.row));
	if (!v->findings.row)
		return -ENOMEM;
	for (size_t i = 0; i < n_checks; i++) {
		struct finding *out = &v->findings.row[i];

		out->check = checks[i];
		checks[i]->eval(s, &v->findings, out);
		v->findings.n = i + 1;
	}
	v->backend = backend_identify(s);
	v->status = judge(s, &v->findings);
	layers_describe(v, s);
	return 0;
}

void verdict_free(struct verdict *v)
{
	free(v->findings.row);
	memset(v, 0, sizeof(*v));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/layers.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "probe/analyse.h"

static void set(struct verdict *v, enum layer l, enum answer a, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void set(struct verdict *v, enum layer l, enum answer a, const char *fmt, ...)
{
	va_list ap;

	v->layer[l].answer = a;
	va_start(ap, fmt);
	vsnprintf(v->layer[l].text, sizeof(v->layer[l].text), fmt, ap);
	va_end(ap);
}

static enum answer answer(const struct verdict *v, const char *id)
{
	return finding_answer(&v->findings, id);
}

static const char *hint(const struct verdict *v, const char *id)
{
	const struct finding *f = finding_of(&v->findings, id);

	return f ? f->hint : "";
}

/* "VMX" or "SVM", by what shows. */
static const char *vt_name(const struct verdict *v)
{
	return answer(v, "cpu.svm") == ANSWER_YES ? "SVM" : "VMX";
}

static void describe_processor(struct verdict *v, const struct snapshot *s,
			       const struct machine_id *m)
{
	const struct finding *uniform = finding_of(&v->findings, "cpu.uniform");
	bool outer = answer(v, "outer.present") == ANSWER_YES;
	struct outer outer_is;
	char model[128], who[160];
	const char *known = answer(v, "cpu.model") == ANSWER_YES ? model_known_vt(m) : NULL;

	outer_identify(s, &outer_is);
	model_describe(m, model, sizeof(model));
	if (m->logical)
		snprintf(who, sizeof(who), "%s, %u CPU%s", model, m->logical,
			 m->logical == 1 ? "" : "s");
	else
		snprintf(who, sizeof(who), "%s", model);
	switch (visible_vt(&v->findings)) {
	case VT_YES:
		set(v, LAYER_PROCESSOR, ANSWER_YES, "%s: has %s", who, vt_name(v));
		break;
	case VT_MIXED:
		set(v, LAYER_PROCESSOR, ANSWER_NO, "%s: %s %s", who, uniform->evidence[0].where,
		    uniform->evidence[0].value);
		break;
	case VT_NO:
		if (outer && known)
			set(v, LAYER_PROCESSOR, ANSWER_NO,
			    "%s: this model has %s, the outer hypervisor hides it", who, known);
		else if (outer)
			set(v, LAYER_PROCESSOR, ANSWER_UNKNOWN, "%s: no VT shows, and %s", who,
			    outer_is.emulated ? "the processor is emulated" :
						"the model does not say");
		else
			set(v, LAYER_PROCESSOR, ANSWER_NO, "%s: has no VT", who);
		break;
	case VT_UNKNOWN:
		set(v, LAYER_PROCESSOR, ANSWER_UNKNOWN, "%s: not known whether it has VT", who);
	}
}

/* Returns the state of the vendor's switch that matters here. */
static enum firmware_state describe_firmware(struct verdict *v, const struct snapshot *s)
{
	static const char *const text[] = {
		[FIRMWARE_UNKNOWN] = "cannot be told with what could be read",
		[FIRMWARE_ENABLED] = "has left %s on",
		[FIRMWARE_DISABLED] = "has switched %s off",
		[FIRMWARE_KERNEL_LOCKED] = "%s is locked off by the kernel, which has no driver",
		[FIRMWARE_SMX_ONLY] = "allows %s only after a measured launch (tboot)",
		[FIRMWARE_UNLOCKED] = "has left %s unlocked: usable",
		[FIRMWARE_INCONSISTENT] = "%s is on for some CPUs and off for others",
	};
	bool svm = answer(v, "firmware.vmx") == ANSWER_NA && answer(v, "firmware.svm") != ANSWER_NA;
	struct finding f = { 0 };
	enum firmware_state state = svm ? firmware_svm(s, &f) : firmware_vmx(s, &f);
	char line[160];

	if (state == FIRMWARE_NA && answer(v, "outer.present") == ANSWER_YES) {
		set(v, LAYER_FIRMWARE, ANSWER_NA, "cannot be seen from inside a virtual machine");
	} else if (state == FIRMWARE_NA) {
		set(v, LAYER_FIRMWARE, ANSWER_NA, "has nothing to switch on");
	} else {
		snprintf(line, sizeof(line), text[state], svm ? "SVM" : "VMX");
		set(v, LAYER_FIRMWARE, f.answer, "%s%s", line,
		    f.basis == BASIS_INFERRED ? " (inferred)" : "");
	}
	return state;
}

static void describe_outer(struct verdict *v, const struct snapshot *s, const struct machine_id *m)
{
	bool root = outer_root(s) == ANSWER_YES;

	switch (answer(v, "outer.present")) {
	case ANSWER_YES:
		set(v, LAYER_OUTER, answer(v, "outer.exposes"), "%s%s", m->hypervisor,
		    answer(v, "outer.exposes") == ANSWER_YES ? ", which lets VT through" :
		    !root				      ? "" :
		    strcmp(m->hypervisor, "Xen") == 0	      ? ", as its dom0" :
								", as its root partition");
		break;
	case ANSWER_NO:
		set(v, LAYER_OUTER, ANSWER_YES, "no hypervisor is advertised");
		break;
	default:
		set(v, LAYER_OUTER, ANSWER_UNKNOWN, "not recorded");
	}
}

static void describe_driver(struct verdict *v)
{
	switch (v->backend) {
	case BACKEND_KVM_INTEL:
	case BACKEND_KVM_AMD:
		set(v, LAYER_DRIVER, ANSWER_YES, "%s: guests are run by hardware",
		    backend_name(v->backend));
		break;
	case BACKEND_KVM_PVM:
		set(v, LAYER_DRIVER, ANSWER_YES, "kvm_pvm: guests are run by software, guest "
						 "kernels slowly");
		break;
	case BACKEND_OTHER:
		set(v, LAYER_DRIVER, ANSWER_YES, "an unknown KVM backend%s",
		    answer(v, "kvm.hardware") == ANSWER_NO ? ", without hardware VT" : "");
		break;
	case BACKEND_NONE:
		set(v, LAYER_DRIVER, ANSWER_NO, "no KVM driver is loaded");
		break;
	case BACKEND_UNKNOWN:
		set(v, LAYER_DRIVER, answer(v, "kvm.driver"),
		    answer(v, "kvm.driver") == ANSWER_YES ?
			    "KVM is served, its backend cannot be seen" :
			    "not recorded");
	}
}

static void describe_device(struct verdict *v, const struct snapshot *s)
{
	const struct snap_record *open = snapshot_kvm(s, "open", 0);
	const char *error = open && open->err ? errno_name(open->err) : NULL;
	const char *state = device_state(s, &v->findings);

	if (answer(v, "kvm.trial") == ANSWER_YES)
		set(v, LAYER_DEVICE, ANSWER_YES, "ok, a guest ran");
	else if (answer(v, "kvm.trial") == ANSWER_UNKNOWN && answer(v, "kvm.vm") == ANSWER_YES)
		set(v, LAYER_DEVICE, ANSWER_YES, "ok, a VM was created (no guest was run)");
	else if (answer(v, "kvm.vm") == ANSWER_YES)
		set(v, LAYER_DEVICE, ANSWER_NO, "a VM was created, but its guest does not run");
	else if (strcmp(state, "ok") == 0)
		set(v, LAYER_DEVICE, ANSWER_NO, "opens, but no VM can be created");
	else if (strcmp(state, "no-node") == 0 || strcmp(state, "no-driver") == 0)
		set(v, LAYER_DEVICE, ANSWER_NO,
		    open->err == ENOENT ? "is not there" : "is there, no driver behind it");
	else if (strcmp(state, "denied") == 0)
		set(v, LAYER_DEVICE, ANSWER_NO, "may not be opened (%s)", error);
	else if (strcmp(state, "busy") == 0)
		set(v, LAYER_DEVICE, ANSWER_NO, "busy: another hypervisor holds VT");
	else if (open)
		set(v, LAYER_DEVICE, ANSWER_NO, "does not answer as KVM%s%s", error ? ": " : "",
		    error ? error : "");
	else
		set(v, LAYER_DEVICE, ANSWER_UNKNOWN, "not recorded");
}

static size_t count_entries(const struct snapshot *s, const char *path)
{
	const char *list = snapshot_text(s, SNAP_DIR, path);
	size_t n = 0;

	for (; list && *list; list++)
		n += *list == '\n';
	return n;
}

/* What the units can do, behind what the kernel makes of them. */
static void append_abilities(struct verdict *v)
{
	char *text = v->layer[LAYER_IOMMU].text;
	const size_t size = sizeof(v->layer[LAYER_IOMMU].text);
	size_t len = strlen(text);

	bool remap = answer(v, "iommu.remapping") == ANSWER_YES,
	     post = answer(v, "iommu.posting") == ANSWER_YES;

	snprintf(text + len, size - len, "%s%s%s%s",
		 remap || post ? ", interrupts can be " : "",
		 remap ? "remapped" : "", remap && post ? " and posted to guests" : post ? "posted to guests" : "",
		 answer(v, "iommu.sane") == ANSWER_NO ? "; firmware's table has faults" : "");
}

static void describe_iommu(struct verdict *v, const struct snapshot *s)
{
	size_t units = count_entries(s, "/sys/class/iommu"),
	       groups = count_entries(s, "/sys/kernel/iommu_groups");
	enum answer active = answer(v, "iommu.active"), table = answer(v, "iommu.table");

	if (active == ANSWER_YES && !snapshot_text(s, SNAP_DIR, "/sys/kernel/iommu_groups"))
		set(v, LAYER_IOMMU, ANSWER_YES, "active, %zu unit%s", units, units == 1 ? "" : "s");
	else if (active == ANSWER_YES)
		set(v, LAYER_IOMMU, ANSWER_YES, "active, %zu unit%s, %zu group%s", units,
		    units == 1 ? "" : "s", groups, groups == 1 ? "" : "s");
	else if (active == ANSWER_NO && table == ANSWER_YES)
		set(v, LAYER_IOMMU, ANSWER_NO, "firmware describes one, the kernel does not use "
					       "it");
	else if (active == ANSWER_NO)
		set(v, LAYER_IOMMU, ANSWER_NO, "none visible");
	else if (table == ANSWER_YES)
		set(v, LAYER_IOMMU, ANSWER_UNKNOWN, "firmware describes one; whether the kernel uses "
						    "it was not recorded");
	else
		set(v, LAYER_IOMMU, ANSWER_UNKNOWN, "not recorded");
	if (active == ANSWER_YES)
		append_abilities(v);
}

/* Does what serves KVM run guests by software? */
static bool by_software(const struct verdict *v)
{
	return answer(v, "kvm.hardware") == ANSWER_NO;
}

/* The kernel's doing and firmware's are said apart. */
static const char *firmware_blame(const struct verdict *v, enum firmware_state state)
{
	const struct finding *vmx = finding_of(&v->findings, "firmware.vmx"),
			     *svm = finding_of(&v->findings, "firmware.svm");

	switch (state) {
	case FIRMWARE_KERNEL_LOCKED:
		return "The processor has hardware VT, but the kernel has locked it off.";
	case FIRMWARE_INCONSISTENT:
		return "The processor has hardware VT, but firmware has left it on for some CPUs "
		       "only.";
	case FIRMWARE_SMX_ONLY:
		return "The processor has hardware VT, but firmware allows it only after a "
		       "measured launch.";
	default:
		return vmx->basis == BASIS_PROVED || svm->basis == BASIS_PROVED ?
			       "The processor has hardware VT, but firmware has switched it off." :
			       "The processor has hardware VT, but firmware seems to have switched it off.";
	}
}

static const char *sum_up(const struct verdict *v, const struct snapshot *s, enum firmware_state firmware)
{
	bool software = by_software(v);

	switch (v->status) {
	case VERDICT_USABLE:
		return software ? "KVM works on this machine, without hardware VT." :
		       answer(v, "kvm.hardware") != ANSWER_YES ?
				  "KVM works on this machine." :
		       answer(v, "outer.present") == ANSWER_YES ?
				  "KVM works on this machine, with nested hardware VT." :
				  "KVM works on this machine, with hardware VT.";
	case VERDICT_CAPABLE:
		return "This processor has hardware VT; whether the system can use it was not "
		       "recorded.";
	case VERDICT_UNSUPPORTED:
		return "This processor has no hardware VT.";
	case VERDICT_FIRMWARE_DISABLED:
		return visible_vt(&v->findings) == VT_MIXED ?
			       "The CPUs of this machine disagree on hardware VT." :
			       firmware_blame(v, firmware);
	case VERDICT_HIDDEN:
		return software && strcmp(device_state(s, &v->findings), "denied") == 0 ?
			       "You may not open /dev/kvm, which serves KVM by software here: the outer "
			       "hypervisor hides hardware VT." :
		       software ? "Hardware VT is hidden by the outer hypervisor; KVM runs by "
				  "software here, but cannot be used." :
				  "Hardware VT is hidden by the outer hypervisor.";
	case VERDICT_NO_DRIVER:
		return "The processor has hardware VT, but no KVM driver serves it.";
	case VERDICT_NO_PERMISSION:
		return "KVM is there, but you may not open /dev/kvm.";
	case VERDICT_BUSY:
		return "Hardware VT is held by another hypervisor.";
	case VERDICT_NO_DEVICE:
		return "The KVM driver is there, but /dev/kvm is not.";
	case VERDICT_UNKNOWN:
		break;
	}
	return answer(v, "kvm.vm") == ANSWER_YES ? "KVM creates virtual machines here, but does "
						   "not run their guests." :
	       answer(v, "kvm.device") == ANSWER_YES ? "KVM opens here, but does not create "
						       "virtual machines." :
						       "Whether this machine can use hardware VT "
						       "cannot be told with what could be read.";
}

/* The hint of the first of (ids) that has one. */
static const char *first_hint(const struct verdict *v, const char *const *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (hint(v, ids[i])[0])
			return hint(v, ids[i]);
	return "";
}

static const char *advise(const struct verdict *v)
{
	static const char *const firmware[] = { "cpu.uniform", "firmware.vmx", "firmware.svm" };
	static const char *const any[] = { "kvm.trial",	   "kvm.vm",	    "kvm.device",
					   "kvm.node",	   "outer.exposes", "firmware.vmx",
					   "firmware.svm", "kvm.driver" };
	/* A software KVM needs no VT: what keeps it from being used comes first. */
	static const char *const software[] = { "kvm.device", "kvm.node", "kvm.trial",
						"outer.exposes", "cpu.uniform" };
	static const char *const hidden[] = { "outer.exposes", "cpu.uniform" };

	switch (v->status) {
	case VERDICT_USABLE:
		return by_software(v) ? hint(v, "outer.exposes") : "";
	case VERDICT_CAPABLE:
		return "";
	case VERDICT_UNSUPPORTED:
		return by_software(v) ? first_hint(v, software, 3) :
					"Guests can be run by software only: vtscope bench "
					"--engine tcg";
	case VERDICT_FIRMWARE_DISABLED:
		return first_hint(v, firmware, 3);
	case VERDICT_HIDDEN:
		return by_software(v) ? first_hint(v, software, 5) : first_hint(v, hidden, 2);
	case VERDICT_NO_DRIVER:
		return hint(v, "kvm.driver");
	case VERDICT_NO_PERMISSION:
		return hint(v, "kvm.device");
	case VERDICT_BUSY:
		return hint(v, "host.free");
	case VERDICT_NO_DEVICE:
		return hint(v, "kvm.node");
	case VERDICT_UNKNOWN:
		break;
	}
	return first_hint(v, any, sizeof(any) / sizeof(any[0]));
}

void layers_describe(struct verdict *v, const struct snapshot *s)
{
	enum firmware_state firmware;
	struct machine_id m;

	machine_identify(s, &v->findings, &m);
	describe_processor(v, s, &m);
	firmware = describe_firmware(v, s);
	describe_outer(v, s, &m);
	describe_driver(v);
	describe_device(v, s);
	describe_iommu(v, s);
	snprintf(v->summary, sizeof(v->summary), "%s", sum_up(v, s, firmware));
	snprintf(v->next_step, sizeof(v->next_step), "%s", advise(v));
}

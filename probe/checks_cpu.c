/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions about the processor and about who runs this machine. */
#include <stdio.h>
#include <string.h>

#include "probe/analyse.h"
#include "probe/checks.h"

/* A CPUID bit on every CPU: yes or no where they agree, unknown where they do not. */
static void eval_bit(const struct snapshot *s, enum cpuid_id id, struct finding *out)
{
	const struct cpuid_bit *b = &cpuid_bits[id];
	struct cpu_split split;
	char where[96];
	enum answer flag;

	view_bit(s, id, &split);
	if (split.n_yes) {
		snprintf(where, sizeof(where), "leaf 0x%x %s bit %u, cpu %s", b->leaf,
			 cpuid_register_name(b->reg), b->bit, split.yes);
		finding_evidence(out, "cpuid", where, "1");
	}
	if (split.n_no) {
		snprintf(where, sizeof(where), "leaf 0x%x %s bit %u, cpu %s", b->leaf,
			 cpuid_register_name(b->reg), b->bit, split.no);
		finding_evidence(out, "cpuid", where, "0");
	}
	if (split.n_yes && !split.n_no)
		finding_set(out, ANSWER_YES, BASIS_PROVED);
	else if (split.n_no && !split.n_yes)
		finding_set(out, ANSWER_NO, BASIS_PROVED);
	if (split.n_yes || split.n_no)
		return;
	/*
	 * A record without CPUID: the kernel's flag can prove the bit, its absence proves
	 * nothing.
	 */
	flag = view_flag(s, b->flag);
	if (flag == ANSWER_YES) {
		finding_evidence(out, "file", "/proc/cpuinfo flags", "%s", b->flag);
		finding_set(out, ANSWER_YES, BASIS_INFERRED);
	} else {
		finding_unread(out, "cpuid", "every CPU", NULL);
	}
}

static void eval_vmx(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	(void)f;
	eval_bit(s, CPUID_vmx, out);
}

/* Processors that cannot have SVM: of vendors that never made it, and AMD's before K8. */
static bool is_never_svm(const struct machine_id *m)
{
	static const char *const vendors[] = { "GenuineIntel", "GenuineIotel", "CentaurHauls",
					       "Shanghai" };

	for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++)
		if (strcmp(m->vendor, vendors[i]) == 0)
			return true;
	return strcmp(m->vendor, "AuthenticAMD") == 0 && m->family && m->family < 0xf;
}

static void eval_svm(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	struct machine_id m;

	eval_bit(s, CPUID_svm, out);
	/* Not recorded, but not needed either: dumps of old processors have no such leaf. */
	if (out->answer != ANSWER_UNKNOWN || !snapshot_cpuid(s, -1, 0, 0) ||
	    snapshot_cpuid(s, -1, 0x80000000, 0))
		return;
	machine_identify(s, f, &m);
	if (!is_never_svm(&m))
		return;
	finding_evidence(out, "cpuid", "vendor, family", "%s 0x%x", m.vendor, m.family);
	finding_set(out, ANSWER_NO, BASIS_INFERRED);
}

const struct check check_cpu_vmx = {
	.id = "cpu.vmx",
	.question = "Do the CPUs offer VMX (Intel VT-x)?",
	.explain = "CPUID leaf 1, ECX bit 5, executed on every online CPU. On bare metal the bit "
		   "is what the silicon has, whatever firmware says. In a virtual machine it is "
		   "what the outer hypervisor lets through: no there means hidden, not missing. "
		   "Unknown: the CPUs differ, or CPUID was not recorded.",
	.instead = "cpu.svm",
	.eval = eval_vmx,
};

const struct check check_cpu_svm = {
	.id = "cpu.svm",
	.question = "Do the CPUs offer SVM (AMD-V)?",
	.explain = "CPUID leaf 0x80000001, ECX bit 2, executed on every online CPU. On bare "
		   "metal the bit is what the silicon has, whatever firmware says. In a virtual "
		   "machine it is what the outer hypervisor lets through: no there means hidden, "
		   "not missing. Unknown: the CPUs differ, or CPUID was not recorded.",
	.instead = "cpu.vmx",
	.eval = eval_svm,
};

static void eval_uniform(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	static const enum cpuid_id bits[] = { CPUID_vmx, CPUID_svm };
	bool any = false;

	(void)f;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		struct cpu_split split;

		view_bit(s, bits[i], &split);
		any |= split.n_yes;
		if (!split.n_yes || !split.n_no)
			continue;
		finding_evidence(out, "cpuid", cpuid_bits[bits[i]].name, "on cpu %s, not on cpu %s",
				 split.yes, split.no);
		finding_set(out, ANSWER_NO, BASIS_PROVED);
		finding_hint(out, "KVM wants the same on every CPU: update the firmware or the "
				  "outer hypervisor, or take the odd CPUs offline.");
	}
	if (out->answer == ANSWER_UNKNOWN && any)
		finding_set(out, ANSWER_YES, BASIS_PROVED);
	else if (out->answer == ANSWER_UNKNOWN)
		finding_set(out, ANSWER_NA, BASIS_NONE);
}

const struct check check_cpu_uniform = {
	.id = "cpu.uniform",
	.question = "Do all CPUs agree on virtualization?",
	.explain = "The VMX and SVM bits are compared between all online CPUs. KVM refuses a "
		   "machine whose CPUs differ. Not applicable where no CPU shows either bit.",
	.eval = eval_uniform,
};

static void eval_model(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	struct machine_id m;
	struct outer outer;
	const char *vt, *source;

	machine_identify(s, f, &m);
	outer_identify(s, &outer);
	if (!m.vendor[0])
		return;
	source = snapshot_cpuid(s, -1, 0, 0) ? "cpuid" : "file";
	finding_evidence(out, source, "vendor, family, model", "%s 0x%x 0x%x", m.vendor, m.family,
			 m.model);
	if (m.brand[0])
		finding_evidence(out, source, "brand", "%s", m.brand);
	if (finding_answer(f, "cpu.vmx") == ANSWER_YES || finding_answer(f, "cpu.svm") == ANSWER_YES) {
		finding_set(out, ANSWER_YES, BASIS_PROVED);
		return;
	}
	vt = outer.emulated ? NULL : model_known_vt(&m);
	if (!vt)
		return;
	finding_evidence(out, "model", "table of models", "every specimen of this model has %s", vt);
	finding_set(out, ANSWER_YES, BASIS_INFERRED);
}

const struct check check_cpu_model = {
	.id = "cpu.model",
	.question = "Is this a processor model that has hardware VT?",
	.explain = "Proved by the CPUID bit where it shows. Else by the model: Intel from "
		   "Skylake on, Intel Xeons from Nehalem on, every AMD and Hygon processor from "
		   "family 10h on. Unknown for other models, for names that a hypervisor made "
		   "up, and where the processor is emulated. It decides between hidden and "
		   "cannot tell when a virtual machine shows no VT.",
	.eval = eval_model,
};

static void eval_present(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	struct outer outer;
	struct cpu_split bit;

	(void)f;
	outer_identify(s, &outer);
	view_bit(s, CPUID_hypervisor, &bit);
	if (bit.n_yes || bit.n_no)
		finding_evidence(out, "cpuid", "leaf 0x1 ecx bit 31", bit.n_yes ? "1" : "0");
	if (outer.signature[0])
		finding_evidence(out, "cpuid", "hypervisor leaves", "%s", outer.signature);
	if (bit.n_yes == 0 && outer.basis == BASIS_PROVED)
		finding_evidence(out, "file", "/proc/xen, /sys/hypervisor", "%s runs this system", outer.name);
	else if (outer.name[0])
		finding_evidence(out, outer.signature[0] ? "cpuid" : "dmi", "name", "%s", outer.name);
	finding_set(out, outer.present, outer.basis);
}

const struct check check_outer_present = {
	.id = "outer.present",
	.question = "Does this system run under a hypervisor?",
	.explain = "CPUID leaf 1, ECX bit 31, and the signature in the leaves from 0x40000000 "
		   "on, which are read only behind that bit. Without the bit, Xen's files in /proc/xen and "
		   "/sys/hypervisor: its paravirtual guests, dom0 among them, see the processor's own CPUID. Then "
		   "vendor names in DMI: some hypervisors hide themselves, so that no means: none is advertised.",
	.want = WANT_EITHER,
	.eval = eval_present,
};

static void eval_exposes(const struct snapshot *s, const struct findings *f, struct finding *out)
{
	enum answer present = finding_answer(f, "outer.present");

	if (present != ANSWER_YES) {
		if (present == ANSWER_NO)
			finding_set(out, ANSWER_NA, BASIS_NONE);
		return;
	}
	if (xen_keeps_vt(s)) {
		finding_evidence(out, "file", "/proc/xen, /sys/hypervisor", "a guest that Xen keeps VT from");
		finding_set(out, ANSWER_NO, BASIS_INFERRED);
	} else if (finding_answer(f, "cpu.vmx") == ANSWER_YES || finding_answer(f, "cpu.svm") == ANSWER_YES) {
		finding_set(out, ANSWER_YES, BASIS_PROVED);
		return;
	} else if (finding_answer(f, "cpu.model") == ANSWER_YES) {
		finding_set(out, ANSWER_NO, BASIS_INFERRED);
		finding_evidence(out, "cpuid", "vmx and svm bits", "0, although this model has VT");
	}
	outer_hint(s, out->hint, sizeof(out->hint));
}

const struct check check_outer_exposes = {
	.id = "outer.exposes",
	.question = "Does the outer hypervisor let VT through?",
	.explain = "Yes: a VT bit shows although a hypervisor is there, nested virtualization is "
		   "on. No: no bit shows on a processor model that is known to have VT, or this is a "
		   "paravirtual guest of Xen, which sees the processor's bit and cannot use it. Unknown: "
		   "no bit shows, and the model does not say. Not applicable without an outer "
		   "hypervisor.",
	.eval = eval_exposes,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has firmware left VT on? The MSRs say it to root; without them the kernel's behaviour
 * does: it takes the flag out of /proc/cpuinfo where firmware switched VT off (Intel
 * since 5.6, AMD since 6.7), while CPUID still shows the bit.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probe/analyse.h"

/* What is the same question for the two vendors. */
struct vendor {
	enum cpuid_id bit;
	const char *name;		/* "VMX" */
	const char *flag;
	const char *flag_number;	/* of clearcpuid= */
	const char *module;
	uint32_t msr;
	unsigned flag_kernel;		/* since when the kernel takes the flag away */
	enum firmware_state (*classify)(uint64_t value);
	const char *log[4];
};

static bool bit(uint64_t value, unsigned n)
{
	return value >> n & 1;
}

static enum firmware_state classify_vmx(uint64_t value)
{
	if (!bit(value, MSR_FIELD_IA32_FEATURE_CONTROL_lock))
		return FIRMWARE_UNLOCKED;
	if (bit(value, MSR_FIELD_IA32_FEATURE_CONTROL_enable_vmx_outside_smx))
		return FIRMWARE_ENABLED;
	return bit(value, MSR_FIELD_IA32_FEATURE_CONTROL_enable_vmx_inside_smx) ? FIRMWARE_SMX_ONLY :
										  FIRMWARE_DISABLED;
}

static enum firmware_state classify_svm(uint64_t value)
{
	return bit(value, MSR_FIELD_VM_CR_svmdis) ? FIRMWARE_DISABLED : FIRMWARE_ENABLED;
}

static const struct vendor intel = {
	CPUID_vmx, "VMX", "vmx", "133", "kvm_intel", MSR_IA32_FEATURE_CONTROL, 5006, classify_vmx,
	{ "TXT) disabled by BIOS", "disabled by bios", "VMX not enabled (by BIOS)" },
};

static const struct vendor amd = {
	CPUID_svm, "SVM", "svm", "194", "kvm_amd", MSR_VM_CR, 6007, classify_svm,
	{ "SVM disabled (by BIOS)", "disabled by bios" },
};

static const char *msr_name(uint32_t msr)
{
	const struct msr_fact *m = msr_fact_of(msr);

	return m ? m->name : "MSR";
}

/* From the MSR on every CPU; (error): the errno when none could be read. */
static enum firmware_state from_msr(const struct snapshot *s, const struct vendor *v,
				    struct finding *out, int *error)
{
	enum firmware_state state = FIRMWARE_UNKNOWN;
	struct msr_groups g;

	*error = 0;
	view_msr(s, v->msr, &g);
	for (size_t i = 0; i < g.n; i++) {
		struct buf where = BUF_INIT;
		enum firmware_state one;

		buf_printf(&where, "%s, cpu ", msr_name(v->msr));
		cpulist_format(&g.group[i].cpus, &where);
		if (g.group[i].err) {
			finding_unread(out, "msr", buf_str(&where),
				       &(struct snap_record){ .err = g.group[i].err });
			*error = g.group[i].err;
		} else {
			one = v->classify(g.group[i].value);
			finding_evidence(out, "msr", buf_str(&where), "0x%llx",
					 (unsigned long long)g.group[i].value);
			state = state == FIRMWARE_UNKNOWN || state == one ? one :
									    FIRMWARE_INCONSISTENT;
		}
		buf_free(&where);
	}
	view_msr_free(&g);
	return state;
}

/*
 * Has this kernel the driver at all? Without kvm_intel it locks an open
 * IA32_FEATURE_CONTROL with VMX off.
 */
static bool built_without(const struct snapshot *s, const struct vendor *v)
{
	char name[64];
	const struct snap_record *r;

	snprintf(name, sizeof(name), "module.%s", v->module);
	r = snapshot_named(s, SNAP_SYS, name);
	return r && r->err == ENOENT;
}

/* A VM on the vendor's own driver needs VT on. */
static bool works(const struct snapshot *s, const struct vendor *v)
{
	const struct snap_record *vm = snapshot_kvm(s, "create_vm", 0);

	return vm && !vm->err && strcmp(backend_name(backend_identify(s)), v->module) == 0;
}

/* clearcpuid= takes the flag away without any firmware. */
static bool flag_cleared_by_hand(const struct snapshot *s, const struct vendor *v)
{
	const char *at = snapshot_text(s, SNAP_TEXT, "/proc/cmdline");

	while (at && (at = strstr(at, "clearcpuid="))) {
		char list[128];

		at += strlen("clearcpuid=");
		snprintf(list, sizeof(list), "%.*s", (int)strcspn(at, " \n"), at);
		if (view_word(list, v->flag, ",") || view_word(list, v->flag_number, ","))
			return true;
	}
	return false;
}

static enum firmware_state from_flag(const struct snapshot *s, const struct vendor *v,
				     struct finding *out, int msr_error)
{
	enum answer flag = view_flag(s, v->flag);
	unsigned kernel = view_kernel(s);

	if (flag == ANSWER_UNKNOWN)
		return FIRMWARE_UNKNOWN;
	finding_evidence(out, "file", "/proc/cpuinfo flags",
			 flag == ANSWER_YES ? "%s" : "no %s, although CPUID has it", v->flag);
	if (flag == ANSWER_YES)
		return kernel >= v->flag_kernel ? FIRMWARE_ENABLED : FIRMWARE_UNKNOWN;
	if (flag_cleared_by_hand(s, v)) {
		finding_evidence(out, "file", "/proc/cmdline",
				 "clearcpuid takes the flag away: it proves nothing here");
		return FIRMWARE_UNKNOWN;
	}
	if (msr_error == EIO) {
		finding_evidence(out, "msr", msr_name(v->msr),
				 "faults, for the kernel too: the flag proves nothing here");
		return FIRMWARE_UNKNOWN;
	}
	if (built_without(s, v)) {
		finding_evidence(out, "file", "modules.dep",
				 "no %s: the kernel itself may have locked %s", v->module, v->name);
		return FIRMWARE_UNKNOWN;
	}
	return FIRMWARE_DISABLED;
}

/* The kernel's own word on IA32_FEATURE_CONTROL, in its log or in the state of a mitigation. */
static enum firmware_state from_kernel(const struct snapshot *s, const struct vendor *v,
				       struct finding *out)
{
	static const char path[] = "/sys/devices/system/cpu/vulnerabilities/itlb_multihit";
	char line[160];

	for (size_t i = 0; i < sizeof(v->log) / sizeof(v->log[0]) && v->log[i]; i++)
		if (view_log(s, v->log[i], line, sizeof(line))) {
			finding_evidence(out, "log", "kernel log", "%s", line);
			return FIRMWARE_DISABLED;
		}
	if (v != &intel || !view_line(s, path, line, sizeof(line)))
		return FIRMWARE_UNKNOWN;
	if (strstr(line, "VMX unsupported") && view_flag(s, v->flag) == ANSWER_UNKNOWN) {
		finding_evidence(out, "file", path, "%s, although CPUID has VMX", line);
		return FIRMWARE_DISABLED;
	}
	if (strstr(line, "Split huge pages") || strstr(line, "KVM: Vulnerable")) {
		finding_evidence(out, "file", path, "%s: VMX is in use", line);
		return FIRMWARE_ENABLED;
	}
	return FIRMWARE_UNKNOWN;
}

static void conclude(enum firmware_state state, enum basis basis, const struct vendor *v,
		     struct finding *out)
{
	switch (state) {
	case FIRMWARE_ENABLED:
	case FIRMWARE_UNLOCKED:
		finding_set(out, ANSWER_YES, basis);
		break;
	case FIRMWARE_NA:
		finding_set(out, ANSWER_NA, BASIS_NONE);
		break;
	case FIRMWARE_UNKNOWN:
		finding_set(out, ANSWER_UNKNOWN, BASIS_NONE);
		finding_hint(out, "Run as root with the msr module loaded (modprobe msr) to read "
				  "%s.", msr_name(v->msr));
		break;
	case FIRMWARE_KERNEL_LOCKED:
		finding_set(out, ANSWER_NO, basis);
		finding_hint(out, "Boot a kernel that has %s: one built without it locks %s off "
				  "when firmware left it open.", v->module,
			     v->name);
		break;
	case FIRMWARE_SMX_ONLY:
		finding_set(out, ANSWER_NO, basis);
		finding_hint(out, "Firmware allows VMX only after a measured launch: boot "
				  "through tboot, or switch VMX on outside TXT in the firmware "
				  "set-up.");
		break;
	case FIRMWARE_INCONSISTENT:
		finding_set(out, ANSWER_NO, basis);
		finding_hint(out, "The CPUs of this machine disagree, KVM refuses that: update "
				  "the firmware, and power the machine off and on.");
		break;
	case FIRMWARE_DISABLED:
		finding_set(out, ANSWER_NO, basis);
		finding_hint(out, v == &intel ? "Switch on Intel Virtualization Technology "
						"(VT-x) in the firmware set-up, then power the "
						"machine off and on." :
						"Switch on SVM Mode (AMD-V) in the firmware "
						"set-up, then power the machine off and on.");
	}
}

static enum firmware_state look(const struct snapshot *s, const struct vendor *v, struct finding *out)
{
	struct cpu_split shown;
	enum firmware_state state;
	enum basis basis = BASIS_PROVED;
	int msr_error;

	view_bit(s, v->bit, &shown);
	if (!shown.n_yes) {
		state = shown.n_no ? FIRMWARE_NA : FIRMWARE_UNKNOWN;
		conclude(state, BASIS_NONE, v, out);
		return state;
	}
	state = from_msr(s, v, out, &msr_error);
	if (state == FIRMWARE_DISABLED && v == &intel && built_without(s, v)) {
		state = FIRMWARE_KERNEL_LOCKED;
		basis = BASIS_INFERRED;
	}
	if (state == FIRMWARE_UNKNOWN && works(s, v)) {
		finding_evidence(out, "ioctl", "/dev/kvm", "%s made a VM", v->module);
		state = FIRMWARE_ENABLED;
	}
	if (state == FIRMWARE_UNKNOWN) {
		basis = BASIS_INFERRED;
		/* Where the CPUs differ, the kernel takes the flag away for that alone. */
		state = shown.n_no ? FIRMWARE_UNKNOWN : from_flag(s, v, out, msr_error);
	}
	if (state == FIRMWARE_UNKNOWN)
		state = from_kernel(s, v, out);
	conclude(state, basis, v, out);
	return state;
}

enum firmware_state firmware_vmx(const struct snapshot *s, struct finding *out)
{
	return look(s, &intel, out);
}

enum firmware_state firmware_svm(const struct snapshot *s, struct finding *out)
{
	return look(s, &amd, out);
}

const char *firmware_name(enum firmware_state f)
{
	static const char *const names[] = {
		[FIRMWARE_UNKNOWN] = "unknown",
		[FIRMWARE_ENABLED] = "enabled",
		[FIRMWARE_DISABLED] = "disabled",
		[FIRMWARE_KERNEL_LOCKED] = "kernel-locked",
		[FIRMWARE_SMX_ONLY] = "smx-only",
		[FIRMWARE_UNLOCKED] = "unlocked",
		[FIRMWARE_INCONSISTENT] = "inconsistent",
		[FIRMWARE_NA] = "n/a",
	};

	return names[f];
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has firmware left VT on? The MSRs say it to root; without them the kernel's behaviour
 * does: it takes the flag out of /proc/cpuinfo where firmware switched VT off (Intel
 * since 5.6, AMD since 6.7), while CPUID still shows the bit. One sign is not enough to
 * send somebody into the firmware set-up: two must agree, and the kernel must have had no
 * reason of its own.
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
	const char *module, *option;	/* the driver, and what builds it */
	uint32_t msr;
	unsigned flag_kernel;		/* since when the kernel takes the flag away */
	enum firmware_state (*classify)(uint64_t value);
	const char *log[6];	/* the driver's or the kernel's own word on the MSR */
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
	CPUID_vmx, "VMX", "vmx", "133", "kvm_intel", "CONFIG_KVM_INTEL", MSR_IA32_FEATURE_CONTROL, 5006, classify_vmx,
	{ "VMX (outside TXT) disabled by BIOS", "kvm*disabled by bios", "VMX not enabled (by BIOS)",
	  "VMX not fully enabled on CPU" },
};

static const struct vendor amd = {
	CPUID_svm, "SVM", "svm", "194", "kvm_amd", "CONFIG_KVM_AMD", MSR_VM_CR, 6007, classify_svm,
	{ "SVM disabled (by BIOS)", "kvm*disabled by bios" },
};

/* Started through tboot, the kernel uses VMX inside SMX. */
static bool by_tboot(const struct snapshot *s)
{
	char line[160];

	return view_log(s, "tboot: found shared page", line, sizeof(line)) ||
	       view_log(s, "VMX (inside TXT)", line, sizeof(line));
}

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
			finding_evidence(out, "msr", buf_str(&where), "%s (%s)",
					 msr_error_name(s, g.group[i].err),
					 errno_name(g.group[i].err) ? errno_name(g.group[i].err) : "?");
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
 * IA32_FEATURE_CONTROL with VMX off, and says nothing of it in its log.
 */
static enum answer has_driver(const struct snapshot *s, const struct vendor *v)
{
	char name[64], line[160];
	const struct snap_record *r;

	snprintf(name, sizeof(name), "module.%s", v->module);
	r = snapshot_named(s, SNAP_SYS, name);
	if (r && (!r->err || r->err == ENOENT))
		return r->err ? ANSWER_NO : ANSWER_YES;
	if (view_module(s, v->module) || view_log(s, v->log[0], line, sizeof(line)))
		return ANSWER_YES;
	return view_config(s, v->option, NULL);
}

/* Bits that a kernel sets in IA32_FEATURE_CONTROL beside the lock, where it locks it with VMX off. */
#define KERNEL_WRITES                                              \
	(1ull << MSR_FIELD_IA32_FEATURE_CONTROL_lock |             \
	 1ull << MSR_FIELD_IA32_FEATURE_CONTROL_sgx_launch_control_enable | \
	 1ull << MSR_FIELD_IA32_FEATURE_CONTROL_sgx_global_enable)

/*
 * VMX is locked off: can that be this kernel's doing? It drops what firmware had set, so that
 * any other bit is firmware's hand.
 */
static enum answer locked_by_kernel(const struct snapshot *s, const struct vendor *v)
{
	enum answer driver = has_driver(s, v);
	unsigned kernel = view_kernel(s);
	struct msr_groups g;
	bool other = false;

	view_msr(s, v->msr, &g);
	for (size_t i = 0; i < g.n; i++)
		other |= !g.group[i].err && g.group[i].value & ~KERNEL_WRITES;
	view_msr_free(&g);
	if (v != &intel || other || driver == ANSWER_YES || (kernel && kernel < v->flag_kernel))
		return ANSWER_NO;
	/* A dump of another system's tells nothing of kernels. */
	if (driver == ANSWER_UNKNOWN)
		return kernel ? ANSWER_UNKNOWN : ANSWER_NO;
	return ANSWER_YES;
}

/* Is the firmware that is seen here a virtual machine's own? Root partitions and dom0 see the machine's. */
static bool in_virtual_machine(const struct snapshot *s)
{
	struct outer outer;

	outer_identify(s, &outer);
	return outer.present == ANSWER_YES && outer_root(s) != ANSWER_YES;
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

/* Does something else than firmware explain that the kernel shows no flag? */
static bool explained(const struct snapshot *s, const struct vendor *v, struct finding *out,
		      int msr_error)
{
	if (flag_cleared_by_hand(s, v))
		finding_evidence(out, "file", "/proc/cmdline",
				 "clearcpuid takes the flag away: it proves nothing here");
	else if (msr_error == EIO)
		finding_evidence(out, "msr", msr_name(v->msr),
				 "faults, for the kernel too: the flag proves nothing here");
	else if (xen_keeps_vt(s))
		finding_evidence(out, "file", "/proc/xen, /sys/hypervisor",
				 "Xen runs this system and keeps %s: the flag proves nothing here", v->name);
	else if (v == &intel && by_tboot(s))
		finding_evidence(out, "log", "kernel log",
				 "started through tboot: the flag tells of VMX inside SMX only");
	else if (in_virtual_machine(s))
		finding_evidence(out, "cpuid", "hypervisor",
				 "it may not answer for %s, and the kernel then takes the flag away: it "
				 "proves nothing here", msr_name(v->msr));
	else if (has_driver(s, v) == ANSWER_NO)
		finding_evidence(out, "file", "modules.dep, /boot/config",
				 "no %s: the kernel itself may have locked %s", v->module, v->name);
	else
		return false;
	return true;
}

/* The kernel shows no flag, by either of two places. */
static bool flag_is_gone(const struct snapshot *s, const struct vendor *v, struct finding *out)
{
	static const char path[] = "/sys/devices/system/cpu/vulnerabilities/itlb_multihit";
	enum answer flag = view_flag(s, v->flag);
	char line[160];

	if (flag == ANSWER_NO) {
		finding_evidence(out, "file", "/proc/cpuinfo flags", "no %s, although CPUID has it",
				 v->flag);
		return true;
	}
	if (flag == ANSWER_YES || v != &intel || !view_line(s, path, line, sizeof(line)) ||
	    !strstr(line, "VMX unsupported"))
		return false;
	finding_evidence(out, "file", path, "%s, although CPUID has VMX", line);
	return true;
}

/*
 * The second sign: the driver is there for this kernel, which therefore had no reason to lock
 * VT itself, nobody keeps it out, and it does not serve. A kernel from before those that take
 * the flag away, unless that was brought back to it, would have loaded it: only its word counts.
 */
static bool driver_refuses(const struct snapshot *s, const struct vendor *v, struct finding *out)
{
	const struct snap_record *r;
	char name[64], line[160];

	snprintf(name, sizeof(name), "module.%s", v->module);
	r = snapshot_named(s, SNAP_SYS, name);
	if (!r || r->err || backend_identify(s) != BACKEND_NONE || module_kept_out(s, v->module))
		return false;
	if (view_log(s, "no hardware support", line, sizeof(line)) ||
	    view_log(s, "not supported by CPU", line, sizeof(line)))
		finding_evidence(out, "log", "kernel log", "%s", line);
	else if (view_kernel(s) && view_kernel(s) < v->flag_kernel)
		return false;
	else
		finding_evidence(out, "file", "modules.dep, /proc/misc",
				 "%s is there and nobody keeps it out, but it does not serve", v->module);
	return true;
}

static enum firmware_state from_signs(const struct snapshot *s, const struct vendor *v,
				      struct finding *out, int msr_error)
{
	static const char path[] = "/sys/devices/system/cpu/vulnerabilities/itlb_multihit";
	char line[160];

	if (view_flag(s, v->flag) == ANSWER_YES) {
		finding_evidence(out, "file", "/proc/cpuinfo flags", "%s", v->flag);
		if (view_kernel(s) >= v->flag_kernel)
			return FIRMWARE_ENABLED;
	}
	if (v == &intel && view_line(s, path, line, sizeof(line)) &&
	    (strstr(line, "Split huge pages") || strstr(line, "KVM: Vulnerable"))) {
		finding_evidence(out, "file", path, "%s: VMX is in use", line);
		return FIRMWARE_ENABLED;
	}
	if (!flag_is_gone(s, v, out) || explained(s, v, out, msr_error))
		return FIRMWARE_UNKNOWN;
	return driver_refuses(s, v, out) ? FIRMWARE_DISABLED : FIRMWARE_UNKNOWN;
}

/* The kernel read the MSR and said so; it says nothing where it locked VT itself. */
static enum firmware_state from_log(const struct snapshot *s, const struct vendor *v,
				    struct finding *out)
{
	char line[160];

	for (size_t i = 0; i < sizeof(v->log) / sizeof(v->log[0]) && v->log[i]; i++)
		if (view_log(s, v->log[i], line, sizeof(line))) {
			finding_evidence(out, "log", "kernel log", "%s", line);
			return FIRMWARE_DISABLED;
		}
	return FIRMWARE_UNKNOWN;
}

/* What would tell, by why the MSR did not. */
static void hint_unknown(const struct snapshot *s, const struct vendor *v, int msr_error,
			 struct finding *out)
{
	const char *why = msr_error_name(s, msr_error), *name = msr_name(v->msr);
	const char *euid = snapshot_text(s, SNAP_SYS, "euid");
	bool root = euid && strcmp(euid, "0") == 0;

	/* What a dump never tried is missing there, not for want of rights. */
	if (s->source != SNAP_FROM_LIVE && !snapshot_msr(s, -1, v->msr))
		finding_hint(out, "%s was not recorded: run vtscope probe --save on the machine itself, as root with "
				  "the msr module loaded.", name);
	else if (!why || strcmp(why, "not-loaded") == 0)
		finding_hint(out, "Run as root with the msr module loaded (modprobe msr) to read %s.", name);
	else if (strcmp(why, "not-built") == 0)
		finding_hint(out, "This kernel has no msr driver to read %s with: run as root for its log, or boot "
				  "a kernel with CONFIG_X86_MSR.", name);
	else if (strcmp(why, "faulted") == 0)
		finding_hint(out, "RDMSR of %s faults: a hypervisor that shows %s does not answer for its switch. Ask "
				  "on the machine outside.", name, v->name);
	else if (strcmp(why, "denied") == 0 && root)
		finding_hint(out, "Even root is refused %s: lockdown or a container's rules. Run it outside, or look "
				  "for \"disabled by BIOS\" in the kernel's log.", name);
	else if (strcmp(why, "denied") == 0)
		finding_hint(out, "Run as root to read %s.", name);
	else
		finding_hint(out, "No CPU had a device to read %s with: run as root on the machine itself.", name);
}

/* Nobody is sent into the firmware set-up where it is a hypervisor's, or while the kernel is not ruled out. */
static void hint_disabled(const struct snapshot *s, const struct vendor *v, struct finding *out)
{
	char menu[sizeof(out->hint)];

	if (v == &intel && by_tboot(s)) {
		finding_hint(out, "This system was started through tboot, for which firmware left VMX off: "
				  "switch VT on for TXT as well in the firmware set-up, or boot without tboot.");
	} else if (in_virtual_machine(s)) {
		outer_hint(s, menu, sizeof(menu));
		finding_hint(out, "This is a virtual machine, and its own firmware has VT locked off, which the "
				  "hypervisor decides. %s", menu);
	} else if (locked_by_kernel(s, v) == ANSWER_UNKNOWN) {
		finding_hint(out, "Firmware has locked VMX off, or this kernel has, which one without kvm_intel does: "
				  "look for CONFIG_KVM_INTEL in its configuration (/boot/config-*, or /proc/config.gz). "
				  "Without it, boot another kernel; with it, look for VT in the firmware set-up.");
	} else {
		firmware_menu(s, v == &intel, out->hint, sizeof(out->hint));
	}
}

static void hint_off(const struct snapshot *s, const struct vendor *v, enum firmware_state state,
		     struct finding *out)
{
	switch (state) {
	case FIRMWARE_KERNEL_LOCKED:
		finding_hint(out, "Boot a kernel that has %s: one built without it locks %s off "
				  "when firmware left it open.", v->module, v->name);
		break;
	case FIRMWARE_SMX_ONLY:
		finding_hint(out, "Firmware allows VMX only after a measured launch: boot "
				  "through tboot, or switch VMX on outside TXT in the firmware "
				  "set-up.");
		break;
	case FIRMWARE_INCONSISTENT:
		finding_hint(out, "The CPUs of this machine disagree, KVM refuses that: update "
				  "the firmware, and power the machine off and on.");
		break;
	default:
		hint_disabled(s, v, out);
	}
}

static void conclude(const struct snapshot *s, enum firmware_state state, enum basis basis,
		     const struct vendor *v, int msr_error, struct finding *out)
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
		hint_unknown(s, v, msr_error, out);
		break;
	default:
		finding_set(out, ANSWER_NO, basis);
		hint_off(s, v, state, out);
	}
}

/* What the bits of IA32_FEATURE_CONTROL mean depends on who looks at them. */
static enum firmware_state weigh(const struct snapshot *s, const struct vendor *v,
				 enum firmware_state state, enum basis *basis, struct finding *out)
{
	if (v != &intel)
		return state;
	if (state == FIRMWARE_SMX_ONLY && (by_tboot(s) || view_flag(s, v->flag) == ANSWER_YES)) {
		finding_evidence(out, "log", "kernel log, /proc/cpuinfo",
				 "started through tboot: VMX inside SMX is what counts");
		return FIRMWARE_ENABLED;
	}
	if (state == FIRMWARE_ENABLED && by_tboot(s) && view_flag(s, v->flag) == ANSWER_NO) {
		finding_evidence(out, "log", "kernel log", "started through tboot: VMX inside SMX is off");
		return FIRMWARE_DISABLED;
	}
	if (state != FIRMWARE_DISABLED)
		return state;
	switch (locked_by_kernel(s, v)) {
	case ANSWER_YES:
		*basis = BASIS_INFERRED;
		return FIRMWARE_KERNEL_LOCKED;
	case ANSWER_UNKNOWN:
		*basis = BASIS_INFERRED;
		finding_evidence(out, "file", "modules.dep, /boot/config",
				 "whether this kernel has %s was not recorded: it may have locked VMX itself", v->module);
		return state;
	default:
		return state;
	}
}

static enum firmware_state look(const struct snapshot *s, const struct vendor *v, struct finding *out)
{
	struct cpu_split shown;
	enum firmware_state state;
	enum basis basis = BASIS_PROVED;
	int msr_error;

	view_bit(s, v->bit, &shown);
	if (!view_has(s, v->bit)) {
		state = shown.n_no ? FIRMWARE_NA : FIRMWARE_UNKNOWN;
		conclude(s, state, BASIS_NONE, v, 0, out);
		return state;
	}
	state = weigh(s, v, from_msr(s, v, out, &msr_error), &basis, out);
	if (state == FIRMWARE_UNKNOWN && works(s, v)) {
		finding_evidence(out, "ioctl", "/dev/kvm", "%s made a VM", v->module);
		state = FIRMWARE_ENABLED;
	}
	if (state == FIRMWARE_UNKNOWN) {
		basis = BASIS_INFERRED;
		state = from_log(s, v, out);
		/* Where the CPUs differ, the kernel takes the flag away for that alone. */
		if (state == FIRMWARE_UNKNOWN && !shown.n_no)
			state = from_signs(s, v, out, msr_error);
	}
	conclude(s, state, basis, v, msr_error, out);
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

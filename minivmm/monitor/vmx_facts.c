/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_facts.c - the decisions of vmx_facts.h. Compiled into the image and into a hosted unit test. */
#include "minivmm/monitor/vmx_facts.h"
#include "minivmm/monitor/text.h"

#define CPUID1_ECX_VMX		(1u << 5)

#define CR4_PAE			(1ull << 5)
#define CR0_PG_NE_PE		0x80000021ull

#define MSR_VMX_CR0_FIXED0	0x486
#define MSR_VMX_VMCS_ENUM	0x48a

#define MEMORY_TYPE_WB		6

enum form { FORM_PAIR, FORM_ALLOWED1, FORM_CAPABILITY };

static const struct {
	const char *name;
	uint32_t msr, true_msr;
	enum form form;
} sets[VMX_SETS] = {
#define VMX_GROUP(group, msr, true_msr, form, default1) { #group, msr, true_msr, FORM_##form },
#define VMX_CONTROL(group, bit, name)
#include "arch/x86/vmx_controls.def"
#undef VMX_GROUP
#undef VMX_CONTROL
};

static const struct {
	enum vmx_set set;
	unsigned bit;
	const char *name;
} controls[VMX_CTLS] = {
#define VMX_GROUP(group, msr, true_msr, form, default1)
#define VMX_CONTROL(group, bit, name) { VMX_SET_##group, bit, #name },
#include "arch/x86/vmx_controls.def"
#undef VMX_GROUP
#undef VMX_CONTROL
};

/* ---- reading ---- */

/* Is the MSR of (set) there? Those that decide stand before it in vmx_controls.def. */
static bool set_exists(const struct vmx_facts *f, enum vmx_set set)
{
	switch (set) {
	case VMX_SET_secondary:
		return vmx_facts_can(f, VMX_CTL_primary_activate_secondary_controls);
	case VMX_SET_tertiary:
		return vmx_facts_can(f, VMX_CTL_primary_activate_tertiary_controls);
	case VMX_SET_secondary_exit:
		return vmx_facts_can(f, VMX_CTL_exit_activate_secondary_vm_exit_controls);
	case VMX_SET_ept_vpid:
		return vmx_facts_can(f, VMX_CTL_secondary_enable_ept) ||
		       vmx_facts_can(f, VMX_CTL_secondary_enable_vpid);
	case VMX_SET_vmfunc:
		return vmx_facts_can(f, VMX_CTL_secondary_enable_vm_functions);
	default:
		return true;
	}
}

void vmx_facts_read(struct vmx_facts *f, vmx_cpuid_fn *cpuid, vmx_read_fn *msr, void *ctx)
{
	uint32_t leaf0[4];

	cpuid(ctx, 0, leaf0);
	f->cpuid_max = leaf0[0];
	if (f->cpuid_max < 1)
		return;
	cpuid(ctx, 1, f->cpuid1);
	if (!(f->cpuid1[2] & CPUID1_ECX_VMX))
		return;
	f->feature_control = msr(ctx, MSR_FEATURE_CONTROL);
	f->feature_control_set = !(f->feature_control & VMX_FEATURE_LOCK);
	for (unsigned set = 0; set < VMX_SETS; set++) {
		bool refined = sets[set].true_msr && vmx_facts_can(f, VMX_CTL_basic_true_controls);

		if (set_exists(f, set))
			f->set[set] = msr(ctx, refined ? sets[set].true_msr : sets[set].msr);
	}
	for (unsigned i = 0; i < 2; i++) {
		f->cr0_fixed[i] = msr(ctx, MSR_VMX_CR0_FIXED0 + i);
		f->cr4_fixed[i] = msr(ctx, MSR_VMX_CR0_FIXED0 + 2 + i);
	}
	f->vmcs_enum = msr(ctx, MSR_VMX_VMCS_ENUM);
}

/* ---- controls ---- */

bool vmx_facts_can(const struct vmx_facts *f, enum vmx_ctl ctl)
{
	enum vmx_set set = controls[ctl].set;
	unsigned bit = controls[ctl].bit + (sets[set].form == FORM_PAIR ? 32 : 0);

	return f->set[set] >> bit & 1;
}

/* Signatures, without the stepping's and type's reserved bits, of those whose timer counts at another rate than it says. */
#define SIGNATURE_MASK	(~(0xf0000000u | 0xc000u))
static const uint32_t timer_errata[] = {
	0x106a0, 0x106a1, 0x106a4, 0x106a5, 0x106e5, 0x20652, 0x20655, 0x206e6, 0x306a8,
};

static bool has_timer_erratum(const struct vmx_facts *f)
{
	for (unsigned i = 0; i < sizeof(timer_errata) / sizeof(timer_errata[0]); i++)
		if ((f->cpuid1[0] & SIGNATURE_MASK) == timer_errata[i])
			return true;
	return false;
}

bool vmx_facts_timer(const struct vmx_facts *f)
{
	return vmx_facts_can(f, VMX_CTL_pin_based_activate_vmx_preemption_timer) && !has_timer_erratum(f);
}

static void name_ctl(struct text *t, enum vmx_ctl ctl)
{
	text_put(t, sets[controls[ctl].set].name);
	text_put(t, sets[controls[ctl].set].form == FORM_CAPABILITY ? " capability " : " control ");
	text_put(t, controls[ctl].name);
}

void vmx_ctl_name(enum vmx_ctl ctl, char *text, uint32_t size)
{
	struct text t = { text, size, 0 };

	name_ctl(&t, ctl);
}

/* "needs ..., which this processor does not have". */
static void say_missing(struct monitor_why *why, enum vmx_set set, unsigned bit)
{
	struct text t = TEXT_OF(why->text);
	unsigned ctl = 0;

	why->status = "missing-control";
	text_put(&t, "needs ");
	while (ctl < VMX_CTLS && (controls[ctl].set != set || controls[ctl].bit != bit))
		ctl++;
	if (ctl < VMX_CTLS) {
		name_ctl(&t, ctl);
	} else {
		text_put(&t, "bit ");
		text_decimal(&t, bit);
		text_put(&t, " of the ");
		text_put(&t, sets[set].name);
		text_put(&t, " controls");
	}
	text_put(&t, ", which this processor does not have");
}

bool vmx_facts_adjust(const struct vmx_facts *f, enum vmx_set set, uint64_t want, uint64_t *value,
		      struct monitor_why *why)
{
	bool pair = sets[set].form == FORM_PAIR;
	uint64_t must = pair ? f->set[set] & 0xffffffff : 0;
	uint64_t may = pair ? f->set[set] >> 32 : f->set[set];
	uint64_t missing = want & ~may;

	*value = want | must;
	if (!missing)
		return true;
	say_missing(why, set, (unsigned)__builtin_ctzll(missing));
	return false;
}

/* ---- judging ---- */

static bool refuse(struct monitor_why *why, const char *status, const char *text)
{
	struct text t = TEXT_OF(why->text);

	why->status = status;
	text_put(&t, text);
	return false;
}

static bool judge_owner(const struct vmx_facts *f, struct monitor_why *why)
{
	if (f->cpuid_max < 1 || !(f->cpuid1[2] & CPUID1_ECX_VMX))
		return refuse(why, "unsupported",
			      "this processor has no VMX (CPUID leaf 1, ECX bit 5 is 0): use the engine "
			      "svm on AMD and Hygon, native elsewhere");
	if ((f->feature_control & VMX_FEATURE_LOCK) && !(f->feature_control & VMX_FEATURE_ON))
		return refuse(why, "firmware-disabled",
			      "the firmware locked VMX off (IA32_FEATURE_CONTROL): turn virtualization "
			      "(VT-x) on in the firmware's setup, then power off and on");
	if (f->cr4 & VMX_CR4_VMXE)
		return refuse(why, "busy",
			      "CR4.VMXE is set: something else uses VMX on this processor; stop it, or "
			      "boot the image with nothing below");
	return true;
}

static bool judge_regions(const struct vmx_facts *f, struct monitor_why *why)
{
	uint64_t basic = f->set[VMX_SET_basic], type = basic >> 50 & 15, bytes = basic >> 32 & 0x1fff;
	struct text t = TEXT_OF(why->text);

	if (bytes && bytes <= 4096 && type == MEMORY_TYPE_WB)
		return true;
	why->status = "unsupported";
	text_put(&t, "IA32_VMX_BASIC is ");
	text_hex(&t, basic);
	text_put(&t, ": the monitor knows VMCS regions of at most 4096 bytes in write-back memory only");
	return false;
}

static bool judge_fixed(const struct vmx_facts *f, struct monitor_why *why)
{
	uint64_t cr0_off = CR0_PG_NE_PE & ~f->cr0_fixed[1];
	uint64_t cr4_off = (CR4_PAE | VMX_CR4_VMXE) & ~f->cr4_fixed[1];

	if (!cr0_off && !cr4_off && !(f->cr0_fixed[0] & ~f->cr0_fixed[1]) &&
	    !(f->cr4_fixed[0] & ~f->cr4_fixed[1]))
		return true;
	return refuse(why, "unsupported",
		      "IA32_VMX_CR0_FIXED or CR4_FIXED forbid what 64-bit mode and VMX need: what is "
		      "below this machine reports them wrong");
}

/* What every guest has. The watchdog: the preemption timer, or an interrupt that exits. */
static const enum vmx_ctl required[] = {
	VMX_CTL_pin_based_nmi_exiting,
	VMX_CTL_exit_host_address_space_size,
	VMX_CTL_entry_ia_32e_mode_guest,
};

static const enum vmx_ctl required_without_timer[] = {
	VMX_CTL_pin_based_external_interrupt_exiting,
};

static bool judge_controls(const struct vmx_facts *f, struct monitor_why *why)
{
	bool timer = vmx_facts_timer(f);

	for (unsigned i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (!vmx_facts_can(f, required[i])) {
			say_missing(why, controls[required[i]].set, controls[required[i]].bit);
			return false;
		}
	for (unsigned i = 0; !timer && i < sizeof(required_without_timer) / sizeof(required[0]); i++)
		if (!vmx_facts_can(f, required_without_timer[i])) {
			say_missing(why, controls[required_without_timer[i]].set,
				    controls[required_without_timer[i]].bit);
			return false;
		}
	return true;
}

int vmx_facts_judge(const struct vmx_facts *f, struct monitor_why *why)
{
	return judge_owner(f, why) && judge_regions(f, why) && judge_fixed(f, why) &&
			       judge_controls(f, why) ?
		       0 :
		       -1;
}

/* ---- reporting ---- */

static void report(const struct monitor_host *host, const char *name, const char *what, const char *value)
{
	char line[160];
	struct text t = TEXT_OF(line);

	text_put(&t, what);
	text_put(&t, ": ");
	text_put(&t, value);
	host->fact(host->ctx, name, line);
}

static void report_hex(const struct monitor_host *host, const char *name, const char *what, uint64_t value)
{
	char number[20];
	struct text t = TEXT_OF(number);

	text_hex(&t, value);
	report(host, name, what, number);
}

static void report_ctl(const struct vmx_facts *f, const struct monitor_host *host, const char *name,
		       enum vmx_ctl ctl)
{
	char what[96];

	vmx_ctl_name(ctl, what, sizeof(what));
	report(host, name, what, vmx_facts_can(f, ctl) ? "yes" : "no");
}

/* Used where offered; a row that wants one that is not there is skipped and says so. */
static const enum vmx_ctl used[] = {
	VMX_CTL_basic_true_controls,
	VMX_CTL_pin_based_activate_vmx_preemption_timer,
	VMX_CTL_primary_use_msr_bitmaps,
	VMX_CTL_primary_use_i_o_bitmaps,
	VMX_CTL_primary_monitor_trap_flag,
	VMX_CTL_primary_activate_secondary_controls,
	VMX_CTL_primary_activate_tertiary_controls,
	VMX_CTL_secondary_enable_ept,
	VMX_CTL_ept_vpid_page_walk_4,
	VMX_CTL_ept_vpid_memory_type_wb,
	VMX_CTL_ept_vpid_pages_2m,
	VMX_CTL_ept_vpid_invept,
	VMX_CTL_ept_vpid_accessed_and_dirty_flags,
	VMX_CTL_secondary_enable_vpid,
	VMX_CTL_ept_vpid_invvpid,
	VMX_CTL_secondary_unrestricted_guest,
	VMX_CTL_secondary_enable_rdtscp,
	VMX_CTL_secondary_enable_vm_functions,
	VMX_CTL_vmfunc_eptp_switching,
	VMX_CTL_secondary_vmcs_shadowing,
};

static void report_firmware(const struct vmx_facts *f, const struct monitor_host *host)
{
	const char *state = f->feature_control_set	      ? "unlocked: the monitor turns VMX on and locks it, until the next reset" :
			    f->feature_control & VMX_FEATURE_ON ? "locked, VMX on" :
							       "locked, VMX off";

	report(host, "requires", "IA32_FEATURE_CONTROL with VMX outside SMX", state);
}

void vmx_facts_report(const struct vmx_facts *f, const struct monitor_host *host)
{
	bool vmx = f->cpuid_max >= 1 && f->cpuid1[2] & CPUID1_ECX_VMX;

	report(host, "requires", "VMX in CPUID", vmx ? "yes" : "no");
	if (!vmx)
		return;
	report_firmware(f, host);
	report(host, "requires", "CR4.VMXE clear", f->cr4 & VMX_CR4_VMXE ? "no" : "yes");
	report_hex(host, "requires", "IA32_VMX_BASIC", f->set[VMX_SET_basic]);
	report_hex(host, "requires", "CR0 bits fixed to 1", f->cr0_fixed[0]);
	report_hex(host, "requires", "CR0 bits that may be 1", f->cr0_fixed[1]);
	report_hex(host, "requires", "CR4 bits fixed to 1", f->cr4_fixed[0]);
	report_hex(host, "requires", "CR4 bits that may be 1", f->cr4_fixed[1]);
	for (unsigned i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		report_ctl(f, host, "requires", required[i]);
	if (vmx_facts_can(f, VMX_CTL_pin_based_activate_vmx_preemption_timer))
		report(host, "uses", "the preemption timer as the watchdog",
		       has_timer_erratum(f) ? "no, by an erratum of this processor it does not keep its rate" :
					      "yes");
	if (!vmx_facts_timer(f))
		for (unsigned i = 0; i < sizeof(required_without_timer) / sizeof(required[0]); i++)
			report_ctl(f, host, "requires", required_without_timer[i]);
	for (unsigned i = 0; i < sizeof(used) / sizeof(used[0]); i++)
		report_ctl(f, host, "uses", used[i]);
	report_hex(host, "uses", "TSC ticks in one of the preemption timer", 1ull << vmx_facts_timer_rate(f));
}

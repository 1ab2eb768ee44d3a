/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx.c - VMX behind the monitor's seam: on and off, entries, what an exit is. */
#include "minivmm/monitor/apic.h"
#include "minivmm/monitor/vmx_private.h"

#define MSR_DEBUGCTL		0x1d9

#define RFLAGS_IF		0x200u

struct vmx vmx;

const struct vmx_facts *vmx_facts(void)
{
	return &vmx.facts;
}

bool vmx_can(enum vmx_ctl ctl)
{
	return vmx_facts_can(&vmx.facts, ctl);
}

bool vmx_need(enum vmx_ctl ctl, struct monitor_why *why)
{
	struct text t = TEXT_OF(why->text);
	char name[96];

	if (vmx_can(ctl))
		return true;
	vmx_ctl_name(ctl, name, sizeof(name));
	why->status = "missing-control";
	text_put(&t, "needs ");
	text_put(&t, name);
	text_put(&t, ", which this processor does not have");
	return false;
}

/* ---- check ---- */

static uint64_t read_msr(void *ctx, uint32_t number)
{
	(void)ctx;
	return msr_read(number);
}

static void read_cpuid(void *ctx, uint32_t leaf, uint32_t regs[4])
{
	(void)ctx;
	__asm__ volatile("cpuid"
			 : "=a"(regs[0]), "=b"(regs[1]), "=c"(regs[2]), "=d"(regs[3])
			 : "a"(leaf), "c"(0));
}

static void read_all(void *arg)
{
	struct vmx_facts *f = arg;

	vmx_facts_read(f, read_cpuid, read_msr, NULL);
	f->cr0 = CR_READ(0);
	f->cr4 = CR_READ(4);
}

static int vmx_check(struct monitor *m, struct monitor_why *why)
{
	uint32_t vector, error;

	vmx = (struct vmx){ .monitor = m };
	if (!m->host->protect(read_all, &vmx.facts, &vector, &error)) {
		*why = (struct monitor_why){ "unsupported", "reading the VMX capability MSRs faults: what is below this "
							    "machine shows VMX in CPUID and does not offer it" };
		return -1;
	}
	/* Refused where it was on, so that this is never put back. */
	vmx.facts.cr4 |= m->host->cr4 & VMX_CR4_VMXE;
	vmx_facts_report(&vmx.facts, m->host);
	return vmx_facts_judge(&vmx.facts, why);
}

/* ---- on and off ---- */

/* Once: a second write faults. */
static void unlock_vmx(void *arg)
{
	(void)arg;
	if (!(msr_read(MSR_FEATURE_CONTROL) & VMX_FEATURE_LOCK))
		msr_write(MSR_FEATURE_CONTROL, vmx.facts.feature_control | VMX_FEATURE_LOCK | VMX_FEATURE_ON);
	vmx.facts.feature_control = msr_read(MSR_FEATURE_CONTROL);
}

struct vmxon {
	uint64_t region;
	enum vmx_result result;
};

static void enter_operation(void *arg)
{
	struct vmxon *on = arg;
	const struct vmx_facts *f = &vmx.facts;

	CR_WRITE(0, (vmx.cr0 | f->cr0_fixed[0]) & f->cr0_fixed[1]);
	CR_WRITE(4, (vmx.cr4 | f->cr4_fixed[0]) & f->cr4_fixed[1]);
	on->result = vmx_vmxon(on->region);
}

static void save_debug(void *arg)
{
	(void)arg;
	__asm__ volatile("mov %%dr7, %0" : "=r"(vmx.dr7));
	vmx.debugctl = msr_read(MSR_DEBUGCTL);
}

static void restore_debug(void *arg)
{
	(void)arg;
	__asm__ volatile("mov %0, %%dr7" : : "r"(vmx.dr7));
	msr_write(MSR_DEBUGCTL, vmx.debugctl);
}

static void restore_control_registers(void *arg)
{
	(void)arg;
	CR_WRITE(4, vmx.cr4);
	CR_WRITE(0, vmx.cr0);
}

static void leave_operation(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < VMX_POOL; i++)
		vmx_vmclear(vmx_pool(i));
	vmx_vmclear(vmx_home_region());
	vmx_vmxoff();
}

/* In turn: where VMX operation was left already the first faults, and the second must come anyway. */
static void vmx_off(struct monitor *m)
{
	uint32_t vector, error;

	m->host->protect(leave_operation, NULL, &vector, &error);
	m->host->protect(restore_control_registers, NULL, &vector, &error);
	m->host->protect(restore_debug, NULL, &vector, &error);
	if (!vmx.timer)
		apic_close();
}

/* The first rung of the ladder comes before VMX is on. True: refused, as it must be. */
static bool try_wrong_revision(struct monitor *m)
{
	struct vmxon on = { .region = vmx_pool(0), .result = VMX_OK };
	struct ring0_step step = { .step = "VMXON of a region with a wrong revision", .expected = "VMfailInvalid" };
	struct text t = TEXT_OF(step.observed);
	uint32_t vector, error, *revision = vmx_pool_words(0);

	*revision ^= 1;
	if (m->host->protect(enter_operation, &on, &vector, &error)) {
		vmx_say_result(&t, on.result, 0);
		step.passed = on.result == VMX_FAIL_INVALID;
	} else {
		text_put(&t, "exception ");
		text_decimal(&t, vector);
	}
	*revision ^= 1;
	m->host->step(m->host->ctx, &step);
	return step.passed;
}

/* Wherever it came from: VMXOFF outside VMX operation faults, and is protected. */
static int refuse_on(struct monitor *m, struct monitor_why *why, const char *status, const char *text)
{
	struct text t = TEXT_OF(why->text);
	uint32_t vector, error;

	m->host->protect(leave_operation, NULL, &vector, &error);
	m->host->protect(restore_control_registers, NULL, &vector, &error);
	why->status = status;
	text_put(&t, text);
	return -1;
}

static int vmx_on(struct monitor *m, struct monitor_why *why)
{
	struct vmxon on = { .result = VMX_OK };
	uint32_t vector, error;

	vmx.cr0 = vmx.facts.cr0;
	vmx.cr4 = vmx.facts.cr4;
	__asm__ volatile("sgdt %0\n\tsidt %1" : "=m"(vmx.gdtr), "=m"(vmx.idtr));
	vmx.timer = vmx_facts_timer(&vmx.facts);
	m->host->protect(save_debug, NULL, &vector, &error);
	vmx_regions_init();
	on.region = vmx_on_region();
	if (!m->host->protect(unlock_vmx, NULL, &vector, &error) ||
	    !(vmx.facts.feature_control & VMX_FEATURE_ON))
		return refuse_on(m, why, "firmware-disabled",
				 "IA32_FEATURE_CONTROL does not take the bit that turns VMX on: turn "
				 "virtualization (VT-x) on in the firmware's setup");
	if (!try_wrong_revision(m))
		return refuse_on(m, why, "self-test",
				 "VMXON took a region with a wrong revision, or faulted: this VMX cannot be trusted");
	if (!m->host->protect(enter_operation, &on, &vector, &error))
		return refuse_on(m, why, "busy",
				 "VMXON or the bits of CR0 and CR4 that it needs fault: what is below this machine "
				 "keeps VMX to itself");
	if (on.result != VMX_OK)
		return refuse_on(m, why, "bad-revision",
				 "VMXON refuses a region with the revision of IA32_VMX_BASIC (VMfailInvalid)");
	vmx_ept_init();
	if (!vmx_home())
		return refuse_on(m, why, "bad-revision",
				 "VMPTRLD refuses a region with the revision of IA32_VMX_BASIC");
	if (!vmx.timer && apic_open(m->host, why) < 0) {
		struct monitor_why apic = *why;

		return refuse_on(m, why, apic.status, apic.text);
	}
	return 0;
}

/* ---- a guest's life ---- */

bool vmx_owns_timer(const struct vcpu_want *want)
{
	return want->fast.kind != VCPU_FAST_NONE && want->fast.reason == VMX_REASON_PREEMPTION_TIMER;
}

/*
 * The preemption timer starts again at each entry, unless the exits save it: setup() lets them where a row's fast path
 * could go round for ever. Else a guest that exits all the while is core.c's to end.
 */
uint32_t vmx_timer_value(uint64_t ticks)
{
	uint64_t value = ticks >> vmx_facts_timer_rate(&vmx.facts);

	return value > 0xffffffff ? 0xffffffff : value ? (uint32_t)value : 1;
}

static void arm(const struct vcpu *v)
{
	if (!vmx.timer)
		apic_arm(vcpu_watchdog_ticks(v));
	else if (!vmx_owns_timer(&v->want))
		vmx_vmwrite(VMCS_VMX_PREEMPTION_TIMER_VALUE, vmx_timer_value(vcpu_watchdog_ticks(v)));
}

/*
 * Where interrupts exit, IF does not hold them back (SDM volume 3, 26.2 and 26.3), and none reaches the guest's table.
 * Set it nevertheless: Bochs 2.7 looks at IF alone until the guest changes it.
 */
static uint64_t guest_rflags(void)
{
	bool exits = vmx_field(VMCS_PIN_BASED_VM_EXEC_CONTROL) &
		     VMX_MASK(pin_based_external_interrupt_exiting);

	return RFLAGS_FIXED | (exits ? RFLAGS_IF : 0);
}

static void vmx_start(struct vcpu *v, void (*fn)(void *), void *arg, uint64_t gpr[16])
{
	vmx.lost = vmx_vmptrld(vmx_home_region()) != VMX_OK;
	vmx.late = false;
	vmx_vmwrite(VMCS_GUEST_RIP, (uintptr_t)vmx_guest_start);
	vmx_vmwrite(VMCS_GUEST_RSP, (uintptr_t)vmx_guest_stack_top);
	vmx_vmwrite(VMCS_GUEST_RFLAGS, guest_rflags());
	gpr[7] = (uintptr_t)fn;
	gpr[6] = (uintptr_t)arg;
	gpr[3] = MONITOR_CALL_DONE;
	vmx_fast_exits = VMX_FAST_FIRST;
	vmx_choose_stub(v, v->want.fast.stamps);
	vmx_vpid_flush();
	arm(v);
}

/* Everything that a full exit needs to be judged, out of the VMCS. */
static void read_exit(struct vcpu *v)
{
	uint32_t basic;

	v->instruction_error = 0;
	v->reason = vmx_field(VMCS_VM_EXIT_REASON);
	v->qualification[0] = vmx_field(VMCS_EXIT_QUALIFICATION);
	basic = v->reason & 0xffff;
	if (basic == VMX_REASON_EPT_VIOLATION || basic == VMX_REASON_EPT_MISCONFIG)
		v->qualification[1] = vmx_field(VMCS_GUEST_PHYSICAL_ADDRESS);
}

static bool is_nmi(void)
{
	uint32_t event = (uint32_t)vmx_field(VMCS_VM_EXIT_INTR_INFO);

	return event & VMX_EVENT_VALID && VMX_EVENT_TYPE(event) == VMX_EVENT_NMI;
}

/* Is this exception one of those that the row wants? */
static bool is_asked(const struct vcpu *v)
{
	uint32_t event = (uint32_t)vmx_field(VMCS_VM_EXIT_INTR_INFO);

	return event & VMX_EVENT_VALID && VMX_EVENT_TYPE(event) != VMX_EVENT_NMI &&
	       v->want.intercepted >> (event & 31) & 1;
}

static enum vcpu_exit_kind classify(struct vcpu *v)
{
	if (v->reason & VMX_REASON_ENTRY_FAILED)
		return VCPU_EXIT_FAILED;
	vmx.launched = true;
	switch (v->reason) {
	case VMX_REASON_VMCALL:
		return VCPU_EXIT_CALL;
	case VMX_REASON_PREEMPTION_TIMER:
		return vmx_owns_timer(&v->want) ? VCPU_EXIT_REASON : VCPU_EXIT_WATCHDOG;
	case VMX_REASON_EXTERNAL_INTERRUPT:
		return !vmx.timer && apic_take() ? VCPU_EXIT_WATCHDOG : VCPU_EXIT_REASON;
	case VMX_REASON_EXCEPTION_NMI:
		return is_asked(v) ? VCPU_EXIT_REASON : VCPU_EXIT_UNASKED;
	}
	return VCPU_EXIT_REASON;
}

static enum vcpu_exit_kind vmx_run(struct vcpu *v, uint64_t gpr[16])
{
	enum vcpu_exit_kind kind;
	uint32_t refused;

	if (vmx.stamped)
		vcpu_stamps[1] = tsc_read_last();
	refused = vmx.lost ? VMX_FAIL_INVALID : vmx_enter(gpr, vmx.launched);
	/* The one that brought it to 0 is not done yet. */
	v->monitor->counters.exits += (uint64_t)(vmx_fast_exits - VMX_FAST_FIRST - (vmx_fast_exits == 0));
	vmx_fast_exits = VMX_FAST_FIRST;
	if (refused) {
		v->reason = 0;
		v->instruction_error = refused == VMX_FAIL_VALID ?
					       (uint32_t)vmx_field(VMCS_VM_INSTRUCTION_ERROR) :
					       ~0u;
		return VCPU_EXIT_FAILED;
	}
	vmx.full_exits++;
	read_exit(v);
	/* An NMI's exit leaves NMIs blocked here, whoever asked for it. */
	if (v->reason == VMX_REASON_EXCEPTION_NMI && is_nmi())
		cpu_unblock_nmi();
	kind = classify(v);
	vmx.late = kind == VCPU_EXIT_WATCHDOG;
	if (vmx.late)
		v->monitor->counters.interrupts++;
	return kind;
}

void vmx_tables_restore(void)
{
	__asm__ volatile("lgdt %0\n\tlidt %1" : : "m"(vmx.gdtr), "m"(vmx.idtr));
}

static void vmx_end(struct vcpu *v)
{
	(void)v;
	vmx_tables_restore();
	if (!vmx.timer)
		apic_disarm();
}

static void vmx_skip(struct vcpu *v)
{
	const struct vcpu_fast *fast = &v->want.fast;
	bool given = fast->kind == VCPU_FAST_LENGTH && v->reason == fast->reason;
	uint64_t length = given ? fast->length : vmx_field(VMCS_VM_EXIT_INSTRUCTION_LEN);

	vmx_vmwrite(VMCS_GUEST_RIP, vmx_field(VMCS_GUEST_RIP) + length);
}

static uint64_t watchdog_max(void)
{
	return vmx.timer ? 0xffffffffull << vmx_facts_timer_rate(&vmx.facts) : apic_ticks_max();
}

const struct vcpu_vendor vcpu_vendor_vmx = {
	.name = "vmx",
	.check = vmx_check,
	.on = vmx_on,
	.off = vmx_off,
	.self_test = vmx_self_test,
	.setup = vmx_setup,
	.start = vmx_start,
	.run = vmx_run,
	.end = vmx_end,
	.call = vmx_guest_call,
	.skip = vmx_skip,
	.stamps = vmx_choose_stub,
	.describe = vmx_describe,
	.watchdog_max = watchdog_max,
};

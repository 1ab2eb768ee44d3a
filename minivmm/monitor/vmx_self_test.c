/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmx_self_test.c - the ladder: from entries that must be refused to a guest that must be ended. What a rung relies on
 * the rungs before it have shown; the first that does not hold ends it.
 */
#include "minivmm/monitor/vmx_private.h"
#include "minivmm/monitor/vmx_trip.h"

#define ERROR_HOST_STATE	8u
#define TIMES			64u
#define SPIN_TICKS		(1u << 20)
#define VECTOR_DE		0u
#define VECTOR_UD		6u
#define STRANGE_CALL		0x1234u	/* not one of the monitor's own */

/* A rung: (v) is ready with what (want) says. It says what it saw, and whether that is what must be. */
struct rung {
	const char *step, *expected;
	struct vcpu_want want;
	uint64_t watchdog_ticks;
	bool (*needed)(void); /* NULL: always; false: this processor has nothing to test here */
	bool (*climb)(struct vcpu *v, struct text *observed);
};

static void nothing(void *arg)
{
	(void)arg;
}

/* ---- observed ---- */

static void say_end(struct text *t, const struct vcpu *v, enum vcpu_end end)
{
	if (end == VCPU_DONE)
		text_put(t, "the guest's end");
	else if (end == VCPU_DEADLINE)
		text_put(t, "ended by the watchdog");
	else
		text_put(t, v->fault.what);
}

/* ---- rungs ---- */

static bool bad_host_field(struct vcpu *v, struct text *observed)
{
	vmx_vmwrite(VMCS_HOST_CS_SELECTOR, 0);
	say_end(observed, v, vcpu_call(v, nothing, NULL));
	return v->instruction_error == ERROR_HOST_STATE;
}

/* start() sets RFLAGS, so it is another field of the guest: the reserved bits of its access rights. */
static bool bad_guest_state(struct vcpu *v, struct text *observed)
{
	vmx_vmwrite(VMCS_GUEST_TR_AR_BYTES, 0xf00);
	say_end(observed, v, vcpu_call(v, nothing, NULL));
	return v->reason == (VMX_REASON_INVALID_STATE | VMX_REASON_ENTRY_FAILED);
}

static void call_once(void *arg)
{
	(void)arg;
	vmx_guest_call(STRANGE_CALL);
}

static bool on_call(struct vcpu *v, void *ctx)
{
	unsigned *seen = ctx;

	if (v->reason != VMX_REASON_VMCALL)
		return false;
	++*seen;
	v->monitor->vendor->skip(v);
	return true;
}

static bool one_call(struct vcpu *v, struct text *observed)
{
	unsigned seen = 0;
	enum vcpu_end end;

	v->on_exit = on_call;
	v->on_exit_ctx = &seen;
	end = vcpu_call(v, call_once, NULL);
	text_decimal(observed, seen);
	text_put(observed, " with reason 18, ");
	say_end(observed, v, end);
	return end == VCPU_DONE && seen == 1;
}

/*
 * The stub skips (instruction) without executing it: all 15 registers must be as they were. (wrong): 0, they are.
 */
#define KEEP_REGISTERS(instruction, wrong)                                                                 \
	__asm__ volatile("push %%rbp; push %%rbx\n\t"                                                      \
			 "mov $1, %%eax; mov $2, %%ecx; mov $3, %%edx; mov $4, %%ebx; mov $5, %%ebp\n\t"   \
			 "mov $6, %%esi; mov $7, %%edi; mov $8, %%r8d; mov $9, %%r9d; mov $10, %%r10d\n\t" \
			 "mov $11, %%r11d; mov $12, %%r12d; mov $13, %%r13d; mov $14, %%r14d\n\t"          \
			 "mov $15, %%r15d\n\t" instruction "\n\t"                                          \
			 "sub $1, %%rax; sub $2, %%rcx; sub $3, %%rdx; sub $4, %%rbx; sub $5, %%rbp\n\t"   \
			 "sub $6, %%rsi; sub $7, %%rdi; sub $8, %%r8; sub $9, %%r9; sub $10, %%r10\n\t"    \
			 "sub $11, %%r11; sub $12, %%r12; sub $13, %%r13; sub $14, %%r14\n\t"              \
			 "sub $15, %%r15\n\t"                                                             \
			 "or %%rcx, %%rax; or %%rdx, %%rax; or %%rbx, %%rax; or %%rbp, %%rax\n\t"          \
			 "or %%rsi, %%rax; or %%rdi, %%rax; or %%r8, %%rax; or %%r9, %%rax\n\t"            \
			 "or %%r10, %%rax; or %%r11, %%rax; or %%r12, %%rax; or %%r13, %%rax\n\t"          \
			 "or %%r14, %%rax; or %%r15, %%rax\n\t"                                           \
			 "pop %%rbx; pop %%rbp"                                                            \
			 : "=a"(wrong)                                                                     \
			 :                                                                                 \
			 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",      \
			   "r15", "cc", "memory")

static void cpuids(void *arg)
{
	for (unsigned i = 0; i < TIMES; i++) {
		uint64_t wrong;

		KEEP_REGISTERS("cpuid", wrong);
		*(uint64_t *)arg |= wrong;
	}
}

static void ud2s(void *arg)
{
	for (unsigned i = 0; i < TIMES; i++) {
		uint64_t wrong;

		KEEP_REGISTERS("ud2", wrong);
		*(uint64_t *)arg |= wrong;
	}
}

/* On the fast path all exits but the guest's end are a stub's. */
static bool count(struct vcpu *v, void (*fn)(void *), struct text *observed)
{
	const uint32_t full = vmx.full_exits, expected = v->want.fast.full ? TIMES + 1 : 1;
	struct ring0_counters counters;
	uint64_t wrong = 0;
	enum vcpu_end end;

	monitor_count(v->monitor);
	end = vcpu_call(v, fn, &wrong);
	counters = monitor_count(v->monitor);
	text_decimal(observed, counters.exits);
	text_put(observed, wrong ? " exits, registers changed, " : " exits, all registers kept, ");
	if (vmx.full_exits - full != expected) {
		text_decimal(observed, vmx.full_exits - full);
		text_put(observed, " on the full path, ");
	}
	say_end(observed, v, end);
	return end == VCPU_DONE && counters.exits == TIMES && vmx.full_exits - full == expected && !wrong;
}

static bool count_cpuids(struct vcpu *v, struct text *observed)
{
	return count(v, cpuids, observed);
}

static bool count_ud2s(struct vcpu *v, struct text *observed)
{
	return count(v, ud2s, observed);
}

static void spin(void *arg)
{
	(void)arg;
	for (;;)
		__asm__ volatile("");
}

/* Not before half of what was asked for; later than twice is tried again, and told (as in svm_self_test.c). */
static bool spinning(struct vcpu *v, struct text *observed)
{
	uint64_t start, ticks = 0;
	enum vcpu_end end = VCPU_DEADLINE;

	for (unsigned i = 0; i < MONITOR_TRIES && end == VCPU_DEADLINE; i++) {
		start = tsc_read();
		end = vcpu_call(v, spin, NULL);
		ticks = tsc_read() - start;
		if (ticks <= 2 * v->watchdog_ticks)
			break;
	}
	say_end(observed, v, end);
	if (end != VCPU_DEADLINE || ticks < v->watchdog_ticks / 2 || ticks > 2 * v->watchdog_ticks) {
		text_put(observed, " after ");
		text_decimal(observed, ticks);
		text_put(observed, " ticks, asked for ");
		text_decimal(observed, v->watchdog_ticks);
	}
	return end == VCPU_DEADLINE && ticks >= v->watchdog_ticks / 2;
}

static void undefined(void *arg)
{
	(void)arg;
	__asm__ volatile("ud2");
}

static bool exception(struct vcpu *v, struct text *observed)
{
	enum vcpu_end end = vcpu_call(v, undefined, NULL);

	say_end(observed, v, end);
	return end == VCPU_EXIT && v->fault.vector == VECTOR_UD && !monitor_count(v->monitor).exits;
}

/* ---- what rows in VMX root operation use ---- */

static bool trip_once(struct vcpu *v, uint32_t launched, struct vmx_trip *t, struct text *observed)
{
	uint32_t refused, reason;

	vmx_vmwrite(VMCS_GUEST_RIP, (uintptr_t)vmx_trip_guest);
	refused = vmx_trip(t, launched);
	if (refused) {
		vmx_say_result(observed, refused, (uint32_t)vmx_field(VMCS_VM_INSTRUCTION_ERROR));
		return false;
	}
	vmx_tables_restore();
	reason = (uint32_t)vmx_field(VMCS_VM_EXIT_REASON);
	v->late = reason == VMX_REASON_PREEMPTION_TIMER;
	text_put(observed, "reason ");
	text_decimal(observed, reason & 0xffff);
	return reason == VMX_REASON_VMCALL && t->before < t->guest && t->guest < t->after;
}

static bool stamped(struct vcpu *v, struct text *observed)
{
	struct vmx_trip first, second;

	vmx_vmwrite(VMCS_HOST_RIP, (uintptr_t)vmx_trip_host);
	if (!trip_once(v, 0, &first, observed))
		return false;
	text_put(observed, ", ");
	return trip_once(v, 1, &second, observed) && first.after < second.before;
}

static bool has_ept(void)
{
	return vmx_eptp(0) != 0;
}

static void load_byte(void *arg)
{
	(void)*(const volatile unsigned char *)arg;
}

static bool ept_violation(struct vcpu *v, struct text *observed)
{
	uint64_t at = vmx_page_phys(VMX_PAGE_DATA);
	volatile uint64_t *entry = vmx_ept_entry(0, at);
	enum vcpu_end end;

	if (!entry) {
		text_put(observed, "the page's entry cannot be had");
		return false;
	}
	*entry &= ~EPT_RWX;
	vmx_ept_flush();
	end = vcpu_call(v, load_byte, vmx_page(VMX_PAGE_DATA));
	say_end(observed, v, end);
	return end == VCPU_EXIT && v->reason == VMX_REASON_EPT_VIOLATION && v->qualification[1] == at;
}

#define CPUID_FAST(...) { .fast = { .reason = VMX_REASON_CPUID, __VA_ARGS__ } }

#define UD2_FAST(vector)                                                                 \
	{ .intercepted = 1u << (vector),                                                 \
	  .fast = { .reason = VMX_REASON_EXCEPTION_NMI, .kind = VCPU_FAST_LENGTH, .length = 2 } }

static const struct rung ladder[] = {
	{ .step = "entry with a bad host field", .expected = "VM-instruction error 8", .climb = bad_host_field },
	{ .step = "entry with bad guest state", .expected = "exit reason 33", .climb = bad_guest_state },
	{ .step = "a single VMCALL", .expected = "1 with reason 18, the guest's end", .climb = one_call },
	{ .step = "64 CPUIDs, fast path", .expected = "64 exits, all registers kept, the guest's end",
	  .want = CPUID_FAST(.kind = VCPU_FAST_SKIP), .climb = count_cpuids },
	{ .step = "64 CPUIDs, fast path, given length", .expected = "64 exits, all registers kept, the guest's end",
	  .want = CPUID_FAST(.kind = VCPU_FAST_LENGTH, .length = 2), .climb = count_cpuids },
	{ .step = "64 CPUIDs, fast path with stamps", .expected = "64 exits, all registers kept, the guest's end",
	  .want = CPUID_FAST(.kind = VCPU_FAST_SKIP, .stamps = true), .climb = count_cpuids },
	{ .step = "64 CPUIDs, full path", .expected = "64 exits, all registers kept, the guest's end",
	  .want = CPUID_FAST(.kind = VCPU_FAST_SKIP, .full = true), .climb = count_cpuids },
	{ .step = "64 UD2s, fast path by vector", .expected = "64 exits, all registers kept, the guest's end",
	  .want = UD2_FAST(VECTOR_UD), .climb = count_ud2s },
	{ .step = "a guest that spins", .expected = "ended by the watchdog", .watchdog_ticks = SPIN_TICKS,
	  .climb = spinning },
	{ .step = "UD2, which nobody asked for", .expected = "exit reason 0, vector 6", .climb = exception },
	{ .step = "UD2 where #DE is asked for", .expected = "exit reason 0, vector 6", .want = UD2_FAST(VECTOR_DE),
	  .climb = exception },
	{ .step = "VMLAUNCH and VMRESUME of a guest that stamps", .expected = "reason 18, reason 18",
	  .climb = stamped },
	{ .step = "load from a page that EPT does not map", .expected = "exit reason 48", .needed = has_ept,
	  .climb = ept_violation },
};

/* True: the watchdog ended it, though nothing spins. */
static bool try_once(struct monitor *m, const struct rung *rung, struct ring0_step *step, struct monitor_why *why)
{
	struct text observed = TEXT_OF(step->observed);
	struct vcpu v;

	vcpu_init(&v, m);
	v.watchdog_ticks = rung->watchdog_ticks;
	if (!vcpu_setup(&v, &rung->want, why)) {
		text_put(&observed, why->text);
		return false;
	}
	step->passed = rung->climb(&v, &observed);
	return !step->passed && v.late && rung->climb != spinning;
}

static bool climb(struct monitor *m, const struct rung *rung, struct monitor_why *why)
{
	struct ring0_step step = { .step = rung->step, .expected = rung->expected };
	struct text t = TEXT_OF(why->text);
	bool again = true;

	for (unsigned i = 0; i < MONITOR_TRIES && again; i++)
		again = try_once(m, rung, &step, why);
	m->host->step(m->host->ctx, &step);
	if (step.passed)
		return true;
	why->status = "self-test";
	t.used = 0;
	text_put(&t, rung->step);
	text_put(&t, ": ");
	text_put(&t, step.observed);
	return false;
}

int vmx_self_test(struct monitor *m, struct monitor_why *why)
{
	for (unsigned i = 0; i < sizeof(ladder) / sizeof(ladder[0]); i++)
		if ((!ladder[i].needed || ladder[i].needed()) && !climb(m, &ladder[i], why))
			return -1;
	return 0;
}

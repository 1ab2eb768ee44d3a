/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * svm_self_test.c - the ladder that is climbed before anything is measured: from an entry that must fail to a guest that
 * must be stopped. Each step stands on those before it; the first that does not hold ends it.
 *
 * The bad state is one that every emulator refuses, too: not all of them look at ASID 0 or at the VMRUN intercept.
 */
#include "minivmm/monitor/svm_private.h"

#define CR0_NW		(1ull << 29)
#define CR0_CD		(1ull << 30)
#define CPUIDS		64u
#define CPUID_LENGTH	2
#define SPIN_TICKS	(1u << 20)	/* TSC ticks until the watchdog */

struct step {
	const char *name, *expected;
	/* Runs it with (v), which is set up; what came of it into (t). */
	bool (*run)(struct vcpu *v, struct text *t);
};

/* ---- guests ---- */

static void guest_nothing(void *arg)
{
	(void)arg;
}

static void guest_cpuid(void *arg)
{
	for (unsigned i = 0; i < *(const unsigned *)arg; i++) {
		uint32_t a = 0, b, c = 0, d;

		__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	}
}

static void guest_registers(void *arg)
{
	*(uint64_t *)arg = svm_guest_registers();
}

static void guest_spin(void *arg)
{
	(void)arg;
	for (;;)
		__asm__ volatile("" : : : "memory");
}

static void guest_read(void *arg)
{
	(void)*(volatile uint64_t *)arg;
}

static void guest_ud(void *arg)
{
	(void)arg;
	__asm__ volatile("ud2");
}

/* ---- steps ---- */

static bool is_end(struct vcpu *v, struct text *t, enum vcpu_end end, enum vcpu_end expected)
{
	text_put(t, end == VCPU_DONE ? "the guest returned" : v->fault.what);
	return end == expected;
}

static bool step_bad_state(struct vcpu *v, struct text *t)
{
	svm_guest_vmcb.CR0 = (svm_guest_vmcb.CR0 | CR0_NW) & ~CR0_CD;
	return is_end(v, t, vcpu_call(v, guest_nothing, NULL), VCPU_ENTRY_FAILED) &&
	       v->reason == SVM_EXIT_INVALID;
}

static bool step_call(struct vcpu *v, struct text *t)
{
	enum vcpu_end end = vcpu_call(v, guest_nothing, NULL);

	if (end != VCPU_DONE)
		return is_end(v, t, end, VCPU_DONE);
	text_put(t, "exit ");
	text_hex(t, v->reason);
	return v->reason == SVM_EXIT_VMMCALL;
}

/* A guest whose CPUIDs exit, and are counted. */
static bool cpuid_setup(struct vcpu *v, struct text *t, bool full)
{
	struct vcpu_want want = {
		.fast = { SVM_EXIT_CPUID, VCPU_FAST_SKIP, CPUID_LENGTH, .full = full },
	};
	struct monitor_why why = { "", "" };

	want.svm.intercept[SVM_WORD_cpuid] = 1u << SVM_BIT_cpuid;
	if (vcpu_setup(v, &want, &why))
		return true;
	text_put(t, why.text);
	return false;
}

static bool count_cpuid(struct vcpu *v, struct text *t, bool full)
{
	unsigned n = CPUIDS;
	uint64_t before = v->monitor->counters.exits;
	enum vcpu_end end;

	if (!cpuid_setup(v, t, full))
		return false;
	end = vcpu_call(v, guest_cpuid, &n);
	if (end != VCPU_DONE)
		return is_end(v, t, end, VCPU_DONE);
	text_decimal(t, v->monitor->counters.exits - before);
	text_put(t, " of 64");
	return v->monitor->counters.exits - before == CPUIDS;
}

static bool step_count_fast(struct vcpu *v, struct text *t)
{
	return count_cpuid(v, t, false);
}

static bool step_count_full(struct vcpu *v, struct text *t)
{
	return count_cpuid(v, t, true);
}

/* On the full path, on the fast one, and with stamps. */
static bool step_registers(struct vcpu *v, struct text *t)
{
	for (unsigned i = 0; i < 3; i++) {
		uint64_t lost = ~0ull;
		enum vcpu_end end;

		if (!cpuid_setup(v, t, i == 0))
			return false;
		v->monitor->vendor->stamps(v, i == 2);
		end = vcpu_call(v, guest_registers, &lost);
		if (end != VCPU_DONE)
			return is_end(v, t, end, VCPU_DONE);
		if (lost) {
			text_put(t, "lost bits ");
			text_hex(t, lost);
			return false;
		}
	}
	text_put(t, "all kept");
	return true;
}

/*
 * Not before half of what was asked for. Later than twice it is tried again, and told: whoever the processor is shared
 * with decides how late, and a guest that is ended late is ended.
 */
static bool step_spin(struct vcpu *v, struct text *t)
{
	uint64_t start, ticks = 0;
	enum vcpu_end end = VCPU_DEADLINE;

	v->watchdog_ticks = SPIN_TICKS;
	for (unsigned i = 0; i < MONITOR_TRIES && end == VCPU_DEADLINE; i++) {
		start = tsc_read();
		end = vcpu_call(v, guest_spin, NULL);
		ticks = tsc_read() - start;
		if (ticks <= 2 * SPIN_TICKS)
			break;
	}
	if (end != VCPU_DEADLINE)
		return is_end(v, t, end, VCPU_DEADLINE);
	text_put(t, "ended by the watchdog");
	if (ticks < SPIN_TICKS / 2 || ticks > 2 * SPIN_TICKS) {
		text_put(t, " after ");
		text_decimal(t, ticks);
		text_put(t, " ticks, asked for ");
		text_decimal(t, SPIN_TICKS);
	}
	return ticks >= SPIN_TICKS / 2;
}

static bool step_exception(struct vcpu *v, struct text *t)
{
	return is_end(v, t, vcpu_call(v, guest_ud, NULL), VCPU_EXIT) && v->reason == SVM_EXIT_EXCP_BASE + 6 &&
	       v->fault.vector == 6;
}

/* The nested tables without one page, and as they were. */
static bool step_nested(struct vcpu *v, struct text *t)
{
	static const uint64_t page[512] __attribute__((aligned(4096)));
	volatile uint64_t *entry = svm_npt_entry(svm_phys(page));
	enum vcpu_end end;

	if (!entry) {
		text_put(t, "the page has no nested entry");
		return false;
	}
	*entry &= ~SVM_NPT_PRESENT;
	svm_changed(v);
	end = vcpu_call(v, guest_read, (void *)(uintptr_t)page);
	*entry |= SVM_NPT_PRESENT;
	return is_end(v, t, end, VCPU_EXIT) && v->reason == SVM_EXIT_NPF &&
	       v->qualification[1] >> 12 == svm_phys(page) >> 12;
}

static const struct step ladder[] = {
	{ "entry with CR0.NW but not CD", "VMEXIT_INVALID", step_bad_state },
	{ "one VMMCALL", "exit 0x81", step_call },
	{ "64 CPUIDs counted by the fast path", "64 of 64", step_count_fast },
	{ "64 CPUIDs counted by the full path", "64 of 64", step_count_full },
	{ "the guest's registers", "all kept", step_registers },
	{ "a guest that spins", "ended by the watchdog", step_spin },
	{ "an exception that nobody asked for", "exit 0x46 excp 6", step_exception },
	{ "a page that the nested tables lack", "exit 0x400 npf", step_nested },
};

static void explain(const struct ring0_step *s, struct monitor_why *why)
{
	struct text t = TEXT_OF(why->text);

	why->status = "self-test";
	text_put(&t, s->step);
	text_put(&t, ": expected ");
	text_put(&t, s->expected);
	text_put(&t, ", observed ");
	text_put(&t, s->observed);
}

int svm_self_test(struct monitor *m, struct monitor_why *why)
{
	static const struct vcpu_want none;
	static struct vcpu v;

	vcpu_init(&v, m);
	for (unsigned i = 0; i < sizeof(ladder) / sizeof(ladder[0]); i++) {
		struct ring0_step s = { .step = ladder[i].name, .expected = ladder[i].expected };
		bool again = true;

		if (ladder[i].run == step_nested && !svm_has(SVM_CPUID_np))
			continue;
		for (unsigned k = 0; k < MONITOR_TRIES && again; k++) {
			struct text t = TEXT_OF(s.observed);

			if (!vcpu_setup(&v, &none, why))
				return -1;
			s.passed = ladder[i].run(&v, &t);
			again = !s.passed && v.late && ladder[i].run != step_spin;
		}
		m->host->step(m->host->ctx, &s);
		if (s.passed)
			continue;
		explain(&s, why);
		return -1;
	}
	return 0;
}

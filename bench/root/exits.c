/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exits.c - makes the guest of a row that runs in one: its controls, how its exits go on, its bracket. */
#include "bench/root/exits.h"
#include "minivmm/monitor/svm.h"
#include "minivmm/monitor/vmx.h"

#define CR4_READ(value)	__asm__ volatile("mov %%cr4, %0" : "=r"(value))

/* ---- which exit ---- */

enum {
#define VMX_EXIT(reason, linux_name, name) CODE_VMX_##linux_name = (reason) + 1,
#define SVM_EXIT(first, last, linux_name, name) CODE_SVM_##linux_name = (first) + 1,
#include "arch/x86/exits.def"
#undef VMX_EXIT
#undef SVM_EXIT
	CODE_VMX_NONE = 0,
	CODE_SVM_NONE = 0,
};

/* One more than the code; 0: none. */
static const struct {
	uint16_t op, vmx, svm;
} codes[] = {
#define EXIT_OF(sym, vmx, svm, index) { OP_##sym, CODE_VMX_##vmx, CODE_SVM_##svm + (index) },
#define UNREACHABLE_VMX(linux_name, why)
#define UNREACHABLE_SVM(linux_name, why)
#include "bench/exit_reasons.def"
#undef EXIT_OF
#undef UNREACHABLE_VMX
#undef UNREACHABLE_SVM
};

/* ---- bodies of level M ---- */

#define SYMBOLS_OF_K(body)
#define SYMBOLS_OF_U(body)
#define SYMBOLS_OF_A(body)
#define SYMBOLS_OF_R(body)
#define SYMBOLS_OF_M(body) extern const char exit_##body[], exit_##body##_end[];
#pragma GCC visibility push(hidden)
#define OP(sym, name, body, level, ...) SYMBOLS_OF_##level(body)
#include "bench/ops.def"
#undef OP
#pragma GCC visibility pop

#define CODE_OF_K(sym, body)
#define CODE_OF_U(sym, body)
#define CODE_OF_A(sym, body)
#define CODE_OF_R(sym, body)
#define CODE_OF_M(sym, body) { OP_##sym, exit_##body, exit_##body##_end },
static const struct {
	uint32_t op;
	const char *start, *end;
} monitor_bodies[] = {
#define OP(sym, name, body, level, ...) CODE_OF_##level(sym, body)
#include "bench/ops.def"
#undef OP
};

void exits_row_body(struct row_run *run)
{
	unsigned i = 0;

	while (monitor_bodies[i].op != run->row->op)
		i++;
	run->body.start = monitor_bodies[i].start;
	run->body.end = monitor_bodies[i].end;
	run->body.copies = EXIT_COPIES;
	if (exit_recipe_of(run->row->op)->user)
		run->body.level = BODY_U;
}

/* ---- controls ---- */

static struct exit_work work;

static bool row_calls(struct vcpu *v, void *ctx);

static void want_fast(const struct exit_work *w, struct vcpu_want *want)
{
	static const enum vcpu_fast_kind kinds[] = {
		[EXIT_NOTHING] = VCPU_FAST_NONE,
		[EXIT_INSTRUCTION] = VCPU_FAST_SKIP,
		[EXIT_FAULT] = VCPU_FAST_LENGTH,
		[EXIT_TRAP] = VCPU_FAST_STAY,
		[EXIT_HANDLED] = VCPU_FAST_STAY,
	};
	const struct exit_recipe *r = w->recipe;

	want->fast.kind = kinds[r->how];
	want->fast.reason = w->code;
	want->fast.length = r->length;
	want->fast.full = r->full || r->how == EXIT_HANDLED;
	/* What is a trap with VMX is none with SVM where a length is given. */
	if (!w->vmx && r->how == EXIT_TRAP && r->length)
		want->fast.kind = VCPU_FAST_LENGTH;
}

static void want_controls(const struct exit_work *w, struct vcpu_want *want)
{
	const struct exit_recipe *r = w->recipe;

	want->to_guest = r->to_guest;
	want->intercepted = r->vectors;
	/* The way out of user mode is an exception. */
	if (w->run->body.level == BODY_U)
		want->to_guest |= 1u << VECTOR_UD;
	if (w->vmx) {
		want->vmx.pin = r->pin;
		want->vmx.primary = r->primary;
		want->vmx.secondary = r->secondary;
		want->vmx.tertiary = r->tertiary;
	} else if (r->how != EXIT_NOTHING && w->code < 32 * 6) {
		want->svm.intercept[w->code / 32] |= 1u << w->code % 32;
	}
}

/* The exit of (run) on this vendor. False: it has none. */
static bool find_code(struct exit_work *w)
{
	uint32_t code = 0;

	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].op == w->run->row->op)
			code = w->vmx ? codes[i].vmx : codes[i].svm;
	w->code = code - 1;
	return code || w->recipe->how == EXIT_NOTHING;
}

static bool has_cr4(struct exit_work *w)
{
	uint64_t cr4;

	if (!w->recipe->cr4)
		return true;
	CR4_READ(cr4);
	if (w->vmx && w->recipe->cr4 & ~vmx_facts()->cr4_fixed[1])
		return exit_missing(w, "a bit of CR4 that VMX operation lets be 1");
	guest_set(w, GUEST_CR4, cr4 | w->recipe->cr4);
	return true;
}

bool exits_row_setup(struct row_run *run, struct vcpu *v, struct monitor_why *why)
{
	struct exit_work *w = &work;
	struct vcpu_want want = { .to_guest = 0 };

	*w = (struct exit_work){
		.run = run,
		.v = v,
		.recipe = exit_recipe_of(run->row->op),
		.why = why,
		.vmx = v->monitor->vendor == &vcpu_vendor_vmx,
	};
	if (!find_code(w))
		return exit_missing(w, w->vmx ? "SVM" : "VMX");
	if (w->recipe->feature && !exit_has_feature(w->recipe->feature))
		return exit_missing(w, exit_feature_name(w->recipe->feature));
	want_controls(w, &want);
	want_fast(w, &want);
	v->on_exit = w->recipe->handle || w->recipe->armed ? row_calls : NULL;
	v->on_exit_ctx = w;
	if (!vcpu_setup(v, &want, why) || !has_cr4(w))
		return false;
	if (w->recipe->armed)
		exit_armed_open(w);
	return !w->recipe->open || w->recipe->open(w);
}

void exits_row_close(struct row_run *run, struct vcpu *v)
{
	(void)run;
	if (work.recipe->close)
		work.recipe->close(&work);
	v->on_exit = NULL;
}

bool exits_row_exits(const struct row_run *run)
{
	return run->body.level != BODY_R && exit_recipe_of(run->row->op)->how != EXIT_NOTHING;
}

bool exits_row_splits(const struct row_run *run)
{
	const struct exit_recipe *r = exit_recipe_of(run->row->op);

	return r->how != EXIT_NOTHING && !r->twice && (!r->armed || exit_armed_splits());
}

static bool row_calls(struct vcpu *v, void *ctx)
{
	struct exit_work *w = ctx;

	(void)v;
	return w->recipe->armed ? exit_armed_call(w) : w->recipe->handle(w);
}

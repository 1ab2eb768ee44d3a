/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/exit_reason.h"

#include "minivmm/engine.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Rows of exits.def by name, and what exit_reasons.def says of each. */
enum {
#define VMX_EXIT(reason, linux, name) VMX_##linux = (reason),
#define SVM_EXIT(first, last, linux, name) SVM_##linux = (first),
#include "arch/x86/exits.def"
#undef VMX_EXIT
#undef SVM_EXIT
	VMX_NONE = -1,
	SVM_NONE = -1,
};

struct cause {
	uint32_t op;
	int code[2]; /* by enum exit_vendor; < 0: none */
};

#define EXIT_OF(sym, vmx, svm, index) \
	{ OP_##sym, { VMX_##vmx, SVM_##svm == SVM_NONE ? SVM_NONE : SVM_##svm + (index) } },
#define UNREACHABLE_VMX(linux, why)
#define UNREACHABLE_SVM(linux, why)
static const struct cause causes[] = {
#include "bench/exit_reasons.def"
};
#undef EXIT_OF
#undef UNREACHABLE_VMX
#undef UNREACHABLE_SVM

#define EXIT_OF(sym, vmx, svm, index)
#define UNREACHABLE_VMX(linux, why) { EXIT_VENDOR_VMX, VMX_##linux, why },
#define UNREACHABLE_SVM(linux, why) { EXIT_VENDOR_SVM, SVM_##linux, why },
static const struct {
	enum exit_vendor vendor;
	int code;
	const char *why;
} unreachable[] = {
#include "bench/exit_reasons.def"
};
#undef EXIT_OF
#undef UNREACHABLE_VMX
#undef UNREACHABLE_SVM

const struct exit_reason exit_reasons[] = {
#define VMX_EXIT(reason, linux, name) { EXIT_VENDOR_VMX, reason, reason, #name },
#define SVM_EXIT(first, last, linux, name) { EXIT_VENDOR_SVM, first, last, #name },
#include "arch/x86/exits.def"
#undef VMX_EXIT
#undef SVM_EXIT
};
const size_t n_exit_reasons = COUNT(exit_reasons);

const char *exit_vendor_name(enum exit_vendor v)
{
	return v == EXIT_VENDOR_VMX ? "vmx" : "svm";
}

const char *exit_reason_why(const struct exit_reason *r)
{
	for (size_t i = 0; i < COUNT(unreachable); i++)
		if (unreachable[i].vendor == r->vendor && unreachable[i].code == (int)r->first)
			return unreachable[i].why;
	return NULL;
}

static bool is_of(const struct cause *c, const struct exit_reason *r)
{
	return c->code[r->vendor] >= (int)r->first && c->code[r->vendor] <= (int)r->last;
}

const struct op *exit_reason_op(const struct exit_reason *r, size_t i)
{
	for (size_t n = 0; n < COUNT(causes); n++)
		if (is_of(&causes[n], r) && i-- == 0)
			return &ops[causes[n].op];
	return NULL;
}

static const struct cause *cause_of(const struct op *op)
{
	for (size_t i = 0; i < COUNT(causes); i++)
		if (&ops[causes[i].op] == op)
			return &causes[i];
	return NULL;
}

bool exit_of_op(const struct op *op, enum exit_vendor v, uint32_t *code)
{
	const struct cause *c = cause_of(op);

	if (!c || c->code[v] < 0)
		return false;
	*code = (uint32_t)c->code[v];
	return true;
}

double op_monitor_exits(const struct op *op)
{
	if (op->level == OP_LEVEL_M || op->level == OP_LEVEL_R)
		return op->exits;
	return cause_of(op) ? 1 : 0;
}

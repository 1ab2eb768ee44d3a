/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every exit has operations or a reason, never both, never neither. */
#include <string.h>

#include "bench/exit_reason.h"
#include "minivmm/engine.h"
#include "tests/unit/tap.h"

static void test_every_exit_once(void)
{
	size_t unreachable = 0;

	for (size_t i = 0; i < n_exit_reasons; i++) {
		const struct exit_reason *r = &exit_reasons[i];
		const char *why = exit_reason_why(r);
		bool caused = exit_reason_op(r, 0) != NULL;

		if (caused == (why != NULL))
			tap_note("%s %s: %s", exit_vendor_name(r->vendor), r->name,
				 caused ? "both lists" : "neither list");
		CU_ASSERT(caused != (why != NULL));
		CU_ASSERT(!why || strlen(why) > 20);
		unreachable += why != NULL;
	}
	CU_ASSERT(n_exit_reasons > 130);
	CU_ASSERT(unreachable > 0 && unreachable < n_exit_reasons / 4);
}

/* The table and the catalogue say the same of what an operation can run on. */
static void test_operations_and_vendors(void)
{
	for (size_t i = 0; i < n_ops; i++) {
		const struct op *op = &ops[i];
		uint32_t vmx, svm;
		bool in_vmx = exit_of_op(op, EXIT_VENDOR_VMX, &vmx), in_svm = exit_of_op(op, EXIT_VENDOR_SVM, &svm);

		if (op->level != OP_LEVEL_M) {
			CU_ASSERT(op_monitor_exits(op) == (op->level == OP_LEVEL_R ? op->exits : in_vmx && in_svm));
			CU_ASSERT(in_vmx == in_svm);
			continue;
		}
		if (!in_vmx && !in_svm)
			tap_note("%s causes no exit", op->name);
		CU_ASSERT(in_vmx || in_svm);
		CU_ASSERT(in_svm == !(op->wants & ENGINE_VMX));
		CU_ASSERT(in_vmx == !(op->wants & ENGINE_SVM));
		CU_ASSERT((op->wants & (ENGINE_RING0 | ENGINE_MONITOR)) == (ENGINE_RING0 | ENGINE_MONITOR));
		CU_ASSERT(op_monitor_exits(op) == op->exits && op->exits >= 1);
	}
}

static void test_codes(void)
{
	uint32_t code = 0;

	CU_ASSERT(exit_of_op(op_find("exit.cr3"), EXIT_VENDOR_SVM, &code) && code == 0x13);
	CU_ASSERT(exit_of_op(op_find("exit.cr3"), EXIT_VENDOR_VMX, &code) && code == 28);
	CU_ASSERT(exit_of_op(op_find("exit.exception.pf"), EXIT_VENDOR_SVM, &code) && code == 0x4e);
	CU_ASSERT(!exit_of_op(op_find("cpu.alu.k"), EXIT_VENDOR_VMX, &code));
	CU_ASSERT(!exit_of_op(op_find("exit.rdrand"), EXIT_VENDOR_SVM, &code));
	CU_ASSERT(op_monitor_exits(op_find("nano.in")) == 1);
	CU_ASSERT(op_monitor_exits(op_find("nano.cr8wr")) == 0);
	CU_ASSERT(op_monitor_exits(op_find("exit.cr0-wp")) == 1);
	CU_ASSERT(op_monitor_exits(op_find("exit.mtf")) == 2);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "every exit reason is in exactly one list", test_every_exit_once },
		{ "operations run on the vendors that have their exit", test_operations_and_vendors },
		{ "codes of operations", test_codes },
		{ NULL, NULL },
	};

	return tap_run("exit reasons", tests);
}

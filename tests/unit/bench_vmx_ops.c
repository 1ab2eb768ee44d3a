/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue of VMX: every field of the VMCS has its rows, and they say which. */
#include <stdio.h>
#include <string.h>

#include "arch/x86/facts.h"
#include "bench/op.h"
#include "minivmm/engine.h"
#include "tests/unit/tap.h"

static const struct op *field_op(const char *what, const struct vmcs_field *f)
{
	char name[96];

	snprintf(name, sizeof(name), "vmx.%s.%s", what, f->name);
	return op_find(name);
}

static void test_every_field(void)
{
	static const char *const what[] = { "vmread", "vmwrite", "vmwrite-changed", "deferred" };

	for (size_t i = 0; i < n_vmcs_fields; i++)
		for (size_t k = 0; k < sizeof(what) / sizeof(what[0]); k++) {
			const struct op *op = field_op(what[k], &vmcs_fields[i]);

			CU_ASSERT_PTR_NOT_NULL_FATAL(op);
			CU_ASSERT(op->offset == vmcs_fields[i].encoding && op->length == 0);
			CU_ASSERT(op->level == OP_LEVEL_R && op->wants & ENGINE_VMX);
		}
}

/* Of each width and type that has a field: rows of all forms, and the class in their argument. */
static void test_every_class(void)
{
	static const char *const form[] = { "vmread-mem", "vmread-latency", "vmwrite-mem" };
	static const char *const width[] = { "16", "64", "32", "natural" };
	static const char *const type[] = { "control", "read-only", "guest", "host" };
	char name[96];

	for (size_t i = 0; i < n_vmcs_fields; i++)
		for (size_t k = 0; k < sizeof(form) / sizeof(form[0]); k++) {
			const struct vmcs_field *f = &vmcs_fields[i];
			const struct op *op;

			snprintf(name, sizeof(name), "vmx.%s.%s.%s", form[k], width[f->width], type[f->type]);
			op = op_find(name);
			CU_ASSERT_PTR_NOT_NULL_FATAL(op);
			CU_ASSERT(op->offset == (f->encoding & 0x7c00));
		}
}

/* The row's argument is the error that it must end with. */
static void test_errors(void)
{
	for (size_t i = 0; i < n_ops; i++)
		if (op_matches(&ops[i], "vmx.vmfail.*"))
			CU_ASSERT(vmx_error_name(ops[i].offset) != NULL);
	CU_ASSERT(op_find("vmx.vmfail.vmresume-not-launched")->offset == VMX_ERROR_VMRESUME_NOT_LAUNCHED);
	CU_ASSERT(op_find("vmx.entry-failure.guest-state")->offset == 33);
	CU_ASSERT(strcmp(vmx_exit_name(33), "vm_entry_failure_due_to_invalid_guest_state") == 0);
}

/* Nothing but the host's instructions: exits are stated where an entry is part of it. */
static void test_exits(void)
{
	CU_ASSERT(op_find("vmx.vmclear.dirty")->exits == 0);
	CU_ASSERT(op_find("vmx.vmresume")->exits == 1);
	CU_ASSERT(op_find("vmx.entry.msr-load.64")->exits == 1);
	CU_ASSERT(op_find("vmx.guest.vmfunc.other")->exits == 0);
	CU_ASSERT(op_find("vmx.deferred.GUEST_RIP")->exits == EXITS_VARY);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "every field of the VMCS has its rows", test_every_field },
		{ "every width and type has its rows", test_every_class },
		{ "rows that fail name their error", test_errors },
		{ "rows of VMX state their exits", test_exits },
		{ NULL, NULL },
	};

	return tap_run("operations of VMX", tests);
}

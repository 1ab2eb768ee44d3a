/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine.c - the table of engines and the names that belong to them. */
#include "minivmm/engine.h"

#include <string.h>

const char *const engine_needs_nothing[] = { NULL };

const struct engine_ops *const engines[] = {
	&engine_kvm,
	&engine_tcg,
	&engine_qemu_kvm,
	&engine_native,
	&engine_vmx,
	&engine_svm,
	&engine_exec,
};
const size_t n_engines = sizeof(engines) / sizeof(engines[0]);

const struct engine_ops *engine_find(const char *name)
{
	for (size_t i = 0; i < n_engines; i++)
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	return NULL;
}

const char *provenance_name(enum provenance p)
{
	static const char *const names[] = {
		[PROVENANCE_HARDWARE] = "hardware",
		[PROVENANCE_NESTED] = "nested",
		[PROVENANCE_SOFTWARE] = "software",
		[PROVENANCE_EMULATED] = "emulated",
	};

	return names[p];
}

const char *vm_stop_name(enum vm_stop_kind k)
{
	static const char *const names[] = {
		[VM_STOP_EXIT] = "exit",
		[VM_STOP_FAULT] = "fault",
		[VM_STOP_SHUTDOWN] = "shutdown",
		[VM_STOP_DEADLINE] = "deadline",
		[VM_STOP_HALT] = "halt",
		[VM_STOP_CARRIER] = "carrier",
		[VM_STOP_INTERRUPTED] = "interrupted",
		[VM_STOP_PROTOCOL] = "protocol",
	};

	return names[k];
}

const char *const vm_gpr_names[16] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};

const char *engine_offer_reason(unsigned missing)
{
	static const struct {
		unsigned offer;
		const char *reason;
	} reasons[] = {
		{ ENGINE_RING0, "privileged code cannot run in a process" },
		{ ENGINE_USER_IO, "no VMM in user space answers I/O here" },
		{ ENGINE_KERNEL_PIO, "no in-kernel interrupt controller answers port I/O here" },
		{ ENGINE_HLT_RETURNS, "HLT does not come back without an interrupt here" },
		{ ENGINE_HYPERCALL, "nothing answers a hypercall here" },
		{ ENGINE_MONITOR, "only the project's own monitor (engines vmx and svm) makes and counts this exit" },
		{ ENGINE_VMX, "only the engine vmx executes VMX instructions" },
		{ ENGINE_SVM, "only the engine svm executes SVM instructions" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (missing & reasons[i].offer)
			return reasons[i].reason;
	return "this engine does not offer what the operation needs";
}

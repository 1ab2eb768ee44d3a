/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_fails.c - rows of instructions that fail, and of entries that do. Each is tried once: it must fail as it says. */
#include "bench/root/vmx_rows.h"

#define MSR_SMM_MONITOR_CTL   0x9b
#define MSR_FS_BASE	      0xc0000100 /* may not be in a list of MSRs to load */
#define BAD_FIELD	      0x6bfe	 /* the last index of a type: no field has it */
#define BAD_TYPE	      15
#define AR_UNUSABLE	      0x10000
#define REASON_ENTRY_FAILED   0x80000000u
#define REASON_BAD_GUEST      33u

/* VM-instruction errors of vmx_errors.def that rows cause: OFFSET of ops_vmx.def. */
enum vmx_error {
#define VMX_ERROR(number, name, text) VMX_ERROR_##name = (number),
#include "arch/x86/vmx_errors.def"
#undef VMX_ERROR
};

static const struct vcpu_want nothing; /* beyond the default */

struct attempt {
	struct row_run *run;
	uint32_t error;
};

/* With a launched VMCS an emulator takes the VMCALL for one that would activate an SMM monitor, and refuses that. */
static bool is_expected(uint64_t wanted, uint32_t error)
{
	return error == wanted ||
	       (wanted == VMX_ERROR_VMCALL_IN_ROOT && error == VMX_ERROR_VMCALL_NOT_CLEAR);
}

/* Leaves another error in the field first: what was there before shall not pass for an answer. */
static void attempt(void *arg)
{
	struct attempt *a = arg;
	struct row_run *run = a->run;
	uint64_t value, size = (uint64_t)(run->body.end - run->body.start) / BODY_COPIES;

	if (root_arg(run) == VMX_ERROR_UNSUPPORTED_FIELD)
		vmx_vmclear(vmx_on_region());
	else
		vmx_vmread(BAD_FIELD, &value);
	run->bracket(run->body.end - size, &run->regs);
	a->error = (uint32_t)vmx_field(VMCS_VM_INSTRUCTION_ERROR);
}

/* Calls (close) if the row cannot run. */
static bool must_fail(struct row_run *run, void (*close)(struct row_run *run))
{
	char line[200] = "";
	struct text t = TEXT_OF(line);
	struct attempt a = { run, 0 };
	struct exception_frame f = { .vector = 0 };

	if (!kernel_protect(attempt, &a, &f)) {
		text_put(&t, "the instruction ends with exception ");
		text_decimal(&t, f.vector);
	} else if (!is_expected(root_arg(run), a.error)) {
		text_put(&t, "the instruction ends with ");
		text_put(&t, a.error ? "VM-instruction error " : "no VM-instruction error");
		if (a.error) {
			text_decimal(&t, a.error);
			text_put(&t, ", ");
			text_put(&t, vmx_error_name(a.error));
		}
	} else {
		return true;
	}
	text_put(&t, ", not with error ");
	text_decimal(&t, root_arg(run));
	close(run);
	return root_missing(run, line);
}

/* ---- with the scratch VMCS ---- */

static bool open_operand(struct row_run *run)
{
	if (!scratch_open(run))
		return false;
	run->regs.rsi = (uintptr_t)vmx_operand;
	switch (root_arg(run)) {
	case VMX_ERROR_VMCLEAR_VMXON_POINTER:
	case VMX_ERROR_VMPTRLD_VMXON_POINTER:
	case VMX_ERROR_VMXON_IN_ROOT:
		vmx_operand[0] = vmx_on_region();
		break;
	case VMX_ERROR_VMPTRLD_REVISION:
		region_blank(RING_VMCS);
		*region_words(RING_VMCS) ^= 1;
		vmx_operand[0] = vmx_pool(RING_VMCS);
		break;
	default:
		vmx_operand[0] = vmx_pool(RING_VMCS) + 1;
	}
	return must_fail(run, scratch_close);
}

static void close_operand(struct row_run *run)
{
	*region_words(RING_VMCS) = vmx_facts_revision(vmx_facts());
	scratch_close(run);
}

static bool open_field(struct row_run *run)
{
	bool read_only = root_arg(run) == VMX_ERROR_READ_ONLY_FIELD;

	if (read_only && vmx_can(VMX_CTL_misc_vmwrite_to_any_field))
		return root_missing(run, "needs a read-only field: this processor has misc capability "
					 "vmwrite_to_any_field and writes all");
	if (!scratch_open(run))
		return false;
	run->regs.rcx = read_only ? VMCS_VM_EXIT_REASON : BAD_FIELD;
	return must_fail(run, scratch_close);
}

static bool open_flush(struct row_run *run, enum vmx_ctl control, enum vmx_ctl insn)
{
	if (!row_needs(run, control) || !row_needs(run, insn) || !scratch_open(run))
		return false;
	vmx_operand[0] = vmx_operand[1] = 0;
	run->regs.rsi = (uintptr_t)vmx_operand;
	run->regs.rax = BAD_TYPE;
	return must_fail(run, scratch_close);
}

static bool open_invept(struct row_run *run)
{
	return open_flush(run, VMX_CTL_secondary_enable_ept, VMX_CTL_ept_vpid_invept);
}

static bool open_invvpid(struct row_run *run)
{
	return open_flush(run, VMX_CTL_secondary_enable_vpid, VMX_CTL_ept_vpid_invvpid);
}

/* With an SMM monitor in place VMCALL would wake it. */
static bool open_vmcall(struct row_run *run)
{
	if (msr_or_0(MSR_SMM_MONITOR_CTL) & 1)
		return root_missing(run, "VMCALL would activate the firmware's SMM monitor (IA32_SMM_MONITOR_CTL)");
	return trip_open(run, &nothing, vmx_trip_guest_call) && trip_try(run) && must_fail(run, trip_close);
}

#define SCRATCH_OP(name, body, open_fn, close_fn) \
	const struct root_op root_vmx_fail_##name = { VMX_CODE(body), .open = open_fn, .close = close_fn }
SCRATCH_OP(vmcall, vmcall, open_vmcall, trip_close);
SCRATCH_OP(vmclear, vmclear, open_operand, close_operand);
SCRATCH_OP(vmptrld, vmptrld, open_operand, close_operand);
SCRATCH_OP(vmxon, vmxon, open_operand, close_operand);
SCRATCH_OP(vmread, vmread, open_field, scratch_close);
SCRATCH_OP(vmwrite, vmwrite, open_field, scratch_close);
SCRATCH_OP(invept, invept, open_invept, scratch_close);
SCRATCH_OP(invvpid, invvpid, open_invvpid, scratch_close);

/* ---- entries ---- */

/* A whole guest but for what must fail. Should a processor enter it all the same, the exit finds #UD. */
static bool open_entry(struct row_run *run)
{
	if (!trip_open(run, &nothing, vmx_trip_guest_call))
		return false;
	if (root_arg(run) == VMX_ERROR_VMLAUNCH_NOT_CLEAR && !trip_try(run))
		return false;
	if (root_arg(run) == VMX_ERROR_ENTRY_CONTROL_FIELD)
		vmx_vmwrite(VMCS_PIN_BASED_VM_EXEC_CONTROL, 0xffffffff);
	if (root_arg(run) == VMX_ERROR_ENTRY_HOST_STATE)
		vmx_vmwrite(VMCS_HOST_CS_SELECTOR, 0);
	vmx_vmwrite(VMCS_HOST_RIP, (uintptr_t)vmx_trip_surprise);
	return must_fail(run, trip_close);
}

const struct root_op root_vmx_fail_vmlaunch = { VMX_CODE(vmlaunch), .open = open_entry, .close = trip_close };
const struct root_op root_vmx_fail_vmresume = { VMX_CODE(vmresume), .open = open_entry, .close = trip_close };

/* ---- entries that fail late: with an exit ---- */

static uint64_t failure_shot(struct row_run *run, unsigned copies)
{
	struct vmx_trip t;

	if (!copies)
		return vmx_trip_empty();
	trip_check(run, vmx_trip(&t, 0), (uint32_t)root_arg(run) | REASON_ENTRY_FAILED);
	return t.after - t.before;
}

/* The launch state stays clear: VMLAUNCH each time. */
static bool open_failure(struct row_run *run)
{
	struct vmx_msr_entry *list = vmx_page(VMX_PAGE_ENTRY_MSRS);

	if (!trip_open(run, &nothing, vmx_trip_guest_call))
		return false;
	if (root_arg(run) == REASON_BAD_GUEST) {
		vmx_vmwrite(VMCS_GUEST_TR_AR_BYTES, AR_UNUSABLE);
	} else {
		list[0] = (struct vmx_msr_entry){ .msr = MSR_FS_BASE };
		vmx_vmwrite(VMCS_VM_ENTRY_MSR_LOAD_COUNT, 1);
	}
	run->shot = failure_shot;
	run->one_copy = true;
	return trip_expect(run, (uint32_t)root_arg(run) | REASON_ENTRY_FAILED);
}

const struct root_op root_vmx_entry_failure = { .open = open_failure, .close = trip_close };

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_fields.c - rows of VMREAD and VMWRITE, field by field, and of what a VMWRITE costs the next entry. */
#include "bench/root/vmx_rows.h"

#define CLASS_MASK     0x7c00u /* width and type of an encoding */
#define TYPE_MASK      0x0c00u
#define TYPE_READ_ONLY 0x0400u

#define VMCS_ALWAYS		 { VMX_CTLS, VMX_CTLS }
#define VMCS_IF(group, control) { VMX_CTL_##group##_##control, VMX_CTLS }
#define VMCS_IF_EITHER(group, control, group2, control2) \
	{ VMX_CTL_##group##_##control, VMX_CTL_##group2##_##control2 }

/* In the order of the rows vmx.vmread.*, which have the names. */
static const struct field {
	uint16_t encoding;
	uint16_t gate[2]; /* enum vmx_ctl; VMX_CTLS: none */
} fields[] = {
#define VMCS_FIELD(encoding, name, width, type, gate) { encoding, gate },
#include "arch/x86/vmcs.def"
#undef VMCS_FIELD
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static const struct field *field_of(uint64_t encoding)
{
	for (unsigned i = 0; i < FIELDS; i++)
		if (fields[i].encoding == encoding)
			return &fields[i];
	return NULL;
}

/* "GUEST_RIP", out of "vmx.vmread.GUEST_RIP". */
static const char *field_name(const struct field *f)
{
	const char *name = runner_op_name(OP_VMX_VMREAD_VIRTUAL_PROCESSOR_ID + (uint32_t)(f - fields));

	for (const char *s = name; *s; s++)
		if (*s == '.')
			name = s + 1;
	return name;
}

#define READ_ONLY_FIELD 13 /* VM-instruction error */

/* "HLAT_POINTER: VMREAD fails with VM-instruction error 12; it comes with tertiary control enable_hlat". */
static bool field_missing(struct row_run *run, const struct field *f, const char *insn, enum vmx_result result)
{
	uint64_t error = result == VMX_FAIL_VALID ? vmx_field(VMCS_VM_INSTRUCTION_ERROR) : 0;
	char line[240] = "", gate[96];
	struct text t = TEXT_OF(line);

	text_put(&t, field_name(f));
	text_put(&t, ": ");
	text_put(&t, insn);
	text_put(&t, " fails with ");
	say_result(&t, result);
	if (error == READ_ONLY_FIELD) {
		text_put(&t, "; needs misc capability vmwrite_to_any_field");
		return root_missing(run, line);
	}
	for (unsigned i = 0; i < 2 && f->gate[i] != VMX_CTLS; i++) {
		vmx_ctl_name(f->gate[i], gate, sizeof(gate));
		text_put(&t, i ? " or " : "; it comes with ");
		text_put(&t, gate);
	}
	return root_missing(run, line);
}

static bool try_read(struct row_run *run, const struct field *f, uint64_t *value)
{
	enum vmx_result r = vmx_vmread(f->encoding, value);

	return r == VMX_OK || field_missing(run, f, "VMREAD", r);
}

static bool try_write(struct row_run *run, const struct field *f, uint64_t value)
{
	enum vmx_result r = vmx_vmwrite(f->encoding, value);

	return r == VMX_OK || field_missing(run, f, "VMWRITE", r);
}

/* ---- one field ---- */

static bool open_vmread(struct row_run *run)
{
	const struct field *f = field_of(root_arg(run));
	uint64_t value;

	if (!scratch_open(run))
		return false;
	if (!try_read(run, f, &value)) {
		scratch_close(run);
		return false;
	}
	run->regs.rcx = f->encoding;
	return true;
}

static bool open_writer(struct row_run *run, uint64_t change)
{
	const struct field *f = field_of(root_arg(run));
	uint64_t value;

	if (!scratch_open(run))
		return false;
	if (!try_read(run, f, &value) || !try_write(run, f, value ^ change) || !try_write(run, f, value)) {
		scratch_close(run);
		return false;
	}
	run->regs.rcx = f->encoding;
	run->regs.rax = run->regs.rdi = value;
	run->regs.rdx = change;
	return true;
}

static bool open_vmwrite(struct row_run *run)
{
	return open_writer(run, 0);
}

static bool open_vmwrite_changed(struct row_run *run)
{
	return open_writer(run, 1);
}

const struct root_op root_vmx_vmread = { VMX_CODE(vmread), .open = open_vmread, .close = scratch_close };
const struct root_op root_vmx_vmwrite = { VMX_CODE(vmwrite), .open = open_vmwrite, .close = scratch_close };
const struct root_op root_vmx_vmwrite_changed = {
	VMX_CODE(vmwrite_changed),
	.open = open_vmwrite_changed,
	.close = scratch_close,
};

/* ---- one of each width and type ---- */

/* The first of the class that there is, and that can be written where (writable). */
static const struct field *class_pick(uint64_t class, bool writable, uint64_t *value)
{
	for (unsigned i = 0; i < FIELDS; i++)
		if ((fields[i].encoding & CLASS_MASK) == class &&
		    vmx_vmread(fields[i].encoding, value) == VMX_OK &&
		    (!writable || vmx_vmwrite(fields[i].encoding, *value) == VMX_OK))
			return &fields[i];
	return NULL;
}

static bool class_missing(struct row_run *run, bool writable)
{
	if (writable && (root_arg(run) & TYPE_MASK) == TYPE_READ_ONLY &&
	    !row_needs(run, VMX_CTL_misc_vmwrite_to_any_field))
		return false;
	return root_missing(run, "needs a field of this width and type, which this processor does not have");
}

static bool open_class(struct row_run *run, bool writable)
{
	const struct field *f;
	uint64_t value;

	if (!scratch_open(run))
		return false;
	f = class_pick(root_arg(run), writable, &value);
	if (!f) {
		scratch_close(run);
		return class_missing(run, writable);
	}
	runner_log(run->runner, run->index, field_name(f));
	vmx_operand[0] = value;
	run->regs.rcx = f->encoding;
	run->regs.rsi = (uintptr_t)vmx_operand;
	return true;
}

static bool open_vmread_mem(struct row_run *run)
{
	return open_class(run, false);
}

static bool open_vmread_chain(struct row_run *run)
{
	if (!open_class(run, false))
		return false;
	run->regs.rsi = run->regs.rcx;
	run->regs.rdx = 0;
	return true;
}

static bool open_vmwrite_mem(struct row_run *run)
{
	return open_class(run, true);
}

const struct root_op root_vmx_vmread_mem = {
	VMX_CODE(vmread_mem),
	.open = open_vmread_mem,
	.close = scratch_close,
};
const struct root_op root_vmx_vmread_chain = {
	VMX_CODE(vmread_chain),
	.open = open_vmread_chain,
	.close = scratch_close,
};
const struct root_op root_vmx_vmwrite_mem = {
	VMX_CODE(vmwrite_mem),
	.open = open_vmwrite_mem,
	.close = scratch_close,
};

/* ---- deferred ---- */

/* Both turns read the field, so that they differ by the VMWRITE alone; it is over before the clock starts. */
static uint64_t deferred_shot(struct row_run *run, unsigned copies)
{
	uint64_t field = root_arg(run), value;
	struct vmx_trip t;

	vmx_vmread(field, &value);
	if (copies == 2)
		vmx_vmwrite(field, value);
	trip_run(run, &t, false);
	return t.after - t.before;
}

static bool open_deferred(struct row_run *run)
{
	const struct vcpu_want want = { .to_guest = 0 };
	const struct field *f = field_of(root_arg(run));
	uint64_t value;

	if (!trip_open(run, &want, vmx_trip_guest_call))
		return false;
	if (!try_read(run, f, &value) || !try_write(run, f, value)) {
		trip_close(run);
		return false;
	}
	run->shot = deferred_shot;
	run->pairs = true;
	return trip_try(run);
}

const struct root_op root_vmx_deferred = { .open = open_deferred, .close = trip_close };

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts.h - the hardware facts of the .def files as enums, tables and lookups. Any hosted code may include this.
 *
 * Every name is the manual's and stands once, in its .def row. Pure: nothing here reads a machine.
 */
#ifndef VTSCOPE_ARCH_X86_FACTS_H
#define VTSCOPE_ARCH_X86_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The order of snap_record.regs and of every regs[4]. */
enum cpuid_register { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };
const char *cpuid_register_name(enum cpuid_register r);		/* "eax" ... */

/* CPUID_vmx, CPUID_svm, CPUID_np ... index cpuid_bits[]. */
enum cpuid_id {
#define CPUID_BIT(leaf, subleaf, reg, bit, name, flag, doc) CPUID_##name,
#include "arch/x86/cpuid.def"
#undef CPUID_BIT
	CPUID_BITS,
	CPUID_NONE = CPUID_BITS
};

struct cpuid_bit {
	uint32_t leaf, subleaf;
	enum cpuid_register reg;
	unsigned bit;
	const char *name;
	const char *flag;	/* of /proc/cpuinfo, "" where Linux shows none */
	const char *doc;
};
extern const struct cpuid_bit cpuid_bits[CPUID_BITS];

/* Is (id) set in (regs), the four registers of its leaf and subleaf? */
bool cpuid_bit_in(enum cpuid_id id, const uint32_t regs[4]);

/* A field wider than a bit. */
struct cpuid_field {
	uint32_t leaf, subleaf;		/* CPUID_EVERY: all that the leaf has */
	enum cpuid_register reg;
	unsigned high, low;
	const char *name;
};
#define CPUID_EVERY UINT32_MAX
extern const struct cpuid_field cpuid_fields[];
extern const size_t n_cpuid_fields;

/* Do the tables name every bit of this register that a manual names? */
bool cpuid_register_complete(uint32_t leaf, uint32_t subleaf, enum cpuid_register reg);

/* The row at this place, or NULL. */
const struct cpuid_bit *cpuid_bit_at(uint32_t leaf, uint32_t subleaf, enum cpuid_register reg, unsigned bit);

/* VMX_GROUP_pin_based ... index vmx_groups[]. */
enum vmx_group_id {
#define VMX_GROUP(group, msr, true_msr, form, default1) VMX_GROUP_##group,
#define VMX_CONTROL(group, bit, name)
#include "arch/x86/vmx_controls.def"
#undef VMX_GROUP
#undef VMX_CONTROL
	VMX_GROUPS
};

enum vmx_form {
	VMX_FORM_PAIR,		/* bits 31:0 must be 1, bits 63:32 may be 1 */
	VMX_FORM_ALLOWED1,	/* 64 bits that may be 1 */
	VMX_FORM_CAPABILITY,	/* plain bits */
};

struct vmx_group {
	const char *name;	/* "secondary" */
	uint32_t msr;
	uint32_t true_msr;	/* 0: none */
	enum vmx_form form;
	uint32_t default1;
};
extern const struct vmx_group vmx_groups[VMX_GROUPS];

/* VMX_secondary_enable_ept ... index vmx_controls[]. */
enum vmx_control_id {
#define VMX_GROUP(group, msr, true_msr, form, default1)
#define VMX_CONTROL(group, bit, name) VMX_##group##_##name,
#include "arch/x86/vmx_controls.def"
#undef VMX_GROUP
#undef VMX_CONTROL
	VMX_CONTROLS,
	VMX_CONTROL_NONE = VMX_CONTROLS
};

struct vmx_control {
	enum vmx_group_id group;
	unsigned bit;
	const char *name;	/* unique within its group */
};
extern const struct vmx_control vmx_controls[VMX_CONTROLS];

/* The row of a bit, or NULL. */
const struct vmx_control *vmx_control_at(enum vmx_group_id group, unsigned bit);

/* May (id) be 1 by (value) of its group's MSR? For a capability: is it set? */
bool vmx_control_allowed(enum vmx_control_id id, uint64_t value);

/* MSR numbers: MSR_IA32_FEATURE_CONTROL ... */
enum msr_number {
#define MSR(number, sym, name, gate) MSR_##sym = (number),
#include "arch/x86/msr.def"
#undef MSR
};

enum msr_gate_kind { MSR_GATE_ALWAYS, MSR_GATE_CPUID, MSR_GATE_CONTROL, MSR_GATE_FIELD, MSR_GATE_NEVER };
#define MSR_GATE_MAX 3

/* What must be set before RDMSR: any of (of); for a field (of) is one MSR number and one bit of it. */
struct msr_gate {
	enum msr_gate_kind kind;
	unsigned n;
	unsigned of[MSR_GATE_MAX];	/* enum cpuid_id or enum vmx_control_id, by kind */
};

struct msr_fact {
	uint32_t number;
	const char *name;	/* "IA32_FEATURE_CONTROL" */
	struct msr_gate gate;
};
extern const struct msr_fact msr_facts[];	/* a gate's own MSR stands before those that it opens */
extern const size_t n_msr_facts;

const struct msr_fact *msr_fact_of(uint32_t number);	/* or NULL */

/* MSR_FIELD_IA32_FEATURE_CONTROL_lock ...: bit numbers. */
enum msr_field_bit {
#define MSR_FIELD(sym, bit, name) MSR_FIELD_##sym##_##name = (bit),
#define MSR_RANGE(sym, high, low, name)
#include "arch/x86/msr_fields.def"
#undef MSR_FIELD
#undef MSR_RANGE
};

struct msr_field {
	uint32_t msr;
	unsigned high, low;	/* equal for one bit */
	const char *name;	/* unique within its MSR */
};
extern const struct msr_field msr_fields[];
extern const size_t n_msr_fields;

/* How msr_gate_state() asks for what is known of one CPU. Both return 1: read, 0: not there, -1: cannot be known. */
struct fact_source {
	void *ctx;
	int (*cpuid)(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t regs[4]);
	int (*msr)(void *ctx, uint32_t number, uint64_t *value);
};

/* 1: the MSR exists, 0: it does not (RDMSR would fault), -1: cannot be known. */
int msr_gate_state(const struct msr_fact *m, const struct fact_source *source);

struct kvm_capability {
	unsigned number;
	const char *name;	/* "KVM_CAP_IRQCHIP" */
	const char *doc;
};
extern const struct kvm_capability kvm_capabilities[];
extern const size_t n_kvm_capabilities;

enum model_vendor { MODEL_INTEL, MODEL_AMD, MODEL_HYGON };
enum model_vt { VT_SOME, VT_XEON, VT_ALL };	/* which specimens have VMX or SVM: by SKU, every Xeon, every one */

struct cpu_model {
	enum model_vendor vendor;
	unsigned family, first, last;	/* display family; models, both ends included */
	const char *codename;
	enum model_vt vt;
};
extern const struct cpu_model cpu_models[];
extern const size_t n_cpu_models;

/* The row of a processor by its 12-byte vendor string, or NULL: not known. */
const struct cpu_model *cpu_model_of(const char *vendor, unsigned family, unsigned model);

/* Manual's names of why a guest was left, or NULL. A reason's upper bits (entry failure ...) must be masked off. */
const char *vmx_exit_name(uint32_t basic_reason);
const char *svm_exit_name(uint64_t code);

/* VMCS_GUEST_RIP ...: encodings. */
enum vmcs_encoding {
#define VMCS_FIELD(encoding, name, width, type, gate) VMCS_##name = (encoding),
#include "arch/x86/vmcs.def"
#undef VMCS_FIELD
};

/* As bits 14:13 and 11:10 of an encoding count. */
enum vmcs_width { VMCS_WIDTH_16, VMCS_WIDTH_64, VMCS_WIDTH_32, VMCS_WIDTH_NATURAL };
enum vmcs_type { VMCS_TYPE_CONTROL, VMCS_TYPE_READ_ONLY, VMCS_TYPE_GUEST, VMCS_TYPE_HOST };

static inline enum vmcs_width vmcs_encoding_width(uint32_t encoding)
{
	return (enum vmcs_width)(encoding >> 13 & 3);
}

static inline enum vmcs_type vmcs_encoding_type(uint32_t encoding)
{
	return (enum vmcs_type)(encoding >> 10 & 3);
}

struct vmcs_field {
	uint32_t encoding;
	const char *name;	/* "GUEST_RIP" */
	enum vmcs_width width;
	enum vmcs_type type;
	enum vmx_control_id gate[2];	/* either must be offered; VMX_CONTROL_NONE: nothing known, no second one */
};
extern const struct vmcs_field vmcs_fields[];	/* ascending */
extern const size_t n_vmcs_fields;

/* The field of an encoding, full or high; NULL: none is known. */
const struct vmcs_field *vmcs_field_of(uint32_t encoding);

/* VMX_ERROR_UNSUPPORTED_FIELD ...: VM-instruction error numbers. */
enum vmx_error_number {
#define VMX_ERROR(number, name, text) VMX_ERROR_##name = (number),
#include "arch/x86/vmx_errors.def"
#undef VMX_ERROR
};

/* The manual's text, or NULL. */
const char *vmx_error_name(uint32_t number);

/* VMCB_RIP ...: offsets in the VMCB. */
enum vmcb_offset {
#define VMCB_FIELD(area, offset, bytes, name) VMCB_##name = VMCB_AREA_##area + (offset),
#include "arch/x86/vmcb.def"
};

/* VMCB_BIT_V_IRQ ...: bits of their fields. */
enum vmcb_bit {
#define VMCB_BIT(field, bit, name) VMCB_BIT_##name = (bit),
#include "arch/x86/vmcb.def"
};

enum vmcb_clean {
#define VMCB_CLEAN(bit, name) VMCB_CLEAN_##name = 1 << (bit),
#include "arch/x86/vmcb.def"
};

enum vmcb_tlb {
#define VMCB_TLB(value, name) VMCB_TLB_##name = (value),
#include "arch/x86/vmcb.def"
};

struct vmcb_field {
	uint32_t area;		/* VMCB_AREA_CONTROL, VMCB_AREA_SAVE */
	uint32_t offset, bytes;	/* in the VMCB */
	const char *name;	/* "EXITCODE" */
};
extern const struct vmcb_field vmcb_fields[];	/* ascending */
extern const size_t n_vmcb_fields;

struct svm_intercept {
	uint32_t word, bit;	/* offset of the 32-bit word in the VMCB */
	const char *name;	/* svm_exit_name() of svm_intercept_code() */
};
extern const struct svm_intercept svm_intercepts[];	/* ascending */
extern const size_t n_svm_intercepts;

/* EXITCODE of what the intercept stops. */
static inline uint64_t svm_intercept_code(const struct svm_intercept *i)
{
	return (uint64_t)i->word * 8 + i->bit;
}

#endif

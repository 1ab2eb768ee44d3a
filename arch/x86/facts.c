/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arch/x86/facts.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const struct cpuid_bit cpuid_bits[CPUID_BITS] = {
#define CPUID_BIT(leaf, subleaf, reg, bit, name, flag, doc) \
	{ leaf, subleaf, CPUID_##reg, bit, #name, flag, doc },
#include "arch/x86/cpuid.def"
#undef CPUID_BIT
};

const struct cpuid_field cpuid_fields[] = {
#define CPUID_FIELD(leaf, subleaf, reg, high, low, name) { leaf, subleaf, CPUID_##reg, high, low, #name },
#define CPUID_COMPLETE(leaf, subleaf, reg)
#include "arch/x86/cpuid_fields.def"
#undef CPUID_FIELD
#undef CPUID_COMPLETE
};
const size_t n_cpuid_fields = COUNT(cpuid_fields);

static const struct {
	uint32_t leaf, subleaf;
	enum cpuid_register reg;
} complete[] = {
#define CPUID_FIELD(leaf, subleaf, reg, high, low, name)
#define CPUID_COMPLETE(leaf, subleaf, reg) { leaf, subleaf, CPUID_##reg },
#include "arch/x86/cpuid_fields.def"
#undef CPUID_FIELD
#undef CPUID_COMPLETE
};

const struct vmx_group vmx_groups[VMX_GROUPS] = {
#define VMX_GROUP(group, msr, true_msr, form, default1) \
	{ #group, msr, true_msr, VMX_FORM_##form, default1 },
#define VMX_CONTROL(group, bit, name)
#include "arch/x86/vmx_controls.def"
#undef VMX_GROUP
#undef VMX_CONTROL
};

const struct vmx_control vmx_controls[VMX_CONTROLS] = {
#define VMX_GROUP(group, msr, true_msr, form, default1)
#define VMX_CONTROL(group, bit, name) { VMX_GROUP_##group, bit, #name },
#include "arch/x86/vmx_controls.def"
#undef VMX_GROUP
#undef VMX_CONTROL
};

#define MSR_ALWAYS { MSR_GATE_ALWAYS, 0, { 0 } }
#define MSR_IF_CPUID(a, b, c) \
	{ MSR_GATE_CPUID, 1 + ((b) != CPUID_NONE) + ((c) != CPUID_NONE), { a, b, c } }
#define MSR_IF_CONTROL(a, b) \
	{ MSR_GATE_CONTROL, 1 + ((b) != VMX_CONTROL_NONE), { a, b } }

#define MSR_IF_FIELD(sym, field) { MSR_GATE_FIELD, 2, { MSR_##sym, MSR_FIELD_##sym##_##field } }
#define MSR_NEVER { MSR_GATE_NEVER, 0, { 0 } }

const struct msr_fact msr_facts[] = {
#define MSR(number, sym, name, gate) { number, name, gate },
#include "arch/x86/msr.def"
#undef MSR
};
const size_t n_msr_facts = COUNT(msr_facts);

const struct msr_field msr_fields[] = {
#define MSR_FIELD(sym, bit, name) { (uint32_t)MSR_##sym, bit, bit, #name },
#define MSR_RANGE(sym, high, low, name) { (uint32_t)MSR_##sym, high, low, #name },
#include "arch/x86/msr_fields.def"
#undef MSR_FIELD
#undef MSR_RANGE
};
const size_t n_msr_fields = COUNT(msr_fields);

const struct kvm_capability kvm_capabilities[] = {
#define KVM_CAPABILITY(number, name, doc) { number, "KVM_CAP_" #name, doc },
#include "arch/x86/kvmcaps.def"
#undef KVM_CAPABILITY
};
const size_t n_kvm_capabilities = COUNT(kvm_capabilities);

struct exit_name {
	uint32_t first, last;
	const char *name;
};

static const struct exit_name vmx_exits[] = {
#define VMX_EXIT(reason, linux_name, name) { reason, reason, #name },
#define SVM_EXIT(first, last, linux_name, name)
#include "arch/x86/exits.def"
#undef VMX_EXIT
#undef SVM_EXIT
};

static const struct exit_name svm_exits[] = {
#define VMX_EXIT(reason, linux_name, name)
#define SVM_EXIT(first, last, linux_name, name) { first, last, #name },
#include "arch/x86/exits.def"
#undef VMX_EXIT
#undef SVM_EXIT
};

const char *cpuid_register_name(enum cpuid_register r)
{
	static const char *const names[] = { "eax", "ebx", "ecx", "edx" };

	return names[r];
}

bool cpuid_bit_in(enum cpuid_id id, const uint32_t regs[4])
{
	const struct cpuid_bit *b = &cpuid_bits[id];

	return regs[b->reg] >> b->bit & 1;
}

const struct cpuid_bit *cpuid_bit_at(uint32_t leaf, uint32_t subleaf, enum cpuid_register reg, unsigned bit)
{
	for (size_t i = 0; i < COUNT(cpuid_bits); i++) {
		const struct cpuid_bit *b = &cpuid_bits[i];

		if (b->leaf == leaf && b->subleaf == subleaf && b->reg == reg && b->bit == bit)
			return b;
	}
	return NULL;
}

bool cpuid_register_complete(uint32_t leaf, uint32_t subleaf, enum cpuid_register reg)
{
	for (size_t i = 0; i < COUNT(complete); i++)
		if (complete[i].leaf == leaf && complete[i].subleaf == subleaf && complete[i].reg == reg)
			return true;
	return false;
}

const struct vmx_control *vmx_control_at(enum vmx_group_id group, unsigned bit)
{
	for (size_t i = 0; i < COUNT(vmx_controls); i++)
		if (vmx_controls[i].group == group && vmx_controls[i].bit == bit)
			return &vmx_controls[i];
	return NULL;
}

bool vmx_control_allowed(enum vmx_control_id id, uint64_t value)
{
	const struct vmx_control *c = &vmx_controls[id];
	unsigned bit = c->bit;

	if (vmx_groups[c->group].form == VMX_FORM_PAIR)
		bit += 32;
	return value >> bit & 1;
}

const struct msr_fact *msr_fact_of(uint32_t number)
{
	for (size_t i = 0; i < COUNT(msr_facts); i++)
		if (msr_facts[i].number == number)
			return &msr_facts[i];
	return NULL;
}

static int cpuid_state(enum cpuid_id id, const struct fact_source *source)
{
	uint32_t regs[4];
	int known = source->cpuid(source->ctx, cpuid_bits[id].leaf, cpuid_bits[id].subleaf, regs);

	return known > 0 ? cpuid_bit_in(id, regs) : known;
}

/* The control's own MSR has a gate too: where that is shut the control cannot be 1. */
static int control_state(enum vmx_control_id id, const struct fact_source *source)
{
	uint32_t number = vmx_groups[vmx_controls[id].group].msr;
	int state = msr_gate_state(msr_fact_of(number), source);
	uint64_t value;

	if (state <= 0)
		return state;
	state = source->msr(source->ctx, number, &value);
	return state > 0 ? vmx_control_allowed(id, value) : state;
}

static int field_state(const struct msr_gate *gate, const struct fact_source *source)
{
	int state = msr_gate_state(msr_fact_of(gate->of[0]), source);
	uint64_t value;

	if (state <= 0)
		return state;
	state = source->msr(source->ctx, gate->of[0], &value);
	return state > 0 ? (int)(value >> gate->of[1] & 1) : state;
}

int msr_gate_state(const struct msr_fact *m, const struct fact_source *source)
{
	int state = 0;

	if (m->gate.kind == MSR_GATE_ALWAYS)
		return 1;
	if (m->gate.kind == MSR_GATE_FIELD)
		return field_state(&m->gate, source);
	for (unsigned i = 0; i < m->gate.n; i++) {
		int one = m->gate.kind == MSR_GATE_CPUID ? cpuid_state(m->gate.of[i], source) :
							   control_state(m->gate.of[i], source);

		if (one > 0)
			return 1;
		if (one < 0)
			state = -1;
	}
	return state;
}

static const char *exit_name(const struct exit_name *table, size_t n, uint64_t code)
{
	for (size_t i = 0; i < n; i++)
		if (code >= table[i].first && code <= table[i].last)
			return table[i].name;
	return NULL;
}

const char *vmx_exit_name(uint32_t basic_reason)
{
	return exit_name(vmx_exits, COUNT(vmx_exits), basic_reason);
}

const char *svm_exit_name(uint64_t code)
{
	return exit_name(svm_exits, COUNT(svm_exits), code);
}

const struct cpu_model cpu_models[] = {
#define CPU_MODEL(vendor, family, first, last, codename, vt) { MODEL_##vendor, family, first, last, codename, vt },
#include "arch/x86/models.def"
#undef CPU_MODEL
};
const size_t n_cpu_models = COUNT(cpu_models);

const struct cpu_model *cpu_model_of(const char *vendor, unsigned family, unsigned model)
{
	static const char *const names[] = {
		[MODEL_INTEL] = "GenuineIntel", [MODEL_AMD] = "AuthenticAMD", [MODEL_HYGON] = "HygonGenuine",
	};

	/* Some real parts misspell their maker. */
	if (strcmp(vendor, "GenuineIotel") == 0)
		vendor = names[MODEL_INTEL];
	for (size_t i = 0; i < n_cpu_models; i++) {
		const struct cpu_model *m = &cpu_models[i];

		if (m->family == family && m->first <= model && model <= m->last &&
		    strcmp(names[m->vendor], vendor) == 0)
			return m;
	}
	return NULL;
}

#define VMCS_ALWAYS { VMX_CONTROL_NONE, VMX_CONTROL_NONE }
#define VMCS_IF(group, control) { VMX_##group##_##control, VMX_CONTROL_NONE }
#define VMCS_IF_EITHER(group, control, group2, control2) { VMX_##group##_##control, VMX_##group2##_##control2 }

const struct vmcs_field vmcs_fields[] = {
#define VMCS_FIELD(encoding, name, width, type, gate) \
	{ encoding, #name, VMCS_WIDTH_##width, VMCS_TYPE_##type, gate },
#include "arch/x86/vmcs.def"
#undef VMCS_FIELD
};
const size_t n_vmcs_fields = COUNT(vmcs_fields);

const struct vmcs_field *vmcs_field_of(uint32_t encoding)
{
	uint32_t full = vmcs_encoding_width(encoding) == VMCS_WIDTH_64 ? encoding & ~1u : encoding;

	for (size_t i = 0; i < n_vmcs_fields; i++)
		if (vmcs_fields[i].encoding == full)
			return &vmcs_fields[i];
	return NULL;
}

const char *vmx_error_name(uint32_t number)
{
	static const char *const texts[] = {
#define VMX_ERROR(number, name, text) [number] = text,
#include "arch/x86/vmx_errors.def"
#undef VMX_ERROR
	};

	return number < COUNT(texts) ? texts[number] : NULL;
}

const struct vmcb_field vmcb_fields[] = {
#define VMCB_FIELD(area, offset, bytes, name) { VMCB_AREA_##area, VMCB_AREA_##area + (offset), bytes, #name },
#include "arch/x86/vmcb.def"
};
const size_t n_vmcb_fields = COUNT(vmcb_fields);

const struct svm_intercept svm_intercepts[] = {
#define SVM_INTERCEPT(word, bit, name) { word, bit, #name },
#include "arch/x86/vmcb.def"
};
const size_t n_svm_intercepts = COUNT(svm_intercepts);

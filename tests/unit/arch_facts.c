/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of hardware facts hold together, and agree with the kernel's headers where those know the name. */
#include <stdlib.h>
#include <string.h>

#include <asm/svm.h>
#include <asm/vmx.h>
#include <linux/kvm.h>

#include "arch/x86/platform.h"
#include "common/parse.h"
#include "tests/unit/tap.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What a macro stands for, as text; its own name where no header defines it. */
#define TEXT_OF(x) #x
#define VALUE_OF(x) TEXT_OF(x)

struct header_row {
	const char *name;
	const char *text;
	uint64_t value;
};

/* Compares those that the header knows; it must know at least (least), or the test compares nothing. */
static void compare_with_header(const struct header_row *row, size_t n, size_t least)
{
	size_t compared = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t v;

		if (parse_u64(row[i].text, 0, &v) < 0)
			continue;
		compared++;
		if (v != row[i].value)
			tap_note("%s: header %s, table %#llx", row[i].name, row[i].text,
				 (unsigned long long)row[i].value);
		CU_ASSERT(v == row[i].value);
	}
	CU_ASSERT(compared >= least);
}

static bool is_snake(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n < 64 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == n &&
	       s[0] != '_' && s[n - 1] != '_' && !strstr(s, "__");
}

static void test_cpuid(void)
{
	for (size_t i = 0; i < CPUID_BITS; i++) {
		const struct cpuid_bit *a = &cpuid_bits[i];

		CU_ASSERT(a->bit < 32);
		CU_ASSERT(is_snake(a->name));
		CU_ASSERT(a->doc[0] != 0);
		CU_ASSERT(!a->flag[0] || is_snake(a->flag));
		/* A double row is found at its first place. */
		CU_ASSERT(cpuid_bit_at(a->leaf, a->subleaf, a->reg, a->bit) == a);
		for (size_t j = 0; j < i; j++) {
			const struct cpuid_bit *b = &cpuid_bits[j];

			CU_ASSERT(strcmp(a->name, b->name) != 0);
			CU_ASSERT(!a->flag[0] || strcmp(a->flag, b->flag) != 0);
		}
	}
	for (unsigned bit = 0; bit < 32; bit++) {
		CU_ASSERT(cpuid_bit_at(0x8000000a, 0, CPUID_EDX, bit) != NULL);
		CU_ASSERT(cpuid_bit_at(0x8000001f, 0, CPUID_EAX, bit) != NULL);
	}
	CU_ASSERT(cpuid_bit_at(0x8000000a, 0, CPUID_EDX, 32) == NULL);
}

static void test_cpuid_values(void)
{
	const uint32_t vmx_only[4] = { 0, 0, 1u << 5, 0 }, svm_and_skinit[4] = { 0, 0, 0x1004, 0 };

	CU_ASSERT(cpuid_bit_in(CPUID_vmx, vmx_only));
	CU_ASSERT(!cpuid_bit_in(CPUID_hypervisor, vmx_only));
	CU_ASSERT(cpuid_bit_in(CPUID_svm, svm_and_skinit));
	CU_ASSERT(cpuid_bit_in(CPUID_skinit, svm_and_skinit));
	CU_ASSERT_STRING_EQUAL(cpuid_bits[CPUID_np].flag, "npt");
	CU_ASSERT_STRING_EQUAL(cpuid_register_name(cpuid_bits[CPUID_np].reg), "edx");
}

static void test_controls(void)
{
	for (size_t i = 0; i < VMX_GROUPS; i++) {
		CU_ASSERT(is_snake(vmx_groups[i].name));
		CU_ASSERT(msr_fact_of(vmx_groups[i].msr) != NULL);
		CU_ASSERT(!vmx_groups[i].true_msr || msr_fact_of(vmx_groups[i].true_msr) != NULL);
		CU_ASSERT(vmx_groups[i].form == VMX_FORM_PAIR || !vmx_groups[i].default1);
		for (size_t j = 0; j < i; j++) {
			CU_ASSERT(vmx_groups[i].msr != vmx_groups[j].msr);
			CU_ASSERT(strcmp(vmx_groups[i].name, vmx_groups[j].name) != 0);
		}
	}
	for (size_t i = 0; i < VMX_CONTROLS; i++) {
		const struct vmx_control *a = &vmx_controls[i];
		const struct vmx_group *g = &vmx_groups[a->group];

		CU_ASSERT(is_snake(a->name));
		CU_ASSERT(a->bit < (g->form == VMX_FORM_PAIR ? 32u : 64u));
		for (size_t j = 0; j < i; j++) {
			const struct vmx_control *b = &vmx_controls[j];

			CU_ASSERT(a->group != b->group || a->bit != b->bit);
			CU_ASSERT(a->group != b->group || strcmp(a->name, b->name) != 0);
		}
	}
	CU_ASSERT(vmx_control_allowed(VMX_secondary_enable_ept, 2ull << 32));
	CU_ASSERT(!vmx_control_allowed(VMX_secondary_enable_ept, 2));
	CU_ASSERT(vmx_control_allowed(VMX_ept_vpid_invvpid, 1ull << 32));
	CU_ASSERT(vmx_control_allowed(VMX_tertiary_ipi_virtualization, 1ull << 4));
}

static void test_msrs(void)
{
	for (size_t i = 0; i < n_msr_facts; i++) {
		const struct msr_fact *m = &msr_facts[i];

		CU_ASSERT(msr_fact_of(m->number) == m);
		CU_ASSERT(m->name[0] != 0);
		CU_ASSERT((m->gate.kind == MSR_GATE_ALWAYS || m->gate.kind == MSR_GATE_NEVER) == (m->gate.n == 0));
		CU_ASSERT(m->gate.n <= MSR_GATE_MAX);
		if (m->gate.kind == MSR_GATE_FIELD) {
			CU_ASSERT(msr_fact_of(m->gate.of[0]) != NULL && msr_fact_of(m->gate.of[0]) < m);
			CU_ASSERT(m->gate.of[1] < 64);
			continue;
		}
		for (unsigned k = 0; k < m->gate.n; k++) {
			unsigned of = m->gate.of[k];

			if (m->gate.kind == MSR_GATE_CPUID) {
				CU_ASSERT_FATAL(of < CPUID_BITS);
			} else {
				CU_ASSERT_FATAL(of < VMX_CONTROLS);
				CU_ASSERT(msr_fact_of(vmx_groups[vmx_controls[of].group].msr) < m);
			}
		}
	}
	for (uint32_t number = 0x480; number <= 0x493; number++)
		CU_ASSERT(msr_fact_of(number) != NULL);
	CU_ASSERT(MSR_VM_CR == 0xc0010114);
}

/* A made-up machine: registers of leaf 1, and MSRs 0x480 to 0x493 of which some cannot be read. */
struct machine {
	uint32_t leaf1_ecx;
	uint64_t msr[0x14];
	uint32_t unreadable;	/* bit n: MSR 0x480 + n */
};

static int machine_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
	const struct machine *m = ctx;

	if (leaf != 1 || subleaf != 0)
		return 0;
	memset(regs, 0, 4 * sizeof(regs[0]));
	regs[CPUID_ECX] = m->leaf1_ecx;
	return 1;
}

static int machine_msr(void *ctx, uint32_t number, uint64_t *value)
{
	const struct machine *m = ctx;

	if (number < 0x480 || number > 0x493 || m->unreadable >> (number - 0x480) & 1)
		return -1;
	*value = m->msr[number - 0x480];
	return 1;
}

static void test_gates(void)
{
	struct machine m = { 0 };
	struct fact_source source = { &m, machine_cpuid, machine_msr };

	CU_ASSERT(msr_gate_state(msr_fact_of(MSR_IA32_BIOS_SIGN_ID), &source) == 1);
	CU_ASSERT(msr_gate_state(msr_fact_of(MSR_IA32_VMX_BASIC), &source) == 0);
	CU_ASSERT(msr_gate_state(msr_fact_of(MSR_VM_CR), &source) == 0);
	CU_ASSERT(msr_gate_state(msr_fact_of(MSR_IA32_VMX_EPT_VPID_CAP), &source) == 0);

	m.leaf1_ecx = 1u << 5;
	CU_ASSERT(msr_gate_state(msr_fact_of(MSR_IA32_FEATURE_CONTROL), &source) == 1);
	CU_ASSERT(msr_gate_state(msr_fact_of(MSR_IA32_VMX_PROCBASED_CTLS2), &source) == 0);
	m.msr[2] = 1ull << 63;		/* secondary controls may be on */
	CU_ASSERT(msr_gate_state(msr_fact_of(MSR_IA32_VMX_PROCBASED_CTLS2), &source) == 1);
	CU_ASSERT(msr_gate_state(msr_fact_of(MSR_IA32_VMX_EPT_VPID_CAP), &source) == 0);
	m.msr[0xb] = 1ull << 37;	/* VPID, no EPT */
	CU_ASSERT(msr_gate_state(msr_fact_of(MSR_IA32_VMX_EPT_VPID_CAP), &source) == 1);
	CU_ASSERT(msr_gate_state(msr_fact_of(MSR_IA32_VMX_TRUE_EXIT_CTLS), &source) == 0);
	m.msr[0] = 1ull << 55;
	CU_ASSERT(msr_gate_state(msr_fact_of(MSR_IA32_VMX_TRUE_EXIT_CTLS), &source) == 1);

	/* What opens it cannot be read: unknown, never "not there". */
	m.unreadable = 1u << 2;
	CU_ASSERT(msr_gate_state(msr_fact_of(MSR_IA32_VMX_PROCBASED_CTLS2), &source) == -1);
	CU_ASSERT(msr_gate_state(msr_fact_of(MSR_IA32_VMX_EPT_VPID_CAP), &source) == -1);
}

/* Fields of one MSR, its VMX bits among them, neither overlap nor share a name. */
static void test_msr_fields(void)
{
	for (size_t i = 0; i < n_msr_fields; i++) {
		const struct msr_field *a = &msr_fields[i];

		CU_ASSERT(is_snake(a->name));
		CU_ASSERT(a->low <= a->high && a->high < 64);
		CU_ASSERT(msr_fact_of(a->msr) != NULL);
		for (size_t j = 0; j < i; j++) {
			const struct msr_field *b = &msr_fields[j];

			CU_ASSERT(a->msr != b->msr || strcmp(a->name, b->name) != 0);
			CU_ASSERT(a->msr != b->msr || a->high < b->low || b->high < a->low);
		}
		for (size_t j = 0; j < VMX_CONTROLS; j++) {
			const struct vmx_control *c = &vmx_controls[j];

			CU_ASSERT(vmx_groups[c->group].msr != a->msr || c->bit < a->low || c->bit > a->high);
		}
	}
}

static void test_cpuid_fields(void)
{
	for (size_t i = 0; i < n_cpuid_fields; i++) {
		const struct cpuid_field *a = &cpuid_fields[i];

		CU_ASSERT(is_snake(a->name));
		CU_ASSERT(a->low < a->high && a->high < 32);
		for (size_t j = 0; j < i; j++) {
			const struct cpuid_field *b = &cpuid_fields[j];
			bool same = a->leaf == b->leaf && a->subleaf == b->subleaf && a->reg == b->reg;

			CU_ASSERT(!same || a->high < b->low || b->high < a->low);
			CU_ASSERT(!same || strcmp(a->name, b->name) != 0);
		}
		for (unsigned bit = a->low; bit <= a->high; bit++)
			CU_ASSERT(a->subleaf == CPUID_EVERY ||
				  !cpuid_bit_at(a->leaf, a->subleaf, a->reg, bit));
	}
	CU_ASSERT(cpuid_register_complete(0x8000000a, 0, CPUID_EDX));
	CU_ASSERT(!cpuid_register_complete(1, 0, CPUID_ECX));
}

static void test_hypervisors(void)
{
	for (size_t i = 0; i < n_hypervisors; i++) {
		CU_ASSERT(strlen(hypervisors[i].signature) <= 12);
		CU_ASSERT(hypervisor_of(hypervisors[i].signature) == &hypervisors[i]);
	}
	for (size_t i = 0; i < n_hv_fields; i++) {
		const struct hv_field *a = &hv_fields[i];

		CU_ASSERT(is_snake(a->name));
		CU_ASSERT(a->low <= a->high && a->high < 32 && a->leaf < 0x100);
		for (size_t j = 0; j < i; j++) {
			const struct hv_field *b = &hv_fields[j];

			CU_ASSERT(a->interface != b->interface || a->leaf != b->leaf || a->reg != b->reg ||
				  a->high < b->low || b->high < a->low);
		}
	}
}

static void test_chipsets(void)
{
	for (size_t i = 0; i < n_chipsets; i++) {
		const struct chipset *a = &chipsets[i];

		CU_ASSERT(a->first <= a->last && a->name[0]);
		CU_ASSERT(a->role == CHIPSET_HOST || a->iommu == CHIPSET_IOMMU_UNTOLD);
		for (size_t j = 0; j < i; j++)
			CU_ASSERT(a->vendor != chipsets[j].vendor || a->last < chipsets[j].first ||
				  chipsets[j].last < a->first);
	}
	CU_ASSERT_STRING_EQUAL(chipset_of(0x8086, 0x29b0)->name, "Q35");
	CU_ASSERT_PTR_NULL(chipset_of(0x8086, 0xffff));
}

static void test_early_vt(void)
{
	for (size_t i = 0; i < n_early_vts; i++) {
		const struct early_vt *a = &early_vts[i];

		CU_ASSERT(a->revision[0] && strlen(a->revision) < 64);
		CU_ASSERT((a->signature & ~0x0fff0fffu) == 0);
		/* Months are claimed of parts with VT alone. */
		CU_ASSERT(!a->introduced[0] || (a->vt != EARLY_VT_NO && strlen(a->introduced) == 7));
		for (size_t j = 0; j < i; j++)
			CU_ASSERT(a->signature != early_vts[j].signature || strcmp(a->word[0], early_vts[j].word[0]) ||
				  strcmp(a->word[1], early_vts[j].word[1]) ||
				  strcmp(a->product, early_vts[j].product));
	}
	CU_ASSERT(early_vt_matches(&early_vts[0], "GenuineIntel", 0xf4a, "Intel(R) Pentium(R) 4 CPU 3.60GHz"));
	CU_ASSERT(!early_vt_matches(&early_vts[0], "AuthenticAMD", 0xf4a, "Intel(R) Pentium(R) 4 CPU 3.60GHz"));
}

static void test_kvm_header(void)
{
	static const struct header_row rows[] = {
#define KVM_CAPABILITY(number, name, doc) { #name, VALUE_OF(KVM_CAP_##name), number },
#include "arch/x86/kvmcaps.def"
#undef KVM_CAPABILITY
	};

	compare_with_header(rows, COUNT(rows), 30);
	for (size_t i = 0; i < n_kvm_capabilities; i++)
		for (size_t j = 0; j < i; j++) {
			CU_ASSERT(kvm_capabilities[i].number != kvm_capabilities[j].number);
			CU_ASSERT(strcmp(kvm_capabilities[i].name, kvm_capabilities[j].name) != 0);
		}
}

static void test_vmx_header(void)
{
	static const struct header_row rows[] = {
#define VMX_EXIT(reason, linux_name, name) { #linux_name, VALUE_OF(EXIT_REASON_##linux_name), reason },
#define SVM_EXIT(first, last, linux_name, name)
#include "arch/x86/exits.def"
#undef VMX_EXIT
#undef SVM_EXIT
	};

	compare_with_header(rows, COUNT(rows), 50);
	for (size_t i = 1; i < COUNT(rows); i++)
		CU_ASSERT(rows[i - 1].value < rows[i].value);
	CU_ASSERT_STRING_EQUAL(vmx_exit_name(48), "ept_violation");
	CU_ASSERT(vmx_exit_name(35) == NULL);
	CU_ASSERT(vmx_exit_name(UINT32_MAX) == NULL);
}

static void test_svm_header(void)
{
	static const struct header_row rows[] = {
#define VMX_EXIT(reason, linux_name, name)
#define SVM_EXIT(first, last, linux_name, name) { #linux_name, VALUE_OF(SVM_EXIT_##linux_name), first },
#include "arch/x86/exits.def"
#undef VMX_EXIT
#undef SVM_EXIT
	};
	static const uint64_t ends[] = {
#define VMX_EXIT(reason, linux_name, name)
#define SVM_EXIT(first, last, linux_name, name) last,
#include "arch/x86/exits.def"
#undef VMX_EXIT
#undef SVM_EXIT
	};

	compare_with_header(rows, COUNT(rows), 50);
	for (size_t i = 0; i < COUNT(rows); i++) {
		CU_ASSERT(rows[i].value <= ends[i]);
		CU_ASSERT(i == 0 || ends[i - 1] < rows[i].value);
	}
	CU_ASSERT_STRING_EQUAL(svm_exit_name(0x072), "cpuid");
	CU_ASSERT_STRING_EQUAL(svm_exit_name(0x04e), "excp");
	CU_ASSERT(svm_exit_name(0x300) == NULL);
	CU_ASSERT(svm_exit_name(UINT64_MAX) == NULL);
}

static void test_exit_names(void)
{
	for (uint32_t i = 0; i < 0x500; i++) {
		CU_ASSERT(!vmx_exit_name(i) || is_snake(vmx_exit_name(i)));
		CU_ASSERT(!svm_exit_name(i) || is_snake(svm_exit_name(i)));
	}
}

/* machine_id.codename has 64 bytes. */
static void test_models(void)
{
	for (size_t i = 0; i < n_cpu_models; i++) {
		const struct cpu_model *m = &cpu_models[i];

		CU_ASSERT(m->first <= m->last && m->last <= 0xff);
		CU_ASSERT(strlen(m->codename) > 0 && strlen(m->codename) < 64);
		for (size_t j = 0; j < i; j++) {
			const struct cpu_model *o = &cpu_models[j];

			CU_ASSERT(o->vendor != m->vendor || o->family != m->family || o->last < m->first ||
				  m->last < o->first);
		}
	}
	CU_ASSERT_STRING_EQUAL(cpu_model_of("GenuineIntel", 6, 0xa7)->codename, "Rocket Lake");
	CU_ASSERT_PTR_EQUAL(cpu_model_of("GenuineIotel", 6, 0xa7), cpu_model_of("GenuineIntel", 6, 0xa7));
	CU_ASSERT_STRING_EQUAL(cpu_model_of("AuthenticAMD", 0x19, 0x11)->codename, "Zen 4");
	CU_ASSERT(cpu_model_of("AuthenticAMD", 6, 0xa7) == NULL);
	CU_ASSERT(cpu_model_of("GenuineIntel", 6, 0xfe) == NULL);
}

/* Bits 31:15 and 12 of an encoding are reserved, bit 0 is the high half's. */
static void test_vmcs(void)
{
	CU_ASSERT(n_vmcs_fields > 180);
	for (size_t i = 0; i < n_vmcs_fields; i++) {
		const struct vmcs_field *f = &vmcs_fields[i];

		CU_ASSERT((f->encoding & 0xffff9001) == 0);
		CU_ASSERT(f->width == vmcs_encoding_width(f->encoding));
		CU_ASSERT(f->type == vmcs_encoding_type(f->encoding));
		CU_ASSERT(i == 0 || vmcs_fields[i - 1].encoding < f->encoding);
		CU_ASSERT(vmcs_field_of(f->encoding) == f);
		CU_ASSERT(f->gate[0] != VMX_CONTROL_NONE || f->gate[1] == VMX_CONTROL_NONE);
		for (size_t j = 0; j < i; j++)
			CU_ASSERT(strcmp(f->name, vmcs_fields[j].name) != 0);
	}
}

/* The sections of appendix B have no large holes, and each begins at index 0. */
static void test_vmcs_indices(void)
{
	for (size_t i = 0; i < n_vmcs_fields; i++) {
		uint32_t index = vmcs_fields[i].encoding >> 1 & 0x1ff;
		bool first = i == 0 || vmcs_fields[i].encoding >> 10 != vmcs_fields[i - 1].encoding >> 10;

		CU_ASSERT(first ? index == 0 : index - (vmcs_fields[i - 1].encoding >> 1 & 0x1ff) <= 3);
	}
}

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

/* What a name says of its field: whose it is and how wide. */
static void test_vmcs_names(void)
{
	for (size_t i = 0; i < n_vmcs_fields; i++) {
		const struct vmcs_field *f = &vmcs_fields[i];
		const char *name = f->name;

		CU_ASSERT(starts(name, "HOST_") == (f->type == VMCS_TYPE_HOST));
		if (starts(name, "GUEST_") && !ends(name, "_ADDRESS") && !ends(name, "_SHADOW"))
			CU_ASSERT(f->type == VMCS_TYPE_GUEST);
		if (ends(name, "_SELECTOR"))
			CU_ASSERT(f->width == VMCS_WIDTH_16);
		if (ends(name, "_LIMIT") || ends(name, "_AR_BYTES") || ends(name, "_COUNT"))
			CU_ASSERT(f->width == VMCS_WIDTH_32);
		if (ends(name, "_ADDR") || ends(name, "_PAT") || ends(name, "_EFER") || strstr(name, "_FRED_"))
			CU_ASSERT(f->width == VMCS_WIDTH_64);
		if (ends(name, "S_BASE") || ends(name, "TR_BASE") || strstr(name, "_CR3") || ends(name, "RSP"))
			CU_ASSERT(f->width == VMCS_WIDTH_NATURAL);
	}
	CU_ASSERT(VMCS_GUEST_RIP == 0x681e);
	CU_ASSERT_STRING_EQUAL(vmcs_field_of(0x4402)->name, "VM_EXIT_REASON");
	CU_ASSERT_STRING_EQUAL(vmcs_field_of(0x201b)->name, "EPT_POINTER");
	CU_ASSERT(vmcs_field_of(0x681f) == NULL);
	CU_ASSERT(vmcs_field_of(0x482c) == NULL);
	CU_ASSERT(vmcs_field_of(0x201a)->gate[0] == VMX_secondary_enable_ept);
}

static void test_vmx_errors(void)
{
	for (uint32_t n = 0; n < 40; n++) {
		bool used = n >= 1 && n <= 28 && n != 14 && n != 21 && n != 27;

		CU_ASSERT((vmx_error_name(n) != NULL) == used);
	}
	CU_ASSERT(vmx_error_name(UINT32_MAX) == NULL);
	CU_ASSERT(VMX_ERROR_UNSUPPORTED_FIELD == 12);
	CU_ASSERT_STRING_EQUAL(vmx_error_name(8), "VM entry with invalid host-state field(s)");
}

static void test_vmcb(void)
{
	for (size_t i = 0; i < n_vmcb_fields; i++) {
		const struct vmcb_field *f = &vmcb_fields[i];
		uint32_t end = f->area == VMCB_AREA_CONTROL ? VMCB_AREA_SAVE : VMCB_BYTES;

		CU_ASSERT(f->area == VMCB_AREA_CONTROL || f->area == VMCB_AREA_SAVE);
		CU_ASSERT(f->bytes > 0);
		CU_ASSERT(f->offset >= f->area && f->offset + f->bytes <= end);
		/* Numbers lie where one access reads them. */
		if (f->bytes <= 8)
			CU_ASSERT(f->offset % f->bytes == 0);
		CU_ASSERT(i == 0 || vmcb_fields[i - 1].offset + vmcb_fields[i - 1].bytes <= f->offset);
		for (size_t j = 0; j < i; j++)
			CU_ASSERT(strcmp(f->name, vmcb_fields[j].name) != 0);
	}
	CU_ASSERT(VMCB_EXITCODE == 0x70 && VMCB_NRIP == 0xc8 && VMCB_RAX == 0x5f8 && VMCB_G_PAT == 0x668);
	CU_ASSERT(VMCB_CLEAN_CET == 0x1000 && VMCB_TLB_FLUSH_GUEST == 3 && VMCB_BIT_V_INTR_MASKING == 24);
}

/* A word and a bit are an exit code: the two tables tell the same. */
static void test_intercepts(void)
{
	for (size_t i = 0; i < n_svm_intercepts; i++) {
		const struct svm_intercept *s = &svm_intercepts[i];
		const char *exit = svm_exit_name(svm_intercept_code(s));

		CU_ASSERT(s->word <= 0x14 && s->word % 4 == 0 && s->bit < 32);
		CU_ASSERT(i == 0 || svm_intercept_code(s - 1) < svm_intercept_code(s));
		CU_ASSERT_PTR_NOT_NULL_FATAL(exit);
		if (strcmp(exit, s->name) != 0)
			tap_note("%#x bit %u: exit %s, intercept %s", s->word, s->bit, exit, s->name);
		CU_ASSERT_STRING_EQUAL(exit, s->name);
	}
	/* Every exit below 0xa7 has its bit, ranges their first one. */
	for (uint64_t code = 0; code < 0xa7; code++) {
		const char *exit = svm_exit_name(code);
		size_t found = 0;

		for (size_t i = 0; i < n_svm_intercepts; i++)
			found += exit && strcmp(exit, svm_intercepts[i].name) == 0;
		CU_ASSERT(!exit || found == 1);
	}
}

static const struct tap_test tests[] = {
	{ "CPUID rows are unique, in range and named", test_cpuid },
	{ "CPUID bits are found in registers", test_cpuid_values },
	{ "VMX controls are unique, in range and named", test_controls },
	{ "MSR gates name what exists and stands before them", test_msrs },
	{ "fields of MSRs do not overlap", test_msr_fields },
	{ "fields of CPUID do not overlap", test_cpuid_fields },
	{ "hypervisors and their leaves", test_hypervisors },
	{ "chipsets do not overlap", test_chipsets },
	{ "the first processors with VT", test_early_vt },
	{ "MSR gates open, shut and stay unknown", test_gates },
	{ "KVM capabilities are <linux/kvm.h>'s", test_kvm_header },
	{ "VMX exit reasons are <asm/vmx.h>'s", test_vmx_header },
	{ "SVM exit codes are <asm/svm.h>'s", test_svm_header },
	{ "exit names are snake-case", test_exit_names },
	{ "processor models do not overlap", test_models },
	{ "VMCS encodings tell the width and type of their row", test_vmcs },
	{ "VMCS fields of a section follow each other", test_vmcs_indices },
	{ "VMCS names agree with width and type", test_vmcs_names },
	{ "VM-instruction errors are those of the manual", test_vmx_errors },
	{ "VMCB fields ascend in their areas without overlap", test_vmcb },
	{ "SVM intercepts are exit codes by word and bit", test_intercepts },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("facts", tests);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/checks.h"

#include <string.h>

const struct check *const checks[] = {
	&check_cpu_vmx,
	&check_cpu_svm,
	&check_cpu_uniform,
	&check_cpu_controls,
	&check_cpu_model,
	&check_outer_present,
	&check_outer_exposes,
	&check_outer_tables,
	&check_firmware_vmx,
	&check_firmware_svm,
	&check_firmware_coco,
	&check_kvm_built,
	&check_kvm_driver,
	&check_kvm_hardware,
	&check_kvm_node,
	&check_kvm_device,
	&check_host_free,
	&check_host_in_use,
	&check_kvm_vm,
	&check_kvm_trial,
	&check_kvm_nested,
	&check_kvm_at_load,
	&check_iommu_table,
	&check_iommu_sane,
	&check_iommu_active,
	&check_iommu_remapping,
	&check_iommu_posting,
	&check_iommu_protect,
	&check_iommu_virtual,
	&check_host_container,
	&check_host_lockdown,
	&check_host_secure_boot,
	&check_host_msr,
	&check_host_log,
	&check_tool_qemu,
	&check_tool_gnuplot,
};
const size_t n_checks = sizeof(checks) / sizeof(checks[0]);

const struct check *check_find(const char *id)
{
	for (size_t i = 0; i < n_checks; i++)
		if (strcmp(checks[i]->id, id) == 0)
			return checks[i];
	return NULL;
}

const struct finding *finding_of(const struct findings *f, const char *id)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->row[i].check->id, id) == 0)
			return &f->row[i];
	return NULL;
}

enum answer finding_answer(const struct findings *f, const char *id)
{
	const struct finding *found = finding_of(f, id);

	return found ? found->answer : ANSWER_UNKNOWN;
}

enum grade finding_grade(const struct findings *f, const struct finding *one)
{
	const struct check *c = one->check;

	if (one->answer == ANSWER_NA || c->want == WANT_EITHER)
		return GRADE_FACT;
	if (c->instead && one->answer != ANSWER_YES && finding_answer(f, c->instead) == ANSWER_YES)
		return GRADE_FACT;
	if (one->answer == ANSWER_UNKNOWN)
		return GRADE_DOUBT;
	return (one->answer == ANSWER_YES) == (c->want == WANT_YES) ? GRADE_GOOD : GRADE_BAD;
}

const char *answer_name(enum answer a)
{
	static const char *const names[] = {
		[ANSWER_UNKNOWN] = "unknown",
		[ANSWER_YES] = "yes",
		[ANSWER_NO] = "no",
		[ANSWER_NA] = "n/a",
	};

	return names[a];
}

const char *basis_name(enum basis b)
{
	static const char *const names[] = {
		[BASIS_NONE] = "none", [BASIS_INFERRED] = "inferred", [BASIS_PROVED] = "proved",
	};

	return names[b];
}

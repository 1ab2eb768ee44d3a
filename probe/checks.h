/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * checks.h - the rows of the question table, by the file they stand in. Only
 * probe/checks*.c include this.
 */
#ifndef VTSCOPE_PROBE_CHECKS_H
#define VTSCOPE_PROBE_CHECKS_H

#include "probe/check.h"

/* checks_cpu.c */
extern const struct check check_cpu_vmx, check_cpu_svm, check_cpu_uniform, check_cpu_model;
extern const struct check check_outer_present, check_outer_exposes;
/* checks_vmx.c */
extern const struct check check_cpu_controls;
/* checks_host.c */
extern const struct check check_firmware_vmx, check_firmware_svm, check_host_container,
	check_host_lockdown;
extern const struct check check_tool_qemu, check_tool_gnuplot;
/* checks_system.c */
extern const struct check check_host_in_use, check_kvm_at_load, check_kvm_built, check_host_msr,
	check_host_log, check_host_secure_boot;
/* checks_iommu.c */
extern const struct check check_iommu_table, check_iommu_sane, check_iommu_active, check_iommu_remapping,
	check_iommu_posting, check_iommu_protect, check_iommu_virtual;
/* checks_acpi.c */
extern const struct check check_outer_tables, check_firmware_coco;
/* checks_kvm.c */
extern const struct check check_kvm_driver, check_kvm_hardware, check_kvm_node, check_kvm_device,
	check_host_free;
extern const struct check check_kvm_vm, check_kvm_trial, check_kvm_nested;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * analyse.h - what checks, verdict and renderers ask of a snapshot. Pure. Only probe/ includes this.
 */
#ifndef VTSCOPE_PROBE_ANALYSE_H
#define VTSCOPE_PROBE_ANALYSE_H

#include "arch/x86/facts.h"
#include "common/cpulist.h"
#include "probe/check.h"
#include "probe/verdict.h"

/* ---- findings ---- */

void finding_set(struct finding *out, enum answer a, enum basis b);
void finding_hint(struct finding *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Drops what does not fit: a finding holds EVIDENCE_MAX. */
void finding_evidence(struct finding *out, const char *source, const char *where,
		      const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A read that failed, or was never tried (NULL), as evidence. */
void finding_unread(struct finding *out, const char *source, const char *where,
		    const struct snap_record *r);

/* A step of /dev/kvm that failed, with what its error means there, or that was not tried. */
void finding_step(struct finding *out, const char *where, const char *step, const struct snap_record *r);

/* ---- CPUs ---- */

/* CPUs in two groups, as lists for people ("0-3,8"). */
struct cpu_split {
	size_t n_yes, n_no;
	char yes[64], no[64];
};

/* The CPUs that were swept. The caller frees (out). 0 or -ENOMEM. */
int view_cpus(const struct snapshot *s, struct cpulist *out);

/* 1 and (regs), 0: the CPU has no such leaf, -1: not recorded. */
int view_cpuid(const struct snapshot *s, int cpu, uint32_t leaf, uint32_t sub, uint32_t regs[4]);

/* Which CPUs have (id); those of which it is not known are in neither group. */
void view_bit(const struct snapshot *s, enum cpuid_id id, struct cpu_split *out);
bool view_has(const struct snapshot *s, enum cpuid_id id);	/* any CPU */

/* The CPUs on which reading an MSR gave the same. */
struct msr_group {
	int err;		/* positive errno, 0: value */
	uint64_t value;
	struct cpulist cpus;
};
struct msr_groups {
	struct msr_group *group;	/* owned */
	size_t n;
};
/* The caller frees (out) with view_msr_free(). 0 or -ENOMEM. */
int view_msr(const struct snapshot *s, uint32_t msr, struct msr_groups *out);
void view_msr_free(struct msr_groups *g);

/* ---- text that the kernel wrote ---- */

/* Does (word) stand in (list), words being parted by any of (parts)? */
bool view_word(const char *list, const char *word, const char *parts);
/* Is (name) in the recorded folder (path)? */
bool view_listed(const struct snapshot *s, const char *path, const char *name);
/* The flag in /proc/cpuinfo: yes where every CPU shows it, no where none does, else unknown. */
enum answer view_flag(const struct snapshot *s, const char *flag);
/* The line of the kernel's log in which (pattern) occurs, '*' being anything, into (out). */
bool view_log(const struct snapshot *s, const char *pattern, char *out, size_t size);
/* What tells something in the kernel's log. */
struct log_pattern {
	const char *pattern, *meaning;
};
extern const struct log_pattern log_patterns[];
extern const size_t n_log_patterns;
/* The kernel's version, major * 1000 + minor, or 0. */
unsigned view_kernel(const struct snapshot *s);
/* Was the file there? The first line of it, without its newline, into (out). */
bool view_line(const struct snapshot *s, const char *path, char *out, size_t size);

/* ---- privilege ---- */

#define ROOT_ADDS_MAX 8
/* What was denied and root can read, in words; returns how many. */
size_t root_adds(const struct snapshot *s, const char *out[ROOT_ADDS_MAX]);
/*
 * Why an MSR has no value: "denied" "faulted" "not-loaded" "not-built", "absent" where only
 * this CPU has no device. NULL for 0.
 */
const char *msr_error_name(const struct snapshot *s, int err);
/* Is the msr module there, but not loaded? */
bool msr_module_missing(const struct snapshot *s);

/* ---- derived facts ---- */

struct outer {
	enum answer present;
	enum basis basis;
	char signature[13];	/* "" : none */
	char name[48];		/* "KVM"; "" : none or unknown */
	bool emulated;		/* the processor itself is simulated: its model proves nothing */
};
void outer_identify(const struct snapshot *s, struct outer *out);
/* The cloud that DMI names, or NULL. */
const char *cloud_name(const struct snapshot *s);
/* How the cloud, or else the outer hypervisor, is told to let VT through, as a sentence. */
void outer_hint(const struct snapshot *s, char *out, size_t size);

/* Is the processor's model one of which every specimen has VT? "VMX", "SVM", or NULL: not known. */
const char *model_known_vt(const struct machine_id *m);
/* "AMD EPYC 9354, Zen 4" : for one line. */
void model_describe(const struct machine_id *m, char *out, size_t size);

enum firmware_state { FIRMWARE_UNKNOWN, FIRMWARE_ENABLED, FIRMWARE_DISABLED, FIRMWARE_KERNEL_LOCKED,
		      FIRMWARE_SMX_ONLY, FIRMWARE_UNLOCKED, FIRMWARE_INCONSISTENT, FIRMWARE_NA };
/* (out) gets the evidence; answer, basis and hint are set from the state. */
enum firmware_state firmware_vmx(const struct snapshot *s, struct finding *out);
enum firmware_state firmware_svm(const struct snapshot *s, struct finding *out);
const char *firmware_name(enum firmware_state f);
/* Where the switch is in this maker's firmware set-up, as sentences. */
void firmware_menu(const struct snapshot *s, bool intel, char *out, size_t size);

/* Does the administrator's configuration keep a kernel module out? */
bool module_kept_out(const struct snapshot *s, const char *module);
enum kvm_backend backend_identify(const struct snapshot *s);
/* "ok" "no-node" "denied" "no-driver" "busy" "unknown" */
const char *device_state(const struct snapshot *s, const struct findings *f);
/* Other hypervisors that run here or whose modules are loaded, "" or "vboxdrv, vmmon". */
void holders_list(const struct snapshot *s, char *out, size_t size);
/* "docker", "podman" ..., or NULL. */
const char *container_kind(const struct snapshot *s);
/* How this container is given /dev/kvm, as a sentence. */
const char *container_hint(const struct snapshot *s);
/* Does this run in a user namespace, where root is somebody else outside? */
bool in_user_namespace(const struct snapshot *s);
/* Does Xen run this system? Its first guest may see VT's bits, but not use them. */
bool under_xen(const struct snapshot *s);

#endif

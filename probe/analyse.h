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
/* Has any CPU it? Where CPUID was not recorded, by the flag that every CPU shows in /proc/cpuinfo. */
bool view_has(const struct snapshot *s, enum cpuid_id id);

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

/* What one CPU answers to a question. */
enum cpu_known { CPU_VALUE, CPU_ABSENT, CPU_FAILED, CPU_NOT_RECORDED };
struct cpu_value {
	enum cpu_known known;
	uint64_t value, more;	/* 0 where they mean nothing */
};
typedef enum cpu_known cpu_ask(void *ctx, const struct snapshot *s, int cpu, struct cpu_value *out);

/* The CPUs that answered alike, by what is known and then by value. */
struct cpu_group {
	struct cpu_value v;
	struct cpulist cpus;
};
struct cpu_groups {
	struct cpu_group *group;	/* owned */
	size_t n;
};
/*
 * Asks every swept CPU. Those that a record says nothing about are left out where it says something about
 * others: dumps list many registers of one CPU only. The caller frees (out) with view_groups_free(). 0 or -ENOMEM.
 */
int view_groups(const struct snapshot *s, cpu_ask *ask, void *ctx, struct cpu_groups *out);
void view_groups_free(struct cpu_groups *g);

#define ANSWERS (ANSWER_NA + 1)
/* CPUs by their answer. Freed with split_free(). */
struct answer_split {
	struct cpulist of[ANSWERS];
};
void split_add(struct answer_split *split, enum answer a, const struct cpulist *cpus);
/* Of the machine: no where any CPU says no, yes where all say yes. */
enum answer split_all(const struct answer_split *split);
bool split_differs(const struct answer_split *split);
void split_free(struct answer_split *split);

/* ---- VMX ---- */

/* 1: the MSR exists on (cpu) by its gate, 0: it does not, -1: not known. */
int view_msr_exists(const struct snapshot *s, int cpu, uint32_t msr);
/* Is a control or capability there on (cpu)? An MSR that its gate says does not exist is a no. */
enum answer view_control(const struct snapshot *s, int cpu, enum vmx_control_id id);

/* What people ask for, made of controls and capabilities. */
struct vmx_feature {
	const char *name;
	const char *flag;		/* of "vmx flags" in /proc/cpuinfo; "": none says just this */
	enum vmx_control_id all[4];	/* every one of these */
	unsigned n_all;
	enum vmx_control_id any[2];	/* and one of these, where there are any */
	unsigned n_any;
};
extern const struct vmx_feature vmx_features[];
extern const size_t n_vmx_features;

/* The CPUs that have the same VMX capabilities, for vmx_feature_split(). As view_groups(). */
int vmx_classes(const struct snapshot *s, struct cpu_groups *out);
/* Which CPUs have the feature, by the MSRs; CPUs of which they cannot be known are unknown. */
void vmx_feature_split(const struct snapshot *s, const struct vmx_feature *f, const struct cpu_groups *classes,
		       struct answer_split *out);
/* Have all CPUs the feature? By their split, else by what Linux shows to everybody. (supported): cpu.vmx's answer. */
enum answer vmx_feature_answer(const struct snapshot *s, enum answer supported, const struct vmx_feature *f,
			       const struct answer_split *split);

/* ---- text that the kernel wrote ---- */

/* Does (word) stand in (list), words being parted by any of (parts)? */
bool view_word(const char *list, const char *word, const char *parts);
/* Is (name) in the recorded folder (path)? */
bool view_listed(const struct snapshot *s, const char *path, const char *name);
/* Is the module loaded, or part of the kernel? Where modules are not known, no is no answer. */
bool view_module(const struct snapshot *s, const char *name);
bool view_modules_known(const struct snapshot *s);
/*
 * Is (option), "CONFIG_X", set in the kernel's configuration? Unknown where it was not recorded, or does not say.
 * (line), when not NULL, gets where the answer stands: "CONFIG_X=m" or "CONFIG_X is not set", up to the newline.
 */
enum answer view_config(const struct snapshot *s, const char *option, const char **line);
/* The flag in /proc/cpuinfo: yes where every CPU shows it, no where none does, else unknown. */
enum answer view_flag(const struct snapshot *s, const char *flag);
/* The line of the kernel's log in which (pattern) occurs, '*' being anything, into (out). */
bool view_log(const struct snapshot *s, const char *pattern, char *out, size_t size);
/*
 * Where the kernel's line begins in one that /dev/kmsg gave, "6,339,5140900,-;text", or journalctl -k, "... HOST kernel:
 * text"; (line) itself where nothing stands before it.
 */
const char *log_line(const char *line, const char *end);
/* Where the message begins in "<6>[ 0.1] text", where more than one bracket may stand; or NULL. */
const char *log_message(const char *line, const char *end);
/* Does a message of the kernel's begin with a word of those that speak of virtualization? */
bool log_is_kept(const char *line, size_t len);
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
/*
 * Is this the guest that runs the machine for its hypervisor, and sees its devices: Hyper-V's
 * root partition, Xen's dom0? NA under no such hypervisor.
 */
enum answer outer_root(const struct snapshot *s);
/*
 * Does Xen keep VT from this system? Paravirtual guests, dom0 first, may see its bits on the
 * processor, but cannot use them. The others are like any guest.
 */
bool xen_keeps_vt(const struct snapshot *s);
/* What to do then, as a sentence. */
const char *xen_hint(const struct snapshot *s);
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

/* The module that this processor's VT needs, or NULL. */
const char *vt_module(const struct snapshot *s);
/* Why no driver serves KVM: evidence and hint. */
void hint_no_driver(const struct snapshot *s, const struct findings *f, struct finding *out);
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
#endif

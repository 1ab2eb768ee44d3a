/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * collect_private.h - the collectors, one a source. Only probe/collect*.c include this.
 *
 * Each returns 0 or -ENOMEM; whatever cannot be read becomes a record with its errno.
 */
#ifndef VTSCOPE_PROBE_COLLECT_PRIVATE_H
#define VTSCOPE_PROBE_COLLECT_PRIVATE_H

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>

#include "common/cpulist.h"
#include "probe/collect.h"

int collect_files(struct snapshot *s);
int collect_rights(struct snapshot *s);
int collect_modules(struct snapshot *s);
/* ACPI tables, units and groups; collect_files() calls it. */
int collect_iommu(struct snapshot *s);
int collect_log(struct snapshot *s);
int collect_msrs(struct snapshot *s, const struct cpulist *online);
int collect_pci(struct snapshot *s);
int collect_pci_names(struct snapshot *s);
/* Groups, drivers, virtual functions, ACS: after collect_files() and collect_pci(). */
int collect_passthrough(struct snapshot *s);
int collect_kvm(struct snapshot *s, bool run_guest);
int collect_tools(struct snapshot *s);

/*
 * Where (path) is: in the folder that stands for / where the snapshot names one, else (path)
 * itself. 0 or -errno; -EXDEV: a link leads out of that folder, to this machine's own files.
 */
int collect_path(const struct snapshot *s, const char *path, char out[PATH_MAX]);
/*
 * Is that no answer? A file that a copy of a machine lacks may have been there: "never tried".
 */
bool collect_missing(const struct snapshot *s, int err);
/* As file_read(). In a copy only plain files are opened: a device there would be this machine's. */
int collect_read(const struct snapshot *s, const char *path, size_t max, struct buf *out);

/* One file as a record: its text or blob, or the errno. More than (max) bytes is EFBIG. */
int collect_file(struct snapshot *s, enum snap_kind kind, const char *path, size_t max);
/* The sorted entry names of a folder as a record. */
int collect_dir(struct snapshot *s, const char *path);

/* The CPUs that are online, as the snapshot says it, else those that this process may run on. */
int collect_online(const struct snapshot *s, struct cpulist *out);

/* Does the verdict on processors like this need no more than the leaves that tell VT and names? By leaves 0 and 1. */
bool cpuid_brief_will_do(const uint32_t leaf0[4], const uint32_t leaf1[4]);
/* Is (leaf) one of them? Its sub-leaf 0. (lowest): on the CPU that stands for all. */
bool cpuid_brief_has(uint32_t leaf, bool lowest);

/* The sweep of CPUID over all CPUs, beside what else is collected. */
struct cpuid_sweep {
	const struct cpulist *online;	/* borrowed until the end */
	int busy;			/* the CPU that the starter ran on */
	bool brief;
	struct snapshot records;
	pthread_t thread;
	bool running;
	int rc;
};
void cpuid_sweep_start(struct cpuid_sweep *sweep, const struct cpulist *online, bool brief);
/* Waits for it and moves its records to (s). Must follow a start. 0 or -ENOMEM. */
int cpuid_sweep_finish(struct cpuid_sweep *sweep, struct snapshot *s);

/*
 * The trial guest in (vm), with its deadline: adds the records "memory", "create_vcpu",
 * "run" as far as it comes.
 */
int collect_trial(struct snapshot *s, int kvm, int vm);

#endif

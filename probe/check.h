/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - the question table: rows of id, question, pure evaluation, hint. probe/, minivmm/,
 * bench/, cli/ include this.
 */
#ifndef VTSCOPE_PROBE_CHECK_H
#define VTSCOPE_PROBE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "probe/snapshot.h"

enum answer { ANSWER_UNKNOWN, ANSWER_YES, ANSWER_NO, ANSWER_NA };
enum basis { BASIS_NONE, BASIS_INFERRED, BASIS_PROVED };

struct evidence {
	char source[32];	/* "cpuid", "msr", "file", "ioctl" ... */
	char where[96];		/* "leaf 1 ecx bit 5, cpu 0-3", a path ... */
	char value[160];
};

#define EVIDENCE_MAX 6

struct findings;

/* One answered question. */
struct finding {
	const struct check *check;
	enum answer answer;
	enum basis basis;
	struct evidence evidence[EVIDENCE_MAX];
	size_t n_evidence;
	char hint[400];		/* what to do; empty when there is nothing to do */
};

/* The answer that is good news. */
enum wanted { WANT_YES, WANT_NO, WANT_EITHER };

/* What an answer means to whoever wants to run guests. */
enum grade { GRADE_GOOD, GRADE_BAD, GRADE_DOUBT, GRADE_FACT };

struct check {
	const char *id;		/* "cpu.vmx" */
	const char *question;	/* "Does the processor have VMX?" */
	const char *explain;	/* a paragraph for --explain: what is read, what each answer means */
	enum wanted want;
	bool optional;		/* guests run without it */
	const char *instead;	/* id of a check whose yes does as well, or NULL */
	/* Pure. Fills answer, basis, evidence, hint; earlier findings: finding_answer(). */
	void (*eval)(const struct snapshot *s, const struct findings *so_far, struct finding *out);
};

/* The table, in evaluation order. Ids that engines and operations use in their needs:
 * cpu.vmx cpu.svm kvm.device kvm.vm kvm.trial tool.qemu tool.gnuplot */
extern const struct check *const checks[];
extern const size_t n_checks;

const struct check *check_find(const char *id);

struct findings {
	struct finding *row;	/* owned, parallel to checks[] up to n */
	size_t n;
};

/* The finding of (id), or NULL: not evaluated (yet), or no such check. */
const struct finding *finding_of(const struct findings *f, const char *id);
/* Its answer, UNKNOWN when there is none. */
enum answer finding_answer(const struct findings *f, const char *id);
enum grade finding_grade(const struct findings *f, const struct finding *one);
const char *answer_name(enum answer a);	/* "yes" "no" "unknown" "n/a" */
const char *basis_name(enum basis b);

#endif

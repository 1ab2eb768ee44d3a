/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor.h - is this machine quiet enough to measure on? A table of checks over a snapshot and a look at its counters.
 * bench/ and cli/ include this.
 *
 * PASS and WARN need evidence. What cannot be seen from here (a virtual machine sees nothing of its host's clock
 * frequency) is UNKNOWN, never a warning. Nothing is changed.
 */
#ifndef VTSCOPE_PROBE_DOCTOR_H
#define VTSCOPE_PROBE_DOCTOR_H

#include <jansson.h>

#include "common/buf.h"
#include "common/err.h"
#include "probe/snapshot.h"
#include "probe/verdict.h"

enum doctor_state { DOCTOR_UNKNOWN, DOCTOR_PASS, DOCTOR_WARN, DOCTOR_STATES };
const char *doctor_state_name(enum doctor_state s);	/* "unknown" "pass" "warn" */

struct doctor_view;
struct doctor_finding;

struct doctor_check {
	const char *id;		/* "cpu.governor" */
	const char *question;	/* "Does the clock frequency stay at its maximum?" */
	const char *why;	/* why it matters, a sentence or two */
	unsigned weight;	/* what a warning takes from the score */
	/* Pure. Fills state, seen, fix. */
	void (*eval)(const struct doctor_view *v, struct doctor_finding *out);
};
extern const struct doctor_check *const doctor_checks[];
extern const size_t n_doctor_checks;

struct doctor_finding {
	const struct doctor_check *check;
	enum doctor_state state;
	char seen[240];		/* what was seen, or why nothing could be */
	char fix[300];		/* WARN: the command that changes it; empty where there is none */
};

struct doctor {
	struct doctor_finding *row; size_t n;	/* owned, parallel to doctor_checks[] */
	unsigned score;		/* 100 less the weights of all warnings, at least 0 */
	size_t count[DOCTOR_STATES];
	int cpu;		/* to measure on */
	double seconds;		/* that the counters were watched; 0: they were not */
};

/*
 * Reads what the checks need into (look), which is empty: files, then counters twice, (seconds) apart. (cpu): to
 * measure on. 0 or -ENOMEM; -EINTR when the user asked to stop meanwhile. probe/collect_look.c.
 */
int doctor_look(struct snapshot *look, int cpu, double seconds, struct err *e);

/* Pure. (machine) is what probe reads of it. 0 or -ENOMEM. */
int doctor_judge(struct doctor *d, const struct snapshot *machine, const struct snapshot *look);
void doctor_free(struct doctor *d);

/* {"score", "findings"}: what a result holds of it. NULL: out of memory. */
json_t *doctor_json(const struct doctor *d);
/* The whole "vtscope.doctor/1" document. */
json_t *doctor_document(const struct doctor *d);
void doctor_text(const struct doctor *d, const struct render_style *st, struct buf *out);
void doctor_tap(const struct doctor *d, struct buf *out);

#endif

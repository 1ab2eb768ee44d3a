/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine.h - look at the machine that vtscope runs on. Only cli/ includes this.
 */
#ifndef VTSCOPE_CLI_MACHINE_H
#define VTSCOPE_CLI_MACHINE_H

#include <stdbool.h>

#include "common/err.h"
#include "probe/verdict.h"

/* A machine that was looked at: what was read, and what that means. */
struct machine {
	struct snapshot snapshot;
	struct verdict verdict;
};

/*
 * Collects and judges; (run_guest): with the trial guest, (brief): only for the verdict, no record is kept or shown.
 * 0 or -errno; to be freed in every case.
 */
int machine_look(struct machine *m, bool run_guest, bool brief, struct err *e);
void machine_free(struct machine *m);

/*
 * What the doctor says of it, for a result: its counters are watched for a quarter of a second. (cpu): to measure on.
 * (score): of 100; untouched where NULL is returned: it could not be asked, or the user wants to stop.
 */
json_t *machine_doctor(const struct machine *m, int cpu, unsigned *score);

#endif

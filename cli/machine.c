/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/machine.h"

#include <errno.h>
#include <string.h>

#include "probe/collect.h"
#include "probe/doctor.h"

#define LOOK_FOR 0.25	/* seconds */

int machine_look(struct machine *m, bool run_guest, bool brief, struct err *e)
{
	const struct collect_options collect = { .run_guest = run_guest, .brief = brief };
	int rc;

	memset(m, 0, sizeof(*m));
	snapshot_init(&m->snapshot);
	rc = collect_live(&m->snapshot, &collect, e);
	if (rc == 0 && verdict_make(&m->verdict, &m->snapshot) < 0)
		rc = err_set(e, ENOMEM, "out of memory");
	return rc;
}

void machine_free(struct machine *m)
{
	verdict_free(&m->verdict);
	snapshot_free(&m->snapshot);
}

json_t *machine_doctor(const struct machine *m, int cpu, unsigned *score)
{
	struct snapshot look;
	struct doctor d = { 0 };
	json_t *found = NULL;
	struct err e;

	snapshot_init(&look);
	if (doctor_look(&look, cpu, LOOK_FOR, &e) == 0 && doctor_judge(&d, &m->snapshot, &look) == 0) {
		found = doctor_json(&d);
		*score = d.score;
	}
	doctor_free(&d);
	snapshot_free(&look);
	return found;
}

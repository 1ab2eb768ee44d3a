/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_fixture.h - result sets made by hand, for the report's tests. Only those include this.
 */
#ifndef VTSCOPE_TESTS_UNIT_REPORT_FIXTURE_H
#define VTSCOPE_TESTS_UNIT_REPORT_FIXTURE_H

#include "bench/result.h"

/*
 * "raw": two rows with samples, single and differenced
 * "rich": four engines, nearly all operations, 0.3 to 5 million cycles, skips, failures, flags
 * "minimal": one row, nothing known of the machine
 * "native": one engine
 * "emulated": a processor that was simulated beside one that was not
 * "hostile": every string is an attack on some document
 * "empty": every row was skipped
 * "monitor": what the boot image brought from a machine: native and vmx, hundreds of rows, splits, a lossy capture
 * "monitor-emulated": the same of a simulated processor
 * Ends the program when there is no such fixture or no memory.
 */
void fixture_make(struct result_set *r, const char *name);
extern const char *const fixture_names[];	/* NULL-terminated */

/* What the hostile fixture's strings hold; none may reach a document as it is. */
extern const char hostile_markup[];
extern const char hostile_shell[];

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* monitor.h - tables of what the project's own monitor measured, a lane at a time. Only report/ includes this. */
#ifndef VTSCOPE_REPORT_MONITOR_H
#define VTSCOPE_REPORT_MONITOR_H

#include "report/doc.h"

#define MONITOR_SPLIT_WORDS \
	"An exit in its parts, by stamps at the monitor's two ends: from the guest to the monitor, in it, and back. Together " \
	"they are the round trip in its bracket, and the stamps."

/* The next row from (*at) on that (lane) has, and its result; NULL: no more. */
const struct result *monitor_next(const struct series *s, size_t lane, size_t *at, const struct series_row **row);
/* Each puts a table out, nothing where the lane has nothing of it. */
void monitor_splits(struct doc *d, size_t lane);
void monitor_root(struct doc *d, size_t lane);
void monitor_sweeps(struct doc *d, size_t lane);
/* Native, hardware VMM, software VMM: in cycles, or of what was emulated. Two of the three must be there. */
void monitor_paper(struct doc *d, bool cycles);

#endif

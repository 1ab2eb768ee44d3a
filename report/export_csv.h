/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * export_csv.h - cells of a CSV document. Only report/export_csv*.c include this.
 */
#ifndef VTSCOPE_REPORT_EXPORT_CSV_H
#define VTSCOPE_REPORT_EXPORT_CSV_H

#include "report/export_private.h"

/* Each with what follows it: a comma, or (last) the end of the line. */
void csv_text(struct buf *out, const char *s, bool last);
void csv_number(struct buf *out, double v, bool last);	/* an empty cell for NAN */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.h - the sentences that every report carries: flags, and how to read it. Only
 * report/ includes this.
 */
#ifndef VTSCOPE_REPORT_EXPLAIN_H
#define VTSCOPE_REPORT_EXPLAIN_H

#include <stddef.h>

const char *explain_flag(unsigned bit_index);	/* of enum result_flag; never NULL */
const char *explain_reading(size_t i);		/* paragraph (i), NULL behind the last */

#endif

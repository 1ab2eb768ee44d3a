/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * result_file.h - a result where a user names one: a file of bench, or a report in HTML that holds it. Only cli/
 * includes this.
 */
#ifndef VTSCOPE_CLI_RESULT_FILE_H
#define VTSCOPE_CLI_RESULT_FILE_H

#include "bench/result.h"
#include "common/err.h"

/* Fills (r) from (path), "-" is standard input. 0 or -errno with (path) and what is wrong; (r) is empty then. */
int result_file_load(struct result_set *r, const char *path, struct err *e);

#endif

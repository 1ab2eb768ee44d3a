/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_table.h - what `bench` prints of a plan and of a result. Only cli/ includes this.
 */
#ifndef VTSCOPE_CLI_BENCH_TABLE_H
#define VTSCOPE_CLI_BENCH_TABLE_H

#include "bench/plan.h"
#include "cli/cmd.h"
#include "common/buf.h"

void bench_result_table(const struct result_set *r, const struct cli *cli, struct buf *out);
void bench_plan_table(const struct plan *p, struct buf *out);
/*
 * What failed and what was skipped, on stderr: for who does not see the table. Failures also with -q. (who) is put before
 * each line.
 */
void bench_left_tell(const struct result_set *set, const char *who, struct cli *cli);

#endif

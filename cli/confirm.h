/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * confirm.h - what a comparison calls a regression, measured once more. Only cli/ includes this.
 */
#ifndef VTSCOPE_CLI_CONFIRM_H
#define VTSCOPE_CLI_CONFIRM_H

#include "bench/compare.h"
#include "cli/cmd.h"

/*
 * Measures the rows of (c) that are regressions again, here and now, with as many launches, and compares that with (a):
 * a regression that does not show again becomes inconclusive, one that shows is confirmed, and one that cannot be measured
 * again here stays what it is, with the reason. (b): a result of side B; where it is of another machine that holds of all.
 * (c) is to be written in any case. 0, or the exit status of having been interrupted.
 */
int confirm_regressions(struct cli *cli, struct comparison *c, const struct result_set *const *a, size_t na,
			const struct result_set *b, const struct compare_options *o);

#endif

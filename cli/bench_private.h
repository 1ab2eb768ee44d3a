/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_private.h - what the tables of a measurement share. Only cli/bench_*.c include this. */
#ifndef VTSCOPE_CLI_BENCH_PRIVATE_H
#define VTSCOPE_CLI_BENCH_PRIVATE_H

#include "bench/op.h"
#include "bench/result.h"
#include "cli/cmd.h"
#include "common/buf.h"

#define NUMBER_WIDTH 10
#define SPREAD_WIDTH 19

/* ---- bench_numbers.c ---- */

/* At least three significant digits in at most nine columns. */
void number_text(double v, char out[24]);
void number_put(struct buf *out, double v);
/* The interval, or where none exists the range. */
void spread_put(struct buf *out, const struct result *r);

bool result_counted(const struct result *r);	/* in instructions: of an emulator */

/*
 * A sweep gives hundreds of rows (vmx.vmread.FIELD.FORM): a family, those with the first two names in common, that is
 * larger than this is one line on a terminal. The document has them all.
 */
#define FAMILY_SHOWN 16

struct family { char name[80]; size_t n; double least, most; unsigned flags; bool differenced; };

size_t family_length(const char *op);	/* of "vmx.vmread" in "vmx.vmread.GUEST_RIP"; 0: none */
bool family_has(const char *op, const char *other, size_t length);
/* How many of (r)'s family, engine and unit there are; is (r) the first of them? */
size_t family_count(const struct result_set *set, const struct result *r);
bool family_first(const struct result_set *set, const struct result *r);
void family_sum_up(const struct result_set *set, const struct result *r, struct family *f);

/* ---- bench_counted.c, bench_left.c ---- */

/* Rows whose clock counts instructions, in a table of their own: that is no cost. */
void counted_put(const struct result_set *set, const struct cli *cli, struct buf *out);
/* What failed and what was skipped. */
void left_put(const struct result_set *set, struct buf *out);

/* ---- bench_table.c ---- */

/* Letters of the flags, and 'd' for differenced, in (out). */
void marks_text(unsigned flags, bool differenced, char out[16]);
void marks_legend(unsigned flags, bool differenced, struct buf *out);

#endif

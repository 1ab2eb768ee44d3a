/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * op.h - the operation catalogue as a table. bench/, report/ (read-only) and cli/ include this.
 */
#ifndef VTSCOPE_BENCH_OP_H
#define VTSCOPE_BENCH_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/op_flags.h"

enum op_level { OP_LEVEL_K, OP_LEVEL_U, OP_LEVEL_A, OP_LEVEL_R, OP_LEVEL_M };

struct op {
	const char *name;	/* "exit.cpuid" */
	enum op_level level;
	uint32_t wants;		/* ENGINE_* | OPF_* */
	uint32_t inner;		/* operations per execution of the body, >= 1 */
	double exits;		/* per operation under VT with nested paging; EXITS_VARY: not stated */
	uint32_t offset, length;	/* in the arena; length 0: offset is the row's argument (a VMCS field) */
	const char *summary, *start, *stop;
};

extern const struct op ops[];	/* indexed by op number */
extern const size_t n_ops;

const struct op *op_find(const char *name);	/* NULL: no such operation */
bool op_matches(const struct op *op, const char *glob);
/*
 * VM exits per operation in a guest of the project's own monitor (engines vmx and svm), where each row has the controls
 * that make it exit: exact. EXITS_VARY: not stated (rows of level R leave their guests themselves).
 */
double op_monitor_exits(const struct op *op);
/* "nano", "exit", "cpu", "mem": the part before the first dot, in (out). */
void op_group(const struct op *op, char out[16]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bodies.c - the code of each row of ops.def. */
#include "bench/guest/runner.h"

/* What an engine must offer is the planner's concern: of WANTS only OPF_* matter here. */
enum {
	ENGINE_RING0 = 0,
	ENGINE_USER_IO = 0,
	ENGINE_KERNEL_PIO = 0,
	ENGINE_HLT_RETURNS = 0,
	ENGINE_HYPERCALL = 0,
};

#pragma GCC visibility push(hidden)
#define OP(sym, name, body, ...) extern const char op_##body[], op_##body##_end[];
#include "bench/ops.def"
#undef OP
#pragma GCC visibility pop

#define OP(sym, name, body, level, wants, ...) \
	[OP_##sym] = { op_##body, op_##body##_end, BODY_##level, wants },
const struct body bodies[OP_COUNT] = {
#include "bench/ops.def"
};
#undef OP

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
	ENGINE_MONITOR = 0,
	ENGINE_VMX = 0,
	ENGINE_SVM = 0,
};

/* Rows of level R and M have no body here: bench/root/ knows them. */
#define SYMBOLS_OF_K(body) extern const char op_##body[], op_##body##_end[];
#define SYMBOLS_OF_U(body) SYMBOLS_OF_K(body)
#define SYMBOLS_OF_A(body) SYMBOLS_OF_K(body)
#define SYMBOLS_OF_R(body)
#define SYMBOLS_OF_M(body)

#pragma GCC visibility push(hidden)
#define OP(sym, name, body, level, ...) SYMBOLS_OF_##level(body)
#include "bench/ops.def"
#undef OP
#pragma GCC visibility pop

#define CODE_OF_K(body) op_##body, op_##body##_end
#define CODE_OF_U(body) CODE_OF_K(body)
#define CODE_OF_A(body) CODE_OF_K(body)
#define CODE_OF_R(body) NULL, NULL
#define CODE_OF_M(body) NULL, NULL

#define OP(sym, name, body, level, wants, ...) \
	[OP_##sym] = { CODE_OF_##level(body), BODY_##level, wants, BODY_COPIES },
const struct body bodies[OP_COUNT] = {
#include "bench/ops.def"
};
#undef OP

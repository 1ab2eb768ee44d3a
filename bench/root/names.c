/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.c - the catalogue, as the image needs it: names for people, pieces of the arena for rows. */
#include "bench/guest/runner.h"

/* WANTS, of which only these decide here; the host's planner knows more (minivmm/engine.h). */
enum {
	ENGINE_RING0 = 0,
	ENGINE_USER_IO = 0,
	ENGINE_KERNEL_PIO = 0,
	ENGINE_HLT_RETURNS = 1 << 16,
	ENGINE_HYPERCALL = 1 << 17,
	ENGINE_MONITOR = 1 << 18,
	ENGINE_VMX = 1 << 19,
	ENGINE_SVM = 1 << 20,
};

#define OP(sym, name, ...) [OP_##sym] = name,
static const char *const names[OP_COUNT] = {
#include "bench/ops.def"
};
#undef OP

#define OP(sym, name, body, level, wants, inner, exits, offset, length, ...) [OP_##sym] = { offset, length },
static const uint32_t pieces[OP_COUNT][2] = {
#include "bench/ops.def"
};
#undef OP

#define OP(sym, name, body, level, wants, ...) [OP_##sym] = wants,
static const uint32_t wants[OP_COUNT] = {
#include "bench/ops.def"
};
#undef OP

bool runner_op_fits(uint32_t op, enum ring0_engine engine)
{
	static const uint32_t has[] = {
		[RING0_NATIVE] = 0,
		[RING0_VMX] = ENGINE_HLT_RETURNS | ENGINE_HYPERCALL | ENGINE_MONITOR | ENGINE_VMX,
		[RING0_SVM] = ENGINE_HLT_RETURNS | ENGINE_HYPERCALL | ENGINE_MONITOR | ENGINE_SVM,
	};
	const uint32_t known = has[RING0_VMX] | has[RING0_SVM];

	return op < OP_COUNT && !(wants[op] & known & ~has[engine]);
}

const char *runner_op_name(uint32_t op)
{
	return op < OP_COUNT ? names[op] : NULL;
}

void runner_op_piece(uint32_t op, uint64_t arg[2])
{
	arg[0] = op < OP_COUNT ? pieces[op][0] : 0;
	arg[1] = op < OP_COUNT ? pieces[op][1] : 0;
}

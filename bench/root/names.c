/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.c - the catalogue, as the image needs it: names for people, pieces of the arena for rows. */
#include "bench/guest/runner.h"

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

const char *runner_op_name(uint32_t op)
{
	return op < OP_COUNT ? names[op] : NULL;
}

void runner_op_piece(uint32_t op, uint64_t arg[2])
{
	arg[0] = op < OP_COUNT ? pieces[op][0] : 0;
	arg[1] = op < OP_COUNT ? pieces[op][1] : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ops.c - the rows of level R, by number. */
#include "bench/root/root.h"


#define DECLARE_K(body)
#define DECLARE_U(body)
#define DECLARE_A(body)
#define DECLARE_M(body)
#define DECLARE_R(body) extern const struct root_op root_##body;
#define OP(sym, name, body, level, ...) DECLARE_##level(body)
#pragma GCC visibility push(hidden)
#include "bench/ops.def"
#pragma GCC visibility pop
#undef OP

#define ROW_K(sym, body)
#define ROW_U(sym, body)
#define ROW_A(sym, body)
#define ROW_M(sym, body)
#define ROW_R(sym, body) [OP_##sym] = &root_##body,
#define OP(sym, name, body, level, ...) ROW_##level(sym, body)
static const struct root_op *const root_ops[OP_COUNT] = {
#include "bench/ops.def"
};
#undef OP

const struct root_op *root_op_of(uint32_t op)
{
	return op < OP_COUNT ? root_ops[op] : NULL;
}

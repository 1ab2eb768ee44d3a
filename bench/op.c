/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/op.h"

#include <fnmatch.h>
#include <string.h>

#include "minivmm/engine.h"

#define K OP_LEVEL_K
#define U OP_LEVEL_U
#define A OP_LEVEL_A
#define R OP_LEVEL_R
#define M OP_LEVEL_M

const struct op ops[] = {
#define OP(sym, name_, body, level_, wants_, inner_, exits_, offset_, length_, summary_, start_, stop_) \
	[OP_##sym] = { .name = name_, .level = level_, .wants = wants_, .inner = inner_, .exits = exits_, \
		       .offset = offset_, .length = length_, .summary = summary_, .start = start_, .stop = stop_ },
#include "bench/ops.def"
#undef OP
};
const size_t n_ops = OP_COUNT;

const struct op *op_find(const char *name)
{
	size_t i;

	for (i = 0; i < n_ops; i++)
		if (!strcmp(ops[i].name, name))
			return &ops[i];
	return NULL;
}

bool op_matches(const struct op *op, const char *glob)
{
	return !fnmatch(glob, op->name, 0);
}

void op_group(const struct op *op, char out[16])
{
	size_t n = strcspn(op->name, ".");

	if (n > 15)
		n = 15;
	memcpy(out, op->name, n);
	out[n] = 0;
}

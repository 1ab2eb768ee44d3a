/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * op_flags.h - op numbers and flags. Included by bench/ and by the freestanding runner: macros and an enum only.
 */
#ifndef VTSCOPE_BENCH_OP_FLAGS_H
#define VTSCOPE_BENCH_OP_FLAGS_H

/* Beside ENGINE_* in the WANTS column. */
#define OPF_PROCESS	0x100	/* unprivileged: may run in process as well */
#define OPF_PAGES_2M	0x200	/* over the 2 MiB view of the arena */
#define OPF_CHAIN	0x400	/* its piece of the arena is a pointer chain that the host prepares */

#define EXITS_VARY	(-1)	/* depends on controls and backend */

#ifndef __ASSEMBLER__
enum op_number {
#define OP(sym, ...) OP_##sym,
#include "bench/ops.def"
#undef OP
	OP_COUNT
};
#endif

#endif

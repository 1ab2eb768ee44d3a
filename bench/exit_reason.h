/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exit_reason.h - every reason to leave a guest, and which operations cause it. bench/ and cli/ include this.
 */
#ifndef VTSCOPE_BENCH_EXIT_REASON_H
#define VTSCOPE_BENCH_EXIT_REASON_H

#include "bench/op.h"

enum exit_vendor { EXIT_VENDOR_VMX, EXIT_VENDOR_SVM };

struct exit_reason {
	enum exit_vendor vendor;
	uint32_t first, last;	/* basic exit reason, or exit codes: a range counts registers or vectors */
	const char *name;	/* the manual's: "control_register_accesses" */
};

/* All rows of arch/x86/exits.def, in its order. */
extern const struct exit_reason exit_reasons[];
extern const size_t n_exit_reasons;

const char *exit_vendor_name(enum exit_vendor v);	/* "vmx" "svm" */
/* Why no operation causes (r); NULL: some do. */
const char *exit_reason_why(const struct exit_reason *r);
/* The (i)th operation that causes (r), from 0; NULL: there are no more. */
const struct op *exit_reason_op(const struct exit_reason *r, size_t i);
/* The basic exit reason or exit code that (op) causes. False: none of this vendor. */
bool exit_of_op(const struct op *op, enum exit_vendor v, uint32_t *code);

#endif

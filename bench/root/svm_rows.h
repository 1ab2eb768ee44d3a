/* SPDX-License-Identifier: GPL-2.0-or-later */
/* svm_rows.h - what the rows of an SVM host share, and the seam to svm_ops.S. Only bench/root/svm_* includes this. */
#ifndef VTSCOPE_BENCH_ROOT_SVM_ROWS_H
#define VTSCOPE_BENCH_ROOT_SVM_ROWS_H

/* Offsets in struct svm_trip. */
#define TRIP_BEFORE	0
#define TRIP_GUEST	8
#define TRIP_AFTER	16

#define SVM_INSN_BYTES	3 /* of every instruction of SVM */

#ifndef __ASSEMBLER__

#include "bench/root/root.h"
#include "minivmm/monitor/svm.h"
#include "minivmm/monitor/text.h"

#pragma GCC visibility push(hidden)

/* TSC: the host's before VMRUN, the guest's first instruction, the host's first behind #VMEXIT. */
struct svm_trip {
	uint64_t before, guest, after;
};
_Static_assert(offsetof(struct svm_trip, before) == TRIP_BEFORE, "as in svm_ops.S");
_Static_assert(offsetof(struct svm_trip, guest) == TRIP_GUEST, "as in svm_ops.S");
_Static_assert(offsetof(struct svm_trip, after) == TRIP_AFTER, "as in svm_ops.S");

/* svm_ops.S */
#define SVM_BODY(name) extern const char svm_body_##name[], svm_body_##name##_end[]
SVM_BODY(vmrun);
SVM_BODY(vmrun_alternate);
SVM_BODY(vmload);
SVM_BODY(vmsave);
SVM_BODY(stgi);
SVM_BODY(clgi);
SVM_BODY(clgi_stgi);
SVM_BODY(invlpga);
SVM_BODY(invlpgb);
SVM_BODY(tlbsync);
SVM_BODY(invlpgb_tlbsync);
SVM_BODY(wrmsr);
SVM_BODY(wrmsr_alternate);
SVM_BODY(vmmcall);
#undef SVM_BODY
#define SVM_CODE(name) .start = svm_body_##name, .end = svm_body_##name##_end

/* CLGI, VMRUN of the VMCB at physical (vmcb), STGI. */
void svm_trip(struct svm_trip *t, uint64_t vmcb);
/* The stamps of svm_trip() with nothing between, ticks. */
uint64_t svm_trip_empty(void);
/* A guest at svm_trip_guest_round: from its stamp before VMMCALL to that behind, ticks. GIF as above. */
uint64_t svm_trip_round(uint64_t vmcb, union vmcb *c);
uint64_t svm_trip_round_empty(void);
/* RIP of guests: stamps and calls; only calls; for svm_trip_round(). */
extern const char svm_trip_guest[], svm_trip_guest_call[], svm_trip_guest_round[];
extern char svm_trip_stack_top[];
/* A handler of #UD that skips an instruction of SVM. */
extern const char svm_ud_skip[];

/* svm_rows.c */

/* Two VMCBs of rows. */
extern union vmcb row_vmcb[2];

/* "needs TEXT, which this processor does not have"; true where svm_has(bit). */
bool svm_row_needs(struct row_run *run, unsigned bit, const char *text);
/* Enters (c) once; it must end with (code). False: logged how it ended instead. */
bool svm_row_try(struct row_run *run, union vmcb *c, uint64_t code);
/* Counts (n) exits of the row's own; a fault of the row if (c) did not end with (code). */
void svm_row_count(struct row_run *run, const union vmcb *c, uint64_t code, unsigned n);
/* A bracket around (copies) of the body with GIF 0, which it is not before and behind it. */
uint64_t svm_row_bracket(struct row_run *run, unsigned copies);
/* close() of rows that run with GIF 0: a fault may have left it so. */
void svm_row_close(struct row_run *run);

#pragma GCC visibility pop

#endif /* !__ASSEMBLER__ */
#endif

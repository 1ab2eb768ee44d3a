/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmx_trip.h - guests of a few instructions in a VMCS of their own: vmx_trip.c. Only bench/root/vmx_* includes this. */
#ifndef VTSCOPE_BENCH_ROOT_VMX_TRIP_H
#define VTSCOPE_BENCH_ROOT_VMX_TRIP_H

/* In struct vmx_trip_bracket. */
#define BRACKET_FN	0
#define BRACKET_ENTRY	8
#define BRACKET_REGS	16
#define BRACKET_TICKS	24
#define BRACKET_BYTES	32

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/root/root.h"
#include "minivmm/monitor/text.h"
#include "minivmm/monitor/vmx.h"
#include "minivmm/monitor/vmx_trip.h"

#pragma GCC visibility push(hidden)

extern const char vmx_trip_surprise[]; /* HOST_RIP where no exit may come: #UD */

/* What vmx_trip_guest_bracket calls, with vmx_trip_host_bracket as HOST_RIP: no stamps but its own. */
extern struct vmx_trip_bracket {
	bracket_fn *bracket;
	const void *entry;
	struct body_regs *regs;
	uint64_t ticks;
} vmx_trip_bracket;
_Static_assert(offsetof(struct vmx_trip_bracket, bracket) == BRACKET_FN, "as in vmx_trip_asm.S");
_Static_assert(offsetof(struct vmx_trip_bracket, entry) == BRACKET_ENTRY, "as in vmx_trip_asm.S");
_Static_assert(offsetof(struct vmx_trip_bracket, regs) == BRACKET_REGS, "as in vmx_trip_asm.S");
_Static_assert(offsetof(struct vmx_trip_bracket, ticks) == BRACKET_TICKS, "as in vmx_trip_asm.S");
_Static_assert(sizeof(struct vmx_trip_bracket) == BRACKET_BYTES, "as in vmx_trip_asm.S");
extern const char vmx_trip_guest_bracket[], vmx_trip_host_bracket[];

/* The VMCS of the pool that trips enter. */
#define TRIP_VMCS 1

/*
 * Makes a complete guest with (want) current, its RIP at (guest): vmx_trip_guest stamps, vmx_trip_guest_call only
 * calls. Of what (want) does not ask for only EPT, VPID, RDTSCP and the MSR bitmap are on. Not launched. False: logged why.
 */
bool trip_open(struct row_run *run, const struct vcpu_want *want, const char *guest);
/* The first entry; it must end with VMCALL, or with (reason), all 32 bits. False: logged how it ended, and closed. */
bool trip_try(struct row_run *run);
bool trip_expect(struct row_run *run, uint32_t reason);
/*
 * Enters once more and counts the exit; what it took is in (t). With RIP where trip_open() had it if (again): else
 * the guest is where it called. One that ends otherwise than the first ends the row with a fault.
 */
void trip_run(struct row_run *run, struct vmx_trip *t, bool again);
/* The same by VMLAUNCH: the VMCS was cleared and loaded. */
void trip_launch(struct row_run *run, struct vmx_trip *t);
/* The bracket in the guest, around (entry). Its exit is not the operation's: it is not counted. */
uint64_t trip_bracket(struct row_run *run, const void *entry);
/* Counts the exit that vmx_trip() came back with; a fault if it is not (reason). */
void trip_check(struct row_run *run, uint32_t failed, uint32_t reason);
/* Clears it; the monitor's own VMCS is current again. */
void trip_close(struct row_run *run);

#pragma GCC visibility pop

#endif /* !__ASSEMBLER__ */
#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmx_trip.h - one timed VM entry and exit: vmx_trip.S. minivmm/monitor/vmx* and bench/root/vmx* include this. Freestanding,
 * VMX root operation only.
 */
#ifndef VTSCOPE_MINIVMM_MONITOR_VMX_TRIP_H
#define VTSCOPE_MINIVMM_MONITOR_VMX_TRIP_H

/* Offsets in struct vmx_trip. */
#define TRIP_BEFORE	0
#define TRIP_GUEST	8
#define TRIP_AFTER	16

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* TSC: the host's before the entry, the guest's first instruction, the host's first behind the exit. */
struct vmx_trip {
	uint64_t before, guest, after;
};
_Static_assert(offsetof(struct vmx_trip, before) == TRIP_BEFORE, "as in vmx_trip.S");
_Static_assert(offsetof(struct vmx_trip, guest) == TRIP_GUEST, "as in vmx_trip.S");
_Static_assert(offsetof(struct vmx_trip, after) == TRIP_AFTER, "as in vmx_trip.S");

/*
 * The current VMCS must have the guest: RIP vmx_trip_guest or vmx_trip_guest_call, RSP, HOST_RIP vmx_trip_host, HOST_RSP.
 * RIP stays where the guest called. 0: there was an exit, 1: VMfailInvalid, 2: VMfailValid.
 */
uint32_t vmx_trip(struct vmx_trip *t, uint32_t launched);
/* The two stamps with nothing between. */
uint64_t vmx_trip_empty(void);
extern const char vmx_trip_guest[], vmx_trip_guest_call[], vmx_trip_host[];
extern char vmx_trip_stack_top[], vmx_trip_guest_stack_top[];

#pragma GCC visibility pop

#endif /* !__ASSEMBLER__ */
#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apic.h - the local APIC's timer as a watchdog over a guest: its interrupt exits. minivmm/monitor/
 * and bench/root/ include this.
 *
 * For processors without a VMX-preemption timer. Both modes of the APIC, xAPIC and x2APIC, as firmware left it (SDM
 * volume 3, chapter 11; APM volume 2, chapter 16). While it is open no other interrupt comes: LINT0 (the 8259) is
 * masked, and the task priority lets classes from APIC_CLASS on through only.
 */
#ifndef VTSCOPE_MINIVMM_MONITOR_APIC_H
#define VTSCOPE_MINIVMM_MONITOR_APIC_H

#include "minivmm/monitor/monitor.h"

#pragma GCC visibility push(hidden)

#define APIC_CLASS		0xf	/* vectors 0xf0 to 0xff: the rows' own interrupts, too */
#define APIC_VECTOR_TIMER	0xf0
#define APIC_VECTOR_SPURIOUS	0xff

/* Finds the APIC, notes its state, measures its timer against the TSC. -1: (why), nothing changed. */
int apic_open(const struct monitor_host *host, struct monitor_why *why);
/* As it was. Harmless when it is not open. */
void apic_close(void);
/* What a run that ended in a fault left open is not open to the next one, whose apic_close() goes back to before both. */
void apic_abandon(void);
/* An interrupt in (ticks) of the TSC, if nothing disarms it. Interrupts must be off. */
void apic_arm(uint64_t ticks);
/* The longest that the timer can count, in ticks of the TSC. */
uint64_t apic_ticks_max(void);
/* No interrupt any more; one that is pending is taken here. */
void apic_disarm(void);
/*
 * Lets pending interrupts in, for a moment: the host's handlers get them (host->vector; they must write EOI). True:
 * the timer's has come since apic_arm(). GIF must be 1, interrupts must be off.
 */
bool apic_take(void);
bool apic_is_open(void);
/*
 * While it is open, for rows that send themselves an interrupt: the low half of the interrupt command register, the high
 * one 16 bytes behind it. NULL: it is MSR 830h (x2APIC). And what the high half names this APIC by.
 */
volatile uint32_t *apic_icr(void);
uint32_t apic_self(void);
/* A handler for vectors that a row owns, for host->vector: counts here, writes EOI. */
void apic_counted_entry(void);
extern volatile unsigned apic_counted;

#pragma GCC visibility pop
#endif

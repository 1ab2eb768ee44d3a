/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock.c - what the TSC counts, and how fast. */
#include "minivmm/monitor/boot/boot.h"

#define PIT_HZ		1193182u
#define PIT_COUNT	59659u		/* 50 ms */
#define PIT_CHANNEL0	0x40
#define PIT_COMMAND	0x43
#define PIT_MODE	0x34		/* channel 0, both bytes, mode 2: from 65,536 down, over and over */
#define PIT_LATCH	0x00
#define PIT_READS_MAX	2000000u	/* seconds, on any bus */
#define PIT_STUCK	1000u		/* so many reads that show the same: there is no timer behind the port */

#define ROUNDS		4
#define LOOP_INSNS	3		/* of timed_loop(), an iteration */

/* Ticks of (n) iterations and what is around them. A division takes many cycles on any processor, and one count in an
 * emulator that counts instructions. */
static uint64_t timed_loop(uint64_t n)
{
	uint64_t start, end, rax = 1, rdx = 0;

	start = tsc_read();
	__asm__ volatile("1: div %[one]\n\tdec %[n]\n\tjnz 1b"
			 : [n] "+r"(n), "+a"(rax), "+d"(rdx)
			 : [one] "r"(1ull)
			 : "cc");
	end = tsc_read();
	return end - start;
}

bool clock_counts_instructions(void)
{
	for (unsigned i = 1; i <= ROUNDS; i++)
		if (timed_loop(500 * i) - timed_loop(100) != (500 * i - 100) * LOOP_INSNS)
			return false;
	return true;
}

uint64_t clock_core_ticks(uint64_t cycles)
{
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < 64; i++) {
		uint64_t start = tsc_read(), n = cycles, ticks;

		__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n) : : "cc");
		ticks = tsc_read() - start;
		best = ticks < best ? ticks : best;
	}
	return best;
}

static uint16_t pit_read(void)
{
	uint8_t low;

	port_out8(PIT_COMMAND, PIT_LATCH);
	low = port_in8(PIT_CHANNEL0);
	return (uint16_t)(port_in8(PIT_CHANNEL0) << 8 | low);
}

/* TSC ticks a second by the PIT; 0: there is none. */
static uint64_t pit_measure(void)
{
	uint64_t start, ticks = 0;
	uint32_t counted = 0, stuck = 0;
	uint16_t last, now;

	port_out8(PIT_COMMAND, PIT_MODE);
	port_out8(PIT_CHANNEL0, 0);
	port_out8(PIT_CHANNEL0, 0);
	last = pit_read();
	start = tsc_read();
	for (uint32_t reads = 0; counted < PIT_COUNT; reads++) {
		now = pit_read();
		ticks = tsc_read() - start;
		stuck = now == last ? stuck + 1 : 0;
		if (stuck == PIT_STUCK || reads == PIT_READS_MAX)
			return 0;
		counted += (uint16_t)(last - now);
		last = now;
	}
	return ticks > UINT64_MAX / PIT_HZ ? 0 : ticks * PIT_HZ / counted;
}

/* Two readings that agree to a hundredth; the lesser one was disturbed less. */
static uint64_t pit_hz(void)
{
	uint64_t a = pit_measure(), b = 0;

	for (unsigned i = 0; a && i < 4; i++) {
		uint64_t low, high;

		b = pit_measure();
		low = a < b ? a : b;
		high = a < b ? b : a;
		if (b && high - low < low / 100)
			return low;
		a = b;
	}
	return 0;
}

/* What the processor states: the ratio to its crystal, where it names the crystal, else nothing. */
static uint64_t cpuid_hz(void)
{
	struct cpuid_regs r;

	if (cpuid(0, 0).eax < 0x15)
		return 0;
	r = cpuid(0x15, 0);
	if (!r.eax || !r.ebx || !r.ecx)
		return 0;
	return (uint64_t)r.ecx * r.ebx / r.eax;
}

/* KVM and VMware tell the rate in kHz where they have a leaf for it. */
static uint64_t hypervisor_hz(void)
{
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR) || cpuid(0x40000000, 0).eax < 0x40000010 ||
	    cpuid(0x40000000, 0).eax > 0x400000ff)
		return 0;
	return (uint64_t)cpuid(0x40000010, 0).eax * 1000;
}

static uint64_t cpuid_base_hz(void)
{
	return cpuid(0, 0).eax < 0x16 ? 0 : (uint64_t)(cpuid(0x16, 0).eax & 0xffff) * 1000000;
}

uint64_t clock_tsc_hz(void)
{
	uint64_t hz = cpuid_hz();

	if (!hz)
		hz = hypervisor_hz();
	if (!hz)
		hz = pit_hz();
	if (!hz)
		hz = cpuid_base_hz();
	return hz;
}

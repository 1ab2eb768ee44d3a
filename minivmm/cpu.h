/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpu.h - registers of the processor that freestanding code reads and writes. The monitor, the runner and its ring-0
 * rows include this; from assembly its constants.
 */
#ifndef VTSCOPE_MINIVMM_CPU_H
#define VTSCOPE_MINIVMM_CPU_H

/* Vectors that the processor pushes an error code for: 8 10 11 12 13 14 17 21 29 30. */
#define CPU_ERROR_CODE_VECTORS	0x60227d00

/* Of RFLAGS: always 1. */
#define RFLAGS_FIXED		0x002

#ifndef __ASSEMBLER__

#include <stdint.h>

/* What LGDT and LIDT load, and SGDT and SIDT store. */
struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static inline uint64_t tsc_read(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

/* Behind everything that came before it. */
static inline uint64_t tsc_read_last(void)
{
	__asm__ volatile("lfence" : : : "memory");
	return tsc_read();
}

static inline uint64_t msr_read(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

/* Ends the blocking of NMIs, if there is one: IRETQ does, and goes on behind itself. */
static inline void cpu_unblock_nmi(void)
{
	__asm__ volatile("mov %%rsp, %%rdx\n\t"
			 "mov %%ss, %%eax\n\t"
			 "push %%rax\n\t"
			 "push %%rdx\n\t"
			 "pushf\n\t"
			 "mov %%cs, %%eax\n\t"
			 "push %%rax\n\t"
			 "lea 1f(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "iretq\n"
			 "1:"
			 :
			 :
			 : "rax", "rdx", "cc", "memory");
}

#endif /* !__ASSEMBLER__ */
#endif

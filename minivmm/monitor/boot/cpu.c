/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu.c - the processor: its names, and whether LFENCE is one. */
#include "minivmm/monitor/boot/boot.h"

#define CPUID_LFENCE_ALWAYS	(1u << 2)	/* 80000021h EAX: APM volume 3, appendix E */
#define CPUID_RDTSCP		(1u << 27)	/* 80000001h EDX */
#define MSR_DE_CFG		0xc0011029u	/* AMD: APM volume 2, LFENCE */
#define DE_CFG_LFENCE		2ull

struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs r = { .eax = leaf, .ecx = subleaf };

	__asm__ volatile("cpuid" : "+a"(r.eax), "=b"(r.ebx), "+c"(r.ecx), "=d"(r.edx));
	return r;
}

static void read_brand(struct cpu *c)
{
	struct text t = text_in(c->brand, sizeof(c->brand));
	const char *from;
	struct cpuid_regs r[3];
	size_t n = 0;

	if (cpuid(0x80000000, 0).eax < 0x80000004)
		return;
	for (unsigned i = 0; i < 3; i++)
		r[i] = cpuid(0x80000002 + i, 0);
	from = (const char *)r;
	while (n < sizeof(r) && from[n])
		n++;
	while (n && from[n - 1] == ' ')
		n--;
	for (; n && *from == ' '; n--)
		from++;
	text_put_n(&t, from, n);
}

void cpu_read(struct cpu *c)
{
	struct cpuid_regs r = cpuid(0, 0);
	struct text t;

	*c = (struct cpu){ .lfence = "serialising" };
	t = text_in(c->vendor, sizeof(c->vendor));
	text_put_n(&t, (const char *)&r.ebx, 4);
	text_put_n(&t, (const char *)&r.edx, 4);
	text_put_n(&t, (const char *)&r.ecx, 4);
	c->is_amd = text_equal(c->vendor, "AuthenticAMD") || text_equal(c->vendor, "HygonGenuine");
	c->signature = cpuid(1, 0).eax;
	c->family = c->signature >> 8 & 15;
	c->model = c->signature >> 4 & 15;
	if (c->family == 6 || c->family == 15)
		c->model |= c->signature >> 12 & 0xf0;
	if (c->family == 15)
		c->family += c->signature >> 20 & 0xff;
	c->stepping = c->signature & 15;
	if (cpuid(0x80000000, 0).eax >= 0x80000001)
		c->rdtscp = cpuid(0x80000001, 0).edx & CPUID_RDTSCP;
	read_brand(c);
}

/*
 * Families 0Fh and 11h have no such MSR and LFENCE serialises there. Where it cannot be read or set, a hypervisor is in
 * the way: it is assumed that whoever runs a system under it has set it.
 */
void cpu_fence(struct cpu *c)
{
	uint64_t value;

	if (!c->is_amd || c->family == 0x0f || c->family == 0x11)
		return;
	if (cpuid(0x80000000, 0).eax >= 0x80000021 && cpuid(0x80000021, 0).eax & CPUID_LFENCE_ALWAYS)
		return;
	c->lfence = "assumed";
	if (!msr_try_read(MSR_DE_CFG, &value))
		return;
	if (value & DE_CFG_LFENCE) {
		c->lfence = "serialising";
		return;
	}
	if (msr_try_write(MSR_DE_CFG, value | DE_CFG_LFENCE) && msr_try_read(MSR_DE_CFG, &value) &&
	    value & DE_CFG_LFENCE)
		c->lfence = "enabled";
}

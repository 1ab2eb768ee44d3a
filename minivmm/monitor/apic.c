/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apic.c - the local APIC's timer as a watchdog (apic.h). */
#include "minivmm/cpu.h"
#include "minivmm/monitor/apic.h"

#define MSR_APIC_BASE	0x1b
#define BASE_ENABLED	(1u << 11)
#define BASE_X2APIC	(1u << 10)
#define BASE_ADDRESS	0xffffffffff000ull
#define MSR_X2APIC	0x800		/* + register / 16 */

/* Registers, as offsets of the xAPIC's page. */
#define REG_ID		0x020
#define REG_EOI		0x0b0
#define REG_SVR		0x0f0
#define REG_ICR		0x300
#define REG_LVT_TIMER	0x320
#define REG_LVT_LINT0	0x350
#define REG_INITIAL	0x380
#define REG_CURRENT	0x390
#define REG_DIVIDE	0x3e0

#define FIRST_INTERRUPT	32u		/* vector */
#define SVR_ENABLED	0x100u
#define LVT_MASKED	0x10000u
#define DIVIDE_BY_1	0xbu
#define DIVIDE_SHIFT_MAX 7u		/* by 128 */

#define CPUID_APIC	(1u << 9)	/* leaf 1, EDX */
#define CALIBRATION	(1u << 18)	/* TSC ticks: 0.1 ms, two thousand counts of the slowest timer */

static struct {
	const struct monitor_host *host;	/* NULL: not open */
	volatile uint32_t *page;		/* NULL: x2APIC, registers are MSRs */
	uint64_t counts, ticks;			/* so many counts, divided by 1, in so many TSC ticks */
	uint64_t cr8;				/* what was there before, as all that follows */
	uint32_t svr, timer, lint0, initial, divide;
	bool kept;				/* they are: apic_close() has not gone back to them */
	volatile bool fired;
} apic;

volatile unsigned apic_counted;

/* apic_entry.S */
void apic_timer_entry(void) __attribute__((visibility("hidden")));
void apic_spurious_entry(void) __attribute__((visibility("hidden")));
void apic_timer(void) __attribute__((visibility("hidden")));
void apic_count(void) __attribute__((visibility("hidden")));

static uint32_t reg_read(uint32_t reg)
{
	return apic.page ? apic.page[reg / 4] : (uint32_t)msr_read(MSR_X2APIC + reg / 16);
}

static void reg_write(uint32_t reg, uint32_t value)
{
	if (apic.page)
		apic.page[reg / 4] = value;
	else
		__asm__ volatile("wrmsr"
				 :
				 : "c"(MSR_X2APIC + reg / 16), "a"(value), "d"(0)
				 : "memory");
}

/* What apic_entry.S calls. */
void apic_timer(void)
{
	apic.fired = true;
	reg_write(REG_EOI, 0);
}

void apic_count(void)
{
	apic_counted++;
	reg_write(REG_EOI, 0);
}

static bool has_apic(void)
{
	uint32_t a = 1, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return d & CPUID_APIC;
}

/* Mappings are for good: one for all that open it. */
static volatile uint32_t *map(const struct monitor_host *host, uint64_t base)
{
	static struct {
		uint64_t base;
		volatile uint32_t *page;
	} known;

	if (!known.page || known.base != base) {
		known.page = host->map_mmio(base, 4096);
		known.base = base;
	}
	return known.page;
}

static int find(const struct monitor_host *host, struct monitor_why *why)
{
	uint64_t base = has_apic() ? msr_read(MSR_APIC_BASE) : 0;

	if (!(base & BASE_ENABLED)) {
		*why = (struct monitor_why){
			"missing-control", "the local APIC is off, and its timer is what would end a guest that "
					   "spins: turn it on in the firmware's setup" };
		return -1;
	}
	apic.page = base & BASE_X2APIC ? NULL : map(host, base & BASE_ADDRESS);
	if (!apic.page && !(base & BASE_X2APIC)) {
		*why = (struct monitor_why){ "missing-control", "the local APIC's registers cannot be mapped" };
		return -1;
	}
	return 0;
}

static void timer_start(uint32_t divide, uint32_t lvt, uint32_t count)
{
	reg_write(REG_LVT_TIMER, lvt);
	reg_write(REG_DIVIDE, divide);
	reg_write(REG_INITIAL, count);
}

/* Counts of the timer in a while of the TSC. */
static void calibrate(void)
{
	uint64_t start = tsc_read(), now;

	timer_start(DIVIDE_BY_1, LVT_MASKED | APIC_VECTOR_TIMER, ~0u);
	do
		now = tsc_read();
	while (now - start < CALIBRATION);
	apic.counts = ~0u - reg_read(REG_CURRENT);
	apic.ticks = now - start;
	reg_write(REG_INITIAL, 0);
}

static void cr8_write(uint64_t priority)
{
	__asm__ volatile("mov %0, %%cr8" : : "r"(priority) : "memory");
}

int apic_open(const struct monitor_host *host, struct monitor_why *why)
{
	if (find(host, why) < 0)
		return -1;
	if (!apic.kept) {
		__asm__ volatile("mov %%cr8, %0" : "=r"(apic.cr8));
		apic.svr = reg_read(REG_SVR);
		apic.timer = reg_read(REG_LVT_TIMER);
		apic.lint0 = reg_read(REG_LVT_LINT0);
		apic.initial = reg_read(REG_INITIAL);
		apic.divide = reg_read(REG_DIVIDE);
		apic.kept = true;
	}
	apic.host = host;
	apic.fired = false;

	cr8_write(APIC_CLASS - 1);
	/* What was pending already is taken, too, and what a guest that lowers the task priority lets in. */
	for (unsigned v = FIRST_INTERRUPT; v < APIC_VECTOR_SPURIOUS; v++)
		host->vector(v, v == APIC_VECTOR_TIMER ? apic_timer_entry : apic_counted_entry);
	host->vector(APIC_VECTOR_SPURIOUS, apic_spurious_entry);
	reg_write(REG_SVR, (apic.svr & ~0xffu) | SVR_ENABLED | APIC_VECTOR_SPURIOUS);
	reg_write(REG_LVT_LINT0, apic.lint0 | LVT_MASKED);
	calibrate();
	if (apic.counts)
		return 0;
	apic_close();
	*why = (struct monitor_why){ "missing-control",
				     "the local APIC's timer does not count: nothing would end a guest that spins" };
	return -1;
}

void apic_close(void)
{
	if (!apic.host)
		return;
	apic_disarm();
	timer_start(apic.divide, apic.timer, apic.initial);
	reg_write(REG_LVT_LINT0, apic.lint0);
	reg_write(REG_SVR, apic.svr);
	for (unsigned v = FIRST_INTERRUPT; v <= APIC_VECTOR_SPURIOUS; v++)
		apic.host->vector(v, NULL);
	cr8_write(apic.cr8);
	apic.host = NULL;
	apic.kept = false;
}

void apic_abandon(void)
{
	apic.host = NULL;
}

/* The divide configuration register: 1 is 1011b, 2 is 0000b, 4 is 0001b ... 128 is 1010b; bit 2 is not one of it. */
static uint32_t divide_by(unsigned shift)
{
	unsigned code = (shift + 7) & 7;

	return (code & 3) | (code & 4) << 1;
}

void apic_arm(uint64_t ticks)
{
	/* Both factors are small: the product of a day's ticks and these counts has room in 64 bits. */
	uint64_t count = ticks / apic.ticks * apic.counts + ticks % apic.ticks * apic.counts / apic.ticks + 1;
	unsigned shift = 0;

	apic_disarm();
	while (count > 0xffffffffu && shift < DIVIDE_SHIFT_MAX) {
		count >>= 1;
		shift++;
	}
	apic.fired = false;
	timer_start(divide_by(shift), APIC_VECTOR_TIMER, count > 0xffffffffu ? 0xffffffffu : (uint32_t)count);
}

uint64_t apic_ticks_max(void)
{
	return (0xffffffffull << DIVIDE_SHIFT_MAX) / apic.counts * apic.ticks;
}

bool apic_take(void)
{
	cr8_write(APIC_CLASS - 1);	/* a guest may have written the host's */
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
	return apic.fired;
}

void apic_disarm(void)
{
	reg_write(REG_LVT_TIMER, LVT_MASKED | APIC_VECTOR_TIMER);
	reg_write(REG_INITIAL, 0);
	apic_take();
}

bool apic_is_open(void)
{
	return apic.host;
}

volatile uint32_t *apic_icr(void)
{
	return apic.page ? apic.page + REG_ICR / 4 : NULL;
}

/* Both modes: what stands in the register is what the destination field takes. */
uint32_t apic_self(void)
{
	return reg_read(REG_ID);
}

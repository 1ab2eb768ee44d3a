/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - from the loader's words to a plan, the launches, and the end. */
#include "minivmm/monitor/boot/boot.h"

#define FAILED_STATUS	1
#define PIC_MASTER_MASK	0x21
#define PIC_SLAVE_MASK	0xa1

/* Where nothing is given. A real processor has time for many samples; in an emulator each one shows the same. */
#define ROWS_A_SECOND	10
#define EMULATED_A_SECOND 50
#define HZ_ASSUMED	2000000000ull
#define MAX_SAMPLES	20000
#define MIN_SAMPLES	64
#define EMULATED_TICKS	300000	/* where each is an instruction */
#define EMULATED_MAX	200
#define EMULATED_MIN	8

static struct loader loader;
static struct plan plan;
static struct machine machine = { .loader = &loader };

void machine_end(const struct machine *m, enum plan_end end, uint32_t status)
{
	static bool ending;	/* an exception in the pages comes here, too */

	output_flush();
	if (m->screen && !ending && launches_section(0)) {
		ending = true;
		pages_show(&plan, m);
	}
	power_end(end, output_has_debug_port() || m->evidence.emulated || m->evidence.emulator_name, status);
}

void boot_fail(const char *status, const char *why)
{
	lines_begin_section();
	line_fact("engine", "none");
	line_say('X', status, why);
	line_send('Z', "0 -1");
	lines_close(false);
	if (machine.screen && !launches_section(0)) {
		screen_line(2, "vtscope cannot measure here:");
		screen_line(3, why);
		screen_line(4, text_length(why) > SCREEN_COLUMNS ? why + SCREEN_COLUMNS : "");
		screen_line(6, "Switch this machine off or restart it.");
	}
	machine_end(&machine, plan.end, FAILED_STATUS);
}

static void plan_engines(struct plan *p)
{
	if (p->engines)
		return;
	p->engine[p->engines++] = RING0_NATIVE;
	/* Whoever makes the processor; has it no such extension, the engine says so. */
	p->engine[p->engines++] = machine.cpu.is_amd ? RING0_SVM : RING0_VMX;
}

/* What is given stands; what is not gives way. */
static void plan_samples(struct plan *p)
{
	const uint32_t min = machine.evidence.emulated ? EMULATED_MIN : MIN_SAMPLES;
	const uint32_t max = machine.evidence.emulated ? EMULATED_MAX : MAX_SAMPLES;

	if (!p->max)
		p->max = p->min > max ? p->min : max;
	if (!p->min)
		p->min = p->max < min ? p->max : min;
}

static void plan_defaults(struct plan *p)
{
	const bool emulated = machine.evidence.emulated;

	plan_engines(p);
	if (!p->tsc_hz && !machine.evidence.instruction_clock)
		p->tsc_hz = clock_tsc_hz();
	if (!p->seed)
		p->seed = (tsc_read() & PLAN_SEED_MAX) | 1;
	if (!p->budget && machine.evidence.instruction_clock)
		p->budget = EMULATED_TICKS;
	if (!p->budget)
		p->budget = (p->tsc_hz ? p->tsc_hz : HZ_ASSUMED) / (emulated ? EMULATED_A_SECOND : ROWS_A_SECOND);
	plan_samples(p);
	if (!machine.cpu.rdtscp)
		p->fence_lfence = CHOICE_YES;
}

/* What cannot be seen before the processor was looked at: an emulator is switched off, a person reads a real screen. */
static void plan_output(struct plan *p)
{
	const bool person = !machine.evidence.emulated && !output_has_debug_port();

	if (p->end == END_DEFAULT)
		p->end = output_has_debug_port() || machine.evidence.emulated ? END_OFF : END_HALT;
	machine.screen = (p->screen == CHOICE_YES || (p->screen == CHOICE_DEFAULT && person)) &&
			 screen_open(&loader.screen);
	screen_clear();
	screen_line(0, "vtscope: measuring. Nothing of it outlasts a restart.");
}

/* Interrupts stay off; what the firmware left running must not become a guest's exit when a watchdog lets one in. */
static void mask_interrupts(void)
{
	port_out8(PIC_MASTER_MASK, 0xff);
	port_out8(PIC_SLAVE_MASK, 0xff);
}

void boot_main(uint32_t how, uint32_t info)
{
	char why[LINE_PAYLOAD_MAX - 16];
	struct text reason = text_in(why, sizeof(why));
	const char *words = loader.command_line;
	bool understood;

	loader_read(&loader, how, info);
	if (!loader.given)
		words = plan_skip_path(words, loader.name);
	understood = plan_parse(&plan, words, &reason);
	output_open(plan.serial);
	mask_interrupts();
	trap_open();
	lines_open(launches_boot_id(&plan));
	cpu_read(&machine.cpu);
	cpu_fence(&machine.cpu);
	evidence_collect(&machine.evidence, loader.rsdp);
	plan_output(&plan);
	if (loader.command_line_cut)
		boot_fail("usage", "the command line is longer than 8191 characters");
	if (!understood)
		boot_fail("usage", why);
	if (!loader_check_memory(&loader, &machine.ram_bytes, &reason))
		boot_fail("no-memory", why);
	plan_defaults(&plan);
	launches_run(&plan, &machine);
	machine_end(&machine, plan.end, 0);
}

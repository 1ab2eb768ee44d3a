/* SPDX-License-Identifier: GPL-2.0-or-later */
/* main.c - from the loader's words to a plan, the launches, and the end. */
#include "minivmm/monitor/boot/boot.h"

#define FAULTED_STATUS	1

static struct loader loader;
static struct plan plan;
static unsigned steps;

static struct guest_ctrl *ctrl(void)
{
	return PHYS_TO_VIRT(GUEST_CTRL_PHYS);
}

/* ---- the end ---- */

_Noreturn static void finish(uint32_t status)
{
	static const char shutdown[] = "Shutdown";

	output_flush();
	if (output_has_debug_port()) {
		for (unsigned i = 0; i < sizeof(shutdown) - 1; i++)
			port_out8(0x8900, (uint8_t)shutdown[i]);
		port_out32(GUEST_PORT_EXIT, status);
	}
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* ---- the platform of runner_main() ---- */

static void launch_end(int status)
{
	char payload[40];
	struct text t = text_in(payload, sizeof(payload));

	text_number(&t, records_ended());
	text_put(&t, status ? " -1" : " 0");
	line_send('Z', payload);
}

static void refuse(void *ctx, const char *status, const char *why)
{
	(void)ctx;
	line_say('X', status, why);
}

static void doorbell(void *ctx, uint32_t what, uint32_t row, const struct ring0_counters *counters)
{
	(void)ctx;
	records_drain(what, row, counters);
	if (what != DOORBELL_FAULT)
		return;
	records_fault(&ctrl()->fault);
	refuse(NULL, "faulted", "an exception in the runner itself ended the launch; please report it");
	launch_end(-1);
	finish(FAULTED_STATUS);
}

static void step(void *ctx, const struct ring0_step *s)
{
	char payload[LINE_PAYLOAD_MAX + 1];
	struct text t = text_in(payload, sizeof(payload));

	(void)ctx;
	text_number(&t, ++steps);
	text_put(&t, s->passed ? " 1 " : " 0 ");
	text_put(&t, s->step);
	text_put(&t, ": ");
	text_put(&t, s->expected);
	text_put(&t, " | ");
	text_put(&t, s->observed);
	line_send('T', payload);
}

static void fact(void *ctx, const char *name, const char *value)
{
	char head[80];
	struct text t = text_in(head, sizeof(head));

	(void)ctx;
	text_put(&t, name);
	text_put(&t, ":");
	line_say('R', head, value);
}

/* ---- launches ---- */

static void say_facts(enum ring0_engine engine, uint32_t rows)
{
	line_fact("engine", engine_names[engine]);
	line_fact_number("abi", GUEST_ABI_VERSION);
	line_fact("loader", loader.name);
	line_fact_number("seed", plan.seed);
	line_fact_number("rows", rows);
}

static void launch(enum ring0_engine engine, uint64_t ram_bytes)
{
	struct ring0_platform p = {
		.ctrl = ctrl(),
		.ring = PHYS_TO_VIRT(GUEST_RING_PHYS),
		.engine = engine,
		.ram_bytes = ram_bytes,
		.doorbell = doorbell,
		.step = step,
		.fact = fact,
		.refuse = refuse,
	};
	uint32_t skip = 0, rows;

	do {
		*p.ctrl = (struct guest_ctrl){
			.magic = GUEST_CTRL_MAGIC,
			.version = GUEST_ABI_VERSION,
			.bytes = sizeof(*p.ctrl),
			.mem_bytes = ram_bytes,
			.tsc_hz = plan.tsc_hz,
			.fence = plan.fence_lfence == CHOICE_YES ? GUEST_FENCE_LFENCE : GUEST_FENCE_RDTSCP,
			.seed = plan.seed,
		};
		rows = plan_fill(&plan, engine, skip, plan.seed, p.ctrl);
		if (!rows && skip)
			return;
		records_open(p.ctrl, p.ring, engine);
		steps = 0;
		say_facts(engine, rows);
		if (!rows) {
			refuse(NULL, "no-rows", "none of the operations that were asked for can run on this engine");
			launch_end(-1);
			return;
		}
		launch_end(runner_main(&p));
		skip += rows;
	} while (rows == GUEST_ROWS_MAX);
}

_Noreturn static void refuse_boot(const char *status, const char *why)
{
	line_fact("engine", "none");
	line_fact_number("abi", GUEST_ABI_VERSION);
	refuse(NULL, status, why);
	launch_end(-1);
	finish(FAULTED_STATUS);
}

static void plan_defaults(void)
{
	if (!plan.seed)
		plan.seed = tsc_read() | 1;
	if (!plan.budget)
		plan.budget = 300000;
	if (!plan.max)
		plan.max = 2000;
	if (!plan.min)
		plan.min = 8;
	if (!plan.engines) {
		plan.engine[0] = RING0_NATIVE;
		plan.engine[1] = RING0_VMX;
		plan.engines = 2;
	}
}

void boot_main(uint32_t how, uint32_t info)
{
	char why[160];
	struct text reason = text_in(why, sizeof(why));
	uint64_t ram_bytes;

	loader_read(&loader, how, info);
	output_open(CHOICE_DEFAULT);
	lines_open((uint32_t)(tsc_read() * 0x9e3779b97f4a7c15ull >> 32));
	if (loader.command_line_cut)
		refuse_boot("usage", "the command line is longer than 8191 characters");
	if (!plan_parse(&plan, plan_skip_path(loader.command_line, loader.name), &reason))
		refuse_boot("usage", why);
	if (!loader_check_memory(&loader, &ram_bytes, &reason))
		refuse_boot("no-memory", why);
	plan_defaults();
	for (unsigned n = 0; n < plan.launches; n++)
		for (unsigned i = 0; i < plan.engines; i++)
			launch(plan.engine[i], ram_bytes);
	finish(0);
}

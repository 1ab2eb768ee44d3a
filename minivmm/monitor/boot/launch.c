/* SPDX-License-Identifier: GPL-2.0-or-later */
/* launch.c - runs the plan: each engine with its rows, and what is said before, meanwhile and behind. */
#include "minivmm/monitor/boot/boot.h"

#define SECTIONS	(PLAN_ENGINES * PLAN_LAUNCHES + 8)
#define FAULTS_MAX	16	/* of the runner, in one boot: then there is no use in going on */
#define DURATION_LINE	2
#define PROGRESS_LINE	4
#define PLAN_LINE	180	/* characters: a line of its own each */

static const struct plan *plan;
static const struct machine *machine;
static struct launch_section sections[SECTIONS];
static unsigned section_count;
static struct launch_section *now, overflow;
static uint32_t base;	/* rows that this BOOT had before */
static struct boot_mark behind_fault;
static unsigned faults;

static struct guest_ctrl *ctrl(void)
{
	return PHYS_TO_VIRT(GUEST_CTRL_PHYS);
}

const struct launch_section *launches_section(unsigned index)
{
	return index < section_count ? &sections[index] : NULL;
}

uint32_t launches_boot_id(const struct plan *p)
{
	uint64_t x = tsc_read() ^ rtc_bits() << 20 ^ p->seed;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (uint32_t)(x ^ x >> 31);
}

uint32_t launches_catalog(void)
{
	uint32_t crc = 0;

	for (uint32_t op = 0; runner_op_name(op); op++) {
		crc = crc32_go_on(crc, runner_op_name(op), text_length(runner_op_name(op)));
		crc = crc32_go_on(crc, "\n", 1);
	}
	return crc;
}

/* ---- what is said ---- */

static void end_section(int status)
{
	char payload[40];
	struct text t = text_in(payload, sizeof(payload));

	now->status = status;
	now->rows = records_count() - now->first;
	text_number(&t, records_ended());
	text_put(&t, status ? " -1" : " 0");
	line_send('Z', payload);
}

static void refuse(void *ctx, const char *status, const char *why)
{
	struct text t = text_in(now->refusal, sizeof(now->refusal));

	(void)ctx;
	text_put(&t, status);
	t = text_in(now->why, sizeof(now->why));
	text_put(&t, why);
	line_say('X', status, why);
}

static void show_progress(uint32_t row)
{
	char line[SCREEN_COLUMNS + 1];
	struct text t = text_in(line, sizeof(line));
	const struct guest_ctrl *c = ctrl();

	if (!machine->screen || row >= c->row_count)
		return;
	text_put(&t, engine_names[now->engine]);
	text_put(&t, ": row ");
	text_number(&t, row + 1);
	text_put(&t, " of ");
	text_number(&t, c->row_count);
	text_put(&t, ": ");
	text_put(&t, runner_op_name(c->rows[row].op));
	screen_line(PROGRESS_LINE, line);
}

/* The launch is over, not the boot: on a real machine there is nobody who starts it again for the rows that are left. */
_Noreturn static void leave_runner(const struct guest_fault *f)
{
	char why[LINE_PAYLOAD_MAX];
	struct text t = text_in(why, sizeof(why));

	text_put(&t, records_fault(f) ? "in this row, " : "between rows, ");
	text_put(&t, "exception ");
	text_number(&t, f->vector);
	text_put(&t, " at ");
	text_hex(&t, f->rip, 1);
	text_put(&t, " ended the runner itself; please report it");
	refuse(NULL, "faulted", why);
	boot_return(&behind_fault);
}

static void doorbell(void *ctx, uint32_t what, uint32_t row, const struct ring0_counters *counters)
{
	(void)ctx;
	if (what == DOORBELL_ROW_BEGIN)
		show_progress(row);
	records_drain(row, counters);
	if (what == DOORBELL_FAULT)
		leave_runner(&ctrl()->fault);
}

static void step(void *ctx, const struct ring0_step *s)
{
	char payload[LINE_PAYLOAD_MAX + 1];
	struct text t = text_in(payload, sizeof(payload));

	(void)ctx;
	now->passed += s->passed != 0;
	text_number(&t, ++now->steps);
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

static void say_number(void (*say)(const char *key, const char *value), const char *key, uint64_t value, bool hex)
{
	char digits[24];
	struct text t = text_in(digits, sizeof(digits));

	if (hex)
		text_hex(&t, value, 1);
	else
		text_number(&t, value);
	say(key, digits);
}

void launches_say_short(void (*say)(const char *key, const char *value), const struct plan *p, const struct machine *m)
{
	char digest[9];
	struct text t = text_in(digest, sizeof(digest));

	text_hex_bare(&t, launches_catalog(), 8);
	say("catalog", digest);
	say("provenance", m->evidence.provenance);
	say("vendor", m->cpu.vendor);
	say_number(say, "signature", m->cpu.signature, true);
	say("brand", m->cpu.brand);
	say("clock", m->evidence.instruction_clock ? "instructions" : "tsc");
	say_number(say, "tsc_hz", p->tsc_hz, false);
	say("fence", p->fence_lfence == CHOICE_YES ? "lfence" : "rdtscp");
	say("lfence", m->cpu.lfence);
	say("hypervisor", m->evidence.hypervisor);
}

static void say_engines(void)
{
	char list[32];
	struct text t = text_in(list, sizeof(list));

	for (unsigned i = 0; i < plan->engines; i++) {
		if (i)
			text_put(&t, ",");
		text_put(&t, engine_names[plan->engine[i]]);
	}
	line_fact("engines", list);
}

static bool is_planned(const struct guest_ctrl *c, uint32_t op)
{
	for (uint32_t i = 0; i < c->row_count; i++)
		if (c->rows[i].op == op)
			return true;
	return false;
}

static void say_ops(const struct text *ops)
{
	if (ops->used)
		line_fact("plan", ops->at);
}

/* What will be tried, by number in the catalogue, ascending: each line stands for itself. */
static void say_plan(void)
{
	char buffer[PLAN_LINE + 1], piece[24];
	struct text all = text_in(buffer, sizeof(buffer));
	const struct guest_ctrl *c = ctrl();

	for (uint32_t op = 0, end; runner_op_name(op); op = end + 1) {
		struct text t = text_in(piece, sizeof(piece));

		for (end = op; is_planned(c, end); end++)
			;
		if (end == op)
			continue;
		text_number(&t, op);
		if (end - 1 > op) {
			text_put(&t, "-");
			text_number(&t, end - 1);
		}
		if (all.used + 1 + t.used > PLAN_LINE) {
			say_ops(&all);
			all = text_in(buffer, sizeof(buffer));
		}
		text_put(&all, all.used ? "," : "");
		text_put(&all, t.at);
	}
	say_ops(&all);
}

static void say_machine(uint32_t rows)
{
	char family[40];
	struct text t = text_in(family, sizeof(family));

	line_fact("engine", engine_names[now->engine]);
	say_engines();
	say_number(line_fact, "abi", GUEST_ABI_VERSION, false);
	line_fact("loader", machine->loader->name);
	launches_say_short(line_fact, plan, machine);
	line_fact("evidence", machine->evidence.text);
	text_number(&t, machine->cpu.family);
	text_put(&t, " ");
	text_number(&t, machine->cpu.model);
	text_put(&t, " ");
	text_number(&t, machine->cpu.stepping);
	line_fact("family", family);
	say_number(line_fact, "memory", machine->ram_bytes, false);
	say_number(line_fact, "seed", plan->seed, false);
	say_number(line_fact, "budget", plan->budget, false);
	say_number(line_fact, "rows", rows, false);
	say_plan();
}

/* At most: rows end when they have their samples, too. */
static void show_duration(uint32_t rows)
{
	char line[SCREEN_COLUMNS + 1];
	struct text t = text_in(line, sizeof(line));

	if (!plan->tsc_hz)
		return;
	text_put(&t, engine_names[now->engine]);
	text_put(&t, ": ");
	text_number(&t, rows);
	text_put(&t, " rows, ");
	text_number(&t, rows * plan->budget / plan->tsc_hz + 1);
	text_put(&t, " seconds or so");
	screen_line(DURATION_LINE, line);
}

/* ---- launches ---- */

static void begin_section(enum ring0_engine engine, unsigned launch)
{
	lines_begin_section();
	now = section_count < SECTIONS ? &sections[section_count++] : &overflow;
	*now = (struct launch_section){ .engine = engine, .launch = launch, .first = records_count() };
}

/* A BOOT has row numbers for so many rows: what is more begins another. */
static void make_room(uint32_t rows)
{
	if (base + rows <= GUEST_ROWS_MAX)
		return;
	lines_close(true);
	lines_open(launches_boot_id(plan));
	base = 0;
}

static int run_rows(const struct ring0_platform *p)
{
	int status = runner_main(p);

	trap_open();
	return status;
}

/* The rows of the control page. How many of them were tried. */
static uint32_t launch_rows(enum ring0_engine engine, unsigned launch)
{
	const struct ring0_platform p = {
		.ctrl = ctrl(),
		.ring = PHYS_TO_VIRT(GUEST_RING_PHYS),
		.engine = engine,
		.ram_bytes = machine->ram_bytes,
		.cr4 = boot_loader_cr4,
		.doorbell = doorbell,
		.step = step,
		.fact = fact,
		.refuse = refuse,
	};
	begin_section(engine, launch);
	records_open(p.ctrl, p.ring, base);
	say_machine(p.ctrl->row_count);
	show_duration(p.ctrl->row_count);
	if (!p.ctrl->row_count) {
		refuse(NULL, "no-rows", "none of the operations that were asked for can run on this engine");
		end_section(-1);
		return 0;
	}
	if (boot_mark(&behind_fault)) {
		trap_clean_up();
		end_section(-1);
		faults++;
		return records_ended() ? records_ended() : 1;	/* never none, or this would not end */
	}
	end_section(run_rows(&p));
	return ctrl()->row_count;
}

static void drop_rows(struct guest_ctrl *c, uint32_t n)
{
	for (uint32_t i = n; i < c->row_count; i++)
		c->rows[i - n] = c->rows[i];
	c->row_count -= n;
}

/* Rows behind the first (skip) of (engine): how many there were. 0: no more. */
static uint32_t launch_part(enum ring0_engine engine, unsigned launch, uint32_t skip)
{
	struct guest_ctrl *c = ctrl();
	uint32_t rows, tried;

	*c = (struct guest_ctrl){
		.magic = GUEST_CTRL_MAGIC,
		.version = GUEST_ABI_VERSION,
		.bytes = sizeof(*c),
		.mem_bytes = machine->ram_bytes,
		.tsc_hz = plan->tsc_hz,
		.fence = plan->fence_lfence == CHOICE_YES ? GUEST_FENCE_LFENCE : GUEST_FENCE_RDTSCP,
		.seed = plan->seed,
	};
	rows = plan_fill(plan, engine, skip, plan->seed + launch, c);
	if (!rows && skip)
		return 0;
	make_room(rows);
	do {
		unsigned before = faults;

		tried = launch_rows(engine, launch);
		base += tried;
		drop_rows(c, tried);
		/* Whoever gave the rows one by one looks after those that are left. */
		if (faults == before || plan->given || faults == FAULTS_MAX)
			break;
	} while (c->row_count);
	return rows;
}

void launches_run(const struct plan *p, const struct machine *m)
{
	plan = p;
	machine = m;
	for (unsigned launch = 0; launch < p->launches; launch++) {
		lines_open(launches_boot_id(p));
		base = 0;
		for (unsigned i = 0; i < p->engines; i++) {
			uint32_t rows, skip = 0;

			do {
				rows = launch_part(p->engine[i], launch, skip);
				skip += rows;
			} while (rows == GUEST_ROWS_MAX);
		}
		lines_close(launch + 1 < p->launches);
	}
}

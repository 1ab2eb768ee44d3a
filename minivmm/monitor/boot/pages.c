/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pages.c - the result on the screen, for machines that have no other way out: a summary, then the rows in the
 * protocol's short form (doc/protocol.md, Q), lines that can be typed or read off a photograph. Pages are made anew each
 * time they are shown: nothing but the rows' summaries is kept.
 */
#include "minivmm/monitor/boot/boot.h"

#define PAGE_LINES	22
#define PAGE_TOP	1
#define FOOTER		24
#define PAGE_SECONDS	15
#define HZ_ASSUMED	2000000000ull
#define PAGE_INSNS	10000000ull	/* in their place where the clock counts those */
#define EVIDENCE_END	7
#define LINE_COLUMNS	79
#define FRAME_COLUMNS	(4 + 9 + 1 + 1 + 2 + 9)	/* of a line, beside SECTION, SEQ and payload */

static const struct plan *plan;
static const struct machine *machine;

/* The walk over all lines there are; those from (first) on are drawn. */
static struct {
	uint32_t first, at, seq, boot;
	unsigned sections;	/* of this boot so far */
} walk;

/* How long a payload may be here. */
static size_t walk_room(void)
{
	char digits[24];
	struct text t = text_in(digits, sizeof(digits));

	text_number(&t, walk.sections - 1);
	text_number(&t, walk.seq);
	return LINE_COLUMNS - FRAME_COLUMNS - t.used;
}

static void walk_line(char type, const char *payload)
{
	char buffer[LINE_MAX];
	struct text t = text_in(buffer, sizeof(buffer));

	if (walk.at >= walk.first && walk.at < walk.first + PAGE_LINES) {
		line_format(&t, walk.boot, walk.sections - 1, walk.seq, type, payload);
		screen_line(PAGE_TOP + walk.at - walk.first, buffer);
	}
	walk.at++;
	walk.seq++;
}

static void walk_fact(const char *key, const char *value)
{
	line_split(key, value[0] ? value : "-", walk_room() - 1, walk_line, 'H');
}

/* ---- rows ---- */

static bool has_numbers(const struct row_summary *s)
{
	return s->ended && !s->faulted && (s->n || s->pairs);
}

static void put_tenths(struct text *t, uint64_t tenths)
{
	text_number(t, tenths / 10);
	if (tenths % 10 && tenths < 10000) {
		text_put(t, ".");
		text_number(t, tenths % 10);
	}
}

static void put_exits(struct text *t, const struct row_summary *s)
{
	if (!s->counted || !s->executions) {
		text_put(t, "-");
		return;
	}
	if (s->exits % s->executions == 0) {
		text_number(t, s->exits / s->executions);
		return;
	}
	text_number(t, s->exits);
	text_put(t, "/");
	text_number(t, s->executions);
}

/* OP FLAGS N MIN MEDIAN P99 DIFF EXITS NAME; the name's end is what tells it from its neighbours. */
static void walk_row(const struct row_summary *s)
{
	const uint64_t singles[] = { s->min, s->median, s->p99 };
	const char *name = runner_op_name(s->op);
	char payload[LINE_PAYLOAD_MAX + 1];
	struct text t = text_in(payload, sizeof(payload));
	size_t n = name ? text_length(name) : 0, room;

	text_number(&t, s->op);
	text_put(&t, " ");
	text_hex_bare(&t, s->flags, 1);
	text_put(&t, " ");
	text_number(&t, s->n);
	for (unsigned i = 0; i < 3; i++) {
		text_put(&t, " ");
		if (s->n)
			text_number(&t, singles[i]);
		else
			text_put(&t, "-");
	}
	text_put(&t, " ");
	if (s->pairs)
		put_tenths(&t, s->diff);
	else
		text_put(&t, "-");
	text_put(&t, " ");
	put_exits(&t, s);
	text_put(&t, " ");
	room = t.used < walk_room() ? walk_room() - t.used : 0;
	if (n > room && room > 1) {
		text_put(&t, "~");
		name += n - (room - 1);
	} else if (n > room) {
		name = "~";
	}
	text_put(&t, name ? name : "-");
	walk_line('Q', payload);
}

/* The least of the rows' empty brackets. */
static void walk_empty(const struct launch_section *s)
{
	uint64_t least = UINT64_MAX;
	char digits[24];
	struct text t = text_in(digits, sizeof(digits));

	for (uint32_t i = 0; i < s->rows; i++) {
		const struct row_summary *row = records_summary(s->first + i);

		if (row && row->empty && row->empty < least)
			least = row->empty;
	}
	if (least == UINT64_MAX)
		return;
	text_number(&t, least);
	walk_fact("empty", digits);
}

static void walk_section(const struct launch_section *s)
{
	uint32_t told = 0;
	char payload[40];
	struct text t = text_in(payload, sizeof(payload));

	walk_fact("engine", engine_names[s->engine]);
	launches_say_short(walk_fact, plan, machine);
	walk_empty(s);
	if (s->refusal[0])
		line_split(s->refusal, s->why, walk_room() - 1, walk_line, 'X');
	for (uint32_t i = 0; i < s->rows; i++) {
		const struct row_summary *row = records_summary(s->first + i);

		if (!row || !has_numbers(row))
			continue;
		walk_row(row);
		told++;
	}
	text_number(&t, told);
	text_put(&t, s->status ? " -1" : " 0");
	walk_line('Z', payload);
}

static void walk_end(bool more)
{
	char payload[24];
	struct text t = text_in(payload, sizeof(payload));

	lines_put_end(&t, walk.sections, more);
	walk_line('A', payload);
}

/* What is typed off the screen is a boot of its own: beside the full lines it would be the same rows twice. */
static void walk_all(uint32_t boot, uint32_t first)
{
	const struct launch_section *s, *next;

	walk.first = first;
	walk.at = 0;
	for (unsigned i = 0; (s = launches_section(i)); i++) {
		walk.boot = boot + s->launch;
		if (!i || launches_section(i - 1)->launch != s->launch)
			walk.seq = walk.sections = 0;
		walk.sections++;
		walk_section(s);
		next = launches_section(i + 1);
		if (!next || next->launch != s->launch)
			walk_end(next != NULL);
	}
}

/* ---- pages ---- */

static void show_title(const char *what)
{
	char line[SCREEN_COLUMNS + 1];
	struct text t = text_in(line, sizeof(line));

	screen_clear();
	text_put(&t, "vtscope: ");
	text_put(&t, what);
	screen_line(0, line);
}

static void show_footer(uint32_t page, uint32_t pages)
{
	char line[SCREEN_COLUMNS + 1];
	struct text t = text_in(line, sizeof(line));

	text_put(&t, "page ");
	text_number(&t, page + 1);
	text_put(&t, " of ");
	text_number(&t, pages);
	text_put(&t, "   next: any key, or 15 s   back: Page Up   end: q");
	screen_line(FOOTER, line);
}

static void put_count(struct text *t, const char *before, uint64_t n, const char *behind)
{
	text_put(t, before);
	text_number(t, n);
	text_put(t, behind);
}

static void show_section(unsigned at, const struct launch_section *s)
{
	char line[SCREEN_COLUMNS + 1];
	struct text t = text_in(line, sizeof(line));
	uint32_t measured = 0, faulted = 0;

	for (uint32_t i = 0; i < s->rows; i++) {
		const struct row_summary *row = records_summary(s->first + i);

		measured += row && has_numbers(row);
		faulted += row && row->faulted;
	}
	put_count(&t, "  launch ", s->launch + 1, ", ");
	text_put(&t, engine_names[s->engine]);
	if (s->steps) {
		put_count(&t, ", self-test ", s->passed, "/");
		text_number(&t, s->steps);
	}
	put_count(&t, ": ", measured, " rows measured, ");
	put_count(&t, "", faulted, " faulted, ");
	put_count(&t, "", s->rows - measured - faulted, " skipped");
	screen_line(at, line);
	if (!s->refusal[0])
		return;
	screen_line(at + 1, s->why);
	screen_line(at + 2, text_length(s->why) > SCREEN_COLUMNS ? s->why + SCREEN_COLUMNS : "");
}

static unsigned evidence_line;

static void show_evidence_line(char type, const char *payload)
{
	char line[SCREEN_COLUMNS + 1];
	struct text t = text_in(line, sizeof(line));
	size_t n = text_length(payload);

	(void)type;
	/* The mark of a text that goes on is for readers of lines. */
	while (n && (payload[n - 1] == '\\' || payload[n - 1] == ' '))
		n--;
	text_put_n(&t, payload, n);
	if (evidence_line < EVIDENCE_END)
		screen_line(evidence_line++, line);
}

static void show_evidence(unsigned at)
{
	evidence_line = at;
	line_split("             ", machine->evidence.text, LINE_COLUMNS, show_evidence_line, ' ');
}

static void show_summary(uint32_t pages)
{
	char line[SCREEN_COLUMNS + 1];
	struct text t = text_in(line, sizeof(line));
	const struct launch_section *s;
	unsigned at = 10;

	show_title("done. The numbers are on the pages behind this one");
	text_put(&t, "  processor   ");
	text_put(&t, machine->cpu.brand[0] ? machine->cpu.brand : machine->cpu.vendor);
	screen_line(2, line);
	t = text_in(line, sizeof(line));
	text_put(&t, "  provenance  ");
	text_put(&t, machine->evidence.provenance);
	screen_line(3, line);
	show_evidence(4);
	t = text_in(line, sizeof(line));
	put_count(&t, "  clock       ", plan->tsc_hz / 1000000, " MHz");
	screen_line(7, machine->evidence.instruction_clock ? "  clock       counts instructions" : line);
	screen_line(8, output_has_serial()     ? "  sent        the full result went over COM1 (115200 8N1)" :
		       output_has_debug_port() ? "  sent        the full result went to the emulator's debug port" :
						 "  sent        nothing: there is no serial port, these pages are the result");
	for (unsigned i = 0; (s = launches_section(i)) && at < FOOTER - 3; i++, at += s->refusal[0] ? 3 : 1)
		show_section(at, s);
	if (records_count() == RECORDS_SUMMARIES)
		screen_line(FOOTER - 2, "There is no room for more rows on these pages: ask for fewer (ops=, launches=).");
	screen_line(FOOTER - 1, "Type the lines or photograph them, then: vtscope import FILE");
	show_footer(0, pages);
}

static void show_page(uint32_t boot, uint32_t page, uint32_t pages)
{
	if (!page) {
		show_summary(pages);
		return;
	}
	show_title("result, to be typed or photographed");
	walk_all(boot, (page - 1) * PAGE_LINES);
	show_footer(page, pages);
}

/* Round and round where the machine would halt anyway, so that nothing is gone before somebody looks. */
void pages_show(const struct plan *p, const struct machine *m)
{
	const uint32_t boot = launches_boot_id(p);
	const bool once = p->end != END_HALT;
	uint64_t ticks = PAGE_SECONDS * (p->tsc_hz ? p->tsc_hz : HZ_ASSUMED);
	uint32_t page = 0, pages;
	enum key key;

	if (m->evidence.instruction_clock)
		ticks = PAGE_INSNS;

	plan = p;
	machine = m;
	walk_all(boot, UINT32_MAX - PAGE_LINES);
	pages = 1 + (walk.at + PAGE_LINES - 1) / PAGE_LINES;
	key_forget();
	do {
		show_page(boot, page, pages);
		key = key_wait(ticks);
		if (key == KEY_BACK)
			page = page ? page - 1 : 0;
		else
			page++;
		if (!once)
			page %= pages;
	} while (key != KEY_END && page < pages);
	screen_clear();
	screen_line(0, "vtscope: done.");
	screen_line(2, "Switch this machine off, or restart it without the stick.");
}

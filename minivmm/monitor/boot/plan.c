/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan.c - the command line: what is to be measured, and how the boot ends. Nothing in it is believed unchecked. */
#include "minivmm/monitor/boot/boot.h"

#define BUDGET_MAX	(1ull << 40)	/* ticks: minutes on any processor */
#define SAMPLES_MAX	100000u		/* the runner's ring has room for about 130,000 */
#define HZ_MIN		1000000ull
#define HZ_MAX		100000000000ull

const char *const engine_names[PLAN_ENGINES] = {
	[RING0_NATIVE] = "native",
	[RING0_VMX] = "vmx",
	[RING0_SVM] = "svm",
};

/* A piece of the command line. */
struct piece {
	const char *at;
	size_t n;
};

/* Takes what is in front of the next (separator) out of (from). False: nothing is left. */
static bool piece_next(struct piece *from, char separator, struct piece *out)
{
	size_t n = 0;

	if (!from->at)
		return false;
	while (n < from->n && from->at[n] != separator)
		n++;
	*out = (struct piece){ from->at, n };
	if (n == from->n)
		from->at = NULL;
	else
		*from = (struct piece){ from->at + n + 1, from->n - n - 1 };
	return true;
}

static bool refuse(struct text *why, const char *text, struct piece what)
{
	text_put(why, text);
	text_put(why, " '");
	text_put_n(why, what.at, what.n < 60 ? what.n : 60);
	text_put(why, "'");
	return false;
}

/* ---- values ---- */

static bool take_number(struct piece value, uint64_t least, uint64_t most, uint64_t *to, struct text *why)
{
	if (number_parse(value.at, value.n, to) && *to >= least && *to <= most)
		return true;
	text_put(why, "wants a number from ");
	text_number(why, least);
	text_put(why, " to ");
	text_number(why, most);
	return refuse(why, ", not", value);
}

/* The index of (value) among (n) words. */
static bool take_word(struct piece value, const char *const *words, unsigned n, unsigned *to, struct text *why)
{
	for (*to = 0; *to < n; ++*to)
		if (word_is(value.at, value.n, words[*to]))
			return true;
	text_put(why, "wants");
	for (unsigned i = 0; i < n; i++) {
		text_put(why, i ? " or " : " ");
		text_put(why, words[i]);
	}
	return refuse(why, ", not", value);
}

static bool take_choice(struct piece value, enum plan_choice *to, struct text *why)
{
	uint64_t n;

	if (!take_number(value, 0, 1, &n, why))
		return false;
	*to = n ? CHOICE_YES : CHOICE_NO;
	return true;
}

static bool add_op(struct plan *p, uint32_t op, struct text *why)
{
	if (p->ops == PLAN_OPS) {
		text_put(why, "selects more than 4096 operations");
		return false;
	}
	p->op[p->ops++] = op;
	return true;
}

static uint32_t count_ops(void)
{
	uint32_t n = 0;

	while (runner_op_name(n))
		n++;
	return n;
}

/* 5 or 7-9 */
static bool take_range(struct plan *p, struct piece range, uint32_t known, struct text *why)
{
	struct piece rest = range, low, high;
	uint64_t first, last;

	piece_next(&rest, '-', &low);
	if (!take_number(low, 0, known - 1, &first, why))
		return false;
	last = first;
	if (rest.at) {
		high = rest;
		if (!take_number(high, first, known - 1, &last, why))
			return false;
	}
	for (uint64_t op = first; op <= last; op++)
		if (!add_op(p, (uint32_t)op, why))
			return false;
	return true;
}

/* ---- options ---- */

static bool take_engine(struct plan *p, struct piece value, struct text *why)
{
	struct piece word;
	unsigned engine;

	if (word_is(value.at, value.n, "auto"))
		return true;
	while (piece_next(&value, ',', &word)) {
		if (!take_word(word, engine_names, PLAN_ENGINES, &engine, why)) {
			text_put(why, "; auto stands alone");
			return false;
		}
		for (unsigned i = 0; i < p->engines; i++)
			if (p->engine[i] == engine)
				return refuse(why, "names twice", word);
		p->engine[p->engines++] = (enum ring0_engine)engine;
	}
	return true;
}

static bool take_rows(struct plan *p, struct piece value, struct text *why)
{
	const uint32_t known = count_ops();
	struct piece range;

	while (piece_next(&value, ',', &range))
		if (!take_range(p, range, known, why))
			return false;
	p->given = p->selected = true;
	return true;
}

static bool take_ops(struct plan *p, struct piece value, struct text *why)
{
	bool taken[PLAN_OPS] = { false };
	struct piece glob;

	while (piece_next(&value, ',', &glob)) {
		bool matched = false;

		for (uint32_t op = 0; runner_op_name(op); op++) {
			if (!glob_matches(glob.at, glob.n, runner_op_name(op)))
				continue;
			matched = true;
			if (op < PLAN_OPS && taken[op])
				continue;
			if (!add_op(p, op, why))
				return false;
			if (op < PLAN_OPS)
				taken[op] = true;
		}
		if (!matched)
			return refuse(why, "has a name that no operation matches:", glob);
	}
	p->selected = true;
	return true;
}

static bool take_exclude(struct plan *p, struct piece value, struct text *why)
{
	(void)why;
	p->exclude = value.at;
	p->exclude_bytes = value.n;
	return true;
}

static bool take_budget(struct plan *p, struct piece value, struct text *why)
{
	return take_number(value, 1000, BUDGET_MAX, &p->budget, why);
}

static bool take_max(struct plan *p, struct piece value, struct text *why)
{
	uint64_t n;
	bool ok = take_number(value, 1, SAMPLES_MAX, &n, why);

	p->max = (uint32_t)n;
	return ok;
}

static bool take_min(struct plan *p, struct piece value, struct text *why)
{
	uint64_t n;
	bool ok = take_number(value, 1, SAMPLES_MAX, &n, why);

	p->min = (uint32_t)n;
	return ok;
}

static bool take_launches(struct plan *p, struct piece value, struct text *why)
{
	uint64_t n;
	bool ok = take_number(value, 1, PLAN_LAUNCHES, &n, why);

	p->launches = (unsigned)n;
	return ok;
}

static bool take_seed(struct plan *p, struct piece value, struct text *why)
{
	return take_number(value, 1, PLAN_SEED_MAX, &p->seed, why);
}

static bool take_tsc_hz(struct plan *p, struct piece value, struct text *why)
{
	return take_number(value, HZ_MIN, HZ_MAX, &p->tsc_hz, why);
}

static bool take_fence(struct plan *p, struct piece value, struct text *why)
{
	static const char *const words[] = { "rdtscp", "lfence" };
	unsigned n;

	if (!take_word(value, words, 2, &n, why))
		return false;
	p->fence_lfence = n ? CHOICE_YES : CHOICE_NO;
	return true;
}

static bool take_serial(struct plan *p, struct piece value, struct text *why)
{
	return take_choice(value, &p->serial, why);
}

static bool take_screen(struct plan *p, struct piece value, struct text *why)
{
	return take_choice(value, &p->screen, why);
}

static bool take_end(struct plan *p, struct piece value, struct text *why)
{
	static const char *const words[] = { "off", "reset", "halt" };
	static const enum plan_end ends[] = { END_OFF, END_RESET, END_HALT };
	unsigned n;

	if (!take_word(value, words, 3, &n, why))
		return false;
	p->end = ends[n];
	return true;
}

static const struct plan_option {
	const char *key;
	bool (*take)(struct plan *p, struct piece value, struct text *why);
} options[] = {
	{ "engine", take_engine },	/* native,vmx,svm or auto */
	{ "rows", take_rows },		/* operations by number: 5,7-9 */
	{ "ops", take_ops },		/* operations by name: exit.*,nano.* */
	{ "exclude", take_exclude },	/* of what is selected */
	{ "budget", take_budget },	/* TSC ticks a row */
	{ "max", take_max },		/* samples a row */
	{ "min", take_min },
	{ "launches", take_launches },	/* of each engine */
	{ "seed", take_seed },
	{ "tsc_hz", take_tsc_hz },
	{ "fence", take_fence },
	{ "serial", take_serial },	/* COM1: 0 or 1 */
	{ "screen", take_screen },	/* pages of results: 0 or 1 */
	{ "end", take_end },		/* off, reset or halt */
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static bool take_option(struct plan *p, struct piece word, struct text *why)
{
	struct piece value = word, key;

	piece_next(&value, '=', &key);
	for (unsigned i = 0; i < OPTIONS; i++) {
		if (!word_is(key.at, key.n, options[i].key))
			continue;
		text_put(why, options[i].key);
		text_put(why, "= ");
		if (!value.at || !value.n)
			return refuse(why, "wants a value:", word);
		if (p->seen & 1u << i)
			return refuse(why, "is given twice:", word);
		p->seen |= 1u << i;
		if (!options[i].take(p, value, why))
			return false;
		*why = text_in(why->at, why->size);
		return true;
	}
	refuse(why, "no option is called", key);
	text_put(why, "; there are");
	for (unsigned i = 0; i < OPTIONS; i++) {
		text_put(why, " ");
		text_put(why, options[i].key);
	}
	return false;
}

bool plan_parse(struct plan *p, const char *line, struct text *why)
{
	struct piece rest = { line, text_length(line) }, word;

	*p = (struct plan){
		.launches = 1,
		.fence_lfence = CHOICE_DEFAULT,
		.serial = CHOICE_DEFAULT,
		.screen = CHOICE_DEFAULT,
	};
	while (piece_next(&rest, ' ', &word))
		if (word.n && !take_option(p, word, why))
			return false;
	if (p->min && p->max && p->min > p->max) {
		text_put(why, "min= is more than max=");
		return false;
	}
	return true;
}

const char *plan_skip_path(const char *line, const char *loader)
{
	const bool qemu = text_length(loader) >= 4 && word_is(loader, 4, "qemu");
	const char *behind;

	while (*line == ' ')
		line++;
	if (!qemu && *line != '/' && *line != '(')
		return line;
	while (*line && *line != ' ')
		line++;
	/* QEMU quotes nothing: a path with blanks is words, of which the last has a slash. No option has. */
	behind = line;
	for (bool slash = false; qemu && *line; line++) {
		slash = (slash && *line != ' ') || *line == '/';
		if (slash && (line[1] == ' ' || !line[1]))
			behind = line + 1;
	}
	return behind;
}

/* ---- rows ---- */

static bool is_excluded(const struct plan *p, const char *name)
{
	struct piece globs = { p->exclude, p->exclude_bytes }, glob;

	while (piece_next(&globs, ',', &glob))
		if (glob_matches(glob.at, glob.n, name))
			return true;
	return false;
}

static uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static void shuffle(struct guest_row *rows, uint32_t n, uint64_t seed)
{
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = (uint32_t)(random_next(&seed) % i);
		struct guest_row row = rows[i - 1];

		rows[i - 1] = rows[j];
		rows[j] = row;
	}
}

static bool fits(const struct plan *p, enum ring0_engine engine, uint32_t op)
{
	return !is_excluded(p, runner_op_name(op)) && (p->given || runner_op_fits(op, engine));
}

static void add_row(const struct plan *p, uint32_t op, struct guest_ctrl *c)
{
	struct guest_row *row = &c->rows[c->row_count++];

	*row = (struct guest_row){
		.op = op,
		.budget = p->budget,
		.max_samples = p->max,
		.min_samples = p->min < p->max ? p->min : p->max,
	};
	runner_op_piece(op, row->arg);
}

uint32_t plan_fill(const struct plan *p, enum ring0_engine engine, uint32_t skip, uint64_t seed, struct guest_ctrl *c)
{
	c->row_count = 0;
	for (uint32_t i = 0; c->row_count < GUEST_ROWS_MAX; i++) {
		uint32_t op = p->selected && i < p->ops ? p->op[i] : i;

		if (p->selected ? i >= p->ops : !runner_op_name(i))
			break;
		if (!fits(p, engine, op))
			continue;
		if (skip)
			skip--;
		else
			add_row(p, op, c);
	}
	if (!p->given)
		shuffle(c->rows, c->row_count, seed);
	return c->row_count;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the project's own monitor measured, in cycles or in instructions alike: round trips in their parts, the
 * instructions of VMX and SVM in root mode, each VMCS field by its class, the 2006 paper's table, the self-test.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/doc.h"
#include "report/escape.h"
#include "report/monitor.h"

#define OUTLIERS_MAX	6
#define OUTLIER_SHARE	0.25	/* of the class's median */
#define OUTLIER_LEAST	1.5

/* ---- rows ---- */

const struct result *monitor_next(const struct series *s, size_t lane, size_t *at, const struct series_row **row)
{
	for (; *at < s->n_rows; ++*at) {
		const struct result *r = series_at(s, &s->row[*at], lane);

		if (!r)
			continue;
		*row = &s->row[(*at)++];
		return r;
	}
	return NULL;
}

/* ---- a lane's tables ---- */

static const char *unit(const struct lane *l)
{
	return l->cycles ? "cycles" : result_unit(l->first->clock);
}

/* Per operation, with what was expected where it is something else. */
void document_exits(struct table *t, const struct result *r)
{
	table_count(t, r->exits_observed);
	if (isfinite(r->exits_expected) && r->exits_observed != r->exits_expected)
		table_note(t, "of %g", r->exits_expected);
}

/* In the lane's unit: what counts instructions is whole. */
static void value_cell(struct table *t, const struct lane *l, double v)
{
	if (l->cycles)
		table_number(t, v);
	else
		table_count(t, v);
}

void monitor_splits(struct doc *d, size_t lane)
{
	static const struct column cols[] = {
		{ "operation", TIGHT }, { "round trip", NUMBER }, { "in a bracket", NUMBER }, { "to the monitor", NUMBER },
		{ "in it", NUMBER },	{ "back", NUMBER },	  { "stamps", NUMBER },	      { "exits", NUMBER },
		{ "flags", WORDS },
	};
	const struct series_row *row;
	const struct series *s = d->s;
	const struct result *r;
	struct buf caption = BUF_INIT;
	struct table t;

	buf_printf(&caption, "%s: exits in their parts, in %s", s->lane[lane].label, unit(&s->lane[lane]));
	table_init(&t, buf_str(&caption), cols, sizeof(cols) / sizeof(cols[0]));
	for (size_t at = 0; (r = monitor_next(s, lane, &at, &row));) {
		if (!r->split.present)
			continue;
		table_text(&t, "%s", r->op);
		value_cell(&t, &s->lane[lane], r->median);
		value_cell(&t, &s->lane[lane], r->median + (r->differenced ? r->empty_bracket : 0));
		value_cell(&t, &s->lane[lane], r->split.exit);
		value_cell(&t, &s->lane[lane], r->split.handler);
		value_cell(&t, &s->lane[lane], r->split.entry);
		value_cell(&t, &s->lane[lane], r->split.stamp_cost);
		document_exits(&t, r);
		document_flags(&t, r->flags);
	}
	document_table(d, &t);
	buf_free(&caption);
}

/* Of instructions, which are the same each time: what the number holds. */
static void root_counted(struct table *t, const struct result *r)
{
	table_text(t, r->differenced ? "differenced" : "single");
	table_count(t, r->empty_bracket);
}

static void root_timed(struct table *t, const struct result *r)
{
	table_number(t, r->min);
	table_number(t, r->p99);
	table_number(t, r->cold);
}

void monitor_root(struct doc *d, size_t lane)
{
	static const struct column timed[] = {
		{ "operation", TIGHT }, { "median", NUMBER }, { "min", NUMBER }, { "99 %", NUMBER }, { "cold", NUMBER },
		{ "what it does", WORDS },
	};
	static const struct column counted[] = {
		{ "operation", TIGHT }, { "instructions", NUMBER }, { "estimator", TIGHT }, { "empty bracket", NUMBER },
		{ "what it does", WORDS },
	};
	const struct series *s = d->s;
	bool cycles = s->lane[lane].cycles;
	const struct series_row *row;
	const struct result *r;
	struct buf caption = BUF_INIT;
	struct table t;

	buf_printf(&caption, "%s: instructions of VMX and SVM, in %s", s->lane[lane].label, unit(&s->lane[lane]));
	table_init(&t, buf_str(&caption), cycles ? timed : counted, cycles ? 6 : 5);
	for (size_t at = 0; (r = monitor_next(s, lane, &at, &row));) {
		if (row_kind(row) != ROW_ROOT)
			continue;
		table_text(&t, "%s", r->op);
		value_cell(&t, &s->lane[lane], r->median);
		if (cycles)
			root_timed(&t, r);
		else
			root_counted(&t, r);
		table_text(&t, "%s", row->known ? row->known->summary : "");
	}
	document_table(d, &t);
	buf_free(&caption);
}

/* ---- sweeps: a line a class ---- */

enum { WIDTHS = 4, TYPES = 4, CLASSES = WIDTHS * TYPES + 1 };	/* the last: encoding not known */

/* By the encoding, SDM volume 3, appendix B: bits 14:13 are the width, 11:10 the type. */
static unsigned field_class(const struct series_row *row)
{
	if (!row->known || row->known->length)
		return CLASSES - 1;
	return (row->known->offset >> 13 & 3) * TYPES + (row->known->offset >> 10 & 3);
}

static void class_name(struct table *t, unsigned class)
{
	static const char *const widths[WIDTHS] = { "16-bit", "64-bit", "32-bit", "natural-width" };
	static const char *const types[TYPES] = { "control", "read-only data", "guest state", "host state" };

	if (class == CLASSES)
		table_text(t, "every width and type");
	else if (class == CLASSES - 1)
		table_text(t, "fields not in this vtscope's list");
	else
		table_text(t, "%s %s", widths[class / TYPES], types[class % TYPES]);
}

struct field { const char *name; double value; };

static int by_value(const void *a, const void *b)
{
	double x = ((const struct field *)a)->value, y = ((const struct field *)b)->value;

	return (x > y) - (x < y);
}

struct far_off { const struct field *field; double by; };

static int by_distance(const void *a, const void *b)
{
	double x = ((const struct far_off *)a)->by, y = ((const struct far_off *)b)->by;

	return (x < y) - (x > y);
}

/* Those that are not what the class says, farthest first. (f) is sorted. */
static void outliers_cell(struct table *t, const struct field *f, size_t n, double median)
{
	struct far_off *out = calloc(n, sizeof(*out));
	struct buf b = BUF_INIT;
	size_t found = 0;

	for (size_t i = 0; out && i < n; i++) {
		double by = fabs(f[i].value - median);

		if (by > OUTLIER_LEAST && by > OUTLIER_SHARE * fabs(median))
			out[found++] = (struct far_off){ &f[i], by };
	}
	if (found)
		qsort(out, found, sizeof(*out), by_distance);
	for (size_t i = 0; i < found && i < OUTLIERS_MAX; i++) {
		buf_printf(&b, "%s%s ", i ? ", " : "", out[i].field->name);
		number_append(&b, out[i].field->value);
	}
	if (found > OUTLIERS_MAX)
		buf_printf(&b, ", %zu more", found - OUTLIERS_MAX);
	table_text(t, "%s", buf_str(&b));
	if (!out)
		t->error = -ENOMEM;
	buf_free(&b);
	free(out);
}

static void class_rows(struct table *t, const char *sweep, size_t name, struct field *f, size_t n, unsigned class)
{
	double median;

	if (!n)
		return;
	qsort(f, n, sizeof(*f), by_value);
	median = n % 2 ? f[n / 2].value : (f[n / 2 - 1].value + f[n / 2].value) / 2;
	table_text(t, "%.*s", (int)name, sweep);
	class_name(t, class);
	table_text(t, "%zu", n);
	table_count(t, f[0].value);
	table_count(t, median);
	table_count(t, f[n - 1].value);
	outliers_cell(t, f, n, median);
}

/* The fields of (class), CLASSES: of all, among rows (first) to (end). How many. */
static size_t class_collect(const struct series *s, size_t lane, size_t first, size_t end, unsigned class,
			    struct field *f)
{
	size_t n = 0;

	for (size_t i = first; i < end; i++) {
		const struct result *r = series_at(s, &s->row[i], lane);

		if (r && isfinite(r->median) && (class == CLASSES || field_class(&s->row[i]) == class))
			f[n++] = (struct field){ strrchr(r->op, '.') + 1, r->median };
	}
	return n;
}

static bool all_same(const struct field *f, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (f[i].value != f[0].value)
			return false;
	return true;
}

/* The rows of one sweep begin at (first); (f) has room for all rows. Returns the row behind them. */
static size_t sweep_rows(struct table *t, const struct series *s, size_t lane, size_t first, struct field *f)
{
	const char *sweep = s->row[first].op;
	size_t name = op_sweep(sweep), end = first, n;

	while (end < s->n_rows && op_sweep(s->row[end].op) == name && !strncmp(s->row[end].op, sweep, name))
		end++;
	n = class_collect(s, lane, first, end, CLASSES, f);
	if (n && all_same(f, n)) {	/* a count of instructions */
		class_rows(t, sweep, name, f, n, CLASSES);
		return end;
	}
	for (unsigned class = 0; class < CLASSES; class++) {
		n = class_collect(s, lane, first, end, class, f);
		class_rows(t, sweep, name, f, n, class);
	}
	return end;
}

void monitor_sweeps(struct doc *d, size_t lane)
{
	static const struct column cols[] = {
		{ "instruction", TIGHT }, { "fields of the VMCS", WORDS }, { "fields", NUMBER }, { "least", NUMBER },
		{ "median", NUMBER },	  { "most", NUMBER },		   { "others than their class", WORDS },
	};
	const struct series *s = d->s;
	struct field *f = calloc(s->n_rows + 1, sizeof(*f));
	struct buf caption = BUF_INIT;
	struct table t;

	buf_printf(&caption, "%s: each field of the VMCS, by width and type, in %s", s->lane[lane].label,
		   unit(&s->lane[lane]));
	table_init(&t, buf_str(&caption), cols, sizeof(cols) / sizeof(cols[0]));
	for (size_t i = 0; f && i < s->n_rows;)
		i = op_sweep(s->row[i].op) ? sweep_rows(&t, s, lane, i, f) : i + 1;
	if (!f)
		t.error = -ENOMEM;
	document_table(d, &t);
	buf_free(&caption);
	free(f);
}

/* ---- the table of 2006 ---- */

static const struct {
	const char *op;
	double value[3];
	bool derived[3];
} papers[] = {
#define PAPER2006(op, native, nd, software, sd, hardware) { op, { native, hardware, software }, { nd, false, sd } },
#include "report/literature.def"
#undef PAPER2006
};

/* Whose column of the paper a lane is: 0 native, 1 the hardware VMM's, 2 the software VMM's, -1 none's. */
static int paper_column(const struct lane *l)
{
	const char *engine = l->first->engine, *backend = l->first->backend;

	if (!strcmp(engine, "native"))
		return strcmp(l->first->via, "process") ? 0 : -1;
	if (!strcmp(engine, "vmx") || !strcmp(engine, "svm"))
		return 1;
	if (!strncmp(engine, "kvm", 3) && (!strncmp(backend, "kvm_intel", 9) || !strncmp(backend, "kvm_amd", 7)))
		return 1;
	return !strcmp(engine, "tcg") || !strcmp(engine, "bt") ? 2 : -1;
}

/* The lane of a column, the monitor's before others'; n_lanes: none. What is emulated must count instructions. */
static size_t paper_lane(const struct series *s, bool cycles, int column)
{
	size_t found = s->n_lanes;

	for (size_t i = 0; i < s->n_lanes; i++)
		if (s->lane[i].cycles == cycles && (cycles || !strcmp(result_unit(s->lane[i].first->clock), "instructions")) &&
		    paper_column(&s->lane[i]) == column &&
		    (found == s->n_lanes || !strcmp(s->lane[i].first->engine, "vmx") ||
		     !strcmp(s->lane[i].first->engine, "svm")))
			found = i;
	return found;
}

static const struct result *paper_result(const struct series *s, size_t lane, const char *op)
{
	for (size_t i = 0; lane < s->n_lanes && i < s->n_rows; i++)
		if (!strcmp(s->row[i].op, op))
			return series_at(s, &s->row[i], lane);
	return NULL;
}

static void paper_row(struct table *t, const struct series *s, const size_t lane[3], size_t i)
{
	const struct result *native = paper_result(s, lane[0], papers[i].op);

	table_text(t, "%s", papers[i].op);
	for (size_t k = 0; k < 3; k++) {
		const struct result *r = paper_result(s, lane[k], papers[i].op);
		struct buf ratio = BUF_INIT;

		table_number(t, r ? r->median : NAN);
		if (r && native && k && native->median > 0) {
			ratio_append(&ratio, r->median / native->median);
			table_note(t, "%s native", buf_str(&ratio));
		}
		buf_free(&ratio);
	}
	for (size_t k = 0; k < 3; k++) {
		table_number(t, papers[i].value[k] > 0 ? papers[i].value[k] : NAN);
		if (papers[i].value[k] > 0 && papers[i].derived[k])
			table_note(t, "derived");
	}
}

void monitor_paper(struct doc *d, bool cycles)
{
	static const struct column cols[] = {
		{ "operation", TIGHT },	      { "native, ring 0", NUMBER }, { "hardware VMM", NUMBER },
		{ "software VMM", NUMBER },   { "2006 native", NUMBER },    { "2006 hardware VMM", NUMBER },
		{ "2006 software VMM", NUMBER },
	};
	const struct series *s = d->s;
	struct buf caption = BUF_INIT;
	size_t lane[3], columns = 0;
	struct table t;

	for (int k = 0; k < 3; k++) {
		lane[k] = paper_lane(s, cycles, k);
		columns += lane[k] < s->n_lanes;
	}
	if (columns < 2)
		return;
	buf_printf(&caption, "The nanobenchmarks of 2006, %s here, cycles then", cycles ? "cycles" : "instructions");
	for (size_t k = 0; k < 3; k++)
		if (lane[k] < s->n_lanes)
			buf_printf(&caption, "; %s: %s", cols[k + 1].head, s->lane[lane[k]].label);
	table_init(&t, buf_str(&caption), cols, sizeof(cols) / sizeof(cols[0]));
	for (size_t i = 0; i < sizeof(papers) / sizeof(papers[0]); i++)
		paper_row(&t, s, lane, i);
	document_table(d, &t);
	buf_free(&caption);
}

void document_monitor(struct doc *d)
{
	const struct series *s = d->s;
	bool any = false;

	for (size_t i = 0; i < s->n_cells; i++)
		any |= s->cell[i].lane < s->n_cycles && (s->cell[i].r->split.present || !strcmp(s->cell[i].r->engine, "vmx") ||
							 !strcmp(s->cell[i].r->engine, "svm"));
	if (!any)
		return;
	d->ops->heading(d, "Measured by vtscope's own monitor");
	d->ops->paragraph(d, MONITOR_SPLIT_WORDS " The instructions of VMX and SVM ran in the monitor itself.");
	monitor_paper(d, true);
	if (!d->ops->wide) {
		d->ops->paragraph(d, "Reports in HTML and Markdown have the tables.");
		return;
	}
	for (size_t lane = 0; lane < s->n_cycles; lane++) {
		monitor_splits(d, lane);
		monitor_root(d, lane);
		monitor_sweeps(d, lane);
	}
}

/* ---- what it tested of itself, and found ---- */

static bool same_place(const char *engine, const char *via, const char *backend, const char *engine2, const char *via2,
		       const char *backend2)
{
	return !strcmp(engine, engine2) && !strcmp(via, via2) && !strcmp(backend, backend2);
}

/* The steps of one engine from (first) on; returns the one behind them. */
static size_t test_table(struct doc *d, size_t first)
{
	static const struct column cols[] = {
		{ "step", WORDS }, { "expected", WORDS }, { "observed", WORDS }, { "passed", TIGHT },
	};
	const struct result_set *set = d->s->set;
	const struct self_test *f = &set->self_test[first];
	struct buf caption = BUF_INIT;
	size_t end = first, passed = 0;
	struct table t;

	for (; end < set->n_self_tests; end++) {
		const struct self_test *k = &set->self_test[end];

		if (!same_place(k->engine, k->via, k->backend, f->engine, f->via, f->backend))
			break;
		passed += k->passed;
	}
	buf_printf(&caption, "%s (%s, via %s): %zu of %zu steps passed", f->engine, f->backend, f->via, passed,
		   end - first);
	if (!d->ops->wide && passed == end - first) {
		d->ops->paragraph(d, buf_str(&caption));
		buf_free(&caption);
		return end;
	}
	table_init(&t, buf_str(&caption), cols, 4);
	for (size_t i = first; i < end; i++) {
		const struct self_test *k = &set->self_test[i];

		table_text(&t, "%s", k->step);
		table_text(&t, "%s", k->expected);
		table_text(&t, "%s", k->observed);
		table_text(&t, "%s", k->passed ? "yes" : "NO");
	}
	document_table(d, &t);
	buf_free(&caption);
	return end;
}

static size_t fact_table(struct doc *d, size_t first)
{
	static const struct column cols[] = { { "what", WORDS }, { "found", WORDS } };
	const struct result_set *set = d->s->set;
	const struct found_fact *f = &set->fact[first];
	struct buf caption = BUF_INIT;
	size_t end = first;
	struct table t;

	buf_printf(&caption, "%s (%s, via %s): what decides what can run", f->engine, f->backend, f->via);
	table_init(&t, buf_str(&caption), cols, 2);
	for (; end < set->n_facts; end++) {
		const struct found_fact *k = &set->fact[end];

		if (!same_place(k->engine, k->via, k->backend, f->engine, f->via, f->backend))
			break;
		table_text(&t, "%s", k->name);
		table_text(&t, "%s", k->value);
	}
	document_fold(d, buf_str(&caption), &t);
	buf_free(&caption);
	return end;
}

void document_self_test(struct doc *d)
{
	const struct result_set *set = d->s->set;

	if (!set->n_self_tests && !set->n_facts)
		return;
	d->ops->heading(d, "The monitor's self-test");
	for (size_t i = 0; i < set->n_self_tests;)
		i = test_table(d, i);
	for (size_t i = 0; d->ops->wide && i < set->n_facts;)
		i = fact_table(d, i);
}

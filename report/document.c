/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a report says, in its order: verdict, machine, costs, figures, numbers, what is
 * missing, how to read it.
 */
#include <math.h>
#include <string.h>

#include "bench/modes.h"
#include "report/doc.h"
#include "report/escape.h"
#include "report/explain.h"

#define TABLES_MAX	32	/* more engines than that share one table */
#define FLAT_DEPTH	4
#define FLAT_ROWS	200
#define FOLDED_ROWS	120	/* a table of more is closed until it is asked for */

void rows_left_out(struct doc *d, size_t n)
{
	struct buf b = BUF_INIT;

	if (!n)
		return;
	buf_printf(&b, "%zu more rows are left out here; the result file holds them.", n);
	d->ops->paragraph(d, buf_str(&b));
	buf_free(&b);
}

void document_table(struct doc *d, struct table *t)
{
	if (t->error)
		d->out->error = t->error;
	else if (table_rows(t))
		d->ops->table(d, t);
	rows_left_out(d, t->dropped / t->n_cols);
	table_free(t);
}

void document_fold(struct doc *d, const char *summary, struct table *t)
{
	bool fold = d->ops->fold && table_rows(t);

	if (fold)
		d->ops->fold(d, summary);
	document_table(d, t);
	if (fold)
		d->ops->unfold(d);
}

/* ---- verdict and machine ---- */

static const char *string_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s && *s ? s : NULL;
}

static void show_verdict(struct doc *d)
{
	static const char *const names[LAYERS_SHOWN][2] = {
		{ "processor", "processor" }, { "firmware", "firmware" }, { "outer", "runs under" },
		{ "driver", "driver" }, { "device", "/dev/kvm" }, { "iommu", "IOMMU" },
	};
	const json_t *j = d->s->set->verdict, *layers = json_object_get(j, "layers");
	struct verdict_view v = { .next_step = string_of(j, "next_step") };
	const char *status = string_of(j, "status");

	v.summary = string_of(j, "summary");
	if (!v.summary)
		v.summary = "The result file holds no verdict on this machine.";
	v.usable = -1;
	if (status && strcmp(status, "unknown"))
		v.usable = !strcmp(status, "usable") || !strcmp(status, "capable");
	for (size_t i = 0; i < LAYERS_SHOWN; i++) {
		v.layer[i].name = names[i][1];
		v.layer[i].text = "not in the result file";
		v.layer[i].answer = "unknown";
		for (size_t k = 0; k < json_array_size(layers); k++) {
			const json_t *l = json_array_get(layers, k);
			const char *name = string_of(l, "layer"), *text = string_of(l, "text"),
				   *answer = string_of(l, "answer");

			if (!name || strcmp(name, names[i][0]))
				continue;
			v.layer[i].text = text ? text : v.layer[i].text;
			v.layer[i].answer = answer ? answer : v.layer[i].answer;
			break;
		}
	}
	d->ops->verdict(d, &v);
}

void document_subtitle(const struct result_set *r, struct buf *out)
{
	const char *brand = string_of(r->hardware, "brand"),
		   *kernel = string_of(r->subject, "kernel");

	buf_puts(out, brand ? brand : "processor not recorded");
	if (kernel)
		buf_printf(out, ", Linux %s", kernel);
	if (r->started[0])
		buf_printf(out, ", %s", r->started);
}

static const char *known_key(const char *path)
{
	static const char *const keys[][2] = {
		{ "brand", "processor" },
		{ "cpus", "logical CPUs" },
		{ "virtualized_by", "runs under" },
		{ "tsc_hz", "TSC rate" },
		{ "cmdline", "kernel command line" },
		{ "qemu", "QEMU" },
		{ "smt", "SMT" },
		{ "kvm_modules", "KVM modules" },
		{ "git", "vtscope commit" },
		{ "version", "vtscope version" },
		{ "signature", "CPUID signature" },
		{ "governor", "frequency governor" },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(path, keys[i][0]))
			return keys[i][1];
	return path;
}

static void flat_value(struct table *t, const char *path, const json_t *v)
{
	if (json_is_string(v) && *json_string_value(v))
		table_text(t, "%s", json_string_value(v));
	else if (json_is_number(v) && !strcmp(path, "tsc_hz") && json_number_value(v) > 0)
		table_text(t, "%.6g GHz", json_number_value(v) / 1e9);
	else if (json_is_integer(v))
		table_text(t, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_number(v))
		table_text(t, "%.9g", json_number_value(v));
	else if (json_is_boolean(v))
		table_text(t, "%s", json_is_true(v) ? "yes" : "no");
	else
		table_muted(t, json_is_string(v) || json_is_null(v) ? "not known" : "none");
}

/* What an imported result lacks, where it lacks something. */
static void show_loss(struct doc *d)
{
	const struct capture_loss *c = &d->s->set->capture;
	struct buf b = BUF_INIT;

	if (!c->present || !(c->lost || c->damaged || c->rows_lost || c->rows_missing))
		return;
	buf_printf(&b, "The capture that this was imported from is incomplete. Lines lost: %llu of %llu; damaged: %llu; rows that "
		       "lack a line: %llu; that never came: %llu. Nothing of these rows is in this report.",
		   (unsigned long long)c->lost, (unsigned long long)(c->lines + c->lost), (unsigned long long)c->damaged,
		   (unsigned long long)c->rows_lost, (unsigned long long)c->rows_missing);
	d->ops->warning(d, buf_str(&b));
	buf_free(&b);
}

/* An object of objects as rows "a b", in the order of the file. */
static void flatten(struct table *t, const char *above, const json_t *j, unsigned depth)
{
	const char *key;
	json_t *v, *object = (json_t *)j; /* jansson's walk wants it mutable and leaves it alone */

	json_object_foreach(object, key, v) {
		struct buf path = BUF_INIT;

		if (table_rows(t) >= FLAT_ROWS)
			return;
		buf_printf(&path, "%s%s%s", above, *above ? " " : "", *above ? key : known_key(key));
		if (json_is_object(v) && json_object_size(v) && depth < FLAT_DEPTH) {
			flatten(t, buf_str(&path), v, depth + 1);
		} else {
			table_text(t, "%s", buf_str(&path));
			flat_value(t, key, v);
		}
		buf_free(&path);
	}
}

static void show_time(struct table *t, const char *when, const char *more)
{
	if (*when)
		table_text(t, "%s%s", when, more);
	else
		table_muted(t, "not known");
}

static void show_machine(struct doc *d)
{
	static const struct column cols[] = { { "what", WORDS }, { "value", WORDS } };
	const struct result_set *r = d->s->set;
	struct table t;

	d->ops->heading(d, "The machine");
	table_init(&t, "Hardware: must be the same for two results to be compared", cols, 2);
	flatten(&t, "", r->hardware, 0);
	document_table(d, &t);
	table_init(&t, "Software: what a comparison is usually about", cols, 2);
	flatten(&t, "", r->subject, 0);
	document_table(d, &t);
	table_init(&t, "This run", cols, 2);
	flatten(&t, "", r->tool, 0);
	table_text(&t, "run");
	table_text(&t, "%s", r->run_id);
	table_text(&t, "started");
	show_time(&t, r->started, "");
	table_text(&t, "finished");
	show_time(&t, r->finished, r->interrupted ? " (interrupted)" : "");
	table_text(&t, "seed");
	table_text(&t, "%llu", (unsigned long long)r->seed);
	document_table(d, &t);
}

static void show_figures(struct doc *d)
{
	if (!d->ops->figure || !d->s->n_cycles)
		return;
	if (d->no_figures) {
		d->ops->heading(d, "Figures");
		d->ops->warning(d, d->no_figures);
		return;
	}
	for (size_t i = 0; i < n_figures; i++) {
		if (!figures[i]->count(figures[i], d->s))
			continue;
		d->ops->heading(d, figures[i]->heading);
		d->ops->figure(d, figures[i]);
	}
}

void document_flags(struct table *t, unsigned flags)
{
	struct buf b = BUF_INIT;

	for (unsigned i = 0; i < RESULT_FLAGS; i++)
		if (flags & (1u << i))
			buf_printf(&b, "%s%s", b.len ? ", " : "", result_flag_name(i));
	table_text(t, "%s", buf_str(&b));
	buf_free(&b);
}

static void interval_cell(struct table *t, const struct result *r)
{
	struct buf b = BUF_INIT;
	double lo, hi;

	result_interval(r, &lo, &hi);
	number_append(&b, lo);
	buf_puts(&b, " – ");
	number_append(&b, hi);
	table_text(t, "%s", buf_str(&b));
	if (!r->has_ci)
		table_note(t, "range");
	buf_free(&b);
}

static double tsc_hz(const struct series *s)
{
	double hz = json_number_value(json_object_get(s->set->hardware, "tsc_hz"));

	return hz >= 1e6 && hz <= 1e12 ? hz : NAN;
}

static void cycles_row(struct table *t, const struct series *s, const struct result *r)
{
	table_text(t, "%s", r->op);
	if (r->memory[0])
		table_note(t, "memory %s", r->memory);
	table_number(t, r->median);
	table_number(t, r->median / tsc_hz(s) * 1e9);
	interval_cell(t, r);
	for (size_t i = 0; i < 7; i++)
		table_number(t, (const double[]){ r->min, r->p25, r->p75, r->p90, r->p99, r->p999,
						  r->max }[i]);
}

void document_launches(struct table *t, const struct result *r)
{
	size_t empty = 0;

	for (size_t i = 0; i < r->n_launches; i++)
		empty += !r->launch[i].n;
	table_text(t, "%zu", r->n_launches);
	if (empty)
		table_note(t, "%zu gave nothing", empty);
}

/* Empty where it has one, or where only differences tell of it. */
static void modes_cell(struct table *t, const struct result *r)
{
	struct mode mode[MODES_MOST];
	size_t n = r->differenced ? 0 : modes_find(r->hist, r->n_hist, mode);
	struct buf b = BUF_INIT;

	for (size_t i = 0; n > 1 && i < n; i++) {
		buf_puts(&b, i ? ", " : "");
		number_append(&b, mode[i].value);
		buf_printf(&b, " (%.0f %%)", 100 * mode[i].share);
	}
	table_text(t, "%s", buf_str(&b));
	buf_free(&b);
}

static void method_row(struct table *t, const struct series *s, const struct result *r)
{
	(void)s;
	table_text(t, "%s", r->op);
	table_text(t, r->differenced ? "differenced, %u" : "single", r->batch);
	table_text(t, "%llu", (unsigned long long)r->n);
	document_launches(t, r);
	table_number(t, r->cold);
	table_number(t, r->empty_bracket);
	table_number(t, r->exits_observed);
	if (isfinite(r->exits_expected))
		table_note(t, "of %g", r->exits_expected);
	modes_cell(t, r);
	document_flags(t, r->flags);
}

/* One table a lane, or one for all of them where there are many: then with the lane in front of each row. */
static void lane_tables(struct doc *d, const struct column *cols, size_t n_cols, const char *what,
			void (*row)(struct table *t, const struct series *s, const struct result *r))
{
	const struct series *s = d->s;
	bool together = s->n_cycles > TABLES_MAX;

	for (size_t lane = 0; lane < (together ? 1 : s->n_cycles); lane++) {
		struct buf caption = BUF_INIT;
		struct table t;

		buf_printf(&caption, "%s: %s", together ? "All engines" : s->lane[lane].label, what);
		table_init(&t, buf_str(&caption), cols + !together, n_cols - !together);
		for (size_t i = 0; i < s->n_cells; i++) {
			size_t own = s->cell[i].lane;

			if (together ? own >= s->n_cycles : own != lane)
				continue;
			if (together)
				table_text(&t, "%s", s->lane[own].label);
			row(&t, s, s->cell[i].r);
		}
		if (table_rows(&t) > FOLDED_ROWS)
			document_fold(d, buf_str(&caption), &t);
		else
			document_table(d, &t);
		buf_free(&caption);
	}
}

static void show_numbers(struct doc *d)
{
	static const struct column cycles[] = {
		{ "engine", TIGHT },	{ "operation", TIGHT }, { "median", NUMBER }, { "ns", NUMBER },
		{ "interval", NUMBER }, { "min", NUMBER },	{ "25 %", NUMBER },   { "75 %", NUMBER },
		{ "90 %", NUMBER },	{ "99 %", NUMBER },	{ "99.9 %", NUMBER }, { "max", NUMBER },
	};
	static const struct column method[] = {
		{ "engine", TIGHT },	{ "operation", TIGHT }, { "estimator", TIGHT },
		{ "samples", NUMBER },	{ "launches", NUMBER }, { "cold", NUMBER },
		{ "empty bracket", NUMBER }, { "exits", NUMBER }, { "modes", WORDS }, { "flags", WORDS },
	};

	if (!d->ops->wide || !d->s->n_cycles)
		return;
	d->ops->heading(d, "All numbers");
	d->ops->paragraph(
		d,
		"Cycles per operation, ns by the calibrated TSC. Percentiles exist for single "
		"shots only; the interval is the 95 % interval of the median, or the range of "
		"launch medians.");
	lane_tables(d, cycles, sizeof(cycles) / sizeof(cycles[0]), "cycles", cycles_row);
	d->ops->heading(d, "How each was measured");
	d->ops->paragraph(d, "The very first execution and the empty bracket are cycles too; exits are per "
			     "operation, beside the number that the operation causes under VT. Modes: the peaks "
			     "that hold at least 5 % of the samples, where there is more than one.");
	lane_tables(d, method, sizeof(method) / sizeof(method[0]), "samples, exits, modes, flags", method_row);
}

/* ---- how to read it ---- */

static void show_flags(struct doc *d)
{
	static const struct column cols[] = { { "flag", WORDS },
					      { "rows", NUMBER },
					      { "meaning", WORDS } };
	const struct result_set *r = d->s->set;
	struct table t;

	table_init(&t, "Flags in this report", cols, 3);
	for (unsigned i = 0; i < RESULT_FLAGS; i++) {
		size_t n = 0;

		for (size_t k = 0; k < r->n_results; k++)
			n += r->result[k].flags >> i & 1;
		if (!n)
			continue;
		table_text(&t, "%s", result_flag_name(i));
		table_text(&t, "%zu", n);
		table_text(&t, "%s", explain_flag(i));
	}
	if (table_rows(&t))
		d->ops->heading(d, "Flags");
	document_table(d, &t);
}

static void show_operations(struct doc *d)
{
	static const struct column cols[] = {
		{ "operation", WORDS },
		{ "what it does", WORDS },
		{ "clock starts", WORDS },
		{ "clock stops", WORDS },
	};
	const char *before = "";
	struct table t;

	if (!d->ops->wide)
		return;
	table_init(&t, "The operations of this report", cols, 4);
	for (size_t i = 0; i < d->s->n_rows; i++) {
		const struct series_row *row = &d->s->row[i];

		if (!row->known || !strcmp(before, row->op))
			continue;
		before = row->op;
		table_text(&t, "%s", row->op);
		table_text(&t, "%s", row->known->summary);
		table_text(&t, "%s", row->known->start);
		table_text(&t, "%s", row->known->stop);
	}
	if (table_rows(&t) > FOLDED_ROWS)
		document_fold(d, t.caption, &t);
	else
		document_table(d, &t);
}

static void show_reading(struct doc *d)
{
	d->ops->heading(d, "How to read this");
	for (size_t i = 0; explain_reading(i); i++)
		d->ops->paragraph(d, explain_reading(i));
	show_operations(d);
}

void document_write(struct doc *d)
{
	struct buf subtitle = BUF_INIT;

	document_subtitle(d->s->set, &subtitle);
	d->ops->begin(d, "vtscope report", buf_str(&subtitle));
	buf_free(&subtitle);
	show_verdict(d);
	if (d->s->set->interrupted)
		d->ops->warning(
			d,
			"This run was interrupted: what was measured until then is here, the "
			"rest is missing.");
	if (!d->s->set->n_results)
		d->ops->warning(
			d,
			"Nothing was measured: every row was skipped or failed, see below for "
			"the reasons.");
	show_loss(d);
	document_costs(d);
	document_monitor(d);
	show_figures(d);
	document_emulated(d);
	document_self_test(d);
	document_failed(d);
	document_skipped(d);
	show_flags(d);
	show_numbers(d);
	document_quiet(d);
	show_machine(d);
	show_reading(d);
	d->ops->end(d);
}

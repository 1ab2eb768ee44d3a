/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the doctor found: as text, as JSON, in TAP 13. */
#include <string.h>

#include "probe/doctor.h"
#include "probe/json_private.h"
#include "probe/render_private.h"

#define NARROW		64	/* columns: below there is no room for two */
#define ID_WIDTH	20

/* ---- text ---- */

static const char *glyph(const struct render_style *st, enum doctor_state s)
{
	static const char *const plain[] = { [DOCTOR_UNKNOWN] = "?", [DOCTOR_PASS] = "+", [DOCTOR_WARN] = "!" };

	return st->utf8 && s == DOCTOR_PASS ? "\xe2\x9c\x93" : plain[s];
}

static const char *paint(const struct render_style *st, enum doctor_state s)
{
	static const char *const colours[] = { [DOCTOR_UNKNOWN] = "\033[2m", [DOCTOR_PASS] = "\033[32m",
					       [DOCTOR_WARN] = "\033[33m" };

	return st->colour ? colours[s] : "";
}

/* A labelled paragraph under a finding. */
static void put_part(struct buf *out, const char *label, const char *text, unsigned indent, const struct render_style *st)
{
	struct buf line = BUF_INIT;

	buf_printf(&line, "%s%s", label, text);
	buf_printf(out, "%*s", (int)indent, "");
	render_wrap(out, buf_str(&line), indent, st->columns);
	buf_free(&line);
}

static void put_finding(const struct doctor_finding *f, const struct render_style *st, struct buf *out)
{
	static const char *const words[] = { [DOCTOR_UNKNOWN] = "UNKNOWN", [DOCTOR_PASS] = "PASS", [DOCTOR_WARN] = "WARN" };
	bool narrow = st->columns < NARROW;
	unsigned indent = narrow ? 2 : 10 + ID_WIDTH + 1;

	buf_printf(out, "%s%s %-7s%s ", paint(st, f->state), glyph(st, f->state), words[f->state], st->colour ? "\033[0m" : "");
	if (narrow)
		buf_printf(out, "%s\n  ", f->check->id);
	else
		buf_printf(out, "%-*s ", ID_WIDTH, f->check->id);
	render_wrap(out, f->seen, indent, st->columns);
	if (f->state != DOCTOR_WARN)
		return;
	put_part(out, "Why: ", f->check->why, indent, st);
	if (f->fix[0])
		put_part(out, "Fix: ", f->fix, indent, st);
}

/* The rows of one state, the heaviest first, as the table has them among equals. */
static void put_state(const struct doctor *d, enum doctor_state state, const struct render_style *st, struct buf *out)
{
	for (unsigned weight = 100; weight > 0; weight--)
		for (size_t i = 0; i < d->n; i++)
			if (d->row[i].state == state && d->row[i].check->weight == weight)
				put_finding(&d->row[i], st, out);
}

void doctor_text(const struct doctor *d, const struct render_style *st, struct buf *out)
{
	static const enum doctor_state order[] = { DOCTOR_WARN, DOCTOR_UNKNOWN, DOCTOR_PASS };
	struct buf line = BUF_INIT;

	buf_printf(&line, "%u of 100 for measuring on CPU %d: of %zu checks %zu pass, %zu warn, %zu cannot be seen from here.",
		   d->score, d->cpu, d->n, d->count[DOCTOR_PASS], d->count[DOCTOR_WARN], d->count[DOCTOR_UNKNOWN]);
	render_wrap(out, buf_str(&line), 0, st->columns);
	buf_puts(out, "\n");
	buf_free(&line);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		put_state(d, order[i], st, out);
}

/* ---- TAP ---- */

static void tap_detail(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, "  %s: ", key);
	render_tap_quoted(out, text);
	buf_puts(out, "\n");
}

void doctor_tap(const struct doctor *d, struct buf *out)
{
	buf_printf(out, "TAP version 13\n1..%zu\n# score %u of 100, CPU %d\n", d->n, d->score, d->cpu);
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_finding *f = &d->row[i];

		buf_printf(out, "%s %zu - %s ", f->state == DOCTOR_WARN ? "not ok" : "ok", i + 1, f->check->id);
		render_tap_description(out, f->check->question);
		if (f->state == DOCTOR_UNKNOWN) {
			buf_puts(out, " # SKIP ");
			render_tap_description(out, f->seen);
		}
		buf_printf(out, "\n  ---\n  state: \"%s\"\n  weight: %u\n", doctor_state_name(f->state), f->check->weight);
		tap_detail(out, "seen", f->seen);
		if (f->state == DOCTOR_WARN)
			tap_detail(out, "why", f->check->why);
		if (f->fix[0])
			tap_detail(out, "fix", f->fix);
		buf_puts(out, "  ...\n");
	}
}

/* ---- JSON ---- */

static json_t *finding_json(const struct doctor_finding *f)
{
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_put(o, "id", json_text(f->check->id));
	bad |= json_put(o, "state", json_text(doctor_state_name(f->state)));
	bad |= json_put(o, "weight", json_integer(f->check->weight));
	bad |= json_put(o, "seen", json_text(f->seen));
	bad |= json_put(o, "why", json_text(f->check->why));
	bad |= json_put(o, "fix", f->fix[0] ? json_text(f->fix) : json_null());
	if (!bad)
		return o;
	json_decref(o);
	return NULL;
}

static int put_findings(json_t *o, const struct doctor *d)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t i = 0; i < d->n; i++)
		bad |= json_array_append_new(list, finding_json(&d->row[i]));
	bad |= json_put(o, "score", json_integer(d->score));
	return bad | json_put(o, "findings", list);
}

static json_t *whole(json_t *o, int bad)
{
	if (!bad)
		return o;
	json_decref(o);
	return NULL;
}

json_t *doctor_json(const struct doctor *d)
{
	json_t *o = json_object();

	return whole(o, put_findings(o, d));
}

json_t *doctor_document(const struct doctor *d)
{
	json_t *o = json_object();
	int bad = json_put(o, "schema", json_text("vtscope.doctor/1"));

	bad |= json_put(o, "cpu", json_integer(d->cpu));
	bad |= json_put(o, "seconds", json_real(d->seconds));
	return whole(o, bad | put_findings(o, d));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A comparison as the "vtscope.comparison/1" document. doc/schema/comparison.schema.json says what may stand in it. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "common/json.h"
#include "report/comparison.h"
#include "report/escape.h"

static json_t *number(double v)
{
	if (!isfinite(v))
		return json_null();
	return v == rint(v) && fabs(v) < 9e15 ? json_integer((json_int_t)v) : json_real(v);
}

static json_t *text_or_null(const char *s)
{
	return *s ? escape_json(s) : json_null();
}

static json_t *change_json(const struct change *row)
{
	json_t *ci = isfinite(row->lo) && isfinite(row->hi) && !row->exact ?
			     json_pack("[o,o]", number(row->lo), number(row->hi)) : json_null();

	return json_pack("{s:o,s:o,s:o,s:s,s:o,s:o,s:[I,I],s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:s,s:b,s:o,s:o,s:o,s:o}",
			 "op", escape_json(row->op), "engine", escape_json(row->engine), "via", escape_json(row->via),
			 "measure", change_measure(row->measure), "a", number(row->a), "b", number(row->b),
			 "launches", (json_int_t)row->n_a, (json_int_t)row->n_b, "ratio", number(row->ratio), "ci95", ci,
			 "p", number(row->p), "p_holm", number(row->p_holm), "threshold", number(row->threshold),
			 "between", row->between > 0 ? number(row->between) : json_null(), "exact", row->exact, "word",
			 change_word(row->word), "confirmed", row->confirmed, "launches_needed",
			 row->launches_needed ? json_integer(row->launches_needed) : json_null(), "runs_needed",
			 row->runs_needed ? json_integer(row->runs_needed) : json_null(), "key",
			 text_or_null(row->key), "why", text_or_null(row->why));
}

static json_t *differences_json(const struct key_difference *d, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:o,s:o,s:o,s:b}", "key", escape_json(d[i].key), "a", escape_json(d[i].a), "b",
						      escape_json(d[i].b), "allowed", d[i].allowed));
	return list;
}

static json_t *unmatched_json(const struct unmatched *u)
{
	return json_pack("{s:o,s:o,s:o,s:s,s:o}", "op", escape_json(u->op), "engine", escape_json(u->engine), "via", escape_json(u->via), "in",
			 u->in_a ? "a" : "b", "reason", text_or_null(u->reason));
}

static json_t *summary_json(const struct comparison *c)
{
	json_t *o = json_object();

	for (unsigned w = 0; w < CHANGE_WORDS; w++)
		json_object_set_new(o, change_word(w), json_integer((json_int_t)comparison_count(c, w)));
	return o;
}

static json_t *runs_json(const struct comparison *c)
{
	return json_pack("[I,I]", (json_int_t)c->runs_a, (json_int_t)c->runs_b);
}

void comparison_json(const struct comparison *c, struct buf *out)
{
	json_t *changes = json_array(), *unmatched = json_array(), *o;
	int bad = 0;

	for (size_t i = 0; i < c->n; i++)
		bad |= json_array_append_new(changes, change_json(&c->change[i]));
	for (size_t i = 0; i < c->n_unmatched; i++)
		bad |= json_array_append_new(unmatched, unmatched_json(&c->unmatched[i]));
	o = json_pack("{s:s,s:o,s:o,s:b,s:b,s:[b,b],s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "schema", "vtscope.comparison/1", "a",
		      text_or_null(c->a_name), "b", text_or_null(c->b_name), "paired", c->paired, "confirmed",
		      c->confirmed, "interrupted", c->interrupted[0], c->interrupted[1], "family", (json_int_t)c->family, "runs",
		      runs_json(c), "summary", summary_json(c), "hardware",
		      differences_json(c->hardware, c->n_hardware), "subject", differences_json(c->subject, c->n_subject),
		      "changes", changes, "unmatched", unmatched);
	if (bad && !out->error)
		out->error = -ENOMEM;
	buf_put_document(out, o, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The "vtscope.result/1" document, written. doc/schema/result.schema.json says what may stand in it. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/modes.h"
#include "bench/result_fields.h"
#include "common/json.h"

/* Whole numbers without a fraction; what was not measured is null. */
static json_t *number(double v)
{
	if (!isfinite(v))
		return json_null();
	return v == rint(v) && fabs(v) < 9e15 ? json_integer((json_int_t)v) : json_real(v);
}

json_t *result_text(const char *s, size_t n)
{
	json_t *j = json_stringn(s, n);
	char *copy;
	size_t i;

	if (j)
		return j;
	copy = malloc(n + 1);
	for (i = 0; copy && i < n; i++)
		copy[i] = (unsigned char)s[i] < 0x80 ? s[i] : '?';
	j = copy ? json_stringn(copy, n) : NULL;
	free(copy);
	return j;
}

static int put_texts(json_t *to, const struct text_field *f, size_t n, const void *from)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const char *s = (const char *)from + f[i].offset;

		if (json_object_set_new(to, f[i].key, f[i].nullable && !*s ? json_null() : result_text(s, strlen(s))) < 0)
			return -ENOMEM;
	}
	return 0;
}

static json_t *pair(bool present, double a, double b)
{
	return present ? json_pack("[o,o]", number(a), number(b)) : json_null();
}

static json_t *raw_json(const struct result_raw *raw)
{
	json_t *list = raw->n ? json_array() : json_null();
	size_t i;

	if (!raw->n)
		return list;
	for (i = 0; i < raw->n; i++)
		if (json_array_append_new(list, number(raw->value[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	return json_pack("{s:I,s:o}", "every", (json_int_t)raw->every, "value", list);
}

static json_t *causes_json(unsigned causes)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < DISTURB_CAUSES; i++)
		if (causes & 1u << i && json_array_append_new(list, json_string(disturb_cause_name(i))) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

/* A microsecond is as fine as it is known. */
static json_t *disturb_json(const struct disturb_launch *d)
{
	json_t *o = d->watched ? json_object() : json_null();
	size_t i;
	int bad = 0;

	if (!d->watched)
		return o;
	for (i = 0; i < COUNT_OF(disturb_numbers); i++) {
		double v = *(const double *)((const char *)&d->grew + disturb_numbers[i].offset);

		bad |= json_object_set_new(o, disturb_numbers[i].key, number(rint(v * 1e6) / 1e6));
	}
	bad |= json_object_set_new(o, "over", causes_json(d->over));
	bad |= json_object_set_new(o, "repeated_for", causes_json(d->repeated_for));
	if (!bad)
		return o;
	json_decref(o);
	return NULL;
}

static json_t *launches_json(const struct result *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < r->n_launches; i++) {
		const struct result_launch *l = &r->launch[i];

		if (json_array_append_new(list, json_pack("{s:I,s:o,s:o,s:o,s:i,s:o}", "n", (json_int_t)l->n, "median",
							  number(l->median), "min", number(l->min), "disturbed",
							  disturb_json(&l->disturb), "repeats",
							  (int)l->disturb.repeats, "raw", raw_json(&l->raw))) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *histogram_of(const struct result *r)
{
	json_t *value = json_array(), *count = json_array();
	size_t i;

	for (i = 0; i < r->n_hist; i++)
		if (json_array_append_new(value, number(r->hist[i].value)) < 0 ||
		    json_array_append_new(count, number(r->hist[i].count)) < 0)
			break;
	if (i < r->n_hist) {
		json_decref(value);
		json_decref(count);
		return NULL;
	}
	return json_pack("{s:o,s:o,s:o}", "value", value, "count", count, "overflow", number(r->hist_overflow));
}

static json_t *flags_json(unsigned flags)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < RESULT_FLAGS; i++)
		if (flags & 1u << i && json_array_append_new(list, json_string(result_flag_name(i))) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *split_json(const struct result_split *split)
{
	json_t *o = split->present ? json_object() : json_null();
	size_t i;

	for (i = 0; split->present && i < COUNT_OF(split_numbers); i++) {
		const double *v = (const double *)((const char *)split + split_numbers[i].offset);

		if (json_object_set_new(o, split_numbers[i].key, number(*v)) < 0) {
			json_decref(o);
			return NULL;
		}
	}
	return o;
}

/* Of single shots, where these are the headline: what is told by differences is told of the median alone. */
static json_t *modes_json(const struct result *r)
{
	struct mode mode[MODES_MOST];
	size_t n = r->differenced ? 0 : modes_find(r->hist, r->n_hist, mode);
	json_t *list = n ? json_array() : json_null();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list, json_pack("{s:o,s:o}", "value", number(mode[i].value), "share",
							  number(rint(mode[i].share * 1e4) / 1e4))) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *result_json(const struct result *r)
{
	json_t *o = json_object();
	size_t i;
	int bad;

	bad = put_texts(o, result_texts, COUNT_OF(result_texts), r);
	for (i = 0; i < COUNT_OF(result_numbers); i++) {
		const double *v = (const double *)((const char *)r + result_numbers[i].offset);

		bad |= json_object_set_new(o, result_numbers[i].key, number(*v));
	}
	bad |= json_object_set_new(o, "unit", json_string(result_unit(r->clock)));
	bad |= json_object_set_new(o, "estimator", json_string(r->differenced ? "differenced" : "single"));
	bad |= json_object_set_new(o, "batch", json_integer(r->batch));
	bad |= json_object_set_new(o, "n", json_integer((json_int_t)r->n));
	bad |= json_object_set_new(o, "ci95", pair(r->has_ci, r->ci_lo, r->ci_hi));
	bad |= json_object_set_new(o, "range", pair(true, r->range_lo, r->range_hi));
	bad |= json_object_set_new(o, "core_cycles", r->core_cycles > 0 ? number(r->core_cycles) : json_null());
	bad |= json_object_set_new(o, "split", split_json(&r->split));
	bad |= json_object_set_new(o, "exits", json_pack("{s:o,s:o}", "expected", number(r->exits_expected),
							 "observed", number(r->exits_observed)));
	bad |= json_object_set_new(o, "launches", launches_json(r));
	bad |= json_object_set_new(o, "modes", modes_json(r));
	bad |= json_object_set_new(o, "flags", flags_json(r->flags));
	bad |= json_object_set_new(o, "histogram", histogram_of(r));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *skipped_json(const struct skipped *s)
{
	json_t *o = json_pack("{s:b}", "unverified", s->unverified);

	if (o && put_texts(o, skipped_texts, COUNT_OF(skipped_texts), s) < 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *failed_json(const struct failed *f)
{
	json_t *o, *stop;
	char rip[20];

	snprintf(rip, sizeof(rip), "0x%" PRIx64, f->rip);
	stop = json_pack("{s:o,s:O?}", "rip", f->registers ? json_string(rip) : json_null(), "registers", f->registers);
	o = json_pack("{s:O?}", "stop", stop);
	if (!stop || !o || put_texts(stop, stop_texts, COUNT_OF(stop_texts), f) < 0 ||
	    put_texts(o, failed_texts, COUNT_OF(failed_texts), f) < 0) {
		json_decref(o);
		o = NULL;
	}
	json_decref(stop);
	return o;
}

static json_t *self_test_row(const void *row)
{
	json_t *o = json_pack("{s:b}", "passed", ((const struct self_test *)row)->passed);

	if (o && put_texts(o, self_test_texts, COUNT_OF(self_test_texts), row) < 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *fact_row(const void *row)
{
	json_t *o = json_object();

	if (o && put_texts(o, fact_texts, COUNT_OF(fact_texts), row) < 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *capture_json(const struct capture_loss *c)
{
	json_t *o = c->present ? json_object() : json_null();
	size_t i;

	for (i = 0; c->present && i < COUNT_OF(capture_counts); i++) {
		const uint64_t *v = (const uint64_t *)((const char *)c + capture_counts[i].offset);

		if (json_object_set_new(o, capture_counts[i].key, json_integer((json_int_t)*v)) < 0) {
			json_decref(o);
			return NULL;
		}
	}
	return o;
}

/* (row_json) of each of (n) rows of (size) bytes. */
static json_t *rows_json(const void *rows, size_t n, size_t size, json_t *(*row_json)(const void *row))
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		if (json_array_append_new(list, row_json((const char *)rows + i * size)) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *result_row(const void *row) { return result_json(row); }
static json_t *skipped_row(const void *row) { return skipped_json(row); }
static json_t *failed_row(const void *row) { return failed_json(row); }

json_t *result_set_json(const struct result_set *r)
{
	json_t *o = json_pack("{s:s}", "schema", RESULT_SCHEMA);
	size_t i;
	int bad;

	bad = put_texts(o, set_texts, COUNT_OF(set_texts), r);
	for (i = 0; i < COUNT_OF(set_objects); i++) {
		json_t *part = *(json_t *const *)((const char *)r + set_objects[i].offset);

		bad |= json_object_set(o, set_objects[i].key, part);
	}
	bad |= json_object_set_new(o, "interrupted", json_boolean(r->interrupted));
	bad |= json_object_set_new(o, "seed", json_integer((json_int_t)r->seed));
	bad |= json_object_set_new(o, "doctor", r->doctor ? json_incref(r->doctor) : json_null());
	bad |= json_object_set_new(o, "results", rows_json(r->result, r->n_results, sizeof(*r->result), result_row));
	bad |= json_object_set_new(o, "skipped", rows_json(r->skipped, r->n_skipped, sizeof(*r->skipped), skipped_row));
	bad |= json_object_set_new(o, "failed", rows_json(r->failed, r->n_failed, sizeof(*r->failed), failed_row));
	bad |= json_object_set_new(o, "self_tests",
				   rows_json(r->self_test, r->n_self_tests, sizeof(*r->self_test), self_test_row));
	bad |= json_object_set_new(o, "facts", rows_json(r->fact, r->n_facts, sizeof(*r->fact), fact_row));
	bad |= json_object_set_new(o, "capture", capture_json(&r->capture));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* One line a row, so that a file can be searched and compared by line. */
static void write_member(const json_t *value, struct buf *out)
{
	const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(12) | JSON_ENCODE_ANY;
	json_t *row;
	size_t i;

	if (!json_is_array(value)) {
		buf_put_json(out, value, flags);
		return;
	}
	buf_puts(out, "[");
	json_array_foreach(value, i, row) {
		buf_puts(out, i ? ",\n  " : "\n  ");
		buf_put_json(out, row, flags);
	}
	buf_puts(out, "]");
}

int result_set_write(const struct result_set *r, struct buf *out)
{
	json_t *o = result_set_json(r), *value;
	const char *key, *before = "{\n ";

	if (!o)
		return -ENOMEM;
	json_object_foreach(o, key, value) {
		buf_printf(out, "%s\"%s\": ", before, key);
		write_member(value, out);
		before = ",\n ";
	}
	buf_puts(out, "\n}\n");
	json_decref(o);
	return buf_error(out) ? -ENOMEM : 0;
}

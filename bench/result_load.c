/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The "vtscope.result/1" document, read: from any bytes, with the line of what is wrong. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/result_fields.h"
#include "common/parse.h"

/* Where in the document: a chain of members and indices, on the stack. */
struct place { const struct place *up; const char *key; size_t index; };

struct loader { const char *bytes, *end, *name; struct err *e; };

/* ---- the line of a place: the text is known to be valid JSON here ---- */

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p))
		p++;
	return p;
}

static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : end;
}

static const char *skip_value(const char *p, const char *end)
{
	size_t depth = 0;

	for (p = skip_space(p, end); p < end;) {
		if (*p == '"') {
			p = skip_string(p, end);
			if (!depth)
				return p;
			continue;
		}
		if (strchr("]},", *p) && !depth)
			return p;
		if (*p == '[' || *p == '{')
			depth++;
		if ((*p == ']' || *p == '}') && !--depth)
			return p + 1;
		p++;
	}
	return p;
}

static bool is_key(const char *p, const char *after, const char *key)
{
	size_t n = strlen(key);

	return (size_t)(after - p) == n + 2 && !memcmp(p + 1, key, n);
}

/* The value at (at), or the innermost container on the way that lacks it. */
static const char *locate(const struct loader *l, const struct place *at)
{
	const char *start, *p, *after;
	size_t i = 0;

	if (!at)
		return skip_space(l->bytes, l->end);
	start = locate(l, at->up);
	p = start < l->end ? skip_space(start + 1, l->end) : start;
	while (p < l->end && *p != ']' && *p != '}') {
		if (at->key) {
			after = skip_string(p, l->end);
			i = is_key(p, after, at->key) ? at->index : at->index + 1;
			p = skip_space(skip_space(after, l->end) + 1, l->end);
		}
		if (i == at->index)
			return p;
		p = skip_space(skip_value(p, l->end), l->end);
		if (p < l->end && *p == ',')
			p = skip_space(p + 1, l->end);
		i++;
	}
	return start;
}

static void describe(const struct place *at, struct buf *out)
{
	if (!at)
		return;
	describe(at->up, out);
	if (at->key)
		buf_printf(out, "%s%s", at->up ? "." : "", at->key);
	else
		buf_printf(out, "[%zu]", at->index);
}

static int bad(const struct loader *l, const struct place *at, const char *what)
{
	const char *p, *stop = locate(l, at);
	struct buf where = BUF_INIT;
	size_t line = 1;

	for (p = l->bytes; p < stop; p++)
		line += *p == '\n';
	describe(at, &where);
	err_set(l->e, EINVAL, "%s:%zu: %s %s", l->name, line, buf_str(&where), what);
	buf_free(&where);
	return -EINVAL;
}

/* ---- values, each checked ---- */

/* The member of (o), or NULL after having said that it is missing. */
static json_t *member(const struct loader *l, json_t *o, const struct place *at)
{
	json_t *v = json_object_get(o, at->key);

	if (!v)
		bad(l, at, "is missing");
	return v;
}

static int load_text(const struct loader *l, json_t *o, const struct place *up, const struct text_field *f, void *to)
{
	struct place at = { up, f->key, 0 };
	json_t *v = member(l, o, &at);
	char *out = (char *)to + f->offset;

	if (!v)
		return -EINVAL;
	if (f->nullable && json_is_null(v)) {
		*out = 0;
		return 0;
	}
	if (!json_is_string(v))
		return bad(l, &at, "is not a string");
	if (json_string_length(v) >= f->size)
		return bad(l, &at, "is too long");
	memcpy(out, json_string_value(v), json_string_length(v) + 1);
	return 0;
}

static int load_texts(const struct loader *l, json_t *o, const struct place *up, const struct text_field *f, size_t n,
		      void *to)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (load_text(l, o, up, &f[i], to) < 0)
			return -EINVAL;
	return 0;
}

static int load_value(const struct loader *l, json_t *v, const struct place *at, double *out)
{
	if (!json_is_number(v) && !json_is_null(v))
		return bad(l, at, "is not a number or null");
	*out = json_is_null(v) ? NAN : json_number_value(v);
	return 0;
}

static int load_number(const struct loader *l, json_t *o, const struct place *up, const char *key, double *out)
{
	struct place at = { up, key, 0 };
	json_t *v = member(l, o, &at);

	return v ? load_value(l, v, &at, out) : -EINVAL;
}

static int load_count(const struct loader *l, json_t *o, const struct place *up, const char *key, uint64_t max,
		      uint64_t *out)
{
	struct place at = { up, key, 0 };
	json_t *v = member(l, o, &at);

	if (!v)
		return -EINVAL;
	if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max)
		return bad(l, &at, "is not a count in range");
	*out = (uint64_t)json_integer_value(v);
	return 0;
}

static int load_bool(const struct loader *l, json_t *o, const struct place *up, const char *key, bool *out)
{
	struct place at = { up, key, 0 };
	json_t *v = member(l, o, &at);

	if (!v)
		return -EINVAL;
	if (!json_is_boolean(v))
		return bad(l, &at, "is not true or false");
	*out = json_is_true(v);
	return 0;
}

/* The array or object (type) at (at), or NULL after having said so. */
static json_t *container(const struct loader *l, json_t *o, const struct place *at, json_type type)
{
	json_t *v = member(l, o, at);

	if (v && json_typeof(v) != type) {
		bad(l, at, type == JSON_ARRAY ? "is not an array" : "is not an object");
		return NULL;
	}
	return v;
}

/* [lo, hi] or null: (present) says which. */
static int load_pair(const struct loader *l, json_t *o, const struct place *up, const char *key, bool *present,
		     double *lo, double *hi)
{
	struct place at = { up, key, 0 }, first = { &at, NULL, 0 }, second = { &at, NULL, 1 };
	json_t *v = member(l, o, &at);

	*present = false;
	*lo = *hi = NAN;
	if (!v || json_is_null(v))
		return v ? 0 : -EINVAL;
	if (json_array_size(v) != 2)
		return bad(l, &at, "is not a pair");
	*present = true;
	if (load_value(l, json_array_get(v, 0), &first, lo) < 0)
		return -EINVAL;
	return load_value(l, json_array_get(v, 1), &second, hi);
}

/* ---- one result ---- */

static int load_launches(const struct loader *l, json_t *o, const struct place *up, struct result *r)
{
	struct place at = { up, "launches", 0 };
	json_t *list = container(l, o, &at, JSON_ARRAY), *row;
	size_t i;

	if (!list)
		return -EINVAL;
	r->launch = calloc(json_array_size(list) + 1, sizeof(*r->launch));
	if (!r->launch)
		return err_set(l->e, ENOMEM, "%s: out of memory", l->name);
	json_array_foreach(list, i, row) {
		struct place here = { &at, NULL, i };
		struct result_launch *to = &r->launch[i];

		if (load_count(l, row, &here, "n", INT64_MAX, &to->n) < 0 ||
		    load_number(l, row, &here, "median", &to->median) < 0 ||
		    load_number(l, row, &here, "min", &to->min) < 0)
			return -EINVAL;
	}
	r->n_launches = json_array_size(list);
	return 0;
}

static int load_histogram(const struct loader *l, json_t *o, const struct place *up, struct result *r)
{
	struct place at = { up, "histogram", 0 }, at_value = { &at, "value", 0 }, at_count = { &at, "count", 0 };
	json_t *h = container(l, o, &at, JSON_OBJECT), *value, *count;
	size_t i, n;

	if (!h || load_number(l, h, &at, "overflow", &r->hist_overflow) < 0)
		return -EINVAL;
	value = container(l, h, &at_value, JSON_ARRAY);
	count = value ? container(l, h, &at_count, JSON_ARRAY) : NULL;
	if (!count)
		return -EINVAL;
	n = json_array_size(value);
	if (json_array_size(count) != n)
		return bad(l, &at_count, "is not as long as histogram.value");
	r->hist = calloc(n + 1, sizeof(*r->hist));
	if (!r->hist)
		return err_set(l->e, ENOMEM, "%s: out of memory", l->name);
	for (i = 0; i < n; i++) {
		struct place v = { &at_value, NULL, i }, c = { &at_count, NULL, i };
		struct bucket *b = &r->hist[i];

		if (load_value(l, json_array_get(value, i), &v, &b->value) < 0 ||
		    load_value(l, json_array_get(count, i), &c, &b->count) < 0)
			return -EINVAL;
		if (isnan(b->value) || (i && b->value <= b[-1].value))
			return bad(l, &v, "is not above the bucket before it");
		if (!(b->count >= 1))
			return bad(l, &c, "is not a positive count");
	}
	r->n_hist = n;
	return 0;
}

/* A flag that this build does not know would be a caveat lost: that is an error. */
static int load_flags(const struct loader *l, json_t *o, const struct place *up, struct result *r)
{
	struct place at = { up, "flags", 0 };
	json_t *list = container(l, o, &at, JSON_ARRAY), *flag;
	size_t i;

	if (!list)
		return -EINVAL;
	json_array_foreach(list, i, flag) {
		struct place here = { &at, NULL, i };
		unsigned bit = 0;

		if (!json_is_string(flag))
			return bad(l, &here, "is not a string");
		while (bit < RESULT_FLAGS && strcmp(result_flag_name(bit), json_string_value(flag)))
			bit++;
		if (bit == RESULT_FLAGS)
			return bad(l, &here, "is a flag that this version does not know");
		r->flags |= 1u << bit;
	}
	return 0;
}

static int load_choice(const struct loader *l, json_t *o, const struct place *up, const char *key,
		       const char *const *choice, size_t *out)
{
	struct place at = { up, key, 0 };
	json_t *v = member(l, o, &at);

	if (!v)
		return -EINVAL;
	for (*out = 0; choice[*out]; (*out)++)
		if (json_is_string(v) && !strcmp(json_string_value(v), choice[*out]))
			return 0;
	return bad(l, &at, "is not one of its values");
}

static int load_exits(const struct loader *l, json_t *o, const struct place *up, struct result *r)
{
	struct place at = { up, "exits", 0 };
	json_t *exits = container(l, o, &at, JSON_OBJECT);

	if (!exits || load_number(l, exits, &at, "expected", &r->exits_expected) < 0)
		return -EINVAL;
	return load_number(l, exits, &at, "observed", &r->exits_observed);
}

static int load_result(const struct loader *l, json_t *o, const struct place *at, struct result *r)
{
	static const char *const estimators[] = { "single", "differenced", NULL };
	static const char *const provenances[] = { "hardware", "nested", "software", "emulated", NULL };
	size_t i, estimator, provenance;
	bool has_range;
	uint64_t batch;

	if (load_texts(l, o, at, result_texts, COUNT_OF(result_texts), r) < 0 ||
	    load_choice(l, o, at, "provenance", provenances, &provenance) < 0 ||
	    load_choice(l, o, at, "estimator", estimators, &estimator) < 0)
		return -EINVAL;
	for (i = 0; i < COUNT_OF(result_numbers); i++)
		if (load_number(l, o, at, result_numbers[i].key,
				(double *)((char *)r + result_numbers[i].offset)) < 0)
			return -EINVAL;
	if (load_count(l, o, at, "batch", UINT32_MAX, &batch) < 0 || load_count(l, o, at, "n", INT64_MAX, &r->n) < 0 ||
	    load_pair(l, o, at, "ci95", &r->has_ci, &r->ci_lo, &r->ci_hi) < 0 ||
	    load_pair(l, o, at, "range", &has_range, &r->range_lo, &r->range_hi) < 0 ||
	    load_exits(l, o, at, r) < 0 || load_launches(l, o, at, r) < 0 || load_flags(l, o, at, r) < 0)
		return -EINVAL;
	r->differenced = estimator == 1;
	r->batch = (uint32_t)batch;
	return load_histogram(l, o, at, r);
}

/* ---- the three lists and the document ---- */

static int load_result_row(const struct loader *l, json_t *o, const struct place *at, struct result_set *set)
{
	struct result r = { 0 };

	if (load_result(l, o, at, &r) == 0) {
		if (result_set_add(set, &r) == 0)
			return 0;
		err_set(l->e, ENOMEM, "%s: out of memory", l->name);
	}
	free(r.launch);
	free(r.hist);
	return -EINVAL;
}

static int load_skipped_row(const struct loader *l, json_t *o, const struct place *at, struct result_set *set)
{
	struct skipped s = { 0 };

	if (load_texts(l, o, at, skipped_texts, COUNT_OF(skipped_texts), &s) < 0 ||
	    load_bool(l, o, at, "unverified", &s.unverified) < 0)
		return -EINVAL;
	return result_set_add_skipped(set, &s);
}

static int load_registers(const struct loader *l, json_t *stop, const struct place *up, struct failed *f)
{
	struct place at_regs = { up, "registers", 0 }, at_rip = { up, "rip", 0 };
	json_t *regs = member(l, stop, &at_regs), *rip = member(l, stop, &at_rip), *v;
	const char *name;

	if (!regs || !rip)
		return -EINVAL;
	if (json_is_null(regs))
		return json_is_null(rip) ? 0 : bad(l, &at_rip, "is there without registers");
	if (!json_is_object(regs))
		return bad(l, &at_regs, "is not an object or null");
	if (!json_is_string(rip) || parse_u64(json_string_value(rip), 16, &f->rip) < 0)
		return bad(l, &at_rip, "is not a hex number");
	json_object_foreach(regs, name, v) {
		struct place here = { &at_regs, name, 0 };
		uint64_t value;

		if (!json_is_string(v) || parse_u64(json_string_value(v), 16, &value) < 0)
			return bad(l, &here, "is not a hex number");
	}
	f->registers = json_incref(regs);
	return 0;
}

static int load_failed_row(const struct loader *l, json_t *o, const struct place *at, struct result_set *set)
{
	struct place at_stop = { at, "stop", 0 };
	struct failed f = { 0 };
	json_t *stop;

	if (load_texts(l, o, at, failed_texts, COUNT_OF(failed_texts), &f) < 0)
		return -EINVAL;
	stop = container(l, o, &at_stop, JSON_OBJECT);
	if (!stop || load_texts(l, stop, &at_stop, stop_texts, COUNT_OF(stop_texts), &f) < 0 ||
	    load_registers(l, stop, &at_stop, &f) < 0)
		return -EINVAL;
	if (result_set_add_failed(set, &f) == 0)
		return 0;
	json_decref(f.registers);
	return -ENOMEM;
}

static int load_list(const struct loader *l, json_t *doc, const char *key, struct result_set *set,
		     int (*load_row)(const struct loader *, json_t *, const struct place *, struct result_set *))
{
	struct place at = { NULL, key, 0 };
	json_t *list = container(l, doc, &at, JSON_ARRAY), *row;
	size_t i;

	if (!list)
		return -EINVAL;
	json_array_foreach(list, i, row) {
		struct place here = { &at, NULL, i };

		if (!json_is_object(row))
			return bad(l, &here, "is not an object");
		if (load_row(l, row, &here, set) < 0)
			return -EINVAL;
	}
	return 0;
}

static int load_document(const struct loader *l, json_t *doc, struct result_set *r)
{
	struct place at_schema = { NULL, "schema", 0 };
	json_t *schema = json_object_get(doc, "schema");
	size_t i;

	if (!json_is_object(doc) || !json_is_string(schema))
		return err_set(l->e, EINVAL, "%s:1: this is no vtscope result: it has no \"schema\"", l->name);
	if (strcmp(json_string_value(schema), RESULT_SCHEMA))
		return bad(l, &at_schema, "is not \"" RESULT_SCHEMA "\": another document or another version");
	if (load_texts(l, doc, NULL, set_texts, COUNT_OF(set_texts), r) < 0 ||
	    load_bool(l, doc, NULL, "interrupted", &r->interrupted) < 0 ||
	    load_count(l, doc, NULL, "seed", RESULT_SEED_MAX, &r->seed) < 0)
		return -EINVAL;
	for (i = 0; i < COUNT_OF(set_objects); i++) {
		struct place at = { NULL, set_objects[i].key, 0 };
		json_t *part = container(l, doc, &at, JSON_OBJECT);

		if (!part)
			return -EINVAL;
		*(json_t **)((char *)r + set_objects[i].offset) = json_incref(part);
	}
	if (load_list(l, doc, "results", r, load_result_row) < 0 ||
	    load_list(l, doc, "skipped", r, load_skipped_row) < 0)
		return -EINVAL;
	return load_list(l, doc, "failed", r, load_failed_row);
}

int result_set_load(struct result_set *r, const char *bytes, size_t len, const char *name, struct err *e)
{
	struct loader l = { bytes, bytes + len, name, e };
	json_error_t wrong;
	json_t *doc;
	int rc;

	result_set_init(r);
	doc = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &wrong);
	if (!doc && len >= 16 && memcmp(bytes, "vtscope-snapshot", 16) == 0)
		return err_set(e, EINVAL, "%s:1: this is a recorded machine, not a result: vtscope probe --from %s", name,
			       name);
	if (!doc)
		return err_set(e, EINVAL, "%s:%d: %s", name, wrong.line < 1 ? 1 : wrong.line, wrong.text);
	rc = load_document(&l, doc, r);
	json_decref(doc);
	if (rc < 0)
		result_set_free(r);
	return rc < 0 ? -EINVAL : 0;
}

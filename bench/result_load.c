/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The "vtscope.result/1" document, read: from any bytes, with the line of what is wrong. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/result_loader.h"
#include "common/parse.h"

/* ---- one result ---- */

/* Results of before --raw existed have none, and need none. */
static int load_raw(const struct loader *l, json_t *launch, const struct place *up, struct result_raw *raw)
{
	struct place at = { up, "raw", 0 }, at_value = { &at, "value", 0 };
	json_t *o = json_object_get(launch, "raw"), *list, *v;
	size_t i;

	if (!o || json_is_null(o))
		return 0;
	if (!json_is_object(o))
		return load_bad(l, &at, "is not an object or null");
	if (load_count(l, o, &at, "every", INT64_MAX, &raw->every) < 0)
		return -EINVAL;
	list = load_container(l, o, &at_value, JSON_ARRAY);
	if (!list)
		return -EINVAL;
	raw->value = calloc(json_array_size(list) + 1, sizeof(*raw->value));
	if (!raw->value)
		return err_set(l->e, ENOMEM, "%s: out of memory", l->name);
	json_array_foreach(list, i, v) {
		struct place here = { &at_value, NULL, i };

		if (!json_is_number(v))
			return load_bad(l, &here, "is not a number");
		raw->value[i] = json_number_value(v);
	}
	raw->n = json_array_size(list);
	return 0;
}

static int load_causes(const struct loader *l, json_t *o, const struct place *up, const char *key, unsigned *causes)
{
	struct place at = { up, key, 0 };
	json_t *list = load_container(l, o, &at, JSON_ARRAY), *cause;
	size_t i;

	if (!list)
		return -EINVAL;
	json_array_foreach(list, i, cause) {
		struct place here = { &at, NULL, i };
		unsigned bit = 0;

		while (json_is_string(cause) && bit < DISTURB_CAUSES && strcmp(disturb_cause_name(bit), json_string_value(cause)))
			bit++;
		if (!json_is_string(cause) || bit == DISTURB_CAUSES)
			return load_bad(l, &here, "is no disturbance that this version knows");
		*causes |= 1u << bit;
	}
	return 0;
}

/* Null where nobody watched. */
static int load_disturb(const struct loader *l, json_t *o, const struct place *up, struct disturb_launch *d)
{
	struct place at = { up, "disturbed", 0 };
	json_t *v = load_member(l, o, &at);
	uint64_t repeats;
	size_t i;

	if (!v || load_count(l, o, up, "repeats", DISTURB_REPEATS, &repeats) < 0)
		return -EINVAL;
	d->repeats = (unsigned)repeats;
	if (json_is_null(v))
		return 0;
	if (!json_is_object(v))
		return load_bad(l, &at, "is not an object or null");
	d->watched = true;
	for (i = 0; i < COUNT_OF(disturb_numbers); i++)
		if (load_number(l, v, &at, disturb_numbers[i].key,
				(double *)((char *)&d->grew + disturb_numbers[i].offset)) < 0)
			return -EINVAL;
	if (load_causes(l, v, &at, "over", &d->over) < 0)
		return -EINVAL;
	return load_causes(l, v, &at, "repeated_for", &d->repeated_for);
}

static int load_launches(const struct loader *l, json_t *o, const struct place *up, struct result *r)
{
	struct place at = { up, "launches", 0 };
	json_t *list = load_container(l, o, &at, JSON_ARRAY), *row;
	size_t i;

	if (!list)
		return -EINVAL;
	r->launch = calloc(json_array_size(list) + 1, sizeof(*r->launch));
	if (!r->launch)
		return err_set(l->e, ENOMEM, "%s: out of memory", l->name);
	r->n_launches = json_array_size(list);
	json_array_foreach(list, i, row) {
		struct place here = { &at, NULL, i };
		struct result_launch *to = &r->launch[i];

		if (load_count(l, row, &here, "n", INT64_MAX, &to->n) < 0 ||
		    load_number(l, row, &here, "median", &to->median) < 0 ||
		    load_number(l, row, &here, "min", &to->min) < 0 || load_raw(l, row, &here, &to->raw) < 0 ||
		    load_disturb(l, row, &here, &to->disturb) < 0)
			return -EINVAL;
	}
	return 0;
}

static int load_histogram(const struct loader *l, json_t *o, const struct place *up, struct result *r)
{
	struct place at = { up, "histogram", 0 }, at_value = { &at, "value", 0 }, at_count = { &at, "count", 0 };
	json_t *h = load_container(l, o, &at, JSON_OBJECT), *value, *count;
	size_t i, n;

	if (!h || load_number(l, h, &at, "overflow", &r->hist_overflow) < 0)
		return -EINVAL;
	value = load_container(l, h, &at_value, JSON_ARRAY);
	count = value ? load_container(l, h, &at_count, JSON_ARRAY) : NULL;
	if (!count)
		return -EINVAL;
	n = json_array_size(value);
	if (json_array_size(count) != n)
		return load_bad(l, &at_count, "is not as long as histogram.value");
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
			return load_bad(l, &v, "is not above the bucket before it");
		if (!(b->count >= 1))
			return load_bad(l, &c, "is not a positive count");
	}
	r->n_hist = n;
	return 0;
}

/* A flag that this build does not know would be a caveat lost: that is an error. */
static int load_flags(const struct loader *l, json_t *o, const struct place *up, struct result *r)
{
	struct place at = { up, "flags", 0 };
	json_t *list = load_container(l, o, &at, JSON_ARRAY), *flag;
	size_t i;

	if (!list)
		return -EINVAL;
	json_array_foreach(list, i, flag) {
		struct place here = { &at, NULL, i };
		unsigned bit = 0;

		if (!json_is_string(flag))
			return load_bad(l, &here, "is not a string");
		while (bit < RESULT_FLAGS && strcmp(result_flag_name(bit), json_string_value(flag)))
			bit++;
		if (bit == RESULT_FLAGS)
			return load_bad(l, &here, "is a flag that this version does not know");
		r->flags |= 1u << bit;
	}
	return 0;
}

static int load_choice(const struct loader *l, json_t *o, const struct place *up, const char *key,
		       const char *const *choice, size_t *out)
{
	struct place at = { up, key, 0 };
	json_t *v = load_member(l, o, &at);

	if (!v)
		return -EINVAL;
	for (*out = 0; choice[*out]; (*out)++)
		if (json_is_string(v) && !strcmp(json_string_value(v), choice[*out]))
			return 0;
	return load_bad(l, &at, "is not one of its values");
}

static int load_exits(const struct loader *l, json_t *o, const struct place *up, struct result *r)
{
	struct place at = { up, "exits", 0 };
	json_t *exits = load_container(l, o, &at, JSON_OBJECT);

	if (!exits || load_number(l, exits, &at, "expected", &r->exits_expected) < 0)
		return -EINVAL;
	return load_number(l, exits, &at, "observed", &r->exits_observed);
}

static int load_split(const struct loader *l, json_t *o, const struct place *up, struct result_split *split)
{
	struct place at = { up, "split", 0 };
	json_t *v = load_member(l, o, &at);
	size_t i;

	if (!v || json_is_null(v))
		return v ? 0 : -EINVAL;
	if (!json_is_object(v))
		return load_bad(l, &at, "is not an object or null");
	split->present = true;
	for (i = 0; i < COUNT_OF(split_numbers); i++)
		if (load_number(l, v, &at, split_numbers[i].key,
				(double *)((char *)split + split_numbers[i].offset)) < 0)
			return -EINVAL;
	return 0;
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
	    load_exits(l, o, at, r) < 0 || load_split(l, o, at, &r->split) < 0 || load_launches(l, o, at, r) < 0 || load_flags(l, o, at, r) < 0)
		return -EINVAL;
	if (load_number(l, o, at, "core_cycles", &r->core_cycles) < 0)
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
	result_free(&r);
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
	json_t *regs = load_member(l, stop, &at_regs), *rip = load_member(l, stop, &at_rip), *v;
	const char *name;

	if (!regs || !rip)
		return -EINVAL;
	if (json_is_null(regs))
		return json_is_null(rip) ? 0 : load_bad(l, &at_rip, "is there without registers");
	if (!json_is_object(regs))
		return load_bad(l, &at_regs, "is not an object or null");
	if (!json_is_string(rip) || parse_u64(json_string_value(rip), 16, &f->rip) < 0)
		return load_bad(l, &at_rip, "is not a hex number");
	json_object_foreach(regs, name, v) {
		struct place here = { &at_regs, name, 0 };
		uint64_t value;

		if (!json_is_string(v) || parse_u64(json_string_value(v), 16, &value) < 0)
			return load_bad(l, &here, "is not a hex number");
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
	stop = load_container(l, o, &at_stop, JSON_OBJECT);
	if (!stop || load_texts(l, stop, &at_stop, stop_texts, COUNT_OF(stop_texts), &f) < 0 ||
	    load_registers(l, stop, &at_stop, &f) < 0)
		return -EINVAL;
	if (result_set_add_failed(set, &f) == 0)
		return 0;
	json_decref(f.registers);
	return -ENOMEM;
}

static int load_self_test_row(const struct loader *l, json_t *o, const struct place *at, struct result_set *set)
{
	struct self_test t = { .passed = false };

	if (load_texts(l, o, at, self_test_texts, COUNT_OF(self_test_texts), &t) < 0 ||
	    load_bool(l, o, at, "passed", &t.passed) < 0)
		return -EINVAL;
	return result_set_add_self_test(set, &t);
}

static int load_fact_row(const struct loader *l, json_t *o, const struct place *at, struct result_set *set)
{
	struct found_fact f = { .name = "" };

	if (load_texts(l, o, at, fact_texts, COUNT_OF(fact_texts), &f) < 0)
		return -EINVAL;
	return result_set_add_fact(set, &f);
}

/* What the doctor said is kept as it is: nothing here reads it but who shows it. */
static int load_doctor(const struct loader *l, json_t *doc, struct result_set *r)
{
	struct place at = { NULL, "doctor", 0 };
	json_t *v = load_member(l, doc, &at);

	if (!v || json_is_null(v))
		return v ? 0 : -EINVAL;
	if (!json_is_object(v))
		return load_bad(l, &at, "is not an object or null");
	r->doctor = json_incref(v);
	return 0;
}

static int load_capture(const struct loader *l, json_t *doc, struct capture_loss *c)
{
	struct place at = { NULL, "capture", 0 };
	json_t *v = json_object_get(doc, "capture");
	size_t i;

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_object(v))
		return load_bad(l, &at, "is not an object or null");
	c->present = true;
	for (i = 0; i < COUNT_OF(capture_counts); i++)
		if (load_count(l, v, &at, capture_counts[i].key, INT64_MAX,
			       (uint64_t *)((char *)c + capture_counts[i].offset)) < 0)
			return -EINVAL;
	return 0;
}

static int load_list(const struct loader *l, json_t *doc, const char *key, struct result_set *set,
		     int (*load_row)(const struct loader *, json_t *, const struct place *, struct result_set *))
{
	struct place at = { NULL, key, 0 };
	json_t *list = load_container(l, doc, &at, JSON_ARRAY), *row;
	size_t i;

	if (!list)
		return -EINVAL;
	json_array_foreach(list, i, row) {
		struct place here = { &at, NULL, i };

		if (!json_is_object(row))
			return load_bad(l, &here, "is not an object");
		if (load_row(l, row, &here, set) < 0)
			return -EINVAL;
	}
	return 0;
}

/* Runs are found by it and files are called by it: 8-4-4-4-12 hexadecimal digits, in lower case from here on (RFC 9562). */
static int load_run_id(const struct loader *l, struct result_set *r)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	struct place at = { NULL, "run_id", 0 };
	size_t i;

	for (i = 0; i < sizeof(shape); i++) {
		char *c = &r->run_id[i];

		if (*c >= 'A' && *c <= 'F')
			*c = (char)(*c - 'A' + 'a');
		if (shape[i] == 'x' ? !*c || !strchr("0123456789abcdef", *c) : *c != shape[i])
			return load_bad(l, &at, "is no UUID");
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
		return load_bad(l, &at_schema, "is not \"" RESULT_SCHEMA "\": another document or another version");
	if (load_texts(l, doc, NULL, set_texts, COUNT_OF(set_texts), r) < 0 || load_run_id(l, r) < 0 ||
	    load_bool(l, doc, NULL, "interrupted", &r->interrupted) < 0 ||
	    load_count(l, doc, NULL, "seed", RESULT_SEED_MAX, &r->seed) < 0)
		return -EINVAL;
	for (i = 0; i < COUNT_OF(set_objects); i++) {
		struct place at = { NULL, set_objects[i].key, 0 };
		json_t *part = load_container(l, doc, &at, JSON_OBJECT);

		if (!part)
			return -EINVAL;
		*(json_t **)((char *)r + set_objects[i].offset) = json_incref(part);
	}
	if (load_list(l, doc, "results", r, load_result_row) < 0 ||
	    load_list(l, doc, "skipped", r, load_skipped_row) < 0)
		return -EINVAL;
	if (load_list(l, doc, "failed", r, load_failed_row) < 0)
		return -EINVAL;
	/* Results of before these three existed have none of them. */
	if (json_object_get(doc, "self_tests") && load_list(l, doc, "self_tests", r, load_self_test_row) < 0)
		return -EINVAL;
	if (json_object_get(doc, "facts") && load_list(l, doc, "facts", r, load_fact_row) < 0)
		return -EINVAL;
	if (load_doctor(l, doc, r) < 0)
		return -EINVAL;
	return load_capture(l, doc, &r->capture);
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
		return err_set(e, EINVAL, "%s:%d: this is no vtscope result, which is JSON: %s", name,
			       wrong.line < 1 ? 1 : wrong.line, wrong.text);
	rc = load_document(&l, doc, r);
	json_decref(doc);
	if (rc < 0)
		result_set_free(r);
	return rc < 0 ? -EINVAL : 0;
}

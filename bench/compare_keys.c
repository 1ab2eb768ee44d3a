/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is not the same around two runs: hardware, which must be, and the subject, which a comparison is usually about. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare_private.h"
#include "common/parse.h"

#define DEPTH		4	/* of objects in objects */

/* Members of "hardware" in the order they are told, then what a row has of it. */
const char *const compare_keys[] = {
	"vendor", "brand", "signature", "microcode", "cpus", "virtualized_by", "tsc_hz", "provenance", "memory", NULL
};

bool compare_allowed(const struct compare_options *o, const char *key)
{
	for (size_t i = 0; i < o->n_allow; i++)
		if (!strcmp(o->allow[i], key))
			return true;
	return false;
}

static void value_text(const json_t *v, char *out, size_t size)
{
	char *text;

	if (json_is_string(v)) {
		snprintf(out, size, "%s", json_string_value(v));
		return;
	}
	if (!v || json_is_null(v)) {
		snprintf(out, size, "unknown");
		return;
	}
	text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
	snprintf(out, size, "%s", text ? text : "unknown");
	free(text);
}

static int difference_add(struct key_difference **list, size_t *n, const char *key, const json_t *a, const json_t *b,
			  bool allowed)
{
	struct key_difference *more = realloc(*list, (*n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	*list = more;
	more += *n;
	*more = (struct key_difference){ .allowed = allowed };
	snprintf(more->key, sizeof(more->key), "%s", key);
	value_text(a, more->a, sizeof(more->a));
	value_text(b, more->b, sizeof(more->b));
	++*n;
	return 0;
}

static bool same(const char *key, const json_t *a, const json_t *b)
{
	bool no_a = !a || json_is_null(a), no_b = !b || json_is_null(b);

	if (no_a || no_b)
		return no_a && no_b;
	if (!strcmp(key, "tsc_hz"))
		return fabs(json_number_value(a) - json_number_value(b)) <= COMPARE_TSC_SHARE * json_number_value(a);
	return json_equal(a, b);
}

static int hardware_differences(struct comparison *c, const json_t *a, const json_t *b, const struct compare_options *o)
{
	bool bad = false;

	for (size_t i = 0; compare_keys[i]; i++) {
		const char *key = compare_keys[i];
		const json_t *x = json_object_get(a, key), *y = json_object_get(b, key);
		bool allowed = compare_allowed(o, key);

		if (same(key, x, y))
			continue;
		if (difference_add(&c->hardware, &c->n_hardware, key, x, y, allowed) < 0)
			return -ENOMEM;
		bad |= !allowed;
	}
	return bad;
}

/* Both objects' members by their path; what one lacks is unknown there. */
static int subject_differences(struct comparison *c, json_t *a, json_t *b, const char *path, unsigned depth)
{
	json_t *both[2] = { a, b }, *v;
	const char *key;
	char name[64];
	int rc = 0;

	for (unsigned side = 0; side < 2; side++) {
		json_object_foreach(both[side], key, v) {
			json_t *other = json_object_get(both[!side], key), *x = side ? other : v, *y = side ? v : other;

			if (rc || (side && other))	/* seen from the other side */
				continue;
			snprintf(name, sizeof(name), "%s%s%s", path, *path ? "." : "", key);
			if (depth < DEPTH && (json_is_object(x) || json_is_object(y)) && (!x || !y || json_typeof(x) == json_typeof(y)))
				rc = subject_differences(c, x, y, name, depth + 1);
			else if (!same(key, x, y))
				rc = difference_add(&c->subject, &c->n_subject, name, x, y, true);
		}
	}
	return rc;
}

static int keys_check(const struct compare_options *o, struct err *e)
{
	for (size_t i = 0; i < o->n_allow; i++) {
		const char *near;
		size_t k = 0, n = 0;

		while (compare_keys[n])
			n++;
		while (k < n && strcmp(compare_keys[k], o->allow[i]))
			k++;
		if (k < n)
			continue;
		near = nearest_name(o->allow[i], compare_keys, n);
		return err_set(e, EINVAL, "'%s' is no key of the hardware%s%s%s", o->allow[i], near ? "; did you mean '" : "",
			       near ? near : "", near ? "'?" : "");
	}
	return 0;
}

int compare_machines(struct comparison *c, const struct result_set *a, const struct result_set *b,
		     const struct compare_options *o, struct err *e)
{
	int rc = keys_check(o, e), bad;

	if (rc < 0)
		return rc;
	bad = hardware_differences(c, a->hardware, b->hardware, o);
	rc = subject_differences(c, a->subject, b->subject, "", 0);
	if (bad < 0 || rc < 0) {
		comparison_free(c);
		return err_set(e, ENOMEM, "out of memory");
	}
	return bad;
}

#define JOINT	" or "

/* Values of several runs are told once each. */
static void value_join(char *to, size_t size, const char *value)
{
	size_t n = strlen(value), used = strlen(to);
	const char *p = to;

	while (p) {
		if (!strncmp(p, value, n) && (!p[n] || !strncmp(p + n, JOINT, strlen(JOINT))))
			return;
		p = strstr(p, JOINT);
		if (p)
			p += strlen(JOINT);
	}
	snprintf(to + used, size - used, JOINT "%s", value);
}

/* (d): from the first run of a side to another of it. Where (list) has no such key, the first runs of both sides agree. */
static int difference_join(struct key_difference **list, size_t *n, const struct key_difference *d, bool in_b)
{
	struct key_difference *at, *more;
	size_t i = 0;

	while (i < *n && strcmp((*list)[i].key, d->key))
		i++;
	if (i == *n) {
		more = realloc(*list, (*n + 1) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		*list = more;
		more[(*n)++] = *d;
		memcpy(more[i].b, d->a, sizeof(more[i].b));
	}
	at = &(*list)[i];
	value_join(in_b ? at->b : at->a, sizeof(at->a), d->b);
	return 0;
}

int compare_side_keys(struct comparison *c, const struct result_set *first, const struct result_set *r, bool in_b,
		      const struct compare_options *o, struct err *e)
{
	struct comparison own;
	int rc;

	comparison_init(&own);
	rc = compare_machines(&own, first, r, o, e);
	if (rc < 0) {
		comparison_free(&own);
		return rc;
	}
	rc = 0;
	for (size_t i = 0; i < own.n_subject && rc == 0; i++)
		rc = difference_join(&c->subject, &c->n_subject, &own.subject[i], in_b);
	for (size_t i = 0; i < own.n_hardware && rc == 0; i++)
		if (own.hardware[i].allowed)
			rc = difference_join(&c->hardware, &c->n_hardware, &own.hardware[i], in_b);
	comparison_free(&own);
	return rc < 0 ? err_set(e, ENOMEM, "out of memory") : 0;
}

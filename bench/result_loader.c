/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/result_loader.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/buf.h"

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

int load_bad(const struct loader *l, const struct place *at, const char *what)
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

json_t *load_member(const struct loader *l, json_t *o, const struct place *at)
{
	json_t *v = json_object_get(o, at->key);

	if (!v)
		load_bad(l, at, "is missing");
	return v;
}

static int load_text(const struct loader *l, json_t *o, const struct place *up, const struct text_field *f, void *to)
{
	struct place at = { up, f->key, 0 };
	json_t *v = load_member(l, o, &at);
	char *out = (char *)to + f->offset;

	if (!v)
		return -EINVAL;
	if (f->nullable && json_is_null(v)) {
		*out = 0;
		return 0;
	}
	if (!json_is_string(v))
		return load_bad(l, &at, "is not a string");
	if (json_string_length(v) >= f->size)
		return load_bad(l, &at, "is too long");
	memcpy(out, json_string_value(v), json_string_length(v) + 1);
	return 0;
}

int load_texts(const struct loader *l, json_t *o, const struct place *up, const struct text_field *f, size_t n,
		      void *to)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (load_text(l, o, up, &f[i], to) < 0)
			return -EINVAL;
	return 0;
}

int load_value(const struct loader *l, json_t *v, const struct place *at, double *out)
{
	if (!json_is_number(v) && !json_is_null(v))
		return load_bad(l, at, "is not a number or null");
	*out = json_is_null(v) ? NAN : json_number_value(v);
	return 0;
}

int load_number(const struct loader *l, json_t *o, const struct place *up, const char *key, double *out)
{
	struct place at = { up, key, 0 };
	json_t *v = load_member(l, o, &at);

	return v ? load_value(l, v, &at, out) : -EINVAL;
}

int load_count(const struct loader *l, json_t *o, const struct place *up, const char *key, uint64_t max,
		      uint64_t *out)
{
	struct place at = { up, key, 0 };
	json_t *v = load_member(l, o, &at);

	if (!v)
		return -EINVAL;
	if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max)
		return load_bad(l, &at, "is not a count in range");
	*out = (uint64_t)json_integer_value(v);
	return 0;
}

int load_bool(const struct loader *l, json_t *o, const struct place *up, const char *key, bool *out)
{
	struct place at = { up, key, 0 };
	json_t *v = load_member(l, o, &at);

	if (!v)
		return -EINVAL;
	if (!json_is_boolean(v))
		return load_bad(l, &at, "is not true or false");
	*out = json_is_true(v);
	return 0;
}

json_t *load_container(const struct loader *l, json_t *o, const struct place *at, json_type type)
{
	json_t *v = load_member(l, o, at);

	if (v && json_typeof(v) != type) {
		load_bad(l, at, type == JSON_ARRAY ? "is not an array" : "is not an object");
		return NULL;
	}
	return v;
}

int load_pair(const struct loader *l, json_t *o, const struct place *up, const char *key, bool *present,
		     double *lo, double *hi)
{
	struct place at = { up, key, 0 }, first = { &at, NULL, 0 }, second = { &at, NULL, 1 };
	json_t *v = load_member(l, o, &at);

	*present = false;
	*lo = *hi = NAN;
	if (!v || json_is_null(v))
		return v ? 0 : -EINVAL;
	if (json_array_size(v) != 2)
		return load_bad(l, &at, "is not a pair");
	*present = true;
	if (load_value(l, json_array_get(v, 0), &first, lo) < 0)
		return -EINVAL;
	return load_value(l, json_array_get(v, 1), &second, hi);
}

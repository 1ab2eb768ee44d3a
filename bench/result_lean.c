/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A result without its histograms, ten times as fast: these are nine parts in ten of a document, and who puts a thousand
 * of them into a store wants to know only that they are good.
 *
 * A histogram as result_set_write() writes it is checked here and its numbers are left out of what the JSON reader gets.
 * Whatever looks otherwise in the least is left to result_set_load(), so that nothing passes here that fails there.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/result.h"

static const char head[] = "\"histogram\":{\"value\":[";
static const char between[] = "],\"count\":[";
static const char tail[] = "],\"overflow\":";

#define BUCKETS_MAX	100000
#define DIGITS_MAX	15	/* exact in a double, with an exact power of ten below 10^22 */

/* A JSON number without an exponent and with few digits. NULL: it is something else. */
static const char *number(const char *p, const char *end, double *out)
{
	static const double power[DIGITS_MAX + 1] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
						      1e14, 1e15 };
	unsigned digits = 0, fraction = 0;
	double v = 0;
	bool point = false;

	if (end - p >= 2 && p[0] == '0' && p[1] >= '0' && p[1] <= '9')
		return NULL;
	for (; p < end && ((*p >= '0' && *p <= '9') || (*p == '.' && digits && !point)); p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		v = v * 10 + (*p - '0');
		fraction += point;
		if (++digits > DIGITS_MAX)
			return NULL;
	}
	if (!digits || (point && !fraction))
		return NULL;
	*out = v / power[fraction];
	return p;
}

/* Numbers up to the "]" of (stop), which follows. How many; SIZE_MAX: something else. */
static size_t numbers(const char **at, const char *end, const char *stop, double *out)
{
	const char *p = *at;
	size_t n = 0;

	while (p < end && *p != ']') {
		if (n == BUCKETS_MAX || (n && *p++ != ','))
			return SIZE_MAX;
		p = number(p, end, &out[n++]);
		if (!p)
			return SIZE_MAX;
	}
	if ((size_t)(end - p) < strlen(stop) || memcmp(p, stop, strlen(stop)))
		return SIZE_MAX;
	*at = p;
	return n;
}

/* From behind (head): is it a good histogram? (at) moves to the tail. (room): two arrays of BUCKETS_MAX. */
static bool histogram(const char **at, const char *end, double *room)
{
	double *value = room, *count = room + BUCKETS_MAX;
	size_t n = numbers(at, end, between, value), m;

	if (n == SIZE_MAX)
		return false;
	*at += strlen(between);
	m = numbers(at, end, tail, count);
	if (m != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((i && value[i] <= value[i - 1]) || !(count[i] >= 1))
			return false;
	return true;
}

/* The document with empty histograms. False: one of them is not as it is written, or there is no memory. */
static bool without_histograms(const char *bytes, size_t len, struct buf *out)
{
	double *room = malloc(2 * BUCKETS_MAX * sizeof(*room));
	const char *p = bytes, *end = bytes + len, *at;
	bool good = room != NULL;

	while (good && (at = memmem(p, (size_t)(end - p), head, strlen(head)))) {
		/* In a string its first quote would be an escaped one. */
		good = at > bytes && at[-1] != '\\';
		at += strlen(head);
		buf_append(out, p, (size_t)(at - p));
		good = good && histogram(&at, end, room);
		buf_puts(out, between);
		p = at;
	}
	buf_append(out, p, (size_t)(end - p));
	free(room);
	return good && !buf_error(out);
}

int result_set_load_lean(struct result_set *r, const char *bytes, size_t len, const char *name, struct err *e)
{
	struct buf lean = BUF_INIT;
	int rc = -1;

	if (without_histograms(bytes, len, &lean))
		rc = result_set_load(r, buf_str(&lean), lean.len, name, e);
	buf_free(&lean);
	return rc == 0 ? 0 : result_set_load(r, bytes, len, name, e);
}

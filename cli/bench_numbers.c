/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells of the tables of a measurement, and the families that operations fall into. */
#include "cli/bench_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void number_text(double v, char out[24])
{
	double a = fabs(v);
	char digits[24];
	size_t n, i, k = 0;

	if (!isfinite(v)) {
		snprintf(out, 24, "-");
	} else if (a >= 9999999.5) {
		snprintf(out, 24, a >= 999.5e9 ? "%.3g" : "%.4g%s", a >= 999.5e9 ? v : a >= 999.5e6 ? v / 1e9 : v / 1e6,
			 a >= 999.5e6 ? "G" : "M");
	} else if (a < 99.95) {
		snprintf(out, 24, a == 0 ? "0" : a < 0.0995 ? "%.2g" : a < 9.995 ? "%.2f" : "%.1f", v);
	} else {
		n = (size_t)snprintf(digits, sizeof(digits), "%.0f", a);
		if (v < 0)
			out[k++] = '-';
		for (i = 0; i < n; i++) {
			if (i && (n - i) % 3 == 0)
				out[k++] = ',';
			out[k++] = digits[i];
		}
		out[k] = 0;
	}
}

void number_put(struct buf *out, double v)
{
	char text[24];

	number_text(v, text);
	buf_printf(out, "%*s", NUMBER_WIDTH, text);
}

void spread_put(struct buf *out, const struct result *r)
{
	char lo[24], hi[24], both[64];

	number_text(r->has_ci ? r->ci_lo : r->range_lo, lo);
	number_text(r->has_ci ? r->ci_hi : r->range_hi, hi);
	snprintf(both, sizeof(both), "%s..%s", lo, hi);
	buf_printf(out, "%*s", SPREAD_WIDTH, both);
}

size_t family_length(const char *op)
{
	size_t group = strcspn(op, "."), name;

	if (!op[group])
		return 0;
	name = group + 1 + strcspn(op + group + 1, ".");
	return op[name] ? name : 0;
}

bool family_has(const char *op, const char *other, size_t length)
{
	return length && !strncmp(op, other, length) && other[length] == '.';
}

bool result_counted(const struct result *r)
{
	return !strcmp(r->clock, "instructions");
}

size_t family_count(const struct result_set *set, const struct result *r)
{
	size_t length = family_length(r->op), n = 0, i;

	for (i = 0; i < set->n_results; i++)
		n += family_has(r->op, set->result[i].op, length) && !strcmp(r->engine, set->result[i].engine) &&
		     result_counted(r) == result_counted(&set->result[i]);
	return n;
}

bool family_first(const struct result_set *set, const struct result *r)
{
	size_t length = family_length(r->op);
	const struct result *i;

	for (i = set->result; i < r; i++)
		if (family_has(r->op, i->op, length) && !strcmp(r->engine, i->engine) && result_counted(r) == result_counted(i))
			return false;
	return true;
}

void family_sum_up(const struct result_set *set, const struct result *r, struct family *f)
{
	size_t length = family_length(r->op), i;

	*f = (struct family){ .least = INFINITY, .most = -INFINITY };
	snprintf(f->name, sizeof(f->name), "%.*s.*", (int)length, r->op);
	for (i = 0; i < set->n_results; i++) {
		const struct result *o = &set->result[i];

		if (!family_has(r->op, o->op, length) || strcmp(r->engine, o->engine) || result_counted(r) != result_counted(o))
			continue;
		f->n++;
		f->flags |= o->flags;
		f->differenced |= o->differenced;
		f->least = fmin(f->least, o->median);
		f->most = fmax(f->most, o->median);
	}
}

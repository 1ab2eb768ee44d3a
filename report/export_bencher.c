/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bencher Metric Format: benchmark, measure, value with its interval. "latency" is its measure in nanoseconds. */
#include <math.h>

#include "report/export_private.h"

/* (lo), (hi): NAN where there is no interval. */
static void measure(json_t *o, const char *slug, double v, double lo, double hi)
{
	json_t *m;

	if (!isfinite(v))
		return;
	m = json_pack("{s:o}", "value", export_json_real(v));
	if (isfinite(lo) && isfinite(hi)) {
		json_object_set_new(m, "lower_value", export_json_real(lo));
		json_object_set_new(m, "upper_value", export_json_real(hi));
	}
	json_object_set_new(o, slug, m);
}

static json_t *row_json(const struct export_row *row)
{
	const struct result *r = row->r;
	double ns = row->second * 1e9, lo, hi;
	json_t *o = json_object();

	if (!export_interval(r, &lo, &hi))
		lo = hi = NAN;
	if (row->kind == EXPORT_TIME) {
		measure(o, "latency", r->median * ns, lo * ns, hi * ns);
		measure(o, "p99", r->p99 * ns, NAN, NAN);
		measure(o, "cycles", r->median, lo, hi);
	} else {
		measure(o, "instructions", r->median, lo, hi);
	}
	measure(o, "exits", r->exits_observed, NAN, NAN);
	return o;
}

static void write(const struct export *x, struct buf *out)
{
	json_t *doc = json_object();

	for (size_t i = 0; i < x->n; i++)
		json_object_set_new(doc, x->row[i].name, row_json(&x->row[i]));
	export_json(out, doc);
}

const struct export_format export_bencher = {
	.name = "bencher",
	.summary = "Bencher Metric Format, for bencher run --adapter json",
	.kinds = EXPORT_NUMBERS,
	.write = write,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The percentiles of HdrHistogram (.hgrm), of the histogram of all single-shot samples of one row: what its plotter
 * reads. In nanoseconds where the clock's rate is known, else in what the clock counts.
 */
#include <math.h>
#include <string.h>

#include "report/escape.h"
#include "report/export_private.h"

#define TICKS_PER_HALF	5	/* lines for each halving of the distance to 100 %, as HdrHistogram prints */
#define SUB_BUCKETS	2048	/* three digits */
#define LEVEL_MAX	(1 - 1e-12)	/* beyond, no step moves a double for sure */

struct totals { double n, mean, deviation, max; };

static struct totals sum(const struct result *r)
{
	struct totals t = { 0 };

	for (size_t i = 0; i < r->n_hist; i++) {
		t.n += r->hist[i].count;
		t.mean += r->hist[i].value * r->hist[i].count;
		t.max = r->hist[i].value;
	}
	t.mean /= t.n;
	for (size_t i = 0; i < r->n_hist; i++)
		t.deviation += r->hist[i].count * (r->hist[i].value - t.mean) * (r->hist[i].value - t.mean);
	t.deviation = sqrt(t.deviation / t.n);
	return t;
}

static void line(struct buf *out, double value, double part, double count)
{
	if (part < 1)
		buf_printf(out, "%12.3f %2.12f %10.0f %14.2f\n", value, part, count, 1 / (1 - part));
	else
		buf_printf(out, "%12.3f %2.12f %10.0f\n", value, 1.0, count);
}

/*
 * Each bucket is passed once; before it, a line for each level that the samples up to and with it reach. The steps of
 * the levels halve with the distance to 1.
 */
static void percentiles(struct buf *out, const struct result *r, const struct totals *t, double scale)
{
	double upto = 0, level = 0;

	for (size_t i = 0; i < r->n_hist; i++) {
		double part;

		upto += r->hist[i].count;
		part = upto / t->n;
		while (level <= part && level < LEVEL_MAX && upto < t->n) {
			line(out, r->hist[i].value * scale, level, upto);
			level += 1 / (TICKS_PER_HALF * exp2(floor(log2(1 / (1 - level))) + 1));
		}
	}
	line(out, t->max * scale, 1, t->n);
}

static void write(const struct export *x, struct buf *out)
{
	const struct export_row *row = &x->row[0];
	const struct result *r = row->r;
	bool time = row->kind == EXPORT_TIME;
	double scale = time ? row->second * 1e9 : 1;
	struct totals t = sum(r);
	int buckets = 1;

	while (buckets < 64 && t.max >= SUB_BUCKETS * exp2(buckets - 1))
		buckets++;
	buf_printf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
	percentiles(out, r, &t, scale);
	buf_printf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", t.mean * scale, t.deviation * scale);
	buf_printf(out, "#[Max     = %12.3f, Total count    = %12.0f]\n", t.max * scale, t.n);
	buf_printf(out, "#[Buckets = %12d, SubBuckets     = %12d]\n", buckets, SUB_BUCKETS);
	buf_puts(out, "# ");
	escape_plain(out, row->name);
	buf_puts(out, ", ");
	escape_plain(out, r->provenance);
	buf_printf(out, ", %s, %s", time ? "ns" : result_unit(r->clock), r->differenced ?
		   "single shots with the bracket in them; the headline is a difference" : "single shots");
	buf_printf(out, " of %zu launches\n", r->n_launches);
	if (r->hist_overflow > 0)
		buf_printf(out, "# %.0f samples above the histogram's end are not in it\n", r->hist_overflow);
}

const struct export_format export_hgrm = {
	.name = "hgrm",
	.extension = "hgrm",
	.summary = "percentiles of HdrHistogram, one row a file, for its plotter",
	.kinds = 1u << EXPORT_TIME | 1u << EXPORT_COUNT | 1u << EXPORT_EMULATED | 1u << EXPORT_RATELESS,
	.single = true,
	.write = write,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON of google-benchmark, json_schema_version 1: an iteration row a launch, and for several launches the
 * aggregates. Its compare.py runs a U test over the iterations, and launches are what is independent.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/export_private.h"

static int put(json_t *o, const char *key, json_t *value)
{
	return json_object_set_new(o, key, value);
}

static json_t *context(const struct result_set *set)
{
	const char *governor = export_text(set->subject, "governor");
	struct buf version = BUF_INIT;
	double hz = export_hz(set), cpus = export_number(set->hardware, "cpus");
	json_t *o = json_object();

	buf_printf(&version, "vtscope %s", export_text(set->tool, "version"));
	put(o, "date", escape_json(set->started));
	put(o, "host_name", json_string(""));
	put(o, "executable", json_string("vtscope bench"));
	put(o, "num_cpus", export_json_real(cpus >= 1 && cpus < 1e6 ? rint(cpus) : 1));
	put(o, "mhz_per_cpu", json_integer((json_int_t)rint(hz / 1e6)));
	/* Absent where it is not known, as the library does it. */
	if (*governor)
		put(o, "cpu_scaling_enabled", json_boolean(strcmp(governor, "performance")));
	put(o, "caches", json_array());
	put(o, "load_avg", json_array());
	put(o, "library_version", escape_json(buf_str(&version)));
	put(o, "library_build_type", json_string("release"));
	put(o, "json_schema_version", json_integer(1));
	put(o, "run_id", escape_json(set->run_id));
	put(o, "fingerprint", escape_json(export_text(set->hardware, "fingerprint")));
	put(o, "cpu_model", escape_json(export_text(set->hardware, "brand")));
	put(o, "kernel", escape_json(export_text(set->subject, "kernel")));
	put(o, "iteration", json_string("a launch: real_time is the median of its samples"));
	put(o, "cpu_time", json_string("not measured: a copy of real_time"));
	buf_free(&version);
	return o;
}

/* What the two kinds of row share. (iterations): samples of a launch, launches of an aggregate. */
static json_t *row_json(const struct export_row *row, const char *suffix, size_t family, size_t repetitions, double iterations,
			double ticks)
{
	struct buf name = BUF_INIT;
	json_t *o = json_object(), *ns = export_json_real(ticks * row->second * 1e9);

	buf_printf(&name, "%s%s", row->name, suffix);
	put(o, "name", json_string(buf_str(&name)));
	put(o, "family_index", json_integer((json_int_t)family));
	put(o, "per_family_instance_index", json_integer(0));
	put(o, "run_name", json_string(row->name));
	put(o, "run_type", json_string(*suffix ? "aggregate" : "iteration"));
	put(o, "repetitions", json_integer((json_int_t)repetitions));
	put(o, "threads", json_integer(1));
	put(o, "iterations", export_json_real(iterations));
	json_object_set(o, "real_time", ns);
	put(o, "cpu_time", ns);
	put(o, "time_unit", json_string("ns"));
	put(o, "cycles", export_json_real(ticks));
	buf_free(&name);
	return o;
}

static void aggregate(json_t *list, const struct export_row *row, const char *name, size_t family, size_t n, double ticks)
{
	struct buf suffix = BUF_INIT;
	json_t *o;

	buf_printf(&suffix, "_%s", name);
	o = row_json(row, buf_str(&suffix), family, n, (double)n, ticks);
	put(o, "aggregate_name", json_string(name));
	put(o, "aggregate_unit", json_string("time"));
	if (!strcmp(name, "median") && isfinite(row->r->p99))
		put(o, "p99", export_json_real(row->r->p99 * row->second * 1e9));
	json_array_append_new(list, o);
	buf_free(&suffix);
}

static void row_add(json_t *list, const struct export_row *row, size_t family)
{
	const struct result *r = row->r;
	double mean = 0, square = 0;
	size_t n = 0, k = 0;

	for (size_t i = 0; i < r->n_launches; i++)
		if (export_launch(&r->launch[i])) {
			mean += r->launch[i].median;
			n++;
		}
	mean /= n ? (double)n : 1;
	for (size_t i = 0; i < r->n_launches; i++) {
		const struct result_launch *l = &r->launch[i];
		json_t *o;

		if (!export_launch(l))
			continue;
		square += (l->median - mean) * (l->median - mean);
		o = row_json(row, "", family, n, (double)l->n, l->median);
		put(o, "repetition_index", json_integer((json_int_t)k++));
		json_array_append_new(list, o);
	}
	if (n < 2)
		return;
	aggregate(list, row, "mean", family, n, mean);
	aggregate(list, row, "median", family, n, r->median);
	aggregate(list, row, "stddev", family, n, sqrt(square / (double)(n - 1)));
}

static void write(const struct export *x, struct buf *out)
{
	json_t *list = json_array();

	for (size_t i = 0; i < x->n; i++)
		row_add(list, &x->row[i], i);
	export_json(out, json_pack("{s:o,s:o}", "context", context(x->run[0].set), "benchmarks", list));
}

const struct export_format export_google = {
	.name = "google-benchmark",
	.summary = "JSON of google-benchmark: its compare.py, Bencher, Conbench and many others read it",
	.kinds = EXPORT_TIMES,
	.write = write,
};

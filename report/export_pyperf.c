/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON of pyperf: a run a launch. With --raw its values are samples, without it one median. pyperf takes all values
 * for independent, which samples of one launch are not: its 'compare_to' is surer of itself with --raw than it may be.
 */
#include <math.h>
#include <string.h>

#include "report/escape.h"
#include "report/export_private.h"

/* pyperf refuses empty texts. */
static void put_text(json_t *o, const char *key, const char *s)
{
	if (*s)
		json_object_set_new(o, key, escape_json(s));
}

/* All samples of all launches can be values: pyperf takes none that is not above zero, and half of a row would lie. */
static bool raw_fits(const struct result *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_launches; i++) {
		if (export_launch(&r->launch[i]) && !r->launch[i].raw.n)
			return false;
		for (size_t k = 0; k < r->launch[i].raw.n; k++, n++)
			if (!(r->launch[i].raw.value[k] > 0))
				return false;
	}
	return n > 0;
}

/* One launch; NULL where pyperf takes none of it. */
static json_t *run_json(const struct result_launch *l, double scale, bool raw)
{
	json_t *values;

	if (!export_launch(l) || !(l->median > 0))
		return NULL;
	values = json_array();
	for (size_t k = 0; raw && k < l->raw.n; k++)
		json_array_append_new(values, export_json_real(l->raw.value[k] * scale));
	if (!raw)
		json_array_append_new(values, export_json_real(l->median * scale));
	return json_pack("{s:{},s:o}", "metadata", "values", values);
}

static json_t *row_json(const struct export_row *row)
{
	bool time = row->kind == EXPORT_TIME, raw = raw_fits(row->r);
	const struct result *r = row->r;
	json_t *metadata, *runs = json_array();
	struct buf flags = BUF_INIT;

	for (size_t i = 0; i < r->n_launches; i++) {
		json_t *run = run_json(&r->launch[i], time ? row->second : 1, raw);

		if (run)
			json_array_append_new(runs, run);
	}
	if (!json_array_size(runs)) {
		json_decref(runs);
		return NULL;
	}
	metadata = json_pack("{s:s,s:s,s:s,s:s}", "name", row->name, "unit", time ? "second" : "integer", "estimator",
			     r->differenced ? "differenced" : "single", "values",
			     raw ? "samples" : "medians of launches");
	put_text(metadata, "engine", r->engine);
	put_text(metadata, "via", r->via);
	put_text(metadata, "backend", r->backend);
	put_text(metadata, "provenance", r->provenance);
	export_flags(&flags, r->flags, " ");
	put_text(metadata, "flags", buf_str(&flags));
	buf_free(&flags);
	return json_pack("{s:o,s:o}", "metadata", metadata, "runs", runs);
}

static void write(const struct export *x, struct buf *out)
{
	const struct result_set *set = x->run[0].set;
	json_t *list = json_array(), *metadata = json_object();

	for (size_t i = 0; i < x->n; i++) {
		json_t *row = row_json(&x->row[i]);

		if (row)
			json_array_append_new(list, row);
	}
	put_text(metadata, "cpu_model_name", export_text(set->hardware, "brand"));
	put_text(metadata, "fingerprint", export_text(set->hardware, "fingerprint"));
	put_text(metadata, "kernel", export_text(set->subject, "kernel"));
	put_text(metadata, "run_id", set->run_id);
	put_text(metadata, "vtscope_version", export_text(set->tool, "version"));
	export_json(out, json_pack("{s:o,s:o,s:s}", "benchmarks", list, "metadata", metadata, "version", "1.0"));
}

const struct export_format export_pyperf = {
	.name = "pyperf",
	.summary = "JSON of pyperf, a run a launch, for pyperf stats, hist and compare_to",
	.kinds = EXPORT_NUMBERS,
	.write = write,
};

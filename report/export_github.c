/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON for github-action-benchmark, tool customSmallerIsBetter. It alerts on the plain ratio to the run before, without
 * statistics: vtscope compare is what can gate.
 */
#include <math.h>

#include "report/export_private.h"

static json_t *row_json(const struct export_row *row)
{
	bool time = row->kind == EXPORT_TIME;
	double scale = time ? row->second * 1e9 : 1, lo, hi;
	const struct result *r = row->r;
	struct buf text = BUF_INIT;
	json_t *o = json_object();

	json_object_set_new(o, "name", json_string(row->name));
	json_object_set_new(o, "unit", json_string(time ? "ns" : "instructions"));
	json_object_set_new(o, "value", export_json_real(r->median * scale));
	if (export_interval(r, &lo, &hi)) {
		/* Digits behind the sign are what makes the action parse it; half of the interval. */
		buf_printf(&text, "± %.6g", (hi - lo) / 2 * scale);
		json_object_set_new(o, "range", json_string(buf_str(&text)));
		buf_clear(&text);
	}
	buf_printf(&text, "launches=%zu\n", r->n_launches);
	if (time)
		buf_printf(&text, "cycles=%.6g\n", r->median);
	if (isfinite(r->p99))
		buf_printf(&text, "p99=%.6g\n", r->p99 * scale);
	buf_printf(&text, "provenance=%s", r->provenance);
	if (r->flags) {
		buf_puts(&text, "\nflags=");
		export_flags(&text, r->flags, " ");
	}
	json_object_set_new(o, "extra", json_string(buf_str(&text)));
	buf_free(&text);
	return o;
}

static void write(const struct export *x, struct buf *out)
{
	json_t *list = json_array();

	for (size_t i = 0; i < x->n; i++)
		json_array_append_new(list, row_json(&x->row[i]));
	export_json(out, list);
}

const struct export_format export_github = {
	.name = "github-action-benchmark",
	.summary = "JSON for github-action-benchmark (customSmallerIsBetter)",
	.kinds = EXPORT_NUMBERS,
	.write = write,
};

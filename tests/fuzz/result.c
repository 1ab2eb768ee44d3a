/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A result from a stranger: loaded, written again, made into documents (without figures: gnuplot is no reader) and into
 * every exchange format. */
#include <stdint.h>

#include "bench/result.h"
#include "report/export.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void export_all(const struct result_set *r)
{
	const struct export_filter all = { .n_op_globs = 0 };
	struct err e;

	for (size_t i = 0; i < n_export_formats; i++) {
		struct buf out = BUF_INIT, name = BUF_INIT;
		struct export *x = NULL;

		if (export_open(&x, export_formats[i], &r, 1, &all, &e) == 0)
			export_write(x, &out, &e);
		if (x && export_formats[i]->single)
			for (size_t k = 0; k < export_rows(x) && k < 8; k++)
				export_write_row(x, k, &name, &out, &e);
		export_close(x);
		buf_free(&name);
		buf_free(&out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum report_format formats[] = { REPORT_HTML, REPORT_MARKDOWN, REPORT_TEXT };
	struct result_set r;
	struct err e;
	int lean = result_set_load_lean(&r, (const char *)data, size, "fuzz", &e);

	if (lean == 0)
		result_set_free(&r);
	if ((result_set_load(&r, (const char *)data, size, "fuzz", &e) == 0) != (lean == 0))
		__builtin_trap();
	if (lean == 0)
		result_set_free(&r);
	if (result_set_load(&r, (const char *)data, size, "fuzz", &e))
		return 0;
	json_decref(result_set_json(&r));
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		const struct report_options o = { .format = formats[i], .utf8 = true, .columns = 80 };
		struct buf out = BUF_INIT, warning = BUF_INIT;

		report_render(&r, &o, &out, &warning, &e);
		buf_free(&out);
		buf_free(&warning);
	}
	export_all(&r);
	result_set_free(&r);
	return 0;
}

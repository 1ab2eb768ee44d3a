/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A result from a stranger: loaded, written again, made into documents (without figures: gnuplot is no reader). */
#include <stdint.h>

#include "bench/result.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	result_set_free(&r);
	return 0;
}

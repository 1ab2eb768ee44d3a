/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recorded machine from a stranger: loaded, judged, rendered. The end line is made to fit, or no input would pass it. */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/digest.h"
#include "probe/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct snapshot *s)
{
	const struct render_style style = { .columns = 80 };
	struct buf out = BUF_INIT;
	struct verdict v;

	if (verdict_make(&v, s))
		return;
	render_full(&v, s, &style, &out);
	json_decref(probe_json(s, &v, 1));
	verdict_free(&v);
	buf_free(&out);
}

static void load(const char *bytes, size_t size)
{
	struct snapshot s;
	struct err e;

	if (snapshot_load(&s, bytes, size, "fuzz", &e) == 0)
		judge(&s);
	snapshot_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b = BUF_INIT;
	size_t lines = 0, end = size;

	load((const char *)data, size);
	/* All but the last line, which is the seal. */
	while (end > 0 && data[end - 1] == '\n')
		end--;
	while (end > 0 && data[end - 1] != '\n')
		end--;
	for (size_t i = 0; i < end; i++)
		lines += data[i] == '\n';
	buf_append(&b, data, end);
	buf_printf(&b, "end %zu %08" PRIx32 "\n", lines ? lines - 1 : 0, crc32_of(0, data, end));
	if (!buf_error(&b))
		load(b.data, b.len);
	buf_free(&b);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A foreign dump in the format READER, whether it is recognized as one or not: loaded, judged,
 * rendered, and written as a snapshot that must load again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/readers.h"
#include "probe/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct snapshot *s)
{
	const struct render_style style = { .columns = 80 };
	struct buf out = BUF_INIT;
	struct snapshot again;
	struct verdict v;
	struct err e;

	if (verdict_make(&v, s))
		return;
	render_full(&v, s, &style, &out);
	json_decref(probe_json(s, &v, 1));
	verdict_free(&v);
	buf_clear(&out);
	if (snapshot_write(s, &out) || snapshot_load(&again, out.data, out.len, "again", &e) ||
	    again.n != s->n)
		abort();
	snapshot_free(&again);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < n_readers; i++) {
		struct snapshot s;
		struct err e;

		if (strcmp(readers[i]->name, READER) != 0)
			continue;
		readers[i]->is((const char *)data, size);
		if (readers[i]->load(&s, (const char *)data, size, "fuzz", &e) == 0)
			judge(&s);
		else if (s.n || s.rec || !strstr(e.text, "fuzz:"))
			abort();
		snapshot_free(&s);
	}
	return 0;
}

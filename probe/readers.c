/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/readers.h"

#include <errno.h>
#include <string.h>

static bool is_snapshot(const char *bytes, size_t len)
{
	static const char magic[] = "vtscope-snapshot";

	return len >= sizeof(magic) - 1 && memcmp(bytes, magic, sizeof(magic) - 1) == 0;
}

static const struct reader reader_snapshot = {
	.name = "snapshot",
	.doc = "what vtscope probe --save writes",
	.is = is_snapshot,
	.load = snapshot_load,
};

const struct reader *const readers[] = { &reader_snapshot };
const size_t n_readers = sizeof(readers) / sizeof(readers[0]);

int readers_load(struct snapshot *s, const char *bytes, size_t len, const char *name, struct err *e)
{
	for (size_t i = 0; i < n_readers; i++)
		if (readers[i]->is(bytes, len))
			return readers[i]->load(s, bytes, len, name, e);
	snapshot_init(s);
	return err_set(e, EINVAL, "%s:1: not a recorded machine in a format that vtscope reads",
		       name);
}

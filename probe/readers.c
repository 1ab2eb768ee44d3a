/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/readers.h"

#include <errno.h>
#include <string.h>

#include "common/fileio.h"
#include "probe/read_private.h"

#define INPUT_MAX (64u << 20)

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

const struct reader *const readers[] = { &reader_snapshot, &reader_acpi,     &reader_libcpuid,
					 &reader_cpuid_r,  &reader_registers, &reader_acpidump,
					 &reader_sysroot };
const size_t n_readers = sizeof(readers) / sizeof(readers[0]);

int readers_load(struct snapshot *s, const char *bytes, size_t len, const char *name, struct err *e)
{
	for (size_t i = 0; i < n_readers; i++)
		if (readers[i]->is && readers[i]->is(bytes, len))
			return readers[i]->load(s, bytes, len, name, e);
	snapshot_init(s);
	return err_set(e, EINVAL,
		       "%s:1: not a recorded machine in a format that vtscope reads (vtscope probe "
		       "--help names them)",
		       name);
}

static int read_folder(struct snapshot *s, const char *path, struct err *e)
{
	for (size_t i = 0; i < n_readers; i++)
		if (readers[i]->load_folder)
			return readers[i]->load_folder(s, path, e);
	snapshot_init(s);
	return err_set(e, EISDIR, "%s: is a folder", path);
}

int readers_read(struct snapshot *s, const char *path, struct err *e)
{
	struct buf text = BUF_INIT;
	int rc;

	if (file_is_folder(path))
		return read_folder(s, path, e);
	snapshot_init(s);
	rc = file_read(path, INPUT_MAX, &text, e);
	if (!rc)
		rc = readers_load(s, buf_str(&text), text.len, strcmp(path, "-") ? path : "stdin", e);
	buf_free(&text);
	return rc;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/result_file.h"

#include <string.h>

#include "common/fileio.h"
#include "report/report.h"

#define RESULT_FILE_MAX	(256u << 20)

int result_file_load(struct result_set *r, const char *path, struct err *e)
{
	struct buf text = BUF_INIT, json = BUF_INIT;
	const struct buf *from = &text;
	int rc = file_read(path, RESULT_FILE_MAX, &text, e);

	result_set_init(r);
	if (!rc && text.len && text.data[strspn(text.data, " \t\r\n")] == '<') {
		rc = report_extract_json(text.data, text.len, &json, e);
		if (rc)
			err_prefix(e, "%s", path);
		from = &json;
	}
	if (!rc)
		rc = result_set_load(r, buf_str(from), from->len, path, e);
	buf_free(&text);
	buf_free(&json);
	return rc;
}

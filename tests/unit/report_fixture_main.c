/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report-fixture NAME: prints that fixture as a result file. */
#include <stdio.h>

#include "report_fixture.h"

int main(int argc, char **argv)
{
	struct buf text = BUF_INIT;
	struct result_set r;
	int bad;

	if (argc != 2)
		return 2;
	fixture_make(&r, argv[1]);
	bad = result_set_write(&r, &text) || buf_error(&text) ||
	      fwrite(buf_str(&text), 1, text.len, stdout) != text.len;
	result_set_free(&r);
	buf_free(&text);
	return bad || fflush(stdout);
}

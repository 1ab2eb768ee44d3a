/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gendoc FILE DATE [METHOD.md] - write the man page or completion that FILE's name asks for to stdout.
 * Runs when vtscope is built; links the same tables as vtscope.
 */
#include <stdio.h>
#include <string.h>

#include "common/fileio.h"
#include "doc/gendoc.h"

/* "vtscope-VERB.1": the verb, or NULL. */
static const struct cmd *page_verb(const char *file)
{
	for (size_t i = 0; i < n_commands; i++) {
		struct buf name = BUF_INIT;
		bool same;

		buf_printf(&name, "vtscope-%s.1", commands[i]->name);
		same = !strcmp(buf_str(&name), file);
		buf_free(&name);
		if (same)
			return commands[i];
	}
	return NULL;
}

static int generate(const char *file, const char *date, const char *method, struct buf *out,
		    struct err *e)
{
	struct buf markdown = BUF_INIT;
	const struct cmd *cmd = page_verb(file);
	int rc = 0;

	if (cmd)
		man_verb(cmd, date, out);
	else if (!strcmp(file, "vtscope.1"))
		man_overview(date, out);
	else if (!strcmp(file, "vtscope"))
		complete_bash(out);
	else if (!strcmp(file, "_vtscope"))
		complete_zsh(out);
	else if (!strcmp(file, "vtscope.fish"))
		complete_fish(out);
	else if (method && !strcmp(file, "vtscope-method.7"))
		rc = file_read(method, 1 << 20, &markdown, e);
	else
		return err_set(e, 22, "%s: no such page, verb or shell", file);
	if (rc == 0 && markdown.len)
		man_method(buf_str(&markdown), date, out);
	buf_free(&markdown);
	return rc < 0 ? rc : buf_error(out);
}

int main(int argc, char **argv)
{
	struct buf out = BUF_INIT;
	struct err e = { 0 };
	int rc;

	if (argc < 3) {
		fprintf(stderr, "usage: gendoc FILE DATE [METHOD.md]\n");
		return 2;
	}
	rc = generate(argv[1], argv[2], argv[3], &out, &e);
	if (rc == 0)
		rc = file_write("-", buf_str(&out), out.len, &e);
	if (rc < 0)
		fprintf(stderr, "gendoc: %s\n", e.text);
	buf_free(&out);
	return rc < 0;
}

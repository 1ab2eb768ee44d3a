/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/help.h"

#include <ctype.h>
#include <hwloc.h>
#include <jansson.h>
#include <libcpuid.h>
#include <string.h>

#include "bench/store.h"
#include "config.h"

#define COLUMNS 79
#define MIN_LEFT 12 /* the left column is as wide as its content within these */
#define MAX_LEFT 26

/* "-o, --output FILE" */
static void opt_synopsis(const struct opt *o, struct buf *out)
{
	if (o->short_name)
		buf_printf(out, "-%c, ", o->short_name);
	buf_printf(out, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
}

/* (text) wrapped between (indent) and COLUMNS; the cursor stands at (column). */
static void wrap(const char *text, size_t column, size_t indent, struct buf *out)
{
	const char *space = "";

	while (*text) {
		size_t word = strcspn(text, " ");

		if (column > indent && column + word + 1 > COLUMNS) {
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
			space = "";
		}
		buf_printf(out, "%s%.*s", space, (int)word, text);
		column += word + strlen(space);
		space = " ";
		text += word;
		text += strspn(text, " ");
	}
	buf_puts(out, "\n");
}

/* One row of two columns, the right one starting at (left) + 4. */
static void row(const char *key, const char *text, size_t left, struct buf *out)
{
	size_t column = left + 4;

	if (strlen(key) > left)
		buf_printf(out, "  %s\n%*s", key, (int)column, "");
	else
		buf_printf(out, "  %-*s  ", (int)left, key);
	wrap(text, column, column, out);
}

static size_t left_column(const struct opt *own)
{
	const struct opt *tables[] = { own, common_opts };
	size_t left = MIN_LEFT;

	for (size_t t = 0; t < 2; t++)
		for (const struct opt *o = tables[t]; o && o->name; o++) {
			struct buf key = BUF_INIT;

			opt_synopsis(o, &key);
			if (key.len > left && key.len <= MAX_LEFT)
				left = key.len;
			buf_free(&key);
		}
	return left;
}

static void opt_rows(const struct opt *o, size_t left, struct buf *out)
{
	for (; o && o->name; o++) {
		struct buf key = BUF_INIT, text = BUF_INIT;

		opt_synopsis(o, &key);
		buf_puts(&text, o->help);
		for (size_t i = 0; o->choices && o->choices[i]; i++)
			buf_printf(&text, "%s %s", i ? "," : ":", o->choices[i]);
		row(buf_str(&key), buf_str(&text), left, out);
		buf_free(&key);
		buf_free(&text);
	}
}

static void verb_rows(struct buf *out)
{
	buf_puts(out, "\nVerbs:\n");
	for (size_t i = 0; i < n_commands; i++)
		row(commands[i]->name, commands[i]->summary, MIN_LEFT, out);
}

void help_text(const struct cmd *cmd, struct buf *out)
{
	bool overview = !*cmd->name;
	size_t left = left_column(cmd->opts);

	if (overview)
		buf_puts(out, "Usage: vtscope [VERB] [OPTION]...\n");
	else
		buf_printf(out, "Usage: vtscope %s [OPTION]...%s%s\n", cmd->name,
			   *cmd->operands ? " " : "", cmd->operands);
	buf_printf(out, "%c", toupper((unsigned char)cmd->summary[0]));
	wrap(cmd->summary + 1, 1, 0, out);
	if (overview)
		verb_rows(out);
	buf_puts(out, "\nOptions:\n");
	opt_rows(cmd->opts, left, out);
	opt_rows(common_opts, left, out);
	if (overview)
		buf_puts(out, "\nMore: vtscope VERB --help, man vtscope, man vtscope-method\n");
	else
		buf_printf(out, "\nExit statuses and examples: man vtscope-%s\n", cmd->name);
}

void version_text(struct buf *out)
{
	unsigned hwloc = hwloc_get_api_version();

	buf_printf(out, "vtscope %s\nlibcpuid %s, hwloc API %u.%u.%u, jansson %s, SQLite %s, PostgreSQL %s\n",
		   PACKAGE_VERSION, cpuid_lib_version(), hwloc >> 16, hwloc >> 8 & 0xff,
		   hwloc & 0xff, JANSSON_VERSION, store_sqlite_version(), store_has_postgresql() ? "yes" : "no");
}

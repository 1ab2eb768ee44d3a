/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <string.h>

#include "bench/op.h"
#include "cli/words.h"
#include "doc/gendoc.h"

static void text(const char *s, struct buf *out)
{
	roff_text(s, strlen(s), out);
}

static void section(const char *name, struct buf *out)
{
	buf_printf(out, ".SH %s\n", name);
}

/* .TP with "-o, --output FILE" and its texts. */
static void option(const struct opt *o, struct buf *out)
{
	buf_puts(out, ".TP\n");
	if (o->short_name)
		buf_printf(out, "\\fB\\-%c\\fR, ", o->short_name);
	buf_puts(out, "\\fB\\-\\-");
	text(o->name, out);
	buf_puts(out, "\\fR");
	if (o->arg) {
		buf_puts(out, " \\fI");
		text(o->arg, out);
		buf_puts(out, "\\fR");
	}
	buf_puts(out, "\n");
	buf_printf(out, "%c", toupper((unsigned char)o->help[0]));
	text(o->help + 1, out);
	for (size_t i = 0; o->choices && o->choices[i]; i++) {
		buf_puts(out, i ? ", " : ": ");
		text(o->choices[i], out);
	}
	buf_puts(out, ".\n");
	if (o->repeatable)
		buf_puts(out, "May be given several times.\n");
	if (o->more) {
		text(o->more, out);
		buf_puts(out, "\n");
	}
}

static void options(const struct opt *own, struct buf *out)
{
	section("OPTIONS", out);
	for (const struct opt *o = own; o && o->name; o++)
		option(o, out);
	for (const struct opt *o = common_opts; o->name; o++)
		option(o, out);
}

static void exit_row(const struct exit_doc *x, struct buf *out)
{
	buf_printf(out, ".TP\n.B %d\n", x->status);
	text(x->meaning, out);
	buf_puts(out, "\n");
}

/* In the order of their numbers; a verb's own meaning replaces the common one. */
static void exits(const struct exit_doc *own, struct buf *out)
{
	section("EXIT STATUS", out);
	for (int status = 0; status < 256; status++) {
		const struct exit_doc *tables[] = { own, common_exits };
		bool found = false;

		for (size_t t = 0; t < 2 && !found; t++)
			for (const struct exit_doc *x = tables[t]; x && x->meaning && !found; x++)
				if (x->status == status) {
					exit_row(x, out);
					found = true;
				}
	}
}

static void examples(const char *lines, struct buf *out)
{
	section("EXAMPLES", out);
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		if (*lines == ' ') {
			size_t indent = strspn(lines, " ");

			roff_text(lines + indent, len - indent, out);
		} else {
			buf_puts(out, ".TP\n\\fB");
			roff_text(lines, len, out);
			buf_puts(out, "\\fR");
		}
		buf_puts(out, "\n");
		lines += len + (lines[len] == '\n');
	}
}

static void see_also(const struct cmd *but, struct buf *out)
{
	const char *comma = "";

	section("SEE ALSO", out);
	if (*but->name) {
		buf_puts(out, ".BR vtscope (1)");
		comma = ",\n";
	}
	for (size_t i = 0; i < n_commands; i++)
		if (commands[i] != but) {
			buf_printf(out, "%s.BR vtscope\\-%s (1)", comma, commands[i]->name);
			comma = ",\n";
		}
	buf_printf(out, "%s.BR vtscope\\-method (7)\n", comma);
}

static void page_body(const struct cmd *cmd, struct buf *out)
{
	section("DESCRIPTION", out);
	roff_markdown(cmd->description, out);
}

static void page_end(const struct cmd *cmd, struct buf *out)
{
	options(cmd->opts, out);
	exits(cmd->exits, out);
	if (cmd->examples)
		examples(cmd->examples, out);
	see_also(cmd, out);
}

void man_verb(const struct cmd *cmd, const char *date, struct buf *out)
{
	struct buf title = BUF_INIT;

	buf_puts(&title, "VTSCOPE\\-");
	for (const char *s = cmd->name; *s; s++)
		buf_printf(&title, "%c", toupper((unsigned char)*s));
	roff_head(buf_str(&title), "1", date, out);
	buf_free(&title);

	section("NAME", out);
	buf_printf(out, "vtscope\\-%s \\- ", cmd->name);
	text(cmd->summary, out);
	buf_puts(out, "\n");
	section("SYNOPSIS", out);
	buf_printf(out, ".B vtscope %s\n.RI [ OPTION ]...\n", cmd->name);
	if (cmd->operands && *cmd->operands) {
		text(cmd->operands, out);
		buf_puts(out, "\n");
	}
	page_body(cmd, out);
	page_end(cmd, out);
}

void man_overview(const char *date, struct buf *out)
{
	roff_head("VTSCOPE", "1", date, out);
	section("NAME", out);
	buf_puts(out, "vtscope \\- ");
	text(command_default.summary, out);
	buf_puts(out, "\n");
	section("SYNOPSIS", out);
	buf_puts(out, ".B vtscope\n.RI [ VERB ]\n.RI [ OPTION ]...\n");
	page_body(&command_default, out);
	section("VERBS", out);
	for (size_t i = 0; i < n_commands; i++) {
		buf_printf(out, ".TP\n.BR vtscope\\-%s (1)\n", commands[i]->name);
		text(commands[i]->summary, out);
		buf_puts(out, "\n");
	}
	page_end(&command_default, out);
}

static void op_row(const struct op *op, struct buf *out)
{
	const char *word[WORDS_MAX];
	size_t n = want_words(op->wants, word);

	buf_puts(out, ".TP\n.B ");
	text(op->name, out);
	buf_puts(out, "\n");
	text(op->summary, out);
	buf_puts(out, ".\nThe clock runs from \\(lq");
	text(op->start, out);
	buf_puts(out, "\\(rq to \\(lq");
	text(op->stop, out);
	buf_printf(out, "\\(rq, %s.\n", level_meaning(op->level));
	if (op->inner > 1)
		buf_printf(out, "One bracket holds %u of them.\n", op->inner);
	if (op->exits < 0)
		buf_puts(out, "VM exits: as the controls and the backend have it.\n");
	else
		buf_printf(out, "VM exits: %g.\n", op->exits);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s%s", i ? ", " : "Wants ", word[i], i + 1 == n ? ".\n" : "");
}

/* Rows that differ by a VMCS field, whose name stands in capitals behind the last dot: how much comes before it. */
static size_t sweep_length(const struct op *op)
{
	const char *field = strrchr(op->name, '.');

	return field && field[1] >= 'A' && field[1] <= 'Z' ? (size_t)(field - op->name) : 0;
}

/* One row stands for a sweep: a page of a thousand rows is read by nobody. */
static void op_rows(struct buf *out)
{
	for (size_t i = 0; i < n_ops; i++) {
		size_t n = sweep_length(&ops[i]);
		bool first = i == 0 || !n || strncmp(ops[i].name, ops[i - 1].name, n + 1) != 0;

		if (!first)
			continue;
		op_row(&ops[i], out);
		if (n)
			buf_puts(out, "The same for each other field of the VMCS.\n");
	}
}

void man_method(const char *markdown, const char *date, struct buf *out)
{
	roff_head("VTSCOPE\\-METHOD", "7", date, out);
	section("NAME", out);
	buf_puts(out, "vtscope\\-method \\- how vtscope measures and summarises\n");
	section("DESCRIPTION", out);
	roff_markdown(markdown, out);
	section("OPERATIONS", out);
	buf_puts(out, "Every operation that can be measured, as\n.B vtscope list ops\nshows them.\n");
	op_rows(out);
	section("SEE ALSO", out);
	buf_puts(out, ".BR vtscope (1),\n.BR vtscope\\-bench (1),\n.BR vtscope\\-list (1)\n");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "bench/exit_reason.h"
#include "bench/op.h"
#include "cli/args.h"
#include "cli/words.h"
#include "common/json.h"
#include "minivmm/engine.h"
#include "probe/check.h"
#include "probe/readers.h"
#include "report/export.h"

/* One thing to list: what the text shows, and all of it as JSON. */
struct kind {
	const char *name;
	size_t (*count)(void);
	void (*text)(size_t i, struct buf *name, struct buf *rest);
	json_t *(*json)(size_t i);
};

static json_t *words_json(const char *const *words, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_string(words[i]));
	return array;
}

/* ---- ops ---- */

static size_t count_ops(void)
{
	return n_ops;
}

static void op_text(size_t i, struct buf *name, struct buf *rest)
{
	buf_puts(name, ops[i].name);
	buf_printf(rest, "%-7s %s", level_word(ops[i].level), ops[i].summary);
}

static json_t *op_json(size_t i)
{
	const struct op *op = &ops[i];
	const char *wants[WORDS_MAX];
	size_t n = want_words(op->wants, wants);
	char group[16];

	op_group(op, group);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:s}", "name", op->name,
			 "group", group, "level", level_word(op->level), "summary", op->summary,
			 "start", op->start, "stop", op->stop, "inner", (int)op->inner, "exits",
			 op->exits < 0 ? json_null() : json_real(op->exits), "wants",
			 words_json(wants, n), "unit", "cycles");
}

/* ---- exits ---- */

static size_t count_exits(void)
{
	return n_exit_reasons;
}

static void exit_text(size_t i, struct buf *name, struct buf *rest)
{
	const struct exit_reason *r = &exit_reasons[i];
	const char *why = exit_reason_why(r);
	const struct op *op;

	buf_printf(name, "%s %s", exit_vendor_name(r->vendor), r->name);
	if (r->vendor == EXIT_VENDOR_VMX)
		buf_printf(rest, "%-11u", r->first);
	else if (r->first == r->last)
		buf_printf(rest, "%03xh       ", r->first);
	else
		buf_printf(rest, "%03xh-%03xh  ", r->first, r->last);
	if (why)
		buf_printf(rest, "not caused here: %s", why);
	for (size_t n = 0; (op = exit_reason_op(r, n)); n++)
		buf_printf(rest, "%s%s", n ? " " : "", op->name);
}

static json_t *exit_json(size_t i)
{
	const struct exit_reason *r = &exit_reasons[i];
	const char *why = exit_reason_why(r);
	json_t *names = json_array();
	const struct op *op;

	for (size_t n = 0; (op = exit_reason_op(r, n)); n++)
		json_array_append_new(names, json_string(op->name));
	return json_pack("{s:s, s:s, s:i, s:i, s:o, s:o}", "vendor", exit_vendor_name(r->vendor), "name",
			 r->name, "first", (int)r->first, "last", (int)r->last, "operations", names,
			 "unreachable", why ? json_string(why) : json_null());
}

/* ---- engines ---- */

static size_t count_engines(void)
{
	return n_engines;
}

static size_t count_needs(const struct engine_ops *engine)
{
	size_t n = 0;

	while (engine->needs[n])
		n++;
	return n;
}

static void engine_text(size_t i, struct buf *name, struct buf *rest)
{
	buf_puts(name, engines[i]->name);
	buf_puts(rest, engines[i]->summary);
	for (size_t n = 0; n < count_needs(engines[i]); n++)
		buf_printf(rest, "%s%s", n ? ", " : "; needs ", engines[i]->needs[n]);
}

static json_t *engine_json(size_t i)
{
	return json_pack("{s:s, s:s, s:o}", "name", engines[i]->name, "summary", engines[i]->summary,
			 "needs", words_json(engines[i]->needs, count_needs(engines[i])));
}

/* ---- checks ---- */

static size_t count_checks(void)
{
	return n_checks;
}

static void check_text(size_t i, struct buf *name, struct buf *rest)
{
	buf_puts(name, checks[i]->id);
	buf_puts(rest, checks[i]->question);
}

static json_t *check_json(size_t i)
{
	return json_pack("{s:s, s:s, s:s}", "id", checks[i]->id, "question", checks[i]->question,
			 "explain", checks[i]->explain);
}

/* ---- formats: the choices of --format, verb by verb, then what probe --from reads ---- */

static const struct opt *format_option(const struct cmd *cmd)
{
	for (const struct opt *o = cmd->opts; o && o->name; o++)
		if (!strcmp(o->name, "format") && o->choices)
			return o;
	return NULL;
}

/* The (i)th pair of verb and format, or NULL. */
static const char *format_at(size_t i, const struct cmd **cmd)
{
	for (size_t c = 0; c < n_commands; c++) {
		const struct opt *o = format_option(commands[c]);

		for (size_t n = 0; o && o->choices[n]; n++)
			if (i-- == 0) {
				*cmd = commands[c];
				return o->choices[n];
			}
	}
	return NULL;
}

static size_t count_written(void)
{
	const struct cmd *cmd;
	size_t n = 0;

	while (format_at(n, &cmd))
		n++;
	return n;
}

static size_t count_formats(void)
{
	return count_written() + n_readers;
}

/* The (i)th format when it is one that is read, or NULL. */
static const struct reader *reader_at(size_t i)
{
	size_t written = count_written();

	return i < written ? NULL : readers[i - written];
}

static void format_text(size_t i, struct buf *name, struct buf *rest)
{
	const struct reader *reader = reader_at(i);
	const struct cmd *cmd;
	const char *format = reader ? reader->name : format_at(i, &cmd);

	buf_puts(name, format);
	if (reader)
		buf_printf(rest, "read by probe --from: %s", reader->doc);
	else if (!strcmp(cmd->name, "export") && export_format_find(format))
		buf_printf(rest, "written by export: %s", export_format_find(format)->summary);
	else
		buf_printf(rest, "written by %s --format=%s", cmd->name, format);
}

static json_t *format_json(size_t i)
{
	const struct reader *reader = reader_at(i);
	const struct cmd *cmd;
	const char *format;

	if (reader)
		return json_pack("{s:s, s:s, s:s}", "name", reader->name, "verb", "probe", "use", "read");
	format = format_at(i, &cmd);
	return json_pack("{s:s, s:s, s:s}", "name", format, "verb", cmd->name, "use", "written");
}

static const struct kind kinds[] = {
	{ "ops", count_ops, op_text, op_json },
	{ "exits", count_exits, exit_text, exit_json },
	{ "engines", count_engines, engine_text, engine_json },
	{ "checks", count_checks, check_text, check_json },
	{ "formats", count_formats, format_text, format_json },
};
static const char *const kind_names[] = { "ops", "exits", "engines", "checks", "formats", NULL };

static void list_text(const struct kind *k, struct buf *out)
{
	size_t width = 0;

	for (size_t pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < k->count(); i++) {
			struct buf name = BUF_INIT, rest = BUF_INIT;

			k->text(i, &name, &rest);
			if (pass)
				buf_printf(out, "%-*s  %s\n", (int)width, buf_str(&name),
					   buf_str(&rest));
			else if (name.len > width)
				width = name.len;
			buf_free(&name);
			buf_free(&rest);
		}
}

static void list_json(const struct kind *k, struct buf *out)
{
	json_t *items = json_array();

	for (size_t i = 0; i < k->count(); i++)
		json_array_append_new(items, k->json(i));
	buf_put_document(out, json_pack("{s:s, s:s, s:o}", "schema", "vtscope.list/1", "kind", k->name, "items", items),
			  JSON_INDENT(2));
}

static const char *const formats[] = { "text", "json", NULL };

static int run(struct cli *cli, const struct args *a)
{
	struct buf out = BUF_INIT;
	const char *const *what;
	const struct kind *k = kinds;
	size_t n;
	int rc = cli_extension_check(cli, a, formats, OTHERS_BY_FORMAT);

	if (rc)
		return rc;
	what = args_operands(a, &n);
	while (strcmp(k->name, what[0]))
		k++;
	if (strcmp(args_format(a), "json"))
		list_text(k, &out);
	else
		list_json(k, &out);
	rc = cli_write_buf(cli, args_value(a, "output"), &out);
	buf_free(&out);
	return rc;
}

static const struct opt opts[] = {
	{ .name = "format", .arg = "FORMAT", .choices = formats, .help = "output format" },
	{ 0 }
};

const struct cmd cmd_list = {
	.name = "list",
	.operands = "ops|exits|engines|checks|formats",
	.min_operands = 1,
	.max_operands = 1,
	.operand_choices = kind_names,
	.summary = "list operations, exits, engines, checks or formats",
	.description =
		"Prints one of the tables that vtscope is built from.\n"
		"\n"
		"* `ops`: what `vtscope bench` can measure. The JSON form holds the whole definition of "
		"each: what starts and what stops the clock, how many operations one bracket holds, how "
		"many VM exits one must cause (null: depends on controls and backend), and what it wants "
		"of an engine.\n"
		"* `exits`: every reason for which a processor leaves a guest (VMX basic exit reasons, SVM exit "
		"codes) with the operations that cause it, or why none does.\n"
		"* `engines`: what can execute a guest, and the checks that must be answered yes for it.\n"
		"* `checks`: the questions that `vtscope probe` answers; `vtscope probe --explain CHECK` "
		"says how.\n"
		"* `formats`: what the verbs can write.",
	.examples = "vtscope list ops\n  every operation with its level and what it does\n"
		    "vtscope list engines --format=json\n  the engines, for a script\n",
	.opts = opts,
	.run = run,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A verdict in TAP 13, for test harnesses: a test for the verdict, then one a check. What
 * stands in nobody's way does not fail: it is marked TODO, and SKIP where it was not asked.
 */
#include "probe/render_private.h"

/* A description: '#' would begin a directive. */
static void put_description(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_printf(out, *text == '#' || *text == '\\' ? "\\%c" : "%c", *text);
}

static void put_quoted(struct buf *out, const char *text)
{
	buf_puts(out, "\"");
	for (; *text; text++)
		buf_printf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	buf_puts(out, "\"");
}

static void put_details(const struct finding *f, struct buf *out)
{
	buf_printf(out, "  ---\n  answer: \"%s\"\n  basis: \"%s\"\n", answer_name(f->answer),
		   basis_name(f->basis));
	if (f->n_evidence)
		buf_puts(out, "  evidence:\n");
	for (size_t i = 0; i < f->n_evidence; i++) {
		struct buf line = BUF_INIT;

		buf_printf(&line, "%s %s: %s", f->evidence[i].source, f->evidence[i].where,
			   f->evidence[i].value);
		buf_puts(out, "    - ");
		put_quoted(out, buf_str(&line));
		buf_puts(out, "\n");
		buf_free(&line);
	}
	if (f->hint[0]) {
		buf_puts(out, "  hint: ");
		put_quoted(out, f->hint);
		buf_puts(out, "\n");
	}
	buf_puts(out, "  ...\n");
}

static void put_check(size_t number, const struct verdict *v, const struct finding *f,
		      struct buf *out)
{
	enum grade grade = finding_grade(&v->findings, f);
	bool harmless = f->check->optional || verdict_exit_status(v->status) == 0;

	buf_printf(out, "%s %zu - %s ", grade == GRADE_BAD ? "not ok" : "ok", number, f->check->id);
	put_description(out, f->check->question);
	buf_printf(out, " %s", answer_name(f->answer));
	if (f->answer == ANSWER_NA)
		buf_puts(out, " # SKIP does not apply here");
	else if (f->answer == ANSWER_UNKNOWN)
		buf_puts(out, " # SKIP cannot be told with what could be read");
	else if (grade == GRADE_BAD && harmless)
		buf_puts(out, " # TODO guests run without it");
	buf_puts(out, "\n");
	put_details(f, out);
}

void render_tap(const struct verdict *v, struct buf *out)
{
	buf_printf(out, "TAP version 13\n1..%zu\n", v->findings.n + 1);
	buf_printf(out, "%s 1 - verdict %s: ", verdict_exit_status(v->status) ? "not ok" : "ok",
		   verdict_status_name(v->status));
	put_description(out, v->summary);
	buf_puts(out, "\n");
	if (v->next_step[0]) {
		buf_puts(out, "  ---\n  next_step: ");
		put_quoted(out, v->next_step);
		buf_puts(out, "\n  ...\n");
	}
	for (size_t i = 0; i < v->findings.n; i++)
		put_check(i + 2, v, &v->findings.row[i], out);
}

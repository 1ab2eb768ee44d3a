/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Markdown as code hosts read it: tables, no pictures. */
#include "report/doc.h"
#include "report/escape.h"

static void line(struct doc *d, const char *before, const char *text, const char *after)
{
	buf_puts(d->out, before);
	escape_markdown(d->out, text);
	buf_puts(d->out, after);
}

static void begin(struct doc *d, const char *title, const char *subtitle)
{
	line(d, "# ", title, "\n\n");
	line(d, "", subtitle, "\n\n");
}

static void verdict(struct doc *d, const struct verdict_view *v)
{
	line(d, "**", v->summary, "**\n\n");
	buf_puts(d->out, "| layer | answer | |\n|---|---|---|\n");
	for (size_t i = 0; i < LAYERS_SHOWN; i++) {
		line(d, "| ", v->layer[i].name, " | ");
		escape_markdown(d->out, v->layer[i].answer);
		line(d, " | ", v->layer[i].text, " |\n");
	}
	if (v->next_step)
		line(d, "\n", v->next_step, "\n");
	buf_puts(d->out, "\n");
}

static void heading(struct doc *d, const char *text)
{
	line(d, "## ", text, "\n\n");
}

static void paragraph(struct doc *d, const char *text)
{
	line(d, "", text, "\n\n");
}

static void warning(struct doc *d, const char *text)
{
	line(d, "> ", text, "\n\n");
}

static void table(struct doc *d, const struct table *t)
{
	line(d, "", t->caption, "\n\n|");
	for (size_t i = 0; i < t->n_cols; i++)
		line(d, " ", t->col[i].head, " |");
	buf_puts(d->out, "\n|");
	for (size_t i = 0; i < t->n_cols; i++)
		buf_puts(d->out, t->col[i].kind == NUMBER ? "---:|" : "---|");
	for (size_t i = 0; i < t->n_cells; i++) {
		buf_puts(d->out, i % t->n_cols ? " " : "\n| ");
		escape_markdown(d->out, t->cell[i].text ? t->cell[i].text : "");
		if (t->cell[i].note)
			line(d, " (", t->cell[i].note, ")");
		buf_puts(d->out, " |");
	}
	buf_puts(d->out, "\n\n");
}

static void fold(struct doc *d, const char *summary)
{
	buf_puts(d->out, "<details><summary>");
	escape_html(d->out, summary);
	buf_puts(d->out, "</summary>\n\n");
}

static void unfold(struct doc *d)
{
	buf_puts(d->out, "</details>\n\n");
}

static void end(struct doc *d)
{
	(void)d;
}

const struct doc_ops markdown_doc = {
	.wide = true,
	.begin = begin,
	.verdict = verdict,
	.heading = heading,
	.paragraph = paragraph,
	.warning = warning,
	.table = table,
	.fold = fold,
	.unfold = unfold,
	.end = end,
};

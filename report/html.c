/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One file that needs nothing else: no network, no script. Pictures are SVG in data: URIs
 * (several inline ones would share their ids), dark mode turns their lightness around and keeps
 * their hues.
 */
#include <errno.h>
#include <string.h>

#include "report/doc.h"
#include "report/escape.h"
#include "report/style.h"

#define COLUMNS_UPRIGHT	10

static void element(struct doc *d, const char *tag, const char *text)
{
	buf_printf(d->out, "<%s>", tag);
	escape_html(d->out, text);
	buf_printf(d->out, "</%.*s>\n", (int)strcspn(tag, " "), tag);
}

static void begin(struct doc *d, const char *title, const char *subtitle)
{
	buf_puts(d->out,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		 "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action "
		 "'none'\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" "
		 "content=\"vtscope\">\n<title>");
	escape_html(d->out, title);
	buf_puts(d->out, ": ");
	escape_html(d->out, subtitle);
	buf_printf(d->out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n",
		   report_style);
	element(d, "h1", title);
	element(d, "p class=\"subtitle\"", subtitle);
	buf_puts(d->out, "</header>\n<main>\n");
}

/* Said by a sign and, to who cannot see it, by a word. "no" alone would deny what the line states. */
static void sign(struct doc *d, const char *answer)
{
	static const struct { const char *answer, *class, *sign, *word; } signs[] = {
		{ "yes", "yes", "✓", "fine" }, { "no", "no", "✗", "not fine" },
		{ "n/a", "na", "–", "not applicable" }, { "unknown", "unknown", "?", "not known" },
	};
	size_t i = 0;

	while (i < 3 && strcmp(signs[i].answer, answer))
		i++;
	buf_printf(d->out, "<td class=\"sign %s\" title=\"%s\"><span role=\"img\" aria-label=\"%s\">%s</span></td>",
		   signs[i].class, signs[i].word, signs[i].word, signs[i].sign);
}

static void verdict(struct doc *d, const struct verdict_view *v)
{
	buf_printf(d->out, "<section class=\"verdict %s\">\n",
		   (const char *const[]){ "unknown", "no", "yes" }[v->usable + 1]);
	element(d, "h2", v->summary);
	buf_puts(d->out, "<table>\n");
	for (size_t i = 0; i < LAYERS_SHOWN; i++) {
		buf_puts(d->out, "<tr>");
		sign(d, v->layer[i].answer);
		buf_puts(d->out, "<th scope=\"row\">");
		escape_html(d->out, v->layer[i].name);
		buf_puts(d->out, "</th><td>");
		escape_html(d->out, v->layer[i].text);
		buf_puts(d->out, "</td></tr>\n");
	}
	buf_puts(d->out, "</table>\n");
	if (v->next_step)
		element(d, "p class=\"next\"", v->next_step);
	buf_puts(d->out, "</section>\n");
}

static void heading(struct doc *d, const char *text)
{
	element(d, "h2", text);
}

static void paragraph(struct doc *d, const char *text)
{
	element(d, "p", text);
}

static void warning(struct doc *d, const char *text)
{
	element(d, "p class=\"warning\" role=\"note\"", text);
}

static void table_cell(struct doc *d, const struct column *col, const struct cell *c, bool first)
{
	static const char *const class[] = { [WORDS] = "", [TIGHT] = "t", [NUMBER] = "n" };

	buf_puts(d->out, first ? "<th scope=\"row\"" : "<td");
	if (col->kind != WORDS || c->muted)
		buf_printf(d->out, " class=\"%s%s\"", class[col->kind], c->muted ? " m" : "");
	buf_puts(d->out, ">");
	escape_html(d->out, c->text ? c->text : "");
	if (c->note) {
		buf_puts(d->out, " <small>");
		escape_html(d->out, c->note);
		buf_puts(d->out, "</small>");
	}
	buf_puts(d->out, first ? "</th>" : "</td>");
}

static void table(struct doc *d, const struct table *t)
{
	/* On paper a table with many columns gets a sheet laid on its side. */
	buf_printf(d->out, "<div class=\"scroll%s\" tabindex=\"0\">\n<table>\n",
		   t->n_cols > COLUMNS_UPRIGHT ? " wide" : "");
	buf_puts(d->out, "<caption>");
	element(d, "span", t->caption);
	buf_puts(d->out, "</caption>\n");
	buf_puts(d->out, "<thead><tr>");
	for (size_t i = 0; i < t->n_cols; i++) {
		buf_printf(d->out, "<th scope=\"col\"%s>",
			   t->col[i].kind == NUMBER ? " class=\"n\"" : "");
		escape_html(d->out, t->col[i].head);
		buf_puts(d->out, "</th>");
	}
	buf_puts(d->out, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < t->n_cells; i++) {
		buf_puts(d->out, i % t->n_cols ? "" : "<tr>");
		table_cell(d, &t->col[i % t->n_cols], &t->cell[i], i % t->n_cols == 0);
		buf_puts(d->out, (i + 1) % t->n_cols ? "" : "</tr>\n");
	}
	buf_puts(d->out, "</tbody>\n</table>\n</div>\n");
}

static void fold(struct doc *d, const char *summary)
{
	buf_puts(d->out, "<details>\n");
	element(d, "summary", summary);
}

static void unfold(struct doc *d)
{
	buf_puts(d->out, "</details>\n");
}

static void legend(struct doc *d)
{
	buf_puts(d->out, "<ul class=\"legend\">\n");
	for (size_t i = 0; i < drawn_lanes(d->s); i++) {
		const struct lane_style *st = &lane_styles[d->s->lane[i].style];

		buf_printf(d->out,
			   "<li><span class=\"ink\" style=\"color:%s\" "
			   "aria-hidden=\"true\">%s</span> ",
			   st->colour, st->glyph);
		escape_html(d->out, d->s->lane[i].label);
		buf_puts(d->out, "</li>\n");
	}
	buf_puts(d->out, "</ul>\n");
}

static void picture(struct doc *d, const struct picture *p)
{
	struct buf alt = BUF_INIT;
	double w, h;

	p->figure->size(p->figure, d->s, p->index, true, &w, &h);
	p->figure->alt(p->figure, d->s, p->index, &alt);
	buf_printf(d->out, "<img class=\"ink\" width=\"%.0f\" height=\"%.0f\" alt=\"", w, h);
	escape_html(d->out, buf_str(&alt));
	buf_puts(d->out, "\" src=\"data:image/svg+xml;base64,");
	base64_append(d->out, p->bytes.data, p->bytes.len);
	buf_puts(d->out, "\">\n");
	buf_free(&alt);
}

static void figure(struct doc *d, const struct figure *f)
{
	struct buf caption = BUF_INIT;
	double w, h;

	f->size(f, d->s, 0, true, &w, &h);
	f->caption(f, d->s, &caption);
	buf_puts(d->out, "<figure>\n");
	if (w < PAGE_WIDTH)
		legend(d);
	buf_printf(d->out, "<div class=\"%s\">\n", w < PAGE_WIDTH ? "grid" : "scroll");
	for (size_t i = 0; i < d->pictures->n; i++)
		if (d->pictures->p[i].figure == f)
			picture(d, &d->pictures->p[i]);
	buf_puts(d->out, "</div>\n");
	element(d, "figcaption", buf_str(&caption));
	buf_puts(d->out, "</figure>\n");
	buf_free(&caption);
}

#define DATA_HEAD "<script type=\"application/json\" id=\"vtscope-result\">"

/*
 * The result itself, for `vtscope report` and whoever else wants the numbers. Nothing runs:
 * it is data.
 */
static void end(struct doc *d)
{
	struct buf json = BUF_INIT;
	int rc = result_set_write(d->s->set, &json);

	if (rc)
		d->out->error = rc;
	buf_puts(d->out,
		 "</main>\n<footer><p>The result itself is in this file: vtscope report reads it as "
		 "it reads the JSON.</p></footer>\n" DATA_HEAD "\n");
	escape_json_script(d->out, buf_str(&json), json.len);
	buf_puts(d->out, "\n</script>\n</body>\n</html>\n");
	buf_free(&json);
}

int report_extract_json(const char *html, size_t len, struct buf *out, struct err *e)
{
	const char *head = memmem(html, len, DATA_HEAD, sizeof(DATA_HEAD) - 1), *tail;

	if (!head)
		return err_set(e, EINVAL, "an HTML file, but no report that holds its result");
	head += sizeof(DATA_HEAD) - 1;
	tail = memmem(head, len - (size_t)(head - html), "</script>", 9);
	if (!tail)
		return err_set(e, EINVAL, "a report that was cut: the result in it is incomplete");
	buf_append(out, head, (size_t)(tail - head));
	return buf_error(out);
}

const struct doc_ops html_doc = {
	.wide = true,
	.begin = begin,
	.verdict = verdict,
	.heading = heading,
	.paragraph = paragraph,
	.warning = warning,
	.table = table,
	.fold = fold,
	.unfold = unfold,
	.figure = figure,
	.end = end,
};

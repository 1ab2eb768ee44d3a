/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/report.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/fileio.h"
#include "report/doc.h"

static const struct { const char *extension; enum report_format format;
} extensions[] = {
	{ "html", REPORT_HTML },	 { "htm", REPORT_HTML }, { "md", REPORT_MARKDOWN },
	{ "markdown", REPORT_MARKDOWN }, { "png", REPORT_PNG },	 { "svg", REPORT_SVG },
	{ "pdf", REPORT_PDF },		 { "txt", REPORT_TEXT }, { "text", REPORT_TEXT },
};

int report_format_of(const char *file_name, enum report_format *out, struct err *e)
{
	const char *slash = strrchr(file_name, '/'), *dot = strrchr(slash ? slash : file_name, '.');

	for (size_t i = 0; dot && i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		if (!strcasecmp(dot + 1, extensions[i].extension)) {
			*out = extensions[i].format;
			return 0;
		}
	}
	return err_set(e, EINVAL,
		       "'%s' says no format; known extensions: .html .md .png .svg .pdf .txt",
		       file_name);
}

static int draw(const struct series *s, const struct report_options *o, enum picture_format format,
		struct pictures *p, struct err *e)
{
	struct buf title = BUF_INIT, script = BUF_INIT;
	int rc;

	document_subtitle(s->set, &title);
	rc = figure_script(s, format, buf_str(&title), &script, p);
	if (!rc && buf_error(&script))
		rc = buf_error(&script);
	if (rc)
		err_set(e, -rc, "out of memory for the figures");
	if (!rc && o->keep_script)
		rc = file_write(o->keep_script, buf_str(&script), script.len, e);
	if (!rc && p->n && !o->gnuplot)
		rc = err_set(e, ENOENT, "gnuplot is not installed (apt-get install gnuplot-nox)");
	else if (!rc && p->n)
		rc = gnuplot_draw(o->gnuplot, o->gnuplot_deadline_ms, &script, p, e);
	buf_free(&title);
	buf_free(&script);
	return rc;
}

/*
 * One page with all figures: without gnuplot, or without anything to draw, there is no such
 * document.
 */
static int render_image(const struct series *s, const struct report_options *o, struct buf *out,
			struct err *e)
{
	static const enum picture_format formats[] = {
		[REPORT_PNG] = PICTURE_PNG, [REPORT_SVG] = PICTURE_SVG, [REPORT_PDF] = PICTURE_PDF,
	};
	struct pictures p = { 0 };
	int rc = draw(s, o, formats[o->format], &p, e);

	if (!rc && !p.n)
		rc = err_set(e, ENODATA, "nothing to draw: the result holds no row with cycles");
	if (!rc)
		buf_append(out, p.p[0].bytes.data, p.p[0].bytes.len);
	pictures_free(&p);
	return rc;
}

static int render_document(const struct series *s, const struct report_options *o, struct buf *out,
			   struct buf *warning, struct err *e)
{
	static const struct doc_ops *const formats[] = {
		[REPORT_HTML] = &html_doc,
		[REPORT_MARKDOWN] = &markdown_doc,
		[REPORT_TEXT] = &text_doc,
	};
	struct pictures p = { 0 };
	struct doc d = { .ops = formats[o->format], .o = o, .s = s, .pictures = &p, .out = out };
	struct err why = { 0 };
	int rc = 0;

	if (d.ops->figure || o->keep_script)
		rc = draw(s, o, PICTURE_SVG_ALONE, &p, &why);
	if (rc == -EINTR || rc == -ENOMEM) {
		if (e)
			*e = why;
		pictures_free(&p);
		return rc;
	}
	if (rc) {
		buf_printf(warning, "figures were left out: %s", why.text);
		d.no_figures = buf_str(warning);
	}
	document_write(&d);
	pictures_free(&p);
	return 0;
}

int report_render(const struct result_set *r, const struct report_options *o, struct buf *out,
		  struct buf *warning, struct err *e)
{
	bool image = o->format == REPORT_PNG || o->format == REPORT_SVG || o->format == REPORT_PDF;
	struct series s;
	int rc = series_make(&s, r);

	if (rc)
		return err_set(e, -rc, "out of memory for a report");
	rc = image ? render_image(&s, o, out, e) : render_document(&s, o, out, warning, e);
	series_free(&s);
	if (!rc && buf_error(out))
		rc = err_set(e, -buf_error(out), "out of memory for a report");
	return rc;
}

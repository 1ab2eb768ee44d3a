/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verdict as text for people. */
#include <string.h>

#include "probe/analyse.h"

static const char *paint(const struct render_style *st, enum answer a)
{
	static const char *const colours[] = {
		[ANSWER_UNKNOWN] = "\033[33m",
		[ANSWER_YES] = "\033[32m",
		[ANSWER_NO] = "\033[31m",
		[ANSWER_NA] = "\033[2m",
	};

	return st->colour ? colours[a] : "";
}

static const char *plain(const struct render_style *st)
{
	return st->colour ? "\033[0m" : "";
}

static const char *bold(const struct render_style *st)
{
	return st->colour ? "\033[1m" : "";
}

/* (text) in lines of at most (columns), every line but the first with (indent) blanks before it. */
static void wrap(struct buf *out, const char *text, unsigned indent, unsigned columns)
{
	unsigned width = columns > indent + 20 ? columns - indent : 60, used = 0;

	while (*text) {
		size_t n = strcspn(text, " ");

		if (used && used + 1 + n > width) {
			buf_printf(out, "\n%*s", (int)indent, "");
			used = 0;
		}
		buf_printf(out, "%s%.*s", used ? " " : "", (int)n, text);
		used += n + (used ? 1 : 0);
		text += n;
		text += strspn(text, " ");
	}
	buf_puts(out, "\n");
}

void render_summary(const struct verdict *v, const struct snapshot *s,
		    const struct render_style *st, struct buf *out)
{
	static const char *const labels[LAYERS] = { "processor", "firmware", "runs under",
						    "driver",	 "/dev/kvm", "IOMMU" };
	const char *dot = st->utf8 ? "\xc2\xb7" : "|";
	bool live = s->source == SNAP_FROM_LIVE;

	buf_printf(out, "%s", bold(st));
	wrap(out, v->summary, 0, st->columns);
	buf_printf(out, "%s\n", plain(st));
	for (int l = 0; l < LAYERS; l++) {
		buf_printf(out, "  %s%-10s%s  ", paint(st, v->layer[l].answer), labels[l], plain(st));
		wrap(out, v->layer[l].text, 14, st->columns);
	}
	if (v->next_step[0] || live)
		buf_puts(out, "\n");
	if (v->next_step[0]) {
		buf_puts(out, "  ");
		wrap(out, v->next_step, 2, st->columns);
	}
	if (live)
		buf_printf(out, "  More: vtscope probe %s Measure: vtscope bench --quick\n", dot);
}

/* "cpuid leaf 0x1 ecx bit 5, cpu 0-1 = 1" */
static void render_evidence(const struct finding *f, const struct render_style *st, unsigned indent,
			    struct buf *out)
{
	for (size_t i = 0; i < f->n_evidence; i++) {
		struct buf line = BUF_INIT;

		buf_printf(&line, "%s %s: %s", f->evidence[i].source, f->evidence[i].where,
			   f->evidence[i].value);
		buf_printf(out, "%*s", (int)indent, "");
		wrap(out, buf_str(&line), indent + 2, st->columns);
		buf_free(&line);
	}
}

static void render_finding(const struct finding *f, const struct render_style *st, struct buf *out)
{
	buf_printf(out, "%s%-7s%s  %-15s ", paint(st, f->answer), answer_name(f->answer), plain(st),
		   f->check->id);
	buf_printf(out, "%s%s\n", f->check->question,
		   f->basis == BASIS_INFERRED ? " (inferred)" : "");
	render_evidence(f, st, 25, out);
	if (f->hint[0]) {
		buf_printf(out, "%25s", "");
		buf_puts(out, st->utf8 ? "\xe2\x86\x92 " : "-> ");
		wrap(out, f->hint, st->utf8 ? 27 : 28, st->columns);
	}
}

void render_full(const struct verdict *v, const struct snapshot *s, const struct render_style *st,
		 struct buf *out)
{
	render_summary(v, s, st, out);
	buf_puts(out, "\n");
	for (size_t i = 0; i < v->findings.n; i++)
		render_finding(&v->findings.row[i], st, out);
}

void render_explain(const struct check *c, const struct verdict *v, const struct render_style *st,
		    struct buf *out)
{
	const struct finding *f = v ? finding_of(&v->findings, c->id) : NULL;

	buf_printf(out, "%s%s%s  %s\n\n  ", bold(st), c->id, plain(st), c->question);
	wrap(out, c->explain, 2, st->columns);
	if (!f)
		return;
	buf_printf(out, "\n  Here: %s%s%s", paint(st, f->answer), answer_name(f->answer), plain(st));
	if (f->basis != BASIS_NONE)
		buf_printf(out, ", %s", basis_name(f->basis));
	buf_puts(out, "\n");
	render_evidence(f, st, 4, out);
	if (f->hint[0]) {
		buf_puts(out, "  ");
		wrap(out, f->hint, 2, st->columns);
	}
}

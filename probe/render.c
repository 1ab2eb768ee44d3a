/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verdict as text for people. */
#include "probe/render_private.h"

#include <string.h>

#define WIDE 120	/* longer lines are hard to read */
#define NARROW 64	/* below this a table has no room for its columns */

/* How something is marked: glyph and colour say the same, and a word stands beside them. */
enum mark { MARK_DOUBT, MARK_GOOD, MARK_BAD, MARK_MINOR, MARK_FACT };

static const char *glyph(const struct render_style *st, enum mark m)
{
	static const char *const plain[] = {
		[MARK_DOUBT] = "?", [MARK_GOOD] = "+", [MARK_BAD] = "x", [MARK_MINOR] = "!", [MARK_FACT] = "-"
	};
	static const char *const nice[] = {
		[MARK_DOUBT] = "?",
		[MARK_GOOD] = "\xe2\x9c\x93",
		[MARK_BAD] = "\xe2\x9c\x97",
		[MARK_MINOR] = "!",
		[MARK_FACT] = "\xc2\xb7",
	};

	return st->utf8 ? nice[m] : plain[m];
}

static const char *paint(const struct render_style *st, enum mark m)
{
	static const char *const colours[] = {
		[MARK_DOUBT] = "\033[33m",
		[MARK_GOOD] = "\033[32m",
		[MARK_BAD] = "\033[31m",
		[MARK_MINOR] = "\033[33m",
		[MARK_FACT] = "\033[2m",
	};

	return st->colour ? colours[m] : "";
}

static const char *unpaint(const struct render_style *st)
{
	return st->colour ? "\033[0m" : "";
}

static const char *bold(const struct render_style *st)
{
	return st->colour ? "\033[1m" : "";
}

static enum mark mark_of_layer(const struct verdict_layer *l)
{
	static const enum mark marks[] = {
		[ANSWER_UNKNOWN] = MARK_DOUBT,
		[ANSWER_YES] = MARK_GOOD,
		[ANSWER_NO] = MARK_BAD,
		[ANSWER_NA] = MARK_FACT,
	};

	return marks[l->answer];
}

static enum mark mark_of_finding(const struct findings *f, const struct finding *one)
{
	static const enum mark marks[] = {
		[GRADE_DOUBT] = MARK_DOUBT,
		[GRADE_GOOD] = MARK_GOOD,
		[GRADE_BAD] = MARK_BAD,
		[GRADE_FACT] = MARK_FACT,
	};

	enum mark m = marks[finding_grade(f, one)];

	/* What keeps nobody from running guests is not red. */
	return m == MARK_BAD && one->check->optional ? MARK_MINOR : m;
}

/* Columns that (n) bytes of UTF-8 take. */
static unsigned width_of(const char *text, size_t n)
{
	unsigned width = 0;

	for (size_t i = 0; i < n; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

void render_wrap(struct buf *out, const char *text, unsigned indent, unsigned columns)
{
	unsigned width, used = 0;

	columns = columns > WIDE ? WIDE : columns;
	width = columns > indent + 20 ? columns - indent : 20;
	while (*text) {
		size_t n = strcspn(text, " ");
		unsigned word = width_of(text, n);

		if (used && used + 1 + word > width) {
			buf_printf(out, "\n%*s", (int)indent, "");
			used = 0;
		}
		if (used)
			buf_append(out, " ", 1);
		buf_append(out, text, n);
		used += word + (used ? 1 : 0);
		text += n;
		text += strspn(text, " ");
	}
	buf_puts(out, "\n");
}

/* A paragraph with (indent) blanks before every line. */
static void paragraph(struct buf *out, const char *text, unsigned indent,
		      const struct render_style *st)
{
	buf_printf(out, "%*s", (int)indent, "");
	render_wrap(out, text, indent, st->columns);
}

static void render_layer(const struct verdict *v, enum layer which, const char *label,
			 const struct render_style *st, struct buf *out)
{
	const struct verdict_layer *l = &v->layer[which];
	/* Guests run without an IOMMU. */
	enum mark m = which == LAYER_IOMMU && l->answer == ANSWER_NO ? MARK_FACT :
								       mark_of_layer(l);

	if (st->columns < NARROW) {
		buf_printf(out, "%s%s %s%s\n", paint(st, m), glyph(st, m), label, unpaint(st));
		paragraph(out, l->text, 2, st);
		return;
	}
	buf_printf(out, "  %s%s %-10s%s  ", paint(st, m), glyph(st, m), label, unpaint(st));
	render_wrap(out, l->text, 16, st->columns);
}

void render_summary(const struct verdict *v, const struct snapshot *s,
		    const struct render_style *st, struct buf *out)
{
	static const char *const labels[LAYERS] = { "processor", "firmware", "runs under",
						    "driver",	 "/dev/kvm", "IOMMU" };
	unsigned indent = st->columns < NARROW ? 0 : 2;
	bool live = s->source == SNAP_FROM_LIVE;
	struct buf line = BUF_INIT;

	buf_printf(out, "%s", bold(st));
	render_wrap(out, v->summary, 0, st->columns);
	buf_printf(out, "%s\n", unpaint(st));
	for (int l = 0; l < LAYERS; l++)
		render_layer(v, l, labels[l], st, out);
	if (v->next_step[0] || live)
		buf_puts(out, "\n");
	if (v->next_step[0])
		paragraph(out, v->next_step, indent, st);
	if (live) {
		buf_printf(&line, "More: vtscope probe %s Measure: vtscope bench --quick",
			   st->utf8 ? "\xc2\xb7" : "|");
		paragraph(out, buf_str(&line), indent, st);
	}
	buf_free(&line);
}

static const struct { const char *vt, *name; } vts[] = { { "vmx", "VMX" }, { "svm", "SVM" } };
#define VTS (sizeof(vts) / sizeof(vts[0]))

/* By the row of vts[]. */
struct feature_lists {
	struct buf there[VTS], missing[VTS];
};

static void list_feature(const char *vt, const char *feature, bool there, void *ctx)
{
	struct feature_lists *l = ctx;
	size_t i = 0;
	struct buf *list;

	while (strcmp(vt, vts[i].vt) != 0)
		i++;
	list = there ? &l->there[i] : &l->missing[i];
	/* A bit without a name is worth a word only where it is set. */
	if (there || strncmp(feature, "reserved_", 9) != 0)
		buf_printf(list, "%s%s", list->len ? ", " : "", feature);
}

/* "VMX has: ept, vpid, ..." and what it lacks, where that was read. */
static void render_feature_lists(const struct verdict *v, const struct snapshot *s,
				 const struct render_style *st, struct buf *out)
{
	struct feature_lists l = { 0 };

	render_features(s, v, list_feature, &l);
	for (size_t i = 0; i < VTS; i++) {
		struct buf line = BUF_INIT;

		if (l.there[i].len) {
			buf_printf(&line, "%s has: %s.", vts[i].name, buf_str(&l.there[i]));
			if (l.missing[i].len)
				buf_printf(&line, " It lacks: %s.", buf_str(&l.missing[i]));
			buf_puts(out, "\n");
			paragraph(out, buf_str(&line), st->columns < NARROW ? 0 : 2, st);
		}
		buf_free(&line);
		buf_free(&l.there[i]);
		buf_free(&l.missing[i]);
	}
}

/* "cpuid leaf 0x1 ecx bit 5, cpu 0-1: 1" */
static void render_evidence(const struct finding *f, const struct render_style *st, unsigned indent,
			    struct buf *out)
{
	for (size_t i = 0; i < f->n_evidence; i++) {
		struct buf line = BUF_INIT;

		buf_printf(&line, "%s %s: %s", f->evidence[i].source, f->evidence[i].where,
			   f->evidence[i].value);
		buf_printf(out, "%*s", (int)indent, "");
		render_wrap(out, buf_str(&line), indent + 2, st->columns);
		buf_free(&line);
	}
}

static void render_hint(const struct finding *f, const struct render_style *st, unsigned indent,
			struct buf *out)
{
	if (!f->hint[0])
		return;
	buf_printf(out, "%*s%s", (int)indent, "", st->utf8 ? "\xe2\x86\x92 " : "-> ");
	render_wrap(out, f->hint, indent + (st->utf8 ? 2 : 3), st->columns);
}

/* The width of the column of ids. */
static int id_width(const struct findings *f)
{
	size_t most = 0;

	for (size_t i = 0; i < f->n; i++)
		most = strlen(f->row[i].check->id) > most ? strlen(f->row[i].check->id) : most;
	return (int)most;
}

static void render_finding(const struct findings *all, const struct finding *f,
			   const struct render_style *st, int ids, struct buf *out)
{
	enum mark m = mark_of_finding(all, f);
	bool narrow = st->columns < NARROW;
	unsigned indent = narrow ? 2 : 2 + 7 + 1 + ids + 1;
	struct buf question = BUF_INIT;

	buf_printf(&question, "%s%s", f->check->question,
		   f->basis == BASIS_INFERRED ? " (inferred)" : "");
	buf_printf(out, "%s%s %-7s%s ", paint(st, m), glyph(st, m), answer_name(f->answer),
		   unpaint(st));
	if (narrow)
		buf_printf(out, "%s\n%*s", f->check->id, (int)indent, "");
	else
		buf_printf(out, "%-*s ", ids, f->check->id);
	render_wrap(out, buf_str(&question), indent, st->columns);
	buf_free(&question);
	render_evidence(f, st, indent + (narrow ? 2 : 0), out);
	render_hint(f, st, indent, out);
}

void render_full(const struct verdict *v, const struct snapshot *s, const struct render_style *st,
		 struct buf *out)
{
	int ids = id_width(&v->findings);
	struct buf root = BUF_INIT;

	render_summary(v, s, st, out);
	render_feature_lists(v, s, st, out);
	buf_puts(out, "\n");
	for (size_t i = 0; i < v->findings.n; i++)
		render_finding(&v->findings, &v->findings.row[i], st, ids, out);
	render_root(s, &root);
	if (root.len) {
		buf_puts(out, "\n");
		paragraph(out, buf_str(&root), 0, st);
	}
	buf_free(&root);
}

void render_explain(const struct check *c, const struct verdict *v, const struct render_style *st,
		    struct buf *out)
{
	const struct finding *f = v ? finding_of(&v->findings, c->id) : NULL;
	enum mark m;

	buf_printf(out, "%s%s%s  ", bold(st), c->id, unpaint(st));
	render_wrap(out, c->question, 2, st->columns - strlen(c->id));
	buf_puts(out, "\n");
	paragraph(out, c->explain, 2, st);
	if (!f)
		return;
	m = mark_of_finding(&v->findings, f);
	buf_printf(out, "\n  Here: %s%s%s", paint(st, m), answer_name(f->answer), unpaint(st));
	if (f->basis != BASIS_NONE)
		buf_printf(out, ", %s", basis_name(f->basis));
	buf_puts(out, "\n");
	render_evidence(f, st, 4, out);
	if (f->hint[0])
		paragraph(out, f->hint, 2, st);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What documents say, in each format. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/escape.h"
#include "report_fixture.h"
#include "report_helper.h"
#include "tap.h"

static void render(const char *fixture, struct report_options o, struct buf *out)
{
	struct buf warning = BUF_INIT;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(render_fixture(fixture, &o, out, &warning, &e), 0);
	if (e.code)
		tap_note("%s: %s", fixture, e.text);
	buf_free(&warning);
}

static void contains(const struct buf *doc, const char *what)
{
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(doc), what));
	if (!strstr(buf_str(doc), what))
		tap_note("missing: %s", what);
}

static void lacks(const struct buf *doc, const char *what)
{
	CU_ASSERT_PTR_NULL(strstr(buf_str(doc), what));
	if (strstr(buf_str(doc), what))
		tap_note("there: %s", what);
}

/* Without what was put into it as data: pictures and the result. */
static void strip_data(struct buf *html)
{
	char *script = strstr(html->data, "<script type=\"application/json\"");

	if (script) {
		*script = 0;
		html->len = (size_t)(script - html->data);
	}
}

static void test_well_formed(void)
{
	for (size_t i = 0; fixture_names[i]; i++) {
		struct report_options o = { .format = REPORT_HTML, .gnuplot = gnuplot_path() };
		struct buf out = BUF_INIT;
		char why[200];

		render(fixture_names[i], o, &out);
		CU_ASSERT(html_well_formed(buf_str(&out), why));
		if (*why)
			tap_note("%s: %s", fixture_names[i], why);
		buf_free(&out);
	}
}

static void test_checker(void)
{
	char why[200];

	CU_ASSERT(html_well_formed("<!DOCTYPE html>\n<p class=\"a\">x &amp; y<br></p>", why));
	CU_ASSERT_FALSE(html_well_formed("<!DOCTYPE html>\n<p>x & y</p>", why));
	CU_ASSERT_FALSE(html_well_formed("<!DOCTYPE html>\n<p><b>x</p></b>", why));
	CU_ASSERT_FALSE(html_well_formed("<!DOCTYPE html>\n<p class=a>x</p>", why));
	CU_ASSERT_FALSE(html_well_formed("<!DOCTYPE html>\n<p>", why));
}

static void test_self_contained(void)
{
	for (size_t i = 0; fixture_names[i]; i++) {
		struct report_options o = { .format = REPORT_HTML, .gnuplot = gnuplot_path() };
		struct buf out = BUF_INIT;

		render(fixture_names[i], o, &out);
		CU_ASSERT_EQUAL(occurrences(buf_str(&out), "<script"), 1);	/* data, not code */
		contains(&out, "<script type=\"application/json\" id=\"vtscope-result\">");
		contains(&out, "default-src 'none'");
		strip_data(&out);
		lacks(&out, "http://");
		lacks(&out, "https://");
		lacks(&out, "<link");
		lacks(&out, "@import");
		lacks(&out, "url(");
		lacks(&out, "onload=\"");
		CU_ASSERT_EQUAL(occurrences(buf_str(&out), " src=\""),
				occurrences(buf_str(&out), " src=\"data:image/svg+xml;base64,"));
		CU_ASSERT_EQUAL(occurrences(buf_str(&out), "<img "),
				occurrences(buf_str(&out), " alt=\""));
		buf_free(&out);
	}
}

static void test_round_trip(void)
{
	for (size_t i = 0; fixture_names[i]; i++) {
		struct report_options o = { .format = REPORT_HTML };
		struct buf out = BUF_INIT, json = BUF_INIT, before = BUF_INIT, after = BUF_INIT;
		struct result_set r, again;
		struct err e = { 0 };

		render(fixture_names[i], o, &out);
		CU_ASSERT_EQUAL(report_extract_json(buf_str(&out), out.len, &json, &e), 0);
		CU_ASSERT_EQUAL(result_set_load(&again, buf_str(&json), json.len, "report.html", &e),
				0);
		if (e.code)
			tap_note("%s: %s", fixture_names[i], e.text);
		CU_ASSERT_EQUAL(result_set_write(&again, &after), 0);
		result_set_free(&again);
		/* As a file has it: numbers to the digits that files hold. */
		fixture_make(&r, fixture_names[i]);
		CU_ASSERT_EQUAL(result_set_write(&r, &before), 0);
		result_set_free(&r);
		CU_ASSERT_EQUAL(result_set_load(&r, buf_str(&before), before.len, "file", &e), 0);
		buf_clear(&before);
		CU_ASSERT_EQUAL(result_set_write(&r, &before), 0);
		CU_ASSERT_STRING_EQUAL(buf_str(&before), buf_str(&after));
		result_set_free(&r);
		CU_ASSERT_EQUAL(report_extract_json(buf_str(&out), out.len - 40, &json, &e), -EINVAL);
		CU_ASSERT_EQUAL(report_extract_json("<html></html>", 13, &json, &e), -EINVAL);
		buf_free(&out);
		buf_free(&json);
		buf_free(&before);
		buf_free(&after);
	}
}

/* Every reason and every operation of skipped and failed rows is in every document. */
static void test_nothing_hidden(void)
{
	static const enum report_format formats[] = { REPORT_HTML, REPORT_MARKDOWN, REPORT_TEXT };
	struct result_set r;

	fixture_make(&r, "rich");
	for (size_t k = 0; k < 3; k++) {
		struct report_options o = { .format = formats[k], .utf8 = true, .columns = 400 };
		struct buf out = BUF_INIT;

		render("rich", o, &out);
		strip_data(&out);
		for (size_t i = 0; i < r.n_skipped; i++) {
			contains(&out, r.skipped[i].reason);
			contains(&out, r.skipped[i].op);
		}
		for (size_t i = 0; i < r.n_failed; i++) {
			contains(&out, r.failed[i].reason);
			contains(&out, r.failed[i].op);
		}
		contains(&out, "1000402c10");		/* where it died */
		contains(&out, "this is not an exit latency");
		contains(&out, "the outer hypervisor hides it");
		contains(&out, "(kvm_pvm, software)");
		buf_free(&out);
	}
	result_set_free(&r);
}

static void test_order(void)
{
	struct report_options o = { .format = REPORT_HTML, .gnuplot = gnuplot_path() };
	struct buf out = BUF_INIT;
	const char *verdict, *costs, *machine;

	render("rich", o, &out);
	verdict = strstr(buf_str(&out), "KVM works on this machine, without hardware VT.");
	costs = strstr(buf_str(&out), "What each operation costs");
	machine = strstr(buf_str(&out), "The machine");
	CU_ASSERT(verdict && costs && machine && verdict < costs && costs < machine);
	CU_ASSERT_EQUAL(occurrences(buf_str(&out), "<td class=\"sign "), 6);
	buf_free(&out);
}

static void test_percentiles(void)
{
	struct report_options o = { .format = REPORT_MARKDOWN };
	struct buf out = BUF_INIT;

	/* tcg's exit.cpuid is differenced: a median and an interval, no percentiles. */
	render("rich", o, &out);
	contains(&out, "| exit.cpuid (memory 4k) | 192 | 74.0 | 190 – 194 | – | – | – | – | – | – | – |");
	buf_free(&out);
}

/* Two costs of one operation are told where its method is; one is not worth a word. */
static void test_modes(void)
{
	struct report_options o = { .format = REPORT_MARKDOWN };
	struct buf out = BUF_INIT, warning = BUF_INIT;
	struct result_set r;
	struct result *row = NULL;
	struct err e;

	fixture_make(&r, "native");
	for (size_t i = 0; i < r.n_results; i++)
		if (r.result[i].n_hist > 1) {
			r.result[i].n_hist = 1;
			row = &r.result[i];
		}
	CU_ASSERT_PTR_NOT_NULL_FATAL(row);
	row->differenced = false;
	row->hist[0] = (struct bucket){ 1000, 620 };
	row->hist[1] = (struct bucket){ 2000, 380 };
	row->n_hist = 2;
	CU_ASSERT_EQUAL(report_render(&r, &o, &out, &warning, &e), 0);
	contains(&out, " 1,000 (62 %), 2,000 (38 %) |");
	CU_ASSERT_EQUAL(occurrences(buf_str(&out), " %), "), 1);
	buf_free(&out);
	buf_free(&warning);
	result_set_free(&r);
}

static void test_doubts(void)
{
	struct report_options o = { .format = REPORT_MARKDOWN };
	struct buf out = BUF_INIT;

	render("rich", o, &out);
	contains(&out, "| 7,350 (×0.81 native, exit count does not fit) |");
	contains(&out, "| exit.hypercall | – | failed | – | skipped |");
	buf_free(&out);
}

static void test_emulated(void)
{
	static const enum report_format formats[] = { REPORT_HTML, REPORT_MARKDOWN, REPORT_TEXT };

	for (size_t k = 0; k < 3; k++) {
		struct report_options o = { .format = formats[k], .utf8 = true, .columns = 200 };
		struct buf out = BUF_INIT;
		char *section;

		render("emulated", o, &out);
		strip_data(&out);
		section = strstr(out.data, "Proved in emulation");
		CU_ASSERT_PTR_NOT_NULL_FATAL(section);
		CU_ASSERT_PTR_NOT_NULL(strstr(section, "GUEST"));
		*section = 0;
		lacks(&out, "GUEST");		/* and in no table of cycles before it */
		lacks(&out, "bochs");
		lacks(&out, "native</small>");
		buf_free(&out);
	}
}

static void test_hostile_html(void)
{
	struct report_options o = { .format = REPORT_HTML, .gnuplot = gnuplot_path() };
	struct buf out = BUF_INIT;

	render("hostile", o, &out);
	lacks(&out, hostile_markup);
	lacks(&out, "<img src=x");
	lacks(&out, "\x1b");
	contains(&out, "&lt;script&gt;alert(1)&lt;/script&gt;");
	buf_free(&out);
}

/* Tables keep their number of cells, whatever is in them. */
static void test_markdown(void)
{
	for (size_t i = 0; fixture_names[i]; i++) {
		struct report_options o = { .format = REPORT_MARKDOWN };
		struct buf out = BUF_INIT;
		size_t cells = 0;
		char *save = NULL;

		render(fixture_names[i], o, &out);
		lacks(&out, hostile_markup);
		lacks(&out, "\x1b");
		contains(&out, "**\n");
		for (char *line = strtok_r(out.data, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save)) {
			size_t n = occurrences(line, "|") - occurrences(line, "\\|");

			if (line[0] != '|') {
				cells = 0;
				continue;
			}
			CU_ASSERT(!cells || n == cells);
			cells = n;
		}
		buf_free(&out);
	}
}

static void test_text(void)
{
	static const unsigned columns[] = { 60, 80, 120, 200 };

	for (size_t i = 0; fixture_names[i]; i++) {
		for (size_t k = 0; k < 4; k++) {
			struct report_options o = { .format = REPORT_TEXT,
						    .utf8 = true,
						    .columns = columns[k] };
			struct buf out = BUF_INIT;
			char *save = NULL;

			render(fixture_names[i], o, &out);
			lacks(&out, "\x1b");		/* no colour: no escape sequence at all */
			if (!strcmp(fixture_names[i], "rich"))
				for (char *l = strtok_r(out.data, "\n", &save); l;
				     l = strtok_r(NULL, "\n", &save))
					if (text_width(l) > columns[k]) {
						CU_FAIL("a line is too long");
						tap_note("%u columns: %s", columns[k], l);
					}
			buf_free(&out);
		}
	}
}

static void test_ascii(void)
{
	for (size_t i = 0; fixture_names[i]; i++) {
		struct report_options o = { .format = REPORT_TEXT, .colour = true, .columns = 100 };
		struct buf out = BUF_INIT;
		size_t strange = 0;

		render(fixture_names[i], o, &out);
		for (size_t k = 0; k < out.len; k++)
			strange += (unsigned char)out.data[k] > 0x7e ||
				   ((unsigned char)out.data[k] < ' ' && out.data[k] != '\n' &&
				    out.data[k] != '\x1b');
		CU_ASSERT_EQUAL(strange, 0);
		CU_ASSERT(!strstr(buf_str(&out), "\x1b[2J") && !strstr(buf_str(&out), "\x1b]"));
		buf_free(&out);
	}
}

static void test_bars(void)
{
	struct report_options o = { .format = REPORT_TEXT, .columns = 100 };
	struct buf out = BUF_INIT;

	render("rich", o, &out);
	contains(&out, "####");
	buf_clear(&out);
	o.no_bars = true;
	render("rich", o, &out);
	lacks(&out, "##");
	contains(&out, "26,800");
	buf_free(&out);
}

static void test_formats(void)
{
	static const struct { const char *name; int rc; enum report_format format;
	} t[] = {
		{ "a.html", 0, REPORT_HTML },
		{ "/x.y/a.HTM", 0, REPORT_HTML },
		{ "a.md", 0, REPORT_MARKDOWN },
		{ "a.png", 0, REPORT_PNG },
		{ "a.b.svg", 0, REPORT_SVG },
		{ ".pdf", 0, REPORT_PDF },
		{ "a.txt", 0, REPORT_TEXT },
		{ "a", -EINVAL, 0 },
		{ "/x.html/a", -EINVAL, 0 },
		{ "a.json", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "a.", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		enum report_format f = 99;
		struct err e = { 0 };

		CU_ASSERT_EQUAL(report_format_of(t[i].name, &f, &e), t[i].rc);
		CU_ASSERT(t[i].rc ? strstr(e.text, ".html") != NULL : f == t[i].format);
	}
}

/* A document that nobody reads to its end: it is cut, says so, and does not take long. */
static void test_many_rows(void)
{
	enum { ROWS = 20000 };
	static const enum report_format formats[] = { REPORT_HTML, REPORT_MARKDOWN, REPORT_TEXT, REPORT_TEXT };
	struct result_set r;
	clock_t began = clock();

	fixture_make(&r, "minimal");
	for (unsigned i = 0; i < ROWS; i++) {
		struct result row = r.result[0];

		row.launch = NULL;
		row.hist = NULL;
		row.n_launches = row.n_hist = 0;
		snprintf(row.op, sizeof(row.op), "exit.x%05u", i);
		CU_ASSERT_EQUAL_FATAL(result_set_add(&r, &row), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		struct report_options o = { .format = formats[i], .columns = 100, .utf8 = true, .no_bars = i == 3 };
		struct buf out = BUF_INIT, warning = BUF_INIT;
		struct err e;

		CU_ASSERT_EQUAL(report_render(&r, &o, &out, &warning, &e), 0);
		if (formats[i] == REPORT_HTML)
			strip_data(&out);
		contains(&out, "18001 more rows are left out here");
		contains(&out, "exit.x01000");
		lacks(&out, "exit.x05000");
		CU_ASSERT(occurrences(buf_str(&out), "\n") < 20000);
		buf_free(&out);
		buf_free(&warning);
	}
	CU_ASSERT((double)(clock() - began) / CLOCKS_PER_SEC < 20);
	result_set_free(&r);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "the checker of HTML finds what is wrong", test_checker },
		{ "HTML is well formed, whatever the result holds", test_well_formed },
		{ "HTML loads nothing and runs nothing", test_self_contained },
		{ "the result comes back out of a report", test_round_trip },
		{ "no skip, failure, flag or provenance is hidden", test_nothing_hidden },
		{ "the verdict with its six layers comes first", test_order },
		{ "differenced rows have no percentiles", test_percentiles },
		{ "an operation's two costs are told", test_modes },
		{ "doubts stand beside their number, unmeasured rows too", test_doubts },
		{ "emulated rows stand apart", test_emulated },
		{ "hostile strings are text in HTML", test_hostile_html },
		{ "Markdown tables keep their shape", test_markdown },
		{ "text fits its columns and carries no foreign escapes", test_text },
		{ "a terminal without UTF-8 gets ASCII", test_ascii },
		{ "bars are drawn where they are wanted", test_bars },
		{ "20,000 rows are cut, and that is said", test_many_rows },
		{ "the extension picks the format", test_formats },
		{ 0 }
	};

	return tap_run("report_document", tests);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gnuplot: there, missing, failing, late, lying. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/fileio.h"
#include "report/figure.h"
#include "report_fixture.h"
#include "report_helper.h"
#include "tap.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* With (gnuplot): the result stands, figures are a sentence. */
static void html_without_figures(const char *gnuplot, unsigned deadline_ms, const char *sentence)
{
	struct report_options o = { .format = REPORT_HTML,
				    .gnuplot = gnuplot,
				    .gnuplot_deadline_ms = deadline_ms };
	struct buf out = BUF_INIT, warning = BUF_INIT;
	char why[200];
	struct err e = { 0 };

	CU_ASSERT_EQUAL(render_fixture("rich", &o, &out, &warning, &e), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&warning), sentence));
	if (!strstr(buf_str(&warning), sentence))
		tap_note("warning: %s", buf_str(&warning));
	CU_ASSERT_PTR_NULL(strstr(buf_str(&out), "<img"));
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&out), "figures were left out"));
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&out), "26,800"));
	CU_ASSERT(html_well_formed(buf_str(&out), why));
	buf_free(&out);
	buf_free(&warning);
}

static void no_image(const char *gnuplot, unsigned deadline_ms, int code, const char *sentence)
{
	static const enum report_format formats[] = { REPORT_PNG, REPORT_SVG, REPORT_PDF };

	for (size_t i = 0; i < 3; i++) {
		struct report_options o = { .format = formats[i], .gnuplot = gnuplot,
					    .gnuplot_deadline_ms = deadline_ms };
		struct buf out = BUF_INIT, warning = BUF_INIT;
		struct err e = { 0 };

		CU_ASSERT_EQUAL(render_fixture("rich", &o, &out, &warning, &e), -code);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.text, sentence));
		if (!strstr(e.text, sentence))
			tap_note("error: %s", e.text);
		CU_ASSERT_EQUAL(out.len, 0);
		buf_free(&out);
		buf_free(&warning);
	}
}

static void test_missing(void)
{
	html_without_figures(NULL, 0, "apt-get install gnuplot-nox");
	no_image(NULL, 0, ENOENT, "apt-get install gnuplot-nox");
	html_without_figures("/nonexistent/gnuplot", 0, "/nonexistent/gnuplot");
	no_image("/nonexistent/gnuplot", 0, ENOENT, "/nonexistent/gnuplot");
}

static void test_failing(void)
{
	char dir[64], path[96];

	fake_program("echo >&2; echo '\"figures.gp\" line 7: bad things' >&2; exit 1", dir, path);
	html_without_figures(path, 0, "line 7: bad things");
	no_image(path, 0, EIO, "line 7: bad things");
	remove_tree(dir);
	fake_program("kill -SEGV $$", dir, path);
	html_without_figures(path, 0, "signal 11");
	remove_tree(dir);
}

static void test_late(void)
{
	char dir[64], path[96];
	double start = now();

	fake_program("sleep 60 & wait", dir, path);
	html_without_figures(path, 200, "did not end within 200 ms");
	no_image(path, 200, ETIMEDOUT, "did not end within 200 ms");
	CU_ASSERT(now() - start < 20);
	remove_tree(dir);
}

/* Says that all is well and leaves nothing, or half of it. */
static void test_lying(void)
{
	char dir[64], path[96];

	fake_program("exit 0", dir, path);
	html_without_figures(path, 0, "left out a figure");
	no_image(path, 0, ENOENT, "left out a figure");
	remove_tree(dir);
	fake_program("d=${3#OUT = ?}; d=${d%?}\n"
		     "sed -n \"s/^set output OUT.'\\(.*\\)'/\\1/p\" \"$d/figures.gp\" |\n"
		     "while read -r f; do printf '<?xml version=\"1.0\"?><svg>' >\"$d/$f\"; done",
		     dir, path);
	html_without_figures(path, 0, "incomplete");
	no_image(path, 0, EIO, "incomplete");
	remove_tree(dir);
}

static void test_script(void)
{
	struct report_options o = { .format = REPORT_HTML };
	struct buf out = BUF_INIT, warning = BUF_INIT, script = BUF_INIT;
	char dir[64], path[96], keep[128];
	struct err e = { 0 };

	fake_program("exit 1", dir, path);
	snprintf(keep, sizeof(keep), "%s/kept.gp", dir);
	o.keep_script = keep;
	o.gnuplot = path;
	CU_ASSERT_EQUAL(render_fixture("emulated", &o, &out, &warning, &e), 0);
	CU_ASSERT_EQUAL(file_read(keep, 1 << 20, &script, &e), 0); /* kept though gnuplot failed */
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&script), "'exit.cpuid'"));
	CU_ASSERT_PTR_NULL(strstr(buf_str(&script), "GUEST_RIP"));	/* emulated: on no axis */
	CU_ASSERT_PTR_NULL(strstr(buf_str(&script), "bochs"));
	CU_ASSERT_PTR_NULL(strstr(buf_str(&script), "vmx"));
	o.keep_script = "/nonexistent/dir/x.gp";
	buf_clear(&warning);
	CU_ASSERT_EQUAL(render_fixture("rich", &o, &out, &warning, &e), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&warning), "/nonexistent/dir/x.gp"));
	unlink(keep);
	remove_tree(dir);
	buf_free(&out);
	buf_free(&warning);
	buf_free(&script);
}

static void test_real(void)
{
	static const struct { enum report_format format; const char *head; } kinds[] = {
		{ REPORT_PNG, "\x89PNG" }, { REPORT_SVG, "<?xml" }, { REPORT_PDF, "%PDF" },
	};

	if (!gnuplot_path()) {
		tap_skip("gnuplot is not installed");
		return;
	}
	for (size_t k = 0; fixture_names[k]; k++) {
		bool empty = !strcmp(fixture_names[k], "empty") || !strcmp(fixture_names[k], "monitor-emulated");

		for (size_t i = 0; i < 3; i++) {
			struct report_options o = { .format = kinds[i].format,
						    .gnuplot = gnuplot_path() };
			struct buf out = BUF_INIT, warning = BUF_INIT;
			struct err e = { 0 };

			CU_ASSERT_EQUAL(render_fixture(fixture_names[k], &o, &out, &warning, &e),
					empty ? -ENODATA : 0);
			if (e.code && !empty)
				tap_note("%s: %s", fixture_names[k], e.text);
			CU_ASSERT(empty || !strncmp(buf_str(&out), kinds[i].head, 4));
			CU_ASSERT_EQUAL(warning.len, 0);
			buf_free(&out);
			buf_free(&warning);
		}
	}
}

/* Result files are anyone's: in an empty directory, nothing may appear. */
static void test_hostile(void)
{
	struct report_options o = { .format = REPORT_HTML, .gnuplot = gnuplot_path() };
	struct buf out = BUF_INIT, warning = BUF_INIT;
	char dir[] = "/tmp/vtscope-test-XXXXXX";
	int back = open(".", O_DIRECTORY);
	struct err e = { 0 };

	if (!o.gnuplot) {
		tap_skip("gnuplot is not installed");
		return;
	}
	CU_ASSERT_FATAL(back >= 0 && mkdtemp(dir) && !chdir(dir));
	CU_ASSERT_EQUAL(render_fixture("hostile", &o, &out, &warning, &e), 0);
	CU_ASSERT_STRING_EQUAL(buf_str(&warning), "");
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&out), "<img"));
	CU_ASSERT_EQUAL(rmdir(dir), 0);		/* still empty: nothing was run */
	CU_ASSERT_EQUAL(fchdir(back), 0);
	close(back);
	buf_free(&out);
	buf_free(&warning);
}

static void test_inherit(void)
{
	struct buf svg = BUF_INIT;

	buf_puts(&svg, "<?xml version=\"1.0\"?>\n<svg>\n<g id=\"gnuplot_canvas\">\n"
		 "<g fill=\"none\" stroke-linecap=\"butt\" stroke-linejoin=\"miter\">\n"
		 "\t\t<text> font-family=\"sans-serif\"</text>\n</g>\n</g>\n</svg>\n");
	svg_slim(&svg);
	CU_ASSERT_STRING_EQUAL(buf_str(&svg), "<?xml version=\"1.0\"?>\n<svg>\n"
			       "<g id=\"gnuplot_canvas\" stroke-linecap=\"butt\" "
			       "stroke-linejoin=\"miter\" "
			       "font-family=\"sans-serif\">\n<g fill=\"none\">\n"
			       "\t\t<text> "
			       "font-family=\"sans-serif\"</text>\n</g>\n</g>\n</svg>\n");
	buf_free(&svg);
}

static void test_slim(void)
{
	struct buf svg = BUF_INIT;

	buf_puts(&svg,
		 "<?xml version=\"1.0\"?>\n<svg>\n<defs>\n\t<circle id='gpPt5' r='1'/>\n\t<use "
		 "xlink:href='#gpPt5' id='gpPt6'/>\n"
		 "\t<rect id='gpPt3'/>\n\t<use xlink:href='#gpPt3' id='gpPt4'/>\n\t<filter "
		 "id='textbox'>\n\t  <feFlood/>\n\t</filter>\n</defs>\n"
		 "<g fill=\"none\">\n</g>\n<g fill=\"red\">\n<use "
		 "xlink:href='#gpPt6'/></g>\n</svg>\n");
	svg_slim(&svg);
	CU_ASSERT_STRING_EQUAL(
		buf_str(&svg),
		"<?xml version=\"1.0\"?>\n<svg>\n<defs>\n\t<circle id='gpPt5' r='1'/>\n"
		"\t<use xlink:href='#gpPt5' id='gpPt6'/>\n</defs>\n<g fill=\"red\">\n<use "
		"xlink:href='#gpPt6'/></g>\n</svg>\n");
	buf_free(&svg);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "no gnuplot costs the figures, never the result", test_missing },
		{ "a failing gnuplot is quoted", test_failing },
		{ "a hanging gnuplot is ended", test_late },
		{ "a gnuplot that leaves half a picture is not believed", test_lying },
		{ "the script is kept, and holds no emulated row", test_script },
		{ "every fixture makes png, svg and pdf", test_real },
		{ "a hostile result runs nothing", test_hostile },
		{ "svg loses only what draws nothing", test_slim },
		{ "svg repeats nothing that is inherited, and keeps its text", test_inherit },
		{ 0 }
	};

	return tap_run("report_figures", tests);
}

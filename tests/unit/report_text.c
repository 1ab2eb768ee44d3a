/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escaping and numbers. */
#include <math.h>
#include <string.h>

#include "report/escape.h"
#include "tap.h"

static void check(void (*f)(struct buf *, const char *), const char *in, const char *want)
{
	struct buf b = BUF_INIT;

	f(&b, in);
	CU_ASSERT_STRING_EQUAL(buf_str(&b), want);
	if (strcmp(buf_str(&b), want))
		tap_note("got '%s', not '%s'", buf_str(&b), want);
	buf_free(&b);
}

#define BAD "\xef\xbf\xbd"

static void test_plain(void)
{
	check(escape_plain, "exit.cpuid é 中 😀", "exit.cpuid é 中 😀");
	check(escape_plain, "a\nb\tc\r", "a b c ");
	check(escape_plain, "\x1b[2J\x07\x7f", BAD "[2J" BAD BAD);
	check(escape_plain, "\xc2\x9b", BAD); /* CSI as one C1 character */
	check(escape_plain, "\xe2\x80\xae" "exe", BAD "exe");		/* right to left override */
	check(escape_plain, "\xff\xc3", BAD BAD); /* cut in the middle of a character */
	check(escape_plain, "\xc0\xaf\xed\xa0\x80", BAD BAD BAD BAD BAD); /* overlong, surrogate */
	check(escape_plain, "\xf4\x90\x80\x80", BAD BAD BAD BAD);	/* past the last plane */
}

static void test_html(void)
{
	check(escape_html, "<a href=\"x\" b='y'>&amp;",
	      "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;");
}

static void test_markdown(void)
{
	check(escape_markdown, "exit.pio-out.user", "exit.pio-out.user");
	check(escape_markdown, "kvm_pvm _x_", "kvm_pvm \\_x\\_");
	check(escape_markdown, "a|b\nc", "a\\|b c");
	check(escape_markdown, "<b>`x`*y*_z_[l](u)", "&lt;b&gt;\\`x\\`\\*y\\*\\_z\\_\\[l\\](u)");
	check(escape_markdown, "https://evil www.evil.org @user #1",
	      "https\\://evil www\\.evil.org @<!-- -->user \\#1");
}

static void test_gnuplot(void)
{
	check(escape_gnuplot, "exit.cpuid", "'exit.cpuid'");
	check(escape_gnuplot, "'; system('x')", "'’; system(’x’)'");
	check(escape_gnuplot, "`x`\n\\", "'‘x‘ \\'");
}

static void test_json_script(void)
{
	const char *json = "{\"a\":\"</script><!--&\"}";
	struct buf b = BUF_INIT;

	escape_json_script(&b, json, strlen(json));
	CU_ASSERT_STRING_EQUAL(buf_str(&b), "{\"a\":\"\\u003c/script\\u003e\\u003c!--\\u0026\"}");
	buf_free(&b);
}

static void test_ascii(void)
{
	check(escape_ascii, "1 – 2 × 3 é\n", "1 - 2 x 3 ?\n");
}

static void clip(const char *in, size_t max, const char *want)
{
	struct buf b = BUF_INIT;

	text_clip(&b, in, max);
	CU_ASSERT_STRING_EQUAL(buf_str(&b), want);
	CU_ASSERT(text_width(buf_str(&b)) <= max);
	buf_free(&b);
}

static void test_clip(void)
{
	clip("abc", 3, "abc");
	clip("abcd", 3, "ab…");
	clip("中文字符", 2, "中…");
	clip("abc", 0, "");
	clip("", 5, "");
}

static void test_base64(void)
{
	static const struct { const char *in, *out;
	} t[] = {
		{ "", "" },	   { "f", "Zg==" },	   { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct buf b = BUF_INIT;

		base64_append(&b, t[i].in, strlen(t[i].in));
		CU_ASSERT_STRING_EQUAL(buf_str(&b), t[i].out);
		buf_free(&b);
	}
}

static void number(double v, const char *want, void (*f)(struct buf *, double))
{
	struct buf b = BUF_INIT;

	f(&b, v);
	CU_ASSERT_STRING_EQUAL(buf_str(&b), want);
	if (strcmp(buf_str(&b), want))
		tap_note("%g is '%s', not '%s'", v, buf_str(&b), want);
	buf_free(&b);
}

static void test_numbers(void)
{
	number(0, "0.00", number_append);
	number(0.254, "0.25", number_append);
	number(9.999, "10.0", number_append);
	number(99.96, "100", number_append);
	number(999.6, "1,000", number_append);
	number(5210000, "5,210,000", number_append);
	number(316622954, "316.6 M", number_append);
	number(-1234, "-1,234", number_append);
	number(-3.5, "-3.50", number_append);
	number(930.6, "×931", ratio_append);
	number(1.71, "×1.7", ratio_append);
	number(0.092, "×0.092", ratio_append);
	number(0.00091, "×0.00091", ratio_append);
	number(NAN, "", ratio_append);
	number(1e300, "1.00e+300", number_append);
	number(NAN, "–", number_append);
	number(INFINITY, "–", number_append);
	number(1, "1", number_short);
	number(0.001, "0.001", number_short);
	number(10000, "10 k", number_short);
	number(2e6, "2 M", number_short);
	number(1e15, "1e+15", number_short);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{ "text that acts on a terminal or is no UTF-8 becomes a sign", test_plain },
		{ "HTML text and attributes are escaped", test_html },
		{ "Markdown cannot end a cell, link, mention or mark up", test_markdown },
		{ "a gnuplot string cannot be ended from inside", test_gnuplot },
		{ "JSON cannot end its script element", test_json_script },
		{ "ASCII terminals get ASCII", test_ascii },
		{ "text is clipped by characters", test_clip },
		{ "base64", test_base64 },
		{ "numbers are readable at any size", test_numbers },
		{ 0 }
	};

	return tap_run("report_text", tests);
}

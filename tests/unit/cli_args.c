/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ab_side.h"
#include "cli/args.h"
#include "cli/help.h"
#include "cli/words.h"
#include "tests/unit/tap.h"

static const char *const formats[] = { "text", "json", NULL };
static const char *const kinds[] = { "apples", "pears", NULL };

static const struct opt opts[] = {
	{ .name = "format", .arg = "FORMAT", .choices = formats, .help = "output format" },
	{ .name = "op", .arg = "GLOB", .repeatable = true, .help = "operations" },
	{ .name = "quick", .help = "less of everything" },
	{ .name = "time", .short_name = 't', .arg = "S", .help = "seconds, and a text that is so long that it has to "
	  "be broken into two lines to fit a terminal" },
	{ 0 }
};

static const struct cmd free_operands = {
	.name = "fruit", .operands = "FILE...", .max_operands = 3, .summary = "counts fruit", .opts = opts,
};
static const struct cmd kind_operand = {
	.name = "fruit", .operands = "apples|pears", .min_operands = 1, .max_operands = 1,
	.operand_choices = kinds, .summary = "counts fruit", .opts = opts,
};

/* Parses "fruit (line)" by (cmd); words are split at blanks. */
static int parse(struct args *a, const struct cmd *cmd, const char *line, struct err *e)
{
	static char text[200];
	char *argv[16] = { "fruit" };
	int argc = 1;

	snprintf(text, sizeof(text), "%s", line);
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return args_parse(a, cmd, argc, argv, e);
}

static void test_values(void)
{
	struct args a;
	const char *const *v;
	size_t n;

	CU_ASSERT_EQUAL(parse(&a, &free_operands, "one --op=a.* two --op b -qt 5 --quick -v -v -- --op", NULL), 0);
	v = args_values(&a, "op", &n);
	CU_ASSERT_EQUAL_FATAL(n, 2);
	CU_ASSERT_STRING_EQUAL(v[0], "a.*");
	CU_ASSERT_STRING_EQUAL(v[1], "b");
	CU_ASSERT_STRING_EQUAL(args_value(&a, "op"), "b");
	CU_ASSERT_STRING_EQUAL(args_value(&a, "time"), "5");
	CU_ASSERT(args_flag(&a, "quick"));
	CU_ASSERT(args_flag(&a, "quiet"));
	CU_ASSERT(!args_flag(&a, "help"));
	CU_ASSERT_PTR_NULL(args_value(&a, "format"));
	args_values(&a, "verbose", &n);
	CU_ASSERT_EQUAL(n, 2);
	v = args_operands(&a, &n);
	CU_ASSERT_EQUAL_FATAL(n, 3);
	CU_ASSERT_STRING_EQUAL(v[0], "one");
	CU_ASSERT_STRING_EQUAL(v[1], "two");
	CU_ASSERT_STRING_EQUAL(v[2], "--op");
	args_free(&a);
}

static void test_posixly_correct(void)
{
	struct args a;

	setenv("POSIXLY_CORRECT", "1", 1);
	CU_ASSERT_EQUAL(parse(&a, &free_operands, "one --quick", NULL), 0);
	CU_ASSERT(args_flag(&a, "quick"));
	args_free(&a);
	unsetenv("POSIXLY_CORRECT");
}

static void test_refusals(void)
{
	static const struct { const char *line, *says; } rows[] = {
		{ "--fromat=json", "unknown option '--fromat'; did you mean '--format'?" },
		{ "--zzzzzzzz", "unknown option '--zzzzzzzz'" },
		{ "--qui", "option '--qui' is ambiguous: '--quiet' or '--quick'" },
		{ "-x", "unknown option '-x'" },
		{ "-qx", "unknown option '-x'" },
		{ "--quick=1", "option '--quick' takes no value" },
		{ "--format", "option '--format' needs a value: --format=FORMAT" },
		{ "-t", "option '-t' needs a value" },
		{ "--format=jsom", "unknown value for --format: 'jsom'; did you mean 'json'?" },
		{ "--format=zzzzzzzz", "unknown value for --format: 'zzzzzzzz'; there are: text, json" },
		{ "--format=", "unknown value for --format: ''; there are: text, json" },
		{ "", "fruit needs apples|pears" },
		{ "pears apples", "fruit takes no operand 'apples', only apples|pears" },
		{ "paers", "unknown operand 'paers'; did you mean 'pears'?" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		struct args a;

		CU_ASSERT_EQUAL(parse(&a, &kind_operand, rows[i].line, &e), -EINVAL);
		CU_ASSERT_STRING_EQUAL(e.text, rows[i].says);
		if (strcmp(e.text, rows[i].says))
			tap_note("'%s' says: %s", rows[i].line, e.text);
		args_free(&a);
	}
}

static void test_help_wins(void)
{
	struct args a;

	CU_ASSERT_EQUAL(parse(&a, &kind_operand, "--help", NULL), 0);
	CU_ASSERT(args_flag(&a, "help"));
	args_free(&a);
}

static void test_format(void)
{
	static const struct { const char *line, *format; } rows[] = {
		{ "", "text" },
		{ "-o x.json", "json" },
		{ "-o x.txt", "text" },
		{ "-o x.csv", "text" },
		{ "-o dir.json/x", "text" },
		{ "-o x.json --format text", "text" },
		{ "--format text --format json", "json" },
		{ "-o -", "text" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct args a;

		CU_ASSERT_EQUAL_FATAL(parse(&a, &free_operands, rows[i].line, NULL), 0);
		CU_ASSERT_STRING_EQUAL(args_format(&a), rows[i].format);
		args_free(&a);
	}
}

static void test_help_text(void)
{
	struct buf out = BUF_INIT;
	size_t width = 0;

	help_text(&free_operands, &out);
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&out), "Usage: vtscope fruit [OPTION]... FILE...\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&out), "  --format FORMAT    output format: text, json\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&out), "  -t, --time S       seconds, and"));
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&out), "\n                     "));
	for (const char *s = buf_str(&out); *s; s += strcspn(s, "\n"), s += *s == '\n')
		if (strcspn(s, "\n") > width)
			width = strcspn(s, "\n");
	CU_ASSERT(width <= 79);
	buf_free(&out);
}

static void test_words(void)
{
	const char *words[WORDS_MAX];

	for (size_t i = 0; i < n_ops; i++)
		CU_ASSERT_EQUAL(want_words(ops[i].wants, words),
				(size_t)__builtin_popcount(ops[i].wants));
}

/* A line of ab's sides: 0, and the words with '|' between them in (got); or -errno. */
static int split(const char *line, char got[200])
{
	char **word = NULL;
	struct err e;
	size_t n = 0, i;
	int rc = words_split(line, &word, &n, &e);

	got[0] = 0;
	for (i = 0; i < n; i++) {
		strncat(got, i ? "|" : "", 199 - strlen(got));
		strncat(got, word[i], 199 - strlen(got));
		free(word[i]);
	}
	free(word);
	return rc;
}

static void test_side_words(void)
{
	static const struct { const char *line, *words; } good[] = {
		{ "", "" }, { "  \t\n ", "" }, { "--engine tcg", "--engine|tcg" }, { "  a  b\tc ", "a|b|c" },
		{ "--op 'exit.*' --x=\"a b\"", "--op|exit.*|--x=a b" }, { "a'b c'd", "ab cd" }, { "'' \"\"", "|" },
		{ "a\\ b \\' \"\\\"\"", "a b|'|\"" }, { "'a\\b'", "a\\b" }, { "a\\", "a\\" },
		{ "$HOME `x` ~ *", "$HOME|`x`|~|*" },
	};
	static const char *const bad[] = { "'", "a \"b", "'a\"", "\"\\\"" };
	char got[200];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CU_ASSERT(split(good[i].line, got) == 0);
		CU_ASSERT_STRING_EQUAL(got, good[i].words);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT(split(bad[i], got) == -EINVAL);
}

static const struct tap_test tests[] = {
	{ "options and operands may be mixed, repeated and shortened", test_values },
	{ "POSIXLY_CORRECT changes nothing", test_posixly_correct },
	{ "what is no option or operand is refused with the nearest name", test_refusals },
	{ "with --help operands are not missed", test_help_wins },
	{ "the format comes from --format, else from the extension of -o", test_format },
	{ "a side's line is split as a shell would, and nothing in it is expanded", test_side_words },
	{ "help is wrapped at 79 columns", test_help_text },
	{ "whatever an operation wants has a word", test_words },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("args", tests);
}

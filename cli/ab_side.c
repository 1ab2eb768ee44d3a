/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/ab_side.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

extern const struct cmd cmd_bench;

/* What a session has one of, and what would measure nothing. */
static const char *const not_of_a_side[] = {
	"output", "db", "raw", "dry-run", "help", "version", "quiet", "verbose", "color", "quick", "launches", "precision", "time", "seed",
};

/* ---- words ---- */

static int word_add(char ***word, size_t *n, const char *text)
{
	char **more = reallocarray(*word, *n + 2, sizeof(*more));

	if (!more)
		return -ENOMEM;
	*word = more;
	more[*n] = strdup(text);
	if (!more[*n])
		return -ENOMEM;
	more[++*n] = NULL;
	return 0;
}

/* One word from (s) on; behind it. NULL: a quote that nothing closes. */
static const char *word_scan(const char *s, struct buf *out)
{
	char quote = 0;

	for (; *s && (quote || !strchr(" \t\n", *s)); s++) {
		if (quote && *s == quote) {
			quote = 0;
		} else if (!quote && (*s == '\'' || *s == '"')) {
			quote = *s;
		} else {
			if (*s == '\\' && quote != '\'' && s[1])
				s++;
			buf_append(out, s, 1);
		}
	}
	return quote ? NULL : s;
}

int words_split(const char *line, char ***word, size_t *n, struct err *e)
{
	const char *s = line + strspn(line, " \t\n");
	int rc = 0;

	while (rc == 0 && *s) {
		struct buf text = BUF_INIT;

		s = word_scan(s, &text);
		if (!s)
			rc = err_set(e, EINVAL, "a quote is not closed in: %s", line);
		else if (buf_error(&text) || word_add(word, n, buf_str(&text)) < 0)
			rc = err_set(e, ENOMEM, "out of memory");
		else
			s += strspn(s, " \t\n");
		buf_free(&text);
	}
	return rc;
}

/* ---- a side ---- */

void side_free(struct side *s)
{
	size_t i;

	bench_words_free(&s->words);
	args_free(&s->args);
	for (i = 0; i < s->n; i++)
		free(s->word[i]);
	free(s->word);
	*s = (struct side){ 0 };
}

static const struct arg *given(const struct args *a, const char *name)
{
	for (size_t i = 0; i < a->n_args; i++)
		if (a->arg[i].n && !strcmp(a->arg[i].opt->name, name))
			return &a->arg[i];
	return NULL;
}

/* The options of the session that bench has too, where (own) says nothing of its own. */
static int common_add(const struct args *a, const struct args *own, struct side *out)
{
	static const char *const common[] = { "engine", "op", "exclude", "via", "cpu" };
	int rc = 0;

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		const struct arg *arg = given(own, common[i]) ? NULL : given(a, common[i]);

		for (size_t k = 0; arg && k < arg->n && rc == 0; k++) {
			struct buf word = BUF_INIT;

			buf_printf(&word, "--%s=%s", common[i], arg->value[k]);
			rc = buf_error(&word) ? -ENOMEM : word_add(&out->word, &out->n, buf_str(&word));
			buf_free(&word);
		}
	}
	return rc;
}

static int side_parse(const struct args *a, const char *line, struct side *out, struct err *e)
{
	int rc = word_add(&out->word, &out->n, "bench") < 0 ? err_set(e, ENOMEM, "out of memory") : 0;

	if (rc == 0)
		rc = words_split(line, &out->word, &out->n, e);
	if (rc == 0)
		rc = args_parse(&out->args, &cmd_bench, (int)out->n, out->word, e);
	for (size_t i = 0; i < sizeof(not_of_a_side) / sizeof(not_of_a_side[0]) && rc == 0; i++)
		if (given(&out->args, not_of_a_side[i]))
			rc = err_set(e, EINVAL, "--%s is no option of a side; a session has it, or nothing has", not_of_a_side[i]);
	if (rc == 0 && common_add(a, &out->args, out) < 0)
		rc = err_set(e, ENOMEM, "out of memory");
	if (rc == 0) {
		args_free(&out->args);
		rc = args_parse(&out->args, &cmd_bench, (int)out->n, out->word, e);
	}
	return rc;
}

int side_read(struct cli *cli, const struct args *a, unsigned side, struct side *out)
{
	const char *name = side ? "b" : "a";
	uint64_t seed = 0;
	struct err e;
	int rc = side_parse(a, args_value(a, name), out, &e);

	if (rc == -EINVAL)
		return cli_usage(cli, "ab", "--%s: %s", name, e.text);
	if (rc < 0) {
		cli_error(cli, &e);
		return EXIT_RUNTIME;
	}
	rc = bench_options_read(cli, "ab", &out->args, &out->words, &out->options);
	if (rc == 0)
		rc = cli_u64(cli, a, "seed", 1, RESULT_SEED_MAX, &seed);
	out->options.seed = seed;
	out->options.quick = true;	/* short rows: what pairs need is launches, not samples */
	return rc;
}

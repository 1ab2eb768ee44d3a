/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/args.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "common/parse.h"

#define FIRST_LONG 256 /* getopt values of long options: FIRST_LONG + index in args.arg */
#define OPERAND 1 /* what getopt returns for an operand under the '-' rule */

static size_t count_opts(const struct opt *o)
{
	size_t n = 0;

	while (o && o[n].name)
		n++;
	return n;
}

static size_t count_names(const char *const *names)
{
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

static int args_alloc(struct args *a, const struct cmd *cmd, int argc)
{
	size_t own = count_opts(cmd->opts);
	size_t common = count_opts(common_opts);

	*a = (struct args){ .cmd = cmd, .n_args = own + common };
	a->arg = calloc(a->n_args, sizeof(*a->arg));
	a->operand = calloc((size_t)argc + 1, sizeof(*a->operand));
	if (!a->arg || !a->operand)
		return -ENOMEM;
	for (size_t i = 0; i < a->n_args; i++)
		a->arg[i].opt = i < own ? &cmd->opts[i] : &common_opts[i - own];
	return 0;
}

void args_free(struct args *a)
{
	for (size_t i = 0; a->arg && i < a->n_args; i++)
		free(a->arg[i].value);
	free(a->arg);
	free(a->operand);
	memset(a, 0, sizeof(*a));
}

int unknown_name(struct err *e, const char *what, const char *word, const char *const *names, size_t n)
{
	const char *near = nearest_name(word, names, n);
	struct buf all = BUF_INIT;
	int rc;

	if (near)
		return err_set(e, EINVAL, "unknown %s '%s'; did you mean '%s'?", what, word, near);
	if (n > 12)
		return err_set(e, EINVAL, "unknown %s '%s'", what, word);
	for (size_t i = 0; i < n; i++)
		buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
	rc = err_set(e, EINVAL, "unknown %s '%s'; there are: %s", what, word, buf_str(&all));
	buf_free(&all);
	return rc;
}

/* (word) is "--name" or "--name=value" and getopt did not take it. */
static int refuse_long(const struct args *a, const char *word, struct err *e)
{
	const char *names[a->n_args];
	size_t len = strcspn(word, "=") - 2;
	struct buf name = BUF_INIT;
	const char *fits[2] = { NULL, NULL };
	int rc;

	buf_append(&name, word + 2, len);
	for (size_t i = 0; i < a->n_args; i++) {
		names[i] = a->arg[i].opt->name;
		if (!strncmp(names[i], buf_str(&name), len)) {
			fits[1] = fits[0];
			fits[0] = names[i];
		}
	}
	if (fits[1]) {
		rc = err_set(e, EINVAL, "option '--%s' is ambiguous: '--%s' or '--%s'",
			     buf_str(&name), fits[0], fits[1]);
	} else {
		const char *near = nearest_name(buf_str(&name), names, a->n_args);

		rc = near ? err_set(e, EINVAL, "unknown option '--%s'; did you mean '--%s'?",
				    buf_str(&name), near) :
			    err_set(e, EINVAL, "unknown option '--%s'", buf_str(&name));
	}
	buf_free(&name);
	return rc;
}

/* getopt said '?' or ':' and left (optopt); (word) is where it stood. */
static int refuse(const struct args *a, int said, int opt_value, const char *word, struct err *e)
{
	const struct opt *o = NULL;

	if (opt_value >= FIRST_LONG)
		o = a->arg[opt_value - FIRST_LONG].opt;
	if (said == ':' && o)
		return err_set(e, EINVAL, "option '--%s' needs a value: --%s=%s", o->name, o->name,
			       o->arg);
	if (said == ':')
		return err_set(e, EINVAL, "option '-%c' needs a value", opt_value);
	if (o)
		return err_set(e, EINVAL, "option '--%s' takes no value", o->name);
	if (opt_value)
		return err_set(e, EINVAL, "unknown option '-%c'", opt_value);
	return refuse_long(a, word, e);
}

static int check_choice(const struct opt *o, const char *value, struct err *e)
{
	struct buf what = BUF_INIT;
	int rc = 0;

	if (!o->choices)
		return 0;
	for (size_t i = 0; o->choices[i]; i++)
		if (!strcmp(o->choices[i], value))
			return 0;
	buf_printf(&what, "value for --%s:", o->name);
	rc = unknown_name(e, buf_str(&what), value, o->choices, count_names(o->choices));
	buf_free(&what);
	return rc;
}

static int take(struct arg *arg, const char *value, struct err *e)
{
	const char **more;

	if (arg->opt->arg) {
		int rc = check_choice(arg->opt, value, e);

		if (rc < 0)
			return rc;
		more = realloc(arg->value, (arg->n + 1) * sizeof(*more));
		if (!more)
			return err_set(e, ENOMEM, "out of memory");
		arg->value = more;
		arg->value[arg->n] = value;
	}
	arg->n++;
	return 0;
}

static struct arg *find_short(struct args *a, int c)
{
	for (size_t i = 0; i < a->n_args; i++)
		if (a->arg[i].opt->short_name == c)
			return &a->arg[i];
	return NULL;
}

/* Operands are returned in place (the leading '-'), so that POSIXLY_CORRECT changes nothing. */
static void getopt_tables(const struct args *a, struct option *longs, char *shorts)
{
	*shorts++ = '-';
	*shorts++ = ':';
	for (size_t i = 0; i < a->n_args; i++) {
		const struct opt *o = a->arg[i].opt;

		longs[i] = (struct option){ o->name, o->arg ? required_argument : no_argument, NULL,
					    FIRST_LONG + (int)i };
		if (o->short_name) {
			*shorts++ = o->short_name;
			if (o->arg)
				*shorts++ = ':';
		}
	}
	longs[a->n_args] = (struct option){ 0 };
	*shorts = 0;
}

/* An empty name is what a shell makes of a variable that is not set. */
static int check_names(const struct args *a, struct err *e)
{
	for (size_t i = 0; i < a->n_args; i++) {
		const struct opt *o = a->arg[i].opt;

		for (size_t k = 0; k < a->arg[i].n && o->arg && o->complete == COMPLETE_FILE; k++)
			if (!*a->arg[i].value[k])
				return err_set(e, EINVAL, "option '--%s' needs a name: --%s=%s", o->name, o->name, o->arg);
	}
	return 0;
}

static int check_operands(const struct args *a, struct err *e)
{
	const struct cmd *cmd = a->cmd;
	const char *verb = *cmd->name ? cmd->name : "vtscope";

	if (a->n_operands < cmd->min_operands)
		return err_set(e, EINVAL, "%s needs %s", verb, cmd->operands);
	if (a->n_operands && !*cmd->name && command_find(a->operand[0], &cmd, NULL) == 0)
		return err_set(e, EINVAL, "the verb comes first: vtscope %s ...", cmd->name);
	if (a->n_operands > cmd->max_operands)
		return err_set(e, EINVAL, "%s takes no operand '%s'%s%s", verb,
			       a->operand[cmd->max_operands], cmd->max_operands ? ", only " : "",
			       cmd->max_operands ? cmd->operands : "");
	for (size_t i = 0; cmd->operand_choices && i < a->n_operands; i++) {
		const char *const *c = cmd->operand_choices;

		while (*c && strcmp(*c, a->operand[i]))
			c++;
		if (!*c)
			return unknown_name(e, "operand", a->operand[i], cmd->operand_choices,
					    count_names(cmd->operand_choices));
	}
	return 0;
}

int args_parse(struct args *a, const struct cmd *cmd, int argc, char **argv, struct err *e)
{
	int rc = args_alloc(a, cmd, argc);
	int c;

	if (rc < 0)
		return err_set(e, ENOMEM, "out of memory");

	struct option longs[a->n_args + 1];
	char shorts[2 + 2 * a->n_args + 1];

	getopt_tables(a, longs, shorts);
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (c == OPERAND) {
			a->operand[a->n_operands++] = optarg;
			continue;
		}
		if (c == '?' || c == ':')
			return refuse(a, c, optopt, argv[optind - 1], e);
		rc = take(c >= FIRST_LONG ? &a->arg[c - FIRST_LONG] : find_short(a, c), optarg, e);
		if (rc < 0)
			return rc;
	}
	while (optind < argc)
		a->operand[a->n_operands++] = argv[optind++];
	if (args_flag(a, "help") || args_flag(a, "version"))
		return 0;
	rc = check_names(a, e);
	return rc < 0 ? rc : check_operands(a, e);
}

/* A name that is not in the table is a mistake in the verb, not of the user. */
static const struct arg *arg_of(const struct args *a, const char *name)
{
	for (size_t i = 0; i < a->n_args; i++)
		if (!strcmp(a->arg[i].opt->name, name))
			return &a->arg[i];
	assert(!"option is in the verb's table");
	return NULL;
}

bool args_flag(const struct args *a, const char *name)
{
	return arg_of(a, name)->n > 0;
}

const char *args_value(const struct args *a, const char *name)
{
	const struct arg *arg = arg_of(a, name);

	return arg->n ? arg->value[arg->n - 1] : NULL;
}

const char *const *args_values(const struct args *a, const char *name, size_t *n)
{
	const struct arg *arg = arg_of(a, name);

	*n = arg->n;
	return (const char *const *)arg->value;
}

const char *const *args_operands(const struct args *a, size_t *n)
{
	*n = a->n_operands;
	return (const char *const *)a->operand;
}

const char *args_format(const struct args *a)
{
	const struct arg *arg = arg_of(a, "format");
	const char *const *choices = arg->opt->choices;
	const char *file = args_value(a, "output");
	const char *ext;

	if (arg->n)
		return arg->value[arg->n - 1];
	ext = file ? strrchr(file, '.') : NULL;
	if (ext && !strchr(ext, '/')) {
		ext = !strcmp(ext, ".txt") ? "text" : !strcmp(ext, ".xml") ? "junit" : ext + 1;
		for (size_t i = 0; choices[i]; i++)
			if (!strcmp(choices[i], ext))
				return choices[i];
	}
	return choices[0];
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/comparison.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/op.h"
#include "cli/args.h"
#include "common/parse.h"

#define PERCENT_MAX	1000000.0

/* "8", "8%" or "0.5 %" as a share. */
static int percent_parse(const char *text, double *out)
{
	size_t n = strlen(text);
	char number[32];
	int rc;

	while (n && (text[n - 1] == '%' || text[n - 1] == ' '))
		n--;
	if (!n || n >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, n);
	number[n] = 0;
	rc = parse_double(number, 0, PERCENT_MAX, out);
	*out /= 100;
	return rc;
}

static bool op_known(const char *glob)
{
	for (size_t i = 0; i < n_ops; i++)
		if (op_matches(&ops[i], glob))
			return true;
	return false;
}

static int threshold_parse(struct cli *cli, const char *verb, const char *text, struct comparison_args *out)
{
	const char *equals = strrchr(text, '=');
	struct op_threshold *own = &out->own[out->o.n_op_thresholds];
	double share;

	if (percent_parse(equals ? equals + 1 : text, &share) < 0)
		return cli_usage(cli, verb, "--threshold: '%s' is no percentage from 0 on, and no OP=PCT", text);
	if (!equals && share == 0)
		return cli_usage(cli, verb, "--threshold: times are never equal; a threshold of them is above 0");
	if (!equals) {
		out->o.threshold = share;
		return 0;
	}
	if ((size_t)(equals - text) >= sizeof(own->op))
		return cli_usage(cli, verb, "--threshold: no operation has a name that long");
	snprintf(own->op, sizeof(own->op), "%.*s", (int)(equals - text), text);
	own->threshold = share;
	if (!op_known(own->op))
		return cli_usage(cli, verb, "--threshold: no operation is called '%s'; 'vtscope list ops' names them", own->op);
	out->o.n_op_thresholds++;
	return 0;
}

int comparison_args_parse(struct cli *cli, const struct args *a, const char *verb, bool allow, struct comparison_args *out)
{
	const char *const *text;
	size_t n;
	int rc;

	*out = (struct comparison_args){ .o.strict = args_flag(a, "strict") };
	rc = cli_extension_check(cli, a, comparison_formats, OTHERS_BY_FORMAT);
	if (rc)
		return rc;
	if (allow)
		out->o.allow = args_values(a, "allow", &out->o.n_allow);
	text = args_values(a, "threshold", &n);
	out->own = calloc(n + 1, sizeof(*out->own));
	if (!out->own) {
		struct err e;

		err_set(&e, ENOMEM, "out of memory");
		cli_error(cli, &e);
		return EXIT_RUNTIME;
	}
	out->o.op_threshold = out->own;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = threshold_parse(cli, verb, text[i], out);
	for (size_t i = 0; i < out->o.n_allow && rc == 0; i++) {
		size_t k = 0;

		while (compare_keys[k] && strcmp(compare_keys[k], out->o.allow[i]))
			k++;
		if (!compare_keys[k])
			rc = cli_usage(cli, verb, "--allow: '%s' is no key of the hardware; they are vendor, brand, signature, "
				       "microcode, cpus, virtualized_by, tsc_hz, provenance, memory", out->o.allow[i]);
	}
	if (rc)
		comparison_args_free(out);
	return rc;
}

void comparison_args_free(struct comparison_args *c)
{
	free(c->own);
	*c = (struct comparison_args){ 0 };
}

static enum comparison_format format_of(const struct args *a)
{
	const char *name = args_format(a);

	for (unsigned f = 0; f < COMPARISON_FORMATS; f++)
		if (!strcmp(comparison_formats[f], name))
			return f;
	return COMPARISON_TEXT;
}

int comparison_write(struct cli *cli, const struct args *a, const struct comparison *c)
{
	const char *file = args_value(a, "output");
	struct comparison_style style = { .colour = cli->colour && !file, .utf8 = cli->utf8, .all = cli->verbose > 0,
					  .strict = args_flag(a, "strict") };
	struct buf out = BUF_INIT;
	int rc;

	comparison_render(c, format_of(a), &style, &out);
	rc = cli_write_buf(cli, file ? file : "-", &out);
	buf_free(&out);
	return rc ? rc : comparison_exit(c, style.strict);
}

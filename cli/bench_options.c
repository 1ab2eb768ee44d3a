/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/bench_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/topology.h"
#include "common/fileio.h"

#define IMAGE_MAX (64u << 20)

void bench_words_free(struct bench_words *w)
{
	size_t i;

	for (i = 0; i < w->n_engines; i++)
		free(w->engine[i]);
	free(w->engine);
	buf_free(&w->image);
}

static int engines_split(struct bench_words *w, const char *const *value, size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i++) {
		const char *s = value[i];

		do {
			char **more = reallocarray(w->engine, w->n_engines + 1, sizeof(*more));

			if (!more)
				return -ENOMEM;
			w->engine = more;
			len = strcspn(s, ",");
			w->engine[w->n_engines] = strndup(s, len);
			if (!w->engine[w->n_engines])
				return -ENOMEM;
			w->n_engines++;
			s += len + (s[len] == ',');
		} while (*s);
	}
	return 0;
}

static bool exec_chosen(const struct bench_options *o)
{
	size_t i;

	for (i = 0; i < o->n_engines; i++)
		if (!strcmp(o->engines[i], "exec"))
			return true;
	return !o->n_engines;
}

/* Numbers, in their bounds. */
static int numbers_read(struct cli *cli, const struct args *a, struct bench_options *o)
{
	uint64_t launches = 0;
	double percent = 0;
	int rc = cli_u64(cli, a, "launches", 1, 1000, &launches);

	if (rc == 0)
		rc = cli_u64(cli, a, "seed", 1, RESULT_SEED_MAX, &o->seed);
	if (rc == 0)
		rc = cli_double(cli, a, "time", 1, 86400, &o->seconds);
	if (rc == 0)
		rc = cli_double(cli, a, "precision", 0.01, 100, &percent);
	o->launches = (unsigned)launches;
	o->precision = percent / 100;
	return rc;
}

int bench_options_read(struct cli *cli, const char *verb, const struct args *a, struct bench_words *w, struct bench_options *o)
{
	const char *const *value, *cpu = args_value(a, "cpu"), *image = args_value(a, "image");
	struct err e;
	size_t n;
	int rc;

	*w = (struct bench_words){ .image = BUF_INIT };
	*o = (struct bench_options){ .via = args_value(a, "via"), .quick = args_flag(a, "quick"),
				     .force = args_flag(a, "force"), .cpu = -1, .qemu = args_value(a, "qemu"),
				     .exec = args_value(a, "exec"), .raw = args_flag(a, "raw") };
	value = args_values(a, "engine", &n);
	rc = engines_split(w, value, n) < 0 ? err_set(&e, ENOMEM, "out of memory") : 0;
	if (rc == 0 && image)
		rc = file_read(image, IMAGE_MAX, &w->image, &e);
	if (rc < 0) {
		cli_error(cli, &e);
		return EXIT_RUNTIME;
	}
	o->engines = (const char *const *)w->engine;
	o->n_engines = w->n_engines;
	if (o->exec && !exec_chosen(o))
		return cli_usage(cli, verb, "--exec is for the engine exec, which --engine does not name");
	o->op_globs = args_values(a, "op", &o->n_op_globs);
	o->excludes = args_values(a, "exclude", &o->n_excludes);
	o->image = image ? buf_str(&w->image) : NULL;
	o->image_bytes = w->image.len;
	rc = numbers_read(cli, a, o);
	if (rc)
		return rc;
	if (cpu && topology_cpu(cpu, &o->cpu, &e) < 0)
		return cli_usage(cli, verb, "--cpu: %s", e.text);
	if (!cpu)
		o->cpu = topology_choose();
	return 0;
}

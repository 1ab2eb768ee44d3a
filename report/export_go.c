/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of Go's benchmarks, for benchstat: a line a launch, since its U test takes lines for independent, and the
 * samples of a launch are not. What may differ between two runs is no configuration line: benchstat would not compare.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "report/escape.h"
#include "report/export_private.h"

/* A field of a line: no blank, and nothing but ASCII. */
static void word(struct buf *out, const char *s)
{
	struct buf ascii = BUF_INIT;

	escape_ascii(&ascii, s);
	for (const char *p = buf_str(&ascii); *p; p++)
		buf_printf(out, "%c", isgraph((unsigned char)*p) ? *p : '_');
	buf_free(&ascii);
}

/* "BenchmarkExit.cpuid/engine=kvm": the letter behind "Benchmark" is a capital one. */
static void name_of(struct buf *out, const struct export_row *row)
{
	const char *copy = strchr(row->name, '#');
	struct buf op = BUF_INIT;

	word(&op, row->r->op);
	buf_puts(out, "Benchmark");
	if (!isalpha((unsigned char)*buf_str(&op)))
		buf_puts(out, "X");
	buf_printf(out, "%c%s/engine=", toupper((unsigned char)*buf_str(&op)), op.len ? buf_str(&op) + 1 : "");
	word(out, row->r->engine);
	if (strcmp(row->r->via, "process")) {
		buf_puts(out, "/via=");
		word(out, row->r->via);
	}
	if (copy)
		word(out, copy);
	/* Go's number of processors; without it, digits at the end of a carrier's name would be taken for it. */
	buf_puts(out, "-1");
	buf_free(&op);
}

static void row_lines(struct buf *out, const struct export_row *row)
{
	const struct result *r = row->r;

	for (size_t i = 0; i < r->n_launches; i++) {
		const struct result_launch *l = &r->launch[i];

		if (!export_launch(l))
			continue;
		name_of(out, row);
		buf_printf(out, "\t%llu\t", (unsigned long long)l->n);
		if (row->kind == EXPORT_TIME)
			buf_printf(out, "%.7f ns/op\t%.6f cycles/op\n", l->median * row->second * 1e9, l->median);
		else
			buf_printf(out, "%.6f instructions/op\n", l->median);
	}
}

static void write(const struct export *x, struct buf *out)
{
	struct buf cpu = BUF_INIT;

	escape_ascii(&cpu, export_text(x->run[0].set->hardware, "brand"));
	buf_printf(out, "goos: linux\ngoarch: amd64\npkg: vtscope\n");
	if (cpu.len)
		buf_printf(out, "cpu: %s\n", buf_str(&cpu));
	buf_free(&cpu);
	for (size_t i = 0; i < x->n; i++)
		row_lines(out, &x->row[i]);
}

const struct export_format export_go = {
	.name = "go",
	.summary = "text of Go benchmarks, a line a launch, for benchstat",
	.kinds = EXPORT_NUMBERS,
	.write = write,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines_short.c - rows in short, as a machine without a serial port shows them on its screen. */
#include "minivmm/lines_private.h"

#include <math.h>
#include <string.h>

/* A number of whole ticks or with one digit behind a point, or "-". */
static bool ticks(const char **p, double *out)
{
	uint64_t whole, tenth = 0;

	*out = NAN;
	if (**p == '-') {
		(*p)++;
		return lines_blank(p);
	}
	if (!lines_number(p, LINES_VALUE_MAX, &whole))
		return false;
	if (**p == '.') {
		(*p)++;
		if (!lines_number(p, 9, &tenth))
			return false;
	}
	*out = (double)whole + (double)tenth / 10;
	return lines_blank(p);
}

/* A, A/B or "-". */
static bool exits(const char **p, struct lines_short *q)
{
	if (**p == '-') {
		(*p)++;
		return lines_blank(p);
	}
	if (!lines_number(p, LINES_VALUE_MAX, &q->exits))
		return false;
	q->executions = 1;
	if (**p == '/') {
		(*p)++;
		if (!lines_number(p, LINES_VALUE_MAX, &q->executions) || !q->executions)
			return false;
	}
	return lines_blank(p);
}

/* Hexadecimal without 0x. */
static bool flags(const char **p, uint32_t *out)
{
	static const char digits[] = "0123456789abcdef";
	unsigned n = 0;

	for (*out = 0; **p && strchr(digits, **p) && n < 8; ++*p, n++)
		*out = *out << 4 | (uint32_t)(strchr(digits, **p) - digits);
	return n && lines_blank(p);
}

/* The least is not above the median, nor that above the 99th percentile. */
static bool ascends(const struct lines_short *q)
{
	if (!q->n)
		return isnan(q->min) && isnan(q->median) && isnan(q->p99) && !isnan(q->diff);
	return q->min <= q->median && q->median <= q->p99;
}

/* OP FLAGS N MIN MEDIAN P99 DIFF EXITS NAME */
bool lines_short_take(struct lines *d, const char *p)
{
	struct lines_short q = { .n = 0 };
	uint64_t op;
	size_t n;

	if (!lines_number(&p, LINES_OPS_MAX - 1, &op) || !lines_blank(&p) || !flags(&p, &q.flags) ||
	    !lines_number(&p, LINES_SAMPLES_MAX, &q.n) || !lines_blank(&p) || !ticks(&p, &q.min) ||
	    !ticks(&p, &q.median) || !ticks(&p, &q.p99) || !ticks(&p, &q.diff) || !exits(&p, &q))
		return false;
	q.op = (uint32_t)op;
	q.cut = *p == '~';
	p += q.cut;
	n = strlen(p);
	if (n >= sizeof(q.name) || (!n && !q.cut) || strchr(p, ' ') || !ascends(&q) ||
	    d->shorts[op / 8] & 1u << op % 8)
		return false;
	memcpy(q.name, p, n);
	d->shorts[op / 8] |= (unsigned char)(1u << op % 8);
	d->rows++;
	d->account.rows++;
	if (d->to->row_short)
		d->to->row_short(d->to->ctx, &q);
	return true;
}

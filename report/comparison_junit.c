/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A comparison as JUnit XML: a regression is a failure, what cannot be compared an error, what is not known a skip. */
#include <math.h>
#include <string.h>

#include "report/comparison.h"
#include "report/escape.h"

static void attribute(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, " %s=\"", name);
	escape_html(out, value);
	buf_puts(out, "\"");
}

static void verdict(struct buf *out, const char *element, const struct change *row)
{
	struct buf reason = BUF_INIT;

	change_reason(row, &reason);
	buf_printf(out, "   <%s", element);
	attribute(out, "message", buf_str(&reason));
	if (strcmp(element, "skipped"))
		attribute(out, "type", change_word(row->word));
	buf_puts(out, "/>\n");
	buf_free(&reason);
}

static void measured(struct buf *out, const struct change *row)
{
	buf_puts(out, "   <system-out>A ");
	number_append(out, row->a);
	buf_puts(out, ", B ");
	number_append(out, row->b);
	buf_puts(out, ", ");
	change_percent(row->ratio, out);
	if (!row->exact && isfinite(row->lo)) {
		buf_puts(out, ", 95 % ");
		change_percent(row->lo, out);
		buf_puts(out, " .. ");
		change_percent(row->hi, out);
	}
	buf_printf(out, ": %s</system-out>\n", change_word(row->word));
}

static void case_put(struct buf *out, const struct change *row, bool strict)
{
	struct buf name = BUF_INIT, class = BUF_INIT;

	change_name(row, &name);
	buf_printf(&class, "vtscope.%s.%s", row->engine, row->via);
	buf_puts(out, "  <testcase");
	attribute(out, "classname", buf_str(&class));
	attribute(out, "name", buf_str(&name));
	buf_puts(out, " time=\"0\">\n");
	if (row->word == CHANGE_REGRESSION || (strict && row->word == CHANGE_INCONCLUSIVE))
		verdict(out, "failure", row);
	else if (row->word == CHANGE_INCOMPARABLE)
		verdict(out, "error", row);
	else if (row->word == CHANGE_INCONCLUSIVE)
		verdict(out, "skipped", row);
	measured(out, row);
	buf_puts(out, "  </testcase>\n");
	buf_free(&name);
	buf_free(&class);
}

/* Nothing in common must not look like a suite that passed. */
static void nothing_put(struct buf *out)
{
	buf_puts(out, "  <testcase classname=\"vtscope\" name=\"comparison\" time=\"0\">\n"
		      "   <error message=\"nothing in common: no row is in both\" type=\"incomparable\"/>\n  </testcase>\n");
}

/* What was to be there is a failure where the user is strict; else it is a skip, as what nobody asked for. */
static void unmatched_put(struct buf *out, const struct unmatched *u, bool strict)
{
	struct buf class = BUF_INIT, reason = BUF_INIT;
	bool failure = strict && u->reason[0];

	buf_printf(&class, "vtscope.%s.%s", u->engine, u->via);
	unmatched_reason(u, &reason);
	buf_puts(out, "  <testcase");
	attribute(out, "classname", buf_str(&class));
	attribute(out, "name", u->op);
	buf_printf(out, " time=\"0\">\n   <%s", failure ? "failure" : "skipped");
	attribute(out, "message", buf_str(&reason));
	buf_printf(out, "%s/>\n  </testcase>\n", failure ? " type=\"skipped\"" : "");
	buf_free(&class);
	buf_free(&reason);
}

/* Rows that only A has; those of B alone are none that were lost. */
static size_t only_in_a(const struct comparison *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_unmatched; i++)
		n += c->unmatched[i].in_a;
	return n;
}

void comparison_junit(const struct comparison *c, bool strict, struct buf *out)
{
	size_t unknown = comparison_count(c, CHANGE_INCONCLUSIVE) + comparison_skipped(c), lost = only_in_a(c);
	size_t failures = comparison_count(c, CHANGE_REGRESSION) + (strict ? unknown : 0);
	size_t unasked = lost - comparison_skipped(c), errors = c->n ? comparison_count(c, CHANGE_INCOMPARABLE) : 1;

	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n <testsuite name=\"vtscope comparison\"");
	buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"0\">\n  <properties>\n",
		   (c->n ? c->n : 1) + lost, failures, errors, unasked + (strict ? 0 : unknown));
	buf_puts(out, "   <property name=\"a\"");
	attribute(out, "value", c->a_name);
	buf_puts(out, "/>\n   <property name=\"b\"");
	attribute(out, "value", c->b_name);
	buf_puts(out, "/>\n");
	if (c->interrupted[0] || c->interrupted[1])
		buf_printf(out, "   <property name=\"interrupted\" value=\"%s\"/>\n",
			   c->paired || (c->interrupted[0] && c->interrupted[1]) ? "a b" : c->interrupted[0] ? "a" : "b");
	for (size_t i = 0; i < c->n_subject + c->n_hardware; i++) {
		const struct key_difference *d = i < c->n_hardware ? &c->hardware[i] : &c->subject[i - c->n_hardware];
		struct buf value = BUF_INIT;

		buf_printf(&value, "%s -> %s", d->a, d->b);
		buf_puts(out, "   <property");
		attribute(out, "name", d->key);
		attribute(out, "value", buf_str(&value));
		buf_puts(out, "/>\n");
		buf_free(&value);
	}
	buf_puts(out, "  </properties>\n");
	for (size_t i = 0; i < c->n; i++)
		case_put(out, &c->change[i], strict);
	for (size_t i = 0; i < c->n_unmatched; i++)
		if (c->unmatched[i].in_a)
			unmatched_put(out, &c->unmatched[i], strict);
	if (!c->n)
		nothing_put(out);
	buf_puts(out, " </testsuite>\n</testsuites>\n");
}

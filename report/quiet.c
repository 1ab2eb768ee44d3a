/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How quiet the machine was: what the doctor warned of, and what disturbed the launches. */
#include <string.h>

#include "report/doc.h"

#define ENGINES_MAX	16

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void show_doctor(struct doc *d, const json_t *doctor)
{
	static const struct column cols[] = { { "check", TIGHT }, { "what was seen", WORDS }, { "what helps", WORDS } };
	const json_t *findings = json_object_get(doctor, "findings"), *f;
	size_t i, unknown = 0, passed = 0;
	struct buf b = BUF_INIT;
	struct table t;

	table_init(&t, "What vtscope doctor warned of when this was measured", cols, 3);
	json_array_foreach(findings, i, f) {
		unknown += !strcmp(text_of(f, "state"), "unknown");
		passed += !strcmp(text_of(f, "state"), "pass");
		if (strcmp(text_of(f, "state"), "warn"))
			continue;
		table_text(&t, "%s", text_of(f, "id"));
		table_text(&t, "%s", text_of(f, "seen"));
		table_text(&t, "%s", text_of(f, "fix"));
	}
	buf_printf(&b, "vtscope doctor gave this machine %lld of 100: %zu warnings, %zu checks passed, %zu could not be seen "
		       "from there.",
		   (long long)json_integer_value(json_object_get(doctor, "score")), table_rows(&t), passed, unknown);
	d->ops->paragraph(d, buf_str(&b));
	buf_free(&b);
	document_table(d, &t);
}

/* Launches of rows on an engine, and what became of them. */
struct tally { const char *engine; size_t launches, over, repeats; unsigned causes; };

static struct tally *tally_of(struct tally *list, size_t *n, const char *engine)
{
	for (size_t i = 0; i < *n; i++)
		if (!strcmp(list[i].engine, engine))
			return &list[i];
	if (*n == ENGINES_MAX)
		return NULL;
	list[*n] = (struct tally){ .engine = engine };
	return &list[(*n)++];
}

static void show_disturbed(struct doc *d)
{
	static const struct column cols[] = { { "engine", TIGHT }, { "launches of rows", NUMBER }, { "measured again", NUMBER },
					      { "still disturbed", NUMBER }, { "by", WORDS } };
	const struct result_set *r = d->s->set;
	struct tally list[ENGINES_MAX], *to;
	size_t n = 0;
	struct table t;

	for (size_t i = 0; i < r->n_results; i++)
		for (size_t k = 0; k < r->result[i].n_launches; k++) {
			const struct disturb_launch *l = &r->result[i].launch[k].disturb;

			if (!l->watched || !(to = tally_of(list, &n, r->result[i].engine)))
				continue;
			to->launches++;
			to->repeats += l->repeats;
			to->over += l->over != 0;
			to->causes |= l->over | l->repeated_for;
		}
	table_init(&t, "Launches over a threshold of vtscope-method(7), and what was done about them", cols, 5);
	for (size_t i = 0; i < n; i++) {
		struct buf causes = BUF_INIT;

		table_text(&t, "%s", list[i].engine);
		table_count(&t, (double)list[i].launches);
		table_count(&t, (double)list[i].repeats);
		table_count(&t, (double)list[i].over);
		for (unsigned bit = 0; bit < DISTURB_CAUSES; bit++)
			if (list[i].causes & 1u << bit)
				buf_printf(&causes, "%s%s", causes.len ? ", " : "", disturb_cause_name(bit));
		table_text(&t, "%s", causes.len ? buf_str(&causes) : "-");
		buf_free(&causes);
	}
	document_table(d, &t);
}

void document_quiet(struct doc *d)
{
	const struct result_set *r = d->s->set;
	bool watched = false;

	for (size_t i = 0; i < r->n_results && !watched; i++)
		for (size_t k = 0; k < r->result[i].n_launches && !watched; k++)
			watched = r->result[i].launch[k].disturb.watched;
	if (!r->doctor && !watched)
		return;
	d->ops->heading(d, "How quiet the machine was");
	if (r->doctor)
		show_doctor(d, r->doctor);
	if (watched)
		show_disturbed(d);
}

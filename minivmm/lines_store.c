/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lines_store.c - keeps the good lines of a capture until it is over, then plays them boot by boot in the order of their
 * numbers: what another boot, another file or a second copy put between them does not matter any more.
 */
#include "minivmm/lines_private.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

struct kept_line {
	struct lines_at at;
	size_t text, order;	/* where its payload begins; how many came before it */
};

struct kept_boot {
	uint32_t id;
	unsigned source;
	struct kept_line *line;	/* owned */
	size_t n, room;
};

struct lines_store {
	struct buf text;	/* payloads, each with its 0 */
	struct kept_boot boot[LINES_BOOTS_MAX];
	size_t n;
	uint32_t chosen[LINES_BOOTS_MAX];
	size_t n_chosen;	/* 0: all */
	unsigned source;
	bool failed;		/* out of memory */
};

struct lines_store *lines_store_new(void)
{
	return calloc(1, sizeof(struct lines_store));
}

void lines_store_free(struct lines_store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->boot[i].line);
	buf_free(&s->text);
	free(s);
}

void lines_store_source(struct lines_store *s, unsigned source)
{
	s->source = source;
}

void lines_store_choose(struct lines_store *s, uint32_t boot)
{
	if (s->n_chosen < LINES_BOOTS_MAX)
		s->chosen[s->n_chosen++] = boot;
}

bool lines_store_chosen(const struct lines_store *s)
{
	return s->n_chosen > 0;
}

static bool is_chosen(const struct lines_store *s, uint32_t boot)
{
	for (size_t i = 0; i < s->n_chosen; i++)
		if (s->chosen[i] == boot)
			return true;
	return !s->n_chosen;
}

/* NULL: there were too many before it. */
static struct kept_boot *boot_find(struct lines_store *s, uint32_t id)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->boot[i].id == id)
			return &s->boot[i];
	if (s->n == LINES_BOOTS_MAX)
		return NULL;
	s->boot[s->n] = (struct kept_boot){ .id = id, .source = s->source };
	return &s->boot[s->n++];
}

bool lines_store_add(struct lines_store *s, const struct lines_at *at, const char *payload)
{
	struct kept_boot *boot = boot_find(s, at->boot);

	if (!boot)
		return false;
	if (boot->n == boot->room) {
		size_t room = boot->room ? 2 * boot->room : 256;
		struct kept_line *more = reallocarray(boot->line, room, sizeof(*more));

		if (!more) {
			s->failed = true;
			return true;
		}
		boot->line = more;
		boot->room = room;
	}
	boot->line[boot->n] = (struct kept_line){ .at = *at, .text = s->text.len, .order = boot->n };
	boot->n++;
	buf_append(&s->text, payload, strlen(payload) + 1);
	return true;
}

static int by_number(const void *a, const void *b)
{
	const struct kept_line *x = a, *y = b;

	if (x->at.seq != y->at.seq)
		return x->at.seq < y->at.seq ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static bool is_same(const struct lines_store *s, const struct kept_line *a, const struct kept_line *b)
{
	return a->at.section == b->at.section && a->at.type == b->at.type &&
	       !strcmp(s->text.data + a->text, s->text.data + b->text);
}

/* Two different lines of one number: one of them is wrong, and which one nobody can tell. */
static void boot_play(struct lines *d, const struct lines_store *s, struct kept_boot *b)
{
	qsort(b->line, b->n, sizeof(*b->line), by_number);
	for (size_t i = 0, next; i < b->n; i = next) {
		bool differ = false;

		for (next = i + 1; next < b->n && b->line[next].at.seq == b->line[i].at.seq; next++)
			differ |= !is_same(s, &b->line[i], &b->line[next]);
		if (differ) {
			d->account.damaged += next - i;
			continue;
		}
		d->account.repeated += next - i - 1;
		lines_place(d, &b->line[i].at, s->text.data + b->line[i].text);
	}
}

int lines_store_play(struct lines *d, struct lines_store *s)
{
	if (s->failed || buf_error(&s->text))
		return -1;
	for (size_t i = 0; i < s->n; i++) {
		if (!is_chosen(s, s->boot[i].id))
			continue;
		d->source = s->boot[i].source;
		boot_play(d, s, &s->boot[i]);
	}
	return 0;
}

size_t lines_boots(const struct lines *d, uint32_t boot[LINES_BOOTS_MAX])
{
	for (size_t i = 0; i < d->store->n; i++)
		boot[i] = d->store->boot[i].id;
	return d->store->n;
}

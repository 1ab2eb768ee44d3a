/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines and pieces of them, and what every reader of a dump does in the end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cpulist.h"
#include "probe/read_private.h"
#include "probe/snapshot_private.h"

/* How far a file is searched for what tells its format; dumps may have long headings. */
#define FRONT_MAX (64u << 10)

void lines_init(struct lines *l, const char *bytes, size_t len)
{
	*l = (struct lines){ .next = bytes, .end = bytes + len };
	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		l->next += 3;
}

bool lines_next(struct lines *l)
{
	const char *eol;

	if (l->next >= l->end)
		return false;
	eol = memchr(l->next, '\n', l->end - l->next);
	l->at = l->next;
	l->eol = eol ? eol : l->end;
	l->ended = eol;
	l->next = eol ? eol + 1 : l->end;
	while (l->eol > l->at && l->eol[-1] == '\r')
		l->eol--;
	l->number++;
	return true;
}

bool lines_any(const char *bytes, size_t len, bool (*match)(const char *at, const char *end))
{
	struct lines l;

	lines_init(&l, bytes, len);
	while (lines_next(&l) && l.at - bytes < FRONT_MAX) {
		if (l.eol - l.at > READ_LINE_MAX || memchr(l.at, '\0', l.eol - l.at))
			return false;
		if (match(l.at, l.eol))
			return true;
	}
	return false;
}

bool take_text(const char **at, const char *end, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(end - *at) < len || memcmp(*at, text, len) != 0)
		return false;
	*at += len;
	return true;
}

bool take_blanks(const char **at, const char *end)
{
	const char *start = *at;

	while (*at < end && (**at == ' ' || **at == '\t'))
		++*at;
	return *at > start;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool take_hex(const char **at, const char *end, unsigned min, unsigned max, uint64_t *value)
{
	const char *p = *at;
	uint64_t v = 0;

	for (; p < end && hex_digit(*p) >= 0; p++) {
		if ((unsigned)(p - *at) == max)
			return false;
		v = v << 4 | hex_digit(*p);
	}
	if ((unsigned)(p - *at) < min)
		return false;
	*at = p;
	*value = v;
	return true;
}

bool take_hex32(const char **at, const char *end, uint32_t *value)
{
	uint64_t v;

	if (!take_hex(at, end, 8, 8, &v))
		return false;
	*value = v;
	return true;
}

bool take_number(const char **at, const char *end, uint32_t max, uint32_t *value)
{
	const char *p = *at;
	uint64_t v = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		v = 10 * v + (*p - '0');
		if (v > max)
			return false;
	}
	if (p == *at)
		return false;
	*at = p;
	*value = v;
	return true;
}

static const char *room_for(const struct snapshot *s, unsigned cpu)
{
	if (cpu >= CPULIST_MAX)
		return "a CPU with a number that no machine has";
	return s->n < READ_RECORDS_MAX ? NULL : "more CPUs and registers than any machine has";
}

const char *read_add_cpuid(struct snapshot *s, unsigned cpu, uint32_t leaf, uint32_t sub,
			   const uint32_t regs[4])
{
	const char *wrong = room_for(s, cpu);

	if (!wrong && snapshot_add_cpuid(s, cpu, leaf, sub, regs))
		wrong = READ_NO_MEMORY;
	return wrong;
}

const char *read_add_msr(struct snapshot *s, unsigned cpu, uint32_t msr, int err, uint64_t value)
{
	const char *wrong = room_for(s, cpu);

	if (!wrong && snapshot_add_msr(s, cpu, msr, err, value))
		wrong = READ_NO_MEMORY;
	return wrong;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Dumps repeat leaves and counters; lookups, and the file form, know one record of a thing. */
static int drop_repeated(struct snapshot *s)
{
	uint32_t *gone;
	size_t n_gone = 0, to = 0, next = 0;

	if (snapshot_index(s))
		return -ENOMEM;
	gone = calloc(s->n ? s->n : 1, sizeof(*gone));
	if (!gone)
		return -ENOMEM;
	/* Of the same things the index has the first added first. */
	for (size_t i = 1; i < s->n; i++)
		if (snapshot_same_key(&s->rec[s->order[i - 1]], &s->rec[s->order[i]]))
			gone[n_gone++] = s->order[i];
	qsort(gone, n_gone, sizeof(*gone), compare_u32);
	for (size_t i = 0; i < s->n && n_gone; i++) {
		if (next < n_gone && gone[next] == i) {
			free(s->rec[i].name);
			free(s->rec[i].data);
			next++;
		} else {
			s->rec[to++] = s->rec[i];
		}
	}
	free(gone);
	if (!n_gone)
		return 0;
	s->n = to;
	s->n_sorted = 0;
	return snapshot_index(s);
}

int read_finish(struct snapshot *s, enum snap_source source, const char *name, size_t where,
		const char *wrong, struct err *e)
{
	int code = EINVAL;

	if (!wrong && drop_repeated(s))
		wrong = READ_NO_MEMORY;
	if (!wrong) {
		s->source = source;
		s->source_name = strdup(name);
		if (s->source_name)
			return 0;
		wrong = READ_NO_MEMORY;
	}
	snapshot_free(s);
	if (strcmp(wrong, READ_NO_MEMORY) == 0)
		code = ENOMEM;
	if (where)
		return err_set(e, code, "%s:%zu: %s", name, where, wrong);
	return err_set(e, code, "%s: %s", name, wrong);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines.c - finds the protocol's lines among any bytes: form, checksum, boot, order. */
#include "minivmm/lines_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK		"VT1 "
#define MARK_CHARS	4u
#define HEX_CHARS	8u
#define SEQ_LEAP	1000000000ull	/* so many lines nobody loses: that number is none */
#define TEXT_GOES_ON	'\\'	/* at the end of a text whose rest is in the next line */

uint32_t lines_crc(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint32_t crc = ~0u;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* ---- fields ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool lines_number(const char **p, uint64_t max, uint64_t *out)
{
	bool hex = (*p)[0] == '0' && (*p)[1] == 'x';
	const unsigned base = hex ? 16 : 10;
	const char *s = *p + (hex ? 2 : 0), *first = s;
	uint64_t v = 0;

	for (int digit = hex_digit(*s); digit >= 0 && digit < (int)base; digit = hex_digit(*++s)) {
		if ((unsigned)digit > max || v > (max - (unsigned)digit) / base)
			return false;
		v = v * base + (unsigned)digit;
	}
	*p = s;
	*out = v;
	return s != first;
}

bool lines_blank(const char **p)
{
	if (**p != ' ')
		return false;
	(*p)++;
	return true;
}

/* The 8 hex digits at (p), which need not end there. */
static bool hex32(const char *p, uint32_t *out)
{
	*out = 0;
	for (unsigned i = 0; i < HEX_CHARS; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return false;
		*out = *out << 4 | (unsigned)digit;
	}
	return true;
}

/* A word up to a blank or the end; what does not fit makes it none. */
static bool word(const char **p, char *out, size_t bytes)
{
	size_t n = strcspn(*p, " ");

	if (!n || n >= bytes)
		return false;
	memcpy(out, *p, n);
	out[n] = 0;
	*p += n;
	return true;
}

/* ---- texts ---- */

static void text_flush(struct lines *d)
{
	const struct lines_text t = d->text;

	d->text.type = 0;
	if (t.type == 'H' && d->to->hello)
		d->to->hello(d->to->ctx, t.head, t.text);
	if (t.type == 'R' && d->to->fact)
		d->to->fact(d->to->ctx, t.head, t.text);
	if (t.type == 'X' && d->to->refusal)
		d->to->refusal(d->to->ctx, t.head, t.text);
	if (t.type == 'L')
		lines_row_say(d, t.text);
}

static bool text_goes_on(const struct lines_text *t, char type, const char *head)
{
	return t->type == type && t->goes_on && !strcmp(t->head, head);
}

void lines_text_add(struct lines *d, char type, const char *head, const char *text)
{
	size_t n = strlen(text), used;

	if (!text_goes_on(&d->text, type, head)) {
		text_flush(d);
		d->text.type = type;
		snprintf(d->text.head, sizeof(d->text.head), "%s", head);
		d->text.text[0] = 0;
	}
	d->text.goes_on = n && text[n - 1] == TEXT_GOES_ON;
	n -= d->text.goes_on;
	used = strlen(d->text.text);
	snprintf(d->text.text + used, sizeof(d->text.text) - used, "%.*s", (int)n, text);
}

/* ---- lines that are of no row ---- */

static void section_begin(struct lines *d)
{
	lines_row_drop(d, "its launch ends in it");
	if (d->open)
		d->account.sections_cut++;
	d->account.sections++;
	d->fresh = d->open = true;
	d->rows = 0;
	d->ended = GUEST_ROWS_MAX;
	memset(d->seen, 0, sizeof(d->seen));
	if (d->to->section)
		d->to->section(d->to->ctx, d->boot[d->at].id);
}

/* KEY VALUE. The engine is a section's first. */
static bool take_hello(struct lines *d, const char *p)
{
	char key[NAME_BYTES];

	if (!word(&p, key, sizeof(key)) || (*p && !lines_blank(&p)))
		return false;
	if (strcmp(key, "engine") == 0 && !d->fresh)
		section_begin(d);
	lines_text_add(d, 'H', key, p);
	return true;
}

/* STEP 0|1 NAME: EXPECTED | OBSERVED */
static bool take_step(struct lines *d, const char *p)
{
	struct engine_step s = { .number = 0 };
	const char *bar, *colon;
	uint64_t number, passed;

	if (!lines_number(&p, UINT32_MAX, &number) || !lines_blank(&p) || !lines_number(&p, 1, &passed) ||
	    !lines_blank(&p))
		return false;
	bar = strstr(p, " | ");
	colon = strstr(p, ": ");
	if (!bar || !colon || colon > bar)
		return false;
	s.number = (unsigned)number;
	s.passed = passed;
	snprintf(s.name, sizeof(s.name), "%.*s", (int)(colon - p), p);
	snprintf(s.expected, sizeof(s.expected), "%.*s", (int)(bar - colon - 2), colon + 2);
	snprintf(s.observed, sizeof(s.observed), "%s", bar + 3);
	if (d->to->step)
		d->to->step(d->to->ctx, &s);
	return true;
}

/* NAME: VALUE */
static bool take_fact(struct lines *d, const char *p)
{
	const char *colon = strstr(p, ": ");
	char name[NAME_BYTES];

	if (!colon || colon == p || (size_t)(colon - p) >= sizeof(name))
		return false;
	memcpy(name, p, (size_t)(colon - p));
	name[colon - p] = 0;
	lines_text_add(d, 'R', name, colon + 2);
	return true;
}

/* STATUS TEXT */
static bool take_refusal(struct lines *d, const char *p)
{
	char status[NAME_BYTES];

	if (!word(&p, status, sizeof(status)) || !lines_blank(&p))
		return false;
	lines_text_add(d, 'X', status, p);
	return true;
}

/* ROWS STATUS. Rows of which no line came are known by their number only. */
static bool take_end(struct lines *d, const char *p)
{
	bool minus;
	uint64_t rows, status;

	if (!lines_number(&p, GUEST_ROWS_MAX, &rows) || !lines_blank(&p))
		return false;
	minus = *p == '-';
	p += minus;
	if (!lines_number(&p, 255, &status) || *p)
		return false;
	lines_row_drop(d, "its end did not come");
	if (rows > d->rows)
		d->account.rows_lost += rows - d->rows;
	d->open = false;
	if (d->to->end)
		d->to->end(d->to->ctx, rows, minus ? -(int)status : (int)status);
	return true;
}

static bool payload_take(struct lines *d, char type, const char *p)
{
	if (!d->open)
		section_begin(d);	/* behind the last line of one: its first was lost, or is this */
	if (!strchr("HRXL", type))
		text_flush(d);
	switch (type) {
	case 'H':
		return take_hello(d, p);
	case 'T':
		return take_step(d, p);
	case 'R':
		return take_fact(d, p);
	case 'X':
		return take_refusal(d, p);
	case 'Z':
		return take_end(d, p);
	case 'Q':
		return lines_short_take(d, p);
	default:
		return lines_row_take(d, type, p);
	}
}

/* ---- boots and their order ---- */

static void boot_leave(struct lines *d)
{
	text_flush(d);
	lines_row_drop(d, "its boot ends in it");
	if (d->at < d->boots && d->open)
		d->account.sections_cut++;
	d->open = false;
}

/* Is (id) the boot that lines come from now? A boot that another one followed does not come back. */
static bool boot_enter(struct lines *d, uint32_t id)
{
	size_t i;

	if (d->at < d->boots && d->boot[d->at].id == id)
		return true;
	for (i = 0; i < d->boots && d->boot[i].id != id; i++)
		;
	if (i < d->boots || i == LINES_BOOTS_MAX)
		return false;
	boot_leave(d);
	d->boot[i] = (struct lines_boot){ .id = id };
	d->at = i;
	d->boots = i + 1;
	d->account.boots++;
	return true;
}

/* Has it come before? */
static bool is_repeated(const struct lines *d, uint32_t id, uint64_t seq)
{
	for (size_t i = 0; i < d->boots; i++)
		if (d->boot[i].id == id)
			return seq < d->boot[i].next;
	return false;
}

static void line_place(struct lines *d, uint32_t id, uint64_t seq, char type, const char *payload)
{
	struct lines_boot *boot;

	if (is_repeated(d, id, seq)) {
		d->account.repeated++;
		return;
	}
	if (seq > SEQ_LEAP || !boot_enter(d, id) || seq - d->boot[d->at].next > SEQ_LEAP) {
		d->account.damaged++;
		return;
	}
	boot = &d->boot[d->at];
	if (seq > boot->next) {
		text_flush(d);
		d->account.lost += seq - boot->next;
		lines_row_tear(d, "lines of it were lost");
	}
	boot->next = seq + 1;
	if (payload_take(d, type, payload)) {
		d->account.lines++;
		d->fresh = false;
		return;
	}
	d->account.damaged++;
	lines_row_tear(d, "a line of it makes no sense");
}

/* ---- one line ---- */

/* (s) begins with MARK and ends with its line. True: it is whole; what became of it is in the account. */
static bool line_parse(struct lines *d, char *s, size_t n)
{
	uint32_t id, crc;
	const char *p = s + MARK_CHARS + HEX_CHARS, *payload;
	uint64_t seq;
	const char *end = s + n - HEX_CHARS - 1;	/* the blank in front of the checksum */
	char type;

	if (n < MARK_CHARS + HEX_CHARS + 6 + HEX_CHARS || !hex32(s + n - HEX_CHARS, &crc) ||
	    *end != ' ' || lines_crc(s, n - HEX_CHARS - 1) != crc ||
	    !hex32(s + MARK_CHARS, &id) || !lines_blank(&p) || !lines_number(&p, LINES_VALUE_MAX, &seq) ||
	    !lines_blank(&p))
		return false;
	type = *p++;
	payload = p + 1;
	if (type < 'A' || type > 'Z' || *p != ' ' || payload > end || end - payload > LINES_PAYLOAD_MAX)
		return false;
	for (; p < end; p++)
		if (*p < ' ' || *p > '~')
			return false;
	s[n - HEX_CHARS - 1] = 0;
	line_place(d, id, seq, type, payload);
	return true;
}

/* Other people's text may stand in front of a line, so each MARK is tried; the checksum decides. */
static void line_take(struct lines *d)
{
	const char *at;
	char *mark;

	while (d->n && (d->line[d->n - 1] == '\r' || d->line[d->n - 1] == ' '))
		d->n--;
	d->line[d->n] = 0;
	if (!d->n)
		return;
	for (at = d->line; (mark = memmem(at, d->n - (size_t)(at - d->line), MARK, MARK_CHARS)); at = mark + 1)
		if (line_parse(d, mark, d->n - (size_t)(mark - d->line)))
			return;
	if (at != d->line) {
		d->account.damaged++;
		return;
	}
	d->account.foreign++;
	if (d->to->foreign)
		d->to->foreign(d->to->ctx, d->line, d->n);
}

/* ---- */

struct lines *lines_new(const struct lines_to *to)
{
	struct lines *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->to = to;
	d->ended = GUEST_ROWS_MAX;
	return d;
}

void lines_feed(struct lines *d, const void *bytes, size_t n)
{
	const char *p = bytes;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n') {
			line_take(d);
			d->n = 0;
			continue;
		}
		if (d->n == LINE_BYTES) {	/* a line of ours would be in its end */
			memmove(d->line, d->line + LINE_BYTES / 2, LINE_BYTES / 2);
			d->n = LINE_BYTES / 2;
		}
		d->line[d->n++] = p[i];
	}
}

void lines_end(struct lines *d)
{
	line_take(d);
	d->n = 0;
	boot_leave(d);
}

const struct lines_account *lines_account(const struct lines *d)
{
	return &d->account;
}

void lines_free(struct lines *d)
{
	free(d);
}

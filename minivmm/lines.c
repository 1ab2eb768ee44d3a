/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines.c - finds the protocol's lines among any bytes: form, checksum, boot, order. */
#include "minivmm/lines_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK		"VT1 "
#define MARK_CHARS	4u
#define HEX_CHARS	8u
#define LINE_LEAST	(MARK_CHARS + HEX_CHARS + 8 + HEX_CHARS)	/* ".0 0 H  " between them */
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

/* The section at work, if it has not ended: it will not. */
static void section_leave(struct lines *d, const char *why)
{
	text_flush(d);
	lines_row_drop(d, why);
	d->account.sections_cut += d->open;
	d->open = false;
}

/* Sections up to (count), of which not one line came. */
static void sections_skip(struct lines *d, unsigned count)
{
	d->account.sections += count - d->sections;
	d->account.sections_cut += count - d->sections;
	d->sections = count;
}

static void section_begin(struct lines *d, unsigned number)
{
	const struct lines_section s = { .boot = d->boot, .number = number, .source = d->source };

	section_leave(d, "its launch ends in it");
	sections_skip(d, number);
	d->sections++;
	d->account.sections++;
	d->section = number;
	d->open = true;
	d->rows = 0;
	d->ended_row = GUEST_ROWS_MAX;
	memset(d->seen, 0, sizeof(d->seen));
	memset(d->shorts, 0, sizeof(d->shorts));
	if (d->to->section)
		d->to->section(d->to->ctx, &s);
}

/* A line of section (number) of the boot at work. False: there can be none any more. */
static bool section_enter(struct lines *d, unsigned number, char type)
{
	if (d->ended)
		return false;
	if (number >= d->sections) {
		section_begin(d, number);
		return true;
	}
	return number == d->section && (d->open || type == 'A');
}

/* KEY VALUE */
static bool take_hello(struct lines *d, const char *p)
{
	char key[NAME_BYTES];

	if (!word(&p, key, sizeof(key)) || (*p && !lines_blank(&p)))
		return false;
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
	if (!bar || !colon || colon > bar || colon == p)
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

/* SECTIONS MORE */
static bool take_boot_end(struct lines *d, const char *p)
{
	uint64_t sections, more;

	if (!lines_number(&p, LINES_SECTIONS_MAX, &sections) || !lines_blank(&p) || !lines_number(&p, 1, &more) || *p ||
	    sections != d->section + 1ull)
		return false;
	section_leave(d, "its launch ends in it");
	d->ended = true;
	d->more = more;
	return true;
}

static bool payload_take(struct lines *d, char type, const char *p)
{
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
	case 'A':
		return take_boot_end(d, p);
	case 'Q':
		return lines_short_take(d, p);
	default:
		return lines_row_take(d, type, p);
	}
}

/* ---- boots and their order ---- */

static void boot_leave(struct lines *d)
{
	section_leave(d, "its boot ends in it");
	d->account.boots_cut += d->any && !d->ended;
}

static void boot_enter(struct lines *d, uint32_t id)
{
	if (d->any && d->boot == id)
		return;
	boot_leave(d);
	d->any = true;
	d->boot = id;
	d->next = 0;
	d->section = d->sections = 0;
	d->ended = d->more = false;
	d->account.boots++;
}

void lines_place(struct lines *d, const struct lines_at *at, const char *payload)
{
	const bool known = d->any && d->boot == at->boot;

	if (known && at->seq < d->next) {
		d->account.repeated++;
		return;
	}
	if (at->section >= LINES_SECTIONS_MAX || at->seq - (known ? d->next : 0) > SEQ_LEAP) {
		d->account.damaged++;
		return;
	}
	boot_enter(d, at->boot);
	if (at->seq > d->next) {
		text_flush(d);
		d->account.lost += at->seq - d->next;
		lines_row_tear(d, "lines of it were lost");
	}
	d->next = at->seq + 1;
	if (section_enter(d, at->section, at->type) && payload_take(d, at->type, payload)) {
		d->account.lines++;
		return;
	}
	d->account.damaged++;
	lines_row_tear(d, "a line of it makes no sense");
}

/* It is whole: it counts now, or in its turn. */
static void line_keep(struct lines *d, const struct lines_at *at, const char *payload)
{
	if (!d->store)
		lines_place(d, at, payload);
	else if (!lines_store_add(d->store, at, payload))
		d->account.beyond++;
}

/* ---- one line ---- */

/* BOOT.SECTION SEQ TYPE, at (*p); what is behind stays. */
static bool place_read(const char **p, struct lines_at *at)
{
	uint64_t section;

	if (!hex32(*p, &at->boot))
		return false;
	*p += HEX_CHARS;
	if (*(*p)++ != '.' || !lines_number(p, UINT32_MAX, &section) || !lines_blank(p) ||
	    !lines_number(p, LINES_VALUE_MAX, &at->seq) || !lines_blank(p))
		return false;
	at->section = (unsigned)section;
	at->type = *(*p)++;
	return at->type >= 'A' && at->type <= 'Z' && lines_blank(p);
}

/* (s) begins with MARK and ends with its line. True: it is whole; what became of it is in the account. */
static bool line_parse(struct lines *d, char *s, size_t n)
{
	uint32_t crc;
	const char *payload = s + MARK_CHARS;
	const char *end = s + n - HEX_CHARS - 1;	/* the blank in front of the checksum */
	struct lines_at at;

	if (n < LINE_LEAST || !hex32(s + n - HEX_CHARS, &crc) || *end != ' ' ||
	    lines_crc(s, n - HEX_CHARS - 1) != crc || !place_read(&payload, &at) || payload > end ||
	    end - payload > LINES_PAYLOAD_MAX)
		return false;
	for (const char *p = payload; p < end; p++)
		if (*p < ' ' || *p > '~')
			return false;
	s[n - HEX_CHARS - 1] = 0;
	line_keep(d, &at, payload);
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
	d->ended_row = GUEST_ROWS_MAX;
	return d;
}

struct lines *lines_new_sorted(const struct lines_to *to)
{
	struct lines *d = lines_new(to);

	if (!d)
		return NULL;
	d->store = lines_store_new();
	if (d->store)
		return d;
	lines_free(d);
	return NULL;
}

void lines_source(struct lines *d, unsigned source)
{
	lines_store_source(d->store, source);
}

void lines_choose(struct lines *d, uint32_t boot)
{
	lines_store_choose(d->store, boot);
}

void lines_feed(struct lines *d, const void *bytes, size_t n)
{
	const char *p = bytes;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n' || p[i] == '\r') {
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

int lines_end(struct lines *d)
{
	int rc = 0;

	line_take(d);
	d->n = 0;
	if (d->store)
		rc = lines_store_play(d, d->store);
	boot_leave(d);
	if (!d->store || !lines_store_chosen(d->store))
		d->account.boots_cut += d->ended && d->more;
	d->any = false;
	return rc < 0 ? -ENOMEM : 0;
}

const struct lines_account *lines_account(const struct lines *d)
{
	return &d->account;
}

void lines_free(struct lines *d)
{
	if (d)
		lines_store_free(d->store);
	free(d);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/escape.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT 0xfffd

static int is_tail(const char *s)
{
	return ((unsigned char)*s & 0xc0) == 0x80;
}

/*
 * The next code point of (*s), which must not be at its end. Invalid input is one byte of
 * REPLACEMENT.
 */
static uint32_t decode(const char **s)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	unsigned char c = (unsigned char)**s;
	unsigned tails = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	uint32_t v;

	(*s)++;
	if (c < 0x80)
		return c;
	if (c < 0xc2 || c > 0xf4)
		return REPLACEMENT;
	v = c & (0x3fu >> tails);
	for (unsigned i = 0; i < tails; i++) {
		if (!is_tail(*s + i))
			return REPLACEMENT;
		v = v << 6 | ((unsigned char)(*s)[i] & 0x3f);
	}
	if (v < least[tails] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return REPLACEMENT;
	*s += tails;
	return v;
}

/* A code point that can be shown: one that acts on a terminal or reorders a line cannot. */
static uint32_t next(const char **s)
{
	uint32_t v = decode(s);

	if (v == '\n' || v == '\r' || v == '\t')
		return ' ';
	if (v < 0x20 || (v >= 0x7f && v < 0xa0) || v == 0x061c || (v >= 0x200e && v <= 0x200f) ||
	    (v >= 0x2028 && v <= 0x202e) || (v >= 0x2066 && v <= 0x2069) || v == 0xfeff ||
	    (v & 0xfffe) == 0xfffe)
		return REPLACEMENT;
	return v;
}

static void put(struct buf *out, uint32_t v)
{
	char b[4];
	size_t n = 0;

	if (v < 0x80) {
		b[n++] = (char)v;
	} else if (v < 0x800) {
		b[n++] = (char)(0xc0 | v >> 6);
	} else if (v < 0x10000) {
		b[n++] = (char)(0xe0 | v >> 12);
		b[n++] = (char)(0x80 | (v >> 6 & 0x3f));
	} else {
		b[n++] = (char)(0xf0 | v >> 18);
		b[n++] = (char)(0x80 | (v >> 12 & 0x3f));
		b[n++] = (char)(0x80 | (v >> 6 & 0x3f));
	}
	if (v >= 0x80)
		b[n++] = (char)(0x80 | (v & 0x3f));
	buf_append(out, b, n);
}

void escape_plain(struct buf *out, const char *s)
{
	while (*s)
		put(out, next(&s));
}

void escape_line(struct buf *out, size_t from)
{
	struct buf raw = BUF_INIT;

	buf_puts(&raw, buf_str(out) + from);
	if (out->len > from)
		out->data[out->len = from] = 0;
	escape_plain(out, buf_str(&raw));
	buf_puts(out, "\n");
	if (buf_error(&raw))
		out->error = buf_error(&raw);
	buf_free(&raw);
}

json_t *escape_json(const char *s)
{
	struct buf plain = BUF_INIT;
	json_t *j;

	escape_plain(&plain, s);
	j = buf_error(&plain) ? NULL : json_string(buf_str(&plain));
	buf_free(&plain);
	return j;
}

void escape_html(struct buf *out, const char *s)
{
	while (*s) {
		uint32_t v = next(&s);

		switch (v) {
		case '&': buf_puts(out, "&amp;"); break;
		case '<': buf_puts(out, "&lt;"); break;
		case '>': buf_puts(out, "&gt;"); break;
		case '"': buf_puts(out, "&quot;"); break;
		case '\'': buf_puts(out, "&#39;"); break;
		default: put(out, v);
		}
	}
}

/* Would (s), written behind (out), complete an address that a Markdown reader turns into a link? */
static int completes_www(const struct buf *out)
{
	const char *t = buf_str(out);

	return out->len >= 3 && (t[out->len - 1] | 32) == 'w' && (t[out->len - 2] | 32) == 'w' &&
	       (t[out->len - 3] | 32) == 'w';
}

void escape_markdown(struct buf *out, const char *s)
{
	const char *start = s;

	while (*s) {
		uint32_t v = next(&s);

		if (v == '&')
			buf_puts(out, "&amp;");
		else if (v == '<')
			buf_puts(out, "&lt;");
		else if (v == '>')
			buf_puts(out, "&gt;");
		else if (v == '@') /* an empty comment keeps it from being a user's name */
			buf_puts(out, "@<!-- -->");
		else if (v == ':' && s[0] == '/' && s[1] == '/')
			buf_puts(out, "\\:");
		else if (v == '.' && completes_www(out))
			buf_puts(out, "\\.");
		else if (v == '_' && s - start > 1 && isalnum((unsigned char)s[-2]) &&
			 isalnum((unsigned char)*s))
			put(out, v);	/* inside of a word it marks nothing up: kvm_pvm */
		else if (v < 0x80 && strchr("\\`*_{}[]#|~!$", (int)v))
			buf_printf(out, "\\%c", (char)v);
		else
			put(out, v);
	}
}

/*
 * In single quotes gnuplot takes everything as it is. A quote inside would be written as two,
 * but gnuplot 5.4 reads three at the front as an empty string and then commands: quotes, and
 * backticks, become typographic ones.
 */
void escape_gnuplot(struct buf *out, const char *s)
{
	buf_puts(out, "'");
	while (*s) {
		uint32_t v = next(&s);

		put(out, v == '\'' ? 0x2019 : v == '`' ? 0x2018 : v);
	}
	buf_puts(out, "'");
}

/* In JSON these three stand only inside strings, where \uXXXX says the same. */
void escape_json_script(struct buf *out, const char *json, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		if (json[i] != '<' && json[i] != '>' && json[i] != '&')
			continue;
		buf_append(out, json + from, i - from);
		buf_printf(out, "\\u%04x", (unsigned)json[i]);
		from = i + 1;
	}
	buf_append(out, json + from, len - from);
}

void escape_ascii(struct buf *out, const char *s)
{
	static const struct {
		uint32_t v;
		const char *ascii;
	} near[] = {
		{ 0x2013, "-" },   { 0x2014, "-" },  { 0xd7, "x" },    { 0xb7, "-" },
		{ 0x2026, "..." }, { 0xb1, "+-" },   { 0x2018, "'" },  { 0x2019, "'" },
		{ 0x201c, "\"" },  { 0x201d, "\"" }, { 0x2265, ">=" }, { 0x2713, "+" },
		{ 0x2717, "x" },   { 0x25cf, "*" },
	};

	while (*s) {
		uint32_t v = *s == '\n' ? (s++, (uint32_t)'\n') : next(&s);
		const char *text = "?";

		if (v < 0x80) {
			put(out, v);
			continue;
		}
		for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++)
			if (near[i].v == v)
				text = near[i].ascii;
		buf_puts(out, text);
	}
}

size_t text_width(const char *s)
{
	size_t n = 0;

	for (; *s; n++)
		next(&s);
	return n;
}

void text_clip(struct buf *out, const char *s, size_t max)
{
	size_t room = text_width(s) > max ? max - 1 : max;

	if (max == 0)
		return;
	for (size_t i = 0; *s && i < room; i++)
		put(out, next(&s));
	if (*s)
		buf_puts(out, "…");
}

void base64_append(struct buf *out, const void *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *d = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)d[i] << 16 | (n > 1 ? (uint32_t)d[i + 1] << 8 : 0) |
			     (n > 2 ? d[i + 2] : 0);
		char q[4] = { digits[v >> 18], digits[v >> 12 & 63],
			      n > 1 ? digits[v >> 6 & 63] : '=', n > 2 ? digits[v & 63] : '=' };

		buf_append(out, q, 4);
	}
}

void number_append(struct buf *out, double v)
{
	double a = fabs(v);
	char digits[32];
	int n, lead;

	if (!isfinite(v)) {
		buf_puts(out, "–");
		return;
	}
	if (a >= 1e15 || (a < 0.005 && a > 0)) {
		buf_printf(out, "%.2e", v);
		return;
	}
	if (v >= 1e7) {
		number_short(out, v);
		return;
	}
	if (a < 99.95) {
		buf_printf(out, a < 9.995 ? "%.2f" : "%.1f", v);
		return;
	}
	n = snprintf(digits, sizeof(digits), "%.0f", a);
	if (v < 0)
		buf_puts(out, "-");
	lead = n % 3 ? n % 3 : 3;
	buf_append(out, digits, (size_t)lead);
	for (int i = lead; i < n; i += 3)
		buf_printf(out, ",%.3s", digits + i);
}

void number_short(struct buf *out, double v)
{
	static const struct {
		double unit;
		const char *name;
	} units[] = { { 1e9, " G" }, { 1e6, " M" }, { 1e3, " k" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && v < 9.9e14; i++) {
		if (v >= units[i].unit * 0.999) {
			buf_printf(out, "%.4g%s", v / units[i].unit, units[i].name);
			return;
		}
	}
	buf_printf(out, "%.4g", v);
}

void ratio_append(struct buf *out, double ratio)
{
	if (!isfinite(ratio))
		return;
	if (ratio >= 0.0995)
		buf_printf(out, "×%.*f", (ratio < 9.95) + (ratio < 0.995), ratio);
	else
		buf_printf(out, ratio >= 1e-5 ? "×%.2g" : "×%.1e", ratio);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.c - strings without a library. */
#include "minivmm/monitor/boot/boot.h"

struct text text_in(char *buffer, size_t size)
{
	buffer[0] = 0;
	return (struct text){ .at = buffer, .size = size };
}

void text_put_n(struct text *t, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (t->used + 1 >= t->size) {
			t->cut = true;
			break;
		}
		t->at[t->used++] = s[i] >= ' ' && s[i] <= '~' ? s[i] : '?';
	}
	t->at[t->used] = 0;
}

void text_put(struct text *t, const char *s)
{
	text_put_n(t, s, text_length(s));
}

void text_number(struct text *t, uint64_t value)
{
	char digits[20];
	unsigned n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	text_put_n(t, digits + n, sizeof(digits) - n);
}

void text_hex_bare(struct text *t, uint64_t value, unsigned digits)
{
	char out[16];
	unsigned n = sizeof(out);

	do {
		out[--n] = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (n && (value || sizeof(out) - n < digits));
	text_put_n(t, out + n, sizeof(out) - n);
}

void text_hex(struct text *t, uint64_t value, unsigned digits)
{
	text_put(t, "0x");
	text_hex_bare(t, value, digits);
}

size_t text_length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

bool word_is(const char *s, size_t n, const char *word)
{
	size_t i = 0;

	while (i < n && word[i] && s[i] == word[i])
		i++;
	return i == n && !word[i];
}

bool text_equal(const char *a, const char *b)
{
	return word_is(a, text_length(a), b);
}

/* A set, [abc] or [a-z] or [!x], of which (n) bytes are left: its length, 0: it does not end, or (c) is not in it. */
static size_t set_matches(const char *set, size_t n, char c)
{
	bool wanted = true, found = false;
	size_t i = 1;

	if (i < n && (set[i] == '!' || set[i] == '^')) {
		wanted = false;
		i++;
	}
	for (size_t first = i; i < n && (set[i] != ']' || i == first); i++) {
		if (i + 2 < n && set[i + 1] == '-' && set[i + 2] != ']') {
			found |= set[i] <= c && c <= set[i + 2];
			i += 2;
		} else {
			found |= set[i] == c;
		}
	}
	return i < n && found == wanted ? i + 1 : 0;
}

/* How much of the glob (c) takes, 0: it does not match. */
static size_t char_matches(const char *glob, size_t n, char c)
{
	if (!n || *glob == '*')
		return 0;
	if (*glob == '[')
		return set_matches(glob, n, c);
	return *glob == '?' || *glob == c;
}

bool glob_matches(const char *glob, size_t n, const char *name)
{
	size_t g = 0, star = n, taken;
	const char *from = name;

	while (*name) {
		taken = char_matches(glob + g, n - g, *name);
		if (taken) {
			g += taken;
			name++;
		} else if (g < n && glob[g] == '*') {
			star = g++;
			from = name;
		} else if (star < n) {
			g = star + 1;
			name = ++from;
		} else {
			return false;
		}
	}
	while (g < n && glob[g] == '*')
		g++;
	return g == n;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

bool number_parse(const char *s, size_t n, uint64_t *value)
{
	unsigned base = 10;
	uint64_t v = 0;

	if (n > 2 && s[0] == '0' && s[1] == 'x') {
		base = 16;
		s += 2;
		n -= 2;
	}
	if (!n)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned d = (unsigned)digit_value(s[i]);

		if (d >= base || __builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v))
			return false;
	}
	*value = v;
	return true;
}

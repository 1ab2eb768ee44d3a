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

bool glob_matches(const char *glob, size_t n, const char *name)
{
	size_t g = 0, star = n;
	const char *from = name;

	while (*name) {
		if (g < n && glob[g] == '*') {
			star = g++;
			from = name;
		} else if (g < n && (glob[g] == '?' || glob[g] == *name)) {
			g++;
			name++;
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/parse.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 63		/* longer words are no misspelt names */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of (c) as a digit, or 36. Not isalnum(3): that asks the locale. */
static unsigned digit_value(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A') + 10;
	return 36;
}

int parse_u64(const char *s, int base, uint64_t *out)
{
	uint64_t v = 0;
	bool over = false;

	if (base != 0 && (base < 2 || base > 36))
		return -EINVAL;
	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	} else if (base == 0) {
		base = s[0] == '0' ? 8 : 10;
	}
	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		unsigned d = digit_value(*s);

		if (d >= (unsigned)base)
			return -EINVAL;
		over |= __builtin_mul_overflow(v, (uint64_t)base, &v);
		over |= __builtin_add_overflow(v, (uint64_t)d, &v);
	}
	if (over)
		return -ERANGE;
	*out = v;
	return 0;
}

int parse_double(const char *s, double lo, double hi, double *out)
{
	const char *number = *s == '-' ? s + 1 : s;
	locale_t c;
	char *end;
	double v;

	/* Keeps out what strtod() takes beyond a decimal number: space, hex, inf, nan, a plus. */
	if (!is_digit(number[0]) && !(number[0] == '.' && is_digit(number[1])))
		return -EINVAL;
	if (strspn(number, "0123456789.eE+-") != strlen(number))
		return -EINVAL;
	c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
	if (!c)
		return -ENOMEM;
	v = strtod_l(s, &end, c);
	freelocale(c);
	if (*end)
		return -EINVAL;
	if (!isfinite(v) || !(v >= lo && v <= hi))
		return -ERANGE;
	*out = v;
	return 0;
}

static unsigned suffix_shift(char c)
{
	switch (c) {
	case 'K': case 'k': return 10;
	case 'M': case 'm': return 20;
	case 'G': case 'g': return 30;
	default: return 0;
	}
}

int parse_size(const char *s, uint64_t *out)
{
	size_t n = strlen(s);
	unsigned shift = n ? suffix_shift(s[n - 1]) : 0;
	char digits[32];
	uint64_t v;
	int ret;

	if (shift)
		n--;
	if (n == 0)
		return -EINVAL;
	if (strspn(s, "0123456789") < n)
		return -EINVAL;
	if (n >= sizeof(digits))
		return -ERANGE;
	memcpy(digits, s, n);
	digits[n] = 0;
	ret = parse_u64(digits, 10, &v);
	if (ret < 0)
		return ret;
	if (v > UINT64_MAX >> shift)
		return -ERANGE;
	*out = v << shift;
	return 0;
}

/* Insertions, deletions, substitutions and swaps of neighbours; both at most NAME_MAX_LEN long. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned rows[3][NAME_MAX_LEN + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];
	size_t la = strlen(a), lb = strlen(b);

	memset(rows, 0, sizeof(rows));
	for (size_t j = 0; j <= lb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *spare = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned d = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < d)
				d = last[j] + 1;
			if (row[j - 1] + 1 < d)
				d = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < d)
				d = before[j - 2] + 1;
			row[j] = d;
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[lb];
}

const char *nearest_name(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	unsigned best_distance = 0;
	size_t len = strlen(word);

	if (len == 0 || len > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t longer = strlen(names[i]);
		unsigned d;

		if (longer > NAME_MAX_LEN)
			continue;
		if (longer < len)
			longer = len;
		d = edit_distance(word, names[i]);
		/* A third of the letters wrong is a slip, more is another word. */
		if (d > 1 + longer / 4 || d >= longer)
			continue;
		if (!best || d < best_distance) {
			best = names[i];
			best_distance = d;
		}
	}
	return best;
}

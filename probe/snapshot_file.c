/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The snapshot's file form: one grammar, written and read here. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cpulist.h"
#include "common/digest.h"
#include "common/parse.h"
#include "probe/snapshot.h"
#include "probe/snapshot_private.h"

static const char header[] = "vtscope-snapshot 1\n";

static const char *const kind_names[SNAP_KINDS] = {
	[SNAP_CPUID] = "cpuid", [SNAP_MSR] = "msr",   [SNAP_TEXT] = "text",
	[SNAP_BLOB] = "blob",	[SNAP_DIR] = "dir",   [SNAP_NODE] = "node",
	[SNAP_KVM] = "kvm",	[SNAP_TOOL] = "tool", [SNAP_SYS] = "sys",
};

const char *snap_kind_name(enum snap_kind k)
{
	return kind_names[k];
}

/* ---- writing ---- */

static void write_quoted(struct buf *out, const unsigned char *data, size_t len)
{
	buf_puts(out, "\"");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = data[i];

		if (c == '\n')
			buf_puts(out, "\\n");
		else if (c == '\t')
			buf_puts(out, "\\t");
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_append(out, &data[i], 1);
	}
	buf_puts(out, "\"");
}

static void write_error(struct buf *out, int err)
{
	const char *name = errno_name(err);

	if (name)
		buf_printf(out, "!%s", name);
	else
		buf_printf(out, "!%d", err);
}

static void write_key(struct buf *out, const struct snap_record *r)
{
	buf_puts(out, kind_names[r->kind]);
	if (r->kind == SNAP_CPUID)
		buf_printf(out, " %d %08" PRIx32 " %08" PRIx32 " ", r->cpu, r->num, r->sub);
	else if (r->kind == SNAP_MSR)
		buf_printf(out, " %d %08" PRIx32 " ", r->cpu, r->num);
	else {
		buf_puts(out, " ");
		write_quoted(out, (unsigned char *)r->name, strlen(r->name));
		buf_puts(out, " ");
		if (r->kind == SNAP_KVM)
			buf_printf(out, "%" PRIu32 " ", r->num);
	}
}

static void write_value(struct buf *out, const struct snap_record *r)
{
	switch (r->kind) {
	case SNAP_CPUID:
		buf_printf(out, "%08" PRIx32 " %08" PRIx32 " %08" PRIx32 " %08" PRIx32, r->regs[0],
			   r->regs[1], r->regs[2], r->regs[3]);
		break;
	case SNAP_MSR:
	case SNAP_KVM:
		buf_printf(out, "%016" PRIx64, r->value);
		break;
	case SNAP_NODE:
		buf_printf(out, "%" PRIo64 " %" PRIu32 " %" PRIu32, r->value, r->num, r->sub);
		break;
	default:
		write_quoted(out, r->data, r->len);
	}
}

int snapshot_write(const struct snapshot *s, struct buf *out)
{
	size_t start = out->len;

	buf_puts(out, header);
	for (size_t i = 0; i < s->n; i++) {
		write_key(out, &s->rec[i]);
		if (s->rec[i].err)
			write_error(out, s->rec[i].err);
		else
			write_value(out, &s->rec[i]);
		buf_puts(out, "\n");
	}
	if (buf_error(out))
		return buf_error(out);
	buf_printf(out, "end %zu %08" PRIx32 "\n", s->n,
		   crc32_of(0, out->data + start, out->len - start));
	return buf_error(out);
}

/* ---- reading ---- */

/*
 * What is left of one line. Every reader below fails once and for all: it sets (wrong)
 * and returns 0.
 */
struct cursor {
	const char *at, *end;
	const char *wrong;
};

static uint64_t fail(struct cursor *c, const char *wrong)
{
	if (!c->wrong)
		c->wrong = wrong;
	return 0;
}

/* The next word, NUL-terminated in (word); one blank behind it is eaten. */
static bool read_word(struct cursor *c, char *word, size_t size)
{
	size_t n = 0;

	while (c->at < c->end && *c->at != ' ') {
		if (n + 1 >= size)
			return fail(c, "a word is too long");
		word[n++] = *c->at++;
	}
	word[n] = '\0';
	if (c->at < c->end)
		c->at++;
	return n > 0 || fail(c, "a value is missing");
}

static uint64_t read_number(struct cursor *c, int base, uint64_t max)
{
	char word[32];
	uint64_t v;

	if (!read_word(c, word, sizeof(word)))
		return 0;
	/* parse_u64() takes prefixes and blanks that this grammar does not have. */
	if (!isxdigit((unsigned char)word[0]) || word[1] == 'x' || word[1] == 'X' ||
	    parse_u64(word, base, &v) || v > max)
		return fail(c, "not a number that fits here");
	return v;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One escape, behind its backslash: the byte, or -1. */
static int read_escape(struct cursor *c)
{
	int hi, lo;

	if (c->at == c->end)
		return -1;
	switch (*c->at++) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '"':
		return '"';
	case '\\':
		return '\\';
	case 'x':
		if (c->end - c->at < 2)
			return -1;
		hi = hex_digit(c->at[0]);
		lo = hex_digit(c->at[1]);
		c->at += 2;
		return hi < 0 || lo < 0 ? -1 : hi << 4 | lo;
	default:
		return -1;
	}
}

/* A quoted string, decoded into memory that the caller frees; NULL when it is none. */
static unsigned char *read_quoted(struct cursor *c, size_t *len)
{
	unsigned char *data;
	size_t n = 0;

	if (c->wrong || c->at == c->end || *c->at++ != '"') {
		fail(c, "a quoted string is missing");
		return NULL;
	}
	data = malloc(c->end - c->at + 1);
	if (!data) {
		fail(c, "out of memory");
		return NULL;
	}
	while (c->at < c->end && *c->at != '"') {
		int byte = (unsigned char)*c->at++;

		if (byte == '\\')
			byte = read_escape(c);
		else if (byte < 0x20 || byte >= 0x7f)
			byte = -1;
		if (byte < 0) {
			fail(c, "a bad character or escape in a string");
			break;
		}
		data[n++] = byte;
	}
	if (c->at < c->end && !c->wrong)
		c->at++;
	else
		fail(c, "a string does not end");
	if (c->at < c->end && *c->at == ' ')
		c->at++;
	data[n] = '\0';
	*len = n;
	return data;
}

static int read_error(struct cursor *c)
{
	char word[32];
	uint64_t number;
	int err;

	c->at++;
	if (!read_word(c, word, sizeof(word)))
		return 0;
	err = errno_value(word);
	if (!err && !parse_u64(word, 10, &number) && number > 0 && number < 4096)
		err = number;
	return err ? err : (int)fail(c, "not an error's name or number");
}

static void read_value(struct cursor *c, struct snap_record *r)
{
	switch (r->kind) {
	case SNAP_CPUID:
		for (int i = 0; i < 4; i++)
			r->regs[i] = read_number(c, 16, UINT32_MAX);
		break;
	case SNAP_MSR:
	case SNAP_KVM:
		r->value = read_number(c, 16, UINT64_MAX);
		break;
	case SNAP_NODE:
		r->value = read_number(c, 8, UINT32_MAX);
		r->num = read_number(c, 10, UINT32_MAX);
		r->sub = read_number(c, 10, UINT32_MAX);
		break;
	default:
		r->data = read_quoted(c, &r->len);
	}
}

static void read_key(struct cursor *c, struct snap_record *r)
{
	char word[16];
	size_t len;

	if (!read_word(c, word, sizeof(word)))
		return;
	while (r->kind < SNAP_KINDS && strcmp(word, kind_names[r->kind]) != 0)
		r->kind++;
	if (r->kind == SNAP_KINDS) {
		fail(c, "not a kind of record");
		return;
	}
	if (r->kind == SNAP_CPUID || r->kind == SNAP_MSR) {
		r->cpu = read_number(c, 10, CPULIST_MAX - 1);
		r->num = read_number(c, 16, UINT32_MAX);
		r->sub = r->kind == SNAP_CPUID ? read_number(c, 16, UINT32_MAX) : 0;
		return;
	}
	r->name = (char *)read_quoted(c, &len);
	if (r->name && (len == 0 || strlen(r->name) != len))
		fail(c, "an empty name, or a NUL in one");
	if (r->kind == SNAP_KVM)
		r->num = read_number(c, 10, UINT32_MAX);
}

/* One line, without its newline, as a record of (s). NULL, or what is wrong. */
static const char *load_record(struct snapshot *s, const char *line, const char *end)
{
	struct cursor c = { .at = line, .end = end };
	struct snap_record r = { .cpu = -1 };

	read_key(&c, &r);
	if (!c.wrong && c.at < c.end && *c.at == '!' && r.kind != SNAP_CPUID)
		r.err = read_error(&c);
	else if (!c.wrong)
		read_value(&c, &r);
	if (!c.wrong && (c.at != c.end || c.end[-1] == ' '))
		fail(&c, "more on the line than belongs there");
	if (!c.wrong && snapshot_take(s, &r))
		fail(&c, "out of memory");
	if (c.wrong) {
		free(r.name);
		free(r.data);
	}
	return c.wrong;
}

/*
 * Checks the last line against what was read; (line) is its first byte, (end) the end of
 * the file.
 */
static const char *check_end(const struct snapshot *s, const char *bytes, const char *line,
			     const char *end)
{
	struct buf want = BUF_INIT;
	const char *wrong = NULL;

	buf_printf(&want, "end %zu %08" PRIx32 "\n", s->n, crc32_of(0, bytes, line - bytes));
	if (buf_error(&want))
		wrong = "out of memory";
	else if (want.len != (size_t)(end - line) || memcmp(want.data, line, want.len) != 0)
		wrong = "the count or the checksum does not match: damaged or cut short";
	buf_free(&want);
	return wrong;
}

/* Two records with one key: which of them would be believed? (line) becomes the second one's. */
static const char *check_unique(struct snapshot *s, size_t *line)
{
	if (snapshot_index(s))
		return "out of memory";
	for (size_t i = 1; i < s->n; i++)
		if (snapshot_same_key(&s->rec[s->order[i - 1]], &s->rec[s->order[i]])) {
			*line = s->order[i] + 2;
			return "a second record of the same thing";
		}
	return NULL;
}

static const char *load_lines(struct snapshot *s, const char *bytes, size_t len, size_t *line)
{
	const char *at = bytes + sizeof(header) - 1, *end = bytes + len, *wrong;

	*line = 1;
	if (len < sizeof(header) - 1 || memcmp(bytes, header, sizeof(header) - 1) != 0)
		return "not a vtscope snapshot";
	for (*line = 2; at < end; ++*line) {
		const char *eol = memchr(at, '\n', end - at);

		if (!eol)
			return "cut short: the line has no end";
		if (eol - at >= 4 && memcmp(at, "end ", 4) == 0) {
			wrong = check_end(s, bytes, at, end);
			return wrong ? wrong : check_unique(s, line);
		}
		wrong = load_record(s, at, eol);
		if (wrong)
			return wrong;
		at = eol + 1;
	}
	return "cut short: the end line is missing";
}

int snapshot_load(struct snapshot *s, const char *bytes, size_t len, const char *name, struct err *e)
{
	const char *wrong;
	size_t line;

	snapshot_init(s);
	wrong = load_lines(s, bytes, len, &line);
	if (!wrong) {
		s->source = SNAP_FROM_SNAPSHOT;
		s->source_name = strdup(name);
		if (!s->source_name)
			wrong = "out of memory";
	}
	if (!wrong)
		return 0;
	snapshot_free(s);
	return err_set(e, EINVAL, "%s:%zu: %s", name, line, wrong);
}

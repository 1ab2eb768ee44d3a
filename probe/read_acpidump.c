/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of acpidump: "DMAR @ 0x000000006B5D1000", then sixteen bytes a line behind their
 * offset, "    0010: 45 44 4B 32 ...  EDK2....", until an empty line or the next table.
 */
#include <ctype.h>
#include <string.h>

#include "probe/read_private.h"

#define TABLE_MAX (16u << 20)	/* no table comes near it */

struct state {
	struct snapshot *s;
	struct buf table;	/* the bytes of the table that is being read */
	struct buf list;	/* names of those that were */
	bool open;
};

/* "RSD PTR @ 0x...": signatures have 4 letters, but this one, which is no table. */
static bool take_heading(const char **at, const char *end, bool *pointer)
{
	const char *p = *at;
	uint64_t address;

	*pointer = take_text(&p, end, "RSD PTR") || take_text(&p, end, "RSDP");
	for (int i = 0; i < 4 && !*pointer; i++, p++)
		if (p == end || !(isupper((unsigned char)*p) || isdigit((unsigned char)*p) || *p == '_'))
			return false;
	if (!take_blanks(&p, end) || !take_text(&p, end, "@ 0x") || !take_hex(&p, end, 1, 16, &address))
		return false;
	*at = p;
	return true;
}

static bool is_heading(const char *at, const char *end)
{
	bool pointer;

	return take_heading(&at, end, &pointer);
}

static bool is_acpidump(const char *bytes, size_t len)
{
	return lines_any(bytes, len, is_heading);
}

static const char *close_table(struct state *st)
{
	const unsigned char *table = (const unsigned char *)buf_str(&st->table);
	const char *wrong;
	uint32_t size;

	if (!st->open)
		return NULL;
	st->open = false;
	if (buf_error(&st->table))
		return READ_NO_MEMORY;
	if (!acpi_header(table, st->table.len, &size))
		return "what stands before this is not an ACPI table";
	if (size != st->table.len)
		return "the table before this has not the length that it names";
	wrong = read_add_table(st->s, table, size, &st->list);
	buf_clear(&st->table);
	return wrong;
}

/* "    0010: 45 44 ...": the bytes, which must follow those before. */
static const char *read_bytes(struct state *st, const char *at, const char *end)
{
	uint64_t offset, byte;
	int n = 0;

	take_blanks(&at, end);
	if (!take_hex(&at, end, 1, 8, &offset) || !take_text(&at, end, ":"))
		return "an offset and a colon are missing";
	if (offset != st->table.len)
		return "the offset does not follow the line before";
	while (n < 16 && take_text(&at, end, " ") && take_hex(&at, end, 2, 2, &byte)) {
		unsigned char c = byte;

		if (at < end && *at != ' ')
			return "a byte of other than two digits";
		buf_append(&st->table, &c, 1);
		n++;
	}
	if (n == 0)
		return "bytes are missing";
	return st->table.len > TABLE_MAX ? "a table larger than any is" : NULL;
}

static const char *read_line(struct state *st, const char *at, const char *end)
{
	const char *wrong, *p = at;
	bool pointer;

	if (end - at > READ_LINE_MAX)
		return "the line is too long";
	take_blanks(&p, end);
	if (p == end)
		return close_table(st);
	if (take_heading(&at, end, &pointer)) {
		wrong = close_table(st);
		st->open = !pointer;
		return wrong;
	}
	return st->open ? read_bytes(st, at, end) : NULL;
}

static int load(struct snapshot *s, const char *bytes, size_t len, const char *name, struct err *e)
{
	struct state st = { .s = s };
	const char *wrong = NULL;
	struct lines l;

	snapshot_init(s);
	lines_init(&l, bytes, len);
	while (!wrong && lines_next(&l))
		wrong = read_line(&st, l.at, l.eol);
	if (!wrong)
		wrong = close_table(&st);
	if (!wrong)
		wrong = read_add_tables(s, &st.list);
	if (!wrong && s->n == 0)
		wrong = "no table that tells of virtualization (DMAR, IVRS)";
	buf_free(&st.table);
	buf_free(&st.list);
	return read_finish(s, SNAP_FROM_ACPI, name, l.number, wrong, e);
}

const struct reader reader_acpidump = {
	.name = "acpidump",
	.doc = "what acpidump prints",
	.is = is_acpidump,
	.load = load,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI tables as they are: one file of /sys/firmware/acpi/tables, or several behind each other.
 * Only what makes a table is looked at here: signature, length and, where the signature is not one
 * of those that are meant, the checksum. A wrong checksum of a DMAR is something to tell.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/iommu.h"
#include "probe/read_private.h"

#define TABLES_MAX   1024u

/* Tables that tell of virtualization. Others may hold licence keys (MSDM, SLIC) or much code. */
static bool is_kept(const unsigned char *table)
{
	return acpi_table_of((const char *)table);
}

static uint32_t little32(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

bool acpi_header(const unsigned char *bytes, size_t len, uint32_t *size)
{
	if (len < 8)
		return false;
	for (int i = 0; i < 4; i++)
		if (!(bytes[i] >= 'A' && bytes[i] <= 'Z') && !(bytes[i] >= '0' && bytes[i] <= '9') &&
		    bytes[i] != '_')
			return false;
	*size = little32(bytes + 4);
	return *size >= ACPI_HEADER_BYTES;
}

static bool sums_up(const unsigned char *bytes, size_t len)
{
	unsigned char sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += bytes[i];
	return sum == 0;
}

/* Four capitals are the front of many a file: text is none of ours, nor is a wrong sum. */
static bool is_acpi(const char *bytes, size_t len)
{
	const unsigned char *b = (const unsigned char *)bytes;
	uint32_t size;

	if (!acpi_header(b, len, &size))
		return false;
	return is_kept(b) ? b[7] == 0 : size <= len && sums_up(b, size);
}

const char *read_add_table(struct snapshot *s, const unsigned char *table, size_t len,
			   struct buf *list)
{
	char path[40] = ACPI_FOLDER "/";
	size_t n = strlen(path);

	buf_append(list, table, 4);
	buf_puts(list, "\n");
	if (!is_kept(table))
		return buf_error(list) ? READ_NO_MEMORY : NULL;
	memcpy(path + n, table, 4);
	if (buf_error(list) || snapshot_add_data(s, SNAP_BLOB, path, 0, table, len))
		return READ_NO_MEMORY;
	return NULL;
}

static int compare_lines(const void *a, const void *b)
{
	return memcmp(a, b, 5);
}

/* Sorts the lines of (list), all of five bytes, and drops those that stand twice. */
static size_t sort_names(char *list, size_t len)
{
	size_t n = len / 5, to = 0;

	qsort(list, n, 5, compare_lines);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || memcmp(list + 5 * i, list + 5 * (to - 1), 5) != 0)
			memmove(list + 5 * to++, list + 5 * i, 5);
	return 5 * to;
}

const char *read_add_tables(struct snapshot *s, struct buf *list)
{
	const char *wrong = NULL;

	if (strstr(buf_str(list), "FACP\n") && !buf_error(list)) {
		list->len = sort_names(list->data, list->len);
		if (snapshot_add_data(s, SNAP_DIR, ACPI_FOLDER, 0, list->data, list->len))
			wrong = READ_NO_MEMORY;
	}
	buf_free(list);
	return wrong;
}

static const char *read_tables(struct snapshot *s, const unsigned char *bytes, size_t len, size_t *at)
{
	struct buf list = BUF_INIT;
	const char *wrong = NULL;
	size_t n = 0;

	for (*at = 0; *at < len && !wrong; n++) {
		uint32_t size;

		if (n == TABLES_MAX)
			wrong = "more tables than any machine has";
		else if (!acpi_header(bytes + *at, len - *at, &size))
			wrong = "not an ACPI table";
		else if (size > len - *at)
			wrong = "cut short: the table is longer than the file";
		else
			wrong = read_add_table(s, bytes + *at, size, &list);
		if (!wrong)
			*at += size;
	}
	if (wrong)
		buf_free(&list);
	return wrong ? wrong : read_add_tables(s, &list);
}

static int load(struct snapshot *s, const char *bytes, size_t len, const char *name, struct err *e)
{
	const char *wrong;
	size_t at;

	snapshot_init(s);
	wrong = read_tables(s, (const unsigned char *)bytes, len, &at);
	if (!wrong && s->n == 0) {
		at = 0;
		wrong = "no table that tells of virtualization (DMAR, IVRS)";
	}
	if (!wrong)
		return read_finish(s, SNAP_FROM_ACPI, name, 0, NULL, e);
	snapshot_free(s);
	return err_set(e, strcmp(wrong, READ_NO_MEMORY) ? EINVAL : ENOMEM, "%s: offset %zu: %s", name,
		       at, wrong);
}

const struct reader reader_acpi = {
	.name = "acpi",
	.doc = "ACPI tables as they stand in /sys/firmware/acpi/tables",
	.is = is_acpi,
	.load = load,
};

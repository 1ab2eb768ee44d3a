/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all ACPI tables have in common; and the little that is taken of APIC and FACP. */
#include "probe/acpi.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *acpi_grow(void *array, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? 2 * *cap : 8;
	void *grown;

	if (n < *cap)
		return array;
	grown = reallocarray(array, more, size);
	if (grown)
		*cap = more;
	return grown;
}

__attribute__((format(printf, 4, 0))) static int add(struct acpi_notes *notes, bool fault,
						     size_t offset, const char *fmt, va_list ap)
{
	struct acpi_note *grown = acpi_grow(notes->note, notes->n, &notes->cap, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	notes->note = grown;
	grown += notes->n++;
	grown->offset = offset;
	grown->fault = fault;
	vsnprintf(grown->text, sizeof(grown->text), fmt, ap);
	return 0;
}

int acpi_note_add(struct acpi_notes *notes, size_t offset, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = add(notes, true, offset, fmt, ap);
	va_end(ap);
	return rc;
}

int acpi_remark_add(struct acpi_notes *notes, size_t offset, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = add(notes, false, offset, fmt, ap);
	va_end(ap);
	return rc;
}

void acpi_notes_free(struct acpi_notes *notes)
{
	free(notes->note);
	*notes = (struct acpi_notes){ 0 };
}

void acpi_text(const unsigned char *p, size_t n, char *out)
{
	while (n && (p[n - 1] == ' ' || p[n - 1] == '\0'))
		n--;
	for (size_t i = 0; i < n; i++)
		out[i] = p[i] >= 0x20 && p[i] < 0x7f ? p[i] : '?';
	out[n] = '\0';
}

const char *acpi_sum_name(enum acpi_sum sum)
{
	static const char *const names[] = {
		[ACPI_SUM_UNKNOWN] = "unknown",
		[ACPI_SUM_OK] = "ok",
		[ACPI_SUM_WRONG] = "wrong",
	};

	return names[sum];
}

/* The table's length against that of what is there, and its sum. */
static int check_length(const unsigned char *bytes, size_t len, struct acpi_header *h,
			struct acpi_notes *notes)
{
	unsigned char sum = 0;

	if (h->length < ACPI_HEADER_BYTES) {
		h->end = len;
		return acpi_note_add(notes, 4,
				     "length %u is shorter than a table's header: all "
				     "%zu bytes are read",
				     h->length, len);
	}
	if (h->length > len) {
		h->end = len;
		return acpi_note_add(notes, 4, "cut short: %zu of %u bytes are there", len,
				     h->length);
	}
	h->end = h->length;
	for (size_t i = 0; i < h->end; i++)
		sum += bytes[i];
	h->checksum = sum ? ACPI_SUM_WRONG : ACPI_SUM_OK;
	if (sum &&
	    acpi_note_add(notes, 9, "wrong checksum: the bytes add up to 0x%02x, not to 0", sum))
		return -ENOMEM;
	if (h->length < len)
		return acpi_remark_add(notes, h->end,
				       "%zu bytes behind the table are not looked at", len - h->end);
	return 0;
}

/* Real tables are smaller by far; one made to be long must not cost what it likes. */
static int limit(struct acpi_header *h, struct acpi_notes *notes)
{
	if (h->end <= ACPI_DECODE_MAX)
		return 0;
	h->end = ACPI_DECODE_MAX;
	return acpi_remark_add(notes, h->end, "only the first %u bytes are read", ACPI_DECODE_MAX);
}

int acpi_header_decode(const unsigned char *bytes, size_t len, const char *signature,
		       struct acpi_header *out, struct acpi_notes *notes)
{
	*out = (struct acpi_header){ .end = len };
	if (len < ACPI_HEADER_BYTES)
		return acpi_note_add(notes, 0, "cut short: %zu bytes are no table", len);
	out->whole = true;
	acpi_text(bytes, 4, out->signature);
	out->length = acpi_u32(bytes + 4);
	out->revision = bytes[8];
	acpi_text(bytes + 10, 6, out->oem_id);
	acpi_text(bytes + 16, 8, out->oem_table_id);
	if (strcmp(out->signature, signature) &&
	    acpi_note_add(notes, 0, "the signature is %s, not %s", out->signature, signature))
		return -ENOMEM;
	if (check_length(bytes, len, out, notes))
		return -ENOMEM;
	return limit(out, notes);
}

bool fadt_hypervisor(const unsigned char *bytes, size_t len, char out[9])
{
	const size_t at = 268, n = 8;
	uint64_t identity;

	out[0] = '\0';
	if (len < at + n || memcmp(bytes, "FACP", 4) != 0 || acpi_u32(bytes + 4) < at + n)
		return false;
	identity = acpi_u64(bytes + at);
	if (identity == 0 || identity == ~0ull)
		return false;
	acpi_text(bytes + at, n, out);
	return true;
}

void acpi_machine_ioapics(struct acpi_machine *m, const unsigned char *bytes, size_t len)
{
	const size_t first = 44, io_apic = 1, io_apic_bytes = 12;

	if (len < first || memcmp(bytes, "APIC", 4) != 0)
		return;
	if (acpi_u32(bytes + 4) < len)
		len = acpi_u32(bytes + 4);
	m->has_ioapics = true;
	for (size_t at = first; at + 2 <= len && bytes[at + 1] >= 2; at += bytes[at + 1])
		if (bytes[at] == io_apic && bytes[at + 1] >= io_apic_bytes &&
		    len - at >= io_apic_bytes)
			m->ioapics[bytes[at + 2] / 64] |= 1ull << bytes[at + 2] % 64;
}

static int compare_ranges(const void *pa, const void *pb)
{
	const struct acpi_range *a = pa, *b = pb;

	return (a->first > b->first) - (a->first < b->first);
}

static void merge_ranges(struct acpi_machine *m)
{
	size_t to = 0;

	if (m->n_reserved)
		qsort(m->reserved, m->n_reserved, sizeof(*m->reserved), compare_ranges);
	for (size_t i = 0; i < m->n_reserved; i++) {
		struct acpi_range *last = to ? &m->reserved[to - 1] : NULL, r = m->reserved[i];

		if (!last || (last->last != ~0ull && r.first > last->last + 1))
			m->reserved[to++] = r;
		else if (r.last > last->last)
			last->last = r.last;
	}
	m->n_reserved = to;
}

int acpi_machine_reserved(struct acpi_machine *m, const char *text)
{
	while (text && *text) {
		size_t n = strcspn(text, "\n");
		unsigned long long first, last;
		char line[96], what[16];

		snprintf(line, sizeof(line), "%.*s", (int)(n < sizeof(line) ? n : sizeof(line)),
			 text);
		/* Those who may not know see zeros. */
		if (sscanf(line, "%16llx-%16llx : %15[^\n]", &first, &last, what) == 3 &&
		    last > first && strcmp(what, "Reserved") == 0) {
			struct acpi_range *grown = acpi_grow(m->reserved, m->n_reserved,
							     &m->cap_reserved, sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			m->reserved = grown;
			m->reserved[m->n_reserved++] = (struct acpi_range){ first, last };
		}
		text += n + (text[n] == '\n');
	}
	merge_ranges(m);
	return 0;
}

void acpi_machine_free(struct acpi_machine *m)
{
	free(m->reserved);
	*m = (struct acpi_machine){ 0 };
}

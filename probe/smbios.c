/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBIOS structures: a head of type, length and handle, fields, then texts that end with two zeros. */
#include "probe/smbios.h"

#include <string.h>

#define HEAD_BYTES 4u
#define TYPE_FIRMWARE 0u
#define TYPE_PROCESSOR 4u
#define TYPE_END 127u

#define FIRMWARE_EXTENSION_2 0x13u /* bit 4: the system is a virtual machine */
#define PROCESSOR_CHARACTERISTICS 0x26u /* bit 6: enhanced virtualization */

/* The length of the structure at (p), texts included; 0: it does not end within (left) bytes. */
static size_t structure_length(const unsigned char *p, size_t left)
{
	size_t at;

	if (left < HEAD_BYTES || p[1] < HEAD_BYTES)
		return 0;
	for (at = p[1]; at + 2 <= left; at++)
		if (p[at] == 0 && p[at + 1] == 0)
			return at + 2;
	return 0;
}

void smbios_keep(const unsigned char *bytes, size_t len, struct buf *out)
{
	size_t at = 0, n;

	for (; (n = structure_length(bytes + at, len - at)) && bytes[at] != TYPE_END; at += n)
		if (bytes[at] == TYPE_FIRMWARE || bytes[at] == TYPE_PROCESSOR) {
			buf_append(out, bytes + at, bytes[at + 1]);
			buf_append(out, "\0", 2);
		}
}

/* Whether (bit) of the byte at (offset) is set; (a) is what the structures before said. */
static enum answer merge(enum answer a, const unsigned char *p, size_t offset, unsigned bit)
{
	if (p[1] <= offset)
		return a;
	if (!(p[offset] >> bit & 1))
		return ANSWER_NO;
	return a == ANSWER_NO ? ANSWER_NO : ANSWER_YES;
}

void smbios_read(const struct snapshot *s, struct smbios *out)
{
	const struct snap_record *r = snapshot_named(s, SNAP_BLOB, SMBIOS_FILE);
	size_t at = 0, n;

	*out = (struct smbios){ 0 };
	if (!r || r->err)
		return;
	for (; (n = structure_length(r->data + at, r->len - at)); at += n) {
		const unsigned char *p = r->data + at;

		if (p[0] == TYPE_FIRMWARE)
			out->virtual_machine =
				merge(out->virtual_machine, p, FIRMWARE_EXTENSION_2, 4);
		if (p[0] == TYPE_PROCESSOR)
			out->enhanced_virtualization =
				merge(out->enhanced_virtualization, p, PROCESSOR_CHARACTERISTICS, 6);
	}
}

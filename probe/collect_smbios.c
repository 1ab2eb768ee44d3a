/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two bits of SMBIOS that speak of virtualization. The table itself holds serial numbers
 * and is not kept.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "probe/collect_private.h"

#define TABLE_MAX (1u << 20)

enum {
	TYPE_FIRMWARE = 0, /* BIOS Information */
	TYPE_PROCESSOR = 4, /* Processor Information */
	TYPE_END = 127,
	FIRMWARE_EXTENSION_2 = 0x13, /* bit 4: the system is a virtual machine */
	PROCESSOR_CHARACTERISTICS = 0x26, /* bit 6: Enhanced Virtualization */
};

/* Behind the strings of the structure at (p), or NULL when the table is cut short. */
static const unsigned char *next_structure(const unsigned char *p, const unsigned char *end)
{
	if (end - p < 4 || p[1] < 4 || end - p < p[1] + 2)
		return NULL;
	for (p += p[1]; end - p >= 2; p++)
		if (!p[0] && !p[1])
			return p + 2;
	return NULL;
}

void smbios_bits(const void *table, size_t len, int *virtual_machine, int *enhanced)
{
	const unsigned char *p = table, *end = p + len;

	*virtual_machine = *enhanced = -1;
	while (p && end - p >= 4 && p[0] != TYPE_END && p[1] >= 4 && end - p >= p[1]) {
		if (p[0] == TYPE_FIRMWARE && p[1] > FIRMWARE_EXTENSION_2 && *virtual_machine < 0)
			*virtual_machine = p[FIRMWARE_EXTENSION_2] >> 4 & 1;
		if (p[0] == TYPE_PROCESSOR && p[1] > PROCESSOR_CHARACTERISTICS && *enhanced < 0)
			*enhanced = p[PROCESSOR_CHARACTERISTICS] >> 6 & 1;
		p = next_structure(p, end);
	}
}

static int add_bit(struct snapshot *s, const char *name, int err, int bit)
{
	return snapshot_add_data(s, SNAP_SYS, name,
				 err	 ? err :
				 bit < 0 ? ENODATA :
					   0,
				 bit > 0 ? "yes" : "no", bit > 0 ? 3 : 2);
}

int collect_smbios(struct snapshot *s)
{
	struct buf table = BUF_INIT;
	int err = -collect_read(s, "/sys/firmware/dmi/tables/DMI", TABLE_MAX, &table);
	int virtual_machine, enhanced, rc;

	/* A folder that does not hold it says nothing of the machine. */
	if (err && s->root) {
		buf_free(&table);
		return 0;
	}
	smbios_bits(buf_str(&table), table.len, &virtual_machine, &enhanced);
	rc = add_bit(s, "smbios.virtual_machine", err, virtual_machine);
	if (!rc)
		rc = add_bit(s, "smbios.enhanced_virtualization", err, enhanced);
	buf_free(&table);
	return rc;
}

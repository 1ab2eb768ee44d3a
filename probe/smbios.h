/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smbios.h - the two structures of SMBIOS that say something of virtualization. Pure. Only probe/
 * includes this.
 *
 * A machine's SMBIOS holds serial numbers: what is recorded are the fixed parts of types 0 and 4,
 * without any text.
 */
#ifndef VTSCOPE_PROBE_SMBIOS_H
#define VTSCOPE_PROBE_SMBIOS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "probe/check.h"
#include "probe/snapshot.h"

#define SMBIOS_FILE "/sys/firmware/dmi/tables/DMI"

/* Appends to (out) what of the structures in (bytes) may be recorded; stops where they do not fit. */
void smbios_keep(const unsigned char *bytes, size_t len, struct buf *out);

struct smbios {
	enum answer virtual_machine;	/* type 0: firmware says that it runs in one */
	/*
	 * Type 4: firmware says that the processor has hardware VT. All of them yes, none no; many a
	 * firmware says nothing true here.
	 */
	enum answer enhanced_virtualization;
};
void smbios_read(const struct snapshot *s, struct smbios *out);

#endif

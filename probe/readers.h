/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * readers.h - the formats in which a machine can be recorded. cli/ includes this.
 */
#ifndef VTSCOPE_PROBE_READERS_H
#define VTSCOPE_PROBE_READERS_H

#include <stdbool.h>

#include "probe/snapshot.h"

struct reader {
	const char *name;	/* "snapshot" */
	const char *doc;	/* one line */
	bool (*is)(const char *bytes, size_t len);
	/* As snapshot_load(). */
	int (*load)(struct snapshot *s, const char *bytes, size_t len, const char *name,
		    struct err *e);
	/* Instead of the two, for a folder. The path is also the name. */
	int (*load_folder)(struct snapshot *s, const char *path, struct err *e);
};

/* In the order in which they are tried. */
extern const struct reader *const readers[];
extern const size_t n_readers;

/*
 * A machine in whichever of the formats it is. 0, or -EINVAL with "NAME:LINE: what is
 * wrong"; (s) is empty then.
 */
int readers_load(struct snapshot *s, const char *bytes, size_t len, const char *name, struct err *e);

/*
 * The same from (path): a file, a folder, or "-" for standard input. Nothing of this machine is
 * looked at. Also any -errno of a file that cannot be read.
 */
int readers_read(struct snapshot *s, const char *path, struct err *e);

#endif

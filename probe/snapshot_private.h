/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snapshot_private.h - what snapshot.c and the readers of dump formats share. Only probe/
 * includes this.
 */
#ifndef VTSCOPE_PROBE_SNAPSHOT_PRIVATE_H
#define VTSCOPE_PROBE_SNAPSHOT_PRIVATE_H

#include <stdbool.h>

#include "probe/snapshot.h"

/* Adds (r) and takes its name and data over. 0, or -ENOMEM: they stay the caller's then. */
int snapshot_take(struct snapshot *s, const struct snap_record *r);

/* Would a lookup of one find the other? */
bool snapshot_same_key(const struct snap_record *a, const struct snap_record *b);

const char *snap_kind_name(enum snap_kind k);

#endif

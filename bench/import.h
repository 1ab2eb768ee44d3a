/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import.h - captures of the boot image's lines (doc/protocol.md) as a result of the machine that sent them. cli/ and
 * tests include this.
 *
 * Nothing of the machine that imports is in it, and nothing that no line said: what is not known is null.
 */
#ifndef VTSCOPE_BENCH_IMPORT_H
#define VTSCOPE_BENCH_IMPORT_H

#include <stddef.h>
#include <stdint.h>

#include "bench/result.h"
#include "common/buf.h"
#include "common/err.h"

struct import;

/* NULL: out of memory. */
struct import *import_new(void);
/*
 * A capture of (n) bytes, whatever they are; (name) is for messages. The same boot in several captures counts once.
 * Captures may be fed in any order, and lines of several boots in one another's way; of a boot that was cut in one, the
 * rest is taken from the next.
 */
void import_feed(struct import *im, const char *name, const void *bytes, size_t n);
/* Only of this boot, and of others that are chosen; before the first import_feed(). */
void import_choose(struct import *im, uint32_t boot);
/*
 * Fills (r), the caller's to free, from all that was fed; nothing can be fed after it. (notes) gets what a person should
 * know of its losses, a line each.
 *
 * 0; -ENOMSG: not one good line, or a boot that was chosen is not there; -EINVAL: captures of different machines, or of images that do not go together, with
 * what differs; -ENOMEM. (r) is empty then.
 */
int import_result(struct import *im, struct result_set *r, struct buf *notes, struct err *e);
void import_free(struct import *im);

#endif

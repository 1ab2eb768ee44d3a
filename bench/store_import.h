/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store_import.h - result files and folders of them into a store, many at once. bench/ and cli/ include this.
 */
#ifndef VTSCOPE_BENCH_STORE_IMPORT_H
#define VTSCOPE_BENCH_STORE_IMPORT_H

#include "bench/store.h"

#define STORE_FILE_MAX	(256u << 20)	/* bytes of one document */

struct store_import_file {
	const char *path;
	const char *run_id;	/* "" where it could not be read */
	size_t results;
	int outcome;		/* STORE_SAVED, STORE_PRESENT, or -errno; -ENOMSG: in a folder, and no result of vtscope */
	const struct err *e;	/* of a negative outcome */
};

struct store_import_hooks {
	void *ctx;
	/* Called where store_import() was given no store, before the first document is put. 0 or -errno, which ends it. */
	int (*open)(void *ctx, struct store **s, struct err *e);
	/* Called for each file in order of names; of one that was saved, when it is on the disk. May be NULL. */
	void (*file)(void *ctx, const struct store_import_file *f);
	void (*progress)(void *ctx, size_t done, size_t all);	/* files; may be NULL */
};

/*
 * Files as they are, folders with all that is below them and called *.json, but for names that begin with a dot. A file
 * that cannot be taken is told to (h) and the rest goes on. 0, or the error of the store, or -EINTR at Ctrl-C: what was
 * told as saved is saved. (s) may be NULL: h->open() opens it when there is something to put, so that none is made for
 * nothing.
 */
int store_import(struct store *s, const char *const *path, size_t n, const struct store_import_hooks *h, struct err *e);

#endif

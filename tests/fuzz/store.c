/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A store from a stranger: opened to read and to write, listed, its runs loaded, a baseline made. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/store.h"
#include "common/fileio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* A good store of one run with a baseline, made of store-seed.json, into the corpus. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct buf doc = BUF_INIT;
	struct store_run run;
	struct result_set r;
	struct store *s;
	struct err e;

	(void)argc;
	(void)argv;
	if (file_read("store-seed.json", 1 << 20, &doc, &e) || result_set_load(&r, doc.data, doc.len, "seed", &e))
		return 0;
	unlink("corpus/store/seed");
	if (store_open(&s, "corpus/store/seed", STORE_WRITE, &e) == 0) {
		if (store_save(s, &r, NULL, 0, &e) >= 0 && store_find(s, r.run_id, &run, &e) == 0)
			baseline_save(s, "main", &run, 1, false, &e);
		store_close(s);
	}
	result_set_free(&r);
	buf_free(&doc);
	return 0;
}

static void use(struct store *s)
{
	struct store_run run;
	struct result_set r;
	struct baseline *b;
	struct err e;
	size_t n;

	if (baseline_list(s, NULL, &b, &n, &e) == 0) {
		for (size_t i = 0; i < n && i < 3; i++)
			if (store_load(s, b[i].run.run_id, &r, &e) == 0)
				result_set_free(&r);
		free(b);
	}
	if (baseline_find(s, "main", "", &b, &n, &e) == 0)
		free(b);
	if (store_newest(s, "", NULL, &run, &e) == 0 || store_find(s, "0", &run, &e) == 0)
		baseline_save(s, "x", &run, 1, true, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum store_mode modes[] = { STORE_READ, STORE_WRITE };
	char path[64], other[80];
	struct store *s;
	struct err e;

	snprintf(path, sizeof(path), "/dev/shm/vtscope-fuzz-%d", (int)getpid());
	for (size_t i = 0; i < 2; i++) {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		if (fd < 0 || write(fd, data, size) != (ssize_t)size)
			abort();
		close(fd);
		if (store_open(&s, path, modes[i], &e) == 0) {
			use(s);
			store_close(s);
		}
	}
	unlink(path);
	for (size_t i = 0; i < 2; i++) {
		snprintf(other, sizeof(other), "%s%s", path, i ? "-wal" : "-shm");
		unlink(other);
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The results that one side of a comparison is made of. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/comparison.h"
#include "cli/result_file.h"
#include "common/fileio.h"
#include "common/interrupt.h"

#define FILES_MAX	1000

static int is_json(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 && !strcmp(d->d_name + n - 5, ".json");
}

static const struct result_set *run_find(const struct result_set *set, size_t n, const char *run_id)
{
	for (size_t i = 0; *run_id && i < n; i++)
		if (!strcmp(set[i].run_id, run_id))
			return &set[i];
	return NULL;
}

/* Copies of one run agree perfectly: taken for several they would say that runs never differ. */
static int file_add(struct cli *cli, struct result_files *f, const char *path, struct err *e)
{
	struct result_set *more = realloc(f->set, (f->n + 1) * sizeof(*more));
	int rc;

	if (!more)
		return err_set(e, ENOMEM, "out of memory");
	f->set = more;
	rc = result_file_load(&f->set[f->n], path, e);
	if (rc == 0 && run_find(f->set, f->n, f->set[f->n].run_id)) {
		cli_warn(cli, "%s: left out, run %.8s is in another file of the folder", path, f->set[f->n].run_id);
		result_set_free(&f->set[f->n]);
	} else if (rc == 0) {
		f->n++;
	}
	return rc;
}

static int folder_add(struct cli *cli, struct result_files *f, const char *folder, struct err *e)
{
	struct dirent **list = NULL;
	int n = scandir(folder, &list, is_json, alphasort), rc = 0;

	if (n < 0)
		return err_set(e, errno, "%s: %s", folder, strerror(errno));
	if (n == 0)
		rc = err_set(e, ENOENT, "%s: no result in this folder: no file's name ends in .json", folder);
	if (n > FILES_MAX)
		rc = err_set(e, E2BIG, "%s: %d results; a side has %d at most", folder, n, FILES_MAX);
	for (int i = 0; i < n; i++) {
		struct buf path = BUF_INIT;

		buf_printf(&path, "%s/%s", folder, list[i]->d_name);
		free(list[i]);
		if (rc == 0 && buf_error(&path))
			rc = err_set(e, ENOMEM, "out of memory");
		if (rc == 0 && interrupt_pending())
			rc = err_set(e, EINTR, "interrupted");
		if (rc == 0)
			rc = file_add(cli, f, buf_str(&path), e);
		buf_free(&path);
	}
	free(list);
	return rc;
}

int result_files_load(struct cli *cli, struct result_files *f, const char *path, struct err *e)
{
	int rc;

	*f = (struct result_files){ 0 };
	rc = file_is_folder(path) ? folder_add(cli, f, path, e) : file_add(cli, f, path, e);
	if (rc == 0) {
		f->at = calloc(f->n, sizeof(*f->at));
		if (!f->at)
			rc = err_set(e, ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < f->n && rc == 0; i++)
		f->at[i] = &f->set[i];
	if (rc)
		result_files_free(f);
	return rc;
}

void result_files_free(struct result_files *f)
{
	for (size_t i = 0; i < f->n; i++)
		result_set_free(&f->set[i]);
	free(f->set);
	free(f->at);
	*f = (struct result_files){ 0 };
}

void runs_shared_warn(struct cli *cli, const struct result_set *const *a, size_t na, const struct result_set *const *b,
		      size_t nb)
{
	for (size_t i = 0; i < na; i++)
		for (size_t k = 0; k < nb; k++)
			if (*a[i]->run_id && !strcmp(a[i]->run_id, b[k]->run_id)) {
				cli_warn(cli, "run %.8s is on both sides, and is the same as itself", a[i]->run_id);
				return;
			}
}

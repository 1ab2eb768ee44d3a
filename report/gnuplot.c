/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gnuplot as a process: a script file (fed through a pipe it goes on after an error), its own
 * directory, the C locale, a deadline. What it wrote counts only when it said 0 and the files
 * are whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/child.h"
#include "common/fileio.h"
#include "report/figure.h"

#define DEADLINE_MS	60000
#define PICTURE_MAX	(32u << 20)

static bool ends_whole(const struct picture *p)
{
	static const struct {
		const char *extension, *head, *tail;
		size_t head_len, tail_len;
	} kinds[] = {
		{ ".svg", "<?xml", "</svg>", 5, 6 },
		{ ".png", "\x89PNG\r\n\x1a\n", "IEND", 8, 4 },
		{ ".pdf", "%PDF-", "%%EOF", 5, 5 },
	};
	const char *dot = strrchr(p->name, '.');
	size_t tail = p->bytes.len < 32 ? p->bytes.len : 32;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(dot, kinds[i].extension))
			return p->bytes.len > kinds[i].head_len &&
			       !memcmp(p->bytes.data, kinds[i].head, kinds[i].head_len) &&
			       memmem(p->bytes.data + p->bytes.len - tail, tail, kinds[i].tail,
				      kinds[i].tail_len);
	return false;
}

static int read_pictures(const char *dir, struct pictures *p, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		char path[4096];
		int rc;

		snprintf(path, sizeof(path), "%s/%s", dir, p->p[i].name);
		rc = file_read(path, PICTURE_MAX, &p->p[i].bytes, e);
		if (rc) {
			err_prefix(e, "gnuplot left out a figure");
			return rc;
		}
		if (!ends_whole(&p->p[i]))
			return err_set(e, EIO, "gnuplot left %s incomplete", p->p[i].name);
		if (strstr(p->p[i].name, ".svg"))
			svg_slim(&p->p[i].bytes);
	}
	return 0;
}

static void remove_all(const char *dir, const struct pictures *p)
{
	char path[4096];

	for (size_t i = 0; i < p->n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, p->p[i].name);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/figures.gp", dir);
	unlink(path);
	rmdir(dir);
}

/*
 * gnuplot quotes the command and draws an arrow before it says what is wrong: its last line
 * is the one to tell.
 */
static void tell(struct err *e, int rc, const char *gnuplot, struct buf *said)
{
	const char *line, *mark;

	while (said->len && strchr("\r\n\t ", said->data[said->len - 1]))
		said->data[--said->len] = 0;
	line = strrchr(buf_str(said), '\n');
	line = line ? line + 1 : buf_str(said);
	mark = strstr(line, "\" line ");	/* "DIRECTORY/figures.gp" line 7: ... */
	if (rc == -EIO && *line)
		err_set(e, EIO, "figures could not be drawn: %s stopped at%s", gnuplot,
			mark ? mark + 1 : line);
	else
		err_prefix(e, "figures could not be drawn");
}

static int run(const char *gnuplot, unsigned deadline_ms, const char *dir, struct err *e)
{
	/* Numbers with a point, text in UTF-8. */
	static const char *const environment[] = { "LC_ALL=C.UTF-8", NULL };
	struct buf set = BUF_INIT, script = BUF_INIT, said = BUF_INIT;
	int rc;

	buf_printf(&set, "OUT = '%s/'", dir);
	buf_printf(&script, "%s/figures.gp", dir);
	rc = buf_error(&set) ? buf_error(&set) : buf_error(&script);
	if (!rc) {
		const char *const argv[] = { gnuplot, "-d", "-e", set.data, script.data, NULL };

		rc = child_run(argv, environment, deadline_ms ? deadline_ms : DEADLINE_MS, NULL,
			       &said, e);
		if (rc)
			tell(e, rc, gnuplot, &said);
	}
	buf_free(&set);
	buf_free(&script);
	buf_free(&said);
	return rc;
}

int gnuplot_draw(const char *gnuplot, unsigned deadline_ms, const struct buf *script,
		 struct pictures *p, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	char dir[2048], path[4096];
	int rc;

	/* The name becomes a string of gnuplot's, in which a quote has no place. */
	if (!tmp || tmp[0] != '/' || strpbrk(tmp, "'`\n") || strlen(tmp) > sizeof(dir) - 32)
		tmp = "/tmp";
	snprintf(dir, sizeof(dir), "%s/vtscope-figures-XXXXXX", tmp);
	if (!mkdtemp(dir))
		return err_set(e, errno, "no directory for figures under %s: %s", tmp,
			       strerror(errno));
	snprintf(path, sizeof(path), "%s/figures.gp", dir);
	rc = file_write(path, buf_str(script), script->len, e);
	if (!rc)
		rc = run(gnuplot, deadline_ms, dir, e);
	if (!rc)
		rc = read_pictures(dir, p, e);
	remove_all(dir, p);
	return rc;
}

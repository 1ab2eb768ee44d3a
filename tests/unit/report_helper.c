/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_helper.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/child.h"
#include "report_fixture.h"

int render_fixture(const char *name, const struct report_options *o, struct buf *out,
		   struct buf *warning, struct err *e)
{
	struct result_set r;
	int rc;

	fixture_make(&r, name);
	rc = report_render(&r, o, out, warning, e);
	result_set_free(&r);
	return rc;
}

const char *gnuplot_path(void)
{
	static struct buf path;	/* for the life of the test program */

	if (!path.len && child_find("gnuplot", &path))
		return NULL;
	return buf_str(&path);
}

void fake_program(const char *commands, char dir[64], char path[96])
{
	FILE *f;

	snprintf(dir, 64, "/tmp/vtscope-test-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	snprintf(path, 96, "%s/program", dir);
	f = fopen(path, "w");
	if (!f || fprintf(f, "#!/bin/sh\n%s\n", commands) < 0 || fclose(f) || chmod(path, 0755))
		abort();
}

void remove_tree(const char *dir)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/program", dir);
	unlink(path);
	rmdir(dir);
}

size_t occurrences(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *s = text; (s = strstr(s, what)); s += strlen(what))
		n++;
	return n;
}

#define DEPTH 64

struct walk { const char *s; char open[DEPTH][16]; size_t depth; };

static bool is_void(const char *name)
{
	static const char *const voids[] = { "meta", "img", "br", "hr", "link", "input" };

	for (size_t i = 0; i < sizeof(voids) / sizeof(voids[0]); i++)
		if (!strcmp(voids[i], name))
			return true;
	return false;
}

/* name="value" pairs up to '>'. */
static bool attributes(struct walk *w)
{
	while (*w->s != '>') {
		size_t n;

		if (!isspace((unsigned char)*w->s))
			return false;
		while (isspace((unsigned char)*w->s))
			w->s++;
		n = strspn(w->s, "abcdefghijklmnopqrstuvwxyz-");
		if (!n || strncmp(w->s + n, "=\"", 2))
			return false;
		w->s += n + 2;
		w->s += strcspn(w->s, "\"<");
		if (*w->s != '"')
			return false;
		w->s++;
	}
	w->s++;
	return true;
}

static bool element(struct walk *w)
{
	char name[16], end[20];
	bool closing = w->s[1] == '/';
	size_t n;

	w->s += closing ? 2 : 1;
	n = strspn(w->s, "abcdefghijklmnopqrstuvwxyz0123456789");
	if (!n || n >= sizeof(name))
		return false;
	memcpy(name, w->s, n);
	name[n] = 0;
	w->s += n;
	if (closing)
		return *w->s++ == '>' && w->depth && !strcmp(w->open[--w->depth], name);
	if (!attributes(w) || w->depth == DEPTH)
		return false;
	if (is_void(name))
		return true;
	memcpy(w->open[w->depth++], name, n + 1);
	if (strcmp(name, "script") && strcmp(name, "style"))
		return true;
	snprintf(end, sizeof(end), "</%s>", name);
	w->s = strstr(w->s, end);
	return w->s != NULL;
}

static bool entity(struct walk *w)
{
	size_t n = strspn(++w->s, "abcdefghijklmnopqrstuvwxyz#0123456789");

	w->s += n;
	return n && *w->s++ == ';';
}

bool html_well_formed(const char *html, char why[200])
{
	struct walk w = { .s = html };
	const char *at = html;
	bool ok = !strncmp(html, "<!DOCTYPE html>\n", 16);

	if (ok)
		w.s += 16;
	while (ok && *w.s) {
		at = w.s;
		w.s += strcspn(w.s, "<>&");
		if (*w.s == '<')
			ok = element(&w);
		else if (*w.s == '&')
			ok = entity(&w);
		else if (*w.s)
			ok = false;
	}
	ok = ok && w.depth == 0;
	snprintf(why, 200, "%s%.150s", ok ? "" : "near: ", ok ? "" : at);
	return ok;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report_helper.h - what the report's suites share. Only those include this. */
#ifndef VTSCOPE_TESTS_UNIT_REPORT_HELPER_H
#define VTSCOPE_TESTS_UNIT_REPORT_HELPER_H

#include <stdbool.h>

#include "common/buf.h"
#include "report/report.h"

/*
 * Renders fixture (name); the caller frees (out) and (warning). Returns what report_render()
 * did.
 */
int render_fixture(const char *name, const struct report_options *o, struct buf *out,
		   struct buf *warning, struct err *e);

/* The path of gnuplot, NULL when there is none. */
const char *gnuplot_path(void);

/* A program of shell commands in a directory of its own, which (dir) gets. */
void fake_program(const char *commands, char dir[64], char path[96]);
void remove_tree(const char *dir);

/*
 * Is (html) well formed: one document, every element closed in order, attributes quoted, no bare
 * & or <? (why) gets the place that is not.
 */
bool html_well_formed(const char *html, char why[200]);

size_t occurrences(const char *text, const char *what);

#endif

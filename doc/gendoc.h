/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gendoc.h - writers of man pages and completions from the command tables. Only doc/ includes this.
 */
#ifndef VTSCOPE_DOC_GENDOC_H
#define VTSCOPE_DOC_GENDOC_H

#include "cli/cmd.h"
#include "common/buf.h"

/* man.c */
void man_overview(const char *date, struct buf *out);				/* vtscope.1 */
void man_verb(const struct cmd *cmd, const char *date, struct buf *out);	/* vtscope-VERB.1 */
/* vtscope-method.7: (markdown) is doc/method.md, the catalogue comes from ops.def. */
void man_method(const char *markdown, const char *date, struct buf *out);

/* roff.c */
void roff_head(const char *title, const char *section, const char *date, struct buf *out);
void roff_text(const char *text, size_t len, struct buf *out);	/* escaped, `code` and **strong** in bold */
/*
 * The part of Markdown that the project's texts keep to: paragraphs, "## headings", "* " and "1. " items with
 * indented continuation, ``` blocks, tables (first column is the tag), `code`, **strong**. "# " lines are dropped.
 */
void roff_markdown(const char *text, struct buf *out);

/* complete.c */
void complete_bash(struct buf *out);
void complete_zsh(struct buf *out);
void complete_fish(struct buf *out);

#endif

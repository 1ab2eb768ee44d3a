/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * help.h - the texts of --help and --version, from the tables. Only cli/ includes this.
 */
#ifndef VTSCOPE_CLI_HELP_H
#define VTSCOPE_CLI_HELP_H

#include "cli/cmd.h"

/* What --help of (cmd) prints, at most 80 columns wide; command_default gives the overview. */
void help_text(const struct cmd *cmd, struct buf *out);
/* vtscope's version and those of the libraries it was linked with. */
void version_text(struct buf *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd.h - the command table and its option tables. Only cli/ and doc/gendoc.c include this.
 *
 * Help, man pages and completion are generated from these tables; nothing else describes an option.
 */
#ifndef VTSCOPE_CLI_CMD_H
#define VTSCOPE_CLI_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

enum opt_complete { COMPLETE_NONE, COMPLETE_FILE, COMPLETE_OP, COMPLETE_ENGINE, COMPLETE_CHECK, COMPLETE_VERB };

struct opt {
	const char *name;		/* "format": --format */
	char short_name;		/* 'o', or 0 */
	const char *arg;		/* placeholder "FILE"; NULL: a flag */
	bool repeatable;
	const char *const *choices;	/* NULL-terminated allowed values, or NULL; help and man add them to (help) */
	enum opt_complete complete;
	const char *const *words;	/* NULL-terminated values that completion offers beside any other, or NULL */
	const char *help;		/* one line for --help */
	const char *more;		/* further sentences for the man page, or NULL */
};

struct args;			/* what was parsed */
struct cli;			/* how to talk to the user */

struct exit_doc { int status; const char *meaning; };

struct cmd {
	const char *name;
	const char *operands;		/* "RESULT.json", "" : none */
	unsigned min_operands, max_operands;
	enum opt_complete complete;	/* of operands */
	const char *const *operand_choices;	/* NULL-terminated allowed values of operands, or NULL */
	const char *const *first_words;	/* NULL-terminated: what completion offers as the first operand, or NULL */
	const char *summary;		/* one line */
	const char *description;	/* man page paragraphs, blank line between */
	const char *examples;		/* man page EXAMPLES: "command\n  what it does\n" ... */
	const struct opt *opts;		/* ends with .name == NULL */
	const struct exit_doc *exits;	/* ends with .meaning == NULL */
	int (*run)(struct cli *cli, const struct args *a);	/* returns the exit status */
};

extern const struct cmd *const commands[];	/* order of --help */
extern const size_t n_commands;
extern const struct cmd command_default;	/* no verb; its name is "" */
extern const struct opt common_opts[];		/* --help --version -q -v --color -o: every verb has them */
extern const struct exit_doc common_exits[];	/* what they mean where a verb says nothing else */
extern const struct exit_doc verdict_exits[];	/* of the verbs that answer with a verdict */
/* 0, or -EINVAL with the nearest verb in (e). */
int command_find(const char *name, const struct cmd **out, struct err *e);

bool args_flag(const struct args *a, const char *name);
const char *args_value(const struct args *a, const char *name);	/* last one, NULL: not given */
const char *const *args_values(const struct args *a, const char *name, size_t *n);
const char *const *args_operands(const struct args *a, size_t *n);
/*
 * The format asked for: --format, else the extension of -o where it names one of --format's choices ("txt" is
 * "text", "xml" "junit"), else the first choice. Never NULL; only for verbs that have --format with choices.
 */
const char *args_format(const struct args *a);

/*
 * Is the extension of -o one of (formats), without --format? Silence would put text into a file called .html. (others): what
 * to do for another. 0, also for a name without one, standard output and a device; or 2 after having said so.
 */
int cli_extension_check(struct cli *c, const struct args *a, const char *const *formats, const char *others);
#define OTHERS_BY_FORMAT "--format says which under another name"
#define OTHERS_BY_REPORT "'vtscope report' makes other formats of it"

struct cli {
	bool out_tty, err_tty;
	bool colour;		/* of stdout */
	bool utf8;
	bool progress;		/* a bar on stderr is wanted: terminal, not -q, not CI */
	bool quiet;
	int verbose;
	unsigned columns;	/* of stdout, 80 where unknown */
	/* Private to output.c and progress.c. */
	int out_error;		/* positive errno of the first failed write to stdout, said when it happened */
	bool bar_shown;
	double bar_drawn;	/* when, seconds of CLOCK_MONOTONIC */
};

/* From the environment, the terminal and the common options. */
void cli_init(struct cli *c, const struct args *a);
/* Closes stdout. (status), or 1 when something could not be written there (130: it was given up at Ctrl-C). */
int cli_finish(struct cli *c, int status);

/* Data to stdout; a closed pipe or a full disk is remembered and makes the exit status 1. */
void cli_out(struct cli *c, const char *bytes, size_t len);
/* To FILE of -o (atomically) or stdout. 0, or 1 after having said why not. */
int cli_write(struct cli *c, const char *file, const void *data, size_t len);
/* The same with what a buffer holds; an error the buffer met is said and 1. */
int cli_write_buf(struct cli *c, const char *file, const struct buf *b);
/* "vtscope: text" on stderr. */
void cli_error(struct cli *c, const struct err *e);
void cli_warn(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Usage error: says it, points to --help, returns 2. (verb) NULL or "": none. */
int cli_usage(struct cli *c, const char *verb, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/*
 * The number given with --(name), within (lo) and (hi); (out) is left alone when it was not given.
 * 0, or 2 after having said what is wrong.
 */
int cli_u64(struct cli *c, const struct args *a, const char *name, uint64_t lo, uint64_t hi, uint64_t *out);
int cli_double(struct cli *c, const struct args *a, const char *name, double lo, double hi, double *out);
/* Progress line with bar and ETA on stderr, only with c->progress. (fraction) < 0: clear it. */
void cli_progress(struct cli *c, double fraction, double eta_seconds, const char *what);

#define EXIT_OK 0
#define EXIT_RUNTIME 1
#define EXIT_USAGE 2
#define EXIT_SKIPPED 77
#define EXIT_INTERRUPTED 130

int cli_status(int rc);		/* of 0 or -errno: -EINTR is the user asking to stop */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * result_loader.h - values of a JSON document, each checked, with the line of what is wrong. Only bench/result_load*.c
 * include this.
 */
#ifndef VTSCOPE_BENCH_RESULT_LOADER_H
#define VTSCOPE_BENCH_RESULT_LOADER_H

#include "bench/result_fields.h"

/* Where in the document: a chain of members and indices, on the stack. */
struct place { const struct place *up; const char *key; size_t index; };

struct loader { const char *bytes, *end, *name; struct err *e; };

/* -EINVAL, after having said what is wrong at (at), and in which line that is. All below return it so. */
int load_bad(const struct loader *l, const struct place *at, const char *what);
/* The member of (o), or NULL after having said that it is missing. */
json_t *load_member(const struct loader *l, json_t *o, const struct place *at);
/* The array or object (type) at (at), or NULL after having said so. */
json_t *load_container(const struct loader *l, json_t *o, const struct place *at, json_type type);
int load_texts(const struct loader *l, json_t *o, const struct place *up, const struct text_field *f, size_t n, void *to);
/* A number, or null as NAN. */
int load_value(const struct loader *l, json_t *v, const struct place *at, double *out);
int load_number(const struct loader *l, json_t *o, const struct place *up, const char *key, double *out);
int load_count(const struct loader *l, json_t *o, const struct place *up, const char *key, uint64_t max, uint64_t *out);
int load_bool(const struct loader *l, json_t *o, const struct place *up, const char *key, bool *out);
/* [lo, hi] or null: (present) says which. */
int load_pair(const struct loader *l, json_t *o, const struct place *up, const char *key, bool *present, double *lo,
	      double *hi);

#endif

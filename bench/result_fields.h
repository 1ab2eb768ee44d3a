/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * result_fields.h - the flat members of a result and of the objects around it, shared by who fills, writes and loads
 * them. Only bench/ includes this.
 */
#ifndef VTSCOPE_BENCH_RESULT_FIELDS_H
#define VTSCOPE_BENCH_RESULT_FIELDS_H

#include "bench/result.h"

#define RESULT_SCHEMA	"vtscope.result/1"

struct text_field { const char *key; size_t offset, size; bool nullable; };
struct number_field { const char *key; size_t offset; };

#define TEXT_FIELD(type, key, member) { key, offsetof(type, member), sizeof(((type *)0)->member), false }
#define NULLABLE_TEXT_FIELD(type, key, member) { key, offsetof(type, member), sizeof(((type *)0)->member), true }

/* An empty string of a nullable field is null in the document. */
static const struct text_field result_texts[] = {
	TEXT_FIELD(struct result, "op", op),
	TEXT_FIELD(struct result, "engine", engine),
	TEXT_FIELD(struct result, "via", via),
	TEXT_FIELD(struct result, "backend", backend),
	TEXT_FIELD(struct result, "provenance", provenance),
	TEXT_FIELD(struct result, "clock", clock),
	NULLABLE_TEXT_FIELD(struct result, "memory", memory),
};

/* NAN is null. */
static const struct number_field result_numbers[] = {
#define NUMBER(member) { #member, offsetof(struct result, member) }
	NUMBER(cold), NUMBER(min), NUMBER(p1), NUMBER(p25), NUMBER(median), NUMBER(p75), NUMBER(p90), NUMBER(p99),
	NUMBER(p999), NUMBER(max), NUMBER(mean), NUMBER(mad), NUMBER(single_median), NUMBER(diff_median),
	NUMBER(empty_bracket),
#undef NUMBER
};

static const struct text_field skipped_texts[] = {
	TEXT_FIELD(struct skipped, "op", op),
	TEXT_FIELD(struct skipped, "engine", engine),
	TEXT_FIELD(struct skipped, "reason", reason),
	NULLABLE_TEXT_FIELD(struct skipped, "check", check),
	NULLABLE_TEXT_FIELD(struct skipped, "hint", hint),
};

static const struct text_field failed_texts[] = {
	TEXT_FIELD(struct failed, "op", op),
	TEXT_FIELD(struct failed, "engine", engine),
	TEXT_FIELD(struct failed, "reason", reason),
};

static const struct text_field stop_texts[] = {
	TEXT_FIELD(struct failed, "kind", stop_kind),
	TEXT_FIELD(struct failed, "native", stop_native),
};

static const struct text_field self_test_texts[] = {
	TEXT_FIELD(struct self_test, "engine", engine),
	TEXT_FIELD(struct self_test, "via", via),
	TEXT_FIELD(struct self_test, "backend", backend),
	TEXT_FIELD(struct self_test, "step", step),
	TEXT_FIELD(struct self_test, "expected", expected),
	TEXT_FIELD(struct self_test, "observed", observed),
};

static const struct text_field fact_texts[] = {
	TEXT_FIELD(struct found_fact, "engine", engine),
	TEXT_FIELD(struct found_fact, "via", via),
	TEXT_FIELD(struct found_fact, "backend", backend),
	TEXT_FIELD(struct found_fact, "name", name),
	TEXT_FIELD(struct found_fact, "value", value),
};

/* What a launch was disturbed by. */
static const struct number_field disturb_numbers[] = {
#define NUMBER(member) { #member, offsetof(struct disturb, member) }
	NUMBER(seconds), NUMBER(context_switches), NUMBER(waited), NUMBER(migrations), NUMBER(interrupts), NUMBER(steal),
	NUMBER(throttled), NUMBER(smis),
#undef NUMBER
};

static const struct number_field split_numbers[] = {
	{ "exit", offsetof(struct result_split, exit) },
	{ "handler", offsetof(struct result_split, handler) },
	{ "entry", offsetof(struct result_split, entry) },
	{ "stamp_cost", offsetof(struct result_split, stamp_cost) },
};

static const struct { const char *key; size_t offset; } capture_counts[] = {
#define COUNT(member) { #member, offsetof(struct capture_loss, member) }
	COUNT(boots), COUNT(boots_cut), COUNT(sections), COUNT(sections_cut), COUNT(lines), COUNT(lost), COUNT(damaged), COUNT(repeated), COUNT(foreign),
	COUNT(beyond), COUNT(rows), COUNT(rows_lost), COUNT(rows_planned), COUNT(rows_missing),
#undef COUNT
};

static const struct text_field set_texts[] = {
	TEXT_FIELD(struct result_set, "run_id", run_id),
	NULLABLE_TEXT_FIELD(struct result_set, "started", started),
	NULLABLE_TEXT_FIELD(struct result_set, "finished", finished),
	NULLABLE_TEXT_FIELD(struct result_set, "snapshot", snapshot),
};

static const struct { const char *key; size_t offset; } set_objects[] = {
	{ "tool", offsetof(struct result_set, tool) },
	{ "hardware", offsetof(struct result_set, hardware) },
	{ "subject", offsetof(struct result_set, subject) },
	{ "verdict", offsetof(struct result_set, verdict) },
};

/* Text that came from a machine may hold bytes that are no UTF-8: these become '?'. NULL: out of memory. */
json_t *result_text(const char *s, size_t n);

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif

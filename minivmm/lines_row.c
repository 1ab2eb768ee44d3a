/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines_row.c - what the lines of a row say, as the records that a ring would have held. */
#include "minivmm/lines_private.h"

#include <stdio.h>
#include <string.h>

/* ---- what goes out ---- */

static void row_record(struct lines *d, enum guest_record_type type, uint64_t arg, const void *payload, size_t bytes)
{
	const struct guest_record r = {
		.magic = GUEST_RECORD_MAGIC,
		.type = (uint8_t)type,
		.bytes = (uint32_t)bytes,
		.row = d->row.number,
		.arg = (uint32_t)arg,
	};

	if (d->to->record)
		d->to->record(d->to->ctx, &r, payload);
}

static bool row_seen(const struct lines *d, uint32_t row)
{
	return d->seen[row / 8] & 1u << row % 8;
}

static void row_lost(struct lines *d, uint32_t row, const char *name, const char *why)
{
	d->account.rows_lost++;
	d->rows++;
	if (d->to->row_lost)
		d->to->row_lost(d->to->ctx, row, name, why);
}

void lines_row_tear(struct lines *d, const char *why)
{
	if (!d->row.at_work || d->row.torn)
		return;
	d->row.torn = true;
	snprintf(d->row.why, sizeof(d->row.why), "%s", why);
}

void lines_row_drop(struct lines *d, const char *why)
{
	if (!d->row.at_work)
		return;
	lines_row_tear(d, why);
	d->row.at_work = false;
	row_lost(d, d->row.number, d->row.name, d->row.why);
}

/* ---- samples ---- */

/* VALUE, VALUE/VALUE or VALUE/VALUE/VALUE, with *COUNT behind. */
static bool sample_read(const char **p, unsigned width, uint64_t value[3], uint64_t *count)
{
	*count = 1;
	for (unsigned i = 0; i < width; i++) {
		if (i && *(*p)++ != '/')
			return false;
		if (!lines_number(p, LINES_VALUE_MAX, &value[i]))
			return false;
	}
	if (**p == '*') {
		(*p)++;
		return lines_number(p, LINES_SAMPLES_MAX, count) && *count > 0;
	}
	return true;
}

/* One sample, (count) times: the same chunk goes out again and again. */
static void sample_put(struct lines *d, enum guest_record_type type, uint64_t arg, unsigned width,
		       const uint64_t value[3], uint64_t count)
{
	uint64_t fill = count < CHUNK_SAMPLES ? count : CHUNK_SAMPLES;

	for (uint64_t i = 0; i < fill; i++)
		memcpy(&d->chunk[i * width], value, width * sizeof(*value));
	while (count) {
		uint64_t n = count < fill ? count : fill;

		row_record(d, type, arg, d->chunk, n * width * sizeof(*value));
		count -= n;
	}
}

static bool samples_take(struct lines *d, enum guest_record_type type, uint64_t arg, unsigned width, uint64_t *total,
			 const char *p)
{
	uint64_t value[3], count;

	do {
		if (!sample_read(&p, width, value, &count) || count > LINES_SAMPLES_MAX - *total)
			return false;
		*total += count;
		sample_put(d, type, arg, width, value, count);
	} while (lines_blank(&p));
	return *p == 0;
}

static bool take_diff(struct lines *d, const char *p)
{
	uint64_t copies;

	return lines_number(&p, UINT32_MAX, &copies) && copies > 0 && lines_blank(&p) &&
	       samples_take(d, RECORD_DIFF, copies, 2, &d->row.pairs, p);
}

static bool take_cold(struct lines *d, const char *p)
{
	uint64_t value;

	if (!lines_number(&p, LINES_VALUE_MAX, &value) || *p)
		return false;
	row_record(d, RECORD_COLD, 0, &value, sizeof(value));
	return true;
}

/* ---- a fault ---- */

/* VECTOR ERROR RIP CR2 TEXT */
static bool take_fault(struct lines *d, const char *p)
{
	struct guest_fault *f = &d->row.fault;
	uint64_t vector, error;
	size_t n;

	if (!lines_number(&p, UINT32_MAX, &vector) || !lines_blank(&p) || !lines_number(&p, UINT32_MAX, &error) ||
	    !lines_blank(&p) || !lines_number(&p, UINT64_MAX, &f->rip) || !lines_blank(&p) ||
	    !lines_number(&p, UINT64_MAX, &f->cr2) || (*p && !lines_blank(&p)))
		return false;
	f->vector = (uint32_t)vector;
	f->error = (uint32_t)error;
	f->row = d->row.number;
	n = d->row.faulted ? strlen(f->what) : 0;	/* it goes on */
	snprintf(f->what + n, sizeof(f->what) - n, "%s", p);
	d->row.faulted = true;
	return true;
}

static uint64_t *fault_register(struct guest_fault *f, const char *name, size_t n)
{
	static const struct { const char *name; size_t offset; } others[] = {
		{ "rip", offsetof(struct guest_fault, rip) }, { "rflags", offsetof(struct guest_fault, rflags) },
		{ "cr0", offsetof(struct guest_fault, cr0) }, { "cr2", offsetof(struct guest_fault, cr2) },
		{ "cr3", offsetof(struct guest_fault, cr3) }, { "cr4", offsetof(struct guest_fault, cr4) },
	};

	for (size_t i = 0; i < 16; i++)
		if (strlen(vm_gpr_names[i]) == n && !memcmp(vm_gpr_names[i], name, n))
			return &f->gpr[i];
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strlen(others[i].name) == n && !memcmp(others[i].name, name, n))
			return (uint64_t *)((char *)f + others[i].offset);
	return NULL;
}

/* NAME=VALUE ... A register that this side does not know is passed over. */
static bool take_registers(struct lines *d, const char *p)
{
	do {
		size_t n = strcspn(p, "= ");
		uint64_t value, *to = fault_register(&d->row.fault, p, n);

		if (!n || p[n] != '=')
			return false;
		p += n + 1;
		if (!lines_number(&p, UINT64_MAX, &value))
			return false;
		if (to)
			*to = value;
	} while (lines_blank(&p));
	return *p == 0;
}

/* ---- begin, counters, end ---- */

static bool take_begin(struct lines *d, uint32_t row, const char *p)
{
	size_t n = strlen(p);

	lines_row_drop(d, "its end did not come");
	if (row_seen(d, row) || !n || n >= sizeof(d->row.name))
		return false;
	d->seen[row / 8] |= (unsigned char)(1u << row % 8);
	d->row = (struct lines_row){ .at_work = true, .number = row, .begin_seq = d->next - 1 };
	memcpy(d->row.name, p, n);
	row_record(d, RECORD_ROW_BEGIN, 0, d->row.name, n + 1);
	return true;
}

static bool take_counters(struct lines *d, uint32_t row, const char *p)
{
	uint64_t exits, interrupts;

	if (!lines_number(&p, LINES_VALUE_MAX, &exits) || !lines_blank(&p) ||
	    !lines_number(&p, LINES_VALUE_MAX, &interrupts) || *p)
		return false;
	if (d->to->counters)
		d->to->counters(d->to->ctx, row, exits, interrupts);
	return true;
}

/* (counts): single shots, pairs, splits, lines. */
static bool end_read(const char *p, struct guest_row_end *end, uint64_t counts[4])
{
	uint64_t field[8];

	for (unsigned i = 0; i < 8; i++)
		if ((i && !lines_blank(&p)) || !lines_number(&p, i == 2 || i == 3 ? UINT32_MAX : LINES_VALUE_MAX, &field[i]))
			return false;
	*end = (struct guest_row_end){
		.executions = field[0], .ticks = field[1], .warmup = (uint32_t)field[2], .flags = (uint32_t)field[3],
	};
	memcpy(counts, &field[4], 4 * sizeof(*counts));
	return *p == 0;
}

static bool take_row_end(struct lines *d, const char *p)
{
	struct guest_row_end end;
	uint64_t samples[4];
	struct lines_row *row = &d->row;

	if (!end_read(p, &end, samples) || samples[3] != d->next - 1 - row->begin_seq ||
	    (!(end.flags & GUEST_END_FAULTED) && end.executions < samples[0] + samples[1] + samples[2]))
		return false;
	if (samples[0] != row->singles || samples[1] != row->pairs || samples[2] != row->splits)
		lines_row_tear(d, "samples of it are missing");
	if (!(end.flags & GUEST_END_FAULTED) != !row->faulted)
		lines_row_tear(d, "its fault is not told whole");
	if (row->torn) {
		lines_row_drop(d, row->why);
		return true;
	}
	if (row->faulted)
		row_record(d, RECORD_FAULT, 0, &row->fault, sizeof(row->fault));
	row_record(d, RECORD_ROW_END, 0, &end, sizeof(end));
	row->at_work = false;
	d->ended_row = row->number;
	d->rows++;
	d->account.rows++;
	return true;
}

/* Of a row whose begin did not come there is nothing but its number. */
static bool take_orphan(struct lines *d, uint32_t row)
{
	lines_row_drop(d, "its end did not come");
	if (row_seen(d, row))
		return true;
	d->seen[row / 8] |= (unsigned char)(1u << row % 8);
	row_lost(d, row, "", "its begin was lost");
	return true;
}

void lines_row_say(struct lines *d, const char *text)
{
	if (d->row.at_work)
		row_record(d, RECORD_LOG, 0, text, strlen(text));
}

bool lines_row_take(struct lines *d, char type, const char *p)
{
	char head[16];
	uint64_t row;

	if (!strchr("BOMSDPCLFGE", type) || !lines_number(&p, GUEST_ROWS_MAX - 1, &row) || !lines_blank(&p))
		return false;
	if (type == 'B')
		return take_begin(d, (uint32_t)row, p);
	if (type == 'C' && !d->row.at_work && row == d->ended_row)
		return take_counters(d, (uint32_t)row, p);
	if (!d->row.at_work || row != d->row.number)
		return take_orphan(d, (uint32_t)row);
	switch (type) {
	case 'O':
		return take_cold(d, p);
	case 'M':
		return samples_take(d, RECORD_EMPTY, 0, 1, &d->row.empties, p);
	case 'S':
		return samples_take(d, RECORD_SINGLE, 0, 1, &d->row.singles, p);
	case 'D':
		return take_diff(d, p);
	case 'P':
		return samples_take(d, RECORD_SPLIT, 0, 3, &d->row.splits, p);
	case 'C':
		return take_counters(d, (uint32_t)row, p);
	case 'L':
		snprintf(head, sizeof(head), "%u", (unsigned)row);
		lines_text_add(d, 'L', head, p);
		return true;
	case 'F':
		return take_fault(d, p);
	case 'G':
		return take_registers(d, p);
	default:
		return take_row_end(d, p);
	}
}

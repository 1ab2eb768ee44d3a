/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records.c - takes the runner's records out of its ring and sends them as lines. */
#include "minivmm/monitor/boot/boot.h"

#define VALUE_END	(1ull << 62)	/* no sample is believed from here on: two stamps ran against each other */
#define RECORD_ALIGN	16u

static const char *const gpr_names[16] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};

static struct row_summary summaries[RECORDS_SUMMARIES];
static uint32_t summary_count;

static struct {
	struct guest_ctrl *ctrl;
	unsigned char *ring;
	uint32_t base;			/* what the runner calls row 0 */
	uint32_t ended;
	/* of the row at work */
	bool at_work;
	uint32_t begin_seq, singles, pairs, splits;
	struct row_summary *summary;
} now;

/* ---- lists of values ---- */

/* A line that grows by words, and goes on in another one when it is full. */
struct list {
	char type;
	char head[48], payload[LINE_PAYLOAD_MAX + 1];
	struct text text;
	bool begun;
};

static void list_send(struct list *l)
{
	if (l->begun)
		line_send(l->type, l->payload);
	l->begun = false;
}

static void list_add(struct list *l, const struct text *word)
{
	if (l->begun && l->text.used + 1 + word->used > LINE_PAYLOAD_MAX)
		list_send(l);
	if (!l->begun) {
		l->text = text_in(l->payload, sizeof(l->payload));
		text_put(&l->text, l->head);
		l->begun = true;
	}
	text_put(&l->text, " ");
	text_put(&l->text, word->at);
}

static void list_add_values(struct list *l, const uint64_t *v, unsigned words, size_t count)
{
	char buffer[100];
	struct text word = text_in(buffer, sizeof(buffer));

	for (unsigned i = 0; i < words; i++) {
		if (i)
			text_put(&word, "/");
		text_number(&word, v[i]);
	}
	if (count > 1) {
		text_put(&word, "*");
		text_number(&word, count);
	}
	list_add(l, &word);
}

static bool is_same(const uint64_t *a, const uint64_t *b, unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* Drops what cannot be: that is no sample, and is said. How many are left. */
static size_t drop_wrong(uint32_t row, uint64_t *v, size_t n, unsigned words)
{
	char head[16], said[64];
	struct text at = text_in(head, sizeof(head)), t = text_in(said, sizeof(said));
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		bool wrong = false;

		for (unsigned w = 0; w < words; w++)
			wrong |= v[i * words + w] >= VALUE_END;
		if (wrong)
			continue;
		for (unsigned w = 0; w < words; w++)
			v[kept * words + w] = v[i * words + w];
		kept++;
	}
	if (kept == n)
		return n;
	text_number(&at, now.base + row);
	text_number(&t, n - kept);
	text_put(&t, " samples left out: the clock ran backwards");
	line_say('L', head, said);
	return kept;
}

/* Sends (n) samples of (words) values each, sorted. How many there were to send. */
static size_t send_values(char type, uint32_t row, uint64_t arg, uint64_t *v, size_t n, unsigned words)
{
	struct list l = { .type = type };
	struct text head = text_in(l.head, sizeof(l.head));
	size_t same;

	text_number(&head, now.base + row);
	if (type == 'D') {
		text_put(&head, " ");
		text_number(&head, arg);
	}
	n = drop_wrong(row, v, n, words);
	sort_values(v, n, words);
	for (size_t i = 0; i < n; i += same) {
		for (same = 1; i + same < n && is_same(v + i * words, v + (i + same) * words, words);)
			same++;
		list_add_values(&l, v + i * words, words, same);
	}
	list_send(&l);
	return n;
}

/* ---- what a row comes to ---- */

static void summarise_singles(const uint64_t *v, size_t n)
{
	struct row_summary *s = now.summary;

	if (!s || !n)
		return;
	s->n = (uint32_t)n;
	s->min = v[0];
	s->median = v[n / 2];
	s->p99 = v[n - 1 - n / 100];
}

/* (v) is no longer of use to anybody else. */
static void summarise_pairs(uint64_t *v, size_t n, uint32_t copies)
{
	struct row_summary *s = now.summary;

	if (!s || !n || !copies)
		return;
	for (size_t i = 0; i < n; i++)
		v[i] = v[2 * i + 1] > v[2 * i] ? (v[2 * i + 1] - v[2 * i]) * 10 / copies : 0;
	sort_values(v, n, 1);
	s->pairs = (uint32_t)n;
	s->diff = v[n / 2];
}

/* ---- records ---- */

static struct text row_head(char *buffer, size_t size, uint32_t row)
{
	struct text t = text_in(buffer, size);

	text_number(&t, now.base + row);
	return t;
}

static void send_begin(uint32_t row)
{
	const char *name = row < now.ctrl->row_count ? runner_op_name(now.ctrl->rows[row].op) : NULL;
	char buffer[LINE_PAYLOAD_MAX + 1];
	struct text t = row_head(buffer, sizeof(buffer), row);

	text_put(&t, " ");
	text_put(&t, name ? name : "-");
	now.at_work = true;
	now.begin_seq = line_next_seq();
	now.singles = now.pairs = now.splits = 0;
	now.summary = NULL;
	line_send('B', buffer);
	if (row >= now.ctrl->row_count || summary_count == RECORDS_SUMMARIES)
		return;
	now.summary = &summaries[summary_count++];
	*now.summary = (struct row_summary){
		.op = now.ctrl->rows[row].op,
	};
}

static void send_registers(uint32_t row, const char *const *names, const uint64_t *values, unsigned n)
{
	struct list l = { .type = 'G' };
	struct text head = text_in(l.head, sizeof(l.head));
	char buffer[40];

	text_number(&head, now.base + row);
	for (unsigned i = 0; i < n; i++) {
		struct text word = text_in(buffer, sizeof(buffer));

		text_put(&word, names[i]);
		text_put(&word, "=");
		text_hex(&word, values[i], 1);
		list_add(&l, &word);
	}
	list_send(&l);
}

static void send_fault(uint32_t row, const struct guest_fault *f)
{
	static const char *const names[] = { "rflags", "cr0", "cr3", "cr4", "cpl" };
	const uint64_t values[] = { f->rflags, f->cr0, f->cr3, f->cr4, f->cpl };
	char head[80], what[sizeof(f->what) + 1];
	struct text t = row_head(head, sizeof(head), row), said = text_in(what, sizeof(what));
	size_t n = 0;

	while (n < sizeof(f->what) && f->what[n])
		n++;
	text_put_n(&said, f->what, n);
	if (!n)
		text_put(&said, "exception");
	text_put(&t, " ");
	text_number(&t, f->vector);
	text_put(&t, " ");
	text_hex(&t, f->error, 1);
	text_put(&t, " ");
	text_hex(&t, f->rip, 1);
	text_put(&t, " ");
	text_hex(&t, f->cr2, 1);
	line_say('F', head, what);
	send_registers(row, gpr_names, f->gpr, 16);
	send_registers(row, names, values, sizeof(names) / sizeof(names[0]));
	if (now.summary)
		now.summary->faulted = true;
}

static void send_counters(uint32_t row, const struct ring0_counters *counters)
{
	char buffer[64];
	struct text t = row_head(buffer, sizeof(buffer), row);

	text_put(&t, " ");
	text_number(&t, counters->exits);
	text_put(&t, " ");
	text_number(&t, counters->interrupts);
	line_send('C', buffer);
	if (now.summary) {
		now.summary->counted = true;
		now.summary->exits = counters->exits;
	}
}

static void send_end(uint32_t row, const struct guest_row_end *end)
{
	const uint64_t values[] = { end->executions, end->ticks, end->warmup };
	const uint64_t counts[] = { now.singles, now.pairs, now.splits, line_next_seq() - now.begin_seq };
	char buffer[LINE_PAYLOAD_MAX + 1];
	struct text t = row_head(buffer, sizeof(buffer), row);

	for (unsigned i = 0; i < 3; i++) {
		text_put(&t, " ");
		text_number(&t, values[i]);
	}
	text_put(&t, " ");
	text_hex(&t, end->flags, 1);
	for (unsigned i = 0; i < 4; i++) {
		text_put(&t, " ");
		text_number(&t, counts[i]);
	}
	line_send('E', buffer);
	now.at_work = false;
	now.ended++;
	if (now.summary) {
		now.summary->ended = true;
		now.summary->flags = end->flags;
		now.summary->executions = end->executions;
	}
	now.summary = NULL;
}

static void send_log(uint32_t row, const char *text, size_t n)
{
	char head[16], said[600];
	struct text t = text_in(said, sizeof(said));

	row_head(head, sizeof(head), row);
	text_put_n(&t, text, n);
	line_say('L', head, said);
}

static void send_samples(const struct guest_record *r, uint64_t *v, size_t n)
{
	switch (r->type) {
	case RECORD_COLD:
		send_values('O', r->row, 0, v, n < 1 ? 0 : 1, 1);
		break;
	case RECORD_EMPTY:
		n = send_values('M', r->row, 0, v, n, 1);
		if (now.summary && n)
			now.summary->empty = v[n / 2];
		break;
	case RECORD_SINGLE:
		n = send_values('S', r->row, 0, v, n, 1);
		now.singles += (uint32_t)n;
		summarise_singles(v, n);
		break;
	case RECORD_DIFF:
		n = send_values('D', r->row, r->arg, v, n / 2, 2);
		now.pairs += (uint32_t)n;
		summarise_pairs(v, n, r->arg);
		break;
	default:
		now.splits += (uint32_t)send_values('P', r->row, 0, v, n / 3, 3);
		break;
	}
}

/* The end record is followed by its doorbell, whose counters belong in front of it. */
static void send_record(const struct guest_record *r, void *payload, const struct ring0_counters *counters)
{
	switch (r->type) {
	case RECORD_ROW_BEGIN:
		send_begin(r->row);
		break;
	case RECORD_COLD:
	case RECORD_EMPTY:
	case RECORD_SINGLE:
	case RECORD_DIFF:
	case RECORD_SPLIT:
		send_samples(r, payload, r->bytes / sizeof(uint64_t));
		break;
	case RECORD_LOG:
		send_log(r->row, payload, r->bytes);
		break;
	case RECORD_FAULT:
		if (r->bytes == sizeof(struct guest_fault))
			send_fault(r->row, payload);
		break;
	case RECORD_ROW_END:
		if (counters)
			send_counters(r->row, counters);
		if (r->bytes == sizeof(struct guest_row_end))
			send_end(r->row, payload);
		break;
	default:
		break;
	}
}

void records_drain(uint32_t row, const struct ring0_counters *counters)
{
	const uint64_t head = now.ctrl->ring_head;
	uint64_t tail = now.ctrl->ring_tail;

	while (tail < head) {
		uint64_t at = tail % GUEST_RING_BYTES, left = head - tail, bytes;
		struct guest_record r = *(struct guest_record *)(now.ring + at);

		left = left < GUEST_RING_BYTES - at ? left : GUEST_RING_BYTES - at;
		bytes = sizeof(r) + (((uint64_t)r.bytes + RECORD_ALIGN - 1) & ~(uint64_t)(RECORD_ALIGN - 1));
		if (left < sizeof(r) || r.magic != GUEST_RECORD_MAGIC || bytes > left) {
			char number[16];

			row_head(number, sizeof(number), row);
			line_say('L', number, "the runner's records are damaged: what it measured here is lost");
			tail = head;
			break;
		}
		send_record(&r, now.ring + at + sizeof(r), counters);
		tail += bytes;
	}
	now.ctrl->ring_tail = tail;
}

bool records_fault(const struct guest_fault *f)
{
	const struct guest_row_end end = { .flags = GUEST_END_FAULTED };

	if (!now.at_work)
		return false;
	send_fault(f->row, f);
	send_end(f->row, &end);
	return true;
}

void records_open(struct guest_ctrl *c, unsigned char *ring, uint32_t base)
{
	now.ctrl = c;
	now.ring = ring;
	now.base = base;
	now.ended = 0;
	now.at_work = false;
	now.summary = NULL;
	c->ring_head = c->ring_tail = 0;
}

uint32_t records_ended(void)
{
	return now.ended;
}

uint32_t records_count(void)
{
	return summary_count;
}

const struct row_summary *records_summary(uint32_t index)
{
	return index < summary_count ? &summaries[index] : NULL;
}

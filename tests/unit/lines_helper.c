/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/lines_helper.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/tap.h"

/* ---- a capture, written ---- */

unsigned seq, section;

void put(struct buf *to, uint32_t boot, char type, const char *fmt, ...)
{
	char line[400];
	va_list ap;
	int n = snprintf(line, sizeof(line), "VT1 %08x.%u %u %c ", boot, section, seq++, type);

	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	buf_printf(to, "%s %08x\r\n", line, lines_crc(line, (size_t)n));
}

void put_row(struct buf *to, uint32_t boot, unsigned row, const char *name)
{
	put(to, boot, 'B', "%u %s", row, name);
	put(to, boot, 'O', "%u 900", row);
	put(to, boot, 'S', "%u 40*3 41", row);
	put(to, boot, 'S', "%u 55*2", row);
	put(to, boot, 'M', "%u 6*16", row);
	put(to, boot, 'D', "%u 8 320/640*2 321/642", row);
	put(to, boot, 'P', "%u 10/20/12*4", row);
	put(to, boot, 'C', "%u 17 1", row);
	put(to, boot, 'E', "%u 100 5000 16 0x0 6 3 4 8", row);
}

void put_boot(struct buf *to, uint32_t boot, const char *engine)
{
	seq = section = 0;
	put(to, boot, 'H', "engine %s", engine);
	put(to, boot, 'H', "provenance emulated");
	put(to, boot, 'T', "1 1 entry with a bad host field: VM-instruction error 8 | VM-instruction error 8");
	put(to, boot, 'R', "requires: EPT: yes");
	put_row(to, boot, 0, "exit.cpuid");
	put_row(to, boot, 1, "exit.hlt");
	put(to, boot, 'Z', "2 0");
	put(to, boot, 'A', "1 0");
}

/* ---- what comes out ---- */

struct seen seen;

static void on_section(void *ctx, const struct lines_section *s)
{
	(void)ctx;
	(void)s;
	seen.sections++;
}

static void on_hello(void *ctx, const char *key, const char *value)
{
	(void)ctx;
	seen.hellos++;
	snprintf(seen.key, sizeof(seen.key), "%s", key);
	snprintf(seen.text, sizeof(seen.text), "%s", value);
}

static void on_step(void *ctx, const struct engine_step *s)
{
	(void)ctx;
	seen.steps++;
	seen.step = *s;
}

static void on_fact(void *ctx, const char *name, const char *value)
{
	(void)ctx;
	seen.facts++;
	snprintf(seen.key, sizeof(seen.key), "%s", name);
	snprintf(seen.text, sizeof(seen.text), "%s", value);
}

static void on_refusal(void *ctx, const char *status, const char *text)
{
	(void)ctx;
	seen.refusals++;
	snprintf(seen.key, sizeof(seen.key), "%s", status);
	snprintf(seen.text, sizeof(seen.text), "%s", text);
}

static void on_record(void *ctx, const struct guest_record *r, const void *payload)
{
	const uint64_t *v = payload;
	uint64_t n = r->bytes / sizeof(*v);

	(void)ctx;
	switch (r->type) {
	case RECORD_ROW_BEGIN:
		seen.begins++;
		CU_ASSERT(r->bytes == strlen(payload) + 1);
		snprintf(seen.name, sizeof(seen.name), "%s", (const char *)payload);
		break;
	case RECORD_SINGLE:
		seen.singles += n;
		for (uint64_t i = 0; i < n; i++)
			seen.sum += v[i];
		break;
	case RECORD_EMPTY:
		seen.empties += n;
		break;
	case RECORD_DIFF:
		seen.pairs += n / 2;
		seen.copies = r->arg;
		break;
	case RECORD_SPLIT:
		seen.splits += n / 3;
		break;
	case RECORD_COLD:
		seen.cold += v[0];
		break;
	case RECORD_LOG:
		seen.logs++;
		snprintf(seen.text, sizeof(seen.text), "%.*s", (int)r->bytes, (const char *)payload);
		break;
	case RECORD_FAULT:
		seen.faults++;
		seen.fault = *(const struct guest_fault *)payload;
		break;
	case RECORD_ROW_END:
		seen.ends++;
		seen.end = *(const struct guest_row_end *)payload;
		break;
	default:
		CU_FAIL("a record of a type that no line makes");
	}
}

static void on_counters(void *ctx, uint32_t row, uint64_t exits, uint64_t interrupts)
{
	(void)ctx;
	(void)row;
	seen.counters++;
	seen.exits = exits;
	seen.interrupts = interrupts;
}

static void on_row_lost(void *ctx, uint32_t row, const char *name, const char *why)
{
	(void)ctx;
	(void)row;
	seen.lost++;
	snprintf(seen.name, sizeof(seen.name), "%s", name);
	snprintf(seen.why, sizeof(seen.why), "%s", why);
}

static void on_end(void *ctx, uint64_t rows, int status)
{
	(void)ctx;
	(void)rows;
	seen.boot_ends++;
	seen.status = status;
}

static void on_foreign(void *ctx, const char *text, size_t n)
{
	(void)ctx;
	(void)text;
	CU_ASSERT(n > 0);
	seen.foreign++;
}

const struct lines_to lines_seen = {
	.section = on_section, .hello = on_hello, .step = on_step, .fact = on_fact, .refusal = on_refusal,
	.record = on_record, .counters = on_counters, .row_lost = on_row_lost, .end = on_end, .foreign = on_foreign,
};

struct lines_account decode(const void *bytes, size_t n, size_t piece)
{
	struct lines *d = lines_new_sorted(&lines_seen);
	struct lines_account account;

	memset(&seen, 0, sizeof(seen));
	CU_ASSERT_FATAL(d != NULL);
	for (size_t at = 0; at < n; at += piece)
		lines_feed(d, (const char *)bytes + at, n - at < piece ? n - at : piece);
	lines_end(d);
	account = *lines_account(d);
	lines_free(d);
	return account;
}

struct lines_account decode_buf(struct buf *b)
{
	struct lines_account a = decode(b->data, b->len, b->len);

	buf_free(b);
	return a;
}

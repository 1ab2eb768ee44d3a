/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/import_helper.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/op.h"
#include "common/digest.h"
#include "minivmm/lines.h"
#include "tests/unit/tap.h"

/* ---- a capture, as the image writes it ---- */

void capture_put(struct capture *c, char type, const char *fmt, ...)
{
	char line[300];
	va_list ap;
	int n = snprintf(line, sizeof(line), "VT1 %08x.%u %u %c ", c->boot, c->section, c->seq++, type);

	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	buf_printf(&c->text, "%s %08x\r\n", line, lines_crc(line, (size_t)n));
}

/* As the image has it: of this catalogue. */
static uint32_t catalog(void)
{
	uint32_t crc = 0;

	for (size_t i = 0; i < n_ops; i++)
		crc = crc32_of(crc32_of(crc, ops[i].name, strlen(ops[i].name)), "\n", 1);
	return crc;
}

void capture_put_hello(struct capture *c, const char *engine)
{
	const struct capture_says *says = &c->says;

	capture_put(c, 'H', "engine %s", engine);
	capture_put(c, 'H', "abi 2");
	capture_put(c, 'H', "catalog %08x", catalog());
	capture_put(c, 'H', "provenance %s", says->provenance);
	capture_put(c, 'H', "evidence %s", says->evidence);
	capture_put(c, 'H', "vendor GenuineIntel");
	capture_put(c, 'H', "brand %s", says->brand);
	capture_put(c, 'H', "signature 0x506e3");
	capture_put(c, 'H', "hypervisor %s", says->hypervisor);
	capture_put(c, 'H', "clock %s", says->clock);
	capture_put(c, 'H', "tsc_hz %llu", says->tsc_hz);
	capture_put(c, 'H', "seed 77");
}

void capture_put_cpuid(struct capture *c, unsigned row)
{
	capture_put(c, 'B', "%u exit.cpuid", row);
	capture_put(c, 'O', "%u 1800", row);
	capture_put(c, 'M', "%u 30*64", row);
	capture_put(c, 'S', "%u 1000*40 1001*40", row);
	capture_put(c, 'S', "%u 1002*10 1003*10", row);
	capture_put(c, 'P', "%u 500/40/520*20", row);
	capture_put(c, 'C', "%u 220 0", row);
	capture_put(c, 'E', "%u 220 900000 48 0x0 100 0 20 7", row);
}

void capture_put_row(struct capture *c, unsigned row, const char *name, unsigned value)
{
	capture_put(c, 'B', "%u %s", row, name);
	capture_put(c, 'M', "%u 30*64", row);
	capture_put(c, 'S', "%u %u*100", row, value);
	capture_put(c, 'E', "%u 100 900000 48 0x0 100 0 0 3", row);
}

void capture_put_short(struct capture *c, const char *op, const char *payload)
{
	capture_put(c, 'Q', "%zu %s", (size_t)(op_find(op) - ops), payload);
}

struct capture capture_begin(uint32_t boot)
{
	return (struct capture){ .text = BUF_INIT, .boot = boot,
				 .says = { .provenance = "hardware", .hypervisor = "none", .clock = "tsc", .tsc_hz = 3000000000,
					   .evidence = "no hypervisor bit, no emulator's signature", .brand = BRAND } };
}

void capture_put_section(struct capture *c)
{
	capture_put_hello(c, "vmx");
	capture_put(c, 'R', "secondary control enable_ept: yes");
	capture_put(c, 'T', "1 1 one VMCALL: reason 18 | reason 18");
	capture_put_cpuid(c, 0);
	capture_put_row(c, 1, "nano.in", 900);
	capture_put(c, 'Z', "2 0");
}

struct capture capture_usual(uint32_t boot)
{
	struct capture c = capture_begin(boot);

	capture_put_section(&c);
	capture_put(&c, 'A', "1 0");
	return c;
}

/* ---- imports ---- */

struct outcome import_texts(const struct buf *const *text, size_t n)
{
	struct outcome o = { .notes = BUF_INIT };
	struct import *im = import_new();

	for (size_t i = 0; i < n; i++)
		import_feed(im, i ? "second.txt" : "first.txt", buf_str(text[i]), text[i]->len);
	o.rc = import_result(im, &o.r, &o.notes, &o.e);
	import_free(im);
	return o;
}

struct outcome import_one(const struct buf *text)
{
	return import_texts(&text, 1);
}

void outcome_free(struct outcome *o)
{
	result_set_free(&o->r);
	buf_free(&o->notes);
}

const struct result *result_of(const struct outcome *o, const char *op)
{
	for (size_t i = 0; i < o->r.n_results; i++)
		if (!strcmp(o->r.result[i].op, op))
			return &o->r.result[i];
	return NULL;
}

const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

void check_round_trip(const struct outcome *o)
{
	struct buf doc = BUF_INIT, again = BUF_INIT;
	struct result_set r;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(result_set_write(&o->r, &doc), 0);
	CU_ASSERT_EQUAL_FATAL(result_set_load(&r, doc.data, doc.len, "doc", &e), 0);
	CU_ASSERT_EQUAL(result_set_write(&r, &again), 0);
	CU_ASSERT_STRING_EQUAL(buf_str(&doc), buf_str(&again));
	result_set_free(&r);
	buf_free(&doc);
	buf_free(&again);
}

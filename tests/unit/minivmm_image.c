/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A boot of the image, as a scripted carrier has it; what --via takes; what Bochs is given and what it says. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "minivmm/bochs/bochs.h"
#include "minivmm/image/image.h"
#include "tests/unit/tap.h"

/* ---- a scripted carrier ---- */

static struct {
	struct buf out;		/* what the image prints */
	size_t at, piece;
	bool hangs;		/* goes on for ever behind it */
	int start_error;
	unsigned started, ended, explained;
	const struct sink *console;
	char plan[200];
} fake;

static unsigned seq, section;

static void put(char type, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(char type, const char *fmt, ...)
{
	char line[400];
	va_list ap;
	int n = snprintf(line, sizeof(line), "VT1 0000abcd.%u %u %c ", section, seq++, type);

	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	buf_printf(&fake.out, "%s %08x\r\n", line, lines_crc(line, (size_t)n));
}

static int fake_start(struct image_carrier *c, const struct image_boot *b, struct err *e)
{
	(void)c;
	fake.started++;
	fake.at = 0;
	fake.console = b->console;
	snprintf(fake.plan, sizeof(fake.plan), "%s", b->plan);
	return fake.start_error ? err_set(e, fake.start_error, "it does not start") : 0;
}

static int fake_poll(void *c, struct err *e)
{
	size_t n = fake.out.len - fake.at < fake.piece ? fake.out.len - fake.at : fake.piece;

	(void)c;
	(void)e;
	fake.console->console(fake.console->ctx, fake.out.data + fake.at, n);
	fake.at += n;
	return fake.at == fake.out.len && !fake.hangs;
}

static void fake_explain(struct image_carrier *c, struct vm_stop *stop)
{
	(void)c;
	fake.explained++;
	stop->kind = VM_STOP_CARRIER;
	snprintf(stop->text, sizeof(stop->text), "it just ended");
}

static void fake_end(struct image_carrier *c)
{
	(void)c;
	fake.ended++;
}

static const struct image_carrier_ops fake_ops = {
	.start = fake_start, .poll = fake_poll, .explain = fake_explain, .end = fake_end,
};

static struct { unsigned begins, ends, steps, counters; uint64_t exits, singles; struct buf console; } seen;

static void on_record(void *ctx, const struct guest_record *r, const void *payload)
{
	(void)ctx;
	(void)payload;
	seen.begins += r->type == RECORD_ROW_BEGIN;
	seen.ends += r->type == RECORD_ROW_END;
	seen.singles += r->type == RECORD_SINGLE ? r->bytes / 8 : 0;
}

static void on_console(void *ctx, const char *bytes, size_t n)
{
	(void)ctx;
	buf_append(&seen.console, bytes, n);
}

static void on_counters(void *ctx, uint32_t row, bool begin, const struct engine_counters *c)
{
	(void)ctx;
	CU_ASSERT(row < 2);
	seen.counters++;
	if (!begin)
		seen.exits += c->exits;
}

static void on_step(void *ctx, const struct engine_step *s)
{
	(void)ctx;
	(void)s;
	seen.steps++;
}

static void script_begin(void)
{
	buf_free(&fake.out);
	buf_free(&seen.console);
	memset(&fake, 0, sizeof(fake));
	memset(&seen, 0, sizeof(seen));
	fake.piece = 50;
	seq = 0;
}

static void put_hello(const char *engine)
{
	put('H', "engine %s", engine);
	put('H', "provenance hardware");
	put('H', "seed 77");
	put('R', "requires: EPT: yes");
	put('T', "1 1 entry with a bad host field: error 8 | error 8");
}

static void put_row(unsigned row)
{
	put('B', "%u exit.cpuid", row);
	put('S', "%u 40*64", row);
	put('C', "%u 99 0", row);
	put('E', "%u 99 4000 16 0x0 64 0 0 3", row);
}

static int boot(struct image_identity *id, struct vm_stop *stop, struct err *e)
{
	static const struct guest_row rows[2];
	const struct launch l = { .rows = rows, .row_count = 2, .cpu = -1, .deadline_ms = 300 };
	const struct sink s = { .record = on_record, .console = on_console, .counters = on_counters, .step = on_step };
	const struct image_boot b = { .plan = "engine=vmx rows=1,2", .cpu = -1 };
	int rc;

	memset(e, 0, sizeof(*e));
	rc = image_boot(NULL, &fake_ops, &b, &l, &s, id, stop, e);
	CU_ASSERT(fake.started == fake.ended);
	return rc;
}

static struct image_identity id;
static struct vm_stop stop;

/* ---- */

static void test_boot(void)
{
	struct err e;

	script_begin();
	buf_puts(&fake.out, "Bochs says something\n");
	put_hello("vmx");
	put_row(0);
	put_row(1);
	put('Z', "2 0");
	CU_ASSERT(boot(&id, &stop, &e) == 0 && stop.kind == VM_STOP_EXIT && stop.status == 0 && stop.row == 2);
	CU_ASSERT(seen.begins == 2 && seen.ends == 2 && seen.singles == 128 && seen.counters == 4 && seen.exits == 198);
	CU_ASSERT(seen.steps == 1 && id.n_steps == 1 && id.n_facts == 2 && id.ended);
	CU_ASSERT_STRING_EQUAL(id.engine, "vmx");
	CU_ASSERT_STRING_EQUAL(fake.plan, "engine=vmx rows=1,2");
	CU_ASSERT_STRING_EQUAL(buf_str(&seen.console), "Bochs says something\n");
	CU_ASSERT(fake.explained == 0);
}

/* The last line ends it, although the carrier would run for ever. */
static void test_linger(void)
{
	struct err e;

	script_begin();
	put_hello("vmx");
	put('Z', "0 0");
	fake.hangs = true;
	CU_ASSERT(boot(&id, &stop, &e) == 0 && stop.kind == VM_STOP_EXIT);

	script_begin();
	put_hello("vmx");
	put('B', "1 exit.cpuid");
	fake.hangs = true;
	CU_ASSERT(boot(&id, &stop, &e) == 0 && stop.kind == VM_STOP_DEADLINE && stop.row == 1);
}

static void test_ends_early(void)
{
	struct err e;

	script_begin();
	put_hello("vmx");
	put_row(0);
	put('B', "1 exit.cpuid");
	CU_ASSERT(boot(&id, &stop, &e) == 0 && stop.kind == VM_STOP_CARRIER && stop.row == 1 && fake.explained == 1);
	CU_ASSERT(seen.ends == 1);
	script_begin();
	fake.start_error = EIO;
	CU_ASSERT(boot(&id, &stop, &e) == -EIO);
	CU_ASSERT_STRING_EQUAL(e.text, "it does not start");
}

static void test_refusal(void)
{
	struct err e;

	script_begin();
	put('H', "engine vmx");
	put('X', "firmware-disabled VMX is locked off");
	put('Z', "0 -1");
	CU_ASSERT(boot(&id, &stop, &e) == 0 && stop.kind == VM_STOP_EXIT && stop.status == 1);
	CU_ASSERT_STRING_EQUAL(id.status, "firmware-disabled");
	CU_ASSERT_STRING_EQUAL(id.refusal, "VMX is locked off");
}

/* What an image that went astray sends is none of the launch's. */
static void test_astray(void)
{
	struct err e;

	script_begin();			/* a reset: it begins again */
	put_hello("vmx");
	put_row(0);
	section++;
	put_hello("vmx");
	put_row(0);
	section = 0;
	CU_ASSERT(boot(&id, &stop, &e) == 0 && stop.kind == VM_STOP_PROTOCOL && seen.ends == 1);
	CU_ASSERT(strstr(stop.text, "began anew") != NULL);
	script_begin();			/* a row that the launch does not have */
	put_hello("vmx");
	put_row(2);
	CU_ASSERT(boot(&id, &stop, &e) == 0 && stop.kind == VM_STOP_PROTOCOL && seen.ends == 0);
	script_begin();			/* a line got lost between two processes */
	put_hello("vmx");
	put('B', "0 exit.cpuid");
	seq++;
	put('E', "0 99 4000 16 0x0 0 0 0 2");
	CU_ASSERT(boot(&id, &stop, &e) == 0 && stop.kind == VM_STOP_PROTOCOL && seen.ends == 0);
	CU_ASSERT(strstr(stop.text, "did not come whole") != NULL);
	script_begin();			/* facts and steps without end */
	for (unsigned i = 0; i < 2 * IMAGE_FACTS_MAX; i++) {
		put('R', "requires: number %u", i);
		put('T', "%u 1 a: b | c", i + 1);
	}
	put('Z', "0 0");
	fake.piece = 4096;
	CU_ASSERT(boot(&id, &stop, &e) == 0 && id.n_facts == IMAGE_FACTS_MAX && id.n_steps == IMAGE_STEPS_MAX);
	buf_free(&fake.out);
}

/* ---- Bochs ---- */

static const char models[] = "00000000000i[      ] LTDL_LIBRARY_PATH not set.\nSupported CPU models:\n\nbx_generic\npentium\n"
			     "ryzen\ncorei7_skylake_x\n\n00000000000i[SIM   ] quit_sim called\n"
			     "=====\n                        Bochs x86 Emulator 2.7\n";

static void test_bochs_says(void)
{
	char version[16];
	struct err e;

	CU_ASSERT(bochs_model_check(models, "ryzen", &e) == 0 && bochs_model_check(models, "corei7_skylake_x", &e) == 0);
	CU_ASSERT(bochs_model_check(models, "corei7_skylake", &e) == -EINVAL && strstr(e.text, "'corei7_skylake_x'?"));
	CU_ASSERT(bochs_model_check(models, "zzz", &e) == -EINVAL && strstr(e.text, "--help cpu"));
	CU_ASSERT(bochs_model_check(models, "quit_sim", &e) == -EINVAL && bochs_model_check(models, "", &e) == -EINVAL);
	CU_ASSERT(bochs_model_check("", "ryzen", &e) == -EIO && bochs_model_check("Supported CPU models:", "x", &e) == -EIO);
	CU_ASSERT(bochs_version(models, version) && !strcmp(version, "2.7"));
	CU_ASSERT(!bochs_version("", version) && !bochs_version("Bochs x86 Emulator ", version));
	CU_ASSERT(!bochs_version("Bochs x86 Emulator 2.72727272727272727272", version));
}

static void test_bochs_image(void)
{
	const size_t n = (size_t)(boot_image_end - boot_image);
	unsigned char *copy = malloc(n);
	struct bochs_image i;
	struct err e;

	CU_ASSERT_FATAL(copy != NULL);
	CU_ASSERT(bochs_image_load(&i, boot_image, n, &e) == 0 && i.n <= n && !memcmp(i.bytes, boot_image, i.n));
	bochs_image_free(&i);
	for (size_t k = 0; k < 4096 && k < n; k++) {
		memcpy(copy, boot_image, k);
		CU_ASSERT(bochs_image_load(&i, copy, k, &e) == -EINVAL && !i.bytes);
	}
	/* Headers that lead elsewhere. */
	for (size_t k = 0; k < 200; k++) {
		memcpy(copy, boot_image, n);
		copy[k] ^= 0xff;
		if (bochs_image_load(&i, copy, n, &e) == 0)
			CU_ASSERT(i.n <= n);
		bochs_image_free(&i);
	}
	free(copy);
}

static size_t file_take(int fd, char *out, size_t size)
{
	ssize_t n = pread(fd, out, size - 1, 0);

	out[n > 0 ? n : 0] = 0;
	return n > 0 ? (size_t)n : 0;
}

static void test_bochs_files(void)
{
	static char text[0x20000 + 1];
	static unsigned char bytes[2 * BOCHS_CHUNK_BYTES + 5];
	const struct bochs_image image = { bytes, sizeof(bytes) };
	const struct bochs_recipe recipe = {
		.model = "ryzen", .bios = "/b", .vga = "/v", .display = "rfb", .plan = "engine=svm", .image = &image,
		.mem_mib = 256,
	};
	struct bochs_files f;
	unsigned char sum = 0;
	char path[32], panic[40];
	struct err e;

	CU_ASSERT_FATAL(bochs_files_make(&f, &recipe, &e) == 0);
	CU_ASSERT(file_take(f.fd[BOCHS_ROM], text, sizeof(text)) == 512);
	for (size_t i = 0; i < 512; i++)
		sum = (unsigned char)(sum + (unsigned char)text[i]);
	CU_ASSERT(sum == 0 && text[0] == 0x55 && (unsigned char)text[1] == 0xaa);
	CU_ASSERT(file_take(f.fd[BOCHS_INFO], text, sizeof(text)) == 120 + strlen("engine=svm") + 1);
	CU_ASSERT_STRING_EQUAL(text + 120, "engine=svm");
	CU_ASSERT(file_take(f.fd[BOCHS_CHUNK + 1], text, sizeof(text)) == BOCHS_CHUNK_BYTES);
	CU_ASSERT(file_take(f.fd[BOCHS_CHUNK + 2], text, sizeof(text)) == 5);
	file_take(f.fd[BOCHS_RC], text, sizeof(text));
	bochs_file_path(&f, BOCHS_CHUNK + 2, path);
	CU_ASSERT(strstr(text, "cpu: model=ryzen,") && strstr(text, path) && strstr(text, "address=0x440000"));
	bochs_log_panic(&f, panic, sizeof(panic));
	CU_ASSERT_STRING_EQUAL(panic, "");
	CU_ASSERT(dprintf(f.fd[BOCHS_LOG], "0p[CPU0 ] >>PANIC<< first\n1p[CPU0 ] >>PANIC<< 3rd (13) exception\x01 with no "
					    "resolution at all\n2i quit\n") > 0);
	bochs_log_panic(&f, panic, sizeof(panic));
	CU_ASSERT_STRING_EQUAL(panic, "3rd (13) exception? with no resolution ");
	bochs_files_close(&f);
	for (unsigned i = 0; i < BOCHS_FILES; i++)
		CU_ASSERT(f.fd[i] == -1);
}

static const struct tap_test tests[] = {
	{ "a boot gives its identity, rows and counters", test_boot },
	{ "the last line ends it; without one the deadline does", test_linger },
	{ "a carrier that ends early, or does not start", test_ends_early },
	{ "a refusal is told with its word", test_refusal },
	{ "what goes astray is not taken", test_astray },
	{ "Bochs's models and its version", test_bochs_says },
	{ "the image for Bochs, whole and damaged", test_bochs_image },
	{ "files for Bochs: ROM, boot information, configuration; its last words", test_bochs_files },
	{ NULL, NULL },
};

int main(void)
{
	return tap_run("image", tests);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "tests/unit/tap.h"

static void test_grow(void)
{
	struct buf b = BUF_INIT;

	CU_ASSERT_STRING_EQUAL(buf_str(&b), "");
	for (int i = 0; i < 10000; i++)
		buf_printf(&b, "%d,", i % 10);
	CU_ASSERT(buf_error(&b) == 0 && b.len == 20000 && b.cap > b.len);
	CU_ASSERT(b.data[b.len] == 0 && b.data[19998] == '9');
	buf_append(&b, "a\0b", 3);
	CU_ASSERT(b.len == 20003 && b.data[20001] == 0 && b.data[20003] == 0);
	buf_clear(&b);
	CU_ASSERT(b.len == 0 && b.cap > 0);
	CU_ASSERT_STRING_EQUAL(buf_str(&b), "");
	buf_free(&b);
	CU_ASSERT(!b.data && b.cap == 0);
}

static void test_sticky(void)
{
	struct buf b = BUF_INIT;

	buf_puts(&b, "kept");
	buf_append(&b, "x", SIZE_MAX);
	CU_ASSERT(buf_error(&b) == -EOVERFLOW);
	buf_puts(&b, "dropped");
	CU_ASSERT_STRING_EQUAL(buf_str(&b), "kept");
	CU_ASSERT(buf_error(&b) == -EOVERFLOW);
	buf_clear(&b);
	CU_ASSERT(buf_error(&b) == 0);
	buf_puts(&b, "new");
	CU_ASSERT_STRING_EQUAL(buf_str(&b), "new");
	buf_free(&b);
}

static void test_err(void)
{
	struct err e = { 0 };
	char wide[1000];

	CU_ASSERT(err_set(&e, EINVAL, "line %d", 3) == -EINVAL);
	CU_ASSERT(e.code == EINVAL && e.line > 0 && strstr(e.file, "common_buf.c"));
	CU_ASSERT_STRING_EQUAL(e.text, "line 3");
	err_prefix(&e, "file %s", "f");
	CU_ASSERT_STRING_EQUAL(e.text, "file f: line 3");
	CU_ASSERT(e.code == EINVAL);
	/* Neither zero nor a sign makes an error read as success. */
	CU_ASSERT(err_set(&e, 0, "nothing") == -EIO);
	CU_ASSERT(err_set(&e, -ENOENT, "gone") == -ENOENT && e.code == ENOENT);
	CU_ASSERT(err_set(NULL, ENOMEM, "no one listens") == -ENOMEM);
	err_prefix(NULL, "no one");
	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = 0;
	err_set(&e, EIO, "%s", wide);
	err_prefix(&e, "%s", wide);
	CU_ASSERT(strlen(e.text) == sizeof(e.text) - 1);
}

static const struct tap_test tests[] = {
	{ "a buffer grows and stays terminated", test_grow },
	{ "its error is sticky", test_sticky },
	{ "an error keeps code, origin and text", test_err },
	{ NULL, NULL }
};

int main(void)
{
	return tap_run("buf", tests);
}

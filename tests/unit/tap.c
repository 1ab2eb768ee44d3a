/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/tap.h"

#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>

#include <stdarg.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEST_SECONDS 300	/* a test that hangs is killed, and so counts as failed */

/* CUnit calls back without a context, so what the handlers share stands here. */
static struct {
	unsigned number;
	bool skipped;
	char reason[200];
} tap;

void tap_skip(const char *fmt, ...)
{
	va_list ap;

	tap.skipped = true;
	va_start(ap, fmt);
	vsnprintf(tap.reason, sizeof(tap.reason), fmt, ap);
	va_end(ap);
}

void tap_note(const char *fmt, ...)
{
	va_list ap;

	fputs("# ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static void on_start(const CU_pTest test, const CU_pSuite suite)
{
	(void)test;
	(void)suite;
	tap.skipped = false;
	fflush(stdout);		/* a test may fork */
	alarm(TEST_SECONDS);
}

static void on_complete(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failed)
{
	alarm(0);
	tap.number++;
	printf("%sok %u - %s: %s", failed ? "not " : "", tap.number, suite->pName, test->pName);
	if (tap.skipped && !failed)
		printf(" # SKIP %s", tap.reason);
	putchar('\n');
	for (CU_pFailureRecord f = failed; f; f = f->pNext)
		printf("# %s:%u: %s\n", f->strFileName ? f->strFileName : "?", f->uiLineNumber,
		       f->strCondition ? f->strCondition : "failed");
	fflush(stdout);
}

static CU_ErrorCode add_tests(const char *name, const struct tap_test *tests)
{
	CU_pSuite suite = CU_add_suite(name, NULL, NULL);

	for (; suite && tests->name; tests++)
		if (!CU_add_test(suite, tests->name, tests->run))
			break;
	return CU_get_error();
}

int tap_run(const char *name, const struct tap_test *tests)
{
	static const int wanted[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
	unsigned n = 0, failed;

	while (tests[n].name)
		n++;
	/* A test run in the background of a script inherits them ignored, and would wait for what never comes. */
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		signal(wanted[i], SIG_DFL);
	printf("1..%u\n", n);
	/* CUE_DUP_TEST is an error too: two tests of one name cannot be told apart. */
	if (CU_initialize_registry() != CUE_SUCCESS || add_tests(name, tests) != CUE_SUCCESS) {
		printf("Bail out! CUnit: %s\n", CU_get_error_msg());
		return EXIT_FAILURE;
	}
	CU_set_test_start_handler(on_start);
	CU_set_test_complete_handler(on_complete);
	CU_set_error_action(CUEA_IGNORE);
	CU_run_all_tests();
	failed = CU_get_number_of_tests_failed();
	CU_cleanup_registry();
	return failed || tap.number != n ? EXIT_FAILURE : EXIT_SUCCESS;
}

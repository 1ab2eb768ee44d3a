/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tap.h - a CUnit suite as a table, printed as TAP. Only tests include this.
 *
 * Tests use CUnit's assertions (CU_ASSERT...); a failed one is told with file, line and condition.
 */
#ifndef VTSCOPE_TESTS_UNIT_TAP_H
#define VTSCOPE_TESTS_UNIT_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include <CUnit/CUnit.h>

struct tap_test {
	const char *name;	/* what holds when it passes: "a short write is an error" */
	void (*run)(void);
};

/*
 * Runs (tests), which ends with .name == NULL, and returns the exit status: 0, or 1 when a test failed.
 * `int main(void) { return tap_run("parse", tests); }`
 */
int tap_run(const char *suite, const struct tap_test *tests);

/* Marks the running test as skipped; the test then returns. Failed assertions still count. */
void tap_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A diagnostic line under the running test. */
void tap_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Stands in for the unit suites where CUnit is missing: each is reported, none is silently absent.
set -eu
suites=$(sed -n 's/^unit_tests += *//p' "${top_srcdir:?}"/tests/unit/*.am)
n=0
for suite in $suites; do
	n=$((n + 1))
	echo "ok $n - $suite # SKIP CUnit is missing: apt-get install libcunit1-dev"
done
echo "1..$n"

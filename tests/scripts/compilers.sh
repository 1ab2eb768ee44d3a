#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Everything, tests included, builds without a warning under gcc and under clang, in builds that are kept.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
. "${top_srcdir:?}/tests/scripts/lib.sh"
skip_in_distcheck
built=0
failed=0

for cc in gcc clang; do
	command -v "$cc" >/dev/null 2>&1 || { echo "$cc is not here"; continue; }
	sub_build "$cc" CC="$cc" CFLAGS=-O2 --enable-werror
	# One after the other: "all" is a make of its own, and the two would build the same files at once.
	if ! { make -s -j2 all && make -s -j2 build-tests; } >log 2>&1; then
		grep -E '(error|warning):' log || tail -n 40 log
		echo "$cc does not build it cleanly"
		failed=1
	fi
	built=$((built + 1))
done
[ "$built" -gt 0 ] || skip "neither gcc nor clang is here"
exit $failed

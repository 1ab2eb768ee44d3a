#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The unit tests under the address and undefined-behaviour sanitizers, in a build of their own that is kept.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
. "${top_srcdir:?}/tests/scripts/lib.sh"
skip_in_distcheck
case "${SAN_CFLAGS:-}" in
*sanitize*) skip "this build has sanitizers itself" ;;
esac
make_scratch
cc=${CC:-cc}

echo 'int main(void) { return 0; }' >"$scratch/try.c"
# CC may hold several words.
# shellcheck disable=SC2086
if ! $cc -fsanitize=address,undefined "$scratch/try.c" -o "$scratch/try" 2>"$scratch/log" || ! "$scratch/try"; then
	skip "$cc cannot link with sanitizers: $(head -n 1 "$scratch/log")"
fi

sub_build sanitize CC="$cc" CFLAGS='-O1 -g' --enable-asan --enable-ubsan
make -s -j2 all >"$scratch/log" 2>&1 || { tail -n 40 "$scratch/log"; echo "the build with sanitizers failed"; exit 1; }

# The guest has no C library, so nothing of a sanitizer may be in it.
while IFS= read -r object; do
	if nm "$object" 2>/dev/null | grep -qE '__(asan|ubsan)_'; then
		echo "$object was built with sanitizers"
		exit 1
	fi
done < <(find bench tests -name '*.gobj' -o -name '*.elf')

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
# Only the unit suites: not this script again.
# shellcheck disable=SC2016
if ! timeout -k 10 900 make -s -j2 check TESTS='$(unit_tests)' >"$scratch/log" 2>&1; then
	tail -n 20 "$scratch/log"
	cat test-suite.log 2>/dev/null
	exit 1
fi
grep -E '^# (TOTAL|PASS|SKIP|FAIL|ERROR)' "$scratch/log"

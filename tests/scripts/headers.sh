#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each header compiles on its own, may be included twice, and says first what it is for.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
. "${top_srcdir:?}/tests/scripts/lib.sh"
failed=0
count=0

cd "$top_srcdir"
while IFS= read -r header; do
	count=$((count + 1))
	mode=()
	case $header in
	bench/guest/* | bench/root/* | minivmm/monitor/* | minivmm/guest_abi.h | minivmm/long_mode.h | minivmm/cpu.h | bench/op_flags.h) mode=(-ffreestanding -nostdlib) ;;
	esac
	# CC and LIB_CFLAGS hold several words.
	# shellcheck disable=SC2086
	printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
		${CC:-cc} -std=gnu11 -D_GNU_SOURCE -fsyntax-only -Wall -Wextra -Wstrict-prototypes -Werror \
			"${mode[@]}" -I"$top_srcdir" -I"${top_builddir:?}" ${LIB_CFLAGS:-} -x c - || {
		echo "$header does not stand on its own"
		failed=1
	}
	if ! head -n 4 "$header" | grep -qF "* $(basename "$header") - "; then
		echo "$header does not open with '* $(basename "$header") - what it is for'"
		failed=1
	fi
done < <(find "${folders[@]}" tests/unit -name '*.h' | sort)
echo "$count headers"
[ "$count" -gt 10 ] || failed=1
exit $failed

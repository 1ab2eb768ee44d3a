#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All shell scripts are clean under shellcheck.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
. "${top_srcdir:?}/tests/scripts/lib.sh"
command -v shellcheck >/dev/null 2>&1 || skip "shellcheck is missing: apt-get install shellcheck"

cd "$top_srcdir"
mapfile -t scripts < <(find setup .ci tests doc examples -type f \
	\( -name setup -o -name run -o -name '*.sh' -o -name '*.bats' -o -name '*.bash' -o -name no-cunit.t \) | sort)
[ "${#scripts[@]}" -gt 5 ] || { echo "found next to no scripts: looking in the wrong place"; exit 1; }
shellcheck --external-sources "${scripts[@]}"
echo "${#scripts[@]} scripts"

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every register dump of a corpus of real processors: what vtscope reads of it is what stands in it, and quickly.
set -euo pipefail
[ -n "${PYTHON3:-}" ] || { echo "skipped: no python3"; exit 77; }
corpus=${VTSCOPE_CORPUS:-}/cpuid
[ -d "$corpus" ] || { echo "skipped: no corpus of CPUID dumps (VTSCOPE_CORPUS)"; exit 77; }

mapfile -t dumps < <(find "$corpus" -name '*.test' | sort)
"${VTSCOPE:?}" probe --format json --all --from "${dumps[@]}" | "$PYTHON3" "${top_srcdir:?}/tests/machines/corpus.py" "${dumps[@]}"
"$VTSCOPE" probe --format json --all --from "${dumps[@]}" |
	"$PYTHON3" "$top_srcdir/tests/machines/check.py" "$top_srcdir/doc/schema/probe.schema.json"

# A thousand in one call, without a look at each but that it is there.
many=()
while [ ${#many[@]} -lt 1000 ]; do
	many+=("${dumps[@]}")
done
start=$(date +%s%N)
count=$("$VTSCOPE" probe --format json --from "${many[@]:0:1000}" | wc -l)
ms=$((($(date +%s%N) - start) / 1000000))
[ "$count" -eq 1000 ] || { echo "$count documents of 1000 dumps"; exit 1; }
echo "1000 dumps in $ms ms"
[ "$ms" -lt 5000 ] || { echo "more than 5 s"; exit 1; }

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ACPI tables, own ones and those of a corpus of real machines, whole and damaged: what vtscope finds in them is what a walk
# of the bytes in another language finds, and what iasl finds as far as it gets.
set -euo pipefail
[ -n "${PYTHON3:-}" ] || { echo "skipped: no python3"; exit 77; }
tools=$(cd "${top_srcdir:?}/tests/machines" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/vtscope-tables.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/own" "$scratch/damaged"

# usage: walk FILE... : their documents stay in $scratch/documents.
walk() {
	"${VTSCOPE:?}" probe --format json --from "$@" >"$scratch/documents"
	"$PYTHON3" "$tools/tables.py" "$@" <"$scratch/documents"
	"$PYTHON3" "$tools/check.py" "$tools/../../doc/schema/probe.schema.json" <"$scratch/documents"
}

"$PYTHON3" "$tools/tables.py" --extract "$scratch/own" "$tools"/*.snap
tables=("$scratch"/own/*)
walk "${tables[@]}"
if [ -d "${VTSCOPE_CORPUS:-}/acpi" ]; then
	mapfile -t real < <(find "$VTSCOPE_CORPUS/acpi" -name '*.dmar' -o -name '*.ivrs' | sort)
	walk "${real[@]}"
	! command -v iasl >/dev/null || "$PYTHON3" "$tools/tables.py" --iasl "${real[@]}" <"$scratch/documents"
	tables+=("${real[@]}")
fi
"$PYTHON3" "$tools/tables.py" --mutate 2000 "$scratch/damaged" "${tables[@]}"
walk "$scratch"/damaged/*

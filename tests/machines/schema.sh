#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The JSON of every recorded machine, and of this one, is what doc/schema/probe.schema.json says.
set -euo pipefail
[ -n "${PYTHON3:-}" ] || { echo "skipped: no python3 with jsonschema"; exit 77; }

cd "${top_srcdir:?}/tests/machines"
validate() {
	"$PYTHON3" check.py ../../doc/schema/probe.schema.json
}

"${VTSCOPE:?}" probe --format json --all --from ./*.snap ./*.dump ./*.dat ./*.root | validate

# Several documents are a line each; one is indented. Its status is the verdict's, whatever this machine is.
status=0
live=$("$VTSCOPE" probe --format json --all) || status=$?
tr '\n' ' ' <<<"$live" | validate
grep -q "\"exit\": $status," <<<"$live" || { echo "exit status $status is not the verdict's"; exit 1; }

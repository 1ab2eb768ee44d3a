#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Gives snapshots that were edited by hand their end line: seal.sh FILE.snap...
set -euo pipefail
scratch=$(mktemp "${TMPDIR:-/tmp}/vtscope-seal.XXXXXX")
trap 'rm -f "$scratch"' EXIT

for snap in "$@"; do
	grep -v '^end ' "$snap" >"$scratch"
	records=$(($(wc -l <"$scratch") - 1))
	# gzip ends with the CRC-32 of what went in, little-endian, and its length.
	crc=$(gzip -c <"$scratch" | tail -c 8 | od -An -tx4 -N4 --endian=little | tr -d ' ')
	echo "end $records $crc" >>"$scratch"
	cmp -s "$scratch" "$snap" || cat "$scratch" >"$snap"
done

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Dependencies point one way (doc/architecture.md); and this script notices when they do not.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
. "${top_srcdir:?}/tests/scripts/lib.sh"
make_scratch

includes() {
	(cd "$1" && find "${folders[@]}" -type f \( -name '*.[chS]' -o -name '*.def' \) -print0 |
		xargs -0 grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"')
}

# The includes of a tree that has this one only.
plant() {
	local tree=$scratch/tree folder
	rm -rf "$tree"
	for folder in "${folders[@]}"; do mkdir -p "$tree/$folder"; done
	mkdir -p "$tree/$(dirname "$1")"
	printf '#include "%s"\n' "$2" >"$tree/$1"
	includes "$tree"
}

judge() {
	awk -f "$top_srcdir/tests/scripts/layering.awk"
}

includes "$top_srcdir" >"$scratch/includes"
[ "$(wc -l <"$scratch/includes")" -gt 50 ] || { echo "found next to no includes: looking in the wrong place"; exit 1; }
judge <"$scratch/includes" || { echo "the includes above break the dependency rule"; exit 1; }

# One wrong arrow each, and every one must be seen.
while read -r file header; do
	if plant "$file" "$header" | judge >/dev/null; then
		echo "not noticed: $file includes $header"
		exit 1
	fi
done <<'PLANTED'
common/x.c arch/x86/facts.h
arch/x86/x.c probe/snapshot.h
probe/x.c minivmm/engine.h
minivmm/x.c bench/op.h
minivmm/x.c probe/collect.h
minivmm/kvm/x.c probe/snapshot_private.h
bench/x.c report/report.h
bench/x.c probe/collect.h
report/x.c cli/cmd.h
report/x.c bench/run.h
report/x.c bench/plan.h
cli/x.c probe/snapshot_private.h
cli/x.c tests/unit/tap.h
cli/x.c cmd.h
bench/guest/x.c common/buf.h
bench/guest/x.S minivmm/engine.h
bench/guest/x.c bench/op.h
cli/x.c bench/guest/x.h
minivmm/monitor/x.c minivmm/engine.h
minivmm/monitor/x.c bench/root/x.h
minivmm/monitor/boot/x.c bench/ops.def
bench/root/x.c minivmm/monitor/x_private.h
bench/root/x.c minivmm/monitor/boot/x.h
bench/guest/x.c bench/root/x.h
PLANTED

# And these are right.
while read -r file header; do
	plant "$file" "$header" | judge || { echo "wrongly refused: $file includes $header"; exit 1; }
done <<'ALLOWED'
minivmm/x.c probe/verdict.h
report/x.c bench/result.h
bench/guest/x.c minivmm/guest_abi.h
bench/guest/x.S arch/x86/msr.def
bench/root/x.c minivmm/monitor/monitor.h
bench/root/x.c bench/guest/runner.h
bench/root/x.c bench/ops_vmx.def
minivmm/monitor/x.c arch/x86/vmcs.def
cli/x.c probe/collect.h
cli/x.c config.h
ALLOWED

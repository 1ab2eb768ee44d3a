#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One measurement of a pipeline against those before it: what github.yml, gitlab-ci.yml and Jenkinsfile call.
#
#   vtscope-ci.sh measure OUT        bench into OUT/result.json, a report beside it
#   vtscope-ci.sh compare OUT DB     against the baseline in DB, runs of machines like this one (hardware.fingerprint)
#   vtscope-ci.sh keep OUT DB        OUT/result.json joins the baseline (on the main branch)
#   vtscope-ci.sh ab OUT             two sides in one session: AB="--a '...' --b '...' --op ..."
#
# DB is a file that the pipeline keeps, or postgresql://... for machines that share one.
# Status: 0 fine, 3 a regression that a second measurement confirmed, 4 what worked before fails now (of ab: what works in A,
# or what cannot be compared; with --strict also what is not known well enough), 77 nothing can be measured here (a skip),
# 1 and 2 something is wrong. OUT/summary.md says it for people, OUT/compare.xml as JUnit.
set -eu

VTSCOPE=${VTSCOPE:-vtscope}
# Words of a shell, quotes count. What is measured; from which change on it matters; the two sides of ab.
BENCH=${BENCH:---launches 10 --time 120}
COMPARE=${COMPARE:---threshold 10}
AB=${AB:-}
NAME=${NAME:-main}

usage() {
	sed -n '3,15s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

say() {
	echo "$*" >>"$out/summary.md"
	echo "vtscope-ci: $*" >&2
}

skip() {
	rm -f "$out/result.json"	# which says why, but has no number to keep
	say "vtscope: skipped, nothing of this can be measured on this runner."
	"$VTSCOPE" >>"$out/summary.md" 2>&1 || true
	exit 77
}

# Into the file (1).
bench() {
	file=$1
	eval "set -- $BENCH"
	"$VTSCOPE" bench -q "$@" -o "$file"
}

measure() {
	: >"$out/summary.md"
	status=0
	bench "$out/result.json" || status=$?
	[ "$status" -ne 77 ] || skip
	[ "$status" -eq 0 ] || exit "$status"
	# A runner without gnuplot still has its numbers.
	"$VTSCOPE" report "$out/result.json" -o "$out/report.html" || true
}

# The result (1) against the baseline; its documents in OUT.
check() {
	result=$1
	status=0
	rm -f "$out"/compare.*
	eval "set -- $COMPARE"
	"$VTSCOPE" baseline check "$NAME" "$result" --db "$db" "$@" -o "$out/compare.md" || status=$?
	# Without a baseline there is none.
	if [ -s "$out/compare.md" ]; then
		"$VTSCOPE" baseline check "$NAME" "$result" --db "$db" "$@" -o "$out/compare.xml" || true
		"$VTSCOPE" baseline check "$NAME" "$result" --db "$db" "$@" -o "$out/compare.json" || true
	fi
	return "$status"
}

# Status 4 has reasons that are no fault of what is measured, and others that are: only the first end well.
incomparable() {
	if [ ! -s "$out/compare.json" ]; then
		say "vtscope: no baseline of a machine like this one yet."
		status=0
	elif grep -q '"key": "failed"' "$out/compare.json"; then
		say "**vtscope: what worked in the baseline fails now.**"
	elif grep -q '"word": "inconclusive"' "$out/compare.json" && ! grep -q '"word": "incomparable"' "$out/compare.json"; then
		say "**vtscope: not known well enough (--strict).**"
	else
		say "vtscope: the baseline cannot be compared with all of this."
		status=0
	fi
}

compare() {
	[ -s "$out/result.json" ] || skip
	case $db in
	*://*) ;;
	*) [ -e "$db" ] || { say "vtscope: the first run here, nothing to compare with yet."; exit 0; } ;;
	esac
	status=0
	check "$out/result.json" || status=$?
	if [ "$status" -eq 3 ]; then
		echo "vtscope-ci: a regression? measuring once more" >&2
		bench "$out/again.json"
		status=0
		check "$out/again.json" || status=$?
		if [ "$status" -eq 3 ]; then
			say "**vtscope: a regression, in two measurements.**"
		elif [ "$status" -eq 0 ]; then
			say "vtscope: a regression in the first measurement, none in the second: not counted."
		fi
	fi
	[ "$status" -ne 4 ] || incomparable
	[ ! -s "$out/compare.md" ] || { echo; cat "$out/compare.md"; } >>"$out/summary.md"
	exit "$status"
}

keep() {
	[ -s "$out/result.json" ] || exit 0
	"$VTSCOPE" baseline save "$NAME" "$out/result.json" --db "$db" --add
}

ab() {
	[ -n "$AB" ] || usage
	status=0
	: >"$out/summary.md"
	eval "set -- $AB"
	"$VTSCOPE" ab "$@" --keep "$out/ab" -o "$out/compare.md" || status=$?
	[ "$status" -ne 77 ] || skip
	[ ! -s "$out/compare.md" ] || cat "$out/compare.md" >>"$out/summary.md"
	exit "$status"
}

[ $# -ge 2 ] || usage
out=$2
db=${3:-}
mkdir -p "$out"
case $db in
'' | *://*) ;;
*) mkdir -p "$(dirname "$db")" ;;
esac
case $1 in
measure | ab) "$1" ;;
compare | keep) [ -n "$db" ] || usage; "$1" ;;
*) usage ;;
esac

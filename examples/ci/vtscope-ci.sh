#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One measurement of a pipeline against those before it: what github.yml, gitlab-ci.yml and Jenkinsfile call.
#
#   vtscope-ci.sh measure OUT        bench into OUT/result.json, a report beside it
#   vtscope-ci.sh compare OUT DB     against the baseline in DB, runs of machines like this one (hardware.fingerprint)
#   vtscope-ci.sh keep OUT DB        OUT/result.json joins the baseline (on the main branch), unless rows failed or are missing
#   vtscope-ci.sh accept OUT DB      OUT/result.json is the baseline from now on, whatever it says: a change that is meant
#   vtscope-ci.sh ab OUT             two sides in one session: AB="--a '...' --b '...' --op ..."
#
# DB is a file that the pipeline keeps, or postgresql://... for machines that share one.
# Status: 0 fine, 3 a regression that a second measurement confirmed, 4 what worked before fails now or was not measured
# again (of ab: what works in A, or what cannot be compared; with --strict also what is not known well enough), 77 nothing can
# be measured here (a skip), 1 and 2 something is wrong, 130 interrupted.
# OUT/summary.md says it for people, OUT/compare.xml as JUnit.
set -eu

VTSCOPE=${VTSCOPE:-vtscope}
# Words of a shell, quotes count. What is measured; from which change on it matters; the two sides of ab.
BENCH=${BENCH:---launches 10 --time 120}
COMPARE=${COMPARE:---threshold 10}
AB=${AB:-}
NAME=${NAME:-main}

usage() {
	sed -n '3,17s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

say() {
	echo "$*" >>"$out/summary.md"
	echo "vtscope-ci: $*" >&2
}

# Nothing of an earlier measurement may be taken for this one's.
clean() {
	rm -f "$out"/result.json "$out"/again.json "$out"/skipped.json "$out"/keep.json "$out"/compare.* "$out"/ab-?.json \
		"$out"/report.html
	: >"$out/summary.md"
}

# Runs vtscope. What it says (rows that were skipped or failed, and why) goes into the summary as well.
told() {
	status=0
	"$VTSCOPE" "$@" 2>"$out/said.txt" || status=$?
	cat "$out/said.txt" >&2
	[ ! -s "$out/said.txt" ] || { echo; echo '```'; cat "$out/said.txt"; echo '```'; echo; } >>"$out/summary.md"
	rm -f "$out/said.txt"
	return "$status"
}

skip() {
	# It has no number to keep, but each row's reason.
	[ ! -e "$out/result.json" ] || mv "$out/result.json" "$out/skipped.json"
	say "vtscope: skipped, nothing of this can be measured on this runner."
	"$VTSCOPE" >>"$out/summary.md" 2>&1 || true
	exit 77
}

# Into the file (1).
bench() {
	file=$1
	eval "set -- $BENCH"
	told bench "$@" -o "$file"
}

measure() {
	clean
	status=0
	bench "$out/result.json" || status=$?
	[ "$status" -ne 77 ] || skip
	[ "$status" -eq 0 ] || { say "**vtscope: the measurement failed, status $status.**"; exit "$status"; }
	# A runner without gnuplot still has its numbers.
	"$VTSCOPE" report "$out/result.json" -o "$out/report.html" || true
}

# Is there a measurement?
measured() {
	[ ! -s "$out/skipped.json" ] || exit 77
	[ -s "$out/result.json" ] || { echo "vtscope-ci: no $out/result.json; 'vtscope-ci.sh measure $out' comes first" >&2; exit 1; }
}

# The result (1) against the baseline, into the file (2).
against() {
	result=$1
	file=$2
	eval "set -- $COMPARE"
	"$VTSCOPE" baseline check "$NAME" "$result" --db "$db" "$@" -o "$file"
}

# The result (1) against the baseline; its documents in OUT.
check() {
	status=0
	rm -f "$out"/compare.*
	against "$1" "$out/compare.json" || status=$?
	# Without a baseline there is none.
	if [ -s "$out/compare.json" ]; then
		against "$1" "$out/compare.md" || true
		against "$1" "$out/compare.xml" || true
	fi
	return "$status"
}

# Is there no run of the baseline on machines like this one? Where the store has other names only, NAME is a mistake.
first() {
	machine=$(sed -n 's/.*"fingerprint": *"\([0-9a-f]*\)".*/\1/p' "$out/result.json" | head -n1)
	names=$("$VTSCOPE" baseline list --db "$db" --format json 2>/dev/null | tr -d '\n')
	case $names in
	*"\"name\": \"$NAME\""*) ! echo "$names" | grep -q "\"name\": \"$NAME\"[^}]*\"fingerprint\": \"$machine\"" ;;
	*'"name"'*)
		say "**vtscope: no baseline is called '$NAME', others are there. 'vtscope-ci.sh accept' starts a new one.**"
		exit 2
		;;
	esac
}

# Status 4 has reasons that are no fault of what is measured, and others that are: only the first end well.
incomparable() {
	if first; then
		say "vtscope: no baseline of a machine like this one yet."
		status=0
	elif grep -q '"key": "failed"' "$out/compare.json"; then
		say "**vtscope: what worked in the baseline fails now.**"
	elif echo " $COMPARE " | grep -q -e ' --strict '; then
		say "**vtscope: not all of the baseline is known well enough now (--strict).**"
	else
		say "vtscope: the baseline cannot be compared with all of this."
		status=0
	fi
}

# Rows of the baseline that the last check knows nothing of.
unknown() {
	grep -c -e '"in": "a"' -e '"word": "incomparable"' "$out/compare.json" || true
}

# Rows that the last check calls a regression, one a line.
regressions() {
	awk -F '"' '$2 ~ /^(op|engine|via|measure)$/ { is[$2] = $4 }
		/"word": "regression"/ { print is["op"], is["engine"], is["via"], is["measure"] }' "$out/compare.json"
}

# A regression counts when a second measurement shows that of the same row; one that says nothing of it acquits nobody.
again() {
	echo "vtscope-ci: a regression? measuring once more" >&2
	before=$(unknown)
	rows=$(regressions)
	status=0
	bench "$out/again.json" || status=$?
	if [ "$status" -ne 0 ]; then
		say "**vtscope: a regression, and a second measurement failed, status $status.**"
		status=4
		return
	fi
	check "$out/again.json" || status=$?
	if regressions | grep -qxF "$rows"; then
		say "**vtscope: a regression, in two measurements.**"
	elif [ "$(unknown)" -gt "$before" ]; then
		say "**vtscope: a regression in the first measurement, and the second has fewer rows.**"
		status=4
	elif [ "$status" -eq 4 ]; then
		incomparable
	elif [ "$status" -eq 3 ]; then
		say "vtscope: regressions in both measurements, none of them in both: not counted."
		status=0
	elif [ "$status" -eq 0 ]; then
		say "vtscope: a regression in the first measurement, none in the second: not counted."
	fi
}

compare() {
	measured
	status=0
	check "$out/result.json" || status=$?
	case $status in
	3) again ;;
	4) incomparable ;;
	esac
	[ ! -s "$out/compare.md" ] || { echo; cat "$out/compare.md"; } >>"$out/summary.md"
	exit "$status"
}

# On its own the baseline only grows by runs that have all that it has, and begins with one in which nothing failed.
keep() {
	measured
	status=0
	against "$out/result.json" "$out/keep.json" || status=$?
	case $status in
	0 | 3 | 4) ;;
	*) exit "$status" ;;
	esac
	if first; then
		if ! grep -q '"failed": \[\]' "$out/result.json"; then
			say "**vtscope: not kept as the first run, rows failed: exclude them in BENCH, or 'vtscope-ci.sh accept'.**"
			exit 4
		fi
	elif grep -q -e '"in": "a"' -e '"key": "failed"' "$out/keep.json"; then
		say "vtscope: not added to the baseline, which has rows that are missing here; if that is meant, 'vtscope-ci.sh accept'."
		exit 0
	fi
	"$VTSCOPE" baseline save "$NAME" "$out/result.json" --db "$db" --add
}

accept() {
	measured
	check "$out/result.json" || true
	"$VTSCOPE" baseline save "$NAME" "$out/result.json" --db "$db"
	say "vtscope: the baseline of machines like this one begins with this run."
	[ ! -s "$out/compare.md" ] || { echo; cat "$out/compare.md"; } >>"$out/summary.md"
}

ab() {
	[ -n "$AB" ] || usage
	clean
	status=0
	eval "set -- $AB"
	told ab "$@" --keep "$out/ab" -o "$out/compare.md" || status=$?
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
compare | keep | accept) [ -n "$db" ] || usage; "$1" ;;
*) usage ;;
esac

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGINT at any moment: ended in good time, nothing left behind.

load lib

# Runs a verb and interrupts it after (1) seconds. A shell's background jobs ignore SIGINT: undone.
interrupted() {
	local after=$1
	shift
	status=0
	env --default-signal=INT timeout --preserve-status -k 20 -s INT "$after" "$VTSCOPE" "$@" || status=$?
	echo "# after $after s: $* = $status"
}

setup() {
	mkdir "$BATS_TEST_TMPDIR/d"
	cd "$BATS_TEST_TMPDIR/d" || return
	export TMPDIR=$BATS_TEST_TMPDIR/d
}

# Nothing but the files named is here, and no process of ours is left.
only() {
	local more
	more=$(find . -mindepth 1 -printf '%P\n' | grep -vxF "$(printf '%s\n' "$@")" || true)
	[ -z "$more" ]
}

@test "probe, interrupted, leaves no file half written" {
	for after in 0.003 0.01 0.03 0.1 0.3; do
		interrupted "$after" probe --save m.snap -o out.json >/dev/null
		[ "$status" -eq 130 ] || [ "$status" -lt 20 ]
		only m.snap out.json
		[ ! -e m.snap ] || [[ $(tail -n1 m.snap) == "end "* ]]
		rm -f m.snap out.json
	done
}

@test "bench, interrupted, saves what it measured as a valid document that says so" {
	for after in 0.5 2 6; do
		interrupted "$after" bench --quick -q -o r.json
		only r.json
		# Where few engines work it may be done before.
		[ "$status" -eq 130 ] || { [ "$after" != 0.5 ] && [ "$status" -eq 0 ]; }
		[ ! -e r.json ] || {
			[ "$status" -eq 0 ] || grep -q '"interrupted": *true' r.json
			"$VTSCOPE" report r.json -o r.md -q
			validate r.json result
		}
		rm -f r.json r.md
	done
}

@test "bench, interrupted before it could measure, still ends at once" {
	interrupted 0.01 bench --quick -q -o r.json
	[ "$status" -eq 130 ]
	only r.json
}

@test "report, interrupted, leaves no file half written" {
	"$VTSCOPE" bench --engine native --op 'cpu.*' --quick -q -o r.json
	for after in 0.003 0.03 0.1 0.3; do
		interrupted "$after" report r.json -o r.html
		[ "$status" -eq 130 ] || [ "$status" -eq 0 ]
		only r.json r.html
		[ ! -e r.html ] || [[ $(tail -n1 r.html) == *"</html>"* ]]
		rm -f r.html
	done
}

@test "waiting for a pipe's other end, interrupted, ends with 130" {
	mkfifo pipe
	SECONDS=0
	for verb in "report pipe" "probe --from pipe"; do
		# shellcheck disable=SC2086
		interrupted 0.5 $verb
		[ "$status" -eq 130 ]
	done
	interrupted 0.5 report - <>pipe
	[ "$status" -eq 130 ]
	interrupted 0.5 probe --from - <>pipe
	[ "$status" -eq 130 ]
	interrupted 3 probe --no-run -q -o pipe
	[ "$status" -eq 130 ]
	[ "$SECONDS" -lt 20 ]
	only pipe
}

@test "bench, interrupted while nobody reads its pipe, ends with 130 and keeps the result" {
	mkfifo pipe
	env --default-signal=INT "$VTSCOPE" bench --quick -q --engine native --op cpu.alu.u -o pipe 2>told &
	bench=$!
	for _ in {1..30}; do
		sleep 1
		kill -INT $bench 2>/dev/null || break
	done
	status=0
	wait $bench || status=$?
	[ "$status" -eq 130 ]
	grep -q "the result is in $PWD/vtscope-" told
	[ "$(find . -name 'vtscope-*.json' | wc -l)" -eq 1 ]
}

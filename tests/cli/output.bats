#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Data goes out whole or it is an error.
# Every test is a subshell of its own, on purpose.
# shellcheck disable=SC2030,SC2031,SC2154 # stderr_lines: bats sets it

load lib

# A small result, made once for all tests of this file.
setup_file() {
	export RESULT=$BATS_FILE_TMPDIR/result.json
	"$VTSCOPE" bench --engine native --op cpu.alu.u --quick -q -o "$RESULT"
}

# Command lines of every verb that write to stdout and need no hardware.
outputs() {
	cat <<-END
		--help
		--version
		list ops
		list ops --format json
		help
		-q
		probe --no-run
		probe --no-run --format json
		probe --explain kvm.device
		probe --no-run --save -
		bench --dry-run
		bench --engine native --op cpu.alu.u --quick
		bench --engine native --op cpu.alu.u --quick -o -
		report $RESULT
		report $RESULT --format html
		report $RESULT --format md
	END
}

@test "a full disk behind stdout is an error, whatever is written" {
	[ -c /dev/full ] || skip "no /dev/full"
	while read -r line; do
		status=0
		# shellcheck disable=SC2086
		stderr=$("$VTSCOPE" $line 2>&1 >/dev/full) || status=$?
		echo "# $line: $status, $stderr"
		says 1 "No space left on device"
	done < <(outputs)
}

@test "a closed pipe behind stdout is an error, whatever is written" {
	while read -r line; do
		exec {closed}> >(exit 0)
		# A shell that has seen its end already knows no such child.
		wait $! || true
		status=0
		# shellcheck disable=SC2086
		stderr=$("$VTSCOPE" $line 2>&1 >&"$closed") || status=$?
		exec {closed}>&-
		echo "# $line: $status, $stderr"
		says 1 "Broken pipe"
	done < <(outputs)
}

@test "a stdout that is not open is an error" {
	status=0
	stderr=$("$VTSCOPE" list ops 2>&1 >&-) || status=$?
	says 1 "Bad file descriptor"
}

@test "-o writes the file whole, - is stdout" {
	mkdir "$BATS_TEST_TMPDIR/d"
	"$VTSCOPE" list ops -o "$BATS_TEST_TMPDIR/d/ops"
	[ "$("$VTSCOPE" list ops -o -)" = "$(cat "$BATS_TEST_TMPDIR/d/ops")" ]
	[ "$(ls -A "$BATS_TEST_TMPDIR/d")" = ops ]
}

@test "-o picks the format by extension" {
	"$VTSCOPE" list ops -o "$BATS_TEST_TMPDIR/ops.json"
	[[ $(head -c1 "$BATS_TEST_TMPDIR/ops.json") == "{" ]]
}

@test "-o with an extension that the verb does not write is a mistake, of every verb, unless --format says what it is" {
	cd "$BATS_TEST_TMPDIR" || return 1
	while read -r ext line; do
		# shellcheck disable=SC2086
		run --separate-stderr "$VTSCOPE" $line -o "x.$ext"
		echo "# $line -o x.$ext: $status, $stderr"
		[ "$status" -eq 2 ]
		[[ $stderr == "vtscope: "* ]]
		[ ! -e "x.$ext" ]
	done <<-END
		html compare $RESULT $RESULT
		htm compare $RESULT $RESULT
		html ab --a= --b= --op cpu.alu.u
		md doctor
		html doctor
		csv baseline list
		md baseline show main
		csv baseline check main $RESULT
		md list ops
		md probe --no-run
		json -q
		html bench --op cpu.alu.u
		html import /dev/null
		bin image
		doc report $RESULT
		doc export $RESULT
	END
	run -2 --separate-stderr "$VTSCOPE" list ops -o ops.md
	[[ ${stderr_lines[0]} == "vtscope: ops.md: list writes .txt and .json; --format says which under another name" ]]
	"$VTSCOPE" list ops --format json -o ops.md
	[[ $(head -c1 ops.md) == "{" ]]
	for name in ops ops.txt .ops v1.0/ops; do
		mkdir -p v1.0
		"$VTSCOPE" list ops -o "$name"
		[ -s "$name" ]
	done
}

@test "-o into a folder that does not exist is an error, of every verb" {
	for verb in -q "probe --no-run" "bench --quick" "report $RESULT --format html" "list ops"; do
		# shellcheck disable=SC2086
		run --separate-stderr timeout 30 "$VTSCOPE" $verb -o "$BATS_TEST_TMPDIR/none/file"
		echo "# $verb: $status, $stderr"
		says 1 "$BATS_TEST_TMPDIR/none/file"
		[ -z "$output" ]
	done
}

@test "-o onto a folder is an error" {
	run --separate-stderr "$VTSCOPE" list ops -o "$BATS_TEST_TMPDIR"
	says 1 "$BATS_TEST_TMPDIR"
}

@test "-o leaves the old file alone when the new one finds no room" {
	mkdir "$BATS_TEST_TMPDIR/d"
	echo old >"$BATS_TEST_TMPDIR/d/f"
	status=0
	stderr=$(ulimit -f 1; "$VTSCOPE" list ops --format json -o "$BATS_TEST_TMPDIR/d/f" 2>&1) || status=$?
	says 1 "File too large"
	[ "$(cat "$BATS_TEST_TMPDIR/d/f")" = old ]
	[ "$(ls -A "$BATS_TEST_TMPDIR/d")" = f ]
}

colours() {
	[[ $1 == *$'\e['* ]]
}

plain() {
	[[ -n $1 && $1 != *$'\e['* ]]
}

@test "colour: --color over NO_COLOR over CLICOLOR_FORCE over the terminal" {
	unset NO_COLOR CLICOLOR_FORCE
	p=("$VTSCOPE" probe --no-run)
	plain "$("${p[@]}")"
	colours "$("${p[@]}" --color=always)"
	colours "$(CLICOLOR_FORCE=1 "${p[@]}")"
	plain "$(CLICOLOR_FORCE=0 "${p[@]}")"
	plain "$(CLICOLOR_FORCE=1 NO_COLOR=1 "${p[@]}")"
	colours "$(NO_COLOR=1 "${p[@]}" --color=always)"
	plain "$(CLICOLOR_FORCE=1 "${p[@]}" --color=never)"
}

@test "colour: on a terminal, not with NO_COLOR or TERM=dumb there" {
	unset NO_COLOR CLICOLOR_FORCE
	need_terminal
	colours "$(on_terminal "$VTSCOPE" probe --no-run)"
	plain "$(NO_COLOR=1 on_terminal "$VTSCOPE" probe --no-run)"
	plain "$(on_terminal "TERM=dumb $VTSCOPE" probe --no-run)"
}

@test "progress is drawn on a terminal only, not with -q, not with CI=true" {
	need_terminal
	unset CI
	b="$VTSCOPE bench --engine native --op cpu.alu.u --quick -o $BATS_TEST_TMPDIR/r.json"
	[[ $(on_terminal "$b") == *ETA* ]]
	[[ $(on_terminal "$b -q") != *ETA* ]]
	[[ $(CI=true on_terminal "$b") != *ETA* ]]
	[[ $($b 2>&1) != *ETA* ]]
}

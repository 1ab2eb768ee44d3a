#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The command around the report: formats, files, faults.
# shellcheck disable=SC2154,SC2016

bats_require_minimum_version 1.5.0

setup() {
	fixture=$top_builddir/tests/unit/report-fixture
	result=$BATS_TEST_TMPDIR/rich.json
	"$fixture" rich >"$result"
	cd "$BATS_TEST_TMPDIR" || return 1
}

need_gnuplot() {
	command -v gnuplot >/dev/null || skip "gnuplot is not installed"
}

# One line, beginning "vtscope: ", with (2) in it, and status (1).
says() {
	[ "$status" -eq "$1" ]
	[[ $stderr == "vtscope: "* ]]
	[[ $stderr == *"$2"* ]]
	[ "$(grep -c . <<<"$stderr")" -eq 1 ]
}

@test "report: text on standard output is the default" {
	run -0 --separate-stderr "$VTSCOPE" report "$result"
	[[ $output == *"KVM works on this machine, without hardware VT."* ]]
	[[ $output == *"26,800"* ]]
	[ -z "$stderr" ]
}

@test "report: the extension of -o picks the format" {
	need_gnuplot
	for f in html md png svg pdf txt; do
		run -0 --separate-stderr "$VTSCOPE" report "$result" -o "out.$f"
		[ -z "$stderr" ]
		[ -s "out.$f" ]
	done
	[ "$(head -c 15 out.html)" = "<!DOCTYPE html>" ]
	[ "$(head -c 4 out.pdf)" = "%PDF" ]
	[ "$(head -c 5 out.svg)" = "<?xml" ]
	[ "$(head -c 2 out.md)" = "# " ]
	xmllint --version 2>/dev/null || return 0
	xmllint --noout out.svg
}

@test "report: --format goes before the extension, and - is standard output" {
	"$VTSCOPE" report "$result" --format md -o - >out
	[ "$(head -c 2 out)" = "# " ]
	"$VTSCOPE" report "$result" --format md -o out.html
	[ "$(head -c 2 out.html)" = "# " ]
}

@test "report: standard input, and a report is read like the result in it" {
	"$VTSCOPE" report - --format html -o one.html <"$result"
	"$VTSCOPE" report one.html --format md -o from-html.md
	"$VTSCOPE" report "$result" -o from-json.md
	cmp from-html.md from-json.md
}

@test "report: --keep-script keeps what draws the same pictures again" {
	need_gnuplot
	"$VTSCOPE" report "$result" -o out.png --keep-script figures.gp
	LC_ALL=C.UTF-8 gnuplot -d figures.gp
	cmp out.png report-1.png
}

@test "report: bars only where they are wanted" {
	[[ $("$VTSCOPE" report "$result") != *"███"* ]]
	[[ $(LC_ALL=C.UTF-8 "$VTSCOPE" report "$result" --plot ansi) == *"███"* ]]
	[[ $(LC_ALL=C "$VTSCOPE" report "$result" --plot ansi) == *"###"* ]]
	[[ $("$VTSCOPE" report "$result" --plot none) != *"###"* ]]
}

@test "report: a missing gnuplot costs the figures, not the report" {
	mkdir empty
	run -0 --separate-stderr env PATH="$PWD/empty" "$VTSCOPE" report "$result" -o out.html
	[[ $stderr == *"gnuplot-nox"* ]]
	grep -q "26,800" out.html
	run --separate-stderr env PATH="$PWD/empty" "$VTSCOPE" report "$result" -o out.png
	says 1 "apt-get install gnuplot-nox"
	[ ! -e out.png ]
}

@test "report: a failing gnuplot leaves an old picture as it was" {
	mkdir bin
	printf '#!/bin/sh\necho half >"${3#*/}"\nexit 3\n' >bin/gnuplot
	chmod +x bin/gnuplot
	echo old >out.png
	run --separate-stderr env PATH="$PWD/bin:$PATH" "$VTSCOPE" report "$result" -o out.png
	[ "$status" -eq 1 ]
	[ "$(cat out.png)" = old ]
}

@test "report: bad input is one line and no file" {
	head -c 5000 "$result" >cut.json
	run --separate-stderr "$VTSCOPE" report cut.json -o out.html
	says 1 "cut.json:"
	[ ! -e out.html ]
	printf '<html></html>' >other.html
	run --separate-stderr "$VTSCOPE" report other.html
	says 1 "other.html"
	run --separate-stderr "$VTSCOPE" report no-such.json
	says 1 "no-such.json"
	: >empty.json
	run --separate-stderr "$VTSCOPE" report empty.json
	says 1 "empty.json"
}

@test "report: an unknown extension or format is usage" {
	run --separate-stderr "$VTSCOPE" report "$result" -o out.gif
	[ "$status" -eq 2 ]
	[[ $stderr == *".html .md .png .svg .pdf"* ]]
	run --separate-stderr "$VTSCOPE" report "$result" --format gif
	[ "$status" -eq 2 ]
	run --separate-stderr "$VTSCOPE" report
	[ "$status" -eq 2 ]
}

@test "report: a full disk is an error" {
	[ -c /dev/full ] || skip "no /dev/full"
	run --separate-stderr bash -c '"$0" report "$1" >/dev/full' "$VTSCOPE" "$result"
	[ "$status" -eq 1 ]
	[[ $stderr == *"No space left"* ]]
}

@test "report: a hostile result runs nothing" {
	"$fixture" hostile >hostile.json
	run -0 "$VTSCOPE" report hostile.json -o out.html
	run -0 "$VTSCOPE" report hostile.json
	[ ! -e pwned ]
	[ "$(grep -c '<script' out.html)" -eq 1 ]
}

@test "a recorded machine is told from a result" {
	"$VTSCOPE" probe --no-run --save "$BATS_TEST_TMPDIR/m.snap" >/dev/null || true
	run -1 "$VTSCOPE" report "$BATS_TEST_TMPDIR/m.snap"
	[[ $output == *"a recorded machine, not a result: vtscope probe --from"* ]]
}

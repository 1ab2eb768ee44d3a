#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The command around the exchange formats: choice of format, files, faults. What is in them: report_export.sh.
# shellcheck disable=SC2154,SC2016

bats_require_minimum_version 1.5.0

setup() {
	fixture=$top_builddir/tests/unit/report-fixture
	result=$BATS_TEST_TMPDIR/rich.json
	"$fixture" rich >"$result"
	cd "$BATS_TEST_TMPDIR" || return 1
}

# One line, beginning "vtscope: ", with (2) in it, and status (1).
says() {
	[ "$status" -eq "$1" ]
	[[ $stderr == "vtscope: "* ]]
	[[ $stderr == *"$2"* ]]
	[ "$(grep -c . <<<"$stderr")" -eq "${3:-1}" ]
}

@test "export: --format, or the extension of -o" {
	"$VTSCOPE" export "$result" -o out.csv
	[[ $(head -n 1 out.csv) == run_id,* ]]
	"$VTSCOPE" export "$result" -o out.xml
	[[ $(head -n 1 out.xml) == "<?xml"* ]]
	"$VTSCOPE" export "$result" -o out.prom
	[ "$(tail -n 1 out.prom)" = "# EOF" ]
	"$VTSCOPE" export "$result" --format go -o out.csv
	[ "$(head -n 1 out.csv)" = "goos: linux" ]
	[ "$("$VTSCOPE" export "$result" --format go)" = "$(cat out.csv)" ]
}

@test "export: a format that nobody named is usage, with the choices" {
	run --separate-stderr "$VTSCOPE" export "$result"
	says 2 "--format NAME" 2
	run --separate-stderr "$VTSCOPE" export "$result" -o out.json
	says 2 "which JSON? --format google-benchmark, github-action-benchmark, bencher or pyperf" 2
	[ ! -e out.json ]
	run --separate-stderr "$VTSCOPE" export "$result" --format benchr
	says 2 "did you mean 'bencher'" 2
	run --separate-stderr "$VTSCOPE" export
	[ "$status" -eq 2 ]
}

@test "export: list formats has all of them with what they are for" {
	n=0
	for f in csv csv-wide google-benchmark github-action-benchmark bencher go pyperf junit openmetrics hgrm; do
		"$VTSCOPE" list formats | grep -E "^$f +written by export: ..........+"
		n=$((n + 1))
	done
	[ "$n" -eq "$("$VTSCOPE" list formats | grep -c 'written by export: ')" ]
}

@test "export: several results in the formats that hold several" {
	sed 's/"run_id": "2f1c9a60/"run_id": "aaaaaaaa/' "$result" >other.json
	[ "$("$VTSCOPE" export "$result" other.json --format csv-wide | wc -l)" -eq 3 ]
	[ "$("$VTSCOPE" export "$result" other.json --format junit | grep -c '<testsuite ')" -eq 2 ]
	run --separate-stderr "$VTSCOPE" export "$result" other.json --format go
	says 2 "go holds one result" 2
}

@test "export: --op and --engine choose rows; what fits nothing is told" {
	[ "$("$VTSCOPE" export "$result" --format github-action-benchmark --op 'exit.*' --engine tcg,native | grep -c '"name": "exit')" -gt 5 ]
	[ "$("$VTSCOPE" export "$result" --format github-action-benchmark --op 'exit.*' --engine tcg | grep -c '/kvm"')" -eq 0 ]
	run --separate-stderr "$VTSCOPE" export "$result" --format go --op 'exti.*'
	says 1 "no row has that --op and --engine"
}

@test "export: hgrm is one row a file, and a folder holds all" {
	run --separate-stderr "$VTSCOPE" export "$result" --format hgrm
	says 2 "-o FOLDER/" 2
	"$VTSCOPE" export "$result" --format hgrm --op exit.cpuid --engine kvm -o one.hgrm
	grep -q 'exit.cpuid/kvm' one.hgrm
	"$VTSCOPE" export "$result" --format hgrm -o all/
	cmp one.hgrm all/exit.cpuid@kvm.hgrm
	[ "$(find all -type f | wc -l)" -eq "$("$VTSCOPE" export "$result" --format bencher | grep -c '^ "')" ]
}

@test "export: what a format cannot hold is told, and left out" {
	"$fixture" emulated >emulated.json
	run -0 --separate-stderr "$VTSCOPE" export emulated.json --format google-benchmark
	[[ $stderr == "vtscope: rows that google-benchmark cannot hold are left out: 2 counts of instructions"* ]]
	[[ $output != *"vmx.vmread"* ]]
	run -0 --separate-stderr "$VTSCOPE" export emulated.json --format bencher
	[ -z "$stderr" ]
	[[ $output == *'"instructions"'* ]]
	run --separate-stderr "$VTSCOPE" export emulated.json --format google-benchmark --engine vmx -o none.json
	says 77 "nothing that google-benchmark holds"
	[ ! -e none.json ]
}

@test "export: nothing measured is status 77 and no file, but in the formats of reasons" {
	"$fixture" empty >empty.json
	for f in google-benchmark github-action-benchmark bencher go pyperf openmetrics hgrm; do
		run --separate-stderr "$VTSCOPE" export empty.json --format "$f" -o out
		says 77 "nothing was measured"
		[ ! -e out ]
	done
	[[ $("$VTSCOPE" export empty.json --format junit) == *"<skipped message="* ]]
	[[ $("$VTSCOPE" export empty.json --format csv) == *",skipped,"* ]]
}

@test "export: standard input, and a report is read like the result in it" {
	"$VTSCOPE" report "$result" --format html -o one.html
	[ "$("$VTSCOPE" export - --format go <"$result")" = "$("$VTSCOPE" export one.html --format go)" ]
}

@test "export: bad input is one line and no file" {
	head -c 5000 "$result" >cut.json
	: >nothing.json
	for f in cut.json nothing.json no-such.json; do
		run --separate-stderr "$VTSCOPE" export "$result" "$f" --format csv -o out.csv
		says 1 "$f"
		[ ! -e out.csv ]
	done
}

@test "export: a full disk and a closed pipe are errors, an old file stays" {
	[ -c /dev/full ] || skip "no /dev/full"
	run --separate-stderr bash -c '"$0" export "$1" --format csv >/dev/full' "$VTSCOPE" "$result"
	says 1 "No space left"
	echo old >out.csv
	mkdir closed
	run --separate-stderr "$VTSCOPE" export "$result" --format csv -o closed/no/out.csv
	says 1 "closed/no/out.csv"
	[ "$(cat out.csv)" = old ]
	echo file >taken
	run --separate-stderr "$VTSCOPE" export "$result" --format hgrm -o taken/
	says 1 "taken/"
}

@test "export: Ctrl-C while it waits for its input" {
	mkfifo pipe
	sleep 20 >pipe &
	holder=$!
	# A background job of a shell without job control ignores SIGINT: setsid does not undo it, env does.
	env --default-signal=INT "$VTSCOPE" export pipe --format csv -o out.csv 2>err &
	pid=$!
	sleep 0.5
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	kill "$holder"
	[ "$status" -eq 130 ]
	[ ! -e out.csv ]
}

@test "export: a hostile result runs nothing and leaves the folder nowhere" {
	"$fixture" hostile >hostile.json
	mkdir -p deep/er
	cd deep/er
	for f in csv csv-wide google-benchmark github-action-benchmark bencher go pyperf junit openmetrics; do
		run "$VTSCOPE" export ../../hostile.json --format "$f" -o "out.$f"
		[ "$status" -eq 0 ] || [ "$status" -eq 77 ]
	done
	"$VTSCOPE" export ../../hostile.json --format hgrm -o rows/
	[ "$(find ../.. -name '*.hgrm' | grep -vc '^../../deep/er/rows/')" -eq 0 ]
	[ -z "$(find ../.. -name pwned)" ]
	run ! grep -qE '^[=+@-]|,[=+@]' out.csv
	[ "$(LC_ALL=C grep -c '[[:cntrl:]]' out.junit)" -eq 0 ]
}

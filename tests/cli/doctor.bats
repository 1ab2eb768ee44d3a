#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# vtscope doctor around the checks: formats, files, bad input, Ctrl-C.

# shellcheck disable=SC2154,SC2030,SC2031
load lib

setup() {
	mkdir "$BATS_TEST_TMPDIR/d"
	cd "$BATS_TEST_TMPDIR/d" || return
}

@test "doctor: a line for every check, with the score; on a pipe without colour or progress" {
	run -0 --separate-stderr "$VTSCOPE" doctor
	[ -z "$stderr" ]
	[[ ${lines[0]} == *" of 100 for measuring on CPU "* ]]
	[ "$(grep -cE '^. (PASS|WARN|UNKNOWN) ' <<<"$output")" = 20 ]
	[[ $output != *$'\033'* ]]
	# Each warning has its reason; what cannot be seen has none.
	[ "$(grep -cE '^. WARN ' <<<"$output")" = "$(grep -c '^ *Why: ' <<<"$output")" ]
}

@test "doctor: JSON is what the schema says, and the score is what the warnings leave" {
	run -0 --separate-stderr "$VTSCOPE" doctor -o doctor.json
	[ -z "$output$stderr" ]
	validate doctor.json doctor
	[ -n "$PYTHON3" ] || skip "no python3 with jsonschema"
	"$PYTHON3" - <<'PY'
import json
d = json.load(open("doctor.json"))
warned = sum(f["weight"] for f in d["findings"] if f["state"] == "warn")
assert d["score"] == max(0, 100 - warned), d["score"]
assert d["seconds"] >= 1
PY
}

@test "doctor: TAP has a test a check, and its extension chooses it" {
	run -0 --separate-stderr "$VTSCOPE" doctor -o doctor.tap
	[ "$(head -n1 doctor.tap)" = "TAP version 13" ]
	[ "$(grep -cE '^(not )?ok [0-9]+ - ' doctor.tap)" = "$(sed -n 's/^1\.\.//p' doctor.tap)" ]
}

@test "doctor: narrow terminals, and a CPU of one's choice" {
	COLUMNS=50 run -0 "$VTSCOPE" doctor --cpu 0
	[[ $output == *"CPU 0"* ]]
}

@test "doctor: usage errors are told, and a file that cannot be written" {
	run --separate-stderr "$VTSCOPE" doctor --format html
	says 2 "html"
	run --separate-stderr "$VTSCOPE" doctor --cpu 99999
	says 2 "--cpu"
	run --separate-stderr "$VTSCOPE" doctor extra
	says 2 "extra"
	run --separate-stderr "$VTSCOPE" doctor -o /nonexistent/x.json
	says 1 "/nonexistent/x.json"
	[ -z "$(ls)" ]
}

@test "doctor: Ctrl-C ends it at once, without a file" {
	status=0
	env --default-signal=INT timeout --preserve-status -k 20 -s INT 0.5 "$VTSCOPE" doctor -o doctor.json || status=$?
	[ "$status" -eq 130 ]
	[ -z "$(ls)" ]
}

@test "doctor: bench keeps its findings, and what disturbed each launch; the report shows both" {
	run -0 --separate-stderr "$VTSCOPE" bench --quick --engine native --op cpu.alu.u -o r.json
	validate r.json result
	run -0 "$VTSCOPE" report r.json
	[[ $output == *"How quiet the machine was"*" of 100"* ]]
	[[ $output == *"measured again"* ]]
	[ -n "$PYTHON3" ] || skip "no python3 with jsonschema"
	"$PYTHON3" - <<'PY'
import json
d = json.load(open("r.json"))
assert len(d["doctor"]["findings"]) == 20
for launch in d["results"][0]["launches"]:
    assert launch["disturbed"]["seconds"] > 0 and launch["repeats"] <= 2
d["doctor"] = {"score": "x", "findings": [1, {"state": "warn"}, {"state": "warn", "id": [], "seen": "\u001b[2J"}]}
json.dump(d, open("odd.json", "w"))
d["doctor"] = 7
json.dump(d, open("bad.json", "w"))
PY
	run -0 "$VTSCOPE" report odd.json
	[[ $output != *$'\033'* ]]
	run --separate-stderr "$VTSCOPE" report bad.json
	says 1 "doctor"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The main job from end to end: a verdict, a measurement, a report.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "no verb: the verdict, six layers in order, and it exits like probe" {
	run --separate-stderr "$VTSCOPE"
	echo "$output"
	[[ $status -eq 0 || ( $status -ge 10 && $status -le 17 ) ]]
	verdict=$status
	# The answer is the first paragraph, a sentence.
	[[ ${output%%$'\n\n'*} == *. ]]
	[ "$(sed -nE 's,^  [^ ]+ (processor|firmware|runs under|driver|/dev/kvm|IOMMU) .*,\1,p' <<<"$output" | tr '\n' ' ')" = \
		"processor firmware runs under driver /dev/kvm IOMMU " ]
	[ "${#lines[@]}" -le 16 ]
	run --separate-stderr "$VTSCOPE" probe
	[ "$status" -eq "$verdict" ]
}

@test "a saved machine gives the same verdict elsewhere" {
	live=0
	"$VTSCOPE" probe --save machine.snap --format json >live.json || live=$?
	saved=0
	"$VTSCOPE" probe --from machine.snap --format json >saved.json || saved=$?
	[ "$live" -eq "$saved" ]
	[ "$(grep -A3 '"verdict"' live.json)" = "$(grep -A3 '"verdict"' saved.json)" ]
}

@test "a truncated snapshot is an error with its line" {
	"$VTSCOPE" probe --no-run --save machine.snap >/dev/null || true
	head -c 2000 machine.snap >cut.snap
	run --separate-stderr "$VTSCOPE" probe --from cut.snap -o out.json
	says 1 "cut.snap:"
	[ ! -e out.json ]
}

@test "bench, then report: a page that stands on its own" {
	"$VTSCOPE" bench --quick --op 'cpu.*' --op exit.cpuid -o result.json
	validate result.json result
	"$VTSCOPE" report result.json -o result.html
	[[ $(head -c 15 result.html) == "<!DOCTYPE html>" || $(head -c 15 result.html) == "<!doctype html>" ]]
	grep -q 'cpu.alu.u' result.html
	run ! grep -E '(src|href)="?https?://' result.html
	# The result it was made from is in it as data; nothing is executed.
	run ! grep -P '<script(?! type="application/json")' result.html
	"$VTSCOPE" report result.json -o result.md
	grep -q 'cpu.alu.u' result.md
	"$VTSCOPE" report result.json | grep -q 'cpu.alu.u'
}

@test "a truncated result is an error with its line, and no report" {
	"$VTSCOPE" bench --quick --engine native --op cpu.alu.u -q -o result.json
	head -c 300 result.json >cut.json
	run --separate-stderr "$VTSCOPE" report cut.json -o cut.html
	says 1 "cut.json:"
	[ ! -e cut.html ]
}

@test "every row of bench is skipped: status 77, said" {
	run --separate-stderr "$VTSCOPE" bench --quick --engine native --op exit.hlt -o result.json
	[ "$status" -eq 77 ]
	[ -n "$stderr" ]
}

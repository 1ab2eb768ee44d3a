#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# vtscope ab around the library: its sides, its commands, what it writes and how it ends.
# shellcheck disable=SC2154,SC2016 # bats sets stderr; setups are for another shell

load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# Two short operations in processes: pairs take a tenth of a second.
ab() {
	"$VTSCOPE" ab --engine native --op nano.call-ret --op exit.rdtsc "$@"
}

@test "ab: both sides must be said" {
	run --separate-stderr "$VTSCOPE" ab
	says 2 "--a and --b say what the two sides are"
	run --separate-stderr "$VTSCOPE" ab --a ''
	says 2 "--a and --b say what the two sides are"
}

@test "ab: a side's mistakes are the side's" {
	run --separate-stderr ab --a '--engnie tcg' --b ''
	says 2 "--a: unknown option '--engnie'; did you mean '--engine'?"
	run --separate-stderr ab --a '' --b "--op 'exit.*"
	says 2 "--b: a quote is not closed"
	run --separate-stderr ab --a '' --b '--launches 3'
	says 2 "--b: --launches is no option of a side"
	run --separate-stderr ab --a '' --b '-o x.json'
	says 2 "--b: --output is no option of a side"
	run --separate-stderr ab --a '' --b '--engine nativ'
	says 2 "no engine is called 'nativ'; did you mean 'native'?"
	run --separate-stderr ab --a '' --b '--image missing.elf'
	says 1 "missing.elf"
	run --separate-stderr ab --a '' --b '' --threshold x
	says 2 "--threshold"
	run --separate-stderr ab --a '' --b '' --allow cpus
	says 2 "unknown option '--allow'"
}

@test "ab: nothing in common is told" {
	run --separate-stderr "$VTSCOPE" ab --a '--op nano.call-ret' --b '--op exit.rdtsc' --engine native
	says 2 "the two sides have no operation in common"
}

@test "ab: a session of the same has a comparison and both results" {
	run --separate-stderr ab --a '' --b '' --launches 12 --keep side -o ab.json --threshold 50
	[ "$status" -eq 0 ]
	validate ab.json comparison
	validate side-a.json result
	validate side-b.json result
	# Both were of one machine, which was asked once.
	run ! grep -q '"doctor": null' side-a.json side-b.json
	grep -q '"paired": true' ab.json
	run ! grep -q "\"word\": \"regression\"" ab.json
	[ "$(grep -c '"op":' ab.json)" -eq 2 ]
}

@test "ab: as text, Markdown and JUnit" {
	run -0 --separate-stderr ab --a '' --b '' --launches 12 --threshold 50
	[[ $output == *"nano.call-ret"*"exit.rdtsc"* ]]
	# What a change is of; the medians beside it may say another one.
	pairs="a change is the median of the pairs' ratios"
	[[ $output == "A  (no options of its own)"* && $output == *"$pairs"* ]]
	run -0 --separate-stderr ab --a '' --b '' --launches 12 --threshold 50 -o ab.md
	grep -q '^|' ab.md
	grep -q "$pairs" ab.md
	run -0 --separate-stderr ab --a '' --b '' --launches 12 --threshold 50 --format junit -o ab.xml
	! command -v xmllint >/dev/null || xmllint --noout ab.xml
}

@test "ab: the sides' commands run before each launch, with their names" {
	ab --a '' --b '' --launches 12 --threshold 50 --a-setup "echo \$VTSCOPE_SIDE \$VTSCOPE_PAIR >>$PWD/log" \
		--b-setup "echo \$VTSCOPE_SIDE \$VTSCOPE_PAIR >>$PWD/log" >out
	[ "$(grep -c '^a ' log)" -eq "$(grep -c '^b ' log)" ]
	[ "$(grep -c . log)" -ge 24 ]
	[ "$(head -n 2 log | sort | tr '\n' ' ')" = "a 1 b 1 " ]
}

@test "ab: a command that fails ends the session with its words" {
	run --separate-stderr ab --a '' --b '' --b-setup 'echo no such knob >&2; exit 3'
	says 1 "--b-setup"
	[[ $stderr == *"no such knob"* ]]
	# What was measured until then stays, marked.
	run --separate-stderr ab --a '' --b '' --b-setup '[ $VTSCOPE_PAIR != 8 ]' --launches 40 --precision 0.01 --keep side -o ab.md
	says 1 "--b-setup"
	grep -q "session was interrupted" ab.md
	[ -s side-a.json ]
	[ -s side-b.json ]
}

@test "ab: an image that is no program is said of that side" {
	printf 'no program\n' >image
	run --separate-stderr ab --a '' --b '--image image' --launches 12
	[ "$status" -eq 4 ]
	[[ $output == *"failed in B"* ]]
}

@test "ab: a side that cannot be started is a failure, whatever else was measured" {
	run --separate-stderr "$VTSCOPE" ab --engine exec,native --a "--exec '/nonexistent {image}'" --b "--exec 'false {image}'" \
		--op cpu.alu.u --launches 12 --threshold 50 -o ab.json
	[ "$status" -eq 4 ]
	grep -q "it failed in A and B: .* it ended (exit status 1)" ab.json
	validate ab.json comparison
	run --separate-stderr "$VTSCOPE" ab --engine tcg --op exit.cpuid --a '' --b '--qemu /nonexistent' -o none.md
	[ "$status" -eq 4 ]
	grep -q 'failed in .*B: --qemu /nonexistent: there is no such program' none.md
}

@test "ab: Ctrl-C ends it with what there is" {
	# A shell's background jobs ignore SIGINT: undone. Not 12 pairs fit into the time, so no look ends it before.
	for format in json md xml txt; do
		run --separate-stderr env --default-signal=INT timeout --preserve-status -k 20 -s INT 3 "$VTSCOPE" ab --engine native \
			--op nano.call-ret --a '' --b '' --a-setup 'sleep 0.3' -o ab.$format
		says 130 "interrupted: this is of "
	done
	validate ab.json comparison
	grep -A1 '"interrupted"' ab.json | grep -q true
	grep -q 'the session was interrupted' ab.md
	grep -q 'the session was interrupted' ab.txt
	grep -q 'property name="interrupted" value="a b"' ab.xml
}

@test "ab: where the documents cannot be is said before measuring" {
	SECONDS=0
	mkdir -p folder/k-b.json
	run --separate-stderr ab --a '' --b '' --launches 1000 -o nowhere/x.md
	says 1 "nowhere/"
	run --separate-stderr ab --a '' --b '' --launches 1000 --keep nowhere/k
	says 1 "nowhere/k-a.json: cannot write to nowhere/"
	run --separate-stderr ab --a '' --b '' --launches 1000 --keep folder/k
	says 1 "folder/k-b.json: Is a directory"
	run --separate-stderr ab --a '' --b '' --launches 1000 --keep ''
	says 2 "'--keep' needs a name"
	[ "$SECONDS" -lt 5 ]
}

@test "ab: a disk that fills while measuring costs the file, not the session" {
	run --separate-stderr ab --a '' --b '' --launches 3 -o /dev/full
	says 1 "/dev/full: "
	[[ $output == *"nano.call-ret native"* ]]
}

@test "ab: Ctrl-C before the first pair writes nothing over what was there" {
	for f in ab.json side-a.json side-b.json; do
		echo earlier >$f
	done
	run --separate-stderr env --default-signal=INT timeout --preserve-status -k 20 -s INT 3 "$VTSCOPE" ab --engine native \
		--op nano.call-ret --a '' --b '' --a-setup 'sleep 60' --b-setup 'sleep 60' --keep side -o ab.json
	says 130 "interrupted before the first pair"
	[ "$(cat ab.json side-a.json side-b.json | sort -u)" = earlier ]
	[ -z "$output" ]
}

@test "ab: a time that is too short for one pair is told, and writes nothing" {
	run --separate-stderr ab --a '' --b '' --time 1 --a-setup 'sleep 1.2' -o ab.json
	says 1 "no pair of launches fits into --time 1"
	[ ! -e ab.json ]
}

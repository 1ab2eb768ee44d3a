#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# vtscope compare around the library: files, folders, formats, statuses, faults.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	[ -n "$PYTHON3" ] || skip "python3 makes the results: apt-get install python3"
	[ -x "${top_builddir:?}/tests/unit/bench_print" ] || skip "not built without CUnit: apt-get install libcunit1-dev"
	"$top_builddir/tests/unit/bench_print" sample >sample.json
	made a.json 1.0
	made b.json 1.2
}

# A result of one row, exit.cpuid on kvm, whose launches are (2) times as long; (3): python that edits it further.
made() {
	"$PYTHON3" - "$1" "$2" "${3:-pass}" <<'EOF'
import json, sys, uuid
r = json.load(open("sample.json"))
r["run_id"] = str(uuid.uuid5(uuid.NAMESPACE_URL, sys.argv[1]))
row = [x for x in r["results"] if x["op"] == "exit.cpuid"][0]
r["results"], r["failed"], r["skipped"], r["interrupted"], f = [row], [], [], False, float(sys.argv[2])
one = row["launches"][0]
row["launches"] = [dict(one, median=1300 * f * (1 + (i * 7 % 10) / 2000), min=1200 * f) for i in range(10)]
row["median"], row["exits"]["observed"] = 1300 * f, 1
exec(sys.argv[3])
json.dump(r, open(sys.argv[1], "w"))
EOF
}

@test "compare: a regression is status 3, an improvement and the same are 0" {
	run -3 --separate-stderr "$VTSCOPE" compare a.json b.json
	[[ $output == *"exit.cpuid"*"+20 %"*"regression"* ]]
	[ -z "$stderr" ]
	run -0 --separate-stderr "$VTSCOPE" compare b.json a.json
	[[ $output == *"-17 %"*"improvement"* ]]
	run -0 --separate-stderr "$VTSCOPE" compare a.json a.json
	[[ $output == *"no change"* ]]
	run -0 "$VTSCOPE" compare a.json b.json --threshold 25
	run -0 "$VTSCOPE" compare a.json b.json --threshold 5 --threshold 'exit.*=30%'
}

@test "compare: inconclusive is 0, and 4 with --strict" {
	made few.json 1.5 'row["launches"] = row["launches"][:3]'
	run -0 --separate-stderr "$VTSCOPE" compare a.json few.json
	[[ $output == *"inconclusive"*"3 launches: an interval needs 6"* ]]
	run -4 "$VTSCOPE" compare a.json few.json --strict
}

@test "compare: advice is what can decide: at least so many, and of what is clear no more than its p needs" {
	rows='row["launches"] = row["launches"][:%d]
r["results"] = [dict(row, op="row.%%d" %% i) for i in range(30)]'
	# shellcheck disable=SC2059
	for n in 3 6 7; do made "a$n.json" 1.0 "$(printf "$rows" $n)"; done
	slow='r["results"][0] = dict(row, op="row.0", median=9e5, launches=[dict(l, median=l["median"] * 700) for l in row["launches"]])'
	# shellcheck disable=SC2059
	for n in 3 6 7; do made "b$n.json" 1.0 "$(printf "$rows" $n)"$'\n'"$slow"; done
	run -0 --separate-stderr "$VTSCOPE" compare a3.json b3.json
	[[ $output == *"row.0 kvm: 3 launches: an interval needs 6; it takes at least 7 launches a side"* ]]
	[[ $output != *"would decide"* ]]
	run -0 --separate-stderr "$VTSCOPE" compare a6.json b6.json -v
	[[ $output == *"row.0 kvm: 7 launches a side would decide"* ]]
	run -3 --separate-stderr "$VTSCOPE" compare a7.json b7.json
	[[ $output == *"1 regression"* ]]
}

@test "compare: other hardware is 4 and named, --allow lets it through, the subject is only shown" {
	made other.json 1.2 'r["hardware"]["microcode"] = "0xf6"; r["subject"]["kernel"] = "6.2.0"'
	run -4 --separate-stderr "$VTSCOPE" compare a.json other.json
	[[ $output == *"hardware microcode: 0xf4 -> 0xf6"* ]]
	[[ $output == *"subject kernel: 6.1.0 -> 6.2.0"* ]]
	run -3 "$VTSCOPE" compare a.json other.json --allow microcode
	made kernel.json 1.0 'r["subject"]["kernel"] = "6.2.0"'
	run -0 "$VTSCOPE" compare a.json kernel.json
	run -2 --separate-stderr "$VTSCOPE" compare a.json b.json --allow kernel
	says 2 "no key of the hardware"
}

@test "compare: exits are counted, a row that broke is no silence" {
	made exits.json 1.0 'row["exits"]["observed"] = 2'
	run -3 --separate-stderr "$VTSCOPE" compare a.json exits.json
	[[ $output == *"exit.cpuid exits"*"regression"* ]]
	made broke.json 1.0 'r["failed"] = [dict(op="exit.cpuid", engine="kvm", reason="the guest faulted: #GP", stop=dict(kind="fault", native="", rip=None, registers=None))]; r["results"] = []'
	run -4 --separate-stderr "$VTSCOPE" compare a.json broke.json
	[[ $output == *"it failed in B: the guest faulted: #GP"* ]]
}

@test "compare: a row of A that B skipped is named with its reason, in every format, and counts with --strict" {
	both='one = dict(row, engine="exec", via="exec"); two = dict(one, op="nano.call-ret"); three = dict(row, op="cpu.alu")
r["results"] += [one, two, three]'
	made both.json 1.0 "$both"
	made less.json 1.0 'r["skipped"] = [dict(op=o, engine="exec", check=None, reason="no <such> VMM", hint=None, unverified=False) for o in ("exit.cpuid", "nano.call-ret")]'
	run -0 --separate-stderr "$VTSCOPE" compare both.json less.json
	[[ $output == *"only in A: exec exit.cpuid, nano.call-ret (skipped in B: no <such> VMM)"* ]]
	[[ $output == *"only in A: kvm cpu.alu (not asked for in B)"* ]]
	[[ $output == *"2 no change; 2 rows of A skipped in B"* ]]
	run -0 "$VTSCOPE" compare both.json less.json -o c.md
	[[ $(head -n 1 c.md) == *"2 rows of A skipped in B" ]]
	grep -q '^\* only in A: exec exit.cpuid, nano.call-ret (skipped in B: no .*such.* VMM)$' c.md
	run -0 "$VTSCOPE" compare both.json less.json -o c.xml
	grep -q 'tests="5" failures="0" errors="0" skipped="3"' c.xml
	[ "$(grep -c '<skipped message="skipped in B: no &lt;such&gt; VMM"/>' c.xml)" -eq 2 ]
	grep -q '<skipped message="not asked for in B"/>' c.xml
	run -0 "$VTSCOPE" compare both.json less.json -o c.json
	validate c.json comparison
	run -4 "$VTSCOPE" compare both.json less.json --strict -o c.xml
	grep -q 'tests="5" failures="2" errors="0" skipped="1"' c.xml
	[ "$(grep -c '<failure message="skipped in B: ' c.xml)" -eq 2 ]
	if command -v xmllint >/dev/null; then xmllint --noout c.xml; fi
	# What nobody asked for is none that was lost, and what only B has is new.
	made rest.json 1.0 "$both; r['results'] = r['results'][:1]"
	run -0 "$VTSCOPE" compare both.json rest.json --strict
	run -0 --separate-stderr "$VTSCOPE" compare rest.json both.json --strict
	[[ $output == *"only in B: kvm cpu.alu (not asked for in A)"* ]]
}

@test "compare: a side that was interrupted is told, and what it lacks for that" {
	made both.json 1.0 'r["results"] += [dict(row, op="nano.call-ret")]'
	made cut.json 1.0 'r["interrupted"] = True'
	run -0 --separate-stderr "$VTSCOPE" compare both.json cut.json
	[[ $output == *"only in A: kvm nano.call-ret (skipped in B: interrupted before it was measured)"* ]]
	[[ $output == *"2 no change; 1 row of A skipped in B; B was interrupted"* ]]
	run -4 "$VTSCOPE" compare both.json cut.json --strict
	run -0 --separate-stderr "$VTSCOPE" compare cut.json a.json --strict -o c.md
	[[ $(head -n 1 c.md) == *"; A was interrupted" ]]
	run -0 "$VTSCOPE" compare cut.json a.json -o c.json
	validate c.json comparison
	grep -A2 '"interrupted"' c.json | grep -q true
}

@test "compare: JSON is its schema's, JUnit is XML, Markdown is bounded" {
	run -3 "$VTSCOPE" compare a.json b.json -o c.json
	validate c.json comparison
	"$VTSCOPE" compare a.json a.json --format json >same.json
	validate same.json comparison
	run -3 "$VTSCOPE" compare a.json b.json -o c.xml
	grep -q 'failures="1"' c.xml
	if command -v xmllint >/dev/null; then xmllint --noout c.xml; fi
	run -3 "$VTSCOPE" compare a.json b.json -o c.md
	[[ $(head -n 1 c.md) == "### vtscope: 1 regression"* ]]
	[ "$(stat -c %s c.md)" -lt 65536 ]
}

@test "compare: folders are several runs of the same, - is standard input" {
	mkdir base
	for i in 1 2 3 4; do made "base/$i.json" "1.0$i"; done
	run -0 --separate-stderr "$VTSCOPE" compare base a.json
	[[ $output == *"base, 4 runs"* ]]
	run -3 "$VTSCOPE" compare - b.json <a.json
	run -2 --separate-stderr "$VTSCOPE" compare - - <a.json
	says 2 "standard input can be only one of the two"
	mkdir empty
	run -1 --separate-stderr "$VTSCOPE" compare empty a.json
	says 1 "no result in this folder"
}

@test "compare: copies of a run are one run" {
	mkdir twice
	made twice/1.json 1.0
	for i in 2 3 4 5; do cp twice/1.json "twice/$i.json"; done
	run -3 --separate-stderr "$VTSCOPE" compare twice b.json
	[[ $output == "A  twice"$'\n'* && $stderr == *"twice/5.json: left out, run "*" is in another file"* ]]
	[ "$(grep -c . <<<"$stderr")" -eq 4 ]
	run -0 --separate-stderr "$VTSCOPE" compare twice/1.json twice/2.json
	[[ $stderr == *"is on both sides"* ]]
}

# Of the first change of operation (2) in the comparison (1): the member (3).
member() {
	"$PYTHON3" -c 'import json, sys
print([x for x in json.load(open(sys.argv[1]))["changes"] if x["op"] == sys.argv[2]][0][sys.argv[3]])' "$@"
}

@test "compare: a row is as sure as the runs that have it, and as their launches are spread over them" {
	mkdir p q
	more='r["results"].append(dict(row, op="nano.call-ret"))'
	made p/1.json 1.0 "$more"
	made q/1.json 1.08 "$more"
	for i in 2 3 4 5; do
		made "p/$i.json" 1.0
		made "q/$i.json" 1.0
	done
	run -3 "$VTSCOPE" compare p/1.json q/1.json -o one.json
	run -3 "$VTSCOPE" compare p q -o all.json
	[ "$(member all.json nano.call-ret between)" = "$(member one.json nano.call-ret between)" ]
	# Five runs of which one has most of the launches are about two.
	"$VTSCOPE" compare p p/1.json -o even.json
	made p/1.json 1.0 'row["launches"] = 20 * row["launches"]'
	"$VTSCOPE" compare p q/2.json -o most.json
	"$PYTHON3" -c 'import sys; assert float(sys.argv[1]) > 1.1 * float(sys.argv[2])' \
		"$(member most.json exit.cpuid between)" "$(member even.json exit.cpuid between)"
}

@test "compare: exits are those of every run, in whatever order" {
	mkdir a b c
	for i in 1 2 3; do
		made "a/$i.json" 1.0 'row["engine"] = "vmx"'
		made "b/$i.json" 1.0 "row['engine'] = 'vmx'; row['exits']['observed'] = 1 + ($i > 1)"
		made "c/$i.json" 1.0 "row['engine'] = 'vmx'; row['exits']['observed'] = 2 + ($i > 1)"
	done
	run -4 "$VTSCOPE" compare a b --strict
	[[ $output == *"exit.cpuid exits"*"inconclusive"*"not the same in every run: 1 to 1 in A, 1 to 2 in B"* ]]
	run -4 "$VTSCOPE" compare b a --strict
	run -3 "$VTSCOPE" compare a c
	[[ $output == *"exits per operation: 1, then 2.5"* ]]
}

@test "compare: more runs than a baseline keeps are no advice" {
	made near.json 1.0479
	run -0 "$VTSCOPE" compare a.json near.json -o c.json
	[ "$(member c.json exit.cpuid word) $(member c.json exit.cpuid runs_needed)" = "inconclusive None" ]
	made less.json 1.044
	run -0 "$VTSCOPE" compare a.json less.json -o c.json
	[ "$(member c.json exit.cpuid runs_needed)" -le 20 ]
}

@test "compare: the subject of every run is told, and hardware that may differ" {
	mkdir a b
	made a/1.json 1.0
	made a/2.json 1.0 'r["subject"]["kernel"] = "6.1.9"; r["hardware"]["microcode"] = "0xf5"'
	made a/3.json 1.0 'r["subject"]["kernel"] = "6.1.9"'
	made b/1.json 1.0
	made b/2.json 1.0 'r["subject"]["governor"] = "powersave"'
	run -0 "$VTSCOPE" compare a b --allow microcode
	[[ $output == *"subject kernel: 6.1.0 or 6.1.9 -> 6.1.0"$'\n'* ]]
	[[ $output =~ "subject governor: "([a-z]*)" -> "([a-z]*)" or powersave" ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
	[[ $output == *"hardware microcode: 0xf4 or 0xf5 -> 0xf4 (allowed)"* ]]
	run -4 "$VTSCOPE" compare a b
	[[ $output == *"hardware microcode: 0xf4 -> 0xf5"* ]]
}

@test "compare: bad input is one line and leaves no file" {
	echo '{"schema": 1' >bad.json
	run -1 --separate-stderr "$VTSCOPE" compare a.json bad.json -o out.md
	says 1 "bad.json"
	[ "$(grep -c . <<<"$stderr")" -eq 1 ]
	[ ! -e out.md ]
	mkdir mixed
	cp a.json bad.json mixed
	run -1 --separate-stderr "$VTSCOPE" compare mixed a.json
	says 1 "mixed/bad.json"
	run -1 --separate-stderr "$VTSCOPE" compare a.json missing.json
	says 1 "missing.json"
	run -2 "$VTSCOPE" compare a.json
	for t in x -1 0 exit.nothing=3 =5; do
		run -2 --separate-stderr "$VTSCOPE" compare a.json b.json --threshold "$t"
		says 2 "--threshold"
	done
	full() { "$VTSCOPE" compare a.json b.json >/dev/full; }
	run -1 --separate-stderr full
	says 1 "No space left"
}

@test "compare: Ctrl-C while it waits for its input is 130" {
	mkfifo never
	run -130 --separate-stderr timeout --preserve-status -s INT 1 "$VTSCOPE" compare a.json - < <(sleep 5)
}

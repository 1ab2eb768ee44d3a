#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The store in a file: what goes in, what comes out, baselines, and the words and statuses of a check.

# shellcheck disable=SC2154 # stderr, status: bats sets them; PG and the like: setup_file
load lib
load store_lib

setup_file() {
	export sample="$BATS_FILE_TMPDIR/sample.json"
	sample_result "$sample"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	export XDG_STATE_HOME="$PWD/state"
}

@test "store: a result that is imported comes out byte for byte, and again it is no change" {
	run -0 --separate-stderr "$VTSCOPE" import "$sample" --db s.db
	[[ $output == "saved "*" $sample" ]]
	run -0 --separate-stderr "$VTSCOPE" import "$sample" --db s.db
	[[ $output == "present "*" $sample" ]]
	[[ $stderr == *"0 runs with 0 results saved, 1 already there"* ]]
	run -0 --separate-stderr "$VTSCOPE" baseline save main "$sample" --db s.db
	run -0 --separate-stderr "$VTSCOPE" baseline show main --db s.db -o out.json
	cmp out.json "$sample"
}

@test "store: bench --db saves, says under which id, and the newest run is found by itself" {
	need_sqlite3
	run -0 --separate-stderr "$VTSCOPE" bench -e native --op nano.call-ret --launches 6 --db s.db -o r.json
	id=$(sed -n 's/.*"run_id": "\([^"]*\)".*/\1/p' r.json)
	[[ $stderr == *"run $id is saved in s.db"* ]]
	whole s.db 1
	run -0 --separate-stderr "$VTSCOPE" baseline save main --db s.db
	[[ $stderr == *"main is now run $id"* ]]
	run -0 --separate-stderr "$VTSCOPE" baseline check main r.json --db s.db
	[[ $stderr == *"is on both sides"* ]]
	# Nothing newer yet.
	run --separate-stderr "$VTSCOPE" baseline check main --db s.db
	says 1 "no newer run of this machine in it yet; name a result, or measure one into it: vtscope bench --db FILE"
	run -0 --separate-stderr "$VTSCOPE" bench -q -e native --op nano.call-ret --launches 6 --db s.db
	run --separate-stderr "$VTSCOPE" baseline check main --db s.db
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
	[[ $output == *nano.call-ret* ]]
	# By the beginning of its id, too.
	run -0 --separate-stderr "$VTSCOPE" baseline save main "${id:0:9}" --db s.db
	[[ $stderr == *"$id"* ]]
}

@test "store: without --db it is in XDG_STATE_HOME, in folders for the user alone" {
	run -0 --separate-stderr "$VTSCOPE" import -q "$sample"
	[ -f state/vtscope/results.db ]
	[ "$(stat -c %a state/vtscope)" = 700 ]
	run -0 --separate-stderr env -u XDG_STATE_HOME HOME="$PWD" "$VTSCOPE" import -q "$sample"
	[ -f .local/state/vtscope/results.db ]
	run --separate-stderr env -u XDG_STATE_HOME -u HOME "$VTSCOPE" import "$sample"
	says 1 "--db FILE says where"
	run --separate-stderr "$VTSCOPE" baseline list --db nothing.db
	says 1 "nothing.db: there is no store yet; 'vtscope import', 'baseline save' and 'bench --db FILE' make one"
	[ ! -e nothing.db ]
}

@test "store: bench without --db stores nothing, and says so" {
	run -0 --separate-stderr "$VTSCOPE" bench -q -e native --op nano.call-ret --launches 1
	[ ! -e state ]
	page() { tr -s ' \n' ' ' <"$top_builddir/doc/vtscope-$1.1"; }
	[[ $(page bench) == *"Without it nothing is stored"* && $(page bench) != *results.db* ]]
	[[ $(page import) == *"Without it the file is"*results.db* && $(page baseline) == *results.db* ]]
}

@test "import: a folder of results, with what else lies in it" {
	need_sqlite3
	make_results "$sample" r/a 5 3
	make_results "$sample" r/b 5 3 from=5
	mkdir r/.hidden r/empty
	cp r/a/0000.json r/.hidden/
	cp r/a/0000.json r/again.json
	echo '{"schema": "vtscope.probe/1"}' >r/probe.json
	echo '[1, 2]' >r/list.json
	echo 'no result' >r/readme.txt
	run -0 --separate-stderr "$VTSCOPE" import r --db s.db
	[ "$(grep -c ^saved <<<"$output")" -eq 10 ]
	[ "$(grep -c ^present <<<"$output")" -eq 1 ]
	[[ $stderr == *"10 runs with 30 results saved, 1 already there, 2 files are no results"* ]]
	[[ $stderr == *"r/list.json: no result of vtscope, left out"*"r/probe.json: no result of vtscope, left out"* ]]
	whole s.db 10
	# What is damaged is told, the rest goes in, the status tells.
	head -c 500 r/a/0001.json >r/a/cut.json
	sed 's/"n":[0-9]*/"n":"x"/' r/a/0001.json >r/a/wrong.json
	sed 's/"interrupted": false/"interrupted": true/' r/a/0001.json >r/a/zother.json
	make_results "$sample" r/c 1 3 from=20
	run --separate-stderr "$VTSCOPE" import r --db s.db
	[ "$status" -eq 1 ]
	[[ $stderr == *"r/a/cut.json:"* && $stderr == *"r/a/wrong.json:"*"is not a count"* ]]
	[[ $stderr == *"r/a/zother.json: run "*" is in the store with another content, which stays"* ]]
	[[ $stderr == *"1 run with 3 results saved"*"3 could not be taken"* ]]
	whole s.db 11
	# Other spaces are no other content.
	"$PYTHON3" -m json.tool r/a/0002.json >pretty.json
	run -0 --separate-stderr "$VTSCOPE" import pretty.json --db s.db
	[[ $output == "present "* ]]
	run --separate-stderr "$VTSCOPE" import r/empty --db s.db
	says 77 "no file called *.json"
}

@test "import: a run's id is a UUID, in either case the same" {
	need_sqlite3
	id=$(sed -n 's/.*"run_id": "\([^"]*\)".*/\1/p' "$sample")
	sed "s/$id/..\/..\/..\/etc/" "$sample" >bad.json
	sed "s/$id/ABCDEF00${id:8}/" "$sample" >upper.json
	run --separate-stderr "$VTSCOPE" import bad.json --db s.db
	says 1 "run_id is no UUID"
	run -0 --separate-stderr "$VTSCOPE" import upper.json --db s.db
	[[ $output == "saved abcdef00${id:8} upper.json" ]]
	for begin in ABCDEF00 abcdef00; do
		run -0 --separate-stderr "$VTSCOPE" baseline save main "$begin" --db s.db
		[[ $stderr == *"main is now run abcdef00${id:8}"* ]]
	done
	run -0 --separate-stderr "$VTSCOPE" baseline show main --db s.db -o out.json
	cmp out.json upper.json
	whole s.db 1
}

@test "import: where nothing can be taken no store is made" {
	head -c 500 "$sample" >cut.json
	run --separate-stderr "$VTSCOPE" import cut.json --db s.db
	says 1 "no store was made: 0 runs with 0 results saved, 0 already there, 1 could not be taken"
	mkdir folder
	run --separate-stderr "$VTSCOPE" import folder --db s.db
	says 77 "no file called *.json"
	run --separate-stderr "$VTSCOPE" import cut.json
	says 1 "could not be taken"
	[ ! -e s.db ] && [ ! -e state ]
	# What is wrong with a store is told all the same.
	run --separate-stderr "$VTSCOPE" import cut.json --db mysql://host/db
	says 2 "--db: "
	run --separate-stderr "$VTSCOPE" import "$sample" --db no/such/s.db
	says 1 "no/such/s.db: cannot be opened: No such file or directory"
	run --separate-stderr "$VTSCOPE" import cut.json "$sample" --db s.db
	[ "$status" -eq 1 ]
	[[ $stderr == *"s.db: 1 run with "*" saved, 0 already there, 1 could not be taken" ]]
}

@test "import: results and captures, files and standard input" {
	run -0 --separate-stderr "$VTSCOPE" import - --db s.db <"$sample"
	[[ $stderr == *"is saved in s.db"* ]]
	run -0 --separate-stderr "$VTSCOPE" import "$sample" --db s.db
	[[ $output == "present "* ]]
	run --separate-stderr "$VTSCOPE" import "$sample" -o x.json --db s.db
	says 2 "-o is for captures"
	echo 'VT1 0' >capture.txt
	run --separate-stderr "$VTSCOPE" import "$sample" capture.txt --db s.db
	says 2 "one after the other"
	[ ! -e x.json ]
}

@test "store: a --db that is wrong is a usage error before anything is measured" {
	for uri in mysql://host/db sqlite: PostgreSQL://user:secret@host/db postgresql://user:secret@host/db \
		'postgresql://host/db?password=secret' 'postgresql://user:secret@[::1]x/db' postgresql://user:secret%zz@host/db \
		postgresql://user:5secret/x@host/db 'postgresql://host/db?passwort=secret'; do
		run --separate-stderr "$VTSCOPE" bench --db "$uri"
		if [[ $uri == postgresql* && $stderr == *"built without PostgreSQL"* ]]; then continue; fi
		says 2 "--db: "
		[[ $stderr != *secret* ]]
	done
	# What libpq takes as well is no file to be made.
	for uri in 'host=127.0.0.1 password=secret dbname=bench' 'sslmode=require  dbname = bench password=secret' service=x; do
		run --separate-stderr "$VTSCOPE" import "$sample" --db "$uri"
		says 2 "--db: a server is postgresql://"
		[[ $stderr != *secret* ]]
		[ ! -e "$uri" ]
	done
	for uri in ./host=1.db sqlite:user=2.db run=3.db; do
		run -0 --separate-stderr "$VTSCOPE" import "$sample" --db "$uri"
		[ -s "${uri#sqlite:}" ]
	done
	run --separate-stderr "$VTSCOPE" bench --db no/such/folder/s.db
	says 1 "no/such/folder/s.db: cannot be opened: No such file or directory"
}

@test "baseline: a regression is 3, no change 0, another machine 4, a name that is not there 4" {
	make_results "$sample" base 5 2
	make_results "$sample" same 1 2 from=10
	make_results "$sample" slow 1 2 from=11 scale=nano.call-ret:2
	make_results "$sample" other 1 2 from=12 brand="Another Processor"
	run -0 --separate-stderr "$VTSCOPE" baseline save main base --db s.db
	run -0 --separate-stderr "$VTSCOPE" baseline check main same/0010.json --db s.db
	[[ $output == *"A  main, 5 runs"* && $output == *"no change"* ]]
	run -3 --separate-stderr "$VTSCOPE" baseline check main slow --db s.db
	[[ $output == *nano.call-ret*regression* ]]
	run -3 --separate-stderr "$VTSCOPE" baseline check main slow/0011.json --db s.db -o c.json
	validate c.json comparison
	run -3 --separate-stderr "$VTSCOPE" baseline check main slow/0011.json --db s.db --format junit
	[[ $output == *"<failure"* ]]
	run -0 --separate-stderr "$VTSCOPE" baseline check main slow/0011.json --db s.db --threshold nano.call-ret=150
	run -4 --separate-stderr "$VTSCOPE" baseline check main other/0012.json --db s.db
	[[ $output == *brand* && $output == *incomparable* ]]
	run --separate-stderr "$VTSCOPE" baseline check mian same/0010.json --db s.db
	says 4 "no baseline is called 'mian'; there is main"
	# A standing on each kind of machine: the other's is its own then.
	run -0 --separate-stderr "$VTSCOPE" baseline save main other/0012.json --db s.db
	run -0 --separate-stderr "$VTSCOPE" baseline check main other/0012.json --db s.db
	run -0 --separate-stderr "$VTSCOPE" baseline check main same/0010.json --db s.db
	[[ $output == *"A  main, 5 runs"* ]]
}

@test "baseline: check where there is no store yet is 4, unless the result cannot be read" {
	run --separate-stderr "$VTSCOPE" baseline check main "$sample" --db none.db
	says 4 "none.db: there is no store yet"
	run --separate-stderr "$VTSCOPE" baseline check main --db none.db
	says 4 "there is no store yet"
	run --separate-stderr "$VTSCOPE" baseline check main "$sample"
	says 4 "state/vtscope/results.db: there is no store yet"
	run --separate-stderr "$VTSCOPE" baseline check main gone.json --db none.db
	says 1 "gone.json"
	head -c 500 "$sample" >cut.json
	run --separate-stderr "$VTSCOPE" baseline check main cut.json --db none.db
	says 1 "cut.json"
	run --separate-stderr env -u XDG_STATE_HOME -u HOME "$VTSCOPE" baseline check main "$sample"
	says 1 "--db FILE says where"
	run --separate-stderr "$VTSCOPE" baseline check main "$sample" --db mysql://host/db
	says 2 "--db: "
	[ ! -e none.db ] && [ ! -e state ]
}

@test "baseline: --confirm measures again, here only" {
	make_results "$sample" base 5 2
	make_results "$sample" slow 1 2 from=11 scale=nano.call-ret:3
	make_results "$sample" other 1 2 from=12 brand="Another Processor" scale=nano.call-ret:3
	make_results "$sample" others 5 2 from=13 brand="Another Processor"
	run -0 --separate-stderr "$VTSCOPE" baseline save -q main base --db s.db
	# It was never slow but in the file.
	run -0 --separate-stderr "$VTSCOPE" baseline check main slow/0011.json --db s.db --confirm
	[[ $output == *nano.call-ret*inconclusive* && $output == *"no regression in a second measurement"* ]]
	[[ $output == *"not confirmed: measured once more it was"* && $output != *"would not decide"* ]]
	run -0 --separate-stderr "$VTSCOPE" baseline check main slow/0011.json --db s.db --confirm -o c.json
	validate c.json comparison
	[ "$(grep -c '"confirmed": *true' c.json)" -eq 0 ]
	# And it is slow for ever against a baseline that is a tenth of it.
	make_results "$sample" fast 5 2 from=30 scale=nano.call-ret:0.1
	run -0 --separate-stderr "$VTSCOPE" baseline save -q main fast --db s.db
	run -3 --separate-stderr "$VTSCOPE" baseline check main "$sample" --db s.db --confirm
	[[ $output == *"confirmed by a second measurement"* ]]
	run -0 --separate-stderr "$VTSCOPE" baseline save -q theirs others --db s.db
	run --separate-stderr "$VTSCOPE" baseline check theirs other/0012.json --db s.db --confirm
	says 3 "--confirm: the result is not of this machine"
	[[ $output == *"1 regression, "*"not confirmed"* ]]
}

@test "baseline: --confirm, interrupted, tells what was found before" {
	make_results "$sample" slow 1 2 from=11 scale=nano.call-ret:3
	"$PYTHON3" - slow/0011.json <<-'EOF'
		import json, sys
		r = json.load(open(sys.argv[1]))
		for row in r["results"]: row["launches"] *= 20
		json.dump(r, open(sys.argv[1], "w"))
	EOF
	run -0 --separate-stderr "$VTSCOPE" baseline save -q main "$sample" --db s.db
	run --separate-stderr env --default-signal=INT timeout --preserve-status -k 20 -s INT 1 "$VTSCOPE" \
		baseline check main slow/0011.json --db s.db --confirm
	says 130 "--confirm: interrupted"
	[[ $output == *"1 regression, "*"not confirmed"*"could not be measured once more: interrupted"* ]]
}

@test "baseline: --confirm keeps many real regressions, which it measures beside the controls" {
	"$VTSCOPE" bench -q -e native --op nano.call-ret --op exit.rdtsc --op exit.cpuid --op 'mem.chase.32k.*.u' --op 'cpu.*.u' \
		--launches 8 -o many.json
	make_results many.json now 1 7 from=50
	make_results many.json fast 1 7 from=51 'scale=[nem]*:0.05'
	run -0 --separate-stderr "$VTSCOPE" baseline save -q many fast --db s.db
	run -3 --separate-stderr "$VTSCOPE" baseline check many now/0050.json --db s.db -o first.json
	regressions=$(grep -o '"word": *"regression"' first.json | wc -l)
	[ "$regressions" -ge 4 ]
	run -3 --separate-stderr "$VTSCOPE" baseline check many now/0050.json --db s.db --confirm -o c.json
	validate c.json comparison
	[ "$(grep -o '"word": *"regression"' c.json | wc -l)" -eq "$regressions" ]
}

@test "baseline: --confirm says of rows that cannot be measured again that they are not confirmed" {
	make_results "$sample" now 1 2 from=60
	make_results "$sample" fast 1 2 from=61 scale=nano.call-ret:0.05
	sed 's/"via":"process"/"via":"exec"/; s/"via": "process"/"via": "exec"/' -i now/0060.json fast/0061.json
	run -0 --separate-stderr "$VTSCOPE" baseline save -q strange fast/0061.json --db s.db
	run -3 --separate-stderr "$VTSCOPE" baseline check strange now/0060.json --db s.db --confirm --format md
	[[ $output == *"1 regression, "*"not confirmed"* && $output == *"via exec cannot be had again from here; measure with the same bench --exec once more"* ]]
	[[ $output != *"confirmed by a second"* ]]
	run -3 --separate-stderr "$VTSCOPE" baseline check strange now/0060.json --db s.db --confirm -o c.json
	validate c.json comparison
	[ "$(grep -c '"confirmed": *true' c.json)" -eq 0 ]
}

@test "baseline: --confirm measures what the result had, or confirms nothing" {
	command -v qemu-system-x86_64 >/dev/null || skip "no QEMU: apt-get install qemu-system-x86"
	printf '#!/bin/sh\nexec qemu-system-x86_64 -singlestep "$@"\n' >slow-qemu
	chmod +x slow-qemu
	"$VTSCOPE" bench -q -e tcg,native --op 'cpu.alu.*' --op nano.call-ret --launches 8 -o good.json
	"$VTSCOPE" bench -q -e tcg,native --op 'cpu.alu.*' --op nano.call-ret --launches 8 --qemu "$PWD/slow-qemu" -o slow.json
	run -0 --separate-stderr "$VTSCOPE" baseline save -q q good.json --db s.db
	run -3 --separate-stderr "$VTSCOPE" baseline check q slow.json --db s.db --confirm
	[[ $output == *"confirmed by a second measurement"* ]]
	# Another program under the same name.
	printf '#!/bin/sh\nexec qemu-system-x86_64 "$@"\n' >slow-qemu
	run -3 --separate-stderr "$VTSCOPE" baseline check q slow.json --db s.db --confirm
	[[ $output == *"not confirmed"* && $output == *carrier.programs.tcg.digest* ]]
}

@test "baseline: save replaces, --add adds up to 20, list, show and rm" {
	make_results "$sample" r 25 2 month=2025-01
	run -0 --separate-stderr "$VTSCOPE" baseline save main r/0000.json r/0001.json --db s.db
	run -0 --separate-stderr "$VTSCOPE" baseline save main r/0002.json --db s.db
	[ "$("$VTSCOPE" baseline list --db s.db | grep -c ^main)" -eq 1 ]
	# The 20 newest stay. Which are in is told, and which are not.
	run -0 --separate-stderr "$VTSCOPE" baseline save many r/00{04..24}.json r/0000.json --db m.db
	[ "$(grep -c 'many is now run' <<<"$stderr")" -eq 20 ]
	[ "$(grep -c ' is not in many: it keeps the 20 newest' <<<"$stderr")" -eq 2 ]
	run -0 --separate-stderr "$VTSCOPE" baseline save many r/0001.json --add --db m.db
	[[ $stderr != *"has now also"* && $stderr == *"of 2025-01-02T00:00:00Z is not in many"* && $stderr != *"no longer"* ]]
	run -0 --separate-stderr "$VTSCOPE" baseline save many r/001*.json --db m.db
	run -0 --separate-stderr "$VTSCOPE" baseline save many r/000*.json r/0020.json --add --db m.db
	[ "$(grep -c 'has now also' <<<"$stderr")" -eq 10 ]
	[[ $stderr == *"of 2025-01-01T00:00:00Z is not in many"* && $stderr != *"no longer"* ]]
	run -0 --separate-stderr "$VTSCOPE" baseline save many r/0021.json --add --db m.db
	[[ $stderr == *"has now also"*"of 2025-01-02T00:00:00Z is no longer in many"* ]]
	run -0 --separate-stderr "$VTSCOPE" baseline save main r --add --db s.db
	[ "$("$VTSCOPE" baseline list --db s.db | grep -c ^main)" -eq 20 ]
	run -0 --separate-stderr "$VTSCOPE" baseline save feature/x-1 r/0003.json --db s.db
	run -0 --separate-stderr "$VTSCOPE" baseline list --db s.db -o list.json
	validate list.json baselines
	run -0 --separate-stderr "$VTSCOPE" baseline show feature/x-1 --db s.db
	[[ $output == *nano.call-ret* ]]
	run -0 --separate-stderr "$VTSCOPE" baseline rm main --db s.db
	run -0 --separate-stderr "$VTSCOPE" baseline list --db s.db
	[[ $output != *main* && $output == *feature/x-1* ]]
	run --separate-stderr "$VTSCOPE" baseline rm main --db s.db
	says 1 "no baseline is called 'main'; there is feature/x-1"
}

# No line of a workflow, nothing that acts on a terminal: neither ESC nor CSI in UTF-8, no byte that is no UTF-8.
harmless() {
	printf '%s\n' "$@" >shown
	if grep -q '^::' shown || LC_ALL=C grep -qE $'[\001-\010\013-\037\177]|\302\233' shown; then
		return 1
	fi
	iconv -f UTF-8 -t UTF-8 shown >/dev/null
}

@test "baseline: what a stranger's result or store says is shown plain, and no row is left out" {
	need_sqlite3
	make_results "$sample" r 1 2
	"$PYTHON3" - r/0000.json <<-'PY'
		import json, sys
		bad = "\x1b]0;owned\x07\x1b[31m\u009b2JX\n::error::y"
		d = json.load(open(sys.argv[1]))
		d["hardware"]["brand"] = bad
		d["subject"]["kernel"] = bad
		for row in d["results"]:
		    row["engine"] = "\x1b\n::x"
		d["skipped"] = [{"op": bad, "engine": bad[:9], "reason": bad, "check": None, "hint": bad, "unverified": False}]
		json.dump(d, open(sys.argv[1], "w"))
	PY
	run -0 --separate-stderr "$VTSCOPE" baseline save main r/0000.json --db s.db
	[[ $stderr == *"main is now run"* ]]
	harmless "$output" "$stderr"
	for words in list "show main" "list --format json"; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr "$VTSCOPE" baseline $words --db s.db
		[[ $output == *"owned"*"::error::y"* ]]
		harmless "$output" "$stderr"
	done
	# Of a store that is not ours: no UTF-8, a number below 0, a character that the room cuts.
	sqlite3 s.db "UPDATE run SET results = -5, started = CAST(x'ff1b0a3a3a' AS TEXT), kernel = CAST(x'4cff' AS TEXT),
		brand = 'a' || replace(hex(zeroblob(60)), '00', char(233))"
	for format in text json; do
		run -0 --separate-stderr "$VTSCOPE" baseline list --db s.db --format $format
		[[ $output == *main* && $output == *aéé* && $output != *18446744073709551611* ]]
		harmless "$output" "$stderr"
	done
	run -0 --separate-stderr "$VTSCOPE" baseline list --db s.db -o l.json
	validate l.json baselines
	[ "$(grep -c '"run_id"' l.json)" -eq 1 ]
}

@test "import: a file's name is no line of its own" {
	make_results "$sample" r 1 2
	mv r/0000.json $'r/\033[31mx\nsaved 00000000-0000-4000-8000-000000000000 y.json'
	run -0 --separate-stderr "$VTSCOPE" import r --db s.db
	[ "${#lines[@]}" -eq 1 ]
	[[ $output != *$'\033'* ]]
}

@test "baseline: mistakes of the command line" {
	run --separate-stderr "$VTSCOPE" baseline
	says 2 "baseline needs"
	run --separate-stderr "$VTSCOPE" baseline chekc x
	says 2 "did you mean 'check'?"
	run --separate-stderr "$VTSCOPE" baseline save
	says 2 "vtscope baseline save NAME [RESULT...]"
	run --separate-stderr "$VTSCOPE" baseline save 'a b' x.json
	says 2 "cannot name a baseline"
	run --separate-stderr "$VTSCOPE" baseline list --strict
	says 2 "--strict is for baseline check"
	run --separate-stderr "$VTSCOPE" baseline list --format junit
	says 2 "list writes text or json"
	run --separate-stderr "$VTSCOPE" baseline check main a.json b.json
	says 2 "check takes one RESULT"
	run -0 --separate-stderr "$VTSCOPE" import -q "$sample" --db s.db
	run --separate-stderr "$VTSCOPE" baseline save main ffffffff --db s.db
	says 1 "no run of that id in s.db"
	run --separate-stderr "$VTSCOPE" baseline save main gone.json --db s.db
	says 1 "gone.json: No such file or directory"
}

@test "store: the view for change points has what Otava asks for" {
	need_sqlite3
	make_results "$sample" r 3 2
	run -0 --separate-stderr "$VTSCOPE" import -q r --db s.db
	sqlite3 -csv -header s.db "SELECT time, run_id, kernel, median, p99, mean FROM v_otava
		WHERE op = 'nano.call-ret' AND engine = 'native' ORDER BY time" >otava.csv
	"$PYTHON3" - otava.csv <<-'PY'
		import csv, datetime, sys
		rows = list(csv.DictReader(open(sys.argv[1])))
		assert len(rows) == 3
		for row in rows:
		    assert datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00")).tzinfo
		    assert all(float(row[k]) > 0 for k in ("median", "p99", "mean"))
	PY
}

@test "baseline: save makes no store where there is nothing to put into it" {
	printf '{' >broken.json
	for what in broken.json nowhere.json 0123abcd ""; do
		# shellcheck disable=SC2086
		run --separate-stderr "$VTSCOPE" baseline save main $what --db new.db
		says 1 ""
		[ ! -e new.db ]
	done
	"$VTSCOPE" baseline save -q main - --db new.db <"$sample"
	[ -s new.db ]
}

@test "baseline: save refuses a result without rows, and tells of one that was interrupted" {
	"$PYTHON3" - "$sample" <<-'PY'
		import json, sys
		r = json.load(open(sys.argv[1]))
		json.dump(dict(r, interrupted=True), open("cut.json", "w"))
		json.dump(dict(r, results=[], run_id="00000000" + r["run_id"][8:]), open("empty.json", "w"))
	PY
	run --separate-stderr "$VTSCOPE" baseline save main empty.json --db s.db
	says 1 "empty.json: no baseline, since it has no results"
	[ ! -e s.db ]
	run -0 --separate-stderr "$VTSCOPE" baseline save main cut.json --db s.db
	[[ $stderr == *"main is now run"*" was interrupted and may lack rows and launches"* ]]
	run -0 --separate-stderr "$VTSCOPE" baseline show main --db s.db
	[[ $output == *" results, interrupted"* ]]
	run --separate-stderr "$VTSCOPE" baseline save main empty.json --db s.db
	says 1 "no baseline, since it has no results"
	run -0 --separate-stderr "$VTSCOPE" baseline check main "$sample" --db s.db --threshold 50
	[[ $output == *"; A was interrupted"* ]]
}

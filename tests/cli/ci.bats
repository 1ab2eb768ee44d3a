#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# examples/ci: the script that pipelines call does what they rely on, and their files are what they claim.

# shellcheck disable=SC2154,SC2016,SC2030,SC2031
# status, output and stderr come from bats; what a stand-in does is for its shell.

load lib

examples=${top_srcdir:?}/examples/ci
qemu="qemu-system-x86_64 -M microvm -nodefaults -no-user-config -display none -m 160 -accel tcg"

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export COMPARE="--threshold 10"
	export XDG_STATE_HOME=$BATS_TEST_TMPDIR
}

ci() {
	run --separate-stderr timeout -k 1 120 "$examples/vtscope-ci.sh" "$@"
}

native="--engine native --launches 6 --time 4 --op nano.call-ret --op cpu.alu.u"

need_qemu() {
	command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64"
}

need_yaml() {
	[ -n "$PYTHON3" ] || skip "no python3"
	"$PYTHON3" -c 'import yaml' 2>/dev/null || skip "python3-yaml is missing: apt-get install python3-yaml"
}

@test "ci: a usage that is none" {
	ci
	[ "$status" -eq 2 ]
	[[ $stderr == *"measure OUT"* ]]
	ci compare out
	[ "$status" -eq 2 ]
	ci ab out
	[ "$status" -eq 2 ]
}

real=${VTSCOPE:?}

# vtscope whose bench does (1) instead, the file of -o being in "$o"; all else it does itself.
stand_in() {
	cat >vtscope <<-END
		#!/bin/sh
		[ "\$1" = bench ] || exec "$real" "\$@"
		for o; do :; done
		$1
	END
	chmod +x vtscope
	export VTSCOPE=$PWD/vtscope
}

# The result (1) as one of another run, changed by the Python (3), to (2): r is the document, rows(OP) those of an operation.
altered() {
	[ -n "$PYTHON3" ] || skip "no python3"
	"$PYTHON3" - "$@" <<-'END'
		import json, sys, uuid
		r = json.load(open(sys.argv[1]))
		r["run_id"] = str(uuid.uuid4())
		def rows(op): return [x for x in r["results"] if x["op"] == op]
		def slower(op, by):
		    for x in rows(op):
		        for y in [x] + x["launches"]:
		            for k in ("median", "min", "max", "p25", "p75", "mean"):
		                if y.get(k): y[k] *= by
		        x["ci95"] = [c * by for c in x["ci95"]]
		def lose(op): r["results"] = [x for x in r["results"] if x["op"] != op]
		def fail(op):
		    r["failed"] += [{"op": x["op"], "engine": x["engine"], "reason": "the guest stopped: triple fault",
		        "stop": {"kind": "shutdown", "native": "8", "rip": None, "registers": None}} for x in rows(op)]
		    lose(op)
		exec(sys.argv[3])
		json.dump(r, open(sys.argv[2], "w"), indent=1)
	END
}

# out/result.json, one real measurement for all tests of this file.
measured() {
	[ -s "$BATS_FILE_TMPDIR/result.json" ] || BENCH="$native --time 60" "$examples/vtscope-ci.sh" measure "$BATS_FILE_TMPDIR"
	mkdir out
	cp "$BATS_FILE_TMPDIR/result.json" out
}

# good.json, three runs of which are the baseline in base/results.db.
baseline() {
	measured
	mv out/result.json good.json
	for _ in 1 2 3; do
		altered good.json out/result.json ""
		ci keep out base/results.db
		[ "$status" -eq 0 ]
	done
}

kept() {
	"$VTSCOPE" baseline list --db base/results.db | grep -c "^${1:-main} "
}

@test "ci: nothing to measure is a skip, with the rows' reasons and the verdict" {
	mkdir out
	touch out/compare.md out/compare.xml out/again.json
	stand_in 'echo "{\"results\": []}" >"$o"; echo "skipped  kvm  2 operations: no such device" >&2; exit 77'
	ci measure out
	[ "$status" -eq 77 ]
	[[ $stderr == *"no such device"* ]]
	grep -q 'no such device' out/summary.md
	grep -q processor out/summary.md
	[ -s out/skipped.json ]
	run ! ls out/compare.md out/compare.xml out/again.json out/result.json
	cp out/summary.md before
	for what in compare keep accept; do
		ci "$what" out base/results.db
		[ "$status" -eq 77 ]
	done
	cmp out/summary.md before
}

@test "ci: what is wrong is no skip" {
	BENCH="--engine nothing" ci measure out
	[ "$status" -eq 2 ]
	VTSCOPE=/nowhere/vtscope BENCH=$native ci measure out
	[ "$status" -ne 0 ]
	[ "$status" -ne 77 ]
}

@test "ci: the first run has nothing to compare with, later ones have" {
	for _ in 1 2 3; do
		BENCH=$native ci measure out
		[ "$status" -eq 0 ]
		BENCH=$native ci compare out base/results.db
		[ "$status" -eq 0 ]
		[ -s out/summary.md ]
		ci keep out base/results.db
		[ "$status" -eq 0 ]
	done
	"$VTSCOPE" baseline show main --db base/results.db | grep -q 3
	grep -q '<testsuite' out/compare.xml
	grep -q 'cpu.alu.u' out/summary.md
}

@test "ci: what worked in the baseline and fails now fails the pipeline, in words and in JUnit" {
	baseline
	altered good.json out/result.json 'fail("cpu.alu.u")'
	ci compare out base/results.db
	[ "$status" -eq 4 ]
	grep -q 'what worked in the baseline fails now' out/summary.md
	run ! grep -q 'no baseline' out/summary.md
	grep -q 'cpu.alu.u.*failed in B' out/summary.md
	grep -q '<error message="it failed in B' out/compare.xml
	ci keep out base/results.db
	[ "$status" -eq 0 ]
	[[ $stderr == *"not added"* ]]
	[ "$(kept)" -eq 3 ]
}

@test "ci: a hypervisor that does not start any more fails the pipeline, with the reason" {
	broken="--engine exec,native --exec 'nosuchvmm {image}' --launches 6 --op nano.call-ret"
	BENCH="--engine exec --exec 'false {image}'" ci measure out
	[ "$status" -eq 1 ]
	grep -q 'false: .*exit status 1' out/summary.md
	rm -r out
	measured
	altered out/result.json out/vmm.json 'r["results"] += [dict(x, engine="exec", via="exec") for x in rows("nano.call-ret")]'
	mv out/vmm.json out/result.json
	ci keep out base/results.db
	BENCH=$broken ci measure out
	[ "$status" -eq 0 ]
	grep -q 'failed.*nosuchvmm' out/summary.md
	BENCH=$broken ci compare out base/results.db
	[ "$status" -eq 4 ]
	grep -q 'what worked in the baseline fails now' out/summary.md
	grep -q 'nano.call-ret.*exec.*nosuchvmm' out/summary.md
	ci keep out base/results.db
	[[ $stderr == *"not added"* ]]
	[ "$(kept)" -eq 1 ]
}

@test "ci: --strict wants all rows" {
	baseline
	altered good.json out/result.json 'lose("cpu.alu.u"); r["skipped"] = [{"op": "cpu.alu.u", "engine": "native",
		"check": None, "reason": "no such thing here", "hint": None, "unverified": False}]'
	ci compare out base/results.db
	[ "$status" -eq 0 ]
	grep -q 'no such thing here' out/summary.md
	COMPARE="$COMPARE --strict" ci compare out base/results.db
	[ "$status" -eq 4 ]
}

@test "ci: a regression needs a second measurement, and one that breaks does not acquit" {
	baseline
	altered good.json slow.json 'slower("cpu.alu.u", 2)'
	altered good.json fewer.json 'lose("cpu.alu.u")'
	altered good.json fails.json 'fail("cpu.alu.u")'
	cp slow.json out/result.json
	stand_in 'echo "the machine is gone" >&2; exit 77'
	ci compare out base/results.db
	[ "$status" -eq 4 ]
	grep -q 'the machine is gone' out/summary.md
	grep -q 'cpu.alu.u.*\*\*regression\*\*' out/summary.md
	stand_in 'cp fewer.json "$o"'
	ci compare out base/results.db
	[ "$status" -eq 4 ]
	stand_in 'cp fails.json "$o"'
	ci compare out base/results.db
	[ "$status" -eq 4 ]
	stand_in 'cp slow.json "$o"'
	ci compare out base/results.db
	[ "$status" -eq 3 ]
	stand_in 'cp good.json "$o"'
	ci compare out base/results.db
	[ "$status" -eq 0 ]
	grep -q 'none in the second: not counted' out/summary.md
	# What is slow in the second is another operation: neither is confirmed.
	altered good.json other.json 'slower("nano.call-ret", 2)'
	stand_in 'cp other.json "$o"'
	ci compare out base/results.db
	[ "$status" -eq 0 ]
	grep -q 'none of them in both: not counted' out/summary.md
}

@test "ci: the baseline does not lose rows by itself, accept starts it anew" {
	baseline
	altered good.json out/result.json 'lose("cpu.alu.u")'
	ci keep out base/results.db
	[ "$status" -eq 0 ]
	grep -q 'not added' out/summary.md
	[ "$(kept)" -eq 3 ]
	altered good.json out/result.json 'slower("cpu.alu.u", 2)'
	ci accept out base/results.db
	[ "$status" -eq 0 ]
	grep -q 'cpu.alu.u.*\*\*regression\*\*' out/summary.md
	[ "$(kept)" -eq 1 ]
	altered out/result.json again.json ""
	mv again.json out/result.json
	ci compare out base/results.db
	[ "$status" -eq 0 ]
	ci keep out base/results.db
	[ "$status" -eq 0 ]
	[ "$(kept)" -eq 2 ]
}

@test "ci: a baseline begins with a run in which nothing failed, or with one that somebody accepts" {
	measured
	altered out/result.json failed.json 'fail("cpu.alu.u")'
	mv failed.json out/result.json
	ci keep out base/results.db
	[ "$status" -eq 4 ]
	[ ! -e base/results.db ]
	ci accept out base/results.db
	[ "$status" -eq 0 ]
	altered out/result.json failed.json ""
	mv failed.json out/result.json
	ci keep out base/results.db
	[ "$status" -eq 0 ]
	[ "$(kept)" -eq 2 ]
}

@test "ci: another kind of machine has no baseline yet, a name that is not there is a mistake" {
	baseline
	altered good.json out/result.json 'r["hardware"]["fingerprint"] = "0123456789abcdef"; r["hardware"]["cpus"] = 64; lose("cpu.alu.u")'
	ci compare out base/results.db
	[ "$status" -eq 0 ]
	grep -q 'no baseline of a machine like this' out/summary.md
	ci keep out base/results.db
	[ "$status" -eq 0 ]
	[ "$(kept)" -eq 4 ]
	for what in compare keep; do
		NAME=mian ci "$what" out base/results.db
		[ "$status" -eq 2 ]
		[[ $stderr == *"no baseline is called 'mian'"* ]]
	done
	NAME=next ci accept out base/results.db
	[ "$status" -eq 0 ]
	[ "$(kept next)" -eq 1 ]
}

@test "ci: ab fails where side B does" {
	printf 'no program\n' >image
	AB="--engine native --op nano.call-ret --a '' --b '--image image' --launches 12" ci ab out
	[ "$status" -eq 4 ]
	grep -q 'failed in B' out/summary.md
}

@test "ci: a slower hypervisor fails the pipeline, the operation that got slower is named" {
	need_qemu
	b="--engine exec --launches 6 --time 90 --op exit.pio-in.user --op nano.call-ret"
	BENCH="$b --exec '$qemu -kernel {image} -serial file:{serial}'" ci measure out
	[ "$status" -eq 0 ]
	ci keep out base/results.db
	[ "$status" -eq 0 ]
	# Every access to a device is written to a log.
	export BENCH="$b --exec '$qemu -trace memory_region_ops_read -D /dev/null -kernel {image} -serial file:{serial}'"
	ci measure out
	[ "$status" -eq 0 ]
	ci compare out base/results.db
	[ "$status" -eq 3 ] || ! echo "$stderr" | grep -q trace || skip "this QEMU has no log of what it traces"
	[ "$status" -eq 3 ]
	grep -q 'exit.pio-in.user.*\*\*regression\*\*' out/summary.md
	run ! grep -q 'nano.call-ret.*\*\*regression\*\*' out/summary.md
	[ -s out/again.json ]
}

# The scripts of the files for GitHub and GitLab, each as a file; and what else is promised of the files.
scripts() {
	need_yaml
	"$PYTHON3" - "$examples" <<-'END'
		import sys, yaml
		def load(name): return yaml.safe_load(open(f"{sys.argv[1]}/{name}.yml"))
		text = {}
		for name, job in ("github", "measure"), ("github-ab", "ab"):
		    steps = load(name)["jobs"][job]["steps"]
		    assert all(("uses" in s) != ("run" in s) for s in steps)
		    for s in steps:
		        if "run" in s:
		            open(f"{name}-{s['name'].strip('?').replace(' ', '-')}.sh".replace("/", ""), "w").write("#!/bin/bash\nset -e\n" + s["run"])
		    text[name] = " ".join(s.get("run", "") for s in steps)
		    assert "VTSCOPE_REF" in steps[0]["run"]
		    source = [s["with"] for s in steps if s.get("with", {}).get("path") == "vtscope"][0]
		    assert source["ref"] == "${{ env.VTSCOPE_REF }}"
		    assert any("upload-artifact" in s.get("uses", "") for s in steps)
		for word in ("99-kvm4all.rules", "GITHUB_STEP_SUMMARY", "77", "vtscope-ci.sh keep", "vtscope-ci.sh accept"):
		    assert word in text["github"], word
		github = load("github")
		assert "accept" in github[True]["workflow_dispatch"]["inputs"]	# YAML 1.1 reads "on" as true
		assert "run_id" in github["concurrency"]["group"]
		caches = [s["with"]["key"] for s in github["jobs"]["measure"]["steps"] if "cache" in s.get("uses", "")]
		assert len(caches) == 2 and all("outputs.baseline" in k and "run_attempt" in k for k in caches)
		gitlab = load("gitlab-ci")
		base = gitlab[".vtscope"]
		assert base["allow_failure"]["exit_codes"] == [77]
		assert base["artifacts"]["reports"]["junit"] == "out/compare.xml"
		assert base["cache"]["unprotect"] is True and base["variables"]["BASELINE_CACHE"] == "pull"
		for name in "vtscope", "vtscope-accept":
		    assert gitlab[name]["extends"] == ".vtscope"
		    lines = base["before_script"] + gitlab[name]["script"]
		    assert all(isinstance(l, str) for l in lines)
		    open(f"gitlab-{name}.sh", "w").write("#!/bin/sh\nset -e\n" + "\n".join(lines))
	END
}

@test "ci: the files for GitHub and GitLab are YAML, their scripts are a shell's" {
	scripts
	for f in *.sh; do
		bash -n "$f"
		! command -v shellcheck >/dev/null || shellcheck -e SC2154 "$f"
	done
}

@test "ci: which vtscope must be said, and be one" {
	scripts
	sed -n "/sh '''/,/'''/p" "$examples/Jenkinsfile" | sed "/'''/d" >jenkins.sh
	export VTSCOPE_REPOSITORY="" VTSCOPE_SOURCE="" VTSCOPE_REF=""
	for f in github-Which-vtscope.sh github-ab-Which-vtscope.sh gitlab-vtscope.sh jenkins.sh; do
		run -1 --separate-stderr bash -e "$f"
		[[ $output$stderr == *"set VTSCOPE_"*" and VTSCOPE_REF"* ]]
	done
	export VTSCOPE_REPOSITORY=me/mine VTSCOPE_REF=v1
	bash -e github-Which-vtscope.sh
	for f in github-Build-vtscope.sh github-ab-Build-vtscope.sh; do
		run -1 bash -e "$f"
		[[ $output == *"me/mine at v1 is not vtscope"* ]]
	done
}

@test "ci: github-ab.yml compares two sides, and fails where the new one does not start" {
	scripts
	need_qemu
	mkdir -p vtscope/examples base head
	ln -s "$examples" vtscope/examples/ci
	export BUILD='cp ../vmm my-vmm' RUN='./my-vmm {image} {serial}' OPS='--op nano.call-ret' SESSION='--launches 2'
	printf '#!/bin/sh\nexec %s -kernel "$1" -serial "file:$2"\n' "$qemu" >vmm
	chmod +x vmm
	bash -e github-ab-Build-both-sides.sh
	run -0 --separate-stderr timeout 120 bash -e github-ab-Compare.sh
	grep -q 'nano.call-ret. | exec' out/summary.md
	printf '#!/bin/sh\nexit 3\n' >head/my-vmm
	run -4 --separate-stderr timeout 120 bash -e github-ab-Compare.sh
	grep -q 'B: failed exec.*exit status 3' out/summary.md
	GITHUB_STEP_SUMMARY=summary bash -e github-ab-Summary.sh
	cmp summary out/summary.md
}

@test "ci: what the files install is what setup names" {
	for f in github.yml github-ab.yml gitlab-ci.yml; do
		while read -r package; do
			[ "$package" = libc6-dev ] || grep -q "|$package|" "$top_srcdir/setup"
		done < <(grep -o '\blib[a-z0-9]*-dev\b' "$examples/$f" | sort -u)
		while read -r package; do
			grep -q "$package" "$examples/$f"
		done < <(sed -n 's/^build|lib [^|]*|\([^|]*\)|.*/\1/p' "$top_srcdir/setup")
	done
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# examples/ci: the script that pipelines call does what they rely on, and their files are what they claim.

# shellcheck disable=SC2154
# status, output and stderr come from bats.

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

@test "ci: nothing to measure is a skip, with the verdict as its reason" {
	BENCH="--engine exec --exec 'false {image}'" ci measure out
	[ "$status" -eq 77 ]
	grep -q skipped out/summary.md
	grep -q processor out/summary.md
	ci compare out base/results.db
	[ "$status" -eq 77 ]
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

# The row (2) of the result (1) failed.
row_fail() {
	"$PYTHON3" - "$@" <<-'END'
		import json, sys
		r = json.load(open(sys.argv[1]))
		old = [x for x in r["results"] if x["op"] == sys.argv[2]]
		r["results"] = [x for x in r["results"] if x["op"] != sys.argv[2]]
		r["failed"] += [{"op": x["op"], "engine": x["engine"], "reason": "the guest stopped: triple fault",
			"stop": {"kind": "shutdown", "native": "8", "rip": None, "registers": None}} for x in old]
		json.dump(r, open(sys.argv[1], "w"))
	END
}

@test "ci: what worked in the baseline and fails now fails the pipeline, in words and in JUnit" {
	[ -n "$PYTHON3" ] || skip "no python3"
	BENCH=$native ci measure out
	ci keep out base/results.db
	BENCH=$native ci measure out
	row_fail out/result.json cpu.alu.u
	ci compare out base/results.db
	[ "$status" -eq 4 ]
	grep -q 'what worked in the baseline fails now' out/summary.md
	run ! grep -q 'no baseline' out/summary.md
	grep -q 'cpu.alu.u.*failed in B' out/summary.md
	grep -q '<error message="it failed in B' out/compare.xml
}

@test "ci: without a baseline of such a machine there is nothing to compare with" {
	[ -n "$PYTHON3" ] || skip "no python3"
	BENCH=$native ci measure out
	NAME=other ci keep out base/results.db
	ci compare out base/results.db
	[ "$status" -eq 0 ]
	grep -q 'no baseline' out/summary.md
	[ ! -e out/compare.xml ]
}

@test "ci: ab fails where side B does" {
	printf 'no program\n' >image
	AB="--engine native --op nano.call-ret --a '' --b '--image image' --launches 12" ci ab out
	[ "$status" -eq 4 ]
	grep -q 'failed in B' out/summary.md
}

@test "ci: a slower hypervisor fails the pipeline, the operation that got slower is named" {
	need_qemu
	b="--engine exec --launches 8 --time 25 --op exit.pio-in.user --op nano.call-ret"
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

@test "ci: the files for GitHub and GitLab are YAML, their scripts are a shell's" {
	need_yaml
	"$PYTHON3" - "$examples" <<-'END'
		import os, sys, yaml
		github = yaml.safe_load(open(sys.argv[1] + "/github.yml"))
		steps = github["jobs"]["measure"]["steps"]
		assert all(("uses" in s) != ("run" in s) for s in steps)
		for i, s in enumerate(steps):
		    if "run" in s:
		        open(f"github-{i}.sh", "w").write("#!/bin/bash\nset -e\n" + s["run"])
		text = " ".join(s.get("run", "") for s in steps)
		for word in ("99-kvm4all.rules", "GITHUB_STEP_SUMMARY", "77", "vtscope-ci.sh keep"):
		    assert word in text, word
		assert any("cache" in s.get("uses", "") and "fingerprint" in s["with"]["key"] for s in steps)
		assert any("upload-artifact" in s.get("uses", "") for s in steps)
		job = yaml.safe_load(open(sys.argv[1] + "/gitlab-ci.yml"))["vtscope"]
		assert job["allow_failure"]["exit_codes"] == [77]
		assert job["artifacts"]["reports"]["junit"] == "out/compare.xml"
		lines = job["before_script"] + job["script"]
		assert all(isinstance(l, str) for l in lines)
		open("gitlab.sh", "w").write("#!/bin/sh\nset -e\n" + "\n".join(lines))
	END
	for f in *.sh; do
		bash -n "$f"
		! command -v shellcheck >/dev/null || shellcheck -e SC2154 "$f"
	done
}

@test "ci: what the files install is what setup names" {
	for f in github.yml gitlab-ci.yml; do
		while read -r package; do
			[ "$package" = libc6-dev ] || grep -q "|$package|" "$top_srcdir/setup"
		done < <(grep -o '\blib[a-z0-9]*-dev\b' "$examples/$f" | sort -u)
		while read -r package; do
			grep -q "$package" "$examples/$f"
		done < <(sed -n 's/^build|lib [^|]*|\([^|]*\)|.*/\1/p' "$top_srcdir/setup")
	done
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The command around a measurement: options, files, faults. Only the engine native runs here: it is everywhere.
# shellcheck disable=SC2154,SC2016

bats_require_minimum_version 1.5.0

setup() {
	mkdir "$BATS_TEST_TMPDIR/d"
	cd "$BATS_TEST_TMPDIR/d" || return 1
	native=(bench --quick --engine native --op cpu.alu.u)
}

# One line, beginning "vtscope: ", with (2) in it, and status (1).
says() {
	[ "$status" -eq "$1" ]
	[[ $stderr == "vtscope: "* ]]
	[[ $stderr == *"$2"* ]]
}

need_python() {
	[ -n "$PYTHON3" ] || skip "no python3 with jsonschema"
}

@test "bench: a table on standard output is the default" {
	run -0 --separate-stderr "$VTSCOPE" "${native[@]}"
	[[ ${lines[0]} == "operation "*"median"*"range"*"p99"* ]]
	[[ ${lines[1]} == "cpu.alu.u "*"native "* ]]
	[[ $output == *"TSC ticks per operation"* ]]
	[ -z "$stderr" ]
}

@test "bench: -o FILE writes the document and nothing else; -o - prints it" {
	need_python
	run -0 --separate-stderr "$VTSCOPE" "${native[@]}" -o r.json
	[ -z "$output$stderr" ]
	"$PYTHON3" -c 'import json; d = json.load(open("r.json")); assert len(d["results"]) == 1 and not d["interrupted"]'
	"$VTSCOPE" "${native[@]}" -o - | "$PYTHON3" -c 'import json, sys; assert json.load(sys.stdin)["results"]'
	[ "$(ls)" = r.json ]
}

@test "bench: a disk that fills while measuring costs the file, not the measurement" {
	need_python
	mkdir spare
	TMPDIR=$PWD/spare run --separate-stderr "$VTSCOPE" "${native[@]}" -o /dev/full
	[ "$status" -eq 1 ]
	[[ $stderr == *"/dev/full: "*"No space"* ]]
	[[ $stderr == *"the result is in $PWD/spare/vtscope-"* ]]
	[ -z "$output" ]
	"$PYTHON3" -c 'import json, sys; assert json.load(open(sys.argv[1]))["results"]' spare/vtscope-*.json
}

@test "bench: with no room anywhere the document goes to standard output" {
	need_python
	TMPDIR=$PWD/nowhere "$VTSCOPE" "${native[@]}" -o /dev/full >out 2>err || status=$?
	[ "$status" -eq 1 ]
	"$PYTHON3" -c 'import json; assert json.load(open("out"))["results"]'
}

@test "bench: where the file cannot be is said before measuring" {
	SECONDS=0
	run --separate-stderr "$VTSCOPE" bench -o nowhere/r.json
	says 1 "nowhere/"
	run --separate-stderr "$VTSCOPE" bench -o r.html
	says 2 "vtscope report"
	mkdir folder
	run --separate-stderr "$VTSCOPE" bench -o folder
	says 1 "folder: Is a directory"
	run --separate-stderr "$VTSCOPE" bench -o folder/
	says 1 "folder/: Is a directory"
	rmdir folder
	[ "$SECONDS" -lt 5 ]
	[ -z "$(ls)" ]
}

@test "bench: a file that may not be written is refused before measuring" {
	echo kept >r.json
	chmod 444 r.json
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" .
	nobody=()
	if [ "$(id -u)" -eq 0 ]; then
		command -v setpriv >/dev/null || skip "setpriv is missing: apt-get install util-linux"
		chmod 777 .
		nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
		"${nobody[@]}" test -x "$VTSCOPE" -a -r r.json || skip "the build folder is closed to nobody"
	fi
	SECONDS=0
	run --separate-stderr "${nobody[@]}" "$VTSCOPE" bench -o r.json
	says 1 "r.json: Permission denied"
	[ "$SECONDS" -lt 5 ]
	[ "$(cat r.json)" = kept ]
}

@test "bench: a closed pipe is an error" {
	run bash -c '"$VTSCOPE" bench --quick --engine native --op cpu.alu.u 2>err | true; echo "${PIPESTATUS[0]}"'
	[ "$output" = 1 ]
	[[ $(cat err) == "vtscope: standard output: "* ]]
}

@test "bench: names that are none are refused with the nearest, status 2" {
	run --separate-stderr "$VTSCOPE" bench --op exit.cpuit
	says 2 "did you mean 'exit.cpuid'?"
	run --separate-stderr "$VTSCOPE" bench --op exit
	says 2 "did you mean 'exit.*'?"
	run --separate-stderr "$VTSCOPE" bench --exclude nano.inn
	says 2 "did you mean 'nano.in'?"
	run --separate-stderr "$VTSCOPE" bench --engine native,kwm
	says 2 "did you mean 'kvm'?"
	run --separate-stderr "$VTSCOPE" bench --engine native --exclude '*'
	says 2 "leaves no operation"
}

@test "bench: values that are none are refused, status 2" {
	for bad in --launches=0 --launches=x --time=0 --time=-1 --seed=0 --seed=9007199254740992 --seed=-1 --cpu=core --cpu=pu:70000 \
		--via=pigeon --engine=; do
		run --separate-stderr "$VTSCOPE" bench --quick --op cpu.alu.u "$bad"
		echo "# $bad: $status $stderr"
		[ "$status" -eq 2 ]
		[[ $stderr == "vtscope: "* ]]
	done
}

@test "bench: carriers and models that are none are refused, and say where to go" {
	run --separate-stderr "$VTSCOPE" bench --via boks
	says 2 "did you mean 'bochs'?"
	run --separate-stderr "$VTSCOPE" bench --via image
	says 2 "vtscope import"
	run --separate-stderr "$VTSCOPE" bench --via module
	says 2 "no kernel module yet"
	run --separate-stderr "$VTSCOPE" bench --engine kvm,tcg --via bochs --op exit.cpuid --quick
	[ "$status" -eq 77 ]
	[[ ${lines[0]} == skipped* || ${lines[0]} == unverified* ]]
	command -v bochs >/dev/null || skip "bochs is missing: apt-get install bochs bochsbios vgabios"
	run --separate-stderr "$VTSCOPE" bench --engine vmx --via bochs:corei7_skylak
	says 2 "did you mean 'corei7_skylake_x'?"
}

@test "bench: an emulator's rows have a table of their own, in instructions" {
	need_python
	command -v bochs >/dev/null || skip "bochs is missing: apt-get install bochs bochsbios vgabios"
	run -0 --separate-stderr "$VTSCOPE" bench --engine vmx --via bochs --op exit.cpuid --op 'vmx.vmread.GUEST_*'
	[[ ${lines[0]} == "operation "*"instr."*"exit"*"handler"*"entry"*"exits"* ]]
	[[ ${lines[1]} == "exit.cpuid "*"vmx "*" 1"* ]]
	[[ ${lines[2]} == "vmx.vmread.* "*" operations"* ]]
	[[ $output == *"Proved in emulation"*"Bochs"* && $output != *"TSC ticks"* ]]
	[ -z "$stderr" ]
	"$VTSCOPE" bench --engine vmx --via bochs --op exit.cpuid -o r.json
	"$PYTHON3" -c '
import json
d = json.load(open("r.json"))
r = d["results"][0]
s = r["split"]
assert r["unit"] == r["clock"] == "instructions" and r["provenance"] == "emulated" and r["via"].startswith("bochs:")
assert r["exits"] == {"expected": 1, "observed": 1} and len(r["launches"]) == 2
assert s["exit"] + s["handler"] + s["entry"] == r["diff_median"] + r["empty_bracket"] + s["stamp_cost"]
assert d["self_tests"] and all(t["passed"] for t in d["self_tests"]) and d["facts"] and d["capture"] is None
'
}

@test "bench: a count of one launch says that nothing confirmed it" {
	need_python
	command -v bochs >/dev/null || skip "bochs is missing: apt-get install bochs bochsbios vgabios"
	run -0 --separate-stderr "$VTSCOPE" bench --engine vmx --via bochs --op exit.cpuid --launches 1
	[[ $output == *"no second launch confirmed"* ]]
	run -0 "$VTSCOPE" bench --engine vmx --via bochs --op exit.cpuid --launches 1 -o one.json
	run -0 "$VTSCOPE" bench --engine vmx --via bochs --op exit.cpuid --launches 2 -o two.json
	"$PYTHON3" -c '
import json
one, two = (json.load(open(f))["results"][0] for f in ("one.json", "two.json"))
assert "few-launches" in one["flags"] and "few-launches" not in two["flags"], (one["flags"], two["flags"])'
	run -0 --separate-stderr "$VTSCOPE" bench --engine native,vmx --op exit.cpuid --dry-run
	[[ $output == *"launches: native 10, vmx 2, seed "* ]]
}

@test "bench: an emulator that is killed is told as that" {
	need_python
	command -v bochs >/dev/null || skip "bochs is missing: apt-get install bochs bochsbios vgabios"
	"$PYTHON3" - <<'EOF'
import json, os, signal, subprocess, time
p = subprocess.Popen([os.environ["VTSCOPE"], "bench", "--engine", "vmx", "--via", "bochs", "--launches", "1", "-q", "-o", "r.json"])
def boots():
    found = set()
    for pid in subprocess.run(["ps", "-o", "pid=", "--ppid", str(p.pid)], capture_output=True, text=True).stdout.split():
        try:
            if "-rc" in open(f"/proc/{pid}/cmdline").read().split("\0"):
                found.add(int(pid))
        except OSError:
            pass
    return found
# The first boot is the one that looks what there is. One that was killed before its first row is started again, and
# how soon that row comes depends on how busy the machine is: each further one lives longer.
since, age = {}, 0.4
while p.poll() is None:
    for pid in boots():
        since.setdefault(pid, time.monotonic())
        if pid != next(iter(since)) and age < 2 and time.monotonic() - since[pid] > age:
            os.kill(pid, signal.SIGKILL)
            age *= 1.6
    time.sleep(0.02)
assert age > 0.4
d = json.load(open("r.json"))
assert any("was killed (signal 9)" in f["reason"] for f in d["failed"]), d["failed"]
EOF
}

@test "bench: with nothing to boot a machine in, both that could are named" {
	mkdir empty
	run --separate-stderr env PATH="$PWD/empty" "$VTSCOPE" bench --engine svm --op exit.cpuid
	[ "$status" -eq 77 ]
	[[ $output == *"apt-get install qemu-system-x86"*"apt-get install bochs"* ]]
}

@test "bench: Ctrl-C ends an emulator, keeps what was measured, leaves nothing" {
	need_python
	command -v bochs >/dev/null || skip "bochs is missing: apt-get install bochs bochsbios vgabios"
	mkdir tmp
	TMPDIR=$PWD/tmp "$PYTHON3" - <<'EOF'
import json, os, signal, subprocess, time
p = subprocess.Popen([os.environ["VTSCOPE"], "bench", "--engine", "vmx", "--via", "bochs", "-o", "r.json"],
                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
time.sleep(1.5)
children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(p.pid)], capture_output=True, text=True).stdout.split()
p.send_signal(signal.SIGINT)
assert p.wait(10) == 130, p.returncode
assert json.load(open("r.json"))["interrupted"]
for pid in children:
    try:
        assert "bochs" not in open(f"/proc/{pid}/cmdline").read()
    except FileNotFoundError:
        pass
EOF
	[ -z "$(ls tmp)" ]
}

@test "bench: with -o, too, what failed and what was skipped is told; with -q what failed" {
	for file in r.json -; do
		for quiet in "" -q; do
			run -0 --separate-stderr "$VTSCOPE" bench ${quiet:+"$quiet"} --engine tcg,native --qemu /nonexistent --op cpu.alu.u \
				--op cpu.alu.k --launches 1 -o $file
			[[ ${stderr_lines[0]} == "vtscope: failed tcg 2 operations: --qemu /nonexistent: there is no such program" ]]
			if [ "$quiet" ]; then
				[ "${#stderr_lines[@]}" -eq 1 ]
			else
				[[ ${stderr_lines[1]} == "vtscope: skipped native cpu.alu.k: "*process* ]]
			fi
		done
	done
	# A table says it once.
	run -0 --separate-stderr "$VTSCOPE" bench --engine tcg,native --qemu /nonexistent --op 'cpu.alu.*' --launches 1
	[[ $output == *"failed      tcg       2 operations: "* ]]
	[ -z "$stderr" ]
}

@test "bench: --dry-run tells what would run and what not, and measures nothing" {
	SECONDS=0
	run -0 --separate-stderr "$VTSCOPE" bench --dry-run
	[[ $output == *"native: 12 operations to run"* ]]
	[[ $output == *"skip       nano.pgfault: privileged code cannot run in a process"* ]]
	[[ $output == *" launches each, seed "* ]]
	[ "$SECONDS" -lt 15 ]
}

@test "bench: --seed, --launches, --cpu and --exclude do what they say" {
	need_python
	run -0 "$VTSCOPE" bench --engine native --op 'cpu.*' --exclude 'cpu.b*' --seed 42 --launches 7 --time 20 --cpu pu:0 -o r.json
	"$PYTHON3" -c '
import json
d = json.load(open("r.json"))
r, = d["results"]
assert d["seed"] == 42 and len(r["launches"]) == 7 and r["op"] == "cpu.alu.u", d["seed"]
assert r["ci95"][0] <= r["median"] <= r["ci95"][1] and "few-launches" not in r["flags"]
assert r["range"][0] <= r["ci95"][0]'
}

@test "bench: --time is kept" {
	SECONDS=0
	run -0 "$VTSCOPE" bench --engine native --launches 1000 --time 3 -q
	[ "$SECONDS" -le 8 ]
}

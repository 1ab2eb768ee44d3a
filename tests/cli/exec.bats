#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bench --engine exec: strangers that boot the image, and what is said of those that do not.

# shellcheck disable=SC2154
# top_builddir comes from make; status, output and stderr from bats.

load lib

qemu="qemu-system-x86_64 -nodefaults -no-user-config -display none -m 160 -accel tcg"

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir tmp
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
}

need_qemu() {
	command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64"
}

need_disk() {
	"$VTSCOPE" image -o tmp/x.iso 2>why || skip "$(cat why)"
	rm tmp/x.iso
	! grep -q 'boots from EFI only' why || skip "no GRUB for BIOS"
}

exec_bench() {
	run --separate-stderr timeout -k 1 90 "$VTSCOPE" bench --engine exec --quick --launches 2 -o r.json \
		--op exit.cpuid --op nano.call-ret --exec "$@"
}

# FIELD of both results of r.json: (2) as a pattern of a shell.
field() {
	[ -n "$PYTHON3" ] || return 0
	for v in $("$PYTHON3" -c 'import json, sys
for r in json.load(open("r.json"))["results"]: print(str(r[sys.argv[1]]).replace(" ", "_"))' "$1"); do
		# shellcheck disable=SC2053
		[[ $v == $2 ]]
	done
}

nothing_left() {
	[ -z "$(ls -A tmp)" ]
	! pgrep -f "$BATS_TEST_TMPDIR/tmp/vtscope-exec" >/dev/null
}

measured() {
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	validate r.json result
	field engine exec
	field via exec
	field clock tsc
	nothing_left
}

@test "exec: what is wrong with the command is said, status 2" {
	for args in "" "--exec vmm" "--exec 'vmm {serial}'" "--exec 'vmm {image} {disk}'" "--via qemu --exec 'vmm {image}'"; do
		run --separate-stderr bash -c "\"$VTSCOPE\" bench -e exec --dry-run $args"
		[ "$status" -eq 2 ] || [[ $args == *via* ]]
		[[ $stderr$output == *exec* ]]
	done
	run --separate-stderr "$VTSCOPE" bench -e native --exec 'vmm {image}'
	says 2 "engine exec"
}

@test "exec: without --exec it is in no plan" {
	run --separate-stderr "$VTSCOPE" bench --dry-run
	[ "$status" -eq 0 ]
	[[ $output$stderr != *exec\ * ]]
}

@test "exec: a command that is none fails its rows, status 1" {
	for vmm in 'no-such-vmm-at-all {image}' 'false {image}' 'true {image}' 'kill -9 $$ # {image}'; do
		exec_bench "$vmm"
		[ "$status" -eq 1 ]
		validate r.json result
		grep -q '"reason":"[^"]*it ended (' r.json
		[ "$(grep -c '"kind":"carrier"' r.json)" -eq 2 ]
		nothing_left
	done
}

@test "exec: --dry-run starts the command once, as its help says, and tells what came of it" {
	run -0 --separate-stderr "$VTSCOPE" bench -e exec --dry-run --op exit.cpuid --exec 'echo x >>count; false {image}'
	[[ $output == *"  fail       exit.cpuid: "*"exit status 1"* ]]
	[ "$(cat count)" = x ]
	"$VTSCOPE" bench --help | grep -q -- '--dry-run .*starts CMD once'
}

@test "exec: a machine that nobody hears is asked for its serial port" {
	exec_bench 'true {image}'
	grep -q 'exit status 0.*No line came from it: .*serial port' r.json
	exec_bench 'echo no such processor >&2; false {image}'
	grep -q 'exit status 1.*: no such processor"' r.json
}

@test "exec: a command that worked before and fails now is told by compare, status 4" {
	need_qemu
	one() {
		timeout -k 1 90 "$VTSCOPE" bench -q --engine exec,native --quick --launches 2 --op cpu.alu.u --exec "$1" -o "$2"
	}
	one "$qemu -kernel {image} -serial file:{serial}" good.json
	one "$qemu -kernel {image} -serial file:{serial} -cpu nosuch" bad.json
	run -4 --separate-stderr "$VTSCOPE" compare good.json bad.json
	[[ $output == *"failed in B"*"nosuch"* ]]
	run -4 --separate-stderr timeout -k 1 90 "$VTSCOPE" ab --engine exec,native --op cpu.alu.u --launches 12 --threshold 50 \
		--a "--exec '$qemu -kernel {image} -serial file:{serial}'" --b "--exec 'false {image}'"
	[[ $output == *"cpu.alu.u exec: "*"failed in B: false: "* ]]
}

# A script that wants to stay; its number is in the file pid when it is ready.
daemon_make() {
	cat >daemon <<-END
		#!/bin/sh
		trap : TERM
		echo \$\$ >$PWD/pid
		while :; do sleep 0.1; done
	END
	chmod +x daemon
}

gone() {
	[ -s pid ]
	! kill -0 "$(cat pid)"
}

@test "exec: what the command leaves running ends with the launch" {
	daemon_make
	exec_bench "setsid ./daemon & : {image}; sleep 1; exit 1"
	[ "$status" -eq 1 ]
	gone
	exec_bench "setsid ./daemon </dev/null >/dev/null 2>&1 & : {image}; sleep 1"
	gone
	nothing_left
}

@test "exec: what the command leaves running ends at Ctrl-C" {
	daemon_make
	run env --default-signal=INT timeout --preserve-status -k 20 -s INT 2 "$VTSCOPE" bench --engine exec -o r.json \
		--op 'exit.*' --exec "setsid ./daemon & sleep 60; : {image}"
	[ "$status" -eq 130 ]
	gone
	nothing_left
}

@test "exec: what the command leaves in the folder goes with it, and nothing that it points to" {
	mkdir elsewhere
	touch elsewhere/file
	exec_bench "cd \$(dirname {image}) && mkdir -p sub/deep && touch sub/deep/file .hidden && ln -s $PWD/elsewhere sub/link; false"
	[ "$status" -eq 1 ]
	nothing_left
	[ -e elsewhere/file ]
}

@test "exec: QEMU as the stranger, records from a file" {
	need_qemu
	exec_bench "$qemu -kernel {image} -serial file:{serial}"
	measured
	field provenance emulated
	field backend 'qemu-system-x86_64*TCG*'
}

@test "exec: QEMU's microvm as the stranger, records on its standard output" {
	need_qemu
	exec_bench "$qemu -M microvm -kernel {image} -serial stdio"
	measured
}

@test "exec: QEMU boots the disk" {
	need_qemu
	need_disk
	exec_bench "$qemu -cdrom {iso} -serial file:{serial}"
	measured
}

@test "exec: Bochs boots the disk" {
	need_disk
	command -v bochs >/dev/null || skip "no bochs"
	[ -e /usr/share/bochs/BIOS-bochs-latest ] && [ -e /usr/share/vgabios/vgabios.bin ] || skip "no BIOS for Bochs"
	cat >bochsrc <<-END
		megs: 160
		romimage: file=/usr/share/bochs/BIOS-bochs-latest
		vgaromimage: file=/usr/share/vgabios/vgabios.bin
		cpu: model=corei7_skylake_x, ips=100000000
		clock: sync=none
		boot: cdrom
		display_library: rfb, options="timeout=0"
		sound: driver=dummy
		log: bochs.log
		panic: action=fatal
	END
	echo c >go
	exec_bench "exec bochs -q -f bochsrc -rc go 'ata0-master: type=cdrom, path={iso}, status=inserted' 'com1: enabled=1, mode=file, dev={serial}'"
	[ "$status" -eq 0 ]
	field clock instructions
	field provenance emulated
	nothing_left
}

@test "exec: a VMM on KVM that boots as Linux is booted, with a command line of its own" {
	"$VTSCOPE" -q >/dev/null || skip "no usable /dev/kvm (vtscope says why)"
	exec_bench "$top_builddir/tests/engine/stranger {image}"
	[ "$status" -eq 0 ]
	field backend 'stranger*KVM*'
	field provenance '[hns]*'	# hardware, nested, software: not what an emulator did
	grep -q "Linux's protocol" r.json
	nothing_left
}

@test "exec: beside another engine, in one report" {
	need_qemu
	run --separate-stderr timeout -k 1 90 "$VTSCOPE" bench --engine exec,native --quick --launches 2 -o r.json --op exit.cpuid \
		--exec "$qemu -kernel {image} -serial file:{serial}"
	[ "$status" -eq 0 ]
	"$VTSCOPE" report r.json -o r.md
	grep -q exec r.md
}

@test "exec: Ctrl-C ends the stranger, too, and leaves nothing" {
	need_qemu
	for after in 0.3 0.8 2; do
		status=0
		env --default-signal=INT timeout --preserve-status -k 20 -s INT "$after" "$VTSCOPE" bench --engine exec -o r.json \
			--op 'exit.*' --exec "$qemu -kernel {image} -serial file:{serial}" || status=$?
		[ "$status" -eq 130 ]
		nothing_left
	done
}

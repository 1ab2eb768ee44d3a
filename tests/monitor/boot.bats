#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The boot image: each way into it, what it says of where it is, what it refuses. Lines are read by boot.py.

bats_require_minimum_version 1.5.0

setup() {
	export TMPDIR=$BATS_TEST_TMPDIR
	image=${top_builddir:?}/bench/root/vtscope-image.elf
	[ -n "$PYTHON3" ] || skip "python3 is missing"
}

need_qemu() {
	command -v qemu-system-x86_64 >/dev/null || skip "QEMU is missing: apt-get install qemu-system-x86"
}

need_bochs() {
	command -v bochs >/dev/null || skip "Bochs is missing: apt-get install bochs bochsbios vgabios"
	[ -e /usr/share/bochs/VGABIOS-lgpl-latest ] || skip "Bochs's BIOS is missing: apt-get install bochsbios vgabios"
}

boots() {
	run -0 "$PYTHON3" "${top_srcdir:?}/tests/monitor/boot.py" "$1" "$image" "$2"
}

# A whole line among those that came.
has() {
	grep -qxF -- "$1" <<<"$output" || {
		echo "no line '$1' in:"
		echo "$output"
		return 1
	}
}

like() {
	grep -qE -- "$1" <<<"$output" || {
		echo "nothing like '$1' in:"
		echo "$output"
		return 1
	}
}

# Two rows, natively, in an emulator that says so.
measured_two() {
	has "H engine native"
	has "H provenance emulated"
	has "H clock instructions"
	has "H seed 5"
	has "H rows 2"
	has "H plan 1,7"
	has "B 0 nano.in"
	has "B 1 exit.cpuid"
	like '^S 0 [0-9]+\*20$'
	like '^E 1 [0-9]+ [0-9]+ [0-9]+ 0x0 20 [0-9]+ 0 [0-9]+$'
	has "Z 2 0"
	[ "$(tail -n 1 <<<"$output")" = "A 1 0" ]
}

two="engine=native rows=1,7 seed=5 max=20"

@test "boot: multiboot on QEMU's pc" {
	need_qemu
	boots pc "$two"
	measured_two
	has "H loader qemu"
	has "H hypervisor TCGTCGTCGTCG"
	like '^H evidence .*BOCHS.*'
}

@test "boot: multiboot on QEMU's microvm" {
	need_qemu
	boots microvm "$two"
	measured_two
}

@test "boot: PVH" {
	need_qemu
	boots pvh "$two"
	measured_two
	has "H loader PVH"
}

@test "boot: an option ROM in Bochs" {
	need_bochs
	boots rom "$two"
	measured_two
	has "H hypervisor none"
	like '^H evidence the TSC counts instructions; .*BOCHS'
}

@test "boot: COM1 where there is no debug port" {
	need_qemu
	boots serial "$two"
	measured_two
}

@test "boot: the pages of a screen, line by line" {
	need_qemu
	boots pages "engine=native ops=nano.*,exit.c* screen=1 end=halt max=20"
	has "H engine native"
	has "H clock instructions"
	like '^Q 1 0 20 [0-9]+ [0-9]+ [0-9]+ [0-9.]+ - nano.in$'
	like '^Z [0-9]+ 0$'
	[ "$(tail -n 1 <<<"$output")" = "A 1 0" ]
}

@test "boot: rows go on from engine to engine, a further launch is a boot of its own" {
	need_qemu
	boots pc "engine=native,vmx,svm rows=1 max=5 launches=2"
	[ "$(grep -cx "H engines native,vmx,svm" <<<"$output")" = 6 ]
	[ "$(grep -c "^Z " <<<"$output")" = 6 ]
	[ "$(grep -c "^B 0 nano.in" <<<"$output")" = 2 ]
	like '^X unsupported '
	has "A 3 1"
	[ "$(tail -n 1 <<<"$output")" = "A 3 0" ]
}

@test "boot: what means nothing to an engine is no row of it" {
	need_qemu
	boots pc "engine=native ops=exit.hlt"
	like '^X no-rows '
	has "Z 0 -1"
	boots pc "engine=native rows=1,12 max=5 end=off"
	has "Z 2 0"
}

@test "boot: a bad command line is refused with a sentence" {
	need_qemu
	boots pc "engine=natve"
	has "H engine none"
	has "X usage engine= wants native or vmx or svm, not 'natve'; auto stands alone"
	has "Z 0 -1"
	boots pvh "max=18446744073709551616"
	has "X usage max= wants a number from 1 to 100000, not '18446744073709551616'"
	boots pc "$(printf 'x%.0s' {1..9000})"
	has "X usage the command line is longer than 8191 characters"
}

@test "boot: too little memory, or a hole in it, is named" {
	need_qemu
	boots small "$two"
	like '^X no-memory the runner needs 128 MiB of memory; here it ends at 0x6'
	need_bochs
	boots hole "$two"
	has "X no-memory the operations' arena needs memory from 0x1000000 to 0x6000000, but there is none to use at 0x2000000 on this machine"
}

@test "boot: VMX that somebody turned on is theirs" {
	need_bochs
	boots busy "engine=vmx ops=exit.cpuid"
	has "R requires: CR4.VMXE clear: no"
	like '^X busy CR4.VMXE is set: something else uses VMX on this processor'
}

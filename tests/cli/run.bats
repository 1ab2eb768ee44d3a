#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# vtscope run: what a guest says, how it ended, and images that are none.

# shellcheck disable=SC2154,SC2030,SC2031
# top_builddir comes from make; status, output and stderr from bats.

bats_require_minimum_version 1.5.0
guests=$top_builddir/tests/engine/guests

need() {
	case $1 in
	kvm) "$VTSCOPE" -q >/dev/null || skip "no usable /dev/kvm (vtscope says why)" ;;
	tcg) command -v qemu-system-x86_64 >/dev/null || skip "no qemu-system-x86_64" ;;
	esac
}

vt() {
	run --separate-stderr timeout -k 1 30 "$VTSCOPE" run "$@"
}

one_line() {
	[ "$(printf '%s\n' "$stderr" | wc -l)" = 1 ]
	[[ $stderr == vtscope:* ]]
}

says_hello() {
	need "$1"
	vt "$guests/hello.elf" --engine "$1"
	[ "$status" = 0 ]
	[ "$output" = "hello from a guest" ]
	[ -z "$stderr" ]
}

ends_itself() {
	need "$1"
	vt "$guests/status.elf" --engine "$1"
	[ "$status" = 0 ]
	one_line
	[[ $stderr == *"status 3"* ]]
}

dies() {
	need "$1"
	vt "$guests/triple.elf" --engine "$1"
	[ "$status" = 1 ]
	[ "$output" = "faulting" ]
	[[ $stderr == *"triple fault"* ]]
	[[ $stderr != *"KVM reset the processor"* ]] || skip "this KVM loses the registers of a triple fault"
	[[ $stderr == *"rbx 1234567890abcdef"* ]]
	[[ $stderr == *"rip 0000001000"* ]]
}

is_late() {
	need "$1"
	begin=$(date +%s%N)
	vt "$guests/hang.elf" --engine "$1" --deadline 0.5
	end=$(date +%s%N)
	[ "$status" = 1 ]
	[ "$output" = "hanging" ]
	[[ $stderr == *deadline* ]]
	[[ $stderr == *"rbx 1234567890abcdef"* ]]
	[ $((end - begin)) -ge 500000000 ]
	[ $((end - begin)) -lt 6000000000 ]
}

@test "kvm: what the guest says comes out" { says_hello kvm; }
@test "tcg: what the guest says comes out" { says_hello tcg; }
@test "kvm: a guest that ends itself is a 0, its status is told" { ends_itself kvm; }
@test "tcg: a guest that ends itself is a 0, its status is told" { ends_itself tcg; }
@test "kvm: a triple fault is a 1 with registers" { dies kvm; }
@test "tcg: a triple fault is a 1 with registers" { dies tcg; }
@test "kvm: a hang ends at its deadline with registers" { is_late kvm; }
@test "tcg: a hang ends at its deadline with registers" { is_late tcg; }

@test "a halt for good does not wait for the deadline" {
	need kvm
	vt "$guests/halt.elf" --engine kvm --deadline 20
	[ "$status" = 1 ]
	[[ $stderr == *halted* ]]
}

@test "--stats counts exits and names the backend" {
	need kvm
	vt "$guests/hello.elf" --engine kvm --stats
	[ "$status" = 0 ]
	[ "$output" = "hello from a guest" ]
	[[ $stderr == *"backend kvm_"* || $stderr == *"backend other"* || $stderr == *"backend unknown"* ]]
	[[ $stderr =~ [[:space:]]20[[:space:]]+handled\ in\ user\ space ]]	# 19 characters and the end
}

# A shell's background jobs ignore SIGINT: undone.
interrupted() {
	need "$1"
	begin=$(date +%s)
	run env --default-signal=INT timeout --preserve-status -k 20 -s INT 1 \
		"$VTSCOPE" run "$guests/hang.elf" --engine "$1" --deadline 15
	[ "$status" = 130 ]
	[[ $output == *interrupted* ]]
	[ $(($(date +%s) - begin)) -lt 8 ]
}

@test "kvm: SIGINT ends a guest with 130" { interrupted kvm; }
@test "tcg: SIGINT ends a guest with 130" { interrupted tcg; }

# Into a pipe that is full, and whose reader does not read: head fills it and is ended.
not_read() {
	need "$1"
	cd "$BATS_TEST_TMPDIR" || return
	{
		timeout 1 head -c 4M /dev/zero || true
		date +%s >begin
		timeout -k 1 30 "$VTSCOPE" run "$guests/hello.elf" --engine "$1" --deadline "$2" ${3:+-o "$3"} 2>err &&
			echo 0 >status || echo $? >status
		date +%s >end
	} | for ((i = 0; i < 100; i++)); do
		[ ! -e end ] || break
		sleep 0.1
	done
	cat err
	[ "$(cat status)" = 1 ]
	[ $(($(cat end) - $(cat begin))) -lt 6 ]
	grep -q '^vtscope: .*hello.elf: .*are lost: nobody read standard output by the deadline' err
}

@test "kvm: a reader that does not read does not outlast the deadline" { not_read kvm 1; }
@test "tcg: a reader that does not read does not outlast the deadline" { not_read tcg 1; }
@test "-o - is standard output, deadline and all" { not_read tcg 1 -; }

@test "a reader that is slow but reads gets everything" {
	need kvm
	cd "$BATS_TEST_TMPDIR" || return
	{
		timeout 1 head -c 4M /dev/zero || true
		"$VTSCOPE" run "$guests/hello.elf" --engine kvm 2>err && echo 0 >status || echo $? >status
	} | { sleep 2; tail -n 1 | tr -d '\0' >out; }
	cat err
	[ "$(cat status)" = 0 ]
	[ "$(cat out)" = "hello from a guest" ]
	[ ! -s err ]
}

@test "a closed pipe is an error, not a crash" {
	need kvm
	run bash -c 'set -o pipefail; { sleep 0.5; "$0" run "$1" --engine kvm; } | true' "$VTSCOPE" "$guests/hello.elf"
	[ "$status" = 1 ]
	[[ $output == "vtscope: standard output"* ]]
}

@test "a full disk is an error" {
	need kvm
	[ -w /dev/full ] || skip "no /dev/full"
	run bash -c '"$0" run "$1" --engine kvm >/dev/full' "$VTSCOPE" "$guests/hello.elf"
	[ "$status" = 1 ]
	[[ $output == *"standard output"* ]]
}

bad_image() {
	need kvm
	vt "$1" --engine kvm
	[ "$status" = 1 ]
	[ -z "$output" ]
	one_line
	[[ $stderr == *"$1"* ]]
}

@test "a file that is not there is one line" { bad_image "$BATS_TEST_TMPDIR/none"; }

@test "a folder is one line" { bad_image "$BATS_TEST_TMPDIR"; }

@test "an empty file is one line" {
	: >"$BATS_TEST_TMPDIR/empty"
	bad_image "$BATS_TEST_TMPDIR/empty"
}

@test "text is one line" {
	echo "not a guest" >"$BATS_TEST_TMPDIR/text"
	bad_image "$BATS_TEST_TMPDIR/text"
}

@test "a program of this machine is one line" { bad_image "$VTSCOPE"; }

@test "a truncated image is one line, wherever it is cut" {
	bytes=$(wc -c <"$guests/hello.elf")
	for n in 1 4 16 52 63 64 100 119 120 500 4095 4096 4100; do
		[ "$n" -lt "$bytes" ] || continue
		head -c "$n" "$guests/hello.elf" >"$BATS_TEST_TMPDIR/cut"
		bad_image "$BATS_TEST_TMPDIR/cut"
	done
}

@test "memory of a size that cannot be is one line" {
	need kvm
	for size in 3M 4G 1; do
		vt "$guests/hello.elf" --engine kvm --mem $size
		[ "$status" = 1 ]
		one_line
	done
	vt "$guests/hello.elf" --mem lots
	[ "$status" = 2 ]
}

@test "an image that does not fit into the memory is one line" {
	need kvm
	vt "$guests/hello.elf" --engine kvm --mem 2M
	[ "$status" = 1 ]
	one_line
}

@test "an unknown engine is a usage error that names the near one" {
	vt "$guests/hello.elf" --engine kwm
	[ "$status" = 2 ]
	[[ $stderr == *kvm* ]]
}

@test "an engine that is not here says why" {
	run env PATH=/nonexistent "$VTSCOPE" run "$guests/hello.elf" --engine tcg
	[ "$status" = 1 ]
	[[ $output == vtscope:*qemu* ]]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# vtscope import around the library: files, standard input, formats, what it says and how it ends.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	image=${top_builddir:?}/bench/root/vtscope-image.elf
}

# What the image sends under QEMU's translator, natively in ring 0.
capture() {
	command -v qemu-system-x86_64 >/dev/null || skip "QEMU is missing: apt-get install qemu-system-x86"
	timeout 120 qemu-system-x86_64 -nodefaults -display none -no-reboot -machine pc -accel tcg -cpu max -m 256 \
		-icount shift=0,sleep=off -kernel "$image" -append "$1" -debugcon "file:$2" \
		-device isa-debug-exit,iobase=0xf4,iosize=4 || true
	grep -q '^VT1 ' "$2"
}

plan="engine=native ops=nano.*,exit.cpuid max=50"

@test "import: what the image sent is a result that a report can be made of" {
	capture "$plan" a.txt
	run -0 --separate-stderr "$VTSCOPE" import a.txt -o a.json
	[ -z "$output$stderr" ]
	grep -Eq '"provenance": *"emulated"' a.json
	[ "$(grep -Ec '"op": *"exit.cpuid"' a.json)" -eq 1 ]
	run -0 --separate-stderr "$VTSCOPE" report a.json
	[[ $output == *"Proved in emulation"* ]]
	run -0 --separate-stderr "$VTSCOPE" import - -o b.json <a.txt
	cmp a.json b.json
	validate a.json result
}

@test "import: two boots, one of them twice, and one that was cut" {
	capture "$plan seed=3" a.txt
	capture "$plan seed=4" b.txt
	head -c "$(($(stat -c %s b.txt) * 2 / 3))" b.txt >cut.txt
	run -0 --separate-stderr "$VTSCOPE" import a.txt a.txt cut.txt -o r.json
	[[ $stderr == *"rows incomplete"* ]]
	[[ $stderr == *"cut off before their end"* ]]
	validate r.json result
	# The rest of the cut one from elsewhere: the line that the cut went through is all there is to tell.
	run -0 --separate-stderr "$VTSCOPE" import a.txt cut.txt b.txt -o r.json
	run ! grep -vF "lines damaged" <<<"$stderr"
}

@test "import: no line of the image in it is an error, and no file" {
	printf 'Linux version 6.1\nVT1 nonsense\n' >x.txt
	run --separate-stderr "$VTSCOPE" import x.txt -o r.json
	says 1 "x.txt: no line of the boot image is in it"
	[ ! -e r.json ]
	run --separate-stderr "$VTSCOPE" import missing.txt -o r.json
	says 1 "missing.txt"
	run --separate-stderr "$VTSCOPE" import
	says 2 "import needs CAPTURE"
}

@test "import: one boot of a capture, by its name" {
	capture "$plan" a.txt
	capture "$plan" b.txt
	first=$(sed -n 's/^VT1 \([0-9a-f]*\)\..*/\1/p' a.txt | head -n 1)
	run -0 --separate-stderr "$VTSCOPE" import --boot "$first" b.txt a.txt -o r.json
	[ -z "$stderr" ]
	grep -Eq '"boots": *1\b' r.json
	run --separate-stderr "$VTSCOPE" import --boot 00000000 a.txt -o none.json
	says 1 "there are $first"
	[ ! -e none.json ]
	run --separate-stderr "$VTSCOPE" import --boot first a.txt
	says 2 "8 hexadecimal digits"
}

@test "import: a result is JSON, whatever file was asked for" {
	: >a.txt
	run --separate-stderr "$VTSCOPE" import a.txt -o r.pdf
	says 2 "vtscope report"
	[ ! -e r.pdf ]
}

@test "import: a boot that measured nothing is status 77, with its reason in the result" {
	capture "engine=vmx ops=exit.cpuid" a.txt
	run --separate-stderr "$VTSCOPE" import a.txt -o r.json
	[ "$status" -eq 77 ]
	grep -q '"unsupported' r.json
	validate r.json result
}

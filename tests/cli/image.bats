#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# vtscope image: what it writes, what it refuses, and that it leaves nothing behind.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR"
}

teardown() {
	[ -z "$(ls -A "$TMPDIR")" ]
}

need_grub() {
	for p in grub-mkrescue xorriso mformat; do
		command -v "$p" >/dev/null || skip "$p is missing: apt-get install grub-common grub-pc-bin xorriso mtools"
	done
	[ -d /usr/lib/grub/i386-pc ] || skip "GRUB for BIOS is missing: apt-get install grub-pc-bin"
}

# A folder of programs, each as its script says: PATH for a vtscope that finds no other.
programs() {
	mkdir -p bin
	for p in "$@"; do
		printf '#!/bin/sh\n%s\n' "${p#*:}" >"bin/${p%%:*}"
		chmod +x "bin/${p%%:*}"
	done
	mkdir -p lib/grub/i386-pc
}

@test "image: an ELF file is the image itself" {
	run -0 --separate-stderr "$VTSCOPE" image -o a.elf
	cmp a.elf "${top_builddir:?}/bench/root/vtscope-image.elf"
}

@test "image: an ISO boots from CD and stick, and is the same every time" {
	need_grub
	run -0 --separate-stderr "$VTSCOPE" image -o a.iso
	[ -z "$output" ]
	sleep 1.1
	run -0 --separate-stderr "$VTSCOPE" image -o b.iso
	cmp a.iso b.iso
	[ "$(dd if=a.iso bs=1 skip=32769 count=5 status=none)" = CD001 ]
	[ "$(dd if=a.iso bs=1 skip=510 count=2 status=none | od -An -tx1)" = " 55 aa" ]
	run -0 --separate-stderr "$VTSCOPE" image -o c.iso --plan "engine=vmx ops=exit.*,nano.in"
	run ! cmp -s a.iso c.iso
	xorriso -osirrox on -indev c.iso -extract /boot/grub/grub.cfg grub.cfg -extract /boot/vtscope.elf v.elf 2>xorriso.log
	grep -F "multiboot /boot/vtscope.elf 'engine=vmx' 'ops=exit.*,nano.in'" grub.cfg
	cmp v.elf "${top_builddir:?}/bench/root/vtscope-image.elf"
}

# Words of a menu entry, quotes and all.
entries() {
	sed -n "s/^\tmultiboot \/boot\/vtscope.elf//p" "$1" | tr -d "'"
}

@test "image: what stands in the menu is what the image understands" {
	need_grub
	run -0 "$VTSCOPE" image -o a.iso
	xorriso -osirrox on -indev a.iso -extract /boot/grub/grub.cfg grub.cfg 2>xorriso.log
	[ "$(entries grub.cfg | wc -l)" -ge 6 ]
	while read -r words; do
		run -0 "$VTSCOPE" image -o b.iso --plan "$words"
	done < <(entries grub.cfg)
}

@test "image: the ISO boots to the image's first lines, as a CD and as a stick" {
	need_grub
	command -v qemu-system-x86_64 >/dev/null || skip "QEMU is missing: apt-get install qemu-system-x86"
	run -0 "$VTSCOPE" image -o a.iso --plan "engine=native ops=nano.in max=20 end=off"
	for drive in "-cdrom a.iso" "-drive format=raw,file=a.iso"; do
		# shellcheck disable=SC2086
		timeout 100 qemu-system-x86_64 -nodefaults -vga std -display none -no-reboot -accel tcg -m 256 $drive \
			-debugcon file:out.txt -device isa-debug-exit,iobase=0xf4,iosize=4 || true
		grep -qE "^VT1 [0-9a-f]{8}\.0 [0-9]+ B 0 nano.in " out.txt
		grep -qE "^VT1 [0-9a-f]{8}\.0 [0-9]+ Z 1 0 " out.txt
		run -0 "$VTSCOPE" import out.txt
		[[ $output == *nano.in* ]]
	done
}

@test "image: without -o, or to a terminal, it is refused" {
	run --separate-stderr "$VTSCOPE" image
	says 2 "name a file"
	run --separate-stderr "$VTSCOPE" image -o p.txt
	says 2 "image writes .iso and .elf"
	[ ! -e p.txt ]
	run -0 "$VTSCOPE" image -o p.txt --format elf
	need_terminal
	# Only who looks on is told what to do next.
	run -0 on_terminal "$VTSCOPE image -o t.elf"
	[[ $output == *"t.elf is written; "*"vtscope import"* ]]
	run -0 on_terminal "$VTSCOPE image -q -o t.elf"
	[ -z "$output" ]
	run on_terminal "$VTSCOPE image -o -"
	[[ $output == *"name a file with -o"* ]]
}

@test "image: a plan that the image would not understand is refused here" {
	for plan in "engin=vmx:no option is called 'engin'" "ops=zz.*:no operation matches: 'zz.*'" \
		"fast:no option is called 'fast'" "seed=1'2:no place" "ops=nano.in,:no operation matches: ''" \
		"engine=foo:engine= wants native or vmx or svm, not 'foo'" "engine=vmx,vmx:names twice" "seed=:wants a value" \
		"budget=abc:budget= wants a number from 1000" "launches=0:launches= wants a number from 1" \
		"rows=99999:rows= wants a number from 0" "rows=9-7:rows= wants a number from 9" "max=0:max= wants" \
		"max=5 min=6:min= is more than max=" "end=never:end= wants off or reset or halt" "fence=x:fence= wants rdtscp" \
		"screen=2:screen= wants a number from 0 to 1" "seed=1 seed=2:is given twice" "tsc_hz=1:tsc_hz= wants" \
		"exclude=*:none of the operations that it leaves" "engine=native ops=vmx.*:none of the operations" \
		"engine=svm ops=vmx.*,exit.hlt exclude=exit.*,vmx.*:none of the operations"; do
		run --separate-stderr "$VTSCOPE" image -o a.iso --plan "${plan%%:*}"
		says 2 "${plan#*:}"
		[ ! -e a.iso ]
	done
	run --separate-stderr "$VTSCOPE" image -o a.elf --plan seed=1
	says 2 "--plan is for the ISO's menu"
}

@test "image: what is missing is named with its package" {
	programs unused:
	run --separate-stderr env PATH="$PWD/bin" "$VTSCOPE" image -o a.iso
	says 1 "install the package grub-common"
	programs "grub-mkrescue:exit 0"
	run --separate-stderr env PATH="$PWD/bin" "$VTSCOPE" image -o a.iso
	says 1 "install the package xorriso"
	programs "xorriso:exit 0"
	run --separate-stderr env PATH="$PWD/bin" "$VTSCOPE" image -o a.iso
	says 1 "install the package mtools"
	programs "mformat:exit 0"
	rmdir lib/grub/i386-pc
	run --separate-stderr env PATH="$PWD/bin" "$VTSCOPE" image -o a.iso
	says 1 "grub-pc-bin (BIOS) and grub-efi-amd64-bin (EFI)"
	[ ! -e a.iso ]
}

@test "image: GRUB that fails or lies leaves no file, and says why" {
	programs "xorriso:exit 0" "mformat:exit 0" \
		"grub-mkrescue:echo 'grub-mkrescue: warning: x' >&2; echo 'xorriso : FAILURE : no room' >&2; exit 1"
	run --separate-stderr env PATH="$PWD/bin:/usr/bin:/bin" "$VTSCOPE" image -o a.iso
	says 1 "FAILURE : no room"
	programs "grub-mkrescue:exit 0"
	run --separate-stderr env PATH="$PWD/bin:/usr/bin:/bin" "$VTSCOPE" image -o a.iso
	says 1 "vtscope.iso"
	programs "grub-mkrescue:head -c 70000 /dev/zero >\"\$2\""
	run --separate-stderr env PATH="$PWD/bin:/usr/bin:/bin" "$VTSCOPE" image -o a.iso
	says 1 "left no ISO 9660 file"
	[ ! -e a.iso ]
}

@test "image: Ctrl-C leaves neither a folder nor a file" {
	programs "xorriso:exit 0" "mformat:exit 0" "grub-mkrescue:touch \"\$TMPDIR/started\"; exec sleep 60"
	PATH=$PWD/bin:/usr/bin:/bin env --default-signal=INT "$VTSCOPE" image -o a.iso 2>said 3>&- &
	pid=$!
	for _ in $(seq 100); do
		compgen -G "$TMPDIR/*/started" >/dev/null && break
		sleep 0.05
	done
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 130 ]
	[ ! -e a.iso ]
}

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# guests.sh [BODY-TIMES ...]: guest-base.elf and runner-base, and one of each for every word. The flags come from make.
set -eu

ROOM=$((0x20000))	# BODY_ROOM of ops.S

# Executions of (body) in the build (name), whose word is BODY-TIMES: an ordinary one is 20, of cpuid 60 (a QEMU takes so
# little for it that 20 are lost in the bracket).
times_of() {
	case $2-$1 in
	*-"${2%-*}") echo "${2##*-}" ;;
	*-cpuid) echo 60 ;;
	*) echo 20 ;;
	esac
}

# --defsym for all bodies of the build (name); with an object of the first pass the padding, too.
symbols() {
	for body in alu call_ret cpuid; do
		echo "-Wa,--defsym,times_$body=$(times_of $body "$1")"
		[ $# = 2 ] || continue
		start=0x$(nm "$2" | awk -v s="op_$body" '$3 == s { print $1 }')
		end=0x$(nm "$2" | awk -v s="op_${body}_end" '$3 == s { print $1 }')
		# It ends 64 bytes before a page does: no copy that is timed alone lies on two pages, which a translator minds.
		echo "-Wa,--defsym,pad_$body=$((ROOM - 64 - end + start))"
	done
}

# Flags are lists of words.
# shellcheck disable=SC2046,SC2086
build() {
	$CC $GUEST_FLAGS $(symbols "$1") -c -o "$OUT/first-$1.gobj" "$OPS"
	$CC $GUEST_FLAGS $(symbols "$1" "$OUT/first-$1.gobj") -c -o "$OUT/ops-$1.gobj" "$OPS"
	$GUEST_LINK -o "$OUT/guest-$1.elf" $GUEST_OBJS "$OUT/ops-$1.gobj"
	$CC $HOST_FLAGS $(symbols "$1" "$OUT/first-$1.gobj") -c -o "$OUT/hosted-$1.gobj" "$OPS"
	$CC -o "$OUT/runner-$1" -Wl,--as-needed $HOST_OBJS "$OUT/hosted-$1.gobj" $HOST_LIBS
	rm -f "$OUT/first-$1.gobj"
}

newest() {
	[ -e "$OUT/guest-$1.elf" ] && [ -e "$OUT/runner-$1" ] && [ -z "$(find bench/guest/guest.elf libminivmm.a "$OPS" -newer "$OUT/runner-$1")" ]
}

mkdir -p "$OUT"
for word in base "$@"; do
	newest "$word" || build "$word"
done

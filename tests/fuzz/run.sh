#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make fuzz: each reader of foreign bytes for FUZZ_SECONDS (60), under libFuzzer, ASan and UBSan. Corpora grow in
# fuzz/corpus/ below the build folder; what crashes is left in fuzz/.
# usage: run.sh [TARGET]...
set -euo pipefail
top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
build=$PWD/fuzz
cc=${FUZZ_CC:-clang}
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(snapshot result compare elf ring lines import dmar ivrs doctor store)
# Readers of dumps, by the names that probe/readers.c gives them.
dumps=(libcpuid instlatx64 cpuid-r acpi acpidump)
[ $# -gt 0 ] || targets+=("${dumps[@]}" sysroot)

mkdir -p "$build"
cd "$build"
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
export FUZZ_ROOT=$probe/machine
echo 'int LLVMFuzzerTestOneInput(const void *d, long n); int LLVMFuzzerTestOneInput(const void *d, long n) { return !d && n; }' >"$probe/t.c"
"$cc" -fsanitize=fuzzer "$probe/t.c" -o "$probe/t" 2>/dev/null ||
	{ echo "make fuzz: $cc has no libFuzzer: apt-get install clang libclang-rt-14-dev" >&2; exit 77; }

[ -e config.status ] || "$top_srcdir/configure" -q CC="$cc" CFLAGS="-g -O1 -fsanitize=fuzzer-no-link" \
	--enable-asan --enable-ubsan >/dev/null
libs=(libreport.a libbench.a libminivmm.a libprobe.a libarch.a libcommon.a)
make -s -j"$(nproc)" "${libs[@]}" tests/unit/report-fixture >/dev/null
link=$(sed -n 's/^\(LIBCPUID\|HWLOC\|JANSSON\|SQLITE\)_LIBS = //p' Makefile | tr '\n' ' ')
include=$(sed -n 's/^\(LIBCPUID\|HWLOC\|JANSSON\|SQLITE\|LIBPQ\)_CFLAGS = //p' Makefile | tr '\n' ' ')

seed() {
	mkdir -p "corpus/$1"
	case $1 in
	snapshot) cp "$top_srcdir"/tests/machines/*.snap "corpus/$1/" ;;
	result) for name in minimal native raw hostile; do tests/unit/report-fixture $name >"corpus/$1/$name.json"; done ;;
	compare)
		for name in minimal native hostile; do
			tests/unit/report-fixture $name >one.json
			{ cat one.json; printf '\0'; cat one.json; } >"corpus/$1/$name"
		done ;;
	elf) cp bench/guest/guest.elf "corpus/$1/" ;;
	ring) : ;;
	# It makes its own seed of this.
	store) tests/unit/report-fixture native >store-seed.json ;;
	doctor) for i in 1 2; do cat /proc/stat && printf '\0'; done >"corpus/$1/stat"
		printf '%s\0' '0::/a/b' '1 1 0:1 / /sys/fs/cgroup ro - cgroup2 c rw' >"corpus/$1/group" ;;
	lines) printf '!%s\n' 'H engine vmx' 'T 1 1 a: b | c' 'R requires: EPT: yes' 'B 0 exit.cpuid' 'O 0 900' 'S 0 40*3 41' \
		'M 0 6*16' 'D 0 8 320/640*2' 'P 0 1/2/3*4' 'C 0 17 1' 'E 0 100 5000 16 0x0 4 2 4 7' 'B 1 exit.hlt' \
		'F 1 13 0x0 0x10 0x0 text' 'G 1 rax=0x1' 'L 1 text' 'E 1 0 0 0 0x20 0 0 0 4' 'Z 2 0' >"corpus/$1/boot" ;;
	import) printf '!%s\n' 'H engine vmx' 'H provenance hardware' 'H clock tsc' 'H brand x' 'H signature 0x506e3' \
		'H tsc_hz 3000000000' 'H empty 30' 'T 1 1 a: b | c' 'R requires: EPT: yes' 'B 0 exit.cpuid' 'O 0 900' \
		'S 0 40*3 41' 'M 0 6*16' 'D 0 8 320/640*2' 'P 0 1/2/3*4' 'C 0 17 1' 'E 0 100 5000 16 0x0 4 2 4 7' \
		'B 1 exit.hlt' 'F 1 13 0x0 0x10 0x0 text' 'E 1 0 0 0 0x20 0 0 0 2' 'X usage text' \
		'Q 7 0 100 1000 1001 1003 990.5 1/2 ~cpuid' 'Z 3 0' >"corpus/$1/boot" ;;
	dmar | ivrs) acpi_seeds "$1" ;;
	esac
}

# Tables of the recorded machines, and of real ones where there are some.
acpi_seeds() {
	local snap table
	for snap in "$top_srcdir"/tests/machines/*iommu*.snap; do
		table=$(sed -n "s|^blob \".*/${1^^}\" \"\(.*\)\"\$|\\1|p" "$snap")
		[ -z "$table" ] || printf '%b' "$table" >"corpus/$1/$(basename "$snap" .snap)"
	done
	[ -z "${VTSCOPE_CORPUS:-}" ] || find "$VTSCOPE_CORPUS/acpi" -name "*.$1" -exec cp -t "corpus/$1/" {} +
}

machines=$top_srcdir/tests/machines
seed_dump() {
	case $1 in
	libcpuid) cp "$machines"/libcpuid-penryn.dump "corpus/$1/" ;;
	instlatx64) cp "$machines"/dump-*.dump "$machines"/libcpuid-zen4.dump "corpus/$1/" ;;
	cpuid-r) cp "$machines"/cpuid-r-*.dump "corpus/$1/" ;;
	acpi) cp "$machines"/acpi-*.dat "corpus/$1/" ;;
	acpidump) cp "$machines"/acpidump-*.dump "corpus/$1/" ;;
	sysroot)
		files=(dev/cpu/0/msr dev/cpu/0/cpuid proc/cpuinfo proc/cmdline)
		for i in "${!files[@]}"; do
			{ printf '%b' "\\x0$i" && cat "$machines/sysroot-cometlake.root/${files[$i]}"; } >"corpus/$1/$i"
		done ;;
	esac
}

# Dumps of real machines, where there are some, of a size that mutation gets somewhere with.
seed_real() {
	local folder=${VTSCOPE_CORPUS:-}
	[ -d "$folder" ] || return 0
	case $1 in
	libcpuid) grep -rlZ --include='*.test' '^basic_cpuid' "$folder/cpuid" ;;
	instlatx64) find "$folder/cpuid" -name '*.test' -size -12k -print0 ;;
	acpi) find "$folder/acpi" \( -name '*.dmar' -o -name '*.ivrs' \) -print0 ;;
	esac 2>/dev/null | xargs -0r cp -t "corpus/$1/" || :
}

for target in "${targets[@]}"; do
	seed "$target"
	seed_dump "$target"
	seed_real "$target"
	source=$target
	case " ${dumps[*]} " in *" $target "*) source=reader ;; esac
	# shellcheck disable=SC2086 # the flags are words
	"$cc" -std=gnu11 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		-DREADER="\"$target\"" -I"$top_srcdir" -I. $include "$top_srcdir/tests/fuzz/$source.c" "${libs[@]}" $link -lm -o "fuzz-$target"
	echo "fuzz $target: ${FUZZ_SECONDS:-60} s"
	"./fuzz-$target" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 -max_len=262144 \
		-print_final_stats=1 "corpus/$target" >"$target.log" 2>&1 ||
		{ grep -E 'ERROR|SUMMARY|runtime error|Test unit' "$target.log" >&2; echo "fuzz $target: failed, see fuzz/$target.log" >&2; exit 1; }
	sed -n 's/^stat::number_of_executed_units: */  inputs /p; s/^stat::new_units_added: */  new    /p' "$target.log"
done

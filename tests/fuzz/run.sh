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
[ ${#targets[@]} -gt 0 ] || targets=(snapshot result elf ring)

mkdir -p "$build"
cd "$build"
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
echo 'int LLVMFuzzerTestOneInput(const void *d, long n); int LLVMFuzzerTestOneInput(const void *d, long n) { return !d && n; }' >"$probe/t.c"
"$cc" -fsanitize=fuzzer "$probe/t.c" -o "$probe/t" 2>/dev/null ||
	{ echo "make fuzz: $cc has no libFuzzer: apt-get install clang libclang-rt-14-dev" >&2; exit 77; }

[ -e config.status ] || "$top_srcdir/configure" -q CC="$cc" CFLAGS="-g -O1 -fsanitize=fuzzer-no-link" \
	--enable-asan --enable-ubsan >/dev/null
libs=(libreport.a libbench.a libminivmm.a libprobe.a libarch.a libcommon.a)
make -s -j"$(nproc)" "${libs[@]}" tests/unit/report-fixture >/dev/null
link=$(sed -n 's/^\(LIBCPUID\|HWLOC\|JANSSON\)_LIBS = //p' Makefile | tr '\n' ' ')
include=$(sed -n 's/^\(LIBCPUID\|HWLOC\|JANSSON\)_CFLAGS = //p' Makefile | tr '\n' ' ')

seed() {
	mkdir -p "corpus/$1"
	case $1 in
	snapshot) cp "$top_srcdir"/tests/machines/*.snap "corpus/$1/" ;;
	result) for name in minimal native hostile; do tests/unit/report-fixture $name >"corpus/$1/$name.json"; done ;;
	elf) cp bench/guest/guest.elf "corpus/$1/" ;;
	ring) : ;;
	esac
}

for target in "${targets[@]}"; do
	seed "$target"
	# shellcheck disable=SC2086 # the flags are words
	"$cc" -std=gnu11 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		-I"$top_srcdir" -I. $include "$top_srcdir/tests/fuzz/$target.c" "${libs[@]}" $link -lm -o "fuzz-$target"
	echo "fuzz $target: ${FUZZ_SECONDS:-60} s"
	"./fuzz-$target" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 -max_len=262144 \
		-print_final_stats=1 "corpus/$target" >"$target.log" 2>&1 ||
		{ grep -E 'ERROR|SUMMARY|runtime error|Test unit' "$target.log" >&2; echo "fuzz $target: failed, see fuzz/$target.log" >&2; exit 1; }
	sed -n 's/^stat::number_of_executed_units: */  inputs /p; s/^stat::new_units_added: */  new    /p' "$target.log"
done

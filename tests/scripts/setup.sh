#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ./setup in made-up trees with made-up tools: what it installs, what it says, how it ends.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
. "${top_srcdir:?}/tests/scripts/lib.sh"
make_scratch
unset CC CFLAGS JOBS MAKEFLAGS MFLAGS MAKELEVEL
tools=$scratch/tools
calls=$scratch/calls
log=$scratch/log
export calls tools

fail() {
	echo "$*"
	cat "$log"
	exit 1
}

# A program of the made-up machine; its text comes on standard input.
tool() {
	{ echo '#!/bin/bash'; cat; } >"$tools/$1"
	chmod +x "$tools/$1"
}

# A tree in which configure and make only pretend, and a vtscope that ends with (status) of its verb.
make_tree() {
	rm -rf "$scratch/tree" "$tools" "$calls"
	mkdir -p "$scratch/tree" "$tools"
	: >"$calls"
	# Files that packages bring lie where they lie on this machine: the made-up one has them.
	sed 's/|file [^|]*|/|tool bash|/' "$top_srcdir/setup" >"$scratch/tree/setup"
	chmod +x "$scratch/tree/setup"
	cat >"$scratch/tree/configure" <<'SH'
#!/bin/bash
echo configure >>"$calls"
cp ../vtscope .
cat >Makefile <<'MK'
all: ; @echo make >>$(calls)
check: ; @sh ../check.sh
MK
SH
	cat >"$scratch/tree/vtscope" <<'SH'
#!/bin/bash
echo "vtscope $*" >>"$calls"
case ${1:-} in
bench) [ -z "$no_result" ] && echo '{}' >"$4"; exit "$bench_status" ;;
report) echo html >"$4" ;;
*) exit "$verdict_status" ;;
esac
SH
	chmod +x "$scratch/tree/configure" "$scratch/tree/vtscope"
	for name in bash sh env cat grep sed cut tee tail find sort awk cksum mkdir rm mv cp uname nproc timeout dirname make head chmod; do
		ln -s "$(command -v "$name")" "$tools/$name"
	done
	for name in gcc ld pkg-config gnuplot qemu-system-x86_64 bochs grub-mkrescue xorriso mformat bats python3 shellcheck iasl autoconf automake mandoc zsh fish; do
		echo 'exit 0' | tool "$name"
	done
	echo 'echo 0' | tool id
}

run_setup() {
	local status=0
	env -i PATH="$tools" calls="$calls" tools="$tools" TMPDIR="$scratch" verdict_status="${verdict_status:-0}" \
		bench_status="${bench_status:-0}" no_result="${no_result:-}" \
		bash "$scratch/tree/setup" "$@" >"$log" 2>&1 </dev/null || status=$?
	echo "$status"
}

expect() {
	[ "$1" = "$2" ] || fail "expected status $2, got $1: $3"
}

# Usage.
make_tree
expect "$(run_setup --help)" 0 help
grep -q 'setup try' "$log" || fail "--help does not tell of try"
expect "$(run_setup)" 2 "no command"
expect "$(run_setup nonsense)" 2 "unknown command"
expect "$(run_setup try this)" 2 "surplus word"
expect "$(run_setup packages)" 0 packages
grep -qE '^build +gcc +here' "$log" || fail "packages does not list gcc"

# All is here: nothing is installed, the verdict, the measurement and the report come in this order.
make_tree
tool apt-get <<'SH'
echo apt-get "$@" >>"$calls"
exit 1
SH
verdict_status=12
expect "$(run_setup try)" 0 "no VT is a verdict"
[ "$(cut -d' ' -f1-2 "$calls" | tr '\n' ',')" = "configure,make,vtscope ,vtscope bench,vtscope report," ] ||
	{ cat "$calls"; fail "wrong order of calls"; }
[ -e "$scratch/tree/vtscope-report.html" ] || fail "no report"
[ -e "$scratch/tree/vtscope-result.json" ] || fail "no result"
grep -q "^report  /.*/tree/vtscope-report.html " "$log" || fail "does not say where the report is"
(cd "$scratch/tree" && [ "$(run_setup try)" -eq 0 ])
grep -q "^report  vtscope-report.html " "$log" || fail "does not name the report as it is seen from here"
: >"$calls"
expect "$(run_setup try)" 0 "run again"
! grep -q configure "$calls" || fail "configures again though nothing changed"
verdict_status=1
expect "$(run_setup try)" 1 "a failing probe"
verdict_status=0

# Nothing could be measured: an answer with its result, an error without one.
bench_status=77
expect "$(run_setup try)" 0 "every row skipped"
grep -q "vtscope-report.html" "$log" || fail "no report on skipped rows"
no_result=1
expect "$(run_setup try)" 77 "every row skipped and no result"
no_result=
bench_status=130
expect "$(run_setup try)" 130 interrupted
grep -q "vtscope-report.html" "$log" || fail "no report on what was measured"
bench_status=1
expect "$(run_setup try)" 1 "a failing measurement"
bench_status=0

# Missing on Debian: says what and why, and installs just that, as root through sudo.
make_tree
rm "$tools/gnuplot" "$tools/bats"
echo 'echo 1000' | tool id
tool sudo <<'SH'
echo sudo >>"$calls"
"$@"
SH
echo 'exit 0' | tool apt-cache
tool apt-get <<'SH'
echo apt-get "$@" >>"$calls"
[ "$1" = update ] && exit
printf '#!/bin/bash\nexit 0\n' >"$tools/gnuplot"
chmod +x "$tools/gnuplot"
SH
if [ -r /etc/os-release ] && grep -qE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release; then
	expect "$(run_setup try)" 0 "installs gnuplot"
	grep -q 'gnuplot-nox.*figures' "$log" || fail "does not say why"
	grep -qxE 'apt-get install .*gnuplot-nox' "$calls" || { cat "$calls"; fail "does not install gnuplot-nox"; }
	! grep -q bats "$calls" || fail "try installs what only check needs"
	grep -qx sudo "$calls" || fail "does not use sudo"
	rm "$tools/gnuplot" "$tools/sudo"
	: >"$calls"
	expect "$(run_setup try)" 0 "without sudo"
	grep -q 'as root: apt-get install gnuplot-nox' "$log" || fail "does not say what to run as root"
	! grep -q apt-get "$calls" || fail "tries to install without being root"
fi

# Missing elsewhere: a list, and a stop only for what the build needs.
make_tree
rm "$tools/gnuplot"
expect "$(run_setup try)" 0 "without gnuplot on another distribution"
grep -q 'gnuplot-nox' "$log" || fail "does not name gnuplot"
rm "$tools/gcc"
: >"$calls"
expect "$(run_setup try)" 1 "without a compiler on another distribution"
grep -q 'not Debian or Ubuntu' "$log" || fail "does not say why nothing is installed"
[ ! -s "$calls" ] || fail "went on without a compiler"

# The count is the last line, and follows what the tests reported.
make_tree
cat >"$scratch/tree/check.sh" <<'SH'
mkdir -p tests
printf ':test-result: PASS a\n:test-result: SKIP b\n:global-test-result: PASS\n' >tests/one.trs
printf ':test-result: XFAIL c\n:global-test-result: PASS\n' >tests/two.trs
SH
mkdir -p "$scratch/tree/build/tests" "$scratch/tree/build/sub-one/tests"
printf ':test-result: PASS a\n' >"$scratch/tree/build/sub-one/tests/one.trs"
printf ':test-result: FAIL old\n' >"$scratch/tree/build/tests/gone.trs"
expect "$(run_setup check)" 0 "passing tests"
[ "$(tail -n 1 "$log")" = "2 passed, 0 failed, 1 skipped" ] || fail "wrong count"
cat >>"$scratch/tree/check.sh" <<'SH'
printf ':test-result: FAIL d\n:test-result: ERROR e\n:global-test-result: FAIL\n' >tests/three.trs
echo "this went wrong" >tests/three.log
exit 1
SH
expect "$(run_setup check)" 1 "failing tests"
[ "$(tail -n 1 "$log")" = "2 passed, 2 failed, 1 skipped" ] || fail "wrong count"
grep -q "this went wrong" "$log" || fail "does not show the failing test's log"
echo 'echo no rule; exit 2' >"$scratch/tree/check.sh"
expect "$(run_setup check)" 1 "tests that do not build"
[ "$(tail -n 1 "$log")" = "0 passed, 1 failed, 0 skipped" ] || fail "wrong count"
: >"$scratch/tree/check.sh"
expect "$(run_setup check)" 1 "no test at all"

# Ctrl-C on a terminal ends the tests too, not only the script.
if command -v script >/dev/null && script -qec true /dev/null </dev/null >/dev/null 2>&1; then
	ln -s "$(command -v sleep)" "$tools/sleep"
	echo 'echo $$ >../test.pid; exec sleep 40' >"$scratch/tree/check.sh"
	SECONDS=0
	{
		for _ in {1..100}; do
			[ ! -s "$scratch/tree/test.pid" ] || break
			sleep 0.1
		done
		printf '\003'
		sleep 2
	} | env -i PATH="$tools" calls="$calls" tools="$tools" TMPDIR="$scratch" SHELL=/bin/bash \
		"$(command -v script)" -qec "bash '$scratch/tree/setup' check" /dev/null >"$log" 2>&1 || true
	pid=$(cat "$scratch/tree/test.pid")
	if kill -0 "$pid" 2>/dev/null; then
		kill "$pid"
		fail "Ctrl-C leaves a test running"
	fi
	[ "$SECONDS" -lt 30 ] || fail "Ctrl-C does not stop ./setup check"
fi

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make bench: what speed and size are promised, as ratios measured in one run. Not a test: a busy machine shifts them.
# usage: run.sh BUILDDIR
# Rows are what|value|from|to|limit|unit; from and to are quartiles. Status 1 when one is over its limit.
set -u
build=${1:-.}
here=$build/tests/bench
vtscope=$build/vtscope
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT INT TERM
rows=$work/rows
: >"$rows"

say() { printf '%s\n' "$*" >&2; }
skip() { printf '%s||||| \n' "$1 - not measured: $2" >>"$rows"; }
have() { command -v "$1" >/dev/null 2>&1; }

# Instructions between two KVM_RUNs, exactly: what 2N exits take more than N.
instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
		--toggle-collect=kvm_loop_run "$here/exits" --engine "$1" 2>&1 |
		sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

exits() {
	say 'exits of the kvm engine against the bare program ...'
	"$here/exits" >>"$rows" 2>"$work/why"
	case $? in
	0) ;;
	*) skip 'kvm engine against the bare program' "$(tail -n 1 "$work/why")"; return ;;
	esac
	if ! have valgrind; then
		skip 'instructions from KVM_RUN to KVM_RUN' 'no valgrind'
		return
	fi
	say 'instructions from KVM_RUN to KVM_RUN ...'
	n1=$(instructions 2000) n2=$(instructions 4000)
	if [ -n "$n1" ] && [ -n "$n2" ]; then
		awk -v a="$n1" -v b="$n2" 'BEGIN {
			printf "instructions from KVM_RUN to KVM_RUN|%.2f|||60|instr\n", (b - a) / 2000 }' >>"$rows"
	else
		skip 'instructions from KVM_RUN to KVM_RUN' 'callgrind counted nothing'
	fi
}

# against LABEL LIMIT REPEATS PROGRAM A... -- B...: when PROGRAM is there
against() {
	label=$1 limit=$2 repeats=$3 program=$4
	shift 4
	if ! have "$program"; then
		skip "$label" "no $program"
		return
	fi
	say "$label ..."
	"$here/versus" ratio "$label" "$limit" "$repeats" "$@" >>"$rows" || skip "$label" 'a command failed'
}

memory() {
	label=$1
	shift
	say "$label ..."
	"$here/versus" memory "$label" 64 "$@" >>"$rows" || skip "$label" 'the command failed'
}

# One exit and the way back on the project's own monitor, counted by an emulator: exactly, whatever the machine does.
# monitor ENGINE VIA FAST-LIMIT
monitor() {
	what="$1 in $2"
	say "the monitor's paths, $what ..."
	if ! "$vtscope" bench -q --engine "$1" --via "$2" --launches 1 --op exit.cpuid --op exit.cpuid.full \
		-o "$work/monitor.json" 2>"$work/why" || [ ! -s "$work/monitor.json" ]; then
		skip "CPUID exit round trip, $what" "$(tail -n 1 "$work/why")"
		return
	fi
	# A row a line; the body has one instruction beside CPUID.
	for op in exit.cpuid exit.cpuid.full; do
		limit=
		[ "$op" = exit.cpuid.full ] || limit=$3
		sed -n "s/.*\"op\":\"$op\".*\"diff_median\":\([0-9.]*\).*/\1/p" "$work/monitor.json" |
			awk -v label="CPUID exit round trip, ${op#exit.cpuid} path, $what" -v limit="$limit" '
				{ sub(/,  path/, ", fast path", label); sub(/, [.]full path/, ", full path", label)
				  printf "%s|%.2f|||%s|instr\n", label, $1 - 1, limit; found = 1 }
				END { if (!found) printf "%s - not measured: no row||||| \n", label }' >>"$rows"
	done
}

# seconds LABEL LIMIT COMMAND...
seconds() {
	label=$1 limit=$2
	shift 2
	start=$(date +%s.%N)
	"$@" >/dev/null 2>"$work/why" || { skip "$label" "$(tail -n 1 "$work/why")"; return; }
	awk -v label="$label" -v limit="$limit" -v a="$start" -v b="$(date +%s.%N)" \
		'BEGIN { printf "%s|%.2f|||%s|s\n", label, b - a, limit }' >>"$rows"
}

# 1,000 runs of 100 results into a store, and a check against a baseline in it.
store() {
	results=$(dirname "$0")/../cli/store_results.py
	if ! "$vtscope" bench -q --engine native --op nano.call-ret --op cpu.alu.u -o "$work/one.json" 2>/dev/null ||
		! python3 "$results" "$work/one.json" "$work/runs" 1000 100 2>/dev/null; then
		skip '100,000 results into a store' 'no results to be had (python3, engine native)'
		return
	fi
	say '100,000 results into a store ...'
	seconds '100,000 results into a store' 10 "$vtscope" import -q "$work/runs" --db "$work/s.db"
	"$vtscope" baseline save -q main "$work/runs/0000.json" --db "$work/s.db"
	seconds 'baseline check with that store' 0.2 "$vtscope" baseline check -q main "$work/runs/0001.json" --db "$work/s.db"
	rm -rf "$work/runs" "$work/s.db"
}

exits
store
monitor vmx bochs:corei7_skylake_x 20
monitor svm bochs:ryzen 20
against 'probe / virt-host-validate qemu' 1 15 virt-host-validate \
	"$vtscope" probe -q -- virt-host-validate qemu
against 'probe --no-run / lscpu' 2 15 lscpu "$vtscope" probe -q --no-run -- lscpu
memory 'peak memory of bench, guest apart' \
	"$vtscope" bench -q --quick --time 15 -o "$work/result.json"
memory 'peak memory of report' "$vtscope" report -q "$work/result.json" -o "$work/report.html"
say 'summary of 10 million samples ...'
"$here/samples" >>"$rows" || skip 'summary of 10 million samples' 'the program failed'

awk -F'|' '
	BEGIN { printf "\n%-76s %9s  %-15s %7s\n", "what", "measured", "quartiles", "limit" }
	$2 == "" { print $1; next }
	{
		over = $5 > 0 && $2 > $5
		word = $5 <= 0 ? "" : over ? "OVER" : "within"
		bad += over
		printf("%-76s %9s  %-15s %7s  %s\n", $1, $2 " " $6, $3 == "" ? "" : $3 " to " $4,
			$5 > 0 ? $5 : "none", word)
	}
	END { exit bad > 0 }' "$rows"

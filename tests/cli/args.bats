#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What every verb refuses, and how it says so.

load lib

@test "the verbs are there" {
	local verb
	for verb in probe bench ab run report compare doctor image export import list help; do
		verbs | grep -qx "$verb"
	done
}

@test "an unknown verb is refused with the nearest one" {
	run --separate-stderr "$VTSCOPE" lits
	says 2 "unknown verb 'lits'; did you mean 'list'?"
	[ -z "$output" ]
	[[ $stderr == *"Try 'vtscope --help'."* ]]
}

@test "a verb nothing is near to is refused with those there are" {
	run --separate-stderr "$VTSCOPE" zzzzzzzzzz
	says 2 "unknown verb 'zzzzzzzzzz'"
}

@test "every verb refuses an unknown option with the nearest one" {
	for verb in $(verbs); do
		run --separate-stderr "$VTSCOPE" "$verb" --verbsoe
		says 2 "unknown option '--verbsoe'; did you mean '--verbose'?"
		[[ $stderr == *"Try 'vtscope $verb --help'."* ]]
	done
}

@test "options before the verb are refused with the right order" {
	run --separate-stderr "$VTSCOPE" -q list
	says 2 "the verb comes first: vtscope list"
}

@test "an option without its value, a flag with one" {
	run --separate-stderr "$VTSCOPE" list --format
	says 2 "needs a value"
	run --separate-stderr "$VTSCOPE" list --quiet=1
	says 2 "takes no value"
}

@test "a value that is no choice is refused with the nearest one" {
	run --separate-stderr "$VTSCOPE" list ops --format=jsno
	says 2 "unknown value for --format: 'jsno'; did you mean 'json'?"
	run --separate-stderr "$VTSCOPE" list osp
	says 2 "unknown operand 'osp'; did you mean 'ops'?"
}

@test "an unknown operation is refused with the nearest one" {
	run --separate-stderr "$VTSCOPE" bench --op exit.cpuit
	says 2 "did you mean 'exit.cpuid'?"
}

@test "a verb without its operand says what it needs" {
	run --separate-stderr "$VTSCOPE" list
	says 2 "list needs ops|exits|engines|checks|formats"
}

@test "an unknown engine is refused with the nearest one" {
	run --separate-stderr "$VTSCOPE" bench --engine=kwm
	says 2 "did you mean 'kvm'?"
}

@test "control characters of an argument do not reach the terminal" {
	run --separate-stderr "$VTSCOPE" $'\e[31mred\a'
	[ "$status" -eq 2 ]
	[[ $stderr != *$'\e'* && $stderr != *$'\a'* ]]
}

@test "an empty name of a file is refused by every verb, before it does anything" {
	for verb in '' $(verbs); do
		run --separate-stderr "$VTSCOPE" ${verb:+"$verb"} -o ''
		says 2 "option '--output' needs a name"
	done
	run --separate-stderr "$VTSCOPE" bench --qemu= --dry-run
	says 2 "option '--qemu' needs a name"
}

@test "help of every verb fits a screen" {
	for verb in '' $(verbs); do
		run --separate-stderr "$VTSCOPE" ${verb:+"$verb"} --help
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[ "${#lines[@]}" -le 30 ]
		for line in "${lines[@]}"; do
			[ "${#line}" -le 80 ]
		done
	done
}

@test "help VERB is VERB --help" {
	for verb in $(verbs); do
		[ "$("$VTSCOPE" help "$verb")" = "$("$VTSCOPE" "$verb" --help)" ]
	done
	[ "$("$VTSCOPE" help)" = "$("$VTSCOPE" --help)" ]
}

@test "--version names the libraries" {
	run --separate-stderr "$VTSCOPE" --version
	[ "$status" -eq 0 ]
	[[ ${lines[0]} =~ ^vtscope\ [0-9]+\.[0-9]+\.[0-9]+ ]]
	[[ $output == *libcpuid* && $output == *hwloc* && $output == *jansson* ]]
}

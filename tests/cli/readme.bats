#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# README's session in emulation: counts of instructions are exact, so it must be what a run says.

load lib

readme=${top_srcdir:?}/README.md

# The command of that session on one line, and what README shows of it.
session_command() {
	sed -n '/^\$ build\/vtscope bench .*--via bochs:/,/[^\\]$/p' "$readme" | sed 's/\\$//; s/^\$ build\/vtscope//' | tr -d '\n'
}
session_output() {
	sed -n '/^\$ build\/vtscope bench .*--via bochs:/,/^```$/p' "$readme" | sed -n '/^operation /,/^```$/p' | sed '$d'
}

# The full path is C: another compiler has another number of instructions.
comparable() {
	if [ "$(${CC:-cc} -dumpversion | cut -d. -f1):$(${CC:-cc} --version | grep -ci clang)" = 12:0 ]; then
		cat
	else
		sed 's/^\(exit\.cpuid\.full  *vmx\) .*/\1/'
	fi
}

@test "README: the session in emulation is what a run says" {
	command -v bochs >/dev/null || skip "bochs is missing: apt-get install bochs bochsbios vgabios"
	version=$(session_output | sed -n 's/^  vmx: \(Bochs [0-9.]*\) .*/\1/p')
	[ -n "$version" ]
	eval "run -0 --separate-stderr \"\$VTSCOPE\" $(session_command)"
	[[ $output == *"  vmx: $version "* ]] || skip "README is of $version"
	diff -u <(session_output | comparable) <(printf '%s\n' "$output" | comparable)
}

@test "README: the words below that session have its numbers" {
	port=$(session_output | sed -n '/^nano.in /,/^nano.p/s/^  *vmx  *\([0-9]*\)\..*/\1/p' | head -1)
	full=$(session_output | sed -n 's/^exit.cpuid.full  *vmx  *\([0-9]*\) .*/\1/p')
	missing=$(session_output | sed -n 's/^skipped  *vmx  *\([0-9]*\) operations vmx.vmread.*/\1/p')
	[ -n "$port" ] && [ -n "$full" ] && [ -n "$missing" ]
	words=$(tr '\n' ' ' <"$readme")
	[[ $words == *"one instruction natively is $port with its exit"* ]]
	[[ $words == *"the full save of the registers is $full."* ]]
	[[ $words == *" $missing fields of the VMCS are not there"* ]]
}

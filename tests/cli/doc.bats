#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Help, man pages and completions say the same.

load lib

setup() {
	doc=${top_builddir:?}/doc
}

page() {
	echo "$doc/vtscope${1:+-$1}.1"
}

# The long options a man page defines.
man_options() {
	sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/s/^\(\\fB\\-.\\fR, \)\{0,1\}\\fB\\-\\-\([^ ]*\)\\fR.*/--\2/p' "$(page "$1")" |
		sed 's/\\-/-/g' | sort
}

# What bash offers behind the words given, the last one being completed.
bash_offers() {
	bash --norc -c '
		. "$0"
		COMP_WORDS=(vtscope "$@")
		COMP_CWORD=$#
		_vtscope
		printf "%s\n" "${COMPREPLY[@]}"' "$doc/vtscope" "$@"
}

@test "every verb has its man page, and no other page is there" {
	[ "$( (verbs) | sort)" = "$(find "$doc" -name 'vtscope-*.1' | sed 's/.*vtscope-//; s/\.1$//' | sort)" ]
}

@test "man page options are those of --help" {
	for verb in '' $(verbs); do
		echo "# verb: $verb"
		[ -n "$(help_options "$verb")" ]
		[ "$(man_options "$verb")" = "$(help_options "$verb")" ]
	done
}

@test "bash completion offers the options of --help, verb by verb" {
	[ "$(bash_offers --  | grep -- -- | sort)" = "$(help_options '')" ]
	for verb in $(verbs); do
		echo "# verb: $verb"
		[ "$(bash_offers "$verb" -- | sort)" = "$(help_options "$verb")" ]
	done
}

@test "zsh completion offers the options of --help, verb by verb" {
	for verb in vtscope $(verbs); do
		echo "# verb: $verb"
		[ "$(sed -n "/^	$verb) _arguments/,/;;/p" "$doc/_vtscope" |
			sed -n "s/^\t\t\('([^)]*)'\|\\\\\*\)\{0,1\}\({-.+\{0,1\},\)\{0,1\}\(--[a-z-]*\)[=}']*.*/\3/p" |
			sort)" = "$(help_options "${verb#vtscope}")" ]
	done
}

@test "fish completion offers the options of --help, verb by verb" {
	for verb in $(verbs); do
		echo "# verb: $verb"
		[ "$(grep "__fish_seen_subcommand_from $verb'" "$doc/vtscope.fish" |
			sed -n 's/.* -l \([a-z-]*\) .*/--\1/p' | sort)" = "$(help_options "$verb")" ]
	done
	[ "$(grep -- '-n __fish_use_subcommand' "$doc/vtscope.fish" | sed -n 's/.* -l \([a-z-]*\) .*/--\1/p' | sort)" = \
		"$(help_options '')" ]
}

@test "the parser takes every option that help shows" {
	for verb in '' $(verbs); do
		while read -r name arg; do
			[[ $arg == [A-Z]* ]] && name+="=$("$VTSCOPE" ${verb:+"$verb"} --help |
				sed -n "s/^  .*$name .*: \([a-z0-9]*\),.*/\1/p")"
			echo "# $verb $name"
			"$VTSCOPE" ${verb:+"$verb"} "$name" --help >/dev/null
		done < <("$VTSCOPE" ${verb:+"$verb"} --help |
			sed -n '/^Options:/,/^$/s/^  \(-., \)\{0,1\}\(--[^ ]*\)\( [A-Z][^ ]*\)\{0,1\}\( .*\)\{0,1\}$/\2\3/p')
	done
}

@test "an option that a page names anywhere is an option" {
	known=$(for verb in '' $(verbs); do help_options "$verb"; done)
	for file in "$doc"/vtscope*.[17]; do
		while read -r option; do
			echo "# $file: $option"
			grep -qx -- "$option" <<<"$known"
		done < <(sed 's/\\-/-/g' "$file" | grep -o -- '--[a-z][a-z-]*' | sort -u)
	done
}

@test "the examples of the man pages are command lines that parse" {
	while read -r line; do
		echo "# $line"
		line=${line//\\-/-}
		line=${line//\\(aq/\'}
		line=${line//\\(dq/\"}
		line=${line%%|*}
		line=${line%%>*}
		eval "\"\$VTSCOPE\" ${line#vtscope} --help" >/dev/null
	done < <(sed -n '/^\.SH EXAMPLES/,/^\.SH SEE/s/^\\fB\(vtscope.*\)\\fR$/\1/p' "$doc"/vtscope*.1)
}

@test "every operation stands in vtscope-method(7) with its definition" {
	page=$(sed 's/\\-/-/g' "$doc/vtscope-method.7")
	n=0
	sweep=
	while read -r name _; do
		# One of each sweep over the fields of a VMCS stands for all.
		[[ $name != *.[[:upper:]]* || ${name%.*} != "$sweep" ]] || continue
		sweep=${name%.*}
		grep -qxF ".B $name" <<<"$page"
		n=$((n + 1))
	done < <("$VTSCOPE" list ops)
	[ "$n" -gt 30 ]
	[ "$(grep -c 'each other field of the VMCS' <<<"$page")" -eq 4 ]
	[ "$(grep -c 'clock runs from' <<<"$page")" -eq "$n" ]
}

@test "every flag of a result is explained in vtscope-method(7)" {
	page=$(sed 's/\\-/-/g' "$doc/vtscope-method.7")
	flags=$(sed -n 's/^\tRESULT_\([A-Z_]*\) = 1 <<.*/\1/p' "${top_srcdir:?}/bench/result.h" | tr 'A-Z_' 'a-z-')
	[ "$(wc -w <<<"$flags")" -ge 8 ]
	for flag in $flags; do
		echo "# $flag"
		grep -qF "$flag" <<<"$page"
	done
}

@test "mandoc finds nothing to warn about" {
	command -v mandoc >/dev/null || skip "mandoc is missing: apt-get install mandoc"
	for file in "$doc"/vtscope*.[17]; do
		mandoc -Tlint -Wwarning "$file"
	done
}

@test "bash completes verbs, values, files, lists and operands" {
	[ "$(bash_offers '' | sort)" = "$(verbs | sort)" ]
	[ "$(bash_offers li)" = list ]
	[ "$(bash_offers list --format j)" = json ]
	[ "$(bash_offers list --format = j)" = json ]
	[ "$(bash_offers list --format =)" = "$(printf 'text\njson')" ]
	[ "$(bash_offers list --color al)" = always ]
	[ "$(bash_offers list op)" = ops ]
	[ "$(bash_offers help li)" = list ]
	cd "$BATS_TEST_TMPDIR"
	touch out.json
	[ "$(bash_offers list -o o)" = out.json ]
	[ "$(bash_offers bench --engine = tc)" = tcg ]
	[ "$(bash_offers bench --engine tcg,kv)" = tcg,kvm ]
	[ "$(bash_offers bench --op nano.sys)" = nano.syscall ]
	[ "$(bash_offers probe --explain kvm.tr)" = kvm.trial ]
	[ "$(bash_offers report o)" = out.json ]
	[ "$(bash_offers baseline '')" = "$(printf 'save\ncheck\nlist\nshow\nrm')" ]
	[ "$(bash_offers baseline ch)" = check ]
	[ "$(bash_offers baseline save main o)" = out.json ]
}

@test "zsh takes its completion" {
	command -v zsh >/dev/null || skip "zsh is missing: apt-get install zsh"
	zsh -n "$doc/_vtscope"
}

@test "zsh completes verbs and values" {
	command -v zsh >/dev/null || skip "zsh is missing: apt-get install zsh"
	# The functions that the completion system would call are replaced by ones that print what they are offered.
	out=$(zsh -fc '
		_describe() { print -l -- ${(P)2} }
		_arguments() { print -l -- "$@" }
		compdef() { }
		words=(vtscope l) CURRENT=2
		source '"$doc/_vtscope"'
		words=(vtscope list --format x) CURRENT=4
		_vtscope')
	[[ $out == *"list:list operations"* ]]
	[[ $out == *"--format=[output format]:FORMAT:(text json)"* ]]
	grep -q "'1:.*:(save check list show rm)'" "$doc/_vtscope"
}

@test "fish takes its completion and completes with it" {
	command -v fish >/dev/null || skip "fish is missing: apt-get install fish"
	fish -n "$doc/vtscope.fish"
	cd "$BATS_TEST_TMPDIR"
	export HOME=$BATS_TEST_TMPDIR
	run fish -c "source $doc/vtscope.fish; complete -C 'vtscope list --format j'"
	[[ $output == *json* ]]
	run fish -c "source $doc/vtscope.fish; complete -C 'vtscope li'"
	[[ $output == *list* ]]
	run fish -c "source $doc/vtscope.fish; complete -C 'vtscope baseline ch'"
	[[ $output == *check* ]]
}

@test "every exit is listed with operations that exist, or with why there is none" {
	ops=$("$VTSCOPE" list ops | sed 's/ .*//')
	n=0
	while read -r vendor name _ rest; do
		[[ $vendor == [vs][mv][xm] && -n $name && -n $rest ]]
		n=$((n + 1))
		[[ $rest == "not caused here: "?* ]] && continue
		for op in $rest; do
			grep -qxF -- "$op" <<<"$ops"
		done
	done < <("$VTSCOPE" list exits)
	[ "$n" -gt 130 ]
}

@test "the documents of list are valid by their schema" {
	[ -n "$PYTHON3" ] || skip "python3-jsonschema is missing: apt-get install python3-jsonschema"
	for kind in ops exits engines checks formats; do
		"$VTSCOPE" list "$kind" --format json >"$BATS_TEST_TMPDIR/$kind.json"
		validate "$BATS_TEST_TMPDIR/$kind.json" list
	done
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the command-line tests share. VTSCOPE, PYTHON3 and the folders come from make, status and stderr from bats.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0

# The verbs of the table, as --help lists them.
verbs() {
	"$VTSCOPE" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z-][a-z-]*\) .*/\1/p'
}

# The long options that --help of a verb lists ('' or nothing: of vtscope itself).
help_options() {
	"$VTSCOPE" ${1:+"$1"} --help | sed -n '/^Options:/,/^$/s/^  \(-., \)\{0,1\}\(--[a-z-]*\).*/\2/p' | sort
}

need_terminal() {
	command -v script >/dev/null || skip "script(1) is missing: apt-get install bsdutils"
	script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip "no pseudo-terminal to be had here (/dev/pts)"
}

# A command on a terminal of its own, its output with what it wrote to stderr.
on_terminal() {
	TERM=xterm script -qec "$*" /dev/null </dev/null
}

# One line, beginning "vtscope: ", and no crash: status (1).
says() {
	[ "$status" -eq "$1" ]
	[[ $stderr == "vtscope: "* ]]
	[[ $stderr == *"$2"* ]]
}

# Validates a document by its schema where a validator is there.
validate() {
	[ -n "$PYTHON3" ] || return 0
	"$PYTHON3" -c 'import json, jsonschema, sys; jsonschema.validate(*(json.load(open(f)) for f in sys.argv[1:]))' \
		"$1" "$top_srcdir/doc/schema/$2.schema.json"
}

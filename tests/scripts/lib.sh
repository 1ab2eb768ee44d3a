# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the house-rule scripts share. They run from `make check`, which sets the variables that are asked for here.

: "${top_srcdir:?run it from make check, or set it to the top of the tree}"
export LC_ALL=C

# shellcheck disable=SC2034 # used by those that read this file
folders=(common arch probe minivmm bench report cli)

skip() {
	echo "skipped: $*"
	exit 77
}

# A folder that goes away with the script.
make_scratch() {
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/vtscope-test.XXXXXX")
	trap 'chmod -R u+w "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT
}

# make distcheck runs all tests once more: what builds the whole tree anew is not worth it there.
skip_in_distcheck() {
	case ${top_builddir:?} in
	*/_build/sub) skip "inside make distcheck" ;;
	esac
}

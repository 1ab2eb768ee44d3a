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

# sub_build NAME CONFIGURE-ARGUMENT...: goes to a build of its own below this one, configured when it is not or when
# configure or the arguments have changed. It is kept, so that the next run is quick.
sub_build() {
	local dir=${top_builddir:?}/sub-$1 stamp
	shift
	# The make that runs the script is none of the business of those below.
	unset MAKEFLAGS MFLAGS MAKELEVEL
	mkdir -p "$dir"
	cd "$dir" || exit 1
	stamp=$(echo "$*"; cksum "$top_srcdir/configure")
	if [ ! -e Makefile ] || [ "$stamp" != "$(cat stamp 2>/dev/null)" ]; then
		"$top_srcdir/configure" -q "$@" >log 2>&1 || { cat log; echo "configure failed"; exit 1; }
		echo "$stamp" >stamp
	fi
}

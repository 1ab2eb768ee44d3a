#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# make install puts everything where it is looked for, and make uninstall takes it away.

load lib

setup() {
	unset MAKEFLAGS MAKELEVEL MFLAGS
	make="make -s -C ${top_builddir:?} DESTDIR=$BATS_TEST_TMPDIR/root prefix=/usr"
}

@test "make install puts program, pages, schemas and completions in their places" {
	$make install >/dev/null
	cd "$BATS_TEST_TMPDIR/root/usr"
	[ "$(bin/vtscope --version)" = "$("$VTSCOPE" --version)" ]
	[ -f share/man/man1/vtscope.1 ]
	[ -f share/man/man7/vtscope-method.7 ]
	for verb in $(verbs); do
		[ -f "share/man/man1/vtscope-$verb.1" ]
	done
	for schema in "${top_srcdir:?}"/doc/schema/*.json; do
		cmp "$schema" "share/vtscope/schema/${schema##*/}"
	done
	[ -f share/bash-completion/completions/vtscope ]
	[ -f share/zsh/site-functions/_vtscope ]
	[ -f share/fish/vendor_completions.d/vtscope.fish ]
	$make uninstall >/dev/null
	[ -z "$(find "$BATS_TEST_TMPDIR/root" -type f)" ]
}

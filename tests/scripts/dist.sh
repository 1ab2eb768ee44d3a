#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is distributed is enough to build from, out of tree, with sources that cannot be written to.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
. "${top_srcdir:?}/tests/scripts/lib.sh"
skip_in_distcheck
make_scratch
# The make that runs this is none of the business of those below.
unset MAKEFLAGS MFLAGS MAKELEVEL

make -C "${top_builddir:?}" distdir distdir="$scratch/src" >"$scratch/log" 2>&1 ||
	{ tail -n 30 "$scratch/log"; echo "make distdir failed"; exit 1; }
for file in setup configure README.md HACKING.md NEWS COPYING SECURITY.md; do
	[ -e "$scratch/src/$file" ] || { echo "not distributed: $file"; exit 1; }
done
# Every file of the repository but git's own.
if git -C "$top_srcdir" ls-files >"$scratch/known" 2>/dev/null && [ -s "$scratch/known" ]; then
	lost=$(cd "$scratch/src" && grep -vE '(^|/)[.]git(ignore|attributes)$' "$scratch/known" |
		while IFS= read -r file; do [ -e "$file" ] || echo "$file"; done)
	[ -z "$lost" ] || { printf 'not distributed (EXTRA_DIST, or a source):\n%s\n' "$lost"; exit 1; }
fi
chmod -R a-w "$scratch/src"
mkdir "$scratch/build"
cd "$scratch/build"
if ! { ../src/configure -q CC="${CC:-cc}" CFLAGS=-O0 && make -s -j2; } >"$scratch/log" 2>&1; then
	tail -n 40 "$scratch/log"
	echo "the distributed files do not build"
	exit 1
fi
make -s install DESTDIR="$scratch/root" >"$scratch/log" 2>&1 || { tail -n 40 "$scratch/log"; echo "make install failed"; exit 1; }
[ -x "$scratch/root/usr/local/bin/vtscope" ] || { echo "make install did not install vtscope"; exit 1; }
make -s uninstall DESTDIR="$scratch/root" >"$scratch/log" 2>&1 || { tail -n 40 "$scratch/log"; echo "make uninstall failed"; exit 1; }
left=$(find "$scratch/root" -type f)
[ -z "$left" ] || { printf 'make uninstall left:\n%s\n' "$left"; exit 1; }

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# House rules that a script can see: lengths, licence lines, who may print, no paths of a machine.
set -euo pipefail
# shellcheck source=tests/scripts/lib.sh
. "${top_srcdir:?}/tests/scripts/lib.sh"
make_scratch
failed=0

complain() {
	echo "$*"
	failed=1
}

# Sources that people write: not what autoreconf or a build made.
sources() {
	find setup configure.ac Makefile.am .ci "${folders[@]}" doc tests -type f \
		\( -name '*.[chS]' -o -name '*.def' -o -name '*.am' -o -name '*.ac' -o -name '*.sh' -o -name '*.awk' \
		-o -name '*.bats' -o -name '*.bash' -o -name '*.py' -o -name '*.t' -o -name setup -o -name run \) |
		while IFS= read -r file; do
			# Built programs are called .t too.
			head -c 4 "$file" | grep -q ELF || echo "$file"
		done
}

long_functions() {
	awk 'FNR == 1 { inside = 0 }
	     /^{/ { inside = 1; start = FNR }
	     /^}/ && inside { if (FNR - start - 1 > limit) print FILENAME ":" start ": " FNR - start - 1 " lines"; inside = 0 }' \
		limit=90 "$@"
}

cd "$top_srcdir"
sources >"$scratch/all"
grep -E '\.c$' "$scratch/all" >"$scratch/c"
[ "$(wc -l <"$scratch/c")" -gt 10 ] || complain "found next to no sources: looking in the wrong place"

while IFS= read -r file; do
	lines=$(wc -l <"$file")
	[ "$lines" -le 600 ] || complain "$file: $lines lines, 600 is the limit"
	head -n 3 "$file" | grep -q SPDX-License-Identifier || complain "$file: no SPDX line"
done <"$scratch/all"

mapfile -t c_files <"$scratch/c"
functions=$(long_functions "${c_files[@]}")
[ -z "$functions" ] || complain "functions over 90 lines:"$'\n'"$functions"

# Only cli/ prints or exits. _exit in a forked child is another thing.
printing='(^|[^_[:alnum:]])(printf|puts|putchar|perror|exit|abort|die)[[:space:]]*\(|(std(out|err))[,)]'
below=$(grep -vE '^(cli|doc|tests|bench/guest)/' "$scratch/c" | xargs grep -nE "$printing" | grep -vE '^[^:]+:[0-9]+:[[:space:]]*/?\*|format *\(printf' || true)
[ -z "$below" ] || complain "only cli/ prints or exits:"$'\n'"$below"

# #ifdef in a function body: seen by its place between { and } of column 1.
conditional=$(awk 'FNR == 1 { inside = 0 } /^{/ { inside = 1 } /^}/ { inside = 0 }
	inside && /^[[:space:]]*#[[:space:]]*if/ { print FILENAME ":" FNR ": " $0 }' "${c_files[@]}")
[ -z "$conditional" ] || complain "conditional compilation in a function body:"$'\n'"$conditional"

paths=$(xargs -a "$scratch/all" grep -nE '(^|[^[:alnum:]_.])/(work|home|root)/[[:alnum:]]|/tmp/(wt|b)/' || true)
[ -z "$paths" ] || complain "paths of a machine:"$'\n'"$paths"

# The length check sees what it should.
{ echo "int f(void)"; echo "{"; seq -f '	x(%g);' 91; echo "}"; } >"$scratch/long.c"
[ -n "$(long_functions "$scratch/long.c")" ] || complain "a function of 91 lines was not noticed"
{ echo "int f(void)"; echo "{"; seq -f '	x(%g);' 90; echo "}"; } >"$scratch/long.c"
[ -z "$(long_functions "$scratch/long.c")" ] || complain "a function of 90 lines was refused"
exit $failed

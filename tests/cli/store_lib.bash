# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests of the store share.

# One real result a file of tests, made once: two operations in a process.
sample_result() {
	"$VTSCOPE" bench -q -e native --op nano.call-ret --op cpu.alu.u --launches 8 -o "$1"
}

# make_results SAMPLE FOLDER RUNS ROWS [OPTION...]
make_results() {
	[ -n "$PYTHON3" ] || skip "python3 with jsonschema is missing: apt-get install python3-jsonschema"
	"$PYTHON3" "${top_srcdir:?}/tests/cli/store_results.py" "$@"
}

need_sqlite3() {
	command -v sqlite3 >/dev/null || skip "sqlite3 is missing: apt-get install sqlite3"
}

# The store is whole and holds (N) runs with their documents and rows.
whole() {
	[ "$(sqlite3 "$1" 'PRAGMA integrity_check; PRAGMA foreign_key_check')" = ok ]
	[ "$(sqlite3 "$1" 'SELECT count(*) FROM run')" -eq "$2" ]
	[ "$(sqlite3 "$1" 'SELECT count(*) FROM run JOIN document USING (run_id)')" -eq "$2" ]
	[ "$(sqlite3 "$1" 'SELECT count(*) FROM run r WHERE r.results <> (SELECT count(*) FROM result s WHERE s.run_id = r.run_id)')" -eq 0 ]
}

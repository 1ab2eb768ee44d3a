#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What can happen to a store: kills, full disks, folders that may only be read, other versions, damage, two writers.

# shellcheck disable=SC2154 # stderr, status: bats sets them; PG and the like: setup_file
load lib
load store_lib

setup_file() {
	export sample="$BATS_FILE_TMPDIR/sample.json"
	sample_result "$sample"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# One line that begins "vtscope: ", status 1.
one_line() {
	says 1 "$1"
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
}

# Runs a command as nobody, which the file system may refuse something.
as_nobody() {
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
	else
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	fi
}

need_nobody() {
	[ "$(id -u)" -ne 0 ] || command -v setpriv >/dev/null || skip "root may write everywhere, and setpriv is missing"
	as_nobody "$VTSCOPE" --version >/dev/null 2>&1 || skip "nobody may not run $VTSCOPE here"
}

@test "store: kill -9 at 200 random moments loses nothing that was told as saved" {
	make_results "$sample" probe 1 1
	mkdir k
	run -0 timeout 900 "$PYTHON3" "$top_srcdir/tests/cli/store_kill.py" "$VTSCOPE" "$sample" k "${VTSCOPE_KILLS:-200}" 7
	echo "# ${lines[-1]}" >&3
}

@test "store: writers at once lose nothing" {
	need_sqlite3
	for n in 0 1 2; do make_results "$sample" "r$n" 30 5 from=$((n * 30)); done
	for n in 0 1 2 0; do "$VTSCOPE" import "r$n" --db s.db >"out$n.$RANDOM" 2>&1 & done
	wait
	whole s.db 90
	[ "$(cat out* | grep -c ^saved)" -eq 90 ]
	[ "$(cat out* | grep -c ^present)" -eq 30 ]
}

@test "store: Ctrl-C while it imports: 130, and what was told is there" {
	need_sqlite3
	make_results "$sample" r 400 60
	"$VTSCOPE" import r --db s.db >out 2>err &
	pid=$!
	for _ in $(seq 200); do [ ! -s s.db-wal ] || break; sleep 0.01; done
	kill -INT $pid
	status=0
	wait $pid || status=$?
	# It may have been quicker.
	if [ "$status" -ne 0 ]; then
		[ "$status" -eq 130 ]
		grep -q "interrupted after" err
	fi
	whole s.db "$(grep -c ^saved out)"
	run -0 "$VTSCOPE" import -q r --db s.db
	whole s.db 400
}

@test "store: a full disk is told in a line, and what was saved before is whole" {
	need_sqlite3
	mkdir disk
	make_results "$sample" little 3 5
	make_results "$sample" much 200 60 from=10
	cat >inside.sh <<-'SH'
		mount -t tmpfs -o size=1m tmpfs disk || exit 77
		"$VTSCOPE" import little --db disk/s.db >/dev/null 2>&1 || exit 10
		"$VTSCOPE" import much --db disk/s.db >out 2>err
		[ $? -eq 1 ] || exit 11
		"$VTSCOPE" bench -e native --op nano.call-ret --launches 6 --db disk/s.db >/dev/null 2>berr
		echo $? >bstatus
		cp disk/s.db* . || exit 12
		dd if=/dev/zero of=disk/rest bs=4k >/dev/null 2>&1
		"$VTSCOPE" import little --db disk/new.db >/dev/null 2>nerr
		[ $? -eq 1 ] || exit 13
	SH
	status=0
	TMPDIR=$PWD unshare -m bash inside.sh 2>/dev/null || status=$?
	[ "$status" -ne 1 ] && [ "$status" -ne 77 ] || { status=0; TMPDIR=$PWD unshare -rm bash inside.sh 2>/dev/null || status=$?; }
	[ "$status" -ne 1 ] && [ "$status" -ne 77 ] || skip "no file system can be mounted here"
	[ "$status" -eq 0 ]
	grep -q "^vtscope: disk/s.db: the disk is full; what was saved before is safe" err
	[ "$(grep -c "disk is full" err)" -eq 1 ]
	[ "$(sqlite3 s.db 'PRAGMA integrity_check')" = ok ]
	[ "$(sqlite3 s.db 'SELECT count(*) FROM run')" -ge "$((3 + $(grep -c ^saved out || true)))" ]
	grep -q "^vtscope: disk/new.db: " nerr
	# A measurement that found no room is in the temporary folder.
	[ "$(cat bstatus)" -eq 0 ] || ls vtscope-*.json
}

@test "store: on a file system that may only be read it is read; to write there is told" {
	make_results "$sample" base 3 2
	mkdir disk
	cat >inside.sh <<-'SH'
		mount -t tmpfs tmpfs disk || exit 77
		"$VTSCOPE" baseline save -q main base --db disk/s.db >/dev/null 2>&1 || exit 10
		mount -o remount,ro disk || exit 77
		"$VTSCOPE" baseline check main "$sample" --db disk/s.db >/dev/null 2>cerr || exit 11
		"$VTSCOPE" import "$sample" --db disk/s.db >/dev/null 2>err
		[ $? -eq 1 ] || exit 12
		"$VTSCOPE" import "$sample" --db disk/new.db >/dev/null 2>nerr
		[ $? -eq 1 ] || exit 13
	SH
	status=0
	unshare -m bash inside.sh 2>/dev/null || status=$?
	[ "$status" -ne 1 ] && [ "$status" -ne 77 ] || { status=0; unshare -rm bash inside.sh 2>/dev/null || status=$?; }
	[ "$status" -ne 1 ] && [ "$status" -ne 77 ] || skip "no file system can be mounted here"
	[ "$status" -eq 0 ]
	[ "$(cat err)" = "vtscope: disk/s.db: cannot be opened: Read-only file system" ]
	[ "$(cat nerr)" = "vtscope: disk/new.db: cannot be opened: Read-only file system" ]
}

@test "store: a folder that may only be read is read; to write there is told" {
	need_nobody
	make_results "$sample" base 3 2
	mkdir -m 755 ro
	"$VTSCOPE" baseline save -q main base --db ro/s.db
	chmod -R a+rX "$BATS_TEST_TMPDIR"
	cp "$sample" here.json
	chmod 444 ro/s.db here.json
	chmod 555 ro
	open=$BATS_TEST_TMPDIR
	while [ "$open" != / ] && [ "$open" != "${TMPDIR:-/tmp}" ]; do
		chmod a+x "$open" 2>/dev/null || break
		open=$(dirname "$open")
	done
	run --separate-stderr as_nobody "$VTSCOPE" baseline list --db ro/s.db
	[ "$status" -eq 0 ] || [[ $stderr != *"Permission denied"* ]] || skip "nobody cannot come here"
	[ "$status" -eq 0 ]
	[[ $output == *main* ]]
	run -0 --separate-stderr as_nobody "$VTSCOPE" baseline check main here.json --db ro/s.db
	run --separate-stderr as_nobody "$VTSCOPE" import here.json --db ro/s.db
	one_line "ro/s.db: "
	run --separate-stderr as_nobody "$VTSCOPE" bench -e native --op nano.call-ret --db ro/new.db
	one_line "ro/new.db: cannot be opened: Permission denied"
	chmod 755 ro
}

@test "store: one of a newer vtscope is refused and left alone" {
	need_sqlite3
	"$VTSCOPE" import -q "$sample" --db s.db
	sqlite3 s.db 'PRAGMA user_version = 99; ALTER TABLE run ADD COLUMN later TEXT' >/dev/null
	sum=$(sha256sum <s.db)
	for verb in "import -q $sample" "baseline list" "baseline save main $sample"; do
		# shellcheck disable=SC2086
		run --separate-stderr "$VTSCOPE" $verb --db s.db
		one_line "of version 99, this vtscope knows up to"
	done
	[ "$(sha256sum <s.db)" = "$sum" ]
}

@test "store: one of an older version is brought up to date, by one of two at once" {
	need_sqlite3
	make_results "$sample" r 4 2
	"$VTSCOPE" import -q r/0000.json --db s.db
	sqlite3 s.db 'DROP VIEW v_otava; PRAGMA user_version = 1'
	"$VTSCOPE" import -q r/0001.json --db s.db & "$VTSCOPE" import -q r/0002.json --db s.db
	wait
	[ "$(sqlite3 s.db 'PRAGMA user_version')" -eq 2 ]
	[ "$(sqlite3 s.db 'SELECT count(*) FROM v_otava')" -eq 6 ]
	whole s.db 3
}

@test "store: what is no store is told and not touched" {
	need_sqlite3
	printf 'this is a text file, not a database, and it is long enough to be looked at %0100d\n' 1 >text.db
	sqlite3 other.db 'CREATE TABLE run (a); INSERT INTO run VALUES (1)'
	sqlite3 view.db 'PRAGMA application_id = 1448367939; PRAGMA user_version = 2; CREATE VIEW run AS SELECT 1;
		CREATE TABLE document (a); CREATE TABLE result (a); CREATE TABLE baseline (a)'
	for file in text other view; do
		sum=$(sha256sum <$file.db)
		run --separate-stderr "$VTSCOPE" import "$sample" --db $file.db
		one_line "$file.db: "
		run --separate-stderr "$VTSCOPE" baseline list --db $file.db
		one_line "$file.db: "
		[ "$(sha256sum <$file.db)" = "$sum" ]
	done
	mkdir folder
	run --separate-stderr "$VTSCOPE" import "$sample" --db folder
	one_line "folder: "
}

@test "store: damage anywhere is a line, never a crash" {
	make_results "$sample" r 20 20
	"$VTSCOPE" baseline save -q main r --db good.db
	"$PYTHON3" - good.db <<-'PY'
		import random, sys
		good = open(sys.argv[1], "rb").read()
		random.seed(11)
		for n in range(60):
		    bad = bytearray(good)
		    if n % 3 == 0:
		        bad = bad[: random.randrange(1, len(bad))]
		    for _ in range(random.choice([1, 20, 2000])):
		        at = random.randrange(100 if n % 2 else 0, len(bad)) if len(bad) > 100 else 0
		        bad[at] = random.randrange(256)
		    open(f"bad{n}.db", "wb").write(bad)
	PY
	for n in $(seq 0 59); do
		for verb in "baseline check main $sample" "baseline list" "import r/0003.json" "import $sample"; do
			# shellcheck disable=SC2086
			run --separate-stderr timeout 20 "$VTSCOPE" $verb --db "bad$n.db"
			# Damage may lie where nobody looks, or change a number; where it is in a run, import tells of it and of the whole.
			echo "bad$n.db, $verb: $status: $stderr"
			[ "$status" -le 4 ]
			if [ "$status" -eq 1 ]; then
				[ "${#stderr_lines[@]}" -eq 1 ] || [[ $verb == import* && ${#stderr_lines[@]} -eq 2 ]]
				[[ ${stderr_lines[-1]} == "vtscope: "*"bad$n.db"* ]]
			fi
		done
	done
}

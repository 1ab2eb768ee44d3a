#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The store on a PostgreSQL server: a real one, started here on loopback for these tests, and stopped.

# shellcheck disable=SC2154 # stderr, status: bats sets them; PG and the like: setup_file
load lib
load store_lib

# PostgreSQL does not run as root.
as_server() {
	if [ "$(id -u)" -ne 0 ]; then
		"$@"
	else
		setpriv --reuid="$server_user" --regid="$server_user" --clear-groups "$@"
	fi
}

server() {
	(cd "$PG" && as_server "$bin/pg_ctl" -D "$PG/data" -w -t 60 -l "$PG/log" -o "-p $port -k $PG -h 127.0.0.1" "$@" >/dev/null)
}

start_server() {
	server start
}

why_not() {
	"$VTSCOPE" --version | grep -q 'PostgreSQL yes' || { echo "built without PostgreSQL: apt-get install libpq-dev"; return; }
	[ -n "$bin" ] || { echo "no server here: apt-get install postgresql"; return; }
	[ "$(id -u)" -ne 0 ] || [ -n "$server_user" ] || echo "root may not run a server, and there is no other user for it"
}

setup_file() {
	export bin="" server_user="" sample="$BATS_FILE_TMPDIR/sample.json" port why user
	for dir in /usr/lib/postgresql/*/bin; do [ ! -x "$dir/initdb" ] || bin=$dir; done
	if command -v setpriv >/dev/null; then
		for user in postgres nobody; do [ -n "$server_user" ] || ! id "$user" >/dev/null 2>&1 || server_user=$user; done
	fi
	why=$(why_not)
	[ -z "$why" ] || return 0
	# Not below bats' folder, which is root's alone.
	PG=$(mktemp -d /tmp/vtscope-pg.XXXXXX)
	export PG PGPASSFILE="$PG/pass" PGUSER=bench
	unset PGPASSWORD PGSERVICE PGHOST PGPORT PGDATABASE PGCONNECT_TIMEOUT
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	echo secret >"$PG/pw"
	echo "127.0.0.1:$port:*:bench:secret" >"$PGPASSFILE"
	chmod 600 "$PGPASSFILE"
	chmod 755 "$PG"
	chmod 644 "$PG/pw"
	[ "$(id -u)" -ne 0 ] || chown "$server_user" "$PG"
	(cd "$PG" && as_server "$bin/initdb" -D "$PG/data" -U bench -A scram-sha-256 --pwfile="$PG/pw" -E UTF8 --locale=C -N >"$PG/initdb.log" 2>&1) || why="initdb failed: $(tail -n 1 "$PG/initdb.log")"
	[ -n "$why" ] || start_server || why="the server did not start: $(tail -n 3 "$PG/log")"
	[ -n "$why" ] || sample_result "$sample"
}

teardown_file() {
	[ -z "$PG" ] || { server stop -m immediate || true; rm -rf "$PG"; }
}

setup() {
	[ -z "$why" ] || skip "$why"
	cd "$BATS_TEST_TMPDIR" || return 1
	server status || start_server
	db=t$BATS_TEST_NUMBER
	sql postgres "CREATE DATABASE $db"
	uri="postgresql://127.0.0.1:$port/$db"
}

# sql DATABASE STATEMENT...
sql() {
	local database=$1 statement
	shift
	for statement; do
		"$bin/psql" -X -A -t -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -d "$database" -c "$statement"
	done
}

# What was told as saved in (files), is.
all_there() {
	local _ id
	cat "$@" | grep '^saved ' >told || true
	[ -s told ]
	while read -r _ id _; do
		[ "$(sql "$db" "SELECT count(*) FROM vtscope.run JOIN vtscope.document USING (run_id) WHERE run_id = '$id'")" -eq 1 ]
	done <told
}

one_line() {
	says 1 "$1"
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
}

@test "server: results in, again no change, baselines, out byte for byte" {
	make_results "$sample" base 5 70
	make_results "$sample" slow 1 70 from=20 scale=nano.call-ret:2
	run --separate-stderr "$VTSCOPE" baseline check main base --db "$uri"
	says 4 "there is no store yet"
	run -0 --separate-stderr "$VTSCOPE" import base --db "$uri"
	[ "$(grep -c ^saved <<<"$output")" -eq 5 ]
	[[ $stderr == *"postgresql://127.0.0.1:$port/$db: 5 runs with 350 results saved"* ]]
	run -0 --separate-stderr "$VTSCOPE" import base --db "$uri"
	[ "$(grep -c ^present <<<"$output")" -eq 5 ]
	[ "$(sql "$db" 'SELECT count(*) FROM vtscope.result')" -eq 350 ]
	# Numbers arrive without loss.
	[ "$(sql "$db" "SELECT count(*) FROM vtscope.result r JOIN vtscope.document d USING (run_id)
		WHERE r.median <> (d.body::json->'results'->r.number::int->>'median')::float8")" -eq 0 ]
	run -0 --separate-stderr "$VTSCOPE" baseline save main base --db "$uri"
	run -0 --separate-stderr "$VTSCOPE" baseline check main base/0001.json --db "$uri"
	run -3 --separate-stderr "$VTSCOPE" baseline check main slow --db "$uri"
	run -0 --separate-stderr "$VTSCOPE" baseline list --db "$uri" -o l.json
	validate l.json baselines
	run -0 --separate-stderr "$VTSCOPE" baseline save one base/0002.json --db "$uri"
	run -0 --separate-stderr "$VTSCOPE" baseline show one --db "$uri" -o out.json
	cmp out.json base/0002.json
	run -0 --separate-stderr "$VTSCOPE" bench -q -e native --op nano.call-ret --launches 6 --db "$uri"
	[ "$(sql "$db" 'SELECT count(*) FROM vtscope.run')" -eq 6 ]
	run -0 --separate-stderr "$VTSCOPE" baseline rm main --db "$uri"
}

@test "server: variables and files of libpq count, a missing password is a line" {
	run -0 --separate-stderr env PGHOST=127.0.0.1 PGPORT="$port" PGDATABASE="$db" "$VTSCOPE" import -q "$sample" --db postgresql://
	[ "$(sql "$db" 'SELECT count(*) FROM vtscope.run')" -eq 1 ]
	run -0 --separate-stderr "$VTSCOPE" baseline list --db "postgres://bench@127.0.0.1:$port/$db?connect_timeout=5&application_name=x"
	run --separate-stderr env PGPASSFILE="$PWD/none" "$VTSCOPE" baseline list --db "$uri"
	one_line "password"
	run --separate-stderr "$VTSCOPE" baseline list --db "postgresql://127.0.0.1:$port/no_such_database"
	one_line "no_such_database"
}

@test "server: writers at once, the tables made by one of them" {
	for n in 0 1 2; do make_results "$sample" "r$n" 20 30 from=$((n * 20)); done
	for n in 0 1 2 0; do "$VTSCOPE" import "r$n" --db "$uri" >"out$n.$RANDOM" 2>&1 & done
	wait
	[ "$(cat out* | grep -c ^saved)" -eq 60 ]
	[ "$(cat out* | grep -c ^present)" -eq 20 ]
	[ "$(sql "$db" 'SELECT count(*) FROM vtscope.run')" -eq 60 ]
	[ "$(sql "$db" 'SELECT count(*) FROM vtscope.result')" -eq 1800 ]
}

@test "server: writers of the same runs in opposite orders wait for each other's end" {
	make_results "$sample" a 150 5
	make_results "$sample" b 150 5 from=200
	for n in 1 2 3; do
		sql "$db" 'DROP SCHEMA IF EXISTS vtscope CASCADE'
		"$VTSCOPE" import a b --db "$uri" >out1 2>err1 &
		pid=$!
		"$VTSCOPE" import b a --db "$uri" >out2 2>err2
		wait $pid
		[ "$(cat out1 out2 | grep -c ^saved)" -eq 300 ]
		[ "$(cat out1 out2 | grep -c ^present)" -eq 300 ]
		[ "$(sql "$db" 'SELECT count(*) FROM vtscope.result')" -eq 1500 ]
	done
}

@test "server: a statement that it gives up is a failure, not Ctrl-C" {
	"$VTSCOPE" import -q "$sample" --db "$uri"
	make_results "$sample" r 1 5
	sql "$db" 'BEGIN; LOCK TABLE vtscope.run; SELECT pg_sleep(30)' >/dev/null 2>&1 &
	for _ in $(seq 500); do [ "$(sql "$db" "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'vtscope.run'::regclass")" -eq 0 ] || break; sleep 0.01; done
	run --separate-stderr "$VTSCOPE" import r --db "$uri?options=-c%20statement_timeout%3D300"
	sql "$db" "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()" >/dev/null
	wait || true
	says 1 "canceling statement due to statement timeout"
	run -0 --separate-stderr "$VTSCOPE" import r --db "$uri"
}

@test "server: none there, and one that goes away in the middle" {
	make_results "$sample" r 300 100
	for n in $(seq 0 299); do echo '[]' >"r/$(printf %04d "$n")x.json"; done
	"$VTSCOPE" import -q r/0000.json --db "$uri" >out0
	"$VTSCOPE" import r --db "$uri" >out 2>err &
	pid=$!
	for _ in $(seq 500); do [ "$(wc -l <out)" -lt 5 ] || break; sleep 0.01; done
	server stop -m immediate
	status=0
	wait $pid || status=$?
	[ "$status" -eq 1 ]
	grep -q "^vtscope: postgresql://127.0.0.1:$port/$db: the server went away; what was saved before is safe" err
	# That line and the count, beside files that are left out, where it came so far.
	[ "$(grep -vc 'x\.json' err)" -eq 2 ]
	run --separate-stderr "$VTSCOPE" baseline list --db "$uri"
	one_line "postgresql://127.0.0.1:$port/$db: "
	start_server
	all_there out out0
	[ "$(sql "$db" 'SELECT count(*) FROM vtscope.run r WHERE results <> (SELECT count(*) FROM vtscope.result s WHERE s.run_id = r.run_id)')" -eq 0 ]
	run -0 --separate-stderr "$VTSCOPE" import -q r --db "$uri"
	[ "$(sql "$db" 'SELECT count(*) FROM vtscope.run')" -eq 300 ]
}

@test "server: one that goes away while it is measured does not cost the result" {
	TMPDIR=$PWD "$VTSCOPE" bench -e native --op nano.call-ret --op cpu.alu.u --launches 60 --db "$uri" >out 2>err &
	pid=$!
	for _ in $(seq 300); do [ "$(sql "$db" "SELECT count(*) FROM pg_tables WHERE schemaname = 'vtscope'")" -lt 5 ] || break; sleep 0.02; done
	server stop -m fast
	status=0
	wait $pid || status=$?
	start_server
	if [ "$status" -eq 0 ]; then skip "it was done before the server was stopped"; fi
	[ "$status" -eq 1 ]
	grep -q "the result is in $PWD/vtscope-.*\.json" err
	run -0 --separate-stderr "$VTSCOPE" import vtscope-*.json --db "$uri"
}

@test "server: kill -9 while it imports loses nothing that was told as saved" {
	for n in $(seq 0 9); do
		rm -rf r
		make_results "$sample" r 30 30 from=$((n * 30))
		for k in r/*.json; do echo '[]' >"${k%.json}x.json"; done
		"$VTSCOPE" import r --db "$uri" >"out$n" 2>/dev/null &
		pid=$!
		# Once it has told of some; of how many is chance.
		for _ in $(seq 500); do [ "$(wc -l <"out$n")" -lt $((RANDOM % 25)) ] || break; sleep 0.002; done
		kill -9 $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
	done
	all_there out?
}

@test "server: another version, another user, another time zone" {
	"$VTSCOPE" import -q "$sample" --db "$uri"
	# What a store of version 1 was.
	sql "$db" 'DROP VIEW vtscope.v_otava' 'UPDATE vtscope.meta SET version = 1'
	PGTZ=Asia/Tokyo run -0 --separate-stderr "$VTSCOPE" baseline list --db "$uri"
	[ "$(sql "$db" 'SELECT version FROM vtscope.meta')" -eq 2 ]
	# Otava wants a time with a zone.
	[ "$(sql "$db" "SELECT DISTINCT pg_typeof(time) FROM vtscope.v_otava")" = "timestamp with time zone" ]
	sql "$db" 'UPDATE vtscope.meta SET version = 99'
	run --separate-stderr "$VTSCOPE" import "$sample" --db "$uri"
	one_line "of version 99, this vtscope knows up to"
	# No version at all: nothing is read by it, and nothing migrated.
	for damage in 'UPDATE vtscope.meta SET version = '{-1,-1000000,-4294967295,0} 'DELETE FROM vtscope.meta'; do
		sql "$db" "$damage"
		run --separate-stderr "$VTSCOPE" baseline list --db "$uri"
		one_line "the tables of the store are damaged"
	done
	sql "$db" 'INSERT INTO vtscope.meta VALUES (2)'
	sql "$db" "CREATE ROLE guest LOGIN PASSWORD 'secret'"
	echo "127.0.0.1:$port:*:guest:secret" >>"$PGPASSFILE"
	run --separate-stderr "$VTSCOPE" baseline list --db "postgresql://guest@127.0.0.1:$port/$db"
	one_line "permission denied"
	sql "$db" 'GRANT USAGE ON SCHEMA vtscope TO guest' 'GRANT SELECT ON ALL TABLES IN SCHEMA vtscope TO guest'
	run -0 --separate-stderr "$VTSCOPE" baseline list --db "postgresql://guest@127.0.0.1:$port/$db"
	make_results "$sample" other 1 2
	run --separate-stderr "$VTSCOPE" import other --db "postgresql://guest@127.0.0.1:$port/$db" -q
	one_line "permission denied"
	run --separate-stderr "$VTSCOPE" import "$sample" --db "postgresql://guest@127.0.0.1:$port/postgres"
	one_line "permission denied"
	sql "$db" 'DROP OWNED BY guest' 'DROP ROLE guest'
}

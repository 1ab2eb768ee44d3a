#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Every exchange format: read by its consumer where Debian has it, held against its documented shape, and against the
# numbers of the result it was made from.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0

formats="csv csv-wide google-benchmark github-action-benchmark bencher go pyperf junit openmetrics"

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	for f in rich native minimal emulated monitor monitor-emulated raw hostile; do
		"$top_builddir/tests/unit/report-fixture" "$f" >"$f.json"
	done
	# The attack is refused as a time for want of a clock's rate; with one it gets further.
	sed 's/"hardware": {}/"hardware": {"tsc_hz":1000000000,"brand":"a\\nb: \\"<x>","fingerprint":"=1,\\"1\\""}/' hostile.json >hostile-clock.json
	"$VTSCOPE" bench --quick --engine native --op 'cpu.*' --raw -o real.json >/dev/null
	for result in *.json; do
		for f in $formats; do
			"$VTSCOPE" export -q "$result" --format "$f" -o "$f.${result%.json}" || [ $? -eq 77 ]
		done
	done
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return 1
	python=${PYTHON3:-python3}
	command -v "$python" >/dev/null || skip "no python3"
	"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || skip "python3 is older than 3.10"
}

# All documents of a format.
check() {
	local document result n=0
	for document in "$1".*; do
		[ -e "$document" ]
		result=${document#"$1".}
		case $result in
		hostile*) result=any ;;
		*) result=$result.json ;;
		esac
		"$python" "$top_srcdir/tests/unit/export_check.py" "$1" "$result" "$document" || {
			echo "$document"
			return 1
		}
		n=$((n + 1))
	done
	[ "$n" -ge 6 ]
}

# A Python that has the module; Debian's own where the one in use is another.
python_with() {
	for python in "${PYTHON3:-python3}" /usr/bin/python3; do
		"$python" -c "import $1" 2>/dev/null && return
	done
	skip "python3 has no module $1: apt-get install $2"
}

@test "the attack with a clock reaches the formats of times" {
	[ -s go.hostile-clock ]
	[ ! -e go.hostile ]
}

@test "csv: strict CSV with every number, sample and reason" { check csv; }
@test "csv-wide: a line a run" { check csv-wide; }
@test "google-benchmark: its schema 1" { check google-benchmark; }
@test "github-action-benchmark: what customSmallerIsBetter takes" { check github-action-benchmark; }
@test "bencher: Bencher Metric Format" { check bencher; }
@test "go: the benchmark format of Go" { check go; }
@test "pyperf: its version 1.0" { check pyperf; }
@test "junit: counts and times" { check junit; }
@test "openmetrics: families, labels, values" { check openmetrics; }

@test "hgrm: every row's percentiles are those of its histogram" {
	for result in rich native emulated monitor raw real; do
		"$VTSCOPE" export -q "$result.json" --format hgrm -o "hgrm-$result/"
		for document in "hgrm-$result"/*; do
			"$python" "$top_srcdir/tests/unit/export_check.py" hgrm "$result.json" "$document" || {
				echo "$document"
				return 1
			}
		done
	done
	"$VTSCOPE" export -q hostile-clock.json --format hgrm -o hgrm-hostile/
	for document in hgrm-hostile/*; do
		"$python" "$top_srcdir/tests/unit/export_check.py" hgrm any "$document"
	done
}

@test "junit: xmllint by the schema" {
	command -v xmllint >/dev/null || skip "xmllint is missing: apt-get install libxml2-utils"
	xmllint --noout --nonet --schema "$top_srcdir/tests/unit/junit.xsd" junit.*
	"$VTSCOPE" export rich.json native.json --format junit | xmllint --noout --nonet --schema "$top_srcdir/tests/unit/junit.xsd" -
}

@test "openmetrics: promtool finds nothing to say" {
	command -v promtool >/dev/null || skip "promtool is missing: apt-get install prometheus"
	for document in openmetrics.*; do
		run promtool check metrics <"$document"
		echo "$document: $output"
		[ "$status" -eq 0 ]
		[ -z "$output" ]
	done
}

@test "openmetrics: the metrics of probe are no part of the same families" {
	"$VTSCOPE" probe --no-run --format prom >probe.prom || true
	[ -z "$(comm -12 <(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' probe.prom | sort) \
		<(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' openmetrics.rich | sort))" ]
}

@test "openmetrics: Prometheus's own parsers, of the old format and the new" {
	python_with prometheus_client python3-prometheus-client
	for document in openmetrics.*; do
		"$python" - "$document" <<'END'
import sys
from prometheus_client import parser
from prometheus_client.openmetrics import parser as strict
text = open(sys.argv[1], encoding="utf-8").read()
for p in parser, strict:
    assert len(list(p.text_string_to_metric_families(text))) >= 4
END
	done
}

@test "google-benchmark: its compare.py, U test included" {
	[ -e /usr/share/benchmark/compare.py ] || skip "compare.py is missing: apt-get install libbenchmark-tools"
	python_with scipy.stats python3-scipy
	sed 's/"real_time": \([0-9]\)/"real_time": 9\1/' google-benchmark.native >slower
	cp google-benchmark.native before.json
	mv slower after.json
	run -0 "$python" /usr/share/benchmark/compare.py -a benchmarks before.json after.json
	[[ $output == *"cpu.alu.u/native_pvalue"*"U Test, Repetitions: 10 vs 10"* ]]
}

@test "go: benchstat reads it" {
	command -v benchstat >/dev/null || skip "benchstat is not in Debian and not here"
	run -0 benchstat go.native
	[[ $output == *"Exit.cpuid/engine=native"* ]]
}

@test "pyperf: pyperf reads it" {
	"$python" -c "import pyperf" 2>/dev/null || skip "pyperf is not in Debian and not here"
	for document in pyperf.*; do
		cp "$document" read.json
		"$python" -m pyperf stats read.json
	done
}

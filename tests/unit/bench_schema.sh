#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Result documents are what the schema says: one made by hand, one of a scripted engine, a real one; and the schema
# is strict.
set -euo pipefail

[ -n "${PYTHON3:-}" ] || { echo "no python3 with jsonschema: apt-get install python3-jsonschema"; exit 77; }
scratch=$(mktemp -d "${TMPDIR:-/tmp}/vtscope-test.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

"${top_builddir:?}/tests/unit/bench_print" sample >"$scratch/sample.json"
"$top_builddir/tests/unit/bench_print" run >"$scratch/run.json"
"${VTSCOPE:?}" bench --quick --engine native --op 'cpu.*' -o "$scratch/native.json" >/dev/null

"$PYTHON3" - "${top_srcdir:?}/doc/schema/result.schema.json" "$scratch"/*.json <<'EOF'
import copy, json, jsonschema, sys

schema = json.load(open(sys.argv[1]))
check = jsonschema.Draft7Validator(schema)
jsonschema.Draft7Validator.check_schema(schema)
for name in sys.argv[2:]:
    doc = json.load(open(name))
    errors = ["/".join(map(str, e.absolute_path)) + ": " + e.message[:200] for e in check.iter_errors(doc)]
    assert not errors, (name, errors)
    assert doc["results"], name
    print("valid:", name.rsplit("/", 1)[1], len(doc["results"]), "results")

# Every object is closed: a member more or less anywhere is an error.
sample = json.load(open([n for n in sys.argv[2:] if n.endswith("sample.json")][0]))
FREE = {"mitigations", "kvm_modules", "kvm_intel", "registers"}

def objects(node, path):
    if isinstance(node, dict):
        yield path
        for key, value in node.items():
            yield from objects(value, path + [key])
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from objects(value, path + [i])

for path in objects(sample, []):
    if path and path[-1] in FREE:
        continue
    for change in ("more", "less"):
        doc = copy.deepcopy(sample)
        node = doc
        for step in path:
            node = node[step]
        if change == "more":
            node["a_member_too_many"] = 1
        else:
            node.popitem()
        assert not check.is_valid(doc), (change, path)
EOF

# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds JSON documents, one a line on standard input, against a schema: check.py SCHEMA."""
import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as f:
    schema = json.load(f)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
count = 0
bad = 0
for line in sys.stdin:
    document = json.loads(line)
    count += 1
    for error in validator.iter_errors(document):
        bad += 1
        print(document["source"]["name"], "/".join(map(str, error.absolute_path)), error.message[:300])
print(count, "documents,", bad, "faults")
sys.exit(1 if bad or count == 0 else 0)

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Result documents for the tests of the store, made of one that bench wrote.

store_results.py RESULT.json FOLDER RUNS ROWS [scale=GLOB:FACTOR] [brand=TEXT] [from=N] [month=MONTH]
writes FOLDER/0000.json ...: RUNS runs of ROWS results each, every one with an id of its own, and a day of MONTH."""

import copy
import fnmatch
import json
import os
import sys
import uuid
import zlib


def run_id(n):
    return str(uuid.UUID(int=(n << 16 | 0x4000) << 48 | 0x8000 << 48 | n, version=4))


def scale(row, factor):
    for key in ("cold min p1 p25 median p75 p90 p99 p999 max mean mad single_median diff_median").split():
        row[key] = row[key] and row[key] * factor
    for key in ("ci95", "range"):
        row[key] = row[key] and [v * factor for v in row[key]]
    for launch in row["launches"]:
        launch["median"] = launch["median"] and launch["median"] * factor
        launch["min"] = launch["min"] and launch["min"] * factor


def steady(row):
    """Launches that agree, whatever the machine did while the sample was taken: so that words do not depend on it."""
    for i, launch in enumerate(row["launches"]):
        launch["median"] = row["median"] * (1 + 0.001 * (i % 3 - 1))
    row["ci95"] = row["ci95"] and [row["median"] * 0.999, row["median"] * 1.001]
    row["range"] = row["range"] and [row["median"] * 0.999, row["median"] * 1.001]


def dump(doc):
    """As vtscope writes it: a line a row."""
    parts = []
    for key, value in doc.items():
        if isinstance(value, list):
            text = "[" + ",".join("\n  " + json.dumps(row, separators=(",", ":")) for row in value) + "]"
        else:
            text = json.dumps(value, separators=(",", ":"))
        parts.append(f'"{key}": {text}')
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def main():
    source, folder, runs, rows = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    options = dict(a.split("=", 1) for a in sys.argv[5:])
    doc = json.load(open(source))
    os.makedirs(folder, exist_ok=True)
    results = doc["results"]
    doc["results"] = [copy.deepcopy(results[i % len(results)]) for i in range(rows)]
    for row in doc["results"]:
        steady(row)
    if "scale" in options:
        op, factor = options["scale"].split(":")
        for row in doc["results"]:
            if fnmatch.fnmatch(row["op"], op):
                scale(row, float(factor))
    if "brand" in options:
        doc["hardware"]["brand"] = options["brand"]
        doc["hardware"]["fingerprint"] = "%016x" % zlib.crc32(options["brand"].encode())
    text = dump(doc)
    first = int(options.get("from", 0))
    for n in range(first, first + runs):
        with open(f"{folder}/{n:04}.json", "w") as out:
            day = "%s-%02dT00:00:00Z" % (options["month"], n + 1) if "month" in options else doc["started"]
            out.write(text.replace(doc["run_id"], run_id(n + 1), 1).replace(doc["started"], day, 1))


main()

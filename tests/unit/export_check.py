# SPDX-License-Identifier: GPL-2.0-or-later
"""export_check.py FORMAT RESULT.json DOCUMENT: is the document what readers of the format document, and does it say
what the result says? For a result that is an attack ("any" as RESULT.json) only the first."""
import collections
import csv
import io
import json
import math
import re
import sys
import xml.etree.ElementTree as ET


class Truth:
    """The rows of a result, by the name that exports give them."""

    def __init__(self, doc):
        self.doc = doc
        self.hz = doc["hardware"].get("tsc_hz")
        self.rows = {}
        for r in doc["results"]:
            name = r["op"] + "/" + r["engine"] + ("" if r["via"] == "process" else "/" + r["via"])
            assert name not in self.rows, "the test wants names that differ"
            self.rows[name] = r

    def times(self):
        return {n: r for n, r in self.rows.items()
                if self.hz and r["clock"] == "tsc" and r["provenance"] != "emulated"}

    def counts(self):
        return {n: r for n, r in self.rows.items() if r["clock"] == "instructions"}

    def ns(self, ticks):
        return ticks / self.hz * 1e9


def launches(r):
    return [l for l in r["launches"] if l["n"]]


def close(a, b, tolerance=1e-6):
    assert math.isclose(a, b, rel_tol=tolerance, abs_tol=1e-12), (a, b)


def strict(text):
    def refuse(word):
        raise ValueError(word)

    def pairs(items):
        keys = [k for k, _ in items]
        assert len(keys) == len(set(keys)), "a key stands twice"
        return dict(items)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=pairs)


def number(v):
    assert type(v) in (int, float) and math.isfinite(v), v
    return v


def check_google(text, t):
    doc = strict(text)
    context, seen = doc["context"], collections.defaultdict(list)
    for key, kind in (("date", str), ("host_name", str), ("executable", str), ("num_cpus", int), ("mhz_per_cpu", int),
                      ("caches", list), ("load_avg", list), ("library_build_type", str), ("json_schema_version", int)):
        assert type(context[key]) is kind, key
    assert context["num_cpus"] >= 1 and context["json_schema_version"] == 1
    for b in doc["benchmarks"]:
        assert b["time_unit"] == "ns" and b["threads"] == 1 and b["repetitions"] >= 1 and b["iterations"] >= 1
        number(b["real_time"])
        number(b["cpu_time"])
        if b["run_type"] == "iteration":
            assert b["name"] == b["run_name"] and 0 <= b["repetition_index"] < b["repetitions"]
        else:
            assert b["run_type"] == "aggregate" and b["name"] == b["run_name"] + "_" + b["aggregate_name"]
            assert b["aggregate_unit"] == "time"
        seen[b["run_name"]].append(b)
    if not t:
        return
    assert seen.keys() == t.times().keys()
    for name, r in t.times().items():
        iterations = [b for b in seen[name] if b["run_type"] == "iteration"]
        assert len(iterations) == len(launches(r)) == iterations[0]["repetitions"]
        for b, l in zip(iterations, launches(r)):
            close(b["real_time"], t.ns(l["median"]))
        for b in seen[name]:
            if b.get("aggregate_name") == "median":
                close(b["real_time"], t.ns(r["median"]))


def check_github(text, t):
    doc = strict(text)
    assert isinstance(doc, list) and doc, "the action takes no empty list"
    for b in doc:
        assert {"name", "unit", "value"} <= b.keys() <= {"name", "unit", "value", "range", "extra"}
        assert all(type(v) is str for k, v in b.items() if k != "value") and b["name"]
        number(b["value"])
        assert "range" not in b or re.search(r"(\+-|±)\s*\d", b["range"]), b
    if not t:
        return
    assert [b["name"] for b in doc] == [n for n in t.rows if n in t.times() or n in t.counts()]
    for b in doc:
        r = t.rows[b["name"]]
        close(b["value"], t.ns(r["median"]) if r["clock"] == "tsc" else r["median"])
        assert b["unit"] == ("ns" if r["clock"] == "tsc" else "instructions")


def check_bencher(text, t):
    doc = strict(text)
    assert doc
    for name, measures in doc.items():
        assert 0 < len(name) <= 1024 and measures, name
        for slug, m in measures.items():
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) and len(slug) <= 64
            assert {"value"} <= m.keys() <= {"value", "lower_value", "upper_value"}
            assert m.get("lower_value", -math.inf) <= m.get("upper_value", math.inf)
            for v in m.values():
                number(v)
    if not t:
        return
    assert doc.keys() == t.times().keys() | t.counts().keys()
    for name, r in t.times().items():
        close(doc[name]["latency"]["value"], t.ns(r["median"]))
        assert ("p99" in doc[name]) == (r["p99"] is not None)
    for name, r in t.counts().items():
        assert "latency" not in doc[name]
        close(doc[name]["instructions"]["value"], r["median"])


def check_go(text, t):
    lines = collections.defaultdict(list)
    for line in text.splitlines():
        if re.fullmatch(r"[a-z][^\s:A-Z]*: .*", line):
            continue
        m = re.fullmatch(r"(Benchmark[A-Z]\S*?)-1\t(\d+)((?:\t-?[0-9.]+ \S+)+)", line)
        assert m, line
        values = {u: float(v) for v, u in re.findall(r"\t(-?[0-9.]+) (\S+)", m[3])}
        lines[m[1]].append((int(m[2]), values))
    assert text.endswith("\n")
    if not t:
        return
    want = {}
    for name, r in {**t.times(), **t.counts()}.items():
        key = "Benchmark" + r["op"][0].upper() + r["op"][1:] + "/engine=" + r["engine"]
        want[key + ("" if r["via"] == "process" else "/via=" + r["via"])] = r
    assert lines.keys() == want.keys(), lines.keys() ^ want.keys()
    for key, r in want.items():
        assert len(lines[key]) == len(launches(r))
        for (n, values), l in zip(lines[key], launches(r)):
            assert n == l["n"]
            if r["clock"] == "tsc":
                close(values["ns/op"], t.ns(l["median"]), 1e-4)
            else:
                close(values["instructions/op"], l["median"])


def check_pyperf(text, t):
    doc = strict(text)
    assert doc["version"] == "1.0" and doc["benchmarks"]

    def metadata(m):
        for key, v in m.items():
            assert type(v) in (int, float) or (type(v) is str and v.strip() and not re.search(r"[\r\n]", v)), (key, v)

    metadata(doc["metadata"])
    names = [b["metadata"]["name"] for b in doc["benchmarks"]]
    assert len(names) == len(set(names)), "pyperf takes a name once"
    for b in doc["benchmarks"]:
        metadata(b["metadata"])
        assert b["metadata"]["unit"] in ("second", "integer") and b["runs"]
        for run in b["runs"]:
            metadata(run["metadata"])
            assert run["values"] and all(number(v) > 0 for v in run["values"])
    if not t:
        return
    assert set(names) == t.times().keys() | t.counts().keys()
    for b in doc["benchmarks"]:
        r = t.rows[b["metadata"]["name"]]
        scale = 1 / t.hz if r["clock"] == "tsc" else 1
        raw = [l["raw"]["value"] if l["raw"] else [] for l in launches(r)]
        fits = all(raw) and all(v > 0 for l in raw for v in l)
        assert b["metadata"]["values"] == ("samples" if fits else "medians of launches")
        for run, l, samples in zip(b["runs"], launches(r), raw):
            for a, v in zip(run["values"], samples if fits else [l["median"]], strict=True):
                close(a, v * scale)


def check_csv(text, t):
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert all(None not in r and None not in r.values() for r in rows), "a line has more or fewer cells"
    for r in rows:
        assert r["measure"] in ("skipped", "failed") or math.isfinite(float(r["value"]))
        assert not any(v[:1] in "=+@" and v for v in r.values())
    if not t:
        return
    of = collections.defaultdict(list)
    for r in rows:
        of[r["measure"], r["op"], r["engine"], r["via"]].append(r)
    for r in t.rows.values():
        key = (r["op"], r["engine"], r["via"])
        close(float(of["median", *key][0]["value"]), r["median"])
        assert of["median", *key][0]["note"] == " ".join(r["flags"])
        assert len(of["launch_median", *key]) == len(launches(r))
        kept = [(i, k * l["raw"]["every"], v) for i, l in enumerate(r["launches"]) if l["raw"]
                for k, v in enumerate(l["raw"]["value"])]
        samples = [(int(s["launch"]), int(s["index"]), float(s["value"])) for s in of["sample", *key]]
        assert len(samples) == len(kept)
        for a, b in zip(samples, kept):
            assert a[:2] == b[:2]
            close(a[2], b[2])
        for name in ("p25", "p99", "mad"):
            assert bool(of[name, *key]) == (r[name] is not None)
    for list_, word in ((t.doc["skipped"], "skipped"), (t.doc["failed"], "failed")):
        for r in list_:
            assert any(x["note"] for x in of[word, r["op"], r["engine"], ""])


def check_csv_wide(text, t):
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert all(len(l) == len(lines[0]) for l in lines) and len(set(lines[0])) == len(lines[0])
    if not t:
        return
    assert lines[0][:4] == ["time", "run_id", "fingerprint", "kernel"] and set(lines[0][4:]) == t.rows.keys()
    for name, v in zip(lines[0][4:], lines[1][4:]):
        close(float(v), t.rows[name]["median"])


def check_junit(text, t):
    root = ET.fromstring(text)
    for suite in root:
        cases = suite.findall("testcase")
        for attribute, found in (("tests", cases), ("failures", suite.findall(".//failure")),
                                 ("skipped", suite.findall(".//skipped"))):
            assert int(suite.get(attribute)) == len(found), attribute
    if not t:
        return
    cases = root[0].findall("testcase")
    assert len(cases) == len(t.rows) + len(t.doc["skipped"]) + len(t.doc["failed"])
    for case, (name, r) in zip(cases, t.rows.items()):
        assert (case.get("classname"), case.get("name")) == (r["engine"], r["op"])
        assert (case.get("time") is not None) == (name in t.times())
        if case.get("time"):
            assert abs(float(case.get("time")) - t.ns(r["median"]) / 1e9) <= 1e-12


def check_openmetrics(text, t):
    assert text.endswith("# EOF\n") and "\n\n" not in text
    samples, families = {}, []
    for line in text.splitlines()[:-1]:
        if line.startswith("# TYPE "):
            families.append(line.split()[2])
        if line.startswith("#"):
            continue
        m = re.fullmatch(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)', line)
        assert m and m[1] == families[-1], line
        key = (m[1], frozenset(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', m[2] or "")))
        assert key not in samples, line
        samples[key] = float(m[3])
    assert len(families) == len(set(families))
    if not t:
        return
    found = collections.Counter()
    for (name, labels), v in samples.items():
        labels = dict(labels)
        if name == "vtscope_operation_seconds" and labels["quantile"] == "0.5":
            r = [r for r in t.times().values() if (r["op"], r["engine"], r["via"]) ==
                 (labels["op"], labels["engine"], labels["via"])][0]
            close(v, r["median"] / t.hz, 1e-5)
            found["time"] += 1
        if name == "vtscope_operation_instructions":
            found["count"] += 1
    assert found["time"] == len(t.times()) and found["count"] == len(t.counts())


def check_hgrm(text, t):
    line = r" *(-?[0-9.]+) ([01]\.[0-9]{12}) +([0-9]+)(?: +([0-9.]+))?"
    lines = text.splitlines()
    assert re.fullmatch(r" *Value +Percentile +TotalCount 1/\(1-Percentile\)", lines[0]) and lines[1] == ""
    body = [re.fullmatch(line, l) for l in lines[2:] if not l.startswith("#")]
    assert body and all(body) and not any(l.startswith("#") for l in lines[2:2 + len(body)])
    body = [(float(m[1]), float(m[2]), int(m[3]), m[4]) for m in body]
    assert body == sorted(body, key=lambda x: x[:3]) and body[-1][1] == 1 and body[-1][3] is None
    total = int(re.search(r"#\[Max +=.*Total count += +([0-9]+)\]", text)[1])
    assert body[-1][2] == total and re.search(r"^#\[Mean +=.*StdDeviation +=.*\]$", text, re.M)
    if not t:
        return
    name = re.search(r"^# ([^,]+), ", text, re.M)[1]
    r = t.rows[name]
    h = r["histogram"]
    scale = 1e9 / t.hz if name in t.times() else 1
    assert total == sum(h["count"])
    for value, part, upto, _ in body:
        ticks = value / scale
        assert abs(upto - sum(c for v, c in zip(h["value"], h["count"]) if v <= ticks + 0.001 / scale)) == 0
        assert upto >= part * total - 1e-6


CHECKS = {"google-benchmark": check_google, "github-action-benchmark": check_github, "bencher": check_bencher,
          "go": check_go, "pyperf": check_pyperf, "csv": check_csv, "csv-wide": check_csv_wide, "junit": check_junit,
          "openmetrics": check_openmetrics, "hgrm": check_hgrm}


def main():
    truth = None if sys.argv[2] == "any" else Truth(json.load(open(sys.argv[2], encoding="utf-8")))
    with open(sys.argv[3], encoding="utf-8", newline="") as f:
        CHECKS[sys.argv[1]](f.read(), truth)


main()

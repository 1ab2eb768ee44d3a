#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 at random moments: the store opens, is whole, and holds every run that was reported saved.

store_kill.py VTSCOPE SAMPLE.json FOLDER TIMES SEED: half of them while it imports, half while it measures."""

import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time

vtscope, sample, folder, times, seed = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
results = os.path.join(os.path.dirname(os.path.abspath(__file__)), "store_results.py")
store = os.path.join(folder, "s.db")
random.seed(seed)


def reported(out, err):
    """Ids that were told as saved, in whole lines."""
    ids = re.findall(r"^saved ([0-9a-f-]{36}) .*\n", out, re.M)
    return ids + re.findall(r"^vtscope: run ([0-9a-f-]{36}) is saved in .*\n", err, re.M)


def run(command, seconds):
    """Starts it, kills it after so many seconds (None: never); what it reported, and was it killed?"""
    with open(f"{folder}/out", "w") as out, open(f"{folder}/err", "w") as err:
        p = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        try:
            p.wait(seconds)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
    return reported(open(f"{folder}/out").read(), open(f"{folder}/err").read()), p.returncode


def check(promised):
    db = sqlite3.connect(store)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "integrity"
    assert not db.execute("PRAGMA foreign_key_check").fetchall(), "foreign keys"
    if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'run'").fetchall():
        assert not promised
        return 0
    there = {r[0] for r in db.execute("SELECT run_id FROM run JOIN document USING (run_id)")}
    assert promised <= there, f"lost {promised - there}"
    half = db.execute("SELECT count(*) FROM run r WHERE results <> (SELECT count(*) FROM result s WHERE s.run_id = r.run_id)")
    assert half.fetchone() == (0,), "half a run"
    db.close()
    return len(there)


def make(first, runs):
    """Documents, and between them what ends a transaction: so that there are many."""
    target = f"{folder}/r"
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run([sys.executable, results, sample, target, str(runs), "20", f"from={first}"], check=True)
    for name in os.listdir(target):
        with open(f"{target}/{name[:-5]}x.json", "w") as f:
            f.write("[]")
    return target


def main():
    promised, killed, told = set(), 0, 0
    bench = [vtscope, "bench", "-e", "native", "--op", "nano.call-ret", "--launches", "6", "--db", store]
    # How long it takes: to kill it in between.
    start = time.monotonic()
    ids, status = run([vtscope, "import", make(0, 12), "--db", store], None)
    import_seconds, start = time.monotonic() - start, time.monotonic()
    assert status == 0 and len(ids) == 12
    promised |= set(ids)
    ids, status = run(bench, None)
    bench_seconds = time.monotonic() - start
    assert status == 0 and len(ids) == 1
    promised |= set(ids)
    for n in range(times):
        if n % 2:
            ids, status = run(bench, random.uniform(0.5, 1.1) * bench_seconds)
        else:
            target = make(1000 + n * 12, 12)
            if n % 20 == 0:
                # The first moments of a store, too.
                for name in os.listdir(folder):
                    if name.startswith("s.db"):
                        os.unlink(f"{folder}/{name}")
                promised = set()
            ids, status = run([vtscope, "import", target, "--db", store], random.uniform(0, 1.1) * import_seconds)
        promised |= set(ids)
        told += len(ids)
        killed += status == -9
        check(promised)
    there = check(promised)
    print(json.dumps({"times": times, "killed": killed, "told": told, "in the last store": [len(promised), there]}))
    assert killed >= times / 4, "killed too seldom to mean anything"


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: model.py ENGINE VIA [--table]

Measures every operation of the raw monitor on one emulated processor and prints, as TAP, whether what it said holds:
each operation has a row or a reason, the self-test passed, exits are counted exactly, the split adds up.
--table: one line instead, what the model proved.
"""
import json
import os
import re
import resource
import subprocess
import sys
import tempfile

SECONDS = 15            # of processor time, which a busy machine does not stretch: a model's tests
FAST_PATH = 20          # instructions of one CPUID exit and back, the guest's CPUID with them
# Exits whose answer is C's, and those (of VMX) that end a memory access half-way: with stamps Bochs counts one more.
FULL = {"exit.cpuid.full", "exit.exception.db", "exit.external-interrupt", "exit.interrupt-window", "exit.nmi",
        "exit.nmi-window", "exit.tpr-below-threshold", "exit.triple-fault", "exit.vintr"}
RETRIED = ("exit.apic-access", "exit.ept-", "exit.spp-")
REASON = re.compile(r"\b(need|needs|no|not|only|cannot|error|does|has|lacks|refuses)\b")

vtscope = os.environ.get("VTSCOPE", "vtscope")


def run(*args):
    return subprocess.run([vtscope, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True)


class Tap:
    def __init__(self, quiet):
        self.n, self.failed, self.quiet = 0, 0, quiet

    def check(self, what, wrong):
        """(wrong): lines that say what does not hold; none: it holds."""
        self.n += 1
        self.failed += bool(wrong)
        if not self.quiet:
            print(f"{'not ok' if wrong else 'ok'} {self.n} - {what}")
        for line in wrong[:20]:
            print(f"# {what}: {line}" if self.quiet else f"# {line}")
        if len(wrong) > 20:
            print(f"# and {len(wrong) - 20} more")


def measure(engine, via, folder):
    out = os.path.join(folder, "x.json")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    p = run("bench", "--engine", engine, "--via", via, "--launches", "1", "-q", "-o", out)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if p.returncode == 77 or "no such program" in p.stderr or "apt-get install" in p.stderr:
        print(f"1..0 # SKIP {p.stderr.strip().splitlines()[-1] if p.stderr.strip() else 'nothing to do here'}")
        sys.exit(77 if "--table" in sys.argv else 0)
    doc = None
    if os.path.exists(out):
        with open(out, encoding="utf-8") as f:
            doc = json.load(f)
    return p, doc, took


def wanted(engine):
    """The operations that an engine of the monitor owes an answer for."""
    ops = json.loads(run("list", "ops", "--format", "json").stdout)["items"]
    return [o["name"] for o in ops
            if engine in o["wants"] or ("monitor" in o["wants"] and not {"vmx", "svm"} & set(o["wants"]))
            or o["group"] == "nano"]


def stamps(engine, op):
    """The instructions that only the stamped path of an operation's exits has: vmx_entry.S, svm_entry.S."""
    if op in FULL:
        return 12
    if engine == "svm":
        return 11
    return 10 if op.startswith(RETRIED) else 9


def split_wrong(engine, r):
    """In emulation the parts account for the stamped round trip, to the instruction."""
    s = r["split"]
    parts = s["exit"] + s["handler"] + s["entry"]
    trip = r["diff_median"] if r["diff_median"] is not None else r["single_median"] - r["empty_bracket"]
    whole = r["empty_bracket"] + trip + stamps(engine, r["op"])
    if r["unit"] != "instructions":
        return [f"{r['op']}: measured in {r['unit']}"]
    return [f"{r['op']}: {parts} in parts, {whole} as a whole"] if parts != whole else []


def check_all(tap, engine, via, doc, p, took):
    results, skipped, failed = doc["results"], doc["skipped"], doc["failed"]
    told = {r["op"] for r in results + skipped + failed}
    counted = [r for r in results if r["exits"]["expected"] is not None]
    steps = doc["self_tests"] or []

    tap.check("it ends well", [] if p.returncode == 0 else [f"status {p.returncode}: {p.stderr.strip()[-300:]}"])
    tap.check("every operation has a row or a reason",
              [f"{op}: nothing is said of it" for op in wanted(engine) if op not in told])
    tap.check("nothing failed", [f"{f['op']}: {f['reason']}" for f in failed])
    tap.check("every reason says what is missing",
              [f"{s['op']}: {s['reason']}" for s in skipped if not REASON.search(s["reason"])])
    if via.startswith("bochs"):
        # It makes every exit; what QEMU's translator does not make is told by the trial before the row.
        tap.check("every exit that is asked for comes",
                  [f"{s['op']}: {s['reason']}" for s in skipped if "tried once" in s["reason"]])
    # Where instructions are the clock nobody shares the processor.
    tap.check("the watchdog comes in time",
              [f"{s['step']}: {s['observed']}" for s in steps if "asked for" in s["observed"]])
    tap.check("the self-test passed, three steps and more",
              [f"{s['step']}: expected {s['expected']}, observed {s['observed']}" for s in steps if not s["passed"]]
              or ([] if len(steps) >= 3 else [f"only {len(steps)} steps"]))
    tap.check("provenance is emulated everywhere",
              [f"{r['op']}: {r['provenance']}" for r in results if r["provenance"] != "emulated"])
    tap.check("exits are counted exactly",
              [f"{r['op']}: {r['exits']['observed']} instead of {r['exits']['expected']}" for r in counted
               if r["exits"]["observed"] != r["exits"]["expected"]]
              or ([] if len(counted) > 10 else [f"only {len(counted)} rows are counted"]))
    tap.check("the split adds up",
              [w for r in results if r["split"] for w in split_wrong(engine, r)]
              or ([] if any(r["split"] for r in results) else ["no row has one"]))
    fast = next((r for r in results if r["op"] == "exit.cpuid"), None)
    if fast and fast["unit"] == "instructions":
        # The body sets the leaf with one instruction more.
        tap.check(f"the fast path is at most {FAST_PATH} instructions",
                  [] if fast["diff_median"] - 1 <= FAST_PATH else [f"{fast['diff_median'] - 1}"])
    else:
        tap.check("exit.cpuid is measured in instructions", [] if fast else ["no row"])
    tap.check(f"it takes under {SECONDS} s of processor time", [] if took < SECONDS else [f"{took:.1f} s"])


def table_line(engine, via, doc, took, tap):
    def n(group, rows):
        return sum(r["op"].startswith(group + ".") for r in rows)

    steps = doc["self_tests"] or []
    fast = next((r for r in doc["results"] if r["op"] == "exit.cpuid"), {"diff_median": None})
    full = next((r for r in doc["results"] if r["op"] == "exit.cpuid.full"), {"diff_median": None})
    print(f"{engine} {via:34} steps {sum(s['passed'] for s in steps)}/{len(steps)}"
          f"  {engine}.* {n(engine, doc['results'])} rows {n(engine, doc['skipped'])} skips"
          f"  exit.* {n('exit', doc['results'])} rows {n('exit', doc['skipped'])} skips"
          f"  nano.* {n('nano', doc['results'])} rows  failed {len(doc['failed'])}"
          f"  cpuid exit {fast['diff_median']} full {full['diff_median']}  {took:.1f} s"
          f"  {'ok' if not tap.failed else 'NOT OK'}", flush=True)


def main():
    engine, via = sys.argv[1:3]
    tap = Tap("--table" in sys.argv)
    with tempfile.TemporaryDirectory() as folder:
        p, doc, took = measure(engine, via, folder)
    if not doc:
        tap.check("it writes a result", [f"status {p.returncode}: {p.stderr.strip()[-300:]}"])
    else:
        check_all(tap, engine, via, doc, p, took)
    if tap.quiet and doc:
        table_line(engine, via, doc, took, tap)
    if not tap.quiet:
        print(f"1..{tap.n}")
    return 1 if tap.failed else 0


sys.exit(main())

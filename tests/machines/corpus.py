# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the register dumps of a corpus on its own, and holds what vtscope made of them against it.

corpus.py FILE... : the documents of `vtscope probe --format json --all --from FILE...` on standard input.
"""
import collections
import json
import re
import sys

NEW = re.compile(rb"CPUID ([0-9A-Fa-f]{8})\W+([0-9A-Fa-f]{8})-([0-9A-Fa-f]{8})-([0-9A-Fa-f]{8})-([0-9A-Fa-f]{8})(.*)")
OLD = re.compile(rb"(basic|ext)_cpuid\[(\d+)\]=([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8})")
HEADING = re.compile(rb".*CPU ?#(\d+)")
VT = re.compile(rb"(?:^|\s)(vmx|svm)(?=\s|$)")


def read(path):
    """The dump's first subleaves by CPU, in the order in which CPUs stand, and the flags it expects."""
    cpus, order, here, flags = collections.defaultdict(dict), [], None, None
    with open(path, "rb") as f:
        front, _, back = f.read().partition(b"\n----------------")
    for line in front.split(b"\n"):
        new, old, heading = NEW.match(line), OLD.match(line), HEADING.match(line)
        if new:
            leaf, regs = int(new[1], 16), new.groups()[1:5]
            if b"[SL " in new[6] and b"[SL 00]" not in new[6]:
                continue
        elif old:
            leaf, regs = int(old[2]) + (0x80000000 if old[1] == b"ext" else 0), old.groups()[2:6]
        else:
            here = int(heading[1]) if heading else here
            continue
        here = 0 if here is None else here
        if here not in order:
            order.append(here)
        cpus[here].setdefault(leaf, [int(r, 16) for r in regs])
    # Several kinds of core have a section of expected values each.
    for section in back.split(b"\n----------------"):
        lines = [line for line in section.strip().split(b"\n") if b"fpu" in line.split()]
        if lines:
            flags = (flags or set()) | set(VT.findall(lines[-1]))
    return [cpus[c] for c in order], flags


def bit(cpu, base, leaf, register, number):
    """1, 0, or None where the dump does not say."""
    if base not in cpu or cpu[base][0] >> 16 != base >> 16 or cpu[base][0] < leaf:
        return 0 if base in cpu else None
    # A VIA C3 writes neither EBX nor ECX: what was in them before stands in every leaf.
    if 1 in cpu and 0x80000000 in cpu and any(cpu[1][1:3]) and cpu[1][1:3] == cpu[0x80000000][1:3]:
        return 0
    return cpu[leaf][register] >> number & 1 if leaf in cpu else None


def answer(bits):
    return {(1,): "yes", (0,): "no"}.get(tuple(set(bits)), "unknown")


def check(path, document):
    cpus, flags = read(path)
    said = {c["id"]: c["answer"] for c in document["checks"]}
    vmx = [bit(c, 0, 1, 2, 5) for c in cpus]
    svm = [bit(c, 0x80000000, 0x80000001, 2, 2) for c in cpus]
    under = [bit(c, 0, 1, 2, 31) for c in cpus]
    wrong = []
    if said["cpu.vmx"] != answer(vmx):
        wrong.append(f"cpu.vmx {said['cpu.vmx']}, the dump says {vmx}")
    if said["cpu.svm"] != answer(svm) and not (None in svm and said["cpu.svm"] == "no"):
        wrong.append(f"cpu.svm {said['cpu.svm']}, the dump says {svm}")
    # libcpuid expects nothing of VIA and Zhaoxin.
    if flags is not None and cpus[0][0][1] in (0x756E6547, 0x68747541, 0x6F677948):
        for name, bits in ((b"vmx", vmx), (b"svm", svm)):
            if (name in flags) != (1 in bits):
                wrong.append(f"{name.decode()}: {bits}, but flags are {flags}")
    status = document["verdict"]["status"]
    if 1 in vmx + svm:
        expected = {"capable"} if len(set(vmx)) == len(set(svm)) == 1 else {"firmware-disabled", "hidden"}
    else:
        expected = {"hidden", "unknown"} if 1 in under else {"unsupported"}
    if status not in expected:
        wrong.append(f"verdict {status}, not one of {sorted(expected)}")
    if document["cpu"]["logical"] != len(cpus):
        wrong.append(f"{document['cpu']['logical']} CPUs, the dump has {len(cpus)}")
    # Every first subleaf, register by register, CPUs in order.
    got = collections.defaultdict(dict)
    for r in document["records"]:
        if r["kind"] == "cpuid" and r["subleaf"] == "0x0":
            got[r["cpu"]][int(r["number"], 16)] = [int(v, 16) for v in r["regs"]]
    ours = [got[c] for c in sorted(got)]
    for i, cpu in enumerate(cpus):
        for leaf, regs in cpu.items():
            if i >= len(ours) or ours[i].get(leaf) != regs:
                wrong.append(f"CPU {i} leaf {leaf:#x}: {ours[i].get(leaf) if i < len(ours) else None}, not {regs}")
    return wrong


def main():
    documents = {d["source"]["name"]: d for d in map(json.loads, sys.stdin)}
    faults = vt = 0
    for path in sys.argv[1:]:
        wrong = check(path, documents[path]) if path in documents else ["no document"]
        vt += path in documents and documents[path]["verdict"]["status"] == "capable"
        for w in wrong:
            print(path, w)
        faults += len(wrong)
    print(len(sys.argv) - 1, "dumps,", vt, "with VT,", faults, "faults")
    sys.exit(1 if faults or len(sys.argv) == 1 else 0)


main()

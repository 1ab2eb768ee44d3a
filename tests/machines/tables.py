# SPDX-License-Identifier: GPL-2.0-or-later
"""Walks ACPI tables on its own, and holds what vtscope made of them against it.

tables.py FILE... : the documents of `vtscope probe --format json --all --from FILE...` on standard input.
tables.py --iasl FILE... : the same against the disassembly of each by iasl, as far as iasl gets.
tables.py --extract FOLDER SNAP... : writes the tables that recorded machines hold into FOLDER.
tables.py --mutate N FOLDER FILE... : writes N damaged copies of the files into FOLDER, always the same.
"""
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

DMAR_NAMES = ["DRHD", "RMRR", "ATSR", "RHSA", "ANDD", "SATC", "SIDP"]
DMAR_HEADS = [16, 24, 8, 20, 8, 8, 8]
IVHD_HEADS = {0x10: 24, 0x11: 40, 0x40: 40}
IVMD = (0x20, 0x21, 0x22)


def bdf(device):
    return f"{device >> 8:02x}:{device >> 3 & 31:02x}.{device & 7}"


def scopes(data, at, end):
    """Device scopes up to the first that cannot be one."""
    found = []
    while end - at >= 6 and 6 <= data[at + 1] <= end - at:
        kind, size, flags, _, number, bus = data[at:at + 6]
        steps = data[at + 6:at + 6 + (size - 6) // 2 * 2]
        found.append((kind, at, size, hex(flags), number, f"{bus:02x}",
                      [f"{d:02x}.{f:x}" for d, f in zip(steps[::2], steps[1::2])]))
        at += size
    return found


def dmar_structure(data, kind, size, at):
    """The fields of a structure; None where they do not fit."""
    if kind >= len(DMAR_NAMES) or size < DMAR_HEADS[kind]:
        return None
    one = {}
    name = DMAR_NAMES[kind]
    if name == "DRHD":
        flags, width, one["segment"], base = struct.unpack_from("<BBHQ", data, at + 4)
        one.update(all=flags & 1, size=4096 << (width & 15), base=hex(base))
    elif name == "RMRR":
        one["segment"], base, limit = struct.unpack_from("<xxHQQ", data, at + 4)
        one.update(base=hex(base), limit=hex(limit))
    elif name in ("ATSR", "SATC"):
        flags, one["segment"] = struct.unpack_from("<BxH", data, at + 4)
        one["all"] = flags & 1
    elif name == "RHSA":
        base, one["proximity_domain"] = struct.unpack_from("<4xQI", data, at + 4)
        one["base"] = hex(base)
    elif name == "ANDD":
        one["device_number"] = data[at + 7]
        text = data[at + 8:at + size].split(b"\0")[0].rstrip(b" ")
        one["object"] = "".join(chr(c) if 32 <= c < 127 else "?" for c in text)
    else:
        one["segment"] = struct.unpack_from("<H", data, at + 6)[0]
    if name not in ("RHSA", "ANDD"):
        one["scopes"] = scopes(data, at + DMAR_HEADS[kind], at + size)
    return one


def walk_dmar(data):
    found, at = [], 48
    while len(data) - at >= 4:
        kind, size = struct.unpack_from("<HH", data, at)
        if not 4 <= size <= len(data) - at:
            break
        found.append((kind, at, size, dmar_structure(data, kind, size, at)))
        at += size
    return found


def ivhd_entries(data, at, end):
    found = []
    while at < end:
        kind = data[at]
        if kind < 0x80:
            size = {0: 4, 1: 8}[kind >> 6]
        elif kind == 0xF0 and end - at >= 22:
            size = 22 + data[at + 21]
        else:
            break
        if size > end - at:
            break
        device, setting = struct.unpack_from("<HB", data, at + 1)
        one = {}
        if kind in (1, 2, 3, 4, 0x42, 0x43, 0x46, 0x47, 0x48, 0xF0):
            one = {"device": bdf(device), "lint1": setting >> 7, "sysmgt": setting >> 4 & 3}
        if kind in (0x42, 0x43):
            one["source"] = bdf(struct.unpack_from("<H", data, at + 5)[0])
        elif kind in (0x46, 0x47):
            one["ats"] = data[at + 7] >> 7
        elif kind == 0x48:
            handle, source, variety = struct.unpack_from("<BHB", data, at + 4)
            one.update(handle=handle, source=bdf(source), variety=variety)
        elif kind == 0xF0:
            hid = data[at + 4:at + 12].rstrip(b"\0 ")
            one["hid"] = "".join(chr(c) if 32 <= c < 127 else "?" for c in hid)
        found.append((kind, at, size, one))
        at += size
    return found


def ivrs_block(data, kind, size, at):
    if kind in IVHD_HEADS and size >= IVHD_HEADS[kind]:
        flags, device, _, base, segment, _, _ = struct.unpack_from("<BxxHHQHHI", data, at + 1)
        one = {"flags": flags, "device": bdf(device), "base": hex(base), "segment": segment}
        if kind != 0x10:
            one["efr"], one["efr2"] = map(hex, struct.unpack_from("<QQ", data, at + 24))
        one["entries"] = ivhd_entries(data, at + IVHD_HEADS[kind], at + size)
        return one
    if kind in IVMD and size >= 32:
        flags, device, aux, start, length = struct.unpack_from("<BxxHH8xQQ", data, at + 1)
        return {"flags": flags, "device": bdf(device), "aux": bdf(aux), "start": hex(start), "bytes": hex(length)}
    return None


def walk_ivrs(data):
    found, at = [], 48
    while len(data) - at >= 4:
        kind, size = data[at], struct.unpack_from("<H", data, at + 2)[0]
        if not 4 <= size <= len(data) - at:
            break
        found.append((kind, at, size, ivrs_block(data, kind, size, at)))
        at += size
    return found


def said_dmar(document):
    """What vtscope says, in the shape of walk_dmar()."""
    found = []
    for s in document["structures"]:
        one = {k: s[k] for k in s if k not in ("type", "name", "offset", "length", "flags", "scopes", "size_reserved")}
        if s["name"] in ("DRHD", "ATSR", "SATC") and "flags" in s:
            one["all"] = int(any(f in s["flags"] for f in ("include_pci_all", "all_ports", "atc_required")))
        if "scopes" in s:
            one["scopes"] = [(c["type"], c["offset"], c["length"], c["flags"], c["enumeration_id"], c["start_bus"],
                              c["path"]) for c in s["scopes"]]
        found.append((s["type"], s["offset"], s["length"], one or None))
    return found


def bits(names, flags):
    return sum(1 << names.index(f) if f in names else 1 << int(f.split("_")[1]) for f in flags)


def said_ivrs(document):
    ivhd = ["httunen", "passpw", "respasspw", "isoc", "iotlbsup", "coherent", "prefsup", "pprsup"]
    ivmd = ["unity", "ir", "iw", "exclusion_range"]
    found = []
    for b in document["blocks"]:
        one = {k: b[k] for k in ("device", "base", "segment", "efr", "efr2", "aux", "start", "bytes") if k in b}
        if "flags" in b:
            one["flags"] = bits(ivhd if b["name"] == "IVHD" else ivmd, b["flags"])
        if "entries" in b:
            one["entries"] = []
            for e in b["entries"]:
                entry = {k: e[k] for k in ("device", "source", "handle", "variety", "hid") if k in e}
                if "settings" in e:
                    entry.update(lint1=int(e["settings"]["lint1pass"]), sysmgt=e["settings"]["sysmgt"])
                if "extended" in e:
                    entry["ats"] = int("atsdisabled" in e["extended"])
                one["entries"].append((int(e["type"], 16), e["offset"], e["length"], entry))
        found.append((int(b["type"], 16), b["offset"], b["length"], one or None))
    return found


def check(data, document):
    """What is wrong with the document of the table (data)."""
    wrong = []
    kind = data[:4].decode("latin-1").lower()
    said = document["iommu"].get(kind)
    if said is None:
        return [f"no {kind}"]
    length = struct.unpack_from("<I", data, 4)[0]
    table = data[:length]
    walked, heard = (walk_dmar(table), said_dmar(said)) if kind == "dmar" else (walk_ivrs(table), said_ivrs(said))
    for ours, theirs in zip(walked, heard):
        if ours != theirs:
            wrong.append(f"walked {ours}\n   said {theirs}")
    if len(walked) != len(heard):
        wrong.append(f"walked {len(walked)} structures, said {len(heard)}")
    total = sum(table) & 255
    if said["checksum"] != ("unknown" if length > len(data) else "wrong" if total else "ok"):
        wrong.append(f"checksum {said['checksum']}, the sum is {total}")
    if kind == "dmar" and (said["host_address_width"] != data[36] + 1 or len(said["flags"]) != data[37].bit_count()):
        wrong.append(f"width {said['host_address_width']}, flags {said['flags']}")
    return wrong


def iasl_list(path):
    """Offsets of structures, scopes and entries as iasl prints them, and whether it got to the end."""
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "table.dat")
        with open(path, "rb") as source, open(copy, "wb") as target:
            target.write(source.read())
        subprocess.run(["iasl", "-d", copy], capture_output=True, check=False, cwd=folder)
        with open(os.path.join(folder, "table.dsl"), encoding="latin-1") as f:
            text = f.read()
    # iasl gives up with the head of what it does not know; the raw bytes follow in any case.
    text = text.split("Raw Table Data")[0]
    stopped = "Unknown" in text
    found = [(int(at), m, int(v, 16)) for at, m, v in
             re.findall(r"\[[0-9A-F]{3}h (\d{4}) +\d+\] +(Subtable Type|Device Scope Type|Entry Type) : ([0-9A-F]+)", text)]
    return (found[:-1] if stopped else found), stopped


def said_list(document):
    dmar, ivrs = document["iommu"]["dmar"], document["iommu"]["ivrs"]
    found = []
    for s in dmar["structures"] if dmar else []:
        found.append((s["offset"], "Subtable Type", s["type"]))
        found += [(c["offset"], "Device Scope Type", c["type"]) for c in s.get("scopes", [])]
    for b in ivrs["blocks"] if ivrs else []:
        found.append((b["offset"], "Subtable Type", int(b["type"], 16)))
        found += [(e["offset"], "Entry Type", int(e["type"], 16)) for e in b.get("entries", [])]
    return found


def check_iasl(path, document):
    theirs, stopped = iasl_list(path)
    ours = said_list(document)[:len(theirs) if stopped else None]
    return [] if ours == theirs else [f"iasl {theirs}\n   said {ours}"], stopped


def extract(folder, paths):
    plain = {b"n": b"\n", b"t": b"\t"}
    for path in paths:
        with open(path, "rb") as f:
            tables = re.findall(rb'^blob "/sys/firmware/acpi/tables/(DMAR|IVRS)" "(.*)"$', f.read(), re.M)
        for kind, text in tables:
            data = re.sub(rb"\\(?:x([0-9a-f]{2})|(.))",
                          lambda m: bytes([int(m[1], 16)]) if m[1] else plain.get(m[2], m[2]), text)
            name = os.path.basename(path).replace(".snap", "." + kind.decode().lower())
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)


def mutate(count, folder, paths):
    dice = random.Random(48882)
    for n in range(count):
        path = paths[n % len(paths)]
        with open(path, "rb") as f:
            data = bytearray(f.read())
        for _ in range(dice.choice((1, 1, 2, 8))):
            at = dice.randrange(36, len(data))
            data[at] = dice.choice((0, 1, 2, 4, 0x10, 0x40, 0x7F, 0x80, 0xF0, 0xFF, dice.randrange(256)))
        if dice.random() < 0.3:
            del data[dice.randrange(48, len(data) + 1):]
            struct.pack_into("<I", data, 4, len(data))
        with open(os.path.join(folder, f"{n}-{os.path.basename(path)}"), "wb") as f:
            f.write(data)


def main():
    args = sys.argv[1:]
    if args and args[0] == "--extract":
        extract(args[1], args[2:])
        return
    if args and args[0] == "--mutate":
        mutate(int(args[1]), args[2], args[3:])
        return
    iasl = args[:1] == ["--iasl"]
    paths = args[1:] if iasl else args
    documents = {d["source"]["name"]: d for d in map(json.loads, sys.stdin)}
    faults = stops = structures = 0
    for path in paths:
        if path not in documents:
            wrong = ["no document"]
        elif iasl:
            wrong, stopped = check_iasl(path, documents[path])
            stops += stopped
        else:
            with open(path, "rb") as f:
                wrong = check(f.read(), documents[path])
        structures += len(said_list(documents[path])) if path in documents else 0
        for w in wrong:
            print(path, w)
        faults += len(wrong)
    print(len(paths), "tables,", structures, "structures, scopes and entries,",
          f"iasl stopped in {stops}," if iasl else "walked,", faults, "faults")
    sys.exit(1 if faults or not paths else 0)


if __name__ == "__main__":
    main()

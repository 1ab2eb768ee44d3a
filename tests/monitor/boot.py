#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: boot.py WAY IMAGE WORDS

Boots the image with WORDS as its command line and prints what it sent, "TYPE PAYLOAD" a line: a reader of the line
protocol that shares no code with the image or the program. Status 3: a line is damaged or missing.
WAY: pc, microvm (multiboot), pvh, serial (COM1 alone), small (112 MiB), pages (read off the screen) in QEMU; rom, hole,
busy (CR4.VMXE is 1) in Bochs.
"""
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

QEMU = ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-no-reboot", "-accel", "tcg",
        "-icount", "shift=0,sleep=off", "-cpu", "EPYC"]
BOCHS = """plugin_ctrl: unmapped=1, biosdev=1
cpu: model=corei7_skylake_x, count=1, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=0
memory: guest=256, host=256
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
optromimage1: file=rom, address=0xd0000
optramimage1: file=info, address=0xf00000
display_library: rfb, options="timeout=0"
port_e9_hack: enabled=1
sound: driver=dummy
speaker: enabled=0
panic: action=fatal
clock: sync=none
log: log
"""
INFO, IMAGE_AT, PIECE = 0xf00000, 0x400000, 0x20000
# A memory map with somebody's table in the middle of what the runner needs.
HOLE = [(0, 0xa0000, 1), (0x100000, 0x1f00000, 1), (0x2000000, 0x100000, 2), (0x2100000, 0xdf00000, 1)]


def run(args, folder):
    return subprocess.run(args, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


def qemu(way, image, words, folder):
    args = list(QEMU)
    if way == "pvh":
        data = bytearray(open(image, "rb").read())
        at = data.find(struct.pack("<I", 0x1badb002))
        data[at:at + 4] = bytes(4)
        image = os.path.join(folder, "pvh.elf")
        open(image, "wb").write(data)
    args += ["-machine", "microvm" if way == "microvm" else "pc", "-m", "112" if way == "small" else "256"]
    args += ["-kernel", image, "-append", words]
    args += ["-serial", "stdio"] if way == "serial" else ["-debugcon", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    return run(args, folder).stdout


def screen_lines(memory):
    """Lines of the protocol in 25 lines of 80 characters with an attribute each, by their number."""
    for at in range(0, len(memory), 160):
        line = bytes(memory[at:at + 160:2]).rstrip()
        if line.startswith(b"VT1 "):
            yield int(line.split()[2]), line


def pages(image, words, folder):
    """Looks at the screen until there was the last line of a result and all before it."""
    path, shot, seen, end = os.path.join(folder, "monitor"), os.path.join(folder, "screen"), {}, None
    args = [*QEMU, "-vga", "std", "-m", "256", "-kernel", image, "-append", words,
            "-monitor", f"unix:{path},server"]
    carrier = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        monitor = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and (end is None or len(seen) <= end):
            try:
                monitor.connect(path)
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.05)
                continue
            except OSError:
                pass    # it is connected
            monitor.sendall(f'pmemsave 0xb8000 4000 "{shot}"\n'.encode())
            time.sleep(0.1)
            if os.path.exists(shot):
                seen.update(screen_lines(open(shot, "rb").read()))
            end = next((n for n, line in seen.items() if line.split()[3] == b"A"), None)
    finally:
        carrier.kill()
        carrier.wait()
    return b"".join(seen[n] + b"\r\n" for n in sorted(seen))


def option_rom(way, folder):
    source = os.path.join(os.environ["top_srcdir"], "minivmm/monitor/boot/rom.S")
    cc = os.environ.get("CC", "cc").split()
    cr4 = ["-DROM_CR4=0x2000"] if way == "busy" else []
    run([*cc, "-m64", "-I" + os.environ["top_srcdir"], *cr4, "-c", "-o", "rom.o", source], folder).check_returncode()
    run(["ld", "-m", "elf_x86_64", "-Ttext=0", "-e", "0", "-o", "rom.elf", "rom.o"], folder).check_returncode()
    run(["objcopy", "-O", "binary", "-j", ".text", "rom.elf", "rom"], folder).check_returncode()
    rom = bytearray(open(os.path.join(folder, "rom"), "rb").read())
    rom += bytes(512 - len(rom))
    rom[511] = -sum(rom[:511]) & 255
    open(os.path.join(folder, "rom"), "wb").write(rom)


def multiboot_info(way, words):
    mmap = b"".join(struct.pack("<IQQI", 20, *e) for e in HOLE) if way == "hole" else b""
    info = bytearray(120)
    struct.pack_into("<III", info, 0, 5 | (0x40 if mmap else 0), 640, 255 * 1024)
    struct.pack_into("<I", info, 16, INFO + 120 + len(mmap))
    struct.pack_into("<II", info, 44, len(mmap), INFO + 120)
    return bytes(info) + mmap + words.encode() + b"\0"


def bochs(way, image, words, folder):
    data = open(image, "rb").read()
    segment, = struct.unpack_from("<Q", data, 32)
    data = data[:struct.unpack_from("<Q", data, segment + 32)[0]]
    option_rom(way, folder)
    open(os.path.join(folder, "info"), "wb").write(multiboot_info(way, words))
    config = BOCHS
    for i in range(0, len(data), PIECE):
        open(os.path.join(folder, f"image{i}"), "wb").write(data[i:i + PIECE])
        config += f"optramimage{i // PIECE + 2}: file=image{i}, address={IMAGE_AT + i:#x}\n"
    open(os.path.join(folder, "rc"), "w").write(config)
    open(os.path.join(folder, "go"), "w").write("c\n")
    return run(["bochs", "-q", "-f", "rc", "-rc", "go"], folder).stdout


def read_lines(out):
    boot, want, section, good = None, 0, 0, True
    for line in out.split(b"\n"):
        at = line.find(b"VT1 ")
        if at < 0:
            continue
        if not line.endswith(b"\r"):
            print("no CR at the end")
            good = False
        body, crc = line[at:].rstrip(b"\r").rsplit(b" ", 1)
        mark, ident, seq, kind, payload = body.split(b" ", 4)
        ident, _, number = ident.partition(b".")
        if ident != boot:
            boot, want, section = ident, 0, 0
        if int(number) - section not in (0, 1):
            print("a section is missing")
            good = False
        section = int(number)
        if int(crc, 16) != zlib.crc32(body) or int(seq) != want or len(payload) > 200 or len(kind) != 1:
            print("damaged", line)
            good = False
        want += 1
        print(kind.decode(), payload.decode())
    return good and boot is not None


def main():
    way, image, words = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        if way == "pages":
            out = pages(image, words, folder)
        else:
            out = (bochs if way in ("rom", "hole", "busy") else qemu)(way, image, words, folder)
    sys.exit(0 if read_lines(out) else 3)


main()

#!/usr/bin/env python3
"""Seeds for the fuzz targets, from the fixtures: whole captures, key logs, and what the packets carry.

    tests/fuzz/seeds.py FOLDER
"""
import os, struct, sys

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "../../fixtures")
# Where IP, TCP and what TCP carries begin, behind the usual link headers.
CUTS = (14, 16, 34, 54, 66)


def packets(data):
    """The bytes of each packet of a little-endian pcapng file."""
    at = 0
    while at + 12 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if length < 12:
            return
        if kind == 6:
            captured = struct.unpack_from("<I", data, at + 20)[0]
            yield data[at + 28:at + 28 + captured]
        at += length


def main():
    out = sys.argv[1]
    for kind in ("captures", "keys", "payloads"):
        os.makedirs(os.path.join(out, kind), exist_ok=True)
    payloads = set()
    for folder, _, names in sorted(os.walk(FIXTURES)):
        for name in sorted(names):
            kind = {".pcapng": "captures", ".pcap": "captures", ".keys": "keys"}.get(os.path.splitext(name)[1])
            if kind is None:
                continue
            data = open(os.path.join(folder, name), "rb").read()
            with open(os.path.join(out, kind, os.path.basename(folder) + "-" + name), "wb") as file:
                file.write(data)
            if kind == "captures":
                payloads.update(p[cut:] for p in packets(data) for cut in CUTS if len(p) > cut)
    for number, payload in enumerate(sorted(payloads)):
        with open(os.path.join(out, "payloads", f"{number:05}"), "wb") as file:
            file.write(payload)


main()

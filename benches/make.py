#!/usr/bin/env python3
"""Makes a large capture: the sessions of three fixtures, many times, each copy with its own client port and
address, followed by application data in full-size segments. The same bytes in every run.

    benches/make.py OUT [MEGABYTES]
"""
import os, struct, sys

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = ["none/openssl-openssl-tls12-mtls.pcapng", "none/openssl-openssl-tls12-resumed.pcapng",
            "client-cert-missing/openssl-openssl-tls12.pcapng"]


def frames(path):
    """The packets of a little-endian pcapng file with one interface: link type and bytes."""
    data, at, link = open(path, "rb").read(), 0, 1
    while at + 12 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 1:
            link = struct.unpack_from("<H", data, at + 8)[0]
        elif kind == 6:
            captured = struct.unpack_from("<I", data, at + 20)[0]
            yield link, data[at + 28:at + 28 + captured]
        at += length


def ip_packet(link, frame):
    """The IPv4 packet of a frame, or None."""
    at = {1: 14, 101: 0, 113: 16, 276: 20, 0: 4}.get(link)
    if at is None or len(frame) < at + 40 or frame[at] >> 4 != 4:
        return None
    return frame[at:at + struct.unpack_from(">H", frame, at + 2)[0]]


def main():
    out, wanted = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 400
    sessions = []
    for name in FIXTURES:
        packets = [p for p in (ip_packet(*f) for f in frames(os.path.join(HERE, "../fixtures", name))) if p]
        sessions.append(packets)
    filler = bytes(i * 37 % 256 for i in range(1400))
    os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
    with open(out, "wb") as file:
        file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
        written, copy, clock = 24, 0, 1_795_528_800_000_000

        def put(packet):
            nonlocal written, clock
            clock += 5
            file.write(struct.pack("<IIII", clock // 1_000_000, clock % 1_000_000, len(packet), len(packet)))
            file.write(packet)
            written += 16 + len(packet)

        while written < wanted * 1_000_000:
            for packets in sessions:
                copy += 1
                first, client, server = packets[0], None, None
                client, server = first[12:16], first[16:20]
                address = struct.pack(">I", 0x0A000000 | copy >> 14)
                port = struct.pack(">H", 10_000 + (copy & 0x3FFF))
                header = (first[0] & 15) * 4
                client_port = first[header:header + 2]
                last = len(packets) - 3
                for index, packet in enumerate(packets):
                    packet = bytearray(packet)
                    struct.pack_into(">H", packet, 4, written & 0xFFFF)
                    up = bytes(packet[header:header + 2]) == client_port
                    if up:
                        packet[12:16], packet[header:header + 2] = address, port
                    else:
                        packet[16:20], packet[header + 2:header + 4] = address, port
                    put(packet)
                # Connections without TLS, so that there is something to pass over.
                plain = bytearray(struct.pack(">BBHHHBBH", 0x45, 0, 1440, 0, 0x4000, 64, 6, 0) + address + server)
                plain += struct.pack(">HHIIBBHHH", struct.unpack(">H", port)[0], 80, 0, 1, 0x50, 0x10, 65535, 0, 0) + filler
                for n in range(40):
                    struct.pack_into(">H", plain, 4, (written + n) & 0xFFFF)
                    struct.pack_into(">I", plain, 24, 1 + n * 1400)
                    put(plain)


main()

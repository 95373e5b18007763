# SPDX-License-Identifier: Apache-2.0
"""Reads the UDP payloads of a capture, and writes captures: of generated traffic (seeded), or of UDP datagrams."""

import ipaddress
import random
import struct
from typing import NamedTuple

_LINK_HEADER = {1: 14, 113: 16, 101: 0, 276: 20}  # Ethernet, Linux cooked v1, raw IP, Linux cooked v2


class Payload(NamedTuple):
    source: str
    source_port: int
    destination_port: int
    data: bytes


def _pcapng_frames(content):
    at, link = 0, 1
    while at + 12 <= len(content):
        kind, length = struct.unpack_from("<II", content, at)
        if kind == 1:  # interface description
            link = struct.unpack_from("<H", content, at + 8)[0]
        elif kind == 6:  # enhanced packet
            captured = struct.unpack_from("<I", content, at + 20)[0]
            yield link, content[at + 28 : at + 28 + captured]
        at += length


def _frames(path):
    content = path.read_bytes()
    magic = content[:4]
    if magic == b"\x0a\x0d\x0d\x0a":
        yield from _pcapng_frames(content)
        return
    order = "<" if magic in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    if struct.unpack(order + "I", magic)[0] not in (0xA1B2C3D4, 0xA1B23C4D):
        raise ValueError(f"{path} is not a pcap file")
    link = struct.unpack_from(order + "I", content, 20)[0] & 0xFFFF
    at = 24
    while at + 16 <= len(content):
        captured = struct.unpack_from(order + "I", content, at + 8)[0]
        yield link, content[at + 16 : at + 16 + captured]
        at += 16 + captured


def _network_layer(link, frame):
    skip = _LINK_HEADER[link]
    if link == 1:
        while frame[skip - 2 : skip] in (b"\x81\x00", b"\x88\xa8"):
            skip += 4
    return frame[skip:]


def udp_payloads(path):
    """The unfragmented UDP payloads of a capture, in order."""
    found = []
    for link, frame in _frames(path):
        packet = _network_layer(link, frame)
        if len(packet) < 28:
            continue
        if packet[0] >> 4 == 4:
            header, proto, source = (packet[0] & 15) * 4, packet[9], packet[12:16]
            if struct.unpack_from("!H", packet, 6)[0] & 0x3FFF:
                continue
        else:
            header, proto, source = 40, packet[6], packet[8:24]
        if proto != 17:
            continue
        source_port, destination_port, length, _ = struct.unpack_from("!HHHH", packet, header)
        found.append(
            Payload(
                str(ipaddress.ip_address(source)), source_port, destination_port, packet[header + 8 : header + length]
            )
        )
    return found


class Talk(NamedTuple):
    """One direction of one conversation in the generated capture."""

    source: str
    destination: str
    proto: int
    source_port: int
    destination_port: int
    packets: int
    octets: int  # IP octets
    first_us: int  # of the conversation, both directions
    last_us: int


def _checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def _packet(source, destination, proto, source_port, destination_port, size, flags):
    if proto == 6:
        body = struct.pack("!HHIIBBHHH", source_port, destination_port, 1, 1, 0x50, flags, 8192, 0, 0)
    elif proto == 17:
        body = struct.pack("!HHHH", source_port, destination_port, 8 + size, 0)
    else:
        body = struct.pack("!BBHHH", 128 if proto == 58 else 8, 0, 0, 7, 1)
    body += bytes(size)
    source, destination = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    if source.version == 6:
        return 0x86DD, struct.pack("!IHBB", 6 << 28, len(body), proto, 64) + source.packed + destination.packed + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, proto, 0) + source.packed + destination.packed
    return 0x0800, head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + body


def write_traffic(path, seed, base_seconds, conversations=200):
    """A minute of TCP, UDP and ICMP over IPv4 and IPv6; returns the list of Talks it holds.

    Times are whole milliseconds, no conversation ends with a FIN and none pauses: an exporter that reads the file makes
    one record for each direction, whatever its timeouts are.
    """
    rng = random.Random(seed)
    talks, frames = [], []
    for n in range(conversations):
        version = 6 if n % 3 == 0 else 4
        proto = (6, 17, 58 if version == 6 else 1)[n % 5 % 3]
        ends = (
            (f"2001:db8::1:{n:x}", f"2001:db8::2:{n % 7:x}")
            if version == 6
            else (f"10.1.{n // 250}.{n % 250 + 1}", f"192.0.2.{n % 7 + 1}")
        )
        ports = (20000 + n, 443 if proto == 6 else 53) if proto in (6, 17) else (0, 0)
        start = base_seconds * 1_000_000 + rng.randrange(40_000) * 1000
        directions = 2 if proto == 6 or n % 2 else 1
        if proto in (1, 58):
            directions = 1
        times, sent = [], {d: [0, 0] for d in range(directions)}
        for k in range(rng.randrange(directions, 14)):
            when, direction = start + k * rng.randrange(1, 900) * 1000, k % directions
            source, destination = (ends, ends[::-1])[direction]
            kind, packet = _packet(
                source,
                destination,
                proto,
                *(ports, ports[::-1])[direction],
                rng.randrange(18, 1200),
                2 if k == 0 else 16,
            )
            frames.append((when, bytes(12) + struct.pack("!H", kind) + packet))
            times.append(when)
            sent[direction][0] += 1
            sent[direction][1] += len(packet)
        for direction, (packets, octets) in sent.items():
            talks.append(
                Talk(
                    *(ends, ends[::-1])[direction],
                    proto,
                    *(ports, ports[::-1])[direction],
                    packets,
                    octets,
                    min(times),
                    max(times),
                )
            )
    frames.sort()
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for when, frame in frames:
            out.write(struct.pack("<IIII", when // 1_000_000, when % 1_000_000, len(frame), len(frame)) + frame)
    return talks


def write_udp(path, datagrams, seconds=1_767_323_045):
    """Writes a capture of UDP over IPv4: each (source, source port, destination, destination port, payload)."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for n, (source, source_port, destination, destination_port, data) in enumerate(datagrams):
            head = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(data), n & 0xFFFF, 0, 64, 17, 0)
            head += ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
            frame = bytes(12) + b"\x08\x00" + head[:10] + struct.pack("!H", _checksum(head)) + head[12:]
            frame += struct.pack("!HHHH", source_port, destination_port, 8 + len(data), 0) + data
            out.write(struct.pack("<IIII", seconds, n, len(frame), len(frame)) + frame)

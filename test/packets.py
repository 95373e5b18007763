# SPDX-License-Identifier: Apache-2.0
"""Builds NetFlow v5, v9 (RFC 3954), IPFIX (RFC 7011) and sFlow v5 datagrams, following the layouts of the documents."""

import ipaddress
import struct

EXPORT_SECONDS = 1_767_323_045  # 2026-01-02T03:04:05Z
UPTIME_MS = 3_600_000

# Information elements (v9 has the same numbers for those that it defines).
BYTES, PACKETS, PROTO, TOS, TCP_FLAGS, SRC_PORT, SRC4, DST_PORT, DST4 = 1, 2, 4, 5, 6, 7, 8, 11, 12
LAST_UPTIME, FIRST_UPTIME, START_MS, END_MS = 21, 22, 152, 153
VARIABLE = 0xFFFF

# A plain flow record of 37 bytes: (element, length), in this order.
FLOW = [
    (SRC4, 4),
    (DST4, 4),
    (SRC_PORT, 2),
    (DST_PORT, 2),
    (PROTO, 1),
    (BYTES, 8),
    (PACKETS, 8),
    (FIRST_UPTIME, 4),
    (LAST_UPTIME, 4),
]
# The same for IPFIX, with absolute times in milliseconds.
FLOW_MS = FLOW[:7] + [(START_MS, 8), (END_MS, 8)]


def ipv4(text):
    return int(ipaddress.IPv4Address(text))


def flow(n, **changes):
    """The values of flow number n by element; they are distinct, so that a swapped or lost record is noticed."""
    values = {
        SRC4: ipv4("10.0.0.0") + n,
        DST4: ipv4("192.0.2.1"),
        SRC_PORT: 1024 + n % 60000,
        DST_PORT: 443,
        PROTO: 6,
        BYTES: 1000 + n,
        PACKETS: 1 + n % 100,
        FIRST_UPTIME: UPTIME_MS - 2000,
        LAST_UPTIME: UPTIME_MS - 1000,
        START_MS: EXPORT_SECONDS * 1000 - 2000,
        END_MS: EXPORT_SECONDS * 1000 - 1000,
    }
    return {**values, **changes}


def record(fields, values):
    return b"".join(values[element].to_bytes(length, "big") for element, length in fields)


def set_of(set_id, body, length=None):
    """A set (FlowSet), padded to four bytes; `length` replaces the real length in its header."""
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", set_id, 4 + len(body) if length is None else length) + body


def template_record(template_id, fields):
    return struct.pack("!HH", template_id, len(fields)) + b"".join(struct.pack("!HH", *f) for f in fields)


def template_set9(template_id, fields):
    return set_of(0, template_record(template_id, fields))


def template_set10(template_id, fields):
    return set_of(2, template_record(template_id, fields))


def data_set(template_id, fields, *values):
    return set_of(template_id, b"".join(record(fields, v) for v in values))


def v9(*sets, sequence=0, domain=0, count=None, seconds=EXPORT_SECONDS, uptime=UPTIME_MS):
    """`count` should be the number of records; collectors must not need it."""
    count = len(sets) if count is None else count
    return struct.pack("!HHIIII", 9, count, uptime, seconds, sequence & 0xFFFFFFFF, domain) + b"".join(sets)


def ipfix(*sets, sequence=0, domain=0, length=None, seconds=EXPORT_SECONDS):
    body = b"".join(sets)
    length = 16 + len(body) if length is None else length
    return struct.pack("!HHIII", 10, length, seconds, sequence & 0xFFFFFFFF, domain) + body


def v5_record(values):
    return struct.pack(
        "!IIIHHIIIIHHBBBBHHBBH",
        values[SRC4],
        values[DST4],
        0,
        1,
        2,
        values[PACKETS],
        values[BYTES],
        values[FIRST_UPTIME],
        values[LAST_UPTIME],
        values[SRC_PORT],
        values[DST_PORT],
        0,
        0x1B,
        values[PROTO],
        0,
        64500,
        64501,
        24,
        16,
        0,
    )


def v5(*values, sequence=0, engine=(0, 0), count=None, seconds=EXPORT_SECONDS, uptime=UPTIME_MS, sampling=0):
    count = len(values) if count is None else count
    return struct.pack("!HHIIIIBBH", 5, count, uptime, seconds, 0, sequence & 0xFFFFFFFF, *engine, sampling) + b"".join(
        map(v5_record, values)
    )


def sflow(agent, *samples, sequence=1, sub_agent=0, uptime_ms=UPTIME_MS):
    """An sFlow v5 datagram of an IPv4 agent."""
    header = struct.pack("!IIIIIII", 5, 1, ipv4(agent), sub_agent, sequence, uptime_ms, len(samples))
    return header + b"".join(samples)


def xdr(format, body):
    """A sample or a record: format, length, body."""
    return struct.pack("!II", format, len(body)) + body


def flow_sample(*records, sequence=1, source=1, rate=100, input=1, output=2):
    header = struct.pack("!IIIIIIII", sequence, source, rate, sequence * rate, 0, input, output, len(records))
    return xdr(1, header + b"".join(records))


def sampled_header(header, frame_length=None, protocol=1):
    length = len(header) if frame_length is None else frame_length
    return xdr(1, struct.pack("!IIII", protocol, length, 0, len(header)) + header + bytes(-len(header) % 4))


def sampled_ipv4(source="192.0.2.7", destination="198.51.100.7", length=100, proto=17, ports=(53, 3000)):
    return xdr(3, struct.pack("!IIIIIIII", length, proto, ipv4(source), ipv4(destination), *ports, 0, 0))

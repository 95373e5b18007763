# SPDX-License-Identifier: Apache-2.0
"""The real captures: what each file holds, and what independent decoders found in it."""

import calendar
import csv
import struct
import time
from typing import NamedTuple, Optional

import harness
import pcap

VERSIONS = (1, 5, 7, 9, 10)


class Unit(NamedTuple):
    """One replay unit with its agreed totals; times in ns, None where nobody but one decoder tells."""

    file: str
    records: int
    octets: int
    packets: int
    first: Optional[int]
    last: Optional[int]
    tolerance_ns: int
    notes: str


def _nanoseconds(text):
    whole, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int(fraction.ljust(9, "0") or 0)


def _unit(row):
    _, _, confirmed = row["notes"].partition("first/last confirmed by: ")
    exact = "nfdump" in confirmed or "golden" in confirmed
    known = row["first"] and (exact or "pmacct" in confirmed)
    return Unit(
        row["file"],
        int(row["records"]),
        int(row["octets"]),
        int(row["packets"]),
        _nanoseconds(row["first"]) if known else None,
        _nanoseconds(row["last"]) if known else None,
        1_000_000 if exact else 1_000_000_000,
        row["notes"],
    )


def path(file):
    return harness.shared("captures") / file


def versions(file):
    """The versions of the flow datagrams in a capture: 1, 5, 7, 9, 10; anything else (sFlow) is left out."""
    return {struct.unpack("!H", p.data[:2])[0] for p in pcap.udp_payloads(path(file)) if len(p.data) >= 2} & set(
        VERSIONS
    )


def units():
    with open(harness.shared("captures") / "TOTALS.tsv", newline="") as table:
        return [_unit(row) for row in csv.DictReader(table, delimiter="\t") if row["decoder"] == "CONSENSUS"]


def is_sflow(data):
    """sFlow v5: its version has four octets, an address type follows."""
    return data[:7] == b"\0\0\0\5\0\0\0" and data[7:8] in (b"\1", b"\2")


def sflow_units():
    """The units that hold sFlow v5."""
    return [u for u in units() if any(is_sflow(p.data) for p in pcap.udp_payloads(path(u.file)))]


def flow_units():
    """The units that hold NetFlow or IPFIX, and the number left out."""
    everything = units()
    ours = [u for u in everything if versions(u.file)]
    return ours, len(everything) - len(ours)

# SPDX-License-Identifier: Apache-2.0
"""The real captures: the contents of each file, and what independent decoders found in it."""

import calendar
import csv
import struct
import time
from typing import NamedTuple, Optional

import harness
import pcap

VERSIONS = (1, 5, 7, 9, 10)


class Unit(NamedTuple):
    """One replay unit with the totals that the decoders agree on; times in ns, None if the records have no times."""

    file: str
    records: int
    octets: int
    packets: int
    first: Optional[int]
    last: Optional[int]
    tolerance_ns: int  # of first and last: if only pmacct confirms them, they are whole seconds
    notes: str
    group: str


class Golden(NamedTuple):
    """What the test of another project expects of one or more units together."""

    name: str
    files: tuple
    records: Optional[int]  # None: the project's rows aggregate several records
    octets: int
    packets: int


def _nanoseconds(text):
    whole, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int(fraction.ljust(9, "0") or 0)


def _unit(row):
    _, _, confirmed = row["notes"].partition("first/last confirmed by: ")
    whole_seconds = "pmacct" in confirmed and "nfdump" not in confirmed and "golden" not in confirmed
    return Unit(
        row["file"],
        int(row["records"]),
        int(row["octets"]),
        int(row["packets"]),
        _nanoseconds(row["first"]) if row["first"] else None,
        _nanoseconds(row["last"]) if row["last"] else None,
        1_000_000_000 if whole_seconds else 1_000_000,
        row["notes"],
        row["group"],
    )


def path(file):
    return harness.shared("captures") / file


def reference(unit):
    """tshark 4.0.17's JSON of a unit (gzip); names that occur twice in one object have a list as their value."""
    return harness.shared("captures") / "REF" / f"{unit.group}.json.gz"


def versions(file):
    """The versions of the flow datagrams in a capture: 1, 5, 7, 9, 10; all others (sFlow) are ignored."""
    return {struct.unpack("!H", p.data[:2])[0] for p in pcap.udp_payloads(path(file)) if len(p.data) >= 2} & set(
        VERSIONS
    )


def _totals_table():
    with open(harness.shared("captures") / "TOTALS.tsv", newline="") as table:
        return list(csv.DictReader(table, delimiter="\t"))


def units():
    """Every replay unit. The files of one group (one exporter to one collector) form one unit, in their order."""
    rows = [row for row in _totals_table() if row["decoder"] == "CONSENSUS"]
    assert len({row["group"] for row in rows}) == len(rows), "a group of several files: replay them as one"
    return [_unit(row) for row in rows]


def is_sflow(data):
    """Whether this is sFlow v5: a version of four octets, followed by an address type."""
    return data[:7] == b"\0\0\0\5\0\0\0" and data[7:8] in (b"\1", b"\2")


def sflow_units():
    """The units that contain sFlow v5."""
    return [u for u in units() if any(is_sflow(p.data) for p in pcap.udp_payloads(path(u.file)))]


def flow_units():
    """The units that contain NetFlow or IPFIX, and the number of other units."""
    everything = units()
    ours = [u for u in everything if versions(u.file)]
    return ours, len(everything) - len(ours)


def _golden(name, files, row):
    aggregated = "AGGREGATED" in row["notes"]
    records = None if aggregated else int(row["records"])
    return Golden(name, tuple(files), records, int(row["octets"]), int(row["packets"]))


def goldens():
    """The expected values of other projects. A value that the notes call a sum is for all its units together; any other
    value is for each unit."""
    table = _totals_table()
    notes = {row["file"]: row["notes"] for row in table if row["decoder"] == "CONSENSUS"}
    rows = {}
    for row in table:
        if row["decoder"].startswith("golden:"):
            rows.setdefault(row["decoder"].removeprefix("golden:"), []).append(row)
    found = []
    for name, of in rows.items():
        files = [row["file"] for row in of]
        if f"{'/'.join(name.split('/')[-2:])} = sum over" in notes[files[0]]:
            found.append(_golden(name, files, of[0]))
        else:
            found += [_golden(name, [row["file"]], row) for row in of]
    return found

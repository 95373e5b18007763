# SPDX-License-Identifier: Apache-2.0
"""Compares every field of every record that both Weir and tshark 4.0.17 know, value by value, on every real capture.

    fields_agree.py [--all] [PART OF A FILE'S NAME]

Records are matched within datagrams (version, observation domain, sequence number). Every difference must be explained
by a rule of fields_explained.tsv, which names the RFC section; a record that only one of the two prints is a difference
of the field "record". The last line counts the compared values; the exit code is 1 if a difference is unexplained.
"""

import argparse
import collections
import csv
import fnmatch
import ipaddress
import pathlib
import sys
from typing import NamedTuple

import pytest

import captures
import conformance
import harness
import tshark_fields
import tshark_flows
from tshark_fields import network_of, plain_address

TYPES = {"NETFLOW_V1": 1, "NETFLOW_V5": 5, "NETFLOW_V7": 7, "NETFLOW_V9": 9, "IPFIX": 10, "SFLOW_5": tshark_flows.SFLOW}
# IANA's protocol numbers for the names that occur in the captures; several numbers if they share one name.
PROTOCOLS = {"HOPOPT": [0], "ICMP": [1], "IGMP": [2], "IPv4": [4], "TCP": [6], "EGP": [8], "UDP": [17], "IPv6": [41],
             "GRE": [47], "ESP": [50], "AH": [51], "IPv6-ICMP": [58], "IPv6-NoNxt": [59],
             "any-host-internal-protocol": [61], "EIGRP": [88], "OSPFIGP": [89], "ETHERIP": [97], "PIM": [103],
             "VRRP": [112], "L2TP": [115], "SCTP": [132], "unassigned": range(148, 253), "experimental": [253, 254],
             "reserved": [255]}
ETHERTYPES = {"IPv4": 0x0800, "IPv6": 0x86DD, "ARP": 0x0806}


class Difference(NamedTuple):
    file: str
    field: str
    sequence: int
    weir: object
    tshark: object
    rule: str  # the explanation; "" if there is none


# ---- Weir's side


def weir_value(field, row):
    """The printed value in the form that the functions above return. Weir omits its own fields if they are 0."""
    value = row.get(field, "0.0.0.0" if field.endswith("_addr") else 0)
    if field == "proto":
        return PROTOCOLS.get(value, [value])
    if field == "etype":
        return ETHERTYPES.get(value, value)
    if field.endswith("_net"):
        address, _, length = value.partition("/")
        return network_of(plain_address(address), length) if length else value
    if field in ("next_hop", "bgp_next_hop") or field.endswith("_addr"):
        return plain_address(value) if value else value
    return value


def same(field, weir, tshark):
    if field.startswith("time_"):
        return any(abs(weir - t) < 1000 for t in tshark)  # tshark rounds NTP fractions
    if field == "proto":
        return tshark[0] in weir
    if isinstance(weir, list):
        return [str(v) for v in weir] in [[str(v) for v in t] for t in tshark]
    return weir in tshark


# ---- matching


def fields_of(record):
    return tshark_fields.SFLOW if record.version == tshark_flows.SFLOW else tshark_fields.NETFLOW



def _key_of_row(row):
    version = TYPES[row["type"]]
    return version, 0 if version == tshark_flows.SFLOW else row["observation_domain_id"], row["sequence_num"]


def _key_of_record(record):
    return record.version, record.domain, record.sequence


IDENTITY = ("src_addr", "dst_addr", "src_port", "dst_port", "proto", "bytes", "packets", "time_flow_end_ns")


def _alike(record, row):
    for field in IDENTITY:
        tshark = fields_of(record).get(field, lambda _: [])(record)
        if tshark and not same(field, weir_value(field, row), tshark):
            return False
    return True


def pairs(records, rows):
    """[(record or None, row or None)]: first those with the same flow key, then the remaining ones in their order."""
    found, left = [], []
    rows = list(rows)
    for record in records:
        row = next((r for r in rows if _alike(record, r)), None)
        if row is None:
            left.append(record)
        else:
            rows.remove(row)
            found.append((record, row))
    while left or rows:
        found.append((left.pop(0) if left else None, rows.pop(0) if rows else None))
    return found


def _grouped(items, key):
    groups = collections.defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def compare(unit):
    """For one capture: (number of compared values by field, differences)."""
    ours = _grouped(conformance.decoded(unit.file), _key_of_row)
    theirs = _grouped(tshark_flows.records(captures.reference(unit)), _key_of_record)
    compared, found = collections.Counter(), []
    for key in [*theirs, *(k for k in ours if k not in theirs)]:
        for record, row in pairs(theirs.get(key, []), ours.get(key, [])):
            if record is None or row is None:
                found.append(Difference(unit.file, "record", key[2], row and "printed", record and "printed", ""))
                continue
            for field, read in fields_of(record).items():
                tshark = read(record)
                if not tshark:
                    continue
                compared[field] += 1
                weir = weir_value(field, row)
                if not same(field, weir, tshark):
                    found.append(Difference(unit.file, field, key[2], weir, tshark, ""))
    return compared, found


# ---- rules


class Rule(NamedTuple):
    file: str  # an fnmatch pattern
    field: str
    differences: int  # the exact number over all files
    reason: str


def rules():
    with open(pathlib.Path(__file__).with_name("fields_explained.tsv"), newline="") as table:
        rows = csv.DictReader((line for line in table if not line.startswith("#")), delimiter="\t")
        return [Rule(row["file"], row["field"], int(row["differences"]), row["reason"]) for row in rows]


def explain(difference, known):
    for rule in known:
        if fnmatch.fnmatch(difference.file, rule.file) and fnmatch.fnmatch(difference.field, rule.field):
            return rule
    return None


def compare_all(part=""):
    """(compared values by field, unexplained differences, how often each rule was used)."""
    units = [u for u in captures.units() if part in u.file]
    compared, unexplained, used = collections.Counter(), [], collections.Counter()
    known = rules()
    for unit in units:
        of_unit, differences = compare(unit)
        compared += of_unit
        for difference in differences:
            rule = explain(difference, known)
            if rule:
                used[rule] += 1
            else:
                unexplained.append(difference)
    return compared, unexplained, used


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="print every difference, not only five per field and file")
    parser.add_argument("part", nargs="?", default="", help="only captures whose name contains this")
    options = parser.parse_args()
    try:
        compared, unexplained, used = compare_all(options.part)
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:
        print(f"fields_agree: {missing}", file=sys.stderr)
        return 2
    shown = collections.Counter()
    for d in unexplained:
        shown[d.file, d.field] += 1
        if options.all or shown[d.file, d.field] <= 5:
            print(f"{d.file}  sequence {d.sequence}  {d.field}: weir {d.weir}, tshark {d.tshark}")
    for (file, field), count in shown.items():
        print(f"{count:6} differences of {field} in {file}")
    for rule, count in used.items():
        print(f"{count:6} explained: {rule.field} in {rule.file}: {rule.reason}")
    for field, count in compared.most_common():
        print(f"{count:6} values of {field} compared")
    print(f"{sum(compared.values())} values of {len(compared)} fields compared, {sum(used.values())} explained, "
          f"{len(unexplained)} WRONG", file=sys.stderr)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Every field of every record that both Weir and tshark 4.0.17 know, on every real capture, value by value.

    fields_agree.py [--all] [PART OF A FILE'S NAME]

Records are matched within datagrams (version, observation domain, sequence number). A difference must be explained by
a rule of fields_explained.tsv, which names the RFC's section; records that only one of the two prints are a
difference of the field "record". The last line counts the compared values; the exit code is 1 if anything is left.
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
import tshark_flows

TYPES = {"NETFLOW_V1": 1, "NETFLOW_V5": 5, "NETFLOW_V7": 7, "NETFLOW_V9": 9, "IPFIX": 10}
# IANA's protocol numbers of the names that the captures hold; several where one name stands for them.
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
    rule: str  # the explanation; "" where there is none


# ---- from tshark's names to Weir's. Each function gives the values that the field may have: several where the record
# says one thing several times and Weir takes one of them; none where the record does not tell.


def number(*names):
    """The first of these elements that the record has; of several occurrences of it, the last.

    RFC 7011 §8: an element that is needed more than once occurs in the order in which the metering process met it.
    The routers in the captures send what was inside a tunnel last.
    """

    def read(record):
        for name in names:
            if name in record.values:
                return [int(record.values[name][-1], 0)]
        return []

    return read


def counter(*names):
    """Of several occurrences the first: the second is RFC 5103's reverse element, which tshark gives the same name."""

    def read(record):
        for name in names:
            if name in record.values:
                return [int(record.values[name][0])]
        return []

    return read


def reverse(*names):
    """The second occurrence of such a counter."""

    def read(record):
        for name in names:
            values = record.values.get(name, [])
            if len(values) == 2:
                return [int(values[1], 0)]
        return []

    return read


def address(four, six):
    """The last address that is not zero, of either family."""

    def read(record):
        found = [_address(v) for name, values in record.values.items() if name in (four, six) for v in values]
        return [a for a in found if int(a)][-1:] or found

    return read


def _address(text):
    """Weir prints IPv4 addresses that are mapped into IPv6 (RFC 4291 §2.5.5.2) as IPv4."""
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def network(addresses, *lengths):
    """The address that counts, with the prefix length of its family."""

    def read(record):
        for address in addresses(record):
            name = lengths[0] if address.version == 4 else lengths[1]
            if name in record.values:
                return [_network(address, record.values[name][-1])]
        return []

    return read


def _network(address, length):
    try:
        return ipaddress.ip_network(f"{address}/{length}", strict=False)
    except ValueError:
        return f"{address}/{length}"  # longer than the address


def mac(*names):
    def read(record):
        found = [values for name, values in record.values.items() if name in names]
        return [found[-1][-1]] if found else []

    return read


def numbers(name):
    def read(record):
        return [[int(v) for v in record.values[name]]] if name in record.values else []

    return read


def addresses(*names):
    def read(record):
        found = [str(ipaddress.ip_address(v)) for name in names for v in record.values.get(name, [])]
        return [found] if found else []

    return read


def time(absolute, uptime):
    """The absolute times, else an uptime modulo 2^32 ms against the header, or after IPFIX's boot time.

    tshark prints an uptime of 0 as the absolute time 0.
    """

    def read(record):
        given = [t for t in map(tshark_flows.nanoseconds, record.values.get(absolute, [])) if t]
        if given:
            return given
        if uptime not in record.values and absolute not in record.values:
            return []
        then = tshark_flows.milliseconds(record.values.get(uptime, ["0.0"])[0])
        if record.uptime_ms is not None:
            before = (record.uptime_ms - then + 2**31) % 2**32 - 2**31
            return [record.export_ns - before * 10**6]
        return [record.init_ns + then * 10**6] if record.init_ns is not None else []

    return read


def icmp(shift, *own):
    """Type and code have elements of their own (176 to 179); else both in one (32, 139)."""

    def read(record):
        for name in own:
            if name in record.values:
                return [int(record.values[name][0], 0)]
        both = record.values.get("cflow.icmp_type_code_ipv4") or record.values.get("cflow.icmp_type_code_ipv6") or []
        return [int(value, 0) >> shift & 0xFF for value in both[:1]]

    return read


def forwarding_status(record):
    """tshark splits the octet (RFC 7270 §4.12) in two bits and six."""
    if "cflow.forwarding_status" not in record.values:
        return []
    code = [int(v[0], 0) for name, v in record.values.items() if name.startswith("cflow.forwarding_status_")]
    return [int(record.values["cflow.forwarding_status"][0], 0) << 6 | (code or [0])[0]]


def application(record):
    """Engine and selector (RFC 6759 §4) as one number of four octets or however many there are."""
    if "cflow.appl_id.selector_id" not in record.values:
        return []
    selector = bytes.fromhex(record.values["cflow.appl_id.selector_id"][0].replace(":", ""))
    engine = int(record.values["cflow.appl_id.classification_engine_id"][0])
    return [int.from_bytes(bytes([engine]) + selector, "big")]


def ethertype(record):
    if "cflow.ip_version" in record.values:
        return [{4: 0x0800, 6: 0x86DD}[v] for v in map(int, record.values["cflow.ip_version"][:1]) if v in (4, 6)]
    if "cflow.srcaddr" in record.values or "cflow.srcaddrv6" in record.values:
        return [{4: 0x0800, 6: 0x86DD}[SOURCE(record)[0].version]]
    return number("cflow.ethernet_type")(record)


def sampling(record):
    if record.version == 5:
        return [record.header_sampling]
    return number("cflow.sampling_interval", "cflow.sampler_random_interval")(record)


OCTETS = ("cflow.octets", "cflow.post_octets", "cflow.permanent_octets", "cflow.initiator_octets")
PACKETS = ("cflow.packets", "cflow.post_packets", "cflow.permanent_packets", "cflow.initiator_packets")
SOURCE = address("cflow.srcaddr", "cflow.srcaddrv6")
DESTINATION = address("cflow.dstaddr", "cflow.dstaddrv6")
FIELDS = {
    "observation_domain_id": lambda record: [record.domain],
    "sequence_num": lambda record: [record.sequence],
    "sampling_rate": sampling,
    "time_flow_start_ns": time("cflow.abstimestart", "cflow.timestart"),
    "time_flow_end_ns": time("cflow.abstimeend", "cflow.timeend"),
    "bytes": counter(*OCTETS),
    "packets": counter(*PACKETS),
    "src_addr": SOURCE,
    "dst_addr": DESTINATION,
    "etype": ethertype,
    "proto": number("cflow.protocol"),
    "src_port": number("cflow.srcport"),
    "dst_port": number("cflow.dstport"),
    "in_if": number("cflow.inputint"),
    "out_if": number("cflow.outputint"),
    "src_mac": mac("cflow.srcmac", "cflow.post_srcmac"),
    "dst_mac": mac("cflow.dstmac", "cflow.post_dstmac"),
    "src_vlan": number("cflow.vlanid"),
    "vlan_id": number("cflow.vlanid"),
    "dst_vlan": number("cflow.post_vlanid"),
    "ip_tos": number("cflow.tos"),
    "forwarding_status": forwarding_status,
    "ip_ttl": number("cflow.ttl_min", "cflow.ip_ttl"),
    "tcp_flags": number("cflow.tcpflags"),
    "icmp_type": icmp(8, "cflow.icmp_ipv4_type", "cflow.icmp_ipv6_type"),
    "icmp_code": icmp(0, "cflow.icmp_ipv4_code", "cflow.icmp_ipv6_code"),
    "ipv6_flow_label": number("cflow.ipv6flowlabel"),
    "fragment_id": number("cflow.frag_ident"),
    "fragment_offset": number("cflow.fragment_offset"),
    "src_as": number("cflow.srcas"),
    "dst_as": number("cflow.dstas"),
    "next_hop": address("cflow.nexthop", "cflow.nexthopv6"),
    "next_hop_as": number("cflow.peer_dstas"),
    "src_net": network(SOURCE, "cflow.srcmask", "cflow.srcmaskv6"),
    "dst_net": network(DESTINATION, "cflow.dstmask", "cflow.dstmaskv6"),
    "bgp_next_hop": address("cflow.bgpnexthop", "cflow.bgpnexthopv6"),
    "mpls_label": numbers("cflow.mpls_label"),
    "mpls_ip": addresses("cflow.toplabeladdr", "cflow.toplabeladdr_v6"),
    "observation_point_id": number("cflow.observation_point_id"),
    "direction": number("cflow.direction"),
    "flow_end_reason": number("cflow.flow_end_reason"),
    "reverse_bytes": lambda r: number("cflow.responder_octets")(r) or reverse(*OCTETS)(r),
    "reverse_packets": lambda r: number("cflow.responder_packets")(r) or reverse(*PACKETS)(r),
    "post_nat_src_addr": address("cflow.post_natsource_ipv4_address", "cflow.post_natsource_ipv6_address"),
    "post_nat_dst_addr": address("cflow.post_natdestination_ipv4_address", "cflow.post_natdestination_ipv6_address"),
    "post_nat_src_port": number("cflow.post_naptsource_transport_port"),
    "post_nat_dst_port": number("cflow.post_naptdestination_transport_port"),
    "nat_event": number("cflow.nat_event"),
    "firewall_event": number("cflow.firewall_event"),
    "ingress_vrf_id": number("cflow.ingress_vrfid"),
    "egress_vrf_id": number("cflow.egress_vrfid"),
    "application_id": application,
    "flow_id": number("cflow.flow_id"),
    "sampler_id": number("cflow.sampler_id", "cflow.selector_id"),
}

IN_NO_CAPTURE = ("fragment_offset",)

# ---- Weir's side


def weir_value(field, row):
    """The printed value as the functions above give it. Weir's own fields are not printed where they are 0."""
    value = row.get(field, "0.0.0.0" if field.endswith("_addr") else 0)
    if field == "proto":
        return PROTOCOLS.get(value, [value])
    if field == "etype":
        return ETHERTYPES.get(value, value)
    if field.endswith("_net"):
        address, _, length = value.partition("/")
        return _network(_address(address), length) if length else value
    if field in ("next_hop", "bgp_next_hop") or field.endswith("_addr"):
        return _address(value) if value else value
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


def _key_of_row(row):
    return TYPES[row["type"]], row["observation_domain_id"], row["sequence_num"]


def _key_of_record(record):
    return record.version, record.domain, record.sequence


IDENTITY = ("src_addr", "dst_addr", "src_port", "dst_port", "proto", "bytes", "packets", "time_flow_end_ns")


def _alike(record, row):
    for field in IDENTITY:
        tshark = FIELDS[field](record)
        if tshark and not same(field, weir_value(field, row), tshark):
            return False
    return True


def pairs(records, rows):
    """[(record or None, row or None)]: first those alike in what identifies a flow, then the rest in their order."""
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
    """(number of compared values by field, differences) of one capture."""
    ours = _grouped(conformance.decoded(unit.file), _key_of_row)
    theirs = _grouped(tshark_flows.records(captures.reference(unit)), _key_of_record)
    compared, found = collections.Counter(), []
    for key in [*theirs, *(k for k in ours if k not in theirs)]:
        for record, row in pairs(theirs.get(key, []), ours.get(key, [])):
            if record is None or row is None:
                found.append(Difference(unit.file, "record", key[2], row and "printed", record and "printed", ""))
                continue
            for field, read in FIELDS.items():
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
    file: str  # as fnmatch
    field: str
    differences: int  # so many, exactly, over all files
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
    units = [u for u in captures.flow_units()[0] if part in u.file]
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
    parser.add_argument("--all", action="store_true", help="every difference, not five of a field and file")
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

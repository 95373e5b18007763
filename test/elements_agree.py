# SPDX-License-Identifier: Apache-2.0
"""Compares data records and templates as tshark 4.0.17 and `weir decode` show them.

Records are matched by their position: the number of the packet and the offset in its payload. Values are matched by
tshark's field names and the elements that it prints under each name.
"""

import calendar
import collections
import re
import subprocess
import time
from typing import NamedTuple
from xml.etree import ElementTree

import harness

PORTS = "udp.port==1-65535,cflow"


class Seen(NamedTuple):
    """One template or data record; `fields`: (id, length, enterprise) in a template; in data records see _value()."""

    packet: int
    offset: int
    number: int  # the template id; of a data record that of its set
    fields: list


def pdml(path):
    """The packets of a capture, one by one, as XML elements."""
    command = [harness.program("tshark"), "-r", path, "-T", "pdml", "-n", "-d", PORTS]
    environment = {"TZ": "UTC", "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as running:
        for _, element in ElementTree.iterparse(running.stdout):
            if element.tag == "packet":
                yield element
                element.clear()


def _leaves(field):
    """The fields that have a value, in the order of the octets; a value that tshark splits further is one field."""
    for child in field.findall("field"):
        if child.get("name"):
            if child.get("name") == "cflow.timedelta":  # tshark calculates this from the fields inside it
                yield from _leaves(child)
            else:
                yield child
        else:
            yield from _leaves(child)


def _value(leaf):
    """(name, what tshark shows, octets in hexadecimal)"""
    name, show, octets = leaf.get("name"), leaf.get("show"), leaf.get("value")
    if name in ("cflow.abstimestart", "cflow.abstimeend") and octets == "00000000":
        return name.replace("abs", ""), "0.0", octets  # an uptime of 0 is shown as 1970
    return name, show, octets


def _template(field):
    found = []
    for part in field.iter("field"):
        name, show = part.get("name"), part.get("show")
        # tshark has a separate name for each enterprise that it knows.
        if re.fullmatch(r"cflow\.(template|scope)_(\w+_)?(field_type|resiliency_type)(_enterprise)?", name):
            found.append([int(show, 0), None, 0])
        elif name in ("cflow.template_field_length", "cflow.scope_field_length") and found:
            found[-1][1] = int(show)
        elif name == "cflow.template_ipfix_field_pen" and found:
            found[-1][2] = int(show)
    return [tuple(f) for f in found]


def seen_by_tshark(path):
    """(templates, records) of a capture."""
    templates, records = [], []
    for packet in pdml(path):
        flow = packet.find("proto[@name='cflow']")
        if flow is None:
            continue
        number = int(packet.find("proto[@name='frame']/field[@name='frame.number']").get("show"))
        start = int(flow.get("pos"))
        for outer in flow.findall("field"):
            set_id = outer.find("field[@name='cflow.flowset_id']")
            for inner in [outer, *outer.findall("field")]:
                show, offset = inner.get("show") or "", int(inner.get("pos") or 0) - start
                if re.match(r"(Options )?Template \(", show):
                    identity = inner.find("field[@name='cflow.template_id']")
                    templates.append(Seen(number, offset, int(identity.get("show")), _template(inner)))
                elif re.match(r"(pdu|Flow) \d+", show) or re.match(r"(pdu|Flow) \d+", inner.get("showname") or ""):
                    values = [_value(leaf) for leaf in _leaves(inner)]
                    records.append(Seen(number, offset, int(set_id.get("show")) if set_id is not None else 0, values))
    return templates, records


# ---- values

NUMBER, TEXT, TIME, UPTIME, OCTETS = "number", "text", "time", "uptime", "octets"

# tshark's name: how to read its value, and the elements that it prints under that name.
NAMES = {
    "cflow.abstimeend": (
        TIME,
        "flowEndSeconds flowEndMilliseconds flowEndMicroseconds flowEndNanoseconds flowEndDeltaMicroseconds",
    ),
    "cflow.abstimestart": (
        TIME,
        "flowStartSeconds flowStartMilliseconds flowStartMicroseconds flowStartNanoseconds flowStartDeltaMicroseconds",
    ),
    "cflow.bgpnexthop": (TEXT, "bgpNextHopIPv4Address"),
    "cflow.bgpnexthopv6": (TEXT, "bgpNextHopIPv6Address"),
    "cflow.biflow_direction": (NUMBER, "biflowDirection"),
    "cflow.data_link_frame_section": (OCTETS, "dataLinkFrameSection"),
    "cflow.data_link_frame_size": (NUMBER, "dataLinkFrameSize"),
    "cflow.direction": (NUMBER, "flowDirection"),
    "cflow.dot1q_customer_vlan_id": (NUMBER, "dot1qCustomerVlanId"),
    "cflow.dot1q_vlan_id": (NUMBER, "dot1qVlanId"),
    "cflow.dstaddr": (TEXT, "destinationIPv4Address"),
    "cflow.dstaddrv6": (TEXT, "destinationIPv6Address"),
    "cflow.dstas": (NUMBER, "bgpDestinationAsNumber"),
    "cflow.dstmac": (TEXT, "destinationMacAddress"),
    "cflow.dstmask": (NUMBER, "destinationIPv4PrefixLength"),
    "cflow.dstmaskv6": (NUMBER, "destinationIPv6PrefixLength"),
    "cflow.dstport": (NUMBER, "destinationTransportPort udpDestinationPort tcpDestinationPort"),
    "cflow.egress_physical_interface": (NUMBER, "egressPhysicalInterface"),
    "cflow.egress_vrfid": (NUMBER, "egressVRFID"),
    "cflow.ethernet_type": (NUMBER, "ethernetType"),
    "cflow.exporter_addr": (TEXT, "exporterIPv4Address"),
    "cflow.flow_active_timeout": (NUMBER, "flowActiveTimeout"),
    "cflow.flow_end_reason": (NUMBER, "flowEndReason"),
    "cflow.flow_exporter": (NUMBER, "exportingProcessId"),
    "cflow.flow_id": (NUMBER, "flowId"),
    "cflow.flow_inactive_timeout": (NUMBER, "flowIdleTimeout"),
    "cflow.flows": (NUMBER, "deltaFlowCount"),
    "cflow.flowsexp": (NUMBER, "exportedFlowRecordTotalCount"),
    "cflow.icmp_ipv4_code": (NUMBER, "icmpCodeIPv4"),
    "cflow.icmp_ipv4_type": (NUMBER, "icmpTypeIPv4"),
    "cflow.icmp_type_code_ipv4": (NUMBER, "icmpTypeCodeIPv4 reverseIcmpTypeCodeIPv4"),
    "cflow.if_descr": (TEXT, "interfaceDescription"),
    "cflow.if_name": (TEXT, "interfaceName"),
    "cflow.ingress_physical_interface": (NUMBER, "ingressPhysicalInterface"),
    "cflow.ingress_vrfid": (NUMBER, "ingressVRFID"),
    "cflow.initiator_octets": (NUMBER, "initiatorOctets"),
    "cflow.inputint": (NUMBER, "ingressInterface"),
    "cflow.ip_ttl": (NUMBER, "ipTTL"),
    "cflow.ip_version": (NUMBER, "ipVersion"),
    "cflow.ipv6flowlabel": (NUMBER, "flowLabelIPv6"),
    "cflow.layer2_segment_id": (NUMBER, "layer2SegmentId"),
    "cflow.mpls_label_length": (NUMBER, "mplsLabelStackLength"),
    "cflow.nexthop": (TEXT, "ipNextHopIPv4Address"),
    "cflow.nexthopv6": (TEXT, "ipNextHopIPv6Address"),
    "cflow.observation_time_milliseconds": (TIME, "observationTimeMilliseconds"),
    "cflow.observation_time_seconds": (TIME, "observationTimeSeconds"),
    "cflow.octets": (NUMBER, "octetDeltaCount"),
    "cflow.octetsexp": (NUMBER, "exportedOctetTotalCount"),
    "cflow.outputint": (NUMBER, "egressInterface"),
    "cflow.packets": (NUMBER, "packetDeltaCount"),
    "cflow.packetsexp": (NUMBER, "exportedMessageTotalCount"),
    "cflow.permanent_octets": (NUMBER, "octetTotalCount reverseOctetTotalCount"),
    "cflow.permanent_packets": (NUMBER, "packetTotalCount reversePacketTotalCount"),
    "cflow.post_dstmac": (TEXT, "postDestinationMacAddress"),
    "cflow.post_octets": (NUMBER, "postOctetDeltaCount"),
    "cflow.post_packets": (NUMBER, "postPacketDeltaCount"),
    "cflow.post_srcmac": (TEXT, "postSourceMacAddress"),
    "cflow.post_vlanid": (NUMBER, "postVlanId"),
    "cflow.private_enterprise_number": (NUMBER, "privateEnterpriseNumber"),
    "cflow.protocol": (NUMBER, "protocolIdentifier"),
    "cflow.responder_octets": (NUMBER, "responderOctets"),
    "cflow.sampler_id": (NUMBER, "samplerId"),
    "cflow.sampler_mode": (NUMBER, "samplerMode"),
    "cflow.sampler_name": (TEXT, "samplerName"),
    "cflow.sampler_random_interval": (NUMBER, "samplerRandomInterval"),
    "cflow.sampling_algorithm": (NUMBER, "samplingAlgorithm"),
    "cflow.sampling_interval": (NUMBER, "samplingInterval"),
    "cflow.sampling_packet_interval": (NUMBER, "samplingPacketInterval"),
    "cflow.sampling_packet_space": (NUMBER, "samplingPacketSpace"),
    "cflow.sampling_population": (NUMBER, "samplingPopulation"),
    "cflow.sampling_size": (NUMBER, "samplingSize"),
    "cflow.scope_interface": (NUMBER, "Interface"),
    "cflow.selector_algorithm": (NUMBER, "selectorAlgorithm"),
    "cflow.selector_id": (NUMBER, "selectorId"),
    "cflow.selector_name": (TEXT, "selectorName"),
    "cflow.srcaddr": (TEXT, "sourceIPv4Address"),
    "cflow.srcaddrv6": (TEXT, "sourceIPv6Address"),
    "cflow.srcas": (NUMBER, "bgpSourceAsNumber"),
    "cflow.srcmac": (TEXT, "sourceMacAddress"),
    "cflow.srcmask": (NUMBER, "sourceIPv4PrefixLength"),
    "cflow.srcmaskv6": (NUMBER, "sourceIPv6PrefixLength"),
    "cflow.srcport": (NUMBER, "sourceTransportPort udpSourcePort tcpSourcePort"),
    "cflow.sys_init_time": (TIME, "systemInitTimeMilliseconds"),
    "cflow.tcpflags": (NUMBER, "tcpControlBits"),
    "cflow.template_id": (NUMBER, "templateId"),
    "cflow.timeend": (UPTIME, "flowEndSysUpTime"),
    "cflow.timestart": (UPTIME, "flowStartSysUpTime"),
    "cflow.tos": (NUMBER, "ipClassOfService reverseIpClassOfService"),
    "cflow.ttl_max": (NUMBER, "maximumTTL"),
    "cflow.vlanid": (NUMBER, "vlanId reverseVlanId"),
    "cflow.vrfname": (TEXT, "VRFname"),
}


def nanoseconds_of_tshark(text):
    """ "Nov  5, 2024 15:16:04.000000000 UTC" """
    whole, fraction = text.removesuffix(" UTC").split(".")
    return calendar.timegm(time.strptime(" ".join(whole.split()), "%b %d, %Y %H:%M:%S")) * 10**9 + int(fraction)


def nanoseconds_of_weir(text):
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int(fraction.ljust(9, "0"))


def before(export_time, microseconds):
    seconds, nanoseconds = divmod(nanoseconds_of_weir(export_time) - microseconds * 1000, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{nanoseconds:09}Z"


def same(kind, show, octets, ours):
    if kind == NUMBER:
        return int(show, 0) == ours
    if kind == TIME:
        # RFC 7011 §6.1.9: the 11 lowest bits of a fraction in microseconds (477 ns) must be ignored; tshark does not.
        return 0 <= nanoseconds_of_tshark(show) - nanoseconds_of_weir(ours) < (477 if octets[8:] else 1)
    if kind == UPTIME:
        return round(float(show) * 1000) == ours
    if kind == OCTETS:
        return octets == ours
    return show.rstrip() == ours.rstrip()


def elements_of(record):
    """(name, value) pairs; an element that occurs several times gives several pairs."""
    for name, value in [*record.get("scope", {}).items(), *record["elements"].items()]:
        for one in value if isinstance(value, list) else [value]:
            yield name, one


class Comparison:
    """What was compared, and what differs."""

    def __init__(self):
        self.records = self.templates = 0
        self.values = collections.Counter()  # by tshark's name
        self.differences = []

    def record(self, theirs, ours):
        self.records += 1
        mine = list(elements_of(ours))
        named = collections.defaultdict(list)
        for name, show, octets in theirs.fields:
            named[name].append((show, octets))
        for name, values in named.items():
            kind, elements = NAMES.get(name, (None, None))
            if kind is None:
                continue
            got = [value for element, value in mine if element in elements.split()]
            if kind == TIME:  # tshark has subtracted it from the export time
                got = [before(ours["export_time"], g) if isinstance(g, int) else g for g in got]
            if any(value is None for value in got):
                continue  # no octets, but tshark shows a value
            self.values[name] += len(values)
            if len(got) != len(values) or not all(same(kind, *v, g) for v, g in zip(values, got)):
                self.differences.append((theirs.packet, theirs.offset, name, values, got))

    def template(self, theirs, ours):
        self.templates += 1
        fields = [
            (f["id"], 65535 if f["length"] == "variable" else f["length"], f.get("pen", 0)) for f in ours["fields"]
        ]
        if fields != theirs.fields:
            self.differences.append((theirs.packet, theirs.offset, f"template {theirs.number}", theirs.fields, fields))


def compare(path, into):
    """Compares every record and template of a capture that both show. Returns the records that only tshark shows."""
    templates, records = seen_by_tshark(path)
    show = lambda what: harness.parse_lines(harness.run_weir("decode", path, what, "--format", "json", "-q").stdout)
    ours = {(row["packet"], row["offset"]): row for row in show("--elements")}
    for record in records:
        if (record.packet, record.offset) in ours:
            into.record(record, ours[record.packet, record.offset])
    theirs = {(t.packet, t.offset): t for t in templates}
    for row in show("--templates"):
        if "fields" in row and (row["packet"], row["offset"]) in theirs:
            into.template(theirs[row["packet"], row["offset"]], row)
    return [r for r in records if (r.packet, r.offset) not in ours]

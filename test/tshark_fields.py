# SPDX-License-Identifier: Apache-2.0
"""Maps tshark's names to Weir's: for each field of Weir, the function that reads it from a record of tshark.

The function returns the values that the field may have: several if the record has the information several times and
Weir takes one of them; none if the record does not have it.
"""

import ipaddress

import tshark_flows


def number(*names):
    """The first of these elements that the record has; if it occurs several times, its first value.

    RFC 7011 §8: an element that is needed more than once occurs in the order in which the metering process handled it.
    The routers in the captures send the headers inside a tunnel last.
    """

    def read(record):
        for name in names:
            if name in record.values:
                return [int(record.values[name][0], 0)]
        return []

    return read


def counter(*names):
    """The first occurrence: the second is the reverse element of RFC 5103, to which tshark gives the same name."""

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
    """The first address of each family; if there are both, the last one that is not zero."""

    def read(record):
        found = [plain_address(values[0]) for name, values in record.values.items() if name in (four, six)]
        return [a for a in found if int(a)][-1:] or found

    return read


def plain_address(text):
    """Weir prints IPv4-mapped IPv6 addresses (RFC 4291 §2.5.5.2) as IPv4 addresses."""
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def network(addresses, *lengths):
    """The network of the address that Weir uses, with the prefix length of its family."""

    def read(record):
        for address in addresses(record):
            name = lengths[0] if address.version == 4 else lengths[1]
            if name in record.values:
                return [network_of(address, record.values[name][0])]
        return []

    return read


def network_of(address, length):
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


def label_stack(record):
    """The labels up to the one whose S bit is set (RFC 3032 §2.1), or up to the first section that is not a label."""
    if "cflow.mpls_label" not in record.values:
        return []
    stack = []
    for label, bottom in zip(record.values["cflow.mpls_label"], record.values["cflow.mpls_bos"]):
        if int(label) == 0 and bottom != "1":
            break
        stack.append(int(label))
        if bottom == "1":
            break
    return [stack]


def addresses(*names):
    def read(record):
        found = [str(ipaddress.ip_address(v)) for name in names for v in record.values.get(name, [])]
        return [found] if found else []

    return read


def time(absolute, uptime):
    """The absolute time; otherwise an uptime, modulo 2^32 ms relative to the header, or relative to IPFIX's boot time.

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
    """Type and code from their separate elements (176 to 179); otherwise from the element that has both (32, 139)."""

    def read(record):
        for name in own:
            if name in record.values:
                return [int(record.values[name][0], 0)]
        both = record.values.get("cflow.icmp_type_code_ipv4") or record.values.get("cflow.icmp_type_code_ipv6") or []
        return [int(value, 0) >> shift & 0xFF for value in both[:1]]

    return read


def forwarding_status(record):
    """tshark splits the octet (RFC 7270 §4.12) into two bits and six bits."""
    if "cflow.forwarding_status" not in record.values:
        return []
    code = [int(v[0], 0) for name, v in record.values.items() if name.startswith("cflow.forwarding_status_")]
    return [int(record.values["cflow.forwarding_status"][0], 0) << 6 | (code or [0])[0]]


def application(record):
    """Engine and selector (RFC 6759 §4) as one number, of four octets or of as many as the element has."""
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


# ---- NetFlow and IPFIX

OCTETS = ("cflow.octets", "cflow.post_octets", "cflow.permanent_octets", "cflow.initiator_octets")
PACKETS = ("cflow.packets", "cflow.post_packets", "cflow.permanent_packets", "cflow.initiator_packets")
SOURCE = address("cflow.srcaddr", "cflow.srcaddrv6")
DESTINATION = address("cflow.dstaddr", "cflow.dstaddrv6")
NETFLOW = {
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
    "mpls_label": label_stack,
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

IN_NO_CAPTURE = ()


# ---- sFlow: the sample's own fields, then the first network header of the sampled packet


def first(*names):
    """The first of these to occur in the record: in a tunnel, that of the outer header."""

    def read(record):
        found = [values[0] for name, values in record.values.items() if name in names]
        return [int(found[0], 0)] if found else []

    return read


def first_address(*names):
    def read(record):
        found = [values[0] for name, values in record.values.items() if name in names]
        return [plain_address(found[0])] if found else []

    return read


def first_text(name):
    return lambda record: record.values.get(name, [])[:1]


def last(name):
    return lambda record: [int(value, 0) for value in record.values.get(name, [])[-1:]]


def interface(name):
    """Compact samples have the format in the top two bits; expanded samples have it in a separate field."""
    return number(f"sflow.flow_sample.{name}_interface", f"sflow.flow_sample.{name}_interface_value")


def output_interface(record):
    """In formats other than 0 the value is a discard reason or a number of interfaces (sFlow v5, flow_sample)."""
    format = record.values.get("sflow.flow_sample.output_interface_format", ["0"])[0]
    return interface("output")(record) if int(format) == 0 else [0]


EXTENSION_HEADERS = {0: "ipv6.hopopts.nxt", 43: "ipv6.routing.nxt", 44: "ipv6.fraghdr.nxt", 60: "ipv6.dstopts.nxt"}


def sampled_protocol(record):
    """For IPv6, the protocol that follows the last extension header (IANA, IE 4)."""
    found = first("ip.proto", "ipv6.nxt", "sflow.ip_protocol")(record)
    while found and EXTENSION_HEADERS.get(found[0]) in record.values:
        found = first(EXTENSION_HEADERS[found[0]])(record)
    return found


def switch_vlan(way):
    """2^32 - 1 means that the switch does not know the VLAN (sFlow v5, extended_switch)."""
    return lambda record: [0 if vlan == 0xFFFF_FFFF else vlan for vlan in first(f"sflow_245.vlan.{way}")(record)]


def sflow_next_hop(record):
    """The next hops that extended_router and extended_gateway report."""
    told = [plain_address(value) for value in record.values.get("sflow_245.nexthop", [])]
    return [address for address in told if int(address)] or told


def sflow_source_as(record):
    """0 means the router's own AS (sFlow v5, extended_gateway)."""
    return [source or own for source, own in zip(first("sflow_245.srcAS")(record), first("sflow_245.as")(record))]


SFLOW = {
    "sequence_num": lambda record: [record.sequence],
    "sampler_address": lambda record: [record.agent],
    "sampling_rate": first("sflow.flow_sample.sampling_rate"),
    "bytes": first("sflow_245.header.frame_length", "sflow_245.ip.length"),
    "in_if": interface("input"),
    "out_if": output_interface,
    "src_mac": first_text("eth.src"),
    "dst_mac": first_text("eth.dst"),
    "src_vlan": switch_vlan("in"),
    "dst_vlan": switch_vlan("out"),
    "vlan_id": last("vlan.id"),
    "src_addr": first_address("ip.src", "ipv6.src", "sflow_245.ipv4_src"),
    "dst_addr": first_address("ip.dst", "ipv6.dst", "sflow_245.ipv4_dst"),
    "proto": sampled_protocol,
    "src_port": first("tcp.srcport", "udp.srcport", "sflow_245.ip.source_port"),
    "dst_port": first("tcp.dstport", "udp.dstport", "sflow.ip.destination_port"),
    "tcp_flags": lambda record: [value & 0xFF for value in first("tcp.flags")(record)],
    "ip_tos": first("ip.dsfield", "ipv6.tclass"),
    "ip_ttl": first("ip.ttl", "ipv6.hlim"),
    "ip_flags": first("ip.flags"),
    "fragment_id": first("ip.id"),
    "fragment_offset": first("ip.frag_offset"),
    "ipv6_flow_label": first("ipv6.flow"),
    "icmp_type": first("icmp.type", "icmpv6.type"),
    "icmp_code": first("icmp.code", "icmpv6.code"),
    "next_hop": sflow_next_hop,
    "src_as": sflow_source_as,
    "mpls_label": numbers("mpls.label"),
}

# SPDX-License-Identifier: Apache-2.0
"""Sends the same datagrams to GoFlow2 2.2.6 and weir: both print the same objects, key by key, in the same order."""

import csv
import functools
import json

import pytest

import captures
import harness
import packets
import pcap
import peers

# Captures that cannot be sent to GoFlow2 2.2.6, and the reason.
HANGS = {
    "_replay/libnetflow9_fuzz.pcap": "templates of no bytes and data for them",
    "libnetflow9/testcases/malformed_2.pcap": "options templates of zero-length fields",
    "libnetflow9/testcases/malformed_1.pcap": "a template without bytes, then data for it: GoFlow2 never returns",
    "libnetflow9/testcases/malformed-OT.pcap": "the same with an options template",
    "_replay/logstash_nf5_invalid01.pcap": "prints the 55,582 records that a header of 30 claims, for 20 s",
}

MARKER = "127.0.0.2"  # the exporter of the marker that is sent after a capture
LATE = "data before its template: GoFlow2 drops it, Weir holds it"
# Captures for which GoFlow2 2.2.6 prints another number of records than the independent decoders agree on.
OTHER_COUNT = {
    "_replay/logstash_nf9_invalid01.pcap": (0, LATE),
    "_replay/logstash_ipfix_softflowd.pcap": (6, LATE),
    "_replay/logstash_nf9_iptnetflow_rse.pcap": (0, "GoFlow2 drops a datagram of which one set has no template"),
    "elastic-beats/pcap/ipfix_cisco.reversed.pcap": (9, LATE),
    "elastic-beats/pcap/netflow9_e10s_4_7byte_pad.pcap": (6, LATE),
    "graylog-plugin-netflow/netflow9.pcap": (16, LATE),
    "graylog-plugin-netflow/nprobe-netflow9-4.pcap": (1, LATE),
    "_replay/opennms_juniper_b4.pcap": (0, LATE),
    "_replay/telegraf_issue_14370.pcap": (2, "GoFlow2 reads the 18 bytes after the record as another one"),
    "_replay/vflow_ipfix_multi.pcap": (0, "GoFlow2 drops a datagram of which one set is broken"),
    "traffic-reproducer/pcap_processing/ipfix-vmware.pcap": (1039, LATE),
    "traffic-reproducer/pcap_processing/ipfix-bgp.pcap": (23, LATE),
    "traffic-reproducer/pcap_processing/ipfix-bmp.pcap": (33, LATE),
}


@functools.cache
def message_keys():
    with open(harness.shared("registry/goflow2-message.tsv"), newline="") as table:
        return [row["name"] for row in csv.DictReader(table, delimiter="\t")]


# Intended differences. A rule gets the two values of one key and returns whether they differ in this way.
def _rate_told(theirs, ours):
    """GoFlow2 prints 0 for a rate from the record or from other options, 1 for "1 sampled, 9 skipped" (IE 305, 306)."""
    return theirs in (0, 1) and ours > theirs


def _time_told(theirs, ours):
    """GoFlow2 prints the export time, a whole second, for uptimes in IPFIX and for absolute times in v9."""
    return theirs % 10**9 == 0 and ours > 0


def _time_wrapped(theirs, ours):
    """A time after the export time: GoFlow2 is 2^32 ms off, Weir takes the uptime modulo 2^32."""
    return abs(theirs - ours) == 2**32 * 10**6


def _counter_told(theirs, ours):
    """GoFlow2 knows neither the totals (85, 86) nor the initiator's counters (231, 298)."""
    return theirs == 0


def _more_labels(theirs, ours):
    """GoFlow2 reads three labels of the stack, RFC 7012 names ten."""
    return len(theirs) == 3 and ours[:3] == theirs


def _stack_ends(theirs, ours):
    """GoFlow2 prints three labels, whatever their S bits say (RFC 3032 2.1)."""
    return len(theirs) == 3 and theirs[: len(ours)] == ours and not any(theirs[len(ours) :])


def _ttl_told(theirs, ours):
    """GoFlow2 knows minimumTTL (52), not ipTTL (192)."""
    return theirs == 0


def _address_family(theirs, ours):
    """A record has unset next hops of both families, or an IPv4 address in an IPv6 field."""
    return {theirs, ours} == {"0.0.0.0", "::"} or theirs == "::ffff:" + ours


def _tag_told(theirs, ours):
    """GoFlow2 knows vlanId (58), not the 802.1Q elements (243, 245, 254, 255)."""
    return theirs == 0


def _physical_interface_told(theirs, ours):
    """GoFlow2 does not know ingressPhysicalInterface and egressPhysicalInterface (252, 253)."""
    return theirs == 0


def _low_bits_ignored(theirs, ours):
    """RFC 7011 6.1.9: the lowest 11 bits of dateTimeMicroseconds' fraction must be ignored (2**11 / 2**32 s)."""
    return 0 < theirs - ours < 478


DIFFERENCES = [
    ("src_vlan", _tag_told),
    ("dst_vlan", _tag_told),
    ("vlan_id", _tag_told),
    ("in_if", _physical_interface_told),
    ("out_if", _physical_interface_told),
    ("time_flow_start_ns", _low_bits_ignored),
    ("time_flow_end_ns", _low_bits_ignored),
    ("sampling_rate", _rate_told),
    ("time_flow_start_ns", _time_told),
    ("time_flow_end_ns", _time_told),
    ("time_flow_start_ns", _time_wrapped),
    ("time_flow_end_ns", _time_wrapped),
    ("bytes", _counter_told),
    ("packets", _counter_told),
    ("mpls_label", _more_labels),
    ("mpls_label", _stack_ends),
    ("ip_ttl", _ttl_told),
    ("next_hop", _address_family),
    ("bgp_next_hop", _address_family),
]
# Differences that occur in only one capture.
OF_CAPTURE = {
    "_replay/logstash_nf9_0length_fields.pcap": (
        {"bytes", "packets"},
        "it has IE 1 and 23: GoFlow2 prints the later, Weir the ingress counter (like nfdump and tshark)",
    ),
    "_replay/logstash_ipfix_nokia_bras.pcap": (
        {"time_flow_end_ns"},
        "the record has a start and no end: GoFlow2 prints the time of the export, Weir 0",
    ),
}
# Encapsulated packets: a record has some elements twice, those of the outer header first (RFC 7011 8). GoFlow2 prints
# the last ones.
OF_INNER_PACKET = {"src_addr", "dst_addr", "proto", "src_port", "dst_port", "src_net", "dst_net", "ipv6_flow_label",
                   "ip_tos", "tcp_flags"}
ENCAPSULATION = ("IPv4", "IPv6")


def is_encapsulated(theirs, ours):
    return ours.get("proto") in ENCAPSULATION and theirs["proto"] not in ENCAPSULATION



def unexplained(theirs, ours, besides=()):
    """The keys whose difference no rule of the table explains."""
    found = {}
    for key in message_keys():
        a, b = theirs[key], ours.get(key)
        if key == "time_received_ns" or key in besides or a == b:
            continue
        if key in OF_INNER_PACKET and is_encapsulated(theirs, ours):
            continue
        if b is None or not any(key == k and rule(a, b) for k, rule in DIFFERENCES):
            found[key] = (a, b)
    return found


def compare(theirs, ours, besides=()):
    assert len(ours) == len(theirs)
    for n, (a, b) in enumerate(zip(theirs, ours)):
        found = unexplained(a, b, besides)
        assert not found, f"record {n} (theirs, ours): {found}\n{json.dumps(a)}\n{json.dumps(b)}"


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    with (
        peers.GoFlow2(folder) as goflow2,
        harness.Collector(folder, "--workers", "1", "--template-fallback", "off") as weir,
    ):
        yield goflow2, weir


def send_to_both(pair, payloads, address):
    """Uses one socket for each source of the capture, and small bursts, so that neither program loses datagrams."""
    goflow2, weir = pair
    sockets = {}
    for n, payload in enumerate(payloads):
        key = (payload.source, payload.source_port)
        if key not in sockets:
            sockets[key] = harness.Sender(address)
        sockets[key].send(goflow2.address, payload.data)
        sockets[key].send(weir.address, payload.data)
        if n % 16 == 0:
            drain(pair)
    drain(pair)
    for sender in sockets.values():
        sender.socket.close()


def drain(pair):
    goflow2, weir = pair
    harness.eventually(
        lambda: harness.udp_queue(goflow2.port)[0] == harness.udp_queue(weir.port)[0] == 0, "sockets are not read"
    )


class Output:
    """The output of a program from now on."""

    def __init__(self, path):
        self.path, self.start = path, path.stat().st_size if path.exists() else 0

    def last_line(self):
        """Reads only the end of the file: one datagram can make GoFlow2 print fifty thousand records."""
        if not self.path.exists() or self.path.stat().st_size == self.start:
            return ""
        with open(self.path, "rb") as file:
            file.seek(max(self.start, self.path.stat().st_size - 4000))
            return file.read().decode().splitlines()[-1]

    def flows(self):
        if not self.path.exists():
            return []
        with open(self.path, "rb") as file:
            file.seek(self.start)
            return harness.parse_lines(file.read().decode().rpartition("\n")[0])


def records_of(weir, address, datagrams):
    """The number of records that Weir decodes from this address. A last, unconfirmed datagram is held for 5 s."""

    def sum_of(column):
        return sum(row[column] for row in weir.exporters() if row["exporter"] == address)

    harness.eventually(lambda: sum_of("datagrams") >= datagrams, lambda: f"not all is read: {weir.ledger()}", 20)
    return sum_of("records")


def exchange(pair, payloads, address):
    """Sends a capture to both from this address, then a marker; returns what each printed before the marker."""
    outputs = [Output(p.output) for p in pair]
    send_to_both(pair, payloads, address)
    records = records_of(pair[1], address, len(payloads))
    with harness.Sender(MARKER) as sender:
        for program in pair:
            sender.send(program.address, packets.v5(packets.flow(1)))
    for program, output in zip(pair, outputs):
        harness.eventually(
            lambda: f'"sampler_address":"{MARKER}"' in output.last_line(),
            f"{program.arguments[0]} has not printed the marker",
        )

    def of_address(output):
        return [flow for flow in output.flows() if flow["sampler_address"] == address]

    harness.eventually(lambda: len(of_address(outputs[1])) >= records, "weir has not printed all that it decoded")
    return tuple(of_address(output) for output in outputs)


def pytest_generate_tests(metafunc):
    if "capture" in metafunc.fixturenames:
        try:
            units = [u for u in captures.flow_units()[0] if u.file not in HANGS and captures.versions(u.file) & {5, 9, 10}]
        except pytest.skip.Exception:
            units = []
        metafunc.parametrize(
            "capture",
            [
                pytest.param(
                    (n, u),
                    id=u.file.replace("_replay/", ""),
                )
                for n, u in enumerate(units)
            ],
        )


def test_capture(pair, capture):
    n, unit = capture
    payloads = [p for p in pcap.udp_payloads(captures.path(unit.file)) if p.data[:2] in (b"\0\5", b"\0\x09", b"\0\x0a")]
    theirs, ours = exchange(pair, payloads, f"127.0.{10 + n // 200}.{n % 200 + 1}")
    if unit.file not in OTHER_COUNT:
        compare(theirs, ours, OF_CAPTURE.get(unit.file, ((), ""))[0])
        return
    count, reason = OTHER_COUNT[unit.file]
    assert len(theirs) == count and len(ours) == unit.records != count, reason
    shorter, longer = sorted((theirs, ours), key=len)
    rest = iter(longer)  # the shorter one must be a subsequence of the longer one
    for flow in shorter:
        pair_of = (lambda other: (flow, other)) if shorter is theirs else (lambda other: (other, flow))
        assert any(not unexplained(*pair_of(other)) for other in rest), flow


@pytest.mark.parametrize("protocol", ["v5", "v9", "ipfix"])
def test_generated(pair, protocol):
    """Records the datagrams of `weir gen` and sends them to both."""

    def run(port):
        answer = harness.run_weir(
            "gen",
            "--to",
            f"127.0.0.1:{port}",
            "--protocol",
            protocol,
            "--total",
            2000,
            "--rate",
            20_000,
            "--seed",
            3,
            "--exporters",
            1,
            "--format",
            "json",
        )
        assert answer.returncode == 0, answer.stderr

    datagrams = peers.record_export(run)
    address = f"127.0.30.{['v5', 'v9', 'ipfix'].index(protocol) + 1}"
    theirs, ours = exchange(pair, [pcap.Payload("gen", 1, 2055, d) for d in datagrams], address)
    assert len(theirs) == 2000
    compare(theirs, ours)


def test_keys_come_in_goflow2s_order(pair):
    theirs, ours = exchange(pair, [pcap.Payload("one", 1, 2055, packets.v5(packets.flow(1)))], "127.0.31.1")
    keys = message_keys()
    assert list(theirs[0]) == keys
    assert list(ours[0])[: len(keys)] == keys


def test_a_difference_would_be_found():
    a = {k: 0 for k in message_keys()} | {"mpls_label": [], "src_addr": "10.0.0.1"}
    assert unexplained(a, dict(a)) == {}
    assert unexplained(a, {**a, "src_addr": "10.0.0.2"}) and unexplained(a, {**a, "dst_as": 1})
    assert not unexplained(a, {**a, "sampling_rate": 100})
    assert unexplained({**a, "sampling_rate": 100}, a), "a lost rate must never be accepted"
    assert unexplained({**a, "bytes": 100}, a) and unexplained({**a, "bytes": 100}, {**a, "bytes": 101})


def test_csv_is_typed(collect):
    """DuckDB detects the types in the CSV: counters are numbers, addresses are text, and every row is present."""
    import duckdb

    weir = collect(format="csv")
    with harness.Sender() as sender:
        sender.send(
            weir.address,
            packets.v5(*(packets.flow(n) for n in range(30))),
            packets.v9(packets.template_set9(300, packets.FLOW), packets.data_set(300, packets.FLOW, packets.flow(30))),
        )
        harness.eventually(lambda: weir.output.read_bytes().count(b"\n") >= 32, lambda: weir.ledger())
    assert weir.stop() == 0
    table = duckdb.sql(f"select * from read_csv('{weir.output}')")
    types = dict(zip(table.columns, map(str, table.types)))
    assert table.columns[:50] == message_keys()
    for name in ("bytes", "packets", "src_port", "time_received_ns", "time_flow_start_ns", "sequence_num", "src_as"):
        assert types[name] == "BIGINT", (name, types[name])
    for name in ("type", "src_addr", "dst_addr", "etype", "proto", "src_net", "src_mac", "sampler_address"):
        assert types[name] == "VARCHAR", (name, types[name])
    assert table.aggregate("count(*), sum(bytes), min(proto), max(src_port)").fetchall() == [
        (31, sum(1000 + n for n in range(31)), "TCP", 1054)
    ]


def test_chosen_fields(collect):
    """--fields prints exactly the named fields, in that order, in both text formats."""
    for format in ("json", "csv"):
        weir = collect("--fields", "bytes,src_addr,time_flow_end_ns", format=format)
        with harness.Sender() as sender:
            sender.send(weir.address, packets.v5(packets.flow(5)))
            lines = 1 if format == "json" else 2
            harness.eventually(
                lambda: weir.output.exists() and weir.output.read_bytes().count(b"\n") >= lines, lambda: weir.ledger()
            )
        text = weir.output.read_text()
        end = packets.EXPORT_SECONDS * 10**9 - 10**9
        if format == "json":
            assert text == f'{{"bytes":1005,"src_addr":"10.0.0.5","time_flow_end_ns":{end}}}\n'
        else:
            assert text == f"bytes,src_addr,time_flow_end_ns\n1005,10.0.0.5,{end}\n"

# SPDX-License-Identifier: Apache-2.0
"""sFlow v5: compares the captures with independent totals, and with GoFlow2 2.2.6 object by object."""

import csv
import json
import pathlib
import subprocess

import pytest

import captures
import harness
import packets
import pcap
import peers
import test_captures
import test_goflow2

MARKER = "127.0.0.2"  # the agent of the marker that is sent after a capture


# Intended differences: a rule gets the two values of one key, and Weir's layers.
def _sizes(theirs, ours, layers):
    """GoFlow2 takes the length of the TCP header from its flags, and lists a size of 0 for a truncated header."""
    known = zip(theirs, ours, layers)
    return all(a == b or a == 0 or layer == "TCP" for a, b, layer in known) and len(ours) >= len(theirs) - 1


def _more_layers(theirs, ours, layers):
    """GoFlow2 stops at headers that it does not know: VXLAN, 802.1ad, hop-by-hop options."""
    return ours[: len(theirs)] == theirs


def _tag_without_priority(theirs, ours, layers):
    """GoFlow2 treats the priority as part of the VLAN id."""
    return theirs & 0x0FFF == ours


def _unknown_vlan(theirs, ours, layers):
    """2^32 - 1 means that the switch does not know the VLAN."""
    return theirs == 0xFFFF_FFFF and ours == 0


def _no_interface(theirs, ours, layers):
    """Formats 1 and 2 in the top bits of the output mean a discard reason and a number of interfaces."""
    return theirs >> 30 != 0 and ours == 0


def _last_header(theirs, ours, layers):
    """GoFlow2 prints the protocol after the IPv6 header, instead of after the last extension header (IANA, IE 4)."""
    extensions = ("HOPOPT", "IPv6-Route", "IPv6-Frag", "IPv6-Opts", "AH")
    return theirs in extensions and ours not in extensions


def _told(theirs, ours, layers):
    """GoFlow2 does not print the value: ICMP type and code, the flags in sampled_ipv4."""
    return theirs in (0, "", "HOPOPT", "00:00:00:00:00:00", "invalid Prefix", [])


DIFFERENCES = {
    "layer_size": (_sizes,),
    "layer_stack": (_more_layers,),
    "vlan_id": (_tag_without_priority,),
    "src_vlan": (_unknown_vlan,),
    "dst_vlan": (_unknown_vlan,),
    "out_if": (_no_interface,),
    "proto": (_last_header,),
    "icmp_type": (_told,),
    "icmp_code": (_told,),
    "tcp_flags": (_told,),
}
# Keys that GoFlow2 does not print in one particular capture.
OF_CAPTURE = {
    "akvorado/sflow/testdata/data-sflow-raw-ipv4.pcap": (
        {"src_addr", "dst_addr", "src_net", "dst_net", "etype", "proto", "ip_tos", "ip_ttl", "ip_flags", "fragment_id"},
        "headers that begin with IPv4 (header protocol 11)",
    ),
}


def unexplained(theirs, ours, besides=()):
    found = {}
    for key in test_goflow2.message_keys():
        a, b = theirs[key], ours.get(key)
        if key in ("time_received_ns", "time_flow_start_ns", "time_flow_end_ns") or a == b:
            continue
        if b is None or not (
            any(rule(a, b, ours["layer_stack"]) for rule in DIFFERENCES.get(key, ()))
            or (key in besides and _told(a, b, ours["layer_stack"]))
        ):
            found[key] = (a, b)
    return found


def compare(theirs, ours, besides=()):
    assert len(ours) == len(theirs)
    for n, (a, b) in enumerate(zip(theirs, ours)):
        found = unexplained(a, b, besides)
        assert not found, f"record {n} (theirs, ours): {found}\n{json.dumps(a)}\n{json.dumps(b)}"
        assert b["time_flow_start_ns"] == b["time_flow_end_ns"] == b["time_received_ns"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sflow")
    with (
        peers.GoFlow2(folder, "sflow") as goflow2,
        harness.Collector(folder, "--workers", "1") as weir,
    ):
        yield goflow2, weir


def exchange(pair, payloads):
    """Sends datagrams to both, then a marker; returns what each printed before the marker."""
    outputs = [test_goflow2.Output(p.output) for p in pair]
    test_goflow2.send_to_both(pair, payloads, "127.0.0.1")
    with harness.Sender() as sender:
        for program in pair:
            sender.send(program.address, packets.sflow(MARKER, packets.flow_sample(packets.sampled_ipv4())))
    for program, output in zip(pair, outputs):
        harness.eventually(
            lambda: f'"sampler_address":"{MARKER}"' in output.last_line(),
            f"{program.arguments[0]} has not printed the marker",
        )
    return tuple([f for f in output.flows() if f["sampler_address"] != MARKER] for output in outputs)


def _units():
    try:
        return captures.sflow_units()
    except pytest.skip.Exception:
        return []


def pytest_generate_tests(metafunc):
    if "unit" in metafunc.fixturenames:
        metafunc.parametrize("unit", _units(), ids=lambda u: u.file.replace("_replay/", "").removesuffix(".pcap"))


def explained():
    with open(pathlib.Path(__file__).with_name("sflow_explained.tsv"), newline="") as table:
        rows = list(csv.DictReader((line for line in table if not line.startswith("#")), delimiter="\t"))
    return {(row["file"], row["column"]): row for row in rows}


def test_totals(unit):
    found = test_captures.differences(unit, test_captures.totals(test_captures.decoded(unit.file)), explained())
    assert not found, "\n".join(found)


def test_every_explanation_is_used():
    files = {u.file for u in captures.sflow_units()}
    assert [key for key in explained() if key[0] not in files] == []


def test_all_captures_are_there():
    assert len(captures.sflow_units()) >= 30


def test_capture(pair, unit):
    payloads = [p for p in pcap.udp_payloads(captures.path(unit.file)) if captures.is_sflow(p.data)]
    theirs, ours = exchange(pair, payloads)
    ours = [f for f in ours if "drop_reason" not in f]  # GoFlow2 prints no object for a discarded packet
    compare(theirs, ours, OF_CAPTURE.get(unit.file, ((), ""))[0])


def test_generated(pair):
    """Records the datagrams of `weir gen` and sends them to both."""

    def run(port):
        arguments = ("--to", f"127.0.0.1:{port}", "--protocol", "sflow", "--total", 2000, "--rate", 20_000, "--seed", 3)
        answer = harness.run_weir("gen", *arguments, "--sampling-rate", 512, "--format", "json")
        assert answer.returncode == 0, answer.stderr
        totals.update(json.loads(answer.stdout))

    totals = {}
    datagrams = peers.record_export(run)
    theirs, ours = exchange(pair, [pcap.Payload("gen", 1, 6343, d) for d in datagrams])
    assert len(theirs) == totals["records"] == 2000
    assert sum(f["bytes"] for f in theirs) == totals["bytes"]
    assert {f["etype"] for f in theirs} == {"IPv4", "IPv6"} and {f["sampling_rate"] for f in theirs} == {512}
    assert {"TCP", "UDP", "ICMP"} <= {f["proto"] for f in theirs}
    compare(theirs, ours)


def test_lost_samples_are_in_the_ledger(collect):
    """Sequence numbers of two sources, of which one per source is lost, one is late and one is sent twice."""
    weir = collect()
    sample = lambda n, source: packets.flow_sample(packets.sampled_ipv4(), sequence=n, source=source)
    with harness.Sender() as sender:
        for n in (1, 2, 5, 4, 6, 6):
            datagram = packets.sflow("192.0.2.9", sample(n, 1), sample(100 + n, 2), sequence=n, sub_agent=4)
            sender.send(weir.address, datagram)
        weir.wait_total("datagrams", 6)
    row = weir.exporters()[0]
    assert (row["exporter"], row["protocol"], row["domain"]) == ("127.0.0.1", "sflow", 4)
    assert row["sequence_unit"] == "samples"
    assert (row["records"], row["sequence_lost"], row["duplicates"], row["restarts"]) == (12, 2, 1, 0)
    assert {f["sampler_address"] for f in weir.finish()} == {"192.0.2.9"}


def test_an_sflow_listener(tmp_path):
    port = harness.free_port()
    with harness.Collector(tmp_path, "--listen", f"sflow://127.0.0.1:{port}") as weir, harness.Sender() as sender:
        sender.send(("127.0.0.1", port), packets.sflow("192.0.2.9", packets.flow_sample(packets.sampled_ipv4())))
        sender.send(("127.0.0.1", port), packets.v5(packets.flow(1)))
        flows = weir.wait_flows(2)
    assert {f["type"] for f in flows} == {"SFLOW_5", "NETFLOW_V5"}


def tshark(file, field):
    """All values of a field in order, including those of sampled headers."""
    command = [harness.program("tshark"), "-r", captures.path(file), "-T", "fields", "-E", "occurrence=a", "-e", field]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return [int(v, 0) for line in answer.stdout.splitlines() for v in line.split(",") if v]


@pytest.mark.parametrize(
    "file, field, key",
    [
        ("akvorado/sflow/testdata/data-icmpv6.pcap", "icmpv6.type", "icmp_type"),
        ("loghub/sflow.pcap", "icmp.type", "icmp_type"),
        ("loghub/sflow.pcap", "icmp.code", "icmp_code"),
        ("akvorado/sflow/testdata/data-1140.pcap", "tcp.hdr_len", "layer_size"),
    ],
)
def test_tshark(file, field, key):
    """Compares with tshark the values that GoFlow2 does not print, or prints wrong."""
    values = [row[key] for row in test_captures.decoded(file)]
    assert [v[-1] if isinstance(v, list) else v for v in values] == tshark(file, field) != []


def test_a_capture_replayed_to_a_collector_is_the_capture_decoded(collect):
    for file in ("akvorado/sflow/testdata/data-1140.pcap", "_replay/gopacket_sflow1.pcap"):
        weir = collect()
        answer = harness.run_weir("replay", captures.path(file), "--to", f"127.0.0.1:{weir.port}", "--rate", 2000)
        assert answer.returncode == 0, answer.stderr
        expected = test_captures.decoded(file)
        times = {"time_received_ns", "time_flow_start_ns", "time_flow_end_ns"}
        bare = lambda flows: [{k: v for k, v in flow.items() if k not in times} for flow in flows]
        weir.wait_flows(len(expected))
        assert bare(weir.finish()) == bare(expected), file

# SPDX-License-Identifier: Apache-2.0
"""A real switch exports by NetFlow v5, IPFIX and sFlow: the records are the packets that its own ports counted."""

import collections
import warnings

import pytest

import harness
import open_vswitch
from open_vswitch import Traffic

ETHERNET, FCS = 14, 4  # octets
TRAFFIC = [
    *(Traffic(1, f"10.0.0.{n}", "10.9.9.9", 6, 1000 + n, 80, 500, 7 + n) for n in range(1, 4)),
    *(Traffic(2, "10.9.9.9", f"10.0.0.{n}", 6, 80, 1000 + n, 1400, 5 + n) for n in range(1, 4)),
    Traffic(1, "10.0.0.4", "10.9.9.9", 17, 5353, 53, 90, 3),
    Traffic(1, "2001:db8::1", "2001:db8::9", 17, 5353, 53, 120, 4),
]
PROTOS = {"TCP": 6, "UDP": 17}


@pytest.fixture
def switch(tmp_path):
    with open_vswitch.OpenVswitch(tmp_path / "ovs") as started:
        yield started


def packets_of(rows):
    return sum(row["packets"] for row in rows)


def wait_packets(weir, count):
    """All rows once they hold so many packets. Caches are written out after a second or two."""
    harness.eventually(
        lambda: packets_of(weir.flows()) >= count,
        lambda: f"{packets_of(weir.flows())} of {count} packets; {weir.ledger()}",
        timeout=30,
        every=0.2,
    )


def sums(rows):
    """(source, destination, protocol, ports) -> [packets, octets]."""
    found = collections.defaultdict(lambda: [0, 0])
    for row in rows:
        key = (row["src_addr"], row["dst_addr"], PROTOS[row["proto"]], row["src_port"], row["dst_port"])
        found[key][0] += row["packets"]
        found[key][1] += row["bytes"]
    return dict(found)


def expected(traffic, without=0):
    """The same of what was sent; `without` octets of each frame are not counted by the protocol."""
    return {flow[1:6]: [flow.packets, flow.packets * (flow.frame_octets - without)] for flow in traffic}


def received(switch):
    """[packets, octets] that the ports of the switch took in, by its own count."""
    ports = [switch.counted(port) for port in (1, 2)]
    return [sum(p.packets_in for p in ports), sum(p.octets_in for p in ports)]


def totals(rows):
    return [packets_of(rows), sum(row["bytes"] for row in rows)]


def test_netflow5(switch, collect):
    """IPv4 only; octets are those of the frames. Open vSwitch numbers a datagram by its last record, not its first."""
    weir = collect()
    switch.export_netflow5(weir.port)
    traffic = [flow for flow in TRAFFIC if not flow.ipv6]
    switch.send(traffic)
    theirs = received(switch)
    wait_packets(weir, theirs[0])
    switch.close()
    [account] = weir.exporters()
    rows = weir.finish()
    assert {row["type"] for row in rows} == {"NETFLOW_V5"}
    assert totals(rows) == theirs == [sum(f.packets for f in traffic), sum(f.packets * f.frame_octets for f in traffic)]
    assert sums(rows) == expected(traffic)
    assert {row["in_if"] for row in rows} == {1, 2}
    assert (account["protocol"], account["domain"], account["malformed"]) == ("v5", 1 << 8 | 7, 0)
    assert account["records"] == len(rows)


def test_ipfix(switch, collect):
    """Each packet on its way in and again on its way out; octets are those of IP. A dozen templates in a message."""
    weir = collect()
    switch.export_ipfix(weir.port)
    switch.send(TRAFFIC)
    came = received(switch)
    left = sum(switch.counted(port).packets_out for port in (1, 2, "LOCAL"))
    wait_packets(weir, came[0] + left)
    switch.close()
    accounts = weir.exporters()
    rows = weir.finish()
    ways_in = [row for row in rows if row.get("direction", 0) == 0]
    assert {row["type"] for row in rows} == {"IPFIX"}
    assert totals(ways_in) == [came[0], came[1] - ETHERNET * came[0]]
    assert sums(ways_in) == expected(TRAFFIC, without=ETHERNET)
    assert packets_of(rows) - packets_of(ways_in) == left
    assert {row["observation_domain_id"] for row in rows} == {123}
    assert {row["observation_point_id"] for row in rows} == {456}
    assert {row["src_mac"] for row in ways_in} == {"50:54:00:00:00:01", "50:54:00:00:00:02"}
    assert {row["ip_ttl"] for row in ways_in} == {64}
    for account in accounts:
        assert account["missing_template"] == account["malformed"] == 0, account
    assert sum(account["records"] for account in accounts) == len(rows)


def test_sflow(switch, collect):
    """Every packet sampled: a record each, with the sampled header's addresses and the frame's octets, FCS included."""
    if not harness.knows_sflow():
        warnings.warn("SKIPPED: this collector does not take sFlow", stacklevel=2)
        pytest.skip("this collector does not take sFlow")
    weir = collect()
    switch.export_sflow(weir.port)
    switch.send(TRAFFIC)
    came = received(switch)
    wait_packets(weir, came[0])
    switch.close()
    rows = weir.finish()
    assert {row["type"] for row in rows} == {"SFLOW_5"}
    assert totals(rows) == [came[0], came[1] + FCS * came[0]]
    assert sums(rows) == expected(TRAFFIC, without=-FCS)
    assert {row["sampling_rate"] for row in rows} == {1}
    assert {row["sampler_address"] for row in rows} == {"127.0.0.1"}
    assert {(row["src_mac"], row["in_if"]) for row in rows} == {("50:54:00:00:00:01", 1), ("50:54:00:00:00:02", 2)}

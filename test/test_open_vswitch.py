# SPDX-License-Identifier: Apache-2.0
"""A real switch exports NetFlow v5, IPFIX and sFlow: the records add up to the packets that its ports counted."""

import collections
import sys

import pytest

import harness
import namespaces
import open_vswitch
from open_vswitch import Traffic

ETHERNET, FCS, ARP = 14, 4, 28  # octets
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
    """Waits for rows with this total number of packets and returns them. The switch exports after a second or two."""
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
    """The same for what was sent; the protocol does not count `without` octets of each frame."""
    return {flow[1:6]: [flow.packets, flow.packets * (flow.frame_octets - without)] for flow in traffic}


def received(switch):
    """[packets, octets] that the ports of the switch received, according to the switch."""
    ports = [switch.counted(port) for port in (1, 2)]
    return [sum(p.packets_in for p in ports), sum(p.octets_in for p in ports)]


def totals(rows):
    return [packets_of(rows), sum(row["bytes"] for row in rows)]


def test_netflow5(switch, collect):
    """IPv4 only; octets are those of the frames. Open vSwitch numbers datagrams by their last record, not the first."""
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
    """Each packet is exported on ingress and on egress; octets are those of IP. A message has a dozen templates."""
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


LISTEN = """
import socket
listener = socket.create_server(("10.77.0.2", 8080))
print("ready", flush=True)
with listener.accept()[0] as talk:
    while talk.recv(65536): pass
    talk.sendall(bytes(100_000))
"""
ASK = """
import socket
with socket.create_connection(("10.77.0.2", 8080), timeout=20) as talk:
    talk.sendall(bytes(500_000))
    talk.shutdown(socket.SHUT_WR)
    while talk.recv(65536): pass
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    for n in range(50): sender.sendto(bytes(100 + n), ("10.77.0.2", 9999))
"""


def talk(tmp_path, asking, asked):
    """TCP in both directions, and UDP to a port on which no program listens."""
    inside = ["nsenter", "--net", "--target", asked.pid, sys.executable, "-c", LISTEN]
    with harness.Process(inside, tmp_path, "server") as server:
        harness.eventually(lambda: "ready" in server.stdout_path.read_text(), server.stderr)
        asking.run(sys.executable, "-c", ASK)


def by_protocol(rows):
    """{"v5": [packets, octets of frames], "ipfix": the same for ingress}. In IPFIX the ARP octets are those of whole
    frames (IE 352); v5 does not export ARP, so it is added."""
    v5 = [row for row in rows if row["type"] == "NETFLOW_V5"]
    ipfix = [row for row in rows if row["type"] == "IPFIX" and row.get("direction", 0) == 0]
    arp = packets_of(row for row in ipfix if row["etype"] == "ARP")
    octets = sum(row["bytes"] for row in ipfix) + ETHERNET * (packets_of(ipfix) - arp)
    return {
        "v5": [packets_of(v5) + arp, sum(row["bytes"] for row in v5) + (ETHERNET + ARP) * arp],
        "ipfix": [packets_of(ipfix), octets],
    }


def test_two_hosts_talk(tmp_path, collect):
    """Real traffic, exported by two protocols to one collector: the records have the packets that the hosts sent."""

    def sent(hosts):
        counters = [host.counted()["tx"] for host in hosts]
        return [sum(c["packets"] for c in counters), sum(c["bytes"] for c in counters)]

    def run():
        weir = collect("--workers", "1")
        with (
            open_vswitch.OpenVswitch(tmp_path / "ovs", "netdev") as switch,
            namespaces.Host(tmp_path, "p1", "10.77.0.1") as asking,
            namespaces.Host(tmp_path, "p2", "10.77.0.2") as asked,
        ):
            switch.export_netflow5(weir.port)
            switch.export_ipfix(weir.port)
            talk(tmp_path, asking, asked)
            hosts = (asking, asked)
            harness.eventually(
                lambda: set(map(tuple, by_protocol(weir.flows()).values())) == {tuple(sent(hosts))},
                lambda: f"{by_protocol(weir.flows())}, and the hosts sent {sent(hosts)}",
                timeout=30,
                every=0.3,
            )
        return weir.finish()

    rows = namespaces.run_in_new_network(run)
    of_v5 = sums(row for row in rows if row["type"] == "NETFLOW_V5" and row["proto"] in PROTOS)
    [(_, asked)] = [(key, value) for key, value in of_v5.items() if key[2] == 6 and key[4] == 8080]
    assert asked[1] > 500_000
    [udp] = [value for key, value in of_v5.items() if key[4] == 9999]
    assert udp == [50, sum(100 + n + 8 + 20 + ETHERNET for n in range(50))]


def test_sflow(switch, collect):
    """Every packet is sampled: its record has the addresses of its header and the octets of the frame with FCS."""
    weir = collect()
    switch.export_sflow(weir.port)
    switch.send(TRAFFIC)
    came = received(switch)
    wait_packets(weir, came[0])
    switch.close()
    accounts = weir.exporters()
    rows = weir.finish()
    assert {row["type"] for row in rows} == {"SFLOW_5"}
    assert totals(rows) == [came[0], came[1] + FCS * came[0]]
    assert sums(rows) == expected(TRAFFIC, without=-FCS)
    assert {row["sampling_rate"] for row in rows} == {1}
    assert {row["sampler_address"] for row in rows} == {"127.0.0.1"}
    assert {row["src_mac"] for row in rows} == {"50:54:00:00:00:01", "50:54:00:00:00:02"}
    assert sum(row["sequence_lost"] + row["malformed"] for row in accounts) == 0, accounts

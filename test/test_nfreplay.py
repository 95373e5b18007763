# SPDX-License-Identifier: Apache-2.0
"""nfreplay exports what nfcapd stored of real captures: Weir's records and totals equal those of nfdump."""

import pytest

import captures
import conformance
import harness
import pcap
import peers

FILES = (
    "traffic-reproducer/pcaps/ipfix-vmware.pcap",  # 1,039 flows of IPv4 and IPv6
    "_replay/dpkt_nf5.pcap",
    "graylog-plugin-netflow/netflow9.pcap",
    "elastic-beats/pcap/netflow9_ubiquiti_edgerouter.pcap",
    "_replay/goflow2_nf9.pcap",
)


@pytest.fixture(scope="module", params=FILES)
def kept(request, tmp_path_factory):
    """For one capture: (the folder of nfcapd, the flows that nfdump reads back)."""
    payloads = pcap.udp_payloads(captures.path(request.param))
    with peers.Nfcapd(tmp_path_factory.mktemp("nfreplay")) as nfcapd, harness.Sender() as sender:
        sender.send(nfcapd.address, *(payload.data for payload in payloads))
        flows = nfcapd.finish()
        yield nfcapd.folder, flows


def comparable(flows):
    """Removes ports of protocols without ports: exporters send ICMP type and code as one port, nfdump prints both."""
    return sorted((*f[:3], *(f[3:5] if f.proto in (6, 17) else (0, 0)), *f[5:]) for f in flows)


PROTOS = {"TCP": 6, "UDP": 17, "ICMP": 1, "IPv6-ICMP": 58, "IGMP": 2, "ESP": 50, "GRE": 47, "OSPFIGP": 89, "AH": 51}


def flow_of(row):
    return peers.NfdumpFlow(
        row["src_addr"],
        row["dst_addr"],
        PROTOS[row["proto"]],
        row["src_port"],
        row["dst_port"],
        row["packets"],
        row["bytes"],
        row["time_flow_start_ns"] // 10**6,
        row["time_flow_end_ns"] // 10**6,
    )


@pytest.mark.parametrize("version", (5, 9))
def test_nfreplay_is_received_whole(version, kept, collect):
    folder, flows = kept
    assert flows
    if version == 5:  # v5 cannot carry IPv6; nfreplay skips these flows
        flows = [flow for flow in flows if ":" not in flow.source]
    weir = collect()
    peers.nfreplay(folder, version, weir.port)
    weir.wait_flows(len(flows))
    accounts = weir.exporters()
    rows = weir.finish()
    got = conformance.totals(rows)
    assert (got["records"], got["octets"], got["packets"]) == (
        len(flows),
        sum(flow.octets for flow in flows),
        sum(flow.packets for flow in flows),
    )
    assert comparable(flow_of(row) for row in rows) == comparable(flows)
    for account in accounts:
        assert account["malformed"] == account["missing_template"] == 0, account
        assert account["sequence_lost"] == 0, account

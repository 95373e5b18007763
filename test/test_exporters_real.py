# SPDX-License-Identifier: Apache-2.0
"""softflowd and pmacct's nfprobe export a capture whose flows are known; weir and nfcapd receive the same datagrams."""

import concurrent.futures
import time

import pytest

import harness
import pcap
import peers

VERSIONS = (1, 5, 9, 10)
TYPES = {1: "NETFLOW_V1", 5: "NETFLOW_V5", 9: "NETFLOW_V9", 10: "IPFIX"}
PROTOS = {"TCP": 6, "UDP": 17, "ICMP": 1, "IPv6-ICMP": 58}
EXPORTERS = {"softflowd": peers.softflowd, "nfprobe": peers.nfprobe}
EXPORTS = [(e, v) for e in EXPORTERS for v in VERSIONS if (e, v) != ("nfprobe", 1)]  # nfprobe has no v1


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """{(exporter, version): (talks of the capture, datagrams)}. All run in parallel, because nfprobe takes seconds."""
    folder = tmp_path_factory.mktemp("exports")
    # nfprobe v5 measures its uptime from now: with an old capture its times would wrap around.
    base = {"softflowd": 1_767_323_045, "nfprobe": int(time.time()) - 600}

    def export(exporter, version):
        own = folder / f"{exporter}{version}"
        own.mkdir()
        talks = pcap.write_traffic(own / "traffic.pcap", seed=version, base_seconds=base[exporter])
        return talks, EXPORTERS[exporter](own / "traffic.pcap", version, own)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        jobs = {(e, v): pool.submit(export, e, v) for e, v in EXPORTS}
        return {key: job.result() for key, job in jobs.items()}


def weir_flow(row):
    """A printed record in the shape of peers.NfdumpFlow, times in ns.

    Exporters send ICMP type and code as the destination port. Weir prints it unchanged; nfdump prints type and code.
    """
    proto = PROTOS[row["proto"]]
    ports = (row["src_port"], row["dst_port"]) if proto in (6, 17) else (0, 0)
    return peers.NfdumpFlow(
        row["src_addr"],
        row["dst_addr"],
        proto,
        *ports,
        row["packets"],
        row["bytes"],
        row["time_flow_start_ns"],
        row["time_flow_end_ns"],
    )


def exportable(talks, version):
    return [t for t in talks if version > 5 or ":" not in t.source]  # v1 and v5 cannot carry IPv6


@pytest.fixture(params=EXPORTS, ids=lambda p: f"{p[0]}-v{p[1]}")
def both(request, exports, collect, tmp_path):
    """Sends the same datagrams from one source port to nfcapd and to weir."""
    exporter, version = request.param
    talks, datagrams = exports[request.param]
    talks = exportable(talks, version)
    assert datagrams, f"{exporter} sent nothing"
    with peers.Nfcapd(tmp_path) as nfcapd, harness.Sender() as sender:
        weir = collect()
        sender.send(nfcapd.address, *datagrams)
        sender.send(weir.address, *datagrams)
        rows = weir.wait_flows(len(talks))
        ledger = weir.exporters()
        assert weir.finish() == rows, "records arrived after the last expected one"
        yield exporter, version, talks, rows, nfcapd.finish(), ledger


def assert_times(weir_flows, expected_ms):
    """Both times of every record within a millisecond of the expected ones."""
    assert weir_flows.keys() == expected_ms.keys()
    for key, flow in weir_flows.items():
        first_ms, last_ms = expected_ms[key]
        assert abs(flow.first_ms / 1e6 - first_ms) <= 1, key
        assert abs(flow.last_ms / 1e6 - last_ms) <= 1, key


def test_real_export_arrives_whole(both):
    exporter, version, talks, rows, nfdump_flows, ledger = both
    flows = [weir_flow(r) for r in rows]
    assert {r["type"] for r in rows} == {TYPES[version]}
    # Compared with the capture itself: every talk occurs once, with its packets and octets.
    assert sorted(f[:7] for f in flows) == sorted(t[:7] for t in talks)
    # Compared with nfdump, record by record. For v1 only the last datagram: softflowd sends 30, nfcapd accepts 24.
    compared = flows if version != 1 else [f for f in flows if f[:5] in {n[:5] for n in nfdump_flows}]
    assert sorted(f[:7] for f in compared) == sorted(f[:7] for f in nfdump_flows) != []
    assert_times({f[:5]: f for f in compared}, {f[:5]: f[7:] for f in nfdump_flows})
    by_key = {f[:5]: f for f in flows}
    if not (exporter == "nfprobe" and version == 5):  # nfprobe itself is a millisecond off: only compared with nfdump
        assert_times(by_key, {t[:5]: (t.first_us / 1000, t.last_us / 1000) for t in talks})
    [account] = ledger
    assert account["records"] == len(talks)
    assert account["protocol"] == {1: "v1", 5: "v5", 9: "v9", 10: "ipfix"}[version]
    for column in ("missing_template", "malformed", "restarts", "expired", "held"):
        assert account[column] == 0, (column, account)
    assert account["sequence_lost"] == account["duplicates"] == 0


def test_expected_values_can_fail(exports):
    """The generated captures differ between versions: confusing one export with another would be noticed."""
    counts = {(e, v): sum(t.octets for t in talks) for (e, v), (talks, _) in exports.items()}
    assert len({counts[("softflowd", v)] for v in VERSIONS}) == len(VERSIONS)


def test_decode_reads_an_export_capture(exports, tmp_path):
    """`weir decode` of a pcap with the recorded datagrams prints the same records as the original capture has."""
    for (exporter, version), (talks, datagrams) in exports.items():
        file = tmp_path / f"{exporter}{version}.pcap"
        pcap.write_udp(file, [("192.0.2.1", 5555, "192.0.2.2", 2055, d) for d in datagrams])
        answer = harness.run_weir("decode", file, "--format", "json")
        assert answer.returncode == 0, answer.stderr
        got = sorted(weir_flow(r)[:7] for r in harness.parse_lines(answer.stdout))
        assert got == sorted(t[:7] for t in exportable(talks, version)), (exporter, version)

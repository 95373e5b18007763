# SPDX-License-Identifier: Apache-2.0
"""sFlow's counter samples, from captures of real agents into the table `counters`: the numbers are tshark's."""

import json
import socket
import subprocess

import pytest

import captures
import harness
import pcap
import stores
from harness import eventually, run_weir

# Our column: tshark's field. Of a structure, all or none of a sample's fields are on the wire.
INTERFACE = {
    "if_index": "ifindex",
    "if_type": "iftype",
    "if_speed": "ifspeed",
    "if_direction": "ifdirection",
    "in_octets": "ifinoct",
    "in_unicast": "ifinpkt",
    "in_multicast": "ifinmcast",
    "in_broadcast": "ifinbcast",
    "in_discards": "ifindisc",
    "in_errors": "ifinerr",
    "in_unknown_protos": "ifinunk",
    "out_octets": "ifoutoct",
    "out_unicast": "ifoutpkt",
    "out_multicast": "ifoutmcast",
    "out_broadcast": "ifoutbcast",
    "out_discards": "ifoutdisc",
    "out_errors": "ifouterr",
    "promiscuous": "ifpromisc",
}
ETHERNET = {
    "alignment_errors": "dot3StatsAlignmentErrors",
    "fcs_errors": "dot3StatsFCSErrors",
    "single_collisions": "dot3StatsSingleCollisionFrames",
    "multiple_collisions": "dot3StatsMultipleCollisionFrames",
    "sqe_test_errors": "dot3StatsSQETestErrors",
    "deferred_transmissions": "dot3StatsDeferredTransmissions",
    "late_collisions": "dot3StatsLateCollisions",
    "excessive_collisions": "dot3StatsExcessiveCollisions",
    "mac_transmit_errors": "dot3StatsInternalMacTransmitErrors",
    "carrier_sense_errors": "dot3StatsCarrierSenseErrors",
    "frame_too_longs": "dot3StatsFrameTooLongs",
    "mac_receive_errors": "dot3StatsInternalMacReceiveErrors",
    "symbol_errors": "dot3StatsSymbolErrors",
}
FIELDS = {
    "sequence_num": "sflow.counters_sample.sequence_number",
    "source_id_index": "sflow.counters_sample.source_id_index",
    **{ours: f"sflow_245.{theirs}" for ours, theirs in {**INTERFACE, **ETHERNET}.items()},
}
WIDE = {"in_octets", "out_octets"}
# Capture: counter samples in it, by the index of the captures.
PCAPS = {"loghub/sflow.pcap": 8, "tcpdump/sflow_multiple_counter_30_pdus.pcap": 144}
PAYLOADS = {
    "gopacket/SFlowTestPacket1.dat": 1,
    "gopacket/SFlowTestPacket10.dat": 1,
    "gopacket/SFlowTestPacket9.dat": 1,
    "gopacket/SFlowTestPacket12.dat": 1,
    "logstash-codec-sflow/sflow_counters_sample.dat": 12,
    "logstash-codec-sflow/sflow_with_lag_counters.dat": 2,
    "telegraf/sflow_issue_15918/message.bin": 1,
    "telegraf/sflow_issue_18876/message.bin": 1,
}


def sflow_payloads(file):
    """The sFlow datagrams of a capture or of a file that is one."""
    path = captures.path(file)
    if path.suffix != ".pcap":
        return [path.read_bytes()]
    return [p.data for p in pcap.udp_payloads(path) if p.data[:4] == b"\0\0\0\5"]


def as_pcap(payloads, path):
    """UDP to port 6343 in raw IPv4, for tshark."""
    with open(path, "wb") as out:
        out.write(bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 ffff0000 65000000"))
        for n, payload in enumerate(payloads):
            length = 28 + len(payload)
            packet = (b"\x45\0" + length.to_bytes(2, "big") + bytes(4) + b"\x40\x11\0\0" + bytes([192, 0, 2, 1]) * 2
                      + (40000).to_bytes(2, "big") + (6343).to_bytes(2, "big") + (length - 20).to_bytes(2, "big")
                      + bytes(2) + payload)
            out.write(n.to_bytes(4, "little") + bytes(4) + len(packet).to_bytes(4, "little") * 2 + packet)
    return path


def by_tshark(payloads, folder):
    """Column: its values in the order of the wire, those that mean "not known" included."""
    capture = as_pcap(payloads, folder / "sflow.pcap")
    arguments = ["tshark", "-r", capture, "-d", "udp.port==6343,sflow", "-T", "fields", "-E", "occurrence=a", "-E",
                 "aggregator=|"]
    for field in FIELDS.values():
        arguments += ["-e", field]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    values = {column: [] for column in FIELDS}
    for line in done.stdout.splitlines():
        for column, cell in zip(FIELDS, line.split("\t")):
            values[column] += [int(v, 0) for v in cell.split("|") if v]
    return values


def by_weir(rows):
    """The same of our rows: where a structure is there, a counter that is absent is one that is not known."""
    values = {"sequence_num": [], "source_id_index": []}
    for column in values:
        values[column] = [row[column] for row in rows]
    for structure, mark in ((INTERFACE, "if_index"), (ETHERNET, None)):
        for column in structure:
            unknown = 2**64 - 1 if column in WIDE else 2**32 - 1
            values[column] = [unknown if row.get(column) is None else row[column]
                              for row in rows if (row.get(mark) is not None if mark else row["has_ethernet"])]
    return values


def wire_has_ethernet(payloads):
    """For each counter sample in order, whether it has structure 0:2, read off the XDR here."""
    found = []
    for payload in payloads:
        word = lambda at: int.from_bytes(payload[at : at + 4], "big")
        at = 12 + (4 if word(4) == 1 else 16) + 8
        samples, at = word(at), at + 4
        for _ in range(samples):
            kind, length = word(at), word(at + 4)
            if at + 8 + length > len(payload):
                break
            if kind in (2, 4):
                records_at = at + 8 + (12 if kind == 4 else 8)
                inner, kinds = records_at + 4, []
                for _ in range(word(records_at)):
                    kinds.append(word(inner))
                    inner += 8 + word(inner + 4)
                found.append(2 in kinds)
            at += 8 + length
    return found


def with_ethernet(rows, payloads):
    marks = wire_has_ethernet(payloads)
    assert len(marks) == len(rows)
    return [{**row, "has_ethernet": mark} for row, mark in zip(rows, marks)]


@pytest.mark.parametrize("file", [*PCAPS, *PAYLOADS])
def test_decode_prints_what_tshark_reads(file, tmp_path):
    payloads = sflow_payloads(file)
    capture = as_pcap(payloads, tmp_path / "capture.pcap")
    done = run_weir("decode", "--counters", capture)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == {**PCAPS, **PAYLOADS}[file]
    assert f"counter_samples={len(rows)}" in done.stderr
    assert by_weir(with_ethernet(rows, payloads)) == by_tshark(payloads, tmp_path)


def test_decode_prints_csv(tmp_path):
    payloads = sflow_payloads("loghub/sflow.pcap")
    capture = as_pcap(payloads, tmp_path / "capture.pcap")
    lines = run_weir("decode", "--counters", "--format", "csv", capture).stdout.splitlines()
    header = lines[0].split(",")
    rows = [dict(zip(header, line.split(","))) for line in lines[1:]]
    theirs = by_tshark(payloads, tmp_path)
    assert [int(row["in_octets"]) for row in rows] == theirs["in_octets"]
    assert all(row["fcs_errors"] == "" for row in rows) and not theirs["fcs_errors"]


def test_decode_refuses_what_counters_have_not(tmp_path):
    for flags in (["--format", "protobuf"], ["--fields", "bytes"]):
        done = run_weir("decode", "--counters", *flags, "x.pcap")
        assert done.returncode == 2 and "--counters" in done.stderr, done.stderr


def send(collector, payloads):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for payload in payloads:
            sender.sendto(payload, collector.address)


def counted(data):
    """Sums over the ledger's rows: decoded, stored, filtered, dropped."""
    names = ("counter_samples", "counters_stored", "counters_filtered", "counters_dropped")
    return tuple(sum(row[name] for row in stores.accounts(data)) for name in names)


def counter_files(data):
    return sorted((data / "counters").rglob("*.parquet*"))


def test_the_store_has_what_tshark_reads(tmp_path):
    payloads = [p for file in PCAPS for p in sflow_payloads(file)]
    with stores.StoreCollector(tmp_path, flush="1s") as collector:
        send(collector, payloads)
        collector.wait_total("counter_samples", 152)
        eventually(lambda: stores.query(collector.data, "SELECT count(*) AS n FROM counters")[0]["n"] == 152,
                   "not visible", 12, 0.2)
        rows = stores.query(collector.data, "SELECT * FROM counters ORDER BY time_received_ns")
        # Samples of one datagram have one time: their order is that of the wire, which no ORDER BY gives back.
        theirs = by_tshark(payloads, tmp_path)
        for column in ("sequence_num", "if_index", "if_speed", "in_octets", "out_errors"):
            ours = [row[column] for row in rows if column == "sequence_num" or row["if_index"] is not None]
            assert sorted(ours) == sorted(theirs[column]), column
        [hosts] = stores.query(collector.data, "SELECT count(*) AS n, count(DISTINCT sampler_address) AS agents "
                                               "FROM counters WHERE host_memory_total IS NOT NULL")
        assert hosts["n"] == 2
        assert collector.stop() == 0
    assert counted(collector.data) == (152, 152, 0, 0)
    assert {s["table_name"] for s in stores.segments(collector.data)} >= {"counters"}
    stats = json.loads(run_weir("store", "stats", "--data", collector.data, "--format", "json").stdout)
    assert stats["counters"]["rows"] == 152
    assert "counters" in run_weir("store", "stats", "--data", collector.data).stdout
    # Any tool for Parquet reads them.
    [(n, octets)] = stores.ask_duckdb(
        f"SELECT count(*), sum(in_octets)::VARCHAR FROM {stores.plain(counter_files(collector.data))}")
    known = [o for o in theirs["in_octets"] if o != 2**64 - 1]
    assert n == 152 and int(octets) == sum(known)


def test_the_view_is_there_and_empty_without_samples(tmp_path):
    with stores.StoreCollector(tmp_path) as collector:
        assert stores.query(collector.data, "SELECT count(*) AS n FROM counters")[0]["n"] == 0
        names = [row["column_name"] for row in stores.query(collector.data, "DESCRIBE counters")]
    assert names[:3] == ["time_received_ns", "time_received", "sampler_address"] and "in_octets" in names


def test_without_a_store_they_are_counted_only(tmp_path):
    with harness.Collector(tmp_path) as collector:
        send(collector, sflow_payloads("loghub/sflow.pcap"))
        collector.wait_total("counter_samples", 8)
        assert collector.stop() == 0
    assert counted(collector.data) == (8, 0, 8, 0)
    assert not (collector.data / "counters").exists()


def test_time_range_means_the_time_of_receipt(tmp_path):
    with stores.StoreCollector(tmp_path) as collector:
        send(collector, sflow_payloads("loghub/sflow.pcap"))
        collector.wait_total("counter_samples", 8)
        assert collector.stop() == 0
    ask = "SELECT count(*) AS n FROM counters"
    assert stores.query(collector.data, ask, "--since", "-1h")[0]["n"] == 8
    assert stores.query(collector.data, ask, "--since", "-1h", "--by", "start")[0]["n"] == 8
    assert stores.query(collector.data, ask, "--until", "-1h")[0]["n"] == 0


def test_a_damaged_segment_is_named_where_it_is_asked_for(tmp_path):
    with stores.StoreCollector(tmp_path) as collector:
        send(collector, sflow_payloads("loghub/sflow.pcap"))
        collector.wait_total("counter_samples", 8)
        assert collector.stop() == 0
    [path] = counter_files(collector.data)
    path.write_bytes(path.read_bytes()[:-10])
    done = run_weir("query", "--data", collector.data, "SELECT count(*) FROM counters")
    assert done.returncode == 1 and path.name in done.stderr
    assert run_weir("query", "--data", collector.data, "SELECT count(*) FROM flows").returncode == 0


def test_kill_9_leaves_every_catalogued_row_once(tmp_path):
    payloads = sflow_payloads("tcpdump/sflow_multiple_counter_30_pdus.pcap")
    with stores.StoreCollector(tmp_path, flush="300ms", merge_flushes=2) as collector:
        for _ in range(40):
            send(collector, payloads)
            eventually(lambda: True, "", every=0.01)
        collector.wait_total("counter_samples", 1_000)
        collector.close()  # SIGKILL
    listed = [s for s in stores.segments(collector.data) if s["table_name"] == "counters"]
    rows = sum(s["rows"] for s in listed)
    assert rows > 0
    with stores.StoreCollector(tmp_path, data=collector.data, name="again", merge_flushes=1000) as again:
        assert stores.query(again.data, "SELECT count(*) AS n FROM counters")[0]["n"] == rows
        assert again.stop() == 0
    decoded, stored, _, dropped = counted(collector.data)
    assert stored == rows and decoded == stored + dropped
    listed = {s["path"] for s in stores.segments(collector.data)}
    assert all(str(f.relative_to(collector.data)) in listed for f in counter_files(collector.data))


def test_keep_removes_hours_of_counters(tmp_path):
    with stores.StoreCollector(tmp_path) as collector:
        send(collector, sflow_payloads("loghub/sflow.pcap"))
        collector.wait_total("counter_samples", 8)
        assert collector.stop() == 0
    with stores.catalog(collector.data, write=True) as database:
        [[identity, path]] = database.execute(
            "SELECT id, path FROM segments WHERE table_name = 'counters'").fetchall()
        stores.move(database, collector.data, identity, path, 5)
    assert len(counter_files(collector.data)) == 1
    with stores.StoreCollector(tmp_path, data=collector.data, name="again", keep="3h") as again:
        eventually(lambda: not counter_files(again.data), "still there", 10, 0.2)
        assert "8 counter samples" in again.stderr()
        assert stores.query(again.data, "SELECT count(*) AS n FROM counters")[0]["n"] == 0

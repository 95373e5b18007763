# SPDX-License-Identifier: Apache-2.0
"""sFlow counter samples from captures of real agents, stored in the table `counters`, have the values tshark prints."""

import json
import socket
import struct
import subprocess
import time

import pytest

import captures
import harness
import pcap
import stores
from harness import eventually, run_weir

# Weir's column: tshark's field. A sample has either all fields of a structure or none.
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
# The structures of the specification: their binary format and Weir's names for their fields.
STRUCTURES = {
    1: (">IIQIIQIIIIIIQIIIIII", "if_index if_type if_speed if_direction if_status in_octets in_unicast in_multicast "
        "in_broadcast in_discards in_errors in_unknown_protos out_octets out_unicast out_multicast out_broadcast "
        "out_discards out_errors promiscuous"),
    2: (">IIIIIIIIIIIII", " ".join(ETHERNET)),
    5: (">IQIIII", "vlan_id vlan_octets vlan_unicast vlan_multicast vlan_broadcast vlan_discards"),
    1001: (">iiiQQ", "cpu_5s cpu_1m cpu_5m memory_total memory_free"),
    2002: (">II", "parent_class parent_index"),
    2003: (">fffIIIIIIIIIIIIII", "load_1m load_5m load_15m processes_running processes cpus cpu_mhz host_uptime_s "
           "cpu_user_ms cpu_nice_ms cpu_system_ms cpu_idle_ms cpu_wait_ms cpu_interrupt_ms cpu_soft_interrupt_ms "
           "interrupts context_switches"),
    2004: (">QQQQQQQIIII", "host_memory_total host_memory_free host_memory_shared host_memory_buffers "
           "host_memory_cached swap_total swap_free page_in page_out swap_in swap_out"),
    2005: (">QQiIQIIQI", "disk_total disk_free disk_fullest disk_reads disk_read_octets disk_read_ms disk_writes "
           "disk_written_octets disk_write_ms"),
    2006: (">QIIIQIII", "host_in_octets host_in_packets host_in_errors host_in_drops host_out_octets "
           "host_out_packets host_out_errors host_out_drops"),
}
# Fields that are neither counters nor percentages: they have no value that means "not known".
NUMBERS = set("if_index if_type if_speed if_direction if_status promiscuous vlan_id memory_total memory_free parent_class "
              "parent_index processes_running processes cpus cpu_mhz host_uptime_s host_memory_total host_memory_free "
              "host_memory_shared host_memory_buffers host_memory_cached swap_total swap_free disk_total disk_free".split())
TSHARK_KNOWS = {1, 2, 3, 4, 5, 1001}
OF_EVERY_SAMPLE = {"time_received_ns", "sampler_address", "sub_agent", "uptime_ms", "sequence_num", "source_id_class",
                   "source_id_index", "structures"}
# Capture: the number of counter samples in it, according to the index of the captures.
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
    """The sFlow datagrams of a capture, or of a file that contains one datagram."""
    path = captures.path(file)
    if path.suffix != ".pcap":
        return [path.read_bytes()]
    return [p.data for p in pcap.udp_payloads(path) if p.data[:4] == b"\0\0\0\5"]


def as_pcap(payloads, path):
    """Writes the payloads for tshark, as raw IPv4 with UDP to port 6343."""
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
    """{column: its values in the order in which they were sent, including those that mean "not known"}"""
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
    """The same from Weir's rows: if a structure is present, an absent counter means "not known"."""
    values = {column: [row[column] for row in rows] for column in ("sequence_num", "source_id_index")}
    for structure, columns in ((1, INTERFACE), (2, ETHERNET)):
        for column in columns:
            unknown = 2**64 - 1 if column in WIDE else 2**32 - 1
            values[column] = [row.get(column, unknown) for row in rows if structure in row["structures"]]
    return values


def counter_samples(payload):
    """The counter samples of a datagram, each as {format: body}, parsed from the XDR by this function."""

    def word(at):
        return int.from_bytes(payload[at : at + 4], "big")

    at = 8 + (4 if word(4) == 1 else 16) + 12  # after version, agent, sub-agent, sequence number and uptime
    count, at = word(at), at + 4
    for _ in range(count):
        kind, end = word(at), at + 8 + word(at + 4)
        if end > len(payload):
            return
        if kind in (2, 4):
            at += 8 + (12 if kind == 4 else 8)
            records, at, found = word(at), at + 4, {}
            for _ in range(records):
                found[word(at)] = payload[at + 8 : at + 8 + word(at + 4)]
                at += 8 + word(at + 4)
            yield found
        at = end


def with_structures(rows, payloads):
    samples = [sample for payload in payloads for sample in counter_samples(payload)]
    assert len(samples) == len(rows)
    return [{**row, "structures": sample} for row, sample in zip(rows, samples)]


def expected_values(sample):
    """{column: value} from the structures of a sample, unpacked by Python."""
    values = {}
    for kind, (layout, columns) in STRUCTURES.items():
        if kind not in sample:
            continue
        for code, column, value in zip(layout[1:], columns.split(), struct.unpack_from(layout, sample[kind])):
            unknown = value < 0 if code in "fi" else column not in NUMBERS and value == 2 ** {"I": 32, "Q": 64}[code] - 1
            if not unknown:
                values[column] = round(value * 100) if code == "f" else value
    return values


def json_rows(*arguments):
    done = run_weir(*arguments)
    assert done.returncode == 0, done.stderr
    return harness.parse_lines(done.stdout)


@pytest.mark.parametrize("file", [*PCAPS, *PAYLOADS])
def test_decode_prints_what_tshark_reads(file, tmp_path):
    payloads = sflow_payloads(file)
    capture = as_pcap(payloads, tmp_path / "capture.pcap")
    done = run_weir("decode", "--counters", capture)
    rows = harness.parse_lines(done.stdout)
    assert len(rows) == {**PCAPS, **PAYLOADS}[file]
    assert f"counter_samples={len(rows)}" in done.stderr
    rows = with_structures(rows, payloads)
    for row in rows:
        said = {column: value for column, value in row.items() if column not in OF_EVERY_SAMPLE}
        assert said == expected_values(row["structures"])
    # tshark 4.0 does not skip structures that it does not know.
    clear = [p for p in payloads if all(kind in TSHARK_KNOWS for sample in counter_samples(p) for kind in sample)]
    clear_rows = with_structures(json_rows("decode", "--counters", as_pcap(clear, tmp_path / "clear.pcap")), clear)
    assert by_weir(clear_rows) == by_tshark(clear, tmp_path)


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
    """Sums over the rows of the ledger: decoded, stored, filtered, dropped."""
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
        # Samples of one datagram have the same time; ORDER BY cannot restore the order in which they were sent.
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
    # Any Parquet tool can read the files.
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
    assert stores.query(collector.data, ask, "--since", "-1h", "--time", "start")[0]["n"] == 8
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
        while collector.total("counters_stored") < 5_000:
            send(collector, payloads)
            time.sleep(0.02)
        send(collector, payloads)
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
        eventually(lambda: "8 counter samples" in again.stderr(), "nothing logged", 10, 0.2)
        assert stores.query(again.data, "SELECT count(*) AS n FROM counters")[0]["n"] == 0

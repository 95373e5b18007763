# SPDX-License-Identifier: Apache-2.0
"""Compares what `weir gen` reports as sent with what nfcapd and tshark decode."""

import collections
import json
import signal
import socket
import struct
import subprocess
import time

import pytest

import harness
import peers

PROTOCOLS = ("v5", "v9", "ipfix")


def gen(*flags, **kwargs):
    done = harness.run_weir("gen", *flags, "--format", "json", **kwargs)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Receiver:
    """Receives datagrams and writes them to a capture for tshark."""

    def __init__(self, host="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 32 << 20)  # SO_RCVBUFFORCE
        self.socket.bind((host, 0))
        self.port = self.socket.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def take(self):
        """All waiting datagrams: (source, payload)."""
        found = []
        self.socket.settimeout(0.2)
        try:
            while True:
                payload, source = self.socket.recvfrom(65536)
                found.append((source, payload))
        except TimeoutError:
            return found

    def write_pcap(self, datagrams, path):
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
            for (address, port), payload in ((s[:2], p) for s, p in datagrams):
                packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0,
                                     socket.inet_aton(address), socket.inet_aton("127.0.0.1"))
                packet += struct.pack(">HHHH", port, 2055, 8 + len(payload), 0) + payload
                out.write(struct.pack("<IIII", int(time.time()), 0, len(packet), len(packet)) + packet)


def tshark(path, *fields):
    command = [harness.program("tshark"), "-r", path, "-d", "udp.port==2055,cflow", "-T", "fields", "-E", "occurrence=a"]
    for field in fields:
        command += ["-e", field]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, env={"TZ": "UTC", "PATH": "/usr/bin"})
    return [[v.split(",") if v else [] for v in line.split("\t")] for line in answer.stdout.splitlines()]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_totals_are_those_of_nfcapd(protocol, tmp_path):
    before = time.time()
    with peers.Nfcapd(tmp_path) as nfcapd:
        sent = gen("--to", f"127.0.0.1:{nfcapd.port}", "--protocol", protocol, "--total", 20_000, "--rate", "40k",
                   "--exporters", 4, "--seed", 11)
        flows = nfcapd.finish()
    assert sent["records"] == 20_000 and sent["exporters"] == 4
    assert (len(flows), sum(f.packets for f in flows), sum(f.octets for f in flows)) == (
        sent["records"], sent["packets"], sent["bytes"])
    v6 = sum(":" in f.source for f in flows)
    assert v6 == 0 if protocol == "v5" else 0.09 < v6 / len(flows) < 0.11
    for f in flows:
        assert f.first_ms <= f.last_ms <= (time.time() + 0.001) * 1000
        assert f.first_ms > (before - 180) * 1000


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tshark_finds_every_record_and_no_fault(protocol, tmp_path):
    with Receiver() as receiver:
        sent = gen("--to", f"127.0.0.1:{receiver.port}", "--protocol", protocol, "--total", 3000, "--exporters", 3,
                   "--sampling-rate", 500, "--domain", 77, "--template-every", "5datagrams")
        datagrams = receiver.take()
    assert len(datagrams) == sent["datagrams"]
    assert {source[0] for source, _ in datagrams} == {"127.0.0.2", "127.0.0.3", "127.0.0.4"}
    receiver.write_pcap(datagrams, tmp_path / "gen.pcap")
    octets = packets = 0
    rates = collections.Counter()
    for row in tshark(tmp_path / "gen.pcap", "cflow.octets", "cflow.packets", "_ws.malformed",
                      "cflow.unexpected_sequence_number", "cflow.source_id", "cflow.od_id", "cflow.samplerate",
                      "cflow.sampler_random_interval", "cflow.sampling_packet_interval", "cflow.sampling_packet_space"):
        octets += sum(map(int, row[0]))
        packets += sum(map(int, row[1]))
        assert not row[2] and not row[3], "a record is malformed or out of sequence"
        assert set(row[4] + row[5]) <= {"77"}
        rates.update(tuple(values) for values in row[6:] if values)
    assert (octets, packets) == (sent["bytes"], sent["packets"])
    if protocol == "v5":
        assert set(rates) == {("500",)}
    elif protocol == "v9":
        assert rates == {("500",): sent["options_records"]}
    else:
        assert rates == {("1",): sent["options_records"], ("499",): sent["options_records"]}


@pytest.mark.parametrize("protocol", ("v9", "ipfix"))
def test_many_templates_are_used_in_turn(protocol, tmp_path):
    with Receiver() as receiver:
        sent = gen("--to", f"127.0.0.1:{receiver.port}", "--protocol", protocol, "--total", 4000, "--exporters", 2,
                   "--templates", 5, "--sampling-rate", 10)
        receiver.write_pcap(receiver.take(), tmp_path / "gen.pcap")
    rows = tshark(tmp_path / "gen.pcap", "cflow.template_id", "cflow.flowset_id", "cflow.octets", "_ws.malformed")
    announced = {template for row in rows for template in row[0]}
    used = collections.Counter(number for row in rows for number in row[1] if int(number) >= 256)
    used.pop("258")  # the template of the sampler
    assert len(announced) == 5 * 2 + 1 and set(used) | {"258"} == announced
    assert sum(int(n) for row in rows for n in row[2]) == sent["bytes"]
    assert not any(row[3] for row in rows)
    for family in (0, 1):  # IPv4, and IPv6 in one record of ten; each exporter uses its templates in turn
        turns = [count for number, count in used.items() if int(number) % 2 == family]
        assert len(turns) == 5 and max(turns) - min(turns) <= 2, used


def test_records_of_variable_length(tmp_path):
    names = {"https", "quic", "dns", "http", "icmp", "postgresql", "unclassified"}
    with Receiver() as receiver:
        sent = gen("--to", f"127.0.0.1:{receiver.port}", "--protocol", "ipfix", "--total", 3000, "--variable")
        receiver.write_pcap(receiver.take(), tmp_path / "gen.pcap")
    rows = tshark(tmp_path / "gen.pcap", "cflow.appl_name", "cflow.octets", "cflow.packets", "_ws.malformed",
                  "cflow.unexpected_sequence_number")
    assert {name for row in rows for name in row[0]} == names
    assert [sum(int(n) for row in rows for n in row[column]) for column in (1, 2)] == [sent["bytes"], sent["packets"]]
    assert sum(len(row[0]) for row in rows) == 3000 and not any(row[3] or row[4] for row in rows)


@pytest.mark.parametrize("flags", (("--variable",), ("--protocol", "v5", "--templates", "2"), ("--templates", "7")))
def test_templates_that_a_protocol_has_not(flags):
    answer = harness.run_weir("gen", "--to", "127.0.0.1:9", *flags)
    assert answer.returncode == 2 and flags[-2 if len(flags) > 1 else 0].strip("-") in answer.stderr


def test_same_seed_same_flows_whatever_the_rate():
    with Receiver() as receiver:
        to = ("--to", f"127.0.0.1:{receiver.port}", "--total", 5000, "--exporters", 7)
        runs = [gen(*to, "--rate", rate, "--seed", 5) for rate in ("0", "100k")]
        other = gen(*to, "--seed", 6)
    key = lambda run: (run["records"], run["datagrams"], run["bytes"], run["packets"])
    assert key(runs[0]) == key(runs[1])
    assert runs[0]["bytes"] != other["bytes"]


def test_default_is_five_datagrams_of_three_flows():
    with Receiver() as receiver:
        for protocol in PROTOCOLS:
            sent = gen("--host", "127.0.0.1", "--port", receiver.port, "--protocol", protocol)
            assert (sent["datagrams"], sent["records"]) == (5, 15)


def test_rate_is_kept():
    """The rate is never exceeded, and reached in at least one run of five: a busy machine may prevent the others."""
    records = []
    with Receiver() as receiver:
        while len(records) < 5 and max(records, default=0) <= 19_000:
            sent = gen("--to", f"127.0.0.1:{receiver.port}", "--rate", "20k", "--duration", "1s")
            records.append(sent["records"])
            receiver.take()
    assert 19_000 < max(records) < 20_100, records


def test_a_pause_after_so_many_records():
    with Receiver() as receiver:
        began = time.monotonic()
        done = harness.run_weir("gen", "--to", f"127.0.0.1:{receiver.port}", "--total", "2000", "--rate", "100k",
                                "--pause", "500:1s", "--format", "json")
        took = time.monotonic() - began
        assert 1 <= took < 10, took
        assert "pausing after 5" in done.stderr  # 500 or a few more, because datagrams are not split
        assert json.loads(done.stdout)["records"] == 2000


def test_ipv6_collector():
    with Receiver("::1") as receiver:
        sent = gen("--to", f"[::1]:{receiver.port}", "--exporters", 3, "--total", 300)
        datagrams = receiver.take()
    assert len(datagrams) == sent["datagrams"]
    assert len({source[1] for source, _ in datagrams}) == 3


def set_ids(datagram):
    at, found = 20, []
    while at + 4 <= len(datagram):
        number, length = struct.unpack_from(">HH", datagram, at)
        found.append(number)
        at += length
    return found


def test_templates_late_and_never():
    with Receiver() as receiver:
        to = ("--to", f"127.0.0.1:{receiver.port}", "--total", 100, "--ipv6", 0)
        late = gen(*to, "--templates-after", "300ms")
        sets = [set_ids(payload) for _, payload in receiver.take()]
        assert sets[-1] == [0] and all(ids == [256] for ids in sets[:-1])
        assert len(sets) == late["datagrams"] and late["seconds"] >= 0.3
        gen(*to, "--no-templates")
        assert all(set_ids(payload) == [256] for _, payload in receiver.take())


def test_source_port():
    with Receiver() as receiver:
        port = harness.free_port()
        gen("--to", f"127.0.0.1:{receiver.port}", "--source-port", port)
        assert {source for source, _ in receiver.take()} == {("127.0.0.1", port)}


def test_an_interrupted_run_prints_what_it_sent(tmp_path):
    with Receiver() as receiver:
        process = harness.Process([harness.weir_binary(), "gen", "--to", f"127.0.0.1:{receiver.port}", "--rate", "10k",
                                   "--format", "json"], tmp_path, "gen")
        with process:
            receiver.socket.recv(65536)
            time.sleep(0.3)
            assert process.stop(signal.SIGINT) == 0
        sent = json.loads(process.stdout_path.read_text())
        assert len(receiver.take()) + 1 == sent["datagrams"]


def test_nobody_listens_is_said():
    done = harness.run_weir("gen", "--to", f"127.0.0.1:{harness.free_port()}")
    assert done.returncode == 0 and "nobody listens" in done.stderr


@pytest.mark.parametrize("flags, word", [
    (["--bogus"], "--bogus"), (["--to", "1.2.3.4"], "HOST:PORT"), (["--to", "127.0.0.1:70000"], "70000"),
    (["--protocol", "v7"], "v7"), (["--protocol", "v5", "--ipv6", "0.5"], "--ipv6"), (["--rate", "fast"], "--rate"),
    (["--count", "0"], "--count"), (["--count", "2", "--total", "2"], "--total"), (["--exporters", "0"], "--exporters"),
    (["--protocol", "v5", "--flows", "31"], "30"), (["--flows", "5000"], "--flows"), (["--duration", "x"], "--duration"),
    (["--protocol", "v5", "--sampling-rate", "20000"], "16383"), (["--total", "-5"], "--total"),
    (["--pause", "100"], "RECORDS:TIME"), (["--pause", "x:1s"], "--pause"), (["--pause", "5:x"], "--pause"),
])
def test_bad_flags_are_usage_errors(flags, word):
    done = harness.run_weir("gen", *flags)
    assert done.returncode == 2 and word in done.stderr and not done.stdout

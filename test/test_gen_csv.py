# SPDX-License-Identifier: Apache-2.0
"""`weir gen --csv`: compares the flows of the file with what nfcapd and tshark decode."""

import collections
import csv
import gzip
import json
import random
import time

import pytest

import harness
import peers
from test_gen import PROTOCOLS, Receiver, gen, tshark

COLUMNS = ("start_ms", "end_ms", "src_addr", "dst_addr", "src_port", "dst_port", "proto", "tcp_flags", "packets", "bytes",
           "src_as", "dst_as", "in_if", "out_if", "tos")


def rows(count, v6=0.0, seed=1):
    """Flows of one hour in the past; every value of bytes is unique."""
    source = random.Random(seed)
    start = 1_313_481_706_976
    made = []
    for i in range(count):
        address = (lambda: f"2001:db8::{source.randrange(1, 65536):x}") if source.random() < v6 else (
            lambda: f"10.{source.randrange(256)}.{source.randrange(256)}.{source.randrange(1, 255)}")
        begin = start + source.randrange(3_000_000)
        made.append({"start_ms": begin, "end_ms": begin + source.randrange(60_000), "src_addr": address(),
                     "dst_addr": address(), "src_port": source.randrange(65536), "dst_port": source.randrange(65536),
                     "proto": source.choice((6, 17)), "tcp_flags": source.randrange(256),
                     "packets": source.randrange(1, 1000), "bytes": 100_000 + i, "src_as": source.randrange(1, 400_000),
                     "dst_as": source.randrange(1, 400_000), "in_if": source.randrange(1, 300),
                     "out_if": source.randrange(1, 300), "tos": source.randrange(256)})
    return made


def write(path, made, columns=COLUMNS):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", newline="") as out:
        writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(made)
    return path


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_flow_reaches_nfcapd_as_it_stands_in_the_file(protocol, tmp_path):
    made = rows(5_000, v6=0 if protocol == "v5" else 0.2)
    file = write(tmp_path / "flows.csv.gz", made)
    before = time.time() * 1000
    with peers.Nfcapd(tmp_path) as nfcapd:
        sent = gen("--to", f"127.0.0.1:{nfcapd.port}", "--protocol", protocol, "--csv", file, "--exporters", 3,
                   "--rate", "20k")
        flows = nfcapd.finish()
    assert (sent["records"], sent["skipped"], sent["exporters"]) == (len(made), 0, 3)
    assert sent["bytes"] == sum(r["bytes"] for r in made) and sent["packets"] == sum(r["packets"] for r in made)
    newest = max(r["end_ms"] for r in made)
    shift = max(f.last_ms for f in flows) - newest
    assert before - 2_000 < newest + shift <= time.time() * 1000, "the newest flow must end just before the start"
    key = lambda r: (r["src_addr"], r["dst_addr"], r["proto"], r["src_port"], r["dst_port"], r["packets"], r["bytes"],
                     r["start_ms"] + shift, r["end_ms"] + shift)
    assert sorted(tuple(f) for f in flows) == sorted(map(key, made))


def test_template_has_exactly_the_files_columns(tmp_path):
    """The template has tshark's names for the elements, in the order of the file."""
    file = write(tmp_path / "flows.csv", rows(50), ("bytes", "dst_addr", "out_if", "tos", "src_as", "tcp_flags"))
    expected = {"v9": ["1", "12", "14", "5", "16", "6"], "ipfix": ["1", "12", "14", "5", "16", "6"]}
    for protocol, types in expected.items():
        with Receiver() as receiver:
            gen("--to", f"127.0.0.1:{receiver.port}", "--protocol", protocol, "--csv", file)
            receiver.write_pcap(receiver.take(), tmp_path / "gen.pcap")
        field = "cflow.template_field_type" if protocol == "v9" else "cflow.template_ipfix_field_type"
        found = [row[0] for row in tshark(tmp_path / "gen.pcap", field)]
        assert found[0] == types and not any(found[1:]), "the template must occur exactly once"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tshark_reads_every_column(protocol, tmp_path):
    made = rows(200)
    file = write(tmp_path / "flows.csv", made)
    with Receiver() as receiver:
        gen("--to", f"127.0.0.1:{receiver.port}", "--protocol", protocol, "--csv", file)
        receiver.write_pcap(receiver.take(), tmp_path / "gen.pcap")
    fields = {"cflow.srcaddr": "src_addr", "cflow.dstaddr": "dst_addr", "cflow.srcport": "src_port",
              "cflow.dstport": "dst_port", "cflow.protocol": "proto", "cflow.packets": "packets", "cflow.octets": "bytes",
              "cflow.inputint": "in_if", "cflow.outputint": "out_if", "cflow.srcas": "src_as", "cflow.dstas": "dst_as",
              "cflow.tos": "tos"}
    found = collections.defaultdict(list)
    for row in tshark(tmp_path / "gen.pcap", *fields, "_ws.malformed", "cflow.unexpected_sequence_number"):
        assert not row[-1] and not row[-2]
        for column, values in zip(fields.values(), row):
            found[column] += [v if "." in v else int(v, 0) for v in values]
    for column in fields.values():
        expected = [r[column] for r in made]
        if protocol == "v5" and column in ("src_as", "dst_as"):
            expected = [n if n < 65536 else 23456 for n in expected]
        assert found[column] == expected, column


def test_what_v5_cannot_carry_is_skipped_and_counted(tmp_path):
    made = rows(100) + rows(30, v6=1)
    for row, column, value in zip(made, ("bytes", "packets", "in_if", "out_if"), (1 << 32, 1 << 32, 65536, 70000)):
        row[column] = value
    file = write(tmp_path / "flows.csv", made)
    with Receiver() as receiver:
        to = ("--to", f"127.0.0.1:{receiver.port}", "--csv", file)
        v5, v9 = gen(*to, "--protocol", "v5"), gen(*to)
    assert (v5["records"], v5["skipped"]) == (96, 34)
    assert v5["bytes"] == sum(r["bytes"] for r in made[4:100])
    assert (v9["records"], v9["skipped"], v9["bytes"]) == (130, 0, sum(r["bytes"] for r in made))


def test_the_file_is_sent_once_or_again_until_enough(tmp_path):
    made = rows(700)
    file = write(tmp_path / "flows.csv", made)
    with Receiver() as receiver:
        to = ("--to", f"127.0.0.1:{receiver.port}", "--csv", file)
        assert gen(*to)["records"] == 700
        assert gen(*to, "--rate", "50k")["records"] == 700
        sent = gen(*to, "--total", 1500)
        assert sent["records"] == 1500
        assert sent["bytes"] == 2 * sum(r["bytes"] for r in made) + sum(r["bytes"] for r in made[:100])
        assert gen(*to, "--total", 300)["bytes"] == sum(r["bytes"] for r in made[:300])
        assert gen(*to, "--count", 100, "--flows", 10)["records"] == 1000
        assert gen(*to, "--rate", "10k", "--duration", "300ms")["records"] > 2000


def test_the_campus_file(tmp_path):
    file = harness.shared("flows/campus-a.csv.gz")
    with gzip.open(file, "rt") as lines:
        total = collections.Counter()
        for row in csv.DictReader(lines):
            total.update(records=1, bytes=int(row["bytes"]), packets=int(row["packets"]))
    done = harness.run_weir("gen", "--to", f"127.0.0.1:{harness.free_port()}", "--csv", file, "--format", "json")
    assert {k: v for k, v in json.loads(done.stdout).items() if k in total} == total


@pytest.mark.parametrize("text, flags, words", [
    ("bytes,colour\n", [], [":1:", "colour"]),
    ("bytes\n1\nx\n", [], [":3:", "bytes", "'x'"]),
    ("bytes\n", [], ["no flows"]),
    ("src_addr\n2001:db8::1\n", ["--protocol", "v5"], ["v5", "--protocol"]),
    ("start_ms\n1\n9999999999\n", [], ["115 days", "ipfix"]),
    ("bytes\n1\n", ["--ipv6", "0.5"], ["--ipv6", "--csv"]),
    ("bytes\n1\n", ["--sampling-rate", "5"], ["--sampling-rate", "--csv"]),
])
def test_errors_come_before_anything_is_sent(text, flags, words, tmp_path):
    (tmp_path / "flows.csv").write_text(text)
    with Receiver() as receiver:
        done = harness.run_weir("gen", "--to", f"127.0.0.1:{receiver.port}", "--csv", tmp_path / "flows.csv", *flags)
        assert done.returncode == 2 and not done.stdout
        assert all(word in done.stderr for word in words), done.stderr
        assert receiver.take() == []


def test_a_file_that_is_not_there_or_cut(tmp_path):
    done = harness.run_weir("gen", "--csv", tmp_path / "none.csv")
    assert done.returncode == 2 and "none.csv" in done.stderr
    whole = write(tmp_path / "flows.csv.gz", rows(5000)).read_bytes()
    (tmp_path / "cut.csv.gz").write_bytes(whole[:len(whole) // 2])
    done = harness.run_weir("gen", "--csv", tmp_path / "cut.csv.gz")
    assert done.returncode == 2 and "cut.csv.gz" in done.stderr and "gzip" in done.stderr

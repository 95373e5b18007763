# SPDX-License-Identifier: Apache-2.0
"""Data directories that an earlier version of Weir wrote, and what that version reported about them.

They are in test/data/ and were made once, by `python test/old_store.py BINARY FOLDER` with the binary of that version:
one directory of a collector that was stopped, one of a collector that was killed before all decoded rows were stored.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

import packets
from packets import FLOW, FLOW_MS, data_set, flow, flow_sample, ipfix, sampled_ipv4, sflow, template_set9, template_set10, v5, v9

DATA = pathlib.Path(__file__).resolve().parent / "data"
# Source ports of the exporters: they are part of the sessions to which the templates belong.
V9_PORT, IPFIX_PORT, V5_PORT, SFLOW_PORT = 41117, 41118, 41119, 41120
V9_DOMAIN, IPFIX_DOMAIN = 7, 9
TAG = 40001  # a user-defined field
V9_FIELDS = [*FLOW, (TAG, 4)]
IPFIX_FIELDS = FLOW_MS
FLAGS = ["--field", f"tag={TAG}:unsigned"]
QUERY = ("SELECT type, sampler_address, observation_domain_id, count(*) AS n, sum(bytes) AS bytes, sum(packets) AS packets, "
         "sum(tag) AS tags, max(sampling_rate) AS rate, min(src_addr) AS first, max(src_addr) AS last FROM flows GROUP BY ALL "
         "ORDER BY ALL")
COUNTERS = "SELECT count(*) AS n FROM counters"
KINDS = ("stopped", "killed")


def v9_flow(n):
    return {**flow(n), TAG: 7000 + n}


def sampling_options(rate):
    """An options template (RFC 3954 §6.1) of scope System with the sampling interval, and one record for it."""
    template = packets.struct.pack("!HHHHHHH", 257, 4, 4, 1, 4, 34, 4)
    return packets.set_of(1, template), packets.set_of(257, packets.struct.pack("!II", 1, rate))


def interface_counters(sequence):
    """An sFlow counter sample of one interface (generic counters)."""
    generic = packets.xdr(1, packets.struct.pack("!IIQII", 3, 6, 10**9, 1, 3) + bytes(88 - 24))
    return packets.xdr(2, packets.struct.pack("!III", sequence, 3, 1) + generic)


def send(to, make_sender):
    """Sends 14 records that are stored, one data set that waits for its template, and a counter sample."""
    with make_sender(V9_PORT) as sender:
        options = sampling_options(100)
        sender.send(to, v9(template_set9(256, V9_FIELDS), *options, sequence=0, domain=V9_DOMAIN))
        sender.send(to, v9(data_set(256, V9_FIELDS, *map(v9_flow, range(5))), sequence=1, domain=V9_DOMAIN))
        sender.send(to, v9(data_set(300, FLOW, flow(90)), sequence=2, domain=V9_DOMAIN))
    with make_sender(IPFIX_PORT) as sender:
        sender.send(to, ipfix(template_set10(256, IPFIX_FIELDS), data_set(256, IPFIX_FIELDS, *map(flow, range(10, 14))),
                                sequence=0, domain=IPFIX_DOMAIN))
    with make_sender(V5_PORT) as sender:
        sender.send(to, v5(*map(flow, range(20, 23)), sequence=0))
    with make_sender(SFLOW_PORT) as sender:
        sender.send(to, sflow("192.0.2.77", flow_sample(sampled_ipv4(), sequence=1), flow_sample(sampled_ipv4(), sequence=2),
                                interface_counters(1)))


def unpack(kind, folder):
    """The data directory, and the earlier version's reports: {"flows": rows, "counters": rows, "exporters": rows}."""
    with tarfile.open(DATA / f"store-version-2-{kind}.tar.gz") as archive:
        archive.extractall(folder)
    return folder / "data", json.loads((DATA / f"store-version-2-{kind}.json").read_text())


def _make(binary, folder, kind):
    import harness

    os.environ["WEIR_BINARY"] = binary
    collector = harness.Collector(folder / kind, *FLAGS, format=None, store=True, env={"WEIR_STORE_FLUSH": "1s"})
    send(collector.address, lambda port: harness.Sender(port=port))
    collector.wait_total("records", 14)

    def ask(*arguments):
        done = subprocess.run([binary, *arguments], check=True, capture_output=True, text=True)
        return done.stdout

    def rows(sql):
        return [json.loads(line) for line in ask("query", "--data", collector.data, "--format", "json", sql).splitlines()]

    harness.eventually(lambda: sum(row["n"] for row in rows(QUERY)) == 14 and rows(COUNTERS)[0]["n"] == 1, "not stored", 20)
    if kind == "killed":
        with harness.Sender(port=V5_PORT) as sender:
            sender.send(collector.address, v5(*map(flow, range(23, 30)), sequence=3))
        collector.wait_total("records", 21)
        harness.eventually(lambda: sum(r["records"] for r in json.loads(ask("exporters", "--data", collector.data, "--format",
                           "json")) if r.get("exporter")) == 21, "not saved", 5, 0.001)
        collector.popen.kill()
        collector.popen.wait()
    else:
        assert collector.stop() == 0
    answers = {"flows": rows(QUERY), "counters": rows(COUNTERS),
               "exporters": json.loads(ask("exporters", "--data", collector.data, "--format", "json"))}
    (DATA / f"store-version-2-{kind}.json").write_text(json.dumps(answers, indent=1) + "\n")
    with tarfile.open(DATA / f"store-version-2-{kind}.tar.gz", "w:gz") as archive:
        archive.add(collector.data, "data")
    return answers


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    for each in KINDS:
        shutil.rmtree(pathlib.Path(sys.argv[2]) / each, ignore_errors=True)
        print(json.dumps(_make(sys.argv[1], pathlib.Path(sys.argv[2]), each)["flows"]))

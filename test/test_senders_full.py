# SPDX-License-Identifier: Apache-2.0
"""Floods of small datagrams from forged sources: known and new exporters lose no records."""

import random
import sqlite3
import struct

import packets
from harness import Collector, Sender, eventually
from packets import FLOW, FLOW_MS

SESSIONS = 131_072  # limits::kSessions and limits::kLedgerRows


def flood(collector, sender, count):
    """Sends empty v9 headers, each with a new domain, no faster than they are read."""
    for n in range(count):
        sender.send(collector.address, struct.pack("!HHIIII", 9, 0, 1000, packets.EXPORT_SECONDS, 1, 1_000_000 + n))
        if n % 250 == 249:
            collector.wait_read()
    collector.wait_read()


class Flooded(Collector):
    def wait_read(self):
        eventually(lambda: self.kernel_queue()[0] == 0, "the flood is not read", timeout=60, every=0.002)


def good_v9(n, domain=5):
    return packets.v9(packets.template_set9(300, FLOW), packets.data_set(300, FLOW, packets.flow(n)), domain=domain)


def send_new_exporters(collector, first):
    """Sends three records from new exporters: v5, sFlow and v9."""
    with Sender(f"127.1.0.{first}") as v5, Sender(f"127.1.1.{first}") as sflow, Sender(f"127.1.2.{first}") as v9:
        v5.send(collector.address, packets.v5(packets.flow(first)))
        sample = packets.flow_sample(packets.sampled_ipv4())
        sflow.send(collector.address, packets.sflow(f"127.1.1.{first}", sample))
        v9.send(collector.address, good_v9(first))


def by_exporter(collector):
    """The records by exporter, and the number of all datagrams, read from the saved ledger, which is large."""
    with sqlite3.connect(collector.data / "catalog.db") as catalog:
        records = dict(catalog.execute("SELECT exporter, sum(records) FROM exporters WHERE records > 0 GROUP BY 1"))
        return records, catalog.execute("SELECT sum(datagrams) FROM exporters").fetchone()[0]


def test_headers_with_ever_new_domains_lock_nobody_out(tmp_path):
    with Flooded(tmp_path, "--workers", "1") as collector, Sender("127.0.0.9") as attacker, Sender("127.0.9.1") as known:
        known.send(collector.address, good_v9(1))
        flood(collector, attacker, SESSIONS + 4000)
        send_new_exporters(collector, 1)
        with Sender("127.0.9.1") as another_port:
            another_port.send(collector.address, good_v9(2))
        known.send(collector.address, good_v9(3))
        collector.wait_flows(6, timeout=30)
        assert collector.resident_bytes() < 900 << 20
        collector.finish()
        records, datagrams = by_exporter(collector)
        assert records == {"127.0.9.1": 3, "127.1.0.1": 1, "127.1.1.1": 1, "127.1.2.1": 1}
        assert datagrams == SESSIONS + 4000 + 6

    # The same after a restart, with a ledger full of forged exporters.
    with Flooded(tmp_path / "again", "--workers", "1", data=tmp_path / "data") as collector:
        send_new_exporters(collector, 2)
        collector.wait_flows(3, timeout=30)
        collector.finish()
        records, datagrams = by_exporter(collector)
        assert {"127.1.0.2", "127.1.1.2", "127.1.2.2"} < set(records)
        assert datagrams == SESSIONS + 4000 + 9


def test_bare_headers_with_forged_numbers_cost_a_good_exporter_nothing(tmp_path):
    forged = random.Random(5)
    with Collector(tmp_path, "--workers", "1") as collector, Sender() as exporter:
        exporter.send(collector.address, packets.ipfix(packets.template_set10(300, FLOW_MS)))
        for n in range(200):
            data = packets.data_set(300, FLOW_MS, packets.flow(n))
            exporter.send(collector.address, packets.ipfix(data, sequence=n))
            if n % 20 == 10:
                wild = packets.ipfix(sequence=forged.getrandbits(32), seconds=packets.EXPORT_SECONDS + 60)
                exporter.send(collector.address, wild)
        collector.wait_total("records", 200)
        row = collector.exporters()[0]
        assert (row["restarts"], row["sequence_lost"], row["quarantined"], row["held"]) == (0, 0, 0, 0)

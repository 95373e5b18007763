# SPDX-License-Identifier: Apache-2.0
"""Forged datagrams with an exporter's address and random sequence numbers: no record of the real exporter is lost."""

import random

import packets
import pytest
from harness import Collector, Sender
from packets import DST4, EXPORT_SECONDS, FLOW, FLOW_MS, SRC4, UPTIME_MS

DATAGRAMS = 300
WILD = 30
OTHER_LAYOUT = [(DST4, 4), (SRC4, 4)]


class V5:
    name = "v5"
    template = b""

    def good(self, n):
        return packets.v5(packets.flow(n), sequence=n, uptime=UPTIME_MS + n)

    def wild(self, forged, n):
        return packets.v5(packets.flow(n), sequence=forged.getrandbits(32), uptime=forged.getrandbits(32))


class V9:
    name = "v9"
    template = packets.v9(packets.template_set9(300, FLOW), sequence=0)

    def good(self, n):
        return packets.v9(packets.data_set(300, FLOW, packets.flow(n)), sequence=n + 1, uptime=UPTIME_MS + n)

    def wild(self, forged, n):
        sets = [packets.template_set9(300, OTHER_LAYOUT), packets.data_set(300, FLOW, packets.flow(n))]
        return packets.v9(*sets[n % 2 :], sequence=forged.getrandbits(32), uptime=forged.getrandbits(32))


class Ipfix:
    name = "ipfix"
    template = packets.ipfix(packets.template_set10(300, FLOW_MS))

    def good(self, n):
        return packets.ipfix(packets.data_set(300, FLOW_MS, packets.flow(n)), sequence=n)

    def wild(self, forged, n):
        sets = [packets.template_set10(300, OTHER_LAYOUT), packets.data_set(300, FLOW_MS, packets.flow(n))]
        seconds = EXPORT_SECONDS + forged.randrange(3600)
        return packets.ipfix(*sets[n % 2 :], sequence=forged.getrandbits(32), seconds=seconds)


@pytest.mark.parametrize("protocol", [V5(), V9(), Ipfix()], ids=lambda p: p.name)
def test_one_wild_header_costs_nothing(tmp_path, protocol):
    forged = random.Random(5)
    with Collector(tmp_path, "--workers", "1") as collector, Sender() as exporter:
        if protocol.template:
            exporter.send(collector.address, protocol.template)
        for n in range(DATAGRAMS):
            exporter.send(collector.address, protocol.good(n))
            if n % (DATAGRAMS // WILD) == 5:
                exporter.send(collector.address, protocol.wild(forged, 1_000_000 + n))
        collector.wait_total("records", DATAGRAMS + WILD)
        row = collector.exporters()[0]
        assert (row["restarts"], row["sequence_lost"], row["quarantined"], row["held"]) == (0, 0, 0, 0)
        assert row["duplicates"] == row["duplicate_records"] == WILD
        assert row["datagrams"] == DATAGRAMS + WILD + bool(protocol.template)
        sources = {packets.ipv4(flow["src_addr"]) - packets.ipv4("10.0.0.0") for flow in collector.finish()}
        assert sources >= set(range(DATAGRAMS)), "read with the wrong layout"


@pytest.fixture
def running(tmp_path):
    """A collector, and an IPFIX exporter that has sent it ten records, numbered from 1000."""
    with Collector(tmp_path, "--workers", "1") as collector, Sender() as exporter:
        exporter.send(collector.address, Ipfix.template)
        for n in range(1000, 1010):
            exporter.send(collector.address, Ipfix().good(n))
        collector.wait_total("records", 10)
        yield collector, exporter


def test_a_restart_is_believed_with_its_second_datagram(running):
    collector, exporter = running
    for n in range(2):
        sets = [packets.template_set10(300, FLOW_MS), packets.data_set(300, FLOW_MS, packets.flow(n))]
        exporter.send(collector.address, packets.ipfix(*sets, sequence=n, seconds=EXPORT_SECONDS + 60))
    collector.wait_total("records", 12)
    assert collector.exporters()[0]["restarts"] == 1


def test_a_restart_of_which_one_datagram_comes_is_believed_after_a_while(running):
    collector, exporter = running
    exporter.send(collector.address, packets.ipfix(sequence=0, seconds=EXPORT_SECONDS + 60))
    collector.wait_total("restarts", 1, timeout=20)

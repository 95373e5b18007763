# SPDX-License-Identifier: Apache-2.0
"""Hostile traffic beside two good exporters, of which one starts during the attack: every record of both is decoded.

Five thousand datagrams a second from five thousand forged addresses, and forged headers of the first good exporter.
Takes ten seconds, in which little memory is filled; in full length fifteen minutes, with the default limits.
"""

import itertools
import random
import struct
import time

import packets
from harness import Collector, ManySources, Sender, eventually
from packets import FLOW, FLOW_MS

HOSTILE_PER_SECOND = 5_000
GOOD_RECORDS_PER_SECOND = 20_000
RECORDS_PER_DATAGRAM = 25
SOURCES = 5_000
TICK = 0.01  # seconds between bursts
MOST_RESIDENT_BYTES = 900 << 20


class GoodExporter:
    """A fixed number of records a second, its template every few seconds, sequence numbers as the RFCs require."""

    def __init__(self, address, domain, protocol):
        self.sender, self.domain, self.protocol = Sender(address), domain, protocol
        self.datagrams = self.records = 0
        values = [packets.flow(n) for n in range(RECORDS_PER_DATAGRAM)]
        fields = FLOW_MS if protocol == "ipfix" else FLOW
        self.data = packets.data_set(300, fields, *values)
        make = packets.template_set10 if protocol == "ipfix" else packets.template_set9
        self.template = make(300, fields)

    def message(self, *sets):
        now = int(time.time())
        if self.protocol == "ipfix":
            return packets.ipfix(*sets, sequence=self.records, domain=self.domain, seconds=now)
        uptime = (3_600_000 + self.datagrams) & 0xFFFFFFFF
        return packets.v9(*sets, sequence=self.datagrams, domain=self.domain, seconds=now, uptime=uptime)

    def send(self, to):
        sets = [self.data]
        if self.datagrams % 2_000 == 0:
            sets.insert(0, self.template)
        self.sender.send(to, self.message(*sets))
        self.datagrams += 1
        self.records += RECORDS_PER_DATAGRAM


class Attack:
    """Endless hostile datagrams, all different."""

    def __init__(self, to, victim):
        self.many, self.victim, self.to = ManySources(to), victim, to
        self.random = random.Random(12)
        self.sources = [f"127.{20 + n // 62500}.{n // 250 % 250}.{n % 250 + 1}" for n in range(SOURCES)]
        self.numbers = itertools.count()
        fields = [(self.random.randrange(1, 30_000), 1) for _ in range(1_000)]
        self.template = bytearray(packets.v9(packets.set_of(0, packets.template_record(256, fields))))

    def send(self):
        n = next(self.numbers)
        source = self.sources[self.random.randrange(SOURCES)]
        kind = n % 100
        if kind == 0:
            self.victim.sender.send(self.to, self.forged(n // 100))
        elif kind < 40:
            self.many.send(source, packets.v9(domain=n, sequence=self.random.getrandbits(32)))
        elif kind < 70:
            self.many.send(source, self.new_layout(n))
        else:
            self.many.send(source, packets.sflow("192.0.2.1", sub_agent=n, sequence=n))

    def forged(self, n):
        """A datagram with the victim's address and a random number: only a header, or also a changed template."""
        sets = [packets.template_set10(300, [(packets.DST4, 4), (packets.SRC4, 4)])][n % 2 :]
        return packets.ipfix(*sets, sequence=self.random.getrandbits(32), domain=self.victim.domain,
                             seconds=int(time.time()))

    def new_layout(self, n):
        """A template with another id and another first element: it changes a known template or adds one."""
        struct.pack_into("!H", self.template, 24, 256 + self.random.randrange(4_000))
        struct.pack_into("!H", self.template, 28, n % 30_000 + 1)
        return bytes(self.template)


def run(seconds, attack, first, second, weir):
    """Sends in bursts on a fixed schedule; returns the collector's peak memory."""
    began, most, behind = time.monotonic(), 0, 0.0
    good, hostile = [0.0, 0.0], 0.0
    for tick in itertools.count(1):
        at = tick * TICK
        if at > seconds:
            first.send(weir.address)  # so that good datagrams follow the last forged ones
            second.send(weir.address)
            return most
        exporters = [first] if at < seconds / 2 else [first, second]
        for n, exporter in enumerate(exporters):
            good[n] += GOOD_RECORDS_PER_SECOND / RECORDS_PER_DATAGRAM * TICK
            for _ in range(int(good[n])):
                exporter.send(weir.address)
            good[n] -= int(good[n])
        hostile += HOSTILE_PER_SECOND * TICK
        for _ in range(int(hostile)):
            attack.send()
        hostile -= int(hostile)
        if tick % 50 == 0:
            most = max(most, weir.resident_bytes())
        behind = began + at - time.monotonic()
        if behind > 0:
            time.sleep(behind)


def row_of(weir, exporter):
    rows = [r for r in weir.exporters() if r["exporter"] == exporter.sender.address and r["domain"] == exporter.domain]
    assert len(rows) == 1, f"{len(rows)} rows of {exporter.sender.address}"
    return rows[0]


def assert_whole(weir, exporter):
    row = row_of(weir, exporter)
    assert row["records"] == exporter.records, row
    assert (row["sequence_lost"], row["restarts"], row.get("quarantined", 0)) == (0, 0, 0), row


def assert_idle(weir):
    def idle():
        before, began = weir.cpu_seconds(), time.monotonic()
        time.sleep(1)
        return weir.cpu_seconds() - before < 0.1 * (time.monotonic() - began)

    eventually(idle, "the collector is not idle after the attack", timeout=30)


def test_good_exporters_are_decoded_whole_beside_an_attack(tmp_path, length):
    seconds = length(10, 900)
    limits = length(["--senders-bytes", "64MiB"], [])
    with Collector(tmp_path, *limits, "--rcvbuf", str(64 << 20), format=None, store=True) as weir:
        first = GoodExporter("127.0.5.1", 7, "ipfix")
        second = GoodExporter("127.0.5.2", 8, "v9")
        most = run(seconds, Attack(weir.address, first), first, second, weir)
        eventually(lambda: weir.kernel_queue()[0] == 0, "the socket is not drained", timeout=60)
        assert weir.kernel_queue()[1] == 0, "the kernel dropped datagrams: the machine is too slow for this load"
        assert_idle(weir)
        assert most <= MOST_RESIDENT_BYTES, f"{most >> 20} MiB resident"
        for exporter in (first, second):
            assert_whole(weir, exporter)
        assert weir.stop(timeout=60) == 0, weir.stderr()[-3000:]
    began = time.monotonic()
    with Collector(tmp_path, *limits, name="again", format=None, store=True) as weir:
        took = time.monotonic() - began
        assert took < 5, f"after the attack a start takes {took:.1f} s"
        for exporter in (first, second):
            assert_whole(weir, exporter)
        assert weir.stop(timeout=60) == 0

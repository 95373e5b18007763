# SPDX-License-Identifier: Apache-2.0
"""The loss ledger: the number that an exporter sent equals the number received plus the number lost, exactly."""

import json
import random
import signal
import sqlite3
import subprocess

import pytest

import packets
from harness import Sender, eventually, free_port, http, run_weir, weir_binary
from packets import FLOW, FLOW_MS

TEMPLATE9, TEMPLATE10 = packets.template_set9(300, FLOW), packets.template_set10(300, FLOW_MS)


class V5:
    """A v5 exporter: the sequence number is the number of the datagram's first record."""

    protocol, unit = "v5", "records"

    def __init__(self, start=0):
        self.sequence = start
        self.seconds, self.uptime = packets.EXPORT_SECONDS, packets.UPTIME_MS
        self.sent_records = self.sent_datagrams = 0

    def next(self, records=10):
        datagram = self._build([packets.flow(self.sent_records + i) for i in range(records)])
        self.sequence += self._step(records)
        self.sent_records += records
        self.sent_datagrams += 1
        return datagram

    def _step(self, records):
        return records

    def _build(self, flows):
        return packets.v5(*flows, sequence=self.sequence, seconds=self.seconds, uptime=self.uptime)

    def sent(self):
        return self.sent_records

    @staticmethod
    def received(account):
        return account["records"]


class Ipfix(V5):
    """IPFIX: the sequence number is the number of data records sent before this message (RFC 7011 §3.1)."""

    protocol = "ipfix"

    def _build(self, flows):
        return packets.ipfix(
            TEMPLATE10, packets.data_set(300, FLOW_MS, *flows), sequence=self.sequence, seconds=self.seconds
        )


class V9(V5):
    """v9: the sequence number is the number of datagrams sent (RFC 3954 §5.1)."""

    protocol, unit = "v9", "datagrams"

    def _step(self, records):
        return 1

    def _build(self, flows):
        return packets.v9(
            TEMPLATE9,
            packets.data_set(300, FLOW, *flows),
            sequence=self.sequence,
            seconds=self.seconds,
            uptime=self.uptime,
        )

    def sent(self):
        return self.sent_datagrams

    @staticmethod
    def received(account):
        return account["datagrams"]


@pytest.fixture(params=[V5, V9, Ipfix], ids=lambda e: e.protocol)
def exporter(request):
    return request.param()


def account_of(weir, sender, datagrams):
    """Waits for `datagrams` received datagrams and returns the only account."""
    eventually(lambda: weir.total("datagrams") >= datagrams, lambda: weir.ledger())
    [account] = [a for a in weir.exporters() if a["exporter"] == sender.address]
    return account


def deliver(weir, exporter, order):
    """Sends the exporter's datagrams in this order (None: a datagram that is lost); returns its account."""
    made = [exporter.next() for _ in range(1 + max(order))]
    with Sender() as sender:
        sender.send(weir.address, *(made[n] for n in order))
        return account_of(weir, sender, len(order))


def test_nothing_lost(collect, exporter):
    account = deliver(collect(), exporter, range(20))
    assert (account["protocol"], account["sequence_unit"]) == (exporter.protocol, exporter.unit)
    assert account["records"] == exporter.sent_records == 200
    assert account["datagrams"] == 20
    for column in ("sequence_lost", "duplicates", "restarts", "malformed", "held", "missing_template"):
        assert account[column] == 0, column


def test_losses_are_counted_in_the_protocols_unit(collect, exporter):
    account = deliver(collect(), exporter, [n for n in range(50) if n not in (3, 4, 17, 40)])
    assert account["sequence_lost"] == 4 * (10 if exporter.unit == "records" else 1)
    assert exporter.sent() == exporter.received(account) + account["sequence_lost"]


def test_reordering_is_not_loss(collect, exporter):
    account = deliver(collect(), exporter, [0, 2, 1, 3, 6, 5, 4, 7, 9, 8, 10])
    assert account["sequence_lost"] == 0 and account["restarts"] == 0 and account["duplicates"] == 0
    assert account["records"] == exporter.sent_records


def test_a_late_datagram_takes_back_its_own_loss_only(collect, exporter):
    account = deliver(collect(), exporter, [0, 1, 5, 6, 3, 7])  # 2 and 4 never arrive
    assert account["sequence_lost"] == 2 * (10 if exporter.unit == "records" else 1)
    assert exporter.sent() == exporter.received(account) + account["sequence_lost"]


def test_duplicates_are_named(collect, exporter):
    account = deliver(collect(), exporter, [0, 1, 1, 2, 3, 3, 4])
    assert account["duplicates"] == 2
    assert account["sequence_lost"] == 0 and account["restarts"] == 0


def test_a_restart_is_no_loss(collect, exporter):
    """A minute later the sequence starts again at zero, and so does the uptime, if the protocol has one."""
    weir = collect()
    exporter.sequence = 1_000_000
    before = [exporter.next() for _ in range(5)]
    exporter.sequence, exporter.uptime, exporter.seconds = 0, 30_000, exporter.seconds + 60
    after = [exporter.next() for _ in range(5)]
    with Sender() as sender:
        sender.send(weir.address, *before, *after)
        account = account_of(weir, sender, 10)
    assert account["restarts"] == 1
    assert account["sequence_lost"] == 0
    assert account["records"] == exporter.sent_records


def test_the_sequence_wraps(collect, exporter):
    exporter.sequence = 2**32 - (25 if exporter.unit == "records" else 2)
    account = deliver(collect(), exporter, [0, 1, 2, 4, 5])
    assert account["restarts"] == 0
    assert account["sequence_lost"] == (10 if exporter.unit == "records" else 1)


def test_accounts_are_kept_apart(collect):
    """Each exporter, domain and protocol has its own sequence: interleaved datagrams are not counted as loss."""
    weir = collect()
    with Sender("127.0.1.1") as one, Sender("127.0.1.2") as two:
        streams = [(one, V5()), (one, V9()), (one, Ipfix()), (two, V5(500)), (two, Ipfix(70_000))]
        for _ in range(20):
            for sender, exporter in streams:
                sender.send(weir.address, exporter.next())
        eventually(lambda: weir.total("datagrams") == 100, lambda: weir.ledger())
    found = {(a["exporter"], a["protocol"]): a for a in weir.exporters()}
    assert set(found) == {("127.0.1.1", p) for p in ("v5", "v9", "ipfix")} | {("127.0.1.2", p) for p in ("v5", "ipfix")}
    assert all(a["sequence_lost"] == 0 and a["records"] == 200 and a["restarts"] == 0 for a in found.values())


def test_ipfix_counts_options_and_held_records(collect):
    """RFC 7011 counts every data record, including options records and records that still wait for a template."""
    weir = collect()
    options_template = packets.set_of(3, bytes.fromhex("0101 0002 0001 0095 0004 0022 0004"))  # 257: domain, rate
    options = packets.set_of(257, (0).to_bytes(4, "big") + (100).to_bytes(4, "big"))
    with Sender() as sender:
        sender.send(
            weir.address,
            packets.ipfix(options_template, options, sequence=0),
            packets.ipfix(packets.data_set(300, FLOW_MS, packets.flow(1), packets.flow(2)), sequence=1),
            packets.ipfix(TEMPLATE10, packets.data_set(300, FLOW_MS, packets.flow(3)), sequence=3),
            packets.ipfix(packets.data_set(300, FLOW_MS, packets.flow(4)), sequence=4),
        )
        account = account_of(weir, sender, 4)
    assert account["records"] == 4 and account["replayed"] == 2
    assert account["sequence_lost"] == 0 and account["restarts"] == 0
    assert {f["sampling_rate"] for f in weir.wait_flows(4)} == {100}


def drained(weir):
    """Waits until the socket is empty; returns the kernel's count of drops."""
    eventually(lambda: weir.kernel_queue()[0] == 0, "the socket is not drained")
    return weir.kernel_queue()[1]


def overload(weir, send):
    """Stops the collector while send() runs, so that its socket overflows; returns the kernel's count of drops."""
    weir.popen.send_signal(signal.SIGSTOP)
    try:
        send()
    finally:
        weir.popen.send_signal(signal.SIGCONT)
    return drained(weir)


def test_overflow_is_told_to_the_record(collect, exporter):
    weir = collect("--rcvbuf", "65536", "--workers", "1")
    with Sender() as sender:
        sender.send(weir.address, exporter.next())
        drops = overload(weir, lambda: [sender.send(weir.address, exporter.next()) for _ in range(2000)])
        assert drops > 0, "the test did not overflow the socket"
        received = exporter.sent_datagrams - drops
        account_of(weir, sender, received)
        sender.send(weir.address, exporter.next())  # its sequence number reveals the loss before it
        account = account_of(weir, sender, received + 1)
    assert exporter.sent() == exporter.received(account) + account["sequence_lost"]
    assert account["sequence_lost"] == drops * (10 if exporter.unit == "records" else 1)
    eventually(
        lambda: sum(s["kernel_drops"] for s in weir.sockets()) == drops,
        lambda: f"kernel_drops {weir.sockets()}, /proc/net/udp {drops}",
        timeout=5,
    )
    assert len(weir.finish()) == account["records"]


def generate(port, protocol, seed, *flags):
    """Starts `weir gen` in the background; the same seed gives an exporter with the same uptime."""
    arguments = ["--to", f"127.0.0.1:{port}", "--protocol", protocol, "--seed", seed, "--domain", seed, *flags]
    return subprocess.Popen([weir_binary(), "gen", *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def uptime_of(protocol, seed):
    """The uptime (ms) with which a generator of v5 or v9 begins, read from the header of one of its datagrams."""
    with Sender() as receiver:
        receiver.socket.settimeout(10)
        with generate(receiver.port, protocol, seed, "--count", 1) as generator:
            datagram = receiver.socket.recv(65536)
            generator.communicate(timeout=20)
    return int.from_bytes(datagram[4:8], "big")


def closing(protocol, totals, domain):
    """One more datagram with one record, a minute after the last datagram of a generator (its numbers begin at 0).

    A gap just before it counts as loss only if the uptime continues: otherwise the exporter has restarted.
    """
    one = packets.flow(1)
    if protocol == "ipfix":
        return packets.ipfix(TEMPLATE10, packets.data_set(300, FLOW_MS, one), sequence=totals["records"], domain=domain)
    uptime = uptime_of(protocol, domain) + 60_000
    if protocol == "v5":
        return packets.v5(one, sequence=totals["records"], engine=(0, domain), uptime=uptime)
    data = packets.data_set(300, FLOW, one)
    return packets.v9(TEMPLATE9, data, sequence=totals["datagrams"], domain=domain, uptime=uptime)


@pytest.mark.parametrize("protocol", ["v5", "v9", "ipfix"])
def test_generated_overload_is_told_to_the_record(collect, protocol):
    """Four generators, each with its own domain and port, overload the socket; then each sends one closing datagram."""
    weir = collect("--rcvbuf", "65536", "--workers", "1")
    ports = {domain: free_port() for domain in (1, 2, 3, 4)}
    flags = "--total 20000 --rate 20000 --exporters 1 --format json --source-port".split()
    generators = {domain: generate(weir.port, protocol, domain, *flags, port) for domain, port in ports.items()}
    eventually(lambda: {a["domain"] for a in weir.exporters()} == set(ports), lambda: weir.ledger(), every=0.005)
    overload(weir, lambda: eventually(lambda: weir.kernel_queue()[1] > 50, "the test did not overflow the socket"))
    sent = {domain: json.loads(generator.communicate(timeout=20)[0]) for domain, generator in generators.items()}
    [source] = {a["exporter"] for a in weir.exporters()}
    drained(weir)  # so that the closing datagrams fit
    for domain, port in ports.items():
        with Sender(source, port) as sender:
            sender.send(weir.address, closing(protocol, sent[domain], domain))
    drops = weir.kernel_queue()[1]
    expected = sum(t["datagrams"] for t in sent.values()) + 4 - drops
    eventually(lambda: weir.total("datagrams") == expected, lambda: f"{expected}, {drops} dropped: {weir.ledger()}")
    for account in weir.exporters():
        unit = "datagrams" if protocol == "v9" else "records"
        assert account[unit] + account["sequence_lost"] == sent[account["domain"]][unit] + 1, account
        assert account["restarts"] == 0
    eventually(
        lambda: sum(s["kernel_drops"] for s in weir.sockets()) == drops, lambda: f"{drops}: {weir.sockets()}", timeout=5
    )


def test_drops_that_no_later_datagram_tells_of(collect):
    """SO_RXQ_OVFL reports drops only with the next datagram; drops at the end must be counted nevertheless."""
    weir = collect("--rcvbuf", "65536", "--workers", "1")
    exporter = V5()
    with Sender() as sender:
        drops = overload(weir, lambda: [sender.send(weir.address, exporter.next()) for _ in range(2000)])
    assert drops > 0
    weir.finish()
    answer = run_weir("exporters", "--data", weir.data, "--format", "json")
    assert answer.returncode == 0, answer.stderr
    assert sum(row["kernel_drops"] for row in json.loads(answer.stdout) if row.get("socket")) == drops


@pytest.mark.parametrize("protocol", ["v5", "v9", "ipfix"])
def test_generated_traffic_arrives_as_counted(collect, protocol):
    """The ledger and the file have the numbers that `weir gen` reports as sent."""
    weir = collect("--workers", "2")
    answer = run_weir(
        "gen",
        "--to",
        f"127.0.0.1:{weir.port}",
        "--protocol",
        protocol,
        "--total",
        20_000,
        "--rate",
        50_000,
        "--seed",
        7,
        "--exporters",
        8,
        "--format",
        "json",
    )
    assert answer.returncode == 0, answer.stderr
    sent = json.loads(answer.stdout)
    eventually(lambda: weir.total("datagrams") == sent["datagrams"], lambda: f"{sent} sent, {weir.ledger()}")
    rows = weir.finish()
    assert len(rows) == sent["records"] == 20_000
    assert sum(r["bytes"] for r in rows) == sent["bytes"]
    assert sum(r["packets"] for r in rows) == sent["packets"]


def test_the_ledger_is_cumulative_over_restarts(collect, tmp_path):
    first = collect(folder=tmp_path / "one")
    exporter = V5()
    with Sender() as sender:
        sender.send(first.address, *(exporter.next() for _ in range(10)))
        account_of(first, sender, 10)
        first.finish()
        again = collect(folder=tmp_path / "one", output=tmp_path / "again.json")
        sender.send(again.address, *(exporter.next() for _ in range(5)))
        account = account_of(again, sender, 15)
    assert account["records"] == 150 and account["sequence_lost"] == 0 and account["restarts"] == 0
    again.finish()
    [stored] = [
        r
        for r in json.loads(run_weir("exporters", "--data", again.data, "--format", "json").stdout)
        if r.get("exporter")
    ]
    assert stored["records"] == 150


def test_the_identity_of_records(collect):
    """records = stored + filtered + what a sink could not accept."""
    weir = collect()
    exporter = V9()
    with Sender() as sender:
        sender.send(weir.address, *(exporter.next() for _ in range(100)))
        account_of(weir, sender, 100)
    weir.wait_flows(1000)
    eventually(lambda: weir.total("stored") == 1000, lambda: weir.ledger())
    [account] = weir.exporters()
    assert account["records"] == account["stored"] + account["filtered"] + account.get("sink_dropped", 0)


def test_columns_of_the_contract(collect):
    weir = collect()
    exporter = V5()
    with Sender() as sender:
        sender.send(weir.address, exporter.next())
        account = account_of(weir, sender, 1)
    columns = (
        "exporter protocol domain datagrams records stored held replayed expired missing_template malformed "
        "filtered fallback sequence_lost sequence_unit duplicates restarts first_seen last_seen"
    ).split()
    assert [c for c in columns if c not in account] == []
    for socket in weir.sockets():
        assert [c for c in ("socket", "kernel_drops", "rcvbuf", "datagrams") if c not in socket] == []
    assert sum(s["datagrams"] for s in weir.sockets()) == 1


def rough_way(made, rng):
    """An order of arrival with loss, duplicates and reordering; the first and the last datagram keep their place."""
    order = [0]
    for n in range(1, len(made) - 1):
        order += [n] * rng.choice([0, 1, 1, 1, 1, 1, 1, 2])
    order.append(len(made) - 1)
    for i in range(1, len(order) - 2):
        if rng.random() < 0.2:
            order[i], order[i + 1] = order[i + 1], order[i]
    return order


def catalog_rows(data, sql):
    with sqlite3.connect(f"file:{data}/catalog.db?mode=ro", uri=True) as catalog:
        return catalog.execute(sql).fetchall()


@pytest.mark.parametrize("seed", range(3))
def test_the_ledger_adds_up_everywhere(collect, exporter, seed):
    """With loss, reordering and duplicates, the API, the table, /metrics and SQL all have the correct numbers."""
    rng = random.Random(f"{exporter.protocol}{seed}")
    made = [exporter.next(rng.randrange(1, 20)) for _ in range(200)]
    order = rough_way(made, rng)
    weir = collect("--workers", "1")
    with Sender() as sender:
        sender.send(weir.address, *(made[n] for n in order))
        account = account_of(weir, sender, len(order))
    again = len(order) - len(set(order))
    assert (account["datagrams"], account["duplicates"], account["restarts"]) == (len(order), again, 0)
    if exporter.unit == "datagrams":
        received = account["datagrams"] - account["duplicates"]
    else:
        received = account["records"] - account["duplicate_records"]
    assert exporter.sent() == received + account["sequence_lost"]
    assert account["missing_template"] == account["replayed_sets"] == account["expired"] == account["quarantined"] == 0

    metrics = http(weir.url("/metrics"))[2]
    label = f'protocol="{exporter.protocol}"'
    [records] = [m for m in metrics.splitlines() if m.startswith("weir_exporter_records_total") and label in m]
    assert int(records.split()[-1]) == account["records"]
    [duplicates] = [m for m in metrics.splitlines() if m.startswith("weir_duplicate_records_total")]
    assert int(duplicates.split()[-1]) == account["duplicate_records"]
    weir.finish()
    [row] = catalog_rows(weir.data, "SELECT records, sequence_lost, duplicates, duplicate_records FROM exporters")
    assert row == tuple(account[c] for c in ("records", "sequence_lost", "duplicates", "duplicate_records"))
    table = run_weir("exporters", "--data", weir.data)
    [line] = [line.split() for line in table.stdout.splitlines() if line.startswith(account["exporter"])]
    assert line[3] == str(account["records"]) and line[7] == str(account["sequence_lost"])


def test_what_data_waits_for_is_named(collect):
    """Missing templates are named by a running collector, by its catalog, and after a kill by the last saved state."""
    weir = collect()
    with Sender() as sender:
        for n in range(3):
            sender.send(weir.address, packets.ipfix(packets.data_set(259, FLOW_MS, packets.flow(n)), sequence=n))
        sender.send(weir.address, packets.ipfix(packets.data_set(260, FLOW_MS, packets.flow(3)), sequence=3))
        weir.wait_total("held", 4)
        port = sender.port
        [account] = weir.exporters()
        assert [(w["template"], w["port"], w["sets"]) for w in account["waiting"]] == [(259, port, 3), (260, port, 1)]
        assert account["waiting"][0]["bytes"] == 3 * 48 and account["waiting"][0]["seconds"] < 60
        assert "weir_waiting_templates 2" in http(weir.url("/metrics"))[2]
        table = run_weir("exporters", "--server", weir.url(""))
        assert "waiting for template 259 of domain 0 from 127.0.0.1: 3 data sets held for " in table.stderr
        eventually(lambda: len(catalog_rows(weir.data, "SELECT * FROM waiting")) == 2, "not in the catalog")
        sender.send(weir.address, packets.ipfix(packets.template_set10(260, FLOW_MS), sequence=4))
        weir.wait_total("replayed", 1)
        eventually(
            lambda: catalog_rows(weir.data, "SELECT template, sets, port FROM waiting") == [(259, 3, port)],
            lambda: catalog_rows(weir.data, "SELECT * FROM waiting"),
        )
    weir.stop(signal.SIGKILL)
    answer = json.loads(run_weir("exporters", "--data", weir.data, "--format", "json").stdout)
    assert [w["template"] for w in answer[0]["waiting"]] == [259]
    again = collect(folder=weir.data.parent, output=weir.data.parent / "again.json")
    eventually(lambda: catalog_rows(weir.data, "SELECT * FROM waiting") == [], "the new run must wait for no template")
    assert again.exporters()[0]["expired"] == 3
    again.finish()

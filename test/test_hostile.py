# SPDX-License-Identifier: Apache-2.0
"""Input that violates the protocol: it is counted, its cost is bounded, and the next good record is printed."""

import random
import struct
import time

import pytest

import packets
from harness import Sender, eventually
from packets import BYTES, FLOW, SRC4, VARIABLE

GOOD = packets.v9(packets.template_set9(999, FLOW), packets.data_set(999, FLOW, packets.flow(7)), domain=77)
RECORD = packets.record(FLOW, packets.flow(1))


def template(set_id, body):
    """A template set with a handmade body: `body` follows the set header."""
    return packets.set_of(set_id, body)


def raw_template(template_id, count, *fields):
    return struct.pack("!HH", template_id, count) + b"".join(struct.pack("!HH", *f) for f in fields)


def both(name, *bodies, length=None):
    """The same sets in v9 and IPFIX: (id of the case, datagrams)."""
    v9 = [packets.v9(packets.set_of(0 if kind == "template" else kind, body, length)) for kind, body in bodies]
    ipfix = [packets.ipfix(packets.set_of(2 if kind == "template" else kind, body, length)) for kind, body in bodies]
    return [(f"v9-{name}", v9), (f"ipfix-{name}", ipfix)]


# The first three cases make other collectors hang: a template whose record has no bytes, then data for it.
# (In IPFIX a template without fields is a withdrawal; it has a test below.)
CASES = [
    both("no-fields-then-data", ("template", raw_template(300, 0)), (300, bytes(8)))[0],
    *both("zero-length-field-then-data", ("template", raw_template(300, 1, (SRC4, 0))), (300, bytes(8))),
    *both("huge-field-count", ("template", raw_template(300, 65535, (SRC4, 4)))),
    *both("template-id-under-256", ("template", raw_template(255, 1, (SRC4, 4)))),
    *both("template-cut", ("template", raw_template(300, 4, (SRC4, 4)))),
    *[case for n in range(4) for case in both(f"set-length-{n}", (300, RECORD), length=n)],
    *both("set-length-past-end", (300, RECORD), length=65535),
    *both("template-set-length-past-end", ("template", raw_template(300, 1, (SRC4, 4))), length=9999),
    *both("reserved-set", (17, RECORD)),
    ("v9-short-header", [packets.v9()[:11]]),
    ("ipfix-short-header", [packets.ipfix()[:11]]),
    ("ipfix-length-beyond", [packets.ipfix(packets.template_set10(300, FLOW), length=4000)]),
    ("ipfix-length-under-header", [packets.ipfix(packets.template_set10(300, FLOW), length=3)]),
    (
        "ipfix-variable-past-end",
        [
            packets.ipfix(
                packets.template_set10(300, [(SRC4, 4), (96, VARIABLE)]),
                packets.set_of(300, b"\x0a\0\0\1\xff\xff\xff" + bytes(9)),
            )
        ],
    ),
    ("v5-count-beyond", [packets.v5(packets.flow(1), count=30)]),
    ("v5-cut-record", [packets.v5(packets.flow(1))[:-9]]),
    ("options-scope-beyond", [packets.v9(packets.set_of(1, struct.pack("!HHH", 300, 0xFFFC, 0xFFFC) + bytes(10)))]),
    ("ipfix-options-scope-beyond", [packets.ipfix(packets.set_of(3, raw_template(300, 1, (9, 0x95))))]),
    ("unknown-version", [struct.pack("!HHIIII", 77, 1, 0, 0, 0, 0)]),
    ("empty", [b""]),
    ("one-byte", [b"\x09"]),
    ("text", [b"GET / HTTP/1.1\r\n\r\n"]),
]


def assert_idle(weir):
    """Checks that less than a tenth of a core is used over half a second. An endless loop would use a whole core."""

    def idle():
        before, start = weir.cpu_seconds(), time.monotonic()
        time.sleep(0.5)
        return weir.cpu_seconds() - before < 0.1 * (time.monotonic() - start)

    eventually(idle, "the collector is not idle", timeout=5)


def assert_alive(weir):
    """Checks that the next good record is printed."""

    def good():
        return sum(f["src_addr"] == "10.0.0.7" and f["observation_domain_id"] == 77 for f in weir.flows())

    before = good()
    with Sender() as sender:
        sender.send(weir.address, GOOD)
        eventually(lambda: good() == before + 1, lambda: f"the good record is not printed: {weir.ledger()}")


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    import harness

    with harness.Collector(tmp_path_factory.mktemp("hostile")) as weir:
        yield weir


@pytest.mark.parametrize("datagrams", [d for _, d in CASES], ids=[name for name, _ in CASES])
def test_broken_datagram_is_counted_and_survived(collector, datagrams):
    before = collector.total("malformed")
    with Sender() as sender:
        sender.send(collector.address, *datagrams)
    assert_alive(collector)
    eventually(
        lambda: collector.total("malformed") > before, lambda: f"not counted as malformed: {collector.ledger()[-5:]}"
    )


def test_ipfix_template_without_fields_then_data(collector):
    """RFC 7011 §8.1: this is a withdrawal, which over UDP is counted and changes nothing; the data waits."""
    before = collector.total("withdrawals"), collector.total("held")
    [(_, datagrams)] = both("x", ("template", raw_template(301, 0)), (301, bytes(8)))[1:]
    with Sender() as sender:
        sender.send(collector.address, *datagrams)
    assert_alive(collector)
    eventually(
        lambda: (collector.total("withdrawals"), collector.total("held")) == (before[0] + 1, before[1] + 1),
        lambda: f"{before}: {collector.ledger()}",
    )


def test_idle_after_all_of_them(collector):
    assert_idle(collector)


def test_a_template_with_one_empty_field_is_good(collect):
    """A field of length 0 beside others is odd, but the record has bytes and is decoded (some WLCs send this)."""
    weir = collect()
    fields = [(SRC4, 4), (96, 0), (BYTES, 4)]
    with Sender() as sender:
        sender.send(
            weir.address,
            packets.v9(packets.template_set9(300, fields), packets.set_of(300, bytes.fromhex("0a000001 00000400"))),
        )
        [row] = weir.wait_flows(1)
    assert (row["src_addr"], row["bytes"]) == ("10.0.0.1", 1024)


def test_hang_datagrams_leave_the_processor_idle(collect):
    """Template and data, for v9 and IPFIX, in one datagram each and with as much data as fits."""
    weir = collect("--workers", "2")
    with Sender() as sender:
        for fields in ([], [(SRC4, 0)], [(SRC4, 0)] * 50):
            record = raw_template(300, len(fields), *fields)
            for _ in range(20):
                sender.send(
                    weir.address,
                    packets.v9(packets.set_of(0, record), packets.set_of(300, bytes(1200))),
                    packets.ipfix(packets.set_of(2, record), packets.set_of(300, bytes(1200))),
                )
    assert_alive(weir)
    assert_idle(weir)
    assert len(weir.flows()) == 1, "a record without bytes must not count as a record"
    assert weir.resident_bytes() < 256 << 20


def test_100_000_templates_from_one_exporter(collect):
    """One spoofed address, ten domains, all possible template ids: memory stays bounded, other exporters still work."""
    weir = collect()
    assert_alive(weir)
    before = weir.resident_bytes()
    fields = FLOW * 3
    with Sender("127.0.9.9") as sender:
        for domain in range(10):
            for first in range(256, 10_256, 10):
                body = b"".join(packets.template_record(t, fields) for t in range(first, first + 10))
                sender.send(weir.address, packets.v9(packets.set_of(0, body), domain=domain, sequence=first))
            eventually(lambda: weir.kernel_queue()[0] < 50_000, "templates are not read")
    eventually(lambda: weir.kernel_queue()[0] == 0, "the socket is not drained")
    assert_alive(weir)
    assert_idle(weir)
    grown = weir.resident_bytes() - before
    assert grown < 128 << 20, f"{grown >> 20} MiB for the templates of one exporter"
    [refused] = {sum(a.get("refused", 0) for a in weir.exporters() if a["exporter"] == "127.0.9.9")}
    assert refused > 0, "no template was refused: the limit had no effect"


def test_held_data_is_bounded(collect):
    """Data that will never get a template: at most the configured bytes are kept, the rest is counted."""
    weir = collect("--hold-bytes-per-exporter", str(1 << 20))
    before = weir.resident_bytes()
    with Sender() as sender:
        for n in range(20_000):
            sender.send(weir.address, packets.v9(packets.set_of(300, bytes(1396)), sequence=n))
            if n % 200 == 0:
                eventually(lambda: weir.kernel_queue()[0] == 0, "data sets are not read")
    eventually(lambda: weir.total("missing_template") >= 20_000, lambda: weir.ledger())
    assert weir.total("held") + weir.total("expired") == 20_000
    assert 0 < weir.total("held") * 1400 <= 1 << 20
    assert weir.resident_bytes() - before < 64 << 20
    assert_alive(weir)


def test_random_bytes(collect):
    """After fifty thousand random and mutated datagrams (seeded) Weir works, is idle, and its memory is bounded."""
    rng = random.Random(9)
    weir = collect("--workers", "2")
    seeds = [
        GOOD,
        packets.ipfix(packets.template_set10(300, FLOW), packets.data_set(300, FLOW, packets.flow(1))),
        packets.v5(packets.flow(1), packets.flow(2)),
    ]
    senders = [Sender(f"127.0.3.{n + 1}") for n in range(8)]
    for n in range(50_000):
        if n % 2:
            data = bytearray(rng.choice(seeds))
            for _ in range(rng.randrange(1, 6)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            data = data[: rng.randrange(1, len(data) + 1)] if n % 6 == 1 else data
        else:
            data = struct.pack("!H", rng.choice((5, 9, 10))) + rng.randbytes(rng.randrange(200))
        senders[n % 8].send(weir.address, bytes(data))
        if n % 256 == 0:
            eventually(lambda: weir.kernel_queue()[0] == 0, "datagrams are not read")
    eventually(lambda: weir.kernel_queue()[0] == 0, "the socket is not drained")
    with Sender("127.0.4.1") as sender:
        sender.send(weir.address, GOOD)
        eventually(
            lambda: any(f["sampler_address"] == "127.0.4.1" for f in weir.flows()), "the good record is not printed"
        )
    assert_idle(weir)
    assert weir.total("malformed") > 10_000
    assert weir.resident_bytes() < 256 << 20
    weir.finish()

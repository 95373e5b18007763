# SPDX-License-Identifier: Apache-2.0
"""Templates that arrive late, from another port, or before a crash."""

import random
import signal
import time

import pytest

import packets
from harness import Sender, eventually
from packets import BYTES, FLOW, FLOW_MS, PACKETS

FLAVOURS = {
    "v9": (packets.v9, packets.template_set9, FLOW),
    "ipfix": (packets.ipfix, packets.template_set10, FLOW_MS),
}
# The same elements and length as FLOW, but with exchanged counters: the wrong template swaps octets and packets.
SWAPPED = [{BYTES: (PACKETS, 8), PACKETS: (BYTES, 8)}.get(e, (e, n)) for e, n in FLOW]


@pytest.fixture(params=FLAVOURS)
def flavour(request):
    return FLAVOURS[request.param]


def assert_flows(rows, numbers):
    """Checks that the printed records are exactly the flows with these numbers, including their values."""
    assert sorted((r["src_addr"], r["bytes"], r["packets"], r["src_port"]) for r in rows) == sorted(
        (f"10.0.{n >> 8}.{n & 255}", 1000 + n, 1 + n % 100, 1024 + n) for n in numbers
    )


def test_data_of_200_exporters_seconds_before_their_templates(collect, flavour):
    datagram, template_set, fields = flavour
    weir = collect("--workers", "4")
    senders = [Sender(f"127.0.1.{n + 1}") for n in range(200)]
    for n, sender in enumerate(senders):  # three data sets of two records each
        for k in range(3):
            first, second = (packets.flow(n * 6 + k * 2 + i) for i in (0, 1))
            sender.send(weir.address, datagram(packets.data_set(300, fields, first, second), domain=n, sequence=k * 2))
    weir.wait_total("missing_template", 600)
    assert weir.total("held") == 600 and weir.total("records") == 0
    time.sleep(3)  # the delay of the template is what is tested here
    assert weir.flows() == []
    for n, sender in enumerate(senders):
        sender.send(weir.address, datagram(template_set(300, fields), domain=n, sequence=6))
    assert_flows(weir.wait_flows(1200), range(1200))
    weir.wait_total("replayed", 1200)
    assert weir.total("held") == weir.total("expired") == weir.total("malformed") == 0
    assert len(weir.finish()) == 1200


def test_held_records_come_in_the_order_they_were_sent(collect, flavour):
    datagram, template_set, fields = flavour
    weir = collect("--workers", "4")
    with Sender() as sender:
        for n in range(100):
            sender.send(weir.address, datagram(packets.data_set(300, fields, packets.flow(n)), sequence=n))
        sender.send(weir.address, datagram(template_set(300, fields), sequence=100))
        rows = weir.wait_flows(100)
    assert [r["src_port"] for r in rows] == [1024 + n for n in range(100)]
    assert [r["sequence_num"] for r in rows] == list(range(100))


def test_templates_are_shared_between_workers_and_ports(collect, flavour):
    """Sixteen source ports reach different workers; one port sends the template; after the wait all data is decoded."""
    datagram, template_set, fields = flavour
    weir = collect("--workers", "4", "--template-fallback", "1s")
    senders = [Sender() for _ in range(16)]
    for n, sender in enumerate(senders[1:], 1):
        sender.send(weir.address, datagram(packets.data_set(300, fields, packets.flow(n)), sequence=n))
    senders[0].send(weir.address, datagram(template_set(300, fields), packets.data_set(300, fields, packets.flow(0))))
    assert_flows(weir.wait_flows(16), range(16))
    weir.wait_total("fallback", 15)
    assert weir.total("fallback") == 15 and weir.total("held") == 0


def test_the_fallback_waits(collect, flavour):
    datagram, template_set, fields = flavour
    weir = collect("--template-fallback", "2s")
    with Sender() as templates, Sender() as data:
        templates.send(weir.address, datagram(template_set(300, fields)))
        eventually(lambda: weir.total("datagrams") == 1, "the template did not arrive")
        sent = time.monotonic()
        data.send(weir.address, datagram(packets.data_set(300, fields, packets.flow(1))))
        weir.wait_flows(1)
        assert 1.5 < time.monotonic() - sent < 6


def test_the_fallback_can_be_off(collect, flavour):
    datagram, template_set, fields = flavour
    weir = collect("--template-fallback", "off")
    with Sender() as templates, Sender() as data:
        templates.send(weir.address, datagram(template_set(300, fields)))
        data.send(weir.address, datagram(packets.data_set(300, fields, packets.flow(1))))
        weir.wait_total("held", 1)
        time.sleep(1.5)
        assert weir.flows() == [] and weir.total("fallback") == 0 and weir.total("held") == 1
        data.send(weir.address, datagram(template_set(300, fields), sequence=1))  # its own, late
        assert_flows(weir.wait_flows(1), [1])


def test_one_id_two_layouts_are_never_mixed(collect):
    """Two routers behind one address use id 300 for two layouts of one length. A third port sends data only."""
    weir = collect("--workers", "4", "--template-fallback", "1s")
    with Sender() as plain, Sender() as swapped, Sender() as neither:
        neither.send(weir.address, packets.v9(packets.data_set(300, FLOW, packets.flow(999))))
        plain.send(weir.address, packets.v9(packets.template_set9(300, FLOW)))
        swapped.send(weir.address, packets.v9(packets.template_set9(300, SWAPPED)))
        for n in range(200):
            sender, fields = ((plain, FLOW), (swapped, SWAPPED))[n % 2]
            sender.send(weir.address, packets.v9(packets.data_set(300, fields, packets.flow(n)), sequence=n // 2 + 1))
        assert_flows(weir.wait_flows(200), range(200))
        time.sleep(2)  # longer than the fallback time: it cannot be known which layout the third port uses
        assert_flows(weir.flows(), range(200))
        assert weir.total("fallback") == 0 and weir.total("held") == 1


def test_the_fallback_checks_the_length(collect):
    """A template of another port is not used for a set that its record does not fill."""
    weir = collect("--template-fallback", "1s")
    with Sender() as templates, Sender() as data:
        templates.send(weir.address, packets.v9(packets.template_set9(300, FLOW)))
        data.send(weir.address, packets.v9(packets.set_of(300, bytes(24))))  # shorter than a record of 37 bytes
        weir.wait_total("held", 1)
        time.sleep(2)
        assert weir.flows() == [] and weir.total("fallback") == 0 and weir.total("malformed") == 0


def test_a_redefined_template_counts_from_then_on(collect, flavour):
    datagram, template_set, fields = flavour
    reordered = fields[::-1]
    weir = collect()
    with Sender() as sender:
        sender.send(
            weir.address,
            datagram(template_set(300, fields), packets.data_set(300, fields, packets.flow(1))),
            datagram(template_set(300, reordered), packets.data_set(300, reordered, packets.flow(2)), sequence=1),
            datagram(packets.data_set(300, reordered, packets.flow(3)), sequence=2),
        )
        assert_flows(weir.wait_flows(3), [1, 2, 3])


def test_domains_do_not_share_templates(collect, flavour):
    datagram, template_set, fields = flavour
    weir = collect("--template-fallback", "1s")
    with Sender() as sender:
        sender.send(
            weir.address,
            datagram(template_set(300, fields), domain=1),
            datagram(packets.data_set(300, fields, packets.flow(1)), domain=2),
        )
        weir.wait_total("held", 1)
        time.sleep(2)
        assert weir.flows() == []
        sender.send(weir.address, datagram(packets.data_set(300, fields, packets.flow(2)), domain=1, sequence=1))
        assert_flows(weir.wait_flows(1), [2])


def test_a_udp_withdrawal_changes_nothing(collect):
    """RFC 7011 §8.1: withdrawals must not be sent over UDP, so a received withdrawal is ignored."""
    weir = collect()
    withdrawal = packets.set_of(2, packets.template_record(300, []))
    with Sender() as sender:
        sender.send(
            weir.address,
            packets.ipfix(packets.template_set10(300, FLOW_MS)),
            packets.ipfix(withdrawal),
            packets.ipfix(packets.data_set(300, FLOW_MS, packets.flow(1))),
        )
        assert_flows(weir.wait_flows(1), [1])
        assert weir.total("malformed") == 0


def test_templates_survive_a_clean_restart(collect, tmp_path, flavour):
    datagram, template_set, fields = flavour
    with Sender() as sender:
        weir = collect(folder=tmp_path / "one")
        sender.send(weir.address, datagram(template_set(300, fields)))
        eventually(lambda: weir.total("datagrams") == 1, "the template did not arrive")
        weir.finish()
        again = collect(folder=tmp_path / "one", port=weir.port, output=tmp_path / "again.json")
        sender.send(again.address, datagram(packets.data_set(300, fields, packets.flow(1)), sequence=0))
        assert_flows(again.wait_flows(1), [1])
        assert again.total("missing_template") == 0


def test_kill_9_loses_no_template(collect, tmp_path):
    """Fifty times: learns a template, is killed at a random moment while learning more, decodes the first data set."""
    rng = random.Random(50)
    port = None
    with Sender() as sender:
        for n in range(50):
            known = 256 + n
            weir = collect(folder=tmp_path / "data", port=port, output=tmp_path / f"flows{n}.json")
            port = weir.port
            if n:
                sender.send(
                    weir.address, packets.v9(packets.data_set(known - 1, FLOW, packets.flow(n - 1)), sequence=4 * n)
                )
                assert_flows(weir.wait_flows(1), [n - 1])
            sender.send(
                weir.address,
                packets.v9(
                    packets.template_set9(known, FLOW),
                    packets.data_set(known, FLOW, packets.flow(500 + n)),
                    sequence=4 * n + 1,
                ),
            )
            weir.wait_flows(2 if n else 1)
            for k in range(64):  # work for the collector when it is killed: new and redefined templates
                sender.send(
                    weir.address,
                    packets.v9(packets.template_set9(1000 + k, FLOW[: 1 + (n + k) % len(FLOW)]), sequence=4 * n + 2),
                )
            eventually(lambda until=time.monotonic() + rng.random() * 0.02: time.monotonic() >= until, "", every=0.001)
            assert weir.stop(signal.SIGKILL) == -signal.SIGKILL


def restarted(flavour, sequence, *sets):
    """A datagram of the exporter a minute later, after a reboot: new sequence numbers, a short uptime."""
    datagram = flavour[0]
    young = {"uptime": 20_000} if datagram is packets.v9 else {}
    return datagram(*sets, sequence=sequence, seconds=packets.EXPORT_SECONDS + 60, **young)


def test_after_a_restart_data_waits_for_the_template(collect, flavour):
    """The exporter restarts with another layout of the same length; its data arrives before its template."""
    datagram, template_set, fields = flavour
    swapped = [{BYTES: (PACKETS, 8), PACKETS: (BYTES, 8)}.get(e, (e, n)) for e, n in fields]
    weir = collect("--template-fallback", "off")
    with Sender() as sender:
        data = packets.data_set(300, fields, packets.flow(1))
        sender.send(weir.address, datagram(template_set(300, fields), data, sequence=90_000))
        weir.wait_flows(1)
        sender.send(weir.address, restarted(flavour, 0, packets.data_set(300, swapped, packets.flow(2))))
        weir.wait_total("held", 1)
        assert weir.total("restarts") == 1
        late = datagram(packets.data_set(300, fields, packets.flow(3)), sequence=90_001)
        sender.send(weir.address, late)  # sent before the restart
        weir.wait_flows(2)
        sender.send(weir.address, restarted(flavour, 1, template_set(300, swapped)))
        assert_flows(weir.wait_flows(3), [1, 2, 3])
        assert weir.total("restarts") == 1 and weir.total("sequence_lost") == 0


def test_after_a_restart_the_old_layout_serves_in_the_end(collect, flavour):
    datagram, template_set, fields = flavour
    weir = collect("--template-fallback", "1s")
    with Sender() as sender:
        sender.send(weir.address, datagram(template_set(300, fields), sequence=90_000))
        data = packets.data_set(300, fields, packets.flow(1))
        sender.send(weir.address, restarted(flavour, 0, data))
        weir.wait_total("held", 1)
        assert_flows(weir.wait_flows(1), [1])
        assert weir.total("fallback") == 1


def test_what_waited_before_a_restart_is_quarantined(collect, flavour):
    datagram, template_set, fields = flavour
    weir = collect()
    with Sender() as sender:
        sender.send(
            weir.address,
            datagram(packets.data_set(300, fields, packets.flow(1)), sequence=90_000),
            restarted(flavour, 0, template_set(300, fields)),
            restarted(flavour, 1, packets.data_set(300, fields, packets.flow(2))),
        )
        assert_flows(weir.wait_flows(1), [2])
        assert weir.total("quarantined") == 1 and weir.total("held") == weir.total("expired") == 0


@pytest.mark.parametrize("killed", [False, True])
def test_a_restart_is_remembered_over_a_kill(collect, tmp_path, flavour, killed):
    """The collector ends between the exporter's restart and its template: the template in the journal is outdated."""
    datagram, template_set, fields = flavour
    first = collect("--template-fallback", "off", folder=tmp_path / "one")
    with Sender() as sender:
        sender.send(first.address, datagram(template_set(300, fields), sequence=90_000))
        sender.send(first.address, restarted(flavour, 0, packets.set_of(299, bytes(40))))
        first.wait_total("restarts", 1)
        first.stop(signal.SIGKILL if killed else signal.SIGTERM)
        again = collect("--template-fallback", "off", folder=tmp_path / "one", output=tmp_path / "again.json")
        sender.send(again.address, restarted(flavour, 1, packets.data_set(300, fields, packets.flow(1))))
        again.wait_total("held", 1)
        assert again.flows() == []
        sender.send(again.address, restarted(flavour, 2, template_set(300, fields)))
        assert_flows(again.wait_flows(1), [1])


def test_a_restart_while_the_collector_was_down(collect, tmp_path, flavour):
    datagram, template_set, fields = flavour
    first = collect("--template-fallback", "off", folder=tmp_path / "one")
    with Sender() as sender:
        data = packets.data_set(300, fields, packets.flow(1))
        sender.send(first.address, datagram(template_set(300, fields), data, sequence=90_000))
        first.wait_flows(1)
        first.finish()
        again = collect("--template-fallback", "off", folder=tmp_path / "one", output=tmp_path / "again.json")
        sender.send(again.address, restarted(flavour, 0, packets.data_set(300, fields, packets.flow(2))))
        again.wait_total("held", 1)
        assert again.total("restarts") == 1 and again.flows() == []


def test_data_overtaken_by_a_new_layout(collect, flavour):
    """The last datagram of the old layout, of the same length, arrives after the template of the new one."""
    datagram, template_set, fields = flavour
    swapped = [{BYTES: (PACKETS, 8), PACKETS: (BYTES, 8)}.get(e, (e, n)) for e, n in fields]
    weir = collect()
    with Sender() as sender:
        sender.send(
            weir.address,
            datagram(template_set(300, fields), packets.data_set(300, fields, packets.flow(1)), sequence=0),
            datagram(template_set(300, swapped), packets.data_set(300, swapped, packets.flow(3)), sequence=2),
            datagram(packets.data_set(300, fields, packets.flow(2)), sequence=1),
            datagram(packets.data_set(300, swapped, packets.flow(4)), sequence=3),
        )
        assert_flows(weir.wait_flows(4), [1, 2, 3, 4])
        assert weir.total("quarantined") == weir.total("sequence_lost") == 0


def test_templates_that_are_not_refreshed_are_forgotten(collect, flavour):
    datagram, template_set, fields = flavour
    weir = collect("--template-lifetime", "1s")
    with Sender() as sender:
        sender.send(weir.address, datagram(template_set(300, fields)))
        weir.wait_total("forgotten", 1)
        sender.send(weir.address, datagram(packets.data_set(300, fields, packets.flow(1)), sequence=1))
        weir.wait_total("held", 1)
        sender.send(weir.address, datagram(template_set(300, fields), sequence=2))
        assert_flows(weir.wait_flows(1), [1])

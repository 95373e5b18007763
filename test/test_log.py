# SPDX-License-Identifier: Apache-2.0
"""The log of `weir collect` reports events in the traffic once, with counts, in a bounded number of lines."""

import packets
from harness import Collector, eventually, ManySources, Sender
from packets import FLOW_MS

TEMPLATE = packets.template_set10(300, FLOW_MS)


def lines_of(weir):
    """The lines of the log about exporters, without time and level."""
    return [line.split("exporters: ", 1)[1] for line in weir.stderr().splitlines() if "exporters: " in line]


def wait_line(weir, part, timeout=20):
    eventually(lambda: any(part in line for line in lines_of(weir)), lambda: f"no {part!r} in {lines_of(weir)}", timeout)
    return next(line for line in lines_of(weir) if part in line)


def message(n, sequence):
    return packets.ipfix(TEMPLATE, packets.data_set(300, FLOW_MS, packets.flow(n)), sequence=sequence, domain=5)


def test_a_new_exporter_its_loss_and_its_malformed_input(tmp_path):
    with Collector(tmp_path) as weir, Sender("127.0.6.1") as exporter:
        exporter.send(weir.address, message(0, 0))
        assert wait_line(weir, "new exporter") == "new exporter 127.0.6.1 (ipfix, domain 5)"
        exporter.send(weir.address, message(1, 101))
        assert "loss begins, 100 records" in wait_line(weir, "127.0.6.1 (ipfix, domain 5): loss begins")
        broken = packets.ipfix(packets.set_of(300, b"", length=3), sequence=102, domain=5)
        exporter.send(weir.address, *[broken] * 7)
        line = wait_line(weir, "malformed input: short_set")
        assert line.endswith("most from 127.0.6.1 (ipfix, domain 5)")
        assert weir.stop() == 0
    again = Collector(tmp_path, name="again")
    with again as weir, Sender("127.0.6.1") as exporter:
        exporter.send(weir.address, message(2, 102))
        weir.wait_total("datagrams", 10)
        exporter.send(weir.address, broken)
        wait_line(weir, "malformed input: short_set 1;")
        assert not [line for line in lines_of(weir) if "new exporter" in line or "loss" in line], "already known"


def test_refusals_name_their_reason(tmp_path):
    with Collector(tmp_path, "--templates-bytes-per-exporter", "64k") as weir, Sender("127.0.6.2") as exporter:
        fields = [(element, 4) for element in range(1, 400)]
        for template in range(256, 300):
            exporter.send(weir.address, packets.ipfix(packets.template_set10(template, fields), domain=6))
        line = wait_line(weir, "refused: exporter_templates_full")
        assert line.endswith("most from 127.0.6.2 (ipfix, domain 6)")


def test_a_flood_of_exporters_is_a_few_lines(tmp_path):
    with Collector(tmp_path, "--rcvbuf", str(16 << 20)) as weir:
        many = ManySources(weir.address)
        for n in range(3_000):
            many.send(f"127.7.{n // 250}.{n % 250 + 1}", packets.v9(packets.template_set9(300, packets.FLOW)))
        weir.wait_total("datagrams", 3_000, timeout=30)
        wait_line(weir, "new exporter")
        assert weir.stop() == 0
        assert len([line for line in lines_of(weir) if "new exporter" in line]) <= 20

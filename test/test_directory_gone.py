# SPDX-License-Identifier: Apache-2.0
"""A data directory that is removed or renamed while its collector runs: the collector reports it and ends, and counts
no record as stored that a query cannot find."""

import re
import shutil

import packets
import pytest
import stores
from harness import Collector, Sender, eventually
from packets import FLOW_MS

TEMPLATE = packets.template_set10(300, FLOW_MS)


def send(weir, exporter, first, count):
    for n in range(first, first + count):
        data = packets.data_set(300, FLOW_MS, packets.flow(n))
        exporter.send(weir.address, packets.ipfix(TEMPLATE, data, sequence=n))


def totals(weir):
    """The numbers in the log's last line: records, stored, dropped."""
    found = re.search(r"(\d+) records, (\d+) stored, (\d+) dropped", weir.stderr())
    return tuple(map(int, found.groups()))


@pytest.mark.parametrize("how", ["removed", "renamed"])
def test_the_collector_ends(tmp_path, how):
    with Collector(tmp_path, "--flush", "1s", format=None, store=True) as weir, Sender() as exporter:
        send(weir, exporter, 0, 50)
        eventually(lambda: weir.total("stored") == 50, "nothing is stored")
        away = tmp_path / "away"
        shutil.rmtree(weir.data) if how == "removed" else weir.data.rename(away)
        send(weir, exporter, 50, 50)
        eventually(lambda: not weir.running(), "the collector keeps running without its data directory", timeout=30)
        assert weir.popen.returncode == 1
        assert f"the data directory {weir.data} was removed or replaced" in weir.stderr()
        records, stored, dropped = totals(weir)
        assert records == stored + dropped and stored == 50, weir.stderr()
        assert not weir.data.exists()
        assert how == "removed" or stores.count(away) == 50
    with Collector(tmp_path, "--flush", "1s", name="again", format=None, store=True) as weir, Sender() as exporter:
        send(weir, exporter, 0, 10)
        eventually(lambda: weir.total("stored") == 10, "nothing is stored")
        assert weir.stop() == 0

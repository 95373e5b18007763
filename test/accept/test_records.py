# SPDX-License-Identifier: Apache-2.0
"""The store has exactly the records that were sent, and they become visible soon.

Sends 300,000 records of each protocol; in full length ten million.
"""

import collections
import time

import pytest

import stores
from harness import eventually
from test_gen import PROTOCOLS


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_sums_are_the_generators(store, protocol, length):
    collector = store(flush="2s")
    sent = stores.gen(collector, "--protocol", protocol, "--total", length(300_000, 10_000_000),
                      "--rate", "150k", "--exporters", 7, "--seed", 3)
    collector.wait_taken(sent["records"])
    expected = {key: sent[key] for key in ("records", "bytes", "packets", "exporters")}
    collector.wait_visible(sent["records"])
    assert stores.totals(collector.data) == expected, "while the collector runs"
    assert collector.stop() == 0, collector.stderr()[-3000:]
    data = collector.data
    assert stores.totals(data) == expected
    stores.assert_ledger_closes(data, sent["records"])
    assert stores.leftovers(data) == []
    by_exporter = {r["sampler_address"]: r["n"] for r in stores.query(
        data, "SELECT sampler_address, count(*) AS n FROM flows GROUP BY 1")}
    assert by_exporter == {a["exporter"]: a["stored"] for a in stores.accounts(data)}


def test_rows_are_visible_within_twelve_seconds(store, tmp_path):
    """With the default flush interval, seen from another process, while records keep arriving."""
    collector = store(flush=None)
    taken, late = collections.deque(), []
    with stores.start_gen(collector, tmp_path, "--rate", "20k", "--duration", "26s") as sender:
        while sender.running():
            taken.append((time.monotonic(), collector.total("records")))
            asked = time.monotonic()
            visible = stores.count(collector.data)
            due = [records for when, records in taken if when <= asked - 12]
            if due and visible < due[-1]:
                late.append((visible, due[-1]))
            time.sleep(0.3)
    assert len(taken) > 20 and taken[-1][1] > 300_000
    assert not late

# SPDX-License-Identifier: Apache-2.0
"""A system clock that contradicts the stored times: no rows are removed because of their age, new rows are marked."""

import time

import pytest

import harness
import stores
from harness import eventually

HOURS = 3 * 365 * 24
ROWS = 2_000


def store_moved_by(folder, hours):
    """A store in which all times are changed as if its flows had been received that many hours ago."""
    with stores.StoreCollector(folder, flush="60s", name="before") as collector:
        stores.gen(collector, "--total", ROWS, "--rate", "100k", "--domain", 1)
        collector.wait_taken(ROWS)
        assert collector.stop() == 0
    data = folder / "data"
    with stores.catalog(data, write=True) as database:
        for identity, path in database.execute("SELECT id, path FROM segments").fetchall():
            stores.move(database, data, identity, path, hours)
    return data


def send_and_see(collector, rows, domain):
    """Sends this number of flows and waits until they are stored and visible."""
    stores.gen(collector, "--total", rows, "--rate", "100k", "--domain", domain, "--seed", domain)
    eventually(lambda: stores.count(collector.data, f"observation_domain_id = {domain}") == rows, "the flows are not stored", 20)


def newest_unmarked(data):
    with stores.catalog(data) as database:
        return database.execute("SELECT max(yardstick) FROM segments").fetchone()[0]


def test_a_start_years_ahead_removes_nothing(tmp_path):
    data = store_moved_by(tmp_path, HOURS)
    for run in (2, 3):  # what the previous run has stored does not count as evidence of the time
        with stores.StoreCollector(tmp_path, data=data, keep="30d", name=f"ahead{run}") as collector:
            send_and_see(collector, 1_000, domain=run)
            assert stores.count(data, "observation_domain_id = 1") == ROWS
            assert stores.count(data, f"time_quality = 4 AND observation_domain_id = {run}") == 1_000
            assert stores.metric(collector, "weir_clock_held") == 1
            assert stores.metric(collector, "weir_store_removed_rows_total") == 0
            assert collector.stop() == 0
            assert collector.stderr().count("it is not believed") == 1, collector.stderr()
    assert stores.count(data, "time_quality = 4") == 2_000
    assert newest_unmarked(data) < (time.time() - 3600 * (HOURS - 2)) * 10**9
    stores.assert_ledger_closes(data, ROWS + 2_000)


def test_a_start_years_behind_goes_on_where_the_store_ends(tmp_path):
    data = store_moved_by(tmp_path, -HOURS)
    newest = max(segment["received_max"] for segment in stores.segments(data))
    with stores.StoreCollector(tmp_path, data=data, keep="30d", name="behind") as collector:
        send_and_see(collector, 1_000, domain=2)
        [row] = stores.query(data, "SELECT min(time_received_ns) AS first, max(time_received_ns) AS last, "
                                   "min(time_quality) AS quality FROM flows WHERE observation_domain_id = 2")
        assert row["quality"] == 4
        assert newest <= row["first"] <= row["last"] < newest + 600 * 10**9
        assert stores.metric(collector, "weir_clock_held") == 1
        assert stores.metric(collector, "weir_store_removed_rows_total") == 0
        assert collector.stop() == 0
    assert newest_unmarked(data) == newest


@pytest.mark.parametrize("store", [True, False])
def test_a_clock_that_fits_is_believed(tmp_path, store):
    with harness.Collector(tmp_path, store=store) as collector:
        assert stores.metric(collector, "weir_clock_held") == 0
        with harness.Sender() as sender:
            sender.send(collector.address, bytes(30))
        eventually(lambda: sum(s["datagrams"] for s in collector.sockets()) == 1, "the datagram did not arrive")
        assert stores.metric(collector, "weir_clock_held") == 0
        assert collector.stop() == 0
        assert "believed" not in collector.stderr()

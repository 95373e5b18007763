# SPDX-License-Identifier: Apache-2.0
"""Merging makes fewer, larger segments with the same rows; retention removes whole hours, the oldest first."""

import time

import pytest

import harness
import stores
from harness import eventually


def test_merging_keeps_every_row_once(tmp_path):
    with stores.StoreCollector(tmp_path, flush="300ms", merge_flushes=3, merge_merged=3) as collector:
        sent = stores.gen(collector, "--total", 150_000, "--rate", "20k", "--exporters", 3, "--flows", 20)
        collector.wait_taken(sent["records"])
        data = collector.data
        collector.wait_visible(sent["records"])
        eventually(lambda: sum(s["level"] == 0 for s in stores.segments(data)) < 3
                   and sum(s["level"] == 1 for s in stores.segments(data)) < 3, lambda: stores.segments(data), 20, 0.2)
        levels = {s["level"] for s in stores.segments(data)}
        expected = {key: sent[key] for key in ("records", "bytes", "packets", "exporters")}
        assert stores.totals(data) == expected
        assert stores.metric(collector, "weir_store_merged_segments_total") > 0
        assert collector.stop() == 0
    assert levels & {1, 2} and 2 in levels
    assert stores.totals(data) == expected
    # Each datagram of 20 records has its own sequence number: no record is duplicated, none is lost.
    [row] = stores.query(data, "SELECT max(n) AS most, min(n) AS least, count(*) AS datagrams FROM (SELECT count(*) AS n "
                               "FROM flows GROUP BY sampler_address, sequence_num)")
    assert row == {"most": 20, "least": 20, "datagrams": 7500}
    assert stores.leftovers(data) == []
    assert {str(f.relative_to(data)) for f in stores.files(data)} == {s["path"] for s in stores.segments(data)}
    stores.assert_ledger_closes(data, sent["records"])


def test_what_the_catalog_says_of_a_segment_is_true(tmp_path):
    """Rows, bytes and time ranges of flushed and of merged segments."""
    with stores.StoreCollector(tmp_path, flush="300ms", merge_flushes=4, merge_merged=100) as collector:
        stores.gen(collector, "--total", 40_000, "--rate", "20k")
        collector.wait_taken(40_000)
        assert collector.stop() == 0
    found = stores.segments(collector.data)
    assert len({s["level"] for s in found}) >= 1
    for segment in found:
        path = collector.data / segment["path"]
        assert path.stat().st_size == segment["bytes"]
        [(rows, *spans)] = stores.ask_duckdb(
            "SELECT count(*), min(epoch_ms(time_received)), max(epoch_ms(time_received)), min(epoch_ms(time_start)), "
            "max(epoch_ms(time_start)), min(epoch_ms(time_start) + duration_ms), max(epoch_ms(time_start) + duration_ms) "
            f"FROM read_parquet('{path}')")
        assert rows == segment["rows"]
        said = [segment[k] // 10**6 for k in ("received_min", "received_max", "start_min", "start_max", "end_min", "end_max")]
        assert all(abs(a - b) <= 1 for a, b in zip(spans, said)), (spans, said)
        assert segment["path"].startswith(time.strftime("flows/day=%Y-%m-%d/hour=%H/", time.gmtime(segment["hour"] * 3600)))


@pytest.fixture(scope="module")
def old_hours(tmp_path_factory):
    """A store of eight hours of 20,000 rows each, and a way to copy it."""
    return stores.aged(tmp_path_factory.mktemp("aged"), 8)


@pytest.fixture
def old_store(old_hours, tmp_path):
    import shutil
    shutil.copytree(old_hours, tmp_path / "data")
    return tmp_path


def domains(data):
    return {r["d"]: r["n"] for r in stores.query(
        data, "SELECT observation_domain_id AS d, count(*) AS n FROM flows GROUP BY 1")}


def test_keep_removes_the_oldest_hours(old_store):
    assert domains(old_store / "data") == {d: 20_000 for d in range(1, 9)}
    with stores.StoreCollector(old_store, keep="3h", merge_flushes=1000) as collector:
        sent = stores.gen(collector, "--total", 1000, "--domain", 100)
        data = collector.data
        eventually(lambda: 100 in domains(data) and 8 not in domains(data), lambda: domains(data), 20, 0.2)
        # Domain h was received h hours before the present hour: a part of the third is still recent enough.
        kept = {d: n for d, n in domains(data).items() if d != 100}
        assert kept in ({d: 20_000 for d in (1, 2, 3)}, {d: 20_000 for d in (1, 2)})
        assert domains(data)[100] == sent["records"]
        assert stores.metric(collector, "weir_store_removed_rows_total") == 20_000 * (8 - len(kept))
        assert collector.stop() == 0
    assert stores.leftovers(data) == []
    hours = list((data / "flows").glob("day=*/hour=*"))
    assert all(any(hour.iterdir()) for hour in hours) and len(hours) == len(kept) + 1, "empty folders must be removed"


def test_max_size_removes_the_oldest_hours(old_store):
    data = old_store / "data"
    size = sum(s["bytes"] for s in stores.segments(data))
    limit = size * 5 // 8
    with stores.StoreCollector(old_store, max_size=limit, merge_flushes=1000) as collector:
        stores.gen(collector, "--total", 1000, "--domain", 100)
        eventually(lambda: 100 in domains(data) and sum(s["bytes"] for s in stores.segments(data)) <= limit,
                   lambda: stores.segments(data), 20, 0.2)
        kept = domains(data)
        assert collector.stop() == 0
    kept.pop(100)
    assert set(kept) == set(range(1, 1 + len(kept))), "the oldest hours must be removed"
    assert 3 <= len(kept) <= 4, "no more hours than necessary must be removed"
    assert sum(f.stat().st_size for f in stores.files(data)) <= limit


def test_old_hours_are_merged_into_one_segment_each(tmp_path):
    """Two segments in a past hour become one, with all rows."""
    folder = tmp_path / "two"
    data = stores.aged(folder, 1, rows=5000)
    again = stores.aged(tmp_path / "other", 1, rows=7000)
    [theirs] = stores.segments(again)
    with stores.catalog(data, write=True) as database:
        (data / theirs["path"]).parent.mkdir(parents=True, exist_ok=True)
        name = theirs["path"].replace(".parquet", "-b.parquet")
        (again / theirs["path"]).rename(data / name)
        columns = [c for c in theirs if c != "id"]
        values = [name if c == "path" else theirs[c] for c in columns]
        database.execute(f"INSERT INTO segments ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", values)
    assert stores.count(data) == 12_000
    with stores.StoreCollector(folder) as collector:
        eventually(lambda: len(stores.segments(data)) == 1, lambda: stores.segments(data), 30, 0.2)
        assert collector.stop() == 0
    assert stores.count(data) == 12_000
    assert stores.leftovers(data) == []

# SPDX-License-Identifier: Apache-2.0
"""Collectors with a store, and independent readers of the store: SQLite for the catalog, DuckDB for the files."""

import contextlib
import csv
import io
import json
import os
import pathlib
import re
import shutil
import sqlite3
import time

import duckdb

import harness
from harness import eventually, run_weir

HOUR_NS = 3600 * 10**9


class StoreCollector(harness.Collector):
    """`weir collect` with a store; settings are the keys of [store], as in flush="1s"."""

    def __init__(self, folder, *flags, format=None, data=None, port=None, name="collect", **settings):
        settings = {"flush": "1s", **settings}
        env = {f"WEIR_STORE_{key.upper()}": str(value) for key, value in settings.items() if value is not None}
        super().__init__(folder, *flags, format=format, store=True, data=data, port=port, name=name, env=env)

    def wait_taken(self, records, timeout=30):
        """Waits until this number of records was decoded, and checks that none was lost on the way."""
        self.wait_total("records", records, timeout)
        assert self.total("records") == records and self.total("sequence_lost") == 0, self.ledger()

    def wait_visible(self, rows, timeout=12):
        eventually(lambda: count(self.data) >= rows, lambda: f"{count(self.data)} of {rows} rows are visible", timeout, 0.2)
        assert count(self.data) == rows


def gen(collector, *flags):
    """Sends flows to a collector and returns the generator's totals."""
    done = run_weir("gen", "--to", f"127.0.0.1:{collector.port}", *flags, "--format", "json", timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def start_gen(collector, folder, *flags, name="gen"):
    return harness.Process([harness.weir_binary(), "gen", "--to", f"127.0.0.1:{collector.port}", *flags, "--format",
                            "json"], folder, name)


def query(data, sql, *flags, **kwargs):
    """The rows of a query as dictionaries, as `--format json` prints them."""
    done = run_weir("query", "--data", data, "--format", "json", *flags, sql, **kwargs)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def query_csv(data, sql, *flags):
    done = run_weir("query", "--data", data, "--format", "csv", *flags, sql)
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


def count(data, where="true"):
    return query(data, f"SELECT count(*) AS n FROM flows WHERE {where}")[0]["n"]


def totals(data):
    [row] = query(data, "SELECT count(*) AS records, sum(bytes)::UBIGINT AS bytes, sum(packets)::UBIGINT AS packets, "
                        "count(DISTINCT sampler_address) AS exporters FROM flows")
    return row


@contextlib.contextmanager
def catalog(data, write=False):
    """catalog.db, opened with SQLite's own library."""
    database = sqlite3.connect(f"file:{data}/catalog.db?mode={'rw' if write else 'ro'}", uri=True, timeout=10)
    try:
        yield database
        database.commit()
    finally:
        database.close()


def segments(data):
    """The live segments as the catalog lists them."""
    with catalog(data) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute("SELECT * FROM segments ORDER BY hour, id")]


def file_of(data, segment):
    """The path of the segment's file, which still has its temporary name if a crash came before it was renamed."""
    path = pathlib.Path(data) / segment["path"]
    return path if path.exists() else path.with_name(path.name + ".tmp")


def files(data):
    return sorted((pathlib.Path(data) / "flows").rglob("*.parquet"))


def leftovers(data):
    """Files under flows/ that are not listed as segments."""
    listed = {pathlib.Path(data) / s["path"] for s in segments(data)}
    return [f for f in (pathlib.Path(data) / "flows").rglob("*") if f.is_file() and f not in listed]


def plain(paths):
    """A SQL expression that reads only these files, as any DuckDB user would write it."""
    listed = ", ".join(f"'{path}'" for path in paths)
    return f"read_parquet([{listed}], union_by_name = true)"


def ask_duckdb(sql):
    return duckdb.connect().execute(sql).fetchall()


def accounts(data):
    """The rows of exporters in the ledger on disk."""
    done = run_weir("exporters", "--data", data, "--format", "json")
    assert done.returncode == 0, done.stderr
    return [row for row in json.loads(done.stdout) if row.get("exporter")]


def assert_ledger_closes(data, rows=None):
    """Checks records = stored + filtered + sink_dropped in every account, and that `rows` are counted as stored."""
    found = accounts(data)
    for account in found:
        parts = account["stored"] + account["filtered"] + account["sink_dropped"]
        assert account["records"] == parts, account
    if rows is not None:
        assert sum(a["stored"] for a in found) == rows, found


def metric(collector, name, **labels):
    """The sum of the samples of a metric that have these labels."""
    status, _, text = harness.http(collector.url("/metrics"))
    assert status == 200
    total, found = 0.0, False
    for line in text.splitlines():
        match = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? ([0-9.e+-]+|NaN)(?: .*)?", line)
        if not match or match[1] != name:
            continue
        have = dict(re.findall(r'([a-z_]+)="([^"]*)"', match[2] or ""))
        if all(have.get(key) == value for key, value in labels.items()):
            total, found = total + float(match[3]), True
    assert found, f"no {name} with {labels}"
    return total


def aged(folder, hours, rows=20_000, **settings):
    """A store with one segment in each of the last hours, except the present one: domain h was received h hours ago.

    The segments are received now and then moved to earlier hours, in the catalog and on disk. The segment of domain
    `hours` is the oldest. Returns the data directory.
    """
    data = folder / "data"
    for domain in range(1, hours + 1):
        with StoreCollector(folder, merge_flushes=1000, flush="60s", name=f"aged{domain}", **settings) as collector:
            gen(collector, "--total", rows, "--rate", "200k", "--domain", domain, "--seed", domain)
            collector.wait_taken(rows * domain) if domain == 1 else None
            eventually(lambda: sum(a["records"] for a in collector.exporters() if a["domain"] == domain) == rows,
                       lambda: collector.ledger(), 20)
            assert collector.stop() == 0, collector.stderr()
    with catalog(data, write=True) as database:
        for number, (identity, path) in enumerate(database.execute("SELECT id, path FROM segments ORDER BY id").fetchall()):
            move(database, data, identity, path, number + 1)
    return data


def move(database, data, identity, path, hours):
    """Changes a segment, in the catalog and on disk, as if it had been received that many hours ago."""
    [hour] = database.execute("SELECT hour FROM segments WHERE id = ?", (identity,)).fetchone()
    new_hour = int(time.time()) // 3600 - hours
    at = time.gmtime(new_hour * 3600)
    new_path = f"{path.split('/')[0]}/day={time.strftime('%Y-%m-%d', at)}/hour={at.tm_hour:02}/{os.path.basename(path)}"
    (data / new_path).parent.mkdir(parents=True, exist_ok=True)
    shutil.move(data / path, data / new_path)
    shift = (hour - new_hour) * HOUR_NS
    database.execute("UPDATE segments SET hour = ?, path = ?, received_min = received_min - ?, received_max = "
                     "received_max - ? WHERE id = ?", (new_hour, new_path, shift, shift, identity))
    if "yardstick" in [column[1] for column in database.execute("PRAGMA table_info(segments)")]:
        database.execute("UPDATE segments SET yardstick = yardstick - ? WHERE id = ?", (shift, identity))

# SPDX-License-Identifier: Apache-2.0
"""The store has what was sent: sums, values, types, ledger, size on disk; other programs can read it too."""

import collections
import datetime
import json
import re
import signal
import subprocess
import time

import chdb
import pyarrow
import pyarrow.dataset
import pyarrow.parquet
import pytest

import harness
import peers
import stores
from harness import eventually, run_weir
from test_gen import PROTOCOLS
from test_gen_csv import rows as made_rows
from test_gen_csv import write as write_csv


def finish(collector):
    assert collector.stop() == 0, collector.stderr()[-3000:]
    return collector.data


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_value_comes_back(store, protocol, tmp_path):
    made = made_rows(4_000, v6=0 if protocol == "v5" else 0.3)
    file = write_csv(tmp_path / "flows.csv", made)
    collector = store()
    stores.gen(collector, "--protocol", protocol, "--csv", file, "--exporters", 3)
    collector.wait_taken(len(made))
    data = finish(collector)
    found = stores.query(data, "SELECT time_flow_start_ns, time_flow_end_ns, src_addr, dst_addr, src_port, dst_port, proto, "
                               "tcp_flags, packets, bytes, src_as, dst_as, in_if, out_if, ip_tos, etype FROM flows")
    shift = max(r["time_flow_end_ns"] for r in found) // 10**6 - max(r["end_ms"] for r in made)
    v5_as = lambda number: number if protocol != "v5" or number < 65536 else 23456
    expected = [((r["start_ms"] + shift) * 10**6, (r["end_ms"] + shift) * 10**6, r["src_addr"], r["dst_addr"],
                 r["src_port"], r["dst_port"], r["proto"], r["tcp_flags"], r["packets"], r["bytes"], v5_as(r["src_as"]),
                 v5_as(r["dst_as"]), r["in_if"], r["out_if"], r["tos"], 0x86DD if ":" in r["src_addr"] else 0x0800)
                for r in made]
    assert sorted(tuple(r.values()) for r in found) == sorted(expected)


def test_what_the_exporter_did_not_say_is_null(store, tmp_path):
    """Also, the file has no column for a field that no exporter sent."""
    collector = store()
    stores.gen(collector, "--protocol", "v5", "--total", 1000)
    file = write_csv(tmp_path / "flows.csv", made_rows(500), ("src_addr", "bytes"))
    stores.gen(collector, "--protocol", "v9", "--csv", file)
    collector.wait_taken(1500)
    data = finish(collector)
    [row] = stores.query(data, "SELECT count(src_mac) AS mac, count(vlan_id) AS vlan, count(nat_event) AS nat, "
                               "count(dst_addr) AS dst, count(packets) AS packets, count(bytes) AS bytes, "
                               "count(time_flow_start_ns) FILTER (type = 'NETFLOW_V5') AS start FROM flows")
    assert row == {"mac": 0, "vlan": 0, "nat": 0, "dst": 1000, "packets": 1000, "bytes": 1500, "start": 1000}
    for file in stores.files(data):
        names = pyarrow.parquet.read_schema(file).names
        assert "src_mac" not in names and "src_addr" in names


# By design: numbers are unsigned of a fitting width, addresses text, times timestamps without zone (in UTC).
TYPES = {"bytes": pyarrow.uint64(), "packets": pyarrow.uint64(), "src_addr": pyarrow.string(), "dst_addr": pyarrow.string(),
         "sampler_address": pyarrow.string(), "next_hop": pyarrow.string(), "proto": pyarrow.uint8(),
         "etype": pyarrow.uint16(), "src_port": pyarrow.uint16(), "dst_port": pyarrow.uint16(), "in_if": pyarrow.uint32(),
         "src_as": pyarrow.uint32(), "ip_tos": pyarrow.uint8(), "tcp_flags": pyarrow.uint16(),
         "sequence_num": pyarrow.uint32(), "observation_domain_id": pyarrow.uint32(), "type": pyarrow.string(),
         "time_received": pyarrow.timestamp("ms"), "time_start": pyarrow.timestamp("ms"), "duration_ms": pyarrow.int64()}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """(data directory, totals) of a store with all protocols and several segments."""
    folder = tmp_path_factory.mktemp("stored")
    sums = collections.Counter()
    with stores.StoreCollector(folder) as collector:
        for number, protocol in enumerate(PROTOCOLS):
            sent = stores.gen(collector, "--protocol", protocol, "--total", 30_000, "--rate", "60k", "--seed", number)
            sums.update(records=sent["records"], bytes=sent["bytes"], packets=sent["packets"])
            time.sleep(1)
        collector.wait_taken(90_000)
        assert collector.stop() == 0
    assert len(stores.files(folder / "data")) >= 3
    return folder / "data", dict(sums)


def test_plain_duckdb_reads_the_files(stored):
    data, sums = stored
    glob = f"read_parquet('{data}/flows/**/*.parquet', union_by_name = true, hive_partitioning = true)"
    [row] = stores.ask_duckdb(f"SELECT count(*), sum(bytes), sum(packets) FROM {glob}")
    assert row == (sums["records"], sums["bytes"], sums["packets"])
    assert stores.ask_duckdb(f"SELECT count(*) FROM {glob} WHERE src_addr LIKE '10.%.%.%' OR dst_addr LIKE '10.%.%.%' OR "
                             "src_addr LIKE '2001:db8:%'") == [(sums["records"],)]
    [(days, hours, wrong)] = stores.ask_duckdb(
        f"SELECT count(DISTINCT day), count(DISTINCT hour), count(*) FILTER (date_trunc('hour', time_received) <> "
        f"day::DATE + to_hours(hour::BIGINT)) FROM {glob}")
    assert days >= 1 and hours >= 1 and wrong == 0, "the folders must be named by the receive time"


def test_what_the_footers_say_is_exact(stored):
    """DuckDB takes max() and min() of a column of one file from the footer; for an expression it reads the values."""
    data, _ = stored
    columns = {"bytes": "bytes + 0", "duration_ms": "duration_ms + 0", "src_addr": "src_addr || ''",
               "sampler_address": "sampler_address || ''", "time_start": "time_start + INTERVAL 0 SECOND",
               "src_port": "src_port + 0"}
    for file in stores.files(data):
        footer = ", ".join(f"min({column}), max({column})" for column in columns)
        values = ", ".join(f"min({value}), max({value})" for value in columns.values())
        assert stores.ask_duckdb(f"SELECT {footer} FROM '{file}'") == stores.ask_duckdb(f"SELECT {values} FROM '{file}'")


def test_pyarrow_reads_the_files(stored):
    data, sums = stored
    for file in stores.files(data):
        schema = pyarrow.parquet.read_schema(file)
        for name in schema.names:
            assert schema.field(name).metadata[b"PARQUET:field_id"], name
            assert name not in TYPES or schema.field(name).type == TYPES[name], name
    schemas = [pyarrow.parquet.read_schema(file) for file in stores.files(data)]
    table = pyarrow.dataset.dataset(stores.files(data), schema=pyarrow.unify_schemas(schemas)).to_table()
    assert set(TYPES) - set(table.column_names) == set()
    assert table.num_rows == sums["records"]
    assert pyarrow.compute.sum(table["bytes"]).as_py() == sums["bytes"]
    assert pyarrow.compute.sum(table["packets"]).as_py() == sums["packets"]
    assert all(value.count(".") == 3 for value in table["sampler_address"].unique().to_pylist())


def test_clickhouse_reads_the_files(stored):
    data, sums = stored
    answer = chdb.query(f"SELECT count(), sum(bytes), sum(packets), countIf(src_addr LIKE '%.%' OR src_addr LIKE '%:%') FROM "
                        f"file('{data}/flows/*/*/*.parquet', Parquet) SETTINGS schema_inference_mode = 'union'", "CSV")
    assert str(answer).strip() == f"{sums['records']},{sums['bytes']},{sums['packets']},{sums['records']}"


def test_the_view_answers_as_the_files_do(stored):
    data, _ = stored
    sql = ("SELECT proto, dst_port, count(*) AS n, sum(bytes)::UBIGINT AS bytes, min(src_addr) AS first, max(time_received)"
           " AS last FROM {} GROUP BY 1, 2 ORDER BY bytes DESC, 1, 2 LIMIT 50")
    ours = stores.query(data, sql.format("flows"))
    theirs = stores.ask_duckdb(sql.format(stores.plain(stores.files(data))))
    assert [tuple(r.values())[:5] for r in ours] == [r[:5] for r in theirs]
    assert [r["last"][:19] for r in ours] == [r[5].isoformat()[:19] for r in theirs]


def test_query_formats_agree(stored, tmp_path):
    data, _ = stored
    sql = ("SELECT src_addr, dst_port, proto, bytes, src_mac, time_flow_start_ns FROM flows ORDER BY bytes DESC, src_addr, "
           "dst_port, time_flow_start_ns LIMIT 100")
    expected = stores.query(data, sql)
    assert len(expected) == 100 and all(r["src_mac"] is None for r in expected)
    in_csv = stores.query_csv(data, sql)
    assert [{k: "" if v is None else str(v) for k, v in r.items()} for r in expected] == in_csv
    done = run_weir("query", "--data", data, "--format", "parquet", "--output", tmp_path / "out.parquet", sql)
    assert done.returncode == 0, done.stderr
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert table.to_pylist() == expected
    assert table.schema.field("bytes").type == pyarrow.uint64() and table.schema.field("proto").type == pyarrow.uint8()
    shown = run_weir("query", "--data", data, "--format", "table", sql)
    assert shown.returncode == 0 and "\x1b" not in shown.stdout
    for row in expected:
        assert row["src_addr"] in shown.stdout and str(row["bytes"]) in shown.stdout.replace(",", "")


@pytest.mark.parametrize("key, by", [("src_addr", "bytes"), ("dst_port", "packets"), ("proto", "flows")])
def test_top_is_what_duckdb_says(stored, key, by):
    data, sums = stored
    done = run_weir("top", key, "--by", by, "-n", 5, "--data", data, "--format", "json")
    assert done.returncode == 0, done.stderr
    ours = [{name: r[name] for name in (key, "flows", "packets", "bytes")} for r in map(json.loads, done.stdout.splitlines())
            if r.get(key) is not None]
    theirs = stores.ask_duckdb(f"SELECT {key}, count(*) AS flows, sum(packets) AS packets, sum(bytes) AS bytes FROM "
                               f"{stores.plain(stores.files(data))} GROUP BY 1 ORDER BY {by} DESC LIMIT 5")
    assert [tuple(r.values()) for r in ours] == theirs


def test_top_to_a_pipe_is_plain(stored):
    data, sums = stored
    done = run_weir("top", "--data", data)
    assert done.returncode == 0 and "\x1b" not in done.stdout
    [(address, octets)] = stores.ask_duckdb(
        f"SELECT src_addr, sum(bytes) FROM {stores.plain(stores.files(data))} GROUP BY 1 ORDER BY 2 DESC LIMIT 1")
    [line] = [words for words in map(str.split, done.stdout.splitlines()) if words and words[0] == address]
    assert str(octets) in line
    share = 100 * octets / sums["bytes"]
    assert any(abs(float(word.rstrip("%")) - share) < 0.1 for word in line[1:] if "." in word), (line, share)


@pytest.mark.parametrize("time, what", [("received", "flows received"), ("start", "flows that began")])
def test_top_says_which_time_its_flows_cover(stored, time, what):
    data, _ = stored
    [(first, last)] = stores.ask_duckdb(
        f"SELECT min(time_{time}), max(time_{time}) FROM {stores.plain(stores.files(data))}")
    day, clock = "%Y-%m-%d ", "%H:%M:%S"
    end = f"{last:{clock}}" if first.date() == last.date() else f"{last:{day}{clock}}"
    span = f"weir: {what} from {first:{day}{clock}} to {end} UTC"
    top = ("top", "--data", data, "--time", time)
    assert re.fullmatch(f"{span}; (those of the last [0-9]+ s may not be stored yet|the newest is [0-9]+ (s|min) old)\n",
                        run_weir(*top).stderr)
    until = f"{last + datetime.timedelta(milliseconds=1):%Y-%m-%dT%H:%M:%S.%fZ}"
    assert run_weir(*top, "--until", until).stderr == span + "\n"
    assert run_weir(*top, "--format", "csv").stderr == ""
    nothing = run_weir(*top, "--until", "2000-01-01")
    assert nothing.stderr == "weir: no flows match; weir store stats says what is stored\n"


def test_stats_are_the_catalogs(stored):
    data, sums = stored
    done = run_weir("store", "stats", "--data", data, "--format", "json")
    assert done.returncode == 0, done.stderr
    stats = json.loads(done.stdout)
    size = sum(f.stat().st_size for f in stores.files(data))
    assert (stats["rows"], stats["bytes"], stats["segments"]) == (sums["records"], size, len(stores.files(data)))
    assert sum(s["bytes"] for s in stores.segments(data)) == size
    assert sum(s["rows"] for s in stores.segments(data)) == sums["records"]


def test_since_and_until(stored):
    data, sums = stored
    assert stores.query(data, "SELECT count(*) AS n FROM flows", "--since", "-1h") == [{"n": sums["records"]}]
    assert stores.query(data, "SELECT count(*) AS n FROM flows", "--until", "-1h") == [{"n": 0}]
    [(middle, expected)] = stores.ask_duckdb(
        f"WITH f AS (FROM {stores.plain(stores.files(data))}), m AS (SELECT date_trunc('second', quantile_disc(time_start, "
        "0.5)) AS middle FROM f) SELECT any_value(middle), count(*) FROM f, m WHERE time_start >= middle")
    found = stores.query(data, "SELECT count(*) AS n FROM flows", "--since", middle.isoformat() + "Z", "--time", "start")
    assert found == [{"n": expected}] and 0 < expected < sums["records"]


def test_an_empty_store_answers(store):
    collector = store()
    assert stores.count(collector.data) == 0
    assert stores.query(finish(collector), "SELECT src_addr FROM flows") == []


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_flushes(store, with_signal):
    collector = store(flush="1h")
    stores.gen(collector, "--total", 5000)
    collector.wait_taken(5000)
    assert stores.segments(collector.data) == []
    assert collector.stop(with_signal) == 0
    assert stores.count(collector.data) == 5000
    stores.assert_ledger_closes(collector.data, 5000)


def test_an_overload_is_counted_to_the_record(store):
    """At the generator's full speed: records that the sockets or the queue drop are reported, all others are stored."""
    collector = store()
    stores.gen(collector, "--total", "2M", "--exporters", 4)
    eventually(lambda: collector.kernel_queue()[0] == 0, "datagrams wait in the socket", 30)
    data = finish(collector)
    rows = stores.count(data)
    stores.assert_ledger_closes(data, rows)
    assert rows > 0 and rows == sum(s["rows"] for s in stores.segments(data))


def test_a_format_beside_the_store_changes_nothing_in_it(store):
    collector = store(format="json")
    sent = stores.gen(collector, "--total", 3000)
    collector.wait_taken(3000)
    printed = collector.finish()
    assert len(printed) == 3000 and sum(r["bytes"] for r in printed) == sent["bytes"]
    stores.assert_ledger_closes(collector.data, 3000)
    assert stores.totals(collector.data)["bytes"] == sent["bytes"]


def test_memory_stays_bounded(store):
    collector = store()
    stores.gen(collector, "--total", "2M", "--rate", "400k")
    peak = int(next(line for line in open(f"/proc/{collector.pid}/status") if line.startswith("VmHWM")).split()[1]) << 10
    assert peak < 500 << 20


def nfcapd_bytes(folder, file):
    port = harness.free_port()
    folder.mkdir()
    command = [harness.program("nfcapd"), "-b", "127.0.0.1", "-p", port, "-w", folder, "-t", 3600, "-y", "-B", 16 << 20]
    with harness.Process(command, folder.parent, "nfcapd") as nfcapd:
        eventually(lambda: harness.udp_queue(port), "nfcapd has not bound its port")
        done = run_weir("gen", "--to", f"127.0.0.1:{port}", "--csv", file, "--rate", "100k", "--format", "json")
        eventually(lambda: harness.udp_queue(port)[0] == 0, "nfcapd leaves datagrams in its socket")
        time.sleep(0.3)
        nfcapd.stop()
    [written] = folder.glob("nfcapd.2*")
    told = subprocess.run([harness.program("nfdump"), "-I", "-r", written], check=True, capture_output=True, text=True).stdout
    assert f"Flows: {json.loads(done.stdout)['records']}\n" in told
    return written.stat().st_size


def test_bytes_of_real_flows(store, tmp_path, record_property):
    """At most 15.5 bytes per flow before merging; nfcapd -y needs 24 to 27 for the same packets."""
    file = harness.shared("flows/campus-a.csv.gz")
    collector = store(flush=None)
    sent = stores.gen(collector, "--csv", file, "--rate", "100k")
    collector.wait_taken(sent["records"])
    data = finish(collector)
    assert stores.totals(data)["bytes"] == sent["bytes"]
    ours = sum(f.stat().st_size for f in stores.files(data)) / sent["records"]
    theirs = nfcapd_bytes(tmp_path / "nfcapd", file) / sent["records"]
    record_property("bytes_per_flow", f"weir {ours:.2f}, nfcapd -y {theirs:.2f}")
    print(f"bytes per flow: weir {ours:.2f} in {len(stores.files(data))} segments, nfcapd -y {theirs:.2f}")
    assert ours <= 15.5 and ours <= 0.65 * theirs

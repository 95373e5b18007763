# SPDX-License-Identifier: Apache-2.0
"""Errors in SQL, data directories and damaged segments are reported by name, and intact data can still be queried."""

import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import termios

import pytest

import harness
import stores
from harness import eventually, http, run_weir

ROWS = 40_000


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A store of several segments whose collector has ended."""
    folder = tmp_path_factory.mktemp("original")
    with stores.StoreCollector(folder, flush="400ms", merge_flushes=1000) as collector:
        stores.gen(collector, "--total", ROWS, "--rate", "20k", "--exporters", 2)
        collector.wait_taken(ROWS)
        assert collector.stop() == 0
    assert len(stores.segments(folder / "data")) >= 4
    return folder / "data"


@pytest.fixture
def data(original, tmp_path):
    shutil.copytree(original, tmp_path / "data")
    return tmp_path / "data"


READERS = {"query": ("query", "SELECT count(*) AS n FROM flows"), "top": ("top",), "stats": ("store", "stats")}


def read(name, data, *flags):
    command, *rest = READERS[name]
    return run_weir(command, *rest[:1], "--data", data, *flags) if command == "store" else run_weir(
        command, "--data", data, *flags, *rest)


@pytest.mark.parametrize("sql, words", [
    ("SELEC count(*) FROM flows", ["SELEC", "^"]),
    ("SELECT count(* FROM flows", ["^"]),
    ("SELECT byte FROM flows", ["byte", "bytes", "^"]),
    ("SELECT * FROM flow", ["flow", "flows"]),
    ("SELECT src_addr + 1 FROM flows GROUP BY nothing", ["nothing"]),
])
def test_bad_sql_is_shown_with_a_caret(original, sql, words):
    done = run_weir("query", "--data", original, sql)
    assert done.returncode == 2 and not done.stdout
    assert all(word in done.stderr for word in words), done.stderr


def test_a_mistake_while_running_is_a_failure(original):
    done = run_weir("query", "--data", original, "SELECT src_addr::INTEGER FROM flows")
    assert done.returncode in (1, 2) and "src_addr" in done.stderr + "src_addr"
    assert "onver" in done.stderr, done.stderr


def test_unknown_key_of_top(original):
    done = run_weir("top", "src_adr", "--data", original)
    assert done.returncode == 2 and "src_adr" in done.stderr and "src_addr" in done.stderr.replace("src_adr ", "")


@pytest.mark.parametrize("name", READERS)
def test_no_such_data_directory(name, tmp_path):
    done = read(name, tmp_path / "nowhere")
    assert done.returncode == 2 and str(tmp_path / "nowhere") in done.stderr and not done.stdout


@pytest.mark.parametrize("name", READERS)
def test_a_folder_that_is_no_data_directory(name, tmp_path):
    done = read(name, tmp_path)
    assert done.returncode == 2 and str(tmp_path) in done.stderr and not done.stdout
    assert list(tmp_path.iterdir()) == [], "a reader created a file"


@pytest.mark.parametrize("name", [*READERS, "collect"])
def test_a_newer_version_is_refused(name, data):
    with sqlite3.connect(data / "catalog.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    if name == "collect":
        done = run_weir("collect", "--data", data, "--listen", f"netflow://127.0.0.1:{harness.free_port()}", "--http", "off")
    else:
        done = read(name, data)
    assert done.returncode == 2 and "catalog.db" in done.stderr and "newer" in done.stderr, done.stderr
    assert not done.stdout


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_catalog_is_named(name, data):
    with open(data / "catalog.db", "r+b") as file:
        file.write(b"no database at all")
    done = read(name, data)
    assert done.returncode == 2 and "catalog.db" in done.stderr and not done.stdout


def test_one_collector_and_any_number_of_readers(tmp_path):
    with stores.StoreCollector(tmp_path) as collector:
        stores.gen(collector, "--total", 1000)
        collector.wait_visible(1000)
        second = run_weir("collect", "--data", collector.data, "--listen", f"netflow://127.0.0.1:{harness.free_port()}",
                          "--http", "off")
        assert second.returncode == 2 and str(collector.data) in second.stderr
        for name in READERS:
            assert read(name, collector.data).returncode == 0


def delete(path):
    path.unlink()


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


def flip(path):
    """Flips one bit in every kilobyte of the data; header and footer stay intact."""
    content = bytearray(path.read_bytes())
    footer = int.from_bytes(content[-8:-4], "little")
    for at in range(100, len(content) - 8 - footer, 1000):
        content[at] ^= 0x10
    path.write_bytes(content)


def garble_footer(path):
    content = bytearray(path.read_bytes())
    footer = int.from_bytes(content[-8:-4], "little")
    for at in range(len(content) - 8 - footer, len(content) - 8, 3):
        content[at] ^= 0xFF
    path.write_bytes(content)


def append(path):
    with open(path, "ab") as file:
        file.write(b"more")


DAMAGES = [delete, truncate, empty, flip, garble_footer, append]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda f: f.__name__)
def test_a_damaged_segment_is_named_and_the_rest_answers(damage, data):
    """The result has the sums of all other segments, and the exit code says that it is incomplete."""
    victim = stores.segments(data)[1]
    others = [data / s["path"] for s in stores.segments(data) if s["id"] != victim["id"]]
    expected = stores.ask_duckdb(f"SELECT count(*), sum(bytes) FROM {stores.plain(others)}")[0]
    damage(data / victim["path"])
    done = run_weir("query", "--data", data, "--format", "csv", "SELECT count(src_addr), sum(bytes)::UBIGINT, "
                    "count(DISTINCT dst_port) FROM flows")
    assert victim["path"].rsplit("/", 1)[1] in done.stderr, done.stderr
    assert "/proc/self/fd" not in done.stderr and "bit_xor" not in done.stderr
    assert done.returncode == 1
    assert tuple(map(int, done.stdout.splitlines()[1].split(",")[:2])) == expected
    top = run_weir("top", "--data", data, "--format", "json")
    assert top.returncode == 1 and victim["path"].rsplit("/", 1)[1] in top.stderr and top.stdout


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda f: f.__name__)
def test_a_collector_goes_on_beside_a_damaged_segment(damage, data):
    """Merging skips the segment, reports it once, and keeps the file and its entry in the catalog."""
    victim = stores.segments(data)[1]
    damage(data / victim["path"])
    rest = ROWS - victim["rows"]
    with stores.StoreCollector(data.parent, flush="400ms", merge_flushes=2, merge_merged=2) as collector:
        sent = stores.gen(collector, "--total", 20_000, "--rate", "10k", "--domain", 7)
        eventually(lambda: sum(s["rows"] for s in stores.segments(data)) == ROWS + sent["records"],
                   lambda: stores.segments(data), 15, 0.2)
        eventually(lambda: len(stores.segments(data)) <= 4, lambda: stores.segments(data), 30, 0.2)
        assert collector.stop() == 0
    assert victim["path"] in {s["path"] for s in stores.segments(data)}
    said = [line for line in collector.stderr().splitlines() if victim["path"].rsplit("/", 1)[1] in line]
    assert 1 <= len(said) <= 2, said
    others = [data / s["path"] for s in stores.segments(data) if s["path"] != victim["path"]]
    [(rows,)] = stores.ask_duckdb(f"SELECT count(*) FROM {stores.plain(others)}")
    assert rows == rest + sent["records"]


def test_a_store_without_its_catalog_is_not_deleted(data):
    """A lost catalog.db: the segments are no longer listed, but a start must not remove them."""
    before = {f: f.read_bytes() for f in stores.files(data)}
    for name in ("catalog.db", "catalog.db-wal", "catalog.db-shm"):
        (data / name).unlink(missing_ok=True)
    with stores.StoreCollector(data.parent) as collector:
        stores.gen(collector, "--total", 100)
        collector.wait_visible(100)
        said = collector.stderr()
        assert collector.stop() == 0
    assert all(f.read_bytes() == content for f, content in before.items())
    assert str(len(before)) in said, said


def test_files_that_no_list_names_are_shown(data):
    def stats():
        return json.loads(run_weir("store", "stats", "--data", data, "--format", "json").stdout)["unlisted"]

    assert stats() == {"files": 0, "bytes": 0}
    assert "unlisted" not in run_weir("store", "stats", "--data", data).stdout
    victim = data / stores.segments(data)[0]["path"]
    shutil.copy(victim, victim.with_name("copied.parquet"))
    assert stats() == {"files": 1, "bytes": victim.stat().st_size}
    assert "unlisted: 1 files" in run_weir("store", "stats", "--data", data).stdout
    with stores.StoreCollector(data.parent) as collector:
        def metric(name):
            text = http(collector.url("/metrics"))[2]
            [line] = [line for line in text.splitlines() if line.startswith(name + " ")]
            return int(line.split()[1])

        eventually(lambda: metric("weir_store_unlisted_files") == 1, "the metric does not show it")
        assert metric("weir_store_unlisted_bytes") == victim.stat().st_size


def test_a_file_of_the_statement_that_is_missing_is_its_mistake(original):
    done = run_weir("query", "--data", original, "SELECT * FROM flows, read_csv('/nowhere/sites.csv')")
    assert done.returncode == 2 and "/nowhere/sites.csv" in done.stderr and not done.stdout


def test_a_range_that_ends_before_it_begins(original):
    done = run_weir("query", "--data", original, "--since", "today", "--until", "yesterday", "FROM flows")
    assert done.returncode == 2 and "--since" in done.stderr and "--until" in done.stderr and not done.stdout


def test_a_dash_is_standard_output(original, tmp_path):
    done = run_weir("query", "--data", original, "--format", "csv", "--output", "-", "SELECT 7 AS n", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout == "n\n7\n" and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_link_as_output_stays_one(original, tmp_path, form):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    done = run_weir("query", "--data", original, "--format", form, "--output", link, "SELECT 7 AS n")
    assert done.returncode == 0, done.stderr
    assert link.is_symlink() and {f.name for f in tmp_path.iterdir()} == {"target", "link"}
    assert target.read_bytes() == b"n\n7\n" if form == "csv" else target.read_bytes().startswith(b"PAR1")


def test_parquet_through_a_pipe_leaves_nothing_behind(original, tmp_path):
    done = subprocess.run([harness.weir_binary(), "query", "--data", original, "--format", "parquet", "FROM flows"],
                          env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, timeout=60)
    assert done.returncode == 0 and done.stdout[:4] == done.stdout[-4:] == b"PAR1"
    assert list(tmp_path.iterdir()) == []


SLOW = "SELECT count(*) AS n FROM range(1000000) a, range({}) b WHERE hash(a.range * b.range) % 7 = 3"


def is_at(asking, at):
    """Whether the process has worked for a while, or is blocked because no process reads its standard output."""
    if at == "work":
        return harness.cpu_seconds(asking.pid) > 1
    waiting = fcntl.ioctl(asking.stdout, termios.FIONREAD, bytes(4))
    return int.from_bytes(waiting, sys.byteorder) > fcntl.fcntl(asking.stdout, fcntl.F_GETPIPE_SZ) // 2


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("at", ["work", "a full pipe"])
def test_an_interrupted_query_leaves_nothing_behind(original, tmp_path, told, at):
    folder, file = tmp_path / "temporary", tmp_path / "answer"
    folder.mkdir()
    question = ["--output", str(file), SLOW.format(1_000_000)] if at == "work" else ["FROM flows, range(1000)"]
    with subprocess.Popen([harness.weir_binary(), "query", "--data", original, "--format", "csv", *question],
                          env={**os.environ, "TMPDIR": str(folder)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL)) as asking:  # nohup ignores it
        try:
            eventually(lambda: is_at(asking, at), f"it has not reached: {at}", timeout=30)
            assert asking.poll() is None
            asking.send_signal(told)
            assert asking.wait(20) == 130 and b"interrupted" in asking.stderr.read()
        finally:
            asking.kill()
    assert list(folder.iterdir()) == [] and list(tmp_path.iterdir()) == [folder]


def test_a_bar_of_progress_is_gone_before_the_answer(original):
    master, terminal = os.openpty()
    with subprocess.Popen([harness.weir_binary(), "query", "--data", original, "--threads", "1", SLOW.format(1000)],
                          stdout=terminal, stderr=terminal) as asking:
        os.close(terminal)
        shown = b""
        while True:
            try:
                shown += os.read(master, 65536)
            except OSError:  # a terminal reports in this way that no process writes to it any more
                break
        assert asking.wait() == 0
    os.close(master)
    bar, frame = shown.rfind(b"%"), shown.find("┌".encode())
    assert 0 < bar < frame, "the query was too fast to show a bar"
    assert b"\r\x1b[K" in shown[bar:frame]

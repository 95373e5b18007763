# SPDX-License-Identifier: Apache-2.0
"""A full disk: no data is damaged, lost records are counted, and storing resumes by itself when space is available."""

import ctypes
import os
import subprocess

import pytest

import harness
import stores
from harness import eventually, skip_or_fail

MIB = 1 << 20
CLONE_NEWNS = 0x20000


class SmallDisk:
    """A file system of a few MiB in a mount namespace of this process, with which it disappears in any case."""

    def __init__(self, folder, size):
        if os.getuid() != 0:
            skip_or_fail("not root: cannot mount a small file system")
        self.folder = folder / "disk"
        self.folder.mkdir()
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNS) != 0:
            skip_or_fail(f"no mount namespace: {os.strerror(ctypes.get_errno())}")
        for command in (["--make-rprivate", "/"], ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(self.folder)]):
            done = subprocess.run([harness.program("mount"), *command], capture_output=True, text=True)
            if done.returncode != 0:
                skip_or_fail(f"cannot mount a small file system: {done.stderr}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([harness.program("umount"), "--lazy", self.folder], check=True)

    def free(self):
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def fill(self, leave):
        with open(self.folder / "filler", "ab") as out:
            while self.free() > leave:
                try:
                    out.write(bytes(min(self.free() - leave, MIB)))
                    out.flush()
                except OSError:
                    return

    def make_room(self):
        (self.folder / "filler").unlink()


def send(collector, records, seed):
    before = collector.total("records")
    sent = stores.gen(collector, "--total", records, "--rate", "20k", "--seed", seed, "--protocol", "ipfix")
    assert sent["records"] == records
    collector.wait_total("records", before + records)


def settled(collector):
    """Waits until every decoded record was stored or dropped."""
    eventually(lambda: collector.total("records") == collector.total("stored") + collector.total("sink_dropped"),
               lambda: collector.ledger(), 20)


@pytest.mark.parametrize("min_free", [None, "1"], ids=["floor", "to the last byte"])
def test_full_disk(min_free, tmp_path):
    with SmallDisk(tmp_path, 24 * MIB) as disk:
        data = disk.folder / "data"
        with stores.StoreCollector(tmp_path, data=data, min_free=min_free, flush="500ms") as collector:
            send(collector, 20_000, seed=1)
            eventually(lambda: stores.count(data) == 20_000, "the first rows are not visible", 12, 0.2)
            assert collector.total("sink_dropped") == 0

            disk.fill(leave=0)
            send(collector, 40_000, seed=2)
            settled(collector)
            assert collector.running(), collector.stderr()
            dropped = collector.total("sink_dropped")
            assert dropped > 20_000
            assert stores.count(data) == collector.total("stored") == 60_000 - dropped
            assert stores.metric(collector, "weir_sink_dropped_records_total", sink="store", reason="no_space") == dropped
            assert "space" in collector.stderr()

            disk.make_room()
            send(collector, 30_000, seed=3)
            settled(collector)
            eventually(lambda: collector.total("stored") > 60_000 - dropped, "storing does not resume", 12)
            send(collector, 10_000, seed=4)
            settled(collector)
            assert collector.total("sink_dropped") <= dropped + 30_000
            rows = collector.total("stored")
            eventually(lambda: stores.count(data) == rows, lambda: f"{stores.count(data)} of {rows} rows", 12, 0.2)
            assert collector.stop() == 0, collector.stderr()
        stores.assert_ledger_closes(data, rows)
        assert stores.count(data) == rows
        assert stores.leftovers(data) == []
        assert stores.ask_duckdb(f"SELECT count(*) FROM {stores.plain(stores.files(data))}") == [(rows,)]


def test_a_start_on_a_full_disk_is_an_error(tmp_path):
    with SmallDisk(tmp_path, 4 * MIB) as disk:
        (disk.folder / "data").mkdir()
        disk.fill(leave=0)
        done = harness.run_weir("collect", "--data", disk.folder / "data", "--listen",
                                f"netflow://127.0.0.1:{harness.free_port()}", "--http", "off", timeout=20)
        assert done.returncode == 1 and "the disk is full" in done.stderr and str(disk.folder / "data") in done.stderr


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_a_smaller_store_starts_on_a_full_disk(end, tmp_path):
    """Not even the catalog can be opened; removal for max_size frees the space, and the remaining rows are kept."""
    with SmallDisk(tmp_path, 24 * MIB) as disk:
        data = disk.folder / "data"
        with stores.StoreCollector(tmp_path, data=data, min_free="1", flush="300ms", merge_flushes=1000) as collector:
            for seed in range(6):
                send(collector, 30_000, seed)
            settled(collector)
            eventually(lambda: stores.count(data) == 180_000, "not all rows are visible", 12, 0.2)
            if end == "stopped":
                assert collector.stop() == 0, collector.stderr()
            else:
                collector.popen.kill()
                collector.popen.wait()
        disk.fill(leave=0)
        refused = harness.run_weir("collect", "--data", data, "--listen", f"netflow://127.0.0.1:{harness.free_port()}",
                                   "--http", "off", timeout=20)
        assert refused.returncode == 1 and "the disk is full" in refused.stderr and "--max-size" in refused.stderr

        bytes_before = sum(f.stat().st_size for f in stores.files(data))
        with stores.StoreCollector(tmp_path, data=data, min_free="1", flush="300ms", max_size=str(bytes_before // 2),
                                   name="smaller") as collector:
            eventually(lambda: "(store.max_size)" in collector.stderr(), collector.stderr, 20)
            assert 0 < stores.count(data) < 180_000
            stored = collector.total("stored")
            send(collector, 1_000, seed=9)
            eventually(lambda: collector.total("stored") == stored + 1_000, "it does not store", 12, 0.2)
            assert collector.stop() == 0, collector.stderr()
        stores.assert_ledger_closes(data)
        assert stores.leftovers(data) == []


def test_a_start_that_is_refused_keeps_the_mark_of_a_crash(tmp_path):
    collector = stores.StoreCollector(tmp_path)
    with collector:
        collector.popen.kill()
        collector.popen.wait()
    mark = collector.data / "running"
    assert mark.exists()
    taken = harness.free_port()
    refused = harness.run_weir("collect", "--data", collector.data, "--listen", f"netflow://127.0.0.1:{taken}", "--http",
                               "203.0.113.1:9", timeout=20)
    assert refused.returncode != 0 and mark.exists(), refused.stderr
    with stores.StoreCollector(tmp_path, name="again") as again:
        assert "did not end by itself" in again.stderr()
        assert again.stop() == 0
    assert not mark.exists()
    refused = harness.run_weir("collect", "--data", collector.data, "--listen", f"netflow://127.0.0.1:{taken}", "--http",
                               "203.0.113.1:9", timeout=20)
    assert refused.returncode != 0 and not mark.exists()

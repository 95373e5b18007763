# SPDX-License-Identifier: Apache-2.0
"""A full disk: nothing breaks, what could not be stored is counted, and storing goes on by itself once there is room."""

import os
import pathlib
import subprocess

import pytest

import harness
import stores
from harness import eventually, skip_or_fail

MIB = 1 << 20


class SmallDisk(harness.Process):
    """A file system of a few MiB in a mount namespace of its own; it goes with the process."""

    def __init__(self, folder, size):
        if os.getuid() != 0:
            skip_or_fail("not root: cannot mount a small file system")
        self.folder = folder / "disk"
        self.folder.mkdir()
        script = f'mount -t tmpfs -o size={size} tmpfs "{self.folder}" && echo mounted && exec sleep 1000'
        super().__init__([harness.program("unshare"), "--mount", "--propagation", "private", "sh", "-c", script], folder,
                         "disk")
        eventually(lambda: "mounted" in self.stdout_path.read_text() or not self.running(), "the mount takes too long")
        if not self.running():
            skip_or_fail(f"cannot mount a small file system: {self.stderr()}")
        self.prefix = (harness.program("nsenter"), "--target", self.pid, "--mount")

    @property
    def seen_from_here(self):
        return pathlib.Path(f"/proc/{self.pid}/root{self.folder}")

    def free(self):
        status = os.statvfs(self.seen_from_here)
        return status.f_bavail * status.f_frsize

    def fill(self, leave):
        with open(self.seen_from_here / "filler", "ab") as out:
            while self.free() > leave:
                try:
                    out.write(bytes(min(self.free() - leave, MIB)))
                    out.flush()
                except OSError:
                    return

    def make_room(self):
        (self.seen_from_here / "filler").unlink()


def send(collector, records, seed):
    before = collector.total("records")
    sent = stores.gen(collector, "--total", records, "--rate", "20k", "--seed", seed, "--protocol", "ipfix")
    assert sent["records"] == records
    collector.wait_total("records", before + records)


def settled(collector):
    """Once every decoded record was stored or dropped."""
    eventually(lambda: collector.total("records") == collector.total("stored") + collector.total("sink_dropped"),
               lambda: collector.ledger(), 20)


@pytest.mark.parametrize("min_free", [None, "0"], ids=["floor", "to the last byte"])
def test_full_disk(min_free, tmp_path):
    with SmallDisk(tmp_path, 24 * MIB) as disk:
        data = disk.seen_from_here / "data"
        collector = stores.StoreCollector(tmp_path / "weir", data=disk.folder / "data", prefix=disk.prefix,
                                          min_free=min_free, flush="500ms")
        collector.data = data
        with collector:
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
            assert stores.metric(collector, "weir_dropped_records_total", reason="no_space") == dropped
            assert "space" in collector.stderr()

            disk.make_room()
            send(collector, 30_000, seed=3)
            settled(collector)
            eventually(lambda: collector.total("stored") > 60_000 - dropped, "it does not store again", 12)
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
        (disk.seen_from_here / "data").mkdir()
        disk.fill(leave=0)
        done = subprocess.run([str(word) for word in (*disk.prefix, harness.weir_binary(), "collect", "--data",
                               disk.folder / "data", "--listen", f"netflow://127.0.0.1:{harness.free_port()}", "--http",
                               "off")], capture_output=True, text=True, timeout=20)
        assert done.returncode in (1, 2) and str(disk.folder / "data") in done.stderr and "terminate" not in done.stderr

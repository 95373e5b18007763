# SPDX-License-Identifier: Apache-2.0
"""Readers never fail: queries run continuously while the store flushes, merges and removes.

Takes fifteen seconds; in full length ten minutes.
"""

import collections
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

import pytest

import harness
import stores
from harness import skip_or_fail

NOBODY = 65534
PER_DATAGRAM = 20
SECONDS = (15, 600)


class Asker(threading.Thread):
    """Repeats one query in separate processes, `rate` times a second, until it is stopped."""

    def __init__(self, data, sql, rate, user=None):
        super().__init__()
        self.data, self.sql, self.interval, self.user = data, sql, 1 / rate, user
        self.answers, self.errors, self.ending = [], [], threading.Event()

    def run(self):
        due = time.monotonic()
        while not self.ending.is_set():
            self.ask()
            due = max(due + self.interval, time.monotonic() - 1)
            self.ending.wait(max(0, due - time.monotonic()))

    def ask(self):
        as_user = {} if self.user is None else {"user": self.user, "group": self.user, "extra_groups": []}
        try:
            done = harness.run_weir("query", "--data", self.data, "--format", "json", self.sql, cwd="/", **as_user)
        except (OSError, subprocess.SubprocessError) as error:
            self.errors.append(str(error))
            return
        if done.returncode != 0 or done.stderr:
            self.errors.append((done.returncode, done.stderr))
        else:
            self.answers.append([json.loads(line) for line in done.stdout.splitlines()])

    def finish(self):
        self.ending.set()
        self.join()
        assert not self.errors, f"{len(self.errors)} of {len(self.errors) + len(self.answers)}: {self.errors[:3]}"
        return self.answers


# Each sequence number belongs to one datagram of 20 records, and the numbers of an exporter have no gaps.
DATAGRAMS = ("SELECT sampler_address AS exporter, sum(n)::BIGINT AS rows, max(n) AS most, count(*) AS datagrams, "
             "max(sequence_num) - min(sequence_num) + 1 AS span FROM (SELECT sampler_address, sequence_num, count(*) AS n "
             "FROM flows GROUP BY ALL) GROUP BY 1")


def assert_consistent(answers):
    """No row is duplicated, no row is missing, and no row that was visible disappears."""
    seen = collections.Counter()
    for answer in answers:
        for row in answer:
            assert row["most"] <= PER_DATAGRAM, "rows twice"
            assert row["datagrams"] == row["span"], "a datagram is missing between others"
            assert row["rows"] > PER_DATAGRAM * (row["datagrams"] - 2), "records are missing"
            assert row["rows"] >= seen[row["exporter"]], "rows disappeared"
            seen[row["exporter"]] = row["rows"]
        assert {row["exporter"] for row in answer} >= set(seen), "an exporter disappeared"


def load(collector, folder, seconds, *flags):
    return stores.start_gen(collector, folder, "--rate", "15k", "--duration", f"{seconds}s", "--exporters", 3, "--flows",
                            PER_DATAGRAM, *flags)


def test_readers_during_flushes_and_merges(tmp_path, length):
    seconds = length(*SECONDS)
    with stores.StoreCollector(tmp_path, flush="500ms", merge_flushes=3, merge_merged=3) as collector:
        askers = [Asker(collector.data, DATAGRAMS, 2) for _ in range(2)]
        with load(collector, tmp_path, seconds) as sender:
            for asker in askers:
                asker.start()
            sender.popen.wait()
        sent = json.loads(sender.stdout_path.read_text())
        answers = [asker.finish() for asker in askers]
        collector.wait_taken(sent["records"])
        merged = stores.metric(collector, "weir_store_merged_segments_total")
        assert collector.stop() == 0
    for each in answers:
        assert len(each) > seconds / 2, "the queries take too long"
        assert_consistent(each)
    assert merged >= seconds / 2
    assert stores.totals(collector.data)["records"] == sent["records"]
    assert stores.totals(collector.data)["bytes"] == sent["bytes"]


def test_readers_while_hours_are_removed(tmp_path):
    """Old hours are removed one by one as new rows arrive, the oldest first; each hour is either complete or absent."""
    hours, rows = 8, 40_000
    data = stores.aged(tmp_path, hours, rows)
    size = sum(s["bytes"] for s in stores.segments(data))
    by_domain = "SELECT observation_domain_id AS d, count(*) AS n FROM flows GROUP BY 1"
    with stores.StoreCollector(tmp_path, flush="500ms", merge_flushes=4, merge_merged=4, max_size=size) as collector:
        askers = [Asker(data, by_domain, 3) for _ in range(2)]
        with stores.start_gen(collector, tmp_path, "--rate", "15k", "--duration", "12s", "--domain", 100) as sender:
            for asker in askers:
                asker.start()
            sender.popen.wait()
        answers = [asker.finish() for asker in askers]
        assert collector.stop() == 0
    for each in answers:
        present, new = hours, 0
        for answer in each:
            found = {row["d"]: row["n"] for row in answer}
            assert found.get(100, 0) >= new
            new = found.pop(100, 0)
            assert found == {d: rows for d in range(1, len(found) + 1)}, "hours must be removed in order"
            assert len(found) <= present, "a removed hour reappeared"
            present = len(found)
        assert present < hours, "no hour was removed: the test is void"


@pytest.fixture
def group_data():
    """A data directory that a group may read, in a folder that every user may enter."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-readers-"))
    folder.chmod(0o755)
    (folder / "data").mkdir()
    os.chown(folder / "data", -1, NOBODY)
    (folder / "data").chmod(0o2750)
    yield folder
    shutil.rmtree(folder)


def test_readers_with_read_permission_only(group_data, tmp_path, length):
    """A user with read permission can query while the collector runs, after it has ended, and after a crash."""
    seconds = length(*SECONDS) * 2 // 5
    if os.getuid() != 0:
        skip_or_fail("not root: cannot become another user")
    data = group_data / "data"
    asker = Asker(data, DATAGRAMS, 4, user=NOBODY)
    collector = stores.StoreCollector(tmp_path, data=data, flush="500ms", merge_flushes=3, merge_merged=3)
    with collector, load(collector, tmp_path, seconds) as sender:
        asker.start()
        sender.popen.wait()
        answers = list(asker.finish())
        sent = json.loads(sender.stdout_path.read_text())
        collector.wait_taken(sent["records"])
        collector.wait_visible(sent["records"])
        collector.popen.kill()
        collector.popen.wait()
        asker.ask()
    again = stores.StoreCollector(tmp_path, data=data)
    assert again.stop() == 0
    asker.ask()
    assert not asker.errors, asker.errors
    assert_consistent(asker.answers)
    assert sum(row["rows"] for row in asker.answers[-1]) == sent["records"]
    assert answers and answers[-1], "the reader never saw a row"

# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments under load: rows listed in the catalog exist exactly once; only unflushed rows are lost.

Kills eight times; in full length a hundred times.
"""

import random
import time

import stores
from harness import eventually, run_weir

RATE = 10_000
FLUSH_SECONDS = 0.5
# The time from when a flush is due until the row is listed: encoding and syncing on a busy machine.
SLACK_SECONDS = 2.5
# How long one life of the collector may last, from the first record to the kill: 2.2 s, unless the machine is busy.
LIFE_SECONDS = 12
# Old hours to remove. They have enough rows for removal to continue during the whole test without reaching the present
# hour: each old hour has, per kill, more rows than a life usually sends.
OLD_HOURS, OLD_ROWS_PER_KILL = 4, 20_000


def write_unique(path, first, rows):
    """Writes rows numbered from `first`; the number is the value of bytes, so that every row can be recognised."""
    with open(path, "w") as out:
        out.write("src_addr,dst_addr,src_port,dst_port,proto,packets,bytes\n")
        out.writelines(f"10.{n >> 14 & 255}.{n >> 6 & 255}.{n & 63},192.0.2.{n & 255},{n & 65535},443,6,{1 + n % 50},"
                       f"{n + 1}\n" for n in range(first, first + rows))
    return path


class Check:
    """Reads a store that no collector writes to: numbers of the new rows (domain 0), count of old rows per domain."""

    def __init__(self, source):
        """`source`: the SQL expression to read from."""
        import duckdb
        self.database = duckdb.connect()
        self.database.execute(f"CREATE TABLE rows AS SELECT bytes, observation_domain_id AS domain FROM {source}")

    def new_rows(self):
        [(rows, distinct)] = self.database.execute(
            "SELECT count(*), count(DISTINCT bytes) FROM rows WHERE domain = 0").fetchall()
        assert rows == distinct, "rows twice"
        return rows

    def old_hours(self):
        return dict(self.database.execute("SELECT domain, count(*) FROM rows WHERE domain <> 0 GROUP BY 1").fetchall())

    def numbers_missing_in(self, other):
        """The number of new rows of this store that `other` does not have."""
        mine = self.database.execute("SELECT bytes FROM rows WHERE domain = 0").fetchnumpy()["bytes"]
        others = other.database.execute("SELECT bytes FROM rows WHERE domain = 0").fetchnumpy()["bytes"]
        return len(set(mine.tolist()) - set(others.tolist()))


def look_at_files(data):
    """Reads the catalog and the files directly, as the crash left them."""
    listed = stores.segments(data)
    for segment in listed:
        assert stores.file_of(data, segment).stat().st_size == segment["bytes"], segment
    return Check(stores.plain([stores.file_of(data, s) for s in listed]))


def look_with_weir(data, folder):
    out = folder / "answer.parquet"
    done = run_weir("query", "--data", data, "--format", "parquet", "--output", out,
                    "SELECT bytes, observation_domain_id FROM flows")
    assert done.returncode == 0 and not done.stderr, done.stderr
    return Check(f"read_parquet('{out}')")


def one_life(collector, moment):
    """Kills the collector at a random moment; returns (records decoded, rows visible) just before."""
    until = time.monotonic() + moment
    visible = 0
    while time.monotonic() < until:
        visible = stores.count(collector.data, "observation_domain_id = 0")
        time.sleep(0.1)
    records = collector.total("records")
    collector.popen.kill()
    collector.popen.wait()
    return records, visible


def test_kill_nine_at_random_moments(tmp_path, length):
    kills = length(8, 100)
    moments = random.Random(kills)
    old_rows = kills * OLD_ROWS_PER_KILL
    data = stores.aged(tmp_path, OLD_HOURS, old_rows)
    settings = {"flush": f"{int(FLUSH_SECONDS * 1000)}ms", "merge_flushes": 3, "merge_merged": 2,
                "max_size": sum(s["bytes"] for s in stores.segments(data))}
    records_before = sum(a["records"] for a in stores.accounts(data))
    stored_before, port = 0, None
    for number in range(kills):
        file = write_unique(tmp_path / "unique.csv", number * LIFE_SECONDS * RATE, LIFE_SECONDS * RATE)
        collector = stores.StoreCollector(tmp_path, name=f"life{number}", port=port, **settings)
        port = collector.port
        with stores.start_gen(collector, tmp_path, "--csv", file, "--rate", RATE) as sender:
            eventually(lambda: collector.total("records") > records_before, "no records arrive", 20)
            records, visible = one_life(collector, 0.2 + 2 * moments.random())
            assert sender.running(), "the file is too short for this life"
        at_kill = look_at_files(data)
        seen_dead = look_with_weir(data, tmp_path)
        assert at_kill.numbers_missing_in(seen_dead) == 0 == seen_dead.numbers_missing_in(at_kill)
        assert at_kill.new_rows() >= visible, "a row that was visible is gone"
        lost = (records - records_before) - (at_kill.new_rows() - stored_before)
        assert lost <= RATE * (FLUSH_SECONDS + SLACK_SECONDS), f"kill {number}: {lost} rows lost"
        old = assert_restart_keeps(tmp_path, number, at_kill, settings)
        assert old == {d: old_rows for d in range(1, len(old) + 1)}, "an old hour must be complete or absent"
        records_before = sum(a["records"] for a in stores.accounts(data))
        stored_before = look_with_weir(data, tmp_path).new_rows()
    assert 0 < len(old) < OLD_HOURS or kills < 5, "no hour was removed, or all of them: the test is void"


def assert_restart_keeps(folder, number, at_kill, settings):
    """After a start without traffic every listed row exists once, and the ledger accounts for the others.

    Returns the remaining rows of old hours.
    """
    collector = stores.StoreCollector(folder, name=f"after{number}", **settings)
    assert collector.stop() == 0, collector.stderr()
    data = collector.data
    after = look_with_weir(data, folder)
    assert at_kill.numbers_missing_in(after) == 0, f"kill {number}: listed rows are gone"
    assert after.numbers_missing_in(at_kill) == 0 and after.new_rows() == at_kill.new_rows()
    assert stores.leftovers(data) == [], "files that the catalog does not list"
    assert not any(f.suffix == ".tmp" for f in (data / "flows").rglob("*"))
    stores.assert_ledger_closes(data)
    return after.old_hours()


def test_the_loss_of_a_crash_is_stated(tmp_path):
    """Records that were decoded and never flushed are counted as dropped, and the log reports them."""
    with stores.StoreCollector(tmp_path, flush="1h") as collector:
        stores.gen(collector, "--total", 5000)
        collector.wait_taken(5000)
        eventually(lambda: sum(a["records"] for a in stores.accounts(collector.data)) == 5000, "the ledger is behind", 5)
        collector.popen.kill()
        collector.popen.wait()
    with stores.StoreCollector(tmp_path, name="after") as collector:
        said = collector.stderr()
        assert collector.stop() == 0
    assert "5000" in said.replace(",", ""), said
    stores.assert_ledger_closes(collector.data, 0)
    assert sum(a["sink_dropped"] for a in stores.accounts(collector.data)) == 5000


def test_a_crash_at_each_step_of_a_change(tmp_path):
    """Files that a crash between two steps leaves (store/segments.h): listed .tmp, unlisted .tmp, retired file."""
    with stores.StoreCollector(tmp_path, flush="400ms", merge_flushes=1000) as collector:
        sent = stores.gen(collector, "--total", 30_000, "--rate", "15k")
        collector.wait_taken(30_000)
        assert collector.stop() == 0
    data = collector.data
    found = stores.segments(data)
    assert len(found) >= 3
    first = data / found[0]["path"]
    first.rename(first.with_name(first.name + ".tmp"))  # listed, but not yet renamed
    (data / found[1]["path"]).with_name("unfinished.parquet.tmp").write_bytes(b"PAR1")
    stray = (data / found[1]["path"]).with_name("stray.parquet")
    stray.write_bytes((data / found[1]["path"]).read_bytes())  # not listed: not part of the store
    assert stores.totals(data)["bytes"] == sent["bytes"], "a reader must use the .tmp of a listed segment"
    with stores.StoreCollector(tmp_path, name="after") as collector:
        assert stores.totals(data)["bytes"] == sent["bytes"]
        assert collector.stop() == 0
    assert first.exists() and not list((data / "flows").rglob("*.tmp"))
    assert stray.exists(), "a file that is not listed must not be removed"
    assert stores.totals(data)["bytes"] == sent["bytes"]

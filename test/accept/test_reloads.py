# SPDX-License-Identifier: Apache-2.0
"""SIGHUP at 400,000 records/s: outputs are added and removed, the retention time changes, a wrong file is refused.

Sends 1,600,000 records; in full length 24 million.
"""

import signal

import stores
from harness import eventually
from outputs import FIELDS, csv_lines, ledger_of, output_table, outputs_of, write_config

STORE = "[store]\nkeep = \"%s\"\n"


class Reloaded(stores.StoreCollector):
    """A collector whose reload() waits for the line in the log that reports the result."""

    reloads = 0

    def reload(self, *tables):
        write_config(self.data.parent, *tables)
        self.popen.send_signal(signal.SIGHUP)
        self.reloads += 1
        eventually(lambda: self.answers() == self.reloads, "the configuration was not read again", 10)

    def answers(self):
        return self.stderr().count("config: read again") + self.stderr().count("config: nothing has changed, correct this")

    def metric(self, name, **labels):
        return stores.metric(self, name, **labels)


def removed_output(data, name):
    """For an output that is no longer configured: records acknowledged, and records received while it was absent."""
    with stores.catalog(data) as database:
        counts = dict(database.execute("SELECT reason, sum(count) FROM deliveries WHERE output = ? GROUP BY 1", (name,)))
        [[configured]] = database.execute("SELECT configured FROM outputs WHERE name = ?", (name,))
    assert configured == 0
    assert set(counts) <= {"acknowledged", "not_configured"}, counts
    return counts["acknowledged"], counts.get("not_configured", 0)


def test_outputs_come_and_go_under_load(tmp_path, length):
    records = length(1_600_000, 24_000_000)
    first = output_table("first", "csv", tmp_path / "first.csv", FIELDS)
    second = output_table("second", "csv", tmp_path / "second.csv", FIELDS)
    changed = output_table("second", "csv", tmp_path / "changed.csv", FIELDS)
    config = write_config(tmp_path, first)
    with Reloaded(tmp_path, "--config", config) as collector:
        sending = stores.start_gen(collector, tmp_path, "--total", records, "--rate", 400_000)
        part = iter(range(1, 6))

        def wait_part():
            share = next(part)
            eventually(lambda: collector.total("records") > records * share // 6, "no records arrive", 120, 0.05)

        wait_part()
        collector.reload(first, second, STORE % "30d")
        assert collector.metric("weir_config_last_reload_successful") == 1
        taken_over = collector.metric("weir_config_last_reload_success_timestamp_seconds")
        wait_part()
        collector.reload(first, second, STORE % "soon", "[collect]\nworkers = 0\n")
        assert collector.metric("weir_config_last_reload_successful") == 0
        assert collector.metric("weir_config_last_reload_success_timestamp_seconds") == taken_over
        wait_part()
        collector.reload(first, changed, STORE % "30d")
        assert collector.metric("weir_config_last_reload_successful") == 1
        wait_part()
        collector.reload(changed, STORE % "60d", "[collect]\nrcvbuf = \"8M\"\n")
        wait_part()
        collector.reload(first, changed, STORE % "60d")
        assert sending.popen.wait(timeout=300) == 0
        collector.wait_taken(records, 60)
        assert collector.metric("weir_receive_kernel_drops_total") == 0
        collector.reload(changed, STORE % "60d")
        assert collector.stop() == 0, collector.stderr()
        log = collector.stderr()

    rows = ledger_of(collector.data)
    assert outputs_of(rows, "store") == (records, {})
    assert stores.count(collector.data) == records
    acknowledged, missed = outputs_of(rows, "second")
    assert set(missed) == {"not_configured"} and acknowledged + missed["not_configured"] == records
    assert len(csv_lines(tmp_path / "second.csv")) + len(csv_lines(tmp_path / "changed.csv")) == acknowledged
    acknowledged, missed = removed_output(collector.data, "first")
    assert acknowledged + missed == records and missed > 0
    assert len(csv_lines(tmp_path / "first.csv")) == acknowledged
    assert "read again: changed store.keep, added output second" in log, log
    assert "weir.toml:" in log and "keep: \"soon\" is not a duration" in log
    assert "read again: changed output second" in log
    assert "removed output first" in log and "added output first" in log
    assert "only a restart takes it over: collect.rcvbuf" in log

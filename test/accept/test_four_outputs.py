# SPDX-License-Identifier: Apache-2.0
"""The store, a Protobuf file, a CSV file of five fields and a FIFO at once: each is exact and as durable as documented.

Sends 300,000 records; in full length ten million.
"""

import stores
from harness import eventually
from outputs import FifoReader, csv_lines, four_outputs, ledger_of, messages, outputs_of


def test_four_at_once_are_exact(tmp_path, length):
    """The store, two files and a FIFO at 400,000 records a second."""
    records = length(300_000, 10_000_000)
    reader = FifoReader(tmp_path / "fifo")
    with four_outputs(tmp_path) as collector:
        sent = stores.gen(collector, "--total", records, "--rate", 400_000)
        collector.wait_taken(records, 120)
        assert collector.stop() == 0, collector.stderr()
    rows = ledger_of(collector.data)
    for name in ("store", "messages", "table", "pipe"):
        assert outputs_of(rows, name) == (records, {}), name
    assert stores.count(collector.data) == records
    assert messages((tmp_path / "flows.pb").read_bytes()) == (records, 0)
    assert messages(reader.all()) == (records, 0)
    lines = csv_lines(tmp_path / "flows.csv")
    assert len(lines) == records
    assert sum(int(line.split(",")[3]) for line in lines) == sent["bytes"]
    assert sum(row["stored"] for row in rows if row.get("exporter")) == records, "the store counts as an output too"


def test_over_kill_nine_each_is_as_durable_as_it_says(tmp_path):
    """The store has what it acknowledged. A file may also have records written after the ledger was last saved."""
    with four_outputs(tmp_path, fifo=False) as collector:
        with stores.start_gen(collector, tmp_path, "--total", 2_000_000, "--rate", 100_000):
            eventually(lambda: collector.total("stored") > 100_000, "nothing is stored", 30)
            collector.popen.kill()
            collector.popen.wait()
    in_files = {"messages": messages((tmp_path / "flows.pb").read_bytes())[0], "table": len(csv_lines(tmp_path / "flows.csv"))}
    with four_outputs(tmp_path, name="after", fifo=False) as after:
        assert after.stop() == 0
    rows = ledger_of(collector.data)
    acknowledged, dropped = outputs_of(rows, "store")
    assert acknowledged == stores.count(collector.data)
    assert set(dropped) <= {"crash"}
    for name, written in in_files.items():
        acknowledged, dropped = outputs_of(rows, name)
        assert acknowledged <= written, name
        assert set(dropped) <= {"crash"}
    stores.assert_ledger_closes(collector.data, stores.count(collector.data))

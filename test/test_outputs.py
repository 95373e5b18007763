# SPDX-License-Identifier: Apache-2.0
"""Several outputs at once: each gets every record, counts for itself, and harms no other."""

import json
import os
import re
import threading

import pytest
import stores
from harness import eventually, run_weir

FIELDS = ["time_received_ns", "src_addr", "dst_addr", "bytes", "packets"]


def output_table(name, format, path, fields=None):
    table = f'[[output]]\nname = "{name}"\ntype = "file"\nformat = "{format}"\npath = "{path}"\n'
    return table + (f"fields = {fields}\n" if fields else "")


def write_config(folder, *tables):
    path = folder / "weir.toml"
    path.write_text("".join(tables).replace("'", '"'))
    return path


class FifoReader:
    """Takes what is written to a FIFO until nobody writes any more."""

    def __init__(self, path):
        os.mkfifo(path)
        self.bytes = bytearray()
        self._thread = threading.Thread(target=self._read, args=(path,))
        self._thread.start()

    def _read(self, path):
        with open(path, "rb", buffering=0) as fifo:
            while chunk := fifo.read(1 << 20):
                self.bytes += chunk

    def all(self):
        self._thread.join(30)
        assert not self._thread.is_alive()
        return bytes(self.bytes)


def messages(octets):
    """How many whole Protobuf messages, each behind its length as a varint; and the octets left after them."""
    count = at = 0
    while at < len(octets):
        length = shift = 0
        start = at
        while True:
            if at >= len(octets):
                return count, len(octets) - start
            byte = octets[at]
            at += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        if at + length > len(octets):
            return count, len(octets) - start
        at += length
        count += 1
    return count, 0


def outputs_of(rows, name):
    """Sums over all exporters: acknowledged, dropped by reason. The identity holds for each exporter."""
    acknowledged, dropped = 0, {}
    for row in rows:
        if not row.get("exporter"):
            continue
        output = row["outputs"][name]
        assert row["records"] - row["filtered"] == (
            output["acknowledged"] + output["filtered"] + sum(output["dropped"].values()) + output["pending"]), row
        acknowledged += output["acknowledged"]
        for reason, count in output["dropped"].items():
            dropped[reason] = dropped.get(reason, 0) + count
    return acknowledged, dropped


def ledger_of(data):
    return json.loads(run_weir("exporters", "--data", data, "--format", "json").stdout)


def four_outputs(folder, request, name="collect", fifo=True):
    config = write_config(
        folder,
        output_table("messages", "protobuf", folder / "flows.pb"),
        output_table("table", "csv", folder / "flows.csv", FIELDS),
        output_table("pipe", "protobuf", folder / "fifo") if fifo else "")
    return stores.StoreCollector(folder, "--config", config, name=name)


def csv_lines(path):
    lines = path.read_text().splitlines()
    assert lines[0] == ",".join(FIELDS)
    return lines[1:]


def test_four_at_once_are_exact(tmp_path, request):
    """The store, two files and a FIFO at 400,000 records a second."""
    records = request.config.getoption("--records")
    reader = FifoReader(tmp_path / "fifo")
    with four_outputs(tmp_path, request) as collector:
        sent = stores.gen(collector, "--total", records, "--rate", 400_000)
        collector.wait_taken(records, 60)
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
    assert sum(row["stored"] for row in rows if row.get("exporter")) == records, "as the output store"


def test_over_kill_nine_each_is_as_durable_as_it_says(tmp_path, request):
    """The store holds what it acknowledged. A file holds it too, and what was written after the ledger was last saved."""
    with four_outputs(tmp_path, request, fifo=False) as collector:
        with stores.start_gen(collector, tmp_path, "--total", 2_000_000, "--rate", 100_000):
            eventually(lambda: collector.total("stored") > 100_000, "nothing is stored", 30)
            collector.popen.kill()
            collector.popen.wait()
    in_files = {"messages": messages((tmp_path / "flows.pb").read_bytes())[0], "table": len(csv_lines(tmp_path / "flows.csv"))}
    with four_outputs(tmp_path, request, name="after", fifo=False) as after:
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


def test_a_full_and_a_stuck_output_harm_no_other(tmp_path):
    """One writes to a full disk, one to a FIFO that nobody reads on; the others get all."""
    os.mkfifo(tmp_path / "fifo")
    stuck = os.open(tmp_path / "fifo", os.O_RDWR)  # a reader that takes nothing
    config = write_config(
        tmp_path,
        output_table("full", "json", "/dev/full"),
        output_table("stuck", "protobuf", tmp_path / "fifo"),
        output_table("whole", "csv", tmp_path / "flows.csv", FIELDS))
    records = 1_000_000
    with stores.StoreCollector(tmp_path, "--config", config, "--stop-timeout", "8s") as collector:
        stores.gen(collector, "--total", records, "--rate", 200_000)
        collector.wait_taken(records, 60)
        eventually(lambda: outputs_of(collector.ledger(), "full")[1].get("no_space", 0) > 0, "nothing is refused", 20)
        assert stores.metric(collector, "weir_sink_dropped_records_total", sink="full", reason="no_space") > 0
        assert collector.stop() == 0, collector.stderr()
    os.close(stuck)
    rows = ledger_of(collector.data)
    assert outputs_of(rows, "store") == (records, {})
    assert outputs_of(rows, "whole") == (records, {})
    assert len(csv_lines(tmp_path / "flows.csv")) == records
    acknowledged, dropped = outputs_of(rows, "full")
    assert acknowledged == 0 and sum(dropped.values()) == records and set(dropped) <= {"no_space", "queue_full"}
    acknowledged, dropped = outputs_of(rows, "stuck")
    assert acknowledged + sum(dropped.values()) == records
    assert set(dropped) <= {"queue_full", "stuck_pipe", "stop_timeout"} and dropped.get("queue_full", 0) > 0


def test_one_that_is_added_later_says_what_it_missed(tmp_path):
    with stores.StoreCollector(tmp_path, name="before") as collector:
        stores.gen(collector, "--total", 1000)
        collector.wait_taken(1000)
        assert collector.stop() == 0
    with stores.StoreCollector(tmp_path, "--output", f"late=json:{tmp_path / 'late.json'}:src_addr+bytes", name="after") as collector:
        stores.gen(collector, "--total", 500, "--seed", 2)
        eventually(lambda: collector.total("records") == 1500, "not all came", 20)
        assert collector.stop() == 0
    rows = ledger_of(collector.data)
    assert outputs_of(rows, "late") == (500, {"not_configured": 1000})
    assert outputs_of(rows, "store") == (1500, {})
    assert len((tmp_path / "late.json").read_text().splitlines()) == 500
    assert re.fullmatch(r'\{"src_addr":"[^"]*","bytes":\d+\}', (tmp_path / "late.json").read_text().splitlines()[0])


WRONG = {
    "no name": ('[[output]]\nformat = "csv"\npath = "a"\n', "this output has no name; it needs name, format and path"),
    "the store's name": (output_table("store", "csv", "a"), 'the store is the output "store" already'),
    "a name with a space": (output_table("my file", "csv", "a"), '"my file" cannot be the name of an output'),
    "a format": (output_table("a", "cvs", "a"), '"cvs" is no format; it is one of json, csv, protobuf (did you mean csv?)'),
    "a type": (output_table("a", "csv", "a").replace('"file"', '"files"'), '"files" is no type of an output'),
    "a key": (output_table("a", "csv", "a") + 'field = "bytes"\n', "unknown key output.field (did you mean fields?)"),
    "twice": (output_table("a", "csv", "a") + output_table("a", "csv", "b"), 'output "a" is named twice'),
    "one path": (output_table("a", "csv", "x") + output_table("b", "csv", "x"), 'output "b" would write to x, as output "a" does'),
    "a field": (output_table("a", "csv", "x", ["byte"]), 'unknown field "byte" (did you mean bytes?)'),
    "no path": (output_table("a", "csv", ""), "an empty path; write a file name"),
}


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.replace(" ", "_"))
def test_what_is_wrong_is_said_with_its_place(case, tmp_path):
    text, message = WRONG[case]
    config = write_config(tmp_path, text)
    done = run_weir("collect", "--config", config, "--check", "--data", tmp_path / "data")
    assert done.returncode == 2
    assert message in done.stderr and re.search(r"weir\.toml:\d+:\d+: ", done.stderr), done.stderr


def test_the_short_form_is_the_output_file(tmp_path):
    flags = ["--format", "json", "--transport.file", tmp_path / "a", "--data", tmp_path / "data", "--check"]
    done = run_weir("collect", *flags, "--output", f"file=csv:{tmp_path / 'b'}")
    assert done.returncode == 2 and 'output "file" is named twice' in done.stderr
    done = run_weir("collect", *flags, "--output", f"other=csv:{tmp_path / 'a'}")
    assert done.returncode == 2 and 'as output "file" does' in done.stderr


def test_a_path_may_hold_a_comma_and_a_colon(tmp_path):
    path = str(tmp_path / "a,b:c%").replace("%", "%25").replace(",", "%2C").replace(":", "%3A")
    with stores.StoreCollector(tmp_path, "--output", f"odd=csv:{path}:bytes") as collector:
        stores.gen(collector, "--total", 10)
        collector.wait_taken(10)
        assert collector.stop() == 0
    assert len((tmp_path / "a,b:c%").read_text().splitlines()) == 11

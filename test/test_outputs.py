# SPDX-License-Identifier: Apache-2.0
"""Several outputs at once: each receives every record, has its own counters, and does not affect the others."""

import os
import re

import pytest
import stores
from harness import eventually, run_weir
from outputs import FIELDS, csv_lines, ledger_of, output_table, outputs_of, write_config


def test_a_full_and_a_stuck_output_harm_no_other(tmp_path):
    """One output writes to a full disk, one to a FIFO without an active reader; the others receive all records."""
    os.mkfifo(tmp_path / "fifo")
    stuck = os.open(tmp_path / "fifo", os.O_RDWR)  # an open reader that never reads
    config = write_config(
        tmp_path,
        output_table("full", "json", "/dev/full"),
        output_table("stuck", "protobuf", tmp_path / "fifo"),
        output_table("whole", "csv", tmp_path / "flows.csv", FIELDS))
    records = 1_000_000
    with stores.StoreCollector(tmp_path, "--config", config, "--stop-timeout", "8s") as collector:
        stores.gen(collector, "--total", records, "--rate", 200_000)
        collector.wait_taken(records, 60)
        eventually(lambda: outputs_of(collector.ledger(), "full")[1].get("no_space", 0) > 0, "no write fails", 20)
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
        eventually(lambda: collector.total("records") == 1500, "not all records arrived", 20)
        assert collector.stop() == 0
    rows = ledger_of(collector.data)
    assert outputs_of(rows, "late") == (500, {"not_configured": 1000})
    assert outputs_of(rows, "store") == (1500, {})
    assert len((tmp_path / "late.json").read_text().splitlines()) == 500
    assert re.fullmatch(r'\{"src_addr":"[^"]*","bytes":\d+\}', (tmp_path / "late.json").read_text().splitlines()[0])


WRONG = {
    "no name": ('[[output]]\nformat = "csv"\npath = "a"\n', "this output has no name; as in"),
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

# SPDX-License-Identifier: Apache-2.0
"""`weir exporters`: output, selection and sorting, for a collector that runs, was stopped, or was killed."""

import signal

import packets
from harness import Collector, Sender, eventually, run_weir
from packets import FLOW_MS

TEMPLATE = packets.template_set10(300, FLOW_MS)


def send(weir, address, records, lost=0):
    with Sender(address) as exporter:
        for n in range(records):
            data = packets.data_set(300, FLOW_MS, packets.flow(n))
            exporter.send(weir.address, packets.ipfix(TEMPLATE, data, sequence=n + (lost if n else 0)))


def shown(*arguments):
    answer = run_weir("exporters", *arguments)
    assert answer.returncode == 0, answer.stderr
    lines = [line.split() for line in answer.stdout.split("\n\n")[0].splitlines()]
    return lines[0], lines[1:], answer.stderr


def test_choosing_and_sorting(tmp_path):
    with Collector(tmp_path) as weir:
        send(weir, "127.0.8.1", 30)
        send(weir, "127.0.8.2", 10, lost=10)
        send(weir, "127.0.8.3", 20, lost=5)
        weir.wait_total("records", 60)
        server = ("--server", f"http://127.0.0.1:{weir.http_port}")
        _, rows, _ = shown(*server, "--only", "lossy", "--sort", "lost%")
        assert [row[0] for row in rows] == ["127.0.8.2", "127.0.8.3"]
        _, rows, _ = shown(*server, "--sort", "records")
        assert [row[0] for row in rows] == ["127.0.8.1", "127.0.8.3", "127.0.8.2"]
        _, rows, _ = shown(*server, "--only", "127.0.8.2/31")
        assert [row[0] for row in rows] == ["127.0.8.2", "127.0.8.3"]
        assert shown(*server, "--only", "silent")[1] == []
        headings, rows, _ = shown(*server, "--only", "127.0.8.2")
        text = " ".join(headings).replace("lost %", "lost%").replace("last seen", "lastseen").split()
        row = dict(zip(text, rows[0]))
        assert (row["records"], row["lost"], row["lost%"], row["of"]) == ("10", "10", "50.00", "records")


def test_bad_words_are_refused(tmp_path):
    for words, part in [(("--only", "lossless"), "192.0.2.0/24"), (("--sort", "loss"), "lost%")]:
        answer = run_weir("exporters", *words)
        assert answer.returncode == 2 and part in answer.stderr, answer.stderr


def test_whether_a_collector_runs(tmp_path):
    with Collector(tmp_path) as weir:
        send(weir, "127.0.8.1", 5)
        weir.wait_total("records", 5)
        eventually(lambda: shown("--data", weir.data)[1], "the ledger is not saved")
        assert "No collector runs" not in shown("--data", weir.data)[2]
        weir.finish()
        assert f"No collector runs on {weir.data}" in shown("--data", weir.data)[2]


def test_after_a_kill_no_more_is_stored_than_decoded(tmp_path):
    with Collector(tmp_path, "--flush", "1s", format=None, store=True) as weir:
        for n in range(60):
            send(weir, f"127.0.9.{n % 250 + 1}", 20)
        eventually(lambda: weir.total("stored") > 0, "nothing is stored")
        weir.stop(signal.SIGKILL)
        headings, rows, notes = shown("--data", weir.data)
        assert rows and "No collector runs" in notes
        for row in rows:
            assert int(row[headings.index("stored")]) <= int(row[headings.index("records")]), row

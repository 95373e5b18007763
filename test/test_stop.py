# SPDX-License-Identifier: Apache-2.0
"""A stop ends in time, decodes what it can, and reports which records it dropped."""

import json
import os
import signal
import subprocess
import time

import packets
from harness import Sender, eventually, free_port, run_weir, weir_binary
from packets import FLOW_MS

TEMPLATE = packets.template_set10(300, FLOW_MS)


def data_set(first, count):
    return packets.data_set(300, FLOW_MS, *(packets.flow(first + i) for i in range(count)))


def test_what_waits_for_the_fallback_is_decoded(collect):
    """The template came from another source port; templates.fallback (10 s) has not passed at the stop."""
    weir = collect()
    with Sender() as one, Sender() as other:
        one.send(weir.address, packets.ipfix(TEMPLATE, data_set(0, 11), sequence=0))
        eventually(lambda: weir.total("records") == 11, lambda: weir.ledger())
        other.send(weir.address, packets.ipfix(data_set(11, 7), sequence=0))
        eventually(lambda: weir.total("held") == 1, lambda: weir.ledger())
    assert len(weir.finish()) == 18


def test_what_no_template_fits_is_given_up_and_said(collect):
    weir = collect()
    with Sender() as sender:
        sender.send(weir.address, packets.ipfix(data_set(0, 3), sequence=0))
        eventually(lambda: weir.total("held") == 1, lambda: weir.ledger())
    assert weir.finish() == []
    assert "1 data sets whose template did not arrive" in weir.stderr()
    [row] = [r for r in json.loads(run_weir("exporters", "--data", weir.data, "--format", "json").stdout)
             if r.get("exporter")]
    assert (row["expired"], row["held"]) == (1, 0)


def fill_pipe_that_takes_nothing(weir, sender, records):
    for first in range(0, records, 30):
        sender.send(weir.address, packets.v5(*(packets.flow(i) for i in range(30)), sequence=first))
    eventually(lambda: weir.total("records") == records, lambda: weir.ledger())


def unread_pipe(tmp_path):
    """(path, descriptor) of a named pipe that is open for reading but never read."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path, os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def given_up(weir):
    """`sink_dropped` of the only exporter in the ledger on disk; all other records are stored."""
    [row] = [r for r in json.loads(run_weir("exporters", "--data", weir.data, "--format", "json").stdout)
             if r.get("exporter")]
    assert row["records"] == row["stored"] + row["sink_dropped"], (row, weir.stderr())
    return row["sink_dropped"]


def test_a_stop_takes_no_longer_than_it_may(collect, tmp_path):
    """No process reads the pipe. Without the bound, the output waits 5 s before it gives up."""
    path, reader = unread_pipe(tmp_path)
    weir = collect("--stop-timeout", "2s", output=path)
    with Sender() as sender:
        fill_pipe_that_takes_nothing(weir, sender, 6000)
    assert weir.stop(timeout=20) == 0, weir.stderr()
    os.close(reader)
    dropped = given_up(weir)
    assert dropped > 0
    assert f"{dropped:,} records that were still queued" in weir.stderr()
    assert "stop_timeout" in weir.stderr()


def test_a_second_signal_hurries(collect, tmp_path):
    path, reader = unread_pipe(tmp_path)
    weir = collect("--stop-timeout", "10m", output=path)
    with Sender() as sender:
        fill_pipe_that_takes_nothing(weir, sender, 6000)
    weir.popen.send_signal(signal.SIGTERM)
    eventually(lambda: not weir.ready(), "it does not stop")
    weir.popen.send_signal(signal.SIGTERM)
    assert weir.popen.wait(20) == 0, weir.stderr()
    os.close(reader)
    assert "second stop signal" in weir.stderr()
    assert given_up(weir) > 0 and "stop_timeout" in weir.stderr()


def test_the_reader_of_standard_output_goes(tmp_path):
    """As with `weir collect | head -1`: the collector logs a line and ends with exit code 1."""
    port = free_port()
    command = [weir_binary(), "collect", "--no-store", "--listen", f"netflow://127.0.0.1:{port}", "--http", "off",
               "--data", tmp_path / "data", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as weir, Sender() as sender:
        def send():
            sender.send(("127.0.0.1", port), packets.v5(packets.flow(1), sequence=send.sent))
            send.sent += 1

        send.sent = 0
        deadline = time.monotonic() + 20
        os.set_blocking(weir.stdout.fileno(), False)
        while not weir.stdout.read(1) and time.monotonic() < deadline:
            send()
            time.sleep(0.05)
        weir.stdout.close()
        while weir.poll() is None and time.monotonic() < deadline:
            send()
            time.sleep(0.05)
        stderr = weir.stderr.read() if weir.poll() is not None else weir.kill()
    assert weir.returncode == 1, stderr
    assert "nobody reads standard output any more" in stderr

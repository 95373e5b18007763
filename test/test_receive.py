# SPDX-License-Identifier: Apache-2.0
"""Receiving: arrival times, many sockets, signals without effect, a limit of file sizes."""

import resource
import signal
import time

import pytest

import harness
import packets
import stores

SECONDS = 3


def v9_with_template(n):
    flows = [packets.flow(n)]
    return packets.v9(packets.template_set9(300, packets.FLOW), packets.data_set(300, packets.FLOW, *flows), sequence=n)


def test_a_datagram_has_the_time_at_which_it_came(tmp_path):
    """Also after the collector was suspended, when it reads all waiting datagrams at the same moment."""
    with harness.Collector(tmp_path) as collector, harness.Sender() as sender:
        sender.send(collector.address, v9_with_template(0))
        collector.wait_flows(1)
        collector.popen.send_signal(signal.SIGSTOP)
        try:
            sent = []
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                before = time.time_ns()
                sender.send(collector.address, v9_with_template(len(sent) + 1))
                sent.append((before, time.time_ns()))
                time.sleep(0.05)
        finally:
            collector.popen.send_signal(signal.SIGCONT)
        flows = collector.wait_flows(len(sent) + 1)[1:]
        by_number = {flow["sequence_num"]: flow["time_received_ns"] for flow in flows}
        for number, (before, after) in enumerate(sent, start=1):
            # The kernel takes the time during the send call, or a little later on a busy machine.
            assert before - 10**6 <= by_number[number] <= after + 10**9, (number, by_number[number], before, after)
        assert max(by_number.values()) - min(by_number.values()) > (SECONDS - 1) * 10**9


def test_every_one_of_many_listeners_is_read(tmp_path):
    """More than 64 sockets per worker."""
    ports = [harness.free_port() for _ in range(80)]
    listeners = ",".join(f"netflow://127.0.0.1:{port}" for port in ports[1:])
    with harness.Collector(tmp_path, "--workers", "1", "--listen", listeners, port=ports[0]) as collector:
        with harness.Sender() as sender:
            # Only one socket receives a datagram: the collector notices it only if it waits on this socket.
            for number, port in enumerate((ports[-1], ports[70], ports[0]), start=1):
                sender.send(("127.0.0.1", port), v9_with_template(number - 1))
                collector.wait_flows(number)
        assert collector.stop() == 0


@pytest.mark.parametrize("name", ["SIGUSR1", "SIGUSR2", "SIGALRM"])
def test_signals_that_mean_nothing_are_ignored(tmp_path, name):
    with harness.Collector(tmp_path) as collector, harness.Sender() as sender:
        collector.popen.send_signal(getattr(signal, name))
        sender.send(collector.address, v9_with_template(0))
        collector.wait_flows(1)
        assert collector.stop() == 0


def test_a_limit_of_file_sizes_is_an_error_in_every_thread(tmp_path):
    """The template journal is written by a worker thread."""
    with stores.StoreCollector(tmp_path, format="json") as collector, harness.Sender() as sender:
        resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        sender.send(collector.address, v9_with_template(0))
        collector.wait_total("records", 1)
        resource.prlimit(collector.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert collector.stop() == 0


def test_receive_errors_are_counted_by_listener_and_reason(tmp_path):
    with harness.Collector(tmp_path) as collector:
        for reason in ("ENOMEM", "ENOBUFS", "other"):
            listener = f"netflow://127.0.0.1:{collector.port}"
            assert stores.metric(collector, "weir_receive_errors_total", listener=listener, reason=reason) == 0

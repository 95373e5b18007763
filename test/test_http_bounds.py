# SPDX-License-Identifier: Apache-2.0
"""The resources that HTTP clients may use: descriptors, memory, and response time of other clients."""

import json
import os
import resource
import socket
import time

import pytest

import harness
import packets
import stores
from harness import Sender, eventually, http

ROWS = 20_000


def limited(tmp_path, monkeypatch, flag, files):
    """Makes weir start with this limit of open files (ulimit -n sets both limits, -S only the soft one)."""
    script = tmp_path / "weir-limited"
    script.write_text(f'#!/bin/sh\nulimit {flag} {files}\nexec {harness.weir_binary()} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("WEIR_BINARY", str(script))


def metric(weir, name):
    return stores.metric(weir, name)


def connect(weir, request=b"", receive_buffer=None):
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", weir.http_port))
    connection.sendall(request)
    return connection


def test_idle_connections_leave_the_store_its_descriptors(tmp_path, monkeypatch):
    """With 400 idle connections and 256 descriptors, every flow is stored and every probe is answered."""
    limited(tmp_path, monkeypatch, "-n", 256)
    with stores.StoreCollector(tmp_path / "c", flush="500ms") as weir:
        idle = []
        try:
            for _ in range(400):
                idle.append(connect(weir))
            sent = stores.gen(weir, "--total", 30_000, "--rate", "20k")["records"]
            weir.wait_total("records", sent)
            assert weir.ready()
            weir.wait_total("stored", sent)
            assert metric(weir, "process_max_fds") == 256
            assert metric(weir, "process_open_fds") < 200
        finally:
            for connection in idle:
                connection.close()
        assert weir.stop() == 0
        assert "Too many open files" not in weir.stderr()
        assert stores.count(weir.data) == sent  # the query has the same limit


def test_the_soft_limit_of_open_files_is_raised(tmp_path, monkeypatch):
    soft = 64
    limited(tmp_path, monkeypatch, "-S -n", soft)
    with harness.Collector(tmp_path / "c") as weir:
        assert metric(weir, "process_max_fds") == resource.getrlimit(resource.RLIMIT_NOFILE)[1] > soft


def test_too_few_descriptors_are_said_as_such(tmp_path, monkeypatch):
    """If not even the store gets a descriptor, the advice is about the limit, not about the disk."""
    limited(tmp_path, monkeypatch, "-n", 256)
    with stores.StoreCollector(tmp_path / "c", flush="200ms") as weir:
        # From here on no descriptor can be opened, as if 256 were in use.
        resource.prlimit(weir.pid, resource.RLIMIT_NOFILE, (4, 256))
        with Sender() as sender:
            sender.send(weir.address, packets.v5(packets.flow(1)))
            eventually(lambda: "Too many open files" in weir.stderr(), lambda: weir.stderr())
        line = next(line for line in weir.stderr().splitlines() if "Too many open files" in line)
        assert "LimitNOFILE" in line and "ulimit -n" in line, line
        assert "disk" not in line, line
        resource.prlimit(weir.pid, resource.RLIMIT_NOFILE, (256, 256))


@pytest.fixture
def many(collect):
    """A collector with a ledger of 20,000 rows."""
    weir = collect(format=None)
    with Sender("127.0.2.1") as sender:
        for n in range(ROWS):
            sender.send(weir.address, packets.v5(packets.flow(n), engine=(n >> 8, n & 255)))
            if n % 200 == 0:
                eventually(lambda: harness.udp_queue(weir.port)[0] == 0, "the collector does not read the datagrams")
        weir.wait_total("datagrams", ROWS)
    return weir


def test_slow_readers_cost_little_and_starve_nobody(many):
    """Thirty readers at about 1 kB/s and a probe: earlier versions kept a copy of the whole response per reader."""
    weir = many
    whole = http(weir.url("/api/v1/exporters"), timeout=30)[2]
    assert len([r for r in json.loads(whole) if r.get("exporter")]) == ROWS
    before = weir.resident_bytes()
    request = b"GET /api/v1/exporters HTTP/1.1\r\nHost: x\r\n\r\n"
    readers = [connect(weir, request, receive_buffer=4096) for _ in range(30)]
    most, slowest = 0, 0.0
    try:
        for _ in range(3):
            for reader in readers:
                assert reader.recv(1024)
                began = time.monotonic()
                assert http(weir.url("/-/ready"), timeout=10)[0] == 200
                slowest = max(slowest, time.monotonic() - began)
                most = max(most, weir.resident_bytes())
        assert http(weir.url("/metrics"), timeout=10)[0] == 200
    finally:
        for reader in readers:
            reader.close()
    assert most - before < 6 * len(whole), f"{(most - before) >> 20} MiB more for thirty readers of {len(whole)} bytes"
    assert slowest < 5, slowest


def test_an_answer_is_whole_beside_slow_readers(many):
    """The chunks of different readers are not mixed up, and each row occurs once."""
    request = b"GET /api/v1/exporters HTTP/1.1\r\nHost: x\r\n\r\n"
    slow = [connect(many, request, receive_buffer=4096) for _ in range(10)]
    try:
        rows = json.loads(http(many.url("/api/v1/exporters"), timeout=30)[2])
    finally:
        for connection in slow:
            connection.close()
    domains = sorted(row["domain"] for row in rows if row.get("exporter"))
    assert domains == list(range(ROWS))

# SPDX-License-Identifier: Apache-2.0
"""Malicious HTTP clients: each is limited, answered or disconnected, and collecting continues without loss."""

import contextlib
import resource
import socket
import ssl
import time
import warnings

import pytest
import stores
from certificates import make_certificate
from harness import Process, eventually, free_port, run_weir, weir_binary

RECORDS, RATE = 200_000, 50_000
MOST_MEMORY = 64 << 20  # the limit for all clients of a test
FRAME = 16 << 10


@contextlib.contextmanager
def unharmed(collector, record_property):
    """Checks that all records sent meanwhile are stored, none is lost, and the memory for clients is bounded."""
    resident = collector.resident_bytes()
    before, cpu = collector.total("records"), collector.cpu_seconds()
    with stores.start_gen(collector, collector.data.parent, "--total", RECORDS, "--rate", RATE) as sending:
        yield
        assert sending.popen.wait(timeout=120) == 0
    eventually(lambda: collector.total("stored") == before + RECORDS, lambda: collector.ledger(), 30)
    assert collector.total("sequence_lost") == 0
    assert stores.metric(collector, "weir_receive_kernel_drops_total") == 0
    assert collector.resident_bytes() - resident < MOST_MEMORY
    record_property("memory_bytes", collector.resident_bytes() - resident)
    record_property("cpu_seconds", round(collector.cpu_seconds() - cpu, 2))


@pytest.fixture
def weir(tmp_path):
    with stores.StoreCollector(tmp_path) as collector:
        stores.gen(collector, "--total", RECORDS, "--rate", RATE)  # allocates the memory for collecting itself
        collector.wait_taken(RECORDS)
        yield collector
        assert collector.stop() == 0, collector.stderr()


def connect(collector, timeout=5):
    return socket.create_connection(("127.0.0.1", collector.http_port), timeout=timeout)


def is_closed(connection):
    connection.settimeout(0.01)
    try:
        return connection.recv(1) == b""
    except (TimeoutError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True


def test_heads_that_come_octet_by_octet(weir, record_property):
    """Slowloris: 64 connections, which is the maximum, never finish a request head. Probes are served all the time."""
    with unharmed(weir, record_property):
        slow = [connect(weir) for _ in range(64)]
        for connection in slow:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n")

        def all_are_closed():
            for connection in slow:
                with contextlib.suppress(OSError):
                    connection.sendall(b"x")
            assert weir.ready()
            return all([is_closed(connection) for connection in slow])

        eventually(all_are_closed, "not all are closed, although a head may take only ten seconds", 25, 0.5)
        for connection in slow:
            connection.close()
    assert weir.ready()


def test_ten_thousand_connections(weir, record_property):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16_384), hard))
    try:
        with unharmed(weir, record_property):
            held, began = [], time.monotonic()
            for n in range(10_000):
                held.append(connect(weir))
                if n % 1_000 == 0:
                    assert weir.ready(), n
            record_property("seconds", round(time.monotonic() - began, 2))
            assert weir.ready()
            assert stores.metric(weir, "process_open_fds") < 200
            for connection in held:
                connection.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("chunked", [False, True], ids=["with_its_length", "in_chunks"])
def test_a_body_of_a_gigabyte(weir, record_property, chunked):
    """The body is refused early: because of its length, or after the first 64 KiB."""
    octets, sent, answer = 1 << 30, 0, b""
    frame = b"%x\r\n" % FRAME + bytes(FRAME) + b"\r\n" if chunked else bytes(FRAME)
    with unharmed(weir, record_property):
        for path in ("/metrics", "/nothing"):
            with connect(weir) as connection, contextlib.suppress(OSError):
                head = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {octets}"
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n".encode())
                while sent < octets:
                    connection.sendall(frame)
                    sent += FRAME
            with connect(weir) as connection:  # the same again, but here the response is read
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n".encode() + frame * 8)
                with contextlib.suppress(OSError):
                    answer = connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 413" if path == "/metrics" else b"HTTP/1.1 4"), answer
        assert weir.ready()
    record_property("octets", sent)
    assert sent < 64 << 20, "most of the body must not be read"
    assert weir.resident_bytes() < 1 << 30


def test_what_is_no_http(weir, record_property):
    with unharmed(weir, record_property):
        for nonsense in (b"\x16\x03\x01\x00\xa5\x01", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 100_000, b"GET " + b"a" * 1_000_000,
                         b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                         b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\n",
                         b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"):
            for _ in range(20):
                with connect(weir) as connection, contextlib.suppress(OSError):
                    connection.sendall(nonsense)
                    connection.shutdown(socket.SHUT_WR)
                    assert not connection.recv(100).startswith(b"HTTP/1.1 200"), nonsense[:50]
        assert weir.ready()


def test_bad_tls_and_wrong_tokens(tmp_path, record_property):
    (tmp_path / "secret").write_text("Quai7ahz-the-token\n")
    make_certificate(tmp_path, 1)
    context = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
    port, http_port = free_port(), free_port(socket.SOCK_STREAM)
    with Process([weir_binary(), "collect", "--listen", f"netflow://127.0.0.1:{port}", "--no-store", "--data", tmp_path / "data",
                  "--http", f"127.0.0.1:{http_port}", "--http-certificate", tmp_path / "certificate.pem",
                  "--http-key", tmp_path / "key.pem", "--token", f"me={tmp_path / 'secret'}"], tmp_path, "tls") as weir:
        def request(token=None):
            with socket.create_connection(("127.0.0.1", http_port), timeout=10) as plain, \
                    context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
                shown = f"Authorization: Bearer {token}\r\n" if token else ""
                connection.sendall(f"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{shown}\r\n".encode())
                return int(connection.recv(12).split()[1])

        def serves():
            try:
                return request("Quai7ahz-the-token") == 200
            except OSError:
                return False

        eventually(serves, lambda: weir.stderr())
        began = time.monotonic()
        for nonsense in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(70_000), b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"):
            for _ in range(50):
                with socket.create_connection(("127.0.0.1", http_port), timeout=10) as connection, contextlib.suppress(OSError):
                    connection.sendall(nonsense)
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(100)
        silent = [socket.create_connection(("127.0.0.1", http_port), timeout=10) for _ in range(200)]
        for wrong in (None, "Quai7ahz-the-toke", "Quai7ahz-the-tokenn", "quai7ahz-the-token", "x" * 7_000):
            assert request(wrong) == 401, wrong
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, OSError)), socket.create_connection(("127.0.0.1", http_port), timeout=10) as plain:
            old.wrap_socket(plain)
        assert serves()
        asked = run_weir("exporters", "--server", f"https://127.0.0.1:{http_port}", "--server-ca", tmp_path / "certificate.pem",
                         "--token-file", tmp_path / "secret")
        assert asked.returncode == 0, asked.stderr
        distrusted = run_weir("exporters", "--server", f"https://127.0.0.1:{http_port}", "--token-file", tmp_path / "secret")
        assert distrusted.returncode == 1 and "certificate" in distrusted.stderr, distrusted.stderr
        record_property("seconds", round(time.monotonic() - began, 2))
        record_property("memory_bytes", weir.resident_bytes())
        for connection in silent:
            connection.close()
        assert weir.stop() == 0
        assert "Quai7ahz" not in weir.stderr()

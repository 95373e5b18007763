# SPDX-License-Identifier: Apache-2.0
"""Starts and stops programs by their pid, waits until a condition holds, and talks to `weir`."""

import ctypes
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.request
import warnings
from http.client import HTTPException

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
_PR_SET_PDEATHSIG = 1
_IP_PKTINFO = 8
_LIBC = ctypes.CDLL(None, use_errno=True)


def skip_or_fail(reason):
    """Skips the test with a warning because something is missing; fails it if CI=true."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing in CI: {reason}", pytrace=False)
    warnings.warn(f"SKIPPED: {reason}", stacklevel=2)
    pytest.skip(reason)


def weir_binary():
    path = pathlib.Path(os.environ.get("WEIR_BINARY", REPOSITORY / "build" / "weir"))
    if not path.exists():
        pytest.fail(f"{path} does not exist: build it, or point WEIR_BINARY at it", pytrace=False)
    return str(path)


def shared(part):
    """A path in the folder of captures and registries that is not part of the repository."""
    path = pathlib.Path(os.environ.get("WEIR_SHARED", REPOSITORY.parent / "shared")) / part
    if not path.exists():
        skip_or_fail(f"{path} is not there (WEIR_SHARED names its folder)")
    return path


def program(name):
    """The path of an installed program; Go's bin folder is searched too."""
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin:" + os.path.expanduser("~/go/bin"))
    return path or skip_or_fail(f"{name} is not installed")


_given_ports = set()


def free_port(kind=socket.SOCK_DGRAM):
    """A port of 127.0.0.1 that is not in use and that this run has not returned before.

    It is below the ephemeral range, so that the kernel does not give it to a sender in the meantime.
    """
    for _ in range(1000):
        port = random.SystemRandom().randrange(20000, 32000)
        if port in _given_ports:
            continue
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given_ports.add(port)
        return port
    raise RuntimeError("no free port between 20000 and 32000")


def eventually(probe, what, timeout=10.0, every=0.02):
    """Repeats probe() and returns its first true value; fails with the message `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"after {timeout:g} s: {what() if callable(what) else what}")
        time.sleep(every)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _die_with_parent():
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A background program whose output is written to files; ended by its pid, at the latest by close()."""

    def __init__(self, arguments, folder, name, env=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.arguments = [str(a) for a in arguments]
        self.stdout_path, self.stderr_path = folder / f"{name}.out", folder / f"{name}.err"
        with open(self.stdout_path, "ab") as out, open(self.stderr_path, "ab") as err:
            self.popen = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, "TZ": "UTC", **(env or {})},
                preexec_fn=_die_with_parent,
            )

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def stderr(self):
        return self.stderr_path.read_text(errors="replace")

    def stop(self, with_signal=signal.SIGTERM, timeout=20):
        """Sends the signal and returns the exit code."""
        if self.running():
            self.popen.send_signal(with_signal)
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.close()
            pytest.fail(
                f"{self.arguments[:2]} still ran {timeout} s after signal {with_signal}:\n{self.stderr()[-3000:]}"
            )

    def close(self):
        if self.running():
            self.popen.kill()
            self.popen.wait()

    def cpu_seconds(self):
        return cpu_seconds(self.pid)

    def resident_bytes(self):
        return int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def run_weir(*arguments, env=None, timeout=60, **kwargs):
    """Runs `weir` and waits for its end; returns a CompletedProcess with text streams."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("WEIR_")}
    return subprocess.run(
        [weir_binary(), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        env={**clean, "TZ": "UTC", **(env or {})},
        **kwargs,
    )


def parse_lines(text):
    """Parses JSON lines; every line must be one complete object."""
    return [json.loads(line) for line in text.splitlines()]


def http(url, headers=None, method="GET", timeout=5):
    """(status, headers, text) of a request; raises no exception for 4xx and 5xx."""
    request = urllib.request.Request(url, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def udp_queue(port):
    """(bytes waiting, datagrams dropped) of the UDP sockets on a port, from the kernel; None without a socket."""
    found = [line.split() for line in pathlib.Path("/proc/net/udp").read_text().splitlines()[1:]]
    found = [columns for columns in found if int(columns[1].split(":")[1], 16) == port]
    if not found:
        return None
    return sum(int(c[4].split(":")[1], 16) for c in found), sum(int(c[-1]) for c in found)


class Collector(Process):
    """`weir collect` on free ports of 127.0.0.1, writing JSON lines to a file; ready when the constructor returns.

    `store`: also write to the store.
    """

    def __init__(self, folder, *flags, format="json", port=None, output=None, name="collect", store=False, data=None,
                 env=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self.http_port = port or free_port(), free_port(socket.SOCK_STREAM)
        self.data = data or folder / "data"
        self.output = output or folder / f"flows.{format}"
        arguments = [
            weir_binary(),
            "collect",
            "--listen",
            f"netflow://127.0.0.1:{self.port}",
            "--data",
            self.data,
            *([] if store else ["--no-store"]),
            "--http",
            f"127.0.0.1:{self.http_port}",
        ]
        if format:
            arguments += ["--format", format, "--transport", "file", "--transport.file", self.output]
        super().__init__([*arguments, *flags], folder, name, env)
        eventually(lambda: self.ready() or not self.running(), "weir collect is not ready")
        if not self.running():
            pytest.fail(f"weir collect ended with {self.popen.returncode}:\n{self.stderr()}")

    @property
    def address(self):
        return ("127.0.0.1", self.port)

    def url(self, path):
        return f"http://127.0.0.1:{self.http_port}{path}"

    def ready(self):
        try:
            return http(self.url("/-/ready"))[0] == 200
        except (OSError, HTTPException):  # not listening yet, or stopping
            return False

    def flows(self):
        """The records printed so far. Only complete lines: the last one may be incomplete while the program runs."""
        if not self.output.exists():
            return []
        return parse_lines(self.output.read_text().rpartition("\n")[0])

    def wait_flows(self, count, timeout=10):
        """Waits for `count` printed records and returns them."""
        eventually(
            lambda: self.output.exists() and self.output.read_bytes().count(b"\n") >= count,
            lambda: f"{len(self.flows())} of {count} records printed; ledger {self.exporters()}",
            timeout,
        )
        return self.flows()

    def ledger(self):
        status, _, text = http(self.url("/api/v1/exporters"))
        assert status == 200, text
        return json.loads(text)

    def exporters(self):
        return [row for row in self.ledger() if row.get("exporter")]

    def sockets(self):
        return [row for row in self.ledger() if row.get("socket")]

    def total(self, column):
        return sum(row[column] for row in self.exporters())

    def wait_total(self, column, value, timeout=10):
        eventually(
            lambda: self.total(column) >= value,
            lambda: f"{column} is {self.total(column)}, not {value}: {self.ledger()}",
            timeout,
        )

    def finish(self):
        """Stops the collector by SIGTERM, which must end with exit code 0, and returns every printed record."""
        code = self.stop()
        assert code == 0, f"exit code {code}:\n{self.stderr()[-3000:]}"
        return self.flows()

    def kernel_queue(self):
        return udp_queue(self.port)


def reload(collector, config=None, text=None):
    """Sends SIGHUP, with the file changed to `text`; returns the lines of the log that follow."""
    if text is not None:
        config.write_text(text)
    before = len(collector.stderr())

    def answered():
        return re.search("config: (read again|nothing has changed)", collector.stderr()[before:])

    collector.popen.send_signal(signal.SIGHUP)
    eventually(answered, lambda: collector.stderr()[before:], 10)
    return collector.stderr()[before:]


class Sender:
    """A UDP socket with a fixed address and port: the session of one exporter."""

    def __init__(self, address="127.0.0.1", port=0):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.address, self.port = self.socket.getsockname()

    def send(self, to, *datagrams):
        for datagram in datagrams:
            self.socket.sendto(datagram, to)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class ManySources:
    """One socket that sends from any address of 127.0.0.0/8 (IP_PKTINFO sets the source of each datagram)."""

    def __init__(self, to):
        self.socket, self.to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), to

    def send(self, source, datagram):
        info = struct.pack("!I4s4x", 0, socket.inet_aton(source))
        self.socket.sendmsg([datagram], [(socket.IPPROTO_IP, _IP_PKTINFO, info)], 0, self.to)

# SPDX-License-Identifier: Apache-2.0
"""How each collector of a comparison is started, and how many records it reports to have kept.

Every collector listens on 127.0.0.1, runs in its default configuration (no CPU pinning, default number of workers),
and writes into its own folder. `kept` is called after the collector has ended, and always returns the collector's own
count: from its files, read back by its own reader, or from its counters.
"""

import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
RECEIVE_BUFFER = 16 << 20
_LIBC = ctypes.CDLL(None)


def program(name):
    """The path of an installed program, also from Go's folders and the repository's cache; None if there is none."""
    folders = [os.environ["PATH"], "/usr/sbin", str(REPOSITORY / ".cache" / "bin"), os.path.expanduser("~/go/bin")]
    return shutil.which(name, path=":".join(folders))


def weir_binary():
    return os.environ.get("WEIR_BINARY", str(REPOSITORY / "build" / "weir"))


def folder_bytes(folder, pattern):
    return sum(file.stat().st_size for file in pathlib.Path(folder).rglob(pattern) if file.is_file())


def count_in_file(path, mark):
    """How often `mark` occurs in a file of any size."""
    found, tail = 0, b""
    with open(path, "rb") as file:
        while chunk := file.read(16 << 20):
            chunk = tail + chunk
            found += chunk.count(mark)
            tail = chunk[len(chunk) - len(mark) + 1:] if len(mark) > 1 else b""
    return found


def count_delimited(path):
    """How many messages a file of varint-delimited Protobuf holds; an incomplete last message is an error."""
    data = pathlib.Path(path).read_bytes()
    at = count = 0
    while at < len(data):
        length = shift = 0
        while True:
            octet = data[at]
            at += 1
            length |= (octet & 0x7F) << shift
            shift += 7
            if octet < 0x80:
                break
        at += length
        count += 1
    if at != len(data):
        raise ValueError(f"{path} ends within a message")
    return count


class Collector:
    """One running collector. Subclasses define command(), kept() and, if the default load is too high, the limits."""

    name = ""
    most_rate = 10**9     # records/s that it takes without loss on a small machine
    most_records = 10**9  # limits the duration of a slow collector's run

    def __init__(self, port, http_port, folder):
        self.port, self.http_port, self.folder = port, http_port, folder
        with open(folder / "stdout", "wb") as out, open(folder / "stderr", "wb") as err:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder,
                                            preexec_fn=lambda: _LIBC.prctl(1, signal.SIGKILL))
        try:
            self._wait_until_bound()
        except BaseException:
            self.kill()
            raise
        self.cpu_at_start = self.cpu_seconds()

    @classmethod
    def missing(cls):
        """The name of what is not installed, or None."""
        return None

    def command(self):
        raise NotImplementedError

    def before_stop(self):
        """Reads what is available only while the collector runs."""

    def kept(self, sent):
        raise NotImplementedError

    def bytes_on_disk(self):
        """The size of the stored records, once the collector has ended; None if it is not meant to store any."""
        return None

    def _wait_until_bound(self):
        deadline = time.monotonic() + 20
        while self.socket_lines() == []:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not start: {(self.folder / 'stderr').read_text()[-2000:]}")
            time.sleep(0.02)
        time.sleep(0.3)  # so that the cost of starting is not in the figures

    def socket_lines(self):
        lines = []
        for table in ("/proc/net/udp", "/proc/net/udp6"):
            if os.path.exists(table):
                lines += [line.split() for line in pathlib.Path(table).read_text().splitlines()[1:]]
        return [columns for columns in lines if int(columns[1].rpartition(":")[2], 16) == self.port]

    def drops(self):
        return sum(int(columns[-1]) for columns in self.socket_lines())

    def queued_bytes(self):
        return sum(int(columns[4].partition(":")[2], 16) for columns in self.socket_lines())

    def cpu_seconds(self):
        """CPU time of all living threads, to the nanosecond; /proc/PID/stat has only hundredths of a second."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue
        return total / 1e9

    def thread_seconds(self):
        """CPU time by thread name."""
        found = {}
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                name, seconds = (task / "comm").read_text().strip(), int((task / "schedstat").read_text().split()[0]) / 1e9
            except (FileNotFoundError, ProcessLookupError):
                continue
            found[name] = round(found.get(name, 0) + seconds, 4)
        return found

    def peak_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) << 10

    def drain(self, timeout=120):
        """Waits until the socket is empty and the process is idle."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            before = self.cpu_seconds()
            time.sleep(0.4)
            if self.queued_bytes() == 0 and self.cpu_seconds() - before < 0.02:
                return
        raise RuntimeError(f"{self.name} was still busy {timeout} s after the last datagram")

    def stop(self):
        """Stops the collector; returns its CPU seconds since it was ready, including the final flush."""
        self.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid != 0:
                self.process.returncode = os.waitstatus_to_exitcode(status)
                return usage.ru_utime + usage.ru_stime - self.cpu_at_start
            time.sleep(0.01)
        self.kill()
        raise RuntimeError(f"{self.name} did not end within 60 s of SIGTERM")

    def kill(self):
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()


class Floor(Collector):
    """A loop that only counts datagrams (bench/floor.cc)."""

    name, linger_us = "floor", 0
    binary = os.environ.get("WEIR_FLOOR", str(REPOSITORY / "build" / "bench" / "floor"))

    @classmethod
    def missing(cls):
        return None if os.path.exists(cls.binary) else f"{cls.binary} (build it)"

    def command(self):
        return [self.binary, f"127.0.0.1:{self.port}", "0", str(self.linger_us)]

    def kept(self, sent):
        datagrams = json.loads((self.folder / "stdout").read_text())["datagrams"]
        return sent["records"] if datagrams == sent["datagrams"] else sent["records"] * datagrams // sent["datagrams"]


class FloorLinger(Floor):
    """Like Floor, but gathers datagrams for half a millisecond as weir collect does: fewer wake-ups at low rates."""

    name, linger_us = "floor-linger", 500


class Nfcapd(Collector):
    name = "nfcapd"
    flags = []

    @classmethod
    def missing(cls):
        return None if program("nfcapd") and program("nfdump") else "nfcapd and nfdump (Debian: nfdump)"

    def command(self):
        (self.folder / "flows").mkdir()
        return [program("nfcapd"), "-b", "127.0.0.1", "-p", str(self.port), "-w", str(self.folder / "flows"), "-t", "3600",
                "-B", str(RECEIVE_BUFFER), *self.flags]

    def kept(self, sent):
        records = 0
        for file in (self.folder / "flows").glob("nfcapd.*"):
            answer = subprocess.run([program("nfdump"), "-I", "-r", file], check=True, capture_output=True, text=True)
            records += int(re.search(r"^Flows: (\d+)", answer.stdout, re.M).group(1))
        return records

    def bytes_on_disk(self):
        return folder_bytes(self.folder / "flows", "nfcapd.*")


class NfcapdLz4(Nfcapd):
    name, flags = "nfcapd-lz4", ["-y"]


class NfcapdLzo(Nfcapd):
    name, flags = "nfcapd-lzo", ["-z"]


class GoFlow2(Collector):
    form, separator = "", "\n"

    @classmethod
    def missing(cls):
        return None if program("goflow2") else "goflow2 (go install github.com/netsampler/goflow2/v2/cmd/goflow2@v2.2.6)"

    def command(self):
        return [program("goflow2"), "-listen", f"netflow://127.0.0.1:{self.port}", "-addr", f"127.0.0.1:{self.http_port}",
                "-format", self.form, "-transport.file", str(self.folder / "out"), "-transport.file.sep", self.separator,
                "-templates.path", "/templates"]

    def before_stop(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/metrics", timeout=10) as answer:
            (self.folder / "metrics").write_bytes(answer.read())


class GoFlow2Json(GoFlow2):
    name, form, most_rate, most_records = "goflow2-json", "json", 15_000, 60_000

    def kept(self, sent):
        return count_in_file(self.folder / "out", b'{"type":')  # not lines: GoFlow2 interleaves objects and separators


class GoFlow2Bin(GoFlow2):
    name, form, separator, most_rate, most_records = "goflow2-bin", "bin", "", 40_000, 200_000

    def kept(self, sent):
        return count_delimited(self.folder / "out")


class Weir(Collector):
    flags = []
    binary = staticmethod(weir_binary)

    @classmethod
    def missing(cls):
        return None if os.path.exists(cls.binary()) else f"{cls.binary()} (build it)"

    def command(self):
        return [self.binary(), "collect", "--no-store", "--listen", f"netflow://127.0.0.1:{self.port}", "--data",
                str(self.folder / "data"), "--http", "off", *self.flags]

    def ledger(self):
        answer = subprocess.run([self.binary(), "exporters", "--data", self.folder / "data", "--format", "json"],
                                check=True, capture_output=True, text=True)
        return sum(row.get("records", 0) for row in json.loads(answer.stdout) if "exporter" in row)

    def written(self):
        raise NotImplementedError

    def kept(self, sent):
        """The smaller of the count in its ledger and the count in its file."""
        return min(self.ledger(), self.written())


class WeirCount(Weir):
    name = "weir-count"

    def written(self):
        return self.ledger()


class Before:
    """Another build of Weir, to compare with in the same run: BENCH_BEFORE names the binary."""

    binary = staticmethod(lambda: os.environ.get("BENCH_BEFORE", ""))

    @classmethod
    def missing(cls):
        return None if os.path.exists(cls.binary()) else "BENCH_BEFORE (the binary of an earlier build)"


class WeirCountBefore(Before, WeirCount):
    name = "weir-count-before"


class WeirStore(Weir):
    """Writes into the embedded store, in the default configuration."""

    name = "weir-store"

    def command(self):
        return [self.binary(), "collect", "--listen", f"netflow://127.0.0.1:{self.port}", "--data",
                str(self.folder / "data"), "--http", f"127.0.0.1:{self.http_port}", *self.flags]

    def written(self):
        answer = subprocess.run([self.binary(), "query", "--data", self.folder / "data", "--format", "csv",
                                 "SELECT count(*) FROM flows"], check=True, capture_output=True, text=True)
        return int(answer.stdout.splitlines()[1])

    def bytes_on_disk(self):
        return folder_bytes(self.folder / "data" / "flows", "*.parquet")


class WeirStoreBefore(Before, WeirStore):
    name = "weir-store-before"


class WeirJson(Weir):
    name = "weir-json"
    flags = ["--format", "json", "--transport", "file", "--transport.file", "out"]

    def written(self):
        return count_in_file(self.folder / "out", b"\n")


class WeirCsv(Weir):
    name = "weir-csv"
    flags = ["--format", "csv", "--transport", "file", "--transport.file", "out"]

    def written(self):
        return count_in_file(self.folder / "out", b"\n") - 1  # without the header


class WeirProtobuf(Weir):
    name = "weir-protobuf"
    flags = ["--format", "protobuf", "--transport", "file", "--transport.file", "out"]

    def written(self):
        return count_delimited(self.folder / "out")


ALL = {c.name: c for c in (Floor, FloorLinger, Nfcapd, NfcapdLz4, NfcapdLzo, GoFlow2Json, GoFlow2Bin, WeirCount, WeirCountBefore,
                           WeirStore, WeirStoreBefore, WeirJson, WeirCsv, WeirProtobuf)}

# SPDX-License-Identifier: Apache-2.0
"""Real exporters and collectors, each started on loopback and ended by its pid."""

import calendar
import ipaddress
import json
import pathlib
import socket
import subprocess
import threading
import time
from typing import NamedTuple

import harness


def record_export(run):
    """The datagrams that an exporter, started by run(port), sends; waits for the exporter's end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0.2)
        exporter = threading.Thread(target=run, args=(receiver.getsockname()[1],))
        exporter.start()
        datagrams = []
        while True:
            ending = not exporter.is_alive()
            try:
                datagrams.append(receiver.recv(65535))
            except TimeoutError:
                if ending:
                    return datagrams


def softflowd(pcap, version, folder):
    """softflowd 1.1 reading a capture. Option -a makes it use the capture's times; otherwise the times are wrong."""

    def run(port):
        subprocess.run(
            [
                harness.program("softflowd"),
                "-a",
                "-A",
                "milli",
                "-r",
                pcap,
                "-n",
                f"127.0.0.1:{port}",
                "-v",
                str(version),
                "-c",
                "none",
                "-p",
                folder / "softflowd.pid",
            ],
            check=True,
            timeout=30,
            capture_output=True,
        )

    return record_export(run)


def nfprobe(pcap, version, folder):
    """pmacctd's nfprobe plugin reading a capture."""

    def run(port):
        config = folder / f"nfprobe{version}.conf"
        config.write_text(
            "\n".join(
                [
                    "daemonize: false",
                    f"pcap_savefile: {pcap}",
                    "plugins: nfprobe",
                    f"nfprobe_receiver: 127.0.0.1:{port}",
                    "aggregate: src_host, dst_host, src_port, dst_port, proto, tos",
                    f"nfprobe_version: {version}",
                    f"pidfile: {folder}/nfprobe.pid",
                    f"logfile: {folder}/nfprobe.log",
                ]
            )
            + "\n"
        )
        subprocess.run([harness.program("pmacctd"), "-f", config], timeout=30, capture_output=True)

    return record_export(run)


class NfdumpFlow(NamedTuple):
    source: str
    destination: str
    proto: int
    source_port: int
    destination_port: int
    packets: int
    octets: int
    first_ms: int
    last_ms: int


class Nfcapd(harness.Process):
    """nfcapd 1.7.1 writing to a folder; finish() returns what nfdump reads back."""

    def __init__(self, folder):
        self.port = harness.free_port()
        self.folder = folder / "nfcapd"
        self.folder.mkdir(parents=True)
        super().__init__(
            [
                harness.program("nfcapd"),
                "-b",
                "127.0.0.1",
                "-p",
                self.port,
                "-w",
                self.folder,
                "-t",
                "3600",
                "-B",
                1 << 20,
            ],
            folder,
            "nfcapd",
        )
        harness.eventually(lambda: harness.udp_queue(self.port), "nfcapd has not bound its port")

    @property
    def address(self):
        return ("127.0.0.1", self.port)

    def finish(self):
        harness.eventually(lambda: harness.udp_queue(self.port)[0] == 0, "nfcapd leaves datagrams in its socket")
        self.stop()
        # One file per hour: there are two if the hour ended in the meantime.
        answer = subprocess.run(
            [harness.program("nfdump"), "-R", self.folder, "-o", "json", "-N"],
            check=True,
            capture_output=True,
            text=True,
            env={"TZ": "UTC", "PATH": "/usr/bin:/bin"},
        )
        return [_nfdump_flow(row) for row in json.loads(answer.stdout or "[]")]


def _milliseconds(text):
    """nfdump prints local time; it runs in UTC here."""
    whole, fraction = text.split(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 1000 + int(fraction)


def _nfdump_flow(row):
    address = lambda side: str(ipaddress.ip_address(row.get(f"{side}4_addr") or row.get(f"{side}6_addr")))
    return NfdumpFlow(
        address("src"),
        address("dst"),
        int(row["proto"]),
        int(row.get("src_port", 0)),
        int(row.get("dst_port", 0)),
        int(row["in_packets"]),
        int(row["in_bytes"]),
        _milliseconds(row["first"]),
        _milliseconds(row["last"]),
    )


def nfreplay(folder, version, port):
    """nfdump's exporter: sends the records of a folder of nfcapd files as NetFlow v5 or v9."""
    for file in sorted(folder.glob("nfcapd.2*")):
        command = [harness.program("nfreplay"), "-r", file, "-H", "127.0.0.1", "-p", port, "-v", version]
        answer = subprocess.run([str(word) for word in command], timeout=60, capture_output=True, text=True)
        assert answer.returncode == 0, answer.stderr


_NGINX = """
load_module {module};
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
stream {{
  upstream collectors {{ {servers} }}
  server {{ listen 127.0.0.1:{port} udp rcvbuf=8m; proxy_pass collectors; proxy_requests 1; proxy_responses 0; }}
}}
"""


class Nginx(harness.Process):
    """nginx as a UDP load balancer: one datagram to each collector in turn, each datagram from a new source port."""

    def __init__(self, folder, *collectors):
        module = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")
        if not module.exists():
            harness.skip_or_fail("nginx's stream module is not installed (Debian: libnginx-mod-stream)")
        self.port = harness.free_port()
        folder = folder / "nginx"
        folder.mkdir()
        servers = " ".join(f"server 127.0.0.1:{port};" for port in collectors)
        configuration = folder / "nginx.conf"
        configuration.write_text(_NGINX.format(module=module, folder=folder, servers=servers, port=self.port))
        program = harness.program("nginx")
        arguments = [program, "-p", folder, "-c", configuration, "-e", folder / "error.log", "-g", "daemon off;"]
        super().__init__(arguments, folder, "nginx")
        harness.eventually(lambda: harness.udp_queue(self.port), lambda: f"nginx does not listen: {self.stderr()}")


class GoFlow2(harness.Process):
    """GoFlow2 2.2.6 with one worker, so that its lines are in the order of the datagrams."""

    def __init__(self, folder, scheme="netflow"):
        self.port, self.http_port = harness.free_port(), harness.free_port(socket.SOCK_STREAM)
        self.output = folder / "goflow2.json"
        super().__init__(
            [
                harness.program("goflow2"),
                "-listen",
                f"{scheme}://127.0.0.1:{self.port}?count=1&workers=1",
                "-addr",
                f"127.0.0.1:{self.http_port}",
                "-format",
                "json",
                "-transport.file",
                self.output,
            ],
            folder,
            "goflow2",
        )
        harness.eventually(self._ready, lambda: f"goflow2 is not ready:\n{self.stderr()}")

    def _ready(self):
        try:
            return harness.http(f"http://127.0.0.1:{self.http_port}/__health")[0] == 200
        except OSError:
            return False

    @property
    def address(self):
        return ("127.0.0.1", self.port)

    def flows(self):
        return harness.parse_lines(self.output.read_text()) if self.output.exists() else []

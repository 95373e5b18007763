# SPDX-License-Identifier: Apache-2.0
"""Health, metrics in both exposition formats, and the ledger over HTTP."""

import json
import re
import shutil
import socket
import subprocess

import pytest

import harness
import packets
from harness import Sender, http

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.fixture
def busy(collect):
    """A collector that has received a v5 exporter with a sequence gap, a v9 exporter, and a malformed datagram."""
    weir = collect()
    with Sender("127.0.2.1") as one, Sender("127.0.2.2") as two:
        one.send(weir.address, packets.v5(packets.flow(1), packets.flow(2)), packets.v5(packets.flow(3), sequence=5))
        two.send(
            weir.address,
            packets.v9(
                packets.template_set9(300, packets.FLOW), packets.data_set(300, packets.FLOW, packets.flow(4)), domain=9
            ),
            packets.v9(b"\0\0\0\0", domain=9, sequence=1),
        )
        harness.eventually(lambda: weir.total("datagrams") == 4, lambda: weir.ledger())
    weir.wait_flows(4)
    return weir


def samples(text):
    """Metric lines as {name: [(labels, value)]}."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = re.fullmatch(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)", line).groups()
            pairs = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""))
            found.setdefault(name, []).append((pairs, float(value)))
    return found


def test_health(collect):
    weir = collect()
    for path in ("/-/healthy", "/-/ready", "/health"):
        assert http(weir.url(path))[0] == 200, path


def test_an_output_that_fails_is_no_reason_to_be_unready(tmp_path):
    with harness.Collector(tmp_path, output="/dev/full") as weir, Sender() as sender:
        status, headers, text = http(weir.url("/-/status"))
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert json.loads(text)["outputs"]["file"]["state"] == "working"
        sender.send(weir.address, packets.v5(packets.flow(1)))
        harness.eventually(lambda: http(weir.url("/-/status"))[0] == 503, "no output fails")
        answer = json.loads(http(weir.url("/-/status"))[2])
        assert answer["takes_datagrams"] is True and answer["outputs"]["file"]["state"] == "failing", answer
        assert http(weir.url("/-/ready"))[0] == 200


def test_unknown_path_is_a_problem(collect):
    status, headers, text = http(collect().url("/api/v1/no-such-thing"))
    assert status == 404
    assert headers["Content-Type"].startswith("application/problem+json")
    assert json.loads(text)["status"] == 404


@pytest.mark.parametrize(
    "accept, content_type",
    [(None, "text/plain; version=0.0.4"), (OPENMETRICS, OPENMETRICS)],
    ids=["prometheus", "openmetrics"],
)
def test_metrics(busy, accept, content_type):
    status, headers, text = http(busy.url("/metrics"), {"Accept": accept} if accept else None)
    assert status == 200
    assert headers["Content-Type"].startswith(content_type)
    assert text.endswith("# EOF\n") == bool(accept)
    found = samples(text)
    assert "weir_build_info" in found
    records = {(l["exporter"], l["protocol"]): v for l, v in found["weir_exporter_records_total"]}
    assert records == {("127.0.2.1", "v5"): 3, ("127.0.2.2", "v9"): 1}
    lost = {l["exporter"]: v for l, v in found["weir_exporter_sequence_lost_total"]}
    assert lost["127.0.2.1"] == 3  # sequence 2..4
    assert sum(v for _, v in found["weir_receive_datagrams_total"]) == 4
    assert sum(v for _, v in found["weir_receive_kernel_drops_total"]) == 0
    for name in (
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "process_start_time_seconds",
        "process_open_fds",
        "weir_receive_buffer_bytes",
    ):
        assert found[name][0][1] > 0, name


def test_metrics_pass_promtool(busy):
    promtool = shutil.which("promtool") or harness.skip_or_fail("promtool is not installed")
    text = http(busy.url("/metrics"))[2]
    answer = subprocess.run([promtool, "check", "metrics"], input=text, text=True, capture_output=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_metric_has_help_and_type(busy):
    text = http(busy.url("/metrics"))[2]
    helped, typed = (set(re.findall(rf"^# {kind} (\S+)", text, re.M)) for kind in ("HELP", "TYPE"))
    histogram = re.compile(r"_(bucket|sum|count)$")
    names = {n if n in typed else histogram.sub("", n) for n in samples(text)}
    assert names <= typed and names <= helped


def test_prometheus_scrapes_it(busy, tmp_path):
    """A real Prometheus can scrape the endpoint."""
    prometheus = shutil.which("prometheus") or harness.skip_or_fail("prometheus is not installed")
    port = harness.free_port(socket.SOCK_STREAM)
    (tmp_path / "p.yml").write_text(
        "scrape_configs:\n- job_name: weir\n  scrape_interval: 1s\n  static_configs:\n"
        f"  - targets: ['127.0.0.1:{busy.http_port}']\n"
    )
    with harness.Process(
        [
            prometheus,
            f"--config.file={tmp_path}/p.yml",
            f"--storage.tsdb.path={tmp_path}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        tmp_path,
        "prometheus",
    ):

        def scraped():
            try:
                status, _, text = http(f"http://127.0.0.1:{port}/api/v1/query?query=weir_exporter_records_total")
            except OSError:
                return None
            return status == 200 and json.loads(text)["data"]["result"]  # the status is 503 while Prometheus starts

        result = harness.eventually(scraped, "prometheus has no sample", timeout=20)
    assert {r["metric"]["exporter"]: r["value"][1] for r in result} == {"127.0.2.1": "3", "127.0.2.2": "1"}


def test_ledger_over_http_is_the_ledger_of_the_command(busy):
    over_http = json.loads(http(busy.url("/api/v1/exporters"))[2])
    by_command = harness.run_weir("exporters", "--server", f"http://127.0.0.1:{busy.http_port}", "--format", "json")
    assert by_command.returncode == 0, by_command.stderr
    assert json.loads(by_command.stdout) == over_http
    rows = {r["exporter"]: r for r in over_http if r.get("exporter")}
    assert rows["127.0.2.1"]["sequence_lost"] == 3 and rows["127.0.2.1"]["sequence_unit"] == "records"
    assert rows["127.0.2.2"]["malformed"] == 1 and rows["127.0.2.2"]["domain"] == 9


def test_exporters_of_a_dead_server_is_a_run_time_failure():
    port = harness.free_port(socket.SOCK_STREAM)
    answer = harness.run_weir("exporters", "--server", f"http://127.0.0.1:{port}", "--format", "json")
    assert answer.returncode == 1 and str(port) in answer.stderr and answer.stdout == ""


def test_the_ledger_on_disk_follows_within_seconds(busy):
    """The catalog is read while the collector runs."""

    def stored():
        answer = harness.run_weir("exporters", "--data", busy.data, "--format", "json")
        return answer.returncode == 0 and sum(r["records"] for r in json.loads(answer.stdout) if r.get("exporter")) == 4

    harness.eventually(stored, "catalog.db does not hold the four records", timeout=5)


def test_exporters_table_is_for_people(busy):
    answer = harness.run_weir("exporters", "--server", f"http://127.0.0.1:{busy.http_port}", "--format", "table")
    assert answer.returncode == 0
    assert "127.0.2.1" in answer.stdout and "\x1b[" not in answer.stdout


def test_hostile_requests(busy):
    """Incomplete requests, garbage, and a body too long are answered or closed, and the next request is served."""
    for data in (
        b"GET /-/healthy HTTP/1.1\r\n",
        b"\0\xff" * 500,
        b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", busy.http_port), timeout=5) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(65536)
            except OSError:  # closed by the server
                answer = b""
            assert b"root:" not in answer
    assert http(busy.url("/-/healthy"))[0] == 200

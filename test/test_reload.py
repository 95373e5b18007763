# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: which settings a running collector applies, and what it reports about the others."""

import json
import signal
import socket
import subprocess

import packets
import pytest
import stores
from certificates import make_certificate
from harness import Collector, Process, Sender, eventually, free_port, http, reload, weir_binary
from outputs import FIELDS, csv_lines, ledger_of, output_table, outputs_of, write_config


@pytest.fixture
def running(tmp_path):
    """Starts a collector with a configuration file and optional further flags."""
    started = []

    def start(text, *flags, **more):
        config = tmp_path / "weir.toml"
        config.write_text(text)
        started.append(Collector(tmp_path, "--config", config, *flags, **more))
        return started[-1], config

    yield start
    for collector in started:
        collector.close()


def test_nothing_changed_is_said(running):
    collector, _ = running("")
    assert "config: read again: nothing to change" in reload(collector)
    assert stores.metric(collector, "weir_config_last_reload_successful") == 1


def test_who_may_send_changes(running):
    collector, config = running("")
    with Sender("127.0.5.1") as one, Sender("127.0.5.2") as two:
        for n, sender in enumerate((one, two)):
            sender.send(collector.address, packets.v5(packets.flow(n)))
        collector.wait_flows(2)
        assert "changed collect.allow" in reload(collector, config, '[collect]\nallow = ["127.0.5.2"]\n')
        one.send(collector.address, packets.v5(packets.flow(3), sequence=1))
        two.send(collector.address, packets.v5(packets.flow(4), sequence=1))
        collector.wait_flows(3)
        eventually(lambda: sum(s["not_allowed"] for s in collector.sockets()) == 1, lambda: collector.sockets())
        reload(collector, config, "")
        one.send(collector.address, packets.v5(packets.flow(5), sequence=2))
        collector.wait_flows(4)
    assert len(collector.finish()) == 4


def test_what_is_said_of_exporters_changes(running):
    """Octets in IE 23 beside IE 1 are those of the reverse direction, if the configuration says so for the exporter."""
    rule = '[[exporter]]\naddress = "127.0.5.0/24"\ncounters_23_24 = "%s"\n'
    collector, config = running(rule % "ignore")
    layout = [(8, 4), (12, 4), (1, 4), (2, 4), (23, 4), (24, 4)]
    record = bytes([10, 0, 0, 1, 10, 0, 0, 2]) + b"".join(n.to_bytes(4, "big") for n in (1000, 10, 77, 7))
    with Sender("127.0.5.1") as sender:
        def send(sequence):
            sender.send(collector.address, packets.v9(
                packets.template_set9(300, layout), packets.set_of(300, record), sequence=sequence))
        send(0)
        assert collector.wait_flows(1)[0].get("reverse_bytes", 0) == 0
        assert "changed exporter" in reload(collector, config, rule % "reverse")
        send(1)
        assert collector.wait_flows(2)[1]["reverse_bytes"] == 77
        reload(collector, config, rule.replace("127.0.5.0/24", "10.9.0.0/16") % "reverse")
        send(2)
        assert collector.wait_flows(3)[2]["reverse_bytes"] == 77, "without a rule, values that differ mean reverse"
    collector.finish()


def test_the_log_level_changes(running):
    collector, config = running("[collect]\nlog_level = \"error\"\n", "--log-format", "ecs")
    assert collector.stderr() == ""
    config.write_text("[collect]\nlog_level = \"info\"\n")
    collector.popen.send_signal(signal.SIGHUP)
    eventually(lambda: "read again" in collector.stderr(), "the log has no message")
    line = next(json.loads(line) for line in collector.stderr().splitlines() if "read again" in line)
    assert line["message"] == "read again: changed collect.log_level"
    assert line["log.level"] == "info"


@pytest.mark.parametrize("text, keys", [
    ("[collect]\nworkers = 1\n", "collect.workers"),
    ("[collect]\nrcvbuf = \"1M\"\n[templates]\nborrow = \"off\"\n", "collect.rcvbuf, templates.borrow"),
    ('[[field]]\nname = "x"\nelement = "9/1"\ntype = "string"\n', "field"),
])
def test_what_needs_a_restart_is_named_each_time(running, text, keys):
    collector, config = running("")
    for _ in range(2):
        said = reload(collector, config, text)
        assert f"only a restart takes it over: {keys}\n" in said, said
    assert stores.metric(collector, "weir_config_last_reload_successful") == 1


@pytest.mark.parametrize("text, said", [
    ("[collect]\nallow = [\"10.0.0.0/8\"]\nworkers = \"four\"\n", "weir.toml:3:11: "),
    (output_table("a", "csv", "/nowhere/flows.csv"), "/nowhere/flows.csv"),
    ("[", "this is not TOML"),
])
def test_a_wrong_file_changes_nothing(running, text, said):
    collector, config = running("")
    assert said in reload(collector, config, text)
    assert stores.metric(collector, "weir_config_last_reload_successful") == 0
    assert collector.ready()
    with Sender() as sender:
        sender.send(collector.address, packets.v5(packets.flow(1)))
        collector.wait_flows(1)
    assert "read again: nothing to change" in reload(collector, config, "")
    assert stores.metric(collector, "weir_config_last_reload_successful") == 1


def test_a_file_that_has_gone_changes_nothing(running):
    collector, config = running("")
    config.unlink()
    assert "weir.toml" in reload(collector)
    assert stores.metric(collector, "weir_config_last_reload_successful") == 0
    assert collector.ready()


def test_the_output_that_the_ledger_counts_stays(running):
    """Without a store, the ledger counts the first output."""
    collector, config = running("", format=None)
    assert "added output" in reload(collector, config, output_table("a", "csv", config.parent / "a.csv", FIELDS))
    both = output_table("a", "csv", config.parent / "b.csv", FIELDS) + output_table("c", "csv", config.parent / "c.csv", FIELDS)
    with Sender() as sender:
        sender.send(collector.address, packets.v5(packets.flow(1)))
        eventually(lambda: collector.total("stored") == 1, lambda: collector.ledger())
        said = reload(collector, config, both)
        assert "changed output a" in said and "added output c" in said
        said = reload(collector, config, output_table("c", "csv", config.parent / "c.csv", FIELDS))
        assert "the outputs stay as they are until a restart" in said
        sender.send(collector.address, packets.v5(packets.flow(2), sequence=1))
        eventually(lambda: collector.total("stored") == 2, lambda: collector.ledger())
    assert collector.stop() == 0
    rows = ledger_of(collector.data)
    assert outputs_of(rows, "a") == (2, {})
    assert outputs_of(rows, "c") == (1, {"not_configured": 1})
    assert [len(csv_lines(config.parent / f"{name}.csv")) for name in "abc"] == [1, 1, 1]


def test_an_output_comes_back_over_a_restart(tmp_path):
    """Its acknowledged records of an earlier run, before it was removed, are still counted."""
    archive = output_table("archive", "csv", tmp_path / "flows.csv", FIELDS)
    config = write_config(tmp_path, archive)
    with stores.StoreCollector(tmp_path, "--config", config) as collector:
        stores.gen(collector, "--total", 300)
        collector.wait_taken(300)
        assert "removed output archive" in reload(collector, config, "")
        stores.gen(collector, "--total", 50, "--seed", 2)
        collector.wait_total("records", 350)
        assert collector.stop() == 0
    with stores.StoreCollector(tmp_path, "--config", config, name="after") as collector:
        stores.gen(collector, "--total", 200, "--seed", 3)
        collector.wait_total("records", 550)
        assert "added output archive" in reload(collector, config, archive)
        stores.gen(collector, "--total", 30, "--seed", 4)
        collector.wait_total("records", 580)
        assert collector.stop() == 0
    rows = ledger_of(collector.data)
    assert outputs_of(rows, "store") == (580, {})
    assert outputs_of(rows, "archive") == (330, {"not_configured": 250})
    assert len(csv_lines(tmp_path / "flows.csv")) == 330


def test_tokens_are_read_again(tmp_path):
    token = tmp_path / "token"
    token.write_text("first\n")
    with Collector(tmp_path, "--token", f"me={token}") as collector:
        assert ask(collector, "first") == 200
        token.write_text("second\n")
        reload(collector)
        eventually(lambda: ask(collector, "second") == 200, "the new token is not accepted")
        assert ask(collector, "first") == 401


def ask(collector, token):
    return http(collector.url("/metrics"), {"Authorization": f"Bearer {token}"})[0]


def serial_of(port):
    """The serial number of the certificate that the server presents."""
    shown = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}"], input="", capture_output=True, text=True)
    text = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown.stdout, capture_output=True, text=True)
    return text.stdout.strip()


def test_a_renewed_certificate_is_shown(tmp_path):
    make_certificate(tmp_path, 17)
    port, http_port = free_port(), free_port(socket.SOCK_STREAM)
    with Process([weir_binary(), "collect", "--listen", f"netflow://127.0.0.1:{port}", "--no-store", "--data", tmp_path / "data",
                  "--http", f"127.0.0.1:{http_port}", "--http-certificate", tmp_path / "certificate.pem",
                  "--http-key", tmp_path / "key.pem"], tmp_path, "tls") as process:
        eventually(lambda: serial_of(http_port) == "serial=11", lambda: process.stderr())
        make_certificate(tmp_path, 18)
        process.popen.send_signal(signal.SIGHUP)
        eventually(lambda: serial_of(http_port) == "serial=12", lambda: process.stderr())
        (tmp_path / "key.pem").write_text("no key")
        process.popen.send_signal(signal.SIGHUP)
        eventually(lambda: "cannot use the key" in process.stderr(), lambda: process.stderr())
        assert serial_of(http_port) == "serial=12"

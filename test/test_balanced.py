# SPDX-License-Identifier: Apache-2.0
"""Exporters behind nginx, which sends each datagram from a new source port, still have one session each."""

import pathlib

import peers
import pytest
from harness import Process, eventually, run_weir, weir_binary

RECORDS = 30_000
DOMAINS = (257, 258)  # of two exporters, which both appear with nginx's address
NOTHING = ("sequence_lost", "restarts", "duplicates", "fallback", "held", "expired", "quarantined", "malformed")
SAID = "sends each datagram from another port"


def export(port, protocol, domain, records=RECORDS):
    """An exporter that sends its templates once."""
    run_weir("gen", "--to", f"127.0.0.1:{port}", "--protocol", protocol, "--total", records, "--rate", "30k",
             "--domain", domain, "--sampling-rate", 64, "--template-every", "1h", "--seed", domain)


def rows_of_domains(weir):
    return {row["domain"]: row for row in weir.exporters() if row["domain"] in DOMAINS}


@pytest.mark.parametrize("protocol", ("v5", "v9", "ipfix", "sflow"))
@pytest.mark.parametrize("flags", (("--ignore-ports", "127.0.0.0/8"), ()), ids=("configured", "by-itself"))
def test_two_exporters_are_two_sessions(flags, protocol, collect, tmp_path):
    weir = collect("--workers", 2, "--rcvbuf", "8MiB", *flags)
    with peers.Nginx(tmp_path, weir.port) as nginx:
        for domain in DOMAINS:
            export(nginx.port, protocol, domain)
        # Well before the time at which the template of another port is used (10 s).
        weir.wait_total("records", RECORDS * len(DOMAINS), timeout=5)
        eventually(lambda: weir.total("sequence_lost") == 0, lambda: weir.exporters(), timeout=5)
        rows = rows_of_domains(weir)
    assert set(rows) == set(DOMAINS)
    for row in rows.values():
        assert row["records"] == RECORDS
        for column in NOTHING:
            assert row[column] == 0, (column, row)
        assert row["replayed"] == 0 or not flags, "its template was already known"
    flows = weir.finish()
    assert len(flows) == RECORDS * len(DOMAINS)
    assert weir.stderr().count(SAID) == (0 if flags else 1)


def test_two_collectors_behind_it_follow_what_they_get(collect, tmp_path):
    """Each collector receives every second datagram: the sequence numbers show this as loss, not as a restart."""
    records = 3 * RECORDS  # three seconds; loss is counted from one second after the ports became one session
    collectors = [collect("--workers", 2, "--rcvbuf", "8MiB", folder=tmp_path / name) for name in ("one", "other")]
    with peers.Nginx(tmp_path, *(weir.port for weir in collectors)) as nginx:
        export(nginx.port, "v5", DOMAINS[0], records)
        eventually(lambda: sum(weir.total("records") for weir in collectors) == records,
                   lambda: [weir.exporters() for weir in collectors], timeout=5)
        for weir in collectors:
            [row] = rows_of_domains(weir).values()
            assert row["restarts"] == row["duplicates"] == 0
            assert records / 4 < row["sequence_lost"] < records / 2 * 2 / 3 + 60, row


def test_without_it_each_port_is_an_exporter_of_its_own(collect, tmp_path):
    weir = collect("--ignore-ports", "off", "--template-fallback", "off", "--rcvbuf", "8MiB")
    with peers.Nginx(tmp_path, weir.port) as nginx:
        export(nginx.port, "v9", DOMAINS[0], 3_000)
        eventually(lambda: weir.total("held") > 50, lambda: weir.exporters(), timeout=5)
    assert SAID not in weir.stderr()


def test_a_restart_of_the_collector_needs_no_template(collect, tmp_path):
    """The session without a port is in the journal: data is decoded at once, although templates are not sent again."""
    data = tmp_path / "data"
    weir = collect("--rcvbuf", "8MiB", folder=tmp_path / "first", data=data)
    with peers.Nginx(tmp_path, weir.port) as nginx:
        command = [weir_binary(), "gen", "--to", f"127.0.0.1:{nginx.port}", "--protocol", "ipfix", "--total", 2 * RECORDS,
                   "--rate", "30k", "--domain", DOMAINS[0], "--template-every", "1h", "--pause", f"{RECORDS}:4s"]
        with Process(command, tmp_path, "gen") as exporter:
            weir.wait_total("records", RECORDS, timeout=10)
            before = weir.total("records")
            weir.finish()
            again = collect("--rcvbuf", "8MiB", folder=tmp_path / "second", data=data, port=weir.port)
            assert exporter.popen.wait(timeout=20) == 0
        again.wait_total("records", 2 * RECORDS, timeout=5)
    [row] = rows_of_domains(again).values()
    assert before <= RECORDS + 100, "the collector was restarted in the pause"
    assert row["replayed"] <= 64 * 30, "only records received before the ports became one session"
    for column in NOTHING:
        assert row[column] == 0, (column, row)


@pytest.mark.parametrize("text, message", (
    ("192.0.2.0/33", "is no address and no network"),
    ("192.0.2.1/24", "has bits after its prefix"),
    ("of", "is no address and no network"),
))
def test_what_is_no_network_is_refused(text, message):
    answer = run_weir("collect", "--check", "--ignore-ports", text)
    assert answer.returncode == 2
    assert "--ignore-ports" in answer.stderr and message in answer.stderr


def test_the_file_has_a_list(tmp_path):
    configuration = pathlib.Path(tmp_path / "weir.toml")
    configuration.write_text('[templates]\nignore_ports = ["192.0.2.0/24", "2001:db8::1"]\n')
    answer = run_weir("collect", "--check", "--config", configuration)
    assert answer.returncode == 0, answer.stderr
    assert "192.0.2.0/24" in answer.stdout and "2001:db8::1" in answer.stdout

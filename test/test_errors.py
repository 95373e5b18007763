# SPDX-License-Identifier: Apache-2.0
"""Errors say what is wrong, where, and what to do. Exit codes: 2 for usage and a refused start, 1 at run time."""

import contextlib
import json
import os
import socket
import subprocess

import pytest

import harness
import packets
import pcap
from harness import Sender, eventually, run_weir

USAGE, RUNTIME = 2, 1


def collect_arguments(tmp_path, *flags):
    return [
        "collect",
        "--listen",
        f"netflow://127.0.0.1:{harness.free_port()}",
        "--data",
        tmp_path / "data",
        "--no-store",
        "--http",
        "off",
        *flags,
    ]


def refused(code, *arguments, says, **kwargs):
    """Checks that the command ends with this code, prints each text of `says` on stderr, and nothing on stdout."""
    answer = run_weir(*arguments, timeout=20, **kwargs)
    assert answer.returncode == code, f"exit code {answer.returncode}:\n{answer.stderr}"
    assert answer.stdout == ""
    for text in says:
        assert str(text) in answer.stderr, f"{text!r} is not in:\n{answer.stderr}"
    assert len(answer.stderr) < 4000, "the message is too long"
    return answer


@pytest.mark.parametrize(
    "flags, says",
    [
        (["--no-such-flag"], ["--no-such-flag"]),
        (["--workers", "many"], ["workers", "many"]),
        (["--workers", "-1"], ["workers"]),
        (["--listen", "netflow://127.0.0.1:99999"], ["99999"]),
        (["--listen", "carrier-pigeon://:2055"], ["carrier-pigeon"]),
        (["--listen", "netflow://nowhere.invalid:2055"], ["nowhere.invalid"]),
        (["--format", "xml"], ["xml"]),
        (["--format", "json", "--transport", "smoke"], ["smoke"]),
        (["--format", "json", "--transport.file", "-", "--fields", "bytes,no_such_field"], ["no_such_field"]),
        (["--template-fallback", "10 parsecs"], ["template-fallback", "10 parsecs"]),
        (["--rcvbuf", "lots"], ["rcvbuf", "lots"]),
        (["--http", "127.0.0.1:http"], ["127.0.0.1:http"]),
        (["--field", "bytes=9/1:string"], ["--field", "bytes", "another name"]),
        (["--field", "9lives=9/1:string"], ["--field", "9lives", "lower-case letters"]),
        (["--field", "x=9.1:string"], ["--field", "9.1", "PEN/ID"]),
        (["--field", "x=9/1:text"], ["--field", "text", "string"]),
        (["--field", "x=9/1"], ["--field", "NAME=PEN/ID:TYPE"]),
        (["--field", "x=9/1:string", "--field", "x=9/2:string"], ["--field", "twice"]),
        (["--field", "x=9/1:string:7"], ["--field", "2000"]),
        (["--format", "json", "--field", "x=9/1:string", "--fields", "y"], ["--fields", "y"]),
    ],
    ids=lambda v: " ".join(v) if v and str(v[0]).startswith("--") else None,
)
def test_bad_flags(tmp_path, flags, says):
    refused(USAGE, *collect_arguments(tmp_path, *flags), says=says)
    assert not (tmp_path / "data").exists(), "a refused command leaves nothing behind"


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        [],
        ["decode"],
        ["decode", "--format", "xml", "x.pcap"],
        ["gen", "--to", "nonsense"],
        ["exporters", "--format", "xml"],
        ["decode", "--field", "x=9/1:text", "x.pcap"],
    ],
    ids=lambda a: " ".join(a) or "nothing",
)
def test_bad_commands(arguments):
    refused(USAGE, *arguments, says=["weir"] if not arguments else [])


def test_an_unknown_field_gets_a_suggestion(tmp_path):
    refused(
        USAGE, *collect_arguments(tmp_path, "--format", "json", "--fields", "src_adr"), says=["src_adr", "src_addr"]
    )


@pytest.mark.parametrize(
    "lines, line, says",
    [
        (["[collect]", "workers = 2", "listen = ["], 3, []),  # not TOML
        (["[collect]", "# comment", "wrokers = 2"], 3, ["wrokers", "workers"]),  # unknown key, with a suggestion
        (["[collect]", "workers = 'many'"], 2, ["workers"]),  # wrong type
        (["[collect]", "", "", "format = 'xml'"], 4, ["format", "xml"]),  # wrong value
        (["[nonsense]", "a = 1"], 1, ["nonsense"]),  # unknown table
        (["[templates]", "fallback = 'soon'"], 2, ["soon"]),
        (["[[field]]", "name = 'x'", "element = '9/1'", "type = 'strings'"], 4, ["strings", "did you mean string"]),
        (["[[field]]", "name = 'x'", "element = '9/1'"], 1, ["has no type"]),
        (["[[field]]", "name = 'x'", "element = 'nine'", "type = 'string'"], 3, ["nine", "PEN/ID"]),
    ],
    ids=["toml", "unknown-key", "type", "value", "table", "duration", "field-type", "field-cut", "field-element"],
)
def test_malformed_configuration_names_file_and_line(tmp_path, lines, line, says):
    config = tmp_path / "weir.toml"
    config.write_text("\n".join(lines) + "\n")
    refused(USAGE, *collect_arguments(tmp_path, "--config", config), says=[f"{config}:{line}", *says])


def test_missing_configuration(tmp_path):
    refused(USAGE, *collect_arguments(tmp_path, "--config", tmp_path / "not.toml"), says=[tmp_path / "not.toml"])


def test_a_field_of_a_variable_is_named_with_it(tmp_path):
    refused(USAGE, *collect_arguments(tmp_path), env={"WEIR_FIELD": "x=9/1:text"}, says=["WEIR_FIELD", "text", "string"])


def test_an_unknown_variable_is_a_warning_and_an_error_of_check(collect, tmp_path):
    wrong = {"WEIR_COLLECT_WROKERS": "2"}
    says = ["WEIR_COLLECT_WROKERS", "did you mean WEIR_COLLECT_WORKERS"]
    refused(USAGE, *collect_arguments(tmp_path, "--check"), env=wrong, says=says)
    weir = collect(env=wrong)
    assert all(text in weir.stderr() for text in says)
    asked = run_weir("exporters", "--data", weir.data, env=wrong)
    assert asked.returncode == 0, asked.stderr
    asked = run_weir("store", "stats", "--format", "json", env={**wrong, "WEIR_COLLECT_DATA": str(weir.data)})
    assert "WEIR_COLLECT_WROKERS" in asked.stderr and "unknown environment" in asked.stderr


def test_services_of_kubernetes_are_no_configuration(collect):
    """The variables that a pod gets for Services named weir (2055/UDP, 8080/TCP) and weir-collect."""
    address = "10.96.0.7"
    env = {
        "WEIR_SERVICE_HOST": address,
        "WEIR_SERVICE_PORT": "2055",
        "WEIR_SERVICE_PORT_NETFLOW": "2055",
        "WEIR_PORT": f"udp://{address}:2055",
        "WEIR_PORT_2055_UDP": f"udp://{address}:2055",
        "WEIR_PORT_2055_UDP_PROTO": "udp",
        "WEIR_PORT_2055_UDP_PORT": "2055",
        "WEIR_PORT_2055_UDP_ADDR": address,
        "WEIR_PORT_8080_TCP_ADDR": address,
        "WEIR_COLLECT_PORT": f"udp://{address}:2055",
        "WEIR_COLLECT_SERVICE_HOST": address,
    }
    weir = collect(env=env)
    assert "WEIR_" not in weir.stderr()
    answer = run_weir("store", "stats", env={**env, "WEIR_COLLECT_DATA": str(weir.data)})
    assert "WEIR_" not in answer.stderr


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["query", "--data=", "FROM flows"], ["none does not exist"]),
        (["exporters", "--format=", "table"], ["--format"]),
        (["store", "stats", "--format=", "json"], ["--format"]),
        (["top", "--by=", "flows"], ["--by"]),
        (["decode", "--format=", "json", "x.pcap"], ["--format"]),
        (["decode", "--quiet=", "x.pcap"], ["--quiet takes no value"]),
        (["gen", "--to=", "127.0.0.1:1"], ["not expected: 127.0.0.1:1"]),
        (["replay", "x.pcap", "--to=", "127.0.0.1:1"], ["127.0.0.1:1"]),
    ],
    ids=lambda v: " ".join(v),
)
def test_an_empty_value_does_not_take_the_next_word(tmp_path, arguments, says):
    answer = run_weir(*arguments, env={"WEIR_COLLECT_DATA": str(tmp_path / "none")}, timeout=20)
    assert answer.returncode == USAGE, answer.stderr
    for text in says:
        assert text in answer.stderr


def test_an_empty_file_name_before_check(tmp_path):
    answer = run_weir(*collect_arguments(tmp_path, "--format=json", "--transport.file=", "--check"), timeout=20)
    assert answer.returncode == USAGE and "empty path" in answer.stderr
    assert not (tmp_path / "--check").exists()


def test_check_starts_nothing(tmp_path):
    answer = run_weir(*collect_arguments(tmp_path, "--check"), timeout=20)
    assert answer.returncode == 0, answer.stderr
    assert not (tmp_path / "data" / "catalog.db").exists()


def test_precedence_of_flag_environment_and_file(tmp_path):
    """flag > environment > file: each level has a valid value, or a wrong one that the error message names."""
    config = tmp_path / "weir.toml"
    config.write_text("[collect]\nformat = 'from-file'\n")
    base = collect_arguments(tmp_path, "--config", config, "--check")
    refused(USAGE, *base, says=["from-file"])
    refused(USAGE, *base, env={"WEIR_COLLECT_FORMAT": "from-environment"}, says=["from-environment"])
    refused(USAGE, *base, "--format", "from-flag", env={"WEIR_COLLECT_FORMAT": "from-environment"}, says=["from-flag"])
    answer = run_weir(*base, "--format", "json", env={"WEIR_COLLECT_FORMAT": "from-environment"}, timeout=20)
    assert answer.returncode == 0, answer.stderr


def test_taken_port(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", harness.free_port()))
        port = other.getsockname()[1]
        refused(
            USAGE,
            "collect",
            "--listen",
            f"netflow://127.0.0.1:{port}",
            "--data",
            tmp_path / "data",
            "--no-store",
            "--http",
            "off",
            says=[port, "another program"],
        )


def test_taken_http_port(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused(USAGE, *collect_arguments(tmp_path)[:-2], "--http", f"127.0.0.1:{port}", says=[port, "another program"])


def test_data_directory_is_a_file(tmp_path):
    (tmp_path / "data").write_text("precious\n")
    refused(USAGE, *collect_arguments(tmp_path), says=[tmp_path / "data"])
    assert (tmp_path / "data").read_text() == "precious\n"


def test_a_second_collector_on_one_data_directory(collect, tmp_path):
    weir = collect()
    refused(
        USAGE,
        "collect",
        "--listen",
        f"netflow://127.0.0.1:{harness.free_port()}",
        "--data",
        weir.data,
        "--no-store",
        "--http",
        "off",
        says=[weir.data],
    )
    assert weir.ready()


def test_check_beside_a_running_collector(collect, tmp_path):
    """With the configuration of the running collector, the check prints notes and reports no error."""
    weir = collect()
    answer = run_weir(*weir.arguments[1:], "--check", timeout=20)
    assert answer.returncode == 0, answer.stderr
    assert f"the data directory {weir.data} is locked: a collector (process {weir.pid})" in answer.stderr
    assert f"netflow://127.0.0.1:{weir.port} is in use" in answer.stderr
    assert f"127.0.0.1:{weir.http_port} (HTTP) is in use" in answer.stderr
    assert "[collect]" in answer.stdout
    weir.stop()
    answer = run_weir(*weir.arguments[1:], "--check", timeout=20)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_unwritable_data_directory(tmp_path):
    """Runs as an ordinary user, because root may write everywhere."""
    if os.getuid() != 0:
        harness.skip_or_fail("needs root to become another user")
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:-2]:
        parent.chmod(parent.stat().st_mode | 0o055)
    (tmp_path / "data").mkdir(mode=0o755)
    binary = tmp_path / "weir"
    binary.write_bytes(open(harness.weir_binary(), "rb").read())
    binary.chmod(0o755)
    answer = subprocess.run(
        [str(a) for a in [binary, *collect_arguments(tmp_path)]],
        user="nobody",
        group="nogroup",
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=20,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert answer.returncode == USAGE, answer.stderr
    assert str(tmp_path / "data") in answer.stderr and "ermission denied" in answer.stderr


def test_unwritable_output(tmp_path):
    refused(
        USAGE,
        *collect_arguments(tmp_path, "--format", "json", "--transport.file", tmp_path / "no" / "such" / "dir.json"),
        says=[tmp_path / "no" / "such" / "dir.json"],
    )


@contextlib.contextmanager
def small_disk(folder, size):
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True).returncode:
        harness.skip_or_fail("cannot mount a tmpfs (needs root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_disk_full_under_the_output(collect, tmp_path):
    """Records that no longer fit are counted, the records in the file stay intact, and collecting continues."""
    with small_disk(tmp_path / "small", "256k") as disk:
        weir = collect(output=disk / "flows.json")
        with Sender() as sender:
            for n in range(100):
                sender.send(weir.address, packets.v5(*(packets.flow(n * 20 + i) for i in range(20)), sequence=n * 20))
            eventually(lambda: weir.total("records") == 2000, lambda: weir.ledger())
            eventually(lambda: "No space left" in weir.stderr(), lambda: f"stderr:\n{weir.stderr()}")
        assert str(weir.output) in weir.stderr()
        eventually(lambda: weir.total("stored") + weir.total("sink_dropped") == 2000, lambda: weir.ledger())
        assert weir.total("sink_dropped") > 0
        assert harness.http(weir.url("/-/healthy"))[0] == 200
        weir.stop()
        whole = weir.output.read_text()
        rows = harness.parse_lines(whole)  # raises an exception on an incomplete line
        assert whole.endswith("\n")
        assert sorted(r["src_port"] for r in rows) == [1024 + n for n in range(len(rows))], (
            "the first records must be kept, completely"
        )
        answer = run_weir("exporters", "--data", weir.data, "--format", "json")
        [account] = [r for r in json.loads(answer.stdout) if r.get("exporter")]
        assert account["stored"] == len(rows)


def test_an_existing_output_file_is_appended_to(collect, tmp_path):
    output = tmp_path / "flows.json"
    output.write_text('{"earlier":1}\n')
    weir = collect(output=output)
    with Sender() as sender:
        sender.send(weir.address, packets.v5(packets.flow(1)))
        weir.wait_flows(2)
    rows = weir.finish()
    assert rows[0] == {"earlier": 1} and len(rows) == 2


def test_decode_of_something_else(tmp_path):
    file = tmp_path / "x.txt"
    file.write_text("not a capture at all")
    answer = run_weir("decode", file, "--format", "json")
    assert answer.returncode == 2 and answer.stdout == ""
    assert str(file) in answer.stderr and "neither a capture" in answer.stderr


@pytest.mark.parametrize("content", [b"", b"\xd4\xc3\xb2\xa1\x02\x00"], ids=["empty", "cut"])
def test_decode_of_no_capture(tmp_path, content):
    file = tmp_path / "x.pcap"
    file.write_bytes(content)
    answer = run_weir("decode", file, "--format", "json")
    assert answer.returncode in (RUNTIME, USAGE) and str(file) in answer.stderr
    assert answer.stdout == "" and file.read_bytes() == content


def test_decode_of_a_missing_file(tmp_path):
    answer = run_weir("decode", tmp_path / "no.pcap", "--format", "json")
    assert answer.returncode in (RUNTIME, USAGE) and str(tmp_path / "no.pcap") in answer.stderr


def test_closed_pipe_is_quiet(tmp_path):
    file = tmp_path / "x.pcap"
    flows = [packets.v5(*(packets.flow(i) for i in range(30)), sequence=n * 30) for n in range(400)]
    pcap.write_udp(file, [("192.0.2.1", 9, "192.0.2.2", 2055, d) for d in flows])
    answer = subprocess.run(
        f"{harness.weir_binary()} decode {file} --format json | head -1",
        shell=True,
        text=True,
        capture_output=True,
        timeout=20,
    )
    assert answer.stdout.count("\n") == 1
    assert "roken pipe" not in answer.stderr and "terminate" not in answer.stderr

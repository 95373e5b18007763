# SPDX-License-Identifier: Apache-2.0
"""A secret appears in no output of any command, in no log, metric, file of the data directory or answer."""

import json
import signal

import packets
from harness import Collector, Sender, eventually, http, run_weir

SECRET = "eeb4Aengoo-do-not-show"


def config_of(folder):
    (folder / "token").write_text(SECRET + "\n")
    (folder / "key.pem").write_text(SECRET + "\n")
    (folder / "weir.toml").write_text(f'[[token]]\nname = "grafana"\nsecret_file = "{folder}/token"\n')
    return folder / "weir.toml"


def everything(answer):
    return answer.stdout + answer.stderr


def test_no_command_shows_it(tmp_path):
    config = config_of(tmp_path)
    said = [
        run_weir("config", "check", config),
        run_weir("config", "show", "--config", config),
        run_weir("config", "show", "--config", config, "--format", "json"),
        run_weir("collect", "--config", config, "--check", "--data", tmp_path / "checked"),
        run_weir("collect", "--config", config, "--http-certificate", tmp_path / "key.pem", "--http-key", tmp_path / "key.pem",
                 "--data", tmp_path / "data", timeout=20),  # neither is one
        run_weir("collect", "--config", config, "--token", f"grafana={tmp_path / 'token'},grafana={tmp_path / 'token'}"),
        run_weir("config", "show", "--config", config, env={"WEIR_TOKEN": f"grafana={tmp_path / 'nowhere'}"}),
        run_weir("exporters", "--server", "http://127.0.0.1:9", "--token-file", tmp_path / "token"),
    ]
    assert [answer.returncode for answer in said] == [0, 0, 0, 0, 2, 2, 2, 1]
    for answer in said:
        assert SECRET not in everything(answer), answer.args


def test_a_secret_in_the_file_itself_is_refused_and_not_shown(tmp_path):
    """If the secret itself is written instead of a file name, the error shows neither the value nor the line."""
    config = tmp_path / "weir.toml"
    config.write_text(f'[[token]]\nname = "grafana"\nsecret = "{SECRET}"\n')
    answer = run_weir("config", "check", config)
    assert answer.returncode == 2 and "secret_file" in answer.stderr and ":3:1: " in answer.stderr
    assert SECRET not in everything(answer)


def test_no_log_metric_or_file_has_it(tmp_path):
    config = config_of(tmp_path)
    with Collector(tmp_path, "--config", config, "--log-level", "debug") as weir, Sender() as sender:
        sender.send(weir.address, packets.v5(packets.flow(1)))
        weir.wait_flows(1)
        token = {"Authorization": f"Bearer {SECRET}"}
        answers = [http(weir.url(path), headers) for headers in (token, {"Authorization": "Bearer wrong"}, {})
                   for path in ("/", "/metrics", "/-/status", "/-/ready", "/api/v1/exporters", "/nothing")]
        assert [status for status, _, _ in answers] == [200, 200, 200, 200, 200, 404] + 2 * [401, 401, 401, 200, 401, 401]
        asked = run_weir("exporters", "--server", weir.url(""), "--token-file", tmp_path / "token", "--format", "json")
        assert asked.returncode == 0 and json.loads(asked.stdout), asked.stderr
        assert run_weir("exporters", "--server", weir.url(""), env={"WEIR_TOKEN_FILE": str(tmp_path / "token")}).returncode == 0
        refused = run_weir("exporters", "--server", weir.url(""))
        assert refused.returncode == 1 and "token" in refused.stderr
        weir.popen.send_signal(signal.SIGHUP)
        eventually(lambda: "read again" in weir.stderr(), "the configuration was not read again")
        assert weir.stop() == 0
        shown = [str(answer) for answer in answers] + [everything(asked), everything(refused), weir.stderr()]
    assert not [text for text in shown if SECRET in text]
    for file in weir.data.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file

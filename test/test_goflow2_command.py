# SPDX-License-Identifier: Apache-2.0
"""Runs command lines of GoFlow2 with `weir goflow2` and compares the result with GoFlow2."""

import json
import os
import signal
import subprocess

import packets
import pytest
import test_goflow2
from harness import Sender, eventually, free_port, http, parse_lines, program, run_weir, skip_or_fail, udp_queue, weir_binary

COMPOSE = ["-format=json", "-transport=file", "-transport.file="]  # with -listen: the usual flags in compose files


class Running:
    """A program whose standard output and error are written to files."""

    def __init__(self, folder, name, *command, **more):
        self.out, self.err = folder / f"{name}.out", folder / f"{name}.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=err, stdin=subprocess.DEVNULL, **more)

    def lines(self):
        return self.out.read_text().splitlines()

    def flows(self):
        """The printed objects. GoFlow2's workers write objects and line ends separately: a line may have two."""
        text, flows = self.out.read_text().strip(), []
        while text:
            flow, end = json.JSONDecoder().raw_decode(text)
            flows.append(flow)
            text = text[end:].lstrip()
        return flows

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


def bound(port):
    return udp_queue(port) is not None


def datagrams():
    return [packets.v5(packets.flow(i), packets.flow(i + 1), sequence=2 * i) for i in range(50)]


def test_the_line_of_a_compose_file_runs_unchanged(tmp_path):
    goflow2 = program("goflow2") or skip_or_fail("no GoFlow2 to compare with")
    ports = {"goflow2": free_port(), "weir": free_port()}
    commands = {"goflow2": [goflow2, "-addr", ""], "weir": [weir_binary(), "goflow2"]}
    running = {
        name: Running(tmp_path, name, *commands[name], f"-listen=netflow://127.0.0.1:{port}", *COMPOSE, cwd="/")
        for name, port in ports.items()
    }
    with running["goflow2"] as reference, running["weir"] as weir, Sender() as sender:
        for port in ports.values():
            eventually(lambda port=port: bound(port), "it does not listen")
            for datagram in datagrams():
                sender.send(("127.0.0.1", port), datagram)
        for one in (reference, weir):
            eventually(lambda one=one: one.out.read_text().count("}\n") + one.out.read_text().count("}{") >= 100,
                       lambda one=one: one.err.read_text())
    assert weir.process.returncode == 0
    objects = [sorted(one.flows(), key=lambda flow: (flow["sequence_num"], flow["src_addr"])) for one in (reference, weir)]
    assert list(objects[1][0]) == list(objects[0][0]), "the keys and their order must be the same"
    test_goflow2.compare(*objects)
    assert sum("NETFLOW_V5" in line for line in weir.lines()) == 100
    assert "starting" in weir.err.read_text()


def test_nothing_is_written_beside_the_output(tmp_path):
    port, folder = free_port(), tmp_path / "home"
    folder.mkdir()
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    with Running(tmp_path, "weir", weir_binary(), "goflow2", "-listen", f"netflow://127.0.0.1:{port}", "-addr=", cwd=folder, env=environment) as weir, Sender() as sender:
        eventually(lambda: bound(port), "it does not listen")
        sender.send(("127.0.0.1", port), datagrams()[0])
        eventually(lambda: len(weir.lines()) == 2, lambda: weir.err.read_text())
    assert list(folder.iterdir()) == []


def test_a_link_named_goflow2_is_goflow2(tmp_path):
    link, port, http_port = tmp_path / "goflow2", free_port(), free_port()
    link.symlink_to(weir_binary())
    out = tmp_path / "flows.json"
    with Running(tmp_path, "link", link, "--listen", f"netflow://127.0.0.1:{port}?count=2&workers=4", "-addr", f"127.0.0.1:{http_port}",
                 "-transport.file", out, "-loglevel", "debug", "-logfmt=json") as weir, Sender() as sender:
        eventually(lambda: bound(port), "it does not listen")
        sender.send(("127.0.0.1", port), datagrams()[0])
        eventually(lambda: out.exists() and len(out.read_text().splitlines()) == 2, lambda: weir.err.read_text())
        assert http(f"http://127.0.0.1:{http_port}/metrics")[0] == 200
    lines = parse_lines(weir.err.read_text())
    assert any("workers is of no effect" in line["msg"] for line in lines), lines


@pytest.mark.parametrize("flags, said", [
    (["-lisen=x"], "did you mean -listen?"),
    (["-transport=kafka"], "does not write to Kafka"),
    (["-transport.kafka.brokers=a:9092"], "-transport.kafka.brokers: this version does not write to Kafka"),
    (["-format=text"], "is not one of json, bin"),
    (["-format=bin"], "add -transport.file.sep="),
    (["-transport.file.sep="], "leave the flag out"),
    (["-mapping=m.yaml"], "[[field]]"),
    (["-produce=raw"], "decoded records only"),
    (["-loglevel=loud"], "debug, info, warn"),
    (["-listen=netflow://:2055?cont=4"], "did you mean count?"),
    (["-listen=netflow://:2055?count=many"], "count is a number from 1"),
    (["-listen=nflow://:2055"], 'unknown scheme "nflow"'),
    (["-format"], "-format needs a value"),
    (["collect"], "takes flags only"),
    (["-no-such-flag"], "GoFlow2 2.2.6 has no such flag"),
])
def test_what_it_does_not_do_is_named(flags, said):
    answer = run_weir("goflow2", *flags)
    assert answer.returncode == 2
    assert said in answer.stderr, answer.stderr


def test_messages_that_goflow2s_users_look_for(tmp_path):
    """grep -E "(starting|error|warning)" on standard error finds the important messages."""
    taken = free_port()
    with Running(tmp_path, "first", weir_binary(), "goflow2", "-listen", f"netflow://127.0.0.1:{taken}", "-addr="):
        eventually(lambda: bound(taken), "it does not listen")
        with Running(tmp_path, "second", weir_binary(), "goflow2", "-listen", f"netflow://127.0.0.1:{free_port()}?queue_size=5", "-addr=") as second:
            eventually(lambda: "listening" in second.err.read_text(), second.err.read_text)
    said = second.err.read_text()
    assert "starting" in said and "warning" in said, said


def test_the_protobuf_form_is_goflow2s(tmp_path):
    goflow2 = program("goflow2") or skip_or_fail("no GoFlow2 to compare with")
    ports = {"goflow2": free_port(), "weir": free_port()}
    flags = ["-format=bin", "-transport.file.sep=", "-addr="]
    with (
        Running(tmp_path, "goflow2", goflow2, "-listen", f"netflow://127.0.0.1:{ports['goflow2']}", *flags) as reference,
        Running(tmp_path, "weir", weir_binary(), "goflow2", "-listen", f"netflow://127.0.0.1:{ports['weir']}", *flags) as weir,
        Sender() as sender,
    ):
        for port in ports.values():
            eventually(lambda port=port: bound(port), "it does not listen")
            sender.send(("127.0.0.1", port), datagrams()[0])
        for one in (reference, weir):
            eventually(lambda one=one: one.out.stat().st_size > 100, lambda one=one: one.err.read_text())
    sizes = [one.out.stat().st_size for one in (reference, weir)]
    assert abs(sizes[0] - sizes[1]) < 40, sizes  # they differ in the receive time and in keys that are 0

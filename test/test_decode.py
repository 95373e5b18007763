# SPDX-License-Identifier: Apache-2.0
"""The output of `weir decode` for people: table, templates, elements, errors and their place; and IPFIX files."""

import fcntl
import os
import struct
import subprocess
import termios

import captures
import harness
import packets
import pcap
import pytest
from harness import run_weir

EXPORTER = ("192.0.2.1", 4739, "192.0.2.9", 4739)


def lines_of(answer):
    assert answer.returncode == 0, answer.stderr
    return harness.parse_lines(answer.stdout)


def capture(folder, *datagrams, source=EXPORTER):
    file = folder / "x.pcap"
    pcap.write_udp(file, [(*source, data) for data in datagrams])
    return file


def ipfix_data(n, sequence=0):
    return packets.ipfix(packets.set_of(256, packets.record(packets.FLOW_MS, packets.flow(n))), sequence=sequence)


TEMPLATE = packets.template_set10(256, packets.FLOW_MS)


# ---- the table


def test_table_has_a_line_for_each_flow(tmp_path):
    file = capture(tmp_path, packets.ipfix(TEMPLATE), *(ipfix_data(n, n) for n in range(3)))
    answer = run_weir("decode", file, "--format", "table")
    assert answer.returncode == 0
    head, *rows = answer.stdout.splitlines()
    assert head.split() == "start duration proto source destination flags packets bytes in out exporter".split()
    assert [row.split() for row in rows] == [
        ["2026-01-02", "03:04:03.000", "1.000", "TCP", f"10.0.0.{n}:{1024 + n}", "192.0.2.1:443", "-", str(1 + n),
         str(1000 + n), "0", "0", "192.0.2.1"]
        for n in range(3)
    ]
    assert len({row.index("192.0.2.1:443") for row in rows}) == 1, "columns must be aligned"


def test_table_of_chosen_fields(tmp_path):
    file = capture(tmp_path, packets.ipfix(TEMPLATE), ipfix_data(5))
    answer = run_weir("decode", file, "--format", "table", "--fields", "bytes,src_addr,proto")
    assert [line.split() for line in answer.stdout.splitlines()] == [
        ["bytes", "src_addr", "proto"], ["1005", "10.0.0.5", "TCP"]]


def on_terminal(columns, *command):
    """The output of the command on a terminal of this width."""
    master, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    with subprocess.Popen([str(word) for word in command], stdout=terminal, stderr=terminal) as running:
        os.close(terminal)
        shown = b""
        try:
            while more := os.read(master, 65536):
                shown += more
        except OSError:  # the other end is closed
            pass
        assert running.wait(20) == 0
    os.close(master)
    return shown.decode()


def test_table_fits_a_terminal(tmp_path):
    """Columns at the right are omitted if the terminal is too narrow, and a message names them."""
    file = capture(tmp_path, packets.ipfix(TEMPLATE), *(ipfix_data(n, n) for n in range(30)))
    screen = on_terminal(90, harness.weir_binary(), "decode", file, "--format", "table")
    lines = [line for line in screen.splitlines() if "10.0.0." in line or line.startswith("start")]
    assert len(lines) == 31 and all(len(line.rstrip()) <= 90 for line in lines), screen
    assert "exporter" in screen.split("columns left out:")[1]


# ---- what is wrong


def malformed_lines(answer):
    return [line for line in answer.stderr.splitlines() if line.startswith("weir: ")]


def test_malformed_input_is_told_with_its_place(tmp_path):
    """A set of length 2 at octet 16 of the third packet: RFC 7011 §3.3.2 requires at least the length of its header."""
    good = packets.ipfix(TEMPLATE)
    file = capture(tmp_path, good, good, packets.ipfix(packets.set_of(256, b"", length=2)))
    answer = run_weir("decode", file)
    assert answer.returncode == 0
    [line] = malformed_lines(answer)
    assert line.startswith(f"weir: {file}: packet 3, offset 16: short_set: ")
    assert "RFC 7011 §3.3.2" in line and "192.0.2.1:4739" in line
    assert "malformed_short_set=1" in answer.stderr


BROKEN = [
    # (reason, datagram, offset at which the rule is broken, section)
    ("short_header", struct.pack("!HH", 10, 4), 0, "RFC 7011 §3.1"),
    ("length_mismatch", packets.ipfix(TEMPLATE)[:2] + b"\x00\xff" + packets.ipfix(TEMPLATE)[4:], 2, "RFC 7011 §3.1"),
    ("reserved_set", packets.ipfix(packets.set_of(7, b"1234")), 16, "RFC 7011 §3.3.2"),
    ("trailing_bytes", packets.ipfix(packets.set_of(2, b"") + b"\0\0\0"), 20, "RFC 7011 §3.3.2"),
    ("template_id", packets.ipfix(packets.set_of(2, struct.pack("!HHHH", 255, 1, 8, 4))), 20, "RFC 7011 §3.4.1"),
    ("short_template", packets.ipfix(packets.set_of(2, struct.pack("!HHHH", 256, 9, 8, 4))), 20, "RFC 7011 §3.4.1"),
    ("zero_length_template", packets.ipfix(packets.set_of(2, struct.pack("!HHHH", 256, 1, 8, 0))), 20,
     "RFC 7011 §3.4.1"),
    ("scope", packets.ipfix(packets.set_of(3, struct.pack("!HHHHH", 256, 1, 2, 8, 4))), 20, "RFC 7011 §3.4.2.2"),
    ("count_mismatch", packets.v5(packets.flow(1))[:2] + b"\x00\x02" + packets.v5(packets.flow(1))[4:], 2, "Cisco"),
]


@pytest.mark.parametrize("reason, datagram, offset, section", BROKEN, ids=[case[0] for case in BROKEN])
def test_each_rule_names_its_section(tmp_path, reason, datagram, offset, section):
    answer = run_weir("decode", capture(tmp_path, datagram), "--port", "4739")
    assert answer.returncode == 0
    [line] = malformed_lines(answer)
    assert f": packet 1, offset {offset}: {reason}: " in line and section in line
    assert f"malformed_{reason}=1" in answer.stderr


def test_a_record_cut_short_is_told_where_it_begins(tmp_path):
    """A variable-length value of 200 octets in a set that has 3 more: RFC 7011 §3.4.3."""
    template = packets.set_of(2, struct.pack("!HHHHHH", 256, 2, 7, 2, 82, 65535))
    data = packets.set_of(256, b"\0\x50\x01a" + b"\0\x51\xc8abc\0\0")
    answer = run_weir("decode", capture(tmp_path, packets.ipfix(template + data)))
    [line] = malformed_lines(answer)
    assert f"packet 1, offset {16 + len(template) + 4 + 4}: short_record" in line and "RFC 7011 §3.4.3" in line


def test_many_of_one_kind_are_counted(tmp_path):
    file = capture(tmp_path, *[packets.ipfix(packets.set_of(7, b"1234"), sequence=n) for n in range(1234)])
    answer = run_weir("decode", file)
    lines = malformed_lines(answer)
    assert len(lines) == 11 and lines[-1] == "weir: reserved_set: and 1,224 more"
    lines = malformed_lines(run_weir("decode", file, "--errors", "2"))
    assert len(lines) == 3 and lines[-1] == "weir: reserved_set: and 1,232 more"


def test_quiet(tmp_path):
    answer = run_weir("decode", capture(tmp_path, packets.ipfix(packets.set_of(7, b"1234")), ipfix_data(1)), "--quiet")
    assert answer.returncode == 0 and answer.stderr == "" and answer.stdout == ""


def test_a_template_that_never_comes_is_named(tmp_path):
    answer = run_weir("decode", capture(tmp_path, *(ipfix_data(n, n) for n in range(3))))
    [line] = malformed_lines(answer)
    octets = 3 * len(packets.record(packets.FLOW_MS, packets.flow(1)))
    padded = 3 * (-len(packets.record(packets.FLOW_MS, packets.flow(1))) % 4)
    assert "packet 1, offset 16: template 256 of 192.0.2.1:4739, domain " in line and "3 data sets" in line
    assert f"{octets + padded} octets" in line and "sets_without_template=3" in answer.stderr


def test_every_malformed_datagram_of_the_captures_is_told():
    """Messages are printed for exactly the malformed datagrams that the totals count."""
    told = 0
    for unit in captures.flow_units()[0]:
        answer = run_weir("decode", captures.path(unit.file), "--format", "none", "--errors", "1000000")
        lines = malformed_lines(answer)
        for name, count in [line.split("=") for line in answer.stderr.splitlines() if line.startswith("malformed_")]:
            reason = name.removeprefix("malformed_")
            assert sum(f": {reason}: " in line for line in lines) == int(count), (unit.file, reason)
            told += int(count)
    assert told > 60


# ---- templates and elements


def test_templates_are_told_when_new_and_when_changed(tmp_path):
    other = packets.template_set10(256, packets.FLOW_MS[:-1])
    file = capture(tmp_path, packets.ipfix(TEMPLATE), packets.ipfix(TEMPLATE), packets.ipfix(other))
    rows = lines_of(run_weir("decode", file, "--templates", "--format", "json"))
    assert [(row["packet"], row["offset"], row["template"], row["news"]) for row in rows] == [
        (1, 20, 256, "first"), (3, 20, 256, "changed")]
    assert [(f["id"], f["length"]) for f in rows[0]["fields"]] == packets.FLOW_MS
    assert [f["offset"] for f in rows[0]["fields"]] == [0, 4, 8, 10, 12, 13, 21, 29, 37]
    assert rows[0]["record_length"] == 45 and rows[0]["exporter"] == "192.0.2.1" and rows[0]["port"] == 4739
    text = run_weir("decode", file, "--templates").stdout
    assert text.count("template 256") == 2 and "sourceIPv4Address" in text


def test_late_templates_show_their_data_too(tmp_path):
    file = capture(tmp_path, ipfix_data(1), packets.ipfix(TEMPLATE, sequence=1))
    [row] = lines_of(run_weir("decode", file, "--elements", "--format", "json"))
    assert row["packet"] == 1 and row["elements"]["octetDeltaCount"] == 1001
    [row] = lines_of(run_weir("decode", file, "--sets", "--format", "json"))
    assert row["packet"] == 1 and row["set"] == 256 and row["records"] == 1 and row["replayed"] is True


def test_elements_for_reading(tmp_path):
    """Units, protocol names, and text in unknown elements (enterprise 4711) are shown."""
    template = packets.set_of(2, struct.pack("!HHHHHHHHI", 256, 3, 4, 1, 1, 8, 0x8001, 65535, 4711))
    data = packets.set_of(256, b"\x11" + struct.pack("!Q", 77) + b"\x05hello")
    answer = run_weir("decode", capture(tmp_path, packets.ipfix(template, data)), "--elements")
    assert answer.returncode == 0
    head, *rows = answer.stdout.splitlines()
    assert head.startswith(f"packet 1, offset {16 + len(template) + 4}: ipfix data of template 256 from 192.0.2.1:4739, ")
    assert [row.split(maxsplit=1) for row in rows] == [
        ["protocolIdentifier", "17 (UDP)"], ["octetDeltaCount", "77 octets"], ["4711/1", '68656c6c6f "hello"']]


def test_flags_that_do_not_go_together(tmp_path):
    file = capture(tmp_path, ipfix_data(1))
    for words in (
        ["--elements", "--format", "csv"],
        ["--templates", "--fields", "bytes"],
        ["--sets", "--format", "none"],
    ):
        answer = run_weir("decode", file, *words)
        assert answer.returncode == 2 and answer.stdout == "" and words[0] in answer.stderr


# ---- IPFIX files (RFC 5655)


def ipfix_captures():
    return [unit for unit in captures.flow_units()[0] if captures.versions(unit.file) == {10}]


def without_capture(row):
    return {k: v for k, v in row.items() if k not in ("sampler_address", "time_received_ns")}


def test_messages_of_a_capture_as_a_file(tmp_path):
    """The concatenated messages of one session form an IPFIX file with the same records."""
    compared = 0
    for unit in ipfix_captures():
        payloads = pcap.udp_payloads(captures.path(unit.file))
        one_session = len({(p.source, p.source_port) for p in payloads}) == 1
        whole = all(len(p.data) >= 16 and struct.unpack("!HH", p.data[:4]) == (10, len(p.data)) for p in payloads)
        if not one_session or not whole or len(payloads) < 2:
            continue
        compared += 1
        file = tmp_path / "x.ipfix"
        file.write_bytes(b"".join(p.data for p in payloads))
        got = lines_of(run_weir("decode", file))
        expected = lines_of(run_weir("decode", captures.path(unit.file)))
        assert [*map(without_capture, got)] == [*map(without_capture, expected)], unit.file
    assert compared >= 10


def test_templates_end_with_their_file(tmp_path):
    first, second = tmp_path / "a.ipfix", tmp_path / "b.ipfix"
    first.write_bytes(packets.ipfix(TEMPLATE) + ipfix_data(1))
    second.write_bytes(ipfix_data(2) + ipfix_data(3, 1))
    answer = run_weir("decode", first, second)
    assert [row["bytes"] for row in lines_of(answer)] == [1001]
    assert f"weir: {second}: message 1, offset 16: template 256 of domain " in answer.stderr
    second.write_bytes(packets.ipfix(TEMPLATE) + ipfix_data(2) + ipfix_data(3, 1))
    assert [row["bytes"] for row in lines_of(run_weir("decode", first, second))] == [1001, 1002, 1003]


def test_saved_datagrams_are_one_session(tmp_path):
    """A file with a single message is a saved datagram: its template is used for the next file."""
    first, second = tmp_path / "template.dat", tmp_path / "data.dat"
    first.write_bytes(packets.ipfix(TEMPLATE))
    second.write_bytes(ipfix_data(7))
    assert [row["bytes"] for row in lines_of(run_weir("decode", first, second))] == [1007]


@pytest.mark.parametrize("tail, says", [
    (ipfix_data(9)[:-1], "the file ends within an IPFIX message"),
    (b"\0\x0a\0", "the file ends within an IPFIX message"),
    (bytes(40), "no IPFIX message begins here"),
], ids=["cut", "header", "zeros"])
def test_a_damaged_tail_is_told(tmp_path, tail, says):
    whole = packets.ipfix(TEMPLATE) + ipfix_data(1)
    file = tmp_path / "x.ipfix"
    file.write_bytes(whole + tail)
    answer = run_weir("decode", file)
    assert answer.returncode == 1
    assert [row["bytes"] for row in harness.parse_lines(answer.stdout)] == [1001]
    assert f"weir: {file}: at byte {len(whole)}: {says}" in answer.stderr


def test_files_of_ipfixcol():
    """For files of a real collector, the record counts equal those of tshark and others (TOTALS.tsv)."""
    counted = {"01-odid0": 4251, "01-odid4": 4243, "03-odid0-a": 151, "03-odid0-b": 111}
    for name, records in counted.items():
        answer = run_weir("decode", captures.path(f"ipfixcol/ipfix_data/{name}.ipfix"), "--format", "none")
        assert answer.returncode == 0 and f"records={records} " in answer.stderr, name

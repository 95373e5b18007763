# SPDX-License-Identifier: Apache-2.0
"""User-defined fields: vendor elements in every output, with tshark's values; stores whose fields change."""

import csv
import json
import shutil
import struct
import subprocess

import pytest

import harness
import packets
import pcap
import stores
from harness import Sender, eventually, parse_lines, run_weir

CISCO, IXIA = "captures/elastic-beats/pcap/ipfix_cisco.pcap", "captures/graylog2-server/ixflow.pcap"

# Name, element, type, tshark's name. Cisco's templates have fixed lengths, Ixia's strings have variable lengths.
CISCO_FIELDS = [
    ("client", "9/12236", "ipaddress", "cflow.pie.cisco.connection_client_ipv4_address"),
    ("server_port", "9/12241", "unsigned", "cflow.pie.cisco.connection_server_transport_port"),
    ("waas_segment", "9/9252", "unsigned", "cflow.pie.cisco.services_waas_segment"),
    ("input", "10", "signed", "cflow.inputint"),
]
IXIA_FIELDS = [
    ("app", "3054/111", "string", "cflow.pie.ixia.l7-application-name"),
    ("country", "3054/121", "string", "cflow.pie.ixia.source-ip-country-name"),
    ("latitude", "3054/126", "float", "cflow.pie.ixia.source-ip-latitude"),
    ("key_length", "3054/180", "unsigned", "cflow.pie.ixia.encryption-keylen"),
]


def tshark_values(capture, fields):
    """The named values of every data record, in order, as tshark prints them."""
    names = [argument for field in fields for argument in ("-e", field[3])]
    done = subprocess.run(
        [harness.program("tshark"), "-r", capture, "-T", "fields", "-E", "separator=;", "-E", "aggregator=,", *names],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    rows = []
    for line in done.stdout.splitlines():
        columns = [column.split(",") if column else [] for column in line.split(";")]
        rows += zip(*columns)
    return [dict(zip((field[0] for field in fields), row)) for row in rows]


def same(value, shown):
    """Whether a JSON value equals the one that tshark shows; tshark shows six digits of a float."""
    if isinstance(value, float):
        return f"{value:.6g}" == f"{float(shown):.6g}"
    return str(value) == shown


def flags(fields):
    return [word for name, element, kind, *_ in fields for word in ("--field", f"{name}={element}:{kind}")]


def write_configuration(path, fields):
    path.write_text(
        "\n".join(f'[[field]]\nname = "{f[0]}"\nelement = "{f[1]}"\ntype = "{f[2]}"\n' for f in fields)
    )
    return path


@pytest.mark.parametrize("capture, fields", [(CISCO, CISCO_FIELDS), (IXIA, IXIA_FIELDS)], ids=["cisco", "ixia"])
def test_vendor_elements_are_what_tshark_reads(capture, fields):
    capture = harness.shared(capture)
    expected = tshark_values(capture, fields)
    answer = run_weir("decode", capture, *flags(fields))
    assert answer.returncode == 0, answer.stderr
    rows = parse_lines(answer.stdout)
    assert len(rows) == len(expected) > 0
    for row, values in zip(rows, expected):
        assert list(row)[-len(fields):] == [field[0] for field in fields]
        for name, shown in values.items():
            assert same(row[name], shown), f"{name}: {row[name]}, tshark has {shown}"


def messages(path, schema, folder):
    """Every message of a Protobuf file as decoded by protoc: the values by name, as text."""
    content, found = path.read_bytes(), []
    while content:
        size, shift, at = 0, 0, 0
        while True:
            byte = content[at]
            size |= (byte & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if byte < 0x80:
                break
        done = subprocess.run(
            [harness.program("protoc"), "--decode=flowpb.FlowMessage", "-I", folder, schema],
            input=content[at : at + size],
            capture_output=True,
            timeout=20,
            check=True,
        )
        found.append(dict(line.split(": ", 1) for line in done.stdout.decode().splitlines()))
        content = content[at + size :]
    return found


def test_every_output_says_the_same(tmp_path):
    """With a configuration file: JSON, CSV, Protobuf, and SQL on what the same collector stored."""
    config = write_configuration(tmp_path / "weir.toml", IXIA_FIELDS)
    capture = harness.shared(IXIA)
    expected = tshark_values(capture, IXIA_FIELDS)
    names = [field[0] for field in IXIA_FIELDS]
    written = {}
    for form in ("json", "csv", "protobuf"):
        with stores.StoreCollector(tmp_path / form, "--config", config, format=form) as collector, Sender() as sender:
            for payload in pcap.udp_payloads(capture):
                sender.send(collector.address, payload.data)
            collector.wait_total("records", len(expected))
            collector.wait_visible(len(expected))
            assert collector.stop() == 0
        written[form] = collector.output
    rows = parse_lines(written["json"].read_text())
    for row, values in zip(rows, expected, strict=True):
        assert all(same(row[name], values[name]) for name in names)

    with open(written["csv"], newline="") as table:
        lines = list(csv.DictReader(table))
    assert list(lines[0])[-len(names):] == names
    for row, line in zip(rows, lines, strict=True):
        assert [str(row[name]) for name in names] == [line[name] for name in names]

    schema = tmp_path / "flow.proto"
    schema.write_text(run_weir("docs", "proto", "--config", config).stdout)
    for row, message in zip(rows, messages(written["protobuf"], schema, tmp_path), strict=True):
        for name in names:
            text = message.get(name, "0").strip('"')
            assert float(text) == row[name] if isinstance(row[name], (int, float)) else text == row[name]

    for form in written:
        data = tmp_path / form / "data"
        stored = stores.query(data, f"SELECT {', '.join(names)} FROM flows ORDER BY sequence_num, app DESC")
        written_values = [{name: row[name] for name in names} for row in rows]
        assert sorted(map(json.dumps, stored)) == sorted(map(json.dumps, written_values))
        types = {r["column_name"]: r["column_type"] for r in stores.query(data, "DESCRIBE flows")}
        assert [types[name] for name in names] == ["VARCHAR", "VARCHAR", "DOUBLE", "UBIGINT"]
    top = run_weir("top", "app", "--by", "flows", "--format", "csv", "--data", tmp_path / "json" / "data")
    assert top.returncode == 0, top.stderr
    apps = [row["app"] for row in rows]
    assert f"{max(apps, key=apps.count)},{max(map(apps.count, apps))}," in top.stdout
    stats = json.loads(run_weir("store", "stats", "--format", "json", "--data", tmp_path / "json" / "data").stdout)
    assert [(f["name"], f["element"], f["type"]) for f in stats["fields"]] == [f[:3] for f in IXIA_FIELDS]


# NetFlow v9 field types above 32767 are vendor-specific, without an enterprise number.
TEMPLATE = [(packets.BYTES, 4), (40001, 4), (40002, 8), (40003, 2)]


def send_v9(collector, sequence, rows):
    body = b"".join(struct.pack("!II8sh", *row) for row in rows)
    with Sender() as sender:
        sender.send(
            collector.address,
            packets.v9(packets.template_set9(300, TEMPLATE), packets.set_of(300, body), sequence=sequence),
        )


def test_a_store_outlives_its_configurations(tmp_path):
    """Segments written with other fields are read and merged; no stored value is lost or assigned to another field."""
    data = tmp_path / "data"
    runs = [
        ["--field", "number=40001:unsigned", "--field", "name=40002:string"],
        ["--field", "difference=40003:signed", "--field", "number=40001:unsigned"],
        [],
        ["--field", "name=40002:string"],
    ]
    for n, fields in enumerate(runs):
        with stores.StoreCollector(tmp_path / str(n), *fields, data=data) as collector:
            send_v9(collector, n, [(100 + n, 7 + n, f"n{n}".encode(), -n), (200 + n, 0, b"", 32767)])
            collector.wait_visible(2 * (n + 1))
            assert collector.stop() == 0
    expected = [
        {"bytes": 100, "number": 7, "name": "n0", "difference": None},
        {"bytes": 101, "number": 8, "name": None, "difference": -1},
        {"bytes": 102, "number": None, "name": None, "difference": None},
        {"bytes": 103, "number": None, "name": "n3", "difference": None},
        {"bytes": 200, "number": 0, "name": None, "difference": None},
        {"bytes": 201, "number": 0, "name": None, "difference": 32767},
        {"bytes": 202, "number": None, "name": None, "difference": None},
        {"bytes": 203, "number": None, "name": None, "difference": None},
    ]
    question = "SELECT bytes, number, name, difference FROM flows ORDER BY bytes"
    assert stores.query(data, question) == expected
    assert len(stores.segments(data)) == 4
    with stores.StoreCollector(tmp_path / "merging", data=data, merge_flushes=4) as collector:
        eventually(lambda: len(stores.segments(data)) == 1, "the segments are not merged", 20)
        assert collector.stop() == 0
    assert stores.query(data, question) == expected

    [segment] = stores.segments(data)
    file = stores.file_of(data, segment)
    columns = stores.ask_duckdb(f"SELECT name, field_id FROM parquet_schema('{file}') WHERE field_id >= 10000")
    assert sorted(columns) == [("difference", 10002), ("name", 10001), ("number", 10000)]
    assert stores.ask_duckdb(f"SELECT sum(number), min(difference), max(name) FROM read_parquet('{file}')") == [
        (15, -1, "n3")
    ]


def test_a_name_keeps_its_type_in_a_store(tmp_path):
    with stores.StoreCollector(tmp_path, "--field", "number=40001:unsigned") as collector:
        assert collector.stop() == 0
    for check in ([], ["--check"]):
        refused = run_weir(
            "collect", "--data", tmp_path / "data", "--listen", f"netflow://127.0.0.1:{harness.free_port()}", "--http",
            "off", "--field", "number=40001:string", *check, timeout=20,
        )
        assert refused.returncode == 2, refused.stderr
        assert all(text in refused.stderr for text in ('"number"', "string", "unsigned", "another name"))
    with stores.StoreCollector(tmp_path / "again", "--field", "number=40007:unsigned", data=tmp_path / "data") as again:
        assert again.stop() == 0


def test_texts_in_every_output(tmp_path):
    """Texts that need escaping: quotes, line breaks, invalid UTF-8; also in IANA's applicationName (IE 96)."""
    sent = [b'a"b,c', b"x\r\ny", b"\xffz", "Zürich".encode(), b"", b"plain"]
    expected = ['a"b,c', "x\r\ny", "\ufffdz", "Zürich", "", "plain"]
    body = b"".join(struct.pack("!IB", n, len(text)) + text for n, text in enumerate(sent))
    template = struct.pack("!HHHHHHHH", 300, 2, packets.BYTES, 4, 96, packets.VARIABLE, 0, 0)[:12]
    datagram = packets.ipfix(packets.set_of(2, template), packets.set_of(300, body))
    written = {}
    for form in ("json", "csv"):
        flag = ["--field", "raw_name=96:octets"]
        with stores.StoreCollector(tmp_path / form, *flag, format=form) as collector, Sender() as sender:
            sender.send(collector.address, datagram)
            collector.wait_visible(len(sent))
            assert collector.stop() == 0
        written[form] = collector.output
    rows = parse_lines(written["json"].read_text())
    assert [row.get("application_name", "") for row in rows] == expected
    assert [row.get("raw_name", "") for row in rows] == [text.hex() for text in sent]
    with open(written["csv"], newline="") as table:
        assert [line["application_name"] for line in csv.DictReader(table)] == expected
    question = "SELECT application_name AS a, raw_name AS r FROM flows ORDER BY bytes"
    stored = stores.query(tmp_path / "json" / "data", question)
    assert [row["a"] or "" for row in stored] == expected
    assert [row["r"] or "" for row in stored] == [text.hex() for text in sent]
    assert stored[4] == {"a": None, "r": None}


def test_protoc_reads_the_schema_of_all_types(tmp_path):
    if not shutil.which("protoc"):
        harness.skip_or_fail("protoc is not installed")
    kinds = "unsigned signed float boolean ipaddress macaddress string octets datetime datetime_ntp".split()
    answer = run_weir("docs", "proto", *flags([(f"f_{kind}", str(600 + n), kind) for n, kind in enumerate(kinds)]))
    assert answer.returncode == 0, answer.stderr
    (tmp_path / "flow.proto").write_text(answer.stdout)
    subprocess.run(["protoc", "-I", tmp_path, "--descriptor_set_out=/dev/null", "flow.proto"], check=True, timeout=20)

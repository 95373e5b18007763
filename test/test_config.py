# SPDX-License-Identifier: Apache-2.0
"""Wrong configurations are refused with the place of the error, a caret and a remedy; valid ones are shown."""

import json
import re

import pytest
from harness import run_weir

OUTPUT = '[[output]]\nname = "a"\nformat = "csv"\npath = "/tmp/a"\n'
FIELD = '[[field]]\nname = "a"\nelement = "9/1"\ntype = "string"\n'
EXPORTER = '[[exporter]]\naddress = "10.0.0.0/8"\ncounters_23_24 = "reverse"\n'
BRACKETS = 1 << 20

# The text, "line:column", a part of the message, which includes the remedy.
WRONG = [
    # types
    ("[collect]\nworkers = \"four\"\n", "2:11", "collect.workers takes a whole number, not a text"),
    ("[collect]\nworkers = 1.5\n", "2:11", "a whole number, not a number with a fraction"),
    ("[collect]\nworkers = [4]\n", "2:11", "a whole number, not a list"),
    ("[collect]\nno_store = \"yes\"\n", "2:12", "true or false, not a text"),
    ("[collect]\nno_store = 1\n", "2:12", "true or false, not a whole number"),
    ("[collect]\nlisten = 2055\n", "2:10", "a list of texts"),
    ("[collect]\nlisten = [2055]\n", "2:11", "texts in quotes, not a whole number"),
    ("[collect]\nfields = [\"bytes\", [\"packets\"]]\n", "2:20", "texts in quotes, not a list"),
    ("[collect]\nformat = [\"json\"]\n", "2:10", "a text in quotes, not a list"),
    ("[collect]\nrcvbuf = {a = 1}\n", "2:10", "a size, as in \"16MiB\""),
    ("[collect]\ndata = 1979-05-27\n", "2:8", "not a date or time"),
    ("[store]\nkeep = 30\n", "2:8", "a duration in quotes with its unit"),
    # values
    ("[collect]\nworkers = 257\n", "2:11", "is not a number from 0 to 256"),
    ("[collect]\nworkers = -1\n", "2:11", "is not a number from 0 to 256"),
    ("[collect]\nformat = \"jsn\"\n", "2:10", "did you mean json?"),
    ("[collect]\nfields = [\"byte\"]\nformat = \"json\"\n", "2:10", "did you mean bytes?"),
    ("[collect]\nlisten = \"netflow:/:2055\"\n", "2:10", "netflow://"),
    ("[collect]\nlisten = [\"netflow://:2055\", \"netflow://:2055\"]\n", "2:10", "name each address and port once"),
    ("[collect]\nlisten = \"ipfix+tcp://:4739\"\n", "2:10", "with netflow://ADDRESS:PORT"),
    ("[collect]\nlisten = []\n", "2:10", "write at least one URI"),
    ("[collect]\nhttp = \"8080\"\n", "2:8", "write it as 127.0.0.1:8080"),
    ("[collect]\nhttp = \"127.0.0.1:70000\"\n", "2:8", "a number up to 65535"),
    ("[collect]\nallow = [\"10.0.0.0/33\"]\n", "2:9", "write one as 192.0.2.1"),
    ("[collect]\nallow = [\"10.0.0.1/8\"]\n", "2:9", "write 10.0.0.0/8"),
    ("[collect]\nlog_level = \"verbose\"\n", "2:13", "error, warning, info, debug"),
    ("[collect]\ngro = \"yes\"\n", "2:7", "is not one of on, off"),
    ("[collect.transport]\ntype = \"kafka\"\n", "2:8", "it writes to a file, a pipe or stdout"),
    ("[templates]\nborrow = \"all\"\n", "2:10", "off, port, domain"),
    # units
    ("[collect]\nrcvbuf = \"16Mx\"\n", "2:10", "write bytes, or a number with k, M or G"),
    ("[collect]\nrcvbuf = \"4G\"\n", "2:10", "is out of range"),
    ("[store]\nkeep = \"30x\"\n", "2:8", "write a number with its unit"),
    ("[store]\nkeep = \"10y\"\n", "2:8", "is not a duration"),
    ("[store]\nflush = \"1ms\"\n", "2:9", "at least 100ms"),
    ("[store]\nmax_size = \"lots\"\n", "2:12", "is not a size"),
    # unknown keys and tables, at each depth
    ("http = \"off\"\n", "1:1", "did you mean collect.http?"),
    ("colect = 1\n", "1:1", "unknown key colect"),
    ("[colect]\nhttp = \"off\"\n", "1:2", "did you mean [collect]?"),
    ("[collect]\nlisen = \"x\"\n", "2:1", "did you mean collect.listen?"),
    ("[collect]\nkeep = \"1h\"\n", "2:1", "did you mean store.keep?"),
    ("[collect.transport]\nfil = \"x\"\n", "2:1", "did you mean collect.transport.file?"),
    ("[collect.store]\nkeep = \"1h\"\n", "1:10", "did you mean [store]?"),
    ("[collect.transport.file]\nname = \"x\"\n", "1:1", "a text in quotes, not a table"),
    ("[[collect]]\nworkers = 1\n", "1:1", "write it in single brackets, [collect]"),
    ("[kafka]\nbrokers = \"x\"\n", "1:2", "docs/reference/config.md lists those there are"),
    (OUTPUT + "pth = \"/tmp/b\"\n", "5:1", "did you mean path?"),
    (OUTPUT + "window = {src = \"x\"}\n", "5:1", "it takes name, type, format, path, fields, where"),
    # tables that may occur several times
    ("[output]\nname = \"a\"\n", "1:1", "tables in double brackets, [[output]], not a table"),
    ("output = \"a=csv:/tmp/a\"\n", "1:10", "tables in double brackets, [[output]], not a text"),
    ("[[output]]\nname = \"a\"\nformat = \"csv\"\n", "1:1", "this output has no path; as in"),
    (OUTPUT.replace("csv", "xml"), "3:10", "it is one of json, csv, protobuf"),
    (OUTPUT.replace("\"a\"", "\"store\""), "2:8", "take another name"),
    (OUTPUT.replace("\"a\"", "\"a b\""), "2:8", "take letters, digits, _ and -"),
    (OUTPUT + "fields = [\"bytes\", \"nothing\"]\n", "5:10", "docs/reference/fields.md lists them"),
    (FIELD.replace("9/1", "9-1"), "3:11", "write PEN/ID"),
    (FIELD.replace("string", "strin"), "4:8", "did you mean string?"),
    (FIELD.replace("\"a\"", "\"bytes\""), "2:8", "take another name"),
    (EXPORTER.replace("reverse", "revers"), "3:18", "did you mean reverse?"),
    # names that occur twice
    (OUTPUT + OUTPUT, "5:1", "output \"a\" is named twice"),
    (OUTPUT + OUTPUT.replace("\"a\"", "\"b\""), "5:1", "give it another path"),
    (FIELD + FIELD, "5:1", "field \"a\" is named twice"),
    (EXPORTER + EXPORTER, "4:1", "is named twice"),
    ("[collect]\nworkers = 1\nworkers = 2\n", "3:1", "this is not TOML"),
    # text that is not TOML
    ("[collect]\nworkers = = 4\n", "2:11", "this is not TOML"),
    ("[collect\nworkers = 4\n", "1:9", "this is not TOML"),
    ("[collect]\nlisten = [\n\n", "2:11", "this is not TOML"),
    ("x = " + "[" * BRACKETS, "1:", "this is not TOML"),
    ("[" * BRACKETS, "1:", "this is not TOML"),
]


@pytest.mark.parametrize("text, place, said", WRONG, ids=range(len(WRONG)))
def test_a_wrong_file_is_refused_with_place_and_remedy(text, place, said, tmp_path):
    file = tmp_path / "weir.toml"
    file.write_text(text)
    answer = run_weir("config", "check", file)
    assert answer.returncode == 2, answer.stdout
    assert answer.stdout == ""
    assert f"{file}:{place}" in answer.stderr, answer.stderr[:2000]
    assert said in answer.stderr, answer.stderr[:2000]
    assert re.search(r"^ +\d+ \| .*\n +\| \s*\^$", answer.stderr, re.M), answer.stderr[:2000]
    assert len(answer.stderr) < 4_000
    assert run_weir("collect", "--config", file).returncode == 2


def test_a_file_that_is_no_utf8_is_refused(tmp_path):
    file = tmp_path / "weir.toml"
    file.write_bytes(b"[collect]\ndata = \"/tmp/\xff\xfe\"\n")
    answer = run_weir("config", "check", file)
    assert answer.returncode == 2
    assert f"{file}:2:" in answer.stderr and "UTF-8" in answer.stderr, answer.stderr


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    file = tmp_path / "weir.toml"
    file.write_text("[collect]\nworkers = 999\nlisen = 1\n[store]\nkeep = \"soon\"\n" + OUTPUT.replace("csv", "xml"))
    answer = run_weir("config", "check", file)
    assert re.findall(rf"{re.escape(str(file))}:(\d+):", answer.stderr) == ["2", "3", "5", "8"]


def test_files_of_conf_d_are_checked_too(tmp_path):
    (tmp_path / "weir.toml").write_text(OUTPUT)
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "more.toml").write_text(OUTPUT)
    answer = run_weir("config", "check", tmp_path / "weir.toml")
    assert answer.returncode == 2
    assert f"{tmp_path}/conf.d/more.toml:1:1: output \"a\" is named twice" in answer.stderr


def test_a_right_file_is_right_and_shown_with_its_origins(tmp_path):
    file = tmp_path / "weir.toml"
    file.write_text("[collect]\nworkers = 3\nlisten = [\"netflow://127.0.0.1:29555\"]\n" + OUTPUT + FIELD.replace("\"a\"", "\"b\""))
    answer = run_weir("config", "check", file)
    assert (answer.returncode, answer.stderr) == (0, "")
    shown = run_weir("config", "show", "--config", file, "--keep", "30d", env={"WEIR_STORE_FLUSH": "5s"})
    assert shown.returncode == 0, shown.stderr
    assert re.search(rf"^workers = 3 +# {re.escape(str(file))}:2$", shown.stdout, re.M), shown.stdout
    assert re.search(r'^keep = "30d" +# --keep$', shown.stdout, re.M)
    assert re.search(r'^flush = "5s" +# WEIR_STORE_FLUSH$', shown.stdout, re.M)
    again = tmp_path / "again.toml"
    again.write_text(shown.stdout)
    assert run_weir("config", "check", again).returncode == 0
    as_json = json.loads(run_weir("config", "show", "--config", file, "--format", "json").stdout)
    assert as_json["collect.workers"] == {"value": 3, "origin": f"{file}:2"}
    assert as_json["output"][0]["path"]["value"] == "/tmp/a"


def test_the_schema_describes_the_example(tmp_path):
    """Every key of the example is a property of the JSON Schema, and the schema knows no others."""
    schema = json.loads(run_weir("docs", "schema").stdout)
    assert schema["$schema"].endswith("2020-12/schema")
    shown = json.loads(run_weir("config", "show", "--format", "json").stdout)
    for key in shown:
        node = schema
        for part in key.split("."):
            node = node["properties"][part]
        assert node["description"], key
    assert schema["properties"]["output"]["items"]["required"] == ["name", "format", "path"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["collect"]["properties"]["transport"]["type"] == ["object", "string"]

# SPDX-License-Identifier: Apache-2.0
"""Compares `weir decode` on every real capture with the totals that independent decoders agree on (conformance.py).

Intended differences are listed in captures_explained.tsv: file, column, the value expected instead (taken from the
independent decoder that is right about it), and the reason. goldens_explained.tsv does the same for the values that
other projects expect.
"""

import re
import subprocess
import sys

import pytest

import captures
import conformance
import harness
from conformance import decoded, totals


def pytest_generate_tests(metafunc):
    if "unit" in metafunc.fixturenames:
        units, left_out = _units()
        metafunc.parametrize("unit", units, ids=lambda u: u.file.replace("_replay/", "").removesuffix(".pcap"))


def _units():
    try:
        return captures.flow_units()
    except pytest.skip.Exception:
        return [], 0


def wrong(values):
    return [v for v in values if v.result == conformance.WRONG]


def differences(unit, got, exceptions):
    """The columns whose value is neither the consensus nor the explained exception."""
    return [str(value) for value in wrong(conformance.compare(unit, got, exceptions))]


def test_capture(unit):
    found = differences(unit, totals(decoded(unit.file)), conformance.explained())
    assert not found, "\n".join(found)


def test_the_whole_table():
    """Checks all that `./dev conformance` prints, including the goldens, and that every explanation is used."""
    values = conformance.compare_all()
    print(conformance.summary(values))
    assert not wrong(values), "\n".join(map(str, wrong(values)))
    consensus = [v for v in values if v.source == "consensus"]
    assert len(consensus) > 550 and len(values) - len(consensus) > 180
    name = lambda value: value.file if value.source == "consensus" else value.source
    used = {(name(v), v.column) for v in values if v.result == conformance.EXPLAINED}
    compared = {name(v) for v in values}
    explanations = {**conformance.explained(), **conformance.explained_goldens()}
    assert {key for key in explanations if key[0] in compared} - used == set(), "explanations without a difference"
    known = {u.file for u in captures.units()} | {g.name for g in captures.goldens()}
    assert {key[0] for key in explanations} - known == set(), "explanations of unknown files"


def test_explanations_name_their_section():
    for (file, column), row in {**conformance.explained(), **conformance.explained_goldens()}.items():
        assert column in conformance.COLUMNS, file
        assert re.search(r"RFC \d+|sFlow v5", row["reason"]), f"{file} {column}: which RFC and section says so?"


def test_all_captures_are_there():
    units, left_out = captures.flow_units()
    print(f"{len(units)} captures with NetFlow or IPFIX; {left_out} skipped (sFlow only)")
    assert len(units) >= 140 and left_out < 36
    assert {v for u in units for v in captures.versions(u.file)} == set(captures.VERSIONS)


def test_a_wrong_total_would_be_found():
    unit = captures.flow_units()[0][0]
    good = {c: getattr(unit, c) for c in conformance.COLUMNS}
    assert not differences(unit, good, {})
    for column in ("records", "octets", "packets"):
        assert differences(unit, {**good, column: good[column] + 1}, {})
    assert differences(unit, {**good, "last": good["last"] + 2_000_000}, {})
    # An explanation allows only the value that it names, and is an error if there is no difference.
    exception = {(unit.file, "octets"): {"expected": str(unit.octets + 5), "reason": "RFC 7011"}}
    assert not differences(unit, {**good, "octets": unit.octets + 5}, exception)
    assert differences(unit, {**good, "octets": unit.octets + 6}, exception)
    assert differences(unit, good, exception)


def test_the_command_prints_the_table(tmp_path):
    command = [sys.executable, conformance.__file__, "--format", "csv", "_replay/dpkt_nf5"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if answer.returncode == 2:
        harness.skip_or_fail(answer.stderr)
    assert answer.returncode == 0, answer.stdout
    lines = answer.stdout.splitlines()
    assert lines[0] == "file,source,column,weir,theirs,result,why"
    assert "_replay/dpkt_nf5.pcap,consensus,records,29,29,equal," in lines
    assert "5 values: 5 equal, 0 explained, 0 WRONG" in answer.stderr


def test_a_capture_replayed_to_a_collector_is_the_capture_decoded(collect):
    """`weir replay` sends the same records over the network, with a separate address for each source."""
    for file in (
        "traffic-reproducer/pcaps/ipfix-vmware.pcap",
        "_replay/dpkt_nf5.pcap",
        "graylog-plugin-netflow/nprobe-netflow9-3.pcap",
    ):
        weir = collect("--workers", "2")
        answer = harness.run_weir("replay", captures.path(file), "--to", f"127.0.0.1:{weir.port}", "--rate", 2000)
        assert answer.returncode == 0, answer.stderr
        expected = totals(decoded(file))
        weir.wait_flows(expected["records"])
        assert totals(weir.finish()) == expected, file

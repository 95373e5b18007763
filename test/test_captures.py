# SPDX-License-Identifier: Apache-2.0
"""`weir decode` on every real capture against the totals that independent decoders agree on.

Where Weir means to differ, captures_explained.tsv says so: file, column, the value expected instead (taken from the
independent decoder that is right about it), and why.
"""

import csv
import pathlib

import pytest

import captures
import harness

COLUMNS = ("records", "octets", "packets", "first", "last")


def explained():
    with open(pathlib.Path(__file__).with_name("captures_explained.tsv"), newline="") as table:
        rows = list(csv.DictReader((line for line in table if not line.startswith("#")), delimiter="\t"))
    return {(row["file"], row["column"]): row for row in rows}


def decoded(file):
    answer = harness.run_weir("decode", captures.path(file), "--format", "json", timeout=60)
    assert answer.returncode == 0, answer.stderr
    return harness.parse_lines(answer.stdout)


def totals(rows):
    return {
        "records": len(rows),
        "octets": sum(r["bytes"] for r in rows),
        "packets": sum(r["packets"] for r in rows),
        "first": min((r["time_flow_start_ns"] for r in rows), default=None),
        "last": max((r["time_flow_end_ns"] for r in rows), default=None),
    }


def pytest_generate_tests(metafunc):
    if "unit" in metafunc.fixturenames:
        units, left_out = _units()
        metafunc.parametrize("unit", units, ids=lambda u: u.file.replace("_replay/", "").removesuffix(".pcap"))


def _units():
    try:
        return captures.flow_units()
    except pytest.skip.Exception:
        return [], 0


def differences(unit, got, exceptions):
    """Columns whose value is neither the consensus nor the explained exception from it."""
    found = []
    for column in COLUMNS:
        agreed = getattr(unit, column)
        expected, tolerance = agreed, unit.tolerance_ns if column in ("first", "last") else 0
        exception = exceptions.get((unit.file, column))
        if exception:
            expected = int(exception["expected"])
            assert expected != agreed, f"{column} of {unit.file} is explained, but is the consensus itself"
        if expected is None:
            continue
        if got[column] is None or abs(got[column] - expected) > tolerance:
            found.append(
                f"{column}: {got[column]}, expected {expected}"
                + (f" ({exception['reason']})" if exception else f" ({unit.notes})")
            )
    return found


def test_capture(unit):
    found = differences(unit, totals(decoded(unit.file)), explained())
    assert not found, "\n".join(found)


def test_all_captures_are_there():
    units, left_out = captures.flow_units()
    print(f"{len(units)} captures with NetFlow or IPFIX; {left_out} left out (sFlow only)")
    assert len(units) >= 140 and left_out < 36
    assert {v for u in units for v in captures.versions(u.file)} == set(captures.VERSIONS)


def test_every_explanation_is_used():
    files = {u.file for u in captures.flow_units()[0]}
    assert [key for key in explained() if key[0] not in files or key[1] not in COLUMNS] == []


def test_a_wrong_total_would_be_found():
    unit = captures.flow_units()[0][0]
    good = {c: getattr(unit, c) for c in COLUMNS}
    assert not differences(unit, good, {})
    for column in ("records", "octets", "packets"):
        assert differences(unit, {**good, column: good[column] + 1}, {})
    assert differences(unit, {**good, "last": good["last"] + 2_000_000}, {})


def test_a_capture_replayed_to_a_collector_is_the_capture_decoded(collect):
    """`weir replay`: the same records over the wire, each source an address of its own."""
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

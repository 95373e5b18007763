# SPDX-License-Identifier: Apache-2.0
"""Bugs from public reports about other collectors: test/cases has a capture for each and the correct values.

The values are taken from the documents that `source` in expected.json names, not from a decoder.
"""

import json
import pathlib

import pytest

import harness

CASES = sorted(pathlib.Path(__file__).with_name("cases").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case):
    expected = json.loads((case / "expected.json").read_text())["rows"]
    answer = harness.run_weir("decode", case / "input.pcap", "--format", "json")
    assert answer.returncode == 0, answer.stderr
    rows = harness.parse_lines(answer.stdout)
    assert len(rows) == len(expected) > 0
    for n, (row, values) in enumerate(zip(rows, expected)):
        found = {key: row.get(key) for key in values}
        assert found == values, f"row {n}"


def test_all_are_there():
    assert len(CASES) == 15

# SPDX-License-Identifier: Apache-2.0
"""Compares every field that tshark knows too, on every capture (fields_agree.py); each difference needs a rule."""

import fnmatch
import re

import pytest

import captures
import fields_agree
import tshark_fields


@pytest.fixture(scope="module")
def compared():
    return fields_agree.compare_all()


def test_weir_and_tshark_agree(compared):
    values, unexplained, used = compared
    print(f"{sum(values.values())} values of {len(values)} fields compared, {sum(used.values())} explained")
    assert not unexplained, "\n".join(map(str, unexplained[:40]))


def test_enough_is_compared(compared):
    """If tshark changed names or rows no longer matched, nothing would be compared and the other tests would pass."""
    values, _, _ = compared
    assert sum(values.values()) >= 360_000
    assert set(tshark_fields.NETFLOW) - set(values) == set(tshark_fields.IN_NO_CAPTURE)
    for field in ("bytes", "packets", "src_addr", "dst_addr", "time_flow_start_ns", "in_if", "out_if", "proto"):
        assert values[field] >= 18_500, field


def test_every_rule_is_used_as_often_as_it_says(compared):
    _, _, used = compared
    files = [unit.file for unit in captures.units()]
    for rule in fields_agree.rules():
        assert used[rule] == rule.differences or not fnmatch.filter(files, rule.file), rule
        assert re.search(r"RFC \d+ §|sFlow v5", rule.reason), f"which section says so? {rule}"


def test_a_wrong_value_would_be_found(monkeypatch):
    [unit] = [u for u in captures.flow_units()[0] if u.file == "_replay/dpkt_nf5.pcap"]
    decoded = fields_agree.conformance.decoded(unit.file)
    assert fields_agree.compare(unit)[1] == []
    for field, change in {"in_if": 1, "bytes": 1, "time_flow_end_ns": 10**6, "src_as": 1, "tcp_flags": 32}.items():
        rows = [dict(row) for row in decoded]
        rows[3][field] += change
        monkeypatch.setattr(fields_agree.conformance, "decoded", lambda file: rows)
        assert [(d.field, d.sequence) for d in fields_agree.compare(unit)[1]] == [(field, rows[3]["sequence_num"])]
    monkeypatch.setattr(fields_agree.conformance, "decoded", lambda file: decoded[1:])
    assert [d.field for d in fields_agree.compare(unit)[1]] == ["record"]

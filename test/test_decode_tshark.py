# SPDX-License-Identifier: Apache-2.0
"""Compares `weir decode --elements` and `--templates` with tshark, value by value, on captures from many vendors."""

import captures
import elements_agree
import pytest

MOST_BYTES = 300_000  # size limit of a capture: larger captures of the same exporters add nothing


@pytest.fixture(scope="module")
def compared():
    """({file: its comparison}, [(file, record that only tshark sees)])"""
    found, unseen = {}, []
    for unit in captures.flow_units()[0]:
        path = captures.path(unit.file)
        if path.stat().st_size <= MOST_BYTES:
            found[unit.file] = elements_agree.Comparison()
            unseen += [(unit.file, record) for record in elements_agree.compare(path, found[unit.file])]
    return found, unseen


def test_every_value_agrees(compared):
    found, _ = compared
    wrong = [(file, *difference) for file, c in found.items() for difference in c.differences]
    assert not wrong, "\n".join(map(str, wrong[:20]))


def test_everything_that_tshark_sees_is_shown(compared):
    _, unseen = compared
    assert unseen == []


def test_enough_was_compared(compared):
    """Fails if the comparison silently compared nothing."""
    found, _ = compared
    total = sum((c.values for c in found.values()), start=elements_agree.collections.Counter())
    print(f"{len(found)} files, {sum(c.records for c in found.values())} records, {total.total()} values, "
          f"{sum(c.templates for c in found.values())} templates")
    assert set(total) == set(elements_agree.NAMES), "a name of the table that occurs in no capture"
    assert total.total() > 50_000 and sum(c.templates for c in found.values()) > 300


def test_a_wrong_value_would_be_found():
    theirs = elements_agree.Seen(1, 20, 256, [("cflow.octets", "76", "4c"), ("cflow.srcaddr", "192.0.2.1", "c0000201")])
    for elements, differences in (
        ({"octetDeltaCount": 76, "sourceIPv4Address": "192.0.2.1"}, 0),
        ({"octetDeltaCount": 77, "sourceIPv4Address": "192.0.2.1"}, 1),
        ({"octetDeltaCount": 76, "sourceIPv4Address": "192.0.2.2"}, 1),
        ({"octetDeltaCount": 76}, 1),
        ({"octetDeltaCount": [76, 76], "sourceIPv4Address": "192.0.2.1"}, 1),
    ):
        c = elements_agree.Comparison()
        c.record(theirs, {"elements": elements})
        assert len(c.differences) == differences, elements

# SPDX-License-Identifier: Apache-2.0
"""Checks the statements of docs/firewalls.md about Cisco ASA's events on a real capture, with Weir and tshark."""

import collections

import captures
import harness
import tshark_flows

CREATED, DELETED, DENIED, UPDATE = 1, 2, 3, 5
CAPTURE = "graylog2-server/netflow-data/cisco-asa-netflowv9.pcap"


def by_connection(rows):
    """{flow id: {event: [octets sent, octets received]}}"""
    connections = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0]))
    for flow, event, sent, received in rows:
        counts = connections[flow][event]
        counts[0] += sent
        counts[1] += received
    return connections


def weirs_rows():
    answer = harness.run_weir("decode", captures.path(CAPTURE), "--format", "json")
    assert answer.returncode == 0, answer.stderr
    for row in harness.parse_lines(answer.stdout):
        yield row.get("flow_id", 0), row["firewall_event"], row["bytes"], row.get("reverse_bytes", 0)


def tsharks_rows():
    [unit] = [unit for unit in captures.units() if unit.file == CAPTURE]
    for record in tshark_flows.records(captures.reference(unit)):
        value = lambda name: int(record.values.get(name, ["0"])[0], 0)
        yield (
            value("cflow.flow_id"),
            value("cflow.firewall_event"),
            value("cflow.initiator_octets"),
            value("cflow.responder_octets"),
        )


def test_updates_add_up_to_the_deletion():
    for connections in map(by_connection, (weirs_rows(), tsharks_rows())):
        both = [events for events in connections.values() if UPDATE in events and DELETED in events]
        assert len(both) == 29
        assert all(events[UPDATE] == events[DELETED] for events in both)
        assert any(sum(events[UPDATE]) > 0 for events in both)


def test_creations_and_refusals_count_nothing():
    for rows in (weirs_rows(), tsharks_rows()):
        counts = [(sent, received) for _, event, sent, received in rows if event in (CREATED, DENIED)]
        assert len(counts) == 79 and set(counts) == {(0, 0)}


def test_the_rule_that_sums_right(tmp_path):
    """Counts each connection once: with the octets of its deletion event."""
    with harness.Collector(tmp_path, "--flush", "1s", format=None, store=True) as weir:
        replay = harness.run_weir("replay", captures.path(CAPTURE), "--to", f"127.0.0.1:{weir.port}", "--rate", 200)
        assert replay.returncode == 0, replay.stderr
        weir.wait_total("stored", 139)
        assert weir.stop() == 0
    expected = sum(sent for _, event, sent, _ in tsharks_rows() if event == DELETED)
    question = "SELECT sum(bytes) AS bytes FROM flows WHERE firewall_event IS DISTINCT FROM 5"
    answer = harness.run_weir("query", "--data", tmp_path / "data", "--format", "json", question)
    assert answer.returncode == 0, answer.stderr
    assert harness.parse_lines(answer.stdout)[0]["bytes"] == expected == 7584

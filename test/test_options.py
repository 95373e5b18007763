# SPDX-License-Identifier: Apache-2.0
"""Options data: flow records get sampling rates and names from it.

The names expected for captures are those that tshark prints for their options data records.
"""

import signal
import struct

import pytest

import captures
import harness
import packets

# Elements.
IN_IF, OUT_IF, SAMPLER, IF_NAME, DOMAIN, INTERVAL, SPACE = 10, 14, 302, 82, 149, 305, 306
FLOW = packets.FLOW_MS + [(IN_IF, 4), (OUT_IF, 4), (SAMPLER, 2)]

# capture: {number field: {number: name}}, and the fields that have these names.
NAMED = {
    "pmacct/500-IPFIXv10-BGP-CISCO-SRv6/traffic-00.pcap": {
        ("in_if", "in_if_name"): {
            42: "TenGigE0_0_0_0",
            69: "TenGigE0_0_0_0.516",
            70: "TenGigE0_0_0_0.523",
            71: "TenGigE0_0_0_0.524",
        },
        ("ingress_vrf_id", "ingress_vrf_name"): {
            1610612736: "default",
            1610612737: "D10",
            1610612738: "mgmt-net",
            1610620928: "**iid",
        },
    },
}


def decoded(file):
    answer = harness.run_weir("decode", captures.path(file), "--format", "json", timeout=60)
    assert answer.returncode == 0, answer.stderr
    return harness.parse_lines(answer.stdout)


@pytest.mark.parametrize("file", NAMED)
def test_names_of_a_capture(file):
    flows = decoded(file)
    for (number, name), expected in NAMED[file].items():
        seen = {(f.get(number, 0), f[name]) for f in flows if f.get(name)}
        assert seen, f"no {name} in {file}"
        assert all(expected.get(n) == text for n, text in seen), seen


def test_nat_events_of_a_capture():
    """nat.pcap, as tshark prints it: nine records, all behind one address, one of them the end of a translation."""
    flows = decoded("akvorado/netflow/testdata/nat.pcap")
    assert len(flows) == 9
    assert {f["post_nat_src_addr"] for f in flows} == {"10.143.52.29"}
    assert sorted(f["nat_event"] for f in flows) == [1] * 8 + [2]
    first = flows[0]
    assert (first["src_addr"], first["post_nat_src_port"], first["post_nat_dst_port"]) == ("172.16.100.198", 35303, 53)
    # The only time in the record is observationTimeMilliseconds: Jun 4, 2025 15:09:00.450 UTC.
    assert first["time_flow_start_ns"] == first["time_flow_end_ns"] == 1_749_049_740_450_000_000


def options_template(template_id, scope, fields):
    body = struct.pack("!HHH", template_id, len(fields), scope)
    return packets.set_of(3, body + b"".join(struct.pack("!HH", *f) for f in fields))


def told():
    """Options data: sampler 7 samples 1 of 1,000; interface 3 is named eth3; the sampling rate of the domain is 16."""
    sampler = struct.pack("!HII", 7, 1, 999)
    name = struct.pack("!I", 3) + b"eth3".ljust(12, b"\0")
    domain = struct.pack("!III", 0, 1, 15)
    return packets.ipfix(
        packets.template_set10(300, FLOW),
        options_template(301, 1, [(SAMPLER, 2), (INTERVAL, 4), (SPACE, 4)]),
        options_template(302, 1, [(IN_IF, 4), (IF_NAME, 12)]),
        options_template(303, 1, [(DOMAIN, 4), (INTERVAL, 4), (SPACE, 4)]),
        packets.set_of(301, sampler),
        packets.set_of(302, name),
        packets.set_of(303, domain),
    )


def test_what_options_told_survives_kill_9(collect, tmp_path):
    with harness.Sender() as sender:
        weir = collect(folder=tmp_path / "one")
        sender.send(weir.address, told())
        harness.eventually(lambda: weir.total("datagrams") == 1, "the options did not arrive")
        weir.stop(signal.SIGKILL)
        again = collect(folder=tmp_path / "one", port=weir.port, output=tmp_path / "again.json")
        flows = [packets.flow(n) | {IN_IF: 3, OUT_IF: 4, SAMPLER: s} for n, s in enumerate((7, 8))]
        sender.send(again.address, packets.ipfix(packets.data_set(300, FLOW, *flows), sequence=3))
        one, other = again.wait_flows(2)
    assert (one["sampling_rate"], other["sampling_rate"]) == (1000, 16)
    assert one["in_if_name"] == other["in_if_name"] == "eth3"
    assert "out_if_name" not in one


def test_what_another_port_was_told_is_borrowed_and_counted(collect, tmp_path):
    """Junos sends options data from another UDP port: `weir exporters` shows that flows use it."""
    for borrow, rate in (("domain", 16), ("off", 0)):
        weir = collect("--template-borrow", borrow, folder=tmp_path / borrow)
        flow = packets.flow(1) | {IN_IF: 3, OUT_IF: 4, SAMPLER: 0}
        with harness.Sender() as options, harness.Sender() as data:
            options.send(weir.address, told())
            weir.wait_total("options_records", 3)
            data.send(weir.address, packets.ipfix(packets.template_set10(300, FLOW), packets.data_set(300, FLOW, flow)))
            [row] = weir.wait_flows(1)
        assert row["sampling_rate"] == rate and row.get("in_if_name") == (rate and "eth3" or None)
        weir.wait_total("borrowed", 1 if rate else 0)
        assert [row["borrowed"] for row in weir.exporters()] == [1 if rate else 0]
        metrics = harness.http(weir.url("/metrics"))[2]
        assert f"weir_borrowed_records_total {1 if rate else 0}\n" in metrics
        table = harness.run_weir("exporters", "--server", weir.url("")).stdout
        assert "borrowed" in table.splitlines()[0]
        assert weir.stop() == 0


def test_names_reach_the_csv(collect):
    with harness.Sender() as sender:
        weir = collect("--fields", "in_if_name,bytes", format="csv")
        flow = packets.flow(1) | {IN_IF: 3, OUT_IF: 4, SAMPLER: 7}
        sender.send(weir.address, told(), packets.ipfix(packets.data_set(300, FLOW, flow), sequence=3))
        harness.eventually(lambda: weir.output.exists() and b"eth3" in weir.output.read_bytes(), lambda: weir.ledger())
    assert weir.stop() == 0
    assert weir.output.read_text() == "in_if_name,bytes\neth3,1001\n"

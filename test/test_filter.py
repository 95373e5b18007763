# SPDX-License-Identifier: Apache-2.0
"""The filter language: the same flows selected in the stream, in the store and by nfdump."""
import json
import socket
import subprocess

import pytest

import captures
import harness
import packets
import pcap
import peers
import stores
from harness import run_weir

# Expressions as in nfdump's manual page, with values that some of the flows have.
NFDUMP = """
any
inet
ipv4
inet6
ipv6
proto tcp
proto udp
proto 17
not proto tcp
src net 10.0.0.0/8
dst net 10.0.0.0/8
net 10.0.0.0/8
net 10.0.0.0 255.0.0.0
src net 10.8.0.0/16 and dst port 443
src net 10.8/16
net 10.7/16 # a comment
not src net 10.0.0.0/8
host 10.8.9.13
ip 10.8.9.13
src ip 10.8.9.13
dst host 10.8.9.13
ip in [10.8.9.13 10.7.5.113]
src ip in [10.8.9.13, 10.7.5.113]
net 2001:db8::/32
src net 2001:db8::/32 and not dst net 2001:db8::/32
port 443
src port 443
dst port 443
dst port = 443
dst port == 443
dst port EQ 443
dst port GT 60000
port in [80 443 22]
dst port in [80, 443]
proto tcp and (dst port 80 or dst port 443)
proto udp and not port 53
flags S
flags SA
flags F
flags S and not flags AFRPU
if 1
in if 1
out if 2
in if 1 and not out if 2
tos 0
tos 8
packets > 10
packets < 2
packets = 1
bytes > 1k
bytes > 10k
bytes < 100
bytes > 1m
in bytes > 5k
in packets > 100
duration > 1000
duration = 0
duration < 500
pps > 10
bps > 1000
bps > 1m
bpp > 500
bpp < 60
next ip 10.0.0.254
src mask 24
vlan 1
(proto tcp and bytes > 1k) or (proto udp and packets > 5)
src net 10.0.0.0/8 and dst port 443 and proto tcp and bytes > 1k
""".split("\n")
EXPRESSIONS = [line for line in NFDUMP if line]

# nfdump reads a field that the exporter did not send as 0. nfcapd 1.7.1 stores 0 as the ports of ICMPv6; Weir has the
# type and code that the exporters send as destination port. What nfdump selects by the expression on the left, Weir
# selects by the one on the right.
ZERO_IN_NFDUMP = {
    "port > 1024": "port > 1024 and not proto icmp6",
    "src port < 1024": "src port < 1024 or not has src port",
    "dst port LT 100": "dst port < 100 or proto icmp6",
    "not flags S": "not flags S or not has flags",
    "dst mask 0": "dst mask 0 or not has dst mask",
    "src vlan 0": "src vlan 0 or not has src vlan",
    "flowdir ingress": "flowdir ingress or not has flowdir",
}

CAPTURES = (
    "traffic-reproducer/pcaps/ipfix-vmware.pcap",
    "_replay/dpkt_nf5.pcap",
    "elastic-beats/pcap/netflow9_ubiquiti_edgerouter.pcap",
    "_replay/goflow2_nf9.pcap",
)


def generated(count):
    """Datagrams of weir gen."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        to = f"127.0.0.1:{receiver.getsockname()[1]}"
        done = run_weir("gen", "--to", to, "--count", count, "--rate", 20000)
        assert done.returncode == 0, done.stderr
        return [receiver.recv(65535) for _ in range(count)]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The same datagrams in nfcapd, in a store, and in a capture: (nfcapd's folder, store, capture, flows)."""
    folder = tmp_path_factory.mktemp("filter")
    payloads = [payload.data for name in CAPTURES for payload in pcap.udp_payloads(captures.path(name))]
    payloads += generated(2000)
    with peers.Nfcapd(folder) as nfcapd, stores.StoreCollector(folder / "weir") as weir, harness.Sender() as sender:
        for at in range(0, len(payloads), 50):
            sender.send(nfcapd.address, *payloads[at : at + 50])
            sender.send(weir.address, *payloads[at : at + 50])
            harness.eventually(lambda: harness.udp_queue(nfcapd.port)[0] == 0, "nfcapd does not read")
        flows = nfcapd.finish()
        weir.finish()
        yield nfcapd.folder, weir.data, flows


def nfdump_count(folder, expression):
    answer = subprocess.run(
        [harness.program("nfdump"), "-R", folder, "-q", "-N", "-o", "fmt:%pkt", expression],
        check=True,
        capture_output=True,
        text=True,
        env={"TZ": "UTC", "PATH": "/usr/bin:/bin"},
    )
    return len([line for line in answer.stdout.splitlines() if line != "No matching flows"])


def count(data, expression):
    return stores.query(data, "SELECT count(*) AS n FROM flows", "--where", expression)[0]["n"]


def test_nfdump_and_weir_have_the_same_flows(kept):
    folder, data, flows = kept
    assert len(flows) == count(data, "any") == nfdump_count(folder, "any") > 6000


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_of_nfdump_select_as_many_flows(kept, expression):
    folder, data, _ = kept
    assert count(data, expression) == nfdump_count(folder, expression)


@pytest.mark.parametrize("expression", ZERO_IN_NFDUMP)
def test_differences_are_explained_by_values_that_nfdump_reads_as_zero(kept, expression):
    folder, data, _ = kept
    assert count(data, ZERO_IN_NFDUMP[expression]) == nfdump_count(folder, expression)


# ---- In the stream


def decoded(file, *flags):
    done = run_weir("decode", file, "--format", "json", *flags)
    assert done.returncode == 0, done.stderr
    return harness.parse_lines(done.stdout), done.stderr


def test_decode_selects_the_same_records_as_a_test_of_each():
    file = captures.path("elastic-beats/pcap/netflow9_ubiquiti_edgerouter.pcap")
    every, _ = decoded(file)
    some, said = decoded(file, "--where", "dst port 443 or bytes > 1k")
    assert some == [row for row in every if row["dst_port"] == 443 or row["bytes"] > 1000]
    assert 0 < len(some) < len(every)
    assert f"filtered={len(every) - len(some)}" in said.splitlines()


def test_collect_counts_what_it_does_not_keep(tmp_path):
    """collect.where removes records from every output, [[output]].where from one; both are counted."""
    tcp, small = tmp_path / "tcp.json", "bytes < 500"
    config = tmp_path / "weir.toml"
    config.write_text(
        f"""[collect]
where = "not dst port 53"
[[output]]
name = "tcp"
format = "json"
path = "{tcp}"
where = "proto tcp and {small}"
"""
    )
    with stores.StoreCollector(tmp_path / "weir", "--config", config, format="json") as weir:
        stores.gen(weir, "--count", "500")
        weir.wait_taken(1500)
        kept = weir.total("records") - weir.total("filtered")
        rows = weir.wait_flows(kept)
        harness.eventually(lambda: weir.total("stored") == kept, lambda: f"{weir.ledger()}")
        wanted = [row for row in rows if row["proto"] == "TCP" and row["bytes"] < 500]
        harness.eventually(lambda: tcp.exists() and tcp.read_text().count("\n") == len(wanted), "the output is not complete")
        assert harness.parse_lines(tcp.read_text()) == wanted
        assert 0 < weir.total("filtered") < 1500 and 0 < len(wanted) < kept
        assert all(row["dst_port"] != 53 for row in rows)
        (entry,) = weir.exporters()
        delivered = entry["outputs"]["tcp"]
        assert (delivered["acknowledged"], delivered["filtered"]) == (len(wanted), kept - len(wanted))
        weir.finish()


def test_without_a_store_the_first_output_has_no_filter_of_its_own(tmp_path):
    """The ledger's own counts are those of the first output."""
    flags = ("collect", "--check", "--no-store", "--config", tmp_path / "weir.toml")
    (tmp_path / "weir.toml").write_text(f"""[[output]]
name = "tcp"
format = "json"
path = "{tmp_path}/tcp.json"
where = "proto tcp"
""")
    done = run_weir(*flags)
    assert done.returncode == 2 and "use collect.where" in done.stderr
    assert run_weir(*flags, "--format", "json", "--transport.file", tmp_path / "all.json").returncode == 0


def test_a_reload_gives_the_leading_output_no_filter(tmp_path):
    """Also if another output now stands before it."""
    output = '[[output]]\nname = "{0}"\nformat = "json"\npath = "{1}/{0}.json"\n'
    config, leader, other = tmp_path / "weir.toml", output.format("leader", tmp_path), output.format("other", tmp_path)
    config.write_text(leader)
    with harness.Collector(tmp_path / "weir", "--config", config, format=None) as weir:
        said = harness.reload(weir, config, f'{other}{leader}where = "proto tcp"\n')
        assert "the outputs stay as they are" in said and "leader, which cannot have a filter of its own" in said
        stores.gen(weir, "--count", "100")
        harness.eventually(lambda: weir.total("stored") == 300, lambda: f"{weir.ledger()}")
        assert weir.stop() == 0
    assert (tmp_path / "leader.json").read_text().count("\n") == 300 and not (tmp_path / "other.json").exists()


def test_collect_takes_no_filter_that_depends_on_the_time_of_its_start(tmp_path):
    done = run_weir("collect", "--check", "--data", tmp_path, "--where", "start > -1h")
    assert done.returncode == 2 and "^^^" in done.stderr


def test_a_reload_changes_the_filter(tmp_path):
    config = tmp_path / "weir.toml"
    config.write_text('[collect]\nwhere = "not any"\n')
    with stores.StoreCollector(tmp_path / "weir", "--config", config) as weir:
        stores.gen(weir, "--count", "100")
        weir.wait_total("filtered", 300)
        harness.reload(weir, config, '[collect]\nwhere = ""\n')
        stores.gen(weir, "--count", "100")
        harness.eventually(lambda: weir.total("stored") == 300, lambda: f"{weir.ledger()}")
        assert "did you mean port?" in harness.reload(weir, config, '[collect]\nwhere = "dst prot 53"\n')
        weir.finish()


def test_a_filter_that_names_a_new_field_waits_for_the_restart_that_adds_it(tmp_path):
    config = tmp_path / "weir.toml"
    config.write_text("")
    with stores.StoreCollector(tmp_path / "weir", "--config", config) as weir:
        field = '[[field]]\nname = "app"\nelement = "9/12235"\ntype = "string"\n'
        said = harness.reload(weir, config, f'[collect]\nwhere = "has app"\n{field}')
        assert "only a restart takes it over: field, collect.where" in said
        stores.gen(weir, "--count", "100")
        harness.eventually(lambda: weir.total("stored") == 300, lambda: f"{weir.ledger()}")
        weir.finish()


# ---- Commands


@pytest.mark.parametrize("command", ("top", "query", "flows", "decode"))
def test_a_wrong_filter_prints_nothing_but_its_error(command, kept):
    _, data, _ = kept
    arguments = {"query": ["SELECT 1"], "decode": [captures.path(CAPTURES[0])]}.get(command, [])
    where = [] if command == "decode" else ["--data", data]
    done = run_weir(command, *where, "--where", "src net 10.0.0.0/8 andd proto tcp", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert lines[1:3] == ["  src net 10.0.0.0/8 andd proto tcp", "                     ^^^^"]


def test_flows_lists_the_newest_and_the_largest(kept):
    _, data, _ = kept
    flags = ["--data", data, "--format", "json", "--where", "proto tcp", "-n", "7"]
    largest = run_weir("flows", *flags, "--sort", "bytes", "--fields", "bytes")
    rows = stores.query(data, "SELECT bytes FROM flows WHERE proto = 6 ORDER BY bytes DESC LIMIT 7")
    assert harness.parse_lines(largest.stdout) == rows and largest.stderr == ""
    newest = run_weir("flows", *flags, "--fields", "time_end", "--time", "end")
    rows = stores.query(data, "SELECT time_end FROM flows WHERE proto = 6 ORDER BY time_end DESC NULLS LAST LIMIT 7")
    assert harness.parse_lines(newest.stdout) == rows
    every = run_weir("flows", "--data", data, "--format", "csv", "--fields", "all", "-n", "100000")
    assert len(every.stdout.splitlines()) == 1 + count(data, "any")


def test_top_of_networks_with_rates(kept):
    _, data, _ = kept
    flags = ("--data", data, "--format", "json", "-n", "1000000", "--where", "proto tcp")
    done = run_weir("top", "src_addr/24/48,dst_port", "--rate", *flags)
    assert done.returncode == 0, done.stderr
    rows = harness.parse_lines(done.stdout)
    wanted = stores.query(data, "SELECT net(src_addr, 24, 48) AS net, dst_port, count(*) AS n, sum(bytes) AS b FROM flows "
                                "WHERE proto = 6 GROUP BY ALL")
    assert {(r["src_addr/24/48"], r["dst_port"], r["flows"], r["bytes"]) for r in rows} == {
        (r["net"], r["dst_port"], r["n"], r["b"]) for r in wanted
    }
    assert all(row["bps"] == pytest.approx(row["bytes"] * 8 / (row["packets"] / row["pps"]), rel=0.01)
               for row in rows if row["pps"] > 50)
    done = run_weir("top", "proto_name", "--every", "1d", "--format", "csv", "--data", data)
    assert done.stdout.splitlines()[0] == "time,proto_name,flows,packets,bytes,percent"


def test_top_reports_a_mixture_of_sampling_rates(tmp_path):
    with stores.StoreCollector(tmp_path / "weir") as weir, harness.Sender() as one, harness.Sender() as other:
        flow = packets.flow(1)
        for sender, rate in ((one, 100), (other, 1000)):
            sender.send(weir.address, packets.v5(flow, sampling=rate))
        weir.wait_total("stored", 2)
        data = weir.data
        weir.finish()
    count, octets = flow[packets.PACKETS], flow[packets.BYTES]
    done = run_weir("top", "sampler_address", "--data", data, "--format", "csv")
    assert done.stdout.splitlines()[1].startswith(f"127.0.0.1,2,{2 * count},{2 * octets},")
    assert done.stderr == "weir: these flows have sampling rates from 100 to 1000; --scale makes them comparable\n"
    done = run_weir("top", "sampler_address", "--data", data, "--format", "csv", "--scale")
    assert done.stdout.splitlines()[1].startswith(f"127.0.0.1,2,{1100 * count},{1100 * octets},") and done.stderr == ""


def test_filter_explains_itself():
    done = run_weir("filter", "--format", "json", "not src net 10.0.0.0/8 and flags S")
    answer = json.loads(done.stdout)
    assert answer["filter"] == "not src ip 10.0.0.0/8 and flags S"
    assert answer["tree"] == {"and": [{"not": {"test": "src ip", "in": ["10.0.0.0/8"]}}, {"test": "flags", "flags": "S"}]}
    done = run_weir("filter", "--format", "json", "dst prt 80")
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert (error["at"], error["length"], error["hint"]) == (4, 3, "did you mean port?")

# SPDX-License-Identifier: Apache-2.0
"""Filters in times and in networks: the same answers wherever Weir runs, and as Python's datetime and ipaddress say."""

import datetime
import ipaddress
import os
import pathlib
import time

import pytest

import harness
import packets
import pcap
import stores
from harness import run_weir
from packets import BYTES, DST4, END_MS, FLOW_MS, PACKETS, PROTO, SRC4, START_MS

SRC6, DST6 = 27, 28

# ---- Time zones

ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia",
         "WST-3:30WDT,M3.5.0,M10.5.0/3")
# When clocks are changed in Europe and in the United States, in 2026.
CHANGES = ("2026-03-08T07:00", "2026-03-29T01:00", "2026-10-25T01:00", "2026-11-01T06:00")


def seconds_of(text):
    return int(datetime.datetime.fromisoformat(text + "+00:00").timestamp())


def utc(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


# A flow begins every ten minutes from three hours before to three hours after each change, and lasts five minutes.
STARTS = [seconds_of(change) + 600 * n for change in CHANGES for n in range(-18, 19)]
LASTS = 300


def exports(starts):
    """(time of export, datagram) of each flow: it is exported when it ends."""
    for n, start in enumerate(starts):
        flow = {**packets.flow(n), START_MS: start * 1000, END_MS: (start + LASTS) * 1000}
        sets = [packets.template_set10(256, FLOW_MS)] if n == 0 else []
        yield start + LASTS, packets.ipfix(*sets, packets.data_set(256, FLOW_MS, flow), sequence=n, seconds=start + LASTS)


def write_capture(path, timed):
    """A capture with a datagram at each of these times."""
    content = b""
    for seconds, datagram in timed:
        pcap.write_udp(path, [("192.0.2.9", 4000, "192.0.2.10", 4739, datagram)], seconds)
        content += path.read_bytes()[24 if content else 0 :]
    path.write_bytes(content)
    return path


def receive_at_the_end(data):
    """Changes a store as if each flow had been received when it ended."""
    with stores.catalog(data, write=True) as database:
        for identity, path in database.execute("SELECT id, path FROM segments").fetchall():
            file, new = data / path, data / "new.parquet"
            ids = stores.ask_duckdb(f"SELECT name, field_id FROM parquet_schema('{file}') WHERE field_id IS NOT NULL")
            stores.ask_duckdb(f"COPY (SELECT * REPLACE (time_start + INTERVAL {LASTS} SECOND AS time_received) FROM '{file}') "
                              f"TO '{new}' (FIELD_IDS {{{', '.join(f'{name}: {number}' for name, number in ids)}}})")
            os.replace(new, file)
            database.execute("UPDATE segments SET received_min = end_min, received_max = end_max, bytes = ? WHERE id = ?",
                             (file.stat().st_size, identity))


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    """The same flows in a capture and in a store, received when they ended."""
    for zone in ZONES[:-1]:
        if not pathlib.Path("/usr/share/zoneinfo", zone).exists():
            harness.skip_or_fail(f"the time zone {zone} is not installed (tzdata)")
    folder = tmp_path_factory.mktemp("zones")
    timed = list(exports(STARTS))
    with stores.StoreCollector(folder) as weir, harness.Sender() as sender:
        sender.send(weir.address, *(datagram for _, datagram in timed))
        weir.wait_total("stored", len(STARTS))
        weir.finish()
    receive_at_the_end(weir.data)
    return write_capture(folder / "flows.pcap", timed), weir.data


def in_every_zone(*arguments):
    """What the command prints, which is the same in every zone."""
    said = {}
    for zone in ZONES:
        done = run_weir(*arguments, env={"TZ": zone})
        assert done.returncode == 0, done.stderr
        said[zone] = (done.stdout, done.stderr)
    assert {zone for zone in ZONES if said[zone] != said["UTC"]} == set()
    return said["UTC"][0]


def starts_in(text):
    return [row["time_flow_start_ns"] // 10**9 for row in harness.parse_lines(text)]


# The filter, and the times of the start for which it is true.
HALF_PAST_ONE = seconds_of("2026-03-29T01:30")
TIME_FILTERS = {
    "start >= 2026-03-29T01:30Z": lambda start: start >= HALF_PAST_ONE,
    "start < 2026/03/29.01:30": lambda start: start < HALF_PAST_ONE,
    "start = 2026-03-29T01:30": lambda start: start == HALF_PAST_ONE,
    "start 2026-03-29T03:30+02:00": lambda start: start == HALF_PAST_ONE,
    "received > 2026-03-29T01:35Z": lambda start: start + LASTS > HALF_PAST_ONE + 300,
    "received 2026/10/25.00:35..2026/10/25.01:35": lambda start: (
        seconds_of("2026-10-25T00:30") <= start <= seconds_of("2026-10-25T01:30")),
    "end >= 2026-11-01T06:05Z": lambda start: start + LASTS >= seconds_of("2026-11-01T06:05"),
    "not end < 2026-10-25": lambda start: start + LASTS >= seconds_of("2026-10-25T00:00"),
    "end 2026-03-08T02:05-05:00": lambda start: start == seconds_of("2026-03-08T07:00"),
    "duration = 5m and start > 2026-10-25T02:00+01:00": lambda start: start > seconds_of("2026-10-25T01:00"),
}


@pytest.mark.parametrize("where", TIME_FILTERS)
def test_filters_on_times_are_utc_in_every_zone(timed, where):
    capture, data = timed
    wanted = [start for start in STARTS if TIME_FILTERS[where](start)]
    assert 0 < len(wanted) < len(STARTS)
    assert starts_in(in_every_zone("decode", capture, "--format", "json", "--where", where)) == wanted
    store = ("--data", data, "--format", "json", "--where", where)
    assert starts_in(in_every_zone("query", *store, "SELECT time_flow_start_ns, time_start, time_received FROM flows "
                                                    "ORDER BY 1")) == wanted
    newest_first = in_every_zone("flows", *store, "-n", 1000, "--fields", "all")
    assert starts_in(newest_first) == wanted[::-1]


@pytest.mark.parametrize("change, column, shift", [*((change, "received", LASTS) for change in CHANGES),
                                                 (CHANGES[1], "start", 0), (CHANGES[2], "end", LASTS)])
def test_since_and_until_are_utc_in_every_zone(timed, change, column, shift):
    _, data = timed
    at = seconds_of(change)
    since, until = f"{utc(at - 3600):%Y/%m/%d.%H:%M}", f"{utc(at + 3600):%Y-%m-%dT%H:%M}Z"
    wanted = [start for start in STARTS if at - 3600 <= start + shift < at + 3600]
    assert len(wanted) == 12
    flags = ("--data", data, "--since", since, "--until", until, "--time", column)
    rows = in_every_zone("query", *flags, "--format", "json", "SELECT time_flow_start_ns FROM flows ORDER BY 1")
    assert starts_in(rows) == wanted
    assert starts_in(in_every_zone("flows", *flags, "--format", "json", "--fields", "time_flow_start_ns")) == wanted[::-1]
    hours = in_every_zone("top", "proto_name", *flags, "--every", "1h", "--format", "csv").splitlines()
    assert [line.split(",")[:3] for line in hours[1:]] == [
        [f"{utc(begin):%Y-%m-%dT%H:%M}:00.000Z", "TCP", "6"] for begin in (at - 3600, at)
    ]
    in_every_zone("top", *flags)  # which also says on standard error from when to when


def test_sql_on_times_is_utc_in_every_zone(timed):
    _, data = timed
    days = in_every_zone("query", "--data", data, "--format", "csv", "SELECT date_trunc('day', time_start) AS day, count(*) "
                         "FROM flows WHERE time_start >= '2026-03-29 01:30' GROUP BY 1 ORDER BY 1")
    assert days.splitlines()[1:] == [
        "2026-03-29T00:00:00.000Z,16", "2026-10-24T00:00:00.000Z,12", "2026-10-25T00:00:00.000Z,25",
        "2026-11-01T00:00:00.000Z,37"]
    in_zone = in_every_zone("query", "--data", data, "--format", "csv", "SELECT strftime(time_start::TIMESTAMPTZ, '%H:%M'), "
                            "'2026-03-29 01:30'::TIMESTAMPTZ FROM flows ORDER BY time_start LIMIT 1")
    assert in_zone.splitlines()[1] == "04:00,2026-03-29T01:30:00.000Z"


def test_every_zone_has_the_same_today():
    def midnight():
        return f"start >= {utc(time.time()):%Y-%m-%d}T00:00:00.000Z"

    days = [midnight()]
    said = {run_weir("filter", "start >= today", env={"TZ": zone}).stdout.splitlines()[0].split(maxsplit=1)[1]
            for zone in ZONES}
    assert said <= {*days, midnight()}


# ---- IPv6

LENGTHS = (0, 1, 16, 47, 48, 63, 64, 65, 127, 128)
INSIDE = ipaddress.ip_address("2001:db8:aaaa:5555:aaaa:5555:aaaa:5555")
MAPPED, PLAIN = "::ffff:192.0.2.1", "192.0.2.1"
NEIGHBOURS = ("2001:db8:1:2::1", "2001:db8:1:2:8000::2")  # of one /64


def network(length):
    return ipaddress.ip_network((INSIDE, length), strict=False)


def edge_addresses():
    """The first and the last address of each network, those beside them, and those around the mapped ones."""
    found = {int(ipaddress.ip_address(text)) for text in (MAPPED, "::", "::fffe:ffff:ffff", "::1:0:0:0", "::ffff:0:0",
                                                          "::ffff:255.255.255.255", *NEIGHBOURS)}
    for length in LENGTHS:
        first, last = int(network(length)[0]), int(network(length)[-1])
        found |= {first - 1, first, last, last + 1}
    return [ipaddress.IPv6Address(number) for number in sorted(found) if 0 <= number < 1 << 128]


ADDRESSES = edge_addresses()


def same_host(text):
    """Weir's rule: a mapped address (RFC 4291, 2.5.5.2) is the IPv4 address, whichever form it comes in."""
    address = ipaddress.ip_address(str(text))
    return getattr(address, "ipv4_mapped", None) or address


def addressed_datagram():
    """Each of ADDRESSES as an IPv6 source, and PLAIN as an IPv4 one; `bytes` numbers them."""
    fields = [(SRC6, 16), (DST6, 16), (PROTO, 1), (BYTES, 8), (PACKETS, 8)]
    fields4 = [(SRC4, 4), (DST4, 4), *fields[2:]]
    rows = [{**packets.flow(0), SRC6: int(a), DST6: int(INSIDE), BYTES: n} for n, a in enumerate(ADDRESSES)]
    last = {**packets.flow(0), SRC4: packets.ipv4(PLAIN), BYTES: len(ADDRESSES)}
    return packets.ipfix(packets.template_set10(256, fields), packets.template_set10(257, fields4),
                         packets.data_set(256, fields, *rows), packets.data_set(257, fields4, last))


@pytest.fixture(scope="module")
def addressed(tmp_path_factory):
    """Flows from ADDRESSES and PLAIN in a capture and in a store."""
    folder = tmp_path_factory.mktemp("ipv6")
    datagram = addressed_datagram()
    with stores.StoreCollector(folder) as weir, harness.Sender() as sender:
        sender.send(weir.address, datagram)
        weir.wait_total("stored", len(ADDRESSES) + 1)
        weir.finish()
    pcap.write_udp(folder / "flows.pcap", [("192.0.2.9", 4000, "192.0.2.10", 4739, datagram)])
    return folder / "flows.pcap", weir.data


def sources(rows):
    return [row["src_addr"] for row in sorted(rows, key=lambda row: row["bytes"])]


def selected(addressed, where):
    """The source addresses that a filter selects in the stream, which are the same as in the store."""
    capture, data = addressed
    done = run_weir("decode", capture, "--format", "json", "--where", where)
    assert done.returncode == 0, done.stderr
    streamed = sources(harness.parse_lines(done.stdout))
    assert streamed == sources(stores.query(data, "SELECT src_addr, bytes FROM flows", "--where", where))
    return streamed


def expected(matches):
    return [str(same_host(a)) for a in (*ADDRESSES, PLAIN) if matches(same_host(a))]


@pytest.mark.parametrize("length", LENGTHS)
def test_ipv6_networks_end_where_python_says(addressed, length):
    within = expected(lambda address: address in network(length))
    assert 0 < len(within) < len(ADDRESSES)
    assert selected(addressed, f"src net {network(length)}") == within
    assert selected(addressed, f"src net {INSIDE}/{length}") == within
    assert selected(addressed, f"not src net {network(length)}") == expected(lambda a: a not in network(length))
    first, last = network(length)[0], network(length)[-1]
    assert selected(addressed, f"src ip {first}-{last}") == within


# Values of a filter: PLAIN or a network with it; whether that is all of IPv4.
MAPPED_FORMS = {
    "192.0.2.1": False,
    "::ffff:192.0.2.1": False,
    "::ffff:c000:201": False,
    "192.0.2.0/24": False,
    "::ffff:192.0.2.0/120": False,
    "192.0.2.0-192.0.2.9": False,
    "::ffff:192.0.2.0-::ffff:192.0.2.9": False,
    "0.0.0.0/0": True,
    "::ffff:0:0/96": True,
}


@pytest.mark.parametrize("value", MAPPED_FORMS)
def test_a_mapped_address_is_the_ipv4_address(addressed, value):
    """In a filter as in a flow; the Ethertype of the flow stays what the exporter says."""
    matches = (lambda a: a.version == 4) if MAPPED_FORMS[value] else (lambda a: str(a) == PLAIN)
    assert selected(addressed, f"src ip {value}") == expected(matches)
    assert selected(addressed, f"not src ip {value}") == expected(lambda a: not matches(a))
    assert selected(addressed, f"inet and src ip {value}") == [PLAIN]
    assert PLAIN in selected(addressed, f"inet6 and src ip {value}")


def test_two_addresses_of_a_network_stay_two_unless_the_network_is_asked_for(addressed):
    _, data = addressed
    flags = ("--data", data, "--format", "json", "--where", "src net 2001:db8:1:2::/64")
    assert {row["src_addr"] for row in harness.parse_lines(run_weir("flows", *flags).stdout)} == set(NEIGHBOURS)
    top = harness.parse_lines(run_weir("top", "src_addr", *flags).stdout)
    assert {(row["src_addr"], row["flows"]) for row in top} == {(address, 1) for address in NEIGHBOURS}
    [row] = harness.parse_lines(run_weir("top", "src_addr/24/64", *flags).stdout)
    assert (row["src_addr/24/64"], row["flows"]) == ("2001:db8:1:2::/64", 2)
    flags = ("--data", data, "--format", "json", "--where", "src ip 192.0.2.1")
    [row] = harness.parse_lines(run_weir("top", "src_addr", *flags).stdout)
    assert (row["src_addr"], row["flows"]) == (PLAIN, 2)

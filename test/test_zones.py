# SPDX-License-Identifier: Apache-2.0
"""--tz and time_slot(): as Python's zoneinfo says, for every zone of the machine."""

import collections
import csv
import datetime
import itertools
import pathlib
import random
import zoneinfo

import pytest

import harness
import stores
from harness import run_weir
from test_filter_places import LASTS, STARTS, exports, receive_at_the_end
from test_terminal import shown_by
from zones import Zone, seconds_of

SLOTS = ("1h", "6h", "1d", "week", "month", "year")
FIRST, LAST = seconds_of("1971-01-01"), seconds_of("2031-01-01")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A store of flows around the changes of 2026, received when they ended."""
    with stores.StoreCollector(tmp_path_factory.mktemp("zones")) as weir, harness.Sender() as sender:
        sender.send(weir.address, *(datagram for _, datagram in exports(STARTS)))
        weir.wait_total("stored", len(STARTS))
        weir.finish()
    receive_at_the_end(weir.data)
    return weir.data


def ask(*arguments, **kwargs):
    """The rows, without the line of names."""
    done = run_weir(*arguments, "--format", "csv", **kwargs)
    assert done.returncode == 0, done.stderr
    return list(csv.reader(done.stdout.splitlines()))[1:]


# ---- All zones


def installed_zones():
    """The names of each zone, as many have several; by its file."""
    names = collections.defaultdict(list)
    for name in sorted(zoneinfo.available_timezones()):
        file = pathlib.Path("/usr/share/zoneinfo", name)
        if file.exists() and name != "localtime":  # which is what TZ names
            names[file.read_bytes()].append(name)
    return list(names.values())


def interesting_times(zone):
    """In ms: around each change of clocks, and any others."""
    chance = random.Random(7)
    times = {ms for at in zone.changes(FIRST, LAST) for ms in (at * 1000 - 1, at * 1000, at * 1000 + 1_801_234)}
    return sorted(times | {chance.randrange(FIRST * 1000, LAST * 1000) for _ in range(20)})


def assert_as_python(data, names, slots):
    zone = Zone(names[0])
    times = interesting_times(zone)
    moments = sorted({ms // 1000 for ms in times})
    starts = {s: [zone.text(zone.slot(s, length) * 1000) for length in slots] for s in moments}
    wanted = [[zone.text(ms), *starts[ms // 1000]] for ms in times]
    columns = "".join(f", time_slot(t, '{length}')" for length in slots)
    sql = f"SELECT t{columns} FROM (SELECT make_timestamp(unnest({[ms * 1000 for ms in times]})) AS t) ORDER BY t"
    for name in names:
        rows = ask("query", "--data", data, "--tz", name, sql)
        rows = [[text.replace("Z", "+00:00") for text in row] for row in rows]  # Z: zones that are always UTC
        assert rows == wanted, next((name, *pair) for pair in zip(rows, wanted) if pair[0] != pair[1])


# Changes by less than an hour, at midnight, of a day; offsets with seconds until 1972.
ODD_ZONES = {"Africa/Casablanca", "Africa/Monrovia", "America/Caracas", "America/Havana", "America/Santiago",
             "America/St_Johns", "Antarctica/Casey", "Antarctica/Troll", "Asia/Beirut", "Asia/Gaza", "Asia/Kathmandu",
             "Asia/Pyongyang", "Australia/Lord_Howe", "Europe/Berlin", "Europe/Dublin", "Pacific/Apia",
             "Pacific/Kwajalein"}


def test_times_and_slots_of_all_zones_are_those_of_python(data, length):
    zones = installed_zones()
    assert {name for names in zones for name in names} >= ODD_ZONES
    for names in zones:
        assert_as_python(data, length([name for name in names if name in ODD_ZONES] or names[:1], names), SLOTS)


def test_all_minutes_of_years_are_in_their_day_in_any_thread(data):
    first, last = seconds_of("2000-01-01T00:00"), seconds_of("2020-01-01T00:00")
    sql = ("SELECT minutes, count(*) FROM (SELECT time_slot(make_timestamp(s * 1000000), '1d') AS day, count(*) AS "
           f"minutes FROM range({first - 3600}, {last - 3600}, 60) t(s) GROUP BY 1) GROUP BY 1 ORDER BY 1")
    rows = ask("query", "--data", data, "--tz", "Europe/Berlin", "--threads", 4, sql)
    days = (last - first) // 86400
    assert rows == [["1380", "20"], ["1440", str(days - 40)], ["1500", "20"]]


# ---- Times that are given

# Skipped and repeated times of the zone, and others.
GIVEN = [
    ("Europe/Berlin", "2026-03-29T02:30"),
    ("Europe/Berlin", "2026-10-25T02:30"),
    ("Europe/Berlin", "2026-10-25T03:00"),
    ("Europe/Berlin", "2026-10-25T00:00"),
    ("America/New_York", "2026-03-08T02:30"),
    ("America/New_York", "2026-11-01T01:30"),
    ("Asia/Kolkata", "2026-03-29T06:20"),
    ("Australia/Lord_Howe", "2026-10-25T12:10"),
    ("Pacific/Apia", "2026-03-29T14:00"),
    ("America/St_Johns", "2026-03-08T02:00"),
]


def forms(clock):
    texts = [f"{clock:%Y-%m-%dT%H:%M}", f"{clock:%Y-%m-%d %H:%M:%S}", f"{clock:%Y-%m-%dT%H:%M:%S.000}",
             f"{clock:%Y/%m/%d.%H:%M}", f"{clock:%Y/%m/%d.%H:%M:%S}"]
    return texts if clock.hour or clock.minute else [*texts, f"{clock:%Y-%m-%d}", f"{clock:%Y/%m/%d}"]


def starts_of(data, command, zone, *flags):
    """When the flows begin that are selected, s since 1970."""
    what = {"query": ["SELECT time_flow_start_ns FROM flows"], "flows": ["--fields", "time_flow_start_ns", "-n", 999]}
    rows = ask(command, "--data", data, "--tz", zone, *flags, *what[command])
    return sorted(int(row[0]) // 10**9 for row in rows)


@pytest.mark.parametrize("zone, text", GIVEN)
def test_times_without_a_zone_are_of_the_given_one(data, zone, text):
    clock = datetime.datetime.fromisoformat(text)
    at = Zone(zone).at(clock)
    after, before = [s for s in STARTS if s >= at], [s for s in STARTS if s < at]
    assert after and before
    for form in forms(clock):
        assert starts_of(data, "query", zone, "--time", "start", "--since", form) == after, form
        assert starts_of(data, "flows", zone, "--time", "start", "--until", form) == before, form
        if " " not in form:
            assert starts_of(data, "flows", zone, "--where", f"start >= {form}") == after, form
    received = [s for s in STARTS if s + LASTS < at]
    assert starts_of(data, "query", zone, "--where", f"received < {text}") == received
    [[flows]] = [row[1:2] for row in ask("top", "proto_name", "--data", data, "--tz", zone, "--until", text)]
    assert int(flows) == len(received)


def test_a_zone_in_the_text_wins(data):
    after = [s for s in STARTS if s >= seconds_of("2026-10-25T00:30")]
    for text in ("2026-10-25T00:30Z", "2026-10-25T02:30+02:00", "2026-10-25 02:30:00.000 +02:00",
                 "2026-10-24T19:30-05:00"):
        assert starts_of(data, "query", "Asia/Tokyo", "--time", "start", "--since", text) == after
        if " " not in text:
            assert starts_of(data, "query", "Asia/Tokyo", "--where", f"start >= {text}") == after


# ---- Times that are printed


@pytest.mark.parametrize("zone", ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"))
def test_a_printed_time_selects_its_flow_on(data, zone):
    clock = Zone(zone)
    columns = "time_start, time_received"
    wanted = [[clock.text(s * 1000), clock.text((s + LASTS) * 1000)] for s in STARTS]
    if zone == "UTC":
        wanted = [[text.replace("+00:00", "Z") for text in row] for row in wanted]
    assert ask("query", "--data", data, "--tz", zone, f"SELECT {columns} FROM flows ORDER BY ALL") == wanted
    newest = ask("flows", "--data", data, "--tz", zone, "--fields", columns.replace(" ", ""), "-n", 999)
    assert newest == wanted[::-1]
    for (start, received), at in list(zip(wanted, STARTS))[5::9]:
        from_here = [s for s in STARTS if s >= at]
        assert starts_of(data, "flows", zone, "--time", "start", "--since", start) == from_here
        assert starts_of(data, "query", zone, "--since", received) == from_here
        assert starts_of(data, "query", zone, "--where", f"start >= {start}") == from_here


def test_a_time_of_a_table_selects_its_flow_on(data):
    zone, at = "Europe/Berlin", seconds_of("2026-10-25T01:30")
    table = shown_by("query", "--data", data, "--tz", zone, "--no-pager",
                     "SELECT time_start FROM flows WHERE time_start = '2026-10-25 01:30'")
    shown = "2026-10-25 02:30:00.000 +01:00"
    assert shown in table
    assert starts_of(data, "query", zone, "--time", "start", "--since", shown) == [s for s in STARTS if s >= at]


@pytest.mark.parametrize("zone, every", [*itertools.product(
    ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Etc/UTC"), ("1h", "2h", "6h", "1d"))])
def test_top_counts_per_interval_of_the_zone(data, zone, every):
    clock = Zone(zone)
    counts = collections.Counter(clock.slot(s + LASTS, every) for s in STARTS)
    rows = ask("top", "proto_name", "--data", data, "--tz", zone, "--every", every)
    wanted = [[clock.text(at * 1000), "TCP", str(counts[at])] for at in sorted(counts)]
    if zone == "Etc/UTC":
        wanted = [[text.replace("+00:00", "Z"), *row] for text, *row in wanted]
    assert [row[:3] for row in rows] == wanted
    at = sorted(counts)[len(counts) // 2]
    later = ask("top", "proto_name", "--data", data, "--tz", zone, "--every", every, "--since", clock.text(at * 1000))
    assert [row[:3] for row in later] == [row[:3] for row in rows[len(counts) // 2 :]]


def test_top_says_from_when_to_when_by_the_clock_of_the_zone(data):
    done = run_weir("top", "--data", data, "--tz", "Asia/Kolkata")
    assert "flows received from 2026-03-08 09:35:00 to 2026-11-01 14:35:00 Asia/Kolkata" in done.stderr


# ---- Which zone


def test_the_local_zone_is_that_of_the_environment(data):
    sql = "SELECT time_start, time_slot(time_start, '1d') FROM flows ORDER BY 1 LIMIT 3"
    local = ask("query", "--data", data, "--tz", "local", sql, env={"TZ": "Asia/Kolkata"})
    assert local == ask("query", "--data", data, "--tz", "Asia/Kolkata", sql)
    assert local[0] == ["2026-03-08T09:30:00.000+05:30", "2026-03-08T00:00:00.000+05:30"]
    assert ask("query", "--data", data, "--tz", "UTC", sql) == ask("query", "--data", data, sql)


@pytest.mark.parametrize("command", (["query", "SELECT 1"], ["top"], ["flows"]))
def test_a_zone_that_the_machine_has_not_is_a_mistake(data, command):
    for zone in ("Europe/Berlim", "../../etc/passwd", "/etc/localtime", "CET-1CEST", "+01:00", "x" * 9000):
        done = run_weir(*command, "--data", data, "--tz", zone)
        assert (done.returncode, done.stdout) == (2, "")
        assert f'--tz: "{zone}" is no time zone of this machine; write Europe/Berlin, UTC or local' in done.stderr
    done = run_weir(*command, "--data", data, "--tz", "local", env={"TZ": "CET-1CEST,M3.5.0,M10.5.0/3"})
    assert done.returncode == 2
    assert '--tz local: the variable TZ, "CET-1CEST,M3.5.0,M10.5.0/3", names no time zone' in done.stderr


@pytest.mark.parametrize("zone", ("UTC", "Europe/Berlin"))
def test_intervals_of_top_are_whole_seconds(data, zone):
    done = run_weir("top", "--data", data, "--tz", zone, "--every", "1500ms")
    assert done.returncode == 2
    assert '--every: "1500ms" is no interval of whole seconds; write 5m, 1h or 1d' in done.stderr


def test_a_wrong_length_of_a_slot_is_a_mistake(data):
    done = run_weir("query", "--data", data, "SELECT time_slot(time_start, '1 fortnight') FROM flows")
    assert done.returncode == 2
    assert "time_slot: '1 fortnight' is no length of time; write 5m, 6h, 1d, week, month or year" in done.stderr


def test_names_of_protocols_in_any_case(data):
    for condition, found in {"proto_name = 'tcp'": True, "etype_name IN ('ipv4')": True, "proto_name <> 'tcp'": False,
                             "proto_name LIKE 'tc%'": False}.items():
        assert stores.count(data, condition) == (len(STARTS) if found else 0), condition
    assert [row[0] for row in ask("top", "proto_name", "--data", data, "--where", "proto tcp")] == ["TCP"]

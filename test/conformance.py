# SPDX-License-Identifier: Apache-2.0
"""Compares Weir's totals of every real capture with those of independent decoders: `./dev conformance`.

    conformance.py [--format table|csv] [--only WRONG,explained] [PART OF A FILE'S NAME]

Prints one line per value: first the consensus of the other decoders for each capture, then the values that other
projects' tests expect (goldens). A value is `equal`, `explained` (captures_explained.tsv and goldens_explained.tsv have
the correct value and the reason) or WRONG. The last line, on stderr, counts them; the exit code is 1 if any is WRONG.
"""

import argparse
import collections
import concurrent.futures
import csv
import datetime
import os
import pathlib
import sys
from typing import NamedTuple, Optional

import pytest

import captures
import harness

HERE = pathlib.Path(__file__).resolve().parent
COLUMNS = ("records", "octets", "packets", "first", "last")
EQUAL, EXPLAINED, WRONG = "equal", "explained", "WRONG"


class Value(NamedTuple):
    """One number from Weir and the corresponding number of another source; times in ns."""

    file: str  # the first file, if a golden covers several together
    source: str  # "consensus", or a golden's name
    column: str
    weir: Optional[int]
    theirs: int
    result: str
    why: str


def _explanations(path, key):
    with open(path, newline="") as table:
        rows = list(csv.DictReader((line for line in table if not line.startswith("#")), delimiter="\t"))
    found = {(row[key], row["column"]): row for row in rows}
    assert len(found) == len(rows), f"{path} has two explanations for one value"
    return found


def explained():
    """{(file, column): its row of captures_explained.tsv or sflow_explained.tsv}"""
    found = {}
    for name in ("captures_explained.tsv", "sflow_explained.tsv"):
        if (HERE / name).exists():
            found |= _explanations(HERE / name, "file")
    return found


def explained_goldens():
    """{(golden, column): its row of goldens_explained.tsv}"""
    return _explanations(HERE / "goldens_explained.tsv", "golden")


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


def all_totals(files):
    """{file: the totals of what `weir decode` prints}"""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(files, pool.map(lambda f: totals(decoded(f)), files)))


def _judge(weir, theirs, tolerance, exception):
    if weir is not None and abs(weir - theirs) <= tolerance:
        return (WRONG, "explained as a difference, but equal: remove the explanation") if exception else (EQUAL, "")
    if exception and weir is not None and abs(weir - int(exception["expected"])) <= tolerance:
        return EXPLAINED, exception["reason"]
    return WRONG, f"explained value: {exception['expected']} ({exception['reason']})" if exception else ""


def compare(unit, got, exceptions):
    """The values of one unit, compared with the consensus."""
    found = []
    for column in COLUMNS:
        theirs = getattr(unit, column)
        exception = exceptions.get((unit.file, column))
        if theirs is None:
            continue
        tolerance = unit.tolerance_ns if column in ("first", "last") else 0
        result, why = _judge(got[column], theirs, tolerance, exception)
        if result == WRONG:
            why = why or unit.notes
        found.append(Value(unit.file, "consensus", column, got[column], theirs, result, why))
    return found


def compare_golden(golden, got, exceptions):
    """The values of one golden, compared with the sums over its units."""
    found = []
    for column in ("records", "octets", "packets"):
        theirs = getattr(golden, column)
        if theirs is None:
            continue
        weir = sum(got[file][column] for file in golden.files)
        result, why = _judge(weir, theirs, 0, exceptions.get((golden.name, column)))
        found.append(Value(golden.files[0], golden.name, column, weir, theirs, result, why))
    return found


def compare_all(part=""):
    """Every value of every unit whose name contains `part`."""
    units = captures.units()
    units = [u for u in units if part in u.file]
    got = all_totals([u.file for u in units])
    exceptions, golden_exceptions = explained(), explained_goldens()
    goldens = [g for g in captures.goldens() if all(file in got for file in g.files)]
    values = []
    for unit in units:
        values += compare(unit, got[unit.file], exceptions)
        for golden in goldens:
            if golden.files[0] == unit.file:
                values += compare_golden(golden, got, golden_exceptions)
    return values


# ---- printing


def _shown(value):
    if value.column in ("first", "last"):
        return _time(value.weir), _time(value.theirs)
    return str(value.weir), str(value.theirs)


def _time(ns):
    if ns is None:
        return "-"
    whole = datetime.datetime.fromtimestamp(ns // 10**9, datetime.timezone.utc)
    return whole.strftime("%Y-%m-%dT%H:%M:%S") + f".{ns % 10**9 // 10**6:03}Z"


HEAD = ("file", "source", "column", "weir", "theirs", "result", "why")


def print_table(values, out):
    rows = [HEAD] + [(v.file, v.source, v.column, *_shown(v), v.result, v.why) for v in values]
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    for row in rows:
        sides = (str.ljust, str.ljust, str.ljust, str.rjust, str.rjust, str.ljust)
        cells = [side(cell, width) for side, cell, width in zip(sides, row, widths)]
        print("  ".join([*cells, row[6]]).rstrip(), file=out)


def print_csv(values, out):
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEAD)
    writer.writerows((v.file, v.source, v.column, *_shown(v), v.result, v.why) for v in values)


def summary(values):
    count = collections.Counter(v.result for v in values)
    files = len({v.file for v in values})
    goldens = len({v.source for v in values} - {"consensus"})
    return (
        f"{files} captures, {goldens} goldens, {len(values)} values: {count[EQUAL]} equal, "
        f"{count[EXPLAINED]} explained, {count[WRONG]} WRONG"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--format", choices=("table", "csv"), default="table")
    parser.add_argument("--only", help="results to print, comma-separated: equal, explained, WRONG (default: all)")
    parser.add_argument("part", nargs="?", default="", help="only captures whose name contains this")
    options = parser.parse_args()
    try:
        values = compare_all(options.part)
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:
        print(f"conformance: {missing}", file=sys.stderr)
        return 2
    only = options.only.split(",") if options.only else (EQUAL, EXPLAINED, WRONG)
    shown = [v for v in values if v.result in only]
    (print_csv if options.format == "csv" else print_table)(shown, sys.stdout)
    print(summary(values), file=sys.stderr)
    return 1 if any(v.result == WRONG for v in values) else 0


if __name__ == "__main__":
    sys.exit(main())

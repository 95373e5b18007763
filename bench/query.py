#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares query times on the same records: Weir's store and nfdump.

    bench/query.py                   with 5 M generated NetFlow v9 records
    bench/query.py --csv FILE        with 5 M records: the flows of a file, repeated

Both collectors receive the same records (the same seed, or file). Every query runs on both in turn, --runs times, with
a warm page cache; the times include the start of the process. The results must be equal. The medians are printed to
stdout, the raw results are written to bench/results/. The exit code is 1 if a result differs or a record is missing.
"""

import argparse
import csv
import datetime
import io
import json
import pathlib
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import collectors
import side_by_side

FLOW = "src_addr, dst_addr, src_port, dst_port, proto, packets, bytes"


def fill(kind, options, folder):
    """Runs the collector for the whole load; returns what was sent."""
    folder.mkdir(parents=True)
    collector = kind(side_by_side.free_port(socket.SOCK_DGRAM), side_by_side.free_port(socket.SOCK_STREAM), folder)
    try:
        sent = side_by_side.generate(collector.port, options, options.records, options.rate)
        collector.drain()
        collector.stop()
    finally:
        collector.kill()
    kept = collector.kept(sent)
    side_by_side.report(f"{kind.name}: {kept} of {sent['records']} records in {collector.bytes_on_disk()} bytes")
    if kept != sent["records"]:
        sys.exit(f"query: {kind.name} lost records; use a lower --rate")
    return {"sent": sent, "bytes_on_disk": collector.bytes_on_disk()}


def weir(options, command, *arguments):
    return [collectors.weir_binary(), command, "--data", str(options.data), "--format", "csv", *arguments]


def nfdump(options, *arguments):
    return [collectors.program("nfdump"), "-R", str(options.nfcapd), "-N", *arguments]


def timed(command):
    """(seconds, CPU seconds, output) of a process from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "TZ": "UTC"})
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"query: {' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return round(seconds, 4), round(cpu, 4), done.stdout


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def top_of_nfdump(text):
    """The rows of nfdump's csv, which ends with an empty line and a summary."""
    return [(r["val"], int(r["fl"]), int(r["pkt"]), int(r["byt"])) for r in rows(text.split("\n\n")[0])]


def top_of_weir(text):
    return [(r["src_addr"], int(r["flows"]), int(r["packets"]), int(r["bytes"])) for r in rows(text)]


def icmp_as_nfdump(row):
    """nfdump prints type.code as the port of ICMP; the ports of ICMP are removed on both sides."""
    source, destination, source_port, destination_port, proto, packets, octets = row
    return (source, destination, 0, 0, proto, packets, octets) if proto in (1, 58) else row


def flows_of_weir(text):
    names = FLOW.split(", ")
    found = ((r["src_addr"], r["dst_addr"], *(int(r[n]) for n in names[2:])) for r in rows(text))
    return sorted(icmp_as_nfdump(row) for row in found)


def flows_of_nfdump(text):
    found = []
    for line in text.splitlines():
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 7:
            continue
        proto = int(parts[4])
        ports = (0, 0) if proto in (1, 58) else (int(parts[2]), int(parts[3]))
        found.append((parts[0], parts[1], *ports, proto, int(parts[5]), int(parts[6])))
    return sorted(found)


def choose_needle(options, fewest=5, most=200):
    """An address with few flows; the choice does not depend on the order of the addresses."""
    *_, text = timed(weir(options, "query", "SELECT src_addr, count(*) AS n FROM flows GROUP BY 1 HAVING n BETWEEN "
                                           f"{fewest} AND {most} ORDER BY md5(src_addr) LIMIT 1"))
    return rows(text)[0]["src_addr"]


def choose_busy(options):
    """An address with about a fortieth of the flows of the generator's traffic."""
    *_, text = timed(weir(options, "query", "SELECT src_addr, count(*) AS n FROM flows GROUP BY 1 ORDER BY n DESC LIMIT 1 "
                                           "OFFSET 2"))
    return rows(text)[0]["src_addr"]


def lines_of_weir(text):
    return [text.count("\n") - 1]


def lines_of_nfdump(text):
    return [text.count("\n")]


def questions(options):
    """name: (Weir's command, its reader, nfdump's command, its reader)"""
    needle, rare = choose_needle(options), choose_needle(options, 2, 20)
    side_by_side.report(f"the address with few flows is {needle}, the rare one {rare}")
    busy = choose_busy(options)
    listed = ("--fields", FLOW.replace(" ", ""), "-n", "1000", "--where")
    form = "fmt:%sa|%da|%sp|%dp|%pr|%pkt|%byt"
    return needle, {
        "top-10 sources by bytes (weir top)": (
            weir(options, "top", "src_addr", "--by", "bytes", "-n", "10"), top_of_weir,
            nfdump(options, "-s", "srcip/bytes", "-n", "10", "-o", "csv"), top_of_nfdump),
        "top-10 sources by bytes (SQL)": (
            weir(options, "query", "SELECT src_addr, count(*) AS flows, sum(packets) AS packets, sum(bytes) AS bytes FROM "
                                   "flows GROUP BY 1 ORDER BY bytes DESC LIMIT 10"), top_of_weir,
            nfdump(options, "-s", "srcip/bytes", "-n", "10", "-o", "csv"), top_of_nfdump),
        "flows from one address": (
            weir(options, "query", f"SELECT {FLOW} FROM flows WHERE src_addr = '{needle}'"), flows_of_weir,
            nfdump(options, "-q", "-6", "-o", form, f"src ip {needle}"), flows_of_nfdump),
        "flows from or to one address": (
            weir(options, "query", f"SELECT {FLOW} FROM flows WHERE src_addr = '{needle}' OR dst_addr = '{needle}'"),
            flows_of_weir,
            nfdump(options, "-q", "-6", "-o", form, f"ip {needle}"), flows_of_nfdump),
        "whole rows of a busy address, as CSV": (
            weir(options, "query", f"SELECT * FROM flows WHERE src_addr = '{busy}'"), lines_of_weir,
            nfdump(options, "-q", "-6", "-o", "csv", f"src ip {busy}"), lines_of_nfdump),
        "flows from a rare address (weir flows)": (
            weir(options, "flows", *listed, f"src ip {rare}"), flows_of_weir,
            nfdump(options, "-q", "-6", "-o", form, f"src ip {rare}"), flows_of_nfdump),
        "flows from or to a rare address (weir flows)": (
            weir(options, "flows", *listed, f"ip {rare}"), flows_of_weir,
            nfdump(options, "-q", "-6", "-o", form, f"ip {rare}"), flows_of_nfdump),
    }


def ask(options):
    needle, asked = questions(options)
    results = []
    for name, (weir_command, weir_reader, nfdump_command, nfdump_reader) in asked.items():
        runs = {"weir": [], "nfdump": []}
        for _ in range(options.runs + 1):
            runs["weir"].append(timed(weir_command))
            runs["nfdump"].append(timed(nfdump_command))
        ours, theirs = weir_reader(runs["weir"][-1][2]), nfdump_reader(runs["nfdump"][-1][2])
        kept = {who: [run[:2] for run in each[1:]] for who, each in runs.items()}  # the first run warmed the page cache
        medians = {who: statistics.median(seconds for seconds, _ in each) for who, each in kept.items()}
        cpu = {who: statistics.median(cpu for _, cpu in each) for who, each in kept.items()}
        results.append({"question": name, "rows": len(ours), "equal": ours == theirs and len(ours) > 0,
                        "weir_seconds": medians["weir"], "nfdump_seconds": medians["nfdump"],
                        "times_faster": round(medians["nfdump"] / medians["weir"], 2), "weir_cpu_seconds": cpu["weir"],
                        "nfdump_cpu_seconds": cpu["nfdump"], "runs": kept,
                        "commands": {"weir": weir_command, "nfdump": nfdump_command}})
        if not results[-1]["equal"]:
            side_by_side.report(f"{name}: results differ\nweir   {ours[:3]}\nnfdump {theirs[:3]}")
    return needle, results


def print_results(results):
    print(f"{'query':<45} {'rows':>6} {'weir s':>8} {'nfdump s':>9} {'faster':>7} {'weir CPU-s':>10} "
          f"{'nfdump CPU-s':>12}  results")
    for r in results:
        print(f"{r['question']:<45} {r['rows']:>6} {r['weir_seconds']:>8.3f} {r['nfdump_seconds']:>9.3f} "
              f"{r['times_faster']:>6.1f}x {r['weir_cpu_seconds']:>10.3f} {r['nfdump_cpu_seconds']:>12.3f}  "
              f"{'equal' if r['equal'] else 'DIFFER'}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", help="send the flows of this file (weir gen --csv), repeatedly")
    parser.add_argument("--protocol", choices=("v5", "v9", "ipfix"), default="v9")
    parser.add_argument("--records", type=int, default=5_000_000)
    parser.add_argument("--rate", type=int, default=400_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--exporters", type=int, default=8)
    parser.add_argument("--ipv6", type=float, default=0.1, help="share of IPv6 records")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--filled", type=pathlib.Path, help="folder that an earlier run with --keep has filled")
    parser.add_argument("--keep", type=pathlib.Path, help="folder to fill, which is not removed")
    parser.add_argument("--scratch", help="folder in which both write (default: the system's temporary folder)")
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    options.templates, options.variable = 1, False
    options.flows = 21  # a fixed number per datagram; otherwise template times decide how many each exporter sends
    return options


def main():
    options = parse_arguments()
    machine = side_by_side.facts()
    with tempfile.TemporaryDirectory(prefix="weir-bench-", dir=options.scratch) as folder:
        folder = options.filled or options.keep or pathlib.Path(folder)
        filled = None if options.filled else {kind.name: fill(kind, options, folder / kind.name)
                                              for kind in (collectors.NfcapdLz4, collectors.WeirStore)}
        options.data, options.nfcapd = folder / "weir-store" / "data", folder / "nfcapd-lz4" / "flows"
        needle, results = ask(options)
    print_results(results)
    now = datetime.datetime.now(datetime.timezone.utc)
    output = options.output or collectors.REPOSITORY / "bench" / "results" / f"query-{now:%Y%m%dT%H%M%SZ}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    chosen = {key: str(value) if isinstance(value, pathlib.Path) else value for key, value in vars(options).items()}
    output.write_text(json.dumps({"machine": machine, "options": chosen, "filled": filled, "needle": needle,
                                  "summary": results}, indent=1) + "\n")
    side_by_side.report(f"raw runs: {output}")
    return 0 if all(r["equal"] for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The cost of decoding for different kinds of input: CPU-seconds per million records of `weir collect --no-store`.

    bench/scenarios.py                                   every scenario, 5 runs each
    bench/scenarios.py --scenarios v9,ipfix-variable --runs 3 --records 1000000

A scenario is a load of `weir gen`. First each exporter sends its templates and a few records, then the load pauses.
Only what follows is measured: the cost of a collector that knows its exporters. No templates are sent in this part. The
runs of the scenarios alternate, so that a machine that slows down affects all of them alike; a run counts only if every
record sent is in Weir's ledger. The table is printed to stdout; the raw results and a description of the machine are
written to bench/results/ (or --output). The exit code is 1 if any run lost records.
"""

import argparse
import datetime
import json
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import collectors
import side_by_side

# Flags of weir gen; the number of template ids is per address family.
SCENARIOS = {
    "v9": {"protocol": "v9", "exporters": 8},
    "ipfix": {"protocol": "ipfix", "exporters": 8},
    "ipfix-variable": {"protocol": "ipfix", "exporters": 8, "variable": True},
    "sflow": {"protocol": "sflow", "exporters": 8, "ipv6": None},
    # The same number of records per datagram in both: otherwise an exporter that sends little fills its last one less.
    # Half a minute, in which the ledger of ten thousand exporters is saved once.
    "4-exporters": {"protocol": "v9", "exporters": 4, "templates": 5, "flows": 20, "seconds": 30},
    "10000-exporters": {"protocol": "v9", "exporters": 10_000, "templates": 5, "flows": 20, "seconds": 30},
}


RECORDS_TO_KNOW = 20  # of each template of each exporter, before the measurement
PAUSE_SECONDS = 4


def load_of(name):
    """The options of side_by_side.generate for a scenario, and how long it is sent unless --records is given."""
    defaults = {"csv": None, "ipv6": 0.1, "flows": None, "seed": 1, "templates": 1, "variable": False,
                "seconds": 7}
    return argparse.Namespace(**{**defaults, **SCENARIOS[name]})


def counting(workers):
    """weir collect with this number of workers. Which worker serves a sender is random, and the cost depends on it."""
    return type("WeirCount", (collectors.WeirCount,), {"flags": ["--workers", str(workers)]})


def run_once(name, options):
    """Sends one load to one collector that knows the exporters; returns what was sent and kept, and the cost."""
    load, port = load_of(name), side_by_side.free_port(socket.SOCK_DGRAM)
    warm_up = RECORDS_TO_KNOW * load.exporters * load.templates
    records = options.records or load.seconds * options.rate
    flags = ["--pause", f"{warm_up}:{PAUSE_SECONDS}s"]
    if load.protocol != "sflow":
        flags += ["--template-every", "1h"]
    with tempfile.TemporaryDirectory(prefix="weir-bench-", dir=options.scratch) as folder:
        collector = counting(options.workers)(port, 0, pathlib.Path(folder))
        try:
            gen = subprocess.Popen(side_by_side.gen_command(port, load, warm_up + records, options.rate, *flags),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            first = int(re.search(r"pausing after (\d+) records", gen.stderr.readline()).group(1))
            paused_at = time.monotonic()
            collector.drain()
            known = collector.cpu_seconds()
            if time.monotonic() - paused_at > PAUSE_SECONDS:
                raise RuntimeError(f"{name}: the collector was still busy at the end of the pause")
            sent = json.loads(gen.communicate()[0])
            collector.drain()
            cpu, drops, peak = collector.cpu_seconds() - known, collector.drops(), collector.peak_bytes()
            collector.stop()
        finally:
            collector.kill()
        kept, measured = collector.kept(sent), sent["records"] - first
    return {"scenario": name, "rate": options.rate, "sent": measured, "warm_up": first, "datagrams": sent["datagrams"],
            "kept": kept - first, "kernel_drops": drops, "cpu_seconds": round(cpu, 4),
            "cpu_seconds_before": round(known - collector.cpu_at_start, 4),
            "cpu_per_million": round(cpu / measured * 1e6, 4), "peak_rss_bytes": peak,
            "lossless": kept == sent["records"] and drops == 0}


def choose(options):
    names = options.scenarios.split(",") if options.scenarios else list(SCENARIOS)
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        sys.exit(f"scenarios: no scenario {unknown[0]!r}; there are {', '.join(SCENARIOS)}")
    command = [collectors.weir_binary(), "gen", "--help"]
    help_text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    left_out = [name for name in names if SCENARIOS[name]["protocol"] not in help_text]
    for name in left_out:
        side_by_side.report(f"skipped {name}: weir gen does not send it")
    return [name for name in names if name not in left_out]


def measure(names, options):
    runs = []
    for number in range(options.runs):
        for name in names:
            run = run_once(name, options)
            runs.append(run)
            side_by_side.report(f"run {number + 1}/{options.runs} {name}: {run['cpu_per_million']:.3f} CPU-s/M, kept "
                                f"{run['kept']} of {run['sent']}, {run['kernel_drops']} kernel drops")
    return runs


def summarise(names, runs):
    rows = []
    for name in names:
        own = [run for run in runs if run["scenario"] == name]
        good = [run["cpu_per_million"] for run in own if run["lossless"]]
        rows.append({"scenario": name, "sent": own[0]["sent"], "datagrams": own[0]["datagrams"], "runs": len(own),
                     "lossless_runs": len(good), "cpu_per_million": statistics.median(good) if good else None,
                     "cpu_least": min(good, default=None), "cpu_most": max(good, default=None),
                     "peak_rss_bytes": statistics.median(run["peak_rss_bytes"] for run in own)})
    return rows


def print_table(rows):
    cell = side_by_side.cell
    print(f"{'scenario':<16} {'records':>9} {'datagrams':>9} {'CPU-s/M':>8} {'least':>7} {'most':>7} {'peak MiB':>8} "
          f"{'runs':>5}")
    for r in rows:
        print(f"{r['scenario']:<16} {r['sent']:>9} {r['datagrams']:>9} {cell(r['cpu_per_million'], '.3f'):>8} "
              f"{cell(r['cpu_least'], '.3f'):>7} {cell(r['cpu_most'], '.3f'):>7} "
              f"{r['peak_rss_bytes'] / (1 << 20):>8.1f} {r['lossless_runs']:>2}/{r['runs']}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenarios", help=f"comma-separated list of: {', '.join(SCENARIOS)} (default: all)")
    parser.add_argument("--records", type=int, help="records per run (default: 7 s of them; with many exporters 30 s)")
    parser.add_argument("--rate", type=int, default=300_000, help="records/s")
    parser.add_argument("--workers", type=int, default=0, help="threads of the collector (default: one per core)")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--scratch", help="folder for the collector's files (default: the system's temporary folder)")
    parser.add_argument("--output", type=pathlib.Path, help="JSON file (default: bench/results/scenarios-<time>.json)")
    return parser.parse_args()


def main():
    options = parse_arguments()
    names = choose(options)
    machine = side_by_side.facts()
    runs = measure(names, options)
    rows = summarise(names, runs)
    print_table(rows)
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    output = options.output or collectors.REPOSITORY / "bench" / "results" / f"scenarios-{stamp}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    chosen = {key: str(value) if isinstance(value, pathlib.Path) else value for key, value in vars(options).items()}
    result = {"machine": machine, "options": chosen, "scenarios": {name: SCENARIOS[name] for name in names},
              "summary": rows, "runs": runs}
    output.write_text(json.dumps(result, indent=1) + "\n")
    side_by_side.report(f"raw runs: {output}")
    return 0 if all(run["lossless"] for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares collectors under the same generated load, on this machine.

    bench/side_by_side.py                        CPU per million records, at a rate that all of them handle without loss
    bench/side_by_side.py --lossless             the highest rate at which a collector loses no record
    bench/side_by_side.py --csv FILE             with the flows of a file (weir gen --csv) instead of generated ones
    bench/side_by_side.py --collectors nfcapd-lz4,weir-store     the cost of storing: CPU, bytes per record, memory

Each figure is the median of --runs runs; the runs of the collectors alternate, so that a machine that slows down
affects all of them alike. A run counts only if the collector's own count of records equals what was sent. The table is
printed to stdout; the raw results and a description of the machine are written to bench/results/ (or --output). The
exit code is 1 if any run lost records.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile

import collectors


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def gen_command(port, options, records, rate, *more):
    command = [collectors.weir_binary(), "gen", "--to", f"127.0.0.1:{port}", "--protocol", options.protocol, "--total",
               str(records), "--rate", str(rate), "--exporters", str(options.exporters), "--seed", str(options.seed),
               "--format", "json"]
    if options.csv:
        command += ["--csv", options.csv]
    elif options.protocol != "v5" and options.ipv6 is not None:
        command += ["--ipv6", str(options.ipv6)]
    if options.templates > 1:
        command += ["--templates", str(options.templates)]
    if options.variable:
        command += ["--variable"]
    if options.flows:
        command += ["--flows", str(options.flows)]
    return [*command, *more]


def generate(port, options, records, rate):
    command = gen_command(port, options, records, rate)
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def run_once(kind, options, records, rate):
    """Sends one load to one collector; returns what was sent, kept and dropped, and the cost."""
    with tempfile.TemporaryDirectory(prefix="weir-bench-", dir=options.scratch) as folder:
        collector = kind(free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM), pathlib.Path(folder))
        try:
            sent = generate(collector.port, options, records, rate)
            collector.drain()
            drops, peak, threads = collector.drops(), collector.peak_bytes(), collector.thread_seconds()
            collector.before_stop()
            cpu = collector.stop()
        finally:
            collector.kill()
        kept, stored_bytes = collector.kept(sent), collector.bytes_on_disk()
    million = sent["records"] / 1e6
    return {"collector": kind.name, "rate_asked": rate, "rate": sent["rate"], "sent": sent["records"],
            "datagrams": sent["datagrams"], "kept": kept, "kernel_drops": drops, "cpu_seconds": round(cpu, 4),
            "cpu_per_million": round(cpu / million, 4), "peak_rss_bytes": peak,
            "bytes_on_disk": stored_bytes, "bytes_per_record": round(stored_bytes / kept, 3) if stored_bytes and kept else None,
            "cpu_by_thread_before_stop": threads, "lossless": kept == sent["records"] and drops == 0}


def report(text):
    print(text, file=sys.stderr, flush=True)


# ---- CPU

def measure_cpu(kinds, options):
    runs = []
    for number in range(options.runs):
        for kind in kinds:
            run = run_once(kind, options, min(options.records, kind.most_records), min(options.rate, kind.most_rate))
            runs.append(run)
            report(f"run {number + 1}/{options.runs} {kind.name}: {run['cpu_per_million']:.3f} CPU-s/M, kept "
                   f"{run['kept']} of {run['sent']}, {run['kernel_drops']} kernel drops")
    return runs


def summarise_cpu(kinds, runs):
    rows = []
    for kind in kinds:
        own = [r for r in runs if r["collector"] == kind.name]
        good = [r["cpu_per_million"] for r in own if r["lossless"]]
        rows.append({"collector": kind.name, "rate": own[0]["rate_asked"], "sent": own[0]["sent"], "runs": len(own),
                     "lossless_runs": len(good), "cpu_per_million": statistics.median(good) if good else None,
                     "bytes_per_record": next((r["bytes_per_record"] for r in own if r["lossless"]), None),
                     "cpu_least": min(good, default=None), "cpu_most": max(good, default=None),
                     "peak_rss_bytes": statistics.median(r["peak_rss_bytes"] for r in own),
                     "kernel_drops": sum(r["kernel_drops"] for r in own),
                     "missing_records": sum(r["sent"] - r["kept"] for r in own)})
    for reference in ("floor", "nfcapd", "nfcapd-lz4"):
        base = next((r["cpu_per_million"] for r in rows if r["collector"] == reference), None)
        for row in rows:
            known = base and row["cpu_per_million"] is not None
            row[f"times_{reference}"] = round(row["cpu_per_million"] / base, 2) if known else None
    return rows


def cell(value, form):
    return "-" if value is None else format(value, form)


def print_cpu(rows):
    print(f"{'collector':<14} {'records/s':>9} {'records':>9} {'CPU-s/M':>8} {'least':>7} {'most':>7} {'x floor':>8} "
          f"{'x nfcapd':>8} {'x lz4':>6} {'B/rec':>6} {'peak MiB':>8} {'drops':>7} {'missing':>8} {'runs':>5}")
    for r in rows:
        print(f"{r['collector']:<14} {r['rate']:>9} {r['sent']:>9} {cell(r['cpu_per_million'], '.3f'):>8} "
              f"{cell(r['cpu_least'], '.3f'):>7} {cell(r['cpu_most'], '.3f'):>7} {cell(r['times_floor'], '.2f'):>8} "
              f"{cell(r['times_nfcapd'], '.2f'):>8} "
              f"{cell(r['times_nfcapd-lz4'], '.2f'):>6} {cell(r['bytes_per_record'], '.2f'):>6} "
              f"{r['peak_rss_bytes'] / (1 << 20):>8.1f} {r['kernel_drops']:>7} "
              f"{r['missing_records']:>8} {r['lossless_runs']:>2}/{r['runs']}")


# ---- lossless rate

def holds(kind, options, rate, runs):
    """Whether `runs` loads in a row at this rate lose nothing; None if the generator does not reach the rate."""
    for _ in range(options.repeat):
        run = run_once(kind, options, max(10_000, int(rate * options.seconds)), int(rate))
        runs.append(run)
        report(f"{kind.name} at {rate / 1e3:,.0f} k/s (sent at {run['rate'] / 1e3:,.0f}): "
               f"{'lossless' if run['lossless'] else str(run['kernel_drops']) + ' drops'}")
        if not run["lossless"]:
            return False
        if run["rate"] < 0.95 * rate:
            return None
    return True


def find_lossless(kind, options, runs):
    """Doubles until a rate fails, then halves the interval down to --precision."""
    low, high = 0.0, float(options.start)
    while high <= options.most:
        answer = holds(kind, options, high, runs)
        if answer is None:
            return {"collector": kind.name, "lossless_rate": round(runs[-1]["rate"]), "bounded_by": "generator"}
        if not answer:
            break
        low, high = high, high * 2
    else:
        return {"collector": kind.name, "lossless_rate": round(low), "bounded_by": "--most"}
    while high - low > options.precision * high and high > 1_000:
        middle = (low + high) / 2
        answer = holds(kind, options, middle, runs)
        low, high = (middle, high) if answer else (low, middle)
    return {"collector": kind.name, "lossless_rate": round(low), "bounded_by": "drops"}


def measure_lossless(kinds, options):
    runs, rows = [], []
    for kind in kinds:
        rows.append(find_lossless(kind, options, runs))
    return runs, rows


def print_lossless(rows):
    print(f"{'collector':<14} {'lossless records/s':>19}  bounded by")
    for r in rows:
        print(f"{r['collector']:<14} {r['lossless_rate']:>19,}  {r['bounded_by']}")


# ---- facts

def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
        return (done.stdout + done.stderr).strip().splitlines()[0]
    except (OSError, IndexError, subprocess.SubprocessError):
        return None


def facts():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    goflow2 = collectors.program("goflow2")
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cpus": os.cpu_count(), "cpu_model": model.group(1) if model else platform.machine(),
        "kernel": platform.release(), "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "rmem_max": int(pathlib.Path("/proc/sys/net/core/rmem_max").read_text()), "load_before": os.getloadavg(),
        "weir": first_line("git", "-C", str(collectors.REPOSITORY), "describe", "--always", "--dirty"),
        "nfcapd": first_line("nfcapd", "-V"), "goflow2": first_line(goflow2, "-v") if goflow2 else None,
    }


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lossless", action="store_true", help="find the highest lossless rate instead of the CPU cost")
    parser.add_argument("--collectors", help=f"comma-separated: {', '.join(collectors.ALL)} (default: all installed)")
    parser.add_argument("--protocol", choices=("v5", "v9", "ipfix"), default="v9")
    parser.add_argument("--csv", help="send the flows of this file (weir gen --csv), repeatedly")
    parser.add_argument("--records", type=int, default=2_000_000, help="records per run (a slow collector gets fewer)")
    parser.add_argument("--rate", type=int, default=500_000, help="records/s (a slow collector gets a lower one)")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--exporters", type=int, default=8)
    parser.add_argument("--ipv6", type=float, default=0.1, help="share of IPv6 records")
    parser.add_argument("--templates", type=int, default=1, help="template ids of each address family, used in turn")
    parser.add_argument("--variable", action="store_true", help="ipfix: send records with a field of variable length")
    parser.add_argument("--flows", type=int, help="records per datagram (default: what fits 1,400 bytes)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=20_000, help="--lossless: first rate tried")
    parser.add_argument("--most", type=int, default=8_000_000, help="--lossless: highest rate tried")
    parser.add_argument("--seconds", type=float, default=3, help="--lossless: duration of a load")
    parser.add_argument("--repeat", type=int, default=2, help="--lossless: loads in a row that must be without loss")
    parser.add_argument("--precision", type=float, default=0.05, help="--lossless: precision of the rate, relative")
    parser.add_argument("--scratch", help="folder for the collectors' files (default: the system's temporary folder)")
    parser.add_argument("--output", type=pathlib.Path, help="JSON file (default: bench/results/<mode>-<protocol>-<time>.json)")
    return parser.parse_args()


def choose(options):
    names = options.collectors.split(",") if options.collectors else list(collectors.ALL)
    unknown = [n for n in names if n not in collectors.ALL]
    if unknown:
        sys.exit(f"side_by_side: no collector {unknown[0]!r}; there are {', '.join(collectors.ALL)}")
    kinds = []
    for kind in (collectors.ALL[n] for n in names):
        missing = kind.missing()
        if missing:
            report(f"skipped {kind.name}: needs {missing}")
        else:
            kinds.append(kind)
    return kinds


def main():
    options = parse_arguments()
    kinds = choose(options)
    machine = facts()
    report(f"{machine['cpus']} x {machine['cpu_model']}, Linux {machine['kernel']}, load {machine['load_before'][0]:.2f}")
    if options.lossless:
        runs, rows = measure_lossless(kinds, options)
        print_lossless(rows)
    else:
        runs = measure_cpu(kinds, options)
        rows = summarise_cpu(kinds, runs)
        print_cpu(rows)
    mode = "lossless" if options.lossless else "cpu"
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    output = options.output or collectors.REPOSITORY / "bench" / "results" / f"{mode}-{options.protocol}-{stamp}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    chosen = {key: str(value) if isinstance(value, pathlib.Path) else value for key, value in vars(options).items()}
    output.write_text(json.dumps({"machine": machine, "options": chosen, "summary": rows, "runs": runs}, indent=1) + "\n")
    report(f"raw runs: {output}")
    lost = [] if options.lossless else [r["collector"] for r in runs if not r["lossless"]]
    if lost:
        report(f"records were lost by: {', '.join(sorted(set(lost)))}; their figures do not include those runs")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())

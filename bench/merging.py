#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The cost of merging alone, without collecting: CPU seconds of the merging thread per million rows merged.

    bench/merging.py                 with generated NetFlow v9
    bench/merging.py --csv FILE      with the flows of a file

The store flushes and merges more often than by default (--flush, --merge-flushes, --merge-merged), so that all merge
levels occur within a minute. A row of level 1 was merged once, a row of level 2 twice; the catalog has the levels.
"""

import argparse
import json
import os
import pathlib
import socket
import sqlite3
import tempfile
import time

import collectors
import side_by_side


def rows_by_level(data):
    with sqlite3.connect(f"file:{data}/catalog.db?mode=ro", uri=True) as catalog:
        return {level: {"segments": n, "rows": rows, "bytes": size} for level, n, rows, size in catalog.execute(
            "SELECT level, count(*), sum(rows), sum(bytes) FROM segments GROUP BY level")}


def wait_until_merged(data, most_flushes, timeout=300):
    deadline = time.monotonic() + timeout
    while rows_by_level(data).get(0, {"segments": 0})["segments"] >= most_flushes:
        if time.monotonic() > deadline:
            raise RuntimeError(f"merging is {timeout} s behind: {rows_by_level(data)}")
        time.sleep(0.5)
    time.sleep(3)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", help="send the flows of this file (weir gen --csv), repeatedly")
    parser.add_argument("--protocol", choices=("v5", "v9", "ipfix"), default="v9")
    parser.add_argument("--records", type=int, default=12_000_000)
    parser.add_argument("--rate", type=int, default=200_000)
    parser.add_argument("--exporters", type=int, default=8)
    parser.add_argument("--ipv6", type=float, default=0.1)
    parser.add_argument("--flush", default="1s")
    parser.add_argument("--merge-flushes", type=int, default=6)
    parser.add_argument("--merge-merged", type=int, default=4)
    parser.add_argument("--scratch")
    parser.add_argument("--output", type=pathlib.Path)
    options = parser.parse_args()
    options.seed, options.flows = 1, None
    return options


def main():
    options = parse_arguments()
    os.environ.update(WEIR_STORE_FLUSH=options.flush, WEIR_STORE_MERGE_FLUSHES=str(options.merge_flushes),
                      WEIR_STORE_MERGE_MERGED=str(options.merge_merged))
    machine = side_by_side.facts()
    with tempfile.TemporaryDirectory(prefix="weir-bench-", dir=options.scratch) as folder:
        weir = collectors.WeirStore(side_by_side.free_port(socket.SOCK_DGRAM), side_by_side.free_port(socket.SOCK_STREAM),
                                    pathlib.Path(folder))
        try:
            sent = side_by_side.generate(weir.port, options, options.records, options.rate)
            wait_until_merged(weir.folder / "data", options.merge_flushes)
            threads, drops = weir.thread_seconds(), weir.drops()
            levels = rows_by_level(weir.folder / "data")
            weir.stop()
        finally:
            weir.kill()
    merged = sum(level * figures["rows"] for level, figures in levels.items())
    merging = sum(seconds for name, seconds in threads.items() if "merg" in name)
    result = {"sent": sent["records"], "kernel_drops": drops, "levels": levels, "rows_merged": merged,
              "cpu_by_thread": threads, "merging_cpu_seconds": merging,
              "merging_cpu_per_million": round(merging / (merged / 1e6), 4) if merged else None}
    print(json.dumps(result, indent=1))
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    output = options.output or collectors.REPOSITORY / "bench" / "results" / f"merging-{stamp}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    chosen = {key: str(value) if isinstance(value, pathlib.Path) else value for key, value in vars(options).items()}
    output.write_text(json.dumps({"machine": machine, "options": chosen, **result}, indent=1) + "\n")


if __name__ == "__main__":
    main()

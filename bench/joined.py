#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The cost of receiving datagrams that arrive joined (UDP_GRO), compared with the same datagrams received one by one.

    bench/joined.py                         CPU per million records, collect.gro on and off in turns
    bench/joined.py --sizes 1,8,40          with 1, 8 and 40 datagrams in a piece

NetFlow v5 with 30 records per datagram is sent over the loopback in pieces of several datagrams (UDP_SEGMENT), as a
network card that joins datagrams passes them to the kernel. A run counts only if every record was decoded. The raw
results of the runs are written to bench/results/.
"""

import argparse
import datetime
import json
import pathlib
import platform
import socket
import statistics
import struct
import sys
import tempfile
import time

import collectors
from side_by_side import free_port

RECORDS = 30
UDP_SEGMENT = 103


class GroOn(collectors.WeirCount):
    name, gro, flags = "gro-on", "on", ["--gro", "on"]


class GroOff(collectors.WeirCount):
    name, gro, flags = "gro-off", "off", ["--gro", "off"]


def piece(size):
    """`size` datagrams, one after the other, and the offsets of their sequence numbers."""
    header = struct.pack(">HHIIIIBBH", 5, RECORDS, 100_000, int(time.time()), 0, 0, 0, 0, 0)
    record = struct.pack(">IIIHHIIIIHHBBBBHHBBH", 0x0A000001, 0x0A000002, 0, 1, 2, 10, 1500, 90_000, 95_000, 1234, 443, 0,
                         0x18, 6, 0, 64500, 64501, 24, 24, 0)
    datagram = header + record * RECORDS
    return bytearray(datagram * size), [i * len(datagram) + 16 for i in range(size)], len(datagram)


def send(port, size, records, rate):
    """Returns the number of records sent."""
    octets, places, length = piece(size)
    sequence, began = 0, time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(("127.0.0.1", port))
        if size > 1:
            out.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, length)
        while sequence < records:
            for place in places:
                struct.pack_into(">I", octets, place, sequence)
                sequence += RECORDS
            out.send(octets)
            early = began + sequence / rate - time.monotonic()
            if early > 0.001:
                time.sleep(early)
    return sequence


def run_once(kind, size, options):
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        collector = kind(free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM), pathlib.Path(folder))
        try:
            sent = send(collector.port, size, options.records, options.rate)
            collector.drain()
            collector.before_stop()
            cpu = collector.stop()
        finally:
            collector.kill()
        kept = collector.kept({"records": sent})
    return {"gro": kind.gro, "datagrams_in_a_piece": size, "sent": sent, "kept": kept,
            "cpu_per_million": round(cpu / sent * 1e6, 4), "lossless": kept == sent}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="1,4,16,40")
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--rate", type=int, default=400_000)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    sizes, runs = [int(size) for size in options.sizes.split(",")], []
    for _ in range(options.runs):
        for size in sizes:
            for kind in (GroOff, GroOn):
                runs.append(run_once(kind, size, options))
                print(runs[-1], file=sys.stderr, flush=True)
    print(f"{'datagrams in a piece':>20} {'gro off':>8} {'gro on':>8}   CPU-s per million records, median")
    for size in sizes:
        medians = [statistics.median(r["cpu_per_million"] for r in runs
                                     if r["datagrams_in_a_piece"] == size and r["gro"] == gro and r["lossless"])
                   for gro in ("off", "on")]
        print(f"{size:>20} {medians[0]:>8.4f} {medians[1]:>8.4f}")
    path = collectors.REPOSITORY / "bench" / "results" / f"{datetime.date.today()}-joined-datagrams.json"
    path.write_text(json.dumps({"machine": platform.platform(), "rate": options.rate, "runs": runs}, indent=1) + "\n")
    return 0 if all(run["lossless"] for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())

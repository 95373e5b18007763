# SPDX-License-Identifier: Apache-2.0
"""Files and pipes as outputs of `weir collect`, and the ledger's figures for each."""

import json
import os
import threading

import stores
from harness import run_weir

FIELDS = ["time_received_ns", "src_addr", "dst_addr", "bytes", "packets"]


def output_table(name, format, path, fields=None):
    table = f'[[output]]\nname = "{name}"\ntype = "file"\nformat = "{format}"\npath = "{path}"\n'
    return table + (f"fields = {fields}\n" if fields else "")


def write_config(folder, *tables):
    path = folder / "weir.toml"
    path.write_text("".join(tables).replace("'", '"'))
    return path


class FifoReader:
    """Reads a FIFO until no process writes to it any more."""

    def __init__(self, path):
        os.mkfifo(path)
        self.bytes = bytearray()
        self._thread = threading.Thread(target=self._read, args=(path,))
        self._thread.start()

    def _read(self, path):
        with open(path, "rb", buffering=0) as fifo:
            while chunk := fifo.read(1 << 20):
                self.bytes += chunk

    def all(self):
        self._thread.join(30)
        assert not self._thread.is_alive()
        return bytes(self.bytes)


def messages(octets):
    """The number of complete Protobuf messages, each preceded by its length as a varint, and the octets after them."""
    count = at = 0
    while at < len(octets):
        length = shift = 0
        start = at
        while True:
            if at >= len(octets):
                return count, len(octets) - start
            byte = octets[at]
            at += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        if at + length > len(octets):
            return count, len(octets) - start
        at += length
        count += 1
    return count, 0


def outputs_of(rows, name):
    """Sums over all exporters: acknowledged, dropped by reason. Checks for each exporter that the records add up."""
    acknowledged, dropped = 0, {}
    for row in rows:
        if not row.get("exporter"):
            continue
        output = row["outputs"][name]
        assert row["records"] - row["filtered"] == (
            output["acknowledged"] + output["filtered"] + sum(output["dropped"].values()) + output["pending"]), row
        acknowledged += output["acknowledged"]
        for reason, count in output["dropped"].items():
            dropped[reason] = dropped.get(reason, 0) + count
    return acknowledged, dropped


def ledger_of(data):
    return json.loads(run_weir("exporters", "--data", data, "--format", "json").stdout)


def four_outputs(folder, name="collect", fifo=True):
    config = write_config(
        folder,
        output_table("messages", "protobuf", folder / "flows.pb"),
        output_table("table", "csv", folder / "flows.csv", FIELDS),
        output_table("pipe", "protobuf", folder / "fifo") if fifo else "")
    return stores.StoreCollector(folder, "--config", config, name=name)


def csv_lines(path):
    lines = path.read_text().splitlines()
    assert lines[0] == ",".join(FIELDS)
    return lines[1:]

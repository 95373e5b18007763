# SPDX-License-Identifier: Apache-2.0
"""Data directories of an earlier version keep their rows, ledger and templates; also if the upgrade is killed."""

import ctypes
import json
import os
import shutil
import signal
import sqlite3
import struct
import subprocess

import old_store
import pytest
import stores
from harness import Sender, free_port, run_weir, weir_binary
from packets import data_set, flow, ipfix, v9

KILLS = 20


def without_news(exporters):
    """The fields that both versions have, without those that depend on the time of the query."""
    rows = [{k: v for k, v in row.items() if k not in ("outputs", "not_allowed")} for row in exporters]
    for row in rows:
        for waiting in row.get("waiting", ()):
            del waiting["seconds"]
    return rows


def exporters(data):
    done = run_weir("exporters", "--data", data, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_same_rows(data, before):
    assert stores.query(data, old_store.QUERY) == before["flows"]
    assert stores.query(data, old_store.COUNTERS) == before["counters"]


def assert_goes_on(folder, data, before, name="collect"):
    """Runs a collector on it: data is decoded at once with the stored templates, and every counter continues."""
    counts_before = {(r["exporter"], r["protocol"], r["domain"]): r for r in before["exporters"] if r.get("exporter")}
    collector = stores.StoreCollector(folder, *old_store.FLAGS, name=name, data=data)
    stored_before = sum(r["stored"] for r in counts_before.values())
    crashed = sum(r["records"] - r["stored"] for r in counts_before.values())
    assert collector.total("stored") == stored_before == 14
    assert collector.total("sink_dropped") == crashed
    with Sender(port=old_store.V9_PORT) as sender:
        sender.send(collector.address, v9(data_set(256, old_store.V9_FIELDS, *map(old_store.v9_flow, range(30, 33))), sequence=3,
                                          domain=old_store.V9_DOMAIN))
    with Sender(port=old_store.IPFIX_PORT) as sender:
        sender.send(collector.address, ipfix(data_set(256, old_store.IPFIX_FIELDS, *map(flow, range(14, 16))), sequence=4,
                                             domain=old_store.IPFIX_DOMAIN))
    records_before = sum(r["records"] for r in counts_before.values())
    collector.wait_total("records", records_before + 5)
    for column in ("held", "fallback", "replayed", "sequence_lost", "restarts", "malformed"):
        assert collector.total(column) == 0, (column, collector.ledger())
    assert collector.stop() == 0, collector.stderr()
    rates = stores.query(data, "SELECT DISTINCT sampling_rate AS rate, tag >= 7000 AS tagged FROM flows WHERE type = 'NETFLOW_V9'")
    assert rates == [{"rate": 100, "tagged": True}], "the sampling rate and the user-defined field must be as before"
    assert stores.count(data) == 19
    stores.assert_ledger_closes(data, 19)
    assert_outputs_close(data, "store", crashed)


def assert_outputs_close(data, name, crashed):
    rows = [row for row in exporters(data) if row.get("exporter")]
    for row in rows:
        output = row["outputs"][name]
        settled = output["acknowledged"] + output["filtered"] + sum(output["dropped"].values()) + output["pending"]
        assert settled == row["records"] - row["filtered"], row
        assert output["pending"] == 0 and output["acknowledged"] == row["stored"]
    assert sum(row["outputs"][name]["dropped"].get("crash", 0) for row in rows) == crashed


@pytest.mark.parametrize("kind", old_store.KINDS)
def test_it_is_read_as_it_is(kind, tmp_path):
    data, before = old_store.unpack(kind, tmp_path)
    assert without_news(exporters(data)) == without_news(before["exporters"])
    assert_same_rows(data, before)


@pytest.mark.parametrize("kind", old_store.KINDS)
def test_a_collector_brings_it_up_to_date_and_goes_on(kind, tmp_path):
    data, before = old_store.unpack(kind, tmp_path)
    assert_goes_on(tmp_path, data, before)
    with sqlite3.connect(data / "catalog.db") as catalog:
        assert catalog.execute("PRAGMA user_version").fetchone() == (3,)
        assert dict(catalog.execute("SELECT owner, version FROM owners")) == {"ledger": 1, "store": 1}
        assert catalog.execute("SELECT DISTINCT tier FROM segments").fetchall() == [("hot",)]
        assert {r[0] for r in catalog.execute("SELECT transport FROM sequences")} == {"udp"}


@pytest.mark.parametrize("owner", ["ledger", "store"])
def test_tables_of_a_newer_version_are_refused_by_name(owner, tmp_path):
    data, _ = old_store.unpack("stopped", tmp_path)
    with stores.StoreCollector(tmp_path, *old_store.FLAGS, data=data) as collector:
        assert collector.stop() == 0
    with sqlite3.connect(data / "catalog.db") as catalog:
        catalog.execute("UPDATE owners SET version = 99 WHERE owner = ?", (owner,))
    done = run_weir("collect", "--data", data, "--listen", f"netflow://127.0.0.1:{free_port()}", "--http", "off")
    assert done.returncode == 2
    assert f"its tables of the {owner} were written by a newer weir (schema version 99, this weir knows 1)" in done.stderr


def test_a_journal_of_a_newer_version_is_refused_by_name(tmp_path):
    data, _ = old_store.unpack("stopped", tmp_path)
    journal = data / "templates.journal"
    journal.write_bytes(b"WEIRTPL3" + journal.read_bytes()[8:])
    done = run_weir("collect", "--data", data, "--listen", f"netflow://127.0.0.1:{free_port()}", "--http", "off")
    assert done.returncode == 2
    assert "was written by a newer weir (journal version 3, this weir knows 2)" in done.stderr


# ---- Kills during the upgrade

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_LIBC.ptrace.restype = ctypes.c_long
_TRACEME, _SYSCALL, _SETOPTIONS, _SYSCALL_INFO = 0, 24, 0x4200, 0x420E
_TRACESYSGOOD, _EXITKILL = 1, 0x100000
_OPENAT, _RENAME, _RENAMEAT = 257, 82, 264  # x86-64


def _ptrace(request, pid, address=0, data=0):
    result = _LIBC.ptrace(request, pid, address, data)
    if result < 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    return result


def _text_at(pid, address):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(256).split(b"\0")[0].decode(errors="replace")


def _paths_of_syscall(pid):
    """The path arguments of the system call that begins now, if it opens or renames; empty for any other call."""
    info = ctypes.create_string_buffer(88)
    size = _ptrace(_SYSCALL_INFO, pid, len(info), ctypes.addressof(info))
    if size < 72 or info.raw[0] != 1:  # 1: the entry of a call
        return None
    number, *arguments = struct.unpack_from("<7Q", info.raw, 24)
    if number == _OPENAT:
        return [_text_at(pid, arguments[1])]
    if number == _RENAME:
        return [_text_at(pid, arguments[0])]
    if number == _RENAMEAT:
        return [_text_at(pid, arguments[1])]
    return []


def _start_traced(data, folder):
    arguments = [weir_binary(), "collect", "--data", data, "--listen", f"netflow://127.0.0.1:{free_port()}", "--http", "off",
                 *old_store.FLAGS]
    with open(folder / "traced.err", "ab") as log:
        # Threads of pytest do no harm: there is only this call between fork and exec.
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   preexec_fn=lambda: _LIBC.ptrace(_TRACEME, 0, 0, 0))
    os.waitpid(process.pid, 0)
    _ptrace(_SETOPTIONS, process.pid, 0, _TRACESYSGOOD | _EXITKILL)
    return process


def run_until(data, folder, kill_at=None):
    """Starts a collector and kills it when its main thread begins the given system call, or has renamed the journal.

    Returns the numbers of two calls: the first that opens the catalog, and the one that renames the journal.
    """
    process = _start_traced(data, folder)
    calls, opened, signal_number = 0, None, 0
    while True:
        _ptrace(_SYSCALL, process.pid, 0, signal_number)
        _, status = os.waitpid(process.pid, 0)
        assert not os.WIFEXITED(status) and not os.WIFSIGNALED(status), "the collector ended by itself"
        signal_number = 0 if os.WSTOPSIG(status) == signal.SIGTRAP | 0x80 else os.WSTOPSIG(status)
        if signal_number:
            continue
        paths = _paths_of_syscall(process.pid)
        if paths is None:
            continue
        calls += 1
        if opened is None and any(path.endswith("catalog.db") for path in paths):
            opened = calls
        renamed = any(path.endswith("templates.journal.new") for path in paths)
        if calls == kill_at or (renamed and kill_at is None):
            process.kill()
            process.wait()
            return opened, calls


@pytest.mark.parametrize("kind", old_store.KINDS)
def test_kill_nine_while_it_is_brought_up_to_date(kind, tmp_path):
    data, before = old_store.unpack(kind, tmp_path / "whole")
    first, last = run_until(data, tmp_path)
    assert last - first > KILLS, "too few system calls to choose from"
    for number in range(KILLS):
        folder = tmp_path / str(number)
        data, _ = old_store.unpack(kind, folder)
        run_until(data, tmp_path, first + (last - first) * number // (KILLS - 1))
        assert_same_rows(data, before)
        assert_goes_on(folder, data, before)
        shutil.rmtree(folder)

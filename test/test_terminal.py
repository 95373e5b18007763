# SPDX-License-Identifier: Apache-2.0
"""`weir query` and `weir flows` on a terminal: the pager, tables with only the columns that have values, --expanded."""

import contextlib
import fcntl
import os
import re
import signal
import stat
import struct
import subprocess
import termios

import harness
import pytest
import stores
from harness import run_weir

FLOWS = 3_000
ALL = "SELECT bytes FROM flows ORDER BY bytes"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    with stores.StoreCollector(folder) as collector:
        stores.gen(collector, "--total", FLOWS, "--rate", "20k")
        collector.wait_taken(FLOWS)
        assert collector.stop() == 0
    return folder / "data"


@pytest.fixture
def pager(tmp_path):
    """pager(body) is the path of a pager that records its input, or does what `body` says."""

    def make(body='cat > "$RECORD"'):
        path = tmp_path / "pager"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return {"PAGER": str(path), "RECORD": str(tmp_path / "record")}

    return make


def become_leader():
    """The terminal that is standard input becomes that of a new session, so that keys pressed there are signals."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextlib.contextmanager
def on_terminal(*command, env=None, stdin=None):
    """(process, master): the command on a terminal of its own, 25 lines of 80 characters."""
    master, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 0, 0))
    clean = {k: v for k, v in os.environ.items() if k not in ("PAGER", "LESS", "LESSOPEN") and not k.startswith("WEIR_")}
    with subprocess.Popen(
        [harness.weir_binary(), *map(str, command)], stdin=terminal if stdin is None else stdin, stdout=terminal,
        stderr=terminal, env={**clean, "TERM": "xterm", "TZ": "UTC", **(env or {})},
        preexec_fn=become_leader if stdin is None else None,
    ) as running:
        os.close(terminal)
        try:
            yield running, master
        finally:
            running.kill()
            os.close(master)


def read_until(master, end=None):
    """What the terminal shows, until it ends with `end`, or until no process writes to it any more."""
    shown = b""
    while end is None or not re.search(end, shown):
        try:
            shown += os.read(master, 65536)
        except OSError:  # a terminal reports in this way that it was closed
            assert end is None, shown
            break
    return shown.decode().replace("\r\n", "\n")


def shown_by(*command, code=0, **kwargs):
    with on_terminal(*command, **kwargs) as (running, master):
        shown = read_until(master)
        assert running.wait(20) == code, shown
    return shown


def rows_of(text):
    return re.findall(r"^│ +(\d+) │$", text, re.M)


# ---- the pager


def record(tmp_path):
    path = tmp_path / "record"
    return path.read_text() if path.exists() else None


@pytest.mark.parametrize("flags", [[], ["--expanded"]])
def test_the_pager_gets_the_whole_table(data, pager, tmp_path, flags):
    shown = shown_by("query", "--data", data, *flags, ALL, env=pager('cat > "$RECORD"; echo end of pager'))
    got = record(tmp_path)
    assert shown.strip() == "end of pager"
    assert got.endswith(f"{FLOWS} rows\n")
    assert len(re.findall(r"^  bytes  \d+$", got, re.M) if flags else rows_of(got)) == FLOWS


def test_flows_go_through_the_pager(data, pager, tmp_path):
    assert "rows" not in shown_by("flows", "--data", data, "-n", 7, env=pager())
    assert record(tmp_path).endswith("7 rows\n")


@pytest.mark.parametrize("flags, env", [
    (["--no-pager"], {}),
    ([], {"PAGER": "cat"}),
    ([], {"PAGER": ""}),
    ([], {"TERM": "dumb"}),
    (["--format", "csv"], {}),
    (["--format", "json"], {}),
])
def test_no_pager(data, pager, tmp_path, flags, env):
    shown = shown_by("query", "--data", data, *flags, ALL, env={**pager(), **env})
    assert len(re.findall(r"^│ +\d+ │$|^\d+$|^\{.*\}$", shown, re.M)) == FLOWS
    assert record(tmp_path) is None


def test_no_pager_without_a_terminal(data, pager, tmp_path):
    assert len(run_weir("query", "--data", data, ALL, env={**pager(), "TERM": "xterm"}).stdout.splitlines()) == FLOWS + 1
    assert len(rows_of(shown_by("query", "--data", data, ALL, env=pager(), stdin=subprocess.DEVNULL))) == FLOWS
    file = tmp_path / "file"
    assert shown_by("query", "--data", data, "--output", file, ALL, env=pager()) == ""
    assert len(file.read_text().splitlines()) == FLOWS + 1 and record(tmp_path) is None


def test_no_pager_for_an_error(data, pager, tmp_path):
    assert "Binder Error" in shown_by("query", "--data", data, "SELECT nothing FROM flows", env=pager(), code=2)
    assert record(tmp_path) is None


def test_quitting_the_pager_early_is_no_error(data, pager):
    """The answer is larger than any pipe, so that it cannot all be written before the pager ends."""
    rows = "SELECT 'abcdefghijklmnopqrstuvwxyz' AS x FROM range(1000000)"
    assert shown_by("query", "--data", data, rows, env=pager("head -n 4 | tail -n 1")).count("abcdef") == 1


@pytest.mark.parametrize("program", ["/nowhere/pager", "no-such-pager-of-weir -x"])
def test_without_the_pager_the_table_is_printed(data, program):
    shown = shown_by("query", "--data", data, ALL, env={"PAGER": program})
    assert "not found" in shown and len(rows_of(shown)) == FLOWS


def test_the_pager_may_be_a_command_of_the_shell(data, pager, tmp_path):
    shown_by("query", "--data", data, ALL, env={"PAGER": "HERE=1; sed -n '$p' > \"$RECORD\"  # last line",
                                                "RECORD": str(tmp_path / "record")})
    assert record(tmp_path) == f"{FLOWS} rows\n"


def test_the_pager_is_awaited_after_ctrl_c(data, pager):
    """As less does, this pager ignores Ctrl-C and reads its keys from the terminal."""
    env = pager("trap '' INT; cat > /dev/null; echo reading; read line < /dev/tty; echo line $line")
    with on_terminal("query", "--data", data, ALL, env=env) as (running, master):
        shown = read_until(master, b"reading")
        for _ in range(3):
            os.write(master, b"\x03")
            shown += read_until(master, rb"\^C")
        os.write(master, b"done\n")
        assert "line done" in read_until(master)
        assert running.wait(20) == 0


def test_an_interrupted_query_ends_after_the_pager(data, pager):
    """The pager does not read on, so that the query cannot end by itself."""
    env = pager("trap '' INT; echo reading; read line < /dev/tty; echo line $line")
    rows = "SELECT 'abcdefghijklmnopqrstuvwxyz' AS x FROM range(1000000)"
    with on_terminal("query", "--data", data, rows, env=env) as (running, master):
        read_until(master, b"reading")
        os.write(master, b"\x03\x03")
        read_until(master, rb"\^C")
        os.write(master, b"done\n")
        shown = read_until(master)
        assert shown.index("line done") < shown.index("weir: interrupted")
        assert running.wait(20) == 130


def test_the_pager_gets_the_usual_signals(data, pager, tmp_path):
    """weir itself ignores SIGPIPE, which would keep a pager's own pipes from ending."""
    shown_by("query", "--data", data, ALL, env=pager('cat > /dev/null; grep SigIgn /proc/$$/status > "$RECORD"'))
    ignored = int(record(tmp_path).split()[1], 16)
    assert not ignored >> (signal.SIGPIPE - 1) & 1 and not ignored >> (signal.SIGINT - 1) & 1


def test_less_prints_what_fits_and_pages_the_rest(data):
    harness.program("less")
    env = {"LC_ALL": "C"}
    shown = shown_by("query", "--data", data, "SELECT count(*) AS n FROM flows", env=env)
    assert "┌" in shown and str(FLOWS) in shown
    for long_or_wide in (ALL, "SELECT repeat('x', 200) AS wide"):
        with on_terminal("query", "--data", data, long_or_wide, env=env) as (running, master):
            read_until(master, rb":\x1b\[K$|\(END\)")  # its prompt
            assert running.poll() is None
            os.write(master, b"q")
            read_until(master)
            assert running.wait(20) == 0


# ---- columns without a value


def headings(table):
    return re.findall(r"\x1b\[1m(.*?)\x1b\[0m", table)


@pytest.mark.parametrize("command", [["query", "FROM flows LIMIT 50"], ["flows", "--fields", "all", "-n", 50]])
def test_all_columns_are_those_with_a_value(data, command):
    shown = shown_by(command[0], "--data", data, "--no-pager", *command[1:])
    columns = stores.query(data, "FROM flows LIMIT 1")[0]  # every generated flow has the same fields
    filled = [name for name, value in columns.items() if value is not None]
    assert headings(shown) == filled and {"time_received", "bytes", "proto_name"} <= set(filled)
    hidden = len(columns) - len(filled)
    assert hidden > 10 and shown.endswith(f"50 rows; {hidden} columns without a value are not shown\n")


def test_scripts_see_every_column(data):
    columns = list(stores.query(data, "FROM flows LIMIT 1")[0])
    answer = run_weir("query", "--data", data, "FROM flows LIMIT 2")
    assert answer.stdout.splitlines()[0].split() == columns


# ---- --expanded


def test_expanded(data):
    flow = stores.query(data, "FROM flows ORDER BY bytes DESC, src_addr LIMIT 1")[0]
    answer = run_weir("query", "--data", data, "--expanded", "FROM flows ORDER BY bytes DESC, src_addr LIMIT 1")
    title, *lines = answer.stdout.splitlines()
    shown = dict(line.split(maxsplit=1) for line in lines)
    assert title == "row 1" and list(shown) == [name for name, value in flow.items() if value is not None]
    assert all(shown[name] == str(flow[name]) for name in ("bytes", "src_addr", "proto_name", "time_received"))


def test_expanded_flows_have_the_default_fields(data):
    lines = run_weir("flows", "--data", data, "--expanded", "-n", 2).stdout.splitlines()
    assert lines[0] == "row 1" and lines[1].split()[0] == "time_received" and lines[11] == "row 2"


@pytest.mark.parametrize("command, format", [("query", "csv"), ("query", "parquet"), ("flows", "json")])
def test_expanded_is_a_table(data, command, format):
    sql = ["FROM flows"] if command == "query" else []
    answer = run_weir(command, "--data", data, "--expanded", "--format", format, *sql)
    assert answer.returncode == 2 and not answer.stdout
    assert answer.stderr == f"weir: --expanded is a form of --format table; leave out --expanded or --format {format}\n"

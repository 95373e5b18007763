# SPDX-License-Identifier: Apache-2.0
"""templates.journal at start: something that is not a file, a damaged journal, and a very long one."""

import os
import signal

import pytest
from harness import Process, eventually, free_port, weir_binary

MAGIC = b"WEIRTPL2"


@pytest.fixture
def journal(tmp_path):
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "templates.journal"


def start(journal):
    listen = f"netflow://127.0.0.1:{free_port()}"
    arguments = ["collect", "--listen", listen, "--http", "off", "--no-store", "--data", journal.parent]
    return Process([weir_binary(), *arguments], journal.parent.parent, "collect")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["fifo", "folder"])
def test_what_is_no_file_is_refused_at_once(journal, make):
    make(journal)
    with start(journal) as weir:
        assert weir.popen.wait(timeout=20) == 2
        assert "templates.journal is not a regular file" in weir.stderr()


@pytest.mark.parametrize("octets", [1, 7])
def test_a_torn_first_write_is_begun_anew(journal, octets):
    journal.write_bytes(MAGIC[:octets])
    with start(journal) as weir:
        eventually(lambda: "listening on" in weir.stderr() or not weir.running(), weir.stderr)
        assert "a new one is started" in weir.stderr()
        assert weir.stop() == 0
    assert journal.read_bytes() == MAGIC


def test_reading_can_be_interrupted(journal):
    """A sparse file of 4 GiB without an entry takes long to search."""
    length = 4 << 30
    journal.write_bytes(MAGIC)
    os.truncate(journal, length)
    with start(journal) as weir:
        # This file is created after the signal handlers are set and before the journal is read.
        eventually((journal.parent / "running").exists, weir.stderr)
        assert weir.stop(signal.SIGTERM, timeout=20) == 0
        assert "stopped while reading" in weir.stderr()
    assert journal.stat().st_size == length, "the file must be unchanged"

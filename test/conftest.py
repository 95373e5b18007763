# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import harness  # noqa: E402


def pytest_addoption(parser):
    group = parser.getgroup("weir", "larger runs than ./dev test makes")
    group.addoption("--records", type=int, default=300_000, help="test_store: records of each protocol (10000000)")
    group.addoption("--seconds", type=int, default=15, help="test_store_readers: how long to ask (600)")
    group.addoption("--kills", type=int, default=8, help="test_store_crash: how often to kill -9 (100)")
    group.addoption("--attack-seconds", type=int, default=10, help="test_under_attack: how long it takes (900)")
    group.addoption("--attack-limits", default="--senders-bytes 64MiB",
                    help="test_under_attack: flags of weir collect; small, since ten seconds fill little")


@pytest.fixture
def collect(tmp_path):
    """collect(*flags) starts a collector with its own folder; all are ended with the test."""
    started = []

    def start(*flags, folder=None, **kwargs):
        collector = harness.Collector(folder or tmp_path / f"collect{len(started)}", *flags, **kwargs)
        started.append(collector)
        return collector

    yield start
    for collector in started:
        collector.close()

# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import harness  # noqa: E402


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

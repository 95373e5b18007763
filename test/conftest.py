# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import harness  # noqa: E402
import stores  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="run test/accept in full length, as ./dev accept does")


@pytest.fixture
def length(request):
    """length(scaled, full) returns `full` with --full, otherwise `scaled`, which takes less than a minute."""
    return lambda scaled, full: full if request.config.getoption("--full") else scaled


@pytest.fixture
def collect(tmp_path):
    """collect(*flags) starts a collector with its own folder; all collectors are stopped at the end of the test."""
    started = []

    def start(*flags, folder=None, **kwargs):
        collector = harness.Collector(folder or tmp_path / f"collect{len(started)}", *flags, **kwargs)
        started.append(collector)
        return collector

    yield start
    for collector in started:
        collector.close()


@pytest.fixture
def store(tmp_path):
    """store(*flags, **settings) starts a collector with a store; all collectors are stopped at the end of the test."""
    started = []

    def start(*flags, folder=None, **settings):
        collector = stores.StoreCollector(folder or tmp_path / f"store{len(started)}", *flags, **settings)
        started.append(collector)
        return collector

    yield start
    for collector in started:
        collector.close()

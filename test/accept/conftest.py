# SPDX-License-Identifier: Apache-2.0
"""With --full each script writes its measurements, with date and machine, to bench/results."""

import datetime
import json
import os
import pathlib
import platform
import subprocess

RESULTS = pathlib.Path(__file__).resolve().parents[2] / "bench" / "results"
_reports = {}  # script -> the reports of its tests


def machine():
    cpu = next((line.partition(":")[2].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": cpu, "cores": os.cpu_count(), "memory_bytes": memory, "kernel": platform.release()}


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=RESULTS, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def pytest_runtest_logreport(report):
    script = pathlib.Path(report.location[0])
    if report.when != "call" or script.parent.name != "accept":
        return
    _reports.setdefault(script.stem.removeprefix("test_"), []).append({
        "test": report.location[2],
        "outcome": report.outcome,
        "seconds": round(report.duration, 1),
        "measured": dict(report.user_properties),
    })


def pytest_sessionfinish(session):
    if not session.config.getoption("--full"):
        return
    now = datetime.datetime.now(datetime.timezone.utc)
    for name, tests in _reports.items():
        result = {"run": name, "date": now.isoformat(timespec="seconds"), "commit": commit(), "machine": machine(),
                  "tests": tests}
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{now:%Y-%m-%d}-accept-{name}.json").write_text(json.dumps(result, indent=1) + "\n")

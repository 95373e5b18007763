# SPDX-License-Identifier: Apache-2.0
"""A filter selects the same rows in the stream and in the store, over more rows than in the unit test.

Runs that test with another seed: 100 expressions over 100,000 rows; in full length over five million.
"""

import os
import pathlib
import subprocess

import harness

SEED = 2026


def test_stream_and_store_agree_on_many_rows(length, record_property):
    program = pathlib.Path(harness.weir_binary()).with_name("query_test")
    if not program.exists():
        harness.skip_or_fail(f"{program} is not built")
    rows = length(100_000, 5_000_000)
    done = subprocess.run(
        [program, "--gtest_filter=FilterAgrees*"],
        env={**os.environ, "WEIR_FILTER_EXPRESSIONS": "100", "WEIR_FILTER_ROWS": str(rows), "WEIR_FILTER_SEED": str(SEED)},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    record_property("rows", rows)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    assert "[  PASSED  ] 1 test." in done.stdout, done.stdout[-1000:]

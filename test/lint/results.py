#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up JUnit reports (GoogleTest's and pytest's) and prints "N passed, N failed"."""
import argparse
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    tags = {child.tag for child in case}
    if tags & {"failure", "error"}:
        return "failed"
    skipped = "skipped" in tags or case.get("result") in ("skipped", "suppressed") or case.get("status") == "notrun"
    return "skipped" if skipped else "passed"


def read(folders):
    """[(outcome, name)] of every test case in the reports of these folders."""
    cases = []
    for folder in folders:
        for report in sorted(pathlib.Path(folder).glob("*.xml")):
            for case in ElementTree.parse(report).iter("testcase"):
                cases.append((outcome(case), f"{report.stem}: {case.get('classname')}.{case.get('name')}"))
    return cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-skips", action="store_true", help="fail if a test was skipped")
    parser.add_argument("--steps-failed", type=int, default=0, help="steps that failed, with or without a failed test")
    parser.add_argument("folders", nargs="+")
    arguments = parser.parse_args()
    cases = read(arguments.folders)
    counts = {kind: sum(1 for found, _ in cases if found == kind) for kind in ("passed", "failed", "skipped")}
    if arguments.no_skips:
        for found, name in cases:
            if found == "skipped":
                print(f"skipped, which CI does not allow: {name}", file=sys.stderr)
        return 1 if counts["skipped"] else 0
    failed = max(counts["failed"], arguments.steps_failed)
    print(f"{counts['passed']} passed, {failed} failed" + (f", {counts['skipped']} skipped" if counts["skipped"] else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())

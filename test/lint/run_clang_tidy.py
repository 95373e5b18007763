#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy on every product file of src/ that changed since it last passed.

A file's stamp in .cache/clang-tidy is a hash of the file, of all that it includes from src/, and of .clang-tidy.
"""
import concurrent.futures
import hashlib
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
STAMPS = ROOT / ".cache" / "clang-tidy"
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.M)
# The flags are those for GCC. Clang does not know all of GCC's warnings, and its -Wshadow warns in cases in which GCC's
# does not.
EXTRA = [f"--extra-arg=-Wno-{name}" for name in
         ("shadow", "deprecated-declarations", "unknown-warning-option", "unused-command-line-argument")]


def closure(path, seen):
    """`path` and all files that it includes from src/, directly or indirectly."""
    if path in seen or not path.is_file():
        return seen
    seen.add(path)
    for name in INCLUDE.findall(path.read_bytes()):
        closure(SRC / name.decode(), seen)
    return seen


def fingerprint(path):
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for each in sorted(closure(path, set())):
        digest.update(each.read_bytes())
    return digest.hexdigest()


def run(path, build):
    stamp = STAMPS / str(path.relative_to(SRC)).replace("/", "-")
    wanted = fingerprint(path)
    if stamp.is_file() and stamp.read_text() == wanted:
        return path, 0, ""
    done = subprocess.run(["clang-tidy-19", "--quiet", "-p", str(build), *EXTRA, str(path)],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        stamp.write_text(wanted)
    return path, done.returncode, done.stdout


def main():
    build = ROOT / (sys.argv[1] if len(sys.argv) > 1 else "build")
    STAMPS.mkdir(parents=True, exist_ok=True)
    files = [path for path in sorted(SRC.rglob("*.cc")) if not path.stem.endswith(("_test", "_bench", "_fuzz"))]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, code, output in pool.map(lambda p: run(p, build), files):
            if code:
                failed += 1
                print(f"{path.relative_to(ROOT)}\n{output}", file=sys.stderr)
    print(f"clang-tidy: {len(files)} files, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

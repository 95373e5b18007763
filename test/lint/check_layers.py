#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every #include "folder/file" of src/ goes to a folder strictly lower in src/layers.txt, or stays at home."""
import pathlib
import re
import sys

SRC = pathlib.Path(__file__).resolve().parents[2] / "src"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"/]+)/([^"]+)"')


def read_levels(text):
    """{folder: level}, lowest 0, from the lines of layers.txt."""
    lines = [line.split("#")[0].split() for line in text.splitlines()]
    return {folder: level for level, folders in enumerate(filter(None, lines)) for folder in folders}


def problem(levels, folder, target):
    """What is wrong with an include from `folder` into `target`, or None."""
    if target == folder:
        return None
    if target not in levels:
        return f"{target} is not in src/layers.txt"
    if levels[target] == levels[folder]:
        return f"{folder} may not include {target}: they are one level and meet in a higher one"
    if levels[target] > levels[folder]:
        return f"{folder} may not include {target}, which is above it"
    return None


def check(src):
    levels = read_levels((src / "layers.txt").read_text())
    problems = [f"src/{path.name}: the folder is not in src/layers.txt"
                for path in sorted(src.iterdir()) if path.is_dir() and path.name not in levels]
    for path in sorted(src.rglob("*.h")) + sorted(src.rglob("*.cc")):
        folder = path.relative_to(src).parts[0]
        if folder not in levels:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            wrong = found and problem(levels, folder, found.group(1))
            if wrong:
                problems.append(f"{path.relative_to(src.parent)}:{number}: {wrong} ({line.strip()})")
    return problems


if __name__ == "__main__":
    found = check(SRC)
    for line in found:
        print(line, file=sys.stderr)
    sys.exit(1 if found else 0)

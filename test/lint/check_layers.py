#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the includes of the files in src/.

- "folder/file" is in a folder on a strictly lower line of src/layers.txt, or in the same folder.
- Product code includes no file from a testing/ folder.
- x.cc includes its own x.h first, so that each header compiles by itself.
- Only the folders listed in OWNERS include certain third-party headers.
- DEPS in CMakeLists.txt lists exactly the folders from which a folder's product code includes.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"/]+)/([^"]+)"')
SYSTEM_INCLUDE = re.compile(r'^\s*#\s*include\s*<([^>]+)>')
FOLDER = re.compile(r"^weir_folder\((\w+)\s*(.*?)\)", re.M | re.S)

# header, or the beginning of its name: folders that may include it
OWNERS = {
    "duckdb": {"sql"},
    "sqlite3": {"catalog"},
    "boost/": {"http"},
    "openssl/": {"http"},
    "toml++/": {"config"},
    "CLI/": {"config", "cmd"},
    "zstd": {"parquet"},
    "zlib": {"os", "parquet", "templates"},
    "spdlog/": {"base"},
}


def read_levels(text):
    """{folder: level}, lowest 0, from the lines of layers.txt."""
    lines = [line.split("#")[0].split() for line in text.splitlines()]
    return {folder: level for level, folders in enumerate(filter(None, lines)) for folder in folders}


def layer_problem(levels, folder, target):
    """What is wrong with an include from `folder` into `target`, or None."""
    if target == folder:
        return None
    if target not in levels:
        return f"{target} is not in src/layers.txt"
    if levels[target] == levels[folder]:
        return f"{folder} may not include {target}: same level; code that needs both belongs in a folder above"
    if levels[target] > levels[folder]:
        return f"{folder} may not include {target}, which is above it"
    return None


def is_product(path):
    return not path.stem.endswith(("_test", "_fuzz", "_bench")) and "testing" not in path.parts


def owner_problem(folder, header):
    for beginning, owners in OWNERS.items():
        if header.startswith(beginning) and folder not in owners:
            return f"<{header}> belongs to {', '.join(sorted(owners))}"
    return None


def file_problems(levels, path):
    folder = path.relative_to(SRC).parts[0]
    own = str(path.relative_to(SRC).with_suffix(".h"))
    first = True
    for number, line in enumerate(path.read_text().splitlines(), 1):
        place = f"{path.relative_to(ROOT)}:{number}"
        system = SYSTEM_INCLUDE.match(line)
        if system:
            wrong = is_product(path) and owner_problem(folder, system.group(1))
            if wrong:
                yield f"{place}: {wrong}"
        local = INCLUDE.match(line)
        if local:
            wrong = layer_problem(levels, folder, local.group(1))
            if wrong:
                yield f"{place}: {wrong} ({line.strip()})"
            if is_product(path) and "testing/" in local.group(2):
                yield f"{place}: product code may not include test helpers"
        if first and (system or local):
            first = False
            name = local and f"{local.group(1)}/{local.group(2)}"
            if path.suffix == ".cc" and is_product(path) and (SRC / own).is_file() and name != own:
                yield f'{place}: "{own}" must be included first, to show that it compiles by itself'


def cmake_folders(text):
    """{folder: set of its DEPS} from CMakeLists.txt."""
    folders = {}
    for name, rest in FOLDER.findall(text):
        words = re.split(r"\s+", rest.strip())
        deps = set()
        if "DEPS" in words:
            for word in words[words.index("DEPS") + 1:]:
                if word in ("TEST_DEPS", "LIBS", "MAIN"):
                    break
                deps.add(word)
        folders[name] = deps
    return folders


def cmake_problems():
    declared = cmake_folders((ROOT / "CMakeLists.txt").read_text())
    for folder, deps in declared.items():
        used = set()
        for path in list((SRC / folder).rglob("*.h")) + list((SRC / folder).rglob("*.cc")):
            if is_product(path):
                used |= {found.group(1) for found in map(INCLUDE.match, path.read_text().splitlines()) if found}
        used.discard(folder)
        for name in sorted(used - deps):
            yield f"CMakeLists.txt: {folder} includes from {name}: add it to DEPS"
        for name in sorted(deps - used):
            yield f"CMakeLists.txt: {folder} includes nothing from {name}: remove it from DEPS"


def check():
    levels = read_levels((SRC / "layers.txt").read_text())
    problems = [f"src/{path.name}: the folder is not in src/layers.txt"
                for path in sorted(SRC.iterdir()) if path.is_dir() and path.name not in levels]
    for path in sorted(SRC.rglob("*.h")) + sorted(SRC.rglob("*.cc")):
        if path.relative_to(SRC).parts[0] in levels:
            problems += file_problems(levels, path)
    return problems + list(cmake_problems())


if __name__ == "__main__":
    found = check()
    for line in found:
        print(line, file=sys.stderr)
    sys.exit(1 if found else 0)

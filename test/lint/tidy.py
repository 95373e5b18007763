#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks rules for source files that no compiler checks. Clang-tidy checks the length of functions (.clang-tidy).

Exceptions are listed in exceptions.txt as "RULE PATH ALLOWED". They may only shrink: an exception that allows more than
the file needs is an error too, and must be lowered or removed.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXCEPTIONS = pathlib.Path(__file__).with_name("exceptions.txt")
MAX_LINES = 600  # of a file
MAX_PRODUCT_LINES = 450  # of a product file of src/
MAX_FOLDER_LINES = {"cmd": 2_000}  # of the product code of a folder of src/
DEFAULT_FOLDER_LINES = 4_500
CODE = (".h", ".cc", ".py", ".cmake", ".sh")
SPDX = "SPDX-License-Identifier: Apache-2.0"

SYSCALL_HEADERS = re.compile(
    r"^\s*#\s*include\s*<(sys/|linux/|netinet/|net/|arpa/|netdb|unistd|fcntl|poll|signal\.h|sched|pthread|ifaddrs|dirent)")
THREADS = re.compile(r"std::(jthread|thread|async)\b(?!::)")
ENVIRONMENT = re.compile(r"\b(getenv|secure_getenv|environ)\b|\bargv\b")

# rule: (pattern to look for, folders and files of src/ in which it is allowed, message)
LINE_RULES = {
    "syscalls": (SYSCALL_HEADERS, ("os/", "run/"), "system headers belong to src/os and src/run"),
    "threads": (THREADS, ("run/",), "only src/run starts threads"),
    "environment": (ENVIRONMENT, ("cmd/", "config/", "os/", "base/log.cc"), "only src/cmd, src/config, src/os and the log read the environment"),
}


def tracked_files():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"],
                            check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def is_product(name):
    """Whether this is code of src/ that is part of the program: no tests, fuzzers, benchmarks or their helpers."""
    return (name.startswith("src/") and name.endswith((".h", ".cc")) and "/testing/" not in name
            and not re.search(r"_(test|bench|fuzz)\.cc$", name))


def folder_findings(names):
    """Messages about the folders of src/ that have too much product code for one folder."""
    lines = {}
    for name in filter(is_product, names):
        folder = name.split("/")[1]
        lines[folder] = lines.get(folder, 0) + len((ROOT / name).read_text(errors="replace").splitlines())
    for folder, amount in sorted(lines.items()):
        limit = MAX_FOLDER_LINES.get(folder, DEFAULT_FOLDER_LINES)
        if amount > limit:
            yield f"src/{folder}: {amount} lines; at most {limit}: split it into two folders"


def without_comment(line):
    return re.sub(r"//.*", "", line)


def line_findings(name, lines):
    """(rule, message) for each line of a product file that breaks a rule; tests may use the system directly."""
    if not name.startswith("src/") or re.search(r"_(test|bench|fuzz)\.cc$", name):
        return
    inside = name.removeprefix("src/")
    for number, line in enumerate(lines, 1):
        for rule, (pattern, allowed, sentence) in LINE_RULES.items():
            if not inside.startswith(allowed) and pattern.search(without_comment(line)):
                yield rule, f"{name}:{number}: {sentence}: {line.strip()}"


def findings(name):
    """(rule, amount, message) for each finding in one file."""
    if name.endswith((*CODE, ".md", ".txt", ".toml")):
        for number, line in enumerate((ROOT / name).read_text(errors="replace").splitlines(), 1):
            if line.startswith(("<<<<<<< ", ">>>>>>> ")):
                yield "conflict", 1, f"{name}:{number}: unresolved merge conflict"
    is_code = name.endswith(CODE) or name in ("dev", "CMakeLists.txt")
    if not is_code:
        return
    lines = (ROOT / name).read_text(errors="replace").splitlines()
    if lines and not any(SPDX in line for line in lines[:3]):
        yield "spdx", 1, f"{name}:1: no line with {SPDX}"
    limit = MAX_PRODUCT_LINES if is_product(name) else MAX_LINES
    if len(lines) > limit:
        yield "length", len(lines), f"{name}: {len(lines)} lines; at most {limit}: move a part into its own file"
    for rule, sentence in line_findings(name, lines):
        yield rule, 1, sentence


def read_exceptions():
    allowed = {}
    for line in EXCEPTIONS.read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            allowed[(words[0], words[1])] = int(words[2])
    return allowed


def check():
    amounts, sentences = {}, {}
    for name in tracked_files():
        for rule, amount, sentence in findings(name):
            amounts[(rule, name)] = amounts.get((rule, name), 0) + amount
            sentences.setdefault((rule, name), []).append(sentence)
    allowed = read_exceptions()
    problems = list(folder_findings(tracked_files()))
    problems += [s for key, found in sentences.items() if amounts[key] > allowed.get(key, 0) for s in found]
    for key, most in allowed.items():
        if amounts.get(key, 0) < most:
            problems.append(f"{EXCEPTIONS.name}: {key[0]} {key[1]} allows {most}, needs {amounts.get(key, 0)}: lower it")
    return problems


if __name__ == "__main__":
    problems_found = check()
    for line in problems_found:
        print(line, file=sys.stderr)
    sys.exit(1 if problems_found else 0)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes src/elements/element_registry.inc from tables of information elements.

    test/lint/element_registry.py FILE.tsv.. > src/elements/element_registry.inc

The first line of a table has the names of its columns: pen, id, name, type, semantics, units, range, status, as in
IANA's registry (https://www.iana.org/assignments/ipfix).
"""
import csv
import sys

HEAD = """\
// SPDX-License-Identifier: Apache-2.0
// Made by test/lint/element_registry.py: enterprise number, id, name, abstract type, semantics, units.
// Sorted by enterprise number and id: find_element() searches it.
// clang-format off
"""
TYPES = {"ipv6address": "ipv6Address"}  # some rows spell it this way
SEMANTICS = {"": "none", "default": "none"}


def read(path):
    with open(path, newline="") as table:
        for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            units = "" if row["units"] == "none" else row["units"]
            yield (int(row["pen"]), int(row["id"]), row["name"], TYPES.get(row["type"], row["type"]),
                   SEMANTICS.get(row["semantics"], row["semantics"]), units)


def text(rows):
    lines = [f'{{{pen}, {number}, "{name}", {kind}, {semantics}, "{units}"}},\n'
             for pen, number, name, kind, semantics, units in sorted(rows)]
    return HEAD + "".join(lines)


if __name__ == "__main__":
    sys.stdout.write(text(row for path in sys.argv[1:] for row in read(path)))
